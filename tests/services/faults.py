"""A proxy in a process of its own, between a service and its real server: it does to a request what a network may do.

It speaks HTTP, or passes bytes of whatever protocol on. A test tells it over a control socket, one line of JSON each
way, what becomes of the next requests:

    answer       the proxy answers, and the server gets nothing: ``status``, ``body``, ``headers``
    cut_before   the connection ends, and the server gets nothing
    cut_after    the connection ends once the server has answered
    hold         nobody gets anything for ``seconds`` (or until ``release``), then it goes on its way
    hold_answer  the server gets it; its answer waits for ``seconds`` (or until ``release``)
    late         the connection ends at once; the server gets the request at ``release``
    alter        the server answers, and ``merge`` goes into the JSON of its answer
    pass         nothing goes wrong; it is only marked in the log

A fault is for ``times`` requests, that ``contains`` a text, are larger than ``larger_than`` bytes before they were
packed, and whose method and path match ``path``. Of a protocol that is not HTTP, a request is what a client sends at
once, and nothing is answered or altered.
"""

from __future__ import annotations

import gzip
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

ROOT = Path(__file__).parents[2]
ALWAYS = 1_000_000
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
_WAIT = 120.0


# ── as a test sees it ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Faults:
    """The proxy: services go to ``port`` on the loopback, and tests tell it what is to go wrong."""

    port: int
    control: int

    def tell(self, what: str, **given: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self.control)) as connection, connection.makefile("rw") as lines:
            lines.write(json.dumps({"what": what, **given}) + "\n")
            lines.flush()
            return json.loads(lines.readline())

    def next(self, fault: str, *, times: int = 1, **given: Any) -> None:
        """What happens to the next requests; faults that were told before come first."""
        self.tell("fault", fault=fault, times=times, **given)

    def reset(self) -> None:
        """Nothing goes wrong any more; what is held is dropped, and the log is empty."""
        self.tell("reset")

    def clear(self) -> None:
        """Nothing goes wrong from now on; what is held stays so, and may still come late."""
        self.tell("clear")

    def release(self) -> None:
        """Let go what is held, and wait until the server has had what came late."""
        self.tell("release")

    def holding(self) -> int:
        """How many requests or answers are held now."""
        return int(self.tell("log")["holding"])

    def log(self) -> list[dict[str, Any]]:
        """The requests since the reset: line (method and path), size unpacked, when it came (at), its fault,
        and when its answer had been passed on (answered).
        """
        requests: list[dict[str, Any]] = self.tell("log")["requests"]
        return requests


