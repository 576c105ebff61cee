"""What a service really holds, compared with what its receipts say: the proof that nothing was lost on the way.

An audit counts what is there, and compares a sample one by one; everything, where the counts do not agree, where the
sample shows a difference, or where it is asked to. It looks at the receipts of one moment, and asks once more about
each difference before it believes it, for a transfer may be going on. What differs in the end is written into the
receipts, so that the next transfer delivers or removes it, behind the volume guard like everything else. What a repair
left in doubt is settled before (``read_back``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from datasync.delivery.altered import altered
from datasync.delivery.context import Delivery
from datasync.delivery.read_back import read_back
from datasync.delivery.services.base import Holding
from datasync.delivery.switching import settled
from datasync.delivery.transfer import refuse_other_target
from datasync.errors import ServiceUnavailable
from datasync.relation import NO_SKUS, Relation, Table, TemporaryTables, query, select, temporary_tables
from datasync.sql import literal
from datasync.store.audit_note import AuditNote
from datasync.store.log import TRIES
from datasync.store.logs import Generation, ReceiptState

SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a service: ``there`` is what it holds of the ``chosen`` SKUs (None: of all)."""

    receipts: Table
    chosen: Relation | None
    there: Table

    @property
    def differences(self) -> Relation:
        """One row per product that is not as the receipts say: ``sku`` and ``difference``."""
        chosen = NO_SKUS if self.chosen is None else self.chosen
        is_all = "true" if self.chosen is None else "false"
        return query("audit_differences", receipts=self.receipts, there=self.there, chosen=chosen, all=is_all)


def audit(delivery: Delivery, *, is_full: bool = False) -> AuditNote:
    """Compare what a service of the kind ``Holding`` holds of a scope with its receipts, and write down what differs.

    Raises ServiceUnavailable where the service does not answer, or not whole: then nothing is written. Raises
    TargetChanged where the receipts tell of another place than the settings.
    """
    refuse_other_target(delivery, ReceiptState.of(settled(delivery)))
    head = read_back(delivery)
    with temporary_tables(delivery.con) as tables:
        receipts = tables.store(delivery.log.fold(head.number), "receipts")
        note, look = _looked(delivery, tables, receipts, is_full)
        suspects = tables.store(look.differences, "suspects")
        for _ in range(TRIES):
            if recorded := _record(delivery, tables, note, suspects, ReceiptState.of(head).generation):
                return recorded
    raise delivery.log.busy()


def _looked(delivery: Delivery, tables: TemporaryTables, receipts: Table, is_full: bool) -> tuple[AuditNote, _Look]:
    """The first look, and what an audit comes to if all is as the receipts say."""
    con, expected = delivery.con, query("audit_expected", receipts=receipts).row(delivery.con)
    held, perhaps = expected["held"], expected["perhaps"]
    counted = _service(delivery).count()
    chosen = None if is_full or not held <= counted <= held + perhaps else _sample(delivery, tables, receipts)
    look = _look(delivery, tables, receipts, chosen)
    if chosen is not None and look.differences.count(con):
        chosen = None
        look = _look(delivery, tables, receipts, chosen)
    checked = look.there.size if chosen is None else chosen.size
    others = look.there.where("NOT is_ours").count(con)
    note = AuditNote(
        delivery.clock(), delivery.run, counted, held, perhaps, checked, is_whole=chosen is None, others=others
    )
    return note, look


def _service(delivery: Delivery) -> Holding:
    return cast(Holding, delivery.service)


def _sample(delivery: Delivery, tables: TemporaryTables, receipts: Relation) -> Table | None:
    """The SKUs to compare one by one; None where that is all of them."""
    words = {"seed": literal(delivery.run), "size": str(SAMPLE)}
    sample = tables.store(query("audit_sample", receipts=receipts, **words), "sample")
    return sample if sample.size == SAMPLE else None


def _look(delivery: Delivery, tables: TemporaryTables, receipts: Table, chosen: Relation | None) -> _Look:
    there = tables.store(select(_KEYS, there=_service(delivery).holds(delivery.con, chosen)), "there")
    changed = altered(delivery, tables, receipts, there)
    return _Look(receipts, chosen, tables.store(select(_JUDGED, there=there, altered=changed), "judged"))


def _record(
    delivery: Delivery, tables: TemporaryTables, note: AuditNote, suspects: Table, generation: Generation | None
) -> AuditNote | None:
    """Ask once more about the ``suspects``, and write down those that differ still; None if a writer came between.

    A writer that is sending just now has said so before, so its products are perhaps held and not judged; one that
    begins after the second look takes the number of the entry.
    """
    con, head = delivery.con, settled(delivery)
    if ReceiptState.of(head).generation != generation:
        raise ServiceUnavailable(f"services.{delivery.name}: it was rebuilt while it was audited. Audit it again.")
    receipts = tables.store(delivery.log.fold(head.number), "receipts")
    differences = tables.store(_confirmed(delivery, tables, receipts, suspects), "differences")
    counts = dict(select(_COUNTED, differences=differences).rows(con))
    whole, state = replace(note, **counts), ReceiptState.of(head)
    after = replace(state, run=delivery.run, held=state.held - counts.get("absent", 0), audit=whole)
    rows = delivery.rows("audited", differences=differences, receipts=receipts)
    entry = delivery.log.append(con, head, rows, after.meta(), delivery.clock)
    return whole if entry else None


def _confirmed(delivery: Delivery, tables: TemporaryTables, receipts: Table, suspects: Table) -> Relation:
    """The suspects that are still as they were found."""
    if not suspects.size:
        return suspects
    again = _look(delivery, tables, receipts, select("SELECT sku FROM suspects", suspects=suspects))
    return select(_IN_BOTH, suspects=suspects, again=again.differences)


_KEYS = "SELECT sku, hash, is_ours FROM there"
_JUDGED = "SELECT sku, CASE WHEN sku NOT IN (SELECT sku FROM altered) THEN hash END AS hash, is_ours FROM there"
_IN_BOTH = "SELECT * FROM suspects SEMI JOIN again USING (sku, difference)"
_COUNTED = "SELECT difference, count(*) FROM differences GROUP BY difference"
