"""What a repair left in doubt, settled by what the service really holds.

Where receipts were lost, a repair says of each product that they may have told of that it is perhaps held. A service of
the kind ``Holding`` can tell: a product that is there as the catalog or its last whole receipt has it is held, and one
that is not there is not. Any other version stays perhaps held, and the next transfer replaces or removes it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from datasync.delivery.context import Delivery
from datasync.delivery.intents import has_to_wait
from datasync.delivery.services.base import Holding
from datasync.delivery.switching import settled
from datasync.relation import Relation, Table, select, temporary_tables
from datasync.store.log import TRIES, Entry
from datasync.store.logs import ReceiptState, catalog_log


def read_back(delivery: Delivery) -> Entry:
    """Settle which products a service of the kind ``Holding`` holds of those that a repair left in doubt. Returns the
    newest entry of the receipts.

    A batch whose sender died is waited for first: what it brings later would not be as it was found. A writer that is
    alive records its products after the repair, and these are not in doubt here.
    """
    outlasted: set[str] = set()
    for _ in range(TRIES):
        head = settled(delivery)
        if not head.repairs:
            return head
        with temporary_tables(delivery.con) as tables:
            doubtful = tables.store(_doubtful(delivery, head), "doubtful")
            if not doubtful.size:
                return head
            if has_to_wait(delivery, head, outlasted):
                continue
            there = tables.store(cast(Holding, delivery.service).holds(delivery.con), "there")
            if entry := _record(delivery, head, doubtful, there):
                return entry
    raise delivery.log.busy()


def _doubtful(delivery: Delivery, head: Entry) -> Relation:
    """The receipts that are perhaps held because a repair said so, and nobody said anything since."""
    repaired = ", ".join(str(repair.entry) for repair in head.repairs)
    return delivery.log.fold(head.number).where(f"perhaps_held AND entry IN ({repaired})")


def _record(delivery: Delivery, head: Entry, doubtful: Table, there: Table) -> Entry | None:
    """Write down what is settled; None if a writer came between. Where nothing is, ``head`` stays the newest entry."""
    catalog = catalog_log(delivery.store, delivery.scope).fold()
    answers = delivery.rows("read_back", doubtful=doubtful, there=there, catalog=catalog)
    counts = select(_COUNTED, answers=answers("NULL::TIMESTAMPTZ")).row(delivery.con)
    if not counts["products"]:
        return head
    state = ReceiptState.of(head)
    known = state if state.fingerprint else delivery.state_after(state)
    after = replace(known, run=delivery.run, held=state.held + counts["more_held"], lease=None)
    return delivery.log.append(
        delivery.con, head, lambda clock: select(_ROWS, answers=answers(clock)), after.meta(), delivery.clock
    )


_ROWS = "SELECT * EXCLUDE (was_held) FROM answers"
_COUNTED = "SELECT count(*) AS products, count(held_hash) - count(*) FILTER (was_held) AS more_held FROM answers"
