"""Title lines above the header of a CSV file, told from the file's beginning.

Nothing is a title that may be a header: only a line with another number of cells than most of those below, or with few
of them filled, above one whose cells read as names.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from datasync.sources.files.csv_title import BEGINNING, Row, dividing, named_delimiter, usual_cells
from datasync.sources.files.file_listing import beginning, locate
from datasync.starter.names import is_known

_LINES = 20  # the header begins in one of so many
_SOME = 2
_NEARLY = 0.8  # a total line may stand below
_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Title:
    """The line that the header begins on, and what stands in the filled cells above it."""

    header_line: int
    texts: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What stands above the header, in words."""
        return f"what stands above is no record: {', '.join(self.texts)}"


def title_of(file: str, encoding: str | None) -> Title | None:
    """The title lines of a CSV file, if it begins with some."""
    raw = beginning(locate(file, {}, "default", "exports"), BEGINNING)
    head = codecs.getincrementaldecoder(encoding or "utf-8")(errors="replace").decode(raw).encode(errors="replace")
    return _title(head.removeprefix(codecs.BOM_UTF8))


def _title(head: bytes) -> Title | None:
    named = named_delimiter(head)
    rows = dividing(head, named)[1 if named else 0 :]
    for at, row in enumerate(rows):
        if row.line > _LINES or not _is_usual(row, rows[at + 1 :]):
            continue
        if at and _is_header(row) and all(_is_title(above, row, rows[at + 1 :]) for above in rows[:at]):
            return Title(row.line, tuple(cell for above in rows[:at] for cell in above.filled))
        if not _is_sparse(row):
            return None
    return None


def _is_usual(row: Row, below: Sequence[Row]) -> bool:
    """Whether a row has the number of cells of most rows below it, and that is a table's."""
    return len(row.cells) > 1 and len(row.cells) == usual_cells(below)


def _is_header(row: Row) -> bool:
    """Whether all cells of a row are filled, differ and have letters, but for empty ones at its end."""
    names = row.filled
    last = max((place for place, cell in enumerate(row.cells, 1) if cell.strip()), default=0)
    return 1 < len(names) == last == len(set(names)) and all(map(_LETTER.search, names))


def _is_title(above: Row, header: Row, below: Sequence[Row]) -> bool:
    """Whether a row is no header, and the one below it is."""
    differs = len(above.cells) != len(header.cells) or len(above.filled) * 2 <= len(header.cells)
    return differs and not _has_known_names(above) and (_has_known_names(header) or _names_numbers(header, below))


def _is_sparse(row: Row) -> bool:
    """Whether at most half of a row's cells are filled."""
    return len(row.filled) * 2 <= len(row.cells)


def _names_numbers(header: Row, below: Sequence[Row]) -> bool:
    """Whether a cell without a digit stands over a column in which nearly every filled cell has some."""
    columns = zip(header.cells, *(row.cells for row in below if len(row.cells) == len(header.cells)), strict=True)
    return any(not _DIGIT.search(name) and _are_numbers(cells) for name, *cells in columns)


def _are_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and sum(bool(_DIGIT.search(cell)) for cell in filled) >= _NEARLY * len(filled)


def _has_known_names(row: Row) -> bool:
    """Whether some cells of a row are what fields are called."""
    return sum(map(is_known, row.filled)) >= _SOME
