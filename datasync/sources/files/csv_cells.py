"""The cells of one damaged record, as far as they can be told, from its bytes as they come."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

MOST = 1 << 16  # bytes of a cell; a longer one counts as not known
_UNSURE = 8  # so many bytes wait for what follows: the longest delimiter, and a space before a quote


class Cells:
    """Takes a record's bytes in parts; ``known`` are its whole cells, None for one that is too long or no UTF-8.

    It stops at damage, and with ``within_a_line`` at a line break in a cell: what follows may be of another record.
    """

    def __init__(self, delimiter: bytes, names: Sequence[str] = (), *, within_a_line: bool = False) -> None:
        self.known: list[str | None] = []
        self._names = names
        self._delimiter, self._within_a_line = delimiter, within_a_line
        self._end = re.compile(re.escape(delimiter) + rb"|[\r\n]")
        self._state: Literal["start", "plain", "quoted", "closed", "over"] = "start"
        self._cell, self._length, self._rest = bytearray(), 0, b""

    def take(self, data: bytes, *, is_last: bool = False) -> None:
        """Read on."""
        data, at = self._rest + data + b"\n" * is_last, 0
        sure = len(data) if is_last else len(data) - _UNSURE
        while at < sure and self._state != "over":
            at = {"start": self._start, "plain": self._plain, "quoted": self._quoted, "closed": self._closed}[
                self._state
            ](data, at)
        self._rest = data[at:]

    def fields(self) -> Mapping[str, str]:
        """The cells that are known and not empty, by their names."""
        return {name: cell for name, cell in zip(self._names, self.known, strict=False) if cell}

    @property
    def is_over(self) -> bool:
        """Whether the record is at its end, or damaged."""
        return self._state == "over"

    def _start(self, data: bytes, at: int) -> int:
        self._cell.clear()
        self._length = 0
        quoted = data.startswith((b'"', b' "'), at)
        self._state = "quoted" if quoted else "plain"
        return data.index(b'"', at) + 1 if quoted else at

    def _plain(self, data: bytes, at: int) -> int:
        end = self._end.search(data, at)
        stop = end.start() if end else max(at, len(data) - _UNSURE)
        self._add(data, at, stop)
        return self._finish(data, stop) if end else stop

    def _quoted(self, data: bytes, at: int) -> int:
        end = data.find(b'"', at)
        stop = len(data) if end < 0 else end
        if self._within_a_line and (b"\n" in data[at:stop] or b"\r" in data[at:stop]):
            self._state = "over"
        self._add(data, at, stop)
        if end >= 0 and self._state == "quoted":
            self._state = "closed"
        return stop + (end >= 0)

    def _closed(self, data: bytes, at: int) -> int:
        if data.startswith(b'"', at):
            self._add(data, at, at + 1)
            self._state = "quoted"
            return at + 1
        return (
            at + 1 if data.startswith(b" ", at) and not data.startswith(self._delimiter, at) else self._finish(data, at)
        )

    def _finish(self, data: bytes, at: int) -> int:
        """End the cell, if it ends here."""
        if not self._end.match(data, at):
            self._state = "over"
            return at
        self.known.append(_text(bytes(self._cell)) if self._length <= MOST else None)
        is_more = data.startswith(self._delimiter, at)
        self._state = "start" if is_more else "over"
        return at + len(self._delimiter) if is_more else at

    def _add(self, data: bytes, start: int, end: int) -> None:
        self._length += end - start
        self._cell += data[start : min(end, start + max(0, MOST - len(self._cell)))]


def _text(cell: bytes) -> str | None:
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return None
