"""Text as the search compares it; fold.js does the same to what a reader types, letter for letter.

No case, no accents, wide and narrow forms alike. Only U+0300 to U+036F count as accents: dropping every mark would turn
Japanese が into か and take the vowels from Hindi and Thai.
"""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = re.compile("[\u0300-\u036f]")
_BLANKS = re.compile("[\u1680\u2028\u2029\ufeff]")  # the blanks of JavaScript that decomposing leaves as they are
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "ς": "σ"})


def fold(text: str) -> str:
    """``text`` without case and accents; line breaks stay."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", _BLANKS.sub(" ", text))).lower()
    return unicodedata.normalize("NFC", bare.translate(_PLAIN))
