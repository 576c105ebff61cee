"""A batch, sent as bulk requests, until each product has an answer or the time is over.

A request has one answer for each product, and each is judged by itself. What the server is too busy for is sent again
after a while. Sending again does no harm, because the version of a product is the same each time. If the server refuses
a request as a whole, or fails twice over it, a product of it may be the cause; whoever sent the batch sends it in
halves then.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

from datasync import secrets
from datasync.delivery.services.base import BatchCutOff, BatchRefused, BatchUnanswered
from datasync.delivery.services.opensearch.session import (
    Access,
    Again,
    NotLetIn,
    Refused,
    Session,
    shortened,
    wait_before,
)
from datasync.delivery.services.opensearch.statements import statement
from datasync.errors import ServiceBroken, ServiceRefused, ServiceUnavailable
from datasync.relation import Relation, Table, TemporaryTables, select, union_all

_FIELDS = ("_id", "status", "result", "error.type", "error.reason", "error.caused_by.reason")
PARAMETERS = {"require_alias": "true", "filter_path": ",".join(f"items.*.{field}" for field in _FIELDS)}
_SMALLEST = 250_000  # bytes; a batch is sent in several requests at once only if each has so many
_REFUSED = (400, 413, 422)  # by what was sent
_NOTHING = Relation(
    "SELECT NULL::BIGINT AS n, NULL::VARCHAR AS sku, NULL::VARCHAR AS outcome, NULL::VARCHAR AS words WHERE false"
)


@dataclass(frozen=True, slots=True)
class _Part:
    """The documents of one request: those of ``rows`` from the place ``first`` to ``last``."""

    rows: Relation
    first: int
    last: int

    @property
    def documents(self) -> Relation:
        return self.rows.where(f"n BETWEEN {self.first} AND {self.last}")


class Bulk:
    """The sending of ``documents`` (n, sku, operation, lines) to an alias, in requests of at most so many bytes."""

    def __init__(
        self,
        tables: TemporaryTables,
        documents: Table,
        access: Access,
        alias: str,
        *,
        size: int,
        at_once: int,
        until: float,
    ) -> None:
        self._tables, self._documents, self._access = tables, documents, access
        self._path, self._size, self._at_once, self._until = f"{alias}/_bulk", size, at_once, until
        self._judged: list[Relation] = []
        self._problem = ""
        self._error: Exception | None = None

    @property
    def answers(self) -> Relation:
        """One row per product that has an answer: the newest. What may be tried again is failed."""
        outcome = "CASE outcome WHEN 'retry' THEN 'failed' ELSE outcome END AS outcome"
        answer = f"SELECT n, sku, {outcome}, words, turn FROM judged"
        latest = f"SELECT * FROM ({answer}) QUALIFY row_number() OVER (PARTITION BY n ORDER BY turn DESC) = 1"
        return select(latest, judged=self._all_judged)

    def send(self) -> None:
        """Send everything, and what may be sent again, until there is an answer to it or an error."""
        pending, failures = self._documents, 0
        for attempt in count(1):
            again = self._send_all(pending)
            pending = self._tables.store(self._open, "pending")
            failures = failures + 1 if again else 0
            if self._error or not pending.size:
                return
            pause = wait_before(attempt, again.after if again else None)
            is_hopeless = again is not None and failures >= again.tries
            if is_hopeless or time.monotonic() + pause >= self._until:
                self._error = self._silence(again)
                return
            time.sleep(pause)

    def error(self, answers: Relation) -> Exception | None:
        """What became of the documents without an answer, if there are some; ``answers`` are those to the others."""
        if not self._judged or not self._error:
            return self._error
        if isinstance(self._error, BatchRefused):  # a part of it was taken
            return self._access.unanswered(f"{self._error.words}.")
        is_end = isinstance(self._error, ServiceUnavailable) and not isinstance(self._error, BatchUnanswered)
        return BatchCutOff(str(self._error), answers) if is_end else self._error

    def _silence(self, again: Again | None) -> ServiceUnavailable:
        """What it means that there is no answer, though there were tries enough."""
        if again and again.is_suspicious:
            return self._access.unanswered(again)
        return self._access.unavailable(again or self._problem)

    @property
    def _all_judged(self) -> Relation:
        turns = (select(f"SELECT {turn} AS turn, * FROM part", part=part) for turn, part in enumerate(self._judged))
        return union_all(turns, select("SELECT 0 AS turn, * FROM nothing", nothing=_NOTHING))

    @property
    def _open(self) -> Relation:
        settled = "SELECT n FROM judged WHERE outcome <> 'retry'"
        return select(
            f"SELECT * FROM documents WHERE n NOT IN ({settled})", documents=self._documents, judged=self._all_judged
        )

    def _send_all(self, pending: Table) -> Again | None:
        """Send each part of what is pending, several at once. Returns why one got no answer, if so."""
        waiting, again = deque(self._parts(pending)), None
        on_their_way: dict[Future[str], _Part] = {}
        with ExitStack() as stack:
            sessions = [stack.enter_context(Session(self._access)) for _ in range(self._at_once)]
            free = deque(sessions)
            pool = stack.enter_context(ThreadPoolExecutor(self._at_once))
            used: dict[Future[str], Session] = {}
            while waiting or on_their_way:
                while waiting and free:
                    part, session = waiting.popleft(), free.popleft()
                    sent = pool.submit(session.bulk, self._path, self._body(part), PARAMETERS, self._until)
                    on_their_way[sent], used[sent] = part, session
                for sent in wait(on_their_way, return_when=FIRST_COMPLETED).done:
                    free.append(used.pop(sent))
                    again = _graver(again, self._settle(on_their_way.pop(sent), sent))
                if self._error:
                    waiting.clear()
        return again

    def _parts(self, pending: Table) -> Iterator[_Part]:
        total = "SELECT coalesce(sum(strlen(lines)), 0)::BIGINT FROM documents"
        ((size,),) = select(total, documents=pending).rows(self._tables.con)
        most = min(self._size, max(_SMALLEST, -(-size // self._at_once)))
        for first, last in statement("parts", documents=pending, bytes=str(most)).rows(self._tables.con):
            yield _Part(pending, first, last)

    def _body(self, part: _Part) -> bytes:
        text = "SELECT string_agg(lines, '' ORDER BY n) FROM documents"
        ((lines,),) = select(text, documents=part.documents).rows(self._tables.con)
        return str(lines).encode()

    def _settle(self, part: _Part, sent: Future[str]) -> Again | None:
        """Judge what came of a request; returns why it got no answer, if it may be sent again."""
        try:
            self._judge(part, sent.result())
        except NotLetIn as error:
            self._error = self._error or self._access.denied(error)
        except Refused as refusal:
            self._error = self._error or self._refusal(refusal)
        except Again as again:
            return again
        return None

    def _refusal(self, refusal: Refused) -> Exception:
        """What it means that a request was refused as a whole: by its content, or as such."""
        if refusal.status in _REFUSED:
            return BatchRefused(shortened(refusal.words))
        return ServiceRefused(self._access.service, refusal.words)

    def _judge(self, part: _Part, response: str) -> None:
        if not response.lstrip().startswith("{"):
            raise ServiceBroken(self._access.service, "it answered with JSON that is no object")
        words = f"left({secrets.masked_sql('words')}, 300) AS words"
        judged = statement("judged", sent=part.documents)
        stored = self._tables.store(
            Relation(f"SELECT * REPLACE ({words}) FROM (\n{judged.sql}\n)"), "judged", {"response": response}
        )
        asked_about = part.documents.count(self._tables.con)
        if stored.where("NOT is_ours").count(self._tables.con) or stored.size != asked_about:
            sentence = "it answered for other products than it was sent, or in another order"
            raise ServiceBroken(self._access.service, sentence)
        self._add(stored)
        busy = stored.where("outcome = 'retry'")
        if rows := select("SELECT words FROM busy LIMIT 1", busy=busy).rows(self._tables.con):
            self._problem = f"{rows[0][0]}."

    def _add(self, judged: Relation) -> None:
        self._judged.append(select("SELECT n, sku, outcome, words FROM part", part=judged))


def _graver(first: Again | None, second: Again | None) -> Again | None:
    """The reason that tells more, of two requests without an answer: one for which a product may be the cause."""
    return second if first is None or (second and second.is_suspicious) else first
