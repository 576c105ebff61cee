"""A Chromium that nobody watches: Playwright has it tell of every request, which takes as long as the request itself.

Driven over the DevTools protocol, of which only what opens a page and evaluates an expression is used.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect

_ADDRESS = re.compile(r"DevTools listening on (ws://\S+)")
_LOADED = """new Promise((done) => {
    if (document.readyState === "complete") done();
    else addEventListener("load", () => done());
})"""


class Chromium:
    """A page is opened in a context of its own, so that nothing is loaded that another one has loaded."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self._context, self._session = "", ""

    def open(self, address: str) -> None:
        """Show a page; the one before is closed."""
        if self._context:
            self._send("Target.disposeBrowserContext", browserContextId=self._context)
        self._context = self._send("Target.createBrowserContext")["browserContextId"]
        size = {"width": 1280, "height": 720}
        made = self._send("Target.createTarget", url="about:blank", browserContextId=self._context, **size)
        self._session = self._send("Target.attachToTarget", targetId=made["targetId"], flatten=True)["sessionId"]
        self._send("Page.navigate", self._session, url=address)
        self.evaluate(_LOADED)

    def evaluate(self, expression: str) -> Any:
        """What an expression, or the promise it gives, comes to in the page: a number or a text."""
        how = {"awaitPromise": True, "returnByValue": True}
        told = self._send("Runtime.evaluate", self._session, expression=expression, **how)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["text"])
        return told["result"].get("value")

    def close(self) -> None:
        """End the browser."""
        self._send("Browser.close")

    def _send(self, method: str, session: str = "", **params: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        self._socket.send(json.dumps(message | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(answer["error"]["message"])
                return answer["result"]


@contextmanager
def chromium(path: str, args: Sequence[str]) -> Iterator[Chromium]:
    """The Chromium at ``path`` without a window, in a profile that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="datasync-chromium-", ignore_cleanup_errors=True) as profile:
        command = [path, "--headless", *args, f"--user-data-dir={profile}", "--remote-debugging-port=0"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        try:
            with connect(_address(process), max_size=None) as socket:
                browser = Chromium(socket)
                yield browser
                browser.close()
        finally:
            process.terminate()
            process.wait(timeout=30)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr
    for line in process.stderr:
        if match := _ADDRESS.search(line):
            return match[1]
    raise RuntimeError("Chromium ended without saying where it listens.")
