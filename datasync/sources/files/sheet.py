"""The rows of a worksheet as they stream by: each cell as text, or why it has none.

A row or column that Excel hides is read like any other; whoever filters a list does not mean to delete the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from datasync.sources.files.cell_format import plain
from datasync.sources.files.markup import Content, walk
from datasync.sources.files.workbook import LONGEST_TEXT, Format, SharedTexts, unescaped
from datasync.unseen import looks_empty

_COLUMNS = 16_384  # a sheet has no more


@dataclass(slots=True)
class Row:
    """One row that the sheet lists, by its number there: texts by column (from 1), and cells that hold none and why."""

    number: int
    texts: dict[int, str] = field(default_factory=dict)
    spoilt: dict[int, str] = field(default_factory=dict)
    size: int = 0  # signs of its texts together

    @property
    def is_blank(self) -> bool:
        """Whether no cell of it has a value that can be seen."""
        return not self.spoilt and all(map(looks_empty, self.texts.values()))


def rows(content: Content, texts: SharedTexts, formats: Mapping[str, Format]) -> Iterator[Row]:
    """Every row of a sheet, those without a value too."""
    reader = _Rows(texts, formats)
    for _ in walk(content, reader):
        yield from reader.rows
        reader.rows.clear()


class _Rows:
    """A handler of a sheet's XML. A cell has its value in ``v``, or in the runs (``t``) of an inline text (``is``)."""

    def __init__(self, texts: SharedTexts, formats: Mapping[str, Format]) -> None:
        self._texts, self._formats = texts, formats
        self.rows: list[Row] = []
        self._row = Row(0)
        self._is_inside = self._is_value = self._is_phonetic = self._has_formula = False
        self._column, self._kind, self._style = 0, "n", ""
        self._pieces: list[str] = []
        self._length = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "c":
            place = attributes.get("r")
            self._column = _column(place) if place else self._column + 1
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._pieces, self._length, self._has_formula = [], 0, False
        elif tag == "v" or (tag == "t" and not self._is_phonetic):
            self._is_value = True
        elif tag == "f":
            self._has_formula = True
        elif tag == "row" and self._is_inside:
            number = attributes.get("r")
            self._row, self._column = Row(int(number) if number else self._row.number + 1), 0
        elif tag == "rPh":
            self._is_phonetic = True
        elif tag == "sheetData":
            self._is_inside = True

    def end(self, tag: str) -> None:
        if tag in {"v", "t"}:
            self._is_value = False
        elif tag == "c" and self._is_inside:
            self._take("".join(self._pieces))
        elif tag == "row" and self._is_inside:
            self.rows.append(self._row)
        elif tag == "rPh":
            self._is_phonetic = False
        elif tag == "sheetData":
            self._is_inside = False

    def text(self, text: str) -> None:
        if self._is_value and self._length <= LONGEST_TEXT:
            self._pieces.append(text)
            self._length += len(text)

    def _take(self, value: str) -> None:
        """Keep the cell that has ended, if anything is in it."""
        if self._column > _COLUMNS:
            return
        if self._kind == "e":
            self._row.spoilt[self._column] = f"{value[:20]}, an error of Excel's"
        elif self._has_formula and not value and self._kind != "str":
            self._row.spoilt[self._column] = "a formula whose value was not stored: open it in Excel and save it"
        elif value and (text := self._shown(value)):
            if len(text) > LONGEST_TEXT:
                self._row.spoilt[self._column] = f"a text of over {LONGEST_TEXT:,} signs"
            else:
                self._row.texts[self._column] = text
                self._row.size += len(text)

    def _shown(self, value: str) -> str:
        kind = self._kind
        if kind == "n":
            return self._formats.get(self._style, plain)(value)
        if kind == "s":
            return self._texts[int(value)]
        if kind == "b":
            return "true" if value == "1" else "false"
        if kind == "d":
            return value.removesuffix("Z").removesuffix(".000").removesuffix("T00:00:00")
        return unescaped(value) if "_x" in value else value


def letters(column: int) -> str:
    """A column's name: A, B, ..., AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _column(place: str) -> int:
    """A cell's column from its place: 28 of AB7."""
    column = 0
    for sign in place:
        if sign < "A":
            break
        column = column * 26 + (ord(sign) & 31)
    return column
