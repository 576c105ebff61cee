"""The answers of a batch, recorded as one entry of the receipts.

A transfer that lost the race for an entry has delivered all the same. So the answers of a service over a network go
under the next free number, and a product that another writer touched meanwhile is failed: nobody knows who came last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from datasync.delivery.context import Delivery
from datasync.relation import Relation, query
from datasync.store.log import Entry, Rows
from datasync.store.logs import ReceiptState


@dataclass(frozen=True, slots=True)
class Recorded:
    """One batch of so many products, whose receipts were written as ``entry``.

    ``is_next``: no other writer's entry came between the one that the batch was due at and this one.
    """

    size: int
    entry: Entry
    counts: Mapping[str, int]
    is_next: bool


@dataclass(frozen=True, slots=True)
class _Receipts:
    """The receipts of a batch's answers: as many rows as it has products, and the log's state with them."""

    size: int
    rows: Rows
    meta: Mapping[str, Any]
    counts: Mapping[str, int]


def record_delivery(delivery: Delivery, answered: Relation, head: Entry) -> Recorded | None:
    """Append the answers of a feed, whose entry is the delivery; None if another writer has the number after
    ``head``, because nothing was delivered then.
    """
    receipts = _receipts(delivery, answered, head, "", 0, head)
    entry = delivery.log.append(delivery.con, head, receipts.rows, receipts.meta, delivery.clock)
    return Recorded(receipts.size, entry, receipts.counts, is_next=True) if entry else None


def record_answers(delivery: Delivery, answered: Relation, sent: Entry, lease: str, version: int) -> Recorded:
    """Append the answers to what was ``sent`` by an entry, and end its ``lease``. ``version`` is the highest that is
    known of the service.
    """
    compute = partial(_receipts, delivery, answered, sent, lease, version)
    receipts, entry = delivery.log.append_computed(delivery.con, compute, delivery.clock, after=sent)
    assert entry is not None, "the receipts of a batch have rows"
    return Recorded(receipts.size, entry, receipts.counts, entry.number == sent.number + 1)


def _receipts(
    delivery: Delivery, answered: Relation, due_at: Entry, lease: str, version: int, before: Entry
) -> _Receipts:
    """The receipts of a batch that was due at one entry, to be appended after another."""
    since = str(due_at.number)
    if before.number != due_at.number:
        receipts = delivery.log.fold(before.number)
        answered = query("rebased_answers", batch_answers=answered, receipts=receipts, since=since)
    answers = query("answered", batch_answers=answered, since=since)
    counts = query("answered_counts", answered=answers).row(delivery.con)
    state = delivery.state_after(ReceiptState.of(before))
    is_open = state.lease is not None and state.lease.id != lease
    after = replace(
        state,
        held=state.held + counts.pop("more_held"),
        version=max(state.version, version),
        lease=state.lease if is_open else None,
    )
    return _Receipts(counts.pop("products"), delivery.rows("receipt_rows", answered=answers), after.meta(), counts)
