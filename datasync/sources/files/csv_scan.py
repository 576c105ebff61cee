"""What a record of a CSV file is, by a count of our own: no reader's count can be the judge, because each skips in its
own way.

A record is what RFC 4180 says, with these rules for what it leaves open. A line ends with LF, CRLF or CR. An empty line
is no record. A record that is malformed (text behind a closing quote) or not closed until the file ends is its own
first line, is named, and reading goes on with the next line. One over ``longest`` bytes, one that is not UTF-8 and one
that swallowed others are named too.

A record that goes on over many lines is read as two things at a time: as one record, and as a malformed line with each
further line alone. Which of them it is shows at its end, and nothing is read twice. For a record that turns out
malformed no line up to the damage can begin one that is closed later, because that one would come to the same damage:
so each of them stands alone, and the scan is linear whatever the file is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import IO

import numpy as np

from datasync.sources.files.csv_block import ENDS_CRLF, ENDS_LF, OPEN, Block, Numbers
from datasync.sources.files.csv_pieces import BLOCK, Piece, Pieces
from datasync.sources.files.csv_tally import Damage, Dialect, Extent, Tally, enough_delimiters, inner_lines

WINDOW = 64  # runs of quotes that are looked at ahead, twice as many each time nothing is wrong


@dataclass(frozen=True, slots=True)
class Scan:
    """What a whole file holds: its records without the header, those of them that are damaged, and what is suspect.

    ``cut_off`` is the last record, if the file ends without a line end. ``is_ambiguous``: only who reads the file from
    its beginning can tell its records.
    """

    records: int
    damages: tuple[Damage, ...]
    suspects: tuple[Extent, ...]
    blank_lines: int
    largest: int
    styles: int
    cut_off: Extent | None = None
    is_ambiguous: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether a reader gets every record right from the file as it is."""
        return not self.damages and self.styles in (0, ENDS_LF, ENDS_CRLF)


def scan(content: IO[bytes], dialect: Dialect, size: int = BLOCK, *, above: int = 0) -> Scan:
    """Count a file's records in one walk; ``above`` is how many lines stand before what is given."""
    scanner = _Scanner(dialect, above + 1)
    for piece in Pieces(content, dialect.longest, size):
        scanner.take(piece)
    held = scanner.finish()
    damages, suspects = tuple(held.damages), tuple(held.suspects)
    return Scan(
        held.records - 1,
        damages,
        suspects,
        held.blank_lines,
        held.largest,
        held.styles,
        held.cut_off,
        held.is_ambiguous,
    )


@dataclass(slots=True)
class _Unclosed:
    """A record whose quote is not closed yet: where it and its first line begin and end, and its further lines, both as
    records of their own (``alone``) and as its inner lines.
    """

    start: int
    first_end: int
    line: int
    is_undecodable: bool
    alone: Tally
    lines: int = 1
    inner: int = 0
    alike: int = 0
    is_ambiguous: bool = False

    def go_on(self, block: Block) -> None:
        """The record has all lines of a block."""
        self.alone.count_alone(block, 0, len(block))
        inner, alike = inner_lines(block, 0, len(block), self.alone.dialect)
        self.lines, self.inner, self.alike = self.lines + len(block), self.inner + inner, self.alike + alike
        self.is_undecodable |= bool(block.is_undecodable.any())
        self.is_ambiguous |= bool(enough_delimiters(block, self.alone.dialect).any())

    def go_on_long(self, line: Damage) -> None:
        """The record has a line that is longer than any record may be."""
        self.alone.add_damaged(line)
        self.lines, self.inner = self.lines + 1, self.inner + 1


@dataclass(slots=True)
class _LongLine:
    """A line that comes in parts: whether it is in quotes now, if it began outside of them and if it began inside;
    None after a misplaced quote.
    """

    start: int
    before: bytes = b""
    outside: bool | None = False
    inside: bool | None = True

    def take(self, data: bytes, delimiter: bytes) -> None:
        """Read on; ``data`` does not end with a quote or a space."""
        block = Block(self.before + data.rstrip(b"\r\n") + b"\n", delimiter)
        self.outside, self.inside = _read_on(block, self.outside), _read_on(block, self.inside)
        self.before = delimiter if data.endswith(delimiter) else b"x"


def _read_on(block: Block, inside: bool | None) -> bool | None:
    if inside is None or not len(block.runs.at):
        return inside
    behind = block.runs.inside_from(inside)
    before = np.concatenate((np.array([inside]), behind[:-1]))
    return None if block.runs.misplaced(before).any() else bool(behind[-1])


