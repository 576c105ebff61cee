"""The lines of a file by their numbers, found block by block: a big file with a few broken lines is walked at the speed
of the disk.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator
from typing import IO

import numpy as np
from numpy.typing import NDArray

BLANK = b" \t\r\n"
BLOCK = 1 << 20
_NEWLINE = ord("\n")
_MAY_BE_BLANK = np.isin(np.arange(256, dtype=np.uint8), np.frombuffer(BLANK, np.uint8))

Places = NDArray[np.int64]


def numbered_lines(
    content: IO[bytes], numbers: Collection[int], block_size: int = BLOCK
) -> Iterator[tuple[int, int, bytes]]:
    """The wanted ones of the lines that are not blank, ascending: number (from 0) among those, line (from 1), text.

    A line is what ends with a newline, or with the file. A byte order mark before the first is no part of it. Reads as
    far as the last wanted line.
    """
    ordered = np.sort(np.fromiter(set(numbers), np.int64))
    lines = full = 0
    for block in _blocks(content, block_size):
        starts, ends = _bounds(block)
        not_blanks = not_blank(block, starts, ends)
        here, beyond = np.searchsorted(ordered, (full, full + len(not_blanks)))
        for nth in ordered[here:beyond].tolist():
            at = not_blanks[nth - full]
            yield nth, lines + int(at) + 1, block[starts[at] : ends[at]]
        if beyond == len(ordered):
            return
        lines, full = lines + len(starts), full + len(not_blanks)


def _blocks(content: IO[bytes], size: int) -> Iterator[bytes]:
    """The file in blocks of whole lines, each line with its newline."""
    parts = [content.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)]
    while block := content.read(size):
        whole, newline, after = block.rpartition(b"\n")
        if newline:
            yield b"".join((*parts, whole, newline))
            parts = [after]
        else:
            parts.append(block)
    if rest := b"".join(parts):
        yield rest if rest.endswith(b"\n") else rest + b"\n"


def _bounds(block: bytes) -> tuple[Places, Places]:
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
    return np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1)), ends


def not_blank(block: bytes, starts: Places, ends: Places) -> Places:
    """Which lines hold more than blanks; only those that begin with one are looked at closer."""
    is_full = ~_MAY_BE_BLANK[np.frombuffer(block, np.uint8)[starts]]
    for at in np.flatnonzero(~is_full).tolist():
        is_full[at] = bool(block[starts[at] : ends[at]].strip(BLANK))
    return np.flatnonzero(is_full)
