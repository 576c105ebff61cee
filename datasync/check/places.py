"""The places that a run writes to: the store with its logs, the site, and the exports."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import datetime

import duckdb

from datasync.check.finding import FORESEEN, Finding, sentence
from datasync.delivery.withdraw import leftovers
from datasync.errors import DiskUnavailable
from datasync.figures import repairs
from datasync.figures.store_at import read_point_at_heads
from datasync.quantity import quantity
from datasync.settings import Settings
from datasync.store.files import Store, open_store, write_json
from datasync.store.log import Log


def is_writable(con: duckdb.DuckDBPyConnection, store: Store) -> Iterator[Finding]:
    """Create the same name twice: the second time has to fail, because every log rests on that."""
    probe = f"check-{uuid.uuid4().hex}.json"
    try:
        try:
            was_created, was_created_again = (write_json(store, probe, {}, new=True) for _ in range(2))
            con.execute("SELECT size FROM read_blob(?)", [store.url(probe)]).fetchall()
        finally:
            store.remove(probe)
    except FORESEEN as error:
        is_named = isinstance(error, DiskUnavailable)
        yield Finding(
            "problem", "store", sentence(error) if is_named else f"{store.root} cannot be used: {sentence(error)}"
        )
        return
    if not was_created or was_created_again:
        yield Finding(
            "problem",
            "store",
            f"{store.root} created the same name twice: two runs at once would lose data. Use another store.",
        )
    else:
        yield Finding("ok", "store", f"{store.root} can be written and read, and creates a name only once.")


def logs(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings) -> Iterator[Finding]:
    """Entries that are missing, and what is held for scopes and services that the settings no longer name."""
    for folder in _log_folders(store):
        looked = Log(store, folder, {}).list_files()
        if missing := sorted(set(range(looked.history_start + 1, looked.head + 1)) - set(looked.entries)):
            entries = ", ".join(map(str, missing[:10])) + (", ..." if len(missing) > 10 else "")
            yield Finding("problem", "store", f"{folder} misses the entries {entries}. Restore them from a backup.")
    yield from _repaired(con, store, settings)
    for leftover in leftovers(con, store, settings):
        what = f"{leftover.service} in {leftover.scope}" if leftover.service else f"the catalog of {leftover.scope}"
        held = f"No longer configured, {quantity(leftover.held, 'product')} held: {what}."
        yield Finding("note", "store", f"{held} `datasync withdraw` takes them away.")


def _repaired(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings) -> Iterator[Finding]:
    """What was repaired, and which products no pull has verified since."""
    for repair in repairs.repairs(con, store, settings):
        yield Finding("note", "store", f"{repair.sentence[0].upper()}{repair.sentence[1:]}")
    for doubt in repairs.unverified(con, store, settings):
        yield Finding("note", f"scopes.{doubt.scope}", doubt.sentence)


def clocks(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, at: datetime) -> Iterator[Finding]:
    """Runs whose clock was ahead, as long as what they wrote has times still to come."""
    try:
        ahead = read_point_at_heads(con, store, settings, at).ahead
    except FORESEEN as error:
        yield Finding("problem", "store", sentence(error))
        return
    for log in ahead:
        what = "the catalog" if log.service is None else f"the receipts of {log.service}"
        problem_text = (
            f"The clock of run {log.run} was ahead: {what} of {log.scope} came to {log.at:%Y-%m-%dT%H:%M:%SZ}."
        )
        fix = "Nothing is lost by that. Set the clock of the worker that did it."
        yield Finding("note", "store", f"{problem_text} {fix}")


def _log_folders(store: Store) -> list[str]:
    catalogs = [f"catalog/{scope}" for scope in store.folders("catalog")]
    return catalogs + [
        f"receipts/{service}/{scope}"
        for service in store.folders("receipts")
        for scope in store.folders(f"receipts/{service}")
    ]


def outputs(settings: Settings) -> Iterator[Finding]:
    """Whether the site and the exports can be written, and whether each scope has an export of its own."""
    if "://" not in settings.site:
        yield from _writable("site", settings.site)
    for name, service in settings.services.items():
        key = f"services.{name}.export"
        if service.export is None:
            continue
        if len(settings.scopes) > 1 and "{scope}" not in service.export:
            yield Finding(
                "problem",
                key,
                f"{service.export} is one file for {len(settings.scopes)} scopes. Put {{scope}} into its name.",
            )
        for folder in sorted({(settings.export_of(scope, name) or "").rpartition("/")[0] for scope in settings.scopes}):
            yield from _reachable(key, folder, settings) if "://" in folder else _writable(key, folder)


def _reachable(key: str, folder: str, settings: Settings) -> Iterator[Finding]:
    """Write a file where exports go on S3, and take it away again."""
    probe = f"check-{uuid.uuid4().hex}.json"
    try:
        place = open_store(folder, settings.store_options)
        write_json(place, probe, {})
        place.remove(probe)
    except FORESEEN as error:
        yield Finding("problem", key, f"{folder} cannot be written: {sentence(error)}")


def _writable(key: str, folder: str) -> Iterator[Finding]:
    nearest = folder
    while not os.path.exists(nearest) and nearest != os.path.dirname(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest) or not os.access(nearest, os.W_OK | os.X_OK):
        yield Finding(
            "problem", key, f"{folder} cannot be written: {nearest} is no folder that this user may write to."
        )
