"""What each database needs of the statements that read it: how every value of a column comes as text, whatever it is.

A type is what the database says of a column, never what a row shows. PostgreSQL and SQLite make the text themselves, so
a value that Python has no word for (infinity, a year before 1, NaN) comes like any other. Other databases' drivers make
Python values, and those become text here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

Condition = sa.ColumnElement[bool]
Kind = Literal["text", "whole", "number", "instant", "local", "day", "time", "any", "other"]
Run = Callable[[str], Any]
"""Executes a statement and gives the first value of its first row."""

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "citext", "name"), "text"),
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "whole"),
    **dict.fromkeys(("numeric", "float4", "float8"), "number"),
    "timestamptz": "instant",
    "timestamp": "local",
    "date": "day",
}
_SAMPLES: dict[Kind, Any] = {
    "whole": Decimal(0),
    "number": Decimal(0),
    "instant": datetime(2000, 1, 1, tzinfo=UTC),
    "local": datetime(2000, 1, 1),  # noqa: DTZ001 - what a time without a zone looks like
    "day": date(2000, 1, 1),
}
_LARGEST: sa.ColumnElement[Any] = sa.literal_column("1e308")  # what is beyond it is infinite, or no number
_ALIKE = "____-__-__%"


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a statement gives. ``native`` is the database's own word for its type ('' where it has none)."""

    name: str
    kind: Kind
    native: str = ""

    @property
    def sample(self) -> Any:
        """A value of the column's type, where the type says enough; else None."""
        return _SAMPLES.get(self.kind)


