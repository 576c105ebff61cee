"""Catalog to receipts: what should be there minus what is, in both directions, closed at every transfer.

A transfer never follows events. It compares the products that a service accepts with what its receipts say it holds,
delivers and removes the difference, and records the answers. A crash between any two steps leaves the same difference
for the next one.

For an embedded service, recording is the delivery: one entry. Any other service gets batches of 10,000 products (or
what 60 s bring), and each batch's answers are one entry. A transfer that loses the race for an entry has delivered all
the same, so it records the products that nobody else touched.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import duckdb

from datasync.delivery import answers, compare
from datasync.delivery.services.base import Service
from datasync.relation import NO_SKUS, Relation, Table, TemporaryTables, query, select, temporary_tables
from datasync.settings import Guard, ServiceOptions
from datasync.sql import literal, quote
from datasync.store import holds
from datasync.store.files import Clock, Store
from datasync.store.holds import Hold
from datasync.store.log import TRIES, Entry, Log, Rows
from datasync.store.logs import ReceiptState, receipt_log

BATCH = 10_000
FIRST_BATCH = 1_000
BATCH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did: the counts of its answers, the entries it wrote, and the removals that were held.

    ``accepted`` counts the due removals that an operator had accepted.
    """

    added: int = 0
    updated: int = 0
    resent: int = 0
    removed: int = 0
    rejected: int = 0
    failed: int = 0
    accepted: int = 0
    entries: tuple[int, ...] = ()
    held: Hold | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a transfer goes: one service in one scope, by its settings, in one run."""

    con: duckdb.DuckDBPyConnection
    store: Store
    scope: str
    name: str
    settings: ServiceOptions
    service: Service
    run: str
    clock: Clock

    @property
    def log(self) -> Log:
        return receipt_log(self.store, self.name, self.scope)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is due after entry ``head`` of the receipts, and the removals that the volume guard holds of it.

    ``accepted`` counts the due removals that an operator had accepted. ``held_back`` are the products that ``hold``
    keeps back.
    """

    head: Entry
    catalog: Relation
    due: Table
    accepted: int
    hold: Hold | None = None
    held_back: Relation = NO_SKUS


@dataclass(frozen=True, slots=True)
class _Receipts:
    """The receipts of a batch's answers: as many rows as it has products, and the log's state with them."""

    size: int
    rows: Rows
    meta: Mapping[str, Any]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Recorded:
    """One batch of so many products, whose receipts were written as ``entry``.

    ``is_next``: no other writer's entry came between the one that the batch was due at and this one.
    """

    size: int
    entry: Entry
    counts: Mapping[str, int]
    is_next: bool


def transfer(delivery: Delivery, guard: Guard | None, *, accepted: Relation = NO_SKUS) -> Transferred:
    """Deliver what is due to one service in one scope, and remove what it should not hold.

    Removals beyond the ``guard`` are held (None: nothing is) and everything else is done. ``accepted`` has the SKUs
    whose removal an operator accepted; the guard does not judge these. When the service does not answer, raises
    ServiceUnavailable, or ServiceBroken, after recording what it knows.
    """
    recorded: list[_Recorded] = []
    for _ in range(TRIES):
        with temporary_tables(delivery.con) as tables:
            plan = _plan(delivery, tables, guard, accepted)
            batches = tuple(_send_batches(delivery, plan))
            recorded += batches
            if sum(batch.size for batch in batches if batch.is_next) == plan.due.size:
                return _ended(delivery, plan, recorded)
    raise delivery.log.busy()


def _plan(delivery: Delivery, tables: TemporaryTables, guard: Guard | None, accepted: Relation) -> _Plan:
    """Compare the receipts with the catalog, and let the guard judge the removals that nobody accepted."""
    con, head = delivery.con, delivery.log.head(delivery.con)
    compared = compare.compare(
        con, delivery.store, delivery.scope, delivery.name, delivery.settings, (None, head.number)
    )
    due = tables.store(compared.due, "due")
    removals = query("removals_due", due=due, receipts=compared.receipts, accepted=accepted).row(con)
    plan = _Plan(head, compared.catalog, due, removals["accepted"])
    others, of = removals["removals"] - removals["accepted"], removals["held"] - removals["accepted"]
    if guard is None or not holds.exceeds(guard.percent, guard.products, others, of):
        return plan
    now = delivery.clock()
    hold = Hold(delivery.run, delivery.scope, delivery.name, now, others, of, now, entry=head.number)
    held_back = query("removals_held_back", due=due, catalog=compared.catalog, accepted=accepted)
    passing = select(_PASSING, due=due, accepted=accepted)  # a table again: batches go by rowid, without gaps
    return replace(plan, due=tables.store(passing, "due"), hold=hold, held_back=held_back)


