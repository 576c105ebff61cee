"""How many records some lines of a CSV file hold, and which of them no reader gets right."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from datasync.sources.files.csv_block import WHOLE, Block, Numbers, Truths

SWALLOWED = 10  # inner lines that read as records, from which on they are taken to be records

Reason = Literal["malformed", "too-long", "undecodable", "swallowed"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a file's records are made of: the sign between cells, the number of cells in the header, and the most bytes
    that a record may have. Records that may have swallowed others are told from ``least`` inner lines on.
    """

    delimiter: bytes
    cells: int
    longest: int
    least: int = SWALLOWED

    def is_swallowing(self, inner: int, alike: int) -> bool:
        """Whether most of a record's inner lines that are not empty have the header's number of cells, read alone."""
        return self.cells > 1 and inner >= self.least and 2 * alike > inner


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a record stands: its bytes (from, to) in the decompressed file without a byte order mark, its first line,
    and how many lines it has.
    """

    start: int
    end: int
    line: int
    lines: int = 1


@dataclass(frozen=True, slots=True)
class Damage:
    """A record that no reader gets right, and why."""

    extent: Extent
    reason: Reason


@dataclass(slots=True)
class Tally:
    """Records, those of them that are damaged, empty lines, the largest whole record, and how records end.

    ``suspects`` have fewer inner lines than what is taken to have swallowed them, and are whole. ``cut_off``: the last
    record, if the file ends without a line end. ``is_ambiguous``: a line in a cell may be taken for a record by whoever
    begins to read at it.
    """

    dialect: Dialect
    records: int = 0
    blank_lines: int = 0
    largest: int = 0
    styles: int = 0
    damages: list[Damage] = field(default_factory=list)
    suspects: list[Extent] = field(default_factory=list)
    cut_off: Extent | None = None
    is_ambiguous: bool = False

    def add(self, other: Tally) -> None:
        """Take in what further lines hold."""
        self.records += other.records
        self.blank_lines += other.blank_lines
        self.largest = max(self.largest, other.largest)
        self.styles |= other.styles
        self.damages += other.damages
        self.suspects += other.suspects
        self.cut_off = other.cut_off

    def add_damaged(self, record: Damage) -> None:
        """Count one record that is damaged."""
        self.records += 1
        self.damages.append(record)

    def add_record(self, extent: Extent, inner: int, alike: int, *, is_undecodable: bool = False) -> None:
        """Count one record by its extent and its inner lines."""
        size = extent.end - extent.start
        is_swallowing = self.dialect.is_swallowing(inner, alike)
        if is_swallowing and inner >= SWALLOWED:
            self.add_damaged(Damage(extent, "swallowed"))
        elif size > self.dialect.longest:
            self.add_damaged(Damage(extent, "too-long"))
        elif is_undecodable:
            self.add_damaged(Damage(extent, "undecodable"))
        else:
            self.records += 1
            self.largest = max(self.largest, size)
            self.suspects += [extent] if is_swallowing else []

    def count_alone(self, block: Block, first: int, last: int) -> None:
        """Count the lines from ``first`` up to ``last``, each alone; where a quote is not closed one is malformed."""
        if first < last:
            wrong = np.flatnonzero(block.alone[first:last] != WHOLE).tolist()
            self._count(block, np.arange(first, last), np.arange(first, last), dict.fromkeys(wrong, "malformed"))

    def count(self, block: Block, first: int, closed: Numbers) -> None:
        """Count the records that end in the lines ``closed``; the first of them begins in line ``first``."""
        if len(closed):
            firsts = np.concatenate((np.array([first]), closed[:-1] + 1))
            self.is_ambiguous = self.is_ambiguous or self._has_lookalike(block, firsts, closed)
            self._count(block, firsts, closed, self._swallowing(block, firsts, closed))

    def _count(self, block: Block, firsts: Numbers, lasts: Numbers, damaged: dict[int, Reason]) -> None:
        """Count records by their first and last lines; ``damaged`` are those known to be, by their number in these."""
        is_blank = block.is_empty[firsts] & (firsts == lasts)
        sizes = np.where(is_blank, 0, block.ends[lasts] + 1 - block.starts[firsts])
        if block.is_cut_off and lasts[-1] == len(block) - 1:
            sizes[-1] -= 1
            self.cut_off = _extent(block, int(firsts[-1]), int(lasts[-1]))
        for number in np.flatnonzero(sizes > self.dialect.longest).tolist():
            damaged.setdefault(number, "too-long")
        wrong = np.flatnonzero(block.is_undecodable[firsts[0] : lasts[-1] + 1]) + firsts[0]
        for number in np.unique(np.searchsorted(lasts, wrong)).tolist():
            damaged.setdefault(number, "undecodable")
        blank, numbers = int(np.count_nonzero(is_blank)), sorted(damaged)
        self.records += len(lasts) - blank
        self.blank_lines += blank
        self.styles |= block.styles(lasts)
        self.damages += [Damage(_extent(block, int(firsts[n]), int(lasts[n])), damaged[n]) for n in numbers]
        sizes[numbers] = 0
        self.largest = max(self.largest, int(sizes.max()))

    def _has_lookalike(self, block: Block, firsts: Numbers, lasts: Numbers) -> bool:
        """Whether a record has a line, but its first, with delimiters enough for a record."""
        several = np.flatnonzero(lasts > firsts)
        if not len(several):
            return False
        steps = np.zeros(len(block) + 1, np.int64)
        steps[firsts[several] + 1] = 1
        steps[lasts[several] + 1] -= 1
        return bool((enough_delimiters(block, self.dialect) & (np.cumsum(steps)[:-1] > 0)).any())

    def _swallowing(self, block: Block, firsts: Numbers, lasts: Numbers) -> dict[int, Reason]:
        """Which records have swallowed others, by their number; those that only may have become suspects."""
        damaged: dict[int, Reason] = {}
        several = np.flatnonzero(lasts - firsts > self.dialect.least)
        for number, inner, alike in zip(*self._inner(block, firsts, lasts, several), strict=True):
            if self.dialect.is_swallowing(inner, alike) and inner >= SWALLOWED:
                damaged[number] = "swallowed"
            elif self.dialect.is_swallowing(inner, alike):
                self.suspects.append(_extent(block, int(firsts[number]), int(lasts[number])))
        return damaged

    def _inner(
        self, block: Block, firsts: Numbers, lasts: Numbers, numbers: Numbers
    ) -> tuple[list[int], list[int], list[int]]:
        """Those of some records that have delimiters enough to have swallowed others: their numbers, how many inner
        lines each has, and how many of these have the header's number of cells.
        """
        if not len(numbers) or self.dialect.cells < 2:
            return [], [], []
        first, last = firsts[numbers] + 1, lasts[numbers]
        full = _sums(~block.is_empty)
        inner = full[last] - full[first]
        delimiters = np.searchsorted(block.delimiters, (block.starts[first], block.starts[last]))
        dense = 2 * (delimiters[1] - delimiters[0]) > inner * (self.dialect.cells - 1)
        if not dense.any():
            return [], [], []
        alike = _sums(block.cells_alone == self.dialect.cells)
        columns = (numbers[dense], inner[dense], (alike[last] - alike[first])[dense])
        return tuple(column.tolist() for column in columns)


def _sums(holds: Truths) -> Numbers:
    """How many lines before each one, and before the end, something holds for."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(holds)))


def enough_delimiters(block: Block, dialect: Dialect) -> Truths:
    """Which lines have delimiters enough for a record, in quotes or not; empty cells too many are no obstacle."""
    behind = np.searchsorted(block.delimiters, block.ends)
    return np.asarray(np.diff(behind, prepend=0) >= dialect.cells - 1)


def inner_lines(block: Block, first: int, last: int, dialect: Dialect) -> tuple[int, int]:
    """How many of some lines are not empty, and how many of these have the header's number of cells, read alone."""
    if first >= last or dialect.cells < 2:
        return 0, 0
    cells = block.cells_alone[first:last]
    return int(np.count_nonzero(~block.is_empty[first:last])), int(np.count_nonzero(cells == dialect.cells))


def _extent(block: Block, first: int, last: int) -> Extent:
    return Extent(block.begin_of(first), block.end_of(last), block.line + first, last - first + 1)
