"""The last row of an export that is no product but the sum of those above it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from datasync.relation import Relation, query
from datasync.sql import literal, quote
from datasync.starter.names import plain
from datasync.starter.spelling import spelled

_TOTALS = """
total, totals, grand total, subtotal, sub total, sum, summe, gesamt, gesamtsumme, gesamtbetrag, zwischensumme
total général, sous-total, somme, suma, suma total, total general, totale, totale complessivo, subtotale
totaal, eindtotaal, subtotaal, soma, total geral, razem, ogółem, łącznie, suma końcowa
"""
# The words that a count is put together of, as `plain` writes them: what says that it is one, what is counted, and what
# stands beside these.
_COUNTS = """
anzahl anz gesamtanzahl gesamtzahl stuckzahl count number quantity total totals sum summe gesamt nombre nbre somme
numero cantidad recuento suma quantita conteggio totale aantal totaal hoeveelheid quantidade contagem soma liczba ilosc
razem lacznie ogolem
"""
_COUNTED = """
artikel artikeln produkt produkte produkten position positionen datensatz datensatze datensatzen zeile zeilen eintrag
eintrage eintragen stuck
item items product products record records row rows line lines entry entries article articles sku skus
produit produits enregistrement enregistrements ligne lignes reference references
articulo articulos producto productos registro registros fila filas linea lineas
articolo articoli prodotto prodotti riga righe voce voci artikelen producten regel regels rij rijen
artigo artigos produto produtos registo registos linha linhas
artykul artykuly artykulow produkty produktow pozycja pozycje pozycji rekord rekordy rekordow wiersz wiersze wierszy
towar towary towarow
"""
_BESIDE = """
of the all in no nr nb n der des die aller alle insgesamt exportiert exportierte exported found de d du des les au en
del la el los las al di dei delle degli il van het do da dos das w we wszystkich eur usd chf gbp pln stk pcs szt
"""
_NUMBER = re.compile(r"\d[\d.,'’\s]*([^\W\d_]+\.?)?")


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
        """The condition that leaves it out, whatever number is in it, and no row that has nothing in the field."""
        cell = f"coalesce(trim({spelled(con, self.field)}), '')"
        if not re.search(r"\d", self.word):
            return f"{cell} <> {literal(self.word)}"
        parts = re.split(r"(\d[\d., ]*)", self.word)
        pattern = "".join("[0-9][0-9., ]*" if part[:1].isdigit() else re.escape(part) for part in parts)
        return f"not regexp_full_match({cell}, {literal(pattern)})"

    @property
    def sentence(self) -> str:
        """What it looks like, in words."""
        return f"the last row looks like a total line: {self.field} is {self.word!r}"


def total_lines(con: duckdb.DuckDBPyConnection, rows: Relation, names: Sequence[str]) -> list[TotalLine]:
    """The total line of each file in ``rows``, which have the fields and ``_place`` in the files' order.

    It is the last row, its first filled cell is a word for a total or says how many records there are, and it has fewer
    cells than a usual row.
    """
    cells = ", ".join(f"coalesce(trim({quote(name)}), '')" for name in names)
    lines = query("total_lines", rows=rows, cells=cells).rows(con)
    return [
        TotalLine(names[at - 1], word, place, filled, usual)
        for at, word, beside, place, filled, usual, alike in lines
        if _is_total(word) or (alike == 1 and _is_count(word, beside, filled))
    ]


def _is_total(cell: str) -> bool:
    """Whether a cell is a word for a total, with the sum behind a colon or without it."""
    label = re.sub(r"[:=].*", "", cell)
    return plain(label) in {plain(word) for word in _TOTALS.replace("\n", ",").split(",") if word}


def _is_count(cell: str, beside: str, filled: int) -> bool:
    """Whether a cell says how many records there are: with the number in it, or in the cell ``beside``."""
    words = {word for word in plain(cell).split("_") if not word.isdigit()}
    counts, counted = words & {*_COUNTS.split()}, words & {*_COUNTED.split()}
    if not (counts or counted) or words - {*_COUNTS.split(), *_COUNTED.split(), *_BESIDE.split()}:
        return False
    has_sign = bool(re.search("[:=]", cell))
    if not re.search(r"\d", cell):
        return bool(_NUMBER.fullmatch(beside) and (counts or has_sign or filled == 2))
    return bool(has_sign or (counted and (counts or cell[0].isdigit())))
