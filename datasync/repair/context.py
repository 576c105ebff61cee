"""What a repair works with, and one thing that it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb

from datasync.connection import Credentials, from_environment
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Service
from datasync.repair.inventory import Logged
from datasync.repair.rebuild import Repair
from datasync.settings import Settings
from datasync.store.files import Store
from datasync.store.logs import CatalogState


@dataclass(frozen=True, slots=True)
class RepairAction:
    """One thing that a repair does, and what it says of it beforehand."""

    sentence: str
    act: Callable[[], object]


@dataclass(frozen=True, slots=True)
class RepairContext:
    """What a repair works with. ``services`` are those that are not opened by the settings, by name."""

    con: duckdb.DuckDBPyConnection
    store: Store
    settings: Settings
    repair: Repair
    services: Mapping[str, Service]
    credentials: Credentials = from_environment

    def service_elsewhere(self, name: str, scope: str) -> Service | None:
        """A service that products are sent to; None where receipts are the delivery, as far as is known of a service
        that left the settings.
        """
        if name not in {*self.services, *self.settings.services}:
            return None
        service = self.services.get(name) or open_service(self.settings, name, scope, self.credentials)
        return None if service.receipt_is_delivery else service

    def is_partial(self, scope: str, log: Logged) -> bool:
        """Whether a scope is never read whole."""
        if scope in self.settings.scopes:
            return self.settings.scopes[scope].is_partial
        state = CatalogState.of(log.newest)
        return state.watermark is not None and not state.last_complete
