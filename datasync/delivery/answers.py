"""The answers of a service that is called over a network, checked before anything is recorded of them.

What an answer says becomes a receipt, and a receipt is believed ever after. So answers that cannot be true are not
taken: the whole batch counts as not answered then, because the service may have applied it.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from datasync import secrets
from datasync.delivery.services.base import BatchCutOff, BatchRefused
from datasync.errors import ServiceBroken, ServiceUnavailable
from datasync.relation import Relation, Table, TemporaryTables, query, select, union_all
from datasync.sql import literal

_NONE = Relation(
    "SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS outcome, NULL::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at "
    "WHERE false"
)
DeliveryError = ServiceUnavailable | ServiceBroken


def collect(
    tables: TemporaryTables, due: Relation, service: str, deliver: Callable[[Relation], Relation]
) -> tuple[Relation, DeliveryError | None]:
    """Deliver a batch; returns it with an outcome for each product, and the error that the delivery ended with.

    Each product without an answer is failed: it may have been applied. A batch that is refused as a whole is delivered
    again in halves, so that one product which nobody can take does not keep the others out; alone, it is rejected.
    """
    return _collect(tables, tables.store(due, "batch"), service, deliver)


def _collect(
    tables: TemporaryTables, batch: Table, service: str, deliver: Callable[[Relation], Relation]
) -> tuple[Relation, DeliveryError | None]:
    try:
        try:
            answers, silence, error = deliver(batch), "No answer", None
        except BatchCutOff as cut_off:
            answers, silence, error = cut_off.answers, str(cut_off), cut_off
        return _with_answers(tables, batch, service, answers, silence), error
    except (ServiceUnavailable, ServiceBroken) as failure:
        return _with_answers(tables, batch, service, _NONE, str(failure)), failure
    except BatchRefused as refusal:
        if batch.size > 1:
            return _collect_halves(tables, batch, service, deliver)
        return _with_answers(tables, batch, service, _rejected(batch, refusal.words), ""), None


def _collect_halves(
    tables: TemporaryTables, batch: Table, service: str, deliver: Callable[[Relation], Relation]
) -> tuple[Relation, DeliveryError | None]:
    """The answers of both halves; of the first alone, where the service stopped answering in it."""
    middle = batch.size // 2
    halves = [tables.store(batch.slice(*part), "half") for part in ((0, middle), (middle, batch.size - middle))]
    answered, error = _collect(tables, halves[0], service, deliver)
    if error is not None:
        rest = _with_answers(tables, halves[1], service, _NONE, "Not sent, because the service stopped answering")
    else:
        rest, error = _collect(tables, halves[1], service, deliver)
    return union_all([answered, rest], answered), error


def _rejected(batch: Relation, words: str) -> Relation:
    answer = f"'rejected' AS outcome, {literal(words)} AS words, NULL::TIMESTAMPTZ AS answered_at"
    return select(f"SELECT sku, {answer} FROM batch", batch=batch)


def is_overtaken(con: duckdb.DuckDBPyConnection, answered: Relation) -> bool:
    """True where the service had a newer version of every product of a batch."""
    overtaken = "SELECT coalesce(bool_and(outcome = 'overtaken'), false) FROM answered"
    return bool(select(overtaken, answered=answered).rows(con)[0][0])


def _with_answers(tables: TemporaryTables, due: Relation, service: str, answers: Relation, silence: str) -> Relation:
    """The batch, with ``silence`` as the words of each product that has no answer. Raises ServiceBroken where an answer
    cannot be true.

    The answers are stored in a table first, because reading them twice would deliver twice.
    """
    stored = tables.store(answers, "answers")
    if faults := [fault for (fault,) in query("answer_faults", answers=stored, due=due).rows(tables.con)]:
        raise ServiceBroken(service, secrets.mask("; ".join(faults)))
    words = {"silence": literal(secrets.mask(silence)), "words": secrets.masked_sql("a.words")}
    return query("batch_answers", answers=stored, due=due, **words)
