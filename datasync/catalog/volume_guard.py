"""Which removals of a snapshot go into the catalog: accepted ones, and others if the guard lets them pass.

An operator accepts the list of a hold: exactly the products on it may go. The guard judges the other removals as if the
accepted ones had gone already. A partial snapshot (products asked for by name, or deletions that a source reports)
removes nothing that stands on the list of a hold.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from datasync.catalog.difference import Difference, asked_for
from datasync.quantity import quantity
from datasync.relation import Relation, query
from datasync.settings import Guard
from datasync.store import holds
from datasync.store.files import Store
from datasync.store.holds import Hold
from datasync.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """Which ``changes`` go into the catalog: a condition on their rows, their counts, and how many are held."""

    where: str
    counts: Mapping[str, int]
    held: int = 0


def verdict(
    guard: Guard, snapshot: Snapshot, counts: Mapping[str, int], live: int, last_count: int | None = None
) -> GuardVerdict:
    """Let the guard judge the removals that nobody accepted; the accepted ones count as gone already.

    Where a repair left the catalog in doubt, the guard judges what a complete snapshot lacks of ``last_count`` instead.
    """
    removals, accepted, kept_back = (counts[name] for name in ("removed_live", "accepted", "kept_back"))
    others, of = removals - accepted, live - accepted
    volume = (others, of) if last_count is None else (max(last_count - snapshot.valid, 0), last_count)
    if snapshot.what == "skus" or not holds.exceeds(guard.percent, guard.products, *volume):
        where = "change <> 'removed' OR sku NOT IN (SELECT sku FROM kept_back)" if kept_back else "true"
        return GuardVerdict(where, {**counts, "removed_live": removals - kept_back})
    is_accepted = "sku IN (SELECT sku FROM accepted)"
    if snapshot.complete:
        alone = {**dict.fromkeys(counts, 0), "removed_live": accepted, "accepted": accepted}
        return GuardVerdict(f"change = 'removed' AND {is_accepted}", alone, others)
    rest = {**counts, "removed_live": accepted, "kept_back": 0}
    return GuardVerdict(f"change <> 'removed' OR {is_accepted}", rest, others)


def standing_holds(store: Store, snapshot: Snapshot) -> list[Hold]:
    """The holds that keep products back from what a partial snapshot says is not there."""
    return [] if snapshot.complete or not snapshot.knows_absence else holds.standing(store, snapshot.scope, None)


def kept_back(store: Store, snapshot: Snapshot, standing: Collection[Hold]) -> Relation:
    """The SKUs that holds keep back; a hold without a list keeps all that the snapshot could remove."""
    if any(held.listed is None for held in standing):
        return asked_for(store, snapshot)
    return holds.skus(store, (held.listed for held in standing))


def removals_held(differing: Difference, accepted: Relation) -> Relation:
    """The products whose removal is held, by sku and name."""
    return query("removals_held", changes=differing.changes, catalog_rows=differing.catalog_rows, accepted=accepted)


def new_hold(snapshot: Snapshot, would_remove: int, of: int, entry: int, now: datetime) -> Hold:
    """The hold of a snapshot's removals that do not pass; it is about the catalog after ``entry``."""
    return Hold(snapshot.run, snapshot.scope, None, now, would_remove, of, now, complete=snapshot.complete, entry=entry)


def held_note(held: Hold, snapshot: Snapshot, verdict: GuardVerdict) -> str:
    """What there is to say of a snapshot that is held, in part or as a whole."""
    words = f"Held: it would remove {held.would_remove:,} of {quantity(held.of, 'product')}"
    if not snapshot.complete:
        return f"{words}. Whatever else it found is in the catalog; the next complete pull settles it."
    if verdict.counts["accepted"]:
        alone = f"Of this snapshot only the {verdict.counts['accepted']:,} accepted removals are applied"
        return f"{words} that nobody accepted. {alone}."
    return f"{words}."


def note(snapshot: Snapshot, verdict: GuardVerdict, standing: Sequence[Hold]) -> str | None:
    """What there is to say of a snapshot that passed."""
    if snapshot.complete and snapshot.unreadable:
        records = quantity(snapshot.unreadable, "record")
        return f"Nothing was removed, because {records} cannot be read and may be any product."
    if kept_back := verdict.counts["kept_back"]:
        words = f"Kept in the catalog by the hold of run {standing[0].id}, though not at the source: {kept_back:,}"
        return f"{words}. Accept that hold to let them go."
    return None
