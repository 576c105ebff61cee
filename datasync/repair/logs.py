"""The repair of a scope's logs: receipts first, then the catalog, which keeps the versions that services still hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

from datasync.relation import Relation, query, select, temporary_tables
from datasync.repair import rebuild
from datasync.repair.context import RepairContext
from datasync.repair.rebuild import Losses, Lost, Remains
from datasync.sql import literal
from datasync.store.log import Entry, Log
from datasync.store.logs import (
    CatalogState,
    FirstPull,
    Lease,
    PullSummary,
    ReceiptState,
    UnverifiedRows,
    catalog_log,
    held_versions,
    receipt_histories,
)
from datasync.store.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class CatalogLosses:
    """What a scope's catalog lost: files of its log, and the snapshots and quarantines of pulls that it names.

    ``is_partial``: the scope is never read whole. ``again`` are the snapshots of the pulls whose entries were lost, and
    of those in ``waiting``, which a repair that was cut off had still to apply.
    """

    log: Losses
    pulls: tuple[str, ...] = ()
    quarantines: tuple[str, ...] = ()
    is_partial: bool = False
    again: tuple[Snapshot, ...] = ()
    waiting: tuple[str, ...] = ()

    @property
    def are_waiting_lost(self) -> bool:
        """Whether a pull that a repair had still to apply can no longer be applied."""
        return not {*self.waiting} <= {snapshot.run for snapshot in self.again}

    @property
    def is_recorded(self) -> bool:
        """Whether the log has to tell of what is lost."""
        return bool(self.log.is_rebuilt or self.pulls or self.quarantines or self.are_waiting_lost)

    @property
    def begins_anew(self) -> bool:
        """Whether the history begins with the entry `repaired`: what comes before it is lost, or is not next to it."""
        return self.log.is_rebuilt or self.log.leaves_gap

    @property
    def through(self) -> int:
        """The newest entry whose rows are in doubt, where any are."""
        return max(self.log.through, self.log.log.newest.number if self.are_waiting_lost else 0)

    @property
    def reaches_back(self) -> bool:
        """Whether applying snapshots again makes up for all that was lost."""
        return self.is_partial and not self.log.is_base_lost and len(self.again) >= len(self.log.entries)

    @property
    def is_in_doubt(self) -> bool:
        return (self.log.are_rows_lost and not self.reaches_back) or self.are_waiting_lost


@dataclass(frozen=True, slots=True)
class ReceiptDoubt:
    """What a lost receipt of a service elsewhere may have told of, so that nobody knows what became of it.

    ``skus`` are all that the catalog ever had. ``lease`` is of the batch that may be on its way still.
    """

    skus: Relation
    lease: Lease | None


def mend_receipts(work: RepairContext, log: Log, losses: Losses, lost: Lost, doubt: ReceiptDoubt | None) -> Entry:
    """Rebuild the receipt log of one service, which perhaps holds what is in ``doubt``.

    That is None where the log is the delivery, so that the service holds what is left of the log.
    """
    con, run = work.con, work.repair.run
    with temporary_tables(con) as tables:
        remains = rebuild.remains(tables, log, losses)
        lease, held = doubt.lease if doubt else None, remains.live(con, "held_hash")
        state = replace(ReceiptState.of(losses.log.newest), held=held, lease=lease)
        rows = partial(_no_rows, remains)
        if doubt and losses.are_rows_lost:
            rows = partial(_perhaps_held, remains, tables.store(doubt.skus, "known_skus"), losses.through, run)
        head = rebuild.record(con, remains, work.repair, lost, state, rows)
        rebuild.begin_anew(con, remains, head, None)
        return head


def _no_rows(remains: Remains, _clock: str) -> Relation:
    return select("SELECT * EXCLUDE (entry) FROM whole WHERE false", whole=remains.fold)


def _perhaps_held(remains: Remains, known_skus: Relation, through: int, run: str, clock: str) -> Relation:
    words = {"through": str(through), "run": literal(run), "clock": clock}
    return query("perhaps_held", whole=remains.fold, known_skus=known_skus, **words)


def mend_catalog(work: RepairContext, losses: CatalogLosses, lost: Lost, scope: str) -> Entry:
    """Rebuild the catalog of one scope from what is whole, and say in its state what is in doubt.

    The next complete pull makes up for a lost entry. A scope without complete pulls has its lost pulls applied
    again. If some of their snapshots are lost too, the next pull reads all files again, and a product that is in none
    of them keeps its older row.
    """
    con = work.con
    with temporary_tables(con) as tables:
        remains = rebuild.remains(tables, catalog_log(work.store, scope), losses.log)
        state = _state(losses, remains.live(con, "hash"))
        head = rebuild.record(con, remains, work.repair, lost, state, partial(_no_rows, remains))
        if losses.begins_anew:
            rebuild.begin_anew(con, remains, head, held_versions(receipt_histories(work.store, scope)))
        return head


def _state(losses: CatalogLosses, products: int) -> CatalogState:
    """What a catalog has come to after its repair. The pulls are without the lost ones and those that are applied
    again. Pulls before a lost one are refused from now on, because nobody knows which SKUs it read.
    """
    before = CatalogState.of(losses.log.log.newest)
    forgets = losses.is_in_doubt if losses.is_partial else losses.log.is_state_older
    again = tuple(snapshot.run for snapshot in losses.again)
    doubt = UnverifiedRows(losses.through, needs_complete=not losses.is_partial)
    return replace(
        before,
        products=products,
        watermark=None if forgets else before.watermark,
        pulls=tuple(pull for pull in before.pulls if pull.run not in {*losses.pulls, *again}),
        last_complete=_known_lost(before.last_complete, losses.pulls),
        last_pull=_known_lost(before.last_pull, losses.pulls),
        remembers_since=remembers_since(before, (*losses.pulls, *losses.quarantines)),
        to_apply=again,
        doubt=doubt if losses.is_in_doubt else before.doubt,
        lost_quarantines=tuple(sorted({*before.lost_quarantines, *losses.quarantines})),
    )


def _known_lost(pull: PullSummary | None, lost: Collection[str]) -> PullSummary | None:
    return replace(pull, is_lost=True) if pull and pull.run in lost else pull


def remembers_since(state: CatalogState, unknown: Collection[str]) -> FirstPull | None:
    """The pull before which no other can be applied any more: the newest pull of which nobody knows what it read, or
    the one that the state has already.
    """
    pulls = [FirstPull(pull.ticket, pull.started_at) for pull in state.pulls if pull.run in unknown]
    remembered = [state.remembers_since] if state.remembers_since else []
    return max([*pulls, *remembered], key=lambda pull: pull.order, default=None)
