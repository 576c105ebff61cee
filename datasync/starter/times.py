"""Which form a field's times are written in: decided over all values, and left open where two would do."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import duckdb

from datasync.sql import literal, quote, row
from datasync.starter.sample import Field

_MOST_THAT_IS_NONE = 0.1
_DATES = (
    *("%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y"),
    *("%m-%d-%y", "%y-%m-%d", "%y/%m/%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d %b %Y", "%b %d, %Y", "%d %B %Y"),
)
_HOURS = ("", " %H:%M", " %H:%M:%S", ", %H:%M", ", %H:%M:%S", " %I:%M %p", ", %I:%M %p", " %I:%M:%S %p", "%H%M%S")
_FAMILIES = {date: tuple(date + hours for hours in _HOURS) for date in _DATES}


@dataclass(frozen=True, slots=True)
class Times:
    """What the values of a field are as times: ``sql`` reads them; where two readings fit, ``options`` are these."""

    sql: str | None = None
    options: tuple[str, ...] = ()


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
    fitting = [family for family in _FAMILIES.values() if _read(con, family) >= most]
    if not fitting:
        return Times()
    made = [f"moment_of({f}, {_form(con, family)})" for family in fitting]
    differ = any(_differ(con, a, b) for a, b in itertools.pairwise(fitting))
    return Times(options=tuple(made)) if differ else Times(made[0])


def are_local(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    """Whether any time of the sample, read so, has no offset: it is UTC only if nobody names the zone."""
    times = f"SELECT TRY(CAST({sql} AS VARCHAR)) AS time FROM sample"
    is_local = "TRY_CAST(time AS TIMESTAMPTZ) IS NOT NULL AND NOT has_offset(time)"
    return bool(row(con, f"SELECT count(*) FILTER ({is_local}) AS n FROM ({times})")["n"])


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
    used = [form for form in reversed(family) if _read(con, (form,))]
    return literal(used[0]) if len(used) == 1 else f"[{', '.join(map(literal, used))}]"
