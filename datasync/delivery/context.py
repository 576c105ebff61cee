"""Where a transfer goes, and what is recorded of it in every entry."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from datasync.delivery.services.base import Service
from datasync.settings import ServiceOptions
from datasync.store.files import Clock, Store
from datasync.store.log import Log
from datasync.store.logs import ReceiptState, Target, receipt_log


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a transfer goes: one service in one scope, by its settings, in one run."""

    con: duckdb.DuckDBPyConnection
    store: Store
    scope: str
    name: str
    settings: ServiceOptions
    service: Service
    run: str
    clock: Clock

    @property
    def log(self) -> Log:
        """The receipts."""
        return receipt_log(self.store, self.name, self.scope)

    @property
    def target(self) -> Target:
        """The place where the products go."""
        return target(self.settings, self.scope, self.service)

    def new_target(self, state: ReceiptState) -> Target | None:
        """The place where the products go, if the receipts tell of another one; older receipts do not name theirs."""
        is_older = state.target is None and state.fingerprint == self.settings.fingerprint()
        if state.fingerprint is None or is_older or (state.target or STORE).name == self.target.name:
            return None
        return self.target

    def state_after(self, state: ReceiptState) -> ReceiptState:
        """What an entry of this transfer carries, beside what it changes: by whom and by which rules it was made."""
        return replace(
            state,
            run=self.run,
            rules=tuple(accept.model_dump() for accept in self.settings.accepts),
            fingerprint=self.settings.fingerprint(),
            target=None if self.target == STORE else self.target,
        )


STORE = Target("the store")  # where a feed is read from; receipts name no other place but those of services elsewhere


def target(settings: ServiceOptions, scope: str, service: Service) -> Target:
    """The place where a scope's products go by a service's settings."""
    return STORE if service.receipt_is_delivery else Target(settings.target(scope), settings.own_options())
