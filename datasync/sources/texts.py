"""Records whose fields are the text columns of a SELECT; nothing of them has to be looked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from datasync.sql import literal, quote

WHOLE = "_row"


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads a SELECT whose columns, ``names``, are the fields, all text. ``place`` is for people."""

    sql: str
    names: tuple[str, ...]
    place: str

    def select(self, fields: Collection[str]) -> str:
        found = [f"{self._text(field)} AS {quote(field)}" for field in fields]
        row = f"{{{', '.join(f'{literal(name)}: {quote(name)}' for name in self.names)}}} AS _row"
        blank = f"{is_blank(map(quote, self.names))} AS _blank"
        columns = [*found, "NULL::VARCHAR AS _unreadable", blank, f"{literal(self.place)} AS _place", row]
        return f"SELECT {', '.join(columns)} FROM ({self.sql})"

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return _same(field, self.names) is not None

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return self.names

    def _text(self, field: str) -> str:
        found = _same(field, self.names)
        return "NULL::VARCHAR" if found is None else quote(found)


def is_blank(texts: Iterable[str]) -> str:
    """SQL that is true for a row in which none of some texts has a value."""
    return f"coalesce({', '.join(texts)}) IS NULL"


def _same(field: str, names: Sequence[str]) -> str | None:
    """The column that SQL finds for a name: that very one, or one that differs in case alone."""
    return next((name for match in (str, str.lower) for name in names if match(name) == match(field)), None)
