"""Lines for a person to choose from: what fields of yes and no, or of marks, would be as the status and visibility."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from datasync.starter import words
from datasync.starter.choice import Choice, Reading
from datasync.starter.likely import is_time
from datasync.starter.meanings import Meaning, meaning
from datasync.starter.names import is_active, is_negated, is_opposite, is_shown, looks_like_status
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field

_COLUMNS = {"visible_in": "where the product is shown", "status": "whether the product is enabled"}
_FEW = 8  # a status has so many values at most
_TO_COME = "; a day in it may be still to come"
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
            note = left.note or ("" if left.sql else "uncomment the line in datasync.yaml that is right, if one is")
            yield replace(left, note=note, options=(*left.options, *readings))


def _readings(choices: OpenChoices, column: str, left: Choice, *, is_mapped: bool) -> Iterator[Reading]:
    known = {option.sql for option in left.options}
    for field in choices.untaken():
        says = says_of(field)
        if says and (says.column == column or (says.is_opposite and not left.sql)):
            remark = _OFFERED[says.kind].format(name=field.name)
        elif not says and words.is_yes_no(field) and not is_mapped:
            remark = _of_unknown(field).format(name=field.name, says=_COLUMNS[column])
        else:
            continue
        blanks, opposite = choices.sample.records - field.filled, _is_no(field, says)
        sql = words.yes_no_reading(column, field, choices.spell(field), blanks, is_opposite=opposite)
        if sql and sql not in known:
            yield Reading(sql, remark=f"{remark}{_TO_COME if holds_days(field) else ''}")
    if column == "status" and left.sql:
        yield from _further_statuses(choices)


def _of_unknown(field: Field) -> str:
    """What is said of a yes or no whose field says nothing that is known."""
    return _OFFERED["locked"] if is_negated(field.name) else "if {name} says {says}"


def _is_no(field: Field, says: Meaning | None) -> bool:
    """Whether a yes in a field is a no of the column."""
    return says.is_opposite if says else is_negated(field.name)


def _further_statuses(choices: OpenChoices) -> Iterator[Reading]:
    """What fields called like a status would be, beside the one that is mapped."""
    for field in filter(is_further_status, choices.untaken()):
        f, values = choices.spell(field), [*dict.fromkeys([*field.examples, *sorted(field.values)])]
        sql, remark = words.status_to_decide(f, values, is_opposite=is_opposite(field.name))
        yield Reading(sql, remark="; ".join(filter(None, (f"if {field.name} says {_COLUMNS['status']}", remark))))


def is_further_status(field: Field) -> bool:
    """Whether a field is called like a status, and its values are few and neither yes and no nor a lock's."""
    is_called = looks_like_status(field.name) and says_of(field) is None and not words.is_any_yes_no(field)
    return is_called and 0 < len(field.values) <= _FEW


def holds_days(field: Field) -> bool:
    """Whether all values are dates."""
    return bool(field.examples) and all(map(is_time, field.values or field.examples))


def is_lock_where_filled(field: Field) -> bool:
    """Whether a field that says that a product is locked or discontinued does so by a date or by a sign of its own."""
    says = meaning(field.name)
    if not says or not says.is_opposite or words.is_of_enabled(field):
        return False
    return holds_days(field) or (len(field.values) == 1 and not words.is_any_yes_no(field))


def says_of(field: Field) -> Meaning | None:
    """What the header of a field of yes and no, or of marks, says of a product; also of an empty one for locks."""
    if not field.filled:
        says = meaning(field.name)
        return says if says and says.kind == "locked" and says.is_clear else None
    if is_lock_where_filled(field):
        return meaning(field.name)
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
    if holds_days(field):
        return "holds days, or nothing"
    values = [field.examples[0], "nothing"] if len(field.examples) == 1 else _few(field)
    return f"holds only {_listed(values)}"


def hint(field: Field) -> str:
    """What to do about such a field that is not mapped."""
    if is_further_status(field):
        return f"if it says {_COLUMNS['status']}, {_SEE}"
    says = says_of(field)
    unknown = _OFFERED["locked" if is_negated(field.name) else "shown"]
    remark = (_OFFERED[says.kind] if says else unknown).format(name="it")
    return f"{remark}; {_SEE}" if says and says.kind == "discontinued" else f"{remark}, {_SEE}"


def _few(field: Field) -> Sequence[str]:
    """The values, the first of the file before others."""
    return [*dict.fromkeys([*field.examples, *sorted(field.values)])]


def _listed(values: Sequence[str]) -> str:
    return " and ".join([", ".join(values[:-1]), values[-1]])
