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
    """A note on the valid records in which a mapped price is empty, and on those in which it is 0: the first SKUs."""
    if scope.map.get("price", "null").upper() == "NULL":
        return
    for condition, (has, have) in _PRICES.items():
        counted = f"SELECT count(*) AS n, min(sku, 3) AS skus FROM products WHERE price {condition}"
        row = select(counted, products=products).row(con)
        if count := row["n"]:
            skus = ", ".join(map(shown, row["skus"])) + (", ..." if count > len(row["skus"]) else "")
            says = f"{quantity(count, 'record')} {has if count == 1 else have}: {skus}."
            yield Finding("note", f"{key}.map.price", says)


_PRICES = {"IS NULL": ("has none", "have none"), "= 0": ("has the price 0", "have the price 0")}


def _shown(column: str) -> str:
    return DEFAULTS[column].replace("'", "")
