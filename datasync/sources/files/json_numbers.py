"""Numbers in JSON that a reader would write in another way: each is put in quotes, so that it stays the text that was
given.

DuckDB reads a fraction or a power of ten as a DOUBLE, which keeps 15 digits and neither `2.50` nor `1e5`, and a whole
number of up to 19 digits as it is. Numbers of a field are quoted, and so are those of a list, whose elements become
texts anyway. Numbers in an object in a field stay, because there text would be another value.
"""

from __future__ import annotations

import re

import numpy as np

from datasync.sources.files.csv_block import Truths

_WHOLE_DIGITS = 18
_RUN = 16  # digits and dots in a row: a fraction keeps 15
_STEP = 4  # a run covers at least four multiples of it
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[\[\]{}\n]|-?\d[\d.eE+-]*')
_SHORT = [  # what a shorter number that is written in another way looks like: 2.50, 0.00001, -0 and 1e5
    re.compile(pattern) for pattern in (rb"\.\d+0[\s,\]}]", rb"0\.0000", rb"-0[\s,\]}]", rb"\d[eE][+-]?\d+[\s,\]}]")
]
_IS_PART = np.zeros(256, np.bool_)
_IS_PART[list(b"0123456789.")] = True


def may_be_rounded(data: bytes) -> bool:
    """Whether some bytes may hold such a number."""
    return _has_long_run(data) or any(short.search(data) for short in _SHORT)


def _has_long_run(data: bytes) -> bool:
    """Whether 16 digits or dots stand in a row anywhere."""
    signs = np.frombuffer(data, np.uint8)
    is_part: Truths = _IS_PART[signs[::_STEP]]
    starts = np.flatnonzero(is_part[:-3] & is_part[1:-2] & is_part[2:-1] & is_part[3:]) * _STEP
    if not len(starts):
        return False
    places = starts[:, None] + np.arange(-_STEP, _RUN + _STEP)
    is_inside = (places >= 0) & (places < len(signs))
    parts = _IS_PART[signs[np.clip(places, 0, len(signs) - 1)]] & is_inside
    sums = np.pad(np.cumsum(parts, axis=1), ((0, 0), (1, 0)))
    return bool((sums[:, _RUN:] - sums[:, :-_RUN] == _RUN).any())


def quoted(data: bytes) -> bytes:
    """The same lines; a number of a field or of its list stands in quotes if a reader would write it in another way."""
    objects = 0  # that are open

    def copied(match: re.Match[bytes]) -> bytes:
        nonlocal objects
        token = match[0]
        if token in b"{}\n":
            objects = 0 if token == b"\n" else objects + (1 if token == b"{" else -1)
        return b'"%s"' % token if objects == 1 and _is_rewritten(token) else token

    return _TOKEN.sub(copied, data)


def _is_rewritten(token: bytes) -> bool:
    """Whether a token is a number that would be another one, or be written in another way, once DuckDB read it."""
    if not _NUMBER.fullmatch(token):  # a text or a bracket, or the line is broken
        return False
    digits = token.lstrip(b"-")
    if digits.isdigit():
        return len(digits) > _WHOLE_DIGITS or token == b"-0"
    return repr(float(token)) != token.decode()
