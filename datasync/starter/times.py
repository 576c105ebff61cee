"""Which form a field's times are written in: decided over all values, and left open where two would do."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import duckdb

from datasync.relation import Relation, select, temporary_tables
from datasync.sql import literal, quote
from datasync.starter.sample import Field, SampledRows

_MOST_THAT_IS_NONE = 0.1
_DATES = (
    *("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y"),
    *(
        "%m-%d-%y",
        "%y-%m-%d",
        "%Y-%m-%d",
        "%y/%m/%d",
        "%Y/%m/%d",
        "%Y.%m.%d",
        "%Y%m%d",
        "%d %b %Y",
        "%b %d, %Y",
        "%d %B %Y",
    ),
)
_HOURS = ("", " %H:%M", " %H:%M:%S", ", %H:%M", ", %H:%M:%S", " %I:%M %p", ", %I:%M %p", " %I:%M:%S %p", "%H%M%S")
_FAMILIES = {date: tuple(date + hours for hours in _HOURS) for date in _DATES}


@dataclass(frozen=True, slots=True)
class Times:
    """What the values of a field are as times: ``sql`` reads them; where two readings fit, ``options`` are these."""

    sql: str | None = None
    options: tuple[str, ...] = ()
    note: str = ""


def times(rows: SampledRows, field: Field, f: str) -> Times:
    """How to read the times of a field; ``f`` is its name in SQL. Neither ``sql`` nor ``options``: they are none."""
    if not field.filled:
        return Times(f)
    name = quote(field.name)
    values = f"SELECT DISTINCT trim({name}) AS v FROM sample WHERE trimmed({name}) IS NOT NULL"
    with temporary_tables(rows.con) as tables:
        stored = tables.store(select(values, sample=rows.relation), "times")
        return _times_of(SampledRows(rows.con, stored), stored.size, f)


def _times_of(values: SampledRows, size: int, f: str) -> Times:
    """How to read the ``values`` of a field, each once in the column ``v``."""
    most = size * (1 - _MOST_THAT_IS_NONE)
    if _count(values, "regexp_matches(v, '^(19|20|21)[0-9]{2}-') AND try_cast(v AS TIMESTAMPTZ) IS NOT NULL") >= most:
        return Times(f)
    fitting = _fitting(values, most)
    if not fitting:
        return Times()
    readings = [f"moment_of({f}, {_form(values, family)})" for family in fitting]
    differ = any(_differ(values, a, b) for a, b in itertools.pairwise(fitting))
    return Times(options=tuple(readings)) if differ else Times(readings[0])


def _count(values: SampledRows, condition: str) -> int:
    return int(values.row(f"SELECT count(*) FILTER ({condition}) AS n FROM sample")["n"])


def _fitting(values: SampledRows, most: float) -> list[tuple[str, ...]]:
    """The forms that read nearly all values; two families of forms where they read more than any by itself does."""
    counts = {date: n for date, family in _FAMILIES.items() if (n := _read(values, family))}
    best = max(counts.values(), default=0)
    pairs = [(a, b) for a in counts for b in counts if _are_unlike(a, b) and counts[a] + counts[b] > best]
    mixed = [(*_FAMILIES[a], *_FAMILIES[b]) for a, b in pairs if not _both(values, _FAMILIES[a], _FAMILIES[b])]
    reads = {forms: _read(values, forms) for forms in mixed}
    most_read = max([best, *reads.values()])
    if most_read > best and most_read >= most:
        return [forms for forms, n in reads.items() if n == most_read]
    return [_FAMILIES[date] for date, n in counts.items() if n >= most]


def _are_unlike(a: str, b: str) -> bool:
    """Whether no text is a date by both: a year of two digits is in ``a`` alone, or the signs between differ."""
    if a.replace("%y", "%Y") == b.replace("%y", "%Y"):
        return "%y" in a and "%Y" in b
    return a < b and _signs(a) != _signs(b)


def _signs(date: str) -> str:
    return re.sub(r"%\w", "", date)


def _both(values: SampledRows, a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """How many values can be read by the forms of both families."""
    return _count(values, f"{_moment(a)} IS NOT NULL AND {_moment(b)} IS NOT NULL")


def are_local(con: duckdb.DuckDBPyConnection, sql: str, rows: Relation) -> bool:
    """Whether any time in ``rows``, read by ``sql``, has no offset: it is UTC only if nobody names the zone."""
    times = select(f"SELECT TRY(CAST({sql} AS VARCHAR)) AS time FROM rows", rows=rows)
    local = times.where("TRY_CAST(time AS TIMESTAMPTZ) IS NOT NULL AND NOT has_offset(time) LIMIT 1")
    return bool(local.rows(con))


def _moment(forms: tuple[str, ...]) -> str:
    parsed = f"try_strptime(v, [{', '.join(map(literal, forms))}])"
    return f"CASE WHEN year({parsed}) BETWEEN 1900 AND 2199 THEN {parsed} END"


def _read(values: SampledRows, forms: tuple[str, ...]) -> int:
    return _count(values, f"{_moment(forms)} IS NOT NULL")


def _differ(values: SampledRows, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    return _count(values, f"{_moment(a)} IS DISTINCT FROM {_moment(b)}") > 0


def _form(values: SampledRows, family: tuple[str, ...]) -> str:
    """The forms of a family that are used, the longest first, as SQL."""
    used = sorted((form for form in reversed(family) if _read(values, (form,))), key=lambda form: "%y" not in form)
    return literal(used[0]) if len(used) == 1 else f"[{', '.join(map(literal, used))}]"
