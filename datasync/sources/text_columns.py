"""Records whose fields are the text columns of a relation; nothing of them has to be looked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import duckdb

from datasync.relation import Relation
from datasync.sql import literal, quote

RECORD_EXPR = "_row"
SPOILT = "_spoilt"


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads a relation whose columns, ``names``, are the fields, all text. ``place`` is for people.

    ``spoilt`` is a further column of it, if there is one: the names of those fields of a row whose value is no text.
    Such a field is NULL, and ``_spoilt`` says which of those that were asked for it is.
    """

    rows: Relation
    names: tuple[str, ...]
    place: str
    spoilt: str | None = None

    def select(self, fields: Collection[str]) -> Relation:
        values = [f"{self._text(field)} AS {quote(field)}" for field in fields]
        row = f"{{{', '.join(f'{literal(name)}: {quote(name)}' for name in self.names)}}} AS _row"
        blank = f"{is_blank(map(quote, self.names))} AS _blank"
        rest = ["NULL::VARCHAR AS _unreadable", f"{self._sentence(fields)} AS {SPOILT}", blank]
        columns = [*values, *rest, f"{literal(self.place)} AS _place", row]
        return Relation(f"SELECT {', '.join(columns)} FROM (\n{self.rows.sql}\n)")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return _same(field, self.names) is not None

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return self.names

    def _text(self, field: str) -> str:
        name = _same(field, self.names)
        if name is None:
            return "NULL::VARCHAR"
        if self.spoilt is None:
            return quote(name)
        marks = quote(self.spoilt)
        return f"CASE WHEN {marks} IS NULL OR NOT list_contains({marks}, {literal(name)}) THEN {quote(name)} END"

    def _sentence(self, fields: Collection[str]) -> str:
        """SQL for what is wrong with the fields that were asked for; NULL where nothing is."""
        if self.spoilt is None:
            return "NULL::VARCHAR"
        names = ", ".join(literal(name) for name in dict.fromkeys(_same(field, self.names) for field in fields) if name)
        bad = f"list_filter({quote(self.spoilt)}, lambda field: list_contains([{names}]::VARCHAR[], field))"
        sentence = f"'The text in ' || array_to_string({bad}, ', ') || ' is not in the encoding that it should be in.'"
        return f"CASE WHEN {quote(self.spoilt)} IS NOT NULL AND len({bad}) > 0 THEN {sentence} END"


def is_blank(texts: Iterable[str]) -> str:
    """SQL that is true for a row in which none of some texts has a value that can be seen.

    Most rows show that by their first text; the others are looked at as one text, because a statement that looks at
    each of ten thousand columns has no end.
    """
    first, *others = texts
    together = f"concat({', '.join((first, *others))})"
    return f"CASE WHEN looks_empty({first}) IS NOT false THEN looks_empty({together}) ELSE false END"


def _same(field: str, names: Sequence[str]) -> str | None:
    """The column that SQL finds for a name: that very one, or one that differs in case alone."""
    return next((name for match in (str, str.lower) for name in names if match(name) == match(field)), None)
