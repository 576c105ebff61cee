"""Signs that cannot be seen: white space, controls, zero-width signs, fillers. Text of them alone is empty.

They are Unicode's white space, control characters and default-ignorable signs, the blank braille pattern and the signs
around annotations. Some of them shape the sign beside them (joiners, variation selectors, tags of flags): these are
empty alone, and are not taken off the ends of text, because they belong to what is seen there.
"""

from __future__ import annotations

import re

from datasync.sql import literal

_ALONE = (
    *((0x00, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x61C, 0x61C), (0x115F, 0x1160), (0x1680, 0x1680), (0x180E, 0x180E)),
    *((0x2000, 0x200B), (0x200E, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000)),
    *((0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB)),
    *((0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A)),
)
_SHAPING = (
    *((0x34F, 0x34F), (0x17B4, 0x17B5), (0x180B, 0x180D), (0x180F, 0x180F), (0x200C, 0x200D), (0xFE00, 0xFE0F)),
    (0xE0000, 0xE0FFF),
)
RANGES = (*_ALONE, *_SHAPING)


def sql_class(ranges: tuple[tuple[int, int], ...]) -> str:
    """A character class as DuckDB's regular expressions write it."""
    return "[" + "".join(f"\\x{{{low:X}}}-\\x{{{high:X}}}" for low, high in ranges) + "]"


def _class(ranges: tuple[tuple[int, int], ...]) -> str:
    return "[" + "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in ranges) + "]"


def _signs(ranges: tuple[tuple[int, int], ...]) -> str:
    """All signs of some ranges as SQL text; a statement has no room for the sign 0 itself."""
    return literal("".join(chr(sign) for low, high in ranges for sign in range(low, high + 1) if sign)) + " || chr(0)"


WORDS = {  # of queries/unseen.sql
    "unseen": literal(sql_class(RANGES)),
    "around": literal(sql_class(_ALONE)),
    "signs_around": _signs(_ALONE),
}
_EMPTY = re.compile(f"{_class(RANGES)}*")
_ENDS = re.compile(f"^{_class(_ALONE)}+|{_class(_ALONE)}+$")


def looks_empty(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return _EMPTY.fullmatch(text) is not None


def trimmed(text: str) -> str:
    """A text without what cannot be seen at its ends."""
    return "" if looks_empty(text) else _ENDS.sub("", text)
