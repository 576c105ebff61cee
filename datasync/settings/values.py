"""What one value of a settings file may be: durations, names, schedules, URLs; and no secret anywhere."""

from __future__ import annotations

import codecs
import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = "write a whole number above 0 and its unit (s, m, h, d or w), as in 90s, 3h or 2d"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_LONGEST_NAME = 100  # two of them and more go into the name of one file, which may have 255 characters
SECRETS = re.compile(r"key|secret|token|password|credential", re.IGNORECASE)


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+)\s*([smhdw])\s*", str(value), re.ASCII)
    if value is None:
        raise ValueError(f"has no value: {_DURATION}, or take the line out")
    if not match:
        raise ValueError(f"{_no_duration(str(value))}: {_DURATION}")
    if not int(match[1]):
        raise ValueError(f"is no time at all: {_DURATION}")
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):
        raise ValueError(f"is longer than any calendar: {_DURATION}") from None


def _no_duration(text: str) -> str:
    """What is wrong with a duration, as far as can be told."""
    if re.match(r"\s*-", text):
        return "is below zero"
    if re.fullmatch(r"\s*\d+\s*", text):
        return "has no unit"
    if re.fullmatch(r"\s*\d*[.,]\d+\s*[smhdw]\s*", text):
        return "is no whole number of its unit"
    return "is no duration"


def _no_yes(value: object) -> object:
    """A number; yes and no, which YAML reads as true and false, would be 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("is what YAML makes of yes, no, on and off, where a number is wanted: write one as in 30")
    return value


def cron(expression: str | None) -> str | None:
    if expression is not None and not croniter.is_valid(expression):
        raise ValueError('is no cron expression: write one as in "0 * * * *" or "@hourly", or null for by hand alone')
    return expression


def known_zone(zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("is no time zone: write one as in Europe/Berlin, or UTC") from None
    return zone


def known_encoding(encoding: str) -> str | None:
    """The encoding, or None for UTF-8, in which files are read as they are."""
    try:
        known = codecs.lookup(encoding)
        is_text = isinstance("a".encode(encoding), bytes)
    except (LookupError, ValueError, TypeError):
        is_text = False
    if not is_text:
        raise ValueError("is no encoding: write one as in windows-1252, iso-8859-15, utf-16 or shift_jis")
    return None if known.name in ("utf-8", "utf-8-sig", "ascii") else encoding


def unique_ignoring_case(entries: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, str] = {}
    for name in entries:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            raise ValueError(
                f"has {twin!r} and {name!r}, which share a folder on many disks: name one of them otherwise"
            )
    return entries


def spelled(duration: timedelta) -> str:
    """A duration as the settings file writes it, in days or the largest smaller unit that is whole."""
    unit = next(u for u in "dhms" if duration % timedelta(**{_UNITS[u]: 1}) == timedelta(0))
    return f"{duration // timedelta(**{_UNITS[unit]: 1})}{unit}"


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(
            "is no name: names become paths, so use letters, digits, _ and -, and begin with a letter or digit"
        )
    if len(name) > _LONGEST_NAME:
        raise ValueError(
            f"is too long a name, with {len(name)} characters: names become paths, so use at most {_LONGEST_NAME}"
        )
    return name


def _no_secrets(options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if SECRETS.search(key):
            raise ValueError(
                f"holds {key!r}: secrets come from the environment or an Airflow connection, never from this file"
            )
        if isinstance(value, dict):
            _no_secrets(value)
    return options


def open_url(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme:
        raise ValueError("is no URL: write one as in sqlite:///shop.db, with its kind first")
    if parts.password is not None or SECRETS.search(parts.query):
        raise ValueError(
            "holds a secret, and this file is no place for one: put it into a connection, as in connection: my_shop"
        )
    return url


def file_place(path: str) -> str:
    if "://" in path and not re.fullmatch(r"s3://[^/]+/(?:[^/]+/)*[^/]+", path):
        raise ValueError('is no place for a file: write a path, or one on S3 as in "s3://bucket/exports/{scope}.jsonl"')
    return path


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*[smhdw]\s*$"}),
]
Whole = Annotated[int, BeforeValidator(_no_yes)]
Number = Annotated[float, BeforeValidator(_no_yes)]
Name = Annotated[str, AfterValidator(_name)]
Options = Annotated[dict[str, Any], AfterValidator(_no_secrets)]
ConnectionName = Annotated[str, Field(pattern=r"^[\w.-]+$")]
