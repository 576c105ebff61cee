"""A service's receipts compared with the catalog: what it holds, what its rules accept, and so what is due.

Nothing is delivered here. A transfer, the totals, the page and one product's story all ask these functions what a
service should hold and what it holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from datasync.delivery.rules import accepted_by
from datasync.relation import Relation, query
from datasync.settings import ServiceOptions
from datasync.sql import literal, macros
from datasync.store.files import Store
from datasync.store.log import Log
from datasync.store.logs import catalog_log, receipt_log


@dataclass(frozen=True, slots=True)
class Comparison:
    """One service in one scope: the folds of both logs, and for each catalog product what the service's rules say.

    ``fingerprint`` is that of the service's settings, as a literal: what it refused under others is due again.
    """

    catalog: Relation
    receipts: Relation
    rules: Relation
    fingerprint: str

    @property
    def due(self) -> Relation:
        """One row per SKU that is due."""
        return query("due", rules=self.rules, receipts=self.receipts, fingerprint=self.fingerprint)


def compare(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    name: str,
    service: ServiceOptions,
    positions: tuple[int | None, int | None] = (None, None),
    sending: str | None = None,
    log: Log | None = None,
) -> Comparison:
    """Compare at ``positions`` of the catalog's and the receipts' logs; None is a log's head. What was sent and not
    answered is failed, unless by the run that is ``sending`` just now. ``log`` has other receipts than the service's.

    Also makes the macros known to the connection that the queries over a comparison use.
    """
    catalog = catalog_log(store, scope).fold(positions[0])
    fold = (log or receipt_log(store, name, scope)).fold(positions[1])
    receipts = query("receipts_read", receipts=fold, sending=literal(sending or ""))
    macros(con, "state_of")
    rules = accepted_by(con, name, service.accepts, catalog)
    return Comparison(catalog, receipts, rules, literal(service.fingerprint()))


def held_products(store: Store, scope: str, service: str) -> Relation:
    """One row per product that the service holds, in the version it holds, with when it received it."""
    products = catalog_log(store, scope)
    head = products.list_files().head
    return query(
        "feed",
        catalog=products.fold(head),
        versions=products.history(head),
        receipts=receipt_log(store, service, scope).fold(),
    )
