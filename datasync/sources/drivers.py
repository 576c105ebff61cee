"""Ways into a database: what a SELECT's columns are, and its rows as Arrow batches in which every value is text.

PostgreSQL and SQLite are read by Arrow-native drivers (ADBC), which hand over whole batches; every other database by
SQLAlchemy and the driver that its URL names, a few thousand rows at a time. All text is the database's own, so a
NUMERIC comes with each of its digits; lists and records come as JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote as percent_encoded
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import URL, Dialect

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5_000
_SETTLED = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL TimeZone = 'UTC'",
    "SET LOCAL DateStyle = 'ISO'",
)
_AWAY = ("08", "53", "55", "57", "58", "40")  # SQLSTATE classes: not reachable, out of room, locked, shutting down


class Refused(Exception):
    """The database did not take a statement, or did not let us in: trying again changes nothing."""


class Unreachable(Exception):
    """The database did not answer, or broke off."""


class Driver(Protocol):
    """One connection to a database, in one transaction; every statement of it sees the same data where it can."""

    dialect: Dialect

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """The columns that a SELECT gives: name, and the database's word for the type ('' where it has none)."""

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
    """The driver for a URL, connected; ``zone`` is that of times without one. Raises Refused or Unreachable."""
    known: Mapping[str, Callable[[URL, str], Driver]] = {"postgresql": _PostgreSQL, "sqlite": _SQLite}
    driver = known.get(url.drivername, _Any)(url, zone)
    try:
        yield driver
    finally:
        driver.close()


class _Adbc:
    """What the Arrow-native drivers have in common."""

    _name: str

    def __init__(self, connect: Callable[[], Any]) -> None:
        kind: Any = URL.create(self._name).get_dialect()
        self.dialect: Dialect = kind(paramstyle="named")  # `%` stays as it is: no statement has parameters
        with _told():
            self._connection = connect()
            self._cursor = self._connection.cursor()

    def value(self, sql: str) -> Any:
        with _told():
            self._cursor.execute(sql)
            found = self._cursor.fetchone()
        return found[0] if found else None

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with _told():
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

    _name = "postgresql"

    def __init__(self, url: URL, zone: str) -> None:
        from adbc_driver_postgresql import dbapi

        self._zone = zone
        address = url.render_as_string(hide_password=False)
        super().__init__(lambda: dbapi.connect(address, autocommit=False))
        with _told():
            for statement in _SETTLED:
                self._cursor.execute(statement)

    def columns(self, sql: str) -> list[tuple[str, str]]:
        with _told():
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

    _name = "sqlite"

    def __init__(self, url: URL, zone: str) -> None:
        from adbc_driver_sqlite import dbapi

        if not Path(url.database or "").is_file():
            raise Refused(f"there is no file {url.database!r}")
        super().__init__(lambda: dbapi.connect(f"file:{percent_encoded(url.database or '')}?mode=ro"))

    def columns(self, sql: str) -> list[tuple[str, str]]:
        with _told():
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
        with _told():
            self._engine = sa.create_engine(url, poolclass=sa.NullPool)
            self.dialect = self._engine.dialect  # it doubles each `%` where its driver halves it
            self._connection = self._engine.connect()
            if url.get_backend_name() == "postgresql":
                for statement in _SETTLED:
                    self._connection.exec_driver_sql(statement)

    def columns(self, sql: str) -> list[tuple[str, str]]:
        with _told():
            found = self._connection.exec_driver_sql(sql)
            names = list(found.keys())
            found.close()
        return [(name, "") for name in names]

    def as_text(self, column: sa.ColumnElement[Any], kind: str) -> sa.ColumnElement[Any]:
        return column

    def value(self, sql: str) -> Any:
        with _told():
            return self._connection.exec_driver_sql(sql).scalar()

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        with _told():
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


@contextmanager
def _told() -> Iterator[None]:
    """A driver's error as ours: its first line, and whether trying again may help."""
    try:
        yield
    except (Refused, Unreachable, GeneratorExit):
        raise
    except ImportError as error:
        raise Refused(f"{error}. Install the driver, or `datasync[sql]` for PostgreSQL and SQLite") from error
    except sa.exc.NoSuchModuleError as error:
        raise Refused(str(error)) from error
    except Exception as error:
        raise _judged(error)(_first_line(error)) from error


def _judged(error: Exception) -> type[Exception]:
    state = getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    if state.startswith(_AWAY):
        return Unreachable
    if state or "no such" in str(error) or "syntax error" in str(error):
        return Refused
    words = str(error)
    if "authentication failed" in words or re.search(r'(role|database) ".*" does not exist', words):
        return Refused
    return (
        Refused if type(error).__name__ in ("ProgrammingError", "NotSupportedError", "ArgumentError") else Unreachable
    )


def _first_line(error: Exception) -> str:
    """The first lines of what a driver says; SQLAlchemy adds the whole statement, which nobody needs twice."""
    words = str(getattr(error, "orig", None) or error).strip()
    words = re.split(r"\n(?:Query was|query):|\[SQL:", words)[0]
    return " ".join(words.split()).rstrip(".")
