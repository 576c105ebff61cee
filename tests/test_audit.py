"""The audit: what a service really holds against the receipts, and what the next transfer makes of each difference."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from datasync.connection import Credentials
from datasync.delivery import audit as audits
from datasync.delivery.audit import audit
from datasync.delivery.services import open_service
from datasync.errors import ServiceUnavailable, TargetChanged
from datasync.relation import Relation, register
from datasync.settings import Settings
from datasync.store.audit_note import AuditNote
from tests.line import Far, Line, many, product, products
from tests.shop import SETTINGS, Shop


@dataclass
class ReadBack:
    """A service over a network that can be asked what it holds. ``strangers`` are products that others wrote there."""

    far: Far
    strangers: dict[str, str] = field(default_factory=dict)
    is_down: bool = False
    before_looks: list[Callable[[], Any]] = field(default_factory=list)
    asked: list[int | None] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.far, name)

    def count(self) -> int:
        return len(self.far.holds) + len(self.strangers)

    def holds(self, con: duckdb.DuckDBPyConnection, skus: Relation | None = None) -> Relation:
        if self.before_looks:
            self.before_looks.pop(0)()
        if self.is_down:
            raise ServiceUnavailable("far did not answer.")
        wanted = None if skus is None else {sku for (sku,) in skus.rows(con)}
        self.asked.append(None if wanted is None else len(wanted))
        there = [(sku, hash_, True) for sku, hash_ in self.far.holds.items()]
        there += [(sku, None, False) for sku in self.strangers]
        rows = [row for row in there if wanted is None or row[0] in wanted]
        columns = {"sku": pa.string(), "hash": pa.string(), "is_ours": pa.bool_()}
        table = pa.table(
            {name: pa.array([row[n] for row in rows], kind) for n, (name, kind) in enumerate(columns.items())}
        )
        return register(con, table, "held_there")


class Audited(Line):
    """A line to one such service."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, far={}, guard={"percent": 100, "products": 1000}, **options)
        self.there = ReadBack(self.far)

    def audit(self, *, is_full: bool = False) -> AuditNote:
        self.passes(seconds=1)
        delivery = replace(self._delivery("far", "audit-1"), service=self.there)
        return audit(delivery, is_full=is_full)

    def is_right(self) -> bool:
        """Whether the service holds what the catalog has, and the receipts and figures say the same."""
        wanted = {sku: row["hash"] for sku, row in self.catalog().items() if row["hash"]}
        said = {sku: row["held_hash"] for sku, row in self.receipts("far").items() if row["held_hash"]}
        figures = self.figures("far")
        return wanted == self.far.holds == said and figures.unexplained == 0 == figures.due


@pytest.fixture
def line(tmp_path: Path) -> Audited:
    line = Audited(tmp_path)
    line.sync(products("a", "b", "c", "d"), "far")
    return line


def test_of_a_service_that_holds_what_was_delivered_an_audit_says_so(line: Audited) -> None:
    note = line.audit()
    assert note.sentence.endswith("UTC: holds 4 of 4; 0 absent, 0 different, 0 foreign")
    assert (note.is_whole, note.checked, note.drift) == (True, 4, 0)
    assert line.transfer("far").entries == ()
    assert line.is_right()


def test_each_difference_is_counted_and_mended_by_the_next_transfer(line: Audited) -> None:
    line.far.holds |= {"b": "of somebody", "z": "left over"}
    del line.far.holds["a"]
    note = line.audit()
    assert (note.there, note.held, note.absent, note.different, note.foreign) == (4, 4, 1, 1, 1)
    figures = line.figures("far")
    assert (figures.missing, figures.stale, figures.removals_due, figures.unexplained) == (1, 1, 1, 0)
    done = line.transfer("far")
    assert (done.added, done.resent, done.removed) == (1, 1, 1)
    assert line.is_right()
    assert line.audit().drift == 0


def test_products_that_others_wrote_are_counted_and_let_be(line: Audited) -> None:
    line.there.strangers["theirs"] = "x"
    note = line.audit()
    assert (note.there, note.drift, note.others) == (5, 0, 1)
    assert note.sentence.endswith("0 foreign; 1 are not ours")
    assert line.transfer("far").entries == ()


