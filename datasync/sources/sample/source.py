"""The sample source: a shop that ships with datasync, whose catalog changes as hours pass."""

from __future__ import annotations

from typing import Literal

import duckdb

from datasync.sources.base import PullRequest, Records
from datasync.sources.sample.options import SampleScope, SampleSource
from datasync.sources.sample.sample_catalog import sample_records
from datasync.sources.text_columns import RECORD_EXPR, Texts


class Sample:
    """The scope of a sample source: the locale is the scope's name, or its ``locale`` key."""

    def __init__(self, name: str, scope: SampleScope, source: SampleSource) -> None:
        self.locale, self.source = scope.locale or name, source

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        rows = sample_records(con, locale=self.locale, size=self.source.size, seed=self.source.seed, at=request.at)
        names = tuple(row[0] for row in con.execute(f"DESCRIBE {rows.sql}").fetchall())
        return Records(
            Texts(rows, names, "sample"), RECORD_EXPR, names, complete=request.what != "skus", answers_absence=True
        )

    def scheduled(self) -> Literal["complete", "changed"]:
        return "complete"

    def requests(self, request: PullRequest) -> int:
        return 1
