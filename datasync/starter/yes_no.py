"""Lines for a person to choose from: what fields of yes and no, or of marks, would be as the status and visibility."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from datasync.starter import words
from datasync.starter.choice import Choice, Reading
from datasync.starter.meanings import Meaning, meaning
from datasync.starter.names import is_active, is_shown
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field

_COLUMNS = {"visible_in": "where the product is shown", "status": "whether the product is enabled"}
_SEE = "see the line under map"
_OFFERED = {
    "locked": "if {name} says that a product is not sold",
    "discontinued": "decide: {name} says that a product is discontinued, and it may still be sold",
    "shown": "if {name} says that a product is in the shop",
    "active": "if {name} says that a product is sold",
}


def suggested(choices: OpenChoices) -> Iterator[Choice]:
    """The choices of both columns with a line for each field that may be it and that neither takes."""
    is_mapped = any(choice.sql for column, choice in choices.chosen.items() if column in _COLUMNS)
    for column in _COLUMNS:
        left = choices.chosen.get(column, Choice(column, ""))
        if readings := [*_readings(choices, column, left, is_mapped=is_mapped)]:
            yield replace(left, options=(*left.options, *readings))


def _readings(choices: OpenChoices, column: str, left: Choice, *, is_mapped: bool) -> Iterator[Reading]:
    for field in choices.untaken():
        says = says_of(field)
        if says and (says.column == column or (says.is_opposite and not left.sql)):
            remark = _OFFERED[says.kind].format(name=field.name)
        elif not says and words.is_yes_no(field) and not is_mapped:
            remark = f"if {field.name} says {_COLUMNS[column]}"
        else:
            continue
        blanks, opposite = choices.sample.records - field.filled, bool(says and says.is_opposite)
        if sql := words.yes_no_reading(column, field, choices.spell(field), blanks, is_opposite=opposite):
            yield Reading(sql, remark=remark)


def says_of(field: Field) -> Meaning | None:
    """What the header of a field of yes and no, or of marks, says of a product; also of an empty one for locks."""
    if not field.filled:
        says = meaning(field.name)
        return says if says and says.kind == "locked" and says.is_clear else None
    if not words.is_any_yes_no(field) and words.mark_of(field) is None:
        return None
    if is_shown(field.name) and not meaning(field.name):
        return Meaning("visible_in", "shown", is_opposite=False, is_clear=True)
    if is_active(field.name) and not meaning(field.name):
        return Meaning("status", "active", is_opposite=False, is_clear=True)
    return meaning(field.name)


def says_yes_or_no(field: Field) -> bool:
    """Whether a field says yes or no of a product, so that a person may need it."""
    return bool(field.filled) and (words.is_yes_no(field) or says_of(field) is not None)


def contents(field: Field) -> str:
    """What such a field holds, in words."""
    values = [field.examples[0], "nothing"] if len(field.examples) == 1 else field.examples
    return f"holds only {_listed(values)}"


def hint(field: Field) -> str:
    """What to do about such a field that is not mapped."""
    says = says_of(field)
    remark = _OFFERED[says.kind].format(name="it") if says else "if it says that a product is in the shop"
    return f"{remark}; {_SEE}" if says and says.kind == "discontinued" else f"{remark}, {_SEE}"


def _listed(values: Sequence[str]) -> str:
    return " and ".join([", ".join(values[:-1]), values[-1]])
