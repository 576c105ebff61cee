"""A real OpenSearch of the tests' own on loopback, its data in a temporary folder, gone afterwards; or the server that
OPENSEARCH_URL names.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx

SCRIPT = Path(__file__).parents[1] / "scripts" / "opensearch.sh"
_NUMBERS = count(1)


@dataclass
class OpenSearch:
    """A server that runs; every test names its own indices, by ``prefix``."""

    url: str
    process: subprocess.Popen[bytes] | None = None
    home: Path | None = None
    settings: Mapping[str, Any] | None = None

    def prefix(self) -> str:
        """The beginning of names that no other test has."""
        return f"test-{os.getpid()}-{next(_NUMBERS)}"

    def ask(self, method: str, path: str, body: Any = None, **parameters: Any) -> Any:
        """The JSON of the server's answer, which has to be a success."""
        answer = httpx.request(method, f"{self.url}/{path}", json=body, params=parameters, timeout=120)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def documents(self, index: str) -> dict[str, dict[str, Any]]:
        """Every document behind a name, and its version, by id; after a refresh. By an alias, those that it shows."""
        self.ask("POST", f"{index}/_refresh")
        answer = self.ask("POST", f"{index}/_search", {"size": 10_000, "version": True})
        return {hit["_id"]: {**hit["_source"], "_version": hit["_version"]} for hit in answer["hits"]["hits"]}

    def restart(self) -> None:
        """End the server and start it again with what it had on its disk."""
        assert self.process and self.home
        _end(self.process)
        self.process = _start(self.home, int(self.url.rpartition(":")[2]), self.settings or {})


@contextmanager
def running(settings: Mapping[str, Any] | None = None) -> Iterator[OpenSearch]:
    """The server that is named, or one that is started, with more ``settings``, and ended."""
    if settings is None and (url := os.environ.get("OPENSEARCH_URL")):
        yield OpenSearch(url.rstrip("/"))
        return
    home, port = Path(tempfile.mkdtemp(prefix="opensearch-")), _free_port()
    server = OpenSearch(f"http://127.0.0.1:{port}", home=home, settings=settings)
    try:
        server.process = _start(home, port, settings or {})
        yield server
    finally:
        if server.process:
            _end(server.process)
        shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, port: int, settings: Mapping[str, Any]) -> subprocess.Popen[bytes]:
    """A server that answers."""
    with open(home / "log", "ab") as log:
        process = subprocess.Popen([SCRIPT, "start", home, str(port), json.dumps(settings)], stdout=log, stderr=log)
    health = f"http://127.0.0.1:{port}/_cluster/health?wait_for_status=yellow&timeout=1s"
    patience = time.monotonic() + 180
    while time.monotonic() < patience:
        assert process.poll() is None, (home / "log").read_text()[-2000:]
        try:
            if httpx.get(health, timeout=5).status_code == httpx.codes.OK:
                return process
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    _end(process)
    raise AssertionError((home / "log").read_text()[-2000:])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
