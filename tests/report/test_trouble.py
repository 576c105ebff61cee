"""A shop in trouble, pulled and published by the line itself: every sentence of its page is so.

One scope is held, one source failed, one was never read, some records are unusable, a resync was forced.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.report import rich
from tests.report.conftest import settled
from tests.report.rich import Rich

SETTINGS = """
schedule: "0 * * * *"
fresh_within: 1d
link: https://reports.example/data-sync/
guard: {percent: 30, products: 1}
translations: {fields: [material]}
sources:
  drop: {kind: files}
scopes:
  en-US: {source: drop, path: "en/*.csv", attributes: [color, material]}
  de-DE: {source: drop, path: "de/*.csv", attributes: [color, material]}
  fr-FR: {source: drop, path: "fr/*.csv", attributes: [color, material]}
  ar-SA: {source: drop, path: "ar/*.csv", attributes: [color, material]}
  ja-JP: {source: drop, path: "ja/*.csv"}
services:
  catalog-service: {label: Catalog Service}
  search:
    label: Search
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
"""
FIELDS = "sku,name,status,description,color,material,price"


class Troubled(Rich):
    def export(self, scope: str, rows: list[str]) -> None:
        (self.folder / scope).mkdir(exist_ok=True)
        (self.folder / scope / "products.csv").write_text("\n".join([FIELDS, *rows, ""]), encoding="utf-8")


def rows(words: str, **changes: str) -> list[str]:
    """Ten products of a scope; ``changes`` replace whole rows by their number, as in ``p3="..."``."""
    plain = {f"p{n}": f"P-{n:02},{words} {n},enabled,{words} text,red,wool,9.90" for n in range(10)}
    return list({**plain, **changes}.values())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Troubled:
    shop = Troubled(tmp_path_factory.mktemp("trouble"), SETTINGS)
    unusable = ["BAD-1,Words for a price,enabled,,red,wool,five"]
    shop.at(24, 9)
    for scope, words in (("en", "Jacket"), ("de", "Jacke"), ("fr", "Veste"), ("ar", "سترة")):
        off = f"P-09,{words} 9,disabled,{words} text,red,wool,9.90"
        shop.export(scope, [*rows(words, p9=off), *(unusable if scope == "en" else [])])
    shop.run("sync")
    shop.at(24, 10)
    shop.export("de", rows("Jacke")[:3])
    (shop.folder / "fr/products.csv").unlink()
    shop.run("sync")
    shop.at(24, 11)
    told = shop.run(
        "resync", "--scope", "en-US", "--service", "search", "--sku=P-01", "--sku=P-02",
        "--force", "--reason", "Prices looked wrong", "--yes",
    )  # fmt: skip
    assert told.code == 0, told.err
    shop.at(24, 12)
    assert shop.run("publish").code == 0
    return shop


@pytest.fixture
def look(shop: Troubled, page: Page) -> Callable[[str], Page]:
    def looked(hash_: str = "") -> Page:
        page.goto("about:blank")
        page.goto(f"{(shop.folder / 'var/site/index.html').as_uri()}{hash_}")
        return settled(page)

    return looked


def row(page: Page, section: str, *words: str) -> Locator:
    rows = page.locator(f"#{section}").get_by_role("row")
    for word in words:
        rows = rows.filter(has_text=word)
    return rows.first


def test_the_banner_names_causes_and_only_the_scopes_they_struck(look: Callable[..., Page]) -> None:
    banner = look().get_by_role("region", name="Attention")
    expect(banner).to_contain_text(
        "decision is waiting: the removal of 7 products of de-DE is held; fr-FR, ja-JP: the source"
    )
    expect(banner).to_contain_text("fr-FR, ja-JP: the source drop could not be read (no file matches “…”)")
    for innocent in ("en-US", "ar-SA", "Search", "Catalog Service"):
        expect(banner).not_to_contain_text(innocent)


def test_failed_stands_with_its_reason_and_nothing_is_green_beside_it(look: Callable[..., Page]) -> None:
    page = look()
    failed = page.locator("#matrix tbody").filter(has_text="fr-FR")
    expect(failed.get_by_role("row").first).to_contain_text(
        "The source could not be read: scopes.fr-FR.path: no file matches"
    )
    for service in ("Catalog Service", "Search"):
        line = failed.get_by_role("row").filter(has_text=service)
        expect(line).to_contain_text("Failed")
        expect(line).to_contain_text("The source could not be read")
        expect(line).to_contain_text("Last try failed")
        expect(line.locator(".fresh.late")).to_have_count(1)
    well = page.locator("#matrix tbody").filter(has_text="ar-SA")
    expect(well.get_by_text("Fresh", exact=True)).to_have_count(2)
    card = look("#scope=fr-FR&tab=search").locator("section[aria-labelledby=latest]")
    expect(card).to_contain_text("Failed")
    expect(card).to_contain_text("The source could not be read: scopes.fr-FR.path: no file matches")


@pytest.mark.parametrize("query", ["P-09", "p-09", "Jacket 9"])
def test_a_search_for_what_the_service_does_not_hold_answers_under_the_box(
    look: Callable[..., Page], query: str
) -> None:
    page = look("#scope=en-US&tab=search")
    page.locator("#q").fill(query)
    page.clock.run_for(500)
    answer = page.get_by_role("region", name="Not in Search (1)")
    expect(answer).to_contain_text("Excluded The product is disabled")
    expect(answer).to_be_in_viewport(ratio=1)
    box, table = page.locator("#q").bounding_box(), page.locator(".products .scroll").bounding_box()
    place = answer.bounding_box()
    assert box and table and place and box["y"] < place["y"] < table["y"]


def test_a_quarantined_sku_that_never_was_valid_says_so(look: Callable[..., Page]) -> None:
    history = look("#scope=en-US&tab=search&sku=BAD-1").get_by_role("dialog").get_by_role("region", name="History")
    expect(history).to_contain_text("no valid version of it was ever read in the kept history")
    expect(history).not_to_contain_text("One version")
    expect(history).not_to_contain_text("its last valid version stays")


def test_a_forced_resync_stands_in_the_history_and_in_recent_runs(look: Callable[..., Page], shop: Troubled) -> None:
    (run,) = (path.stem for path in (shop.folder / "var/store/runs").rglob("resync-*.json"))
    line = look("#scope=en-US&tab=search&sku=P-01").get_by_role("dialog").get_by_role("region", name="History")
    search = line.get_by_role("listitem").filter(has_text="Search").last
    expect(search).to_contain_text("is to get it again, marked")
    expect(search).to_contain_text("received again")
    expect(search).to_contain_text(f"by run {run}")
    recent = row(look(), "runs", run)
    for words in ("to Search", "2 SKUs: P-01, P-02", "forced", "Prices looked wrong"):
        expect(recent).to_contain_text(words)
    expect(row(look(), "sources", "en-US")).to_contain_text("asked for single SKUs")
    assert row(look(), "sources", "en-US").get_by_role("cell").nth(3).inner_text() == "1"


def test_a_link_to_send_begins_with_the_settings_link(look: Callable[..., Page], context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = look("#scope=en-US&tab=search&sku=P-01")
    page.get_by_role("dialog").get_by_role("button", name="Copy link").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "https://reports.example/data-sync/#scope=en-US&tab=search&sku=P-01"


# ── translations ──────────────────────────────────────────────────────────────────────────────────────────────────────

KINDS = {
    "the price in English alone": ({"price": "5.00"}, {}, None),
    "a colour everywhere, no text": ({"color": "blue"}, {"color": "blau"}, None),
    "the name in English alone": ({"name": "New name"}, {}, "name"),
    "an English text, and a price everywhere": (
        {"description": "New", "price": "1.00"},
        {"price": "1.00"},
        "description",
    ),
    "a text that the settings name": ({"material": "silk"}, {}, "material"),
    "texts in both languages at once": ({"name": "New name"}, {"name": "Neuer Name"}, None),
}
TEXT = {
    "name": "Jacket",
    "status": "enabled",
    "description": "Text",
    "color": "red",
    "material": "wool",
    "price": "9.90",
}


@pytest.fixture(scope="module")
def translated(tmp_path_factory: pytest.TempPathFactory) -> Troubled:
    """Three SKUs of each kind of change: what was done to them stands in KINDS."""
    shop = Troubled(tmp_path_factory.mktemp("translated"), SETTINGS)
    skus = {f"{kind}-{n}": kind for kind in map(str, range(len(KINDS))) for n in range(3)}
    changes = {str(number): change for number, change in enumerate(KINDS.values())}

    def export(place: int) -> None:
        for at, scope in enumerate(("en", "de")):
            texts = {sku: {**TEXT, **(changes[kind][at] if place else {})} for sku, kind in skus.items()}
            shop.export(scope, [",".join([sku, *fields.values()]) for sku, fields in texts.items()])

    shop.settings.write_text(
        SETTINGS[: SETTINGS.index("  fr-FR")] + SETTINGS[SETTINGS.index("services:") :], encoding="utf-8"
    )
    shop.at(24, 9)
    export(0)
    assert shop.run("sync").code == 0
    shop.at(24, 10)
    export(1)
    assert shop.run("sync").code == 0
    assert shop.run("publish").code == 0
    return shop


@pytest.mark.parametrize("number", range(len(KINDS)), ids=list(KINDS))
def test_a_translation_is_stale_by_its_text_alone(translated: Troubled, page: Page, number: int) -> None:
    *_, field = list(KINDS.values())[number]
    index: Path = translated.folder / "var/site/index.html"
    for place in range(3):
        page.goto("about:blank")
        page.goto(f"{index.as_uri()}#scope=de-DE&tab=search&sku={number}-{place}")
        lines = page.get_by_role("dialog").get_by_role("region", name="Translations").get_by_role("listitem")
        if field is None:
            expect(lines.first).to_have_text("de-DE no text changed elsewhere since its own texts last changed")
        else:
            expect(lines.first).to_contain_text(
                f"de-DE stale: texts changed elsewhere after its own last did – en-US: {field}, 24 Nov"
            )
        expect(lines.nth(1)).to_have_text("en-US no text changed elsewhere since its own texts last changed")


def test_the_story_of_a_resent_product_stays_small(shop: Troubled) -> None:
    """Only what was told of again has a story: no other product's file grows with a resync."""
    stories = rich.data_file(shop, "en-US/story0")
    assert set(stories) == {"P-01", "P-02", "BAD-1"}
