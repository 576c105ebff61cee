"""Where a transfer goes, and what is recorded of it in every entry."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import duckdb

from datasync.delivery.services.base import Service
from datasync.relation import Relation, query, select
from datasync.settings import ServiceOptions
from datasync.sql import literal, quote
from datasync.store.files import Clock, Store
from datasync.store.log import Log, Rows
from datasync.store.logs import ReceiptState, Target, receipt_log


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a transfer goes: one service in one scope, by its settings, in one run.

    ``sleep`` and ``monotonic`` are how it waits and by which clock, which no other machine knows. ``rebuild`` is the
    log of a rebuild, where the transfer goes to a place that is not served yet. ``volatile`` are the scope's attributes
    that the content hash leaves out.
    """

    con: duckdb.DuckDBPyConnection
    store: Store
    scope: str
    name: str
    settings: ServiceOptions
    service: Service
    run: str
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    rebuild: Log | None = None
    volatile: Collection[str] = ()

    @property
    def log(self) -> Log:
        """The receipts."""
        return self.rebuild or receipt_log(self.store, self.name, self.scope)

    @property
    def target(self) -> Target:
        """The place where the products go."""
        if self.service.receipt_is_delivery:
            return STORE
        return Target(self.settings.target(self.scope), self.settings.own_options())

    def new_target(self, state: ReceiptState) -> Target | None:
        """The place where the products go, if the receipts tell of another one; older receipts do not name theirs."""
        target, before = self.target, state.target or STORE
        is_older = state.target is None and state.fingerprint == self.settings.fingerprint()
        return None if state.fingerprint is None or is_older or before.name == target.name else target

    def state_after(self, state: ReceiptState) -> ReceiptState:
        """What an entry of this transfer carries, beside what it changes: by whom and by which rules it was made."""
        return replace(
            state,
            run=self.run,
            rules=tuple(accept.model_dump() for accept in self.settings.accepts),
            fingerprint=self.settings.fingerprint(),
            target=None if self.service.receipt_is_delivery else self.target,
        )

    def with_needs(self, products: Relation, catalog: Relation) -> Relation:
        """Some products, with the columns that the service needs of them. They are mostly a range of SKUs, so little of
        the catalog is read for it.
        """
        needs = ", ".join(f"c.{quote(column)}" for column in self.service.needs)
        if not needs:
            return products
        first, last = select("SELECT min(sku), max(sku) FROM products", products=products).rows(self.con)[0]
        near = catalog.where(f"sku BETWEEN {literal(first)} AND {literal(last)}")
        added = f"SELECT p.*, {needs} FROM products AS p LEFT JOIN catalog AS c USING (sku)"
        return select(added, products=products, catalog=near)

    def rows(self, name: str, **relations: Relation) -> Rows:
        """The rows of an entry by the query ``name``, which gets the settings' fingerprint and the run besides."""
        written = {"fingerprint": literal(self.settings.fingerprint()), "run": literal(self.run)}
        return lambda clock: query(name, **relations, **written, clock=clock)


STORE = Target("the store")  # where a feed is read from; receipts name no other place but those of services elsewhere
