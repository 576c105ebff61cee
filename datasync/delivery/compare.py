"""The receipts of a service in a scope, facing the catalog: what it holds, what its rules accept, and so what is due.

Nothing is delivered here. Whoever asks what should be there and what is (a transfer, the totals, the page, one
product's story) asks these functions.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datasync import product
from datasync.errors import InvalidExpression, StoreUnavailable
from datasync.expression import Expression, parse, type_of
from datasync.settings import Accept, Service
from datasync.sql import count, literal, macros, query, quote
from datasync.sql_errors import no_condition
from datasync.store.files import Clock, Store
from datasync.store.logs import catalog_log, receipt_log

TRIES = 20


def define_rules(con: duckdb.DuckDBPyConnection, name: str, accepts: Sequence[Accept]) -> None:
    """Make the view ``rules`` over ``catalog``: one row per catalog product, with the words of the first rule that is
    not TRUE.

    A rule that is NULL, or fails on a product, turns it away. Raises InvalidExpression.
    """
    con.execute(f"CREATE OR REPLACE TEMP VIEW rules AS {rules_sql(con, name, accepts)}")


def rules_sql(con: duckdb.DuckDBPyConnection, name: str, accepts: Sequence[Accept]) -> str:
    """What the view ``rules`` is made of. Raises InvalidExpression."""
    columns = ", ".join(quote(c) for c in product.COLUMNS)
    cases = []
    for number, accept in enumerate(accepts):
        rule = checked_rule(con, f"services.{name}.accepts.{number}.rule", accept.rule)
        # In a lambda, for what a rule says twice DuckDB computes outside of the TRY, where it stops the statement
        alone = f"TRY(list_transform([0], lambda _one: {rule.sql})[1])"
        cases.append(f"WHEN {alone} IS NOT TRUE THEN {literal(accept.otherwise)}")
    otherwise = f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"
    return (
        f"SELECT sku, hash, bytes, {otherwise} AS otherwise "
        f"FROM (SELECT {columns}, hash, bytes FROM catalog WHERE hash IS NOT NULL)"
    )


def checked_rule(con: duckdb.DuckDBPyConnection, key: str, rule: str) -> Expression:
    """A rule as SQL; ``key`` is where it stands. InvalidExpression unless it is a condition over a product's
    columns.
    """
    checked = parse(con, key, rule, over_product=True)
    if unknown := [field for field in checked.fields if field.lower() not in product.COLUMNS]:
        words = f"no product column is called {', '.join(map(repr, unknown))}; there are {', '.join(product.COLUMNS)}"
        raise InvalidExpression(key, rule, f"{words}. A text stands in single quotes, an attribute is attr('color')")
    columns = ", ".join(f"NULL::{kind} AS {quote(column)}" for column, kind in product.TYPES.items())
    kind = type_of(con, key, checked, f"SELECT {columns}")
    if kind != "BOOLEAN":
        raise InvalidExpression(key, rule, no_condition(kind), fix="")
    return checked


def mark(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    service: str,
    skus: Sequence[str] | None,
    request: str,
    clock: Clock,
) -> int:
    """Mark SKUs (None: all) to be delivered again; an append that finds an entry of this request writes none.

    A request that finds nothing to mark writes an entry too, so that its second try marks nothing either. Returns how
    many are marked by this call.
    """
    into = receipt_log(store, service, scope)
    for _ in range(TRIES):
        head = into.head(con)
        if request in head.meta.get("requests", ()):
            return 0
        into.fold(con, "receipts", head.number)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT unnest(?::VARCHAR[]) AS sku", [list(skus or ())]
        )
        rows = query("marks", run=literal(request), all="true" if skus is None else "false")
        marked = count(con, rows.replace("{clock}", "NULL::TIMESTAMPTZ"))
        meta = {**head.meta, "run": request, "requests": [*head.meta.get("requests", ()), request]}
        if into.append(con, head, rows, meta, clock):
            return marked
    raise StoreUnavailable(
        f"{service}/{scope}: the receipt log was written by others {TRIES} times in a row. Try again."
    )


def face(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    name: str,
    accepts: Sequence[Accept],
    positions: tuple[int | None, int | None] = (None, None),
) -> tuple[int, int]:
    """Make the views ``catalog``, ``receipts`` and ``rules`` face each other, at the given positions (default: the
    heads).
    """
    at_catalog = catalog_log(store, scope).fold(con, "catalog", positions[0])
    at_receipts = receipt_log(store, name, scope).fold(con, "receipts", positions[1])
    define_rules(con, name, accepts)
    macros(con, "state_of")
    return at_catalog, at_receipts


def due(settings: Service) -> str:
    """SQL over ``rules`` and ``receipts``: one row per SKU that is due."""
    return query("due", settings=literal(settings.fingerprint()))


def held_products(con: duckdb.DuckDBPyConnection, store: Store, scope: str, service: str) -> None:
    """Make the view ``feed``: one row per product the service holds, in the version it holds, with when it received
    it.
    """
    products = catalog_log(store, scope)
    products.history(con, "versions", products.fold(con, "catalog"))
    receipt_log(store, service, scope).fold(con, "receipts")
    con.execute(f"CREATE OR REPLACE TEMP VIEW feed AS {query('feed')}")
