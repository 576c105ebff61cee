"""``where:`` on a scope: records that it does not take are counted, and in a partial pull their products are gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.shop import SERVICES, CommandOutput, Shop

FILES = (
    """
sources: {exports: {kind: files}}
scopes:
  en-US: {source: exports, path: "p*.csv", where: "STORE", snapshot: complete}
"""
    + SERVICES
)
ROWS = "sku,store,name,price\nMB01,,Bag,34.00\nMB01,de,Tasche,\nMB01,fr,Sac,\nMB02,,Belt,5.00\nMB03,?,,no price\n"


def files_shop(folder: Path, condition: str, snapshot: str = "complete") -> Shop:
    settings = FILES.replace("STORE", condition).replace("snapshot: complete", f"snapshot: {snapshot}")
    return Shop(folder, settings)


def products(shop: Shop) -> dict[str, tuple[str, str]]:
    """What the catalog has now, by ``status``'s own fold: name and price of each product."""
    found: dict[str, tuple[str, str]] = {}
    for entry in sorted((shop.folder / "var/store/catalog").rglob("0*.parquet")):
        for row in pq.read_table(entry).to_pylist():
            found.pop(row["sku"], None)
            if row["hash"]:
                found[row["sku"]] = (row["name"], f"{row['price'].normalize():f}" if row["price"] else "None")
    return found


def last_pull(shop: Shop) -> dict[str, int]:
    (scope,) = shop.json("status")["scopes"]
    pulled = scope["last_pull"]
    terms = ("records", "valid", "quarantined", "repeated", "blank", "filtered", "outdated")
    return {term: pulled[term] for term in terms if pulled[term]}


def test_rows_that_the_condition_is_not_true_for_are_no_products_and_no_quarantine(tmp_path: Path) -> None:
    shop = files_shop(tmp_path, "coalesce(store, '') = ''")
    (tmp_path / "p.csv").write_text(ROWS, encoding="utf-8")
    assert shop.run("sync").code == 0
    assert products(shop) == {"MB01": ("Bag", "34"), "MB02": ("Belt", "5")}
    assert last_pull(shop) == {"records": 5, "valid": 2, "filtered": 3}


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("store = 'de'", {"Tasche"}),
        ("store <> 'de'", {"Sac"}),  # NULL is not TRUE
        ("try_cast(price as double) > 10", {"Bag"}),
        ("cast(price as double) > 10", {"Bag"}),  # what fails is not TRUE either
    ],
)
def test_null_and_what_fails_are_not_true(tmp_path: Path, condition: str, names: set[str]) -> None:
    shop = files_shop(tmp_path, condition)
    (tmp_path / "p.csv").write_text(ROWS.replace("MB03,?,,no price\n", ""), encoding="utf-8")
    shop.run("sync")
    assert {name for name, _ in products(shop).values()} == names


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("stroe = 'de'", "no record has the field 'stroe', which where needs."),
        ("store", "it gives text, where true or false is wanted"),
        ("store = (select 1)", "it holds a subquery"),
        ("random() > 0.5", "random is no function that gives one value"),
    ],
)
def test_a_condition_that_cannot_be_used_is_named(tmp_path: Path, condition: str, sentence: str) -> None:
    shop = files_shop(tmp_path, condition)
    (tmp_path / "p.csv").write_text(ROWS, encoding="utf-8")
    for command in ("check", "sync"):
        told = shop.run(command)
        assert told.code == 2
        assert sentence in told.out + told.err


def test_a_changed_condition_reads_the_scope_whole_and_takes_the_others_away(tmp_path: Path) -> None:
    shop = files_shop(tmp_path, "store is null")
    (tmp_path / "p.csv").write_text(ROWS, encoding="utf-8")
    shop.run("sync")
    shop.settings.write_text(shop.settings.read_text(encoding="utf-8").replace("store is null", "store = 'fr'"))
    shop.run("sync")
    assert products(shop) == {"MB01": ("Sac", "None")}


@pytest.mark.parametrize("others", [0, 100])  # a pull keeps what it read as it is, or the products alone
def test_why_says_that_the_condition_leaves_a_product_out(tmp_path: Path, others: int) -> None:
    shop = files_shop(tmp_path, "store = 'web'")
    rows = "".join(f"P{number},web,name,1\n" for number in range(others))
    (tmp_path / "p.csv").write_text(f"sku,store,name,price\nA,outlet,a,1\nB,web,b,1\n{rows}", encoding="utf-8")
    shop.run("sync")
    left_out = (
        "  At the source, but not of this scope: its `where:` leaves out the record that the last pull (complete, "
    )
    assert any(line.startswith(left_out) for line in shop.run("why", "A").lines)
    assert "  At the source: the last pull (complete" in shop.run("why", "B").out
    assert shop.run("why", "C").lines[0].startswith("C is unknown")
    assert sorted(products(shop)) == sorted(["B", *(f"P{number}" for number in range(others))])
    assert shop.run("check", "--store").code == 0


class Erp(Shop):
    """60 products in a SQLite table, read in part; whatever is changed carries the time of the next command."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            """
