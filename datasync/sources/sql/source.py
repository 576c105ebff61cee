"""A SQL database: the rows of a table or a query, read by whatever URL SQLAlchemy knows.

A complete pull reads all of it. With a ``cursor``, a column that moves when a row changes, the pulls between read its
window alone, and every row without a cursor. Rows come as they are, all text, in one transaction; with ``page_size``
they come so many at a time, in order of their ``key`` (see keyset.py).
"""

from __future__ import annotations

import hashlib
import json
import weakref
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

import duckdb
import sqlalchemy as sa

from datasync.errors import InvalidSettings
from datasync.quantity import quantity
from datasync.relation import Relation, register
from datasync.sources.base import Opening, PullRequest, Records
from datasync.sources.rest.page_store import Spool
from datasync.sources.sql import sound
from datasync.sources.sql.backends import Condition, value
from datasync.sources.sql.cursors import Cursor, find_cursor
from datasync.sources.sql.keyset import KeyStands, Pages
from datasync.sources.sql.places import Place
from datasync.sources.sql.row_stream import RowStream
from datasync.sources.sql.statements import SourceRows
from datasync.sources.sql.windows import Window, is_local, is_time, window_of
from datasync.sources.text_columns import RECORD_EXPR, SPOILT, Texts
from datasync.sql import literal, quote

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLE = 10_000
_SKUS = 1_000  # in one statement
_NOT_DELETED = ("", "0", "f", "false", "n", "no")
_FAR = timedelta(days=1)
_STATEMENT_VERSION = 2  # pages of an older way to ask are asked for anew


@dataclass
class _Total:
    """How many rows the database counts, in the transaction that read them; None before it was asked."""

    rows: int | None = None


