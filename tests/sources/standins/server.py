"""What stand-in servers have in common: a process of their own, a log, faults on demand, and a way to be told things.

Nothing here knows datasync. A test starts one with ``Process``, tells it by POST /_/WHAT, and reads its log.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

ROOT = Path(__file__).parents[3]


@dataclass
class Asked:
    """One request, as the stand-in sees it."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes = b""
    fault: str = ""  # one that is the vendor's own matter

    @property
    def one(self) -> dict[str, str]:
        return dict(self.query)


class Refused(Exception):
    """An answer that is no success: its status and the JSON that goes with it."""

    def __init__(self, status: int, **content: Any) -> None:
        self.status, self.content = status, content
        super().__init__(status)


@dataclass
class Fault:
    """What goes wrong with requests for products from the ``after``-th on (from 0), ``times`` times."""

    what: str
    after: int = 0
    times: int = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)


class Standin:
    """The state of a stand-in. A vendor's subclass answers requests, and says which of them are for products."""

    spec: Path

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.described = json.loads(self.spec.read_text(encoding="utf-8"))
        self.reset()

    def reset(self) -> None:
        self.settings: dict[str, Any] = {}
        self.products: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.log: list[dict[str, Any]] = []
        self.pages = 0
        self.under_way = self.most_at_once = 0
        self.resets = getattr(self, "resets", 0) + 1
        self.violations: list[str] = []

    def tell(self, what: str, given: Any) -> Any:
        """Carry out what a test wants."""
        if what == "reset":
            self.reset()
        elif what == "set":
            self.settings.update(given)
        elif what == "products":
            self.products = given
            self.told()
        elif what == "fill":
            self.products = [self.made(number) for number in range(given["count"])]
            self.told()
        elif what == "fault":
            self.faults.append(Fault(**{**given, "after": given.get("after", 0) + self.pages}))
        told = {"log": self.log, "most_at_once": self.most_at_once, "violations": self.violations}
        return told if what == "log" else {}

    def told(self) -> None:
        """The products are new."""

    def made(self, number: int) -> dict[str, Any]:
        raise NotImplementedError

    def is_products(self, asked: Asked) -> bool:
        raise NotImplementedError

    def answer(self, asked: Asked) -> Any:
        raise NotImplementedError

    def rule(self, path: str) -> tuple[str, dict[str, Any]]:
        """The path of the specification that a path is, and what is said of it there."""
        for template, rule in self.described["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return template, rule
        raise self.violation(f"{path} stands in no specification")

    def violation(self, what: str) -> Refused:
        """The answer to a request that the specification does not have, which no test lets pass."""
        self.violations.append(what)
        return Refused(400, message=what)

    def fault(self) -> Fault | None:
        """The fault that is due for this request for products."""
        with self.lock:
            mine, self.pages = self.pages, self.pages + 1
            for one in self.faults:
                if one.after <= mine and one.times > 0:
                    one.times -= 1
                    return one
        return None


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for a stand-in."""

    protocol_version = "HTTP/1.1"
    standin: Standin
    is_under_way, since = False, 0

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self, method: str) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if parts.path.startswith("/_/"):
            self._send(200, self.standin.tell(parts.path[3:], json.loads(body or b"null")))
            return
        asked = Asked(method, parts.path, parse_qsl(parts.query, keep_blank_values=True), self.headers, body)
        with self.standin.lock:
            self.standin.under_way += 1
            self.is_under_way, self.since = True, self.standin.resets
            self.standin.most_at_once = max(self.standin.most_at_once, self.standin.under_way)
        try:
            self._answer(asked)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self._leave()

    def _leave(self) -> None:
        """The request is no longer under way: for whoever asked, once the first byte of the answer is there."""
        with self.standin.lock:
            self.standin.under_way -= self.is_under_way and self.since == self.standin.resets
            self.is_under_way = False

    def _answer(self, asked: Asked) -> None:
        seen = {"method": asked.method, "path": asked.path, "query": asked.query, "at": time.monotonic()}
        self.standin.log.append(seen)
        fault = self.standin.fault() if self.standin.is_products(asked) else None
        if fault:
            asked.fault = seen["fault"] = fault.what
        if fault and hasattr(self, f"_{fault.what}"):
            getattr(self, f"_{fault.what}")(fault, asked)
            return
        try:
            content = self.standin.answer(asked)
            time.sleep(self.standin.settings.get("delay", 0))
            status = 200
        except Refused as refused:
            status, content = refused.status, refused.content
        seen["status"] = status
        self._send(status, content)

    def _send(self, status: int, content: Any, kind: str = "application/json", **headers: str) -> None:
        self._leave()
        body = content if isinstance(content, bytes) else _with_oddities(json.dumps(content).encode())
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _status(self, fault: Fault, asked: Asked) -> None:
        self._send(
            fault.status, {"message": f"Fault %1, of {asked.path}", "parameters": ["on demand"]}, **fault.headers
        )

    def _html(self, fault: Fault, asked: Asked) -> None:
        self._send(200, b"<html><body>We will be back soon</body></html>", "text/html; charset=utf-8")

    def _cut(self, fault: Fault, asked: Asked) -> None:
        body = json.dumps(self.standin.answer(asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _hang(self, fault: Fault, asked: Asked) -> None:
        time.sleep(90)

    def _drip(self, fault: Fault, asked: Asked) -> None:
        """A body that comes byte by byte, and never to its end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        self._drop(b" ")

    def _drip_headers(self, fault: Fault, asked: Asked) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        self._drop(b"x")

    def _drop(self, byte: bytes) -> None:
        self._leave()
        for _ in range(600):
            self.wfile.write(byte)
            self.wfile.flush()
            time.sleep(0.1)

    def _swell(self, fault: Fault, asked: Asked) -> None:
        """A few bytes that unpack to many."""
        self._send(200, gzip.compress(b" " * 3_000_000), **{"Content-Encoding": "gzip"})

    def _swell_twice(self, fault: Fault, asked: Asked) -> None:
        self._send(200, gzip.compress(gzip.compress(b" " * 3_000_000)), **{"Content-Encoding": "gzip, gzip"})

    def _echo(self, fault: Fault, asked: Asked) -> None:
        """An answer that repeats what was sent, as servers in a debug mode do: in its body, a header and a redirect."""
        sent = self.headers.get("Authorization", "")
        coded = _coded(sent)
        headers = {"X-Sent": quote(sent), "Set-Cookie": f"sent={quote(sent)}", "Retry-After": "0", **fault.headers}
        if fault.status == 302:
            headers["Location"] = f"http://user:{quote(sent, safe='')}@127.0.0.1/{quote(sent)}?sent={quote(sent)}"
        content: Any = {"code": fault.status, "message": f"You sent {sent}", **coded}
        if fault.status == 200:
            letters = "".join(f"\\u{ord(letter):04x}" for letter in sent)
            echo = json.dumps(" ".join([sent, *coded.values()])).encode()[1:-1] + letters.encode()
            whole = json.dumps(self.standin.answer(asked)).encode()
            content = re.sub(rb'("(?:name|data)": ")', lambda hit: hit[1] + echo + b" ", whole)
            content = re.sub(rb'("sku": ")', lambda hit: hit[1] + quote(sent, safe="").encode(), content, count=1)
        self._send(fault.status, content, **headers)

    def _expire(self, fault: Fault, asked: Asked) -> None:
        self.standin.settings["tokens"] = []
        if self.standin.settings.get("forgets"):
            self.standin.settings["refresh"] = []
        self._send(401, {"code": 401, "message": "The access token provided has expired."})


def _coded(sent: str) -> dict[str, str]:
    """What was sent as servers, proxies and logs write it, by how they do."""
    link = f"https://shop.example/?sent={quote(sent, safe='')}"
    return {
        "quoted": quote(sent, safe=""),
        "twice": quote(quote(sent, safe=""), safe=""),
        "base64": base64.b64encode(f"sent: {sent}".encode()).decode(),
        "base64url": base64.urlsafe_b64encode(f"s: {sent}".encode()).decode(),
        "html": "".join(f"&#{ord(letter)};" for letter in sent),
        "json": "".join(f"\\u{ord(letter):04X}" for letter in sent),
        "hexadecimal": sent.encode().hex(),
        "link": f"https://other.example/?state={quote(json.dumps({'next': link}))}",
        "wide": "\0".join(sent),
    }


def _with_oddities(body: bytes) -> bytes:
    """JSON in which some texts stand for what Python's own would not write: "@nest:3000", "@bytes:e4", "@long:99"."""

    def odd(found: re.Match[bytes]) -> bytes:
        what, given = found[1], found[2].decode()
        if what == b"bytes":
            return b'"' + bytes.fromhex(given) + b'"'
        if what == b"json":
            return bytes.fromhex(given)
        return b'"' + b"x" * int(given) + b'"' if what == b"long" else b"[" * int(given) + b"]" * int(given)

    return re.sub(rb'"@(nest|bytes|long|json):(\w+)"', odd, body)


def serve(standin: Standin) -> None:
    """Serve on a free port of the loopback, told on stdout, for as long as somebody holds stdin open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Handler,), {"standin": standin}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()


class Site:
    """A stand-in, wherever it runs, as a test sees it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tell(self, what: str, given: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/_/{what}", json.dumps(given).encode(), method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def fault(self, what: str, **given: Any) -> None:
        self.tell("fault", {"what": what, **given})

    def log(self) -> list[dict[str, Any]]:
        """Every request since the reset."""
        found: list[dict[str, Any]] = self.tell("log")["log"]
        return found


@contextmanager
def started(module: str) -> Iterator[Site]:
    """A stand-in in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield Site(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.communicate()


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most a minute."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it did not come to pass within a minute"
        time.sleep(0.02)
