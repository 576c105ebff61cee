"""The embedded service: what it rejects, what it holds, and the file it can write of that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery import compare
from datasync.delivery.services.feed import Feed
from tests.line import SCOPE, Line, product, products
from tests.views import view


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path, feed={})


def _feed(line: Line) -> dict[str, tuple[Any, ...]]:
    view(line.con, "feed", compare.held_products(line.store, SCOPE, "feed"))
    return {sku: tuple(row) for sku, *row in line.con.execute("SELECT sku, name, received_as FROM feed").fetchall()}


def test_a_payload_of_just_max_bytes_is_taken_and_one_byte_more_is_rejected(line: Line) -> None:
    line.read(products("a"))
    size = line.catalog()["a"]["bytes"]
    line.change("feed", max_bytes=size)
    line.sync([product("a"), product("b", "A longer name")])
    assert line.outcomes() == {"a": "received", "b": "rejected"}
    assert line.receipts()["b"]["words"] == f"The payload has {size + 7:,} bytes; at most {size:,} are taken"


def test_bytes_are_counted_and_not_letters(line: Line) -> None:
    line.read([product("a", "aa"), product("b", "あ")])
    size = {sku: row["bytes"] for sku, row in line.catalog().items()}
    assert size["b"] - size["a"] == 1


@pytest.mark.parametrize("url", [None, "", " "])
def test_a_product_that_lacks_a_required_column_is_rejected_in_words_that_name_it(line: Line, url: str | None) -> None:
    line.change("feed", required=["url", "price", "categories"])
    line.sync([product("a", url=url, price="1")])
    assert line.outcomes() == {"a": "rejected"}
    assert line.receipts()["a"]["words"] == "Required and missing: url, categories"


def test_a_product_that_has_all_required_columns_is_taken(line: Line) -> None:
    line.change("feed", required=["url", "price", "visible_in"])
    line.sync([product("a", url="https://shop.example/a", price="0")])
    assert line.outcomes() == {"a": "received"}
    assert line.receipts()["a"]["words"] is None


def test_a_removal_is_never_rejected(line: Line) -> None:
    line.sync(products("a", "b"))
    line.change("feed", required=["url"])
    line.sync(products("a"))
    assert line.outcomes()["b"] == "removed"


def test_its_receipt_is_the_answer(line: Line) -> None:
    line.sync(products("a"))
    row = line.receipts()["a"]
    assert row["received_at"] == row["at"]
    assert Feed.receipt_is_delivery


def test_it_holds_every_product_in_the_version_it_received(line: Line) -> None:
    line.sync([product("a"), product("b"), product("c"), product("d")])
    line.change("feed", required=["url"])
    line.sync([product("a"), product("b", "Newer", url="https://shop.example/b"), product("c", "Rejected")])
    assert _feed(line) == {"a": ("A name", "added"), "b": ("Newer", "updated"), "c": ("A name", "added")}


def test_an_older_version_that_is_held_is_found_however_often_the_catalog_changed_since(line: Line) -> None:
    line.sync(products("a", "b"))
    line.change("feed", required=["url"])
    for name in ("Second", "Third"):
        line.sync([product("a", name), product("b")])
    line.log().checkpoint(line.con)
    line.sync([product("a", "Fourth"), product("b")])
    assert _feed(line) == {"a": ("A name", "added"), "b": ("A name", "added")}


# ── the export ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_export_has_the_payload_of_every_product_held_in_the_order_of_skus(line: Line) -> None:
    line.change("feed", export=str(line.folder / "out" / "{service}-{scope}.jsonl"))
    line.sync([product("b", price="2.50"), product("a", "Ünïcode 'n\" quotes"), product("gone"), product("00123")])
    line.sync([product("b", price="2.50"), product("a", "Ünïcode 'n\" quotes"), product("00123")])
    lines = (line.folder / "out" / "feed-en.jsonl").read_text(encoding="utf-8").splitlines()
    payloads = [json.loads(text) for text in lines]
    assert [one["sku"] for one in payloads] == ["00123", "a", "b"]
    assert payloads[1]["name"] == "Ünïcode 'n\" quotes"
    assert payloads[2]["price"] == "2.50"
    assert {one["scope"] for one in payloads} == {"en"}


def test_the_export_can_be_parquet(line: Line) -> None:
    line.change("feed", export=str(line.folder / "{scope}.parquet"))
    line.sync(products("a", "b"))
    found = line.con.execute(f"SELECT sku, scope FROM '{line.folder}/en.parquet'").fetchall()
    assert found == [("a", "en"), ("b", "en")]


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_the_export_of_the_same_products_is_the_same_byte_for_byte(line: Line, ending: str) -> None:
    line.change("feed", export=str(line.folder / f"out.{ending}"))
    line.sync(products("b", "a"))
    before = (line.folder / f"out.{ending}").read_bytes()
    line.mark(request="again")
    line.transfer(run="again")
    assert (line.folder / f"out.{ending}").read_bytes() == before
    assert [path.name for path in line.folder.glob("*out*")] == [f"out.{ending}"]
