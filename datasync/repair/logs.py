"""The repair of a scope's logs: receipts first, then the catalog, which keeps the versions that services still hold."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial

import duckdb

from datasync.relation import Relation, query, select, temporary_tables
from datasync.repair import rebuild
from datasync.repair.rebuild import Losses, Lost, Remains, Repair
from datasync.sql import literal
from datasync.store.files import Store
from datasync.store.log import Head
from datasync.store.logs import (
    CatalogState,
    Doubt,
    FirstPull,
    PullSummary,
    ReceiptState,
    catalog_log,
    held_versions,
    receipt_histories,
    receipt_log,
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


def mend_receipts(
    con: duckdb.DuckDBPyConnection, store: Store, losses: Losses, lost: Lost, repair: Repair,
    *, service: str, scope: str, embedded: bool, known_skus: Relation,
) -> Head:  # fmt: skip
    """Rebuild the receipts of one service. ``embedded``: the log is the delivery, so the service holds what is
    left of it. Any other service perhaps holds what a lost receipt changed. ``known_skus`` has every SKU that the
    catalog ever had.
    """
    log = receipt_log(store, service, scope)
    with temporary_tables(con) as tables:
        remains = rebuild.remains(tables, log, losses)
        state = replace(ReceiptState.of(losses.log.newest), held=remains.live(con, "held_hash"))
        rows = partial(_no_rows, remains)
        if not embedded and losses.are_rows_lost:
            rows = partial(_perhaps_held, remains, tables.store(known_skus, "known_skus"), losses.through, repair.run)
        head = rebuild.record(con, log, losses, repair, state, lost, rows)
        rebuild.begin_anew(con, log, head, remains, None)
        return head


def _no_rows(remains: Remains, _clock: str) -> Relation:
    return select("SELECT * EXCLUDE (entry) FROM whole WHERE false", whole=remains.fold)


def _perhaps_held(remains: Remains, known_skus: Relation, through: int, run: str, clock: str) -> Relation:
    words = {"through": str(through), "run": literal(run), "clock": clock}
    return query("perhaps_held", whole=remains.fold, known_skus=known_skus, **words)


def mend_catalog(
    con: duckdb.DuckDBPyConnection, store: Store, losses: CatalogLosses, lost: Lost, repair: Repair, *, scope: str
) -> Head:
    """Rebuild the catalog of one scope from what is whole, and say in its state what is in doubt.

    The next complete pull makes up for a lost entry. A scope without complete pulls has its lost pulls applied
    again. If some of their snapshots are lost too, the next pull reads all files again, and a product that is in none
    of them keeps its older row.
    """
    log = catalog_log(store, scope)
    with temporary_tables(con) as tables:
        remains = rebuild.remains(tables, log, losses.log)
        state = _state(losses, remains.live(con, "hash"))
        head = rebuild.record(con, log, losses.log, repair, state, lost, partial(_no_rows, remains))
        if losses.log.is_rebuilt:
            rebuild.begin_anew(con, log, head, remains, held_versions(receipt_histories(store, scope)))
        return head


def _state(losses: CatalogLosses, products: int) -> CatalogState:
    """What a catalog has come to after its repair. The pulls are without the lost ones and those that are applied
    again. Pulls before a lost one are refused from now on, because nobody knows which SKUs it read.
    """
    before = CatalogState.of(losses.log.log.newest)
    forgets = losses.is_in_doubt if losses.is_partial else losses.log.is_state_older
    again = tuple(snapshot.run for snapshot in losses.again)
    doubt = Doubt(losses.through, needs_complete=not losses.is_partial)
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
    pulls = [FirstPull(pull.place, pull.started_at) for pull in state.pulls if pull.run in unknown]
    remembered = [state.remembers_since] if state.remembers_since else []
    return max([*pulls, *remembered], key=lambda pull: pull.order, default=None)
