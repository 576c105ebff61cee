"""One file of JSON lines: its lines by our own count, and what DuckDB reads of it.

The records are the lines that hold more than blanks. A line that is too long, not UTF-8 or nested too deep is cut out.
A file with one, with lone CRs for line ends, with a byte order mark or with numbers that a reader would write in
another way is read from a copy on this worker's disk.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from datasync.errors import UnreadableFile
from datasync.sources.files.csv_block import CR, Block, Numbers, Truths
from datasync.sources.files.csv_copy import Remainder
from datasync.sources.files.csv_pieces import Pieces
from datasync.sources.files.csv_tally import Extent
from datasync.sources.files.cut_outs import CUT_OUTS, Aside, CutOuts, why_too_long
from datasync.sources.files.file_listing import File, Location, opened
from datasync.sources.files.json_fields import JsonFields
from datasync.sources.files.json_numbers import may_be_rounded, quoted
from datasync.sources.files.lines import BLANK, not_blank
from datasync.sources.files.text_file import ends_inside
from datasync.store.scratch import ScratchFolder

DEEPEST = 200  # levels of lists and objects; no product has as many, and what reads JSON further on has its own limit
_HEAD = 64 * 1024
_COPY = "copy.jsonl"
_LIST, _OBJECT = b"[{"
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_WHOLE_SIGN = re.compile(rb"\\\\|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}")
_HALF = "it holds half of a sign that takes two"
_STEPS = np.zeros(256, np.int64)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
_DOCUMENT = "it is one JSON document, and JSON lines are wanted: one object a line, as `jq -c '{}'` makes of {}"
_OWN = {"sku", "id", "name", "title", "price", "code", "ean", "gtin"}  # what a product has beside a list
_RECORDS = {  # what the products of a whole catalog stand under
    *("products", "product", "items", "item", "data", "results", "result", "records", "rows", "articles", "entries"),
    *("value", "docs", "documents", "hits", "catalog"),
    *("produkte", "artikel", "produits", "productos", "articulos", "prodotti", "articoli", "producten", "artikelen"),
    *("produtos", "produkty", "artykuly", "towary"),
}


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that the reader does not get, and why."""

    extent: Extent
    why: str


