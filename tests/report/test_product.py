"""A product's page in a browser: where it is, why not, its translations, its history; and a visitor's whole path."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from datasync.figures.store_at import StoreAt, read_point
from datasync.report.facts import stories
from tests.line import Line, product, products
from tests.report import rich
from tests.report.rich import Rich

Call = Callable[..., Any]
Look = Callable[[str], Locator]


@pytest.fixture(scope="module")
def shop(built_rich: Rich, tmp_path_factory: pytest.TempPathFactory) -> Rich:
    return rich.copy(built_rich, tmp_path_factory.mktemp("rich"))


def address(shop: Rich, hash_: str) -> str:
    return f"{(shop.folder / 'var/site/index.html').as_uri()}#{hash_}"


@pytest.fixture
def look(shop: Rich, page: Page) -> Look:
    """Open a product's page by its address: scope, service, SKU."""

    def looked(hash_: str) -> Locator:
        page.goto("about:blank")
        page.goto(address(shop, hash_))
        return page.get_by_role("dialog")

    return looked


def items(dialog: Locator, region: str) -> Locator:
    return dialog.get_by_role("region", name=region).get_by_role("listitem")


# ── where it is ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_scope_and_service_tells_when_it_got_which_version(look: Look, shop: Rich) -> None:
    dialog = look("scope=en-US&tab=search&sku=0001")
    table = dialog.get_by_role("table", name="In every scope and service")
    expect(table.get_by_role("columnheader")).to_have_text(["Scope", "Catalog Service", "Search"])
    english, german = table.get_by_role("row").nth(1), table.get_by_role("row").nth(2)
    green = rich.data_file(shop, "en-US/story0")["0001"]["versions"][2]
    for cell in english.get_by_role("cell").all():
        expect(cell).to_contain_text("Stale")
        expect(cell).to_contain_text(green["hash"])
        expect(cell.get_by_role("time")).to_have_attribute("title", "2026-11-24 10:01:00 UTC")
    expect(german.get_by_role("cell").first).to_contain_text("Current")


def test_a_place_leads_to_the_product_there(look: Look, page: Page) -> None:
    dialog = look("scope=en-US&tab=search&sku=0004")
    dialog.get_by_role("row").filter(has_text="de-DE").get_by_role("link").first.click()
    expect(page.get_by_role("dialog", name="Sofa")).to_contain_text("Received by Catalog Service")
    expect(page.get_by_label("Scope", exact=True)).to_have_value("de-DE")


@pytest.mark.parametrize(
    ("sku", "sentence"),
    [
        ("0002", "Search – Excluded: The product isn't enabled (22 Nov 2026"),
        ("0006", "Search – Removed: no longer in the catalog (24 Nov 2026, 15:31"),
        ("0008", "Search – Missing: nothing is held yet"),
    ],
)
def test_why_not_here_is_a_sentence_for_each_service(look: Look, sku: str, sentence: str) -> None:
    dialog = look(f"scope=en-US&tab=search&sku={sku}")
    expect(items(dialog, "Why not here?").filter(has_text="Search")).to_contain_text(sentence)
    expect(dialog.locator("pre")).to_have_count(0)


def test_what_is_held_everywhere_needs_no_reason(look: Look) -> None:
    dialog = look("scope=en-US&tab=search&sku=0001")
    expect(dialog.get_by_role("region", name="History")).to_be_visible()
    expect(dialog.get_by_role("region", name="Why not here?")).to_have_count(0)


def test_a_sku_that_only_another_scope_has_leads_there(look: Look, page: Page) -> None:
    look("scope=de-DE&tab=search&sku=0007")
    note = page.get_by_role("alert")
    expect(note).to_have_text("Search does not hold the SKU 0007 in this scope. Other scopes have it: en-US")
    note.get_by_role("link", name="en-US").click()
    expect(page.get_by_role("dialog", name="Vase")).to_contain_text("Received by Search")


