"""What a database refuses: whether it is for a row of a batch, or may pass, and the words for whoever reads of it."""

from __future__ import annotations

import re

from datasync import secrets
from datasync.databases.driver_errors import DriverError, Spoilt

LONGEST_WORDS = 300
_OF_ROWS = ("SQLSTATE 22", "SQLSTATE 23", "SQLSTATE 44", "SQLSTATE 54000", "SQLSTATE P0", "IntegrityError")
_PASSING_CODES = ("SQLSTATE 40", "SQLSTATE 55P03")
_PASSING_WORDS = re.compile(r"database (table |schema )?is locked|database is busy|schema has changed", re.IGNORECASE)
_SAID = re.compile(r"(?:.*?\b(?:ERROR|FATAL): +|[A-Z_]+: )(.*?)(?: (?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+): .*)?")
_MEANS = (
    ("SQLSTATE 22001", "A text is longer than its column takes"),
    ("SQLSTATE 22003", "A number is larger than its column takes"),
    ("SQLSTATE 22021", "A text has a character that the database cannot store, as NUL"),
    ("SQLSTATE 22P05", "A text has a character that the database cannot store, as NUL"),
    ("SQLSTATE 23502", "A column that must not be empty has no value"),
    ("SQLSTATE 23503", "A value refers to a row of another table that is not there"),
    ("SQLSTATE 23505", "Another row has a value that may stand only once"),
    ("SQLSTATE 23514", "A condition of the table is not met"),
    ("SQLSTATE 23", "A rule of the table is not met"),
    ("SQLSTATE 54000", "A value is too large for an index"),
    ("SQLSTATE 22", "A value is not of its column's type"),
    ("IntegrityError", "A rule of the table is not met"),
)


def is_of_a_row(error: DriverError) -> bool:
    """True where a row cannot be taken: its transaction was rolled back, and would be again."""
    return isinstance(error, Spoilt) or error.code.startswith(_OF_ROWS)


def is_passing(error: DriverError) -> bool:
    """True where another transaction was in the way, and this one was rolled back."""
    return error.code.startswith(_PASSING_CODES) or bool(_PASSING_WORDS.search(error.words))


def words(error: DriverError) -> str:
    """Why a row is not taken: in words of ours, and in the database's own, shortened and without secrets."""
    means = next((ours for code, ours in _MEANS if error.code.startswith(code)), "The database does not take it")
    said = _SAID.fullmatch(re.sub(r"\s*\.? SQLSTATE: \w+$", "", error.words))
    sentence = secrets.mask(said[1] if said else "").strip().rstrip(".")
    shortened = sentence if len(sentence) <= LONGEST_WORDS else f"{sentence[:LONGEST_WORDS]}..."
    return f"{means}. The database says: {shortened} ({error.code})" if shortened else f"{means} ({error.code})"
