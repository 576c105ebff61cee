"""Staged records to a snapshot and a quarantine: what is valid to the one; what is not to the other, whole.

Records are written once: the staged file goes to the store as it is, and the snapshot, a small file beside it, says
which of its rows are no products.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from datasync import secrets
from datasync.intake import quarantine, staging, twins
from datasync.intake.quarantine import ResolvedRecords
from datasync.intake.staging import StagingArea
from datasync.quantity import quantity
from datasync.relation import Relation, query, select, temporary_tables
from datasync.session import rows_in_any_order, rows_in_order
from datasync.settings import Scope
from datasync.sources.base import PullRequest, Records, Source
from datasync.sql import literal
from datasync.store import tickets
from datasync.store.files import ZSTD, Clock, Store
from datasync.store.scratch import scratch
from datasync.store.seal import seal, sealed_as
from datasync.store.snapshots import (
    Snapshot,
    asked_path,
    quarantine_path,
    read,
    records_path,
    require_snapshot,
    snapshot_path,
)


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull: what it asks of which scope, in which run, and where its snapshot goes."""

    con: duckdb.DuckDBPyConnection
    store: Store
    name: str
    scope: Scope
    request: PullRequest
    run: str
    fingerprint: str
    clock: Clock


def pull(task: Pull, source: Source) -> Snapshot:
    """Ask ``source`` for what the task requests, and write the answer as the run's snapshot, unless it is there.

    Raises what the source raises, InvalidExpression, MissingField, and UnreadableFile for a file of a complete catalog
    in which nothing can be read; then nothing was written.
    """
    con, store, name, run = task.con, task.store, task.name, task.run
    if known := read(con, store, name, run):
        return known
    task = replace(task, request=replace(task.request, ticket=tickets.take(store, name)))
    with scratch() as folder, temporary_tables(con) as tables:
        records = source.records(con, task.request)
        with rows_in_order(con):  # a record's place in the staged file is its position
            snapshot, is_first = _pull_records(
                task, StagingArea(tables, folder, name, task.scope, task.request), records
            )
    written = snapshot if is_first else require_snapshot(con, store, name, run)
    if written.file != snapshot.file:  # another try of this run was faster
        store.remove(records_path(name, snapshot.file))
    return written


def _pull_records(task: Pull, area: StagingArea, records: Records) -> tuple[Snapshot, bool]:
    """Stage the records, judge them, and write the snapshot; False if another try's snapshot was there before."""
    resolved = quarantine.resolve(area.tables, staging.stage(area, records))
    _refuse_what_is_not_whole(task, resolved)
    twin_note = twins.note(task.con, resolved.staged.wanted_records, resolved.duplicate_resolution)
    snapshot = _snapshot(task, resolved.staged.records, _counts(task.con, resolved), [twin_note] if twin_note else [])
    doubt = suspicion(resolved.staged.records, snapshot)
    return _write(task, area, resolved, replace(snapshot, notes=(*snapshot.notes, *([doubt] if doubt else []))))


def suspicion(records: Records, snapshot: Snapshot) -> str | None:
    """What may be wrong with all records of a pull, where at least two, and nine of ten, cannot be read."""
    with_values = snapshot.records - snapshot.blank
    is_nearly_all = snapshot.unreadable >= max(2, _NEARLY * with_values)
    return records.suspicion(None) if is_nearly_all else None


_NEARLY = 0.9


def _refuse_what_is_not_whole(task: Pull, resolved: ResolvedRecords) -> None:
    """Refuse an answer that would prove absence although a file or a field of it is missing."""
    staged = resolved.staged
    if not staged.records.answers_absence:
        return
    if staged.records.are_files:
        quarantine.refuse_unreadable_files(task.con, resolved)
    staging.refuse_missing_fields(task.con, task.name, task.scope, staged.records, staged.mapped)


def _counts(con: duckdb.DuckDBPyConnection, resolved: ResolvedRecords) -> Mapping[str, Any]:
    """The counts of a snapshot."""
    counts = query(
        "pull_counts",
        wanted_records=resolved.staged.wanted_records,
        skipped_records=resolved.staged.skipped_records,
        duplicate_resolution=resolved.duplicate_resolution,
        invalid_records=resolved.invalid_records,
    )
    overriding = select(
        "SELECT * FROM products SEMI JOIN overriding USING (position)",
        products=resolved.products,
        overriding=resolved.overriding,
    )
    more = {"asked": resolved.staged.requested_skus.size}
    return {**counts.row(con), **more, "overriding": overriding.count(con) if resolved.overriding.size else 0}


