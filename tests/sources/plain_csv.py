"""What a record of a CSV file is, told byte by byte: slow, short, and what the scanner and the reader are held against.

RFC 4180, with the rules for what it leaves open that datasync.sources.csv_scan names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class PlainRecord:
    """One record: its bytes (from, to), its first line and how many it has; its cells, or None if it is malformed."""

    start: int
    end: int
    line: int
    lines: int
    cells: tuple[bytes, ...] | None


def lines(data: bytes) -> list[tuple[int, int]]:
    """Where every line begins, and where its end is over. LF, CRLF or CR end it."""
    found, start = [], 0
    while start < len(data):
        at = start
        while at < len(data) and data[at] not in b"\r\n":
            at += 1
        end = at + _line_end(data, at)
        found.append((start, end))
        start = end
    return found


def records(data: bytes, delimiter: bytes = b",") -> Iterator[PlainRecord]:
    """Every record; a malformed one is its first line, and reading goes on behind that."""
    every, at = lines(data), 0
    number = {start: line for line, (start, _) in enumerate(every, 1)}
    while at < len(data):
        first_end = every[number[at] - 1][1]
        if not data[at:first_end].strip(b"\r\n"):
            at = first_end
            continue
        whole = _whole(data, at, delimiter)
        end = whole[0] if whole else first_end
        last = number[end] - 1 if end in number else len(every)
        yield PlainRecord(at, end, number[at], last - number[at] + 1, whole[1] if whole else None)
        at = end


def _whole(data: bytes, at: int, delimiter: bytes) -> tuple[int, tuple[bytes, ...]] | None:
    """Where the well-formed record that begins here is over, and its cells; None if it is none."""
    cells: list[bytes] = []
    while True:
        cell = _quoted(data, at, delimiter) if data.startswith((b'"', b' "'), at) else _unquoted(data, at, delimiter)
        if cell is None:
            return None
        at = cell[0]
        cells.append(cell[1])
        if not data.startswith(delimiter, at):
            return at + _line_end(data, at), tuple(cells)
        at += len(delimiter)


def _unquoted(data: bytes, at: int, delimiter: bytes) -> tuple[int, bytes]:
    end = at
    while end < len(data) and data[end] not in b"\r\n" and not data.startswith(delimiter, end):
        end += 1
    return end, data[at:end]


def _quoted(data: bytes, at: int, delimiter: bytes) -> tuple[int, bytes] | None:
    at, cell = data.index(b'"', at) + 1, b""
    while at < len(data) and (data[at : at + 1] != b'"' or data[at : at + 2] == b'""'):
        cell += data[at : at + 1]
        at += 2 if data[at : at + 1] == b'"' else 1
    if at >= len(data):
        return None
    end = at + 1
    while data[end : end + 1] == b" ":
        end += 1
    is_end = end == len(data) or data[end] in b"\r\n" or data.startswith(delimiter, end)
    return (end, cell) if is_end else None


def _line_end(data: bytes, at: int) -> int:
    return 2 if data.startswith(b"\r\n", at) else int(data[at : at + 1] in (b"\r", b"\n"))
