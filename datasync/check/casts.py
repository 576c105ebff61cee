"""Maps that fail on some records, and how to write them so that they do not."""

from __future__ import annotations

import re
from collections.abc import Iterator

import duckdb

from datasync.check.finding import Finding
from datasync.expression import checked_tree, nodes, sql_of
from datasync.settings import Scope

_FAILS = "': its expression in the map fails on this record.'"


def failing(con: duckdb.DuckDBPyConnection, invalid: str, name: str, scope: Scope) -> Iterator[Finding]:
    """A finding for each map that failed on a record of ``invalid``: how often, and what to write instead."""
    failed = f"SELECT sentence, count(*) FROM {invalid} WHERE ends_with(sentence, {_FAILS}) GROUP BY ALL ORDER BY ALL"
    for sentence, count in con.execute(failed).fetchall():
        column = sentence.split(":")[0]
        if column not in scope.map:
            continue
        key = f"scopes.{name}.map.{column}"
        safe = _tried_casts(con, key, scope.map[column])
        fix = f"Write {', '.join(safe)}, which is empty where there is no such value." if safe else _GUARD
        yield Finding(
            "note",
            key,
            f"it fails on {count:,} {'record, which goes' if count == 1 else 'records, which go'} to quarantine. {fix}",
        )


def number_hint(sentence: str) -> str:
    """What to write where a price has a comma in it, which is no decimal sign by itself."""
    is_written = re.match(r"price is [^a-zA-Z]*\d,\d{1,4}\D*, which is no decimal number", sentence)
    return " (write number_of(FIELD, ',') in the map, which reads such numbers)" if is_written else ""


_GUARD = "Guard what can fail, as in case when price <> '' then ... end."


def _tried_casts(con: duckdb.DuckDBPyConnection, key: str, text: str) -> list[str]:
    """The plain casts of an expression, each as a cast that gives nothing where it fails."""
    casts = [node for node in nodes(checked_tree(con, key, text)) if node["class"] == "CAST" and not node["try_cast"]]
    return [sql_of(con, {**node, "try_cast": True}).replace("TRY_CAST", "try_cast") for node in casts]
