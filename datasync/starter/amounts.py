"""Which sign stands before the decimals of a field's amounts: decided over all values, left open where two would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasync.quantity import quantity
from datasync.relation import query
from datasync.sql import literal, quote
from datasync.starter.sample import Field, SampledRows

_MOST_THAT_IS_NONE = 0.1
_MOST_AGAINST = 0.01
_MOST_WORDS = 0.2
_FEWEST_NUMBERS = 3
_DIFFERENT_WORDS = 10


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the values of a field are as amounts: ``sql`` reads them; where two readings fit, ``options`` are these.

    ``words`` stand in ``worded`` records in the place of an amount, and are read as none. ``numbers`` are the records
    that have an amount.
    """

    sql: str | None = None
    options: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    worded: int = 0
    numbers: int = 0

    @property
    def note(self) -> str:
        """Which words are read as no amount."""
        return f"{', '.join(self.words)}: taken for none, in {quantity(self.worded, 'record')}" if self.words else ""


def amounts(rows: SampledRows, field: Field, f: str, *, of: str | None = None) -> Amounts:
    """How to read the amounts of a field; ``f`` is its name in SQL. Neither ``sql`` nor ``options``: they are none.

    ``of`` is SQL that gives the amounts, where they are not all that stands in the field.
    """
    if field.is_number or not field.filled:
        return Amounts(f)
    counts = query("sampled_amounts", sample=rows.relation, field=of or quote(field.name)).row(rows.con)
    words = tuple(counts["words"]) if _are_few(counts) else ()
    readings = _readings(counts, f, counts["neither"] - len(words), counts["different"] - len(words))
    if words:
        none = f"trim({f}) not in ({', '.join(map(literal, words))})"
        readings = tuple(f"case when {none} then {reading} end" for reading in readings)
    if not readings:
        return Amounts()
    sql, options = (readings[0], ()) if len(readings) == 1 else (None, readings)
    return Amounts(sql, options, words, counts["worded"] if words else 0, counts["numbers"])


def _are_few(counts: Mapping[str, Any]) -> bool:
    """Whether words stand among the amounts as exceptions do: few, in few records."""
    is_rare = counts["worded"] <= max(1, counts["filled"] * _MOST_WORDS)
    return is_rare and counts["numbers"] >= _FEWEST_NUMBERS and len(counts["words"]) <= _DIFFERENT_WORDS


def _readings(counts: Mapping[str, Any], f: str, neither: int, different: int) -> tuple[str, ...]:
    """The ways to read a field whose different values were counted; none where too many of them are no amounts."""
    if neither > different * _MOST_THAT_IS_NONE:
        return ()
    with_comma, with_point = f"number_of({f}, ',')", f"number_of({f}, '.')"
    comma, point = counts["comma"], counts["point"]
    if comma and point <= comma * _MOST_AGAINST:
        return (with_comma,)
    if point and comma <= point * _MOST_AGAINST:
        return (with_point if counts["written"] else f,)
    return (with_comma, with_point) if counts["differ"] else (f"number_of({f})",)