class _Scanner:
    """Takes a file piece by piece."""

    def __init__(self, dialect: Dialect, line: int) -> None:
        self._dialect, self._tally = dialect, Tally(dialect)
        self._unclosed: _Unclosed | None = None
        self._long: _LongLine | None = None
        self._offset, self._line, self._window = 0, line, WINDOW

    def take(self, piece: Piece) -> None:
        """Read one piece."""
        if piece.kind == "lines":
            self._read_block(piece)
            self._offset += len(piece.data) - piece.is_cut_off
            return
        line = self._long = self._long or _LongLine(self._offset)
        line.take(piece.data, self._dialect.delimiter)
        self._offset += len(piece.data) - piece.is_cut_off
        if piece.kind == "rest":
            self._read_long_line(line)
            self._line, self._long = self._line + 1, None

    def finish(self) -> Tally:
        """What the file holds, once all of it was taken."""
        if self._unclosed:
            self._give_up(self._unclosed)
        return self._tally

    # ── blocks of lines ─────────────────────────────────────────────────────────────────────────────────────────────

    def _read_block(self, piece: Piece) -> None:
        block = Block(piece.data, self._dialect.delimiter, self._offset, self._line, is_cut_off=piece.is_cut_off)
        inside = block.inside_by_parity(self._unclosed is not None)
        if inside is None:
            self._read_by_line(block)
        else:
            line = self._read_records(block, 0, np.flatnonzero(~inside))
            if line < len(block):
                self._leave_open(block, line)
        self._line += len(block)

    def _read_by_line(self, block: Block) -> None:
        """Take lines that are whole alone in a row, and look ahead where a quote stays open."""
        line, opening = 0, np.flatnonzero(block.alone == OPEN)
        while line < len(block):
            if self._unclosed is None:
                following = opening[np.searchsorted(opening, line) :]
                stop = int(following[0]) if len(following) else len(block)
                self._tally.count_alone(block, line, stop)
                line = stop
                if line == len(block):
                    return
            closed, broken = self._look_ahead(block, line)
            if len(closed):
                line = self._read_records(block, line, closed)
            elif broken is None:
                self._leave_open(block, line)
                return
            else:
                line = self._break_off(block, line, broken)

    def _look_ahead(self, block: Block, line: int) -> tuple[Numbers, int | None]:
        """The lines at which records end, from the one on that begins in ``line``, as far as was looked; and the line
        of a misplaced quote, if that came first.
        """
        first, is_inside = int(np.searchsorted(block.runs.line, line)), self._unclosed is not None
        while True:
            last = min(first + self._window, len(block.runs.at))
            runs = block.runs.part(first, last)
            inside = np.concatenate((np.array([is_inside]), runs.inside_from(is_inside)))
            wrong = runs.line[runs.misplaced(inside[:-1])]
            broken = int(wrong[0]) if len(wrong) else None
            sure = block.runs.line[last : last + 1] if broken is None else wrong  # up to there all is known
            ends = block.ends[line : int(sure[0]) if len(sure) else len(block)]
            closed = np.flatnonzero(~inside[np.searchsorted(runs.at, ends)]) + line
            self._window = self._window * 2 if broken is None else WINDOW
            if len(closed) or broken is not None or last == len(block.runs.at):
                return closed, broken

    def _break_off(self, block: Block, line: int, broken: int) -> int:
        """A record is malformed: it is its first line, and those up to the damage stand alone; where to go on."""
        if self._unclosed:
            self._give_up(self._unclosed)
            self._tally.count_alone(block, 0, broken)
            return broken
        self._tally.count_alone(block, line, max(broken, line + 1))
        return max(broken, line + 1)

    def _read_records(self, block: Block, first: int, closed: Numbers) -> int:
        """Count the records that end in the lines ``closed``: the unclosed one, or one that begins in ``first``, and
        those behind it. Gives the line to go on with.
        """
        if self._unclosed and len(closed):
            self._close(self._unclosed, block, int(closed[0]))
            first, closed = int(closed[0]) + 1, closed[1:]
        self._tally.count(block, first, closed)
        return int(closed[-1]) + 1 if len(closed) else first

    # ── a record over several blocks ────────────────────────────────────────────────────────────────────────────────

    def _leave_open(self, block: Block, first: int) -> None:
        """Remember a record that does not end in this block: the one that is open, or one that begins in ``first``."""
        if self._unclosed is None:
            start, end = block.begin_of(first), block.end_of(first)
            is_undecodable = bool(block.is_undecodable[first])
            self._unclosed = _Unclosed(start, end, block.line + first, is_undecodable, Tally(self._dialect))
            first += 1
        if first < len(block):
            self._unclosed.go_on(block.lines(first, len(block)))

    def _close(self, record: _Unclosed, block: Block, last: int) -> None:
        """Count a record of earlier blocks that ends in line ``last``."""
        if last:
            record.go_on(block.lines(0, last))
        extent = Extent(record.start, block.end_of(last), record.line, record.lines + 1)
        is_undecodable = record.is_undecodable or bool(block.is_undecodable[last])
        self._tally.styles |= block.styles(np.array([last]))
        self._tally.cut_off = extent if block.is_cut_off and last == len(block) - 1 else None
        self._tally.add_record(extent, record.inner, record.alike, is_undecodable=is_undecodable)
        ends_like_one = bool(enough_delimiters(block, self._dialect)[last])
        self._tally.is_ambiguous |= record.is_ambiguous or ends_like_one
        self._unclosed = None

    def _give_up(self, record: _Unclosed) -> None:
        """A record is malformed: it is its first line, and the further ones stand alone."""
        self._tally.add_damaged(Damage(Extent(record.start, record.first_end, record.line), "malformed"))
        self._tally.add(record.alone)
        self._unclosed = None

    # ── a line in parts ─────────────────────────────────────────────────────────────────────────────────────────────

    def _read_long_line(self, line: _LongLine) -> None:
        """Take a line that is longer than any record may be, from where it began to here."""
        own = Extent(line.start, self._offset, self._line)
        alone = Damage(own, "too-long" if line.outside is False else "malformed")
        if self._unclosed and line.inside:
            self._unclosed.go_on_long(alone)
        elif self._unclosed and line.inside is False:
            record, self._unclosed = self._unclosed, None
            whole = replace(own, start=record.start, line=record.line, lines=record.lines + 1)
            self._tally.add_record(whole, record.inner, record.alike)
        else:
            if self._unclosed:
                self._give_up(self._unclosed)
            if line.outside:
                self._unclosed = _Unclosed(line.start, self._offset, self._line, False, Tally(self._dialect))
            else:
                self._tally.add_damaged(alone)
