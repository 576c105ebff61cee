"""A Firefox that is already installed, driven over WebDriver BiDi, which it speaks by itself: Playwright's own build
of Firefox cannot be had everywhere.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from benchmarks.remote import Remote, started

NAMES = ("firefox", "firefox-esr")


class Firefox:
    """One session; a page is opened in a tab of its own."""

    def __init__(self, remote: Remote) -> None:
        self._remote, self._tab = remote, ""
        remote.ask("session.new", capabilities={})

    def open(self, address: str) -> None:
        """Show a page in a new tab, and wait until it is loaded; the tab before is closed."""
        before, self._tab = self._tab, self._remote.ask("browsingContext.create", type="tab")["context"]
        if before:
            self._remote.ask("browsingContext.close", context=before)
        self._remote.ask("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression, or the promise it gives, comes to in the page: a number or a text."""
        target = {"context": self._tab}
        told = self._remote.ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        if told["type"] == "exception":
            raise RuntimeError(told["exceptionDetails"]["text"])
        return told["result"].get("value")


@contextmanager
def firefox() -> Iterator[Firefox | None]:
    """The installed Firefox without a window, in a profile that is thrown away; None where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="datasync-firefox-", ignore_cleanup_errors=True) as profile:
        command = [found, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        with started(command) as address, closing(Remote(f"{address}/session")) as remote:
            yield Firefox(remote)
