"""What stands above the header of a CSV file: titles, and Excel's `sep=;`, which names the delimiter.

None of it is a record. Where the settings do not say how many lines that is, the rows of a file's beginning tell.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, cast

from datasync.quantity import quantity

BEGINNING = 1 << 18  # bytes of a file that tell what its first lines are
DELIMITERS = ",;\t|"
_BLOCK = 1 << 20
_LINE_END = re.compile(rb"\r\n|\n|\r(?!\Z)")  # an LF may follow the CR that stands last
_NAMED_DELIMITER = re.compile(r"""("?)sep=([^"\r\n])\1[\r\n]""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Written:
    """What the settings say of how CSV files are written: their delimiter, and the line their header begins on."""

    delimiter: str | None = None
    header_line: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file's beginning, and the line it begins on."""

    line: int
    cells: tuple[str, ...]

    @property
    def filled(self) -> tuple[str, ...]:
        """The cells that hold something."""
        return tuple(cell.strip() for cell in self.cells if cell.strip())


class Below:
    """A file without its byte order mark and its first ``lines`` lines."""

    def __init__(self, content: IO[bytes], lines: int) -> None:
        self._content, self._waiting = content, _behind(content, lines)

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, or fewer at the end."""
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        return data + self._content.read(size - len(data)) if len(data) < size else data

    @property
    def file(self) -> IO[bytes]:
        """This, as what it is to whoever reads it."""
        return cast("IO[bytes]", self)


def _behind(content: IO[bytes], lines: int) -> bytes:
    """Read past some lines; gives the bytes behind them that were read too."""
    data, at = content.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8), 0
    while lines:
        if end := _LINE_END.search(data, at):
            at, lines = end.end(), lines - 1
        elif more := content.read(_BLOCK):
            data, at = b"\r" * data.endswith(b"\r", at) + more, 0
        else:
            return b""
    return data[at:]


def named_delimiter(head: bytes) -> str | None:
    """The delimiter that a file's first line names for Excel, as `sep=;`."""
    line = _NAMED_DELIMITER.match(head[:16].decode(errors="ignore"))
    return line[2] if line else None


def first_rows(head: bytes, delimiter: str, above: int = 0) -> list[Row]:
    """The rows of a file's beginning; ``above`` is how many lines stand before it. The last one may be cut off."""
    rows, line = [], above + 1
    try:
        reader = csv.reader(io.StringIO(head.decode(errors="replace"), newline=""), delimiter=delimiter)
        for cells in reader:
            rows += [Row(line, tuple(cells))] * bool(cells)
            line = above + 1 + reader.line_num
    except (csv.Error, TypeError, ValueError):  # a cell without an end, or a sign that the reader does not take
        return rows
    return rows[:-1] if len(head) >= BEGINNING else rows


def usual_cells(rows: Sequence[Row]) -> int:
    """How many cells most of some rows have; 0 if no number of them is that of most."""
    number, count = Counter(len(row.cells) for row in rows).most_common(1)[0] if rows else (0, 0)
    return number if 2 * count > len(rows) else 0


def dividing(head: bytes, delimiter: str | None, above: int = 0) -> list[Row]:
    """The first rows by a delimiter, or else by the one that divides most rows below the first into most cells."""
    readings = [first_rows(head, sign, above) for sign in delimiter or DELIMITERS]
    return max(readings, key=lambda rows: usual_cells(rows[1:]))


def title_suspicion(name: str, head: bytes, delimiter: str | None, above: int) -> str | None:
    """A sentence where the first row of ``head`` has another number of cells than those below: it may be a title."""
    first, *others = dividing(head, delimiter, above) or [Row(1, ())]
    usual = usual_cells(others) if len(others) > 1 else 0  # a header and a record stand below a title
    if usual < 2 or usual == len(first.cells):
        return None
    line = next(row.line for row in others if len(row.cells) == usual)
    cells = quantity(len(first.cells), "cell")
    title = f"if line {first.line:,} is a title, say header_line: {line}"
    return f"Line {first.line:,} of {name} has {cells} and the records below have {usual:,}: {title}."
