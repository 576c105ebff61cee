"""The answers of a batch, recorded as one entry of the receipts.

A transfer that lost the race for an entry has delivered all the same. So the answers of a service over a network go
under the next free number, and a product that another writer touched meanwhile is failed: nobody knows who came last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from datasync.delivery.answers import Collected
from datasync.delivery.context import Delivery
from datasync.delivery.intents import Intent
from datasync.relation import Relation, query
from datasync.store.log import Entry, Rows
from datasync.store.logs import Lease, ReceiptState


@dataclass(frozen=True, slots=True)
class Recorded:
    """One batch of so many products, whose receipts were written as ``entry``.

    ``is_next``: no other writer's entry came between the one that the batch was due at and this one. ``late_until``:
    till then, by the monotonic clock, a request of it or of an earlier batch may be on its way.
    """

    size: int
    entry: Entry
    counts: Mapping[str, int]
    is_next: bool
    late_until: float = 0.0


@dataclass(frozen=True, slots=True)
class _Receipts:
    """The receipts of a batch's answers: as many rows as it has products, and the log's state with them."""

    size: int
    rows: Rows
    meta: Mapping[str, Any]
    counts: Mapping[str, int]
    late_until: float


def record_delivery(delivery: Delivery, answered: Relation, head: Entry) -> Recorded | None:
    """Append the answers of a feed, whose entry is the delivery; None if another writer has the number after
    ``head``, because nothing was delivered then.
    """
    receipts = _receipts(delivery, answered, head, None, 0, head)
    entry = delivery.log.append(delivery.con, head, receipts.rows, receipts.meta, delivery.clock)
    return Recorded(receipts.size, entry, receipts.counts, is_next=True) if entry else None


def record_answers(delivery: Delivery, collected: Collected, intent: Intent, version: int) -> Recorded:
    """Append the answers to what was sent by an ``intent``, and end its lease, unless a request may be on its way
    still. ``version`` is the highest that is known of the service.
    """
    sent = replace(intent, late_until=intent.late_after(collected.unanswered))
    compute = partial(_receipts, delivery, collected.answered, intent.entry, sent, version)
    receipts, entry = delivery.log.append_computed(delivery.con, compute, delivery.clock, after=intent.entry)
    assert entry is not None, "the receipts of a batch have rows"
    is_next = entry.number == intent.entry.number + 1
    return Recorded(receipts.size, entry, receipts.counts, is_next, receipts.late_until)


def _receipts(
    delivery: Delivery, answered: Relation, due_at: Entry, intent: Intent | None, version: int, before: Entry
) -> _Receipts:
    """The receipts of a batch that was due at one entry, to be appended after another."""
    since = str(due_at.number)
    if before.number != due_at.number:
        receipts = delivery.log.fold(before.number)
        answered = query("rebased_answers", batch_answers=answered, receipts=receipts, since=since)
    answers = query("answered", batch_answers=answered, since=since)
    counts = query("answered_counts", answered=answers).row(delivery.con)
    perhaps = counts.pop("perhaps")
    late_until = intent.late_after(perhaps) if intent else 0.0
    state = delivery.state_after(ReceiptState.of(before))
    after = replace(
        state,
        held=state.held + counts.pop("more_held"),
        version=max(state.version, version),
        lease=_lease_after(delivery, state.lease, intent, late_until),
    )
    rows = delivery.rows("receipt_rows", answered=answers)
    return _Receipts(counts.pop("products"), rows, after.meta(), counts, late_until)


def _lease_after(delivery: Delivery, lease: Lease | None, intent: Intent | None, late_until: float) -> Lease | None:
    """Another writer's lease that is open, or what is left of the own one."""
    if intent is None or (lease is not None and lease.id != intent.lease.id):
        return lease
    return intent.rest(delivery, late_until)
