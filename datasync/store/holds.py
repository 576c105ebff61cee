"""Removals that the volume guard held: what was held, since when, and whether it still is.

A hold is one small file, named by the run that met it, and beside it the list of the products that it keeps back. When
a later run passes where one was held, a release is written beside it. Nothing is changed in place, so any earlier
moment can be asked about. The file with the highest ``entry`` counts, and among equals the one with
the latest time, because times only grow.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb

from datasync.relation import NO_SKUS, Relation
from datasync.sql import literal
from datasync.store.files import ZSTD, Store, parquet, read_as, write_json
from datasync.store.scratch import scratch

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """A complete snapshot, the deletions that a partial one tells of, or a transfer's removals (``service`` is set):
    what only an operator may let pass.

    ``id`` is the run's id; accepting names it. ``since`` is when the first hold of this row of holds was met;
    ``complete`` tells a whole snapshot from the rest. ``listed`` is the file of the products that it keeps back, by sku
    and name; None in holds of older versions, which have no list. ``entry`` is the last one of the log, the scope's
    catalog or the service's receipts, that it knows; 0 in holds of older versions.
    """

    id: str
    scope: str
    service: str | None
    at: datetime
    would_remove: int
    of: int
    since: datetime
    released: bool = False
    complete: bool = False
    listed: str | None = None
    entry: int = 0


def exceeds(percent: float, products: int, removals: int, of: int) -> bool:
    """The volume guard: more than ``percent`` of them and more than ``products``, or every single one."""
    return removals > 0 and (removals >= of or (removals > products and removals * 100 > of * percent))


def hold(con: duckdb.DuckDBPyConnection, store: Store, new: Hold, products: Relation) -> Hold:
    """Record a hold and the ``products`` it keeps back (by sku and name); it takes over ``since`` from the one
    it follows.

    The list comes first, under a name of its own: what was accepted stays as it was, also when the run is tried again.
    """
    before = last(store, new.scope, new.service)
    listed = f"{folder_of(new.scope, new.service)}/{new.id}.{uuid.uuid4().hex[:8]}.parquet"
    with scratch() as folder:
        file = folder / "listed.parquet"
        con.execute(f"COPY (SELECT sku, name FROM ({products.sql}) ORDER BY sku) TO {literal(str(file))} ({ZSTD})")
        store.create(listed, file)
    recorded = replace(_following(new, before), listed=listed)
    write_json(store, path_of(new), _plain(recorded))
    return recorded


def _following(new: Hold, before: Hold | None) -> Hold:
    """A hold after the last word before it: it goes on with one that stands, and is later where both know as much."""
    if before and not before.released:
        new = replace(new, since=before.since)
    if before and before.entry == new.entry:
        new = replace(new, at=max(new.at, before.at + TICK))
    return new


def release(store: Store, scope: str, service: str | None, run: str, at: datetime, entry: int = 0) -> None:
    """Record that a run passed where one was held, by or at an entry; without a hold this writes nothing."""
    held = current(store, scope, service)
    if held:
        held = replace(held, at=max(at, held.at), entry=max(entry, held.entry))
        released = replace(held, id=run, would_remove=0, released=True, listed=None)
        write_json(store, f"{folder_of(scope, service)}/{run}.released.json", _plain(released))


def current(store: Store, scope: str, service: str | None, before: datetime | None = None) -> Hold | None:
    """The hold that stands, or stood before a moment; None where the last word is a release."""
    newest = last(store, scope, service, before)
    return None if newest is None or newest.released else newest


def last(store: Store, scope: str, service: str | None, before: datetime | None = None) -> Hold | None:
    """The last word there, or the last before a moment: a hold or a release."""
    entries = [h for _, h in read_all(store, scope, service) if before is None or h.at < before]
    return entries[-1] if entries else None


def find(store: Store, scope: str, service: str | None, run: str) -> Hold | None:
    """The hold that a run met there, whether or not it still stands."""
    return next((h for _, h in read_all(store, scope, service) if h.id == run and not h.released), None)


def standing(store: Store, scope: str, service: str | None) -> list[Hold]:
    """The holds whose lists keep products back now, newest first: a complete snapshot's takes the place of all before,
    those met after it add to it.
    """
    keeping: list[Hold] = []
    for _, hold in reversed(read_all(store, scope, service)):
        if hold.released:
            break
        keeping.append(hold)
        if hold.complete:
            break
    return keeping


def read_all(store: Store, scope: str, service: str | None) -> list[tuple[str, Hold]]:
    """Every hold and release there, with its path, oldest first; the last word counts."""
    folder = folder_of(scope, service)
    paths = [f"{folder}/{name}" for name in store.listing(folder) if name.endswith(".json")]
    with_paths = [(path, held) for path in paths if (held := read_as(store, path, parse))]
    return sorted(with_paths, key=lambda pair: (pair[1].entry, pair[1].at, pair[1].released))


def is_listed(store: Store, held: Hold) -> bool:
    """True if the list of a hold is there."""
    folder, _, name = (held.listed or "").rpartition("/")
    return bool(name) and name in store.listing(folder)


def products(store: Store, listed: str) -> Relation:
    """One row per product of a hold's list, by its sku and name."""
    return Relation(f"SELECT sku, name FROM {parquet(store, listed)}")


def skus(store: Store, lists: Iterable[str | None]) -> Relation:
    """One row per SKU of some holds' lists; of a hold without a list, none."""
    paths = [path for path in lists if path]
    return Relation(f"SELECT DISTINCT sku FROM {parquet(store, *paths)}") if paths else NO_SKUS


def path_of(held: Hold) -> str:
    """Where a hold's file stands in the store."""
    return f"{folder_of(held.scope, held.service)}/{held.id}.json"


def folder_of(scope: str, service: str | None) -> str:
    """Where the holds of a scope, or of a service there, stand in the store."""
    return f"holds/scope={scope}" + (f"/service={service}" if service else "")


def parse(content: Mapping[str, Any]) -> Hold:
    """A hold or a release from its file's JSON."""
    times = {key: datetime.fromisoformat(content[key]) for key in ("at", "since")}
    return Hold(**{**content, **times})


def _plain(held: Hold) -> dict[str, object]:
    return {**asdict(held), "at": held.at.isoformat(), "since": held.since.isoformat()}
