"""A copy of a CSV file for a reader: without damaged records and empty lines, every record ended by LF.

What is left is well-formed, so that a reader can't get it wrong. Line ends in cells stay as they are.
"""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import IO, cast

import numpy as np

from datasync.sources.files.csv_block import CR, LF, Block, Numbers, Truths
from datasync.sources.files.csv_pieces import BLOCK, Pieces
from datasync.sources.files.csv_tally import Extent

Sink = Callable[[int, bytes], None]


def write_copy(content: IO[bytes], cut: Sequence[Extent], delimiter: bytes, target: IO[bytes], sink: Sink) -> None:
    """Write a file's copy; ``sink`` takes the bytes of each record that is cut out, by its number, as they come."""
    for block, inside, begins_record in _blocks(content, cut, delimiter, sink):
        ends = block.ends[~inside]
        text, keep = block.bytes.copy(), np.ones(len(block.data), np.bool_)
        pairs = ends[(block.bytes[ends] == LF) & (block.bytes[ends - 1] == CR)]
        keep[pairs - 1] = False
        text[ends] = LF
        for line in np.flatnonzero(block.is_empty & begins_record).tolist():
            keep[block.starts[line] : block.ends[line] + 1] = False
        target.write(text[keep].tobytes())


def record_lines(
    content: IO[bytes],
    cut: Sequence[Extent],
    delimiter: bytes,
    numbers: Sequence[int],
    *,
    with_empty: bool,
    above: int = 0,
) -> list[int]:
    """The lines in which some records begin, by their ascending numbers (from 1) without those cut out; with
    ``with_empty``, empty lines were numbered along. ``above`` is how many lines stand before what is given.
    """
    line_arrays: list[Numbers] = []
    wanted, seen = np.array(numbers, np.int64), 0
    for block, _, begins_record in _blocks(content, cut, delimiter, _forget, above):
        first = np.flatnonzero(begins_record if with_empty else begins_record & ~block.is_empty)
        here = wanted[np.searchsorted(wanted, seen + 1) : np.searchsorted(wanted, seen + len(first) + 1)]
        line_arrays.append(block.line + first[here - seen - 1])
        seen += len(first)
    shortened = np.concatenate(line_arrays) if line_arrays else np.zeros(0, np.int64)
    lengths = np.cumsum([0, *(extent.lines for extent in cut)])
    before = np.array([extent.line - 1 for extent in cut], np.int64) - lengths[:-1]
    lines: list[int] = (shortened + lengths[np.searchsorted(before, shortened)]).tolist()
    return lines


def _blocks(
    content: IO[bytes], cut: Sequence[Extent], delimiter: bytes, sink: Sink, above: int = 0
) -> Iterator[tuple[Block, Truths, Truths]]:
    """What is left in blocks: which of their lines end in quotes, and which begin outside of them."""
    is_inside, line = False, above + 1
    for piece in Pieces(Remainder(content, cut, sink).file, sys.maxsize):
        block = Block(piece.data, delimiter, line=line, is_cut_off=piece.is_cut_off)
        inside = block.inside_at_ends(is_inside)
        yield block, inside, ~np.concatenate((np.array([is_inside]), inside[:-1]))
        is_inside, line = bool(inside[-1]), line + len(block)


def _forget(number: int, data: bytes) -> None:
    """What is cut out is not needed."""


class Remainder(io.RawIOBase):
    """A file without its byte order mark and without some extents, which go to a sink."""

    def __init__(self, content: IO[bytes], cut: Sequence[Extent], sink: Sink) -> None:
        self._content, self._cut, self._sink = content, cut, sink
        self._at = self._next = 0
        self._ends_in_return = False
        self._waiting = content.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)

    @property
    def file(self) -> IO[bytes]:
        """This, as what it is to whoever reads it."""
        return cast("IO[bytes]", self)

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        while not parts and (data := self._waiting or self._content.read(BLOCK)):
            self._waiting = b""
            parts += self._divided(data)
        return b"".join(parts)

    def _divided(self, data: bytes) -> Iterator[bytes]:
        """The parts of some bytes that are kept; the others go to the sink."""
        start, end = self._at, self._at + len(data)
        while self._at < end:
            cut = self._cut[self._next] if self._next < len(self._cut) else None
            if cut is None or self._at < cut.start:
                upto = end if cut is None else min(end, cut.start)
                yield data[self._at - start : upto - start]
                self._ends_in_return = data[upto - start - 1] == CR
            else:
                upto = min(end, cut.end)
                self._sink(self._next, data[self._at - start : upto - start])
                self._next += upto == cut.end
                if self._ends_in_return:  # an LF behind what is cut out would become a part of this line end
                    yield b"\n"
                    self._ends_in_return = False
            self._at = upto
