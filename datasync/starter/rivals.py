"""Several fields that are called the same column, as net and gross prices are: taken with a reason, or none of them."""

from __future__ import annotations

from dataclasses import replace

from datasync.starter.choice import Choice, Reading, understood
from datasync.starter.forms import by_form, by_forms
from datasync.starter.likely import may_be
from datasync.starter.names import is_gross, is_net, is_of_another
from datasync.starter.open_choices import OpenChoices
from datasync.starter.sample import Field
from datasync.starter.words import is_any_yes_no


def by_forms_among_rivals(choices: OpenChoices, column: str) -> Choice | None:
    """The field that is the column, with a line for each other that could be it; none where no name says which."""
    choice = by_forms(choices, column)
    if not choice or not choice.sql:
        return choice
    ranks = {field.name: rank for field, rank in choices.named_with_rank(column)}
    rivals = [f for f in choices.named(column) if f.name not in choice.fields and f.numbers * 2 > f.filled]
    if column == "price" and not is_gross(choice.fields[0]):
        rivals += [field for field in choices.free() if field not in rivals and _is_gross_price(field)]
    lines = [(field, line) for field in rivals if (line := by_form(choices, column, field)).sql]
    if not lines:
        return choice
    names, options = ", ".join(field.name for field, _ in lines), tuple(_reading(choices, line) for _, line in lines)
    own = choices.sample.field(choice.fields[0])
    if reason := _reason(column, own, [field for field, _ in lines], ranks):
        note = "; ".join(filter(None, (choice.note, f"taken before {names}, because {reason}")))
        return replace(choice, note=note, options=(*choice.options, *options))
    note = f"{own.name}, {names} could each be it: uncomment the line in datasync.yaml that is right"
    return Choice(column, "", choice.fields, note=note, options=(_reading(choices, choice), *options))


def _is_gross_price(field: Field) -> bool:
    """Whether a field that is called gross holds amounts, and none that are paid for the product."""
    return is_gross(field.name) and may_be("price", field) and not is_of_another(field.name)


def _reason(column: str, own: Field, rivals: list[Field], ranks: dict[str, int]) -> str | None:
    """Why a field is taken before others; None where nothing but its place speaks for it."""
    if not is_net(own.name) and all(is_net(field.name) for field in rivals):
        return "it is not the net price"
    if any(field.name not in ranks for field in rivals):  # a gross price, beside which this one may be the net one
        return None
    has_ranks = column == "price" or is_any_yes_no(own)  # of two counts of pieces, neither is the plainer one
    if has_ranks and all(ranks[field.name] > ranks[own.name] for field in rivals):
        return "its name says most plainly what it is"
    return None


def _reading(choices: OpenChoices, choice: Choice) -> Reading:
    """The line of a field, with samples of its own."""
    field = choices.sample.field(choice.fields[0])
    samples = understood(choices.sample.rows, choice.column, choice.sql, field)
    return Reading(choice.sql, samples, remark=f"if it is {field.name}")
