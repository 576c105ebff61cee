"""The answers of a service that is called over a network, checked before anything is recorded of them.

What an answer says becomes a receipt, and a receipt is believed ever after. So answers that cannot be true are not
taken: the whole batch counts as not answered then, because the service may have applied it.

A batch is sent as a whole, and in halves where the service refuses it or breaks down over it, until those products are
alone that it cannot take. Larger parts come first, so that it shows early whether the service takes anything at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import duckdb

from datasync import secrets
from datasync.delivery.services.base import BatchCutOff, BatchRefused, BatchUnanswered
from datasync.errors import ServiceBroken, ServiceUnavailable, SettingsError
from datasync.relation import Relation, Table, TemporaryTables, query, registered, select, union_all
from datasync.sql import literal

if TYPE_CHECKING:
    import pyarrow as pa

MOST_UNANSWERED = 7  # parts, from the whole to its quarters: if none gets an answer, no product is the cause
_NONE = Relation(
    "SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS outcome, NULL::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at "
    "WHERE false"
)
DeliveryError = ServiceUnavailable | ServiceBroken | SettingsError  # such as ServiceRefused, or a table that is gone


@dataclass(frozen=True, slots=True)
class Part:
    """A batch or a part of one. ``path`` is its place, as in "/2/1": the first half of the second half. It is in doubt
    if its products were in a part before it that got no answer, and may have been taken.
    """

    rows: Table
    path: str = ""
    is_in_doubt: bool = False

    def halves(self, tables: TemporaryTables) -> Iterator[Part]:
        """Two parts that have its rows between them."""
        middle = self.rows.size // 2
        for number, offset, size in ((1, 0, middle), (2, middle, self.rows.size - middle)):
            rows = tables.store(self.rows.slice(offset, size), "half")
            yield Part(rows, f"{self.path}/{number}", self.is_in_doubt)


@dataclass(frozen=True, slots=True)
class Calls:
    """How a service is called: ``deliver`` hands over a part and gives the answers; ``is_there`` says whether it still
    answers at all.
    """

    service: str
    deliver: Callable[[Part], Relation | pa.Table]
    is_there: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Collected:
    """A batch with an outcome for each product, and the ``error`` that its delivery ended with. ``unanswered`` counts
    the parts that got no answer, though smaller ones of the same products may have got theirs.
    """

    answered: Relation
    error: DeliveryError | None
    unanswered: int


def collect(tables: TemporaryTables, due: Relation, calls: Calls) -> Collected:
    """Deliver a batch. Each product without an answer is failed: it may have been applied."""
    collection = _Collection(tables, calls)
    collection.deliver(Part(tables.store(due, "batch")))
    answered = union_all(collection.answered, collection.answered[0])
    return Collected(answered, collection.error, collection.unanswered)


@dataclass(slots=True)
class _Collection:
    """The answers to a batch so far. ``unanswered`` are parts that got no answer; ``suspects`` are those of them that
    are one product each.
    """

    tables: TemporaryTables
    calls: Calls
    answered: list[Relation] = field(default_factory=list)
    suspects: list[tuple[Part, BatchUnanswered]] = field(default_factory=list)
    unanswered: int = 0
    has_answer: bool = False
    error: DeliveryError | None = None

    def deliver(self, batch: Part) -> None:
        """Hand over a batch, and what is left of it in smaller parts."""
        waiting = deque([batch])
        while waiting and self.error is None:
            waiting.extend(self._call(waiting.popleft()))
        self._close_suspects()
        for part in waiting:
            self._add(part, _NONE, "Not sent, because the service stopped answering")

    def _call(self, part: Part) -> Iterator[Part]:
        """Hand over a part; gives the smaller parts that are to be handed over in its place."""
        try:
            self._add_delivered(part)
        except BatchRefused as refusal:
            self.has_answer = True
            if part.rows.size > 1:
                yield from part.halves(self.tables)
            else:
                self._add(part, _rejected(part.rows, refusal.words), "")
        except BatchUnanswered as failure:
            yield from self._again(replace(part, is_in_doubt=True), failure)
        except (ServiceUnavailable, ServiceBroken, SettingsError) as failure:
            self._fail(part, failure)

    def _add_delivered(self, part: Part) -> None:
        try:
            self._add(part, self.calls.deliver(part), "No answer")
        except BatchCutOff as cut_off:
            self._add(part, cut_off.answers, str(cut_off))
            self.error = cut_off
        self.has_answer = True

    def _again(self, part: Part, failure: BatchUnanswered) -> Iterator[Part]:
        """The halves of a part that got no answer, if one of its products may be the cause."""
        self.unanswered += 1
        is_hopeless = self.unanswered >= MOST_UNANSWERED and not self.has_answer
        if is_hopeless or not self.calls.is_there():
            self._fail(part, failure)
        elif part.rows.size > 1:
            yield from part.halves(self.tables)
        else:
            self.suspects.append((part, failure))

    def _close_suspects(self) -> None:
        """A product without an answer is the cause only if others got theirs. A removal stays due all the same."""
        is_cause = self.has_answer and self.error is None
        for part, failure in self.suspects:
            if is_cause:
                words = f"The service breaks down over this product alone: {failure}"
                outcome = "CASE operation WHEN 'removed' THEN 'failed' ELSE 'rejected' END"
                self._add(part, _rejected(part.rows, words, outcome), "")
            else:
                self._fail(part, failure)

    def _fail(self, part: Part, failure: DeliveryError) -> None:
        self.error = self.error or failure
        self._add(part, _NONE, str(failure))

    def _add(self, part: Part, answers: Relation | pa.Table, silence: str) -> None:
        answered = _with_answers(self.tables, part.rows, self.calls.service, answers, silence)
        if part.is_in_doubt:
            answered = select("SELECT * REPLACE (true AS perhaps_held) FROM answered", answered=answered)
        self.answered.append(answered)


def _rejected(batch: Relation, words: str, outcome: str = "'rejected'") -> Relation:
    answer = f"{outcome} AS outcome, {literal(words)} AS words, NULL::TIMESTAMPTZ AS answered_at"
    return select(f"SELECT sku, {answer} FROM batch", batch=batch)


def is_overtaken(con: duckdb.DuckDBPyConnection, answered: Relation) -> bool:
    """True where the service had a newer version of every product of a batch."""
    overtaken = "SELECT coalesce(bool_and(outcome = 'overtaken'), false) FROM answered"
    return bool(select(overtaken, answered=answered).rows(con)[0][0])


def _with_answers(
    tables: TemporaryTables, due: Relation, service: str, answers: Relation | pa.Table, silence: str
) -> Relation:
    """The batch, with ``silence`` as the words of each product that has no answer. Raises ServiceBroken where an answer
    cannot be true.

    The answers are stored in a table first, because reading them twice would deliver twice.
    """
    stored = _stored(tables, answers)
    if faults := [fault for (fault,) in query("answer_faults", answers=stored, due=due).rows(tables.con)]:
        raise ServiceBroken(service, secrets.mask("; ".join(faults)))
    words = {"silence": literal(secrets.mask(silence)), "words": secrets.masked_sql("a.words")}
    return query("batch_answers", answers=stored, due=due, **words)


def _stored(tables: TemporaryTables, answers: Relation | pa.Table) -> Table:
    if isinstance(answers, Relation):
        return tables.store(answers, "answers")
    with registered(tables.con, answers, "answers_of_arrow") as rows:
        return tables.store(rows, "answers")
