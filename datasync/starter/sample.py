"""The beginning of the user's file, as a pull would read it: a table of texts, and what its fields hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Literal

import duckdb

from datasync.errors import UnreadableFile
from datasync.settings import FilesSource, Scope
from datasync.sources.base import Want
from datasync.sources.files import Files
from datasync.sql import quote, row

RECORDS = 5_000
VALUES = 20
_TEXT = (".txt", ".dat", ".tab", ".tsv")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the sample: how many records fill it, how many values it has, and those if they are few."""

    name: str
    filled: int
    distinct: int
    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sample:
    """The table ``sample`` of a connection: its records, and its fields in the file's order."""

    records: int
    fields: tuple[Field, ...]
    format: Literal["csv"] | None

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)


def sampled(con: duckdb.DuckDBPyConnection, file: str, now: datetime) -> Sample:
    """Read the first records of ``file`` into the table ``sample``. Raises what the source raises."""
    how: Literal["csv"] | None = "csv" if PurePath(file.removesuffix(".gz")).suffix.lower() in _TEXT else None
    scope = Scope(source="exports", path=file, format=how)
    found = Files("default", scope, FilesSource(kind="files")).records(con, Want("complete", now))
    names = _told_apart(found.names)
    if not names:
        raise UnreadableFile(file, "its first records have no fields")
    first = f"SELECT * FROM ({found.reader.select(names)}) LIMIT {RECORDS}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE first_records AS {first}")
    readable = "FROM first_records WHERE _unreadable IS NULL AND NOT _blank"
    con.execute(f"CREATE OR REPLACE TEMP TABLE sample AS SELECT {', '.join(map(quote, names))} {readable}")
    records = row(con, "SELECT count(*) AS records FROM sample")["records"]
    if not records:
        _refuse_unreadable(con, found.rejects)
    return Sample(int(records), tuple(_field(con, name) for name in names), how)


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, rejects: str | None) -> None:
    """Raise UnreadableFile where there are records and none of them can be read."""
    broken = "SELECT _place, _unreadable AS sentence FROM first_records WHERE NOT _blank"
    parts = [broken, f"SELECT _place, sentence FROM ({rejects})"] if rejects else [broken]
    if found := con.execute(f"{' UNION ALL '.join(parts)} LIMIT 1").fetchone():
        raise UnreadableFile(found[0], str(found[1]).rstrip("."))


def _told_apart(names: Sequence[str]) -> list[str]:
    """The names, less those that differ from an earlier one in case only, which SQL takes for the same."""
    first: dict[str, str] = {}
    for name in names:
        if name:
            first.setdefault(name.lower(), name)
    return list(first.values())


def _field(con: duckdb.DuckDBPyConnection, name: str) -> Field:
    given = f"nullif(trim({quote(name)}), '')"
    counts = row(con, f"SELECT count({given}) AS filled, count(DISTINCT {given}) AS distinct_values FROM sample")
    values: list[str] = []
    if counts["distinct_values"] <= VALUES:
        values = [
            found[0]
            for found in con.execute(f"SELECT DISTINCT {given} FROM sample WHERE {given} IS NOT NULL").fetchall()
        ]
    return Field(name, int(counts["filled"]), int(counts["distinct_values"]), frozenset(values))
