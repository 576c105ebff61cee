"""The fields of categories: one, or several that stand in levels; names are taken before codes."""

from __future__ import annotations

import re
from dataclasses import replace

from datasync.starter import words
from datasync.starter.choice import Choice, Reading
from datasync.starter.forms import by_form, by_forms
from datasync.starter.names import NO_LEVEL, category_level, stem
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field


def categories(choices: OpenChoices, column: str) -> Choice | None:
    """The field of categories; of those that stand in levels all, the first level first."""
    main, fields = _by_name(choices, column), _levels(choices)
    if not main and len(fields) == 1:
        return by_form(choices, column, fields[0])
    if len(fields) < 2 or not _is_plain(choices, main):
        return _with_others(choices, _of_codes(choices, main)) if main and main.sql else main
    listed, names = ", ".join(map(choices.spell, fields)), [field.name for field in fields]
    filled = next((field.name for field in fields if field.filled), names[0])
    return Choice(column, f"[{listed}]", (filled, *(name for name in names if name != filled)))


def _with_others(choices: OpenChoices, main: Choice) -> Choice:
    """The choice with a line for all fields that are called categories, where several are and each has plain ones."""
    own = choices.sample.field(main.fields[0])
    named = [f for f in choices.named("categories") if f is not own and f.filled and not _are_codes(f)]
    fields = [field for field in choices.sample.fields if field is own or field in named]
    if len(fields) < 2 or not _is_plain(choices, main) or any(map(words.is_any_yes_no, fields)):
        return main
    every = Reading(f"[{', '.join(map(choices.spell, fields))}]", remark="if all of these are its categories")
    return replace(main, options=(every,))


def _by_name(choices: OpenChoices, column: str) -> Choice | None:
    """The field that is called so; one of names before one of codes."""
    main = by_forms(choices, column)
    if not main or not main.sql or not _are_codes(choices.sample.field(main.fields[0])):
        return main
    code = choices.sample.field(main.fields[0])
    named = [_with_names(code, choices.untaken()), *choices.named(column)]
    others = [field for field in named if not _are_codes(field) and not words.is_any_yes_no(field)]
    fitting = (choice for field in others if (choice := by_form(choices, column, field)).sql)
    return next(fitting, main)


def _with_names(codes: Field, fields: list[Field]) -> Field:
    """The field that has the names of the categories whose codes a field holds, by what both are called."""
    if not codes.filled or not _are_codes(codes):
        return codes
    same = [field for field in fields if field.filled and stem(field.name) == stem(codes.name)]
    return next((field for field in same if not _are_codes(field)), codes)


def _is_plain(choices: OpenChoices, main: Choice | None) -> bool:
    """Whether each value of the main field is one category."""
    f = choices.spell(choices.sample.field(main.fields[0])) if main and main.sql else ""
    return not main or not main.sql or (main.sql in (f, f"[{f}]") and not main.options)


def _of_codes(choices: OpenChoices, main: Choice) -> Choice:
    """The choice, which is called a guess if its values are codes."""
    if not _are_codes(choices.sample.field(main.fields[0])):
        return main
    note = f"a guess: the values of {main.fields[0]} are codes, and no field is called like their names"
    return replace(main, note="; ".join(filter(None, (main.note, note))), is_guess=True)


def _are_codes(field: Field) -> bool:
    """Whether all values are numbers or short signs with a number, and no words."""
    values = field.values or field.examples
    return bool(values) and all(re.fullmatch(r"[A-Za-z]{0,3}[-_. ]?\d[\d.-]*", value) for value in values)


def _levels(choices: OpenChoices) -> list[Field]:
    """The fields that are levels of categories, in order, those too that no record fills; none if none has a level.

    Of several fields that name no level, and of a code and its name, one is taken.
    """
    fields = [field for field in choices.untaken() if not words.is_yes_no(field)]
    levels = {field.name: level for field in fields if (level := category_level(field.name)) is not None}
    leveled = [field for field in fields if field.name in levels]
    levels |= {_with_names(field, fields).name: levels[field.name] for field in leveled}
    leveled = [field for field in fields if field.name in levels]
    named = {levels[field.name] for field in leveled if field.filled and not _are_codes(field)}
    leveled = [field for field in leveled if not (_are_codes(field) and levels[field.name] in named)]
    without = [field for field in leveled if levels[field.name] == NO_LEVEL]
    leveled = [field for field in leveled if field not in without[1:]]
    if choices.sample.records and not any(field.filled for field in leveled):
        return []
    return sorted(leveled, key=lambda field: levels[field.name])
