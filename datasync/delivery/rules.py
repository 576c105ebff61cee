"""What a service accepts: its rules as SQL over the catalog, and for each product the reason why it is turned away."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datasync import product
from datasync.errors import InvalidExpression
from datasync.expression import Expression, parse, type_of
from datasync.relation import Relation, select
from datasync.settings import Accept
from datasync.sql import literal, quote
from datasync.sql_errors import no_condition


def accepted_by(con: duckdb.DuckDBPyConnection, name: str, accepts: Sequence[Accept], catalog: Relation) -> Relation:
    """One row per product of a catalog, with the words of the first rule of a service that is not TRUE for it.

    A rule that is NULL, or fails on a product, turns it away. Raises InvalidExpression.
    """
    return select(rules_sql(con, name, accepts), catalog=catalog)


def rules_sql(con: duckdb.DuckDBPyConnection, name: str, accepts: Sequence[Accept]) -> str:
    """The rules of a service as a SELECT over ``catalog``. Raises InvalidExpression."""
    columns = ", ".join(quote(c) for c in product.COLUMNS)
    cases = []
    for number, accept in enumerate(accepts):
        rule = checked_rule(con, f"services.{name}.accepts.{number}.rule", accept.rule)
        # In a lambda, because DuckDB computes what a rule says twice outside of the TRY, where it stops the statement.
        alone = f"TRY(list_transform([0], lambda _element: {rule.sql})[1])"
        cases.append(f"WHEN {alone} IS NOT TRUE THEN {literal(accept.otherwise)}")
    reason = f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"
    products = f"SELECT {columns}, hash, bytes FROM catalog WHERE hash IS NOT NULL"
    return f"SELECT sku, hash, bytes, {reason} AS exclusion_reason FROM ({products})"


def checked_rule(con: duckdb.DuckDBPyConnection, key: str, rule: str) -> Expression:
    """A rule as SQL; ``key`` is where it stands. InvalidExpression unless it is a condition over a product's
    columns.
    """
    checked, kind = over_product(con, key, rule)
    if kind != "BOOLEAN":
        raise InvalidExpression(key, rule, no_condition(kind), fix="")
    return checked


def over_product(con: duckdb.DuckDBPyConnection, key: str, text: str) -> tuple[Expression, str]:
    """An expression over a product's columns, and the SQL type that it gives; ``key`` is where it stands. Raises
    InvalidExpression.
    """
    checked = parse(con, key, text, over_product=True)
    if unknown := [field for field in checked.fields if field.lower() not in product.COLUMNS]:
        words = f"no product column is called {', '.join(map(repr, unknown))}; there are {', '.join(product.COLUMNS)}"
        raise InvalidExpression(key, text, f"{words}. A text stands in single quotes, an attribute is attr('color')")
    columns = ", ".join(f"NULL::{kind} AS {quote(column)}" for column, kind in product.TYPES.items())
    return checked, type_of(con, key, checked, Relation(f"SELECT {columns}"))
