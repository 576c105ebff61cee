"""The JSON of an answer, exactly, whatever one record in it holds.

Numbers that Python would round, or has no word for, stay as the text they were. Bytes that are no UTF-8 become
surrogates, and what is nested too deep is cut, so that the record that holds them can be told from the others.
"""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 500  # levels of one record; Python's own parser gives up on all of an answer at about 1,000
_DEPTH_LEFT = DEEPEST + 20  # what is cut is still too deep
_EXACT_DIGITS = 15
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


def parsed(content: bytes) -> Any:
    """What some JSON says; ValueError where it is none."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode(errors="surrogateescape")
    try:
        return _loads(text)
    except RecursionError:
        return _loads(_shallow(text))


def depth(record: Any) -> int:
    """How many objects and lists lie in one another, at most."""
    deepest, waiting = 0, [(record, 1)]
    while waiting:
        holder, level = waiting.pop()
        if isinstance(holder, dict | list):
            deepest = max(deepest, level)
            inside = holder.values() if isinstance(holder, dict) else holder
            waiting.extend((value, level + 1) for value in inside)
    return deepest


def _loads(text: str) -> Any:
    return json.loads(text, parse_float=_fraction, parse_int=_whole, parse_constant=str)


def _fraction(text: str) -> float | str:
    return float(text) if len(text) <= _EXACT_DIGITS and "e" not in text and "E" not in text else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= _EXACT_DIGITS else text


def _shallow(text: str) -> str:
    """JSON in which null stands for all that lies deeper than any record may go."""
    parts: list[str] = []
    level = start = 0
    for token in _TOKENS.finditer(text):
        if token[0] in "[{":
            level += 1
            if level == _DEPTH_LEFT:
                parts.append(text[start : token.start()] + "null")
        elif token[0] in "]}":
            if level == _DEPTH_LEFT:
                start = token.end()
            level -= 1
    parts.append(text[start:] if level < _DEPTH_LEFT else "")
    return "".join(parts)
