"""Rows of a database page by page, each page beginning after the last row of the one before, kept in the store.

No row is skipped or met twice whatever is written meanwhile; and a pull that was killed goes on after its last whole
page, on any worker, with the bounds that it began with. Rows without a key have no place in that order: they come last,
all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from datasync.sources.base import PullRequest
from datasync.sources.rest.page_lines import dumped
from datasync.sources.rest.page_store import Spool
from datasync.sources.sql.backends import Condition
from datasync.sources.sql.sound import SPOILT, schema
from datasync.sources.sql.statements import KEY, SourceRows

if TYPE_CHECKING:
    import pyarrow as pa


class KeyStands(Exception):
    """The last key of a page is the one that the page had to begin after."""


class Pages:
    """One pull's pages. ``asked`` tells what it wants: pages of another wish in the same run are taken away.

    ``is_resumed``: some are of an earlier try, which saw the data as they were then.
    """

    def __init__(self, spool: Spool, fingerprint: str, request: PullRequest) -> None:
        last = spool.resume_or_clear(fingerprint)
        self.is_resumed = last is not None
        if last is None:
            began = {"began": request.at.isoformat(), "place": request.ticket}
            last = {"asked": fingerprint, **began, "page": 0, "rows": 0, "statement": 0, "after": None}
        self._spool, self._state = spool, dict(last)

    @property
    def began(self) -> datetime:
        """When the first try began."""
        return datetime.fromisoformat(self._state["began"])

    @property
    def ticket(self) -> int:
        """The ticket of the first try; 0 where its pages are from before there were tickets."""
        return int(self._state.get("place", 0))

    @property
    def count(self) -> int:
        """How many pages there are, of this try and those before."""
        return int(self._state["page"])

    @property
    def rows(self) -> int:
        """How many rows they have."""
        return int(self._state["rows"])

    def clear(self) -> None:
        """Take all pages away: another try begins anew."""
        self._spool.clear()

    def now(self, find: Callable[[], datetime | None]) -> datetime | None:
        """The database's time when the first try began; ``find`` asks for it."""
        if "now" not in self._state:
            now = find()
            self._state["now"] = now and now.isoformat()
        time_text: str | None = self._state["now"]
        return datetime.fromisoformat(time_text) if time_text else None

    def newest(self, find: Callable[[], str | None]) -> str | None:
        """The largest cursor when the first try began; ``find`` asks for it."""
        if "newest" not in self._state:
            self._state["newest"] = find()
        largest: str | None = self._state["newest"]
        return largest

    def fill(self, rows: SourceRows, conditions: Sequence[Condition | None], size: int) -> None:
        """Ask for the pages of each condition, one after the other, from where the last try ended."""
        key = rows.column("key")
        parts = [(condition, has_key) for condition in conditions for has_key in (True, False)]
        while self._state["statement"] < len(parts):
            condition, has_key = parts[self._state["statement"]]
            if has_key:
                self._fill_page(rows, _and(condition, key.is_not(None)), size)
            else:
                self._fill_keyless(rows, _and(condition, key.is_(None)))

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of all pages, all text, in their order; the table may have other columns than in an earlier try."""
        import pyarrow as pa

        for page in self._spool.pages(self.count):
            rows = [{name: row.get(name) for name in (*names, SPOILT)} for row in page]
            yield pa.RecordBatch.from_pylist(rows, schema=schema(names))

    def _fill_page(self, rows: SourceRows, condition: Condition, size: int) -> None:
        """The next page; one that is not full is the last."""
        reached = self._state["after"]
        page = _rows(rows.page(condition if reached is None else _and(condition, rows.beyond(reached)), size))
        last = page[-1][KEY] if len(page) == size else None
        if last is not None and last == reached:
            raise KeyStands
        self._add(page, {"after": last} if last is not None else self._next())

    def _fill_keyless(self, rows: SourceRows, condition: Condition) -> None:
        page = _rows(rows.rows(condition))
        if page:
            self._add(page, self._next())
        else:
            self._state |= self._next()

    def _next(self) -> Mapping[str, Any]:
        return {"after": None, "statement": self._state["statement"] + 1}

    def _add(self, page: Sequence[Mapping[str, Any]], further: Mapping[str, Any]) -> None:
        number = self.count + 1
        state = {**self._state, **further, "page": number, "rows": self.rows + len(page)}
        rows = [{name: text for name, text in row.items() if name != KEY and (name != SPOILT or text)} for row in page]
        self._state = dict(self._spool.add(number, map(dumped, rows), state))


def _rows(batches: Iterator[pa.RecordBatch]) -> list[dict[str, Any]]:
    return [row for batch in batches for row in batch.to_pylist()]


def _and(condition: Condition | None, further: Condition) -> Condition:
    return further if condition is None else sa.and_(condition, further)
