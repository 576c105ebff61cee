"""A block of whole lines of a CSV file as numbers: where lines end, where quotes stand, what each line is read alone.

A quote opens only at the start of a cell, and a closing one stands at the end of a cell; one space may stand before the
one, and spaces behind the other. Anywhere else in a cell that is not quoted, a quote is text, as in ``12" ruler``.
Quotes in a row are one run: an even run is nothing but doubled quotes (or an empty cell), an odd one opens or closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Truths = NDArray[np.bool_]

LF, CR, QUOTE, SPACE = b'\n\r" '
ENDS_LF, ENDS_CRLF, ENDS_CR = 1, 2, 4
WHOLE, MALFORMED, OPEN = 0, 1, 2  # what a line is, read alone; OPEN: a quote is not closed at its end
_SPACES = re.compile(rb" *")


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of quotes in their order: the place and the line of each, whether it is odd, and what it stands between.

    ``opens``: at the start of a cell, unless that is in quotes already. ``ends``: at the end of a cell.
    """

    at: Numbers
    line: Numbers
    odd: Truths
    opens: Truths
    ends: Truths

    def part(self, first: int, last: int) -> Runs:
        """The runs from ``first`` up to ``last``."""
        cut = slice(first, last)
        return Runs(self.at[cut], self.line[cut], self.odd[cut], self.opens[cut], self.ends[cut])

    def inside_from(self, inside: bool) -> Truths:
        """Whether text is in quotes behind each run, if it is or is not before the first."""
        return self._inside(np.full(len(self.at), -int(inside)))

    def inside_alone(self) -> tuple[Truths, Truths]:
        """The same before and behind each run, if each line begins outside of quotes."""
        turns = np.cumsum(self.odd & self.opens)
        is_first = np.diff(self.line, prepend=-1) != 0
        inside = self._inside(np.where(is_first, turns - (self.odd & self.opens), 0))
        return np.concatenate((np.zeros(1, np.bool_), inside[:-1])) & ~is_first, inside

    def _inside(self, base: Numbers) -> Truths:
        """An odd run at the start of a cell turns it, any other odd run ends it; turns count from ``base`` on."""
        turns = np.cumsum(self.odd & self.opens)
        since = np.maximum.accumulate(np.maximum(base, np.where(self.odd & ~self.opens, turns, -1)))
        return np.asarray((turns - since) % 2, np.bool_)

    def misplaced(self, inside: Truths) -> Truths:
        """Which runs make their record malformed; ``inside`` says which of them begin in quotes."""
        is_wrong: Truths = ~self.ends & np.where(inside, self.odd, ~self.odd & self.opens)
        return is_wrong


