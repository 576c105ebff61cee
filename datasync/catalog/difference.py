"""What a snapshot would change in its scope's catalog, as relations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from datasync import product
from datasync.catalog.state import is_authoritative
from datasync.relation import NO_SKUS, Relation, query, select, union
from datasync.sql import count, instant, literal, quote
from datasync.store import snapshots
from datasync.store.files import Store, parquet
from datasync.store.logs import CATALOG_COLUMNS, CatalogState
from datasync.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """The rows that a snapshot would add to the catalog log: ``changes`` of the ``catalog_rows``.

    ``outdated`` are the SKUs whose record is older than the catalog's product.
    """

    changes: Relation
    catalog_rows: Relation
    outdated: Relation

    def counts(self, con: duckdb.DuckDBPyConnection, accepted: Relation, kept_back: Relation) -> Mapping[str, int]:
        """How many changes there are of each kind, and how many removals are accepted, or kept back by a hold."""
        relations = {"changes": self.changes, "catalog_rows": self.catalog_rows, "outdated": self.outdated}
        return query("difference_counts", **relations, accepted=accepted, kept_back=kept_back).row(con)


def compare(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    catalog: Relation,
    state: CatalogState,
    snapshot: Snapshot,
    volatile: Collection[str],
    *,
    scheduled: bool,
) -> Difference:
    """Compare a snapshot with the catalog, the fold of its log, and with what pulls that started later have read."""
    catalog_rows = _comparable(con, catalog, snapshot.scope, volatile)
    pulled = _rehashed(con, snapshots.products(snapshot, store.url), snapshot.scope, volatile)
    later = _later(con, store, catalog, state, snapshot)
    is_by_time = snapshot.by_change_time and scheduled
    relations = {"overriding": snapshots.overriding(snapshot, store.url), "later": later}
    outdated = query("outdated", snapshot=pulled, catalog_rows=catalog_rows, **relations) if is_by_time else NO_SKUS
    rows = query(
        "difference",
        catalog_rows=catalog_rows,
        snapshot=pulled,
        quarantine=_quarantine(store, snapshot),
        asked_for=asked_for(store, snapshot),
        later=later,
        outdated=outdated,
        run=literal(snapshot.run),
        started_at=instant(snapshot.started_at),
        doubted=str(0 if is_authoritative(snapshot) else state.doubted_through),
        removes=str(is_authoritative(snapshot)).lower(),
        by_change_time=str(snapshot.by_change_time).lower(),
    )
    columns = ", ".join(quote(c) for c in ("sku", *CATALOG_COLUMNS))
    return Difference(Relation(f"SELECT {columns} FROM (\n{rows.sql}\n)"), catalog_rows, outdated)


def _quarantine(store: Store, snapshot: Snapshot) -> Relation:
    path = snapshots.quarantine_path(snapshot.scope, snapshot.run)
    return Relation(f"SELECT sku, name, code FROM {parquet(store, path)}")


def asked_for(store: Store, snapshot: Snapshot) -> Relation:
    """The SKUs of which a snapshot proves the absence where it has no record of them."""
    if not snapshot.knows_absence:
        return NO_SKUS
    return Relation(f"SELECT sku FROM {parquet(store, snapshots.asked_path(snapshot.scope, snapshot.run))}")


def _later(
    con: duckdb.DuckDBPyConnection, store: Store, catalog: Relation, state: CatalogState, snapshot: Snapshot
) -> Relation:
    """The SKUs that were read by pulls which started after this one, from those pulls' snapshots."""
    scope, pulls = snapshot.scope, [pull for pull in state.pulls if pull.order > snapshot.order]
    paths = [snapshots.quarantine_path(scope, pull.run) for pull in pulls]
    paths += [snapshots.asked_path(scope, pull.run) for pull in pulls if pull.absence_of]
    later_snapshots = [snapshots.require_snapshot(con, store, scope, pull.run) for pull in pulls]
    sources = [parquet(store, path) for path in paths]
    sources += [f"({snapshots.products(later, store.url).sql})" for later in later_snapshots]
    read = [Relation(f"SELECT sku FROM {source} WHERE sku IS NOT NULL") for source in sources]
    removed = "SELECT sku FROM catalog WHERE run = {} AND change = 'removed'"
    return union(
        [*read, *(select(removed.format(literal(r)), catalog=catalog) for r in _removing_runs(state, snapshot))]
    )


def _removing_runs(state: CatalogState, snapshot: Snapshot) -> list[str]:
    """Runs that started after this one and applied accepted removals alone: they are not among the applied pulls."""
    return [pull.run for pull in state.accepted if pull.order > snapshot.order]


def _rehashed(con: duckdb.DuckDBPyConnection, pulled: Relation, scope: str, volatile: Collection[str]) -> Relation:
    """The products of a snapshot with the hash that today's rule gives them."""
    todays = f"comparable AS hash, {literal(product.hash_version(volatile))} AS hash_version"
    comparable = _comparable(con, pulled, scope, volatile)
    return Relation(f"SELECT * EXCLUDE (comparable) FROM (SELECT * REPLACE ({todays}) FROM (\n{comparable.sql}\n))")


def _comparable(con: duckdb.DuckDBPyConnection, rows: Relation, scope: str, volatile: Collection[str]) -> Relation:
    """Products with ``comparable``, their content's hash by today's rule; computed only where another rule made it."""
    version = literal(product.hash_version(volatile))
    if not rows.where(f"hash IS NOT NULL AND hash_version <> {version}").count(con):
        return select("SELECT *, hash AS comparable FROM products", products=rows)
    gone = f"[{', '.join(map(literal, volatile))}]::VARCHAR[]"
    again = f"content_hash(c, {literal(scope)}, {gone})"
    todays_hash = f"CASE WHEN hash IS NULL OR hash_version = {version} THEN hash ELSE {again} END"
    return select(f"SELECT *, {todays_hash} AS comparable FROM products AS c", products=rows)


def count_nameless(con: duckdb.DuckDBPyConnection, store: Store, state: CatalogState, snapshot: Snapshot) -> int:
    """How many records without a SKU are in quarantine by this pull and by none before; the log has no rows of them."""
    records = "SELECT code, record FROM {} WHERE sku IS NULL"
    now = records.format(parquet(store, snapshots.quarantine_path(snapshot.scope, snapshot.run)))
    if not snapshot.quarantined or not count(con, now):  # most pulls: the quarantine of no other one is read
        return 0
    files = store.listing(f"quarantine/scope={snapshot.scope}")
    runs = [pull.run for pull in state.pulls if f"{pull.run}.parquet" in files]
    before = [parquet(store, snapshots.quarantine_path(snapshot.scope, run)) for run in runs]
    earlier = " UNION ALL ".join(map(records.format, before))
    return count(con, f"FROM ({f'({now}) EXCEPT ALL ({earlier})' if before else now})")
