"""Staged records to a snapshot and a quarantine: what is valid to the one; what is not to the other, whole.

Records are written once: the staged file goes to the store as it is, and the snapshot, a small file beside it, says
which of its rows are no products. For each pull:

    records = valid + quarantined + repeated + blank + filtered + outdated

``blank`` rows hold no value, ``filtered`` records are not of this scope, and ``outdated`` ones are older than what the
catalog has of their SKU, which only the catalog can tell: here that is 0, and they are among the valid ones.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from datasync import product, secrets, staging, twins
from datasync.errors import FileDamaged
from datasync.quantity import quantity
from datasync.settings import Scope
from datasync.sources.base import Records, Source, Want
from datasync.sql import count, literal, query, quote, row
from datasync.store import tickets
from datasync.store.files import ZSTD, Clock, Store
from datasync.store.log import footer
from datasync.store.scratch import scratch
from datasync.store.seal import seal, sealed_as

TERMS = ("valid", "quarantined", "repeated", "blank", "filtered", "outdated")  # what may become of a record

Order = tuple[int, datetime]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one pull found: the footer of its file. ``unreadable`` records make a complete one remove nothing.

    ``asked``: SKUs whose absence it answers, for they were asked for by name, or the source tells that they are gone.
    ``file``: the name of the file of its records; each try of a run has one of its own, and the snapshot names one.
    ``sealed`` is what that file's seal is known by.
    ``by_change_time``: its records were read from files of changes, which may arrive late.
    ``place``: the pull's ticket, that of the oldest page it used; 0 in snapshots from before there were tickets.
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
    file: str
    notes: tuple[str, ...] = ()
    blank: int = 0
    filtered: int = 0
    outdated: int = 0
    by_change_time: bool = False
    place: int = 0
    sealed: str = ""

    @property
    def knows_absence(self) -> bool:
        """True if it proves absence: an asked-for SKU without a record does not exist at the source."""
        return self.asked > 0 and self.answers_absence

    @property
    def order(self) -> Order:
        """Its place among the pulls of its scope."""
        return _order(self.place, self.started_at)


def order(known: Mapping[str, Any]) -> Order:
    """The place of a pull among those of its scope, from what the catalog's metadata tell of it."""
    return _order(known.get("place", 0), datetime.fromisoformat(known["started_at"]))


def _order(place: int, started_at: datetime) -> Order:
    """By ticket; pulls without one are from before there were tickets, and only their clocks tell them apart."""
    return place, datetime.min.replace(tzinfo=UTC) if place else started_at


def settled(counts: Mapping[str, Any], outdated: int) -> dict[str, Any]:
    """A pull's counts after the catalog found some of its valid records to be outdated."""
    return {**counts, "valid": counts["valid"] - outdated, "outdated": outdated}


def snapshot_path(scope: str, run: str) -> str:
    """Where a pull's snapshot stands: the positions of records that are no products, and the footer with its counts."""
    return f"snapshots/scope={scope}/{run}.parquet"


def records_path(scope: str, file: str) -> str:
    """Where a pull's records stand, mapped, judged and hashed; a row's number there is its position."""
    return f"snapshots/scope={scope}/records/{file}"


def quarantine_path(scope: str, run: str) -> str:
    """Where a pull's invalid records stand."""
    return f"quarantine/scope={scope}/{run}.parquet"


def asked_path(scope: str, run: str) -> str:
    """Where the SKUs stand that a pull asked for, or was told are no longer there, if there are some."""
    return f"snapshots/scope={scope}/asked/{run}.parquet"


def read(con: duckdb.DuckDBPyConnection, store: Store, scope: str, run: str) -> Snapshot | None:
    """The snapshot a run took of a scope, or None; one that does not name a file of records is of an older kind, and
    answers nothing.
    """
    path = snapshot_path(scope, run)
    found = footer(con, store, path)
    return None if found is None else parse(path, found)


def parse(path: str, meta: Mapping[str, Any]) -> Snapshot | None:
    """A snapshot from its footer's metadata, None for one of the older kind; FileDamaged where they are others."""
    try:
        if "file" not in meta and "id" not in meta:  # an entry of a log has an id, and no snapshot ever had one
            return None
        times = {name: datetime.fromisoformat(meta[name]) for name in ("started_at", "finished_at")}
        return Snapshot(**{**meta, **times, "notes": tuple(meta["notes"])})
    except (KeyError, TypeError, ValueError) as error:
        raise FileDamaged(path, "is no snapshot: its metadata are others") from error


def kept(con: duckdb.DuckDBPyConnection, store: Store, scope: str, run: str) -> Snapshot:
    """The snapshot of a run that a log still names; LogDamaged where it is gone."""
    found = read(con, store, scope, run)
    if found is None:
        raise FileDamaged(snapshot_path(scope, run), "is missing, and the catalog needs it")
    return found


