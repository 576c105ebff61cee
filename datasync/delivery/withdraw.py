"""Scopes and services that left the settings: they are left alone, listed, and taken away only when someone asks.

A pull never empties what is merely no longer configured; a renamed scope in the settings file must not cost a catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import product
from typing import Any

import duckdb

from datasync.connection import Credentials
from datasync.delivery import transfer
from datasync.delivery.context import STORE, Delivery
from datasync.delivery.services import reopen_service
from datasync.registry import DEFAULT_SERVICE
from datasync.relation import Relation, select
from datasync.settings import Accept, Settings
from datasync.sql import instant, literal
from datasync.store.files import Clock, Store
from datasync.store.log import Entry, Log, Rows
from datasync.store.logs import CATALOG_COLUMNS, CatalogState, ReceiptState, catalog_log, receipt_log

_ACCEPTS_NOTHING = (Accept(rule="false", otherwise="Withdrawn: no longer configured"),)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A scope's catalog (``service`` is None), or what a service holds of a scope, that the settings no longer name."""

    scope: str
    service: str | None
    held: int


def leftovers(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, before: datetime | None = None
) -> tuple[Leftover, ...]:
    """What is no longer configured and still holds products, now or just ``before`` a moment."""
    candidates = [
        Leftover(scope, None, _products(con, store, scope, before))
        for scope in _names(store, "catalog", "scope")
        if scope not in settings.scopes
    ]
    for service in _names(store, "receipts", "service"):
        for scope in _names(store, f"receipts/service={service}", "scope"):
            if scope not in settings.scopes or service not in settings.services:
                candidates.append(Leftover(scope, service, _held(con, store, scope, service, before)))
    return tuple(leftover for leftover in candidates if leftover.held)


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a service holds of a scope at a place that its settings no longer point to, since a run."""

    scope: str
    service: str
    place: str
    held: int
    run: str


def left_behind(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings) -> Iterator[LeftBehind]:
    """What the services of the settings hold at places that they went to before."""
    for scope, service in product(settings.scopes, settings.services):
        state = ReceiptState.of(receipt_log(store, service, scope).head(con))
        for former in state.former_targets:
            yield LeftBehind(scope, service, (former.target or STORE).name, former.held, former.run)


def withdraw(
    con: duckdb.DuckDBPyConnection, store: Store, credentials: Credentials, leftover: Leftover, run: str, clock: Clock
) -> Leftover:
    """Take a leftover away, as entries like any other: the logs keep their history. Returns it with what it holds
    afterwards. A service elsewhere is called, at the place that its receipts name.
    """
    if leftover.service is None:
        _empty(con, store, leftover.scope, run, clock)
        return replace(leftover, held=_products(con, store, leftover.scope, None))
    target = ReceiptState.of(receipt_log(store, leftover.service, leftover.scope).head(con)).target
    options, service = reopen_service(
        leftover.service, leftover.scope, target.options if target else {"kind": DEFAULT_SERVICE}, credentials
    )
    nothing = options.model_copy(update={"accepts": _ACCEPTS_NOTHING})
    delivery = Delivery(con, store, leftover.scope, leftover.service, nothing, service, run, clock)
    transfer.transfer(delivery, None)
    return replace(leftover, held=_held(con, store, leftover.scope, leftover.service, None))


@dataclass(frozen=True, slots=True)
class _Emptied:
    """The removal of every product of a catalog."""

    rows: Rows
    meta: Mapping[str, Any]


def _empty(con: duckdb.DuckDBPyConnection, store: Store, scope: str, run: str, clock: Clock) -> None:
    log = catalog_log(store, scope)
    log.append_computed(con, partial(_removals, log, run, clock()), clock)


def _removals(log: Log, run: str, started_at: datetime, head: Entry) -> _Emptied:
    state = replace(CatalogState.of(head), run=run, products=0)
    return _Emptied(partial(_removal_rows, log.fold(head.number), run, started_at), state.meta())


def _removal_rows(catalog: Relation, run: str, started_at: datetime, clock: str) -> Relation:
    """One row per product of a catalog: its removal, which keeps only the name."""
    nulls = ((c, "name" if c == "name" else "NULL", kind) for c, kind in CATALOG_COLUMNS.items() if c not in _OWN)
    columns = ", ".join(f'{value}::{kind} AS "{column}"' for column, value, kind in nulls)
    written = f'{literal(run)} AS run, {instant(started_at)} AS started_at, {clock} AS "at"'
    rows = f"SELECT sku, 'removed' AS change, {columns}, {written} FROM catalog WHERE change <> 'removed'"
    return select(rows, catalog=catalog)


_OWN = ("change", "run", "started_at", "at")


def _products(con: duckdb.DuckDBPyConnection, store: Store, scope: str, before: datetime | None) -> int:
    return CatalogState.of(_entry(con, catalog_log(store, scope), before)).products


def _held(con: duckdb.DuckDBPyConnection, store: Store, scope: str, service: str, before: datetime | None) -> int:
    return ReceiptState.of(_entry(con, receipt_log(store, service, scope), before)).held


def _entry(con: duckdb.DuckDBPyConnection, log: Log, before: datetime | None) -> Entry:
    return log.entry(con, log.position(con, before)) if before else log.head(con)


def _names(store: Store, folder: str, key: str) -> list[str]:
    return [name.removeprefix(f"{key}=") for name in store.folders(folder) if name.startswith(f"{key}=")]
