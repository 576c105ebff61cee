"""What the kinds that come page by page have in common: a pull that fills a spool, goes on where one was killed, and
ends.

A kind says how to open its interface, what to look up first, which queries answer a request, and how to read one page.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Generic, Literal, TypeVar

import duckdb

from datasync.errors import UnexpectedAnswer
from datasync.sources.base import Opening, PullRequest, Records
from datasync.sources.rest.page_lines import line
from datasync.sources.rest.page_records import Shape, Spooled
from datasync.sources.rest.page_store import Spool, State
from datasync.sql import define_field_macros
from datasync.web.http import Api, address
from datasync.web.rate_limit import RateLimiter

Facts = TypeVar("Facts")


@dataclass(frozen=True, slots=True)
class Page:
    """Records as they came, whatever they are, and the way to the next page of the same query (JSON; None: this was
    its last).

    ``total`` is how many records the source says the query has from this page on, where it says so.
    """

    records: Sequence[Any]
    after: Any
    total: int | None = None
    at: datetime | None = None


class Paged(ABC, Generic[Facts]):
    """The scope of a source that is read page by page."""

    macros: tuple[str, str]  # the package and the name of the .sql file with the macros of its fields

    def __init__(self, opening: Opening) -> None:
        self.name, self.scope, self.source, self._opening = opening.name, opening.scope, opening.source, opening

    @abstractmethod
    def open(self) -> Api:
        """The source's interface, authorized."""

    @abstractmethod
    def look(self, api: Api) -> Facts:
        """What has to be known before the first page; raises UnknownName where the scope names what is not there."""

    @abstractmethod
    def queries(self, request: PullRequest) -> Sequence[Any]:
        """The queries (JSON) that answer ``request``; usually one."""

    @abstractmethod
    def page(self, api: Api, facts: Facts, query: Any, after: Any) -> Page:
        """One page of a query: its first, or the one ``after`` says."""

    @abstractmethod
    def shape(self, facts: Facts) -> Shape:
        """How the fields of a record are found in its JSON, and which map makes products of them."""

    @abstractmethod
    def forecast(self, api: Api, request: PullRequest) -> int:
        """How many requests pulling ``request`` takes, this question not counted."""

    @abstractmethod
    def listed(self, api: Api) -> str:
        """The scopes that the source could feed, as the settings name them."""

    def counted(self, api: Api, facts: Facts) -> int | None:
        """How many records the source has now, where it can say so."""
        return None

    def connected(self, headers: Mapping[str, str] | None = None) -> Api:
        """The interface at the connection's address, not authorized yet."""
        connection, mine = self._opening.connection(), self.source
        base = address(connection)
        rate_limiter = RateLimiter(f"{self.scope.source} {base}", mine.requests_per_second, mine.concurrency)
        texts = [value for value in connection.extra.values() if isinstance(value, str)]
        seconds = mine.timeout.total_seconds()
        return Api(self.scope.source, base, rate_limiter, [connection.password, *texts], headers or {}, seconds)

    def scheduled(self) -> Literal["complete", "changed"]:
        return "changed"

    def requests(self, request: PullRequest) -> int:
        with self.open() as api, self._as_promised():
            return self.forecast(api, request)

    def offers(self) -> str:
        with self.open() as api, self._as_promised():
            return self.listed(api)

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        with self.open() as api, self._spool(request) as spool:
            with self._as_promised():
                facts = self.look(api)
            define_field_macros(con, *self.macros)
            state = self._fill(api, facts, request, spool)
            shape = self.shape(facts)
            reader = Spooled(con, self._store, spool.whole(state["page"]), shape, self._knows)
            return self._pulled_records(api, facts, request, state, reader, shape)

    def since(self, request: PullRequest) -> datetime | None:
        """From when on a partial pull reads: its watermark less the lookback; None for everything."""
        if request.what != "changed":
            return None
        try:
            moment = datetime.fromisoformat(request.watermark or "").astimezone(UTC)
        except ValueError:  # there is none, or it is another kind's
            return None
        lookback: timedelta = self.source.lookback
        return moment - lookback

    def knows(self, api: Api, field: str) -> bool:
        """Whether the source has a field that no record of this pull has."""
        return False

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _as_promised(self) -> Iterator[None]:
        """Say so where an answer is JSON, but not the JSON that the interface promises."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            lacks = f": {error}" if isinstance(error, KeyError) else ""  # a name that we asked for, none of theirs
            problem = f"an answer is not as it is described ({type(error).__name__}{lacks})"
            raise UnexpectedAnswer(self.scope.source, problem) from error

    @property
    def _store(self) -> Any:
        return self._opening.store

    def _knows(self, field: str) -> bool:
        with self.open() as api:
            return self.knows(api, field)

    @contextmanager
    def _spool(self, request: PullRequest) -> Iterator[Spool]:
        if self._opening.store is None or self._opening.run is None:
            raise TypeError("records are pulled into a store, under a run; open the source with both")
        yield Spool(self._opening.store, self.name, self._opening.run)

    def _fill(self, api: Api, facts: Facts, request: PullRequest, spool: Spool) -> State:
        """Ask for page after page to the last query's last, from where the pages of the same request end."""
        queries, fingerprint = self.queries(request), self._fingerprint(request)
        state = spool.resume_or_clear(fingerprint)
        if state is None:
            began = {"began": request.at.isoformat(), "place": request.ticket}
            state = {"asked": fingerprint, "page": 0, "query": 0, "after": None, "requests": 0, "records": 0, **began}
        before, chain = state["requests"], _Chain(spool.states())
        while state["query"] < len(queries):
            page = self.page(api, facts, queries[state["query"]], state["after"])
            lines = list(map(line, page.records))
            further = _further(state, page, lines, before + api.requests)
            if lines and chain.repeats(state["query"], page.after, further["mark"]):
                problem = f"page {further['page']} is a page from before once more: its pages go in a circle"
                raise UnexpectedAnswer(self.scope.source, problem)
            state = spool.add(further["page"], lines, further)
            if request.is_sample:
                break
        return state

    def _fingerprint(self, request: PullRequest) -> str:
        return _mark(
            [request.what, request.watermark, request.skus, self.queries(request), self.scope.model_dump(mode="json")]
        )

    def _pulled_records(
        self, api: Api, facts: Facts, request: PullRequest, state: State, reader: Spooled, shape: Shape
    ) -> Records:
        """The records with what is known of them; a complete catalog is one that has as many as its source counts."""
        everything = request.what != "skus" and self.since(request) is None and not request.is_sample
        lacking = self._lacking(api, facts, state, reader) if everything else None
        counted = partial(reader.counted, written=state["records"]) if "records" in state else None
        return Records(
            reader,
            record_expr="_row::VARCHAR",
            spoilt="_spoilt",
            condition="_in_scope",
            counted=counted,
            names=reader.names,
            map=shape.map,
            complete=everything and not lacking,
            answers_absence=(everything and not lacking) or request.what == "skus",
            sampled=True,
            watermark=None if request.what == "skus" else state.get("at") or state["began"],
            began=datetime.fromisoformat(state["began"]),
            ticket=state.get("place", 0),
            requests=state["requests"],
            notes=(*shape.notes, *([lacking] if lacking else [])),
        )

    def _lacking(self, api: Api, facts: Facts, state: State, reader: Spooled) -> str | None:
        """A sentence where fewer records came than the source counts, before or, after what was deleted since, now."""
        came, total = reader.count, state["total"]
        if total is None or came >= total:
            return None
        now = self.counted(api, facts)
        if now is not None and came >= now:
            return None
        most = total if now is None else now
        return f"The source counts {most:,} products and gave {came:,}: taken for a part, so nothing is removed."


