"""Ways into a database: what a SELECT's columns are, and its rows as Arrow batches in which every value is text.

PostgreSQL and SQLite are read by Arrow-native drivers (ADBC), which hand over whole batches; every other database by
SQLAlchemy and the driver that its URL names, a few thousand rows at a time. All text is the database's own, so a
NUMERIC comes with each of its digits; lists and records come as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote as percent_encoded
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect

from datasync.sources.refusals import Closed, opening, told

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5_000
_SETTLED = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
)
_SYSTEM = ("information_schema", "main", "mysql", "performance_schema", "sys", "temp")
_TABLES = """
    SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""


class Driver(Protocol):
    """One connection to a database, in one transaction; every statement of it sees the same data where it can."""

    dialect: Dialect

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """The columns that a SELECT gives: name, and the database's word for the type ('' where it has none)."""

    def tables(self) -> list[str]:
        """The tables and views that a scope can name, whatever failed before."""

    def as_text(self, column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
        """A column as it has to be selected for ``batches``."""

    def value(self, sql: str) -> Any:
        """The first value that a SELECT gives, as Python has it; None where there is no row."""

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a SELECT, in batches of text columns."""

    def close(self) -> None:
        """End the transaction and the connection."""


@contextmanager
def connected(url: URL, zone: str) -> Iterator[Driver]:
    """The driver for a URL, connected; ``zone`` is that of times without one. Raises Closed, Refused or
    Unreachable.
    """
    known: Mapping[str, Callable[[URL, str], Driver]] = {"postgresql": _PostgreSQL, "sqlite": _SQLite}
    if url.get_backend_name() == "sqlite":
        _refuse_new_file(url)
    with opening():
        driver = known.get(url.drivername, _Any)(url, zone)
    try:
        yield driver
    finally:
        driver.close()


def _refuse_new_file(url: URL) -> None:
    """SQLite makes an empty database of whatever path it does not find, and that would be an empty catalog."""
    given = url.database or ""
    path = Path(unquote(given.removeprefix("file:")) if given.startswith("file:") else given).absolute()
    if not given:
        raise Closed("it names no file")
    if not path.is_file():
        raise Closed(f"{str(path)!r} is a folder, not a file" if path.is_dir() else f"there is no file {str(path)!r}")


class _Adbc:
    """What the Arrow-native drivers have in common."""

    _name: str
    _tables: str

    def __init__(self, connect: Callable[[], Any]) -> None:
        kind: Any = URL.create(self._name).get_dialect()
        self.dialect: Dialect = kind(paramstyle="named")  # `%` stays as it is: no statement has parameters
        with told():
            self._connection = connect()
            self._cursor = self._connection.cursor()

    def value(self, sql: str) -> Any:
        with told():
            self._cursor.execute(sql)
            found = self._cursor.fetchone()
        return found[0] if found else None

    def tables(self) -> list[str]:
        with told():
            self._connection.rollback()  # after an error, a transaction takes no more
            self._cursor.execute(self._tables)
            return [name for (name,) in self._cursor.fetchall()]

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with told():
            self._cursor.execute(sql)
            yield from self._cursor.fetch_record_batch()

    def close(self) -> None:
        with suppress(Exception):  # the connection may be gone already, and what was read is whole or was raised
            self._cursor.close()
        with suppress(Exception):
            self._connection.rollback()
        with suppress(Exception):
            self._connection.close()


class _PostgreSQL(_Adbc):
    """PostgreSQL by ADBC: rows come as its own binary COPY, in one transaction that sees one state of the data."""

    _name, _tables = "postgresql", _TABLES

    def __init__(self, url: URL, zone: str) -> None:
        from adbc_driver_postgresql import dbapi

        self._zone = zone
        address = url.render_as_string(hide_password=False)
        super().__init__(lambda: dbapi.connect(address, autocommit=False))
        with told():
            for statement in _SETTLED:
                self._cursor.execute(statement)

    def columns(self, sql: str) -> list[tuple[str, str]]:
        with told():
            schema = self._cursor.adbc_execute_schema(sql)
        return [(field.name, (field.metadata or {}).get(b"POSTGRESQL:type", b"").decode()) for field in schema]

    def as_text(self, column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
        if kind.startswith("_") or kind == "record":
            return sa.cast(sa.func.to_jsonb(column), sa.Text)
        if kind == "timestamp" and self._zone != "UTC":
            return sa.cast(sa.func.timezone(self._zone, column), sa.Text)
        return sa.cast(column, sa.Text)


class _SQLite(_Adbc):
    """SQLite by ADBC, opened for reading. A column may hold values of any type, so each is made text by itself."""

    _name, _tables = "sqlite", "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"

    def __init__(self, url: URL, zone: str) -> None:
        from adbc_driver_sqlite import dbapi

        super().__init__(lambda: dbapi.connect(f"file:{percent_encoded(url.database or '')}?mode=ro"))

    def columns(self, sql: str) -> list[tuple[str, str]]:
        with told():
            self._cursor.execute(f"SELECT * FROM ({sql}\n) LIMIT 0")
            return [(column[0], "") for column in self._cursor.description or ()]

    def as_text(self, column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
        return sa.case((sa.func.typeof(column) == "blob", sa.func.hex(column)), else_=sa.cast(column, sa.Text))

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The driver takes a column's type from its first rows, NULLs for numbers; so the first row is all text."""
        names = [name for name, _ in self.columns(sql)]
        first = ", ".join(["''"] * len(names))
        rows = super().batches(f"SELECT {first} UNION ALL SELECT * FROM ({sql}\n)")
        skipped = 1
        for batch in rows:
            if batch.num_rows > skipped:
                yield batch.slice(skipped).rename_columns(names)
            skipped = 0


class _Any:
    """Any database by SQLAlchemy, its rows fetched from the server a few thousand at a time where the driver can."""

    def __init__(self, url: URL, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        with told():
            self._engine = sa.create_engine(url, poolclass=sa.NullPool)
            self.dialect = self._engine.dialect  # it doubles each `%` where its driver halves it
            self._connection = self._engine.connect()
            if url.get_backend_name() == "postgresql":
                for statement in _SETTLED:
                    self._connection.exec_driver_sql(statement)

    def columns(self, sql: str) -> list[tuple[str, str]]:
        with told():
            found = self._connection.exec_driver_sql(sql)
            names = list(found.keys())
            found.close()
        return [(name, "") for name in names]

    def tables(self) -> list[str]:
        with told():
            seen = sa.inspect(self._engine)
            mine = {*seen.get_table_names(), *seen.get_view_names()}
            others = [one for one in seen.get_schema_names() if one not in (seen.default_schema_name, *_SYSTEM)]
            return [*mine, *(f"{one}.{name}" for one in others for name in seen.get_table_names(one))]

    def as_text(self, column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
        return column

    def value(self, sql: str) -> Any:
        with told():
            return self._connection.exec_driver_sql(sql).scalar()

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with told():
            how = {"stream_results": True, "max_row_buffer": _ROWS}
            found = self._connection.execution_options(**how).exec_driver_sql(sql)
            names = list(found.keys())
            for rows in found.partitions(_ROWS):
                yield self._batch(names, rows)

    def _batch(self, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
        import pyarrow as pa

        columns = zip(*rows, strict=True)
        texts = [pa.array([_text(value, self._zone) for value in column], pa.string()) for column in columns]
        return pa.RecordBatch.from_arrays(texts, names=names)

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()
        self._engine.dispose()


def _text(value: Any, zone: ZoneInfo) -> str | None:
    """One value of a row as text, exactly: no digit is lost and none is made up."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=zone)
        return aware.astimezone(UTC).isoformat(sep=" ")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=lambda one: _text(one, zone))
    return str(value)