sources: {erp: {kind: sql, url: "sqlite:///erp.db", lookback: 1s}}
scopes: {en-US: {source: erp, table: product, cursor: changed, where: "shop = 'web'"}}
"""
            + SERVICES,
        )
        self.execute("CREATE TABLE product (sku TEXT, name TEXT, categories TEXT, changed TEXT, shop TEXT)")
        many = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        self.execute(f"INSERT INTO product {many} SELECT 'P' || i, 'a', 'x', '2026-11-20T00:00:00Z', 'web' FROM n")
        assert self.catalog(self.run("sync")) == ["60", "0", "0", "ok"]

    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.folder / "erp.db")) as con, con:
            con.execute(sql)

    def change(self, what: str, where: str) -> None:
        self.execute(f"UPDATE product SET {what}, changed = '{self.now + timedelta(seconds=30):%FT%TZ}' WHERE {where}")

    def catalog(self, told: CommandOutput) -> list[str]:
        row = next(line.split() for line in told.lines if line.startswith("en-US  catalog "))
        return [row[2], row[3], row[5], row[-1]]


def test_in_a_partial_pull_a_record_that_no_longer_meets_the_condition_is_gone(tmp_path: Path) -> None:
    erp = Erp(tmp_path)
    erp.change("shop = 'outlet'", "rowid <= 2")
    erp.change("shop = NULL", "rowid = 3")
    assert erp.catalog(erp.run("sync")) == ["0", "0", "3", "ok"]
    erp.change("shop = 'web'", "rowid = 1")
    assert erp.catalog(erp.run("sync")) == ["1", "0", "0", "ok"]


def test_too_many_that_no_longer_meet_it_are_held_like_other_deletions(tmp_path: Path) -> None:
    erp = Erp(tmp_path)
    erp.change("shop = 'outlet'", "rowid <= 30")
    told = erp.run("sync")
    assert (told.code, erp.catalog(told)) == (5, ["0", "0", "0", "held"])
    assert len(products(erp)) == 60


def test_a_resync_takes_a_named_product_away_that_is_no_longer_of_the_scope(tmp_path: Path) -> None:
    erp = Erp(tmp_path)
    erp.change("shop = 'outlet'", "rowid = 7")
    told = erp.run("resync", "--scope", "en-US", "--sku", "P7", "--reason", "moved", "--yes")
    assert (told.code, erp.catalog(told)) == (0, ["0", "0", "1", "ok"])


def changes(folder: Path, name: str, *rows: str) -> None:
    (folder / name).write_text("\n".join(("sku,name,store", *rows)) + "\n", encoding="utf-8")


def test_in_files_of_changes_the_later_file_says_whether_a_product_is_of_the_scope(tmp_path: Path) -> None:
    shop = files_shop(tmp_path, "store = 'web'", "partial")
    changes(tmp_path, "p1.csv", "A,a,web", "B,b,web", "C,c,web", "D,d,web")
    shop.now += timedelta(days=400)
    shop.run("sync")
    assert sorted(products(shop)) == ["A", "B", "C", "D"]
    changes(tmp_path, "p2.csv", "A,a,outlet", "B,b,outlet", "C,c2,web", "C,c,outlet")
    changes(tmp_path, "p3.csv", "B,b3,web", "D,d,")
    shop.now += timedelta(days=400)
    shop.run("sync")
    assert products(shop) == {"B": ("b3", "None"), "C": ("c2", "None")}


def test_a_resync_of_files_of_changes_takes_away_what_the_condition_leaves_out(tmp_path: Path) -> None:
    shop = files_shop(tmp_path, "store = 'web'", "partial")
    changes(tmp_path, "p1.csv", "A,a,web", "B,b,web", "C,c,web")
    shop.now += timedelta(days=400)
    shop.run("sync")
    changes(tmp_path, "p2.csv", "A,a,outlet", "B,b,outlet")
    changes(tmp_path, "p3.csv", "B,b3,web")
    shop.now += timedelta(days=400)
    skus = [word for sku in ("A", "B", "C", "X") for word in ("--sku", sku)]
    told = shop.run("resync", "--scope", "en-US", *skus, "--reason", "moved", "--yes")
    assert told.code == 0
    assert products(shop) == {"B": ("b3", "None"), "C": ("c", "None")}
    assert "en-US: the scope's `where:` leaves out: A (taken out of the catalog)" in told.lines
    assert "  At the source, but not of this scope: its `where:` leaves out the record" in shop.run("why", "A").out
    assert shop.run("check", "--store").code == 0


def test_a_record_of_an_earlier_file_does_not_outlive_what_a_later_file_says(tmp_path: Path) -> None:
    shop = files_shop(tmp_path, "store = 'web'", "partial")
    changes(tmp_path, "p1.csv", "A,a,web", "B,b,web")
    changes(tmp_path, "p2.csv", "A,a,outlet")
    shop.now += timedelta(days=400)
    shop.run("sync")
    assert products(shop) == {"B": ("b", "None")}
    assert last_pull(shop) == {"records": 3, "valid": 1, "filtered": 2}
