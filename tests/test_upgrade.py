"""A store as an older version wrote it (older_store, by its own `datasync sync`): it is read, and nothing is due."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery import compare
from tests.shop import Shop
from tests.views import view

OLDER = Path(__file__).parent / "older_store"
SAME = {"A1": "12.50", "A2": "7.00", "A3": "0.1234", "A4": "99999999999999.9999", "A5": None}
NARROWED = {"A6": "0.00", "A7": "12.3457"}  # 0.00004 and 12.3456789 at the source


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shutil.copytree(OLDER, tmp_path, dirs_exist_ok=True)
    return Shop(tmp_path, (OLDER / "datasync.yaml").read_text(encoding="utf-8"))


def held(shop: Shop) -> dict[str, tuple[str | None, str]]:
    """The price in what the service holds of each product, and the version."""
    with shop.connected() as (con, line):
        view(con, "feed", compare.held_products(line.store, "en-US", "search"))
        rows = con.execute("SELECT sku, to_json(payload(f, 'en-US')), hash FROM feed AS f ORDER BY sku").fetchall()
    return {sku: (json.loads(payload)["price"], version) for sku, payload, version in rows}


def figures(shop: Shop) -> Any:
    (scope,) = shop.json("status")["scopes"]
    return scope


def test_the_figures_of_an_older_store_add_up_and_nothing_is_due(shop: Shop) -> None:
    scope = figures(shop)
    service = scope["services"][0]
    assert {name: service[name] for name in ("current", "due", "removals_due", "unexplained")} == {
        "current": 7, "due": 0, "removals_due": 0, "unexplained": 0,
    }  # fmt: skip
    last = scope["last_pull"]
    assert [last[name] for name in ("records", "valid", "quarantined", "blank", "outdated")] == [8, 7, 1, 0, 0]
    assert {sku: price for sku, (price, _) in held(shop).items()} == SAME | NARROWED
    assert shop.run("publish").code == 0


def test_the_same_file_pulled_again_updates_nothing_but_prices_that_had_been_narrowed(shop: Shop) -> None:
    before = held(shop)
    told = shop.run("sync")
    assert (told.code, "en-US catalog: 2 updated, 7 products." in told.errors) == (0, True), told.err
    after = held(shop)
    assert {sku: price for sku, (price, _) in after.items()} == SAME | {"A6": "0.00004", "A7": "12.3456789"}
    assert {sku for sku in after if after[sku] != before[sku]} == {"A6", "A7"}
    again = shop.run("sync")
    assert "en-US catalog: 7 products." in again.errors
    assert figures(shop)["services"][0]["due"] == 0


def test_a_new_rule_of_the_hash_makes_nothing_of_an_older_store_due(shop: Shop) -> None:
    """With a volatile field every stored content is hashed anew, with prices of the older type."""
    text = shop.settings.read_text(encoding="utf-8")
    shop.settings.write_text(text.replace("attributes: [color]", "attributes: [color], volatile: [color]"))
    told = shop.run("sync")
    assert "en-US catalog: 2 updated, 7 products." in told.errors, told.err


@pytest.mark.parametrize("off", [timedelta(days=-500), timedelta(seconds=-1), timedelta(0), timedelta(days=500)])
def test_pulls_come_after_those_of_an_older_store_whatever_the_clock_says(shop: Shop, off: timedelta) -> None:
    """Older pulls have no ticket and come first; a worker that is behind their times is no less heard."""
    shop.now += off
    records = [f"A{number},Renamed,1,red," for number in range(1, 8)]
    for name in ("Renamed", "Once more"):
        rows = "\n".join(["sku,name,price,color,updated_at", *records]).replace("Renamed", name)
        (shop.folder / "products.csv").write_text(rows + "\n", encoding="utf-8")
        assert "en-US catalog: 7 updated, 7 products." in shop.run("sync").errors
        service = figures(shop)["services"][0]
        assert (service["current"], service["due"], service["unexplained"]) == (7, 0, 0)
    assert shop.run("tidy").code == 0
