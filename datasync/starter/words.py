"""Words that fields use for a status, for stock and for visibility, in eight languages, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from datasync.sql import literal
from datasync.starter.sample import Field

# Each line: words for yes, then words for no, set apart by "/"; a comma parts words.
_YES_NO = """
1 / 0
-1 / 0
true / false
yes / no
y / n
t / f
on / off
ja / nein, nee
j / n
wahr / falsch
oui / non
o / n
vrai / faux
sí, si / no
s / n
verdadero / falso
vero / falso
waar / onwaar
sim / não, nao
verdadeiro / falso
tak / nie
prawda / fałsz
"""
_STATUS = """
active / inactive, draft, archived, unlisted, disabled, deleted
enabled / disabled
published / draft, private, pending, archived, unpublished
online / offline
aktiv / inaktiv, gesperrt, archiviert, gelöscht
freigegeben / gesperrt
actif / inactif, archivé
publié / brouillon, non publié
activo / inactivo, archivado
activado / desactivado
publicado / borrador, rascunho
attivo / inattivo, disattivato
pubblicato / bozza
actief / inactief, gearchiveerd
gepubliceerd / concept
ativo / inativo
ativado / desativado
aktywny / nieaktywny
włączony / wyłączony
opublikowany / szkic
"""
_STOCK = """
in stock, in_stock, instock / out of stock, out_of_stock, outofstock, sold out, preorder, pre-order, backorder
available / unavailable, not available
lieferbar, auf lager, verfügbar, vorrätig / nicht lieferbar, nicht auf lager, nicht verfügbar, ausverkauft, vergriffen
en stock, disponible / rupture de stock, rupture, épuisé, indisponible, agotado, sin stock, no disponible
disponibile, in magazzino / non disponibile, esaurito
op voorraad, leverbaar / niet op voorraad, niet leverbaar, uitverkocht
em estoque, em stock, disponível / fora de estoque, sem estoque, sem stock, esgotado, indisponível
dostępny, w magazynie, na stanie / niedostępny, brak, wyprzedany
"""
_YES = (
    "x", *dict.fromkeys(w.strip() for line in _YES_NO.strip().splitlines() for w in line.split(" / ")[0].split(",")),
)  # fmt: skip
_VISIBLE = (
    {
        "catalog, search": "['catalog', 'search']",
        "catalog": "['catalog']",
        "search": "['search']",
        "not visible individually": "[]",
    },
    {"visible": "['catalog', 'search']", "catalog": "['catalog']", "search": "['search']", "hidden": "[]"},
    {"4": "['catalog', 'search']", "2": "['catalog']", "3": "['search']", "1": "[]"},
)
_OF_SEVERAL = frozenset("snotf")  # letters that stand for other words too, as S does for "Sperre"
_SURE = frozenset("jy")  # with one of these beside it, N is a no
_BOTH, _NOWHERE = "['catalog', 'search']", "[]"
_TYPES = """
simple configurable variable variation variant virtual downloadable bundle bundled grouped giftcard gift_card
external subscription parent child
"""
PRODUCT_TYPES = frozenset(_TYPES.split())


def is_yes_no(field: Field) -> bool:
    """Whether a field holds words for yes and no, of one language, and nothing else."""
    used, pairs = {value.lower() for value in field.values}, _pairs(_YES_NO, "yes", "no")
    return len(used) > 1 and any(used <= set(pair) and len({pair[word] for word in used}) > 1 for pair in pairs)


def is_any_yes_no(field: Field) -> bool:
    """Whether a field holds words for yes or no and nothing else, as one that is a no throughout."""
    used = {value.lower() for value in field.values}
    return bool(used) and any(used <= set(pair) for pair in _pairs(_YES_NO, "yes", "no"))


def status(field: Field, f: str, *, is_opposite: bool = False, is_marked: bool = False) -> Iterator[str]:
    """Expressions for the status; of a field that says what a product is not, with yes and no exchanged.

    ``is_marked``: the field asks for a yes or no, so that a cross in it is a yes.
    """
    yes, no = _yes_no(is_opposite)
    if not _are_telling(field.values, is_marked=is_marked, is_opposite=is_opposite):
        return
    cross = [{"x": yes}] if is_marked else []
    yield from _case_expressions(field, f, [*_pairs(_YES_NO, yes, no), *cross, *_pairs(_STATUS, *_yes_no(False))])


def status_of_marked(field: Field, f: str, *, is_opposite: bool) -> str | None:
    """The status by a field that has one and the same cross or word for yes, or nothing, which is a no."""
    mark = mark_of(field)
    if mark is None or not _are_telling(field.values, is_marked=True, is_opposite=is_opposite):
        return None
    yes, no = _yes_no(is_opposite)
    value_sql = f"trim({f})" if mark.upper() == mark else f"lower(trim({f}))"
    return f"case coalesce({value_sql}, '') when {literal(mark)} then {yes} when '' then {no} else {f} end"


def _letters(values: Iterable[str]) -> set[str]:
    return {value.lower() for value in values if len(value) == 1 and value.isalpha()}


def _are_telling(values: Iterable[str], *, is_marked: bool, is_opposite: bool) -> bool:
    """Whether letters mean yes and no, and could be short for nothing else: S is a yes, and "Sperre" in German.

    Two of a pair do in a field that asks for a yes or no, and one of a lock, where both readings come to the same.
    """
    letters = _letters(values)
    if letters & _SURE or not letters & _OF_SEVERAL:
        return True
    return is_marked and (is_opposite or len(letters) > 1 or letters <= {"n", "f"})


def mark_of(field: Field) -> str | None:
    """The cross or word for yes that a field has where it has something."""
    return next((word for word in _YES if {value.lower() for value in field.values} == {word}), None)


def status_to_decide(f: str, values: Sequence[str], *, is_opposite: bool) -> tuple[str, str]:
    """What to write for a status that is not understood, and which of its values are decided without being known."""
    yes, no = _yes_no(is_opposite)
    known = _known_statuses(values, is_opposite=is_opposite)
    meanings = {value.lower(): known.get(value.lower(), "'enabled'") for value in values}
    unknown = [value for value in values if value.lower() not in known]
    is_mark = len(values) == 1 and meanings[values[0].lower()] == yes
    if is_mark or len(unknown) == len(values):
        remark = _taken_for(values[:1], yes, no if len(values) > 1 else "") if unknown else ""
        return f"case when {f} = {literal(values[0])} then {yes} else {no} end", remark
    cases = " ".join(f"when {literal(word)} then {meaning}" for word, meaning in meanings.items())
    return f"case lower({f}) {cases} else {f} end", _taken_for(unknown, "'enabled'") if unknown else ""


def _known_statuses(values: Iterable[str], *, is_opposite: bool) -> dict[str, str]:
    """What words mean; a word for a status means the same in a field that says what a product is not.

    A letter means nothing beside letters that are not of its pair: of ``A`` and ``S``, the S is no Spanish yes.
    """
    yes, no = _yes_no(is_opposite)
    pairs = [*_pairs(_YES_NO, yes, no), *_pairs(_STATUS, *_yes_no(False)), {"x": yes}]
    letters, known = _letters(values), {word: meaning for pair in pairs for word, meaning in pair.items()}
    is_pair = any(letters <= {*pair} for pair in pairs)
    if is_pair and _are_telling(letters, is_marked=is_opposite, is_opposite=is_opposite):
        return known
    return {word: meaning for word, meaning in known.items() if word not in letters}


def is_of_enabled(field: Field) -> bool:
    """Whether some value of a field is a word for a product that is sold."""
    known = _known_statuses(field.values, is_opposite=True)
    return any(known.get(value.lower()) == "'enabled'" for value in field.values)


def status_of_filled(f: str) -> str:
    """The status by a lock that is one where the field has something, as the day since which a product is locked."""
    return f"case when trim(coalesce({f}, '')) <> '' then 'disabled' else 'enabled' end"


def _taken_for(values: Sequence[str], meaning: str, rest: str = "") -> str:
    others = f", and all else for {rest[1:-1]}" if rest else ""
    return f"{', '.join(values)}: not known, taken for {meaning[1:-1]}{others}: decide"


def known_statuses(field: Field, f: str, *, is_opposite: bool) -> Iterator[str]:
    """An expression for those values of a field that are known; the others stay as they are."""
    known = _known_statuses(field.values, is_opposite=is_opposite)
    cases = [f"when {literal(v.lower())} then {known[v.lower()]}" for v in sorted(field.values) if v.lower() in known]
    if cases and len(field.values) > 1:
        yield f"case lower({f}) {' '.join(dict.fromkeys(cases))} else {f} end"


def yes_no_reading(column: str, field: Field, f: str, blanks: int, *, is_opposite: bool) -> str | None:
    """What a field of yes and no, or of marks, would be as the visibility or as the status; None if it is neither."""
    if not field.filled or not (is_any_yes_no(field) or mark_of(field)):
        yes, no = _yes_no(is_opposite) if column == "status" else _seen(is_opposite)
        return f"case when trim(coalesce({f}, '')) <> '' then {yes} else {no} end"
    if column == "visible_in":
        return next(visible_in_of_shown(field, f, blanks, is_opposite=is_opposite), None)
    marked = status_of_marked(field, f, is_opposite=is_opposite) if blanks or mark_of(field) == "x" else None
    return marked or next(status(field, f, is_opposite=is_opposite, is_marked=True), None)


def _yes_no(is_opposite: bool) -> tuple[str, str]:
    return ("'disabled'", "'enabled'") if is_opposite else ("'enabled'", "'disabled'")


def _seen(is_opposite: bool) -> tuple[str, str]:
    return (_NOWHERE, _BOTH) if is_opposite else (_BOTH, _NOWHERE)


def stock(field: Field, f: str) -> Iterator[str]:
    """Expressions for the stock."""
    yes, no = "'in-stock'", "'out-of-stock'"
    if "-1" not in field.values:  # which is a yes of some systems, and a count in others
        yield from _case_expressions(field, f, [*_pairs(_YES_NO, yes, no), *_pairs(_STOCK, yes, no)])


def visible_in(field: Field, f: str) -> Iterator[str]:
    """Expressions for where a product is visible; a word that is not known is handed on, as a list."""
    yield from _case_expressions(field, f, [*_VISIBLE, *_pairs(_YES_NO, _BOTH, _NOWHERE)], f"[{f}]")


def visible_in_of_shown(field: Field, f: str, blanks: int, *, is_opposite: bool = False) -> Iterator[str]:
    """Expressions for a field that asks whether a product is visible: yes is everywhere, no and nothing are nowhere.

    ``is_opposite``: it asks whether a product is hidden, so that yes is nowhere.
    """
    yes, no = _seen(is_opposite)
    blank = {"": no} if blanks or field.values <= {"x", "X"} else {}
    meanings = [{**meaning, **blank} for meaning in (*_pairs(_YES_NO, yes, no), {"x": yes})]
    yield from _case_expressions(field, f"trim(coalesce({f}, ''))" if blank else f, meanings, f"[{f}]")


def _case_expressions(field: Field, f: str, meanings: Sequence[Mapping[str, str]], fallback: str = "") -> Iterator[str]:
    """An expression for each meaning that covers the words of a field. Other words stay: a pull reports them."""
    used = {value.lower() for value in field.values}
    for meaning in meanings:
        if used and used <= set(meaning):
            is_text = any(word.upper() != word for word in meaning)
            first = {value: word for word, value in reversed([*meaning.items()])}
            lacking = set(first) - {meaning[word] for word in used}  # a value no word of which was seen yet
            written = {
                w: value
                for w, value in meaning.items()
                if w in used or not w or (value in lacking and first[value] == w)
            }
            cases = " ".join(f"when {literal(word)} then {value}" for word, value in written.items())
            yield f"case {f'lower({f})' if is_text else f} {cases} else {fallback or f} end"


def _pairs(lines: str, yes: str, no: str) -> Iterator[Mapping[str, str]]:
    for line in lines.strip().splitlines():
        positive, negative = ([word.strip() for word in side.split(",")] for side in line.split(" / "))
        yield {**dict.fromkeys(positive, yes), **dict.fromkeys(negative, no)}
