"""Which field is which column: by its name, then by whether its values are what the column needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import duckdb

from datasync import product
from datasync.starter.categories import categories
from datasync.starter.choice import Choice, Reading, misfits, shown, understood
from datasync.starter.forms import FORMS, are_codes, by_form, by_forms, has_currency
from datasync.starter.images import images
from datasync.starter.likely import are_files, may_be
from datasync.starter.members import holds_objects, in_objects
from datasync.starter.names import (
    VAGUE_SKU,
    WEAK_SKU,
    is_gtin,
    is_number,
    is_of_another,
    is_part_of,
    is_put_together,
    is_shown,
    short_for,
)
from datasync.starter.open_choices import OpenChoices
from datasync.starter.price_unit import left_open
from datasync.starter.rivals import by_forms_among_rivals
from datasync.starter.sample import VALUES, Field, Sample
from datasync.starter.times import are_local
from datasync.starter.yes_no import suggested

_ORDER = (
    *("sku", "name", "price", "currency", "stock", "status", "visible_in", "url", "images", "categories"),
    *("updated_at", "type", "description"),
)
_LONGEST_NAME = 120  # so many signs on average
_LONGEST_BY_DESCRIPTION = 60  # the same, of what is called a description
_MOST_BROKEN = 0.02  # so many of the names of a field may have a line break in them
_TRANSFORMED = re.compile(r"[(\[ ]")


def choose(
    con: duckdb.DuckDBPyConnection, sample: Sample, known: dict[str, Choice], spoken: str | None
) -> list[Choice]:
    """A choice for every column that the sample has something for, in the columns' order; ``known`` ones stay.

    No field is taken twice.
    """
    choices = OpenChoices(con, sample, spoken, dict(known))
    choices.chosen.update({column: _sampled(choices, choice) for column, choice in known.items()})
    for column in _ORDER:
        if column not in known and (choice := _FINDERS.get(column, by_forms)(choices, column)):
            choices.chosen[column] = _sampled(choices, choice)
    if (time := choices.chosen.get("updated_at")) and time.sql and are_local(con, time.sql, sample.rows.relation):
        note = "; ".join(filter(None, (time.note, "times without an offset are taken as UTC: see time_zone")))
        choices.chosen["updated_at"] = replace(time, note=note, is_local=True)
    choices.chosen.update({choice.column: choice for choice in suggested(choices)})
    choices.chosen.update((column, hint) for column in FORMS if (hint := _hinted(choices, column)))
    for column in product.PRODUCT_COLUMNS:
        for field in sample.fields:
            if field.name.lower() == column and (choice := _of_own_name(choices, column, field)):
                choices.chosen[column] = choice
    return [choices.chosen[column] for column in product.PRODUCT_COLUMNS if column in choices.chosen]


def _hinted(choices: OpenChoices, column: str) -> Choice | None:
    """A column that nothing was taken for, with the fields that may be it and whose values fit.

    They have its name as a part of theirs, may be short for it, or have values that look like it.
    """
    if column in choices.chosen:
        return None
    fields = [field for field in choices.free() if _may_be(choices, column, field)]
    fitting = [(field, choice) for field in fields if (choice := by_form(choices, column, field)).sql]
    if not fitting or not choices.sample.records:
        return None
    names = ", ".join(field.name for field, _ in fitting[:_LISTED])
    options = tuple(Reading(choice.sql, field.examples) for field, choice in fitting[:_LISTED])
    which = "the line in datasync.yaml of the one that is" if len(fitting) > 1 else "its line in datasync.yaml if it is"
    note = f"perhaps {names}: uncomment {which} the {column}{', if one is' * (len(fitting) > 1)}"
    hint = Choice(column, "", note=note, options=options)
    return left_open(choices, hint) if column == "price" else hint


def _may_be(choices: OpenChoices, column: str, field: Field) -> bool:
    if column in ("price", "stock") and (is_of_another(field.name) or is_gtin(field.name)):
        return False
    is_called = is_part_of(field.name, column) or column in short_for(field.name)
    if column == "currency":
        return is_called or are_codes(field)
    return is_called or (field in choices.unnamed() and may_be(column, field))


def _of_own_name(choices: OpenChoices, column: str, field: Field) -> Choice | None:
    """What is said of a field with the name of a column that has no map yet, because a pull would take it as it stands.

    It is kept out, by a map to null, if it is not understood, and if it is a price of which the sample has none:
    ``1.299`` would be taken for one or the other. What else is empty goes to quarantine if it is not understood later.
    """
    choice = choices.chosen.get(column)
    if choice and choice.sql:
        return None
    if field.filled:
        return replace(choice or Choice(column, ""), sql="null", fields=())
    if choice or not choices.sample.records or column in ("sku", "name"):
        return None
    f = choices.spell(field)
    if column == "price":
        note = f"{field.name} is empty in the sample, and is not taken until it is said how it is written"
        return Choice(
            column, "null", note=note, options=(Reading(f"number_of({f}, ',')"), Reading(f"number_of({f}, '.')"))
        )
    return Choice(column, f, (field.name,), note="empty in the sample: taken as it stands when it has values")


def _sampled(choices: OpenChoices, choice: Choice) -> Choice:
    """A choice with three samples of what was understood, where more is done than taking a field as it is."""
    if not choice.fields or not choices.sample.records:
        return choice
    field = choices.sample.field(choice.fields[0])

    def samples(sql: str) -> tuple[str, ...]:
        return understood(choices.sample.rows, choice.column, sql, field)

    options = tuple(
        option if option.samples else replace(option, samples=samples(option.sql)) for option in choice.options
    )
    is_plain = not _TRANSFORMED.search(choice.sql.replace(choices.spell(field), ""))
    if choice.column == "name" and is_plain and not choice.is_guess and choice.sql:
        return replace(choice, samples=tuple(map(shown, field.examples)), options=options)
    if not choice.sql or (is_plain and not choice.is_guess and not (choice.column == "categories" and choice.note)):
        return replace(choice, options=options)
    bad, of = misfits(choices.sample.rows, choice.column, choice.sql, field.name)
    note = "; ".join(filter(None, (choice.note, f"{bad:,} of {of:,} values do not fit" if bad else "")))
    return replace(choice, samples=samples(choice.sql), options=options, note=note)


def _sku(choices: OpenChoices, column: str) -> Choice | None:
    """The field that is the SKU: by its name, if it tells records apart; else by its values."""
    records = choices.sample.records
    for field, rank in choices.named_with_rank(column):
        if inside := in_objects(column, field, choices.spell(field)):
            return inside
        is_strong = rank < WEAK_SKU
        if rank == VAGUE_SKU and not field.mostly(field.codes):
            continue
        if field.filled * 2 >= records if is_strong else field.filled >= records * 0.99 and _is_unique(field):
            lacking = records - field.filled
            note = f"{lacking:,} of {records:,} records have none: they go to quarantine" if lacking else ""
            return Choice(column, choices.spell(field), (field.name,), note=note)
    return _sku_by_values(choices, column)


def _sku_by_values(choices: OpenChoices, column: str) -> Choice:
    """The only field that tells records apart, those first that are called a number; a barcode only if none is."""
    records = choices.sample.records
    telling = [f for f in choices.unnamed() if f.filled >= records * 0.99 and _is_unique(f) and f.mostly(f.codes)]
    gtins = [field for field in telling if is_gtin(field.name)]
    others = [field for field in telling if field not in gtins]
    numbers = [field for field in others if is_number(field.name)]
    if gtins and not numbers:
        return _barcode(choices, column, gtins[0], others)
    likely = numbers or others
    if len(likely) == 1:
        return _guess(choices, column, likely[0])
    return _which(choices, column, likely) if likely else Choice(column, "", note="no field tells the records apart")


def _barcode(choices: OpenChoices, column: str, field: Field, others: list[Field]) -> Choice:
    """A barcode as the SKU, which is a guess; with a line for each other field that tells the records apart."""
    note = f"a guess: {field.name} is a barcode, and no field is called like a {column}. Is it the right one?"
    options = tuple(Reading(choices.spell(other), other.examples) for other in others[:_LISTED])
    return Choice(column, choices.spell(field), (field.name,), note=note, options=options, is_guess=True)


def _is_unique(field: Field) -> bool:
    return field.distinct >= field.filled * 0.9


def _name(choices: OpenChoices, column: str) -> Choice | None:
    """The field that is the name: text, by what it is called; else the only one that could be."""
    named = [field for field in choices.named(column) if _is_short(field) or not is_put_together(field.name, column)]
    prose = [field for field in named if field.is_prose and not holds_objects(field)]
    if not prose and (inside := next(filter(None, (in_objects(column, f, choices.spell(f)) for f in named)), None)):
        return inside
    titles = [field for field in prose if _reads_as_name(field)]
    if chosen := next(iter(titles or prose or ([] if _could_be_names(choices) else named)), None):
        return _called(choices, column, chosen, [field for field in prose if field not in titles])
    left = _could_be_names(choices)
    if len(left) == 1:
        return _guess(choices, column, left[0])
    if candidates := _candidates(choices, left):
        return _which(choices, column, candidates)
    texts = any(field.mostly(field.words) and field.filled for field in choices.free())
    note = "no field is called like a name, and none holds a text of its own for each record" if texts else _NO_TEXT
    return Choice(column, "", note=note)


def _called(choices: OpenChoices, column: str, field: Field, texts: list[Field]) -> Choice:
    """A field that is called a name; if its values are ``texts`` that no name is, with the others that could be it."""
    if field not in texts:
        before = ", ".join(text.name for text in texts)
        note = f"taken before {before}, whose values {_like_texts(texts)}" if before else ""
        return Choice(column, choices.spell(field), (field.name,), note=note)
    others = [other for other in _could_be_names(choices) if _reads_as_name(other) and other not in texts]
    options = tuple(Reading(choices.spell(other), other.examples) for other in others[:_LISTED])
    note = f"the values of {field.name} {_like_texts([field])}, and no other field is called like a {column}"
    return Choice(column, choices.spell(field), (field.name,), note=f"{note}. Is it the right one?", options=options)


def _like_texts(fields: list[Field]) -> str:
    """What speaks against names in the values of fields."""
    return "have line breaks" if any(map(_has_breaks, fields)) else "are long"


def _has_breaks(field: Field) -> bool:
    return field.broken > field.filled * _MOST_BROKEN


def _reads_as_name(field: Field) -> bool:
    """Whether the values are short, and on one line, as names are."""
    return _is_short(field) and not _has_breaks(field)


_NO_TEXT = "no field holds text that could be a name"


def _is_short(field: Field) -> bool:
    """Whether the values are as short as names are."""
    return field.length <= _LONGEST_NAME


def _candidates(choices: OpenChoices, likely: list[Field]) -> list[Field]:
    """The ``likely`` fields, and others that a person may take for the name: texts of no great length, not too few."""
    described = choices.named("description")
    others = [field for field in choices.free() if field in described or field in choices.unnamed()]
    texts = [
        field
        for field in others
        if field.words * 2 > field.filled
        and not are_files(field)
        and field.filled * 2 >= choices.sample.records
        and _is_short(field)
        and not holds_objects(field)
    ]
    telling = [field for field in texts if field.distinct > max(1, min(field.filled * 0.1, VALUES))]
    return list(dict.fromkeys([*likely, *sorted(telling, key=lambda field: -field.distinct)]))


def _could_be_names(choices: OpenChoices) -> list[Field]:
    """Fields of short prose with many values; a description too, if it is as short as a name."""
    records = choices.sample.records
    described = [field for field in choices.named("description") if field.length <= _LONGEST_BY_DESCRIPTION]
    return [
        field
        for field in [*choices.unnamed(), *(field for field in described if not holds_objects(field))]
        if field.mostly(field.words)
        and not are_files(field)
        and field.filled >= records * 0.5
        and field.distinct * 2 >= field.filled
        and _is_short(field)
    ]


def _guess(choices: OpenChoices, column: str, field: Field) -> Choice:
    note = f"a guess by its values: no field is called like a {column}. Is it the right one?"
    return Choice(column, choices.spell(field), (field.name,), note=note, is_guess=True)


def _which(choices: OpenChoices, column: str, fields: list[Field]) -> Choice:
    options = tuple(Reading(choices.spell(field), field.examples) for field in fields[:_LISTED])
    listed = ", ".join(f"{field.name} ({shown(field.examples[0], 30)})" for field in fields[:_LISTED])
    many = "several could be it" if len(fields) > 1 else "this could be it"
    note = f"no field is called like a {column}, and {many}: {listed}. Say which under map"
    return Choice(column, "", note=note, options=options)


_LISTED = 4


def _price(choices: OpenChoices, column: str) -> Choice | None:
    """The field of prices, unless another one says that they are for several pieces."""
    return left_open(choices, by_forms_among_rivals(choices, column))


def _currency(choices: OpenChoices, column: str) -> Choice | None:
    """A field of currencies; else what stands beside the prices, or in their header."""
    if (choice := by_forms(choices, column)) and choice.sql:
        return choice
    price = choices.chosen.get("price")
    if not price or not price.fields:
        return choice
    field = choices.sample.field(price.fields[0])
    f = choices.spell(field)
    if field.filled and not field.is_number and has_currency(choices, f, f"regexp_matches({f}, '[0-9]')"):
        return Choice(column, f"currency_of({f})", (), note=f"beside the amounts of {field.name}")
    return choice


def _description(choices: OpenChoices, column: str) -> Choice | None:
    """The field of descriptions; the longest, where the name is left open and another of them may be it."""
    name = choices.chosen.get("name")
    offered = {option.sql for option in name.options} if name and not name.sql else set()
    named = choices.named(column)
    if not any(choices.spell(field) in offered for field in named):
        return by_forms(choices, column)
    longest = sorted(named, key=lambda field: -field.length)
    return next((choice for field in longest if (choice := by_form(choices, column, field)).sql), None)


def _visible_in(choices: OpenChoices, column: str) -> Choice | None:
    """The field of visibility; one that may only name a shop or a site, as ``Shop`` does, says nothing."""
    choice = by_forms(choices, column)
    return choice if choice and (choice.sql or not is_shown(choice.fields[0])) else None


_FINDERS: dict[str, Callable[[OpenChoices, str], Choice | None]] = {
    "sku": _sku,
    "name": _name,
    "price": _price,
    "stock": by_forms_among_rivals,
    "currency": _currency,
    "visible_in": _visible_in,
    "images": images,
    "categories": categories,
    "description": _description,
}
