"""A store at one moment: the position of every log then, and what the figures, the page and one product's story read.

Whatever is written later changes no figure of that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import duckdb

from datasync.delivery import compare
from datasync.delivery.compare import Comparison
from datasync.relation import Relation, query, select, union_all
from datasync.settings import Settings
from datasync.sql import literal
from datasync.store import runs
from datasync.store.files import Store
from datasync.store.log import Log
from datasync.store.logs import RECEIPT_COLUMNS, CatalogState, ReceiptState, catalog_log, receipt_log


@dataclass(frozen=True, slots=True)
class Ahead:
    """A log that a run whose clock was ahead has brought to a time still to come; ``service`` is None for the catalog.

    Of a service, the latest update counts what that run delivered ``until`` the window is past that time.
    """

    scope: str
    service: str | None
    run: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class ReadPoint:
    """The point up to which figures read: the time ``as_of``, and the position of every log then.

    ``before`` is what the times of runs and holds have to lie before; None for now, which has all of them, whatever
    the clocks of their writers said. ``ahead`` are the logs that such a clock has brought ahead of this one.
    """

    as_of: datetime
    positions: Mapping[str, int]
    before: datetime | None = None
    ahead: tuple[Ahead, ...] = ()

    def of(self, scope: str, service: str) -> tuple[int, int]:
        """The positions of a scope's catalog and of one service's receipts there."""
        return self.positions[f"catalog/{scope}"], self.positions[f"receipts/{service}/{scope}"]


def read_point(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, as_of: datetime) -> ReadPoint:
    """Note the position of every log just before ``as_of``, by the times of its entries."""
    positions = {key: log.position(con, as_of) for key, _, _, log in _logs(store, settings)}
    return ReadPoint(as_of, positions, before=as_of)


def read_point_at_heads(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, clock: datetime) -> ReadPoint:
    """Note the head of every log, whatever its time; whatever is written later changes no figure.

    A scope's receipts are looked at before its catalog, so that the catalog has every version that is held.
    """
    positions, ahead = {}, []
    for key, scope, service, log in _logs(store, settings):
        head = log.head(con)
        positions[key] = head.number
        if (leader := head.ahead(clock)) and clock < leader.at + settings.window:
            ahead.append(Ahead(scope, service, leader.run, leader.at, leader.at + settings.window))
    return ReadPoint(clock, positions, ahead=tuple(ahead))


def _logs(store: Store, settings: Settings) -> Iterator[tuple[str, str, str | None, Log]]:
    """Every log of the settings, with its key, scope and service; of each scope the catalog last."""
    for scope in settings.scopes:
        for service in settings.services:
            yield f"receipts/{service}/{scope}", scope, service, receipt_log(store, service, scope)
        yield f"catalog/{scope}", scope, None, catalog_log(store, scope)


@dataclass(frozen=True, slots=True)
class StoreAt:
    """A store as it was at one point: the connection that reads it, the settings, and how far each log is read."""

    con: duckdb.DuckDBPyConnection
    store: Store
    settings: Settings
    point: ReadPoint

    @property
    def as_of(self) -> datetime:
        """The moment."""
        return self.point.as_of

    @property
    def before(self) -> datetime | None:
        """What the times of runs and holds have to lie before; None for now, which has all of them."""
        return self.point.before

    def catalog(self, scope: str) -> Relation:
        """One row per SKU that the scope's catalog knew, its newest row."""
        return catalog_log(self.store, scope).fold(self._of_catalog(scope))

    def versions(self, scope: str) -> Relation:
        """Every kept row of the scope's catalog log."""
        return catalog_log(self.store, scope).history(self._of_catalog(scope))

    def known_versions(self, scope: str) -> Relation:
        """The ``versions`` and those of later entries. These explain what a service holds: by the clock of the worker
        that wrote an entry, another one may have delivered its products before.
        """
        later = catalog_log(self.store, scope).history(after=self._of_catalog(scope))
        both = "SELECT * FROM versions UNION ALL SELECT * FROM later"
        return select(both, versions=self.versions(scope), later=later)

    def catalog_state(self, scope: str) -> CatalogState:
        """What the scope's catalog had come to."""
        return CatalogState.of(catalog_log(self.store, scope).entry(self.con, self._of_catalog(scope)))

    def receipts_history(self, scope: str, service: str) -> Relation:
        """Every kept row of a service's receipt log, but for what was sent and then answered."""
        history = receipt_log(self.store, service, scope).history(self.point.of(scope, service)[1])
        was_sent = self.receipt_state(scope, service).version > 0
        return query("receipts_told", receipts=history) if was_sent else history

    def all_receipts(self, scope: str, since: Mapping[str, int] = MappingProxyType({})) -> Relation:
        """Every kept row of a scope's receipt logs, with its ``service`` and that one's ``number`` in the settings.

        ``is_news``: its entry is newer than the position of its log in ``since``.
        """
        services = enumerate(self.settings.services)
        receipts = [self._receipts(scope, service, number, since) for number, service in services]
        columns = {"service": "VARCHAR", "number": "INTEGER", "is_news": "BOOLEAN", "entry": "BIGINT", "sku": "VARCHAR"}
        nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in {**columns, **RECEIPT_COLUMNS}.items())
        return union_all(receipts, Relation(f"SELECT {nothing} WHERE false"))

    def _receipts(self, scope: str, service: str, number: int, since: Mapping[str, int]) -> Relation:
        known = since.get(f"receipts/{service}/{scope}", 0)
        columns = f"{literal(service)} AS service, {number} AS number, entry > {known} AS is_news, *"
        return select(f"SELECT {columns} FROM receipts", receipts=self.receipts_history(scope, service))

    def receipt_state(self, scope: str, service: str) -> ReceiptState:
        """What a service's receipts had come to."""
        position = self.point.of(scope, service)[1]
        return ReceiptState.of(receipt_log(self.store, service, scope).entry(self.con, position))

    def compare(self, scope: str, service: str) -> Comparison:
        """What a service held, and what it should have held."""
        settings, positions = self.settings.services[service], self.point.of(scope, service)
        return compare.compare(self.con, self.store, scope, service, settings, positions, self.sending(scope, service))

    def sending(self, scope: str, service: str) -> str | None:
        """The run that is just sending products to a service, for all that is known: its batch can still be on its way,
        and nobody recorded that the run ended.
        """
        head = receipt_log(self.store, service, scope).entry(self.con, self.point.of(scope, service)[1])
        lease = ReceiptState.of(head).lease
        if lease is None or head.at is None or head.at + timedelta(seconds=lease.seconds) < self.as_of:
            return None
        run = runs.find(self.store, lease.run)
        return None if run and run.finished_at else lease.run

    def _of_catalog(self, scope: str) -> int:
        return self.point.positions[f"catalog/{scope}"]


def store_at(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, as_of: datetime | None, now: datetime
) -> StoreAt:
    """The store at a moment in the past, or as it is now, with all that has been written."""
    point = read_point(con, store, settings, as_of) if as_of else read_point_at_heads(con, store, settings, now)
    return StoreAt(con, store, settings, point)
