"""Lists on the published page: what is not held and why, and every figure with exactly the rows that it counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Show = Callable[..., Page]
SEARCH = "#scope=en-US&tab=search"
FIGURES = "links => links.map(link => [link.getAttribute('href'), Number(link.dataset.n)])"
SHOWN = """() => [document.querySelector("p.count").textContent, document.querySelectorAll('.rows tbody tr').length]"""


def listed(show: Show, href: str) -> tuple[str, int]:
    """Follow a figure: what its list says of its length, and the rows there are on all its pages."""
    page = show(href)
    expect(page.locator("p.count")).to_contain_text(" of ")
    told, rows = page.evaluate(SHOWN)
    total = int(told.split(" of ")[0].replace(",", ""))
    if total > 50:
        show(f"{href}&page={-(-total // 50)}")
        expect(page.locator(".range")).to_contain_text(f"{total:,} of {total:,}")
        rows = page.evaluate(SHOWN)[1] + (total - 1) // 50 * 50
    return told, rows


@pytest.mark.parametrize("scope", ["en-US", "de-DE", "ar-SA"])
def test_every_figure_leads_to_exactly_the_rows_it_counts(show: Show, scope: str) -> None:
    page = show()
    expect(page.get_by_role("table", name="Scopes and services")).to_be_visible()
    found = dict(page.locator(f"a.figure-link[href*='scope={scope}']").evaluate_all(FIGURES))
    for tab in ("catalog-service", "search", "recommendations"):
        show(f"#scope={scope}&tab={tab}")
        expect(page.get_by_role("table", name="Synced products")).to_be_visible()
        found |= dict(page.locator("a.figure-link").evaluate_all(FIGURES))
    assert len(found) >= 3 * 13
    for href, figure in found.items():
        told, rows = listed(show, href)
        noun = "record" if "quarantined" in href else "product"
        assert (told, rows) == (f"{figure:,} of {figure:,} {noun}{'' if figure == 1 else 's'}", figure), href


def test_a_figure_is_followed_by_keyboard_to_a_list_that_says_what_it_is(show: Show) -> None:
    page = show(SEARCH)
    page.get_by_role("region", name="Where the 642").get_by_role("link", name="2 rejected").press("Enter")
    heading = page.get_by_role("heading", name="Rejected", exact=True)
    expect(heading).to_be_focused()
    expect(heading).to_be_in_viewport()
    assert "list=rejected" in page.url
    expect(page.get_by_role("columnheader").last).to_have_text("Why")
    expect(page.locator("tbody .why").first).to_contain_text("Rejected Price is required <b>here</b>")
    assert page.locator("tbody .why b").count() == 0
    page.get_by_role("button", name="Show all synced products").click()
    expect(page.get_by_role("heading", name="Synced products")).to_be_visible()
    assert "list=" not in page.url


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("excluded", "Excluded The product is not visible in search"),
        ("missing", "Missing nothing is held yet"),
        ("removed_in_window", "Removed no longer in the catalog (removed 24 Nov 2026, 11:58"),
        ("quarantined", "Quarantined "),
    ],
)
def test_the_search_says_why_a_product_is_not_held(show: Show, name: str, sentence: str) -> None:
    page = show(f"{SEARCH}&list={name}")
    sku = page.locator("tbody .sku").last.inner_text()
    show(f"{SEARCH}&q={sku}")
    absent = page.get_by_role("region", name="Not held")
    expect(absent.get_by_role("listitem").first).to_contain_text(sku)
    expect(absent.get_by_role("listitem").first).to_contain_text(sentence)


def test_what_failed_says_the_services_words(show: Show) -> None:
    page = show("#scope=de-DE&tab=search&list=failed")
    expect(page.locator("tbody .why").first).to_contain_text("Failed Search gave no answer (connection refused)")


def test_all_that_a_search_finds_beside_what_is_held_is_one_list(show: Show) -> None:
    page = show(f"{SEARCH}&q=shoe")
    absent = page.get_by_role("region", name="Not held")
    expect(absent.get_by_role("listitem")).to_have_count(5)
    absent.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("heading", name="Not held")).to_be_focused()
    assert "list=absent&q=shoe" in page.url
    assert page.locator("tbody tr:not(.not-held)").count() == 0


def test_a_sent_address_of_a_product_that_is_not_held_says_why(show: Show) -> None:
    page = show(f"{SEARCH}&list=excluded")
    sku = page.locator("tbody .sku").first.inner_text()
    show(f"{SEARCH}&sku={sku}")
    expect(page.get_by_role("alert")).to_contain_text("The product is not visible in search")


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_no_list_makes_the_page_scroll_sideways(show: Show, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("excluded", "quarantined", "held_older", "absent&q=shoe"):
        show(f"{SEARCH}&list={name}")
        expect(page.locator("tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
