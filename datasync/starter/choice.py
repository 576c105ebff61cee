"""What was decided for one column of a product, and what was not."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from datasync.errors import SettingsError
from datasync.intake import mapping, validation
from datasync.intake.mapping import ScopeMap
from datasync.intake.validation import RecordExpressions
from datasync.relation import Relation, query, select
from datasync.sql import quote
from datasync.starter.sample import EXAMPLES, Field, SampledRows

_MOST_THAT_DOES_NOT_FIT = 0.1
_SHOWN = 60
_CENTS = Decimal("0.01")
_ORIGINAL = "datasync original"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a field, and what was understood of the first values: "original -> understood".

    ``remark`` says when it is right.
    """

    sql: str
    samples: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The map of one column. Without ``sql`` nothing is mapped: ``note`` says why, ``options`` are what it could be.

    ``fields`` are what the column is read from, ``is_guess`` says that their values alone speak for it. ``is_open``:
    its values can be read in several ways. ``is_local``: it holds times without an offset.
    """

    column: str
    sql: str
    fields: tuple[str, ...] = ()
    note: str = ""
    samples: tuple[str, ...] = ()
    options: tuple[Reading, ...] = ()
    is_guess: bool = False
    is_open: bool = False
    is_local: bool = False

    @property
    def is_left(self) -> bool:
        """Whether a person is to choose one of its lines, because none was taken."""
        return not self.sql and bool(self.options)


def ambiguous(column: str, field: str, readings: Sequence[str]) -> Choice:
    """A column that is left to a person, because its field can be read in several ways."""
    note = f"{field} can be read in {len(readings)} ways: uncomment the line in datasync.yaml that is right"
    return Choice(column, "", (field,), note=note, options=tuple(map(Reading, readings)), is_open=True)


def shown(value: object, most: int = _SHOWN) -> str:
    """A value of the file in a comment or on a terminal: one line of what can be printed, shortened."""
    words = " ".join(str(value).split())
    line = "".join(sign for sign in words if unicodedata.category(sign)[0] != "C")
    return line if len(line) <= most else f"{line[: most - 1]}…"


def misfits(rows: SampledRows, column: str, sql: str, field: str) -> tuple[int, int]:
    """Two counts of the records that fill ``field``: those that a pull would refuse with this map, and all."""
    try:
        judged = _judged(rows, column, sql, field)
    except SettingsError:
        return 1, 1
    counted = "SELECT count(code) AS bad, count(*) AS of FROM judged WHERE trimmed(text_0) IS NOT NULL"
    counts = select(counted, judged=judged).row(rows.con)
    return int(counts["bad"]), int(counts["of"])


def fits(rows: SampledRows, column: str, sql: str, field: str) -> bool:
    """Whether nearly every record of the sample stays valid with the expression, as a pull judges them."""
    bad, of = misfits(rows, column, sql, field)
    return bad <= of * _MOST_THAT_DOES_NOT_FIT


def understood(rows: SampledRows, column: str, sql: str, field: Field) -> tuple[str, ...]:
    """Up to three different values of a field and what a column makes of them, those that look most different."""
    judged = _judged(rows, column, sql, field.name)
    chosen = query("sampled_values", judged=judged, column=quote(column), examples=str(EXAMPLES))
    return tuple(f"{shown(original)} -> {_as_words(value, code)}" for original, value, code in chosen.rows(rows.con))


def refused(rows: SampledRows, column: str, sql: str, field: Field) -> tuple[str, ...]:
    """Up to three different values of a field that a pull would refuse with this map, the most frequent first."""
    judged = _judged(rows, column, sql, field.name)
    values = query("sampled_refused", judged=judged, examples=str(EXAMPLES)).rows(rows.con)
    return tuple(shown(value) for (value,) in values)


def _as_words(value: object, code: str | None) -> str:
    if code is not None:
        return "not understood: the record goes to quarantine"
    if isinstance(value, list):
        return f"[{', '.join(shown(element['url'] if isinstance(element, dict) else element) for element in value)}]"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Decimal):
        return f"{value.normalize() if value.normalize().as_tuple().exponent < -2 else value.quantize(_CENTS):f}"  # type: ignore[operator]
    return "nothing" if value is None else shown(value)


def _judged(rows: SampledRows, column: str, sql: str, field: str) -> Relation:
    beside = (
        f"{quote(field)} AS {quote(_ORIGINAL)}, NULL::VARCHAR AS _place, NULL::VARCHAR AS _unreadable, false AS _blank"
    )
    records = select(f"SELECT *, {beside} FROM sample", sample=rows.relation)
    scope = ScopeMap("sample", {"sku": "'1'", "name": "'1'", column: sql}, (_ORIGINAL,))
    return validation.judged(rows.con, "sample", mapping.mapping(rows.con, scope, ()), records, RecordExpressions())
