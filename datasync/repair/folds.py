"""Rows compared with what is said of them: checkpoints with the fold of their entries, counts in metadata with rows.

A file with intact bytes may still hold less than it should, if another program wrote it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import duckdb

from datasync.relation import Relation, query
from datasync.repair.damage import Damage
from datasync.repair.inventory import Inventory, Logged
from datasync.sql import quote
from datasync.store import snapshots
from datasync.store.files import Store
from datasync.store.kinds import place
from datasync.store.log import Entry, Log
from datasync.store.logs import CATALOG_COLUMNS, RECEIPT_COLUMNS, is_catalog, live_count
from datasync.store.snapshots import Snapshot


def log_rows(con: duckdb.DuckDBPyConnection, store: Store, log: Logged) -> Iterator[Damage]:
    """Checkpoints that differ from the fold of their entries, and files whose rows differ from their counts."""
    of_catalog = is_catalog(log.folder)
    files = Log(store, log.folder, CATALOG_COLUMNS if of_catalog else RECEIPT_COLUMNS)
    version = "hash" if of_catalog else "held_hash"
    for base, entries in _stretches(log):
        with suppress(duckdb.BinderException):  # files of an older version have fewer columns
            yield from _of_stretch(con, files, log, base, entries, version)


def _stretches(log: Logged) -> Iterator[tuple[int, list[int]]]:
    """Each position where a fold can begin, and the entries after it up to the next checkpoint, gap or repair."""
    for base in sorted({log.history_start, *log.checkpoints}):
        if base < log.history_start or (base and base not in log.checkpoints):
            continue
        entries: list[int] = []
        while (number := base + len(entries) + 1) in log.entries and not _is_repair(log.entries[number]):
            entries.append(number)
            if number in log.checkpoints:
                break
        yield base, entries


def _is_repair(head: Entry) -> bool:
    return any(repair.entry == head.number for repair in head.repairs)


def _of_stretch(
    con: duckdb.DuckDBPyConnection, files: Log, log: Logged, base: int, entries: list[int], version: str
) -> Iterator[Damage]:
    before, later = files.parts_of(base, entries)
    products = live_count(log.folder, log.checkpoints[base]) if base else 0
    if products is None:
        return
    if base and (counted := before.where(f"{version} IS NOT NULL").count(con)) != products:
        yield _miscounted(files.checkpoint_path(base), counted, products)
        return
    grown = dict(query("growth", checkpoint=before, later=later, version=version, base=str(base)).rows(con))
    for number in entries:
        counted = live_count(log.folder, log.entries[number]) or 0
        expected = counted - products
        if grown.get(number, 0) != expected:
            yield _miscounted(files.path(number), grown.get(number, 0), expected)
        products = counted
    if entries and entries[-1] in log.checkpoints and not _is_same(con, files, base, entries):
        path = files.checkpoint_path(entries[-1])
        yield Damage(place(path), "is not what the entries before it give")


def _is_same(con: duckdb.DuckDBPyConnection, files: Log, base: int, entries: list[int]) -> bool:
    """Whether the checkpoint at the last of some entries has the rows that these give with the checkpoint before."""
    checkpoint = files.rows_of([files.checkpoint_path(entries[-1])])
    return _digest(con, files, files.fold_of(base, entries)) == _digest(con, files, checkpoint)


def _digest(con: duckdb.DuckDBPyConnection, files: Log, rows: Relation) -> dict[str, int]:
    columns = ", ".join(quote(name) for name in ("sku", *files.columns, "entry"))
    of_row = f"SELECT hash(t)::HUGEINT AS digest FROM (SELECT {columns} FROM (\n{rows.sql}\n)) AS t"
    return Relation(f"SELECT count(*) AS rows, sum(digest) AS digest FROM ({of_row})").row(con)


def snapshot_rows(con: duckdb.DuckDBPyConnection, store: Store, inventory: Inventory) -> Iterator[Damage]:
    """Snapshots with other products than they say: if fewer, the records are damaged; if more, the snapshot is."""
    for _, content in inventory.of("snapshot"):
        snapshot: Snapshot | None = content.parsed
        if snapshot is None or snapshots.records_path(snapshot.scope, snapshot.file) not in inventory.whole:
            continue
        counted = snapshots.products(snapshot, store.url).count(con)
        if counted < snapshot.valid:
            yield _miscounted(snapshots.records_path(snapshot.scope, snapshot.file), counted, snapshot.valid)
        elif counted > snapshot.valid:
            yield _miscounted(snapshots.snapshot_path(snapshot.scope, snapshot.run), counted, snapshot.valid)


def _miscounted(path: str, counted: int, expected: int) -> Damage:
    return Damage(place(path), f"has rows for {counted:,} products where its metadata say {expected:,}")
