"""A scope's source, map and attributes, tried on a sample by the very code of a pull."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import duckdb

from datasync import product
from datasync.catalog.apply import PendingSnapshot, apply_snapshot
from datasync.check.casts import failing, number_hint
from datasync.check.defaults import by_default, without_price
from datasync.check.encoding import needless_encoding
from datasync.check.finding import FORESEEN, Finding, problem
from datasync.check.price_unit import undivided
from datasync.check.rules import Reception, received
from datasync.check.services import examined
from datasync.check.status import unmapped_status
from datasync.check.times import without_offset
from datasync.check.total_line import taken_total_lines
from datasync.connection import Credentials
from datasync.delivery.services import open_service
from datasync.intake import mapping, pull, staging
from datasync.quantity import quantity
from datasync.relation import Relation, select
from datasync.repair.explain import explained
from datasync.settings import Scope, Settings
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


@dataclass(frozen=True, slots=True)
class Trial:
    """What scopes are tried with: a ``store`` that is thrown away and begins as the ``real`` one, and the settings at a
    moment.
    """

    con: duckdb.DuckDBPyConnection
    real: Store
    store: Store
    settings: Settings
    at: datetime
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class _Sample:
    """What a trial pulled of a scope. ``is_part``: its source may have more records."""

    trial: Trial
    name: str
    answer: Records
    snapshot: Snapshot
    scope_map: mapping.Mapped
    is_part: bool

    @property
    def key(self) -> str:
        return f"scopes.{self.name}"

    @property
    def scope(self) -> Scope:
        return self.trial.settings.scopes[self.name]

    @property
    def reader(self) -> _First:
        return _First(self.answer.reader)

    @property
    def invalid(self) -> str:
        """The records in quarantine, for a FROM clause."""
        return parquet(self.trial.store, snapshots.quarantine_path(self.snapshot.scope, self.snapshot.run))

    @property
    def is_mostly_invalid(self) -> bool:
        """Whether more of its records are in quarantine than are valid."""
        return self.snapshot.quarantined > self.snapshot.valid

    @property
    def products(self) -> Relation:
        return snapshots.products(self.snapshot, self.trial.store.url)


def sampled(trial: Trial, name: str, receptions: list[Reception]) -> Iterator[Finding]:
    """Pull a sample, and say what became of its records and fields, and what each service would take.

    What each service would take is added to ``receptions`` too.
    """
    yield from needless_encoding(f"scopes.{name}", trial.settings.scopes[name], trial.settings)
    try:
        sample = _pulled(trial, name)
    except FORESEEN as error:
        yield problem(f"scopes.{name}", error)
        return
    yield from _of_records(sample)
    yield from _of_removals(sample)
    yield from _of_fields(sample)
    for service in trial.settings.services:
        yield from _received(sample, service, receptions)


def _pulled(trial: Trial, name: str) -> _Sample:
    """Pull the first records of a scope; whatever stops that is raised."""
    con, scope, run = trial.con, trial.settings.scopes[name], f"check-{uuid.uuid4().hex}"
    request = PullRequest("complete", trial.at, is_sample=True)
    source = open_source(trial.settings, name, trial.credentials, store=trial.store, run=run)
    opened = _Opened(source.records(con, request))
    snapshot = pull.pull(pull.Pull(con, trial.store, name, scope, request, run, "", lambda: trial.at), opened)
    scope_map = staging.map_fields(con, name, scope, replace(opened.answer, sampled=False))
    if isinstance(source, Offering):  # its sample is no complete catalog, but it can say which fields there are
        staging.refuse_missing_fields(con, name, scope, opened.answer, scope_map)
    is_part = snapshot.records >= SAMPLE or isinstance(source, Offering)
    return _Sample(trial, name, opened.answer, snapshot, scope_map, is_part)


def _of_records(sample: _Sample) -> Iterator[Finding]:
    """What became of the records, and which of their values may be taken for others than are meant."""
    con, key, answer, snapshot = sample.trial.con, sample.key, sample.answer, sample.snapshot
    yield _records(sample)
    if doubt := pull.suspicion(answer, snapshot):
        yield Finding("problem", f"{key}.header_line", doubt)
    yield from failing(con, sample.invalid, sample.name, sample.scope)
    yield from by_default(con, key, sample.reader, sample.scope_map, sample.scope)
    if snapshot.valid:
        yield from without_price(con, key, sample.products, sample.scope)
    yield from undivided(con, key, answer, sample.reader, sample.scope_map, sample.scope)
    yield from without_offset(con, key, answer, sample.reader, sample.scope_map)
    if not sample.is_part:
        yield from taken_total_lines(con, key, answer, sample.reader, sample.scope_map)
    notes = snapshot.notes if snapshot.valid else answer.notes
    yield from _notes(key, [note for note in notes if note != doubt])


def _of_fields(sample: _Sample) -> Iterator[Finding]:
    """Which fields are not taken, and what columns without a field hold; an unmapped status is a finding by itself."""
    statuses = [*unmapped_status(sample.trial.con, sample.key, sample.answer, sample.reader, sample.scope_map)]
    yield from statuses
    if untaken := [name for name in sample.answer.names if name not in sample.scope_map.fields]:
        needed = "What a service needs has to be named in the settings."
        yield Finding("note", sample.key, f"not taken: {listed(untaken)}. {needed}")
    defaults = [column for column in sample.scope_map.defaults if column != "status" or not statuses]
    if defaults and sample.snapshot.valid:
        yield _defaults(sample, defaults)
    filled = {*sample.scope_map.columns, *sample.scope_map.defaults}
    if empty := [column for column in product.PRODUCT_COLUMNS if column not in filled]:
        yield Finding("note", sample.key, f"no field is taken for these, so they stay empty: {', '.join(empty)}.")


def _of_removals(sample: _Sample) -> Iterator[Finding]:
    """A problem where the next sync would be held: the sample is applied to the catalog, as it will be thrown away."""
    trial, scope = sample.trial, sample.scope
    if sample.is_part or scope.is_partial or not sample.snapshot.complete:
        return
    guard = trial.settings.guard_of(sample.name)
    pending = PendingSnapshot(trial.con, trial.store, sample.snapshot, guard, scope.volatile, lambda: trial.at)
    try:
        held = apply_snapshot(pending).held
    except FORESEEN as error:
        yield problem(sample.key, explained(trial.real, (), error) or error)
        return
    if held:
        count = f"{held.would_remove:,} of {quantity(held.of, 'product')}"
        yield Finding("problem", sample.key, f"a sync would be held: it would remove {count}, which the source lacks.")


def _defaults(sample: _Sample, columns: Sequence[str]) -> Finding:
    values = ", ".join(f"any_value({quote(column)})::VARCHAR AS {quote(column)}" for column in columns)
    row = select(f"SELECT {values} FROM products", products=sample.products).row(sample.trial.con)
    default_values = ", ".join(f"{column} {value}" for column, value in row.items())
    return Finding(
        "note", sample.key, f"no field is taken for these, so every product has the default: {default_values}."
    )


def _received(sample: _Sample, service: str, receptions: list[Reception]) -> Iterator[Finding]:
    """What a service would take of the sample."""
    trial = sample.trial
    try:
        opened = open_service(trial.settings, service, sample.name, trial.credentials)
    except FORESEEN as error:
        yield problem(f"services.{service}", error)
        return
    reception = received(trial.con, trial.settings, service, opened, sample.products, is_whole=not sample.is_part)
    if reception is None:
        yield Finding("note", sample.key, f"{service}: not tried, because a rule cannot be used (see there).")
        return
    receptions.append(reception)
    yield reception.finding(sample.key)
    yield from examined(trial.con, trial.settings, service, sample.name, opened, sample.products)


def _records(sample: _Sample) -> Finding:
    """How many records there are, and what became of them: a problem where most are in quarantine."""
    key, snapshot = sample.key, sample.snapshot
    if snapshot.records == snapshot.blank:
        contents = "nothing but blank rows" if snapshot.blank else "no record"
        return Finding("note", key, f"The source can be read and holds {contents}.")
    is_problem = sample.is_mostly_invalid or not snapshot.valid
    level: Literal["ok", "note", "problem"] = "problem" if is_problem else "note" if snapshot.quarantined else "ok"
    sentence = f"{_counts(sample)}{''.join(_reasons(sample))}"
    return Finding(level, key, sentence + "." * (not sentence.endswith("?")))


def _counts(sample: _Sample) -> str:
    snapshot = sample.snapshot
    records = f"{'the first ' if sample.is_part else ''}{quantity(snapshot.records, 'record')}"
    further = "".join(
        f", {count:,} {term}" for term in ("repeated", "blank", "filtered") if (count := getattr(snapshot, term))
    )
    share = ", which is more than half" if snapshot.valid and sample.is_mostly_invalid else ""
    return f"{records}: {snapshot.valid:,} valid{further}, {snapshot.quarantined:,} in quarantine{share}"


def _reasons(sample: _Sample) -> Iterator[str]:
    """Each reason of quarantine with a sentence of it, the most frequent first."""
    counted = f"SELECT code, count(*), min(sentence) FROM {sample.invalid} GROUP BY code ORDER BY count(*) DESC, code"
    for code, count, sentence in sample.trial.con.execute(counted).fetchall():
        yield f"; {code} {count:,}, as: {sentence.rstrip('.')}{number_hint(sentence)}"


def _notes(key: str, notes: Sequence[str]) -> Iterator[Finding]:
    """What the source noted while it was looked at; the first few of many."""
    yield from (Finding("note", key, note) for note in notes[:NOTES])
    if len(notes) > NOTES:
        yield Finding("note", key, f"and {len(notes) - NOTES:,} notes more like these.")