def test_a_product_of_ours_that_somebody_wrote_over_is_delivered_again(line: Audited) -> None:
    line.there.strangers["a"] = "x"
    del line.far.holds["a"]
    assert line.audit().different == 1
    assert line.transfer("far").resent == 1


def test_what_left_the_catalog_and_is_there_all_the_same_is_removed_behind_the_guard(tmp_path: Path) -> None:
    line = Audited(tmp_path)
    line.raw_settings["guard"] = {"percent": 10, "products": 2}
    rows = many(40)
    line.sync(rows, "far")
    line.far.holds |= {f"old-{number}": "ours" for number in range(30)}
    assert line.audit().foreign == 30
    done = line.transfer("far")
    assert (done.removed, done.held.would_remove if done.held else None) == (0, 30)
    assert len(line.far.holds) == 70


def test_a_sample_is_enough_where_the_counts_agree_and_all_is_compared_where_not(
    line: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audits, "SAMPLE", 2)
    note = line.audit()
    assert (note.checked, note.is_whole, line.there.asked) == (2, False, [2])
    assert "holds 4 of 4 (2 compared one by one)" in note.sentence
    assert line.audit(is_full=True).is_whole
    line.far.holds["z"] = "left over"
    note = line.audit()
    assert (note.is_whole, note.foreign) == (True, 1)


def test_a_transfer_that_goes_on_meanwhile_is_no_difference(line: Audited) -> None:
    """Between the first look and the second, another writer brings what the first missed, and removes what it saw."""
    other = line.turn()
    line.read(products("a", "b", "e"))

    def deliver() -> None:
        other.transfer("far", run="other")

    line.there.before_looks = [deliver]
    assert line.audit().drift == 0
    assert line.is_right()


def test_a_writer_between_the_second_look_and_the_entry_makes_the_audit_ask_again(line: Audited) -> None:
    del line.far.holds["a"]
    other = line.turn()
    line.read([product("a", "Another name"), *products("b", "c", "d")])
    line.there.before_looks = [lambda: None, lambda: other.transfer("far", run="other")]
    note = line.audit()
    assert (note.absent, note.drift) == (0, 0)
    assert len(line.there.asked) == 3
    assert line.is_right()


def test_what_is_perhaps_held_is_not_judged(line: Audited) -> None:
    line.far.says = {"a": "lose"}
    line.sync([product("a", "New name"), *products("b", "c", "d")], "far")
    note = line.audit()
    assert (note.held, note.perhaps, note.drift) == (3, 1, 0)
    assert "holds 4 of 3 and perhaps 1 more" in note.sentence


def test_a_service_that_does_not_answer_leaves_the_receipts_as_they_are(line: Audited) -> None:
    before = line.entries("far")
    line.there.is_down = True
    with pytest.raises(ServiceUnavailable):
        line.audit()
    assert line.entries("far") == before


