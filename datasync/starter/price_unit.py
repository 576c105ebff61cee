"""How many pieces a price is for, where another field says so: 12,50 for 100 of them is 0.125 for one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from datasync.starter.amounts import amounts
from datasync.starter.choice import Choice, Reading, understood
from datasync.starter.names import is_gtin, is_number, is_of_another, is_other
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field, SampledRows
from datasync.starter.unit_names import is_price_unit, per_unit


def numbers_of(rows: SampledRows, field: Field, f: str) -> tuple[str, ...]:
    """How to read the numbers of a field, as SQL; nothing where they are none, or each of them is 1."""
    if not field.filled or not field.mostly(field.numbers):
        return ()
    read = amounts(rows, field, f)
    readings = (read.sql,) if read.sql else read.options
    return readings if any(_has_many(rows, sql) for sql in readings) else ()


def _has_many(rows: SampledRows, sql: str) -> bool:
    """Whether all numbers are whole, and some are not 1: a number with a fraction counts no pieces."""
    number = f"TRY_CAST({sql} AS DOUBLE)"
    counted = f"coalesce(bool_and({number} = floor({number}) AND {number} > 0), false) AS are_whole"
    counts = rows.row(f"SELECT {counted}, count(*) FILTER ({number} <> 1) AS n FROM sample")
    return bool(counts["are_whole"] and counts["n"])


def divided(price: str, unit: str) -> str:
    """The price for one piece."""
    return f"try_cast({price} as double) / nullif(try_cast({unit} as double), 0)"


def left_open(choices: OpenChoices, choice: Choice | None) -> Choice | None:
    """The price as a choice of a person, where a field says that it is for several pieces: as it stands, or divided.

    A field says so by its name, or, whatever it is called, by values that are all 1, 10, 100 and the like. A price that
    says in its header that it is for a unit is no price of one piece, even if no field says how many.
    """
    if not choice or not _is_understood(choice):
        return choice
    for unit in _units(choices):
        if numbers := numbers_of(choices.sample.rows, unit, choices.spell(unit)):
            return _to_choose(choices, choice, unit, numbers)
    if choice.fields and per_unit(choice.fields[0]) and not any(is_price_unit(field.name) for field in choices.free()):
        note = f"{choice.fields[0]} is for a unit, and no field says how many pieces that is"
        lines = (Reading(choice.sql), *choice.options) if choice.sql else choice.options
        return Choice("price", "", choice.fields, note=note, options=lines)
    return choice


def _units(choices: OpenChoices) -> list[Field]:
    """The fields that may say for how many pieces a price is, those first that are called so."""
    units = [field for field in choices.free() if is_price_unit(field.name)]
    return units or [field for field in choices.unnamed() if _may_count_pieces(field)]


def _may_count_pieces(field: Field) -> bool:
    """Whether the values are 1, 10, 100 and the like, and the name is none of a pack, a least order or a number."""
    is_named = is_other(field.name) or is_of_another(field.name) or is_number(field.name) or is_gtin(field.name)
    return bool(field.values) and not is_named and all(map(_POWER_OF_TEN.fullmatch, field.values))


_POWER_OF_TEN = re.compile(r"10{0,4}([.,]0+)?|1[.,'’ ]000([.,]0+)?")


def _to_choose(choices: OpenChoices, choice: Choice, unit: Field, numbers: Sequence[str]) -> Choice:
    """The price left open, with a line for each reading of it."""
    many, name = ", ".join(_few(unit)), choice.fields[0] if choice.fields else "each"
    says = f"{name} is perhaps for as many pieces as {unit.name} says ({many})"
    note = f"{says}: uncomment the line in datasync.yaml that is right"
    if not choice.fields:  # several fields, of which nothing says which is the price
        note = f"{choice.note.partition(':')[0]}; {note}"
    options = tuple(_readings(choices, choice, unit, numbers))
    return Choice("price", "", choice.fields, note=note, options=options, is_open=True)


def _is_understood(choice: Choice) -> bool:
    """Whether a price is mapped, or only open because several readings or fields fit."""
    is_hint = not choice.fields and bool(choice.options)
    return bool(choice.sql or choice.is_open or is_hint or any(option.remark for option in choice.options))


def _few(unit: Field) -> Sequence[str]:
    return [*dict.fromkeys([*unit.examples, *sorted(unit.values)])][:_LISTED]


_LISTED = 4


def _readings(choices: OpenChoices, choice: Choice, unit: Field, numbers: Sequence[str]) -> Iterator[Reading]:
    """Each reading of a price as it stands, and for one piece of as many as the unit says, with samples."""
    for price in (*([Reading(choice.sql)] if choice.sql else []), *choice.options):
        read = [field for field in choices.sample.fields if choices.spell(field) in price.sql]
        field = max(read, key=lambda field: len(field.name))  # the name of another may be a part of its name
        when = f"{price.remark}, and it is" if price.remark else "if it is"
        yield Reading(price.sql, _samples(choices, price.sql, field, numbers), f"{when} for one piece")
        for sql in (divided(price.sql, number) for number in numbers):
            samples = _samples(choices, sql, field, numbers)
            yield Reading(sql, samples, f"{when} for as many pieces as {unit.name} says")


def _samples(choices: OpenChoices, sql: str, field: Field, numbers: Sequence[str]) -> tuple[str, ...]:
    """Samples of the records in which the unit is not 1, where the readings differ."""
    rows = choices.sample.rows
    is_many = " OR ".join(f"TRY_CAST({number} AS DOUBLE) <> 1" for number in numbers)
    many = replace(rows, relation=rows.relation.where(is_many))
    return understood(many, "price", sql, field) or understood(rows, "price", sql, field)
