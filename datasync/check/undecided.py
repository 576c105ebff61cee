"""Columns that `datasync init` left to a person, as commented lines of the settings, and of which none was taken."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

from datasync.check.finding import Finding
from datasync.product import PRODUCT_COLUMNS
from datasync.settings import Settings

_SCOPE = re.compile(r"""  (["']?)([^\s#"'][^"']*)\1:(\s|$)""")
_LINE = re.compile(rf"\s+# ({'|'.join(PRODUCT_COLUMNS)}): \S")


def undecided(text: str, settings: Settings) -> Iterator[Finding]:
    """A note for each scope whose ``map`` has no line for a column, and the ``text`` of the settings commented ones."""
    for name, columns in _commented(text).items():
        taken = settings.scopes[name].map if name in settings.scopes else columns
        if left := [column for column in columns if column not in taken]:
            lines = f"not decided: {', '.join(left)}. The settings have commented lines for"
            many = "each of these" if len(left) > 1 else "it"
            yield Finding("note", f"scopes.{name}", f"{lines} {many}: uncomment the right one, or delete them.")


def _commented(text: str) -> Mapping[str, list[str]]:
    """The columns that stand in commented lines of each scope, as `init` writes a settings file."""
    lines = iter(text.splitlines())
    columns: dict[str, list[str]] = {}
    for _ in takewhile(lambda line: line.rstrip() != "scopes:", lines):
        pass
    scope = ""
    for line in takewhile(lambda line: not re.match(r"\w", line), lines):
        if match := _SCOPE.match(line):
            scope = match[2]
        elif scope and (match := _LINE.match(line)):
            columns.setdefault(scope, []).append(match[1])
    return {scope: [*dict.fromkeys(names)] for scope, names in columns.items()}