@contextmanager
def before(port: int, *, speaks: str = "http") -> Iterator[Faults]:
    """A proxy before the server at a port of the loopback; ``speaks`` is http or anything else."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.faults", str(port), speaks],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield Faults(*map(int, process.stdout.readline().split()))
    finally:
        process.communicate()


# ── the proxy's own process ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Fault:
    """What becomes of requests that fit it, so many times."""

    fault: str
    times: int = 1
    contains: str = ""
    larger_than: int = -1
    path: str = ""
    status: int = 500
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = _WAIT
    merge: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, line: str, body: bytes) -> bool:
        is_long_enough = len(body) > self.larger_than
        return self.times > 0 and is_long_enough and bool(re.search(self.path, line)) and self._is_in(body)

    def _is_in(self, body: bytes) -> bool:
        return self.contains.encode() in body or json.dumps(self.contains)[1:-1].encode() in body


def unpacked(body: bytes) -> bytes:
    """A body as it was before it was packed by gzip, if it was."""
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def merged(content: Any, more: Any) -> Any:
    """JSON with other JSON laid over it: objects key by key, anything else in the place of what was there."""
    if not isinstance(content, dict) or not isinstance(more, dict):
        return more
    return content | {key: merged(content.get(key), value) for key, value in more.items()}


class State:
    """What goes wrong, what is held, and what came by."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.faults: list[Fault] = []
        self.requests: list[dict[str, Any]] = []
        self.go = threading.Event()
        self.dropped = getattr(self, "dropped", 0) + 1
        self.holding = self.on_its_way = 0

    def tell(self, what: str, given: Mapping[str, Any]) -> Any:
        if what == "reset":
            held, _ = self.go, self.reset()
            held.set()
        elif what == "clear":
            self.faults = []
        elif what == "fault":
            self.faults.append(Fault(**given))
        elif what == "release":
            self._release()
        return {"requests": self.requests, "holding": self.holding}

    def _release(self) -> None:
        held, self.go = self.go, threading.Event()
        held.set()
        until = time.monotonic() + 10
        while self.on_its_way and time.monotonic() < until:
            time.sleep(0.01)

    def fault(self, line: str, body: bytes) -> tuple[Fault | None, dict[str, Any]]:
        """The fault that a request meets, and its place in the log."""
        with self.lock:
            hit = next((fault for fault in self.faults if fault.fits(line, body)), None)
            if hit:
                hit.times -= 1
            seen = {"line": line, "size": len(body), "at": time.monotonic(), "fault": hit.fault if hit else None}
            self.requests.append(seen)
        return hit, seen

    def hold(self, seconds: float) -> bool:
        """Wait until what is held may go on; False if it was dropped meanwhile."""
        go, dropped = self.go, self.dropped
        self._count(dropped, 1)
        go.wait(seconds)
        self._count(dropped, -1)
        return self.dropped == dropped

    def _count(self, dropped: int, number: int) -> None:
        with self.lock:
            if self.dropped == dropped:
                self.holding += number
                self.on_its_way += number

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Something is on its way to the server, and ``release`` waits for it."""
        with self.lock:
            self.on_its_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.on_its_way = max(0, self.on_its_way - 1)


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class HttpHandler(BaseHTTPRequestHandler):
    """One client's connection, of HTTP."""

    protocol_version = "HTTP/1.1"
    state: State
    port: int

    def handle_one_request(self) -> None:
        with suppress(ConnectionError, TimeoutError, ValueError):
            super().handle_one_request()
            return
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass

    def do_any(self) -> None:
        body, line = self._body(), f"{self.command} {self.path}"
        fault, self.seen = self.state.fault(line, unpacked(body))
        act = getattr(self, f"_{fault.fault}") if fault else self._pass
        act(body, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_any

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _forward(self, body: bytes) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_WAIT)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            if name.lower() not in (*_HOP, "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.seen["answered"] = time.monotonic()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _pass(self, body: bytes, fault: Fault | None) -> None:
        try:
            self._reply(self._forward(body))
        except OSError:
            self._cut()

    def _answer(self, body: bytes, fault: Fault) -> None:
        headers = {"Content-Type": "application/json", **fault.headers}
        self._reply(Reply(fault.status, list(headers.items()), fault.body.encode()))

    def _cut_before(self, body: bytes, fault: Fault) -> None:
        self._cut()

    def _cut_after(self, body: bytes, fault: Fault) -> None:
        self._forward(body)
        self._cut()

    def _hold(self, body: bytes, fault: Fault) -> None:
        with self.state.counted():
            reply = self._forward(body) if self.state.hold(fault.seconds) else None
        if reply:
            self._reply(reply)
        else:
            self._cut()

    def _hold_answer(self, body: bytes, fault: Fault) -> None:
        reply = self._forward(body)
        if self.state.hold(fault.seconds):
            self._reply(reply)
        else:
            self._cut()

    def _alter(self, body: bytes, fault: Fault) -> None:
        reply = self._forward(body)
        content = json.dumps(merged(json.loads(unpacked(reply.body)), fault.merge)).encode()
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-encoding"]
        self._reply(Reply(reply.status, headers, content))

    def _late(self, body: bytes, fault: Fault) -> None:
        self._cut()
        with self.state.counted():
            if self.state.hold(fault.seconds):
                self._forward(body)


class BytesHandler(BaseRequestHandler):
    """One client's connection, of any protocol."""

    state: State
    port: int

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            answers = threading.Thread(target=self._answers, args=(server,), daemon=True)
            self.gate, self.is_cut, self.seen = threading.Event(), False, dict[str, Any]()
            self.gate.set()
            answers.start()
            with suppress(OSError):
                self._requests(server)
            self._end(server)

    def _requests(self, server: socket.socket) -> None:
        while sent := self.request.recv(1 << 16):
            fault, self.seen = self.state.fault("", sent)
            if fault is None:
                server.sendall(sent)
            elif not getattr(self, f"_{fault.fault}")(server, sent, fault):
                return

    def _answers(self, server: socket.socket) -> None:
        with suppress(OSError):
            while answer := server.recv(1 << 16):
                if self.is_cut:
                    break
                seen = self.seen  # once it has the answer, the client may send the next request
                self.gate.wait(_WAIT)
                self.request.sendall(answer)
                seen.setdefault("answered", time.monotonic())
        self._end(server)

    def _end(self, server: socket.socket) -> None:
        for side in (self.request, server):
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _pass(self, server: socket.socket, sent: bytes, fault: Fault) -> bool:
        server.sendall(sent)
        return True

    def _cut_before(self, server: socket.socket, sent: bytes, fault: Fault) -> bool:
        return False

    def _cut_after(self, server: socket.socket, sent: bytes, fault: Fault) -> bool:
        """The thread that reads answers ends the connection at the first one."""
        self.is_cut = True
        server.sendall(sent)
        return True

    def _hold(self, server: socket.socket, sent: bytes, fault: Fault) -> bool:
        with self.state.counted():
            if not self.state.hold(fault.seconds):
                return False
            server.sendall(sent)
        return True

    def _hold_answer(self, server: socket.socket, sent: bytes, fault: Fault) -> bool:
        self.gate.clear()
        server.sendall(sent)
        is_on = self.state.hold(fault.seconds)
        self.gate.set()
        return is_on

    def _late(self, server: socket.socket, sent: bytes, fault: Fault) -> bool:
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)
        with self.state.counted():
            if self.state.hold(fault.seconds):
                server.sendall(sent)
                time.sleep(0.2)
        return False


class ControlHandler(BaseRequestHandler):
    """One word of a test."""

    state: State

    def handle(self) -> None:
        with self.request.makefile("rw") as lines:
            given = json.loads(lines.readline())
            lines.write(json.dumps(self.state.tell(given.pop("what"), given)) + "\n")


class Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


def main(port: int, speaks: str) -> None:
    """Serve until stdin is closed; both ports are said on stdout."""
    state = State()
    if speaks == "http":
        handler: Any = type("Mine", (HttpHandler,), {"state": state, "port": port})
        proxy: Any = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    else:
        proxy = Server(("127.0.0.1", 0), type("Mine", (BytesHandler,), {"state": state, "port": port}))
    proxy.daemon_threads = True
    control = Server(("127.0.0.1", 0), type("Control", (ControlHandler,), {"state": state}))
    for server in (proxy, control):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{proxy.server_address[1]} {control.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
