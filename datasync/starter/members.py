"""The values inside of a field's JSON objects: a name for each language, an amount and its currency."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from datasync.sql import literal
from datasync.starter.choice import Choice, Reading
from datasync.starter.sample import Field

_LISTED = 4
_DEEPEST = 3
_LISTS = ("images", "categories", "visible_in")  # what these columns do with JSON is a pull's own


def holds_objects(field: Field) -> bool:
    """Whether all examples of a field are JSON objects."""
    return bool(field.examples) and all(_object(example) is not None for example in field.examples)


def in_objects(column: str, field: Field, f: str) -> Choice | None:
    """What is said of a column whose field holds objects: which of their values it could be; ``f`` is the field in SQL.

    None where it holds none, and for a column of lists.
    """
    if column in _LISTS or not holds_objects(field):
        return None
    values = {path: value for example in field.examples for path, value in _members(_object(example) or {})}
    likely = [path for path, value in values.items() if _is_likely(column, value)]
    options = tuple(Reading(f"{f}->>{literal(path)}") for path in (likely or [*values])[:_LISTED])
    note = f"the values of {field.name} are JSON objects, and no {column}; take what it is of them"
    return Choice(column, "", (field.name,), note=note, options=options)


def _object(text: str) -> dict[str, object] | None:
    if not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _members(values: dict[str, object], path: str = "$", depth: int = 1) -> Iterator[tuple[str, object]]:
    """The paths of what is neither an object nor a list, and what stands there."""
    for key, value in values.items():
        at = f"{path}.{key}" if re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) else f"{path}.{json.dumps(key)}"
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _members(value, at, depth + 1)
        elif value is not None and not isinstance(value, dict | list):
            yield at, value


def _is_likely(column: str, value: object) -> bool:
    """For a price, whether the value looks like a number; for any other column, whether it looks like text."""
    return (column == "price") == bool(re.search(r"\d", str(value)) and not re.search(r"[^\W\d_]{4}", str(value)))
