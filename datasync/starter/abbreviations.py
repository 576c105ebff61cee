"""Headers that are abbreviated, as ``Lagerbest.``, ``Letzte Änd.`` and ``WGr.-Bez.`` are, and the names they stand for.

A word with a point behind it, a word without a vowel and a word beside others may be the beginning of a part of a name.
Where no name begins so, a word may leave letters out: ``Grp.`` is a ``gruppe``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from datasync.starter.spelling import folded, plain

_SHORTEST = 3  # of fewer letters, a word without a point is no beginning of another
_LONG = 8  # so many letters of one word without a point are the beginning of a name that is put together
_REST = "[a-z]*"
_HUMPS = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-ZÄÖÜ])|(?<=[A-Z])(?=[A-ZÄÖÜ][a-zäöü])")


def abbreviated(header: str, names: Collection[str], beginnings: Collection[str]) -> set[str]:
    """Those of the ``names`` that a header may be short for; ``beginnings`` are words that stand for themselves."""
    written = re.sub(r"\(.*?\)|\[.*?\]", " ", header)
    variants = list(dict.fromkeys([written, _HUMPS.sub(" ", written)]))
    for is_contracted in (False, True):
        for variant in variants:
            pattern = _pattern(variant, beginnings, is_contracted=is_contracted)
            if pattern and (matching := {name for name in names if pattern.fullmatch(name)}):
                return matching
    return set()


def _pattern(header: str, beginnings: Collection[str], *, is_contracted: bool) -> re.Pattern[str] | None:
    """What the names have to look like; None where no word is short for another."""
    tokens = re.findall(r"[^\W_]+\.?", header)
    words = [(folded(plain(token)), token.endswith(".")) for token in tokens]
    parts = [*_parts(words, beginnings, is_contracted=is_contracted)]
    return re.compile("_?".join(parts)) if any(_REST in part for part in parts) else None


def _parts(words: list[tuple[str, bool]], beginnings: Collection[str], *, is_contracted: bool) -> Iterator[str]:
    for word, has_point in words:
        is_bare = len(word) >= _SHORTEST and not re.search("[aeiouy]", word)
        is_beginning = len(word) >= (_SHORTEST if len(words) > 1 else _LONG) and word not in beginnings
        if is_contracted and (has_point or is_bare):
            yield _REST.join(word) + _REST
        elif has_point or is_bare or is_beginning:
            yield word + _REST
        else:
            yield word
