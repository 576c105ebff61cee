"""A total line that a scope takes for a product."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync.check.finding import Finding
from datasync.intake.mapping import Mapped
from datasync.relation import Relation
from datasync.sources.base import Reader, Records
from datasync.sql import quote
from datasync.starter.text import scalar
from datasync.starter.total_line import total_lines


def taken_total_lines(
    con: duckdb.DuckDBPyConnection, key: str, records: Records, reader: Reader, scope_map: Mapped
) -> Iterator[Finding]:
    """A note for each file whose last row looks like a total, unless the scope's condition leaves it out."""
    names = [name for name in records.names if name]
    if not records.are_files or not names or len({name.lower() for name in names}) < len(names):
        return
    fields = dict.fromkeys([*names, *(scope_map.where.fields if scope_map.where else ())])
    condition = f"AND TRY({scope_map.where.sql}) IS TRUE" if scope_map.where else ""
    columns = ", ".join(map(quote, fields))
    rows = Relation(f"SELECT {columns}, _place FROM (\n{reader.select(fields).sql}\n) WHERE NOT _blank {condition}")
    try:
        lines = total_lines(con, rows, names)
    except duckdb.Error:  # files that cannot be read are told of elsewhere
        return
    needed = [field for column in ("sku", "name") for field in scope_map.columns[column].fields]
    for line in lines:
        where = line.where(con, needed)
        fix = (
            f"Add to where: {scalar(f'({where})')}" if scope_map.where else f"Leave it out with where: {scalar(where)}"
        )
        yield Finding("note", key, f"{line.sentence}. {fix}")
