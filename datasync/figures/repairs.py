"""What was repaired, as the logs tell of it, and which products no pull has verified since."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from datasync.quantity import quantity
from datasync.relation import Relation, query
from datasync.settings import Settings
from datasync.store.files import Store
from datasync.store.log import Entry
from datasync.store.logs import CatalogState, catalog_log, receipt_log

SHOWN = 20


@dataclass(frozen=True, slots=True)
class LogRepair:
    """One repair of a scope's catalog (``service`` is None), or of a service's receipts: who, when, in which run, the
    first files that were lost, and what follows from that in words.
    """

    scope: str
    service: str | None
    at: datetime
    by: str
    run: str
    words: str
    lost: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The repair in a sentence."""
        when = f"{self.at:%Y-%m-%dT%H:%M:%SZ}"
        who = f"{self.by} repaired it at {when} (run {self.run})"
        return f"{self.place} lost {quantity(len(self.lost), 'file')}, and {who}: {self.words}."

    @property
    def place(self) -> str:
        """What was repaired, for a sentence."""
        return f"the receipts of {self.service} in {self.scope}" if self.service else f"the catalog of {self.scope}"


@dataclass(frozen=True, slots=True)
class UnverifiedProducts:
    """Products of a scope that no pull has read since its catalog was repaired, and the first of their SKUs."""

    scope: str
    since: datetime
    products: int
    shown: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """How many they are, since when, and the first of them."""
        more = f" and {self.products - len(self.shown):,} more" if self.products > len(self.shown) else ""
        when = f"{self.since:%Y-%m-%dT%H:%M:%SZ}"
        return f"Not verified since the repair at {when}, products: {self.products:,} ({', '.join(self.shown)}{more})."


def repairs(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    positions: Mapping[str, int] | None = None,
    scopes: Collection[str] | None = None,
) -> tuple[LogRepair, ...]:
    """The repairs that the logs of ``scopes`` (by default all) remember, at some positions (by default their heads),
    the newest first.
    """
    chosen = settings.scopes if scopes is None else scopes
    log_repairs = [repair for scope in chosen for repair in _of_scope(con, store, settings, scope, positions or {})]
    return tuple(sorted(log_repairs, key=lambda repair: repair.at, reverse=True))


def _of_scope(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, scope: str, positions: Mapping[str, int]
) -> Iterator[LogRepair]:
    logs = {f"receipts/{name}/{scope}": (name, receipt_log(store, name, scope)) for name in settings.services}
    for key, (service, log) in {f"catalog/{scope}": (None, catalog_log(store, scope)), **logs}.items():
        yield from _of(log.entry(con, positions[key]) if key in positions else log.head(con), scope, service)


def _of(head: Entry, scope: str, service: str | None) -> Iterator[LogRepair]:
    for repair in head.repairs:
        yield LogRepair(scope, service, repair.at, repair.by, repair.run, repair.words, repair.lost)


def unverified(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, positions: Mapping[str, int] | None = None
) -> tuple[UnverifiedProducts, ...]:
    """The scopes with products that were not verified since a repair."""
    catalogs = (_unverified(con, store, scope, (positions or {}).get(f"catalog/{scope}")) for scope in settings.scopes)
    return tuple(catalog for catalog in catalogs if catalog)


def _unverified(
    con: duckdb.DuckDBPyConnection, store: Store, scope: str, position: int | None
) -> UnverifiedProducts | None:
    log = catalog_log(store, scope)
    head = log.head(con) if position is None else log.entry(con, position)
    state = CatalogState.of(head)
    if not (since := unverified_since(state)):
        return None
    products = _unverified_products(log.fold(head.number), state)
    skus = tuple(sku for (sku,) in con.execute(f"{products.sql} LIMIT {SHOWN}").fetchall())
    return UnverifiedProducts(scope, since, products.count(con), skus) if skus else None


def _unverified_products(catalog: Relation, state: CatalogState) -> Relation:
    return query("unverified", catalog=catalog, through=str(state.doubted_through))


def doubted(con: duckdb.DuckDBPyConnection, catalog: Relation, state: CatalogState, sku: str) -> datetime | None:
    """When a repair left one product of a catalog in doubt, if no pull has read it since."""
    is_doubted = _unverified_products(catalog, state).where("sku = ?").rows(con, [sku])
    return unverified_since(state) if is_doubted else None


def unverified_since(state: CatalogState) -> datetime | None:
    """When a catalog was repaired whose rows are in doubt since then."""
    return next((repair.at for repair in state.repairs if repair.entry > state.doubted_through > 0), None)
