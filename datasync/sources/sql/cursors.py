"""What a cursor's values are: times, text that tells times, numbers or plain text, by the column's type.

Where the type says nothing (text, and any column of SQLite) the values of many rows do, so that an odd one among them
changes nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from datasync.sources.sql.backends import Column, Condition, Kind
from datasync.sources.sql.statements import SourceRows
from datasync.sources.sql.windows import spelling


@dataclass(frozen=True, slots=True)
class Cursor:
    """A scope's cursor. ``sample`` is a value of the type that its values have, or a text written as they are.

    ``odd`` is true for values that no window holds, such as infinity: their rows are read by every pull.
    """

    column: sa.ColumnElement[Any]
    sample: Any
    odd: Condition | None

    def newest(self, rows: SourceRows) -> str | None:
        """The largest value that is not odd, as text."""
        return next(iter(rows.newest(self.column, self._usual)), None)

    @property
    def _usual(self) -> Condition:
        return sa.true() if self.odd is None else sa.not_(self.odd)


def find_cursor(rows: SourceRows) -> Cursor | None:
    """The cursor that the scope names; None where there is none, or no row has a value there that says when."""
    if not rows.has("cursor"):
        return None
    column, what = rows.column("cursor"), rows.described("cursor")
    kind = _most_common(rows, column) if what.kind == "any" else what.kind
    odd = rows.backend.odd(column, kind) if kind else None
    sample = _sample(rows, column, Column(what.name, kind, what.native), odd) if kind else None
    return None if sample is None else Cursor(column, sample, odd)


def _most_common(rows: SourceRows, column: sa.ColumnElement[Any]) -> Kind | None:
    """What most values of a column without a type are."""
    kind, count = sa.func.typeof(column), sa.func.count()
    types = sa.select(kind).where(column.is_not(None)).group_by(kind).order_by(count.desc()).limit(1)
    known: dict[str | None, Kind] = {"integer": "number", "real": "number", "text": "text"}
    return known.get(rows.value(types))


def _sample(rows: SourceRows, column: sa.ColumnElement[Any], what: Column, odd: Condition | None) -> Any:
    usual = column.is_not(None) if odd is None else sa.and_(column.is_not(None), sa.not_(odd))
    if what.kind == "text":
        written = Counter(map(spelling, rows.newest(column, sa.and_(usual, rows.backend.alike(column)))))
        times = [text for text, _ in written.most_common() if text]
        return next(iter([*times, *rows.newest(column, usual)]), None)
    if what.kind == "time":
        first = rows.value(sa.select(column).where(usual).limit(1))
        return first if isinstance(first, date) else rows.value(sa.select(sa.func.max(column)))
    if what.sample is None:
        return next(iter(rows.newest(column, usual)), None)
    return what.sample if rows.value(sa.select(sa.literal_column("1")).where(usual).limit(1)) else None
