"""A browser for the page's tests, a page published for all of them, and a way to call one JavaScript module."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    ViewportSize,
    expect,
    sync_playwright,
)

from datasync.report.publish import render
from tests.report import plausible, rich

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NO_BROWSER = (
    "No browser to test the page with. Put chromium on the PATH, name one in DATASYNC_CHROMIUM, "
    "or run `playwright install chromium`."
)
CALL = """async ([url, name, args]) => {
    const made = (await import(url))[name](...args);
    return made instanceof Node ? made.outerHTML : made;
}"""
WINDOW: ViewportSize = {"width": 1440, "height": 900}
SIZES = {"en-US": 640, "de-DE": 600, "ar-SA": 300}


expect.set_options(timeout=10_000)  # other work on the machine is no failure of the page


def settled(page: Page) -> Page:
    """The page once no rows are awaited any more."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    return page


def find_browser(playwright: Playwright) -> str:
    """The path of a Chromium: the named one, one on the PATH, or Playwright's own; no browser fails the test."""
    found = (os.environ.get("DATASYNC_CHROMIUM"), *map(shutil.which, NAMES), playwright.chromium.executable_path)
    path = next((one for one in found if one and os.path.exists(one)), None)
    if path is None:
        pytest.fail(NO_BROWSER)
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_browser(playwright), args=ARGS)
        yield launched
        launched.close()


@contextmanager
def opened(browser: Browser) -> Iterator[BrowserContext]:
    """What a reader has: a window of this size, this language and this time zone."""
    made = browser.new_context(viewport=WINDOW, locale="en-GB", timezone_id="Asia/Kolkata")
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """For a test that changes more of the browser than ``as_opened`` takes back."""
    with opened(browser) as made:
        yield made


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for the tests of a file: a new one, with a process of its own, costs twice as much as to show a page."""
    with opened(browser) as made:
        yield made.new_page()


def as_opened(tab: Page) -> None:
    """Take back what tests do to a tab: what the page has stored, the window's size, the media, where the mouse is."""
    if tab.url.startswith("file:"):
        tab.evaluate("localStorage.clear()")
    tab.goto("about:blank")
    if tab.viewport_size != WINDOW:
        tab.set_viewport_size(WINDOW)
    tab.emulate_media(media="null", color_scheme="null", reduced_motion="null")
    tab.mouse.move(0, 0)


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A tab five minutes after the plausible pages' as_of; an uncaught error or a blocked script fails the test."""
    is_own = "context" in request.fixturenames
    tab: Page = request.getfixturevalue("context").new_page() if is_own else request.getfixturevalue("tab")
    wrong: list[str] = []

    def note_error(error: Error) -> None:
        wrong.append(str(error))

    def note_refusal(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            wrong.append(message.text)

    tab.on("pageerror", note_error)
    tab.on("console", note_refusal)
    tab.clock.install(time=plausible.NOW.replace(minute=33))
    yield tab
    if not is_own:
        as_opened(tab)
    tab.remove_listener("pageerror", note_error)
    tab.remove_listener("console", note_refusal)
    assert wrong == []


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published page with three scopes, one of them with hostile names, and things that need a look."""
    folder = tmp_path_factory.mktemp("site")
    given = {
        scope: plausible.payloads(scope, size, plausible.HOSTILE if scope == "en-US" else ())
        for scope, size in SIZES.items()
    }
    page = plausible.site_pages(SIZES)
    products = (plausible.products(totals.scope, given[totals.scope], totals) for totals in page.totals)
    render.publish(render.SiteContent(page, products, plausible.more(SIZES)), folder)
    return folder


@pytest.fixture(scope="session")
def built_rich(tmp_path_factory: pytest.TempPathFactory) -> rich.Rich:
    """The shop with a rich history; every file of tests takes a copy."""
    return rich.story(tmp_path_factory.mktemp("built"))


@pytest.fixture
def show(page: Page, site: Path) -> Callable[..., Page]:
    """Open the published page from the disk, at a hash, and wait until the rows that it asks for are there."""

    def opened(hash_: str = "", *, at: Path = site) -> Page:
        page.goto("about:blank")
        page.goto(f"{(at / 'index.html').as_uri()}{hash_}")
        return settled(page)

    return opened


@pytest.fixture(scope="session")
def templates() -> Iterator[str]:
    """The templates served on loopback, so that a browser can import one module as it stands."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def guess_type(self, path: str | os.PathLike[str]) -> str:
            return "text/javascript" if str(path).endswith(".js") else super().guess_type(path)

        def log_message(self, format: str, *args: object) -> None:
            """A test run is no web server's log."""

    handler = functools.partial(Quiet, directory=str(ROOT / "reports" / "templates"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def call(browser: Browser, templates: str) -> Iterator[Callable[..., Any]]:
    """Call what a JavaScript module exports, in the browser: ``call("fold.fold", "Crème")``; a node comes as HTML."""
    tab = browser.new_page()
    tab.goto(f"{templates}/css/tokens.css")

    def called(name: str, *args: object) -> Any:
        module, function = name.split(".")
        return tab.evaluate(CALL, [f"{templates}/js/{module}.js", function, list(args)])

    yield called
    tab.close()
