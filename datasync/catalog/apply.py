"""Snapshot to catalog log: what a pull changes, guarded against removing too much.

The catalog is what the source says now, valid products only, kept as a log of added, updated, removed and quarantined.
Order of reading beats order of writing: a snapshot never overrides a pull that started later, as their tickets tell (no
clock does). SKUs that such a pull read are left out of the difference; if that pull was complete, it vouches for
everything and this snapshot changes nothing. A record from a file of changes that is older than the catalog's product
is outdated (queries/outdated.sql): the entry's metadata count it so, and no longer as valid.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb

from datasync.catalog import volume_guard
from datasync.catalog.difference import count_nameless, define_difference
from datasync.catalog.state import accepted_meta, entry_meta, last_count_in_doubt, nothing_to_apply, settles
from datasync.catalog.volume_guard import Passing
from datasync.errors import StoreUnavailable
from datasync.intake import schedule
from datasync.intake.schedule import Missed
from datasync.settings import Guard
from datasync.sql import query, row, view
from datasync.store import holds
from datasync.store.files import Clock, Store
from datasync.store.holds import Hold
from datasync.store.log import TRIES, Head
from datasync.store.logs import catalog_log
from datasync.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Applied:
    """What a snapshot did to the catalog: its entry (None: none was due), the entry's rows by kind, and the products
    after it.

    ``accepted``: removals that an operator had accepted. ``kept_back``: products that stay because they stand on the
    list of a hold. ``outdated``: records that changed nothing. ``missed``: what the partial pulls before it had missed.
    """

    entry: int | None = None
    added: int = 0
    updated: int = 0
    removed: int = 0
    quarantined: int = 0
    products: int = 0
    accepted: int = 0
    kept_back: int = 0
    held: Hold | None = None
    missed: Missed | None = None
    note: str | None = None
    outdated: int = 0
    nameless: int = 0


def apply_snapshot(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    snapshot: Snapshot,
    guard: Guard,
    volatile: Collection[str],
    clock: Clock,
    *,
    scheduled: bool = True,
    accepted: str = holds.NO_SKUS,
    lookback: timedelta | None = None,
) -> Applied:
    """Bring a snapshot into its scope's catalog; a snapshot that is in already changes nothing.

    ``scheduled``: nobody asked for this pull, so it may move the watermark, and what it read from files of changes does
    not override what is newer. A complete snapshot that would remove more than the guard lets pass is held: nothing of
    it is applied. Of a partial one that reports so many deletions only these are held, until a complete one shows
    whether they are true. With the source's ``lookback``, a complete one that is applied measures what partial pulls
    have missed.

    ``accepted`` is SQL with the SKUs whose removal an operator accepted: these pass, also where the rest is held. No
    partial snapshot removes what a hold keeps back, not even products that were asked for by name.
    """
    log = catalog_log(store, snapshot.scope)
    for _ in range(TRIES):
        head = log.head(con)
        if note := nothing_to_apply(head, snapshot):
            _release_again(store, head, snapshot, clock())
            return Applied(products=head.meta.get("products", 0), note=note, held=_own_hold(store, snapshot))
        define_difference(con, store, log, head, snapshot, volatile, scheduled=scheduled)
        view(con, "accepted", accepted)
        keeping = volume_guard.keeping(store, snapshot)
        view(con, "kept_back", volume_guard.kept_back(store, keeping))
        live = int(head.meta.get("products", 0))
        counts = row(con, query("difference_counts"))
        passing = volume_guard.passing(guard, snapshot, counts, live, last_count_in_doubt(head, snapshot))
        view(con, "difference", f"SELECT * FROM changes WHERE {passing.where}")
        held = volume_guard.hold(con, store, snapshot, passing, head, clock()) if passing.held else None
        if held and snapshot.complete and not passing.counts["accepted"]:
            return Applied(products=live, held=held, note=volume_guard.held_note(held, snapshot, passing))
        missed = _missed(con, head, snapshot, lookback, passing.counts) if not held else None
        meta = (
            accepted_meta(head, snapshot, passing)
            if held and snapshot.complete
            else entry_meta(head, snapshot, passing.counts, scheduled, missed)
        )
        nameless = count_nameless(con, store, head, snapshot)
        entry = log.append(con, head, 'SELECT * REPLACE ({clock} AS "at") FROM difference', meta, clock)
        if entry:
            applied = replace(_applied(entry, passing, missed), nameless=nameless)
            if held:
                return replace(applied, held=held, note=volume_guard.held_note(held, snapshot, passing))
            if settles(snapshot):
                holds.release(store, snapshot.scope, None, snapshot.run, clock(), entry.number)
            return replace(applied, note=volume_guard.note(snapshot, passing, keeping))
    raise StoreUnavailable(
        f"scopes.{snapshot.scope}: the catalog log was written by others {TRIES} times in a row. Try again."
    )


def _own_hold(store: Store, snapshot: Snapshot) -> Hold | None:
    """The hold of a partial snapshot that is applied but for its deletions."""
    held = holds.current(store, snapshot.scope, None)
    return held if held and held.id == snapshot.run else None


def _release_again(store: Store, head: Head, snapshot: Snapshot, now: datetime) -> None:
    """Release the hold that a snapshot passed, if its step was killed between its entry and the release."""
    if not settles(snapshot) or head.meta.get("run") != snapshot.run:
        return
    held = holds.current(store, snapshot.scope, None)
    if held and head.at and (held.entry < head.number if held.entry else held.at <= head.at):
        holds.release(store, snapshot.scope, None, snapshot.run, now, head.number)


def _missed(
    con: duckdb.DuckDBPyConnection,
    head: Head,
    snapshot: Snapshot,
    lookback: timedelta | None,
    counts: Mapping[str, int],
) -> Missed | None:
    """What partial pulls missed; None where the scope's settings changed, because then everything may differ."""
    if lookback is None or not snapshot.complete or head.meta.get("fingerprint") != snapshot.fingerprint:
        return None
    return schedule.measured(con, head.meta, snapshot.run, lookback, counts["removed_live"], snapshot.started_at)


def _applied(entry: Head, passing: Passing, missed: Missed | None) -> Applied:
    counts = passing.counts
    return Applied(
        entry=entry.number, added=counts["added"], updated=counts["updated"], removed=counts["removed_live"],
        quarantined=counts["quarantined"], products=int(entry.meta["products"]), accepted=counts["accepted"],
        kept_back=counts["kept_back"], missed=missed, outdated=counts["outdated"],
    )  # fmt: skip
