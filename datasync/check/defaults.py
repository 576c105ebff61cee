"""Maps that give no value for some records, which therefore have a default that may not be meant."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync.check.finding import Finding
from datasync.intake.mapping import Mapped
from datasync.product import DEFAULTS
from datasync.quantity import quantity
from datasync.relation import Relation, query, select
from datasync.settings import Scope
from datasync.sources.base import Reader
from datasync.starter.choice import shown

_MEANT = {"status": "Write 'disabled' where that is meant.", "visible_in": "Write [] where nowhere is meant."}


def by_default(
    con: duckdb.DuckDBPyConnection, key: str, reader: Reader, scope_map: Mapped, scope: Scope
) -> Iterator[Finding]:
    """A note for a mapped status or visibility that is NULL in some records: their products are enabled, or visible."""
    for column in (column for column in _MEANT if column in scope.map):
        expression, where = scope_map.columns[column].sql, scope_map.where
        if expression.upper() == "NULL":
            continue
        rows = scope_map.joined(reader.select(scope_map.fields))
        condition = f"TRY({where.sql}) IS TRUE" if where else "true"
        counted = query("check_defaults", rows=rows, expression=expression, condition=condition)
        try:
            count = counted.row(con)["n"]
        except duckdb.Error:  # what cannot be read or computed is told of elsewhere
            continue
        if count:
            default = f"so {'it has' if count == 1 else 'they have'} the default, {_shown(column)}"
            sentence = f"it gives NULL for {quantity(count, 'record')}, {default}. {_MEANT[column]}"
            yield Finding("note", f"{key}.map.{column}", sentence)


def without_price(con: duckdb.DuckDBPyConnection, key: str, products: Relation, scope: Scope) -> Iterator[Finding]:
    """A note on the valid records that a mapped price is empty in, with the SKUs of the first."""
    if scope.map.get("price", "null").upper() == "NULL":
        return
    counted = "SELECT count(*) AS n, min(sku, 3) AS skus FROM products WHERE price IS NULL"
    row = select(counted, products=products).row(con)
    if count := row["n"]:
        has = "has none" if count == 1 else "have none"
        skus = ", ".join(map(shown, row["skus"])) + (", ..." if count > len(row["skus"]) else "")
        yield Finding("note", f"{key}.map.price", f"{quantity(count, 'record')} {has}: {skus}.")


def _shown(column: str) -> str:
    return DEFAULTS[column].replace("'", "")
