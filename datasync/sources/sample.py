"""The sample source: a shop that ships with datasync, whose catalog changes as hours pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import duckdb

from datasync.settings import SampleSource, Scope
from datasync.sources.base import Records, Want
from datasync.sources.sample_catalog import sample_records
from datasync.sql import quote


@dataclass(frozen=True, slots=True)
class _Columns:
    """Reads a SELECT whose columns are the fields, all text."""

    sql: str
    names: tuple[str, ...]

    def select(self, fields: Collection[str]) -> str:
        missing = [f"NULL::VARCHAR AS {quote(field)}" for field in fields if field not in self.names]
        columns = ", ".join(["*", "NULL::VARCHAR AS _unreadable", "'sample' AS _place", *missing])
        return f"SELECT {columns} FROM ({self.sql})"

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return field in self.names

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return self.names


class Sample:
    """The scope of a sample source: the locale is the scope's name, or its ``locale`` key."""

    def __init__(self, name: str, scope: Scope, source: SampleSource) -> None:
        self.locale, self.source = scope.locale or name, source

    def records(self, con: duckdb.DuckDBPyConnection, want: Want) -> Records:
        sql = sample_records(con, locale=self.locale, size=self.source.size, seed=self.source.seed, at=want.at)
        names = tuple(row[0] for row in con.execute(f"DESCRIBE {sql}").fetchall())
        whole = f"to_json({{{', '.join(f'{quote(n)}: {quote(n)}' for n in names)}}})::VARCHAR"
        return Records(_Columns(sql, names), whole, names, complete=want.what != "skus", answers_absence=True)

    def scheduled(self) -> Literal["complete", "changed"]:
        return "complete"

    def requests(self, want: Want) -> int:
        return 1
