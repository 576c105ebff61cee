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
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from datasync.errors import InvalidConnection, InvalidSettings, SettingsError, SourceUnavailable
from datasync.sources.arriving import Arriving
from datasync.sources.base import Opening, Records, Want
from datasync.sources.drivers import connected
from datasync.sources.keyset import Pages
from datasync.sources.refusals import Closed, Refused, Unreachable
from datasync.sources.relation import Condition, Relation, value
from datasync.sources.spool import Spool
from datasync.sources.texts import WHOLE, Texts
from datasync.sources.windows import Window, is_local, is_time, window
from datasync.sql import literal, quote

if TYPE_CHECKING:
    import pyarrow as pa

_SAMPLE = 10_000
_SKUS = 1_000  # in one statement
_NOT_DELETED = ("", "0", "f", "false", "n", "no")
_NUMBERS = count(1)
_DRIVERS = {"postgres": "postgresql"}
_TYPES = "postgres, sqlite, mysql, mssql, oracle, or another that SQLAlchemy has a dialect for"


class Database:
    """The scope of a sql source: its table or query, and how that tells what changed."""

    def __init__(self, given: Opening) -> None:
        self._given, self._name, self._scope, self._source = given, given.name, given.scope, given.source

    def records(self, con: duckdb.DuckDBPyConnection, want: Want) -> Records:
        pages = self._begun(want)
        want = replace(want, at=pages.began) if pages else want
        with ExitStack() as stack:
            rows = stack.enter_context(self._open())
            sample = rows.sample(rows.column("cursor")) if self._scope.cursor else None
            part = self._window(rows, want, sample, pages)
            conditions = self._conditions(rows, want, part)
            if pages:
                pages.fill(rows, conditions, self._source.page_size or 1)
                arriving = pages.batches(rows.names)
            else:
                limit = _SAMPLE if want.is_sample else None
                arriving = (batch for one in conditions for batch in rows.rows(one, limit=limit))
            kept = stack.pop_all()
        stream = Arriving(rows.names, _while_open(kept, arriving))
        weakref.finalize(stream, kept.close)  # where nobody ever reads it
        name = f"arriving_{next(_NUMBERS)}"
        con.register(name, stream)
        found = self._records(rows.names, stream, name, want, part, pages.count if pages else len(conditions))
        found = replace(found, map=self._map(sample))
        return replace(found, began=pages.began, place=pages.place) if pages else found

    def scheduled(self) -> Literal["complete", "changed"]:
        return "changed" if self._scope.cursor else "complete"

    def requests(self, want: Want) -> int:
        if not self._source.page_size and want.what != "skus":
            return 1
        with self._open() as rows:
            sample = rows.sample(rows.column("cursor")) if self._scope.cursor else None
            conditions = self._conditions(rows, want, self._window(rows, want, sample))
            page = self._source.page_size
            return sum(rows.count(one) // page + 1 for one in conditions) if page else len(conditions)

    # ── what is read ────────────────────────────────────────────────────────────────────────────────────────────────

    def _begun(self, want: Want) -> Pages | None:
        """The pages of this pull, with those of a try that was killed; None where all rows come in one go."""
        given = self._given
        if not self._source.page_size or want.is_sample:
            return None
        if given.store is None or given.run is None:
            raise TypeError("pages are pulled into a store, under a run; open the source with both")
        asked = [want.what, want.watermark, want.skus, self._scope.model_dump(mode="json"), self._source.page_size]
        mark = hashlib.md5(json.dumps(asked, default=str).encode(), usedforsecurity=False).hexdigest()
        return Pages(Spool(given.store, self._name, given.run), mark, want)

    def _window(self, rows: Relation, want: Want, sample: Any, pages: Pages | None = None) -> Window | None:
        """The window of a pull that may move the watermark; None without a cursor, or where no row has one yet."""
        if want.what == "skus" or sample is None:
            return None
        source = self._source
        find = partial(rows.newest, rows.column("cursor"))
        newest = partial(pages.newest, find) if pages else find
        return window(sample, want.watermark, want.at, source.lookback, source.time_zone, newest)

    def _map(self, sample: Any) -> Mapping[str, str]:
        """A product was updated when its row's cursor says so, if that is a time."""
        if not self._scope.cursor or not is_time(sample):
            return {}
        cursor, zone = quote(self._scope.cursor), self._source.time_zone
        if isinstance(sample, str) and zone != "UTC" and is_local(sample):
            return {"updated_at": f"timezone({literal(zone)}, CAST({cursor} AS TIMESTAMP))"}
        return {"updated_at": cursor}

    def _conditions(self, rows: Relation, want: Want, part: Window | None) -> list[Condition | None]:
        """What to ask for, statement by statement; None stands for every row."""
        if want.what == "skus":
            field = self._sku_field()
            chunks = [rows.among(field, chunk) if field else None for chunk in _chunks(want.skus)]
            return [None] if any(chunk is None for chunk in chunks) else chunks
        if want.what == "complete" or part is None or part.low is None:
            return [None]
        cursor = rows.column("cursor")
        high = cursor <= value(part.high) if part.closed else cursor < value(part.high)
        return [sa.or_(sa.and_(cursor >= value(part.low), high), cursor.is_(None))]

    def _sku_field(self) -> str | None:
        """The column that SKUs can be looked for in: the one that is mapped as it is, if it is."""
        mapped = self._scope.map.get("sku", "sku")
        return mapped.strip('"') if mapped.strip('"').isidentifier() else None

    def _records(
        self, names: tuple[str, ...], stream: Arriving, relation: str, want: Want, part: Window | None, requests: int
    ) -> Records:
        gone = _is_deleted(self._scope.deleted) if self._scope.deleted else "false"
        place = self._scope.table or "query"

        def reader(condition: str) -> Texts:
            return Texts(f"SELECT * FROM {relation} WHERE {condition}", names, place)

        def mend(con: duckdb.DuckDBPyConnection, error: Exception) -> Records:
            raise stream.error or error

        return Records(
            reader(f"NOT ({gone})"),
            WHOLE,
            names,
            complete=want.what == "complete" and not want.is_sample,
            answers_absence=True,
            gone=reader(gone) if self._scope.deleted and want.what == "changed" else None,
            watermark=part.watermark if part else want.watermark if want.what != "skus" else None,
            mend=mend,
            requests=requests,
        )

    # ── where it is ─────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _open(self) -> Iterator[Relation]:
        """The scope's rows on a connection of their own; errors of the database become ours."""
        url, key = self._url(), f"scopes.{self._name}"
        try:
            with connected(url, self._source.time_zone) as driver:
                rows = Relation(driver, self._name, self._scope)
                for setting in ("cursor", "key", "deleted"):
                    if getattr(self._scope, setting):
                        rows.column(setting)
                yield rows
        except Closed as error:
            raise self._mistaken(f"does not open the database {_shown(url)}: {error}") from error
        except Refused as error:
            what = "table" if self._scope.table else "query"
            raise InvalidSettings(
                f"{key}.{what}", f"the database refuses: {error}.", "Mend it, or the connection."
            ) from error
        except Unreachable as error:
            raise SourceUnavailable(
                f"{key}: the database ({_shown(url)}) did not answer, or broke off: {error}."
            ) from error

    def _url(self) -> URL:
        url = make_url(self._source.url) if self._source.url else self._connected()
        try:
            url.get_dialect()
        except sa.exc.NoSuchModuleError:
            raise self._mistaken(
                f"is of type {url.drivername!r}, and a sql source needs a database: {_TYPES}"
            ) from None
        return url

    def _mistaken(self, problem: str) -> SettingsError:
        """A way in that cannot work, told of where it is written."""
        if self._source.connection:
            return InvalidConnection(self._source.connection, problem)
        return InvalidSettings(f"sources.{self._scope.source}.url", f"{problem}.", "Mend it.")

    def _connected(self) -> URL:
        found = self._given.connection()
        if not found.type:
            raise InvalidConnection(found.name, f"has no type, and a sql source needs a database: {_TYPES}")
        return URL.create(
            _DRIVERS.get(found.type, found.type),
            username=found.login or None,
            password=found.password or None,
            host=found.host or None,
            port=found.port,
            database=found.schema or None,
            query={key: str(given) for key, given in found.extra.items() if isinstance(given, str | int)},
        )


def _shown(url: URL) -> str:
    """Where a database is, for an error: without a password, and without extras, of which one may hold a secret."""
    return url.set(query={}).render_as_string(hide_password=True)


def _while_open(stack: ExitStack, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; at their end, or at an error, what the stack holds is closed."""
    with stack:
        yield from batches


def _chunks(skus: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (skus[start : start + _SKUS] for start in range(0, len(skus), _SKUS))


def _is_deleted(column: str) -> str:
    """SQL over a row of texts: whether its soft-delete column says it is gone, by a flag or by a time."""
    said = f"lower(trim({quote(column)}))"
    return f"coalesce({said} NOT IN ({', '.join(map(literal, _NOT_DELETED))}), false)"
