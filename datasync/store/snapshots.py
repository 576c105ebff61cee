"""Snapshots: what each pull read, as three files and a footer. A pull writes them; the catalog reads them.

For each pull:

    records = valid + quarantined + repeated + blank + filtered + outdated

``blank`` rows hold no value, ``filtered`` records are not of this scope, and ``outdated`` ones are older than what the
catalog has of their SKU, which only the catalog can tell: in a snapshot that is 0, and they are among the valid ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from datasync import product
from datasync.errors import FileDamaged
from datasync.relation import NO_SKUS, Relation
from datasync.sql import literal, quote
from datasync.store.files import Store
from datasync.store.log import footer

TERMS = ("valid", "quarantined", "repeated", "blank", "filtered", "outdated")  # what may become of a record

Order = tuple[int, datetime]
_NO_PARTITIONS = "hive_partitioning = false"
_KEYS = {"ticket": "place"}  # the footer's keys that are other than the fields' names
_FIELDS = {key: name for name, key in _KEYS.items()}


class TicketOrdered:
    """What is ordered by the ticket of the pull that it comes from, or by that pull's start where it had no ticket."""

    __slots__ = ()
    ticket: int
    started_at: datetime

    @property
    def order(self) -> Order:
        """By the ticket, or by the clock if it is from before there were tickets."""
        return self.ticket, datetime.min.replace(tzinfo=UTC) if self.ticket else self.started_at


@dataclass(frozen=True, slots=True)
class Snapshot(TicketOrdered):
    """What one pull found: the footer of its file. ``unreadable`` records make a complete one remove nothing.

    ``asked``: SKUs whose absence it proves: a request named them, or the source reported them as deleted.
    ``file``: the name of the file of its records; each try of a run has one of its own, and the snapshot names one.
    ``sealed`` is what that file's seal is known by.
    ``by_change_time``: its records were read from files of changes, which may arrive late. ``overriding`` products of
    it override the catalog all the same, because what was read before them in the pull made its time mean nothing.
    ``ticket``: the pull's, or that of the oldest page it used; 0 in snapshots from before there were tickets.
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
    ticket: int = 0
    sealed: str = ""
    overriding: int = 0

    def counts(self) -> dict[str, Any]:
        """What a pull's record says of it: what was asked for, what became of the records, and what was noted."""
        names = ("what", "complete", "records", *TERMS, "unreadable", "requests")
        return {**{name: getattr(self, name) for name in names}, "notes": list(self.notes)}

    def meta(self) -> dict[str, Any]:
        """The snapshot as its file's footer has it; ``parse`` reads it back."""
        times = {name: getattr(self, name).isoformat() for name in ("started_at", "finished_at")}
        return {_KEYS.get(name, name): value for name, value in {**asdict(self), **times}.items()}

    @property
    def knows_absence(self) -> bool:
        """True if it proves absence: an asked-for SKU without a record does not exist at the source."""
        return self.asked > 0 and self.answers_absence


def with_outdated(counts: Mapping[str, Any], outdated: int) -> dict[str, Any]:
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
    meta = footer(con, store, path)
    return None if meta is None else parse(path, meta)


def parse(path: str, meta: Mapping[str, Any]) -> Snapshot | None:
    """A snapshot from its footer's metadata, None for one of the older kind; FileDamaged where they are others."""
    try:
        if "file" not in meta and "id" not in meta:  # an entry of a log has an id, and no snapshot ever had one
            return None
        times = {name: datetime.fromisoformat(meta[name]) for name in ("started_at", "finished_at")}
        fields = {_FIELDS.get(key, key): value for key, value in meta.items()}
        return Snapshot(**{**fields, **times, "notes": tuple(meta["notes"])})
    except (KeyError, TypeError, ValueError) as error:
        raise FileDamaged(path, "is no snapshot: its metadata are others") from error


@dataclass(frozen=True, slots=True)
class PullNote:
    """What a file beside a snapshot says of its pull; files of older versions say nothing.

    ``is_replacement``: it is an empty one, which a repair put in the place of a lost one.
    """

    run: str | None
    scope: str | None
    is_replacement: bool


def note_of(meta: Mapping[str, Any]) -> PullNote:
    """The note of a file of quarantine or of asked-for SKUs, from its footer's metadata."""
    return PullNote(meta.get("run"), meta.get("scope"), "repaired" in meta)


def require_snapshot(con: duckdb.DuckDBPyConnection, store: Store, scope: str, run: str) -> Snapshot:
    """The snapshot of a run that a log still names; LogDamaged where it is gone."""
    snapshot = read(con, store, scope, run)
    if snapshot is None:
        raise FileDamaged(snapshot_path(scope, run), "is missing, and the catalog needs it")
    return snapshot


def overriding(snapshot: Snapshot, url: Callable[[str], str]) -> Relation:
    """The SKUs of the products that override the catalog whatever their time."""
    if not snapshot.overriding:
        return NO_SKUS
    file = literal(url(records_path(snapshot.scope, snapshot.file)))
    return Relation(f"SELECT sku FROM read_parquet({file}, {_NO_PARTITIONS}) WHERE overrides")


def products(snapshot: Snapshot, url: Callable[[str], str]) -> Relation:
    """One row per valid product of a snapshot; ``url`` says how a file of the store is reached."""
    columns = ", ".join(f"r.{quote(c)}" for c in product.STORED)
    file = literal(url(records_path(snapshot.scope, snapshot.file)))
    records = f"read_parquet({file}, {_NO_PARTITIONS}, file_row_number = true)"
    left_out = f"read_parquet({literal(url(snapshot_path(snapshot.scope, snapshot.run)))}, {_NO_PARTITIONS})"
    condition = "r.file_row_number = l.position"
    return Relation(f"SELECT {columns} FROM {records} AS r ANTI JOIN {left_out} AS l ON {condition}")
