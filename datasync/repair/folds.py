"""Rows compared with what is said of them: checkpoints with the fold of their entries, counts in metadata with rows.

A file with intact bytes may still hold less than it should, if another program wrote it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import duckdb

from datasync.repair.damage import Damage
from datasync.repair.inventory import Inventory, Logged
from datasync.sql import count, query, quote, row
from datasync.store import snapshots
from datasync.store.files import Store
from datasync.store.kinds import place
from datasync.store.log import Head, Log
from datasync.store.logs import CATALOG_COLUMNS, RECEIPT_COLUMNS
from datasync.store.snapshots import Snapshot

_CATALOG = ("hash", "products")
_RECEIPTS = ("held_hash", "held")


def log_rows(con: duckdb.DuckDBPyConnection, store: Store, log: Logged) -> Iterator[Damage]:
    """Checkpoints that differ from the fold of their entries, and files whose rows differ from their counts."""
    is_catalog = log.folder.startswith("catalog/")
    files = Log(store, log.folder, CATALOG_COLUMNS if is_catalog else RECEIPT_COLUMNS)
    version, key = _CATALOG if is_catalog else _RECEIPTS
    for base, entries in _stretches(log):
        with suppress(duckdb.BinderException):  # files of an older version have fewer columns
            yield from _of_stretch(con, files, log, base, entries, version, key)


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


def _is_repair(head: Head) -> bool:
    return any(note["entry"] == head.number for note in head.meta.get("repaired", ()))


def _of_stretch(
    con: duckdb.DuckDBPyConnection, files: Log, log: Logged, base: int, entries: list[int], version: str, key: str
) -> Iterator[Damage]:
    files.fold_of(con, "folded", base, entries)
    known = log.checkpoints[base].meta.get(key) if base else 0
    if known is None:
        return
    if base and (counted := count(con, f"SELECT * FROM folded_base WHERE {version} IS NOT NULL")) != known:
        yield _miscounted(files.checkpoint_path(base), counted, known)
        return
    grown = dict(con.execute(query("growth", version=version, base=str(base))).fetchall())
    for number in entries:
        expected = int(log.entries[number].meta.get(key, 0)) - int(known)
        if grown.get(number, 0) != expected:
            yield _miscounted(files.path(number), grown.get(number, 0), expected)
        known = log.entries[number].meta.get(key, 0)
    if entries and entries[-1] in log.checkpoints and not _is_same(con, files, entries[-1]):
        path = files.checkpoint_path(entries[-1])
        yield Damage(place(path), "is not what the entries before it give")


def _is_same(con: duckdb.DuckDBPyConnection, files: Log, number: int) -> bool:
    """Whether a checkpoint has the rows of the view ``folded``."""
    files.history_of(con, "checkpoint", [[files.checkpoint_path(number)]])
    columns = ", ".join(quote(name) for name in ("sku", *files.columns, "entry"))
    digest = "SELECT count(*) AS rows, sum(hash(t)::HUGEINT) AS digest FROM (SELECT {} FROM {}) AS t"
    first, second = (row(con, digest.format(columns, view)) for view in ("folded", "checkpoint"))
    return first == second


def snapshot_rows(con: duckdb.DuckDBPyConnection, store: Store, inventory: Inventory) -> Iterator[Damage]:
    """Snapshots with other products than they say: if fewer, the records are damaged; if more, the snapshot is."""
    for _, content in inventory.of("snapshot"):
        snapshot: Snapshot | None = content.parsed
        if snapshot is None or snapshots.records_path(snapshot.scope, snapshot.file) not in inventory.whole:
            continue
        counted = count(con, snapshots.products(snapshot, store.url))
        if counted < snapshot.valid:
            yield _miscounted(snapshots.records_path(snapshot.scope, snapshot.file), counted, snapshot.valid)
        elif counted > snapshot.valid:
            yield _miscounted(snapshots.snapshot_path(snapshot.scope, snapshot.run), counted, snapshot.valid)


def _miscounted(path: str, counted: int, expected: int) -> Damage:
    return Damage(place(path), f"has rows for {counted:,} products where its metadata say {expected:,}")