@dataclass(slots=True)
class JsonScan:
    """What a whole file holds: how many records, which are cut out, the longest, whether a lone CR ends a line, and
    whether it may hold numbers that a reader would write in another way.
    """

    records: int = 0
    largest: int = 0
    has_lone_returns: bool = False
    has_odd_numbers: bool = False
    bad: tuple[BadLine, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A file of JSON lines that was looked at: the keys at its beginning, what it holds, and where its copy is, if it
    has one. ``ends_inside``: it ends in the middle of a record.
    """

    location: Location
    file: File
    names: tuple[str, ...]
    scan: JsonScan
    ends_inside: bool = False
    folder: ScratchFolder | None = None

    @property
    def copy(self) -> Path | None:
        """What is read in the file's place."""
        return self.folder.path / _COPY if self.folder else None

    @property
    def cut_outs(self) -> Path | None:
        """The file of the records that are cut out."""
        return self.folder.path / CUT_OUTS if self.folder and self.scan.bad else None

    @property
    def cut(self) -> Sequence[Extent]:
        """Where the records that are cut out stand."""
        return [line.extent for line in self.scan.bad]

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """What is read: the copy, or the file."""
        if self.copy:
            with open(self.copy, "rb") as content:
                yield content
        else:
            with _content(self.location, self.file) as content:
                yield content

    @contextmanager
    def originals(self) -> Iterator[IO[bytes]]:
        """The same records as they stand in the file; a line ends with LF."""
        if self.scan.has_lone_returns:
            with self.opened() as content:
                yield content
        else:
            with _content(self.location, self.file) as content:
                yield Remainder(content, self.cut, lambda number, data: None).file


def look_at_json(location: Location, file: File, longest: int) -> JsonFile:
    """Look at one file from its first byte to its last; UnreadableFile where it holds nothing, or one document."""
    with _content(location, file) as content:
        head = content.read(_HEAD)
    names = _names(file, head.removeprefix(codecs.BOM_UTF8))
    with _content(location, file) as content:
        looked = JsonFile(location, file, names, scan_lines(content, longest), ends_inside(location, file))
    if not looked.scan.records:
        raise UnreadableFile(file.name, "it is empty")
    is_odd = head.startswith(codecs.BOM_UTF8) or (file.is_gzip and not file.path.endswith(".gz"))
    is_odd |= bool(looked.scan.bad) or looked.scan.has_lone_returns or looked.scan.has_odd_numbers
    return _copied(looked) if is_odd else looked


def scan_lines(content: IO[bytes], longest: int) -> JsonScan:
    """Count a file's records in one walk."""
    held, bad, offset, line = JsonScan(), list[BadLine](), 0, 1
    start: int | None = None  # of a line that comes in parts, and whether it holds more than blanks
    is_full = False
    for piece in Pieces(content, longest):
        start = offset if start is None else start
        offset += len(piece.data) - piece.is_cut_off
        if piece.kind == "lines":
            block = Block(piece.data, b"", start, line, is_cut_off=piece.is_cut_off)
            bad += _read_block(held, block, longest)
            line += len(block)
            start = None
            continue
        is_full |= bool(piece.data.strip(BLANK))
        if piece.kind == "rest":
            extent = Extent(start, offset, line)
            bad += [BadLine(extent, why_too_long(extent, longest))] * is_full
            held.records, line, start, is_full = held.records + is_full, line + 1, None, False
    held.bad = tuple(bad)
    held.largest += held.largest * held.has_odd_numbers  # two quotes for each number and what parts it from the next
    return held


def _read_block(held: JsonScan, block: Block, longest: int) -> Iterator[BadLine]:
    """Count the records of a block; those that are bad."""
    full = not_blank(block.data, block.starts, block.ends)
    sizes = block.ends[full] + 1 - block.starts[full]
    held.records += len(full)
    held.has_lone_returns |= block.has_returns and bool((block.bytes[block.ends] == CR).any())
    held.has_odd_numbers = held.has_odd_numbers or may_be_rounded(block.data)
    is_half = _halves(block)
    is_odd = (sizes > longest) | is_half[full] | block.is_undecodable[full] | (_brackets(block)[full] > DEEPEST)
    for number in np.flatnonzero(is_odd).tolist():
        at = int(full[number])
        extent = Extent(block.begin_of(at), block.end_of(at), block.line + at)
        if why := _why_bad(block, at, extent, longest) or _HALF * bool(is_half[at]):
            sizes[number] = 0
            yield BadLine(extent, why)
    held.largest = max(held.largest, int(sizes.max(initial=0)))


def _halves(block: Block) -> Truths:
    """Which lines hold half of a sign that takes two, which is no text; Python writes it where a text was cut."""
    halves = np.zeros(len(block), np.bool_)
    if b"\\ud" not in block.data and b"\\uD" not in block.data:  # which looks faster than a pattern does
        return halves
    escapes = np.array([escape.start() for escape in _SURROGATE.finditer(block.data)], np.int64)
    for line in np.unique(np.searchsorted(block.ends, escapes)).tolist():
        text = block.data[block.starts[line] : block.ends[line]]
        halves[line] = _SURROGATE.search(_WHOLE_SIGN.sub(b"", text)) is not None
    return halves


def _brackets(block: Block) -> Numbers:
    """How many brackets open in each line, in texts or not."""
    opening = np.flatnonzero((block.bytes == _LIST) | (block.bytes == _OBJECT))
    return np.diff(np.searchsorted(opening, block.ends), prepend=0)


def _why_bad(block: Block, line: int, extent: Extent, longest: int) -> str:
    if extent.end - extent.start > longest:
        return why_too_long(extent, longest)
    if block.is_undecodable[line]:
        return "it is not UTF-8"
    depth = _depth(block.data[block.starts[line] : block.ends[line]])
    return f"it is nested {depth:,} deep, and {DEEPEST} is the most" if depth > DEEPEST else ""


def _depth(line: bytes) -> int:
    """How deep a line is nested."""
    structure = np.frombuffer(_STRING.sub(b"", line), np.uint8)
    return int(np.cumsum(_STEPS[structure]).max(initial=0))


def _copied(looked: JsonFile) -> JsonFile:
    """The same with a copy that DuckDB gets right, and its bad lines aside."""
    folder = ScratchFolder()
    records, bad = CutOuts(folder), looked.scan.bad
    place = looked.file.name
    aside = Aside(
        records,
        place,
        looked.cut,
        lambda number: JsonFields(),
        lambda number: f"Line {bad[number].extent.line:,} of {place}: {bad[number].why}.",
    )
    with _content(looked.location, looked.file) as content, open(folder.path / _COPY, "wb") as target:
        for piece in Pieces(Remainder(content, looked.cut, aside.take).file, 1 << 62):
            lines = piece.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in piece.data else piece.data
            target.write(quoted(lines) if looked.scan.has_odd_numbers and may_be_rounded(lines) else lines)
    records.close()
    return replace(looked, folder=folder)


@contextmanager
def _content(location: Location, file: File) -> Iterator[IO[bytes]]:
    """What all of this module takes for the file's bytes, in UTF-8. Another encoding would be decoded here, and the
    file be read from its copy.
    """
    with opened(location, file) as content:
        yield content


def _names(file: File, head: bytes) -> tuple[str, ...]:
    """The keys at the beginning of a file; UnreadableFile where that is the beginning of one JSON document."""
    lines = head.strip(BLANK).splitlines()
    objects = list(filter(None, map(_object, lines)))
    is_list = bool(lines) and lines[0].startswith(b"[") and (len(lines) == 1 or not _is_json(lines[0]))
    if is_list or (not objects and len(lines) > 1 and lines[0].startswith(b"{")):
        raise UnreadableFile(file.name, _DOCUMENT.format(".[]", "a list"))
    if len(lines) == 1 and (key := _list_of_records(objects) or _cut_off_list(objects, lines[0])):
        raise UnreadableFile(file.name, _DOCUMENT.format(f".{_step(key)}[]", repr(key)))
    return tuple(dict.fromkeys(key for record in objects for key in record))


def _list_of_records(objects: Sequence[dict[str, object]]) -> str | None:
    """The key of the only object that holds a list of products, where nothing beside it is a product's own."""
    if len(objects) != 1 or _OWN & {key.lower() for key in objects[0]}:
        return None
    lists = [key for key, value in objects[0].items() if _is_of_objects(value)]
    return lists[0] if len(lists) == 1 and lists[0].lower() in _RECORDS else None


def _cut_off_list(objects: Sequence[dict[str, object]], line: bytes) -> str | None:
    """The same key of an object that is longer than the beginning that was read."""
    begun = None if objects else re.match(rb'\{\s*"(\w+)"\s*:\s*\[\s*\{', line)
    key = begun[1].decode(errors="replace") if begun else ""
    return key if key.lower() in _RECORDS else None


def _is_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(element, dict) for element in value)


def _step(key: str) -> str:
    """A key as jq reads it behind a point."""
    return key if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) else json.dumps(key)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _object(line: bytes) -> dict[str, object] | None:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None