def _snapshot(task: Pull, records: Records, counts: Mapping[str, Any], notes: Sequence[str]) -> Snapshot:
    request, finished_at = task.request, task.clock()
    unsure = counts["unreadable"] if request.what == "skus" and records.answers_absence else 0
    records_unread = quantity(unsure, "record")
    doubt = f"No product counts as absent, because {records_unread} cannot be read and may be any of those asked for."
    empty = records.complete and counts["records"] == counts["blank"]
    return Snapshot(
        run=task.run,
        scope=task.name,
        source=task.scope.source,
        what=request.what,
        started_at=min(request.at, records.began or request.at),
        ticket=request.ticket if records.ticket is None else records.ticket,
        finished_at=finished_at,
        complete=records.complete,
        # A deletion that the source reports proves absence, whatever the source knows of other SKUs.
        answers_absence=(records.answers_absence or counts["asked"] > 0) and not unsure,
        fingerprint=task.fingerprint,
        watermark=records.watermark,
        requests=records.requests,
        file=f"{task.run}.{uuid.uuid4().hex[:8]}.parquet",
        by_change_time=records.by_change_time,
        notes=(*records.notes, *notes, *([doubt] if unsure else []), *([_NOTHING] if empty else [])),
        **counts,
    )


_NOTHING = "The source gave no record at all. Is it the right place, and was its export finished?"


def _write(task: Pull, area: StagingArea, resolved: ResolvedRecords, snapshot: Snapshot) -> tuple[Snapshot, bool]:
    """Quarantine, requested SKUs and records first; the snapshot last, because its name is the commit.

    Returns the snapshot with the seal of its records, and False if another try's was there before.
    """
    _write_quarantine(task, area, resolved, snapshot)
    file, no_products = _records(area, resolved, snapshot)
    seal(file)
    with open(file, "rb") as content:
        snapshot = replace(snapshot, sealed=sealed_as(content))
    snapshot_file = _copied(task.con, area.folder / "snapshot.parquet", no_products, snapshot.meta())
    task.store.create(records_path(snapshot.scope, snapshot.file), file)
    return snapshot, task.store.create(snapshot_path(snapshot.scope, snapshot.run), snapshot_file)


def _write_quarantine(task: Pull, area: StagingArea, resolved: ResolvedRecords, snapshot: Snapshot) -> None:
    """Write the records in quarantine, and the requested SKUs if there are any."""
    mine = {"run": snapshot.run, "scope": snapshot.scope}
    texts = ", ".join(f"{secrets.masked_sql(column)} AS {column}" for column in _TEXTS)
    masked = select(f"SELECT * REPLACE ({texts}) FROM invalid_records", invalid_records=resolved.invalid_records)
    file = _copied(task.con, area.folder / "quarantine.parquet", masked, mine)
    task.store.replace(quarantine_path(snapshot.scope, snapshot.run), file)
    if snapshot.asked:
        file = _copied(task.con, area.folder / "requested.parquet", resolved.staged.requested_skus, mine)
        task.store.replace(asked_path(snapshot.scope, snapshot.run), file)


_TEXTS = ("sku", "place", "name", "sentence", "record")  # of a record in quarantine


def _records(area: StagingArea, resolved: ResolvedRecords, snapshot: Snapshot) -> tuple[Path, Relation]:
    """The file of records for the store, and the positions in it that are no products.

    Reuse the staged file if at least ten of eleven rows are products. Otherwise write the products alone, in a file of
    the same columns, with the SKUs that the scope's condition leaves out, so that ``why`` can explain them; and with
    the column ``overrides`` where a product overrides the catalog whatever its time.
    """
    place = secrets.masked_sql("_place")  # a file may be called by what opens its folder
    places = select("SELECT DISTINCT _place FROM all_records", all_records=resolved.staged.all_records)
    shows = places.where(f"{place} <> _place").count(area.con)
    is_nearly_all = snapshot.valid * _WORTH >= snapshot.records and not snapshot.overriding
    if snapshot.what != "skus" and is_nearly_all and not shows:
        return area.file, resolved.no_products
    overrides = _OVERRIDES if snapshot.overriding else ""
    columns = f"* EXCLUDE (position) REPLACE ({place} AS _place){overrides}"
    few = select(
        f"SELECT {columns} FROM products UNION ALL BY NAME {_FILTERED}",
        products=resolved.products,
        overriding=resolved.overriding,
        wanted_records=resolved.staged.wanted_records,
    )
    with rows_in_any_order(area.con):
        file = _copied(area.con, area.folder / "products.parquet", few, None)
    rows = f"read_parquet({literal(str(file))}, file_row_number = true)"
    return file, Relation(f"SELECT file_row_number AS position FROM {rows} WHERE code = 'filtered'")


_FILTERED = "SELECT DISTINCT sku, code FROM wanted_records WHERE code = 'filtered' AND sku IS NOT NULL"
_OVERRIDES = ", position IN (SELECT position FROM overriding) AS overrides"
_WORTH = 1.1  # so many times its products a file of records may hold


def _copied(con: duckdb.DuckDBPyConnection, file: Path, rows: Relation, meta: Mapping[str, Any] | None) -> Path:
    note = (
        f", KV_METADATA {{datasync: {literal(json.dumps(secrets.mask_all(meta), ensure_ascii=False))}}}" if meta else ""
    )
    con.execute(f"COPY ({rows.sql}) TO {literal(str(file))} ({ZSTD}{note})")
    return file
