"""Marks: an operator's request to deliver again, as an entry of a service's receipts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import duckdb

from datasync.delivery.context import Delivery
from datasync.relation import NO_SKUS, Relation, query, temporary_tables
from datasync.sql import literal
from datasync.store import snapshots
from datasync.store.files import Clock, parquet
from datasync.store.log import Entry, Log, Rows
from datasync.store.logs import ReceiptState, Target


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks that a request adds; ``rows`` is None where it has written them already."""

    rows: Rows | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0


def mark_pulled(delivery: Delivery) -> int:
    """Mark what a resync's own pull of a scope was asked for; 0 where that had nothing to read. If that was all, and
    the settings point to another place than the receipts, then nothing is held there.
    """
    con, store, scope, run = delivery.con, delivery.store, delivery.scope, delivery.run
    snapshot = snapshots.read(con, store, scope, run)
    if snapshot is None:
        return 0
    if snapshot.what != "skus":
        return mark(con, delivery.log, None, run, delivery.clock, delivery.new_target)
    requested = Relation(f"SELECT sku FROM {parquet(store, snapshots.asked_path(scope, run))}")
    return mark(con, delivery.log, [sku for (sku,) in requested.rows(con)], run, delivery.clock)


def mark(
    con: duckdb.DuckDBPyConnection,
    into: Log,
    skus: Sequence[str] | None,
    request: str,
    clock: Clock,
    new_target: Callable[[ReceiptState], Target | None] = lambda state: None,
) -> int:
    """Mark SKUs (None: all) to be delivered again, in the receipt log ``into``; an append that finds an entry of this
    request writes none.

    A request that finds nothing to mark writes an entry too, so that its second try marks nothing either. Returns how
    many are marked by this call.

    ``new_target`` says where products go now, if receipts in a state tell of another place: nothing is held there.
    """
    with temporary_tables(con) as tables:
        requested = None if skus is None else tables.store_skus(skus)
        marks, _ = into.append_computed(con, partial(_marks, con, into, requested, request, new_target), clock)
        return marks.count


def _marks(
    con: duckdb.DuckDBPyConnection,
    into: Log,
    requested: Relation | None,
    request: str,
    new_target: Callable[[ReceiptState], Target | None],
    head: Entry,
) -> _Marks:
    state, receipts = ReceiptState.of(head), into.fold(head.number)
    if request in state.requests:
        return _Marks()
    if target := new_target(state):
        state, receipts = state.moved_to(target, request), query("held_nowhere", receipts=receipts)
    rows = partial(_rows, receipts, requested, request)
    return _Marks(rows, state.with_request(request).meta(), rows("NULL::TIMESTAMPTZ").count(con))


def count(con: duckdb.DuckDBPyConnection, log: Log, skus: Sequence[str] | None) -> int:
    """How many products a mark of SKUs (None: all) would mark now."""
    with temporary_tables(con) as tables:
        requested = None if skus is None else tables.store_skus(skus)
        return _rows(log.fold(), requested, "", "NULL::TIMESTAMPTZ").count(con)


def _rows(receipts: Relation, requested: Relation | None, request: str, clock: str) -> Relation:
    chosen = NO_SKUS if requested is None else requested
    is_all = "true" if requested is None else "false"
    return query("marks", receipts=receipts, requested=chosen, run=literal(request), all=is_all, clock=clock)
