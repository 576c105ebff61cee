"""The two kinds of log: the catalog of a scope, and the receipts of a service in a scope."""

from __future__ import annotations

from datasync import product
from datasync.store.files import Store
from datasync.store.log import Log

CATALOG_COLUMNS = {
    "change": "VARCHAR",
    "code": "VARCHAR",
    **{column: kind for column, kind in product.STORED.items() if column != "sku"},
    "run": "VARCHAR",
    "started_at": "TIMESTAMPTZ",
    "at": "TIMESTAMPTZ",
}
RECEIPT_COLUMNS = {
    "operation": "VARCHAR",
    "hash": "VARCHAR",
    "outcome": "VARCHAR",
    "words": "VARCHAR",
    "settings": "VARCHAR",
    "held_hash": "VARCHAR",
    "perhaps_held": "BOOLEAN",
    "received_at": "TIMESTAMPTZ",
    "received_as": "VARCHAR",
    "run": "VARCHAR",
    "at": "TIMESTAMPTZ",
}


def catalog_log(store: Store, scope: str) -> Log:
    """The catalog log of one scope."""
    return Log(store, f"catalog/scope={scope}", CATALOG_COLUMNS)


def receipt_log(store: Store, service: str, scope: str) -> Log:
    """The receipt log of one service in one scope."""
    return Log(store, f"receipts/service={service}/scope={scope}", RECEIPT_COLUMNS)
