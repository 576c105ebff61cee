"""What a snapshot would change in its scope's catalog: the views of the difference."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from datasync import product
from datasync.catalog.state import doubted_through, settles
from datasync.sql import count, instant, literal, query, quote, view
from datasync.store import holds, snapshots
from datasync.store.files import Store, parquet
from datasync.store.log import Head, Log
from datasync.store.logs import CATALOG_COLUMNS
from datasync.store.snapshots import Snapshot


def define_difference(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    log: Log,
    head: Head,
    snapshot: Snapshot,
    volatile: Collection[str],
    *,
    scheduled: bool,
) -> None:
    """Make the view ``changes``: the rows this snapshot would add to the log."""
    log.fold(con, "catalog", head.number)
    view(con, "pulled", snapshots.products(snapshot, store.url))
    todays = f"comparable AS hash, {literal(product.hash_version(volatile))} AS hash_version"
    rehashed = f"SELECT * REPLACE ({todays}) FROM ({_comparable(con, 'pulled', snapshot.scope, volatile)})"
    view(con, "snapshot", f"SELECT * EXCLUDE (comparable) FROM ({rehashed})")
    view(
        con,
        "quarantine",
        f"SELECT sku, name, code FROM {parquet(store, snapshots.quarantine_path(snapshot.scope, snapshot.run))}",
    )
    view(con, "asked_for", _asked_for(store, snapshot))
    view(con, "later", _later(con, store, head, snapshot))
    view(con, "known", _comparable(con, "catalog", snapshot.scope, volatile))
    view(con, "outdated", query("outdated") if snapshot.by_change_time and scheduled else holds.NO_SKUS)
    conditions = {"removes": settles(snapshot), "by_change_time": snapshot.by_change_time}
    truths = {name: str(condition).lower() for name, condition in conditions.items()}
    doubted = 0 if settles(snapshot) else doubted_through(head)
    sql = query(
        "difference", run=literal(snapshot.run), started_at=instant(snapshot.started_at), doubted=str(doubted), **truths
    )
    columns = ", ".join(quote(c) for c in ("sku", *CATALOG_COLUMNS))
    view(con, "changes", f"SELECT {columns} FROM ({sql})")


def _asked_for(store: Store, snapshot: Snapshot) -> str:
    if snapshot.knows_absence:
        return f"SELECT sku FROM {parquet(store, snapshots.asked_path(snapshot.scope, snapshot.run))}"
    return holds.NO_SKUS


def _later(con: duckdb.DuckDBPyConnection, store: Store, head: Head, snapshot: Snapshot) -> str:
    """SQL of the SKUs that were read by pulls which started after this one, from those pulls' snapshots."""
    pulls = [pull for pull in head.meta.get("pulls", ()) if snapshots.order(pull) > snapshot.order]
    paths = [snapshots.quarantine_path(snapshot.scope, pull["run"]) for pull in pulls]
    paths += [snapshots.asked_path(snapshot.scope, pull["run"]) for pull in pulls if pull["asked"]]
    relations = [parquet(store, path) for path in paths]
    relations += [
        f"({snapshots.products(snapshots.require_snapshot(con, store, snapshot.scope, pull['run']), store.url)})"
        for pull in pulls
    ]
    relations += [
        f"(SELECT sku FROM catalog WHERE run = {literal(run)} AND change = 'removed')"
        for run in _removing_runs(head, snapshot)
    ]
    return (
        " UNION ".join(f"SELECT sku FROM {relation} WHERE sku IS NOT NULL" for relation in relations) or holds.NO_SKUS
    )


def _removing_runs(head: Head, snapshot: Snapshot) -> list[str]:
    """Runs that started after this one and applied accepted removals alone: they are not among the applied pulls."""
    return [run["run"] for run in head.meta.get("accepted", ()) if snapshots.order(run) > snapshot.order]


def _comparable(con: duckdb.DuckDBPyConnection, rows: str, scope: str, volatile: Collection[str]) -> str:
    """Products with ``comparable``, their content's hash by today's rule; computed only where another rule made it."""
    version = literal(product.hash_version(volatile))
    if not count(con, f"SELECT * FROM {rows} WHERE hash IS NOT NULL AND hash_version <> {version}"):
        return f"SELECT *, hash AS comparable FROM {rows}"
    gone = f"[{', '.join(map(literal, volatile))}]::VARCHAR[]"
    again = f"content_hash(c, {literal(scope)}, {gone})"
    todays_hash = f"CASE WHEN hash IS NULL OR hash_version = {version} THEN hash ELSE {again} END"
    return f"SELECT *, {todays_hash} AS comparable FROM {rows} AS c"


def count_nameless(con: duckdb.DuckDBPyConnection, store: Store, head: Head, snapshot: Snapshot) -> int:
    """How many records without a SKU are in quarantine by this pull and by none before; the log has no rows of them."""
    records = "SELECT code, record FROM {} WHERE sku IS NULL"
    now = records.format(parquet(store, snapshots.quarantine_path(snapshot.scope, snapshot.run)))
    if not snapshot.quarantined or not count(con, now):  # most pulls: the quarantine of no other one is read
        return 0
    files = store.listing(f"quarantine/scope={snapshot.scope}")
    runs = [run for pull in head.meta.get("pulls", ()) if f"{(run := pull['run'])}.parquet" in files]
    before = [parquet(store, snapshots.quarantine_path(snapshot.scope, run)) for run in runs]
    earlier = " UNION ALL ".join(map(records.format, before))
    return count(con, f"FROM ({f'({now}) EXCEPT ALL ({earlier})' if before else now})")
