"""Lists on the published page: what is not held and why, and every figure with exactly the rows that it counts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from datasync.report.publish import render
from tests.report import plausible
from tests.report.conftest import settled

Show = Callable[..., Page]
SEARCH = "#scope=en-US&tab=search"
FIGURES = "links => links.map(link => [link.getAttribute('href'), Number(link.dataset.n)])"
SHOWN = """() => [document.querySelector("p.count").textContent, document.querySelectorAll('.rows tbody tr').length]"""
FOLLOW = """href => new Promise(done => {
    if (location.hash === href) return done();
    addEventListener('hashchange', () => done(), { once: true });
    location.hash = href;
})"""


def listed(show: Show, page: Page, href: str, size: int = 50) -> tuple[str, int]:
    """Follow a figure on the page, and open the last page of its list afresh: what the list says of its length, and
    the rows there are on all its pages.
    """
    page.evaluate(FOLLOW, href)
    settled(page)
    expect(page.locator("p.count")).to_contain_text(" of ")
    told, rows = page.evaluate(SHOWN)
    total = int(told.split(" of ")[0].replace(",", ""))
    if total > size:
        show(f"{href}&page={-(-total // size)}")
        expect(page.locator(".range")).to_contain_text(f"{total:,} of {total:,}")
        rows = page.evaluate(SHOWN)[1] + (total - 1) // size * size
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
        told, rows = listed(show, page, href)
        noun = "record" if "quarantined" in href else "product"
        if "reason=" in href:
            assert (told.split(" of ")[0], rows) == (f"{figure:,}", figure), href
            continue
        assert (told, rows) == (f"{figure:,} of {figure:,} {noun}{'' if figure == 1 else 's'}", figure), href


LEFT = """() => {
    const found = [], walker = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT);
    const told = 'a, time, svg, dialog, option, details, code, .ago, .axis, .mono, .run-id, .error, '
        + '.rows, .count, .range';
    for (let text; (text = walker.nextNode()); ) {
        if (!/[0-9]/.test(text.data) || text.parentElement.closest(told)) continue;
        found.push([text.parentElement.closest('section').getAttribute('aria-labelledby'), text.data]);
    }
    return found;
}"""
NO_ROWS = {
    "latest": "in the last 3 hours|^0 because",
    "matrix-title": "records?$|valid$|repeated$|^11 quarantined$",  # one of these was put there before the last pull
    "balance-title": "^0$|should be 0",
    "holds-title": " of ",
    "sources-title": "",
    "missed-title": "",
    "runs-title": "took|no changes|received",
    "unconfigured-title": "held$",
}


def test_a_number_that_leads_nowhere_counts_no_rows_that_the_page_has(show: Show) -> None:
    seen = set()
    for hash_ in ("#tab=overview", SEARCH, "#scope=de-DE&tab=recommendations"):
        for section, text in show(hash_).evaluate(LEFT):
            assert re.search(NO_ROWS.get(section, "no such section"), text), (section, text)
            seen.add(section)
    assert seen == NO_ROWS.keys()


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
    absent = page.get_by_role("region", name="Not in Search")
    expect(absent.get_by_role("listitem").first).to_contain_text(sku)
    expect(absent.get_by_role("listitem").first).to_contain_text(sentence)


def test_what_failed_says_the_services_words(show: Show) -> None:
    page = show("#scope=de-DE&tab=search&list=failed")
    expect(page.locator("tbody .why").first).to_contain_text("Failed Search gave no answer (connection refused)")


def test_all_that_a_search_finds_beside_what_is_held_is_one_list(show: Show) -> None:
    page = show(f"{SEARCH}&q=shoe")
    absent = page.get_by_role("region", name="Not in Search")
    expect(absent.get_by_role("listitem")).to_have_count(5)
    absent.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("heading", name="Not held")).to_be_focused()
    assert "list=absent&q=shoe" in page.url
    assert page.locator("tbody tr:not(.not-held)").count() == 0


def test_a_sent_address_of_a_product_that_is_not_held_says_why(show: Show) -> None:
    page = show(f"{SEARCH}&list=excluded")
    sku = page.locator("tbody .sku").first.inner_text()
    show(f"{SEARCH}&sku={sku}")
    why = page.get_by_role("dialog").get_by_role("region", name="Why not here?")
    expect(why).to_contain_text("Search – Excluded: The product is not visible in search")


@pytest.mark.parametrize("width", [320, 390, 1024])
def test_no_list_makes_the_page_scroll_sideways(show: Show, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("excluded", "quarantined", "held_older", "absent&q=shoe"):
        show(f"{SEARCH}&list={name}")
        expect(page.locator("tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# ── filters and files ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("column", ["Type", "Visibility", "Stock status"])
def test_a_filter_leaves_as_many_rows_as_it_says(show: Show, column: str) -> None:
    page = show(SEARCH)
    select = page.get_by_role("combobox", name=column)
    expect(select.get_by_role("option")).not_to_have_count(0)
    options = [one.inner_text() for one in select.get_by_role("option").all()][1:]
    counts = [int(one.rsplit("(", 1)[1].rstrip(")")) for one in options]
    assert sum(counts) == 576
    select.select_option(label=options[-1])
    expect(page.locator("p.count")).to_have_text(f"{counts[-1]} of 576 products")
    page.reload()
    expect(page.locator("p.count")).to_have_text(f"{counts[-1]} of 576 products")
    expect(select).to_have_value(str(select.input_value()))


def test_filters_count_what_the_search_and_the_other_filters_leave(show: Show) -> None:
    page = show(f"{SEARCH}&q=shoe&type=simple")
    expect(page.locator("p.count")).to_contain_text("of 576")
    left = int(page.locator("p.count").inner_text().split(" ")[0])
    stock = page.get_by_role("combobox", name="Stock status").get_by_role("option").all_inner_texts()[1:]
    assert sum(int(one.rsplit("(", 1)[1].rstrip(")")) for one in stock) == left
    show(f"{SEARCH}&type=none-such")
    expect(page.get_by_role("combobox", name="Type")).to_have_value("none-such")
    page.get_by_role("button", name="Clear search and filters").click()
    expect(page.locator("p.count")).to_have_text("576 of 576 products")


def download(page: Page) -> list[list[str]]:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()
    text = waiting.value.path().read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_what_is_listed_is_downloaded_whole_and_in_its_order(show: Show) -> None:
    page = show(f"{SEARCH}&q=shoe&sort=sku")
    expect(page.locator("p.count")).to_contain_text("of 576")
    head, *lines = download(page)
    assert head == ["SKU", "Name", "Type", "Visibility", "Stock status", "Last updated", "State", "Why"]
    assert len(lines) == int(page.locator("p.count").inner_text().split(" ")[0]) > 50
    assert [one[0] for one in lines[:50]] == page.locator("tbody .sku").all_inner_texts()
    assert all("Shoe" in one[1] and one[5].endswith("Z") and len(one) == 8 for one in lines)


def test_a_downloaded_list_has_the_reasons(show: Show) -> None:
    page = show(f"{SEARCH}&list=excluded")
    expect(page.locator("p.count")).to_have_text("62 of 62 products")
    assert {tuple(one[5:]) for one in download(page)[1:]} == {("", "Excluded", "The product is not visible in search")}


def test_no_cell_of_a_file_is_a_formula(show: Show, tmp_path: Path) -> None:
    names = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        " =1+1",
        "\n@SUM(A1)",
        "＝1+1",
        'say "hi", twice\nnow',
        "plain",
    ]
    page_data = plausible.site_pages({"en-US": 11}, calm=True)
    products = [plausible.products("en-US", plausible.payloads("en-US", 11, names))]
    render.publish(render.SiteContent(page_data, products), tmp_path)
    page = show("#scope=en-US&tab=catalog-service&sort=sku", at=tmp_path)
    expect(page.locator("p.count")).to_have_text("11 of 11 products")
    found = {one[0]: one[1] for one in download(page)[1:]}
    assert [found[f"H-{n}"] for n in range(11)] == [*(f"'{name}" for name in names[:9]), *names[9:]]


def test_a_long_file_is_made_in_parts_that_make_up_the_whole(call: Callable[..., Any]) -> None:
    row = {"sku": "A", "name": "n", "type": "simple", "visibility": [], "stock": "in-stock", "updated": 0}
    made = call("csv.csvParts", [row | {"state": "missing", "words": None}] * 25, 10)
    assert [part.count("\r\n") for part in made] == [1, 10, 10, 5]
    assert made[1].startswith('"A","n","simple","Not visible","In stock","1970-01-01T00:00:00.000Z","Missing"')


# ── a pasted list of SKUs ─────────────────────────────────────────────────────────────────────────────────────────────


def some_skus(show: Show) -> list[str]:
    """Two SKUs that Search holds, one that it does not, one in quarantine, and two that nobody knows."""
    page = show(SEARCH)
    expect(page.locator("p.count")).to_contain_text("of 576")
    held = page.locator("tbody .sku").all_inner_texts()[:2]
    show(f"{SEARCH}&list=excluded")
    expect(page.locator("p.count")).to_contain_text("of 62")
    return [*held, page.locator("tbody .sku").first.inner_text(), "24-00311", "nobody", "<b>no</b>"]


@pytest.mark.parametrize("apart", ["\n", "\r\n", "\t", ", ", ";"])
def test_a_pasted_list_of_skus_answers_with_found_and_not_found(show: Show, apart: str) -> None:
    skus = some_skus(show)
    page = show(SEARCH)
    page.get_by_role("button", name="Look up SKUs").click()
    page.get_by_role("dialog").get_by_role("textbox").fill(apart.join(skus))
    page.get_by_role("button", name="Look up", exact=True).click()
    expect(page.get_by_role("heading", name="SKUs looked up")).to_be_focused()
    expect(page.get_by_text("Held: 2. Not held: 2. Not found: 2.")).to_be_visible()
    assert set(page.locator("tbody .sku").all_inner_texts()) == set(skus[:4])
    unknown = page.get_by_role("list", name="Not found in this scope").get_by_role("listitem")
    expect(unknown).to_have_text(["nobody", "<b>no</b>"])
    show(f"#{page.url.split('#')[1]}")
    expect(page.get_by_text("Held: 2. Not held: 2. Not found: 2.")).to_be_visible()


def test_what_is_written_into_the_lookup_stays_when_a_list_comes_late(show: Show) -> None:
    page = show(SEARCH)
    page.get_by_role("button", name="Look up SKUs").click()
    box = page.get_by_role("dialog").get_by_role("textbox")
    box.fill("24-001")
    page.evaluate("() => [q.value = 'shoe', q.dispatchEvent(new Event('input'))]")
    expect(page.locator("tbody tr").first).to_contain_text("Shoe")
    expect(page).to_have_url(re.compile("q=shoe"))
    expect(page.locator("p.count")).not_to_contain_text("576 of 576")
    expect(box).to_have_value("24-001")


def test_going_back_closes_the_lookup(show: Show) -> None:
    page = show(f"{SEARCH}&list=excluded")
    page.get_by_role("button", name="Show all synced products").click()
    page.get_by_role("button", name="Look up SKUs").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_skus_beyond_what_is_looked_up_are_told(show: Show) -> None:
    page = show(SEARCH)
    page.get_by_role("button", name="Look up SKUs").click()
    text = "\n".join(f"S-{number}" for number in range(10_000))
    page.get_by_role("dialog").get_by_role("textbox").evaluate("(box, text) => (box.value = text)", text)
    page.get_by_role("button", name="Look up", exact=True).click()
    told = page.get_by_text("Not found: 2,000.")
    expect(told).to_contain_text("8,000 more were given and are not looked up")
    unknown = page.get_by_role("list", name="Not found in this scope")
    assert unknown.evaluate("list => list.clientHeight") < 300  # the rows that were found stand below
    unknown.press("End")
    expect(unknown.get_by_role("listitem").last).to_be_in_viewport()
    show(f"#{page.url.split('#')[1]}")
    expect(told).to_contain_text("8,000 more were given and are not looked up")


def test_a_list_is_pasted_into_the_search_itself(show: Show, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    skus = some_skus(show)
    page = show(SEARCH)
    page.evaluate("text => navigator.clipboard.writeText(text)", "\n".join(skus))
    page.get_by_role("searchbox").focus()
    page.keyboard.press("Control+V")
    expect(page.get_by_text("Held: 2. Not held: 2. Not found: 2.")).to_be_visible()
    page.get_by_role("button", name="Show all synced products").click()
    expect(page.locator("p.count")).to_have_text("576 of 576 products")


@pytest.mark.parametrize(
    ("text", "is_list"),
    [("A1\nA2", True), ("A1, A2", True), ("A1;A2", True), ("Shoe, red", False), ("A1", False), ("A1\n", False)],
)
def test_words_with_a_comma_are_no_list(call: Callable[..., Any], text: str, is_list: bool) -> None:
    assert call("skus.isList", text) is is_list
