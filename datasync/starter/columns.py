"""Which field is which column: by its name, then by whether its values are what the column needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import duckdb

from datasync import product
from datasync.quantity import quantity
from datasync.sql import query_text, quote
from datasync.starter import words
from datasync.starter.amounts import Amounts, amounts
from datasync.starter.choice import Choice, Reading, ambiguous, fits, misfits, refused, shown, understood
from datasync.starter.members import holds_objects, in_objects
from datasync.starter.names import (
    NO_LEVEL,
    category_level,
    is_active,
    is_counted,
    is_maker,
    is_net,
    is_opposite,
    is_part_of,
    is_put_together,
    is_shown,
    language,
    plain,
    ranked,
    spellings,
)
from datasync.starter.sample import VALUES, Field, Sample
from datasync.starter.spelling import spelled
from datasync.starter.times import Times, are_local, times

_ORDER = (
    *("sku", "name", "price", "currency", "stock", "status", "visible_in", "url", "images", "categories"),
    *("updated_at", "type", "description"),
)
_LONGEST_NAME = 120  # so many signs on average
_LONGEST_BY_DESCRIPTION = 60  # the same, of what is called a description
_TRANSFORMED = re.compile(r"[(\[ ]")


@dataclass(frozen=True, slots=True)
class _Open:
    """What is left to choose from, while columns are chosen one after the other."""

    con: duckdb.DuckDBPyConnection
    sample: Sample
    language: str | None
    chosen: dict[str, Choice]

    def spell(self, field: Field) -> str:
        return spelled(self.con, field.name)

    def untaken(self) -> list[Field]:
        """The fields that no column takes yet."""
        taken = {name for choice in self.chosen.values() if choice.sql for name in choice.fields}
        return [field for field in self.sample.fields if field.name not in taken]

    def free(self) -> list[Field]:
        """Those of the fields that are not empty throughout; an empty one serves no column."""
        return [field for field in self.untaken() if field.filled or not self.sample.records]

    def unnamed(self) -> list[Field]:
        """The free fields that could be any column: their names do not say what they are, nor do a yes and a no."""
        named = {field.name for column in product.PRODUCT_COLUMNS for field in self.named(column)}
        free = [field for field in self.free() if field.name not in named and not is_maker(field.name)]
        return [field for field in free if not words.is_any_yes_no(field) and not holds_objects(field)]

    def named(self, column: str) -> list[Field]:
        """The free fields whose names say that they are ``column``, the likeliest first."""
        return [field for field, _ in self.named_with_rank(column)]

    def named_with_rank(self, column: str) -> list[tuple[Field, int]]:
        candidates: dict[str, tuple[tuple[int, int, bool, bool], Field]] = {}
        for rank, names in enumerate(ranked(column)):
            for field in self.free():
                level = next((n for n, spelling in enumerate(spellings(field.name, column)) if spelling in names), None)
                if level is not None:
                    spoken = language(field.name)
                    key = (level, rank, is_net(field.name), spoken is not None and spoken != self.language)
                    candidates[field.name] = min(
                        candidates.get(field.name, (key, field)), (key, field), key=lambda candidate: candidate[0]
                    )
        return [(field, key[1]) for key, field in sorted(candidates.values(), key=lambda candidate: candidate[0])]


def choose(
    con: duckdb.DuckDBPyConnection, sample: Sample, known: dict[str, Choice], spoken: str | None
) -> list[Choice]:
    """A choice for every column that the sample has something for, in the columns' order; ``known`` ones stay.

    No field is taken twice.
    """
    choices = _Open(con, sample, spoken, dict(known))
    choices.chosen.update({column: _sampled(choices, choice) for column, choice in known.items()})
    for column in _ORDER:
        if column not in known and (choice := _FINDERS.get(column, _by_forms)(choices, column)):
            choices.chosen[column] = _sampled(choices, choice)
    if (time := choices.chosen.get("updated_at")) and time.sql and are_local(con, time.sql, sample.rows.relation):
        note = "; ".join(filter(None, (time.note, "times without an offset are taken as UTC: see time_zone")))
        choices.chosen["updated_at"] = replace(time, note=note, is_local=True)
    choices.chosen.update(_suggested(choices))
    choices.chosen.update((column, hint) for column in _FORMS if (hint := _hinted(choices, column)))
    for column in product.PRODUCT_COLUMNS:
        for field in sample.fields:
            if field.name.lower() == column and (choice := _of_own_name(choices, column, field)):
                choices.chosen[column] = choice
    return [choices.chosen[column] for column in product.PRODUCT_COLUMNS if column in choices.chosen]


def _hinted(choices: _Open, column: str) -> Choice | None:
    """A column that nothing was taken for, with the fields that have its name as a part of theirs and whose values fit.

    Currencies are known by their values alone.
    """
    if column in choices.chosen:
        return None
    by_value = column == "currency"
    fields = [f for f in choices.free() if is_part_of(f.name, column) or (by_value and _are_codes(f))]
    fitting = [(field, choice) for field in fields if (choice := _by_form(choices, column, field)).sql]
    if not fitting or not choices.sample.records:
        return None
    names = ", ".join(field.name for field, _ in fitting[:_LISTED])
    options = tuple(Reading(choice.sql, field.examples) for field, choice in fitting[:_LISTED])
    return Choice(column, "", note=f"perhaps {names}: take the line if it is", options=options)


def _suggested(choices: _Open) -> Iterator[tuple[str, Choice]]:
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


def _of_own_name(choices: _Open, column: str, field: Field) -> Choice | None:
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


def _sampled(choices: _Open, choice: Choice) -> Choice:
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


def _by_forms(choices: _Open, column: str) -> Choice | None:
    """The first form of the first field that fits the column; what the first field is otherwise, in words."""
    left: Choice | None = None
    for field in choices.named(column):
        choice = _by_form(choices, column, field)
        if choice.sql or choice.is_open:  # of two readings a person chooses; other fields are no way out
            return choice
        left = left or choice
    return left


def _by_form(choices: _Open, column: str, field: Field) -> Choice:
    f, tried = choices.spell(field), list[str]()
    if inside := in_objects(column, field, f):
        return inside
    for form in _FORMS[column](choices, field, f):
        if isinstance(form, Choice):
            return form
        if not choices.sample.records or fits(choices.sample.rows, column, form, field.name):
            return Choice(column, form, (field.name,))
        tried.append(form)
    trials = [f"number_of({f}, ',')", f"number_of({f}, '.')"] if column == "price" else []
    return _not_understood(choices, column, field, [*tried, *trials])


def _not_understood(choices: _Open, column: str, field: Field, forms: list[str]) -> Choice:
    """A column whose field has values that are not understood: which these are, by the form that reads the most."""
    f, rows = choices.spell(field), choices.sample.rows
    bad, of, form = min((*misfits(rows, column, form, field.name), form) for form in forms or [f])
    if bad == of:
        note, values, form = f"the values of {field.name} are not understood", field.examples, f
    else:
        values = refused(rows, column, form, field)
        note = f"{bad:,} of {of:,} values of {field.name} are not understood: {', '.join(values)}"
    return Choice(column, "", (field.name,), note=note, options=(Reading(form, values if bad == of else ()),))


_Forms = Iterator["str | Choice"]


def _prices(choices: _Open, field: Field, f: str) -> _Forms:
    return _understood("price", field, amounts(choices.sample.rows, field, f))


def _moments(choices: _Open, field: Field, f: str) -> _Forms:
    return _understood("updated_at", field, times(choices.sample.rows, field, f))


def _understood(column: str, field: Field, read: Amounts | Times) -> _Forms:
    """The one way to read a field, or a choice of several; nothing where there is none."""
    if read.options:
        yield ambiguous(column, field.name, read.options)
    elif read.sql:
        yield Choice(column, read.sql, (field.name,), note=read.note) if read.note else read.sql


def _stocks(choices: _Open, field: Field, f: str) -> _Forms:
    if is_counted(field.name):
        yield from _counted(choices, field, f)
        return
    yield f
    yield from words.stock(field, f)
    yield from _counted(choices, field, f)


def _counted(choices: _Open, field: Field, f: str) -> Iterator[str]:
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


def _are_plain(choices: _Open, f: str) -> bool:
    """Whether all values are whole numbers of nothing but digits."""
    whole = f"regexp_full_match(trim({f}), '-?[0-9]+')"
    every = f"SELECT coalesce(bool_and({whole}), true) AS plain FROM sample WHERE trimmed({f}) IS NOT NULL"
    return bool(choices.sample.rows.row(every)["plain"])


def _pieces(choices: _Open, field: Field, f: str) -> str | None:
    """How to read numbers that have a unit behind them, as in ``12 Stk``; not what has a word only."""
    digits = f"regexp_extract({f}, '^([-0-9.,''\\p{{Zs}}]+)\\p{{L}}*[.]?$', 1)"
    read = amounts(choices.sample.rows, field, digits, of=digits)
    return (read.sql or next(iter(read.options), None)) if read.numbers == field.filled else None


def _statuses(choices: _Open, field: Field, f: str) -> _Forms:
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
    left = _not_understood(choices, "status", field, [f, *forms, *words.known_statuses(field, f, is_opposite=opposite)])
    yield replace(left, options=(*left.options, *_to_decide(choices, field, f)))


def _to_decide(choices: _Open, field: Field, f: str) -> Iterator[Reading]:
    """A way to read a status that is not understood: which words it decides on is said before the samples."""
    if values := sorted(field.values) or field.examples:
        by_frequency = [*dict.fromkeys([*field.examples, *values])]
        sql, remark = words.status_to_decide(f, by_frequency, is_opposite=is_opposite(field.name))
        samples = understood(choices.sample.rows, "status", sql, field)
        yield Reading(sql, (*filter(None, [remark]), *samples))


def _places(choices: _Open, field: Field, f: str) -> _Forms:
    if not is_shown(field.name):
        yield f
        yield from words.visible_in(field, f)
        return
    blanks = choices.sample.records - field.filled
    note = f"nothing in it means visible nowhere, in {quantity(blanks, 'record')}" if blanks else ""
    for sql in words.visible_in_of_shown(field, f, blanks):
        yield Choice("visible_in", sql, (field.name,), note=note)


def _urls(choices: _Open, field: Field, f: str) -> _Forms:
    if not field.filled or field.mostly(field.urls) or all(example.startswith("/") for example in field.examples):
        yield f


def _currencies(choices: _Open, field: Field, f: str) -> _Forms:
    if not field.filled or (_are_codes(field) and _has_currency(choices, f)):
        yield f
    elif len(field.values) and _has_currency(choices, f):
        yield f"currency_of({f})"


def _are_codes(field: Field) -> bool:
    """Whether all values are three capital letters, as codes of currencies are."""
    return all(re.fullmatch("[A-Z]{3}", value) for value in field.values or field.examples)


def _has_currency(choices: _Open, f: str, among: str = "true") -> bool:
    """Whether nearly all values of a field, of those ``among`` which it is looked for, say a currency."""
    known = f"count(*) FILTER (currency_of({f}) IS NOT NULL) AS known, count(*) AS of"
    counts = choices.sample.rows.row(f"SELECT {known} FROM sample WHERE trimmed({f}) IS NOT NULL AND {among}")
    return bool(counts["of"] and counts["known"] >= counts["of"] * 0.9)


def _pictures(choices: _Open, field: Field, f: str) -> _Forms:
    if words.is_yes_no(field):  # it says whether there is an image
        return
    if any(example.startswith(("[", "{")) for example in field.examples):
        yield f
        return
    parts = [part for example in field.examples for part in re.split(r"[\s,;|]+(?=https?://)", example)]
    if len(parts) > len(field.examples):
        yield f"urls_of({f})"
    for sign in "|;,":
        several = [part.strip() for example in field.examples for part in example.split(sign)]
        if len(several) > len(field.examples) and all(re.search(r"\.\w{3,4}$", part) for part in several):
            yield f"list_transform(string_split({f}, '{sign}'), lambda element: trim(element))"
    yield f


def _groups(choices: _Open, field: Field, f: str) -> _Forms:
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
    note = "a comma parts two categories, or is part of a name: take the other line if it is"
    return Choice("categories", several.sql, (field.name,), note=note, options=(whole,))


def _types(choices: _Open, field: Field, f: str) -> _Forms:
    if field.name.lower() == "type" or {value.lower() for value in field.values} <= words.PRODUCT_TYPES:
        yield f


def _prose(choices: _Open, field: Field, f: str) -> _Forms:
    if field.is_prose:
        yield f


_FORMS: dict[str, Callable[[_Open, Field, str], _Forms]] = {
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


def _sku(choices: _Open, column: str) -> Choice | None:
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


def _name(choices: _Open, column: str) -> Choice | None:
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


def _candidates(choices: _Open, likely: list[Field]) -> list[Field]:
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


def _could_be_names(choices: _Open) -> list[Field]:
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


def _guess(choices: _Open, column: str, field: Field) -> Choice:
    note = f"a guess by its values: no field is called like a {column}. Is it the right one?"
    return Choice(column, choices.spell(field), (field.name,), note=note, is_guess=True)


def _which(choices: _Open, column: str, fields: list[Field]) -> Choice:
    options = tuple(Reading(choices.spell(field), field.examples) for field in fields[:_LISTED])
    listed = ", ".join(f"{field.name} ({shown(field.examples[0], 30)})" for field in fields[:_LISTED])
    many = "several could be it" if len(fields) > 1 else "this could be it"
    note = f"no field is called like a {column}, and {many}: {listed}. Say which under map"
    return Choice(column, "", note=note, options=options)


_LISTED = 4


def _currency(choices: _Open, column: str) -> Choice | None:
    """A field of currencies; else what stands beside the prices, or in their header."""
    if (choice := _by_forms(choices, column)) and choice.sql:
        return choice
    price = choices.chosen.get("price")
    if not price or not price.fields:
        return choice
    field = choices.sample.field(price.fields[0])
    f = choices.spell(field)
    if field.filled and not field.is_number and _has_currency(choices, f, f"regexp_matches({f}, '[0-9]')"):
        return Choice(column, f"currency_of({f})", (), note=f"beside the amounts of {field.name}")
    return choice


def _price(choices: _Open, column: str) -> Choice | None:
    """The field of prices; if there are several, why it is this one."""
    choice = _by_forms(choices, column)
    if not choice or not choice.sql:
        return choice
    others = [f for f in choices.named(column) if f.name not in choice.fields and f.numbers * 2 > f.filled]
    if not others:
        return choice
    is_gross = not is_net(choice.fields[0]) and all(is_net(field.name) for field in others)
    reason = "it is not the net price" if is_gross else "its name says most plainly that it is the price"
    names = ", ".join(field.name for field in others)
    return replace(choice, note="; ".join(filter(None, (choice.note, f"taken before {names}, because {reason}"))))


def _visible_in(choices: _Open, column: str) -> Choice | None:
    """The field of visibility; one that may only name a shop or a site, as ``Shop`` does, says nothing."""
    choice = _by_forms(choices, column)
    return choice if choice and (choice.sql or not is_shown(choice.fields[0])) else None


def _images(choices: _Open, column: str) -> Choice | None:
    """The field of images; of those that are numbered (``Bild 1``, ``Bild 2``) all, behind one without a number."""
    main, numbered = _by_forms(choices, column), _numbered_pictures(choices)
    if not numbered or (main and main.sql and main.sql != choices.spell(choices.sample.field(main.fields[0]))):
        return main
    fields = [choices.sample.field(name) for name in (main.fields if main and main.sql else ())] + numbered
    if len(fields) == 1:
        return _by_form(choices, column, fields[0])
    listed = ", ".join(map(choices.spell, fields))
    filled = [*filter(lambda field: field.filled, fields), *fields][:1]
    others = tuple(field.name for field in fields if field not in filled)
    return Choice(column, f"list_filter([{listed}], lambda element: element <> '')", (filled[0].name, *others))


def _numbered_pictures(choices: _Open) -> list[Field]:
    """The fields of images that are numbered, in order, those too that no record fills; none if they hold no images."""
    numbers = {field.name: _picture_number(field.name) for field in choices.untaken()}
    fields = [field for field in choices.untaken() if numbers[field.name] is not None]
    if not all(map(_holds_pictures, fields)) or (choices.sample.records and not any(field.filled for field in fields)):
        return []
    return sorted(fields, key=lambda field: numbers[field.name] or 0)


def _categories(choices: _Open, column: str) -> Choice | None:
    """The field of categories; of those that stand in levels all, the first level first."""
    main, fields = _by_forms(choices, column), _levels(choices)
    if not main and len(fields) == 1:
        return _by_form(choices, column, fields[0])
    is_plain = not main or not main.sql or main.sql == choices.spell(choices.sample.field(main.fields[0]))
    if len(fields) < 2 or not is_plain:
        return main
    listed, names = ", ".join(map(choices.spell, fields)), [field.name for field in fields]
    filled = next((field.name for field in fields if field.filled), names[0])
    return Choice(column, f"[{listed}]", (filled, *(name for name in names if name != filled)))


def _levels(choices: _Open) -> list[Field]:
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


_FINDERS: dict[str, Callable[[_Open, str], Choice | None]] = {
    "sku": _sku,
    "name": _name,
    "price": _price,
    "currency": _currency,
    "visible_in": _visible_in,
    "images": _images,
    "categories": _categories,
}
