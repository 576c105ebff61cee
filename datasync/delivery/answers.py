"""The answers of a service that is called over a network, checked before anything is recorded of them.

What an answer says becomes a receipt, and a receipt is believed ever after. So answers that cannot be true are not
taken: the whole batch counts as not answered then, because the service may have applied it.
"""

from __future__ import annotations

from collections.abc import Callable

from datasync import secrets
from datasync.delivery.services.base import BatchCutOff
from datasync.errors import ServiceBroken, ServiceUnavailable
from datasync.relation import Relation, TemporaryTables, query
from datasync.sql import literal

_NONE = Relation(
    "SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS outcome, NULL::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at "
    "WHERE false"
)
DeliveryError = ServiceUnavailable | ServiceBroken


def collect(
    tables: TemporaryTables, due: Relation, service: str, deliver: Callable[[], Relation]
) -> tuple[Relation, DeliveryError | None]:
    """Deliver a batch; returns it with an outcome for each product, and the error that the delivery ended with.

    Each product without an answer is failed: it may have been applied.
    """
    try:
        try:
            answers, silence, error = deliver(), "No answer", None
        except BatchCutOff as cut_off:
            answers, silence, error = cut_off.answers, str(cut_off), cut_off
        return _with_answers(tables, due, service, answers, silence), error
    except (ServiceUnavailable, ServiceBroken) as failure:
        return _with_answers(tables, due, service, _NONE, str(failure)), failure


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
