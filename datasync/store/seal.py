"""A Parquet file's checksums, inside the file: what shows that some of its bytes are no longer those that were written.

Parquet readers find a file's rows by positions from its beginning and its footer from its end, and pass over whatever
lies between the last rows and the footer. There the seal stands: two SHA-256, of all bytes before it and of all after.
Without it, zeros in the middle of a row group would now and then be read as other values, without an error.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Literal

_MAGIC = b"PAR1"
_MARK = b"datasync seal 1\n"
_DIGEST = hashlib.sha256().digest_size
SIZE = len(_MARK) + 2 * _DIGEST
_END = 8  # the footer's length, and the magic once more
_BLOCK = 1024 * 1024

Verdict = Literal["whole", "broken", "unsealed"]


def seal(path: Path) -> None:
    """Put the seal into a file that is being written to the store, if it is Parquet and has none."""
    with open(path, "r+b") as file:
        footer = _footer(file)
        if footer is None or _mark(file, footer):
            return
        file.seek(0)
        rows = _digest(file, footer)
        file.seek(footer)
        end = file.read()
        file.seek(footer)
        file.write(rows + hashlib.sha256(end).digest() + _MARK + end)


def verdict(file: BinaryIO, *, deep: bool) -> Verdict:
    """What a Parquet file's seal says of its footer, or (``deep``) of every byte; a file that is not Parquet is broken.

    Files of before there were seals are unsealed.
    """
    footer = _footer(file)
    if footer is None:
        return "broken"
    mark = _mark(file, footer)
    if not mark:
        return "unsealed"
    rows, end = mark[:_DIGEST], mark[_DIGEST:]
    file.seek(footer)
    if hashlib.sha256(file.read()).digest() != end:
        return "broken"
    if not deep:
        return "whole"
    file.seek(0)
    return "whole" if _digest(file, footer - SIZE) == rows else "broken"


def sealed_as(file: BinaryIO) -> str:
    """What a file's seal is known by: another for other content; empty where it has none."""
    footer = _footer(file)
    return (_mark(file, footer) or b"").hex() if footer is not None else ""


def _footer(file: BinaryIO) -> int | None:
    """Where a Parquet file's footer begins; None where it is no such file, or not a whole one."""
    size = file.seek(0, os.SEEK_END)
    if size < len(_MAGIC) + _END:
        return None
    file.seek(0)
    head = file.read(len(_MAGIC))
    file.seek(size - _END)
    end = file.read(_END)
    begin = size - _END - int.from_bytes(end[:4], "little")
    return begin if head == _MAGIC == end[4:] and begin >= len(_MAGIC) else None


def _mark(file: BinaryIO, footer: int) -> bytes | None:
    """The two digests of a file's seal; None where it has none."""
    if footer < SIZE:
        return None
    file.seek(footer - SIZE)
    content = file.read(SIZE)
    return content[: -len(_MARK)] if content.endswith(_MARK) else None


def _digest(file: BinaryIO, size: int) -> bytes:
    digest = hashlib.sha256()
    while size > 0 and (block := file.read(min(size, _BLOCK))):
        digest.update(block)
        size -= len(block)
    return digest.digest()
