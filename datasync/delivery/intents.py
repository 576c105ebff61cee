"""What is about to be sent, written down before it is sent.

If the process ends between the sending and the receipt, whoever comes next finds that the service perhaps holds these
products, and delivers or removes them again. The entry is also the batch's place in an order that no clock decides: its
version is greater than that of every entry before it, and the service refuses what comes with a lower one.

A service without a fence cannot refuse a late request. So the entry holds a lease: how long the batch may be on its
way. Another writer waits until the log has stood still for so long by its own clock, and its sender sends nothing
later.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from datasync.delivery.context import Delivery
from datasync.relation import Relation
from datasync.store.log import Entry, Log
from datasync.store.logs import Lease, ReceiptState

LOOKS_PER_LEASE = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Intent:
    """A batch that may be sent until ``deadline``, a moment of ``time.monotonic()``, and the entry that says so."""

    entry: Entry
    lease: str
    version: int
    deadline: float


def intend(delivery: Delivery, due: Relation, head: Entry) -> Intent | None:
    """Write down that a batch is about to be sent. None if another writer has the number after ``head``: what is due
    has to be worked out again, and nothing may be sent.
    """
    seconds, began = delivery.service.batch_seconds, time.monotonic()
    state = delivery.state_after(ReceiptState.of(head))
    version = max(state.version + 1, (delivery.clock() - _EPOCH) // timedelta(microseconds=1))
    lease = Lease(uuid.uuid4().hex, delivery.run, seconds)
    meta = replace(state, version=version, lease=lease).meta()
    entry = delivery.log.append(delivery.con, head, delivery.rows("sent", due=due), meta, delivery.clock)
    return Intent(entry, lease.id, version, began + seconds) if entry else None


def is_outlasted(log: Log, head: Entry, lease: Lease) -> bool:
    """Wait for another writer's request that may be on its way, after entry ``head``. True if the lease ended without
    an answer; False as soon as the log goes on, so that it has to be read anew.
    """
    ends = time.monotonic() + lease.seconds
    while time.monotonic() < ends:
        time.sleep(lease.seconds / LOOKS_PER_LEASE)
        if log.list_files().head != head.number:
            return False
    return True
