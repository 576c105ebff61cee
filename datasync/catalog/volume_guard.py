"""Which removals of a snapshot go into the catalog: accepted ones do, the guard is asked about the rest, and what a
hold keeps back stays.

An operator accepts the list of a hold, product by product: what stands in it may go, and whatever else the snapshot
would remove is put before the guard as if the accepted had gone already. A partial snapshot (products asked for by
name, or told to be deleted) removes nothing that stands in the list of a hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from datasync.quantity import quantity
from datasync.settings import Guard
from datasync.sql import query
from datasync.store import holds
from datasync.store.files import Store
from datasync.store.holds import Hold
from datasync.store.log import Head
from datasync.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class Passing:
    """Which ``changes`` go into the catalog: a condition on their rows, what these count, and how many removals are
    held.
    """

    where: str
    counts: Mapping[str, int]
    held: int = 0


def passing(
    guard: Guard, found: Snapshot, counts: Mapping[str, int], live: int, last_count: int | None = None
) -> Passing:
    """Put the removals that nobody accepted before the guard; the accepted ones count as gone already.

    Where a repair left the catalog in doubt, what a complete snapshot lacks of the source's ``last_count`` is put there
    instead.
    """
    removals, accepted, kept_back = (counts[name] for name in ("removed_live", "accepted", "kept_back"))
    others, of = removals - accepted, live - accepted
    asked = (others, of) if last_count is None else (max(last_count - found.valid, 0), last_count)
    if found.what == "skus" or not holds.exceeds(guard.percent, guard.products, *asked):
        where = "change <> 'removed' OR sku NOT IN (SELECT sku FROM kept_back)" if kept_back else "true"
        return Passing(where, {**counts, "removed_live": removals - kept_back})
    is_accepted = "sku IN (SELECT sku FROM accepted)"
    if found.complete:
        alone = {**dict.fromkeys(counts, 0), "removed_live": accepted, "accepted": accepted}
        return Passing(f"change = 'removed' AND {is_accepted}", alone, others)
    rest = {**counts, "removed_live": accepted, "kept_back": 0}
    return Passing(f"change <> 'removed' OR {is_accepted}", rest, others)


def keeping(store: Store, found: Snapshot) -> list[Hold]:
    """The holds that keep products back from what a partial snapshot says is not there."""
    return [] if found.complete or not found.knows_absence else holds.standing(store, found.scope, None)


def kept_back(store: Store, keeping: Collection[Hold]) -> str:
    """SQL of the SKUs that holds keep back; a hold without a list keeps all of them."""
    if any(held.listed is None for held in keeping):
        return "SELECT sku FROM asked_for"
    return holds.skus(store, (held.listed for held in keeping))


def hold(
    con: duckdb.DuckDBPyConnection, store: Store, found: Snapshot, passing: Passing, head: Head, now: datetime
) -> Hold:
    """Record that the removals are held which do not pass of the catalog as it is at ``head``, with their list."""
    of = int(head.meta.get("products", 0)) - passing.counts["accepted"]
    new = Hold(found.run, found.scope, None, now, passing.held, of, now, complete=found.complete, entry=head.number)
    return holds.hold(con, store, new, query("removals_held"))


def held_note(held: Hold, found: Snapshot, passing: Passing) -> str:
    """What there is to say of a snapshot that is held, in part or as a whole."""
    words = f"Held: it would remove {held.would_remove:,} of {quantity(held.of, 'product')}"
    if not found.complete:
        return f"{words}. Whatever else it found is in the catalog; the next complete pull settles it."
    if passing.counts["accepted"]:
        alone = f"Of this snapshot only the {passing.counts['accepted']:,} accepted removals are applied"
        return f"{words} that nobody accepted. {alone}."
    return f"{words}."


def note(found: Snapshot, passing: Passing, keeping: Sequence[Hold]) -> str | None:
    """What there is to say of a snapshot that passed."""
    if found.complete and found.unreadable:
        records = quantity(found.unreadable, "record")
        return f"Nothing was removed, because {records} cannot be read and may be any product."
    if kept_back := passing.counts["kept_back"]:
        words = f"Kept in the catalog by the hold of run {keeping[0].id}, though not at the source: {kept_back:,}"
        return f"{words}. Accept that hold to let them go."
    return None