# ── translations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_colour_is_no_text_that_is_translated_unless_the_settings_say_so(look: Look) -> None:
    lines = items(look("scope=de-DE&tab=search&sku=0001"), "Translations")
    expect(lines.nth(0)).to_have_text("de-DE no text changed elsewhere since its own texts last changed")
    expect(lines.nth(1)).to_contain_text(
        "en-US stale: texts changed elsewhere after its own last did – de-DE: name, 24 Nov 2026, 01:31"
    )
    lines = items(look("scope=en-US&tab=search&sku=0007"), "Translations")
    expect(lines.nth(1)).to_have_text("de-DE missing: the catalog of this scope does not have it")


def place(scope: str, at: int | None, run: str = "", *, changed: bool = True, there: bool = True) -> dict[str, Any]:
    texts = [] if at is None else [{"at": at, "run": run, "fields": ["name"] if changed else []}]
    return {"scope": {"name": scope}, "isThere": there, "texts": texts}


@pytest.mark.parametrize(
    ("other", "is_stale"),
    [
        (place("de", 20, "b"), True),
        (place("de", 20, "a"), False),
        (place("de", 5, "b"), False),
        (place("de", 20, "b", changed=False), False),
        (place("de", 20, "b", there=False), False),
        (place("de", None, ""), False),
    ],
    ids=["changed later", "changed later in the same run", "changed before", "only added later", "gone", "unchanged"],
)
def test_a_translation_is_stale_when_another_scopes_texts_changed_after_its_own(
    call: Call, other: dict[str, Any], is_stale: bool
) -> None:
    mine = place("en", 10, "a")
    assert bool(call("places.laterThan", mine, [mine, other])) == is_stale
    never = place("en", None, "")
    assert not call("places.laterThan", other, [other, never])


# ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_version_tells_what_changed_and_when_each_service_got_it(look: Look) -> None:
    entries = look("scope=en-US&tab=search&sku=0001").locator(".history > li")
    expect(entries).to_have_count(4)
    expect(entries.nth(0)).to_contain_text("Search has not received it")
    changed = entries.nth(1).get_by_role("row").nth(1)
    expect(changed).to_have_text("attributes.colorbluegreen")
    expect(entries.nth(1)).to_contain_text("Catalog Service received 24 Nov 2026, 15:31")
    expect(entries.nth(3)).to_contain_text("Added")


def test_a_resync_a_refusal_and_a_quarantine_are_part_of_the_history(look: Look) -> None:
    again = look("scope=en-US&tab=search&sku=0005").locator(".history > li")
    expect(again.last).to_contain_text("received again")
    refused = look("scope=en-US&tab=search&sku=0003").locator(".history > li")
    expect(refused.first).to_contain_text("Search rejected 22 Nov 2026")
    expect(refused.first).to_contain_text("categories")
    broken = look("scope=en-US&tab=search&sku=0004").locator(".history > li")
    expect(broken.first).to_contain_text("Quarantined; its last valid version stays")
    expect(broken.first).to_contain_text("unknown-status")


def test_only_products_that_changed_have_a_story(shop: Rich) -> None:
    router = rich.data_file(shop, "de-DE/stories0")
    assert router["services"] == ["catalog-service", "search"]
    assert set(rich.data_file(shop, "de-DE/story0")) == {"0001", "0005"}


def test_stories_lie_in_files_of_bounded_size_in_the_order_of_skus(tmp_path: Path, call: Call) -> None:
    line = Line(tmp_path)
    skus = [f"p{number:04d}" for number in range(300)] + ["\U0001f600", "\uff21", "Ä", "__proto__"]
    line.sync(products(*skus))
    line.sync([product(sku, "Another name", url="https://shop.example/a") for sku in skus])
    at = read_point(line.con, line.store, line.settings, line.now.replace(hour=1))
    made = stories.data_files(StoreAt(line.con, line.store, line.settings, at), {})
    files = {(kind, number): text for _, kind, number, text in made}
    firsts = json.loads(files.pop(("stories", 0)))["firsts"]
    assert len(firsts) == len(files) > 3
    assert max(map(len, files.values())) < stories.BYTES + 2_000
    found = {sku: n for n, text in enumerate(files.values()) for sku in json.loads(text)}
    assert list(found) == sorted(skus)
    assert {sku: call("story.fileOf", firsts, sku) for sku in skus} == found
    assert call("story.fileOf", firsts, "") == -1


