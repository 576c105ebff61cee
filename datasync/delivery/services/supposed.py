"""A service that is not called: for a dry run, which says what would be delivered and delivers nothing."""

from __future__ import annotations

import duckdb

from datasync.delivery.services.base import Batch, Fence, Foretelling, Service
from datasync.relation import Relation, query

_NONE = Relation("SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS reason WHERE false")


class Supposed:
    """Supposes that a service takes all but what it can say beforehand that it would reject."""

    receipt_is_delivery = False
    fence: Fence = "version"  # nobody is waited for
    batch_seconds = 60

    def __init__(self, service: Service) -> None:
        self._service, self.needs = service, service.needs

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        service, products = self._service, batch.rows.where("operation <> 'removed'")
        rejections = service.rejections(products) if isinstance(service, Foretelling) else _NONE
        return query("supposed_answers", batch=batch.rows, rejections=rejections)
