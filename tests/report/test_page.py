"""The published page in a browser, opened from the disk as a reader would open it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from datasync.report.publish import render
from datasync.store.audit_note import AuditNote
from tests.report import plausible
from tests.report.conftest import settled
from tests.report.plausible import NOW

Show = Callable[..., Page]
SEARCH = "#scope=en-US&tab=search"


def rows(page: Page) -> list[str]:
    """SKUs of the rows that are shown, in their order."""
    return settled(page).locator("tbody .sku").all_inner_texts()


def count(page: Page, told: str) -> None:
    expect(page.get_by_role("status").filter(has_text=told.rsplit(maxsplit=1)[-1])).to_have_text(told)


def publish(folder: Path, page: plausible.SitePages, size: int = 40) -> Path:
    made = (plausible.products(scope.name, plausible.payloads(scope.name, size)) for scope in page.scopes)
    content = render.SiteContent(page, made, plausible.more(scope.name for scope in page.scopes))
    render.publish(content, folder)
    return folder


# ── opening ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_asks_nothing_of_any_other_host_and_loads_no_image(show: Show, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    show(SEARCH).get_by_role("button", name="Trail Running Shoe").first.click()
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text('"sku"')
    assert [url for url in asked if not url.startswith(("file:", "data:,"))] == []
    assert page.locator("img").count() == 0


def test_it_opens_on_the_overview_and_says_how_old_it_is(show: Show) -> None:
    page = show()
    expect(page).to_have_title("Data Sync – Overview")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Overview")
    expect(page.get_by_role("banner")).to_contain_text("5 min ago")
    expect(page.get_by_role("banner").get_by_role("time")).to_have_attribute("title", "2026-11-24 07:28:00 UTC")
    expect(page.get_by_role("banner").get_by_role("time")).to_contain_text("12:58")


def test_its_age_goes_on_while_it_stays_open(show: Show) -> None:
    page = show()
    page.clock.fast_forward("01:00:00")
    expect(page.get_by_role("banner")).to_contain_text("1 h ago")


def test_tabs_are_chosen_by_arrow_keys(show: Show) -> None:
    page = show()
    page.get_by_role("tab", name="Overview").focus()
    for key, name in (
        ("ArrowRight", "Catalog Service"),
        ("End", "Recommendations"),
        ("ArrowRight", "Overview"),
        ("ArrowLeft", "Recommendations"),
    ):
        page.keyboard.press(key)
        expect(page.get_by_role("tab", selected=True)).to_contain_text(name)
        expect(page.get_by_role("tab", selected=True)).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Recommendations")).to_be_visible()


def test_another_scope_is_chosen_and_the_tab_stays(show: Show) -> None:
    page = show(SEARCH)
    page.get_by_label("Scope").select_option("ar-SA")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Search")
    assert "scope=ar-SA&tab=search" in page.url
    expect(page.locator("tbody")).to_have_attribute("lang", "ar-SA")
    expect(page.locator("tbody .name button").first).to_have_css("direction", "rtl")


def test_back_returns_to_what_was_looked_at(show: Show) -> None:
    page = show("#scope=de-DE&tab=overview")
    page.get_by_role("tab", name="Search").click()
    page.get_by_role("tab", name="Recommendations").click()
    page.go_back()
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Search")
    page.go_back()
    expect(page.get_by_role("tab", selected=True)).to_have_text("Overview")


def test_dark_is_a_choice_that_is_kept(show: Show) -> None:
    page = show()
    light = page.evaluate("getComputedStyle(document.body).color")
    button = page.get_by_role("button", name="Dark mode")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).color") != light
    page.reload()
    expect(page.get_by_role("button", name="Dark mode")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1440, 1920])
def test_no_width_makes_the_page_scroll_sideways(show: Show, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for hash_ in ("#tab=overview", SEARCH, "#scope=ar-SA&tab=recommendations"):
        show(hash_)
        if "overview" not in hash_:
            expect(page.locator("tbody tr").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_scripts_the_figures_are_there(context: BrowserContext, site: Path) -> None:
    browser = context.browser
    assert browser
    with browser.new_context(java_script_enabled=False) as plain:
        page = plain.new_page()
        page.goto((site / "index.html").as_uri())
        expect(page.get_by_role("row").nth(1)).to_have_text("en-UScatalog-service12640")


def test_what_partial_pulls_missed_stands_with_why_and_what_to_set_instead(show: Show) -> None:
    page = show("#tab=overview")
    region = page.get_by_role("region", name="What partial pulls missed")
    expect(region.get_by_role("row")).to_have_count(3)
    cells = region.get_by_role("row").nth(1).get_by_role("cell")
    expect(region.get_by_role("row").nth(1).get_by_role("rowheader")).to_have_text("erpar-SA, ja-JP")
    expect(cells.nth(0)).to_contain_text("every 1 d; partial pulls look 1 h backlast 24 Nov 2026, 09:58")
    expect(cells.nth(1)).to_have_text("3.5%14 of 400 changes")
    expect(cells.nth(2)).to_contain_text("12 whose change times did not move")
    expect(cells.nth(2)).to_contain_text("2 that came to light late3 removals, known by a complete pull alone")
    expect(cells.nth(3)).to_have_text("lookback: 90mcomplete_every: 12h")
    expect(region.get_by_role("row").nth(2).get_by_role("cell").first).to_have_text("never: it tells of changes alone")


# ── a service ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_service_shows_its_two_figures_and_what_they_are_made_of(show: Show) -> None:
    page = show(SEARCH)
    latest, total = (
        page.get_by_role("region", name="Latest update"),
        page.get_by_role("region", name="Total products received"),
    )
    expect(latest).to_contain_text("11products received in the last 3 hoursof which 3 resent · 1 removed")
    expect(latest).to_contain_text("31 min ago")
    expect(total).to_contain_text(
        "576products that Search holds now= 571 current + 3 stale + 1 held older + 1 orphaned"
    )
    states = page.get_by_role("region", name="Where the 642 catalog products stand")
    expect(states).to_contain_text("Rejected2the service refused this version")
    for name in ("in the last 48 hours, at most", "in the last 30 days, at most"):
        expect(page.get_by_role("img", name=name)).to_be_visible()


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("held", "0 because a removal is held: it waits for a decision."),
        ("source failed", "0 because the source could not be read."),
        ("no run", "0 because no sync ran in that time."),
        ("service failing", "0 because Search gave no answer; what is due stays due."),
        ("nothing changed", "0 because nothing had changed when the sync ran."),
    ],
)
def test_a_zero_says_which_zero_it_is(show: Show, tmp_path: Path, reason: str, sentence: str) -> None:
    page = plausible.site_pages({"en-US": 40}, calm=True)
    services = page.totals[0].services
    zero = replace(services[1], latest_update=0, zero_because=reason)
    publish(tmp_path, replace(page, totals=(replace(page.totals[0], services=(services[0], zero, services[2])),)))
    expect(show(SEARCH, at=tmp_path).get_by_role("region", name="Latest update")).to_contain_text(sentence)


def test_what_waits_for_a_budget_stands_where_due_products_are_counted(show: Show, tmp_path: Path) -> None:
    page = plausible.site_pages({"en-US": 40}, calm=True)
    first, search, third = page.totals[0].services
    waits = replace(search, budget="12,400 due, budget from 00:00 UTC")
    publish(tmp_path, replace(page, totals=(replace(page.totals[0], services=(first, waits, third)),)))
    states = show(SEARCH, at=tmp_path).get_by_role("region", name="catalog products stand")
    expect(states).to_contain_text("12,400 due, budget from 00:00 UTC")


def test_what_an_audit_found_stands_beside_the_total_and_in_the_banner(show: Show, tmp_path: Path) -> None:
    page = plausible.site_pages({"en-US": 40}, calm=True)
    first, search, third = page.totals[0].services
    note = AuditNote(page.as_of, "audit-1", 98812, 98813, 0, 98813, is_whole=True, absent=2, foreign=1)
    drifted = replace(search, audit=note, is_drift_due=True)
    publish(tmp_path, replace(page, totals=(replace(page.totals[0], services=(first, drifted, third)),)))
    shown = show(SEARCH, at=tmp_path)
    expect(shown.get_by_role("region", name="Total products received")).to_contain_text(
        "holds 98,812 of 98,813; 2 absent, 0 different, 1 foreign. The next sync delivers or removes what differs."
    )
    expect(shown.get_by_role("region", name="Attention")).to_contain_text(
        "check of Search in en-US found 3 products otherwise than its receipts say"
    )


def test_a_rebuild_that_is_under_way_stands_beside_the_total(show: Show, tmp_path: Path) -> None:
    page = plausible.site_pages({"en-US": 40}, calm=True)
    first, search, third = page.totals[0].services
    sentence = "A rebuild is under way since 2026-11-24 03:00 UTC: 30 products delivered to a new place, not served yet"
    rebuilt = replace(search, rebuild=sentence)
    publish(tmp_path, replace(page, totals=(replace(page.totals[0], services=(first, rebuilt, third)),)))
    total = show(SEARCH, at=tmp_path).get_by_role("region", name="Total products received")
    expect(total).to_contain_text(f"{sentence}.")


def test_products_come_newest_first_with_their_columns(show: Show) -> None:
    page = show(SEARCH)
    table = page.get_by_role("table", name="Synced products")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["SKU", "Name", "Type", "Visibility", "Stock status", "Last updated↓"]
    )
    expect(table.get_by_role("columnheader", name="Last updated")).to_have_attribute("aria-sort", "descending")
    times = [one.get_attribute("datetime") or "" for one in table.locator("tbody time").all()]
    assert len(times) == 50
    assert times == sorted(times, reverse=True)
    count(page, "576 of 576 products")
    expect(page.get_by_role("navigation", name="Pages of products")).to_contain_text("1–50 of 576")


def test_pages_are_turned_and_the_last_one_ends_the_list(show: Show) -> None:
    page = show(SEARCH)
    first = rows(page)
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("navigation", name="Pages of products")).to_contain_text("51–100 of 576")
    assert not set(first) & set(rows(page))
    show(f"{SEARCH}&page=12")
    expect(page.get_by_role("navigation", name="Pages of products")).to_contain_text("551–576 of 576")
    expect(page.get_by_role("button", name="Next")).to_have_attribute("aria-disabled", "true")
    show(f"{SEARCH}&page=9999")
    expect(page.get_by_role("navigation", name="Pages of products")).to_contain_text("551–576 of 576")


@pytest.mark.parametrize(("column", "index"), [("SKU", 0), ("Name", 1), ("Type", 2)])
def test_a_column_sorts_both_ways(show: Show, column: str, index: int) -> None:
    page = show(f"{SEARCH}&q=dish")
    head = page.get_by_role("columnheader", name=column, exact=False).first
    seen = []
    for direction in ("ascending", "descending"):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", direction)
        seen.append([row.locator("td, th").nth(index).inner_text() for row in settled(page).locator("tbody tr").all()])
    collate = "(texts) => [...texts].sort(new Intl.Collator('en-US', { numeric: true }).compare)"
    assert seen[0] == page.evaluate(collate, seen[0])
    assert seen[1] != seen[0]
    assert page.get_by_role("columnheader").and_(page.locator("[aria-sort]")).count() == 1


# ── search ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scope", "query", "in_every_row"),
    [
        ("en-US", "creme BRULEE", "Crème Brûlée"),
        ("en-US", "olive linen", "Linen Duvet Cover – Olive"),
        ("de-DE", "suss", "Süßwasser"),
        ("de-DE", "FÜR damen schiefer", "Laufschuh für Damen – Schiefer"),
        ("ar-SA", "قهوة", "قهوة"),
    ],
)
def test_several_words_are_found_in_any_order_case_and_accent(
    show: Show, scope: str, query: str, in_every_row: str
) -> None:
    page = show(f"#scope={scope}&tab=search")
    box = page.get_by_role("searchbox", name="Search by Name or SKU")
    box.fill(query)
    page.clock.run_for(500)
    expect(page).to_have_url(re.compile("q="))
    names = settled(page).locator("tbody .name").all_inner_texts()
    assert names
    assert [name for name in names if in_every_row not in name] == []


def test_japanese_is_found_inside_words(show: Show, tmp_path: Path) -> None:
    publish(tmp_path, plausible.site_pages({"ja-JP": 40}, calm=True))
    page = show("#scope=ja-JP&tab=search&q=コーヒー", at=tmp_path)
    expect(page.locator("mark").first).to_be_visible()
    names = page.locator("tbody .name").all_inner_texts()
    assert names
    assert all("コーヒーミル" in name for name in names)


def test_a_sku_is_found_by_a_part_of_it(show: Show) -> None:
    page = show(f"{SEARCH}&q=ws-00")
    skus = rows(page)
    assert skus
    assert all(sku.startswith("WS-00") for sku in skus)


def test_the_count_tells_matches_of_all_and_the_address_follows(show: Show) -> None:
    page = show(SEARCH)
    page.keyboard.press("/")
    box = page.get_by_role("searchbox")
    expect(box).to_be_focused()
    page.keyboard.type("slate lamp")
    page.clock.run_for(500)
    expect(page.get_by_role("status").filter(has_text="of 576 products")).to_have_text(
        re.compile(r"^\d\d of 576 products$")
    )
    assert "q=slate+lamp" in page.url
    expect(box).to_be_focused()
    page.get_by_role("tab", name="Recommendations").click()
    expect(page.get_by_role("searchbox")).to_have_value("slate lamp")


def test_a_search_that_finds_nothing_says_so_and_is_cleared(show: Show) -> None:
    page = show(f"{SEARCH}&q=zzz")
    count(page, "0 of 576 products")
    expect(page.get_by_role("tabpanel")).to_contain_text("No product that Search holds has “zzz” in its name or SKU.")
    page.get_by_role("button", name="Clear the search").click()
    count(page, "576 of 576 products")
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_twenty_thousand_products_are_searched_and_sorted_while_one_types(show: Show, tmp_path: Path) -> None:
    page_data = plausible.site_pages({"en-US": 20_000}, calm=True)
    products = [plausible.products("en-US", plausible.payloads("en-US", 20_000), page_data.totals[0])]
    render.publish(render.SiteContent(page_data, products), tmp_path)
    page = show("#scope=en-US&tab=catalog-service", at=tmp_path)
    count(page, "20,000 of 20,000 products")
    began = time.monotonic()
    page.get_by_role("searchbox").fill("creme slate")
    page.clock.run_for(500)
    expect(page.locator("mark").first).to_be_visible()
    page.get_by_role("columnheader", name="Name").get_by_role("button").click()
    expect(page.get_by_role("columnheader", name="Name")).to_have_attribute("aria-sort", "ascending")
    assert time.monotonic() - began < 5
    assert page.locator("tbody tr").count() == 25


# ── one product ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_click_shows_the_product_as_the_service_received_it(show: Show) -> None:
    page = show("#scope=ar-SA&tab=search")
    row = page.locator("tbody tr").nth(3)
    sku, name = row.locator(".sku").inner_text(), row.locator(".name").inner_text()
    row.locator(".type").click()
    dialog = page.get_by_role("dialog", name=name)
    expect(dialog).to_contain_text(f"SKU {sku}")
    expect(dialog).to_contain_text("Received by Search")
    expect(dialog.locator("pre")).to_contain_text(sku)
    payload = next(one for one in plausible.payloads("ar-SA", 300) if one["sku"] == sku)
    assert json.loads(dialog.locator("pre").inner_text()) == payload
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    expect(dialog).to_contain_text(plausible.hashlib.md5(text.encode(), usedforsecurity=False).hexdigest())
    assert f"sku={sku}" in page.url


def test_a_row_opens_by_enter_and_gives_the_focus_back(show: Show) -> None:
    page = show(SEARCH)
    button = page.locator("tbody button").first
    button.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("tbody button").nth(1)).to_be_focused()
    assert "sku=" not in page.url
    page.locator("tbody tr").nth(2).press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_json_is_copied(show: Show, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = show(SEARCH)
    page.locator("tbody button").first.click()
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.get_by_role("dialog").get_by_role("status").last).to_have_text("Copied")
    shown = page.locator("pre").inner_text()
    assert json.loads(page.evaluate("navigator.clipboard.readText()")) == json.loads(shown)


def test_a_sent_address_opens_the_very_product(show: Show) -> None:
    page = show(f"{SEARCH}&q=shoe&sort=-name")
    page.locator("tbody button").nth(4).click()
    address = page.url
    name = page.get_by_role("dialog").get_by_role("heading", level=2).inner_text()
    listed = rows(page)
    page.goto("about:blank")
    page.goto(address)
    expect(page.get_by_role("dialog", name=name)).to_be_visible()
    assert rows(page) == listed
    expect(page.get_by_role("searchbox", include_hidden=True)).to_have_value("shoe")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("tbody button").nth(4)).to_be_focused()


def test_a_product_that_the_service_does_not_hold_gets_a_sentence(show: Show) -> None:
    page = show(f"{SEARCH}&sku=nobody")
    expect(page.get_by_role("alert")).to_have_text("Search does not hold the SKU nobody in this scope.")
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_product_says_where_else_it_is_held(show: Show) -> None:
    page = show("#scope=en-US&tab=catalog-service&q=H-0")
    page.locator("tbody button").first.click()
    places = page.get_by_role("table", name="In every scope and service").get_by_role("row")
    expect(places).to_have_count(4)
    expect(places.nth(1)).to_contain_text("en-US")
    expect(places.nth(1).get_by_role("cell").first).to_contain_text("Current")
    expect(places.nth(2).get_by_role("cell").first).to_have_text("not in the catalog")
    missing = page.get_by_role("region", name="Translations").get_by_role("listitem").nth(1)
    expect(missing).to_have_text("de-DE missing: the catalog of this scope does not have it")
    expect(page.get_by_role("region", name="History")).to_contain_text("One version, unchanged")


def test_a_link_to_a_scope_that_is_gone_says_so_and_answers_for_no_other(show: Show) -> None:
    sku = rows(show(SEARCH))[0]
    page = show(f"#scope=fr-FR&tab=search&sku={sku}")
    told = page.get_by_role("alert")
    expect(told).to_have_text(
        re.compile("the scope .*fr-FR.*, which this page does not have; .*en-US.* is shown instead")
    )
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("tab", name="Overview").click()
    expect(told).to_have_count(0)


def test_a_link_to_a_service_that_is_gone_says_so(show: Show) -> None:
    page = show("#scope=de-DE&tab=prices&q=shoe")
    expect(page.get_by_role("alert")).to_contain_text("prices")
    expect(page.get_by_role("tab", selected=True)).to_have_text("Overview")


def test_what_is_opened_right_after_typing_stays_open(show: Show) -> None:
    page = show(SEARCH)
    page.get_by_role("searchbox").fill("run")
    page.locator("tbody button").first.click()
    page.clock.run_for(500)
    expect(settled(page).get_by_role("dialog")).to_be_visible()
    assert "q=run" in page.url


def test_print_has_no_text_smaller_than_its_small_print(show: Show, page: Page) -> None:
    show(SEARCH)
    page.emulate_media(media="print")
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    figure = page.get_by_role("region", name="Total products received")
    assert figure.locator("p:not([class])").evaluate(size) >= figure.locator("p.quiet").evaluate(size)


def test_a_link_to_no_sku_opens_no_record_that_has_none(show: Show) -> None:
    page = show(f"{SEARCH}&sku=")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_page_without_its_data_says_what_is_missing_and_tries_again(show: Show, tmp_path: Path) -> None:
    publish(tmp_path, plausible.site_pages({"en-US": 40}, calm=True))
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    page = show(SEARCH, at=tmp_path)
    expect(page.get_by_role("alert")).to_contain_text("The folder “data” has to stand beside this page")
    (tmp_path / "elsewhere").rename(tmp_path / "data")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("tbody tr").first).to_be_visible()


# ── the overview ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_matrix_has_every_scope_and_service_and_leads_to_them(show: Show) -> None:
    page = show()
    matrix = page.get_by_role("table", name="Scopes and services")
    expect(matrix.get_by_role("row")).to_have_count(1 + 3 * 4)
    expect(matrix.get_by_role("row").nth(1)).to_contain_text("642 products · source demo · last applied pull complete")
    expect(matrix.get_by_role("row").nth(1)).to_contain_text("654 records = 642 valid + 11 quarantined + 1 repeated")
    matrix.get_by_role("link", name="Search").nth(2).click()
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Search")
    expect(page.get_by_label("Scope")).to_have_value("ar-SA")


def test_the_balance_is_spelled_out(show: Show) -> None:
    balance = show().get_by_role("table", name="How the numbers add up")
    row = balance.get_by_role("row").nth(2)
    expect(row).to_contain_text("642 = 571 current + 3 stale + 4 missing + 2 rejected + 0 failed + 62 excluded")
    expect(row).to_contain_text("576 = 571 current + 3 stale + 1 held older + 1 orphaned")


def test_a_hold_says_what_waits_and_what_to_do(show: Show) -> None:
    holds = show("#tab=overview&at=holds").get_by_role("region", name="Holds").first
    expect(holds).to_contain_text("731 of 1,480")
    expect(holds).to_contain_text("5 h ago")
    expect(holds.locator(".command")).to_have_text(
        "datasync resync --scope de-DE --service recommendations "
        "--accept-shrink manual__2026-11-24T06:00:00+00:00-1f0c --reason '…' --yes"
    )
    expect(holds.get_by_role("heading")).to_be_focused()


def test_runs_tell_who_why_and_what_went_wrong(show: Show) -> None:
    runs = show().get_by_role("table", name="Recent runs").get_by_role("row")
    expect(runs.nth(2)).to_contain_text(
        "Failed41 received · 4 failed · took 131 sSearch gave no answer to 2 of 2 batches"
    )
    expect(runs.nth(3)).to_contain_text("n.haddad")
    expect(runs.nth(3)).to_contain_text("Prices of the shoes were wrong in Search")


def test_a_long_list_of_runs_is_shown_in_part_until_all_are_asked_for(show: Show, tmp_path: Path) -> None:
    page_data = plausible.site_pages({"en-US": 40}, calm=True)
    many = tuple(replace(page_data.runs[0], id=f"run-{number}") for number in range(30))
    page = show(at=publish(tmp_path, replace(page_data, runs=many)))
    runs = page.get_by_role("table", name="Recent runs").get_by_role("row")
    expect(runs).to_have_count(13)
    page.get_by_role("button", name="Show all 30").click()
    expect(runs).to_have_count(31)


def test_quarantined_records_show_what_may_be_told(show: Show) -> None:
    section = show().get_by_role("region", name="Quarantined records")
    section.get_by_text("Record by record").click()
    records = section.get_by_role("table").nth(1).get_by_role("row")
    expect(records).to_have_count(6)
    expect(records.nth(3)).to_contain_text("WS-00412-M")
    expect(records.nth(3)).to_contain_text("price is twelve, which is no decimal number.")


def test_quarantine_is_grouped_by_reason_and_each_leads_to_the_records(show: Show) -> None:
    page = show()
    reasons = page.get_by_role("region", name="Quarantined records").get_by_role("table").first.get_by_role("row")
    expect(reasons.nth(1)).to_contain_text("price is …, which is no decimal number.")
    expect(reasons.nth(1)).to_contain_text("10")
    reasons.nth(1).get_by_role("link", name="10 quarantined records of de-DE").click()
    expect(page.get_by_role("heading", name="Quarantined", exact=True)).to_be_focused()
    expect(page.get_by_label("Scope")).to_have_value("de-DE")
    count(page, "10 of 11 records")
    expect(page.get_by_role("combobox", name="Reason")).to_have_value(
        "bad-value: price is …, which is no decimal number."
    )
    expect(page.get_by_role("combobox", name="Type")).to_be_hidden()
    expect(page.get_by_role("table", name="Quarantined").get_by_role("columnheader")).to_have_text(
        ["SKU", "Name", "Why"]
    )
    page.get_by_role("button", name="Show all synced products").click()
    expect(page.get_by_role("combobox", name="Type")).to_be_visible()
    expect(page.get_by_role("combobox", name="Reason")).to_be_hidden()
    count(page, "600 of 600 products")


def test_a_source_tells_its_last_pull_and_how_often_it_failed_in_a_row(show: Show) -> None:
    rows = show().get_by_role("table", name="Sources").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("demo · en-US")
    expect(rows.nth(1)).to_contain_text("654114.3 s0")
    expect(rows.nth(2)).to_contain_text("FailedThe shop gave no answer (connection refused).")
    expect(rows.nth(2).get_by_role("cell").last).to_have_text("3")


def test_a_service_that_is_behind_says_so_in_the_matrix_and_on_top(show: Show) -> None:
    page = show()
    cells = page.get_by_role("table", name="Scopes and services").locator(".fresh")
    expect(cells.first).to_contain_text("Fresh")
    expect(cells.nth(3)).to_contain_text("Behind")
    page.get_by_role("link", name="Catalog Service is behind in de-DE").click()
    expect(page.get_by_role("heading", name="Scopes and services")).to_be_focused()


def test_the_banner_leads_to_what_is_wrong(show: Show) -> None:
    page = show("#scope=ar-SA&tab=catalog-service")
    banner = page.get_by_role("region", name="Attention")
    expect(banner).to_have_text(
        "a decision is waiting: the removal of 731 products of de-DE from Recommendations is held; de-DE: the source "
        "demo could not be read (The shop gave no answer (connection refused)); de-DE: the delivery to Search failed "
        "(Search gave no answer (connection refused)); Catalog Service is behind in de-DE."
    )
    banner.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Holds")).to_be_in_viewport()
    banner.get_by_role("link").nth(2).click()
    expect(page.get_by_label("Scope")).to_have_value("de-DE")
    expect(page.get_by_role("tab", selected=True)).to_contain_text("Search")


def test_what_is_unexplained_is_red_and_on_top(show: Show, tmp_path: Path) -> None:
    page_data = plausible.site_pages({"en-US": 40}, calm=True)
    first, *others = page_data.totals[0].services
    damaged = replace(page_data.totals[0], services=(replace(first, unexplained=1), *others))
    page = show(at=publish(tmp_path, replace(page_data, totals=(damaged,))))
    expect(page.get_by_role("region", name="Attention")).to_have_text(
        "1 product of en-US is unexplained in Catalog Service."
    )
    number = page.get_by_role("table", name="How the numbers add up").locator(".unexplained")
    expect(number).to_have_text("1")
    expect(number).to_have_css("color", "rgb(165, 24, 43)")


def test_a_page_that_should_have_been_replaced_says_so_when_its_time_comes(show: Show, tmp_path: Path) -> None:
    page_data = replace(plausible.site_pages({"en-US": 40}, calm=True), stale_after=NOW + timedelta(minutes=32))
    page = show(at=publish(tmp_path, page_data))
    expect(page.get_by_role("region", name="Attention")).to_have_count(0)
    page.clock.fast_forward("00:40:00")
    expect(page.get_by_role("region", name="Attention")).to_contain_text(
        "this page is older than it should be: a newer one was expected"
    )


def test_a_page_without_anything_to_say_is_quiet(show: Show, tmp_path: Path) -> None:
    empty = replace(plausible.site_pages({"en-US": 40}, calm=True), runs=(), reasons=())
    page = show(at=publish(tmp_path, empty))
    for sentence in ("Nothing is held.", "No run is recorded yet.", "No record is quarantined."):
        expect(page.get_by_text(sentence)).to_be_visible()
    expect(page.get_by_role("region", name="Attention")).to_have_count(0)


# ── what must not break out ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", range(len(plausible.HOSTILE)))
def test_a_hostile_name_is_only_a_name(show: Show, number: int) -> None:
    page = show(f"#scope=en-US&tab=catalog-service&q=H-{number}")
    button = page.locator("tbody button").first
    expect(button).to_have_text(plausible.HOSTILE[number])
    button.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("pre")).to_contain_text("javascript:alert(1)")
    assert json.loads(dialog.locator("pre").evaluate("node => node.textContent"))["name"] == plausible.HOSTILE[number]
    assert dialog.locator("a:not([href^='https://'], [href^='#'])").count() == 0
    assert page.locator("img, iframe, body script:not([type]) ~ script").count() == 0
    assert page.title() == "Data Sync – Catalog Service – en-US"


def test_hostile_words_of_people_and_errors_stay_words(show: Show, tmp_path: Path) -> None:
    page_data = plausible.site_pages({"en-US": 40})
    evil = "</script><img src=x onerror=\"document.title='owned'\">\u2028'\"{{7*7}}"
    run = replace(page_data.runs[0], id=evil, reason=evil, asked_by=evil, errors=(evil,), outcome="failed")
    hold = replace(plausible.HOLD, id="a'; rm -rf ~; '", scope="en-US")
    record = replace(plausible.QUARANTINED[0], sku=evil, name=evil, sentence=evil)
    page = show(at=publish(tmp_path, replace(page_data, runs=(run,), holds=(hold,), quarantined=(record,))))
    expect(page.get_by_role("table", name="Recent runs").locator(".error")).to_have_text(evil)
    expect(page.locator(".command")).to_contain_text("--accept-shrink 'a'\\''; rm -rf ~; '\\'''")
    assert page.locator("img").count() == 0
    assert page.title() == "Data Sync – Overview"


def test_a_hostile_address_is_only_text(show: Show) -> None:
    page = show(
        "#scope=%3Cimg%20src%3Dx%3E&tab=search&q=%3C%2Fscript%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E&sku=..%2F..%2Fx"
    )
    expect(page.get_by_role("searchbox")).to_have_value("</script><img src=x onerror=alert(1)>")
    assert page.locator("img").count() == 0


def test_scripts_of_others_are_refused(show: Show) -> None:
    page = show(SEARCH)
    refused = "(make) => { try { new Function(make)(); return 'done' } catch (error) { return error.name } }"
    for make in ("document.body.innerHTML = '<b>'", "document.createElement('script').src = 'x.js'"):
        assert page.evaluate(refused.replace("new Function(make)()", make), make) == "TypeError"
