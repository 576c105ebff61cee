"""The last row of an export that is no product but the sum of those above it, or says that the list ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from datasync.relation import Relation, query
from datasync.sql import literal, quote
from datasync.starter.spelling import folded, plain, spelled

# The words that a row of totals is called by, as `plain` writes them: for a sum, what is carried over, the end.
_TOTALS = """
total totals subtotal subtotals sum sums summe summen su gesamt ges zwischensu
totaux somme sommes soustotal soustotaux totales sumas suma subtotales totale totali somma subtotale subtotali
totaal totalen subtotaal subtotalen totais soma somas subtotais razem ogolem lacznie sumy podsumowanie
ubertrag ubertrage vortrag transporteren carryover report reporter reporte sigue riporto riportare transporte
transportar overgebracht overdracht przeniesienie przeniesienia
"""
_ENDS = """
ende listenende dateiende end eof fin fine einde fim koniec
"""
# German and Dutch words for a total that are put together: their beginnings, and their ends.
_FIRSTS = """
gesamt ges end schluss zwischen zw teil seiten listen netto brutto waren lager preis rechnungs artikel gruppen haupt
monats tages saldo waren mengen sub eind tussen totaal deel pagina lijst
"""
_LASTS = "summe summen sum su betrag betrage total ubertrag ubertrage vortrag wert totaal totalen bedrag telling"
# What stands beside these: of which kind the total is, and of what it is the end.
_BESIDE_TOTALS = """
grand geral sub zw sous general generale overall net gross netto brutto nett brut ht ttc page pages seite seiten
final finale amount value price betrag wert preis preise montant prix valeur importe importo valor prezzo precio
preco wartosc kwota bedrag prijs partial partiel parcial parziale complessivo czesciowa koncowa calkowita ogolna
laczna posrednia carried brought forward over to be y a da te do z strona strony pagina blz reporter
liste listen list listing datei file document report export exports exportes tabelle table auszug data fichier tableau
lista listado archivo fichero tabla elenco tabella lijst bestand ficheiro arquivo tabela listy pliku eksportu raportu
lignes records datensatze
"""
# The words that a count is put together of, as `plain` writes them: what says that it is one, what is counted, and what
# stands beside these.
_COUNTS = """
anzahl anz gesamtanzahl gesamtzahl stuckzahl count number quantity total totals sum summe gesamt nombre nbre somme
numero cantidad recuento suma quantita conteggio totale aantal totaal hoeveelheid quantidade contagem soma liczba ilosc
razem lacznie ogolem summen totaux totales totali totalen totais sumas somme sumy
"""
_COUNTED = """
artikel artikeln art produkt produkte
produkten position positionen datensatz datensatze datensatzen zeile zeilen eintrag
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
_SOME = 3
_NUMBER = re.compile(r"\d[\d.,'’\s]*([^\W\d_]+\.?)?")


@dataclass(frozen=True, slots=True)
class TotalLine:
    """A row that looks like a total, as its first filled cell says, and how many cells a usual row fills. ``place`` is
    its file.
    """

    cells: Mapping[str, str]
    place: str
    usual: float

    @property
    def filled(self) -> list[str]:
        """The fields that it fills."""
        return [field for field, cell in self.cells.items() if cell]

    @property
    def field(self) -> str:
        """The field that says that it is a total."""
        return self.filled[0]

    @property
    def word(self) -> str:
        """What that field says."""
        return self.cells[self.field]

    @property
    def beside(self) -> str:
        """The next filled cell, which may be the sum or the count."""
        return "".join(self.cells[field] for field in self.filled[1:2])

    @property
    def is_sure(self) -> bool:
        """Whether it has about half of a usual row's cells at most."""
        return len(self.filled) * 2 <= self.usual + 1

    @property
    def blank(self) -> list[str]:
        """The fields that it has nothing in."""
        return [field for field, cell in self.cells.items() if not cell]

    def lacking(self, needed: Iterable[str]) -> list[str]:
        """Which of the fields that a product needs it does not have; the sum or count beside its word is no name."""
        is_no_name = _NUMBER.fullmatch(self.beside) or _says_what_is_counted(self.beside)
        number = self.filled[1:2] if is_no_name else []
        return [field for field in needed if field in [*self.blank, *number]]

    def where(self, con: duckdb.DuckDBPyConnection, needed: Iterable[str]) -> str:
        """The condition that leaves it out, whatever number is in it, and no row that has what a product needs.

        Where it has all of that, some other cells that are blank have to be.
        """
        fields = [self.field, *(self.lacking(needed) or self.blank[:_SOME])]
        return " or ".join(_differs(spelled(con, field), self.cells[field]) for field in fields)

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
        line
        for values, place, usual, alike in lines
        if (line := TotalLine(dict(zip(names, values, strict=True)), place, usual)).filled
        and (is_total(line.word) or (alike == 1 and _is_count(line.word, line.beside, len(line.filled))))
    ]


def _differs(field: str, value: str) -> str:
    """The condition that a field is not ``value``, whatever number is in it."""
    cell = f"coalesce(trim({field}), '')"
    if not re.search(r"\d", value):
        return f"{cell} <> {literal(value)}"
    parts = re.split(r"(\d[\d., ]*)", value)
    pattern = "".join("[0-9][0-9., ]*" if part[:1].isdigit() else re.escape(part) for part in parts)
    return f"not regexp_full_match({cell}, {literal(pattern)})"


def is_total(cell: str) -> bool:
    """Whether a cell is a word for a total, with the sum behind a colon or without it, or for the end of a list."""
    words = _words_of(re.sub("[:=].*", "", cell.strip(" *-=_#.:")))
    is_named = any(word in _set(_TOTALS + _ENDS) or _is_put_together(word) for word in words)
    known = _set(_TOTALS + _ENDS + _BESIDE_TOTALS + _BESIDE)
    return (is_named and all(word in known or _is_put_together(word) for word in words)) or words in _CARRIED


# What is carried over, in words none of which says so by itself.
_CARRIED = [["carried", "forward"], ["brought", "forward"], ["carried", "over"], ["carry", "over"]]


def _words_of(text: str) -> list[str]:
    return [folded(word) for word in plain(text).split("_")]


@cache
def _set(words: str) -> frozenset[str]:
    return frozenset(map(folded, words.split()))


def _is_put_together(word: str) -> bool:
    """Whether a word is one for a total with what kind it is before it, as ``Endsumme`` is."""
    return any(word == first + last for last in _set(_LASTS) if word.endswith(last) for first in _set(_FIRSTS))


def _says_what_is_counted(cell: str) -> bool:
    """Whether a cell holds words for records and a count of them and nothing else, as ``60 Artikel`` does."""
    words = {word for word in plain(cell).split("_") if not word.isdigit()}
    counted = {*_COUNTED.split()}
    return bool(words & counted) and words <= counted | {*_COUNTS.split()} | {*_BESIDE.split()}


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
