"""A repaired store: what was repaired, when and by whom stands in `why`, `check`, `status` and on the page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.report.conftest import settled
from tests.shop import SERVICES, CommandOutput, Shop

SETTINGS = (
    """
sources:
  exports: {kind: files}
scopes:
  en-US: {source: exports, path: "en/*.csv", attributes: [color]}
  de-DE: {source: exports, path: "de/*.csv", snapshot: partial, attributes: [color]}
"""
    + SERVICES
)
BEFORE = "2026-11-24T03:02:30Z"


def change(shop: Shop, name: str, *skus: str) -> None:
    (shop.folder / "de").mkdir(exist_ok=True)
    rows = "".join(f"{sku},{name} {sku},enabled,fruit,red\n" for sku in skus)
    (shop.folder / f"de/{name}.csv").write_text(f"sku,name,status,categories,color\n{rows}")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two scopes: of one, a receipt was lost; of the other, what two files of changes said, one of which went since."""
    shop = Shop(tmp_path_factory.mktemp("repaired"), SETTINGS)
    for number, words in enumerate(("Apple", "Pear", "Plum")):
        shop.sells(*((f"A-{n}", f"{words} {n}", "enabled", "fruit", "red") for n in range(3)))
        change(shop, words, f"B-{number}", f"B-{number + 1}")
        assert shop.run("sync").code == 0
    store = shop.folder / "var/store"
    (store / "receipts/service=search/scope=en-US/00000002.parquet").unlink()
    (store / "catalog/scope=de-DE/00000002.parquet").write_bytes(b"")
    (second,) = (path for path in (store / "snapshots/scope=de-DE").glob("*T0302*.parquet"))
    second.write_bytes(b"")
    (shop.folder / "de/Apple.csv").unlink()
    assert shop.run("repair", "--yes").code == 0
    shop.sells(*((f"A-{n}", f"Cherry {n}", "enabled", "fruit", "red") for n in range(3)))
    assert shop.run("sync").code == 0  # every log has entries after the repair, which tell of it too
    assert shop.run("publish").code == 0
    return shop


@pytest.fixture
def look(shop: Shop, page: Page) -> Callable[[str], Page]:
    def looked(hash_: str = "") -> Page:
        page.goto((shop.folder / "var/site/index.html").as_uri() + hash_)
        return settled(page)

    return looked


def test_the_overview_lists_each_repair_and_says_how_many_products_are_not_verified(
    look: Callable[[str], Page],
) -> None:
    page = look("#tab=overview")
    repairs = page.get_by_role("region", name="Repairs of the store")
    rows = repairs.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="de-DE · catalog")).to_contain_text("2 files")
    expect(rows.filter(has_text="en-US · search")).to_contain_text("what is left of them is what it holds")
    expect(repairs).to_contain_text("de-DE: 1 product is not verified since the repair")
    expect(page.get_by_role("region", name="Recent runs").get_by_role("cell", name="repair", exact=True)).to_have_count(
        1
    )
    expect(page.locator(".banner")).to_contain_text("1 product of de-DE is not verified since the repair")


def test_the_history_of_a_product_says_what_was_repaired(look: Callable[[str], Page]) -> None:
    history = look("#scope=en-US&tab=search&sku=A-1").get_by_role("dialog").get_by_role("region", name="History")
    expect(history).to_contain_text("The receipts of search were repaired")
    expect(history).to_contain_text("receipts were lost; what is left of them is what it holds")


def test_why_says_what_was_repaired_and_that_a_product_is_not_verified(shop: Shop) -> None:
    doubted, read, told = (shop.run("why", sku) for sku in ("B-0", "B-2", "A-1"))
    assert any("Not verified since the repair of 2026-11-24" in line for line in doubted.lines)
    assert "Not verified" not in read.out
    assert any("search repaired by " in line and "receipts were lost" in line for line in told.lines)
    history = told.lines[told.lines.index("  history:") + 1 :]
    assert any("search repaired by " in line for line in history)


def test_check_and_status_say_what_was_repaired(shop: Shop) -> None:
    checked = shop.run("check")
    assert checked.code == 0
    notes = [line for line in checked.lines if line.startswith("note")]
    assert any("The receipts of search in en-US lost 1 file, and " in line for line in notes)
    assert any("The catalog of de-DE lost 2 files, and " in line for line in notes)
    assert any("scopes.de-DE: Not verified since the repair at " in line and "(B-0)" in line for line in notes)
    figures = shop.json("status")
    assert {(one["scope"], one["service"]) for one in figures["repairs"]} == {("de-DE", None), ("en-US", "search")}
    assert {one["run"] for one in figures["repairs"]} == {
        one for one in figures["repairs"][0].values() if "repair-" in str(one)
    }
    assert [(one["scope"], one["products"], one["shown"]) for one in figures["unverified"]] == [("de-DE", 1, ["B-0"])]
    assert any("Not verified since" in line for line in shop.run("status").lines)
    assert any("de-DE: Not verified since" in line for line in shop.run("repair").lines)


@pytest.mark.parametrize("command", ["status", "publish"])
def test_figures_of_a_moment_before_a_repair_are_refused(shop: Shop, command: str) -> None:
    told: CommandOutput = shop.run(command, "--as-of", BEFORE)
    assert (told.code, told.out) == (4, "")
    assert "repaired it at 2026-11-24T03:" in told.err
    assert "Ask for a moment after the repair" in told.err
    after = shop.run(command, "--as-of", f"{shop.now:%Y-%m-%dT%H:%M:%SZ}")
    assert after.code == 0, after.err
