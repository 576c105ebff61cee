"""Snapshot to catalog log: what a pull changes, guarded against removing too much.

The catalog is what the source says now, valid products only, kept as a log of added, updated, removed and quarantined.
Order of reading beats order of writing: a snapshot never overrides a pull that started later, as their tickets tell (no
clock does). SKUs that such a pull read are left out of the difference; if that pull was complete, it vouches for
everything and this snapshot changes nothing. A record from a file of changes that is older than the catalog's product
is outdated (queries/outdated.sql): the entry's metadata count it so, and no longer as valid.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb

from datasync.catalog import difference, volume_guard
from datasync.catalog.difference import Difference, count_nameless
from datasync.catalog.state import (
    is_authoritative,
    last_count_in_doubt,
    nothing_to_apply,
    state_with,
    state_with_accepted,
)
from datasync.catalog.volume_guard import GuardVerdict
from datasync.intake import schedule
from datasync.relation import NO_SKUS, Relation, select
from datasync.settings import Guard
from datasync.store import holds
from datasync.store.files import Clock, Store
from datasync.store.holds import Hold
from datasync.store.log import Entry, Log, Rows
from datasync.store.logs import CatalogState, Missed, catalog_log
from datasync.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class ApplyResult:
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


@dataclass(frozen=True, slots=True)
class _Change:
    """What a snapshot does to a catalog: the rows of an entry (None: none is due), its state, and what it comes to."""

    applied: ApplyResult
    rows: Rows | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PendingSnapshot:
    """A snapshot on its way into its scope's catalog, and by which rules.

    ``scheduled``: nobody asked for this pull, so it may move the watermark, and what it read from files of changes does
    not override what is newer. ``accepted`` has the SKUs whose removal an operator accepted: these pass, also where the
    rest is held. With the source's ``lookback``, a complete snapshot that is applied measures what partial pulls have
    missed.
    """

    con: duckdb.DuckDBPyConnection
    store: Store
    snapshot: Snapshot
    guard: Guard
    volatile: Collection[str]
    clock: Clock
    scheduled: bool = True
    accepted: Relation = NO_SKUS
    lookback: timedelta | None = None

    @property
    def log(self) -> Log:
        return catalog_log(self.store, self.snapshot.scope)

    def change(self, head: Entry) -> _Change:
        """What the snapshot changes in the catalog as it is after an entry."""
        state = CatalogState.of(head)
        if note := nothing_to_apply(state, self.snapshot):
            _release_again(self.store, head, self.snapshot, self.clock())
            held = _own_hold(self.store, self.snapshot)
            return _Change(ApplyResult(products=state.products, note=note, held=held))
        differing = difference.compare(
            self.con, self.store, self.log.fold(head.number), state, self.snapshot, self.volatile,
            scheduled=self.scheduled,
        )  # fmt: skip
        return self._judge(head.number, state, differing)

    def _judge(self, entry: int, state: CatalogState, differing: Difference) -> _Change:
        """Let the volume guard judge the removals among the changes."""
        snapshot, standing = self.snapshot, volume_guard.standing_holds(self.store, self.snapshot)
        kept_back = volume_guard.kept_back(self.store, snapshot, standing)
        counts = differing.counts(self.con, self.accepted, kept_back)
        last_count = last_count_in_doubt(state, snapshot)
        verdict = volume_guard.verdict(self.guard, snapshot, counts, state.products, last_count)
        passed = select(
            f"SELECT * FROM changes WHERE {verdict.where}",
            changes=differing.changes, accepted=self.accepted, kept_back=kept_back,
        )  # fmt: skip
        if verdict.held:
            return self._held(entry, state, differing, verdict, passed)
        missed = self._missed(state, differing, passed, verdict.counts)
        after = state_with(state, snapshot, verdict.counts, self.scheduled, missed)
        applied = self._result(state, verdict, after, missed, note=volume_guard.note(snapshot, verdict, standing))
        return _Change(applied, _rows(passed), after.meta())

    def _held(
        self, entry: int, state: CatalogState, differing: Difference, verdict: GuardVerdict, passed: Relation
    ) -> _Change:
        """Record a hold. Of a complete snapshot only accepted removals pass, of a partial one all but the deletions."""
        snapshot = self.snapshot
        removals = volume_guard.removals_held(differing, self.accepted)
        of = state.products - verdict.counts["accepted"]
        hold = volume_guard.new_hold(snapshot, verdict.held, of, entry, self.clock())
        held = holds.hold(self.con, self.store, hold, removals)
        note = volume_guard.held_note(held, snapshot, verdict)
        if snapshot.complete and not verdict.counts["accepted"]:
            return _Change(ApplyResult(products=state.products, held=held, note=note))
        after = (
            state_with_accepted(state, snapshot, verdict.counts["removed_live"])
            if snapshot.complete
            else state_with(state, snapshot, verdict.counts, self.scheduled, None)
        )
        return _Change(self._result(state, verdict, after, None, note=note, held=held), _rows(passed), after.meta())

    def _missed(
        self, state: CatalogState, differing: Difference, passed: Relation, counts: Mapping[str, int]
    ) -> Missed | None:
        """What partial pulls missed; None where the scope's settings changed, because then everything may differ."""
        snapshot = self.snapshot
        if self.lookback is None or not snapshot.complete or state.fingerprint != snapshot.fingerprint:
            return None
        changes = schedule.late_changes(self.con, state, passed, differing.catalog_rows, self.lookback)
        if changes is None:
            return None
        return Missed(run=snapshot.run, at=snapshot.started_at, removed=counts["removed_live"], **changes)

    def _result(
        self,
        before: CatalogState,
        verdict: GuardVerdict,
        after: CatalogState,
        missed: Missed | None,
        *,
        note: str | None,
        held: Hold | None = None,
    ) -> ApplyResult:
        counts = verdict.counts
        return ApplyResult(
            added=counts["added"], updated=counts["updated"], removed=counts["removed_live"],
            quarantined=counts["quarantined"], products=after.products, accepted=counts["accepted"],
            kept_back=counts["kept_back"], missed=missed, outdated=counts["outdated"], note=note, held=held,
            nameless=count_nameless(self.con, self.store, before, self.snapshot),
        )  # fmt: skip


