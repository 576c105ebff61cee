"""Ways into a database: what a SELECT's columns are, and its rows as Arrow batches in which every value is text.

PostgreSQL and SQLite are read by Arrow-native drivers (ADBC), which hand over whole batches; every other database by
SQLAlchemy and the driver that its URL names, a few thousand rows at a time. All text is the database's own, so a
NUMERIC comes with each of its digits; lists and records come as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote as percent_encoded
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect

from datasync.databases.driver_errors import Closed, opening, translated
from datasync.sources.sql import sound
from datasync.sources.sql.backends import Backend, Column, Other, PostgreSQL, SQLite
from datasync.sql import query_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5_000
_SYSTEM = ("information_schema", "main", "mysql", "performance_schema", "sys", "temp")


class Driver(Protocol):
    """One connection to a database, in one transaction; every statement of it sees the same data where it can."""

    dialect: Dialect
    backend: Backend

    def columns(self, sql: str) -> list[Column]:
        """The columns that a SELECT gives, by what the database says of them."""

    def tables(self) -> list[str]:
        """The tables and views that a scope can name, whatever failed before."""

    def value(self, sql: str) -> Any:
        """The first value that a SELECT gives, as Python has it; None where there is no row."""

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a SELECT whose columns ``backend`` made text, in batches as sound.py has them."""

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
    database = url.database or ""
    path = Path(unquote(database.removeprefix("file:")) if database.startswith("file:") else database).absolute()
    if not database:
        raise Closed("it names no file")
    if not path.is_file():
        raise Closed(f"{str(path)!r} is a folder, not a file" if path.is_dir() else f"there is no file {str(path)!r}")


