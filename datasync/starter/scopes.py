"""The names of scopes, by the locales that the files' names tell."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import PurePath

from datasync.starter.dated import undated
from datasync.starter.known_names import LANGUAGES

_LOCALE = re.compile(r"(?<![A-Za-z])([a-z]{2})[-_]([A-Za-z]{2})(?![A-Za-z])")
_ENDING = re.compile(r"[-_. ]([a-z]{2})$")


def scope_names(files: Sequence[str]) -> list[str]:
    """A name of its own for the scope of each file: its locale, else ``default``, or the file's name."""
    return unlike([_locale(file) or ("default" if len(files) == 1 else _stem(file)) for file in files])


def unlike(names: Sequence[str]) -> list[str]:
    """The same names, with a number behind a repeated one. Case does not count, because some folders ignore it."""
    unique_names: dict[str, str] = {}
    for name in names:
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        candidates = itertools.chain([name], numbered)
        free = next(candidate for candidate in candidates if candidate.lower() not in unique_names)
        unique_names[free.lower()] = free
    return list(unique_names.values())


def language_of(scope: str) -> str | None:
    """The language that a scope's name begins with, if it is one."""
    first = re.split("[-_]", scope)[0].lower()
    return first if first in LANGUAGES else None


def _locale(file: str) -> str | None:
    """The locale that a path names, as in ``exports/de-CH/p.csv`` or ``p_de_CH.csv``; else the language at its end."""
    locales = [(a, b) for a, b in _LOCALE.findall(file) if a in LANGUAGES]
    if locales:
        return f"{locales[-1][0]}-{locales[-1][1].upper()}"
    ending = _ENDING.search(_bare(file))
    return ending[1] if ending and ending[1] in LANGUAGES else None


def _bare(file: str) -> str:
    """A file's name without the endings that tell its format."""
    return re.sub(r"(\.(csv|tsv|txt|jsonl|ndjson|json|parquet|pq|xlsx|gz|zip))+$", "", PurePath(file).name, flags=re.I)


def _stem(file: str) -> str:
    """What a file is called, if possible without the date in its name."""
    stems = (re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-_") for name in (undated(_bare(file)), _bare(file)))
    return next(filter(None, stems), "default")