def apply_snapshot(application: PendingSnapshot) -> ApplyResult:
    """Bring a snapshot into its scope's catalog; a snapshot that is in already changes nothing.

    A complete snapshot that would remove more than the guard lets pass is held: nothing of it is applied. Of a partial
    one that reports so many deletions only these are held, until a complete one shows whether they are true. No partial
    snapshot removes what a hold keeps back, not even products that were asked for by name.
    """
    store, snapshot, clock = application.store, application.snapshot, application.clock
    change, entry = application.log.append_computed(application.con, application.change, clock)
    if entry is None:
        return change.applied
    if not change.applied.held and is_authoritative(snapshot):
        holds.release(store, snapshot.scope, None, snapshot.run, clock(), entry.number)
    return replace(change.applied, entry=entry.number)


def _rows(passed: Relation) -> Rows:
    """The rows of an entry, each with the time of the entry's writer. They are in the order of SKUs, so that whoever
    reads a range of them, as each batch of a transfer does, reads little of the file.
    """
    return lambda clock: Relation(f'SELECT * REPLACE ({clock} AS "at") FROM (\n{passed.sql}\n) ORDER BY sku')


def _own_hold(store: Store, snapshot: Snapshot) -> Hold | None:
    """The hold of a partial snapshot that is applied but for its deletions."""
    held = holds.current(store, snapshot.scope, None)
    return held if held and held.id == snapshot.run else None


def _release_again(store: Store, head: Entry, snapshot: Snapshot, now: datetime) -> None:
    """Release the hold that a snapshot passed, if its step was killed between its entry and the release."""
    if not is_authoritative(snapshot) or head.run != snapshot.run:
        return
    held = holds.current(store, snapshot.scope, None)
    if held and head.at and (held.entry < head.number if held.entry else held.at <= head.at):
        holds.release(store, snapshot.scope, None, snapshot.run, now, head.number)
