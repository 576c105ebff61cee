"""Rows that belong together: what stands in one of them alone, and means the others too, is carried to these.

An export may write a product on several rows: what is common stands in the first, and its pictures stand one a row.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from datasync.relation import Relation
from datasync.sql import quote


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows belong together, those of one file with the same ``group_by`` (None: all of a file), and what of.

    An empty cell of a ``fill_down`` field takes the value of the nearest row above. A ``collect`` field has the values
    of all these rows, a JSON list, in each of them.
    """

    group_by: str | None = None
    fill_down: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that are read for it."""
        return tuple(field for fields in self.by_key().values() for field in fields)

    def by_key(self) -> dict[str, tuple[str, ...]]:
        """The fields by the key of the settings that names them."""
        group = (self.group_by,) if self.group_by else ()
        return {"group_by": group, "fill_down": self.fill_down, "collect": self.collect}

    def needed(self, fields: Collection[str]) -> Rows:
        """The same for those fields alone that something else reads; no rows are joined for fields nobody reads."""
        fill_down = tuple(field for field in self.fill_down if field in fields)
        collect = tuple(field for field in self.collect if field in fields)
        return Rows(self.group_by if fill_down or collect else None, fill_down, collect)

    def joined(self, records: Relation) -> Relation:
        """The rows of ``records``, in their order, with what was carried and collected."""
        if not self.fill_down and not self.collect:
            return records
        numbered = f"SELECT *, row_number() OVER () AS _n FROM (\n{records.sql}\n)"
        cells = [f"{self._filled(field)} AS {quote(field)}" for field in self.fill_down]
        cells += [f"{self._collected(field)} AS {quote(field)}" for field in self.collect]
        joined = f"SELECT * REPLACE ({', '.join(cells)}) FROM ({numbered}) WINDOW {self._windows()}"
        return Relation(f"SELECT * EXCLUDE (_n) FROM ({joined}) ORDER BY _n")

    def _windows(self) -> str:
        group = quote(self.group_by) if self.group_by else "NULL"
        alone = f"CASE WHEN {_value(self.group_by)} IS NULL THEN _n END" if self.group_by else "NULL"
        rows = f"PARTITION BY _place, {group}, {alone} ORDER BY _n ROWS BETWEEN UNBOUNDED PRECEDING"
        return f"so_far AS ({rows} AND CURRENT ROW), together AS ({rows} AND UNBOUNDED FOLLOWING)"

    def _filled(self, field: str) -> str:
        return f"CASE WHEN _blank THEN {quote(field)} ELSE last_value({_value(field)} IGNORE NULLS) OVER so_far END"

    def _collected(self, field: str) -> str:
        values = f"list({_value(field)}) FILTER ({_value(field)} IS NOT NULL) OVER together"
        return f"CASE WHEN NOT _blank THEN to_json({values})::VARCHAR END"


ALONE = Rows()  # each row is by itself


def _value(field: str) -> str:
    return f"CASE WHEN trimmed({quote(field)}) IS NOT NULL THEN {quote(field)} END"
