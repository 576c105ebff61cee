"""A CSV file in pieces: blocks of whole lines, and parts of a line that is longer than any record may be.

So what is in memory at a time is bounded, whatever the file is.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Literal

BLOCK = 1 << 20
_UNSURE = b'" \r'  # what one of these means is said by what follows


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole ``lines``, or a ``part`` of a long line, or its ``rest``, which ends with its line end.

    ``is_cut_off``: the file ends without a line end, and one was added.
    """

    kind: Literal["lines", "part", "rest"]
    data: bytes
    is_cut_off: bool = False


class Pieces:
    """The content of a file without its byte order mark; a line over ``longest`` bytes comes in parts."""

    def __init__(self, content: IO[bytes], longest: int, size: int = BLOCK) -> None:
        self._content, self._longest, self._size = content, longest, size
        self._waiting: list[bytes] = []
        self._is_long = False

    def __iter__(self) -> Iterator[Piece]:
        chunk = self._content.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
        while chunk or (chunk := self._content.read(self._size)):
            if self._waiting and self._waiting[-1].endswith(b"\r") and not chunk.startswith(b"\n"):
                yield from self._lines(b"")
            if last := _last_line_end(chunk):
                yield from self._lines(chunk[:last])
            self._waiting += [chunk[last:]] if chunk[last:] else []
            yield from self._parts()
            chunk = b""
        if self._waiting or self._is_long:
            is_cut_off = not (self._waiting and self._waiting[-1].endswith((b"\n", b"\r")))
            yield from self._lines(b"\n" * is_cut_off, is_cut_off)

    def _lines(self, more: bytes, is_cut_off: bool = False) -> Iterator[Piece]:
        """What was waiting and something more, which end with a line end."""
        data = b"".join((*self._waiting, more))
        self._waiting.clear()
        if self._is_long:
            self._is_long, first = False, _first_line_end(data)
            yield Piece("rest", data[:first], is_cut_off and first == len(data))
            data = data[first:]
        if data:
            yield Piece("lines", data, is_cut_off)

    def _parts(self) -> Iterator[Piece]:
        """As much of a line as cannot wait for its end."""
        if sum(map(len, self._waiting)) <= (self._size if self._is_long else self._longest):
            return
        data, start = b"".join(self._waiting), 0
        for end in range(self._size, len(data) + self._size, self._size):
            if sure := _sure(data[start:end]):
                yield Piece("part", data[start : start + sure])
                start, self._is_long = start + sure, True
        self._waiting = [data[start:]] if start < len(data) else []


def _sure(data: bytes) -> int:
    """How much of a line's beginning means the same whatever follows it: up to the last byte that is no quote and no
    space, and beyond it what is two spaces or more, because no cell opens or ends behind these.
    """
    sure = len(data.rstrip(_UNSURE))
    return len(data) if data.endswith(b"  ") and not data[sure:].strip(b" ") else sure


def _last_line_end(chunk: bytes) -> int:
    """How far whole lines go; a CR at the end may be half of a line end."""
    return max(chunk.rfind(b"\n"), chunk.rfind(b"\r", 0, len(chunk) - 1)) + 1


def _first_line_end(data: bytes) -> int:
    """How far the first line goes, with its end."""
    newline, lone = data.find(b"\n"), data.find(b"\r")
    if lone >= 0 and (newline < 0 or lone < newline):
        return lone + 2 if data.startswith(b"\n", lone + 1) else lone + 1
    return newline + 1