def test_only_what_was_told_since_the_base_is_written_and_the_rest_is_found_there(tmp_path: Path, page: Page) -> None:
    shop = Rich(tmp_path, rich.SETTINGS.replace("  de-DE", "  # de-DE"))
    rows = [rich.product(f"{number:04d}", "Lamp") for number in range(40)]
    for hour, changed in ((9, []), (10, [3, 4]), (11, [4, 5])):
        shop.at(24, hour)
        for number in changed:
            rows[number] = rich.product(f"{number:04d}", f"Lamp of {hour}")
        shop.exported("en", rows)
        shop.synced()
        if hour > 9:
            assert shop.run("publish").code == 0
    old, new = sorted((shop.folder / "var/site/data").iterdir())
    assert rich.data_file(shop, "en-US/stories0", new.name)["base"] == old.name
    assert set(rich.data_file(shop, "en-US/story0", old.name)) == {"0003", "0004"}
    assert set(rich.data_file(shop, "en-US/story0", new.name)) == {"0004", "0005"}
    for sku, names in {"0003": ["Lamp of 10"], "0004": ["Lamp of 11", "Lamp of 10"], "0005": ["Lamp of 11"]}.items():
        page.goto("about:blank")
        page.goto(address(shop, f"scope=en-US&tab=search&sku={sku}"))
        expect(page.locator(".history ins")).to_have_text(names)
    page.goto(address(shop, "scope=en-US&tab=search&sku=0009"))
    expect(page.get_by_role("region", name="History")).to_contain_text("One version, unchanged")


def test_fields_are_compared_one_by_one(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.sync([product("a", "Lamp", price="9.50", modified="red"), product("b", "Chair", url="https://shop.example/b")])
    line.sync([product("a", "Lamp", price="8.50", modified='["red", "blue"]'), product("b", "Chair")])
    line.sync([product("a", "Lamp", price="8.50"), product("b", "Chair")])
    line.sync([product("a", "Lamp", price="8.50")])
    line.sync([product("a", "Lamp", price="8.50"), product("b", "Stool")])
    at = read_point(line.con, line.store, line.settings, line.now.replace(hour=1))
    made = stories.data_files(StoreAt(line.con, line.store, line.settings, at), {})
    found = json.loads(next(text for _, kind, _, text in made if kind == "story"))
    told = {sku: [(one["change"], one["changes"]) for one in story["versions"]] for sku, story in found.items()}
    assert told == {
        "a": [
            ("added", None),
            ("updated", [changed("attributes.modified", "red", "red, blue"), changed("price", "9.50", "8.50")]),
            ("updated", [changed("attributes.modified", "red, blue", None)]),
        ],
        "b": [
            ("added", None),
            ("updated", [changed("url", "https://shop.example/b", None)]),
            ("removed", None),
            ("added", [changed("name", "Chair", "Stool")]),
        ],
    }


def changed(field: str, before: str | None, after: str | None) -> dict[str, str | None]:
    return {"field": field, "before": before, "after": after}


# ── a visitor ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_visitor_finds_why_a_product_is_missing_and_sends_the_link(
    shop: Rich, page: Page, context: BrowserContext
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address(shop, "").removesuffix("#"))
    page.get_by_label("Scope", exact=True).select_option("en-US")
    page.get_by_role("tab", name="Search").click()
    expect(page.get_by_role("tab", name="Search")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("0002")
    absent = page.get_by_role("region", name="Not in Search")
    expect(absent.get_by_role("listitem")).to_have_count(1)  # what 000 found is gone
    expect(absent).to_contain_text("Excluded The product isn't enabled")
    absent.get_by_role("button", name="0002").press("Enter")
    dialog = page.get_by_role("dialog", name="Chair")
    expect(items(dialog, "Why not here?")).to_contain_text("Search – Excluded: The product isn't enabled")
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_role("status").first).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")

    colleague = context.new_page()
    colleague.goto(link)
    dialog = colleague.get_by_role("dialog", name="Chair")
    expect(items(dialog, "Why not here?")).to_contain_text("Search – Excluded: The product isn't enabled")
    dialog.get_by_role("button", name="Close").click()
    expect(colleague.get_by_role("searchbox")).to_have_value("0002")