class Backend(Protocol):
    """One kind of database. ``sees_one_state``: all statements of a transaction see the same data."""

    sees_one_state: bool
    codec: str

    def begin(self, run: Run) -> None:
        """What a transaction begins with."""

    def clock(self, dialect: str) -> sa.ColumnElement[Any] | None:
        """The database's own time in UTC, to the second, as text in ISO form; None where that can't be said."""

    def kind(self, native: str) -> Kind:
        """What a column of a type holds."""

    def as_text(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        """A column as it is selected, so that its values come as text (or as text's bytes, in ``codec``)."""

    def as_literal(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        """An expression that gives, for each value, text by which a statement can name that very value."""

    def literal(self, text: str, what: Column) -> str:
        """The SQL for a value from what ``as_literal`` gave."""

    def odd(self, column: sa.ColumnElement[Any], kind: Kind) -> Condition | None:
        """True for values that no window of a cursor can hold; None where there can be none."""

    def alike(self, column: sa.ColumnElement[Any]) -> Condition:
        """True for text that begins as a date does."""

    def among(self, column: sa.ColumnElement[Any], what: Column, texts: tuple[str, ...]) -> Condition | None:
        """True at least where a column's text is among ``texts``, by an index; None where that can't be said."""


class PostgreSQL:
    """PostgreSQL, by whatever driver. Text of a server whose encoding can hold what is none comes as its bytes."""

    sees_one_state, codec = True, "utf-8"

    def __init__(self, zone: str) -> None:
        self._zone, self._encoding = zone, "UTF8"

    def begin(self, run: Run) -> None:
        run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for name, value in _SET_POSTGRESQL.items():
            run(f"SET LOCAL {name} = '{value}'")
        self._encoding = run("SELECT current_setting('server_encoding') AS encoding")
        self.codec = _codec(self._encoding)

    def clock(self, dialect: str) -> sa.ColumnElement[Any] | None:
        return sa.func.to_char(sa.func.timezone("UTC", sa.func.now()), "YYYY-MM-DD HH24:MI:SS")

    def kind(self, native: str) -> Kind:
        return _KINDS.get(native, "other")

    def as_text(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        if what.native.startswith("_") or what.native == "record":
            column = sa.func.to_jsonb(column)
        elif what.kind == "local" and self._zone != "UTC":
            column = sa.func.timezone(self._zone, column)
        text = sa.cast(column, sa.Text)
        return text if self._encoding == "UTF8" else sa.func.convert_to(text, self._encoding)

    def as_literal(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        if what.kind != "text" or self._encoding == "UTF8":
            return sa.func.quote_literal(sa.cast(column, sa.Text))
        hexed = sa.func.encode(sa.func.convert_to(sa.cast(column, sa.Text), self._encoding), "hex")
        return sa.literal("convert_from(decode('") + hexed + sa.literal(f"', 'hex'), '{self._encoding}')")

    def literal(self, text: str, what: Column) -> str:
        return text

    def odd(self, column: sa.ColumnElement[Any], kind: Kind) -> Condition | None:
        if kind in ("instant", "local", "day"):
            return column.in_([sa.literal_column("'infinity'"), sa.literal_column("'-infinity'")])
        return sa.or_(column > _LARGEST, column < -_LARGEST) if kind == "number" else None

    def alike(self, column: sa.ColumnElement[Any]) -> Condition:
        return column.like(_ALIKE)

    def among(self, column: sa.ColumnElement[Any], what: Column, texts: tuple[str, ...]) -> Condition | None:
        if what.kind == "text":
            return column.in_([value(text) for text in texts])
        return _among_numbers(column, texts) if what.kind == "whole" else None


class SQLite:
    """SQLite, where each value has a type of its own: numbers come first, then text, then blobs."""

    sees_one_state, codec = True, "utf-8"

    def begin(self, run: Run) -> None:
        """Its drivers begin by themselves, or are told to."""

    def clock(self, dialect: str) -> sa.ColumnElement[Any] | None:
        return sa.func.datetime("now")

    def kind(self, native: str) -> Kind:
        return "any"

    def as_text(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        """Some versions of SQLite give 15 digits of a fraction; where these are another number, it has 17."""
        text = sa.cast(column, sa.Text)
        is_cut = sa.and_(sa.func.typeof(column) == "real", sa.cast(text, sa.REAL) != column)
        return sa.case((is_cut, sa.func.printf("%!.17g", column)), else_=text)

    def as_literal(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        hexed = sa.literal("X'") + sa.func.hex(column) + sa.literal("'")
        text = sa.literal("CAST(") + hexed + sa.literal(" AS TEXT)")
        kind = sa.func.typeof(column)
        infinite = [(column > _LARGEST, "9e999"), (column < -_LARGEST, "-9e999")]
        return sa.case((kind == "text", text), (kind == "blob", hexed), *infinite, else_=sa.func.quote(column))

    def literal(self, text: str, what: Column) -> str:
        return text

    def odd(self, column: sa.ColumnElement[Any], kind: Kind) -> Condition | None:
        if kind == "text":
            return sa.or_(column < _EMPTY, column >= _EMPTY_BLOB)
        return sa.or_(column >= _EMPTY, column > _LARGEST, column < -_LARGEST)

    def alike(self, column: sa.ColumnElement[Any]) -> Condition:
        return sa.and_(sa.func.typeof(column) == "text", column.like(_ALIKE))

    def among(self, column: sa.ColumnElement[Any], what: Column, texts: tuple[str, ...]) -> Condition | None:
        """Any of them may be a number, a text or a blob; a fraction may be one that its text does not tell exactly."""
        numbers = [text for text in texts if re.fullmatch(r"-?\d+(\.0)?", text)]
        if any(_FRACTION.fullmatch(text) for text in {*texts}.difference(numbers)):
            return None
        blobs: list[sa.ColumnElement[Any]] = [sa.literal_column(f"X'{text.encode().hex()}'") for text in texts]
        return column.in_([*map(value, texts), *map(sa.literal_column, numbers), *blobs])


class Other:
    """Any other database: its types are what its driver calls them, and its values are made text here."""

    sees_one_state, codec = False, "utf-8"

    def begin(self, run: Run) -> None:
        """Its driver's own way."""

    def clock(self, dialect: str) -> sa.ColumnElement[Any] | None:
        return sa.literal_column(_CLOCKS[dialect]) if dialect in _CLOCKS else None

    def kind(self, native: str) -> Kind:
        known: dict[str, Kind] = {"STRING": "text", "NUMBER": "number", "DATETIME": "time"}
        return known.get(native, "other")

    def as_text(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        return column

    def as_literal(self, column: sa.ColumnElement[Any], what: Column) -> sa.ColumnElement[Any]:
        return column

    def literal(self, text: str, what: Column) -> str:
        is_number = what.kind == "number" and re.fullmatch(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?", text)
        return text if is_number else "'" + text.replace("'", "''") + "'"

    def odd(self, column: sa.ColumnElement[Any], kind: Kind) -> Condition | None:
        return None

    def alike(self, column: sa.ColumnElement[Any]) -> Condition:
        return column.like(_ALIKE)

    def among(self, column: sa.ColumnElement[Any], what: Column, texts: tuple[str, ...]) -> Condition | None:
        if what.kind == "text":
            return column.in_([value(text) for text in texts])
        if what.kind == "number" and not any(_FRACTION.fullmatch(text) and not _is_whole(text) for text in texts):
            return _among_numbers(column, texts)
        return None


def value(plain: Any) -> sa.ColumnElement[Any]:
    """A value of Python's as a statement writes it."""
    if isinstance(plain, datetime):
        return sa.literal(plain, sa.DateTime(timezone=plain.tzinfo is not None))
    if isinstance(plain, date):
        return sa.literal(plain, sa.Date())
    if isinstance(plain, Decimal | int | float):
        return sa.literal_column(format(plain, "f") if isinstance(plain, Decimal) else repr(plain))
    return sa.literal(str(plain), sa.String())


def statement(dialect: Dialect, select: sa.Select[Any]) -> str:
    """The text of a statement, with its values in it."""
    return str(select.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


_SET_POSTGRESQL = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_encoding": "UTF8",
}
_CLOCKS = {
    **dict.fromkeys(("mysql", "mariadb"), "CAST(UTC_TIMESTAMP() AS CHAR)"),
    "mssql": "CONVERT(VARCHAR(19), SYSUTCDATETIME(), 120)",
    "oracle": "TO_CHAR(SYS_EXTRACT_UTC(SYSTIMESTAMP), 'YYYY-MM-DD HH24:MI:SS')",
}
_EMPTY: sa.ColumnElement[Any] = sa.literal_column("''")
_EMPTY_BLOB: sa.ColumnElement[Any] = sa.literal_column("X''")
_FRACTION = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


def _codec(encoding: str) -> str:
    """Python's name for a server's encoding; what says nothing of its text, and what Python lacks, is read as UTF-8."""
    name = re.sub(r"^WIN", "cp", encoding).replace("KOI8", "KOI8_")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "utf-8"


def _among_numbers(column: sa.ColumnElement[Any], texts: tuple[str, ...]) -> Condition:
    return column.in_([value(int(text)) for text in texts if _is_whole(text)] or [sa.null()])


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"0|-?[1-9]\d{0,17}", text) is not None
