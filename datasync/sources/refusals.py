"""What a database driver's error means for whoever runs a sync: mend something, or try again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_AWAY = ("08", "53", "55", "57", "58", "40")  # SQLSTATE classes: not reachable, out of room, locked, shutting down
_OF_DATA = "22"  # the SQLSTATE class of values that do not fit
_UNFIT = ("DataError", "OverflowError", "ValueError", "UnicodeDecodeError", "InvalidOperation", "ArrowInvalid")
# Drivers tell of a connection that was not made in words alone; these are libpq's where nothing was asked of a server
# yet, or where the server answered: not you.
_MISTAKEN = re.compile(
    r"(?:Failed to connect|connection is bad): (?:invalid|unexpected|missing|extra|forbidden|weak)\b"
    r'|^invalid connection option|invalid (?:\w+ )?value:? "'
    r"|authentication failed|no password supplied|no pg_hba\.conf entry|SSL was required|certificate verify failed"
    r'|certificate file ".*"|not permitted to log in|(?:role|database) ".*" does not exist'
    r"|access denied for user|unknown database",
    re.IGNORECASE,
)

_DRIVER = (
    "Install the driver (`datasync[sql]` has those for PostgreSQL and SQLite), or name one that is there in the type, "
    "as in mysql+pymysql"
)


class Refused(Exception):
    """The database did not take a statement: trying again changes nothing."""


class Closed(Refused):
    """There is no way in as the URL has it: trying again changes nothing."""


class Spoilt(Refused):
    """The database or its driver stops at a value: trying again meets it again. Says a code, and no value."""


class Damaged(Refused):
    """The database's file is not whole."""


class Unreachable(Exception):
    """The database did not answer, or broke off."""


@contextmanager
def told() -> Iterator[None]:
    """A driver's error as ours: its first line, and whether trying again may help."""
    try:
        yield
    except (Refused, Unreachable, GeneratorExit):
        raise
    except ImportError as error:
        raise Closed(f"{error}. {_DRIVER}") from error
    except Exception as error:
        kind = _judged(error)
        raise kind(_code(error) if kind is Spoilt else _first_line(error)) from error


@contextmanager
def opening() -> Iterator[None]:
    """The same while a connection is made: what is refused then is the way in."""
    try:
        with told():
            yield
    except Refused as error:
        raise Closed(str(error)) from error


def _judged(error: Exception) -> type[Exception]:
    state, words = _state(error), str(error)
    if state.startswith(_OF_DATA) or "Could not decode to UTF-8" in words:
        return Spoilt
    if state.startswith(_AWAY):
        return Unreachable
    if "is not a database" in words:
        return Closed
    if "malformed" in words and "disk image" in words:
        return Damaged
    if state or "no such" in words or "syntax error" in words or _MISTAKEN.search(words):
        return Refused
    if _name(error) in _UNFIT:
        return Spoilt
    names = ("ProgrammingError", "NotSupportedError", "ArgumentError", "TypeError")
    return Refused if type(error).__name__ in names else Unreachable


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


def _code(error: Exception) -> str:
    """What a program calls an error, for a driver's words may hold the value."""
    return f"SQLSTATE {_state(error)}" if _state(error) else _name(error)


def _first_line(error: Exception) -> str:
    """The first lines of what a driver says; SQLAlchemy adds the whole statement, which nobody needs twice."""
    words = str(getattr(error, "orig", None) or error).strip()
    words = re.split(r"\n(?:Query was|query):|\[SQL:", words)[0]
    return " ".join(words.split()).rstrip(".")
