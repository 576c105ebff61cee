"""A receiver of products in a process of its own: a small shop that stores them in a file, over HTTP.

    POST /products/SCOPE   {"version": 7, "items": [{"sku", "operation", "hash", "name"}, ...]}: an outcome for each
    GET  /products/SCOPE   {sku: [hash, version]} of what it holds
    GET  /                 it is there

It keeps the version of what it had last of a SKU, a removal too, and refuses an older one. What is called "Refused" it
rejects. What it answers is in its file before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REFUSED = "Refused"


class Shelf:
    """What it holds: by scope and SKU the hash (None: removed) and the version."""

    def __init__(self, file: Path) -> None:
        self.file, self.lock = file, threading.Lock()
        self.rows: dict[str, dict[str, tuple[str | None, int]]] = {}
        if file.exists():
            self.rows = json.loads(file.read_text(encoding="utf-8"))

    def take(self, scope: str, sent: Mapping[str, Any]) -> list[dict[str, Any]]:
        with self.lock:
            answers = [self._answer(scope, item, sent["version"]) for item in sent["items"]]
            half = self.file.with_suffix(".half")
            half.write_text(json.dumps(self.rows), encoding="utf-8")
            os.replace(half, self.file)
        return answers

    def _answer(self, scope: str, item: Mapping[str, Any], version: int) -> dict[str, Any]:
        rows, sku = self.rows.setdefault(scope, {}), item["sku"]
        if version < rows.get(sku, (None, 0))[1]:
            return {"sku": sku, "outcome": "overtaken"}
        if item["operation"] == "removed":
            rows[sku] = (None, version)
            return {"sku": sku, "outcome": "removed"}
        if item["name"] == REFUSED:
            return {"sku": sku, "outcome": "rejected", "words": "Nobody may be called so"}
        rows[sku] = (item["hash"], version)
        return {"sku": sku, "outcome": "received"}

    def holds(self, scope: str) -> dict[str, tuple[str, int]]:
        return {sku: (hash_, version) for sku, (hash_, version) in self.rows.get(scope, {}).items() if hash_}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def do_GET(self) -> None:
        scope = self.path.removeprefix("/products/")
        self._send(self.shelf.holds(scope) if scope != self.path else {})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._send(self.shelf.take(self.path.removeprefix("/products/"), sent))

    def _send(self, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def running(file: Path) -> Iterator[int]:
    """A receiver that stores in ``file``; gives its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.receiver", str(file)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.communicate()


def main(file: Path) -> None:
    """Serve until stdin is closed; the port is said on stdout."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Handler,), {"shelf": Shelf(file)}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
