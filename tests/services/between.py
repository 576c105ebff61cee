"""A process between a client and a real server: it hands requests on, unless a fault is due for one of them.

POST /_/faults takes a fault, POST /_/forget drops all, GET /_/log gives what was asked. A fault has the ``end`` of a
path, a ``text`` that the unpacked body has, ``times``, and what is ``done``: answer (status, headers, body), cut
(before the server has the request), lose (after it has answered), reverse or drop (items of the answer), item (the
first one says something else), wait.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
_DROPPED = ("content-encoding", "transfer-encoding", "content-length", "connection")


class Between:
    """The process as a test uses it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def fault(self, done: str, end: str = "/_bulk", times: int = 1, **more: Any) -> None:
        """Have the next requests go wrong that have this path and text."""
        httpx.post(f"{self.url}/_/faults", json={"done": done, "end": end, "times": times, **more})

    def forget(self) -> None:
        """No fault is due any more."""
        httpx.post(f"{self.url}/_/forget", json={})

    def busy(self) -> int:
        """How many answers had items that the server was too busy for."""
        return sum(entry.get("busy", False) for entry in self.log())

    def log(self) -> list[dict[str, Any]]:
        """Each request: its method, path, size, headers and the moment."""
        entries: list[dict[str, Any]] = httpx.get(f"{self.url}/_/log").json()
        return entries


@contextmanager
def running(upstream: str) -> Iterator[Between]:
    """A process that hands requests on to ``upstream``."""
    process = subprocess.Popen([sys.executable, __file__, upstream], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout
    try:
        yield Between(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: httpx.Client
    faults: list[dict[str, Any]] = []  # noqa: RUF012 - the process's own
    entries: list[dict[str, Any]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/_/faults":
            self.faults.append(json.loads(body))
            self._answer(200, {}, b"{}")
        elif self.path == "/_/forget":
            self.faults.clear()
            self._answer(200, {}, b"{}")
        elif self.path == "/_/log":
            self._answer(200, {}, json.dumps(self.entries).encode())
        else:
            plain = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
            path = self.path.partition("?")[0]
            self.entries.append({"method": self.command, "path": path, "packed": len(body), "size": len(plain),
                                 "headers": dict(self.headers), "at": time.monotonic()})  # fmt: skip
            self._pass(body, self._due(path, plain.decode()) or {"done": ""})

    def _due(self, path: str, text: str) -> dict[str, Any] | None:
        for fault in self.faults:
            if fault["times"] > 0 and path.endswith(fault["end"]) and fault.get("text", "") in text:
                fault["times"] -= 1
                return fault
        return None

    def _pass(self, body: bytes, fault: dict[str, Any]) -> None:
        done = fault["done"]
        if done == "answer":
            self._answer(fault["status"], fault.get("headers", {}), fault.get("body", "").encode())
        elif done == "cut":
            self.close_connection = True
        else:
            time.sleep(fault.get("seconds", 0))
            answer = self._handed_on(body)
            if done == "lose":
                self.close_connection = True
                return
            content = answer.content
            self.entries[-1]["busy"] = b'"status":429' in content
            if done in ("reverse", "drop", "item"):
                items = json.loads(content)["items"]
                first = {"index": {**items[0]["index"], **fault.get("item", {})}}
                changed = {"reverse": items[::-1], "drop": items[1:], "item": [first, *items[1:]]}
                content = json.dumps({"items": changed[done]}).encode()
            headers = {key: value for key, value in answer.headers.items() if key.lower() not in _DROPPED}
            self._answer(answer.status_code, headers, content)

    def _handed_on(self, body: bytes) -> httpx.Response:
        headers = {key: value for key, value in self.headers.items() if key.lower() not in ("host", "content-length")}
        return self.upstream.request(self.command, self.path, content=body, headers=headers)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Handler.upstream = httpx.Client(base_url=sys.argv[1], timeout=60)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()
