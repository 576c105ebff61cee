"""The repair of a scope's logs: receipts first, then the catalog, which keeps the versions that services still hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from datasync.repair import rebuild
from datasync.repair.rebuild import Losses, Lost, Repair
from datasync.sql import literal, query
from datasync.store import holds, snapshots
from datasync.store.files import Store
from datasync.store.log import Head, Log
from datasync.store.logs import catalog_log, receipt_log
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
    *, service: str, scope: str, embedded: bool, known: str,
) -> Head:  # fmt: skip
    """Rebuild the receipts of one service. ``embedded``: the log is the delivery, so the service holds what is
    left of it. Any other service perhaps holds what a lost receipt changed. ``known`` is SQL of every SKU that the
    catalog ever had.
    """
    log = receipt_log(store, service, scope)
    rebuild.fold(con, log, losses)
    state = {**losses.log.newest.meta, "held": rebuild.live(con, "held_hash")}
    if embedded or not losses.are_rows_lost:
        head = rebuild.record(con, log, losses, repair, state, lost)
    else:
        con.execute(f"CREATE OR REPLACE TEMP TABLE known_skus AS {known}")
        rows = query("perhaps_held", through=str(losses.through), run=literal(repair.run))
        head = rebuild.record(con, log, losses, repair, state, lost, rows)
    rebuild.begin_anew(con, log, head, "")
    return head


def mend_catalog(
    con: duckdb.DuckDBPyConnection, store: Store, losses: CatalogLosses, lost: Lost, repair: Repair, *, scope: str
) -> Head:
    """Rebuild the catalog of one scope from what is whole, and say in its state what is in doubt.

    The next complete pull makes up for a lost entry. A scope without complete pulls has its lost pulls applied
    again. If some of their snapshots are lost too, the next pull reads all files again, and a product that is in none
    of them keeps its older row.
    """
    log = catalog_log(store, scope)
    rebuild.fold(con, log, losses.log)
    head = rebuild.record(con, log, losses.log, repair, _state(con, losses), lost)
    if losses.log.is_rebuilt:
        rebuild.begin_anew(con, log, head, _held(con, store, scope))
    return head


def _state(con: duckdb.DuckDBPyConnection, losses: CatalogLosses) -> dict[str, Any]:
    before = losses.log.log.newest.meta
    forgets = losses.is_in_doubt if losses.is_partial else losses.log.is_state_older
    old_state = {key: value for key, value in before.items() if not (forgets and key.startswith("watermark"))}
    state = {**old_state, "products": rebuild.live(con, "hash"), **_pulls(before, losses)}
    state["to_apply"] = [snapshot.run for snapshot in losses.again]
    if losses.is_in_doubt:
        state["unverified"] = {"through": losses.through, "complete": not losses.is_partial}
    if losses.quarantines:
        state["lost_quarantines"] = sorted({*before.get("lost_quarantines", ()), *losses.quarantines})
    return state


def _pulls(before: Mapping[str, Any], losses: CatalogLosses) -> dict[str, Any]:
    """The pulls that the catalog names, without the lost ones and those that are applied again. Pulls before a lost
    one are refused from now on, because nobody knows which SKUs it read.
    """
    gone = {*losses.pulls, *(snapshot.run for snapshot in losses.again)}
    pull_notes = before.get("pulls", ())
    changed: dict[str, Any] = {"pulls": [note for note in pull_notes if note["run"] not in gone]}
    for key in ("last_complete", "last_pull"):
        if (note := before.get(key)) and note["run"] in losses.pulls:
            changed[key] = {**note, "lost": True}
    if since := remembers_since(before, (*losses.pulls, *losses.quarantines)):
        changed["remembers_since"] = since
    return changed


def remembers_since(state: Mapping[str, Any], unknown: Collection[str]) -> Mapping[str, Any] | None:
    """The pull before which no other can be applied any more: the newest pull of which nobody knows what it read, or
    the one that the state has already.
    """
    unknown_pulls = [note for note in state.get("pulls", ()) if note["run"] in unknown]
    known = state.get("remembers_since")
    known = {"started_at": known} if isinstance(known, str) else known
    newest = max([*unknown_pulls, *([known] if known else [])], key=snapshots.order, default=None)
    return newest and {"place": newest.get("place", 0), "started_at": newest["started_at"]}


def _held(con: duckdb.DuckDBPyConnection, store: Store, scope: str) -> str:
    """SQL of the versions that some service holds or held, as far as its receipts go back."""
    parts = []
    for number, name in enumerate(store.folders("receipts")):
        log = Log(store, f"receipts/{name}/scope={scope}", {"held_hash": "VARCHAR"})
        log.history(con, f"receipts_{number}")
        parts.append(f"SELECT sku, held_hash AS hash FROM receipts_{number} WHERE held_hash IS NOT NULL")
    return " UNION ".join(parts) or f"SELECT sku, NULL::VARCHAR AS hash FROM ({holds.NO_SKUS})"


def lost_pulls(state: Mapping[str, Any], applied: Collection[str]) -> list[str]:
    """Runs of pulls that a catalog's state names and none of its whole entries wrote, in their order."""
    named = sorted(state.get("pulls", ()), key=snapshots.order)
    return [note["run"] for note in named if note["run"] not in applied]
