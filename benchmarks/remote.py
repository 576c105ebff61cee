"""A browser driven over its own remote port: started, asked by numbered messages, ended."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import connect

_ADDRESS = re.compile(r"listening on (ws://\S+)")


class Remote:
    """The connection to a browser; its DevTools and WebDriver BiDi number their messages alike."""

    def __init__(self, address: str) -> None:
        self._socket, self._number = connect(address, max_size=None), 0

    def ask(self, method: str, session: str = "", **params: Any) -> Any:
        """The result of one command; whatever is told meanwhile is passed over. RuntimeError where it fails."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(answer.get("message") or answer["error"])
                return answer["result"]

    def close(self) -> None:
        self._socket.close()


@contextmanager
def started(command: Sequence[str]) -> Iterator[str]:
    """The address at which a browser that was just started listens; it is ended afterwards."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        yield _address(process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    for line in process.stderr:
        if match := _ADDRESS.search(line):
            return match[1]
    raise RuntimeError("The browser ended without saying where it listens.")
