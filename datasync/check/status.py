"""A field that looks like a status and is mapped to none, so that every product is enabled."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync.check.finding import Finding
from datasync.intake.mapping import Mapped
from datasync.sources.base import Reader, Records
from datasync.sql import quote
from datasync.starter.choice import shown
from datasync.starter.likely import is_time
from datasync.starter.meanings import meaning
from datasync.starter.names import is_opposite, looks_like_status
from datasync.starter.spelling import spelled
from datasync.starter.text import scalar
from datasync.starter.words import status_of_filled, status_to_decide

_REMARK = 300  # so much of what is to be decided is said


def unmapped_status(
    con: duckdb.DuckDBPyConnection, key: str, records: Records, reader: Reader, scope_map: Mapped
) -> Iterator[Finding]:
    """A note that names such a field, and what to write."""
    status = scope_map.columns.get("status")
    if status and status.sql.upper() != "NULL":
        return
    fields = [name for name in records.names if name not in scope_map.fields and looks_like_status(name)]
    for field in sorted(fields, key=_is_discontinued)[:1]:
        values = _values(con, reader, field) if records.are_files else []
        f = spelled(con, field)
        sql, remark = _what_to_write(field, f, values)
        sentence = f"field {field} looks like a status and is not mapped, so every product is enabled."
        decide = f" ({shown(remark, _REMARK)})" if remark and values else ""
        fix = f"Write what it means, as in status: {scalar(sql)}{decide}"
        yield Finding("note", f"{key}.map.status", f"{sentence} {fix}")


def _what_to_write(field: str, f: str, values: list[str]) -> tuple[str, str]:
    """What to write, and what in it is to be decided; a lock that holds days is one where it is filled."""
    if values and is_opposite(field) and all(map(is_time, values)):
        return status_of_filled(f), "a day in it may be still to come"
    return status_to_decide(f, values or ["X"], is_opposite=is_opposite(field))


def _is_discontinued(field: str) -> bool:
    """Whether a field says that a product is discontinued, which it may be and still be sold."""
    says = meaning(field)
    return bool(says and says.kind == "discontinued")


def _values(con: duckdb.DuckDBPyConnection, reader: Reader, field: str) -> list[str]:
    """The values that the field has most often."""
    f = quote(field)
    filled = reader.select([field]).where(f"trimmed({f}) <> ''")
    values = f"SELECT trim({f}) AS value, count(*) AS times FROM (\n{filled.sql}\n)"
    try:
        rows = con.execute(f"{values} GROUP BY ALL ORDER BY times DESC, value LIMIT 20").fetchall()
    except duckdb.Error:  # files that cannot be read are told of elsewhere
        return []
    return [value for value, _ in rows]