class _Chain:
    """The pages that a pull has had, by the way that leads on from them and by what they hold."""

    def __init__(self, states: Iterable[State]) -> None:
        self._seen: set[str] = set()
        for state in states:
            self._seen |= _marks(state["query"], state["after"], state.get("mark", ""))

    def repeats(self, query: int, after: Any, mark: str) -> bool:
        """Whether a page is one that came before, or leads to where one before has led."""
        marks = _marks(query, after, mark)
        is_again = bool(marks & self._seen)
        self._seen |= marks
        return is_again


def _marks(query: int, after: Any, mark: str) -> set[str]:
    return {mark} if after is None else {mark, _mark([query, after])}


def _further(state: State, page: Page, lines: Sequence[bytes], requests: int) -> State:
    """The state after a page."""
    goes_on = page.after is not None and bool(lines)
    first = {"at": page.at and page.at.isoformat(), "total": page.total} if not state["page"] else {}
    next_page = {"after": page.after} if goes_on else {"after": None, "query": state["query"] + 1}
    came = {"records": state["records"] + len(lines)} if "records" in state else {}
    mark = hashlib.md5(b"".join([str(state["query"]).encode(), *lines]), usedforsecurity=False).hexdigest()
    return {**state, **first, **next_page, **came, "page": state["page"] + 1, "mark": mark, "requests": requests}


def _mark(what: Any) -> str:
    return hashlib.md5(json.dumps(what, default=str).encode(), usedforsecurity=False).hexdigest()
