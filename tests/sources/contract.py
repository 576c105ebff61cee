"""What every source must do. Subclass SourceContract and give a ``source`` over a catalog of two records or more; or
ChangingContract, for a kind that knows what changed since when, and give a ``shop`` that sells what it is told to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pytest

from datasync.sources.base import PullRequest, Records, Source
from datasync.store.files import Folder, Store

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGAN = datetime(2026, 11, 20, 8, tzinfo=UTC)
EVERYTHING = PullRequest("complete", AT)
NOBODY_S = 'no "such" field, nowhere'


class Shop(Protocol):
    """A source's other side, as a test has it: what it sells, and sources that read it."""

    def sells(self, *products: Mapping[str, Any]) -> None:
        """Sell these and nothing else; each has sku, name and updated (ISO)."""

    def fill(self, count: int) -> None:
        """Sell so many, SKU-0000000 and so on, one more of them each second from BEGAN."""

    def watermark(self, moment: datetime) -> str:
        """A moment as the kind itself writes it."""

    def source(self, store: Store, run: str = "r1", **keys: Any) -> Source:
        """A source that pulls into ``store``, with these further settings of its kind."""


def product(sku: str, seconds: int = 0, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "name": f"Name of {sku}", "updated": (BEGAN + timedelta(seconds=seconds)).isoformat(), **more}


def skus(con: duckdb.DuckDBPyConnection, records: Records) -> list[str | None]:
    return [row["sku"] for row in rows(con, records, "sku")]


def rows(con: duckdb.DuckDBPyConnection, records: Records, *fields: str) -> list[dict[str, Any]]:
    """The records as the pull sees them, in their order."""
    con.execute("SET preserve_insertion_order = true")
    found = con.execute(f"SELECT *, {records.record_expr} AS whole FROM ({records.reader.select(fields).sql})")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class SourceContract:
    """The promises of ``datasync.sources.base``, asked of one kind."""

    @pytest.fixture
    def complete(self, source: Source, con: duckdb.DuckDBPyConnection) -> Records:
        return source.records(con, PullRequest("complete", AT))

    def test_a_record_has_the_fields_that_were_asked_for_as_text(
        self, complete: Records, con: duckdb.DuckDBPyConnection
    ) -> None:
        found = rows(con, complete, *complete.names)
        assert len(found) > 1
        assert set(found[0]) >= {*complete.names, "_place", "_unreadable", "_blank"}
        assert all(isinstance(row[name], str | None) for row in found for name in complete.names)
        assert all(row["_place"] for row in found)

    def test_a_field_that_no_record_has_is_null_and_known_to_be_missing(
        self, complete: Records, con: duckdb.DuckDBPyConnection
    ) -> None:
        assert {row[NOBODY_S] for row in rows(con, complete, complete.names[0], NOBODY_S)} == {None}
        assert not complete.reader.has(con, NOBODY_S)

    def test_the_names_it_tells_are_fields_that_records_have(
        self, complete: Records, con: duckdb.DuckDBPyConnection
    ) -> None:
        assert all(complete.reader.has(con, name) for name in complete.names)
        assert set(complete.names) <= set(complete.reader.all_names(con))

    def test_records_keep_their_order_from_one_reading_to_the_next(
        self, complete: Records, con: duckdb.DuckDBPyConnection
    ) -> None:
        assert rows(con, complete, *complete.names) == rows(con, complete, *complete.names)

    def test_a_record_that_goes_to_quarantine_can_be_told_whole(
        self, complete: Records, con: duckdb.DuckDBPyConnection
    ) -> None:
        found = rows(con, complete, *complete.names)
        if complete.originals is None:
            assert all(row["whole"] for row in found)
        else:
            place = found[0]["_place"]
            (first,) = complete.originals({place: {0}})
            assert (first.place, first.nth, bool(first.text), first.line > 0) == (place, 0, True, True)

    def test_only_a_pull_that_wants_everything_is_complete(
        self, source: Source, con: duckdb.DuckDBPyConnection
    ) -> None:
        every = source.records(con, PullRequest("complete", AT))
        some = source.records(con, PullRequest("skus", AT, skus=("A",)))
        assert every.complete or source.scheduled() == "changed"
        assert every.answers_absence >= every.complete
        assert not some.complete

    def test_what_is_asked_for_by_sku_never_moves_the_watermark(
        self, source: Source, con: duckdb.DuckDBPyConnection
    ) -> None:
        assert source.records(con, PullRequest("skus", AT, skus=("A",))).watermark is None

    def test_what_it_costs_is_known_before_and_told_after(self, source: Source, con: duckdb.DuckDBPyConnection) -> None:
        ask = PullRequest("complete", AT)
        assert source.requests(ask) == source.records(con, ask).requests > 0


class ChangingContract(SourceContract):
    """The promises of a kind that pulls what changed, asked of one that a test can fill."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Folder:
        return Folder(str(tmp_path / "store"))

    @pytest.fixture
    def source(self, shop: Shop, store: Folder) -> Source:
        shop.sells(product("A"), product("B", 1))
        return shop.source(store)

    def test_the_second_that_a_partial_pull_begins_with_is_read_again(
        self, shop: Shop, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        shop.sells(*(product(f"S{second}", second) for second in range(6)), product("S3-too", 3))
        request = PullRequest("changed", AT, watermark=shop.watermark(BEGAN + timedelta(seconds=5)))
        found = shop.source(store, lookback="2s").records(con, request)
        assert sorted(map(str, skus(con, found))) == ["S3", "S3-too", "S4", "S5"]
        assert not found.complete

    def test_a_first_partial_pull_reads_everything(
        self, shop: Shop, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        shop.fill(25)
        found = shop.source(store).records(con, PullRequest("changed", AT))
        assert len(skus(con, found)) == 25

    def test_skus_are_asked_for_by_name_whatever_is_in_them(
        self, shop: Shop, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        odd = ("A,1", 'B "2"', "C&d=3", "Ü/4", "5 %")
        shop.sells(*map(product, odd), product("other"))
        found = shop.source(store).records(con, PullRequest("skus", AT, skus=(*odd, "absent")))
        assert sorted(map(str, skus(con, found))) == sorted(odd)
        assert (found.complete, found.answers_absence, found.watermark) == (False, True, None)

    def test_an_empty_scope_is_complete_and_has_no_records(
        self, shop: Shop, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        found = shop.source(store).records(con, EVERYTHING)
        assert (skus(con, found), found.complete) == ([], True)
