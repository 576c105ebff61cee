"""A service's receipts compared with the catalog: what it holds, what its rules accept, and so what is due.

Nothing is delivered here. A transfer, the totals, the page and one product's story all ask these functions what a
service should hold and what it holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datasync.delivery.rules import define_rules
from datasync.settings import Accept, ServiceOptions
from datasync.sql import literal, macros, query
from datasync.store.files import Store
from datasync.store.logs import catalog_log, receipt_log


def compare(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    name: str,
    accepts: Sequence[Accept],
    positions: tuple[int | None, int | None] = (None, None),
) -> tuple[int, int]:
    """Make the views ``catalog``, ``receipts`` and ``rules`` at ``positions`` of the catalog's and the receipts' logs.

    A position that is None is the log's head. Returns both positions.
    """
    at_catalog = catalog_log(store, scope).fold(con, "catalog", positions[0])
    at_receipts = receipt_log(store, name, scope).fold(con, "receipts", positions[1])
    define_rules(con, name, accepts)
    macros(con, "state_of")
    return at_catalog, at_receipts


def due(settings: ServiceOptions) -> str:
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
