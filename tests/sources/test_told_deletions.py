"""Deletions that a soft-delete column tells of between complete pulls, and the volume guard that stands before them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.shop import SERVICES, CommandOutput, Shop

SETTINGS = (
    """
sources:
  erp: {kind: sql, url: "sqlite:///erp.db", lookback: 1s}
scopes:
  en-US: {source: erp, table: product, cursor: changed, deleted: gone}
"""
    + SERVICES
)


class Erp(Shop):
    """A shop of 60 products in a SQLite table; whatever is changed carries the time of the next command."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, SETTINGS)
        columns = "sku TEXT, name TEXT, categories TEXT, changed TEXT, gone INTEGER"
        self.execute(f"CREATE TABLE product ({columns})")
        many = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 60)"
        self.execute(f"INSERT INTO product {many} SELECT 'P' || i, 'a', 'x', '2026-11-20T00:00:00Z', 0 FROM n")

    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.folder / "erp.db")) as con, con:
            con.execute(sql)

    def change(self, what: str, where: str) -> None:
        self.execute(f"UPDATE product SET {what}, changed = '{self.now + timedelta(seconds=30):%FT%TZ}' WHERE {where}")

    def catalog(self, told: CommandOutput) -> Sequence[str]:
        """Added, updated, removed and the outcome of a run's catalog."""
        row = next(line.split() for line in told.lines if line.startswith("en-US  catalog "))
        return [row[2], row[3], row[5], row[-1]]


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    erp = Erp(tmp_path)
    assert erp.catalog(erp.run("sync")) == ["60", "0", "0", "ok"]
    return erp


def test_few_products_that_are_told_to_be_deleted_leave_the_catalog_at_once(erp: Erp) -> None:
    erp.change("gone = 1", "rowid <= 20")
    told = erp.run("sync")
    assert (told.code, erp.catalog(told)) == (0, ["0", "0", "20", "ok"])


def test_so_many_that_the_guard_holds_them_stay_and_all_else_of_the_pull_goes_on(erp: Erp) -> None:
    erp.change("gone = 1", "rowid <= 30")
    erp.change("name = 'b'", "rowid = 31")
    told = erp.run("sync")
    assert (told.code, erp.catalog(told)) == (5, ["0", "1", "0", "held"])
    assert erp.run("why", "P1").lines[-1:] and "  search: version V1, received" in erp.run("why", "P1").out
    assert "would remove 30 of 60 products" in erp.run("why", "P1").out
    erp.change("name = 'c'", "rowid = 31")
    assert erp.catalog(erp.run("sync"))[1:3] == ["1", "0"]


def test_an_operator_who_accepts_them_has_them_removed(erp: Erp) -> None:
    erp.change("gone = 1", "true")
    assert erp.catalog(erp.run("sync")) == ["0", "0", "0", "held"]
    asked = ("resync", "--scope", "en-US", "--accept-shrink", erp.held_run(), "--reason", "sold", "--yes")
    told = erp.run(*asked)
    assert (told.code, erp.catalog(told)) == (0, ["0", "0", "60", "ok"])
    assert erp.run("sync").code == 0


def test_deletions_that_are_held_do_not_put_off_the_complete_pull_that_settles_them(erp: Erp) -> None:
    erp.now += timedelta(hours=20)
    erp.change("gone = 1", "rowid <= 30")
    assert erp.run("sync").code == 5
    erp.execute("UPDATE product SET gone = 0")
    erp.now += timedelta(hours=5)
    told = erp.run("sync")
    assert (told.code, erp.catalog(told)) == (0, ["0", "0", "0", "ok"])
    assert "Complete, because 24 hours have passed since the last one." in told.err
    assert "held since" not in erp.run("why", "P1").out


def test_a_complete_pull_ends_the_hold_where_the_mark_was_a_mistake(erp: Erp) -> None:
    erp.change("gone = 1", "true")
    assert erp.run("sync").code == 5
    erp.change("gone = 0", "true")
    assert erp.run("sync", "--complete").code == 0
    assert "held since" not in erp.run("why", "P1").out
