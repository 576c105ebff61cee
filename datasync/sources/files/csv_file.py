"""One CSV file: its header, what its records are by our own count, and what DuckDB reads of it.

A file in which nothing is odd is read as it lies there. Of any other a copy is read, on this worker's disk, in which
every record is well-formed; what is damaged goes to quarantine. What stands above the header is neither.
"""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

from datasync.errors import UnreadableFile
from datasync.quantity import quantity
from datasync.sources.files.csv_block import ENDS_CRLF, is_text
from datasync.sources.files.csv_cells import MOST, Cells
from datasync.sources.files.csv_copy import record_lines, write_copy
from datasync.sources.files.csv_scan import Scan, scan
from datasync.sources.files.csv_tally import SWALLOWED, Damage, Dialect, Extent
from datasync.sources.files.csv_title import (
    BEGINNING,
    DELIMITERS,
    Below,
    Written,
    named_delimiter,
    title_suspicion,
)
from datasync.sources.files.cut_outs import CUT_OUTS, Aside, CutOuts, why_too_long
from datasync.sources.files.file_listing import File, Location, opened
from datasync.sql import literal
from datasync.store.scratch import ScratchFolder
from datasync.unseen import trimmed

_HEADER = 1 << 20
_TAIL = 1 << 16
_DUCKDB_LONGEST = 2_000_000  # a longer record needs an option of its own
COPY = "copy.csv"
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_QUOTE = "a quote is not closed, or text stands behind a closing one"


@dataclass(frozen=True, slots=True)
class Rules:
    """The most bytes that a record may have, and the inner lines from which on one that reads as records is suspect."""

    longest: int
    least: int = SWALLOWED


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file that was looked at: its columns' names, and the ``header`` as it is written. ``copy``: what is read in
    its place; ``cut_outs``: where its damaged records are. ``above``: how many lines are no part of what is read.

    ``suspects``: sentences about records that may have swallowed others and are taken for whole. ``ends_inside``: the
    last record has no line end, and fewer cells than the header. ``delimiter``: the one that was named.
    """

    location: Location
    file: File
    names: tuple[str, ...]
    header: tuple[str, ...]
    dialect: Dialect
    scan: Scan
    folder: ScratchFolder | None = None
    suspects: tuple[str, ...] = field(default=())
    ends_inside: bool = False
    above: int = 0
    delimiter: str | None = None

    @property
    def copy(self) -> Path | None:
        return self.folder.path / COPY if self.folder else None

    @property
    def cut_outs(self) -> Path | None:
        return self.folder.path / CUT_OUTS if self.folder and self.scan.damages else None

    @property
    def options(self) -> str:
        """How DuckDB reads the file or its copy."""
        columns = ", ".join(f"{column_of(place)}: 'VARCHAR'" for place in range(len(self.names)))
        is_packed = self.file.is_gzip and not self.copy
        new_line = r"\r\n" if self.scan.styles == ENDS_CRLF and not self.copy else r"\n"
        longest = 1 << self.scan.largest.bit_length()
        return (
            f"columns = {{{columns}}}, header = true, delim = {literal(self.dialect.delimiter.decode())}, "
            f"quote = '\"', escape = '\"', new_line = '{new_line}', "
            f"compression = '{'gzip' if is_packed else 'none'}', auto_detect = false, store_rejects = true, "
            "rejects_limit = 0"
            + f", max_line_size = {longest}" * (self.scan.largest > _DUCKDB_LONGEST)
            + ", parallel = false" * self.scan.is_ambiguous  # its threads begin anywhere, and guess
        )

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The lines of the file in which some rows begin, by the numbers that DuckDB gives them, ascending."""
        cut = [damage.extent for damage in self.scan.damages]
        sign, with_empty = self.dialect.delimiter, self.copy is None
        with _content(self.location, self.file, self.above) as content:
            return record_lines(content, cut, sign, rows, with_empty=with_empty, above=self.above)

    def title_suspicion(self) -> str | None:
        """A sentence where the header has another number of cells than most records at the file's beginning."""
        with _content(self.location, self.file, self.above) as content:
            head = content.read(BEGINNING).removeprefix(codecs.BOM_UTF8)
        return title_suspicion(self.file.name, head, self.delimiter, self.above)


def column_of(place: int) -> str:
    """What DuckDB calls a column, by its place: a name of the header's may be any, one of our own among them."""
    return f"c{place}"


def look_at_csv(location: Location, file: File, written: Written, rules: Rules) -> CsvFile:
    """Look at one CSV file from its first byte to its last; UnreadableFile where its header cannot be read."""
    head, above, named = _head(location, file, written)
    header = head.lstrip(b"\r\n")
    delimiter = named or _delimiter(header)
    cells = _header(file, header, delimiter, above + 1 + len(_LINE_ENDS.findall(head[: len(head) - len(header)])))
    names = tuple(unlike([trimmed(name) for name in cells]))
    dialect = Dialect(delimiter.encode(), len(names), rules.longest, rules.least)
    with _content(location, file, above) as content:
        passing = _Passing(content)
        held = scan(cast("IO[bytes]", passing), dialect, above=above)
    if held.damages and held.damages[0].extent.start == len(head) - len(header):
        raise UnreadableFile(file.name, f"line {held.damages[0].extent.line}, the header: {_QUOTE}")
    suspects = tuple(_swallowed(file, record) for record in held.suspects)
    ends_inside = held.cut_off is not None and passing.ends_inside(held.cut_off, dialect)
    looked = CsvFile(location, file, names, cells, dialect, held, None, suspects, ends_inside, above, named)
    has_odd_lines = above or header != head or (len(names) == 1 and held.blank_lines)
    return looked if held.is_clean and not has_odd_lines else _copied(looked)


