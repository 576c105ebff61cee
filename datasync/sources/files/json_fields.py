"""The fields of one damaged JSON line, as far as they can be told, from its bytes as they come."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

MOST = 1 << 16  # bytes of a text; a longer one counts as not known
_ALL = 1 << 22  # bytes of all fields; what comes behind them counts as not known
_SIGN = re.compile(rb'["{}\[\]]')
_IN_TEXT = re.compile(rb'["\\]')


class JsonFields:
    """Takes a line's bytes in parts, and keeps what stands in the outermost object: plain values that are not too long.

    Texts that are too long, lists and objects are taken for null, so that little is in memory, whatever the line is.
    """

    def __init__(self) -> None:
        self._outermost, self._text = bytearray(), bytearray()
        self._depth, self._length, self._in_text, self._is_escaped = 0, 0, False, False

    def take(self, data: bytes, *, is_last: bool = False) -> None:
        """Read on."""
        at = 0
        while at < len(data):
            at = self._take_text(data, at) if self._in_text else self._take_structure(data, at)

    def fields(self) -> Mapping[str, str]:
        """The fields by their names, as a reader of JSON lines gives them."""
        text = self._outermost.decode(errors="surrogateescape")
        for ending in ("", "}", "null}"):
            try:
                read = json.loads(text + ending, parse_int=str, parse_float=str)
            except (ValueError, RecursionError):
                continue
            plain = {name: _plain(value) for name, value in read.items()} if isinstance(read, dict) else {}
            return {name: value for name, value in plain.items() if value and _is_text(name + value)}
        return {}

    def _take_structure(self, data: bytes, at: int) -> int:
        sign = _SIGN.search(data, at)
        end = sign.start() if sign else len(data)
        self._keep(data[at:end])
        if not sign:
            return end
        self._in_text = sign[0] == b'"'
        if sign[0] in (b"{", b"["):
            self._keep(b"null" if self._depth else sign[0])
            self._depth += 1
        elif not self._in_text:
            self._depth -= 1
            self._keep(b"" if self._depth else sign[0])
        return end + 1

    def _take_text(self, data: bytes, at: int) -> int:
        if self._is_escaped:
            self._add(data[at : at + 1])
            self._is_escaped = False
            return at + 1
        sign = _IN_TEXT.search(data, at)
        end = sign.start() if sign else len(data)
        self._add(data[at:end])
        if sign and sign[0] == b"\\":
            self._add(b"\\")
            self._is_escaped = True
        elif sign:
            self._keep(b"null" if self._length > MOST else b'"' + self._text + b'"')
            self._text, self._length, self._in_text = bytearray(), 0, False
        return end + bool(sign)

    def _add(self, data: bytes) -> None:
        """Take a part of a text."""
        self._length += len(data)
        self._text += data[: max(0, MOST - len(self._text))]

    def _keep(self, data: bytes) -> None:
        """Keep what stands in the outermost object itself."""
        if self._depth < 2 and len(self._outermost) < _ALL:
            self._outermost += data


def _plain(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)


def _is_text(value: str) -> bool:
    """Whether a text has no half of a sign, as bytes that are no UTF-8 leave it."""
    return not any("\ud800" <= sign <= "\udfff" for sign in value)
