"""Marks: an operator's request to deliver again, as an entry of a service's receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import duckdb

from datasync.relation import NO_SKUS, Relation, query, temporary_tables
from datasync.sql import literal
from datasync.store import snapshots
from datasync.store.files import Clock, Store, parquet
from datasync.store.log import Entry, Log, Rows
from datasync.store.logs import ReceiptState


@dataclass(frozen=True, slots=True)
class _Marks:
    """The marks that a request adds; ``rows`` is None where it has written them already."""

    rows: Rows | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    count: int = 0


def mark_pulled(con: duckdb.DuckDBPyConnection, store: Store, log: Log, scope: str, run: str, clock: Clock) -> int:
    """Mark what a resync's own pull of a scope was asked for; 0 where that had nothing to read."""
    snapshot = snapshots.read(con, store, scope, run)
    if snapshot is None:
        return 0
    if snapshot.what != "skus":
        return mark(con, log, None, run, clock)
    requested = Relation(f"SELECT sku FROM {parquet(store, snapshots.asked_path(scope, run))}")
    return mark(con, log, [sku for (sku,) in requested.rows(con)], run, clock)


def mark(con: duckdb.DuckDBPyConnection, into: Log, skus: Sequence[str] | None, request: str, clock: Clock) -> int:
    """Mark SKUs (None: all) to be delivered again, in the receipt log ``into``; an append that finds an entry of this
    request writes none.

    A request that finds nothing to mark writes an entry too, so that its second try marks nothing either. Returns how
    many are marked by this call.
    """
    with temporary_tables(con) as tables:
        requested = None if skus is None else tables.store_skus(skus)
        marks, _ = into.append_computed(con, partial(_marks, con, into, requested, request), clock)
        return marks.count


def _marks(con: duckdb.DuckDBPyConnection, into: Log, requested: Relation | None, request: str, head: Entry) -> _Marks:
    state = ReceiptState.of(head)
    if request in state.requests:
        return _Marks()
    rows = partial(_rows, into.fold(head.number), requested, request)
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
