"""What a check says: findings, and errors put as findings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import duckdb

from datasync.errors import DatasyncError
from datasync.sql_errors import in_our_words

FORESEEN = (DatasyncError, duckdb.Error, OSError, ImportError)


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer. ``where`` is the key of the settings it is about; a ``problem`` stops a run, a ``note`` does not."""

    level: Literal["ok", "note", "problem"]
    where: str
    sentence: str


def problem(where: str, error: Exception) -> Finding:
    """An error as a finding. If the error names a key below ``where``, the finding is about that key."""
    key, _, rest = str(error).partition(": ")
    if isinstance(error, DatasyncError) and rest and key.startswith(where):
        return Finding("problem", key, rest)
    return Finding("problem", where, sentence(error))


def sentence(error: Exception) -> str:
    """An error as a sentence: ours as it is, DuckDB's and the system's in short."""
    if isinstance(error, DatasyncError):
        return str(error)
    if isinstance(error, duckdb.Error):
        return f"{in_our_words(str(error))}."
    return str(error).strip().split("\n")[0].rstrip(".") + "."
