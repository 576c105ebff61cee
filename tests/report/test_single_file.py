"""A report as one file to mail: the same page from the inside, with no request but for itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from datasync.errors import TooManyForOneFile
from datasync.report.facts.page_data import ScopeProducts
from datasync.report.publish import render
from tests.report import plausible

SIZES = {"en-US": 60, "de-DE": 20}


def products() -> Iterator[ScopeProducts]:
    for scope, size in SIZES.items():
        hostile = plausible.HOSTILE if scope == "en-US" else ()
        yield plausible.products(scope, plausible.payloads(scope, size, hostile))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "mail" / "report.html"
    render.single_file(render.SiteContent(plausible.site_pages(SIZES), products(), plausible.more(SIZES)), made)
    return made


def test_one_file_holds_every_scope_and_payload_and_asks_for_nothing(file: Path, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{file.as_uri()}#scope=en-US&tab=search")
    row = page.get_by_role("tabpanel").get_by_role("table").last.get_by_role("row").nth(1)
    sku = row.get_by_role("cell").first.inner_text()
    row.get_by_role("button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(f'"sku": "{sku}"')
    expect(page.get_by_role("dialog").get_by_role("region", name="History")).to_be_visible()
    page.goto(f"{file.as_uri()}#scope=de-DE&tab=search")
    expect(page.get_by_role("tabpanel").get_by_role("table").last.get_by_role("row").nth(1)).to_be_visible()
    assert [url for url in asked if not url.startswith((file.as_uri(), "data:"))] == []
    assert [one.name for one in file.parent.iterdir()] == ["report.html"]


def test_a_report_too_large_to_mail_says_what_to_do_and_leaves_the_file_there_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()
    monkeypatch.setattr(render, "MAILED", 70)
    with pytest.raises(TooManyForOneFile, match=r"more than 70 products.*datasync publish"):
        render.single_file(render.SiteContent(plausible.site_pages(SIZES), products()), file)
    assert file.read_bytes() == before
