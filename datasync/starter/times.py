"""Which form a field's times are written in: decided over all values, and left open where two would do."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

import duckdb

from datasync.sql import literal, quote, row
from datasync.starter.sample import Field

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


def times(con: duckdb.DuckDBPyConnection, field: Field, f: str) -> Times:
    """How to read the times of a field; ``f`` is its name in SQL. Neither ``sql`` nor ``options``: they are none."""
    if not field.filled:
        return Times(f)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE moments AS "
        f"SELECT DISTINCT trim({quote(field.name)}) AS v FROM sample WHERE trimmed({quote(field.name)}) IS NOT NULL"
    )
    most = row(con, "SELECT count(*) AS n FROM moments")["n"] * (1 - _MOST_THAT_IS_NONE)
    plain = "regexp_matches(v, '^(19|20|21)[0-9]{2}-') AND try_cast(v AS TIMESTAMPTZ) IS NOT NULL"
    if row(con, f"SELECT count(*) FILTER ({plain}) AS n FROM moments")["n"] >= most:
        return Times(f)
    fitting = _fitting(con, most)
    if not fitting:
        return Times()
    readings = [f"moment_of({f}, {_form(con, family)})" for family in fitting]
    differ = any(_differ(con, a, b) for a, b in itertools.pairwise(fitting))
    return Times(options=tuple(readings)) if differ else Times(readings[0])


def _fitting(con: duckdb.DuckDBPyConnection, most: float) -> list[tuple[str, ...]]:
    """The forms that read nearly all values; two families of forms where they read more than any by itself does."""
    counts = {date: n for date, family in _FAMILIES.items() if (n := _read(con, family))}
    best = max(counts.values(), default=0)
    pairs = [(a, b) for a in counts for b in counts if _are_unlike(a, b) and counts[a] + counts[b] > best]
    mixed = [(*_FAMILIES[a], *_FAMILIES[b]) for a, b in pairs if not _both(con, _FAMILIES[a], _FAMILIES[b])]
    reads = {forms: _read(con, forms) for forms in mixed}
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


def _both(con: duckdb.DuckDBPyConnection, a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """How many values can be read by the forms of both families."""
    both = f"{_moment(a)} IS NOT NULL AND {_moment(b)} IS NOT NULL"
    return int(row(con, f"SELECT count(*) FILTER ({both}) AS n FROM moments")["n"])


def are_local(con: duckdb.DuckDBPyConnection, sql: str, rows: str = "sample") -> bool:
    """Whether any time in ``rows``, read by ``sql``, has no offset: it is UTC only if nobody names the zone."""
    times = f"SELECT TRY(CAST({sql} AS VARCHAR)) AS time FROM {rows}"
    is_local = "TRY_CAST(time AS TIMESTAMPTZ) IS NOT NULL AND NOT has_offset(time)"
    return con.execute(f"SELECT 1 FROM ({times}) WHERE {is_local} LIMIT 1").fetchone() is not None


def _moment(forms: tuple[str, ...]) -> str:
    parsed = f"try_strptime(v, [{', '.join(map(literal, forms))}])"
    return f"CASE WHEN year({parsed}) BETWEEN 1900 AND 2199 THEN {parsed} END"


def _read(con: duckdb.DuckDBPyConnection, forms: tuple[str, ...]) -> int:
    return int(row(con, f"SELECT count({_moment(forms)}) AS n FROM moments")["n"])


def _differ(con: duckdb.DuckDBPyConnection, a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    apart = f"{_moment(a)} IS DISTINCT FROM {_moment(b)}"
    return bool(row(con, f"SELECT count(*) FILTER ({apart}) AS n FROM moments")["n"])


def _form(con: duckdb.DuckDBPyConnection, family: tuple[str, ...]) -> str:
    """The forms of a family that are used, the longest first, as SQL."""
    used = sorted((form for form in reversed(family) if _read(con, (form,))), key=lambda form: "%y" not in form)
    return literal(used[0]) if len(used) == 1 else f"[{', '.join(map(literal, used))}]"