def _head(location: Location, file: File, written: Written) -> tuple[bytes, int, str | None]:
    """A file's beginning from where its header is looked for, how many lines stand above that, and the delimiter, if
    the settings, the first line or the file's name tell it.
    """
    head = _beginning(location, file, 0)
    excels = named_delimiter(head)
    above = max(written.header_line - 1, 1 if excels else 0)
    is_empty, head = not head.strip(), _beginning(location, file, above) if above else head
    if not head.strip():
        if is_empty:
            raise UnreadableFile(file.name, "it is empty")
        below = f"it has nothing from line {above + 1:,} on, where its header is looked for"
        raise UnreadableFile(file.name, below, "Mend header_line, or export it again.")
    tabs = "\t" if file.bare_name.lower().endswith(".tsv") else None
    return head, above, written.delimiter or excels or tabs


def _beginning(location: Location, file: File, above: int) -> bytes:
    with _content(location, file, above) as content:
        return content.read(_HEADER).removeprefix(codecs.BOM_UTF8)


class _Passing:
    """A file's bytes as they pass; the last of them are remembered."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content, self._tail = content, b""

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(size)
        self._tail = (self._tail[-_TAIL:] + block)[-_TAIL:] if len(block) < _TAIL else block[-_TAIL:]
        return block

    def ends_inside(self, last: Extent, dialect: Dialect) -> bool:
        """Whether the record that the file ends with lacks cells; one that is too long to be remembered does not."""
        size = last.end - last.start
        cells = Cells(dialect.delimiter)
        cells.take(self._tail[-size:], is_last=True)
        return size <= _TAIL and len(cells.known) < dialect.cells


@contextmanager
def _content(location: Location, file: File, above: int) -> Iterator[IO[bytes]]:
    """What all of this module takes for the file's bytes, in UTF-8: those below the lines ``above``. Another encoding
    would be decoded here, and the file be read from its copy.
    """
    with opened(location, file) as content:
        yield Below(content, above).file if above else content


def _copied(looked: CsvFile) -> CsvFile:
    """The same with a copy that every reader gets right, and its damaged records aside."""
    folder, damages = ScratchFolder(), looked.scan.damages
    records, extents = CutOuts(folder), [damage.extent for damage in damages]
    aside = Aside(
        records,
        looked.file.name,
        extents,
        lambda number: _cells(looked, damages[number]),
        lambda number: _sentence(looked, damages[number]),
    )
    content_below = _content(looked.location, looked.file, looked.above)
    with content_below as content, open(folder.path / COPY, "wb") as target:
        write_copy(content, extents, looked.dialect.delimiter, target, aside.take)
    records.close()
    return replace(looked, folder=folder)


def _cells(looked: CsvFile, damage: Damage) -> Cells:
    return Cells(looked.dialect.delimiter, looked.names, within_a_line=damage.reason == "swallowed")


def _sentence(looked: CsvFile, damage: Damage) -> str:
    if damage.reason == "swallowed":
        return _swallowed(looked.file, damage.extent)
    too_long = why_too_long(damage.extent, looked.dialect.longest)
    why = {"malformed": _QUOTE, "undecodable": "it is not UTF-8", "too-long": too_long}[damage.reason]
    return f"Line {damage.extent.line:,} of {looked.file.name}: {why}."


def _swallowed(file: File, record: Extent) -> str:
    return f"Line {record.line:,} swallowed {quantity(record.lines - 2, 'line')} of {file.name}: a quote is not closed?"


def _header(file: File, header: bytes, delimiter: str, line: int) -> tuple[str, ...]:
    cells = _header_cells(header, delimiter)
    if not cells.is_over and len(header) >= _HEADER:
        raise UnreadableFile(file.name, f"line {line:,}, the header, has no end within 1 MB")
    if any(name is None or "\0" in name for name in cells.known):
        raise UnreadableFile(file.name, f"line {line:,}, the header, {_why_no_name(header)}")
    return tuple(name or "" for name in cells.known)


def _header_cells(header: bytes, delimiter: str) -> Cells:
    cells = Cells(delimiter.encode())
    cells.take(header, is_last=len(header) < _HEADER)
    return cells


def _why_no_name(header: bytes) -> str:
    """Why a name in a header is none."""
    if is_text(header[:_HEADER].rpartition(b"\n")[0] or header):
        return f"has a name with a zero byte in it, or one of over {MOST:,} bytes"
    return "is not UTF-8. Save it as CSV UTF-8, or name its encoding: `datasync init` tells what it is"


def _delimiter(header: bytes) -> str:
    """The sign by which the header has most cells; the comma if none divides it."""
    return max(DELIMITERS, key=lambda sign: len(_header_cells(header, sign).known))


def unlike(names: Sequence[str]) -> list[str]:
    """Column names that SQL can tell apart: an empty one is called by its place, a repeated one gets a number."""
    taken: dict[str, str] = {}
    for place, header in enumerate(names, 1):
        name = header or f"column_{place}"
        numbered = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        free = next(candidate for candidate in numbered if candidate.lower() not in taken)
        taken[free.lower()] = free
    return list(taken.values())
