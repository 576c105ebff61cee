"""An XLSX workbook's parts: its sheets by name, the texts that cells share, and how numbers are shown.

openpyxl would do, but it keeps every shared text as a Python object, takes a formula without a stored value for an
empty cell, and does not know strict workbooks.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from posixpath import dirname, join, normpath, split
from typing import IO
from xml.parsers.expat import ExpatError

from datasync.errors import UnreadableFile
from datasync.secrets import log_foreign
from datasync.sources.files.cell_format import BUILT_IN, text_of
from datasync.sources.files.growth import Growth
from datasync.sources.files.markup import Content, Entities, collect, walk

_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 0xFFFF
_OLD = b"\xd0\xcf\x11\xe0"  # how an .xls begins, and an .xlsx under a password
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ExpatError, ValueError)

LONGEST_TEXT = 1 << 20  # signs of a cell; Excel itself has 32,767

Format = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name, the part of the file that it is, and whether Excel hides it."""

    name: str
    part: str
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class _Relation:
    """What one part says of another: the other's kind and its name."""

    key: str
    kind: str
    part: str


@contextmanager
def whole(name: str) -> Iterator[None]:
    """Whatever shows that a workbook is not whole as an UnreadableFile that says so."""
    try:
        yield
    except Entities:
        raise UnreadableFile(name, "its XML declares entities, which no workbook does") from None
    except _DAMAGE as error:
        log_foreign(name, error)
        raise UnreadableFile(name, "a part of the workbook is damaged, or was cut off") from None


