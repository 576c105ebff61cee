"""Staged records to a snapshot and a quarantine: what is valid to the one, hashed; what is not to the other, whole.

For each pull: records = valid + quarantined + repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from datasync import product, staging
from datasync.settings import Scope
from datasync.sources.base import Records, Source, Want
from datasync.sql import count, literal, query, quote, row
from datasync.store.files import ZSTD, Clock, Store, scratch
from datasync.store.log import footer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one pull found: the footer of its file. ``unreadable`` records make a complete one remove nothing.

    ``asked``: SKUs whose absence it answers, for they were asked for by name, or the source tells that they are gone.
    """

    run: str
    scope: str
    source: str
    what: str
    started_at: datetime
    finished_at: datetime
    complete: bool
    answers_absence: bool
    fingerprint: str
    watermark: str | None
    records: int
    valid: int
    quarantined: int
    repeated: int
    unreadable: int
    asked: int
    requests: int
    notes: tuple[str, ...] = ()


def snapshot_path(scope: str, run: str) -> str:
    """Where a pull's valid products stand."""
    return f"snapshots/scope={scope}/{run}.parquet"


def quarantine_path(scope: str, run: str) -> str:
    """Where a pull's invalid records stand."""
    return f"quarantine/scope={scope}/{run}.parquet"


def asked_path(scope: str, run: str) -> str:
    """Where the SKUs stand that a pull asked for, or was told are no longer there, if there are some."""
    return f"snapshots/scope={scope}/asked/{run}.parquet"


def read(con: duckdb.DuckDBPyConnection, store: Store, scope: str, run: str) -> Snapshot | None:
    """The snapshot a run took of a scope, or None."""
    found = footer(con, store, snapshot_path(scope, run))
    if found is None:
        return None
    times = {name: datetime.fromisoformat(found[name]) for name in ("started_at", "finished_at")}
    return Snapshot(**{**found, **times, "notes": tuple(found["notes"])})


def pull(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    name: str,
    scope: Scope,
    source: Source,
    want: Want,
    run: str,
    fingerprint: str,
    clock: Clock,
) -> Snapshot:
    """Ask ``source`` for ``want`` and write what came as the run's snapshot, unless that is there already.

    Raises what the source raises, InvalidExpression, MissingField, and UnreadableFile for a file of a complete catalog
    in which nothing can be read; then nothing was written.
    """
    if known := read(con, store, name, run):
        return known
    with scratch() as folder:
        records, how = staging.stage(con, name, scope, source.records(con, want), want, folder)
        staging.settle(con, name, scope, records, how)
        if records.answers_absence:
            staging.refuse_unreadable_files(con)
            staging.refuse_missing_fields(con, name, scope, records, how)
        counts = {**row(con, query("pull_counts")), "asked": len(want.skus) or count(con, "SELECT * FROM asked")}
        found = _snapshot(name, scope.source, records, want, run, fingerprint, counts, clock())
        _write(con, store, found, product.finished(name, how.attributes, scope.volatile, staging.VALID), folder)
    return read(con, store, name, run) or found


def _snapshot(
    name: str,
    source: str,
    records: Records,
    want: Want,
    run: str,
    fingerprint: str,
    counts: Mapping[str, Any],
    finished_at: datetime,
) -> Snapshot:
    unsure = counts["unreadable"] if want.what == "skus" and records.answers_absence else 0
    doubt = (
        f"{unsure:,} records cannot be read, and each may be a product that was asked for: none is taken for absent."
    )
    empty = records.complete and not counts["records"]
    return Snapshot(
        run=run,
        scope=name,
        source=source,
        what=want.what,
        started_at=min(want.at, records.began or want.at),
        finished_at=finished_at,
        complete=records.complete,
        answers_absence=records.answers_absence and not unsure,
        fingerprint=fingerprint,
        watermark=records.watermark,
        requests=records.requests,
        notes=(*records.notes, *([doubt] if unsure else []), *([_NOTHING] if empty else [])),
        **counts,
    )


_NOTHING = "The source gave no record at all. Is it the right place, and was its export finished?"


def _write(con: duckdb.DuckDBPyConnection, store: Store, found: Snapshot, valid: str, folder: Path) -> None:
    """Quarantine and asked SKUs first; the snapshot last, for its name is the commit."""
    invalid = _copied(con, folder / "quarantine.parquet", "SELECT * FROM invalid", None)
    store.replace(quarantine_path(found.scope, found.run), invalid)
    if found.asked:
        asked = _copied(con, folder / "asked.parquet", "SELECT sku FROM asked", None)
        store.replace(asked_path(found.scope, found.run), asked)
    columns = ", ".join(quote(c) for c in product.STORED)
    con.execute("SET preserve_insertion_order = false")
    products = _copied(con, folder / "snapshot.parquet", f"SELECT {columns} FROM ({valid})", _footer(found))
    store.create(snapshot_path(found.scope, found.run), products)


def _footer(found: Snapshot) -> Mapping[str, Any]:
    return {**asdict(found), "started_at": found.started_at.isoformat(), "finished_at": found.finished_at.isoformat()}


def _copied(con: duckdb.DuckDBPyConnection, file: Path, rows: str, meta: Mapping[str, Any] | None) -> Path:
    note = f", KV_METADATA {{datasync: {literal(json.dumps(meta, ensure_ascii=False))}}}" if meta else ""
    con.execute(f"COPY ({rows}) TO {literal(str(file))} ({ZSTD}{note})")
    return file
