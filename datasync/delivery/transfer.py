"""Catalog to receipts: what should be there minus what is, in both directions, closed at every transfer.

A transfer never follows events. It compares the products that a service accepts with what its receipts say it holds,
delivers and removes the difference, and records the answers. A crash between any two steps leaves the same difference
for the next one.

For an embedded service, recording is the delivery: one entry. Any other service gets batches of 10,000 products (or
what 60 s bring, or what its budget leaves), and two entries a batch: one before it is sent (see ``intents``), and one
with the answers. Removals go first, then updates, then additions.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from datasync.delivery import budget, compare
from datasync.delivery.answers import Calls, Part, collect, is_overtaken
from datasync.delivery.compare import Comparison
from datasync.delivery.context import STORE, Delivery
from datasync.delivery.intents import Intent, has_to_wait, intend
from datasync.delivery.recording import Recorded, record_answers, record_delivery
from datasync.delivery.services.base import Batch, Closing, Preparing, Purging, Rebuilding, Versioned
from datasync.delivery.switching import settled
from datasync.errors import ServiceUnavailable, SettingsError, TargetChanged
from datasync.relation import NO_SKUS, Relation, Table, TemporaryTables, query, select, temporary_tables
from datasync.session import rows_in_order
from datasync.settings import Guard
from datasync.store import holds
from datasync.store.holds import Hold
from datasync.store.log import TRIES, Entry
from datasync.store.logs import ReceiptState

if TYPE_CHECKING:
    import pyarrow as pa

_LOG = logging.getLogger(__name__)
BATCH = 10_000
FIRST_BATCH = 1_000
BATCH_SECONDS = 60
RETURNS_WITHIN = 20.0  # seconds that a service has to come back in, after a batch that it broke down over
_LOOK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did: the counts of its answers, the entries it wrote, and the removals that were held.

    ``accepted`` counts the due removals that an operator had accepted. ``due_left`` counts what was not sent because
    the budget is spent until ``budget_at``.
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
    due_left: int = 0
    budget_at: datetime | None = None


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
    try:
        return _transfer(delivery, guard, accepted)
    finally:
        if isinstance(delivery.service, Closing):
            delivery.service.close()


def _transfer(delivery: Delivery, guard: Guard | None, accepted: Relation) -> Transferred:
    recorded: list[Recorded] = []
    outlasted: set[str] = set()
    for _ in range(TRIES):
        with temporary_tables(delivery.con) as tables:
            plan = _plan(delivery, tables, guard, accepted)
            if plan.due.size and delivery.service.fence == "none" and has_to_wait(delivery, plan.head, outlasted):
                continue
            sent = _send_batches(delivery, plan)
            recorded += sent.batches
            if sent.budget_at or sent.size == plan.due.size:
                _purge(delivery, sent.batches)
                return _ended(delivery, plan, recorded, sent)
    raise delivery.log.busy()


def _plan(delivery: Delivery, tables: TemporaryTables, guard: Guard | None, accepted: Relation) -> _Plan:
    """Compare the receipts with the catalog, and let the guard judge the removals that nobody accepted."""
    con, head = delivery.con, settled(delivery)
    refuse_other_target(delivery, ReceiptState.of(head))
    compared = compare.compare(
        con, delivery.store, delivery.scope, delivery.name, delivery.settings, (None, head.number), log=delivery.rebuild
    )
    due = _stored_due(delivery, tables, compared)
    removals = query("removals_due", due=due, receipts=compared.receipts, accepted=accepted).row(con)
    plan = _Plan(head, compared.catalog, due, removals["accepted"])
    others, of = removals["removals"] - removals["accepted"], removals["held"] - removals["accepted"]
    if guard is None or not holds.exceeds(guard.percent, guard.products, others, of):
        return plan
    now = delivery.clock()
    hold = Hold(delivery.run, delivery.scope, delivery.name, now, others, of, now, entry=head.number)
    held_back = query("removals_held_back", due=due, catalog=compared.catalog, accepted=accepted)
    passing = select(_PASSING, due=due, accepted=accepted)  # a table again: batches go by rowid, without gaps
    with rows_in_order(con):
        return replace(plan, due=tables.store(passing, "due"), hold=hold, held_back=held_back)


def _stored_due(delivery: Delivery, tables: TemporaryTables, compared: Comparison) -> Table:
    """What is due, in the order in which it is sent; an entry of a feed takes all at once, in no order."""
    if delivery.service.receipt_is_delivery:
        return tables.store(compared.due, "due")
    ordered = query("due_in_order", due=compared.due, receipts=compared.receipts, catalog=compared.catalog)
    with rows_in_order(delivery.con):
        return tables.store(ordered, "due")


def refuse_other_target(delivery: Delivery, state: ReceiptState) -> None:
    """Raise TargetChanged where the receipts tell of another place than the settings."""
    if target := delivery.new_target(state):
        before = (state.target or STORE).name
        can_rebuild = isinstance(delivery.service, Rebuilding)
        raise TargetChanged(delivery.scope, delivery.name, before, target.name, state.held, can_rebuild=can_rebuild)


_PASSING = "SELECT * FROM due WHERE operation <> 'removed' OR sku IN (SELECT sku FROM accepted)"


@dataclass(frozen=True, slots=True)
class _Sent:
    """The recorded batches of a plan. ``budget_at``: no more was sent, because the budget is spent till then."""

    batches: tuple[Recorded, ...]
    budget_at: datetime | None = None

    @property
    def size(self) -> int:
        """How many products these are, up to where another writer came between."""
        return sum(batch.size for batch in self.batches if batch.is_next)


def _send_batches(delivery: Delivery, plan: _Plan) -> _Sent:
    """Deliver and record what is due, batch by batch; end early where the budget is spent, or where another writer's
    entry came between, because what is due is out of date then.
    """
    batches: list[Recorded] = []
    offset, head, late_until = 0, plan.head, 0.0
    size = plan.due.size if delivery.service.receipt_is_delivery else FIRST_BATCH
    while offset < plan.due.size:
        room = budget.room(delivery, min(size, plan.due.size - offset))
        if room.at:
            return _Sent(tuple(batches), room.at)
        if offset == 0 and isinstance(delivery.service, Preparing):
            delivery.service.prepare()
        began = delivery.monotonic()
        recorded = _send_batch(delivery, plan, plan.due.slice(offset, room.products), head, late_until)
        batches += [recorded] if recorded else []
        if recorded is None or not recorded.is_next:
            break
        head, offset, late_until = recorded.entry, offset + room.products, recorded.late_until
        size = _next_size(room.products, delivery.monotonic() - began)
    return _Sent(tuple(batches))


def _next_size(size: int, seconds: float) -> int:
    """As many products as 60 s bring at the rate of the last batch, at most BATCH, because a crash repeats a batch."""
    return max(1, min(BATCH, int(size / max(seconds, 0.001) * BATCH_SECONDS)))


def _send_batch(delivery: Delivery, plan: _Plan, due: Relation, head: Entry, late_until: float) -> Recorded | None:
    """Deliver one batch and record the answers. None if another writer's entry came first: nothing was delivered. Till
    ``late_until`` a request of an earlier batch may be on its way.
    """
    if delivery.service.receipt_is_delivery:
        batch = Batch(delivery.with_needs(due, plan.catalog), 0, "", 0)
        return record_delivery(delivery, delivery.service.deliver(delivery.con, batch), head)
    intent = intend(delivery, due, head, late_until)
    if intent is None:
        return None
    with temporary_tables(delivery.con) as tables:
        deliver, is_there = partial(_deliver, delivery, plan, intent), partial(_is_there, delivery, intent)
        collected = collect(tables, due, Calls(delivery.name, deliver, is_there))
        version = _highest_version(delivery, collected.answered)
        recorded = record_answers(delivery, collected, intent, version)
        if collected.error is not None:
            raise collected.error
        return recorded


def _deliver(delivery: Delivery, plan: _Plan, intent: Intent, part: Part) -> Relation | pa.Table:
    """Hand over a batch, or a part of one, and return the answers."""
    if delivery.monotonic() > intent.deadline:
        seconds = delivery.service.batch_seconds
        raise ServiceUnavailable(f"services.{delivery.name}: its products were not sent within {seconds} s. Try again.")
    key = f"{delivery.name}/{delivery.scope}/{intent.entry.number:08d}{part.path}"
    batch = Batch(delivery.with_needs(part.rows, plan.catalog), intent.version, key, intent.deadline)
    return delivery.service.deliver(delivery.con, batch)


def _is_there(delivery: Delivery, intent: Intent) -> bool:
    """True if a service answers that broke down over a batch; one that is started anew has some seconds for it."""
    service, until = delivery.service, min(intent.deadline, delivery.monotonic() + RETURNS_WITHIN)
    if not isinstance(service, Preparing):
        return False
    while True:
        try:
            service.prepare()
        except ServiceUnavailable:
            if delivery.monotonic() + _LOOK_AGAIN > until:
                return False
            delivery.sleep(_LOOK_AGAIN)
        except SettingsError:  # it does not let us in any more, or its place is gone
            return False
        else:
            return delivery.monotonic() < intent.deadline


def _highest_version(delivery: Delivery, answered: Relation) -> int:
    """The highest version of the service, where it overtook a whole batch: its receipts were restored from a backup,
    or another store writes to it. 0 otherwise.
    """
    if not isinstance(delivery.service, Versioned) or not is_overtaken(delivery.con, answered):
        return 0
    return delivery.service.highest_version()


def _purge(delivery: Delivery, batches: Sequence[Recorded]) -> None:
    """Have a service forget what was removed long ago. Nothing depends on it, and the next transfer tries it again."""
    if not batches or not isinstance(delivery.service, Purging):
        return
    try:
        delivery.service.purge(ReceiptState.of(batches[-1].entry).version)
    except ServiceUnavailable as error:
        _LOG.warning("What was removed long ago was not purged. %s", error)


def _ended(delivery: Delivery, plan: _Plan, recorded: Sequence[Recorded], sent: _Sent) -> Transferred:
    """Record the hold or its release, and sum up the batches, of which the last plan's are ``sent``."""
    now, entries = delivery.clock(), tuple(batch.entry.number for batch in recorded)
    hold = holds.hold(delivery.con, delivery.store, plan.hold, plan.held_back) if plan.hold else None
    if not hold and not delivery.rebuild:
        newest = max((plan.head.number, *entries))
        holds.release(delivery.store, delivery.scope, delivery.name, delivery.run, now, newest)
    counts: Counter[str] = Counter()
    for batch in recorded:
        counts.update(batch.counts)
    left, at = plan.due.size - sent.size, sent.budget_at
    return Transferred(**counts, accepted=plan.accepted, entries=entries, held=hold, due_left=left, budget_at=at)
