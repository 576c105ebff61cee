"""What every source must do. Subclass it and give a ``source`` fixture over a catalog of two records or more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from datasync.sources.base import Records, Source, Want

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOBODY_S = 'no "such" field, nowhere'


def rows(con: duckdb.DuckDBPyConnection, records: Records, *fields: str) -> list[dict[str, Any]]:
    """The records as the pull sees them, in their order."""
    con.execute("SET preserve_insertion_order = true")
    found = con.execute(f"SELECT *, {records.whole} AS whole FROM ({records.reader.select(fields)})")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


class SourceContract:
    """The promises of ``datasync.sources.base``, asked of one kind."""

    @pytest.fixture
    def complete(self, source: Source, con: duckdb.DuckDBPyConnection) -> Records:
        return source.records(con, Want("complete", AT))

    def test_a_record_has_the_fields_that_were_asked_for_as_text(
        self, complete: Records, con: duckdb.DuckDBPyConnection
    ) -> None:
        found = rows(con, complete, *complete.names)
        assert len(found) > 1
        assert set(found[0]) >= {*complete.names, "_place", "_unreadable"}
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
        every = source.records(con, Want("complete", AT))
        some = source.records(con, Want("skus", AT, skus=("A",)))
        assert every.complete or source.scheduled() == "changed"
        assert every.answers_absence >= every.complete
        assert not some.complete

    def test_what_is_asked_for_by_sku_never_moves_the_watermark(
        self, source: Source, con: duckdb.DuckDBPyConnection
    ) -> None:
        assert source.records(con, Want("skus", AT, skus=("A",))).watermark is None

    def test_what_it_costs_is_known_before_and_told_after(self, source: Source, con: duckdb.DuckDBPyConnection) -> None:
        ask = Want("complete", AT)
        assert source.requests(ask) == source.records(con, ask).requests > 0
