"""A sheet as a table of texts on this worker's disk: an XLSX file is read once, as a stream, and is whole or refused.

The header is the first row with two cells or more; what stands above it is a title. A column without a header has no
name to be mapped by, and is not read. Every row below the header that the sheet lists is a row of the table.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, dropwhile, islice
from pathlib import Path
from typing import IO

from datasync.errors import UnreadableFile
from datasync.sources.files.file_listing import File, Location, opened
from datasync.sources.files.growth import Growth
from datasync.sources.files.markup import Content
from datasync.sources.files.sheet import Row, letters, rows
from datasync.sources.files.workbook import Sheet, Workbook, whole
from datasync.store.scratch import ScratchFolder
from datasync.unseen import trimmed

_BATCH = 8_192
_ROOM = 1 << 25  # signs of the texts that wait to be written
_ABOVE = 20  # so many lines at most can stand above a header
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_ROWS = "rows.parquet"
_TAG = 64  # so much of a tag is enough to know it


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet's rows in a Parquet file: a text column for each letter of ``headers``, and ``blank`` and ``spoilt``.

    ``blank``: no cell of the row has a value. ``spoilt``: the cells that have none to give (``column``, a letter, or
    empty for the whole row) and a ``sentence``. ``count`` is how many rows there are, counted apart from reading them.
    """

    folder: ScratchFolder
    headers: Mapping[str, str]
    count: int
    notes: tuple[str, ...]

    @property
    def path(self) -> str:
        """The file's path."""
        return str(self.folder.path / _ROWS)


def read_sheet(location: Location, file: File, sheet: str | int, header_line: int = 1) -> Table:
    """One sheet of a workbook; UnreadableFile where the workbook is not whole, or has no such sheet.

    ``header_line`` is the row of the header; 1 stands for the first row that looks like one.
    """
    folder = ScratchFolder()
    with whole(file.name), opened(location, file) as raw, _seekable(raw, folder) as content:
        book = Workbook(content, file.name, file.size)
        chosen = _chosen(book.sheets, file.name, sheet)
        with book.open(chosen.part) as part:
            counted = _RowCount(part)
            header, below = _header(rows(counted, book.texts(), book.formats()), header_line)
            if header is None or not header.columns:
                nothing = f"has nothing from row {header_line:,} on" if header_line > 1 else "is empty"
                raise UnreadableFile(file.name, f"its sheet {chosen.name!r} {nothing}")
            _write(folder.path / _ROWS, header, _chunks(below, book.cells), chosen.name)
    columns = {letters(column): text for column, text in header.columns.items()}
    notes = tuple(_notes(book.sheets, file.name, sheet, header))
    return Table(folder, columns, counted.total() - header.place, notes)


def _chosen(sheets: Sequence[Sheet], name: str, wanted: str | int) -> Sheet:
    """The sheet of a name, or of a number among those that Excel shows."""
    known, shown = {sheet.name.casefold(): sheet for sheet in reversed(sheets)}, _shown(sheets)
    if isinstance(wanted, str) and wanted.casefold() in known:
        return known[wanted.casefold()]
    if isinstance(wanted, int) and 0 <= wanted < len(shown):
        return shown[wanted]
    listed = ", ".join(sheet.name for sheet in sheets) or "none"
    raise UnreadableFile(name, f"it has no sheet {wanted!r}. Its sheets: {listed}. `sheet` in the scope names one")


def _notes(sheets: Sequence[Sheet], name: str, wanted: str | int, header: _Header) -> Iterator[str]:
    others = [sheet.name for sheet in _shown(sheets)[1:]]
    if wanted == 0 and others:
        yield f"{name}: its first sheet is read, and not {', '.join(others)}. `sheet` in the scope names another."
    if header.is_below_title:
        yield f"{name}: row {header.number} is its header; what stands above is taken for a title."


def _shown(sheets: Sequence[Sheet]) -> list[Sheet]:
    return [sheet for sheet in sheets if not sheet.is_hidden]


