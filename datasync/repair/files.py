"""Each file of the store by itself: whether it is whole, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from datasync.errors import FileDamaged
from datasync.sources.rest import page_store
from datasync.sql import literal
from datasync.store import acceptances, holds, runs, snapshots
from datasync.store.files import Store, read_as
from datasync.store.kinds import Place
from datasync.store.log import footer, head_of
from datasync.store.seal import sealed_as, verdict


@dataclass(frozen=True, slots=True)
class Content:
    """What a whole file says, parsed; of a Parquet file also its number of rows, and its seal."""

    parsed: Any = None
    rows: int = 0
    sealed: str = ""


def read(con: duckdb.DuckDBPyConnection, store: Store, place: Place, *, deep: bool) -> Content:
    """The content of a file of a known kind. Raises FileDamaged if the file is not whole or of another kind. ``deep``
    reads all bytes and rows.
    """
    assert place.kind is not None
    match place.kind.content:
        case "parquet":
            return _parquet(con, store, place, deep=deep)
        case "json":
            return Content(parsed=read_as(store, place.path, _PARSERS[place.kind.name]))
        case "page":
            return Content(parsed=page_store.state(store, place.path))
        case "empty" if store.read(place.path):
            raise FileDamaged(place.path, "has to be empty and is not")
    return Content()


_PARSERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "run": runs.parse,
    "step": runs.parse_step,
    "hold": holds.parse,
    "acceptance": acceptances.parse,
}


def _parquet(con: duckdb.DuckDBPyConnection, store: Store, place: Place, *, deep: bool) -> Content:
    with store.open(place.path) as file:
        condition, sealed = verdict(file, deep=deep), sealed_as(file)
        if condition == "broken":
            raise FileDamaged(place.path, "is empty" if not file.seek(0, 2) else "is cut, or bytes in it were changed")
    assert place.kind is not None
    url = literal(store.url(place.path))
    names, rows = _shape(con, place.path, url)
    meta = _noted(con, store, place)
    typed = _typed(place, meta)
    is_older = place.kind.name == "snapshot" and typed is None
    if not is_older and (lacking := place.kind.columns - names):
        raise FileDamaged(place.path, f"is another kind of file: it has no column {', '.join(sorted(lacking))}")
    if deep and condition == "unsealed":
        _query(con, place.path, f"SELECT bit_xor(hash(COLUMNS(*))) FROM read_parquet({url}, hive_partitioning = false)")
    return Content(typed, rows, sealed)


def _noted(con: duckdb.DuckDBPyConnection, store: Store, place: Place) -> Mapping[str, Any]:
    """Our metadata in a file's footer; empty if the kind of file may have none."""
    assert place.kind is not None
    try:
        return footer(con, store, place.path) or {}
    except FileDamaged:
        if place.kind.noted:
            raise
        return {}


def _shape(con: duckdb.DuckDBPyConnection, path: str, url: str) -> tuple[frozenset[str], int]:
    names = _query(con, path, f"SELECT name FROM parquet_schema({url})")
    rows = _query(con, path, f"SELECT num_rows FROM parquet_file_metadata({url})")
    return frozenset(name for (name,) in names), int(rows[0][0])


def _query(con: duckdb.DuckDBPyConnection, path: str, sql: str) -> list[tuple[Any, ...]]:
    try:
        return con.execute(sql).fetchall()
    except duckdb.Error as error:
        raise FileDamaged(path, "is no whole Parquet file") from error


def _typed(place: Place, meta: Mapping[str, Any]) -> Any:
    assert place.kind is not None
    if place.kind.name == "snapshot":
        return snapshots.parse(place.path, meta)
    if place.kind.name in ("quarantine", "asked SKUs"):
        return snapshots.note_of(meta)
    return head_of(place.path, place.number, meta) if place.kind.noted else None
