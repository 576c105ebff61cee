"""What a service holds as one file, for whoever cannot read the store: in a folder or on S3, replaced in one step."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from datasync.delivery import compare
from datasync.errors import InvalidSettings
from datasync.relation import select, temporary_tables
from datasync.settings import Settings
from datasync.sql import literal
from datasync.store.files import SCRATCH, Folder, Store, open_store
from datasync.store.scratch import scratch
from datasync.store.tidy import DAY


def export(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, scope: str, service: str) -> None:
    """Write the payloads that a service holds in a scope, in the order of SKUs, where the settings say so.

    The ending of the path, .parquet or .jsonl, decides the format.
    """
    path = settings.export_of(scope, service)
    if path is None:
        return
    held = compare.held_products(store, scope, service)
    folder, _, name = path.rpartition("/")
    rows = f"SELECT unnest(payload(p, {literal(scope)})) FROM (SELECT * FROM held ORDER BY sku) AS p"
    copy_options = "FORMAT parquet, COMPRESSION zstd" if name.endswith(".parquet") else "FORMAT json"
    with scratch() as making, temporary_tables(con) as tables:
        file = making / "exported"
        # A table of its own first: DuckDB writes a column as optional or required by what it knows of the rows, and of
        # a table it knows the same whichever entries the rows came from. So the same products give the same bytes.
        exported = tables.store(select(rows, held=held), "exported")
        con.execute(f"COPY {exported.name} TO {literal(str(file))} ({copy_options})")
        _put(f"services.{service}.export", open_store(folder, settings.store_options), name, file)


def _put(key: str, place: Store, name: str, file: Path) -> None:
    try:
        place.replace(name, file)
    except InvalidSettings as error:  # the place is none of the store's, so another key is to be mended
        raise InvalidSettings(key, error.problem, error.fix) from error


def tidy(settings: Settings, now: datetime, *, dry_run: bool = False) -> int:
    """Remove what exports that were killed left beside the files in local folders; how many files that is."""
    paths = (settings.export_of(scope, service) for scope in settings.scopes for service in settings.services)
    folders = {path.rpartition("/")[0] for path in paths if path and "://" not in path}
    left = 0
    for place in map(Folder, sorted(folders)):
        try:
            old = [name for name, at in place.listing(SCRATCH).items() if at < now - DAY]
        except InvalidSettings:  # no folder can be there, as each transfer says
            continue
        left += len(old)
        for name in old if not dry_run else ():
            place.remove(f"{SCRATCH}/{name}")
    return left
