"""The last row of an export that is no product but the sum of those above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from datasync.relation import Relation, query
from datasync.sql import literal, quote
from datasync.starter.spelling import spelled

_WORDS = """
total, totals, grand total, subtotal, sub total, sum, summe, gesamt, gesamtsumme, gesamtbetrag, zwischensumme
total général, sous-total, somme, suma, suma total, total general, totale, totale complessivo, subtotale
totaal, eindtotaal, subtotaal, soma, total geral, razem, ogółem, łącznie, suma końcowa
"""


@dataclass(frozen=True, slots=True)
class TotalLine:
    """A row that looks like a total: the field and the word that say so, how many of its cells are filled, and how many
    of a usual row's. ``place`` is its file.
    """

    field: str
    word: str
    place: str
    filled: int
    usual: float

    @property
    def is_sure(self) -> bool:
        """Whether it has about half of a usual row's cells at most."""
        return self.filled * 2 <= self.usual + 1

    def where(self, con: duckdb.DuckDBPyConnection) -> str:
        """The condition that leaves it out, and no row that has nothing in the field."""
        return f"coalesce(trim({spelled(con, self.field)}), '') <> {literal(self.word)}"

    @property
    def sentence(self) -> str:
        """What it looks like, in words."""
        return f"the last row looks like a total line: {self.field} is {self.word!r}"


def total_lines(con: duckdb.DuckDBPyConnection, rows: Relation, names: Sequence[str]) -> list[TotalLine]:
    """The total line of each file in ``rows``, which have the fields and ``_place`` in the files' order.

    It is the last row, its first filled cell is a word for a total, and it has fewer cells than a usual row.
    """
    cells = ", ".join(f"coalesce(trim({quote(name)}), '')" for name in names)
    words = ", ".join(literal(word.strip()) for word in _WORDS.strip().replace("\n", ",").split(","))
    lines = query("total_lines", rows=rows, cells=cells, words=words).rows(con)
    return [TotalLine(names[at - 1], *rest) for at, *rest in lines]
