"""The reader's place: whatever is done to a list, the page under it stays where it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.report.conftest import settled

Show = Callable[..., Page]
SEARCH = "#scope=en-US&tab=search"
LOWEST = "document.documentElement.scrollHeight - innerHeight"


def scrolled(page: Page, to: str) -> float:
    page.evaluate(f"window.scrollTo(0, {to})")
    return float(page.evaluate("scrollY"))


def place(page: Page) -> float:
    return float(settled(page).evaluate("scrollY"))


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_product_opens_and_closes_without_moving_the_page(show: Show, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    before = scrolled(show(SEARCH), "1900")
    assert before == 1900
    row = page.locator(".rows tbody tr th button").nth(26)
    row.evaluate("node => node.click()")  # Playwright's own click would scroll to the row first
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text('"sku"')
    assert place(page) == before
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_be_focused()
    assert place(page) == before


@pytest.mark.parametrize("sort", ["Name", "SKU"])
def test_sorting_does_not_move_the_page(show: Show, page: Page, sort: str) -> None:
    before = scrolled(show(SEARCH), "1500")
    head = page.locator(".rows thead").get_by_role("button", name=sort)
    head.evaluate("node => node.click()")
    expect(page.locator("th[aria-sort]")).to_contain_text(sort)
    assert place(page) == before


def test_turning_to_a_page_with_fewer_rows_does_not_move_the_page(show: Show, page: Page) -> None:
    pager = show(f"{SEARCH}&page=11").get_by_role("navigation", name="Pages of products")
    before = scrolled(page, LOWEST)
    pager.get_by_role("button", name="Next").evaluate("node => node.click()")
    expect(page).to_have_url(f"{page.url.split('#')[0]}{SEARCH}&page=12")
    assert place(page) == before


def test_a_filter_that_leaves_few_rows_does_not_move_the_page(show: Show, page: Page) -> None:
    before = scrolled(show(SEARCH), "900")
    page.get_by_label("Type").select_option("bundle")
    expect(page.locator("p.count")).not_to_have_text("576 of 576 products")
    assert place(page) == before


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
@pytest.mark.parametrize("word", ["kettle", "no such thing"])
def test_typing_does_not_move_the_page(show: Show, page: Page, width: int, height: int, word: str) -> None:
    page.set_viewport_size({"width": width, "height": height})
    show(SEARCH).locator("#q").focus()
    before = scrolled(page, "document.getElementById('q').getBoundingClientRect().top + scrollY - 20")
    for letter in word:
        page.keyboard.type(letter)
        assert place(page) == before
    page.clock.run_for(500)
    assert place(page) == before
    box = page.locator("#q").bounding_box()
    assert box is not None and 0 <= box["y"] < height


def test_a_product_that_is_not_there_is_shown_once_and_holds_no_reader(show: Show, page: Page) -> None:
    show(f"{SEARCH}&sku=NOWHERE")
    expect(page.get_by_role("alert")).to_be_in_viewport()
    before = scrolled(page, "2000")
    page.locator(".rows thead").get_by_role("button", name="Name").evaluate("node => node.click()")
    expect(page.locator("th[aria-sort]")).to_contain_text("Name")
    assert place(page) == before


def test_the_strip_of_tabs_scrolls_sideways_alone(show: Show, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 700})
    show("#scope=en-US&tab=overview")
    strip = page.get_by_role("tablist")
    page.get_by_role("tab", name="Overview").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", selected=True)).to_be_in_viewport(ratio=0.9)
    assert strip.evaluate("node => node.scrollLeft") > 0
    before = scrolled(page, "700")
    page.keyboard.press("/")
    page.keyboard.type("x")
    assert strip.evaluate("node => node.scrollLeft") > 0
    settled(page)
    page.evaluate("window.scrollTo(0, 700)")
    page.locator(".rows thead").get_by_role("button", name="Name").evaluate("node => node.click()")
    assert place(page) == before


READERS = [
    ("ar-EG", "Asia/Kolkata", "Nov 24, 2026, 12:58 PM"),
    ("de-DE", "Europe/Berlin", "24 Nov 2026, 8:28"),
    ("ja-JP", "Asia/Tokyo", "Nov 24, 2026, 16:28"),
    ("en-GB", "Europe/London", "24 Nov 2026, 7:28"),
    ("ar-SA", "Asia/Riyadh", "Nov 24, 2026, 10:28 AM"),
]


@pytest.mark.parametrize(("locale", "zone", "shown"), READERS)
def test_times_and_numbers_are_english_with_the_readers_region(
    browser: Browser, site: Callable[..., object], locale: str, zone: str, shown: str
) -> None:
    with browser.new_context(locale=locale, timezone_id=zone) as context:
        tab = context.new_page()
        tab.goto(f"{(site / 'index.html').as_uri()}#scope=ar-SA&tab=search")  # type: ignore[operator, attr-defined]
        text = settled(tab).locator("body").inner_text()
        assert shown in text.replace("08:28", "8:28").replace("07:28", "7:28")
        assert not {*"٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"} & {*text}
        assert not any(word in text for word in ("Uhr", "Nov.", "年", "م\u200f", "نوفمبر", "AH"))
        assert {node.get_attribute("dir") for node in tab.locator("time").all()} == {"ltr"}
