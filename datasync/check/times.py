"""Times without an offset, in a scope that does not say in which time zone they were written."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync.check.finding import Finding
from datasync.intake.mapping import Mapped
from datasync.sources.base import Reader, Records
from datasync.starter.times import are_local


def without_offset(
    con: duckdb.DuckDBPyConnection, key: str, records: Records, reader: Reader, scope_map: Mapped
) -> Iterator[Finding]:
    """A note if ``updated_at`` has such times, which are taken as UTC; for files, whose times nobody else settles."""
    time = scope_map.columns.get("updated_at")
    if not records.are_files or scope_map.time_zone or not time:
        return
    try:
        is_local = are_local(con, time.sql, scope_map.joined(reader.select(scope_map.fields)))
    except duckdb.Error:  # files that cannot be read are told of elsewhere
        return
    if is_local:
        fix = "Name the zone that they were written in, as in `time_zone: Europe/Berlin`, or say `time_zone: UTC`."
        sentence = f"updated_at has no offset and the scope has no time_zone: taken as UTC. {fix}"
        yield Finding("note", f"{key}.time_zone", sentence)
