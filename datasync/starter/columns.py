"""Which field is which column: by its name, then by whether its values are what the column needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import duckdb

from datasync import product
from datasync.starter import words
from datasync.starter.choice import Choice, Reading, misfits, shown, understood
from datasync.starter.forms import FORMS, are_codes, by_form, by_forms, has_currency
from datasync.starter.members import holds_objects, in_objects
from datasync.starter.names import (
    NO_LEVEL,
    category_level,
    is_net,
    is_part_of,
    is_put_together,
    is_shown,
    plain,
    ranked,
)
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import VALUES, Field, Sample
from datasync.starter.times import are_local

_ORDER = (
    *("sku", "name", "price", "currency", "stock", "status", "visible_in", "url", "images", "categories"),
    *("updated_at", "type", "description"),
)
_LONGEST_NAME = 120  # so many signs on average
_LONGEST_BY_DESCRIPTION = 60  # the same, of what is called a description
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
    choices.chosen.update(_suggested(choices))
    choices.chosen.update((column, hint) for column in FORMS if (hint := _hinted(choices, column)))
    for column in product.PRODUCT_COLUMNS:
        for field in sample.fields:
            if field.name.lower() == column and (choice := _of_own_name(choices, column, field)):
                choices.chosen[column] = choice
    return [choices.chosen[column] for column in product.PRODUCT_COLUMNS if column in choices.chosen]


def _hinted(choices: OpenChoices, column: str) -> Choice | None:
    """A column that nothing was taken for, with the fields that have its name as a part of theirs and whose values fit.

    Currencies are known by their values alone.
    """
    if column in choices.chosen:
        return None
    by_value = column == "currency"
    fields = [f for f in choices.free() if is_part_of(f.name, column) or (by_value and are_codes(f))]
    fitting = [(field, choice) for field in fields if (choice := by_form(choices, column, field)).sql]
    if not fitting or not choices.sample.records:
        return None
    names = ", ".join(field.name for field, _ in fitting[:_LISTED])
    options = tuple(Reading(choice.sql, field.examples) for field, choice in fitting[:_LISTED])
    return Choice(column, "", note=f"perhaps {names}: take the line if it is", options=options)


def _suggested(choices: OpenChoices) -> Iterator[tuple[str, Choice]]:
    """Where neither status nor visibility is mapped: what each would be by a field of yes and no, for a person."""
    mapped = {column for column, choice in choices.chosen.items() if choice.sql}
    fields = [field for field in choices.free() if words.is_yes_no(field)]
    if not fields or mapped & {*_MEANINGS}:
        return
    for column, meaning in _MEANINGS.items():
        left = choices.chosen.get(column, Choice(column, ""))
        readings = (
            Reading(words.yes_no_readings(field, choices.spell(field))[column], (f"if {field.name} says {meaning}",))
            for field in fields
        )
        yield column, replace(left, options=(*left.options, *readings))


_MEANINGS = {"visible_in": "where the product is shown", "status": "whether the product is enabled"}


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

    options = tuple(option if option.samples else Reading(option.sql, samples(option.sql)) for option in choice.options)
    is_plain = not _TRANSFORMED.search(choice.sql.replace(choices.spell(field), ""))
    if not choice.sql or (is_plain and not (choice.column == "categories" and choice.note)):
        return replace(choice, options=options)
    bad, of = misfits(choices.sample.rows, choice.column, choice.sql, field.name)
    note = "; ".join(filter(None, (choice.note, f"{bad:,} of {of:,} values do not fit" if bad else "")))
    return replace(choice, samples=samples(choice.sql), options=options, note=note)


def _sku(choices: OpenChoices, column: str) -> Choice | None:
    """The field that is the SKU: by its name, if it tells records apart; else the only one whose values do."""
    records = choices.sample.records
    for field, rank in choices.named_with_rank(column):
        if inside := in_objects(column, field, choices.spell(field)):
            return inside
        is_strong = rank < _WEAK_SKU
        if rank == _VAGUE_SKU and not field.mostly(field.codes):
            continue
        if field.filled * 2 >= records if is_strong else field.filled >= records * 0.99 and _is_unique(field):
            lacking = records - field.filled
            note = f"{lacking:,} of {records:,} records have none: they go to quarantine" if lacking else ""
            return Choice(column, choices.spell(field), (field.name,), note=note)
    telling = [f for f in choices.unnamed() if f.filled >= records * 0.99 and _is_unique(f) and f.mostly(f.codes)]
    if len(telling) == 1:
        return _guess(choices, column, telling[0])
    if not telling:
        return Choice(column, "", note="no field tells the records apart")
    return _which(choices, column, telling)


_WEAK_SKU = 3  # from this rank on, a name alone does not make a SKU
_VAGUE_SKU = 5  # of this rank are names that texts go by as well


def _is_unique(field: Field) -> bool:
    return field.distinct >= field.filled * 0.9


def _name(choices: OpenChoices, column: str) -> Choice | None:
    """The field that is the name: text, by what it is called; else the only one that could be."""
    named = [field for field in choices.named(column) if _is_short(field) or not is_put_together(field.name, column)]
    prose = [field for field in named if field.is_prose and not holds_objects(field)]
    if not prose and (inside := next(filter(None, (in_objects(column, f, choices.spell(f)) for f in named)), None)):
        return inside
    if chosen := next(iter(prose or ([] if _could_be_names(choices) else named)), None):
        return Choice(column, choices.spell(chosen), (chosen.name,))
    left = _could_be_names(choices)
    if len(left) == 1:
        return _guess(choices, column, left[0])
    if candidates := _candidates(choices, left):
        return _which(choices, column, candidates)
    texts = any(field.mostly(field.words) and field.filled for field in choices.free())
    note = "no field is called like a name, and none holds a text of its own for each record" if texts else _NO_TEXT
    return Choice(column, "", note=note)


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


def _price(choices: OpenChoices, column: str) -> Choice | None:
    """The field of prices; if there are several, why it is this one."""
    choice = by_forms(choices, column)
    if not choice or not choice.sql:
        return choice
    others = [f for f in choices.named(column) if f.name not in choice.fields and f.numbers * 2 > f.filled]
    if not others:
        return choice
    is_gross = not is_net(choice.fields[0]) and all(is_net(field.name) for field in others)
    reason = "it is not the net price" if is_gross else "its name says most plainly that it is the price"
    names = ", ".join(field.name for field in others)
    return replace(choice, note="; ".join(filter(None, (choice.note, f"taken before {names}, because {reason}"))))


def _visible_in(choices: OpenChoices, column: str) -> Choice | None:
    """The field of visibility; one that may only name a shop or a site, as ``Shop`` does, says nothing."""
    choice = by_forms(choices, column)
    return choice if choice and (choice.sql or not is_shown(choice.fields[0])) else None


def _images(choices: OpenChoices, column: str) -> Choice | None:
    """The field of images; of those that are numbered (``Bild 1``, ``Bild 2``) all, behind one without a number."""
    main, numbered = by_forms(choices, column), _numbered_pictures(choices)
    if not numbered or (main and main.sql and main.sql != choices.spell(choices.sample.field(main.fields[0]))):
        return main
    fields = [choices.sample.field(name) for name in (main.fields if main and main.sql else ())] + numbered
    if len(fields) == 1:
        return by_form(choices, column, fields[0])
    listed = ", ".join(map(choices.spell, fields))
    filled = [*filter(lambda field: field.filled, fields), *fields][:1]
    others = tuple(field.name for field in fields if field not in filled)
    return Choice(column, f"list_filter([{listed}], lambda element: element <> '')", (filled[0].name, *others))


def _numbered_pictures(choices: OpenChoices) -> list[Field]:
    """The fields of images that are numbered, in order, those too that no record fills; none if they hold no images."""
    numbers = {field.name: _picture_number(field.name) for field in choices.untaken()}
    fields = [field for field in choices.untaken() if numbers[field.name] is not None]
    if not all(map(_holds_pictures, fields)) or (choices.sample.records and not any(field.filled for field in fields)):
        return []
    return sorted(fields, key=lambda field: numbers[field.name] or 0)


def _categories(choices: OpenChoices, column: str) -> Choice | None:
    """The field of categories; of those that stand in levels all, the first level first."""
    main, fields = by_forms(choices, column), _levels(choices)
    if not main and len(fields) == 1:
        return by_form(choices, column, fields[0])
    is_plain = not main or not main.sql or main.sql == choices.spell(choices.sample.field(main.fields[0]))
    if len(fields) < 2 or not is_plain:
        return main
    listed, names = ", ".join(map(choices.spell, fields)), [field.name for field in fields]
    filled = next((field.name for field in fields if field.filled), names[0])
    return Choice(column, f"[{listed}]", (filled, *(name for name in names if name != filled)))


def _levels(choices: OpenChoices) -> list[Field]:
    """The fields that are levels of categories, in order, those too that no record fills; none if none has a level."""
    fields = [field for field in choices.untaken() if not words.is_yes_no(field)]
    levels = {field.name: level for field in fields if (level := category_level(field.name)) is not None}
    without = [name for name, level in levels.items() if level == NO_LEVEL]
    leveled = [field for field in fields if field.name in levels and field.name not in without[1:]]
    if choices.sample.records and not any(field.filled for field in leveled):
        return []
    return sorted(leveled, key=lambda field: levels[field.name])


def _picture_number(header: str) -> int | None:
    """The number in a header that is a word for images beside it, as in ``Bild 1``, ``image_2_url`` or ``Foto3``."""
    parts = re.fullmatch(r"(\D+?)_?(\d+)(_\D+)?", plain(header))
    is_picture = parts and any(parts[1] + (parts[3] or "") in names for names in ranked("images"))
    return int(parts[2]) if parts and is_picture else None


def _holds_pictures(field: Field) -> bool:
    """Whether all examples are addresses or files; a field that nothing fills has none that is not."""
    return all(
        re.match(r"(https?:)?//|www\.|/", example) or re.search(r"\.\w{3,4}$", example) for example in field.examples
    )


_FINDERS: dict[str, Callable[[OpenChoices, str], Choice | None]] = {
    "sku": _sku,
    "name": _name,
    "price": _price,
    "currency": _currency,
    "visible_in": _visible_in,
    "images": _images,
    "categories": _categories,
}
