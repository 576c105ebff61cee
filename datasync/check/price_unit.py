"""A price that may be for several pieces, and that the map takes as it stands."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync.check.finding import Finding
from datasync.intake.mapping import Mapped
from datasync.quantity import quantity
from datasync.relation import select
from datasync.settings import Scope
from datasync.sources.base import Reader, Records
from datasync.starter.price_unit import divided
from datasync.starter.spelling import spelled
from datasync.starter.text import scalar
from datasync.starter.unit_names import is_price_unit


def undivided(
    con: duckdb.DuckDBPyConnection, key: str, records: Records, reader: Reader, scope_map: Mapped, scope: Scope
) -> Iterator[Finding]:
    """A note where a field says that a price is for so many pieces, which are not 1, and the price does not read it."""
    price = scope_map.columns.get("price")
    if not price or price.sql.upper() == "NULL" or "price" not in scope.map:
        return
    for field in (name for name in records.names if name and is_price_unit(name) and name not in price.fields):
        f = spelled(con, field)
        number = f"TRY_CAST(number_of({f}) AS DOUBLE)"
        counted = f"SELECT count(*) AS n FROM rows WHERE {number} > 0 AND {number} <> 1 AND {number} = floor({number})"
        try:
            count = int(select(counted, rows=reader.select([field])).row(con)["n"])
        except duckdb.Error:  # files that cannot be read are told of elsewhere
            continue
        if count:
            sentence = (
                f"field {field} says how many pieces a price is for, and it is not 1 in {quantity(count, 'record')}"
            )
            line = scalar(divided(scope.map["price"], f"number_of({f})"))
            fix = f"If the price is for so many, write price: {line}"
            yield Finding("note", f"{key}.map.price", f"{sentence}; the price is taken for that of one piece. {fix}")
