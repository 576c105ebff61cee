"""Staged records to a snapshot and a quarantine: what is valid to the one; what is not to the other, whole.

Records are written once: the staged file goes to the store as it is, and the snapshot, a small file beside it, says
which of its rows are no products.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from datasync import secrets
from datasync.intake import staging, twins
from datasync.quantity import quantity
from datasync.settings import Scope
from datasync.sources.base import PullRequest, Records, Source
from datasync.sql import count, literal, query, row
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


def pull(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    name: str,
    scope: Scope,
    source: Source,
    request: PullRequest,
    run: str,
    fingerprint: str,
    clock: Clock,
) -> Snapshot:
    """Ask ``source`` for ``request`` and write the answer as the run's snapshot, unless that is there already.

    Raises what the source raises, InvalidExpression, MissingField, and UnreadableFile for a file of a complete catalog
    in which nothing can be read; then nothing was written.
    """
    if known := read(con, store, name, run):
        return known
    request = replace(request, place=tickets.take(store, name))
    with scratch() as folder:
        records, mapped = staging.stage(con, name, scope, source.records(con, request), request, folder)
        staging.settle(con, records)
        if records.answers_absence:
            if records.are_files:
                staging.refuse_unreadable_files(con)
            staging.refuse_missing_fields(con, name, scope, records, mapped)
        counts = {**row(con, query("pull_counts")), "asked": count(con, "FROM asked")}
        if twin_note := twins.note(con):
            records = replace(records, notes=(*records.notes, twin_note))
        snapshot = _snapshot(name, scope.source, records, request, run, fingerprint, counts, clock())
        snapshot, is_first = _write(con, store, snapshot, folder)
    written = snapshot if is_first else require_snapshot(con, store, name, run)
    if written.file != snapshot.file:  # another try of this run was faster
        store.remove(records_path(name, snapshot.file))
    return written


def _snapshot(
    name: str,
    source: str,
    records: Records,
    request: PullRequest,
    run: str,
    fingerprint: str,
    counts: Mapping[str, Any],
    finished_at: datetime,
) -> Snapshot:
    unsure = counts["unreadable"] if request.what == "skus" and records.answers_absence else 0
    records_unread = quantity(unsure, "record")
    doubt = f"No product counts as absent, because {records_unread} cannot be read and may be any of those asked for."
    empty = records.complete and counts["records"] == counts["blank"]
    return Snapshot(
        run=run,
        scope=name,
        source=source,
        what=request.what,
        started_at=min(request.at, records.began or request.at),
        place=request.place if records.place is None else records.place,
        finished_at=finished_at,
        complete=records.complete,
        # A deletion that the source reports proves absence, whatever the source knows of other SKUs.
        answers_absence=(records.answers_absence or counts["asked"] > 0) and not unsure,
        fingerprint=fingerprint,
        watermark=records.watermark,
        requests=records.requests,
        file=f"{run}.{uuid.uuid4().hex[:8]}.parquet",
        by_change_time=records.by_change_time,
        notes=(*records.notes, *([doubt] if unsure else []), *([_NOTHING] if empty else [])),
        **counts,
    )


_NOTHING = "The source gave no record at all. Is it the right place, and was its export finished?"


def _write(con: duckdb.DuckDBPyConnection, store: Store, snapshot: Snapshot, folder: Path) -> tuple[Snapshot, bool]:
    """Quarantine, asked SKUs and records first; the snapshot last, because its name is the commit.

    Returns the snapshot with the seal of its records, and False if another try's was there before.
    """
    mine = {"run": snapshot.run, "scope": snapshot.scope}
    texts = ", ".join(f"{secrets.masked_sql(column)} AS {column}" for column in _TEXTS)
    invalid = _copied(con, folder / "quarantine.parquet", f"SELECT * REPLACE ({texts}) FROM invalid", mine)
    store.replace(quarantine_path(snapshot.scope, snapshot.run), invalid)
    if snapshot.asked:
        asked_file = _copied(con, folder / "asked.parquet", "SELECT sku FROM asked", mine)
        store.replace(asked_path(snapshot.scope, snapshot.run), asked_file)
    records, left_out = _records(con, snapshot, folder)
    seal(records)
    with open(records, "rb") as file:
        snapshot = replace(snapshot, sealed=sealed_as(file))
    snapshot_file = _copied(con, folder / "snapshot.parquet", left_out, _footer(snapshot))
    store.create(records_path(snapshot.scope, snapshot.file), records)
    return snapshot, store.create(snapshot_path(snapshot.scope, snapshot.run), snapshot_file)


_TEXTS = ("sku", "place", "name", "sentence", "record")  # of a record in quarantine


def _records(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, folder: Path) -> tuple[Path, str]:
    """The file of records for the store, and SQL of the positions in it that are no products.

    Reuse the staged file if at least ten of eleven rows are products. Otherwise write the products alone, in a file of
    the same columns, with the SKUs that the scope's condition leaves out, so that ``why`` can explain them.
    """
    place = secrets.masked_sql("_place")  # a file may be called by what opens its folder
    shows = count(con, f"SELECT * FROM (SELECT DISTINCT _place FROM everything) WHERE {place} <> _place")
    if snapshot.what != "skus" and snapshot.valid * _WORTH >= snapshot.records and not shows:
        return folder / staging.STAGED, staging.LEFT_OUT
    con.execute("SET preserve_insertion_order = false")
    few = (
        f"SELECT * EXCLUDE (position) REPLACE ({place} AS _place) FROM ({staging.VALID}) UNION ALL BY NAME {_FILTERED}"
    )
    file = _copied(con, folder / "products.parquet", few, None)
    return file, (
        f"SELECT file_row_number AS position FROM read_parquet({literal(str(file))}, file_row_number = true) "
        "WHERE code = 'filtered'"
    )


_FILTERED = "SELECT DISTINCT sku, code FROM staged WHERE code = 'filtered' AND sku IS NOT NULL"
_WORTH = 1.1  # so many times its products a file of records may hold


def _footer(snapshot: Snapshot) -> Mapping[str, Any]:
    return {
        **asdict(snapshot),
        "started_at": snapshot.started_at.isoformat(),
        "finished_at": snapshot.finished_at.isoformat(),
    }


def _copied(con: duckdb.DuckDBPyConnection, file: Path, rows: str, meta: Mapping[str, Any] | None) -> Path:
    note = (
        f", KV_METADATA {{datasync: {literal(json.dumps(secrets.mask_all(meta), ensure_ascii=False))}}}" if meta else ""
    )
    con.execute(f"COPY ({rows}) TO {literal(str(file))} ({ZSTD}{note})")
    return file
