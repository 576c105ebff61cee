"""A record as a line of a spooled page: as it came, or, where it can be no line, as much as people need to find it.

Such a record has a key more, ``BROKEN``, which says what is wrong; its plain values are still there, its SKU among
them. What is no text has no value: a SKU of that kind may be any product's. People see its bytes under ``SPELLED``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from datasync.web.parsed import DEEPEST, depth

BROKEN, SPELLED = "datasync broken", "datasync spelled"
FURTHER = "datasync further"  # the key of a page's last line; no record keeps one of that name
NUMBER = "datasync page"  # beside it: which page it is, so that a copy under another number is told
LONGEST = 16_000_000  # bytes of a line that DuckDB reads
_ITEMS, _SIGNS, _LEVELS = 100, 1000, 10

_DEEP = f"It is nested over {DEEPEST} deep."
_LONG = f"It is longer than {LONGEST:,} bytes."
_HALF = "Its text is not UTF-8, or holds half of a sign that takes two."
_NO_OBJECT = "It is no JSON object."


def line(item: Any) -> bytes:
    """A record as one line of JSON."""
    if not isinstance(item, Mapping):
        return line({BROKEN: _NO_OBJECT, "item": item})
    record = {key: value for key, value in item.items() if key != FURTHER}
    content, problem = _written(record)
    if problem is None:
        return content
    why = {BROKEN: problem, **({SPELLED: list(islice(_no_texts(record), _ITEMS))} if problem == _HALF else {})}
    whole, _ = _written({**_shrunk(record), **why})
    plain = {_spelled(key): _shrunk(value) for key, value in record.items() if not isinstance(value, dict | list)}
    return whole if len(whole) <= LONGEST else dumped({**plain, **why})


def ending(state: Mapping[str, Any], number: int) -> bytes:
    """The last line of a page, which is no record."""
    return dumped({FURTHER: state, NUMBER: number})


def _written(record: Mapping[str, Any]) -> tuple[bytes, str | None]:
    """The line of a record, and what is wrong with it, if something is."""
    try:
        content = dumped(record)
    except RecursionError:
        return b"", _DEEP
    except UnicodeEncodeError:
        return b"", _HALF
    if content.count(b"[") + content.count(b"{") > DEEPEST and depth(record) > DEEPEST:
        return content, _DEEP
    return content, _LONG if len(content) > LONGEST else None


def dumped(record: Mapping[str, Any]) -> bytes:
    """A record as one line of JSON that Python reads, whatever its size."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _shrunk(value: Any, levels: int = _LEVELS) -> Any:
    """A value with the beginnings of what is long in it, and without what is no text."""
    if isinstance(value, str):
        return value[:_SIGNS] if _is_text(value) else None
    if not isinstance(value, dict | list):
        return value
    if not levels:
        return "…"
    if isinstance(value, list):
        return [_shrunk(inner, levels - 1) for inner in value[:_ITEMS]]
    return {_spelled(key): _shrunk(inner, levels - 1) for key, inner in value.items()}


def _no_texts(value: Any) -> Iterator[str]:
    """What is no text in a record, with its odd bytes spelled."""
    if isinstance(value, str) and not _is_text(value):
        yield _spelled(value)
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _no_texts(inner)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _spelled(value: str) -> str:
    return value[:_SIGNS].encode(errors="backslashreplace").decode()
