"""Products that a service holds in the version that the receipts say, and not with the values of it: somebody changed
them there.
"""

from __future__ import annotations

from datasync import product
from datasync.delivery.context import Delivery
from datasync.delivery.services.base import Comparing
from datasync.relation import NO_SKUS, Relation, TemporaryTables, query, union_all
from datasync.session import rows_in_order
from datasync.sql import literal
from datasync.store.logs import catalog_log

BATCH = 50_000


def altered(delivery: Delivery, tables: TemporaryTables, receipts: Relation, there: Relation) -> Relation:
    """The ``sku`` of each product ``there`` with other values than it was sent, where the service can compare them.

    Known is what was sent of a product if it is held in the catalog's version and under the settings of today.
    """
    if not isinstance(delivery.service, Comparing):
        return NO_SKUS
    catalog = catalog_log(delivery.store, delivery.scope).fold()
    fingerprint = literal(delivery.settings.fingerprint())
    known = query("audit_known", receipts=receipts, catalog=catalog, there=there, fingerprint=fingerprint)
    with rows_in_order(delivery.con):
        batches = tables.store(known, "audit_known")
    covered, parts = _covered(delivery), []
    for offset in range(0, batches.size, BATCH):
        batch = delivery.with_needs(batches.slice(offset, BATCH), catalog)
        parts.append(tables.store(delivery.service.altered(delivery.con, batch, covered), "altered"))
    return union_all(parts, NO_SKUS)


def _covered(delivery: Delivery) -> frozenset[str]:
    """The product columns that the content hash is made of: attributes only where none of them is volatile."""
    return frozenset(product.COLUMNS) - {"updated_at"} - ({"attributes"} if delivery.volatile else set())