class _Adbc:
    """What the Arrow-native drivers have in common."""

    backend: Backend
    _tables: str

    def __init__(self, name: str, connect: Callable[[], Any]) -> None:
        kind: Any = URL.create(name).get_dialect()
        self.dialect: Dialect = kind(paramstyle="named")  # `%` stays as it is: no statement has parameters
        with translated():
            self._connection = connect()
            self._cursor = self._connection.cursor()

    def value(self, sql: str) -> Any:
        with translated():
            self._cursor.execute(sql)
            row = self._cursor.fetchone()
        return row[0] if row else None

    def tables(self) -> list[str]:
        with translated():
            self._connection.rollback()  # after an error, a transaction takes no more
            self._cursor.execute(self._tables)
            return [name for (name,) in self._cursor.fetchall()]

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with translated():
            for batch in self._arriving(sql):
                yield sound.from_arrow(batch.schema.names, batch.columns, self.backend.codec)

    def _arriving(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows as the driver has them.

        The reader that it gives away (``fetch_record_batch``) tells an error in mid-stream without its SQLSTATE; the
        one that it keeps for itself tells that too.
        """
        self._cursor.execute(sql)
        reader = getattr(getattr(self._cursor, "_results", None), "reader", None)
        yield from reader or self._cursor.fetch_record_batch()

    def close(self) -> None:
        with suppress(Exception):  # the connection may be gone already, and what was read is whole or was raised
            self._cursor.close()
        with suppress(Exception):
            self._connection.rollback()
        with suppress(Exception):
            self._connection.close()


class _PostgreSQL(_Adbc):
    """PostgreSQL by ADBC: rows come as its own binary COPY, in one transaction that sees one state of the data."""

    _tables = query_of("datasync.sources.sql", "postgresql_tables")

    def __init__(self, url: URL, zone: str) -> None:
        from adbc_driver_postgresql import dbapi

        address = url.render_as_string(hide_password=False)
        super().__init__("postgresql", lambda: dbapi.connect(address, autocommit=False))
        self.backend = PostgreSQL(zone)
        self.backend.begin(self._run)

    def columns(self, sql: str) -> list[Column]:
        with translated():
            schema = self._cursor.adbc_execute_schema(sql)
        natives = [(field.metadata or {}).get(b"POSTGRESQL:type", b"").decode() for field in schema]
        return [Column(name, self.backend.kind(n), n) for name, n in zip(schema.names, natives, strict=True)]

    def _run(self, sql: str) -> Any:
        with translated():
            self._cursor.execute(sql)
            row = self._cursor.fetchone() if sql.startswith("SELECT") else None
        return row and row[0]


class _SQLite(_Adbc):
    """SQLite by ADBC, opened for reading. A column may hold values of any type, so each is made text by itself."""

    _tables = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"

    def __init__(self, url: URL, zone: str) -> None:
        from adbc_driver_sqlite import dbapi

        super().__init__("sqlite", lambda: dbapi.connect(f"file:{percent_encoded(url.database or '')}?mode=ro"))
        self.backend = SQLite()

    def columns(self, sql: str) -> list[Column]:
        with translated():
            self._cursor.execute(f"SELECT * FROM ({sql}\n) LIMIT 0")
            return [Column(column[0], "any") for column in self._cursor.description or ()]

    def _arriving(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The driver takes a column's type from its first rows, NULLs for numbers; so the first row is all text."""
        names = [column.name for column in self.columns(sql)]
        first = ", ".join(["''"] * len(names))
        skipped = 1
        for batch in super()._arriving(f"SELECT {first} UNION ALL SELECT * FROM ({sql}\n)"):
            if batch.num_rows > skipped:
                yield batch.slice(skipped).rename_columns(names)
            skipped = 0


class _Any:
    """Any database by SQLAlchemy, its rows fetched from the server a few thousand at a time where the driver can."""

    def __init__(self, url: URL, zone: str) -> None:
        self._zone, name = ZoneInfo(zone), url.get_backend_name()
        known: Mapping[str, Callable[[], Backend]] = {"postgresql": lambda: PostgreSQL(zone), "sqlite": SQLite}
        self.backend = known.get(name, Other)()
        with translated():
            # SQLAlchemy does not understand a server whose encoding is none, unless this is said from the beginning
            from_the_start = {"client_encoding": "utf8"} if url.get_driver_name() in ("psycopg", "psycopg2") else {}
            self._engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=from_the_start)
            self.dialect = self._engine.dialect  # it doubles each `%` where its driver halves it
            self._connection = self._engine.connect()
            if name == "sqlite":
                self._begin_sqlite()
            self.backend.begin(self._run)

    def _begin_sqlite(self) -> None:
        """Python's driver begins no transaction to read in, and stops at the first text that is none."""
        driver: Any = self._connection.connection.driver_connection
        driver.text_factory = bytes
        self._connection.exec_driver_sql("BEGIN")

    def columns(self, sql: str) -> list[Column]:
        with translated():
            result = self._connection.exec_driver_sql(sql)
            codes = [(str(name), code) for name, code, *_ in result.cursor.description]
            result.close()
            natives = self._natives([code for _, code in codes])
        return [Column(name, self.backend.kind(natives[code]), natives[code]) for name, code in codes]

    def _natives(self, codes: Sequence[Any]) -> Mapping[Any, str]:
        """The database's words for the types that a cursor tells: PostgreSQL's own, or those that all drivers have."""
        if self._engine.dialect.name == "postgresql":
            types = f"SELECT oid::bigint, typname FROM pg_type WHERE oid IN ({', '.join(map(str, codes)) or 'NULL'})"
            return dict(tuple(row) for row in self._connection.exec_driver_sql(types))
        return {code: _word(self._engine.dialect.dbapi, code) for code in codes}

    def tables(self) -> list[str]:
        with translated():
            seen = sa.inspect(self._engine)
            mine = {*seen.get_table_names(), *seen.get_view_names()}
            others = [
                schema for schema in seen.get_schema_names() if schema not in (seen.default_schema_name, *_SYSTEM)
            ]
            return [*mine, *(f"{schema}.{name}" for schema in others for name in seen.get_table_names(schema))]

    def value(self, sql: str) -> Any:
        with translated():
            first = self._connection.exec_driver_sql(sql).scalar()
        return first.decode(errors="replace") if isinstance(first, bytes) else first

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with translated():
            streaming = {"stream_results": True, "max_row_buffer": _ROWS}
            result = self._connection.execution_options(**streaming).exec_driver_sql(sql)
            names = list(result.keys())
            for rows in result.partitions(_ROWS):
                columns = [[_text(value, self._zone) for value in column] for column in zip(*rows, strict=True)]
                yield sound.from_python(names, columns, self.backend.codec)

    def close(self) -> None:
        with suppress(Exception):
            self._connection.close()
        self._engine.dispose()

    def _run(self, sql: str) -> Any:
        result = self._connection.exec_driver_sql(sql)
        return result.scalar() if result.returns_rows else None


def _word(driver: Any, code: Any) -> str:
    """STRING, NUMBER or DATETIME, where a driver says which of these a type is; Python's types say it too."""
    if isinstance(code, type):
        known = ((bool, ""), (str, "STRING"), (int | float | Decimal, "NUMBER"), (date, "DATETIME"))
        return next((word for kind, word in known if issubclass(code, kind)), "")
    words = ("STRING", "NUMBER", "DATETIME")
    return next((word for word in words if code is not None and getattr(driver, word, None) == code), "")


def _text(value: Any, zone: ZoneInfo) -> str | bytes | None:
    """One value of a row as text, exactly, or as its bytes: no digit is lost and none is made up."""
    if value is None or isinstance(value, str | bytes):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=zone)
        return aware.astimezone(UTC).isoformat(sep=" ")
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=lambda part: str(_text(part, zone)))
    return str(value)