class Block:
    """Whole lines, of which the first is line number ``line`` and begins at ``offset`` in the file.

    The last byte is a line end, and with ``is_cut_off`` one that the file does not have.
    """

    def __init__(
        self, data: bytes, delimiter: bytes, offset: int = 0, line: int = 1, *, is_cut_off: bool = False
    ) -> None:
        self.data, self.delimiter, self.offset, self.line = data, delimiter, offset, line
        self.is_cut_off = is_cut_off
        self.bytes = np.frombuffer(data, np.uint8)
        self.has_returns = b"\r" in data
        self.ends = self._line_ends()
        self.starts = np.concatenate((np.zeros(1, np.int64), self.ends[:-1] + 1))

    def __len__(self) -> int:
        return len(self.ends)

    def lines(self, first: int, last: int) -> Block:
        """The lines from ``first`` up to ``last`` as a block of their own."""
        start, end = self.starts[first], self.ends[last - 1] + 1
        is_cut_off = self.is_cut_off and last == len(self)
        data = self.data[start:end]
        return Block(data, self.delimiter, self.offset + int(start), self.line + first, is_cut_off=is_cut_off)

    def begin_of(self, line: int) -> int:
        """Where a line begins in the file."""
        return self.offset + int(self.starts[line])

    def end_of(self, line: int) -> int:
        """Where a line is over in the file, with its line end."""
        return self.offset + int(self.ends[line]) + 1 - (self.is_cut_off and line == len(self) - 1)

    @cached_property
    def quotes(self) -> Numbers:
        """Where quotes stand."""
        return np.flatnonzero(self.bytes == QUOTE)

    def _line_ends(self) -> Numbers:
        """The last byte of each line: LF, or a CR that no LF follows."""
        newlines = np.flatnonzero(self.bytes == LF)
        if not self.has_returns:
            return newlines
        returns = np.flatnonzero(self.bytes == CR)
        lone = returns[self.bytes[np.minimum(returns + 1, len(self.data) - 1)] != LF]
        return np.sort(np.concatenate((newlines, lone))) if len(lone) else newlines

    @cached_property
    def is_empty(self) -> Truths:
        """Lines with nothing in them."""
        lengths = self.ends - self.starts
        is_empty = np.asarray(lengths == 0)
        if not self.has_returns:
            return is_empty
        is_empty |= (lengths == 1) & (self.bytes[self.starts] == CR) & (self.bytes[self.ends] == LF)
        return is_empty

    @cached_property
    def is_undecodable(self) -> Truths:
        """Lines that are not UTF-8."""
        wrong = np.zeros(len(self), np.bool_)
        if not is_text(self.data):
            for line in np.unique(np.searchsorted(self.ends, np.flatnonzero(self.bytes > 127))).tolist():
                wrong[line] = not is_text(self.data[self.starts[line] : self.ends[line]])
        return wrong

    def styles(self, lines: Numbers) -> int:
        """How some lines end, as flags; an end that the file does not have is none."""
        if self.is_cut_off and len(lines) and lines[-1] == len(self) - 1:
            lines = lines[:-1]
        if not self.has_returns:
            return ENDS_LF if len(lines) else 0
        ends = self.ends[lines]
        is_newline = self.bytes[ends] == LF
        is_pair = is_newline & (self.bytes[ends - 1] == CR) & (ends > self.starts[lines])
        kinds = ((is_newline & ~is_pair, ENDS_LF), (is_pair, ENDS_CRLF), (~is_newline, ENDS_CR))
        return sum(flag for kind, flag in kinds if kind.any())

    def inside_by_parity(self, inside: bool) -> Truths | None:
        """Whether each line ends in quotes, by counting quotes; None where a quote stands that counting misreads."""
        opening, closing = self.quotes[int(inside) :: 2], self.quotes[1 - int(inside) :: 2]
        if not (self._opens_cell(opening, QUOTE).all() and self._ends_cell(closing, QUOTE).all()):
            return None
        return np.asarray((np.searchsorted(self.quotes, self.ends) + int(inside)) % 2, np.bool_)

    def inside_at_ends(self, inside: bool) -> Truths:
        """Whether each line ends in quotes, where no quote is misplaced."""
        by_parity = self.inside_by_parity(inside)
        if by_parity is not None:
            return by_parity
        behind = np.concatenate((np.array([inside]), self.runs.inside_from(inside)))
        return behind[np.searchsorted(self.runs.at, self.ends)]

    @cached_property
    def runs(self) -> Runs:
        """The runs of quotes."""
        first = np.flatnonzero(np.diff(self.quotes, prepend=-2) != 1)
        lengths = np.diff(first, append=len(self.quotes))
        at = self.quotes[first]
        line, odd = np.searchsorted(self.ends, at), lengths % 2 == 1
        return Runs(at, line, odd, self._opens_cell(at), self._ends_cell(at + lengths - 1))

    @cached_property
    def alone(self) -> NDArray[np.int8]:
        """What each line is, read alone."""
        before, behind = self.runs.inside_alone()
        is_last = np.diff(self.runs.line, append=-1) != 0
        kinds = np.zeros(len(self), np.int8)
        kinds[self.runs.line[is_last & behind]] = OPEN
        kinds[self.runs.line[self.runs.misplaced(before)]] = MALFORMED
        return kinds

    @cached_property
    def cells_alone(self) -> Numbers:
        """How many cells each line has, read alone; 0 where it is no whole record, or empty."""
        at = self.delimiters
        line, run = np.searchsorted(self.ends, at), np.searchsorted(self.runs.at, at) - 1
        if len(self.runs.at):
            _, behind = self.runs.inside_alone()
            inside = (run >= 0) & (self.runs.line[run] == line) & behind[run]
            line = line[~inside]
        return np.where((self.alone == WHOLE) & ~self.is_empty, np.bincount(line, minlength=len(self)) + 1, 0)

    @cached_property
    def delimiters(self) -> Numbers:
        """Where delimiters stand, in quotes or not."""
        at = np.flatnonzero(self.bytes == self.delimiter[0])
        return at if len(self.delimiter) == 1 else at[self._are_delimiters(at)]

    def _are_delimiters(self, at: Numbers) -> Truths:
        """Whether a delimiter begins at each place; its first byte is known to stand there."""
        hit = np.ones(len(at), np.bool_)
        for number, byte in enumerate(self.delimiter[1:], 1):
            hit &= self.bytes[(at + number) % len(self.bytes)] == byte
        return hit

    def _opens_cell(self, at: Numbers, *also: int) -> Truths:
        """Whether a cell begins at each place, or one space before; or one of some other signs stands before it."""
        hit = self._is_behind_mark(at, also)
        if not hit.all():
            hit |= (self.bytes[at - 1] == SPACE) & self._is_behind_mark(at - 1, ())
        return hit

    def _ends_cell(self, at: Numbers, *also: int) -> Truths:
        """Whether a cell ends behind each place, or some spaces further on; or one of some other signs stands there."""
        hit = self._is_before_mark(at, also)
        spaced = np.flatnonzero(~hit & (self.bytes[at + 1] == SPACE))
        if len(spaced):
            last = at[spaced] + 1
            further = np.flatnonzero(self.bytes[last + 1] == SPACE)
            matches = (_SPACES.match(self.data, place) for place in last[further].tolist())
            last[further] = [match.end() - 1 for match in matches if match]
            hit[spaced] = self._is_before_mark(last, ())
        return hit

    def _is_behind_mark(self, at: Numbers, also: tuple[int, ...]) -> Truths:
        """Whether a line end or delimiter stands right before each place; before the first one stands a line end."""
        last = len(self.delimiter)
        hit = _table(LF, CR, *self.delimiter[last - 1 :] * (last == 1), *also)[self.bytes[at - 1]]
        if last > 1:
            begins = (at - last) % len(self.bytes)
            hit |= (self.bytes[begins] == self.delimiter[0]) & self._are_delimiters(begins)
        return hit

    def _is_before_mark(self, at: Numbers, also: tuple[int, ...]) -> Truths:
        """Whether a line end or delimiter stands right behind each place."""
        hit = _table(LF, CR, *self.delimiter * (len(self.delimiter) == 1), *also)[self.bytes[at + 1]]
        if len(self.delimiter) > 1:
            hit |= (self.bytes[at + 1] == self.delimiter[0]) & self._are_delimiters(at + 1)
        return hit


def is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8; Arrow looks at a GB in a tenth of a second, where decoding takes two."""
    import pyarrow as pa

    offsets = pa.py_buffer(np.array([0, len(data)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(data)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _table(*signs: int) -> Truths:
    table = np.zeros(256, np.bool_)
    table[list(signs)] = True
    return table
