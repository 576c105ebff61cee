"""Catalog to receipts: what should be there minus what is, in both directions, closed at every transfer.

A transfer never follows events. It compares the products that a service accepts with what its receipts say it holds,
delivers and removes the difference, and records the answers. A crash between any two steps leaves the same difference
for the next one.

For an embedded service, recording is the delivery: one entry. Any other service gets batches of 10,000 products (or
what 60 s bring), and two entries a batch: one before it is sent (see ``intents``), and one with the answers.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from datasync.delivery import compare
from datasync.delivery.answers import collect, is_overtaken
from datasync.delivery.context import STORE, Delivery
from datasync.delivery.intents import Intent, intend, is_outlasted
from datasync.delivery.recording import Recorded, record_answers, record_delivery
from datasync.delivery.services.base import Batch, Preparing, Versioned
from datasync.errors import ServiceUnavailable, TargetChanged
from datasync.relation import NO_SKUS, Relation, Table, TemporaryTables, query, select, temporary_tables
from datasync.settings import Guard
from datasync.sql import quote
from datasync.store import holds
from datasync.store.holds import Hold
from datasync.store.log import TRIES, Entry
from datasync.store.logs import ReceiptState

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


def transfer(delivery: Delivery, guard: Guard | None, *, accepted: Relation = NO_SKUS) -> Transferred:
    """Deliver what is due to one service in one scope, and remove what it should not hold.

    Removals beyond the ``guard`` are held (None: nothing is) and everything else is done. ``accepted`` has the SKUs
    whose removal an operator accepted; the guard does not judge these. When the service does not answer, raises
    ServiceUnavailable, or ServiceBroken, after recording what it knows. Raises TargetChanged where the receipts tell of
    another place than the settings.
    """
    recorded: list[Recorded] = []
    outlasted: set[str] = set()
    for _ in range(TRIES):
        with temporary_tables(delivery.con) as tables:
            plan = _plan(delivery, tables, guard, accepted)
            if plan.due.size and _has_to_wait(delivery, plan.head, outlasted):
                continue
            batches = tuple(_send_batches(delivery, plan))
            recorded += batches
            if sum(batch.size for batch in batches if batch.is_next) == plan.due.size:
                return _ended(delivery, plan, recorded)
    raise delivery.log.busy()


def _has_to_wait(delivery: Delivery, head: Entry, outlasted: set[str]) -> bool:
    """True once another writer's request was waited for: what is due has to be worked out again. ``outlasted`` are the
    leases that ended without an answer.
    """
    lease = ReceiptState.of(head).lease
    if delivery.service.fence != "none" or lease is None or lease.id in outlasted:
        return False
    if is_outlasted(delivery.log, head, lease):
        outlasted.add(lease.id)
    return True


def _plan(delivery: Delivery, tables: TemporaryTables, guard: Guard | None, accepted: Relation) -> _Plan:
    """Compare the receipts with the catalog, and let the guard judge the removals that nobody accepted."""
    con, head = delivery.con, delivery.log.head(delivery.con)
    _refuse_other_target(delivery, ReceiptState.of(head))
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


def _refuse_other_target(delivery: Delivery, state: ReceiptState) -> None:
    if target := delivery.new_target(state):
        before = (state.target or STORE).name
        raise TargetChanged(delivery.scope, delivery.name, before, target.name, state.held)


_PASSING = "SELECT * FROM due WHERE operation <> 'removed' OR sku IN (SELECT sku FROM accepted)"


def _send_batches(delivery: Delivery, plan: _Plan) -> Iterator[Recorded]:
    """Deliver and record what is due, batch by batch; end early where another writer's entry came between, because
    what is due is out of date then.
    """
    offset, head = 0, plan.head
    size = plan.due.size if delivery.service.receipt_is_delivery else FIRST_BATCH
    if plan.due.size and isinstance(delivery.service, Preparing):
        delivery.service.prepare()
    while offset < plan.due.size:
        began = time.monotonic()
        recorded = _send_batch(delivery, plan, plan.due.slice(offset, size), head)
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


def _send_batch(delivery: Delivery, plan: _Plan, due: Relation, head: Entry) -> Recorded | None:
    """Deliver one batch and record the answers. None if another writer's entry came first: nothing was delivered."""
    if delivery.service.receipt_is_delivery:
        batch = Batch(_with_needs(delivery, plan, due), 0, "", 0)
        return record_delivery(delivery, delivery.service.deliver(delivery.con, batch), head)
    intent = intend(delivery, due, head)
    if intent is None:
        return None
    with temporary_tables(delivery.con) as tables:
        deliver = partial(_deliver, delivery, plan, intent)
        answered, error = collect(tables, due, delivery.name, deliver)
        version = _highest_version(delivery, answered)
        recorded = record_answers(delivery, answered, intent.entry, intent.lease, version)
        if error is not None:
            raise error
        return recorded


def _deliver(delivery: Delivery, plan: _Plan, intent: Intent, due: Relation) -> Relation:
    """Hand over a batch, or a part of one, and return the answers."""
    if time.monotonic() > intent.deadline:
        seconds = delivery.service.batch_seconds
        raise ServiceUnavailable(f"services.{delivery.name}: its products were not sent within {seconds} s. Try again.")
    key = f"{delivery.name}/{delivery.scope}/{intent.entry.number:08d}"
    batch = Batch(_with_needs(delivery, plan, due), intent.version, key, intent.deadline)
    return delivery.service.deliver(delivery.con, batch)


def _with_needs(delivery: Delivery, plan: _Plan, due: Relation) -> Relation:
    """What is due, with the columns of the products that the service needs."""
    needs = ", ".join(f"c.{quote(column)}" for column in delivery.service.needs)
    joined = f"SELECT d.*, {needs} FROM due AS d LEFT JOIN catalog AS c USING (sku)"
    return select(joined, due=due, catalog=plan.catalog) if needs else due


def _highest_version(delivery: Delivery, answered: Relation) -> int:
    """The highest version of the service, where it overtook a whole batch: its receipts were restored from a backup,
    or another store writes to it. 0 otherwise.
    """
    if not isinstance(delivery.service, Versioned) or not is_overtaken(delivery.con, answered):
        return 0
    return delivery.service.highest_version()


def _ended(delivery: Delivery, plan: _Plan, recorded: Sequence[Recorded]) -> Transferred:
    """Record the hold or its release, and sum up the batches."""
    now, entries = delivery.clock(), tuple(batch.entry.number for batch in recorded)
    hold = holds.hold(delivery.con, delivery.store, plan.hold, plan.held_back) if plan.hold else None
    if not hold:
        newest = max((plan.head.number, *entries))
        holds.release(delivery.store, delivery.scope, delivery.name, delivery.run, now, newest)
    counts: Counter[str] = Counter()
    for batch in recorded:
        counts.update(batch.counts)
    return Transferred(**counts, accepted=plan.accepted, entries=entries, held=hold)
