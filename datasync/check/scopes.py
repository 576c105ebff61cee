"""A scope's source, map and attributes, tried on a sample by the very code of a pull."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import duckdb

from datasync import product
from datasync.check.casts import failing
from datasync.check.defaults import by_default
from datasync.check.finding import FORESEEN, Finding, problem
from datasync.check.rules import Reception, received
from datasync.check.status import unmapped_status
from datasync.check.times import without_offset
from datasync.check.total_line import taken_total_lines
from datasync.connection import Credentials
from datasync.delivery.services import open_service
from datasync.intake import mapping, pull, staging
from datasync.quantity import quantity
from datasync.relation import Relation
from datasync.settings import Settings
from datasync.sources import open_source
from datasync.sources.base import Offering, PullRequest, Reader, Records
from datasync.sql import quote
from datasync.starter.listing import listed
from datasync.store import snapshots
from datasync.store.files import Store, parquet
from datasync.store.snapshots import Snapshot

SAMPLE = 10_000
NOTES = 5


class _First:
    """A reader that stops after ``SAMPLE`` records."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def select(self, fields: Collection[str]) -> Relation:
        return Relation(f"SELECT * FROM (\n{self._reader.select(fields).sql}\n) LIMIT {SAMPLE}")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return self._reader.has(con, field)

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return self._reader.all_names(con)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A source that has answered already, and gives the beginning of its ``answer``."""

    answer: Records

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        without_broken = self.answer.without_broken
        again = (
            (lambda con, error: _Opened(without_broken(con, error)).records(con, request)) if without_broken else None
        )
        return replace(self.answer, reader=_First(self.answer.reader), without_broken=again, counted=None)

    def scheduled(self) -> Literal["complete", "changed"]:
        return "complete"

    def requests(self, request: PullRequest) -> int:
        return self.answer.requests


def sampled(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    name: str,
    at: datetime,
    credentials: Credentials,
    receptions: list[Reception],
) -> Iterator[Finding]:
    """Pull a sample into ``store``, and say what became of its records and fields, and what each service would take.

    What each service would take is added to ``receptions`` too.
    """
    key, mine, run = f"scopes.{name}", settings.scopes[name], f"check-{uuid.uuid4().hex}"
    request = PullRequest("complete", at, is_sample=True)
    try:
        source = open_source(settings, name, credentials, store=store, run=run)
        opened = _Opened(source.records(con, request))
        snapshot = pull.pull(pull.Pull(con, store, name, mine, request, run, "", lambda: at), opened)
        scope_map = staging.map_fields(con, name, mine, replace(opened.answer, sampled=False))
        if isinstance(source, Offering):  # its sample is no complete catalog, but it can say which fields there are
            staging.refuse_missing_fields(con, name, mine, opened.answer, scope_map)
    except FORESEEN as error:
        yield problem(key, error)
        return
    is_part = snapshot.records >= SAMPLE or isinstance(source, Offering)
    yield _records(con, store, key, snapshot, is_part=is_part)
    yield from failing(con, parquet(store, snapshots.quarantine_path(snapshot.scope, snapshot.run)), name, mine)
    yield from by_default(con, key, _First(opened.answer.reader), scope_map, mine)
    yield from without_offset(con, key, opened.answer, _First(opened.answer.reader), scope_map)
    if not is_part:
        yield from taken_total_lines(con, key, opened.answer, _First(opened.answer.reader), scope_map)
    yield from _notes(key, snapshot.notes if snapshot.valid else opened.answer.notes)
    statuses = [*unmapped_status(con, key, opened.answer, _First(opened.answer.reader), scope_map)]
    yield from statuses
    yield from _fields(con, store, key, scope_map, opened.answer.names, snapshot, but=["status"] if statuses else [])
    products = snapshots.products(snapshot, store.url)
    for service in settings.services:
        try:
            opened_service = open_service(settings, service, name, credentials)
        except FORESEEN as error:
            yield problem(f"services.{service}", error)
            continue
        reception = received(con, settings, service, opened_service, products, is_whole=not is_part)
        if reception is None:
            yield Finding("note", key, f"{service}: not tried, because a rule cannot be used (see there).")
        else:
            receptions.append(reception)
            yield reception.finding(key)


def _records(con: duckdb.DuckDBPyConnection, store: Store, key: str, snapshot: Snapshot, *, is_part: bool) -> Finding:
    invalid = parquet(store, snapshots.quarantine_path(snapshot.scope, snapshot.run))
    rows = con.execute(f"SELECT code, count(*), min(sentence) FROM {invalid} GROUP BY code ORDER BY code").fetchall()
    records = f"{'the first ' if is_part else ''}{quantity(snapshot.records, 'record')}"
    further = "".join(
        f", {count:,} {term}" for term in ("repeated", "blank", "filtered") if (count := getattr(snapshot, term))
    )
    readable = f"{snapshot.valid:,} valid{further}"
    counts = f"{records}: {readable}, {snapshot.quarantined:,} in quarantine"
    why = "".join(f"; {code} {count:,}, as: {sentence.rstrip('.')}" for code, count, sentence in rows)
    if snapshot.records == snapshot.blank:
        what = "nothing but blank rows" if snapshot.blank else "no record"
        return Finding("note", key, f"The source can be read and holds {what}.")
    level: Literal["ok", "note", "problem"] = (
        "problem" if not snapshot.valid else "note" if snapshot.quarantined else "ok"
    )
    return Finding(level, key, f"{counts}{why}" + "." * (not why.endswith("?")))


def _notes(key: str, notes: Sequence[str]) -> Iterator[Finding]:
    """What the source noted while it was looked at; the first few of many."""
    yield from (Finding("note", key, note) for note in notes[:NOTES])
    if len(notes) > NOTES:
        yield Finding("note", key, f"and {len(notes) - NOTES:,} notes more like these.")


def _fields(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    key: str,
    scope_map: mapping.Mapped,
    names: Sequence[str],
    snapshot: Snapshot,
    *,
    but: Sequence[str] = (),
) -> Iterator[Finding]:
    """Which fields are not taken, and what columns without a field hold; columns in ``but`` have a finding already."""
    if untaken := [name for name in names if name not in scope_map.fields]:
        yield Finding(
            "note", key, f"not taken: {listed(untaken)}. What a service needs has to be named in the settings."
        )
    if (defaults := [column for column in scope_map.defaults if column not in but]) and snapshot.valid:
        columns = ", ".join(f"any_value({quote(column)})::VARCHAR" for column in defaults)
        products = snapshots.products(snapshot, store.url)
        values = con.execute(f"SELECT {columns} FROM ({products.sql})").fetchone() or ()
        default_values = ", ".join(f"{column} {value}" for column, value in zip(defaults, values, strict=True))
        yield Finding("note", key, f"no field for these, so every product has the default: {default_values}.")
    if empty := [c for c in product.PRODUCT_COLUMNS if c not in scope_map.columns and c not in scope_map.defaults]:
        yield Finding("note", key, f"no field for these, so they stay empty: {', '.join(empty)}.")
