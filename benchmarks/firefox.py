"""A Firefox that is already installed, driven over WebDriver BiDi, which it speaks by itself: Playwright's own build
of Firefox cannot be had everywhere.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("firefox", "firefox-esr")
_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    """One session; a page is opened in a tab of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self._send("session.new", capabilities={})
        self._tab = ""

    def open(self, address: str) -> None:
        """Show a page in a new tab, and wait until it is loaded; the tab before is closed."""
        before, self._tab = self._tab, self._send("browsingContext.create", type="tab")["context"]
        if before:
            self._send("browsingContext.close", context=before)
        self._send("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression, or the promise it gives, comes to in the page: a number or a text."""
        target = {"context": self._tab}
        told = self._send("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return told["result"].get("value")

    def _send(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get("id") == self._number:
                if answer["type"] == "error":
                    raise RuntimeError(answer["message"])
                return answer["result"]


@contextmanager
def firefox() -> Iterator[Firefox | None]:
    """The installed Firefox without a window, in a profile that is thrown away; None where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="datasync-firefox-", ignore_cleanup_errors=True) as profile:
        command = [found, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            with connect(f"{_address(process)}/session", max_size=None) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    for line in process.stderr:
        if match := _ADDRESS.search(line):
            return match[1]
    raise RuntimeError("Firefox ended without saying where it listens.")