def test_another_place_than_that_of_the_receipts_is_not_compared_with_them(
    line: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasync.settings.options.ServiceOptions.target", lambda options, scope: "far elsewhere")
    with pytest.raises(TargetChanged):
        line.audit()
    assert line.there.asked == []


# ── the command ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Shop, ReadBack]:
    """A shop with a feed and a service that can be asked; both got two products."""
    far = ReadBack(Far(lambda: datetime(2026, 11, 24, tzinfo=UTC)))

    def opened(settings: Settings, name: str, scope: str, credentials: Credentials) -> Any:
        return far if name == "far" else open_service(settings, name, scope, credentials)

    monkeypatch.setattr("datasync.pipeline.open_service", opened)
    shop = Shop(tmp_path, SETTINGS + "  far: {}\n")
    shop.sells(("A-1", "Apple", "enabled", "fruit", ""), ("B-2", "Bread", "enabled", "bakery", ""))
    assert shop.run("sync").code == 0
    return shop, far


def test_the_command_says_of_each_service_what_it_holds(shop: tuple[Shop, ReadBack]) -> None:
    told = shop[0].run("audit")
    assert told.lines == [
        "en-US to catalog-service: there is nothing to compare, because nobody can ask it what it holds.",
        "en-US to search: there is nothing to compare, because nobody can ask it what it holds.",
        "en-US to far: Checked 2026-11-24 03:02 UTC: holds 2 of 2; 0 absent, 0 different, 0 foreign.",
    ]
    assert told.code == 0


def test_what_differs_is_an_exit_code_and_the_next_sync_mends_it(shop: tuple[Shop, ReadBack]) -> None:
    del shop[1].far.holds["A-1"]
    told = shop[0].run("audit", "--service", "far", "--scope", "en-US", "--full")
    assert (told.code, told.lines[-1]) == (
        4,
        "1 difference written down. Next: datasync sync, which delivers and removes them",
    )
    assert shop[0].run("sync").code == 0
    assert set(shop[1].far.holds) == {"A-1", "B-2"}
    assert shop[0].run("audit").code == 0
    assert shop[0].run("check", "--deep").code == 0


def test_what_an_audit_found_needs_attention_until_a_transfer_came_after_it(shop: tuple[Shop, ReadBack]) -> None:
    del shop[1].far.holds["A-1"]
    shop[0].run("audit")
    drifted = shop[0].json("status")
    sentence = "Checked 2026-11-24 03:02 UTC: holds 1 of 2; 1 absent, 0 different, 0 foreign"
    assert shop[0].pipeline().publish()["attention"] == [f"far in en-US: {sentence}; the next transfer mends it"]
    audited = drifted["scopes"][0]["services"][2]["audit"]
    assert (audited["absent"], audited["is_drift_due"], audited["sentence"]) == (1, True, sentence)
    shop[0].run("sync")
    mended = shop[0].json("status")
    assert shop[0].pipeline().publish()["attention"] == []
    assert mended["scopes"][0]["services"][2]["audit"]["is_drift_due"] is False
    assert f"en-US to far: {sentence}" in shop[0].run("status").lines


def test_a_service_that_does_not_answer_is_named(shop: tuple[Shop, ReadBack]) -> None:
    shop[1].is_down = True
    told = shop[0].run("audit")
    assert (told.code, told.errors) == (3, ["datasync: en-US to far: far did not answer."])
    assert shop[0].run("audit", "--service", "fra").code == 2


def test_a_dry_run_calls_no_service(shop: tuple[Shop, ReadBack]) -> None:
    shop[0].sells(("A-1", "Apple pie", "enabled", "fruit", ""), ("C-3", "Cup", "enabled", "home", ""))
    before = dict(shop[1].far.holds)
    dry = shop[0].run("sync", "--dry-run")
    assert shop[1].far.holds == before
    real = shop[0].run("sync")
    assert set(shop[1].far.holds) == {"A-1", "C-3"}
    moved = [[line.split() for line in told.lines if "to far" in line] for told in (dry, real)]
    assert moved[0] == moved[1] == [["en-US", "to", "far", "1", "1", "0", "1", "0", "0", "0", "ok"]]


def test_what_waits_for_a_budget_is_what_is_due_also_after_an_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some wait for midnight; 3 more since somebody deleted them."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"sqlite:///{tmp_path}/warehouse.db")
    service = "table: {kind: sql, connection: warehouse, table: products, per_day: 10}"
    demo = "sources: {demo: {kind: sample, size: 60}}\nscopes: {en-US: {source: demo}}\n"
    shop = Shop(tmp_path, f"{demo}services: {{{service}}}\n")
    synced = shop.run("sync")
    left = re.search(r"en-US to table: (\d+) due, budget from 00:00 UTC", synced.out)
    assert left, synced
    with contextlib.closing(sqlite3.connect(tmp_path / "warehouse.db")) as database, database:
        database.execute("DELETE FROM products WHERE sku IN (SELECT sku FROM products LIMIT 3)")
    assert shop.run("audit").code == 4
    assert f"en-US to table: {int(left[1]) + 3} due, budget from 00:00 UTC" in shop.run("status").lines
