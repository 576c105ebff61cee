"""axe-core finds no violation of WCAG 2.2 AA: every kind of view and dialog, light and dark, narrow and wide."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

Show = Callable[..., Page]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = f"axe.run(document, {{runOnly: {json.dumps(TAGS)}, resultTypes: ['violations']}})"
OPEN = "() => document.querySelectorAll('details').forEach(one => one.open = true)"
VIEWS = {
    "overview": "#tab=overview",
    "service": "#scope=en-US&tab=search",
    "right-to-left": "#scope=ar-SA&tab=catalog-service&list=excluded",
    "product": "#scope=en-US&tab=catalog-service&sku=H-0",
    "lookup": "#scope=ar-SA&tab=search&skus=nobody",
}


def violations(page: Page) -> list[str]:
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(RUN)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_keeps_anybody_out(show: Show, page: Page, view: str, scheme: str, width: int) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    show(VIEWS[view])
    if view == "overview":
        page.evaluate(OPEN)
    if view == "product":
        expect(page.get_by_role("dialog").locator("pre")).to_contain_text('"sku"')
    if view == "lookup":
        page.get_by_role("button", name="Look up SKUs").click()
    assert violations(page) == []


def test_what_keeps_somebody_out_would_be_found(page: Page) -> None:
    page.set_content(
        '<html lang="en"><title>A</title><main><h1>A</h1><input><p style="color: #ccc">faint</p></main></html>'
    )
    assert {one.split(":")[0] for one in violations(page)} == {"label", "color-contrast"}
