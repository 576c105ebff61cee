"""What a database driver's error means for whoever runs a sync: mend something, or try again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from datasync import secrets

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

# SQLite has one kind of error for what it cannot do now and for what a row's value keeps it from: these pass, or are
# told of by other words, and whatever else stops it in the middle of a query, as an overflow, it meets again.
_PASSES = re.compile(
    r"locked|busy|disk I/O error|interrupted|unable to open|schema has changed|out of memory|read-?only|full"
    r"|authoriz|no such|syntax error|not a database|disk image",
    re.IGNORECASE,
)

_DRIVER = (
    "Install the driver (`datasync[sql]` has those for PostgreSQL and SQLite), or name one that is there in the type, "
    "as in mysql+pymysql"
)


class DriverError(Exception):
    """What a driver raised, in words of ours.

    ``words`` are the driver's own. They may hold anything, so they are searched for names and never shown as they are.
    ``code`` is what a program calls the error.
    """

    def __init__(self, problem: str, words: str = "", code: str = "") -> None:
        self.words, self.code = words, code
        super().__init__(problem)


class Refused(DriverError):
    """The database did not take a statement: trying again changes nothing."""


class Closed(Refused):
    """There is no way in as the URL has it: trying again changes nothing."""


class Spoilt(Refused):
    """The database or its driver stops at a value: trying again meets it again. Says a code, and no value."""


class Damaged(Refused):
    """The database's file is not whole."""


class Unreachable(DriverError):
    """The database did not answer, or broke off."""


class NeverReached(Unreachable):
    """There was no connection, so the database was asked nothing."""


@contextmanager
def translated() -> Iterator[None]:
    """A driver's error as ours: its first line, and whether trying again may help."""
    try:
        yield
    except (DriverError, GeneratorExit):
        raise
    except ImportError as error:
        raise Closed(f"the driver {error.name or 'that it needs'} is not installed. {_DRIVER}") from None
    except Exception as error:
        kind = _judged(error)
        words = _first_line(error)
        secrets.log_foreign("the database", words)
        raise kind(_code(error) if kind is Spoilt else _sentence(error, words), words, _code(error)) from None


@contextmanager
def opening() -> Iterator[None]:
    """The same while a connection is made: what is refused then is the way in."""
    try:
        with translated():
            yield
    except Refused as error:
        raise Closed(str(error), error.words, error.code) from None
    except Unreachable as error:
        raise NeverReached(str(error), error.words, error.code) from None


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
    if _name(error) in _UNFIT or _is_stopped_by_a_row(error, words):
        return Spoilt
    names = ("ProgrammingError", "NotSupportedError", "ArgumentError", "TypeError")
    return Refused if type(error).__name__ in names else Unreachable


def _is_stopped_by_a_row(error: Exception, words: str) -> bool:
    """True where SQLite stops at what it works out of a row, as at an integer that overflows."""
    original = getattr(error, "orig", None) or error
    is_sqlite = type(original).__module__ == "sqlite3" and type(original).__name__ == "OperationalError"
    return (is_sqlite or "Failed to step query: " in words) and not _PASSES.search(words)


def _state(error: Exception) -> str:
    return getattr(error, "sqlstate", None) or getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def _name(error: Exception) -> str:
    return type(getattr(error, "orig", None) or error).__name__


def _code(error: Exception) -> str:
    """What a program calls an error, for a driver's words may hold the value."""
    return f"SQLSTATE {_state(error)}" if _state(error) else _name(error)


# What a driver's words mean, in ours; the first that fits.
_MEANS = (
    (r"no such table|undefined table|relation .* does not exist|doesn't exist", "there is no such table"),
    (r"no such column|column .* does not exist|unknown column", "there is no such column"),
    (r"no such function|function .* does not exist", "there is no such function"),
    (r"role .* does not exist", "it knows no such login"),
    (r"database .* does not exist|unknown database", "it has no such database"),
    (r"schema .* does not exist|invalid schema", "there is no such schema"),
    (r"syntax error|error in your SQL syntax", "the SQL has a mistake in its syntax"),
    (r"terminating connection|closed the connection|no connection to the server", "it ended the connection"),
    (r"permission denied|not authorized|command denied", "the login may not do that"),
    (
        r"authentication failed|no password supplied|access denied for user",
        "it does not take the login or its password",
    ),
    (r"pg_hba\.conf|not permitted to log in", "it does not let the login in from here"),
    (r"certificate|SSL was required|SSL", "there is no safe connection of the kind that both sides want"),
    (
        r"invalid connection option|invalid \S+ value|invalid .*value|unexpected|missing|extra",
        "a parameter is not known to its driver, or has a value that cannot be",
    ),
    (r"read-?only", "it may only be read, and the query would write"),
    (r"is not a database", "the file is no database"),
    (r"refused|could not connect|timeout|timed out|unreachable", "nobody answers there"),
)


def _sentence(error: Exception, words: str) -> str:
    """What an error means in words of ours, and its code."""
    means = (sentence for pattern, sentence in _MEANS if re.search(pattern, words, re.IGNORECASE))
    return f"{next(means, 'it gives no reason that is known here')} ({_code(error)})"


def _first_line(error: Exception) -> str:
    """The first lines of what a driver says; SQLAlchemy adds the whole statement, which nobody needs twice."""
    words = str(getattr(error, "orig", None) or error).strip()
    words = re.split(r"\n(?:Query was|query):|\[SQL:", words)[0]
    return " ".join(words.split()).rstrip(".")