@dataclass(frozen=True, slots=True)
class _Header:
    """The row that names the columns: its number, which of the rows that the sheet lists it is, and the names."""

    number: int
    place: int
    texts: Mapping[int, str]
    is_below_title: bool

    @property
    def columns(self) -> Mapping[int, str]:
        """The columns that have a name, from left to right."""
        return {column: name for column, text in sorted(self.texts.items()) if (name := trimmed(text))}


def _header(listed: Iterator[Row], number: int) -> tuple[_Header | None, Iterator[Row]]:
    """The header, and the rows below it. Rows without a value in front of all others are nothing, and so is what stands
    above the row ``number``.
    """
    numbered = dropwhile(lambda pair: pair[1].is_blank or pair[1].number < number, enumerate(listed, 1))
    first = list(islice(numbered, _ABOVE))
    if not first:
        return None, iter(())
    with_several = (at for at, (_, row) in enumerate(first) if len(row.texts) > 1)
    at = next(with_several, 0) if number == 1 else 0
    place, row = first[at]
    below = (row for _, row in chain(first[at + 1 :], numbered))
    return _Header(row.number, place, row.texts, is_below_title=at > 0), below


def _chunks(below: Iterator[Row], growth: Growth) -> Iterator[list[Row]]:
    """The rows, some thousand at a time, or fewer where their texts are long."""
    chunk, size = [], 0
    for row in below:
        chunk.append(row)
        size += row.size
        growth.add(row.size)
        if len(chunk) == _BATCH or size > _ROOM:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _write(file: Path, header: _Header, chunks: Iterator[list[Row]], sheet: str) -> None:
    """Write the rows to a file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [(letters(column), pa.string()) for column in header.columns]
    spoilt = pa.list_(pa.struct([("column", pa.string()), ("sentence", pa.string())]))
    schema = pa.schema([*texts, ("blank", pa.bool_()), ("spoilt", spoilt)])
    with pq.ParquetWriter(file, schema, compression="lz4", use_dictionary=False) as writer:
        for chunk in chunks:
            columns = [[row.texts.get(column) for row in chunk] for column in header.columns]
            problems = [_problems(row, header, sheet) for row in chunk]
            lists = [*columns, [row.is_blank for row in chunk], problems]
            arrays = [pa.array(values, kind) for values, kind in zip(lists, schema.types, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=schema))


def _problems(row: Row, header: _Header, sheet: str) -> list[dict[str, str]] | None:
    """What a reader should know of a row: its cells that have no value to give; one that only repeats the header."""
    if row.texts == header.texts:
        return [{"column": "", "sentence": f"Row {row.number} of the sheet {sheet!r} repeats the header."}]
    if not row.spoilt:
        return None
    return [
        {"column": letter, "sentence": f"{letter}{row.number} of the sheet {sheet!r} holds {why}."}
        for letter, why in ((letters(column), why) for column, why in row.spoilt.items())
    ]


class _RowCount:
    """A sheet's XML on its way to the reader: the tags of rows in it are counted by their text alone."""

    def __init__(self, content: Content) -> None:
        self._content, self._rows, self._rest = content, 0, b""

    def read(self, size: int) -> bytes:
        block = self._content.read(size)
        if b"\0" in block:
            raise ValueError("a sheet that is not UTF-8")
        text = self._rest + block
        cut = max(text.rfind(b"<"), 0)
        self._rows += len(_ROW.findall(text[:cut]))
        self._rest = text[cut : cut + _TAG] if cut or len(text) > _TAG else text
        return block

    def total(self) -> int:
        """How many rows came by, once all has been read."""
        return self._rows + len(_ROW.findall(self._rest))


@contextmanager
def _seekable(content: IO[bytes], folder: ScratchFolder) -> Iterator[IO[bytes]]:
    """The content, copied to the disk where it can only be read from its beginning to its end."""
    if content.seekable():
        yield content
        return
    copy = folder.path / "book.xlsx"
    with open(copy, "wb") as file:
        shutil.copyfileobj(content, file)
    with open(copy, "rb") as file:
        yield file
