"""The forms in which the values of a field can be what a column needs, each as SQL, and which of them fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from datasync.quantity import quantity
from datasync.sql import query_text, quote
from datasync.starter import words
from datasync.starter.addresses import are_incomplete, to_complete
from datasync.starter.amounts import Amounts, amounts
from datasync.starter.choice import Choice, Reading, ambiguous, fits, misfits, refused, understood
from datasync.starter.members import in_objects
from datasync.starter.names import (
    is_active,
    is_counted,
    is_opposite,
    is_shown,
)
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field
from datasync.starter.times import Times, times
from datasync.starter.yes_no import holds_days, is_lock_where_filled


def by_forms(choices: OpenChoices, column: str) -> Choice | None:
    """The first form of the first field that fits the column; what the first field is otherwise, in words."""
    left: Choice | None = None
    for field in choices.named(column):
        choice = by_form(choices, column, field)
        if choice.sql or choice.is_open:  # of two readings a person chooses; other fields are no way out
            return choice
        left = left or choice
    return left


def by_form(choices: OpenChoices, column: str, field: Field) -> Choice:
    f, tried = choices.spell(field), list[str]()
    if inside := in_objects(column, field, f):
        return inside
    for form in FORMS[column](choices, field, f):
        if isinstance(form, Choice):
            return form
        if not choices.sample.records or fits(choices.sample.rows, column, form, field.name):
            return Choice(column, form, (field.name,))
        tried.append(form)
    trials = [f"number_of({f}, ',')", f"number_of({f}, '.')"] if column == "price" else []
    return _not_understood(choices, column, field, [*tried, *trials])


def _not_understood(choices: OpenChoices, column: str, field: Field, forms: list[str]) -> Choice:
    """A column whose field has values that are not understood: which these are, by the form that reads the most."""
    f, rows = choices.spell(field), choices.sample.rows
    bad, of, form = min((*misfits(rows, column, form, field.name), form) for form in forms or [f])
    if not bad:
        note, values, form = f"{field.name} holds what looks like no {column}", field.examples, f
    elif bad == of:
        note, values, form = f"the values of {field.name} are not understood", field.examples, f
    else:
        values = refused(rows, column, form, field)
        note = f"{bad:,} of {of:,} values of {field.name} are not understood: {', '.join(values)}"
    return Choice(column, "", (field.name,), note=note, options=(Reading(form, values if bad in (0, of) else ()),))


_Forms = Iterator["str | Choice"]


def _prices(choices: OpenChoices, field: Field, f: str) -> _Forms:
    return _understood("price", field, amounts(choices.sample.rows, field, f))


def _moments(choices: OpenChoices, field: Field, f: str) -> _Forms:
    return _understood("updated_at", field, times(choices.sample.rows, field, f))


def _understood(column: str, field: Field, read: Amounts | Times) -> _Forms:
    """The one way to read a field, or a choice of several; nothing where there is none."""
    if read.options:
        yield ambiguous(column, field.name, read.options)
    elif read.sql:
        yield Choice(column, read.sql, (field.name,), note=read.note) if read.note else read.sql


def _stocks(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if is_counted(field.name):
        yield from _counted(choices, field, f)
        return
    yield f
    yield from words.stock(field, f)
    yield from _counted(choices, field, f)


def _counted(choices: OpenChoices, field: Field, f: str) -> Iterator[str]:
    """A number of pieces; whether ``1.200`` is one or a thousand makes no difference to its being above 0."""
    read = amounts(choices.sample.rows, field, f)
    number = read.sql or next(iter(read.options), None) or _pieces(choices, field, f)
    if number == f"number_of({f})" and _are_plain(choices, f):
        number = f
    if number:
        yield (
            f"case when try_cast({number} as double) > 0 then 'in-stock' "
            f"when try_cast({number} as double) <= 0 then 'out-of-stock' end"
        )


def _are_plain(choices: OpenChoices, f: str) -> bool:
    """Whether all values are whole numbers of nothing but digits."""
    whole = f"regexp_full_match(trim({f}), '-?[0-9]+')"
    every = f"SELECT coalesce(bool_and({whole}), true) AS plain FROM sample WHERE trimmed({f}) IS NOT NULL"
    return bool(choices.sample.rows.row(every)["plain"])


def _pieces(choices: OpenChoices, field: Field, f: str) -> str | None:
    """How to read numbers that have a unit behind them, as in ``12 Stk``; not what has a word only."""
    digits = f"regexp_extract({f}, '^([-0-9.,''\\p{{Zs}}]+)\\p{{L}}*[.]?$', 1)"
    read = amounts(choices.sample.rows, field, digits, of=digits)
    return (read.sql or next(iter(read.options), None)) if read.numbers == field.filled else None


def _statuses(choices: OpenChoices, field: Field, f: str) -> _Forms:
    yield f
    opposite = is_opposite(field.name)
    asks, blanks = opposite or is_active(field.name), choices.sample.records - field.filled
    if (
        asks
        and (blanks or field.values <= {"x", "X"})
        and (marked := words.status_of_marked(field, f, is_opposite=opposite))
    ):
        meaning = f"nothing in it means {'enabled' if opposite else 'disabled'}"
        note = f"{meaning}, in {quantity(blanks, 'record')}" if blanks else meaning
        yield Choice("status", marked, (field.name,), note=note)
    forms = [*words.status(field, f, is_opposite=opposite, is_marked=asks)]
    yield from forms
    if not forms and is_lock_where_filled(field):
        yield _by_days(choices, field, f)
        return
    left = _not_understood(choices, "status", field, [f, *forms, *words.known_statuses(field, f, is_opposite=opposite)])
    yield replace(left, options=(*left.options, *_to_decide(choices, field, f)))


def _by_days(choices: OpenChoices, field: Field, f: str) -> Choice:
    """A lock that holds a date or a sign of its own: that it is one where it is filled is for a person to say."""
    sql = words.status_of_filled(f)
    holds = "days" if holds_days(field) else f"{field.examples[0]!r}"
    note = f"{field.name} holds {holds} or nothing: uncomment the line in datasync.yaml if a product is locked by it"
    remark = "a day in it may be still to come" if holds_days(field) else ""
    samples = understood(choices.sample.rows, "status", sql, field)
    return Choice("status", "", (field.name,), note=note, options=(Reading(sql, samples, remark),))


def _to_decide(choices: OpenChoices, field: Field, f: str) -> Iterator[Reading]:
    """A way to read a status that is not understood: which words it decides on is said before the samples."""
    if values := sorted(field.values) or field.examples:
        by_frequency = [*dict.fromkeys([*field.examples, *values])]
        sql, remark = words.status_to_decide(f, by_frequency, is_opposite=is_opposite(field.name))
        samples = understood(choices.sample.rows, "status", sql, field)
        yield Reading(sql, samples, remark)


def _places(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if not is_shown(field.name):
        yield f
        yield from words.visible_in(field, f)
        return
    blanks = choices.sample.records - field.filled
    opposite = is_opposite(field.name)
    place = "everywhere" if opposite else "nowhere"
    note = f"nothing in it means visible {place}, in {quantity(blanks, 'record')}" if blanks else ""
    for sql in words.visible_in_of_shown(field, f, blanks, is_opposite=opposite):
        yield Choice("visible_in", sql, (field.name,), note=note)


def _urls(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if all(re.match("/(?!/)", example) for example in field.examples) and field.filled:
        yield to_complete("url", [field], f, is_list=False)
    elif not field.filled or field.mostly(field.urls) or all(example.startswith("/") for example in field.examples):
        yield f


def _currencies(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if not field.filled or (are_codes(field) and has_currency(choices, f)):
        yield f
    elif len(field.values) and has_currency(choices, f):
        yield f"currency_of({f})"


def are_codes(field: Field) -> bool:
    """Whether all values are three capital letters, as codes of currencies are."""
    return all(re.fullmatch("[A-Z]{3}", value) for value in field.values or field.examples)


def has_currency(choices: OpenChoices, f: str, among: str = "true") -> bool:
    """Whether nearly all values of a field, of those ``among`` which it is looked for, say a currency."""
    known = f"count(*) FILTER (currency_of({f}) IS NOT NULL) AS known, count(*) AS of"
    counts = choices.sample.rows.row(f"SELECT {known} FROM sample WHERE trimmed({f}) IS NOT NULL AND {among}")
    return bool(counts["of"] and counts["known"] >= counts["of"] * 0.9)


def _pictures(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if words.is_yes_no(field):  # it says whether there is an image
        return
    listed = _several_pictures(choices, field, f)
    if are_incomplete([field]):
        yield to_complete("images", [field], listed or f, is_list=bool(listed))
    elif listed:
        yield listed
    yield f


def _several_pictures(choices: OpenChoices, field: Field, f: str) -> str | None:
    """How to part the values of a field that have several images in them."""
    if any(example.startswith(("[", "{")) for example in field.examples):
        return None
    parts = [part for example in field.examples for part in re.split(r"[\s,;|]+(?=https?://)", example)]
    if len(parts) > len(field.examples):
        return f"urls_of({f})"
    signs = choices.sample.rows.row(query_text("sampled_signs", field=quote(field.name)))
    for sign, count in (("|", signs["bars"]), (";", signs["semicolons"]), (",", signs["commas"])):
        several = [part.strip() for example in field.examples for part in example.split(sign)]
        if count and all(re.search(r"\.\w{3,4}$", part) for part in several):
            return f"list_transform(string_split({f}, '{sign}'), lambda element: trim(element))"
    return None


def _groups(choices: OpenChoices, field: Field, f: str) -> _Forms:
    signs = choices.sample.rows.row(query_text("sampled_signs", field=quote(field.name)))
    for sign, count in (("|", signs["bars"]), (";", signs["semicolons"])):
        if count:
            yield f"list_transform(string_split({f}, '{sign}'), lambda element: trim(element))"
    yield _with_commas(field, f, signs) or f


def _with_commas(field: Field, f: str, signs: Mapping[str, int]) -> Choice | None:
    """Categories with commas in them: several, if their parts stand elsewhere too; one, if none does and a blank is
    behind each comma, as in prose. Where neither is so they are several, and the other reading is beside it.
    """
    several, whole = Reading(f), Reading(f"[{f}]")
    if not signs["commas"]:
        return None
    if signs["alone"]:
        return Choice("categories", several.sql, (field.name,), note="a comma parts two categories")
    if not signs["shared"] and not signs["without_blank"]:
        return Choice("categories", whole.sql, (field.name,), note="a comma is part of a category's name")
    note = "a comma parts two categories, or is part of a name: uncomment the other line in datasync.yaml if it is"
    return Choice("categories", several.sql, (field.name,), note=note, options=(whole,))


def _types(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if field.name.lower() == "type" or {value.lower() for value in field.values} <= words.PRODUCT_TYPES:
        yield f


def _prose(choices: OpenChoices, field: Field, f: str) -> _Forms:
    if field.is_prose:
        yield f


FORMS: dict[str, Callable[[OpenChoices, Field, str], _Forms]] = {
    "price": _prices,
    "currency": _currencies,
    "stock": _stocks,
    "status": _statuses,
    "visible_in": _places,
    "url": _urls,
    "images": _pictures,
    "categories": _groups,
    "updated_at": _moments,
    "type": _types,
    "description": _prose,
}
