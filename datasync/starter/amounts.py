"""Which sign stands before the decimals of a field's amounts: decided over all values, left open where two would do."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from datasync.sql import query, quote, row
from datasync.starter.sample import Field

_MOST_THAT_IS_NONE = 0.1
_MOST_AGAINST = 0.01


@dataclass(frozen=True, slots=True)
class Amounts:
    """What the values of a field are as amounts: ``sql`` reads them; where two readings fit, ``options`` are these."""

    sql: str | None = None
    options: tuple[str, ...] = ()


def amounts(con: duckdb.DuckDBPyConnection, field: Field, f: str) -> Amounts:
    """How to read the amounts of a field; ``f`` is its name in SQL. Neither ``sql`` nor ``options``: they are none."""
    if field.is_number or not field.filled:
        return Amounts(f)
    counts = row(con, query("sampled_amounts", field=quote(field.name)))
    if counts["neither"] > counts["different"] * _MOST_THAT_IS_NONE:
        return Amounts()
    with_comma, with_point = f"number_of({f}, ',')", f"number_of({f}, '.')"
    comma, point = counts["comma"], counts["point"]
    if comma and point <= comma * _MOST_AGAINST:
        return Amounts(with_comma)
    if point and comma <= point * _MOST_AGAINST:
        return Amounts(with_point if counts["written"] else f)
    if counts["differ"]:
        return Amounts(options=(with_comma, with_point))
    return Amounts(f"number_of({f})")
