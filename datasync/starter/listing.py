"""Fields in a list for people: by their names, and by their places where they have none."""

from __future__ import annotations

import re
from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """The names in a row; a field called by its place, as the reader of CSV calls one without a header, has none."""
    places = [match[1] for name in names if (match := re.fullmatch(r"column_(\d+)", name))]
    named = [name for name in names if not re.fullmatch(r"column_\d+", name)]
    return ", ".join([*named, *([_nameless(places)] if places else [])])


def _nameless(places: Sequence[str]) -> str:
    if len(places) == 1:
        return f"column {places[0]}, which has no name"
    return f"columns {', '.join(places[:-1])} and {places[-1]}, which have no name"
