"""Which field is which column: by its name, then by whether its values are what the column needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import duckdb

from datasync import product
from datasync.starter import words
from datasync.starter.amounts import Amounts, amounts
from datasync.starter.choice import Choice, Reading, ambiguous, fits, misfits, spelled, understood
from datasync.starter.names import is_counted, is_opposite, language, plain, ranked, spellings
from datasync.starter.sample import Field, Sample
from datasync.starter.times import Times, are_local, times

_ORDER = (
    *("sku", "name", "price", "currency", "stock", "status", "visible_in", "url", "images", "categories"),
    *("updated_at", "type", "description"),
)
_TRANSFORMED = re.compile(r"[( ]")


@dataclass(frozen=True, slots=True)
class _Open:
    """What is left to choose from, while columns are chosen one after the other."""

    con: duckdb.DuckDBPyConnection
    sample: Sample
    language: str | None
    chosen: dict[str, Choice]

    def spell(self, field: Field) -> str:
        return spelled(self.con, field.name)

    def free(self) -> list[Field]:
        """The fields that no column takes yet; one that is empty throughout serves none."""
        taken = {name for choice in self.chosen.values() if choice.sql for name in choice.fields}
        fields = self.sample.fields
        return [f for f in fields if f.name not in taken and (f.filled or not self.sample.records)]

    def unnamed(self) -> list[Field]:
        """The free fields whose names do not speak for any column."""
        named = {field.name for column in product.PRODUCT_COLUMNS for field in self.named(column)}
        return [field for field in self.free() if field.name not in named]

    def named(self, column: str) -> list[Field]:
        """The free fields whose names say that they are ``column``, the likeliest first."""
        return [field for field, _ in self.named_with_rank(column)]

    def named_with_rank(self, column: str) -> list[tuple[Field, int]]:
        found: dict[str, tuple[tuple[int, int, bool, bool], Field]] = {}
        for rank, names in enumerate(ranked(column)):
            for field in self.free():
                level = next((n for n, one in enumerate(spellings(field.name)) if one in names), None)
                if level is not None:
                    spoken = language(field.name)
                    is_net = bool({"netto", "net", "ht"} & set(plain(field.name).split("_")))
                    key = (level, rank, is_net, spoken is not None and spoken != self.language)
                    found[field.name] = min(found.get(field.name, (key, field)), (key, field), key=lambda one: one[0])
        return [(field, key[1]) for key, field in sorted(found.values(), key=lambda one: one[0])]


def choose(
    con: duckdb.DuckDBPyConnection, sample: Sample, known: dict[str, Choice], spoken: str | None
) -> list[Choice]:
    """A choice for every column that the sample has something for, in the columns' order; ``known`` ones stay.

    No field is taken twice. A field that has a column's own name and is not taken for it is kept out of it: that column
    is mapped to null.
    """
    choices = _Open(con, sample, spoken, dict(known))
    choices.chosen.update({column: _sampled(choices, choice) for column, choice in known.items()})
    for column in _ORDER:
        if column not in known and (choice := _FINDERS.get(column, _by_forms)(choices, column)):
            choices.chosen[column] = _sampled(choices, choice)
    if (time := choices.chosen.get("updated_at")) and time.sql and are_local(con, time.sql):
        note = "; ".join(filter(None, (time.note, "times without an offset are taken as UTC: see time_zone")))
        choices.chosen["updated_at"] = replace(time, note=note, is_local=True)
    for column in product.PRODUCT_COLUMNS:
        choice = choices.chosen.get(column, Choice(column, ""))
        if not choice.sql and any(field.name.lower() == column and field.filled for field in sample.fields):
            choices.chosen[column] = replace(choice, sql="null", fields=())
    return [choices.chosen[column] for column in product.PRODUCT_COLUMNS if column in choices.chosen]


def _sampled(choices: _Open, choice: Choice) -> Choice:
    """A choice with three samples of what was understood, where more is done than taking a field as it is."""
    if not choice.fields or not choices.sample.records:
        return choice
    field = choices.sample.field(choice.fields[0])

    def samples(sql: str) -> tuple[str, ...]:
        return understood(choices.con, choice.column, sql, field)

    options = tuple(one if one.samples else Reading(one.sql, samples(one.sql)) for one in choice.options)
    if not choice.sql or not _TRANSFORMED.search(choice.sql.replace(choices.spell(field), "")):
        return replace(choice, options=options)
    bad, of = misfits(choices.con, choice.column, choice.sql, field.name)
    note = "; ".join(filter(None, (choice.note, f"{bad:,} of {of:,} values do not fit" if bad else "")))
    return replace(choice, samples=samples(choice.sql), options=options, note=note)


def _by_forms(choices: _Open, column: str) -> Choice | None:
    """The first form of the first field that fits the column; what the first field is otherwise, in words."""
    left: Choice | None = None
    for field in choices.named(column):
        choice = _by_form(choices, column, field)
        if choice.sql or len(choice.options) > 1:  # of two readings a person chooses; other fields are no way out
            return choice
        left = left or choice
    return left


def _by_form(choices: _Open, column: str, field: Field) -> Choice:
    f = choices.spell(field)
    for form in _FORMS[column](choices, field, f):
        if isinstance(form, Choice):
            return form
        if not choices.sample.records or fits(choices.con, column, form, field.name):
            return Choice(column, form, (field.name,))
    return Choice(
        column,
        "",
        (field.name,),
        note=f"the values of {field.name} are not understood",
        options=(Reading(f, field.examples),),
    )


_Forms = Iterator["str | Choice"]


def _prices(choices: _Open, field: Field, f: str) -> _Forms:
    return _understood("price", field, amounts(choices.con, field, f))


def _moments(choices: _Open, field: Field, f: str) -> _Forms:
    return _understood("updated_at", field, times(choices.con, field, f))


def _understood(column: str, field: Field, read: Amounts | Times) -> _Forms:
    """The one way to read a field, or a choice of several; nothing where there is none."""
    if read.options:
        yield ambiguous(column, field.name, read.options)
    elif read.sql:
        yield read.sql


def _stocks(choices: _Open, field: Field, f: str) -> _Forms:
    if is_counted(field.name):
        yield from _counted(choices, field, f)
        return
    yield f
    yield from words.stock(field, f)
    yield from _counted(choices, field, f)


def _counted(choices: _Open, field: Field, f: str) -> Iterator[str]:
    """A number of pieces; whether ``1.200`` is one or a thousand makes no difference to its being above 0."""
    read = amounts(choices.con, field, f)
    number = read.sql or next(iter(read.options), None)
    if number == f"number_of({f})" and all(re.fullmatch(r"-?\d+", one) for one in field.examples):
        number = f
    if number:
        yield (
            f"case when try_cast({number} as double) > 0 then 'in-stock' "
            f"when try_cast({number} as double) <= 0 then 'out-of-stock' end"
        )


def _statuses(choices: _Open, field: Field, f: str) -> _Forms:
    yield f
    yield from words.status(field, f, is_opposite=is_opposite(field.name))


def _places(choices: _Open, field: Field, f: str) -> _Forms:
    yield f
    yield from words.visible_in(field, f)


def _urls(choices: _Open, field: Field, f: str) -> _Forms:
    if not field.filled or field.mostly(field.urls) or all(one.startswith("/") for one in field.examples):
        yield f


def _currencies(choices: _Open, field: Field, f: str) -> _Forms:
    if not field.filled or all(re.fullmatch("[A-Z]{3}", one) for one in field.values or field.examples):
        yield f
    elif len(field.values) and _has_currency(choices, field, f):
        yield f"currency_of({f})"


def _has_currency(choices: _Open, field: Field, f: str) -> bool:
    known = f"count(*) FILTER (currency_of({f}) IS NOT NULL)"
    counts = choices.con.execute(f"SELECT {known} FROM sample WHERE trimmed({f}) IS NOT NULL").fetchone()
    return bool(counts and field.mostly(counts[0]))


def _pictures(choices: _Open, field: Field, f: str) -> _Forms:
    if any(one.startswith(("[", "{")) for one in field.examples):
        yield f
        return
    parts = [part for one in field.examples for part in re.split(r"[\s,;|]+(?=https?://)", one)]
    if len(parts) > len(field.examples):
        yield f"urls_of({f})"
    for sign in "|;,":
        several = [part.strip() for one in field.examples for part in one.split(sign)]
        if len(several) > len(field.examples) and all(re.search(r"\.\w{3,4}$", part) for part in several):
            yield f"list_transform(string_split({f}, '{sign}'), lambda one: trim(one))"
    yield f


def _groups(choices: _Open, field: Field, f: str) -> _Forms:
    for sign in "|;":
        if any(sign in one for one in field.examples):
            yield f"list_transform(string_split({f}, '{sign}'), lambda one: trim(one))"
    yield f


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
        is_strong = rank < _WEAK_SKU
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


def _is_unique(field: Field) -> bool:
    return field.distinct >= field.filled * 0.9


def _name(choices: _Open, column: str) -> Choice | None:
    """The field that is the name: text, by what it is called; else the only one that could be."""
    named = choices.named(column)
    prose = [field for field in named if field.is_prose]
    if chosen := next(iter(prose or ([] if _could_be_names(choices) else named)), None):
        return Choice(column, choices.spell(chosen), (chosen.name,))
    left = _could_be_names(choices)
    if len(left) == 1:
        return _guess(choices, column, left[0])
    if not left:
        return Choice(column, "", note="no field holds text that could be a name")
    return _which(choices, column, left)


def _could_be_names(choices: _Open) -> list[Field]:
    """Fields of short prose with many values."""
    records = choices.sample.records
    return [
        field
        for field in choices.unnamed()
        if field.mostly(field.words)
        and field.filled >= records * 0.5
        and field.distinct * 2 >= field.filled
        and field.length <= 120
    ]


def _guess(choices: _Open, column: str, field: Field) -> Choice:
    note = f"a guess by its values: no field is called like a {column}. Is it the right one?"
    return Choice(column, choices.spell(field), (field.name,), note=note, is_guess=True)


def _which(choices: _Open, column: str, fields: list[Field]) -> Choice:
    options = tuple(Reading(choices.spell(field), field.examples) for field in fields[:3])
    return Choice(column, "", note=f"no field is called like a {column}, and several could be it", options=options)


def _currency(choices: _Open, column: str) -> Choice | None:
    """A field of currencies; else what stands beside the prices, or in their header."""
    if (choice := _by_forms(choices, column)) and choice.sql:
        return choice
    price = choices.chosen.get("price")
    if not price or not price.fields:
        return choice
    field = choices.sample.field(price.fields[0])
    if field.filled and not field.is_number and _has_currency(choices, field, choices.spell(field)):
        return Choice(column, f"currency_of({choices.spell(field)})", (), note=f"beside the amounts of {field.name}")
    return choice


def _images(choices: _Open, column: str) -> Choice | None:
    """The field of images; of several that are numbered (``Bild1``, ``Bild2``), all."""
    numbered = [f for f in choices.free() if re.search(r"\d$", f.name) and _is_picture(plain(f.name)) and f.filled]
    if len(numbered) < 2 or choices.named(column):
        return _by_forms(choices, column)
    listed = ", ".join(map(choices.spell, numbered))
    sql = f"list_filter([{listed}], lambda one: one <> '')"
    return Choice(column, sql, tuple(field.name for field in numbered))


def _is_picture(name: str) -> bool:
    return any(re.sub(r"_?\d+$", "", name) in names for names in ranked("images"))


_FINDERS: dict[str, Callable[[_Open, str], Choice | None]] = {
    "sku": _sku,
    "name": _name,
    "currency": _currency,
    "images": _images,
}
