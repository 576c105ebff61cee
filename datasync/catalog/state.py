"""The state of a catalog: what it is after a snapshot, and what it lets a snapshot do.

Its shape and its JSON are those of `store.logs`. Pulls are in the order of their tickets there. The list reaches back
to the last complete pull, and has at most REMEMBERED others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import duckdb

from datasync.errors import CatalogUnverified, RepairCutOff, RequestTooLate
from datasync.intake import schedule
from datasync.store.files import Store
from datasync.store.logs import (
    AppliedPull,
    CatalogState,
    FirstPull,
    Missed,
    PullSummary,
    UnverifiedRows,
    Watermark,
    catalog_log,
)
from datasync.store.snapshots import Snapshot

REMEMBERED = 500  # pulls since the last complete one


def state_with(
    before: CatalogState, snapshot: Snapshot, counts: Mapping[str, int], scheduled: bool, missed: Missed | None
) -> CatalogState:
    """The state after a snapshot is applied: the next writer and the next pull start from it."""
    last_pull = PullSummary.of(snapshot, counts["outdated"])
    last_complete = last_pull if snapshot.complete else before.last_complete
    pulls = _recent([*before.pulls, AppliedPull.of(snapshot)], last_complete)
    remembered = _remembered(pulls, last_complete)
    watermark = _moved_watermark(before, snapshot) if scheduled else None
    partial_pulls = schedule.carried(
        before,
        complete=snapshot.complete,
        changed=counts["added"] + counts["updated"],
        started_at=snapshot.started_at,
        moves=watermark is not None,
    )
    return replace(
        before,
        run=snapshot.run,
        started_at=snapshot.started_at,
        complete=snapshot.complete,
        pulls=remembered,
        last_complete=last_complete,
        last_pull=last_pull,
        products=before.products + counts["added"] - counts["removed_live"],
        accepted=_recent(before.accepted, last_complete),
        partial_pulls=partial_pulls,
        missed=missed or before.missed,
        watermark=watermark or before.watermark,
        fingerprint=snapshot.fingerprint if snapshot.what == "complete" else before.fingerprint,
        remembers_since=_first_of(remembered) if len(remembered) < len(pulls) else before.remembers_since,
        doubt=_doubt_after(before, snapshot),
        lost_quarantines=() if is_authoritative(snapshot) else before.lost_quarantines,
        to_apply=() if is_authoritative(snapshot) else tuple(run for run in before.to_apply if run != snapshot.run),
    )


def state_with_accepted(before: CatalogState, snapshot: Snapshot, removed: int) -> CatalogState:
    """The state after accepted removals of so many products. No pull is applied, because the rest is held."""
    pull = AppliedPull(snapshot.run, snapshot.started_at, snapshot.ticket)
    return replace(
        before,
        run=snapshot.run,
        started_at=snapshot.started_at,
        products=before.products - removed,
        accepted=(*before.accepted, pull),
    )


def _recent(pulls: Iterable[AppliedPull], last_complete: PullSummary | None) -> tuple[AppliedPull, ...]:
    """The pulls from the last complete one on, in their order. That one vouches for everything older."""
    ordered = sorted(pulls, key=lambda pull: pull.order)
    return tuple(pull for pull in ordered if last_complete is None or pull.order >= last_complete.order)


def _remembered(pulls: Sequence[AppliedPull], last_complete: PullSummary | None) -> tuple[AppliedPull, ...]:
    """The last of some pulls; the complete one stays, because what it put into quarantine still counts."""
    base = [pull for pull in pulls if last_complete and pull.run == last_complete.run]
    return (*base, *[pull for pull in pulls if pull not in base][-REMEMBERED:])


def _first_of(remembered: Sequence[AppliedPull]) -> FirstPull:
    oldest = remembered[-REMEMBERED]
    return FirstPull(oldest.ticket, oldest.started_at)


def _moved_watermark(before: CatalogState, snapshot: Snapshot) -> Watermark | None:
    """Where a scheduled snapshot moves the watermark; None where it has none, or one that began later moved it."""
    if snapshot.watermark is None or (before.watermark and snapshot.order <= before.watermark.order):
        return None
    return Watermark(snapshot.watermark, snapshot.started_at, snapshot.ticket)


def _doubt_after(before: CatalogState, snapshot: Snapshot) -> UnverifiedRows | None:
    """What a repair leaves in doubt after a snapshot. If a complete one had unreadable records, the products that it
    read are sure and may leave.
    """
    if before.doubt is None or is_authoritative(snapshot):
        return None
    return replace(before.doubt, needs_complete=False) if snapshot.complete else before.doubt


def is_authoritative(snapshot: Snapshot) -> bool:
    """True if a snapshot that passes ends a hold: it is complete and readable, so it knows of every product."""
    return snapshot.complete and not snapshot.unreadable


def last_count_in_doubt(state: CatalogState, snapshot: Snapshot) -> int | None:
    """The products of the source's last complete pull, if a repair left the catalog in doubt; otherwise None.

    Such a catalog again has products that the lost entries removed, so the guard does not count its products.
    """
    last = state.last_complete
    return last.valid if snapshot.complete and last and state.doubt else None


def nothing_to_apply(state: CatalogState, snapshot: Snapshot) -> str | None:
    """Why a snapshot changes nothing: it is applied already, or a complete pull that started later is. None: it may.

    Raises RequestTooLate for a snapshot older than the pulls that the state remembers.
    """
    last = state.last_complete
    if state.has_applied(snapshot.run):
        return "This snapshot is in the catalog already."
    if last and last.order > snapshot.order:
        return f"A complete pull that started later ({last.run}) has been applied; it vouches for every product."
    if state.remembers_since and snapshot.order < state.remembers_since.order:
        raise RequestTooLate(
            f"scopes.{snapshot.scope}: the snapshot of {snapshot.run} started "
            f"{snapshot.started_at:%Y-%m-%dT%H:%M:%SZ}, before the pulls that the catalog still remembers. "
            "Pull again instead: `datasync sync --complete`."
        )
    return None


def refuse_unverified(con: duckdb.DuckDBPyConnection, store: Store, scope: str) -> None:
    """Raise CatalogUnverified for a catalog that nothing may leave before a complete pull, because it was repaired, and
    RepairCutOff for one whose repair did not come to its end.
    """
    state = CatalogState.of(catalog_log(store, scope).head(con))
    if state.doubt and state.doubt.needs_complete:
        raise CatalogUnverified(scope)
    if state.to_apply:
        raise RepairCutOff(scope)
