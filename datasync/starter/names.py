"""What fields are called, by product column, the likeliest first, in eight languages.

A header is compared by its words: without case, accents, signs and what stands in brackets, and if it has no such name,
without its language, its unit and words like "gross".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from datasync.product import PRODUCT_COLUMNS
from datasync.starter.abbreviations import abbreviated
from datasync.starter.known_names import (
    BESIDE,
    COMPOUNDS,
    FURTHER_IMAGES,
    GROSS,
    GTINS,
    LABELS,
    LANGUAGES,
    LEVEL_WORDS,
    LEVELS,
    MAKERS,
    NAME_WORDS,
    NAMES,
    NEGATED,
    NUMBER_WORDS,
    OTHER_STEMS,
    OTHERS,
    PUBLISHED,
    PURCHASES_AND_LIMITS,
    SHOWN,
    SKU_OF_OTHERS,
    STATES,
)
from datasync.starter.meanings import meaning, without_mark
from datasync.starter.spelling import folded, parted, plain

NO_LEVEL = 1.5
WEAK_SKU = 5  # from this rank on, a name alone does not make a SKU
VAGUE_SKU = 7  # of this rank are names that texts go by as well
_ALL_NAMES = frozenset(NAMES.split())
_ANY_NUMBER, _FIRST, _NO_NUMBER = r"(?<=\D)_?\d+$", r"(?<=\D)_?0?1$", "$^"
# The number at the end of a header that says nothing, by column: of texts, only the first is the one that is meant.
_NUMBERS = {"price": _ANY_NUMBER, "stock": _ANY_NUMBER, "name": _FIRST, "description": _FIRST}
_WHOLE_STEM = 3  # stems of so many letters are words
_BESIDE = frozenset(BESIDE.split())
_PLAIN = LANGUAGES | _BESIDE


@cache
def spellings(header: str, column: str = "") -> tuple[str, ...]:
    """The ways a header is compared, the plainest first, and last the names that it is short for."""
    plainest = _plainest(header, column)
    short = () if any(spelling in _columns() for spelling in plainest) else sorted(_meant(header, column))
    return tuple(dict.fromkeys([*plainest, *short]))


def _plainest(header: str, column: str) -> list[str]:
    """The ways a header is compared without taking it for an abbreviation."""
    whole, bare = plain(header), plain(re.sub(r"\(.*?\)|\[.*?\]", " ", header))
    words, spoken = ("_".join(word for word in bare.split("_") if word not in left) for left in (_PLAIN, _BESIDE))
    first = re.sub(_NUMBERS.get(column, _NO_NUMBER), "", words)
    marked = map(without_mark, (whole, bare, words)) if column in ("status", "visible_in") else ()
    any_sku = ("any_sku",) if column == "sku" and whole not in _ALL_NAMES and _has_own_sku(whole) else ()
    every = [*any_sku, *filter(None, (whole, bare, words, spoken, first, *marked))]
    return list(dict.fromkeys([*every, *map(folded, every)]))


def _has_own_sku(spelling: str) -> bool:
    """Whether a header has the word SKU, as in ``Custom label (SKU)``, and none for another product or party."""
    words = {*spelling.split("_")}
    return "sku" in words and not words & _OF_OTHERS


_OF_OTHERS = frozenset(SKU_OF_OTHERS.split())


def short_for(header: str) -> frozenset[str]:
    """The columns that a header may be an abbreviation of; ``""`` stands for what is none."""
    if any(spelling in _columns() for column in ("", *_NUMBERS) for spelling in _plainest(header, column)):
        return frozenset()
    return frozenset(column for name in _names_short(header, _ANY_NUMBER) for column in _columns()[name])


def _meant(header: str, column: str) -> set[str]:
    """The names that a header is short for, if all of them are of one column."""
    names = _names_short(header, _NUMBERS.get(column, _NO_NUMBER))
    columns = {meant for name in names for meant in _columns()[name]}
    return names if len(columns) == 1 else set()


@cache
def _names_short(header: str, number: str) -> set[str]:
    """The names that a header may be short for, without the ``number`` at its end, which says nothing."""
    if meaning(header):
        return set()
    words = " ".join(word for word in re.split(r"[\s_]+", header) if folded(plain(word)) not in _BESIDE)
    written = re.sub(number.replace("_?", r"[\s_]*"), "", words)
    return abbreviated(written, _columns().keys(), _beginnings())


@cache
def _columns() -> dict[str, set[str]]:
    """The columns of each name that fields go by."""
    columns: dict[str, set[str]] = {}
    for column in ("", *PRODUCT_COLUMNS):
        for name in OTHERS.split() if not column else set().union(*ranked(column)):
            columns.setdefault(name, set()).add(column)
            columns.setdefault(folded(name), set()).add(column)
    return columns


@cache
def _beginnings() -> frozenset[str]:
    """The words that names which are put together begin with."""
    return frozenset(word for line in _groups(COMPOUNDS) for word in line[1 : line.index("+")])


def is_put_together(header: str, column: str) -> bool:
    """Whether a field is called so by a name of a column that is put together, which says less than a plain one."""
    return any(spelling in _compounds(column) for spelling in spellings(header, column))


def language(header: str) -> str | None:
    """The language that a header names at its end, as in ``name_de`` or ``Title (fr-FR)``."""
    words = plain(header).split("_")
    code = next((word for word in words[1:][-2:] if word in LANGUAGES), None)
    return code if len(words) > 1 else None


def ranked(column: str) -> Iterator[set[str]]:
    """The names that fields of a column go by, in groups, the likeliest first."""
    groups = [set(names) for first, *names in _groups(NAMES) if first == column]
    strong = groups[: WEAK_SKU - 1] if column == "sku" else groups
    yield from strong
    if compounds := _compounds(column):
        yield compounds
    yield from groups[len(strong) :]
    if column == "categories":
        yield set().union(*_levels().values())
    if column == "visible_in":
        yield set(SHOWN.split())
    if column in ("status", "visible_in"):
        yield set(PUBLISHED.split())


def _groups(lines: str) -> Iterator[list[str]]:
    """The words of each group, which begins with its column."""
    yield from map(str.split, re.split(r"\n(?=\S)", lines.strip()))


@cache
def _compounds(column: str) -> set[str]:
    """The names of a column that are put together."""
    return _put_together(COMPOUNDS, column)


@cache
def _levels() -> dict[int, set[str]]:
    """The names of categories that stand in levels, by the level."""
    return {level: _put_together(LEVELS, str(level)) for level in (1, 2, 3)}


def _put_together(lines: str, key: str) -> set[str]:
    groups = [
        (words[: words.index("+")], words[words.index("+") + 1 :]) for first, *words in _groups(lines) if first == key
    ]
    return {first + sign + last for firsts, lasts in groups for first in firsts for last in lasts for sign in ("", "_")}


def category_level(header: str) -> float | None:
    """Which level of categories a header names: by its number, or by words like "main" and "sub". None: it names none.

    One that is called like categories and nothing else stands between the first and the second.
    """
    if (number := _level_number(header)) is not None:
        return number
    for spelling in spellings(header):
        if level := next((level for level, names in _levels().items() if spelling in names), None):
            return level
        if any(spelling in names for names in ranked("categories")):
            return NO_LEVEL
    return None


def _level_number(header: str) -> int | None:
    """The number in a header that is a word for categories beside it, as in ``Kategorie Ebene 1``."""
    words = re.findall(r"\d+|[^\d_]+", plain(header))
    numbers = [int(word) for word in words if word.isdigit()]
    rest = "_".join(word for word in words if not word.isdigit() and word not in LEVEL_WORDS.split())
    return numbers[0] if len(numbers) == 1 and any(rest in names for names in ranked("categories")) else None


def stem(header: str) -> str:
    """A header without words for a name or a number: ``BezArtikelgruppe`` and ``ArtikelgruppeNr`` have the same."""
    words = parted(header).split("_")
    return "".join(word for word in words if word not in LABELS.split() and word not in NUMBER_WORDS.split())


def is_known(header: str) -> bool:
    """Whether fields of some column go by that name."""
    return any(spelling in _ALL_NAMES for spelling in spellings(header))


def is_part_of(header: str, column: str) -> bool:
    """Whether a header has a long name of a column in it, as ``Warengruppenschlüssel`` does."""
    names = set().union(*ranked(column))
    return any(len(name) >= _LONG_NAME and name in plain(header) for name in names)


_LONG_NAME = 7  # shorter ones stand in other words


def is_maker(header: str) -> bool:
    """Whether a field says whom a product is from, as ``Brand`` and ``Supplier name`` do."""
    names, makers = set(NAME_WORDS.split()), set(MAKERS.split())
    return any(set(spelling.split("_")) - names <= makers for spelling in spellings(header))


def is_gtin(header: str) -> bool:
    """Whether a field holds the numbers of barcodes, by what it is called."""
    word = plain(header)
    return any(f"_{gtin}_" in f"_{word}_" or (len(gtin) >= _LONG_NAME and gtin in word) for gtin in GTINS.split())


def is_further_image(header: str) -> bool:
    """Whether a field holds images beside the first, as ``Zusatzbild`` does."""
    return any(spelling in FURTHER_IMAGES.split() for spelling in spellings(header))


def is_number(header: str) -> bool:
    """Whether a field is called a number, a code or a key of something."""
    return any(word.endswith(ending) for word in plain(header).split("_") for ending in NUMBER_WORDS.split())


def is_opposite(header: str) -> bool:
    """Whether a field says what a product is *not*, as ``Gesperrt`` does."""
    says = meaning(header)
    return bool(says and says.is_opposite)


def says_clearly(header: str, column: str) -> bool:
    """Whether a field says yes or no of a column by words for a lock or "not active"."""
    says = meaning(header)
    return bool(says and says.column == column and says.is_clear)


def is_other(header: str) -> bool:
    """Whether a field is called an amount or a time that is of no column, as ``EK`` and ``Erstellt am`` are."""
    stems, words = OTHER_STEMS.split(), plain(header).split("_")
    is_begun = any(word.startswith(stem) for word in words for stem in stems if len(stem) > _WHOLE_STEM)
    return (
        is_begun or not {*stems}.isdisjoint(words) or any(spelling in OTHERS.split() for spelling in spellings(header))
    )


def is_of_another(header: str) -> bool:
    """Whether a field of prices or pieces is none of the product's: what is paid for it, and what is blocked, least or
    not there, also where brackets say so.
    """
    says, words = meaning(header), plain(header).split("_")
    stems = PURCHASES_AND_LIMITS.split()
    is_begun = any(word.startswith(stem) for word in words for stem in stems if len(stem) > _WHOLE_STEM)
    return is_begun or is_negated(header) or not {*stems}.isdisjoint(words) or bool(says and says.is_opposite)


def is_negated(header: str) -> bool:
    """Whether a field says that something is not there, as ``kein Bestand`` does."""
    return not {*plain(header).split("_")}.isdisjoint(NEGATED.split())


def is_net(header: str) -> bool:
    """Whether a field of prices says that they are without tax."""
    return any(word in ("net", "nto", "ht") or word.startswith("netto") for word in _words(header))


def is_gross(header: str) -> bool:
    """Whether a field of prices says that they are with tax."""
    return any(word in GROSS.split() or word.endswith("brutto") for word in _words(header))


def _words(header: str) -> set[str]:
    """The words of a header, also those that begin with a capital letter within it."""
    return {*plain(header).split("_"), *parted(header).split("_")}


def is_active(header: str) -> bool:
    """Whether a field asks if a product is active, so that a mark means yes and a blank means no."""
    asks = set().union(*ranked("status")) - set(STATES.split())
    return says_clearly(header, "status") or any(spelling in asks for spelling in spellings(header, "status"))


def is_shown(header: str) -> bool:
    """Whether a field asks if a product is to be seen in the shop, so that a mark means yes and a blank means no."""
    asks = {*SHOWN.split(), *PUBLISHED.split(), *_compounds("visible_in")}
    return says_clearly(header, "visible_in") or any(spelling in asks for spelling in spellings(header, "visible_in"))


def looks_like_status(header: str) -> bool:
    """Whether a field says if a product is enabled, by what it is called."""
    says = meaning(header)
    is_called = any(spelling in names for names in ranked("status") for spelling in spellings(header, "status"))
    return is_called or bool(says and says.column == "status" and (says.is_clear or says.kind == "discontinued"))


def is_counted(header: str) -> bool:
    """Whether a field counts pieces, by what it is called."""
    return any(spelling in names for names in [*ranked("stock")][2:] for spelling in spellings(header))
