"""What a field may be by its values alone: an amount of money, a number of pieces, or a time."""

from __future__ import annotations

import re

from datasync.starter.meanings import meaning
from datasync.starter.names import is_gtin, is_number, is_other
from datasync.starter.sample import Field

_CENTS = re.compile(r"\D*\d[\d.,'’\s]*[.,]\d{2}\D*")
_TIME = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{2,4}.*")
_MOST_DIGITS = 9


def may_be(column: str, field: Field) -> bool:
    """Whether the values look like a column's; a field that is called something else is not it."""
    values = field.values or field.examples
    says = meaning(field.name)
    if (
        not values
        or (says and says.is_opposite)
        or is_other(field.name)
        or is_number(field.name)
        or is_gtin(field.name)
    ):
        return False
    if column == "price":
        return all(map(_CENTS.fullmatch, values)) and any(not _is_whole(value) for value in values)
    if column == "stock":
        return field.distinct > 1 and all(_is_whole(value) and len(value) <= _MOST_DIGITS for value in values)
    return column == "updated_at" and all(map(is_time, values))


def is_time(value: str) -> bool:
    """Whether a text looks like a date, or a date and a time."""
    return bool(_TIME.fullmatch(value))


def are_files(field: Field) -> bool:
    """Whether all values are addresses, paths or names of files, as those of images and documents are."""
    values = field.values or field.examples
    return bool(values) and all(map(_FILE.match, values))


_FILE = re.compile(r"(https?:)?//|www\.|[A-Za-z]:\\|\\\\|.*\.[A-Za-z]\w{1,3}$")


def _is_whole(value: str) -> bool:
    return bool(re.fullmatch(r"-?\d+([.,]0+)?|-?\d{1,3}([.,'’ ]\d{3})+([.,]0+)?", value.strip()))
