"""A Chromium that nobody watches: Playwright has it tell of every request, which takes as long as the request itself.

Driven over the DevTools protocol, of which only what opens a page and evaluates an expression is used.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from benchmarks.remote import Remote, started

_LOADED = """new Promise((done) => {
    if (document.readyState === "complete") done();
    else addEventListener("load", () => done());
})"""


class Chromium:
    """A page is opened in a context of its own, so that nothing is loaded that another one has loaded."""

    def __init__(self, remote: Remote) -> None:
        self._remote, self._context, self._session = remote, "", ""

    def open(self, address: str) -> None:
        """Show a page; the one before is closed."""
        if self._context:
            self._remote.ask("Target.disposeBrowserContext", browserContextId=self._context)
        self._context = self._remote.ask("Target.createBrowserContext")["browserContextId"]
        size = {"width": 1280, "height": 720}
        made = self._remote.ask("Target.createTarget", url="about:blank", browserContextId=self._context, **size)
        self._session = self._remote.ask("Target.attachToTarget", targetId=made["targetId"], flatten=True)["sessionId"]
        self._remote.ask("Page.navigate", self._session, url=address)
        self.evaluate(_LOADED)

    def evaluate(self, expression: str) -> Any:
        """What an expression, or the promise it gives, comes to in the page: a number or a text."""
        how = {"awaitPromise": True, "returnByValue": True}
        told = self._remote.ask("Runtime.evaluate", self._session, expression=expression, **how)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["text"])
        return told["result"].get("value")

    def close(self) -> None:
        """End the browser."""
        self._remote.ask("Browser.close")


@contextmanager
def chromium(path: str, args: Sequence[str]) -> Iterator[Chromium]:
    """The Chromium at ``path`` without a window, in a profile that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="datasync-chromium-", ignore_cleanup_errors=True) as profile:
        command = [path, "--headless", *args, f"--user-data-dir={profile}", "--remote-debugging-port=0"]
        with started(command) as address, closing(Remote(address)) as remote:
            browser = Chromium(remote)
            yield browser
            browser.close()
