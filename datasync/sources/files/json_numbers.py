"""Numbers in JSON that a reader would round: each is put in quotes, so that it stays the text that was given.

DuckDB reads a fraction as a DOUBLE, which keeps 15 digits, and a whole number of up to 19 digits as it is. Numbers in
a list or an object stay, because there text would be another value.
"""

from __future__ import annotations

import re

import numpy as np

from datasync.sources.files.csv_block import Truths

_FRACTION_DIGITS, _WHOLE_DIGITS = 15, 18
_RUN = _FRACTION_DIGITS + 1  # digits and dots in a row
_STEP = 4  # a run covers at least four multiples of it
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*"|[\[\]{}\n]|-?\d[\d.eE+-]*')
_SIGNIFICANT = re.compile(rb"[eE].*|[^\d]")
_IS_PART = np.zeros(256, np.bool_)
_IS_PART[list(b"0123456789.")] = True


def may_be_rounded(data: bytes) -> bool:
    """Whether some bytes may hold such a number: whether 16 digits or dots stand in a row anywhere."""
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
    """The same lines, in which a field's number stands in quotes if a reader would round it."""
    depth = 0

    def copied(match: re.Match[bytes]) -> bytes:
        nonlocal depth
        token = match[0]
        if token in b"{[]}\n":
            depth = 0 if token == b"\n" else depth + (1 if token in b"{[" else -1)
        return b'"%s"' % token if depth == 1 and _is_rounded(token) else token

    return _TOKEN.sub(copied, data)


def _is_rounded(token: bytes) -> bool:
    """Whether a token is a number that would be another one, or be written in another way, once DuckDB read it."""
    if not _NUMBER.fullmatch(token):  # a text or a bracket, or the line is broken
        return False
    digits = len(_SIGNIFICANT.sub(b"", token).lstrip(b"0"))
    if token.lstrip(b"-").isdigit():
        return digits > _WHOLE_DIGITS
    return digits > _FRACTION_DIGITS and repr(float(token)) != token.decode()
