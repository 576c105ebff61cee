"""Which encoding of Latin letters a text is in, told from the alphabets of languages and from where its signs stand.

These encodings share most letters, so that a short text of one is a likely text of another: `ção` and `çăo`, `1½"` and
`1˝"`. In the right one all letters are of one language, and a sign that is no letter stands outside of words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

LATIN = ("cp1252", "iso8859_15", "cp1250", "iso8859_2", "cp1254")  # of those that fit as well, the first
_ALPHABETS = (
    "äöüß",  # German
    "àâæçéèêëîïôœùûüÿ",  # French
    "áéíñóúü",  # Spanish
    "àèéìíîòóùú",  # Italian
    "áäéèëïíóöúü",  # Dutch
    "ãáâàçéêíóôõúü",  # Portuguese
    "æøåéóòüä",  # Danish, Norwegian
    "åäöéü",  # Swedish, Finnish
    "áðéíóúýþæö",  # Icelandic
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "ăâîşţșț",  # Romanian
    "čćđšž",  # Croatian, Slovenian
    "çğıİöşüâîû",  # Turkish
)
_SIGNS = frozenset("€£¥§©®™°²³¹×÷±µ½¼¾«»„“”‘’–—…•·¿¡ºªØø†‰\u00a0\u00ad")
_POWERS = "¹²³"
_WITH_NEIGHBOURS = re.compile(r"(?s)(?<=(.))?([^\x00-\x7f])(?=(.)?)")


def likeliest_latin(text: bytes) -> tuple[str, bool]:
    """The encoding in which most of a text fits together, and whether all of it does."""
    fitting = {encoding: _fitting(text, encoding) for encoding in LATIN}
    encoding = max(LATIN, key=fitting.__getitem__)
    return encoding, fitting[encoding] == sum(byte > 127 for byte in text)


def _fitting(text: bytes, encoding: str) -> int:
    """How many signs fit, those that are not ASCII: the letters of one language, and signs outside of words."""
    read = text.decode(encoding, errors="replace")
    places = Counter((_is_inside(*m.groups()), m[2]) for m in _WITH_NEIGHBOURS.finditer(read))
    signs = sum(count for (is_inside, sign), count in places.items() if sign in _SIGNS and not is_inside)
    letters: Counter[str] = Counter()
    for (_, sign), count in places.items():
        letters[sign if sign == "İ" else sign.lower()] += count
    return signs + max(_of_alphabet(letters, alphabet) for alphabet in _ALPHABETS)


def _is_inside(before: str | None, sign: str, after: str | None) -> bool:
    """Whether a sign stands within a word, or is a power of what is no unit: `Pó³buty`, `2 z³`."""
    if _is_letter(before) and sign in _POWERS:
        return before not in ("m", "M") or _is_letter(after)
    return _is_letter(before) and _is_letter(after)


def _is_letter(neighbour: str | None) -> bool:
    return neighbour is not None and neighbour.isalpha()


def _of_alphabet(letters: Counter[str], alphabet: Iterable[str]) -> int:
    return sum(letters[letter] for letter in alphabet)