class Database:
    """The scope of a sql source: its table or query, and how that tells what changed."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._name, self._scope, self._source = opening, opening.name, opening.scope, opening.source
        self._place = Place(opening)

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        pages = self._begun(request)
        request = replace(request, at=pages.began) if pages else request
        with ExitStack() as stack:
            rows = stack.enter_context(self._place.opened())
            total = _Total() if self._is_counted(rows, request, pages) else None
            cursor = find_cursor(rows)
            window = self._window(rows, request, cursor, pages)
            conditions = self._conditions(rows, request, window, cursor)
            if pages:
                self._fill(pages, rows, conditions, total)
                batches = pages.batches(rows.names)
            else:
                batches = self._batches(rows, request, conditions, total)
            still_open = stack.pop_all()
        stream = RowStream(rows.names, _while_open(still_open, batches))
        weakref.finalize(stream, still_open.close)  # where nobody ever reads it
        arriving = register(con, stream, "arriving_rows")  # for as long as the connection: its records are read again
        records = self._records(
            rows.names, stream, arriving, request, window, pages.count if pages else len(conditions)
        )
        records = replace(
            records, map=self._map(cursor), counted=partial(self._counted, total, arriving) if total else None
        )
        return replace(records, began=pages.began, ticket=pages.ticket) if pages else records

    def scheduled(self) -> Literal["complete", "changed"]:
        return "changed" if self._scope.cursor else "complete"

    def requests(self, request: PullRequest) -> int:
        if not self._source.page_size and request.what != "skus":
            return 1
        with self._place.opened() as rows:
            cursor = find_cursor(rows)
            conditions = self._conditions(rows, request, self._window(rows, request, cursor), cursor)
            page = self._source.page_size
            return sum(rows.count(condition) // page + 1 for condition in conditions) if page else len(conditions)

    # ── what is read ────────────────────────────────────────────────────────────────────────────────────────────────

    def _batches(
        self, rows: SourceRows, request: PullRequest, conditions: list[Condition | None], total: _Total | None
    ) -> Iterator[pa.RecordBatch]:
        """The rows in one go, and after them, while the transaction stands, how many the database counts."""
        for condition in conditions:
            yield from rows.rows(condition, _SAMPLE if request.is_sample else None)
        if total is not None:
            total.rows = rows.count()

    def _fill(self, pages: Pages, rows: SourceRows, conditions: list[Condition | None], total: _Total | None) -> None:
        """Read all pages; a key that does not tell rows apart would lose some between two of them."""
        key, name = f"scopes.{self._name}.key", self._scope.key
        fix = "Name a column that tells rows apart and never changes, or leave `page_size` out of the source."
        try:
            pages.fill(rows, conditions, self._source.page_size or 1)
        except KeyStands:
            raise InvalidSettings(key, f"a page after a value of {name!r} begins with it again.", fix) from None
        if total is None:
            return
        total.rows = rows.count()
        if pages.rows != total.rows:
            pages.clear()  # or another try would go on after them, and find nothing to compare
            problem = f"pages by {name!r} give {pages.rows:,} of {quantity(total.rows, 'row')}: some share a value."
            raise InvalidSettings(key, problem, fix)

    @staticmethod
    def _is_counted(rows: SourceRows, request: PullRequest, pages: Pages | None) -> bool:
        """Whether the database's own count is that of the rows that are read: all of them, in one transaction."""
        is_whole = request.what == "complete" and not request.is_sample and not (pages and pages.is_resumed)
        return is_whole and rows.backend.sees_one_state

    def _counted(self, total: _Total, arriving: Relation, con: duckdb.DuckDBPyConnection) -> int:
        """How many records the database holds: its rows, less those that its soft-delete column takes away."""
        assert total.rows is not None, "it is counted after the last row"
        deleted = arriving.where(self._gone).count(con) if self._scope.deleted else 0
        return total.rows - deleted

    def _begun(self, request: PullRequest) -> Pages | None:
        """The pages of this pull, with those of a try that was killed; None where all rows come in one go."""
        opening = self._opening
        if not self._source.page_size or request.is_sample:
            return None
        if opening.store is None or opening.run is None:
            raise TypeError("pages are pulled into a store, under a run; open the source with both")
        wish = [_STATEMENT_VERSION, request.what, request.watermark, request.skus, self._scope.model_dump(mode="json")]
        mark = hashlib.md5(json.dumps([*wish, self._source.page_size], default=str).encode(), usedforsecurity=False)
        return Pages(Spool(opening.store, self._name, opening.run), mark.hexdigest(), request)

    def _window(
        self, rows: SourceRows, request: PullRequest, cursor: Cursor | None, pages: Pages | None = None
    ) -> Window | None:
        """The window of a pull that may move the watermark; None without a cursor, or where no row has one yet."""
        if request.what == "skus" or cursor is None:
            return None
        source, find = self._source, partial(cursor.newest, rows)
        newest = partial(pages.newest, find) if pages else find
        started_at = _started_at(pages.now(rows.now) if pages else rows.now(), request.at)
        return window_of(cursor.sample, request.watermark, started_at, source.lookback, source.time_zone, newest)

    def _map(self, cursor: Cursor | None) -> Mapping[str, str]:
        """A product was updated when its row's cursor says so, if that is a time."""
        if cursor is None or not is_time(cursor.sample):
            return {}
        column, zone = quote(self._scope.cursor or ""), self._source.time_zone
        if isinstance(cursor.sample, str) and zone != "UTC" and is_local(cursor.sample):
            there = f"timezone({literal(zone)}, TRY_CAST({column} AS TIMESTAMP))::VARCHAR"
            return {"updated_at": f"coalesce({there}, {column})"}  # what is no time is told as it stands
        return {"updated_at": column}

    def _conditions(
        self, rows: SourceRows, request: PullRequest, window: Window | None, cursor: Cursor | None
    ) -> list[Condition | None]:
        """What to ask for, statement by statement; None stands for every row."""
        if request.what == "skus":
            field = self._sku_field()
            chunks = [rows.among(field, chunk) if field else None for chunk in _chunks(request.skus)]
            return [None] if any(chunk is None for chunk in chunks) else chunks
        if request.what == "complete" or cursor is None or window is None or window.low is None:
            return [None]
        column = cursor.column
        high = column <= value(window.high) if window.closed else column < value(window.high)
        odd = [] if cursor.odd is None else [cursor.odd]
        return [sa.or_(sa.and_(column >= value(window.low), high), column.is_(None), *odd)]

    def _sku_field(self) -> str | None:
        """The column that SKUs can be looked for in: the one that is mapped as it is, if it is."""
        mapped = self._scope.map.get("sku", "sku")
        return mapped.strip('"') if mapped.strip('"').isidentifier() else None

    @property
    def _gone(self) -> str:
        return _is_deleted(self._scope.deleted) if self._scope.deleted else "false"

    def _records(
        self,
        names: tuple[str, ...],
        stream: RowStream,
        arriving: Relation,
        request: PullRequest,
        window: Window | None,
        requests: int,
    ) -> Records:
        place = self._scope.table or "query"

        def reader(condition: str) -> Texts:
            return Texts(arriving.where(condition), names, place, sound.SPOILT)

        def without_broken(con: duckdb.DuckDBPyConnection, error: Exception) -> Records:
            raise stream.error or error

        return Records(
            reader(f"NOT ({self._gone})"),
            RECORD_EXPR,
            names,
            complete=request.what == "complete" and not request.is_sample,
            answers_absence=True,
            spoilt=SPOILT,
            deletions=reader(self._gone) if self._scope.deleted and request.what == "changed" else None,
            watermark=window.watermark if window else request.watermark if request.what != "skus" else None,
            without_broken=without_broken,
            requests=requests,
        )


def _started_at(now: datetime | None, at: datetime) -> datetime:
    """When a pull starts: ``now`` by the database's clock, where it tells it; ``at`` by the worker's.

    A worker that is more than a day behind is believed all the same: one of the two is badly wrong, and by the earlier
    time no row is ever lost.
    """
    return at if now is None or at < now - _FAR else now


def _while_open(stack: ExitStack, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; at their end, or at an error, what the stack holds is closed."""
    with stack:
        yield from batches


def _chunks(skus: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (skus[start : start + _SKUS] for start in range(0, len(skus), _SKUS))


def _is_deleted(column: str) -> str:
    """SQL over a row of texts: whether its soft-delete column says it is gone, by a flag or by a time."""
    said, marks = f"lower(trim({quote(column)}))", quote(sound.SPOILT)
    is_sound = f"({marks} IS NULL OR NOT list_contains({marks}, {literal(column)}))"
    return f"coalesce({said} NOT IN ({', '.join(map(literal, _NOT_DELETED))}) AND {is_sound}, false)"
