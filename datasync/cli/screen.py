"""What the shell prints, and how: every line goes through the mask and ``plain`` here, whatever it was made of."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from rich.cells import cell_len

from datasync.cli.words import as_json, plain
from datasync.secrets import mask, mask_all, mask_log


def say(text: object = "") -> None:
    """One line of a command's answer, on stdout."""
    sys.stdout.write(f"{mask(plain(text))}\n")


def say_json(content: object) -> None:
    """A command's answer for machines, on stdout."""
    sys.stdout.write(f"{as_json(mask_all(content))}\n")


def tell(text: object) -> None:
    """One line beside the answer, on stderr."""
    sys.stderr.write(f"{mask_log(plain(text))}\n")
    sys.stderr.flush()


def unforeseen(error: BaseException) -> None:
    """The traceback of an error that nobody foresaw, made safe line by line."""
    for line in "".join(traceback.format_exception(error)).splitlines():
        tell(line)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under a head, aligned by what a terminal needs for each character; numbers stand right."""
    texts = [[plain(f"{cell:,}" if isinstance(cell, int) else cell) for cell in row] for row in rows]
    widths = [max(cell_len(cell) for cell in column) for column in zip(head, *texts, strict=True)]
    is_number = [all(isinstance(row[place], int) for row in rows) for place in range(len(head))]
    for line in [list(head), *texts]:
        cells = [_padded(cell, width, right) for cell, width, right in zip(line, widths, is_number, strict=True)]
        say("  ".join(cells).rstrip())


def _padded(cell: str, width: int, right: bool) -> str:
    blanks = " " * (width - cell_len(cell))
    return blanks + cell if right else cell + blanks