_PASSING = "SELECT * FROM due WHERE operation <> 'removed' OR sku IN (SELECT sku FROM accepted)"


def _send_batches(delivery: Delivery, plan: _Plan) -> Iterator[_Recorded]:
    """Deliver and record what is due, batch by batch; end early where another writer's entry came between, because
    what is due is out of date then.
    """
    offset, head = 0, plan.head
    size = plan.due.size if delivery.service.receipt_is_delivery else FIRST_BATCH
    while offset < plan.due.size:
        began = time.monotonic()
        batch = plan.due.slice(offset, size)
        recorded = _send_batch(delivery, plan, batch, head)
        if recorded is None:
            return
        yield recorded
        if not recorded.is_next:
            return
        head, offset = recorded.entry, offset + size
        size = _next_size(size, time.monotonic() - began)


def _next_size(size: int, seconds: float) -> int:
    """As many products as 60 s bring at the rate of the last batch, at most BATCH, because a crash repeats a batch."""
    return max(1, min(BATCH, int(size / max(seconds, 0.001) * BATCH_SECONDS)))


def _send_batch(delivery: Delivery, plan: _Plan, due: Relation, head: Entry) -> _Recorded | None:
    """Deliver one batch and record the answers. None if an embedded service lost the race: nothing was delivered."""
    deliver = partial(delivery.service.deliver, delivery.con, _batch(delivery, plan, due))
    if delivery.service.receipt_is_delivery:
        return _record(delivery, deliver(), head)
    with temporary_tables(delivery.con) as tables:
        answered, error = answers.collect(tables, due, delivery.name, deliver)
        recorded = _record(delivery, answered, head)
        if error is not None:
            raise error
        return recorded


def _batch(delivery: Delivery, plan: _Plan, due: Relation) -> Relation:
    """What is due, with the columns of the products that the service needs."""
    needs = ", ".join(f"c.{quote(column)}" for column in delivery.service.needs)
    joined = f"SELECT d.*, {needs} FROM due AS d LEFT JOIN catalog AS c USING (sku)"
    return select(joined, due=due, catalog=plan.catalog) if needs else due


def _record(delivery: Delivery, batch_answers: Relation, head: Entry) -> _Recorded | None:
    """Append the answers of a batch that was due after ``head``. Those of a remote service go under the next free
    number, because the service has the products already.
    """
    compute = partial(_receipts, delivery, batch_answers, head)
    if delivery.service.receipt_is_delivery:
        receipts = compute(head)
        entry = delivery.log.append(delivery.con, head, receipts.rows, receipts.meta, delivery.clock)
    else:
        receipts, entry = delivery.log.append_computed(delivery.con, compute, delivery.clock, after=head)
    return _Recorded(receipts.size, entry, receipts.counts, entry.number == head.number + 1) if entry else None


def _receipts(delivery: Delivery, batch_answers: Relation, due_at: Entry, before: Entry) -> _Receipts:
    """The receipts of a batch that was due at one entry, to be appended after another."""
    if before.number != due_at.number:
        receipts = delivery.log.fold(before.number)
        batch_answers = query("rebased_answers", batch_answers=batch_answers, receipts=receipts)
    answered = query("answered", batch_answers=batch_answers, since=str(due_at.number))
    counts = query("answered_counts", answered=answered).row(delivery.con)
    size = counts.pop("products")
    state = ReceiptState.of(before)
    after = replace(
        state,
        run=delivery.run,
        rules=tuple(accept.model_dump() for accept in delivery.settings.accepts),
        fingerprint=delivery.settings.fingerprint(),
        held=state.held + counts["more_held"],
    )
    rows = partial(_receipt_rows, answered, delivery.settings.fingerprint(), delivery.run)
    return _Receipts(size, rows, after.meta(), counts)


def _receipt_rows(answered: Relation, fingerprint: str, run: str, clock: str) -> Relation:
    return query("receipt_rows", answered=answered, fingerprint=literal(fingerprint), run=literal(run), clock=clock)


def _ended(delivery: Delivery, plan: _Plan, recorded: Sequence[_Recorded]) -> Transferred:
    """Record the hold or its release, and sum up the batches."""
    now, entries = delivery.clock(), tuple(batch.entry.number for batch in recorded)
    hold = holds.hold(delivery.con, delivery.store, plan.hold, plan.held_back) if plan.hold else None
    if not hold:
        newest = max((plan.head.number, *entries))
        holds.release(delivery.store, delivery.scope, delivery.name, delivery.run, now, newest)
    counts: Counter[str] = Counter()
    for batch in recorded:
        counts.update(batch.counts)
    del counts["more_held"]
    return Transferred(**counts, accepted=plan.accepted, entries=entries, held=hold)
