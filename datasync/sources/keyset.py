"""Rows of a database page by page, each page beginning after the last row of the one before, kept in the store.

No row is skipped or met twice whatever is written meanwhile; and a pull that was killed goes on after its last whole
page, on any worker, with the bounds that it began with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from datasync.sources.base import Want
from datasync.sources.relation import Condition, Relation, value
from datasync.sources.spool import Spool

if TYPE_CHECKING:
    import pyarrow as pa


class Pages:
    """One pull's pages. ``asked`` tells what it wants: pages of another wish in the same run are taken away."""

    def __init__(self, spool: Spool, asked: str, want: Want) -> None:
        last = spool.last()
        if last is None or last["asked"] != asked:
            spool.clear()
            began = {"began": want.at.isoformat(), "place": want.place}
            last = {"asked": asked, **began, "page": 0, "statement": 0, "after": None}
        self._spool, self._state = spool, dict(last)

    @property
    def began(self) -> datetime:
        """When the first try began."""
        return datetime.fromisoformat(self._state["began"])

    @property
    def place(self) -> int:
        """The ticket of the first try; 0 where its pages are from before there were tickets."""
        return int(self._state.get("place", 0))

    @property
    def count(self) -> int:
        """How many pages there are, of this try and those before."""
        return int(self._state["page"])

    def newest(self, find: Callable[[], Any]) -> Any:
        """The largest cursor when the first try began; ``find`` asks for it."""
        if "newest" not in self._state:
            found = find()
            self._state |= {"newest": None if found is None else str(found), "is_text": isinstance(found, str)}
        text = self._state["newest"]
        return text if text is None or self._state["is_text"] else Decimal(text)

    def fill(self, rows: Relation, conditions: Sequence[Condition | None], size: int) -> None:
        """Ask for the pages of each condition, one after the other, from where the last try ended."""
        key = rows.column("key")
        is_text = isinstance(rows.sample(key), str)
        while self._state["statement"] < len(conditions):
            condition = _after(key, self._state["after"], is_text, conditions[self._state["statement"]])
            page = [row for batch in rows.rows(condition, key, size) for row in batch.to_pylist()]
            done = {"after": None, "statement": self._state["statement"] + 1}
            way = {"after": page[-1][key.name]} if len(page) == size else done
            further = {**self._state, **way, "page": self.count + 1}
            self._state = dict(self._spool.add(self.count + 1, page, further))

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The rows of all pages, all text, in their order."""
        import pyarrow as pa

        schema = pa.schema([(name, pa.string()) for name in names])
        for page in self._spool.pages():
            yield pa.RecordBatch.from_pylist(_whole(page, names), schema=schema)


def _after(
    key: sa.ColumnElement[Any], reached: str | None, is_text: bool, condition: Condition | None
) -> Condition | None:
    if reached is None:
        return condition
    further = key > value(reached if is_text else Decimal(reached))
    return further if condition is None else sa.and_(condition, further)


def _whole(page: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows with the columns there are now: the table may have changed between two tries."""
    return [{name: row.get(name) for name in names} for row in page]