class Workbook:
    """An XLSX file that is open for reading; its parts are read as streams.

    ``cells`` counts the text of its cells, because many can share a long one.
    """

    def __init__(self, content: IO[bytes], name: str, size: int) -> None:
        _refuse_what_is_no_zip(content, name)
        self._name, self._growth, self.cells = name, Growth(name, size), Growth(name, size)
        self._zip = zipfile.ZipFile(content)
        self._parts = {part.lower(): part for part in self._zip.namelist()}
        self._book = next((r.part for r in self._relations("") if r.kind == "officedocument"), "xl/workbook.xml")
        self._related = self._relations(self._book)
        self.is_1904 = False
        self.sheets: list[Sheet] = []
        self._collect(self._book, self._settle)

    @contextmanager
    def open(self, part: str) -> Iterator[Content]:
        """A part's content, counted as it comes out."""
        if part.lower() not in self._parts:
            raise UnreadableFile(self._name, f"it is no XLSX workbook, or one without its part {part[:80]}")
        info = self._zip.getinfo(self._parts[part.lower()])
        if info.flag_bits & 1:
            raise UnreadableFile(self._name, "it is protected by a password: save it without one")
        with self._zip.open(info) as content:
            yield _Counted(content, self._growth)

    def formats(self) -> dict[str, Format]:
        """How a number becomes text, by the number of its cell's style, as a sheet writes that."""
        styles = _Styles()
        for part in self._of_kind("styles"):
            self._collect(part, styles.take)
        codes = [styles.codes.get(number) or BUILT_IN.get(number, "") for number in styles.numbers]
        known = {code: text_of(code, is_1904=self.is_1904) for code in set(codes)}
        return {str(style): known[code] for style, code in enumerate(codes)}

    def texts(self) -> SharedTexts:
        """The texts that cells name by their number."""
        texts = SharedTexts()
        for part in self._of_kind("sharedstrings"):
            with self.open(part) as content:
                for _ in walk(content, texts):
                    pass
        return texts

    def _of_kind(self, kind: str) -> list[str]:
        return [relation.part for relation in self._related if relation.kind == kind][:1]

    def _collect(self, part: str, take: Callable[[str, Mapping[str, str]], None]) -> None:
        with self.open(part) as content:
            collect(content, take)

    def _relations(self, part: str) -> list[_Relation]:
        folder, name = split(part)
        listed = f"{folder}/_rels/{name}.rels".lstrip("/")
        relations: list[_Relation] = []

        def take(tag: str, attributes: Mapping[str, str]) -> None:
            if tag == "Relationship":
                target = normpath(join("/", dirname(part), attributes.get("Target", ""))).lstrip("/")
                kind = attributes.get("Type", "").rpartition("/")[2].lower()
                relations.append(_Relation(attributes.get("Id", ""), kind, target))

        if listed.lower() in self._parts:
            self._collect(listed, take)
        return relations

    def _settle(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "workbookPr":
            self.is_1904 = attributes.get("date1904") in ("1", "true")
        elif tag == "sheet":
            key = next((value for name, value in attributes.items() if name.rpartition(":")[2] == "id"), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            for relation in self._related:
                if relation.key == key and relation.kind == "worksheet":  # a sheet can also be a chart
                    self.sheets.append(Sheet(attributes.get("name", ""), relation.part, is_hidden))


class SharedTexts:
    """The texts that cells share, one after the other in one run of bytes."""

    def __init__(self) -> None:
        self._bytes, self._ends, self._length = bytearray(), array("Q", [0]), 0
        self._is_text = self._is_phonetic = False

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self._ends) - 1:
            raise ValueError(f"no shared text {number}")
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode()

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """A text consists of runs (``t``); how its signs are pronounced (``rPh``) is no part of it."""
        self._is_phonetic |= tag == "rPh"
        self._is_text = tag == "t" and not self._is_phonetic

    def end(self, tag: str) -> None:
        """Another text is whole."""
        self._is_text = False
        self._is_phonetic &= tag != "rPh"
        if tag == "si":
            start = self._ends[-1]
            if b"_x" in self._bytes[start:]:
                self._bytes[start:] = unescaped(self._bytes[start:].decode()).encode()
            self._ends.append(len(self._bytes))
            self._length = 0

    def text(self, text: str) -> None:
        """A piece of the text; of one that is too long for a cell, no more than tells so."""
        if self._is_text and self._length <= LONGEST_TEXT:
            self._bytes += text.encode()
            self._length += len(text)


class _Styles:
    """The number of each style's format, and the formats that are the workbook's own."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.codes: dict[int, str] = {}
        self._is_cells = False

    def take(self, tag: str, attributes: Mapping[str, str]) -> None:
        """``cellXfs`` lists the cells' styles; other lists of the same elements stand around it."""
        if tag == "numFmt":
            self.codes.setdefault(int(attributes.get("numFmtId", "0")), attributes.get("formatCode", ""))
        elif tag in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            self._is_cells = tag == "cellXfs"
        elif tag == "xf" and self._is_cells:
            self.numbers.append(int(attributes.get("numFmtId", "0")))


class _Counted:
    """A stream whose growth is watched."""

    def __init__(self, content: IO[bytes], growth: Growth) -> None:
        self._content, self._growth = content, growth

    def read(self, size: int) -> bytes:
        block = self._content.read(size)
        self._growth.add(len(block))
        return block


def unescaped(text: str) -> str:
    """Text with its signs for ``_xHHHH_``, which is how a sheet writes those that XML has not."""
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _refuse_what_is_no_zip(content: IO[bytes], name: str) -> None:
    """A whole zip file begins with its first part and ends with its end record: nothing follows."""
    start = content.read(4)
    if start == _OLD:
        raise UnreadableFile(name, "it is an old .xls, or protected by a password: save it as .xlsx without one")
    if start[:2] != b"PK":
        raise UnreadableFile(name, "it is no XLSX workbook: its content is of another kind")
    size = content.seek(0, 2)
    content.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
    tail = content.read()
    end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_SIZE:
        raise UnreadableFile(name, "the end of the workbook is missing: it was cut off, or is not written yet")
    (comment,) = struct.unpack_from("<H", tail, end + _END_SIZE - 2)
    if behind := tail[end + _END_SIZE + comment :]:
        what = "zero bytes follow" if not behind.strip(b"\0") else "something follows"
        raise UnreadableFile(name, f"{what} the end of the workbook: it was damaged, or not written to its end")
