"""The page's own words all come from one catalog: with that catalog in other letters, no plain letter is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.report import rich
from tests.report.conftest import ROOT
from tests.report.rich import Rich

WORDS = (ROOT / "reports/templates/js/words.js").read_text(encoding="utf-8")
CATALOG = WORDS[WORDS.index("const WORDS = {") : WORDS.index("\n};\n")]
DATA = "bdi, [dir], time, code, pre, kbd, .mono, .hash"
# Texts that a reader sees, and the attributes that are read out or shown, of everything that is not data.
LEFT = f"""() => {{
    const found = [];
    const isData = (node) => node.closest('{DATA}, script, style, noscript') !== null;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {{
        const text = walker.currentNode;
        if (!isData(text.parentElement)) found.push(text.data);
    }}
    for (const node of document.body.querySelectorAll('*'))
        for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-label'])
            if (!isData(node)) found.push(node.getAttribute(name) ?? '');
    return [document.title, ...found].filter((text) => /[A-Za-z]/.test(text));
}}"""
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
NAMES = re.compile(
    rf"\b(?:{MONTHS})\b|en-US|de-DE|Catalog Service|Search|exports|UTC|sync-[0-9TZ]+-\w+|resync-[0-9TZ]+-\w+|cut-off"
)
VIEWS = (
    "#tab=overview",
    "#scope=en-US&tab=search",
    "#scope=en-US&tab=search&list=excluded",
    "#scope=en-US&tab=search&list=quarantined",
    "#scope=en-US&tab=search&list=failed",
    "#scope=en-US&tab=search&q=0002",
    "#scope=en-US&tab=search&q=nothing",
    "#scope=en-US&tab=search&sku=nobody",
    "#scope=en-US&tab=search&skus=0001%0A0002%0Anobody",
    "#scope=en-US&tab=search&sku=0001",
    "#scope=en-US&tab=search&sku=0004",
    "#scope=de-DE&tab=search&sku=0005",
    "#scope=gone&tab=gone",
)


def wide(found: re.Match[str]) -> str:
    """A text of the catalog in full-width letters; what is filled in keeps its name."""
    parts = re.split(r"(\{\w+\})", found[2])
    made = "".join(p if p.startswith("{") else re.sub("[A-Za-z]", lambda m: chr(ord(m[0]) + 0xFEE0), p) for p in parts)
    return f'{found[1]}"{made}"'


@pytest.fixture(scope="module")
def shop(built_rich: Rich, tmp_path_factory: pytest.TempPathFactory) -> Rich:
    """A published page whose catalog of words is in other letters."""
    made = rich.copy(built_rich, tmp_path_factory.mktemp("rich"))
    index = made.folder / "var/site/index.html"
    html = index.read_text(encoding="utf-8")
    assert html.count(CATALOG) == 1
    index.write_text(html.replace(CATALOG, re.sub(r'(:\s+)"([^"]*)"', wide, CATALOG)), encoding="utf-8")
    return made


@pytest.fixture
def strange(browser: Browser) -> Iterator[Page]:
    """A tab whose dates have no letters but those of the months, nor have its numbers."""
    context = browser.new_context(locale="ja-JP", timezone_id="UTC", bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_every_word_that_is_read_comes_from_the_catalog(shop: Rich, strange: Page, view: str) -> None:
    index: Path = shop.folder / "var/site/index.html"
    strange.goto(index.as_uri() + view)
    if "tab=search" in view:
        expect(strange.locator(".products")).to_be_visible()
    if "sku=0" in view:
        expect(strange.get_by_role("dialog").locator("#detail-history")).to_be_visible()
    for line in strange.locator("main details").all():
        line.evaluate("(node) => (node.open = true)")
    left = [NAMES.sub("", text) for text in strange.evaluate(LEFT)]
    assert [text for text in left if re.search("[A-Za-z]", text)] == []


def test_a_word_beside_the_catalog_would_be_found(strange: Page) -> None:
    strange.set_content('<body><p>Hello</p><bdi>a name</bdi><button aria-label="Close">×</button></body>')
    assert strange.evaluate(LEFT) == ["Hello", "Close"]