def products(found: Snapshot, url: Callable[[str], str]) -> str:
    """SQL with one row per valid product of a snapshot; ``url`` says how a file of the store is reached."""
    columns = ", ".join(f"r.{quote(c)}" for c in product.STORED)
    records = (
        f"read_parquet({literal(url(records_path(found.scope, found.file)))}, {_NO_PARTITIONS}, file_row_number = true)"
    )
    left_out = f"read_parquet({literal(url(snapshot_path(found.scope, found.run)))}, {_NO_PARTITIONS})"
    return f"SELECT {columns} FROM {records} AS r ANTI JOIN {left_out} AS l ON r.file_row_number = l.position"


_NO_PARTITIONS = "hive_partitioning = false"


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
    want = replace(want, place=tickets.take(store, name))
    with scratch() as folder:
        records, how = staging.stage(con, name, scope, source.records(con, want), want, folder)
        staging.settle(con, records)
        if records.answers_absence:
            if records.are_files:
                staging.refuse_unreadable_files(con)
            staging.refuse_missing_fields(con, name, scope, records, how)
        counts = {**row(con, query("pull_counts")), "asked": count(con, "FROM asked")}
        if twin_note := twins.note(con):
            records = replace(records, notes=(*records.notes, twin_note))
        found = _snapshot(name, scope.source, records, want, run, fingerprint, counts, clock())
        found, is_first = _write(con, store, found, folder)
    done = found if is_first else kept(con, store, name, run)
    if done.file != found.file:  # another try of this run was faster
        store.remove(records_path(name, found.file))
    return done


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
    records_unread = quantity(unsure, "record")
    doubt = f"No product counts as absent, because {records_unread} cannot be read and may be any of those asked for."
    empty = records.complete and counts["records"] == counts["blank"]
    return Snapshot(
        run=run,
        scope=name,
        source=source,
        what=want.what,
        started_at=min(want.at, records.began or want.at),
        place=want.place if records.place is None else records.place,
        finished_at=finished_at,
        complete=records.complete,
        # What a pull was told to be gone, it knows to be gone, whatever its source knows of other SKUs.
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


def _write(con: duckdb.DuckDBPyConnection, store: Store, found: Snapshot, folder: Path) -> tuple[Snapshot, bool]:
    """Quarantine, asked SKUs and records first; the snapshot last, because its name is the commit.

    Returns the snapshot with the seal of its records, and False if another try's was there before.
    """
    mine = {"run": found.run, "scope": found.scope}
    texts = ", ".join(f"{secrets.masked_sql(column)} AS {column}" for column in _TEXTS)
    invalid = _copied(con, folder / "quarantine.parquet", f"SELECT * REPLACE ({texts}) FROM invalid", mine)
    store.replace(quarantine_path(found.scope, found.run), invalid)
    if found.asked:
        asked = _copied(con, folder / "asked.parquet", "SELECT sku FROM asked", mine)
        store.replace(asked_path(found.scope, found.run), asked)
    records, left_out = _records(con, found, folder)
    seal(records)
    with open(records, "rb") as file:
        found = replace(found, sealed=sealed_as(file))
    snapshot = _copied(con, folder / "snapshot.parquet", left_out, _footer(found))
    store.create(records_path(found.scope, found.file), records)
    return found, store.create(snapshot_path(found.scope, found.run), snapshot)


_TEXTS = ("sku", "place", "name", "sentence", "record")  # of a record in quarantine


def _records(con: duckdb.DuckDBPyConnection, found: Snapshot, folder: Path) -> tuple[Path, str]:
    """The file of records for the store, and SQL of the positions in it that are no products.

    It is the staged one, unless much of that is not wanted: then the products alone, in a file of the same columns, and
    the SKUs that the scope's condition leaves out, for whoever asks why they are no products.
    """
    place = secrets.masked_sql("_place")  # a file may be called by what opens its folder
    shows = count(con, f"SELECT * FROM (SELECT DISTINCT _place FROM everything) WHERE {place} <> _place")
    if found.what != "skus" and found.valid * _WORTH >= found.records and not shows:
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


def _footer(found: Snapshot) -> Mapping[str, Any]:
    return {**asdict(found), "started_at": found.started_at.isoformat(), "finished_at": found.finished_at.isoformat()}


def _copied(con: duckdb.DuckDBPyConnection, file: Path, rows: str, meta: Mapping[str, Any] | None) -> Path:
    note = (
        f", KV_METADATA {{datasync: {literal(json.dumps(secrets.mask_all(meta), ensure_ascii=False))}}}" if meta else ""
    )
    con.execute(f"COPY ({rows}) TO {literal(str(file))} ({ZSTD}{note})")
    return file
