"""Files that are called by the date of their export: with ``*`` in its place, a pattern takes the next one too."""

from __future__ import annotations

import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_DATES = (
    f"{_YEAR}[-_.]?{_MONTH}[-_.]?{_DAY}",
    f"{_DAY}[-_.]?{_MONTH}[-_.]?{_YEAR}",
    f"{_MONTH}[-_.]{_DAY}[-_.]{_YEAR}",
)
_TIME = "[-_ .T]{0,2}(?:[01][0-9]|2[0-3])[-_.h]?[0-5][0-9](?:[-_.]?[0-5][0-9](?:[.]?[0-9]{3})?)?Z?"
_OTHERS = (f"{_YEAR}[-_](?:W|KW|w|kw)?[0-5][0-9]", "1[5-9][0-9]{8}(?:[0-9]{3})?")  # a week or a month; seconds of Unix
_STAMP = re.compile(f"(?<![0-9])(?:(?:{'|'.join(_DATES)})(?:{_TIME})?|{'|'.join(_OTHERS)})(?![0-9])")


def undated(name: str) -> str:
    """A file's name with ``*`` for each date and time in it."""
    return _STAMP.sub("*", name)


def pattern_of(file: str, files: Collection[str]) -> str | None:
    """The pattern for a file that has a date in its name; None where it has none, or the pattern would take others.

    Others are files beside it that are called otherwise, and those of ``files``, each of which has a scope of its own.
    """
    path, pattern = Path(file), undated(Path(file).name)
    if "://" in file or pattern == path.name or re.search(r"[*?[]", file) or not re.search("[a-zA-Z]", _stem(pattern)):
        return None
    beside = {entry.name for entry in path.absolute().parent.iterdir() if fnmatchcase(entry.name, pattern)}
    named = [other for other in files if Path(other).absolute().parent == path.absolute().parent]
    is_alone = sum(undated(Path(other).name) == pattern for other in named) == 1
    return str(path.with_name(pattern)) if is_alone and {*map(undated, beside)} == {pattern} else None


def _stem(name: str) -> str:
    return name.partition(".")[0]
