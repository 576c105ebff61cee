"""What is about to be sent, written down before it is sent.

If the process ends between the sending and the receipt, whoever comes next finds that the service perhaps holds these
products, and delivers or removes them again. The entry is also the batch's place in an order that no clock decides: its
version is greater than that of every entry before it, and the service refuses what comes with a lower one.

A service without a fence cannot refuse a late request. So the entry holds a lease: how long the batch may be on its
way. Another writer waits until the log has stood still for so long by its own clock, and its sender sends nothing
later. The answers end the lease. A product that is perhaps held after them got none that settles it, and its request
may still land, so then the rest of the lease goes on.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from datasync.delivery.context import Delivery
from datasync.relation import Relation
from datasync.store.log import Entry
from datasync.store.logs import Lease, ReceiptState

LOOKS_PER_LEASE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Intent:
    """A batch that may be sent until ``deadline``, a moment of the delivery's monotonic clock, and the entry that says
    so. ``late_until``: till then a request of an earlier batch of the same transfer may be on its way.
    """

    entry: Entry
    lease: Lease
    version: int
    deadline: float
    late_until: float = 0.0

    def late_after(self, open_answers: int) -> float:
        """Until when a request may be on its way, after so many answers that settle nothing."""
        return max(self.late_until, self.deadline if open_answers else 0.0)

    def rest(self, delivery: Delivery, late_until: float) -> Lease | None:
        """What is left of its lease; a fence keeps out what comes late, so nothing is left with one."""
        left = math.ceil(late_until - delivery.monotonic())
        return replace(self.lease, seconds=left) if left > 0 and delivery.service.fence == "none" else None


def intend(delivery: Delivery, due: Relation, head: Entry, late_until: float) -> Intent | None:
    """Write down that a batch is about to be sent. None if another writer has the number after ``head``: what is due
    has to be worked out again, and nothing may be sent.
    """
    seconds, began = delivery.service.batch_seconds, delivery.monotonic()
    state = delivery.state_after(ReceiptState.of(head))
    version = max(state.version + 1, (delivery.clock() - _EPOCH) // timedelta(microseconds=1))
    lease = Lease(uuid.uuid4().hex, delivery.run, seconds)
    meta = replace(state, version=version, lease=lease).meta()
    entry = delivery.log.append(delivery.con, head, delivery.rows("sent", due=due), meta, delivery.clock)
    return Intent(entry, lease, version, began + seconds, late_until) if entry else None


def has_to_wait(delivery: Delivery, head: Entry, outlasted: set[str]) -> bool:
    """True once the request of the batch that is open at ``head`` was waited for: the log has to be read anew.
    ``outlasted`` are the leases that ended without an answer, which are waited for no more.
    """
    lease = ReceiptState.of(head).lease
    if lease is None or lease.id in outlasted:
        return False
    if _is_outlasted(delivery, head, lease):
        outlasted.add(lease.id)
    return True


def _is_outlasted(delivery: Delivery, head: Entry, lease: Lease) -> bool:
    """Wait for another writer's request that may be on its way, after entry ``head``. True if the lease ended without
    an answer; False as soon as the log goes on, so that it has to be read anew.
    """
    ends = delivery.monotonic() + lease.seconds
    while delivery.monotonic() < ends:
        delivery.sleep(lease.seconds / LOOKS_PER_LEASE)
        if delivery.log.list_files().head != head.number:
            return False
    return True
