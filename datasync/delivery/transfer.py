"""Catalog to receipts: what should be there minus what is, in both directions, closed at every transfer.

A transfer never follows events. It compares the products that a service accepts with what its receipts say it holds,
delivers and removes the difference, and records the answers. A crash between any two steps leaves the same difference
for the next one.

An embedded service is delivered to by recording: one entry. Any other gets batches of 10,000 products (or what 60 s
bring); each batch's answers are one entry. Who loses the race for an entry has delivered all the same, and records what
nobody else touched.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb

from datasync import secrets
from datasync.delivery import compare
from datasync.delivery.services.base import Service
from datasync.errors import ServiceUnavailable, StoreUnavailable
from datasync.settings import Guard
from datasync.settings import Service as ServiceSettings
from datasync.sql import count, literal, query, quote, row, view
from datasync.store import holds
from datasync.store.files import Clock, Store
from datasync.store.holds import Hold
from datasync.store.log import TRIES, Head, Log
from datasync.store.logs import receipt_log

BATCH = 10_000
FIRST_BATCH = 1_000
BATCH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did: answers by what was taken, what stayed due, and removals: due ones that an operator had
    accepted, and those that were held.
    """

    added: int = 0
    updated: int = 0
    resent: int = 0
    removed: int = 0
    rejected: int = 0
    failed: int = 0
    accepted: int = 0
    entries: tuple[int, ...] = ()
    held: Hold | None = None


@dataclass(slots=True)
class _Way:
    """One transfer under way: who goes where, by which rules, and the answers so far."""

    con: duckdb.DuckDBPyConnection
    store: Store
    scope: str
    name: str
    settings: ServiceSettings
    service: Service
    run: str
    clock: Clock
    counts: Counter[str] = field(default_factory=Counter)
    entries: list[int] = field(default_factory=list)

    @property
    def log(self) -> Log:
        return receipt_log(self.store, self.name, self.scope)


def transfer(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    name: str,
    settings: ServiceSettings,
    service: Service,
    run: str,
    guard: Guard | None,
    clock: Clock,
    *,
    accepted: str = holds.NO_SKUS,
) -> Transferred:
    """Deliver what is due to one service in one scope, and remove what it should not hold.

    Removals beyond the ``guard`` are held (None: nothing is) and everything else is done. ``accepted`` is SQL with the
    SKUs whose removal an operator accepted, which the guard is not asked about. Raises ServiceUnavailable after
    recording what it knows, when the service does not answer.
    """
    way = _Way(con, store, scope, name, settings, service, run, clock)
    view(con, "accepted", accepted)
    for _ in range(TRIES):
        head = _face(way)
        removals = row(con, query("removals_due"))
        held = _guarded(way, guard, removals, head) if guard else None
        if _deliver_all(way, head):
            return replace(_ended(way, held, head), accepted=removals["accepted"])
    raise StoreUnavailable(f"{name}/{scope}: the receipt log was written by others {TRIES} times in a row. Try again.")


def _face(way: _Way) -> Head:
    """Fold both logs and make the table ``due``; returns the receipts' head it was computed at."""
    head = way.log.head(way.con)
    compare.compare(way.con, way.store, way.scope, way.name, way.settings.accepts, (None, head.number))
    way.con.execute(f"CREATE OR REPLACE TEMP TABLE due AS {compare.due(way.settings)}")
    return head


def _guarded(way: _Way, guard: Guard, removals: Mapping[str, int], head: Head) -> Hold | None:
    """Take removals that nobody accepted out of ``due`` where the volume guard holds them, into ``held_back``."""
    others, of = removals["removals"] - removals["accepted"], removals["held"] - removals["accepted"]
    if not holds.exceeds(guard.percent, guard.products, others, of):
        return None
    way.con.execute(f"CREATE OR REPLACE TEMP TABLE held_back AS {query('removals_held_back')}")
    # Made anew, for batches go by rowid, and deleting would leave gaps in them.
    passes = "operation <> 'removed' OR sku IN (SELECT sku FROM accepted)"
    way.con.execute(f"CREATE OR REPLACE TEMP TABLE due AS SELECT * FROM due WHERE {passes}")
    now = way.clock()
    return Hold(way.run, way.scope, way.name, now, others, of, now, entry=head.number)


def _deliver_all(way: _Way, head: Head) -> bool:
    """Deliver ``due`` in batches; False if another writer came between, so that it has to be computed anew."""
    total, done = count(way.con, "SELECT * FROM due"), 0
    size = total if way.service.embedded else FIRST_BATCH
    while done < total:
        began = time.monotonic()
        batch = f"SELECT * FROM due WHERE rowid >= {done} AND rowid < {done + size}"
        view(way.con, "delivered", batch)
        next_head = _deliver(way, head)
        if next_head is None:
            return False
        alone, head, done = next_head.number == head.number + 1, next_head, done + size
        if not alone:
            return False
        size = _next_size(size, time.monotonic() - began)
    return True


def _next_size(size: int, seconds: float) -> int:
    """As many products as 60 s may bring at the rate of the last batch, at most BATCH: a crash repeats no more than
    that.
    """
    return max(1, min(BATCH, int(size / max(seconds, 0.001) * BATCH_SECONDS)))


def _deliver(way: _Way, head: Head) -> Head | None:
    """One batch: hand it over, record the answers. None if nothing was delivered, for an embedded service lost the
    race.
    """
    needs = ", ".join(f"c.{quote(column)}" for column in way.service.needs)
    joined = f"SELECT d.*, {needs} FROM delivered AS d LEFT JOIN catalog AS c USING (sku)"
    view(way.con, "batch", joined if needs else "SELECT * FROM delivered")
    failure = None
    try:
        answers = way.service.deliver(way.con, "batch")
    except ServiceUnavailable as error:
        failure = error
        failed = f"'failed' AS outcome, {literal(secrets.mask(str(error)))} AS words, NULL::TIMESTAMPTZ AS answered_at"
        answers = f"SELECT *, {failed} FROM delivered"
    _tell(way, answers)
    recorded = _record(way, head)
    if failure:
        raise failure
    return recorded


def _tell(way: _Way, answers: str) -> None:
    """Make the view ``told``, the batch with its answers; those from over a network are kept, for nobody is asked
    twice.
    """
    if way.service.embedded:
        view(way.con, "told", answers)
        return
    way.con.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {answers}")
    answer = f"a.outcome, {secrets.masked_sql('a.words')} AS words, a.answered_at"
    view(way.con, "told", f"SELECT d.*, {answer} FROM delivered AS d LEFT JOIN answers AS a USING (sku)")


def _record(way: _Way, head: Head) -> Head | None:
    """Append the answers of a batch; a service over a network has them already, so they go under the next free
    number.
    """
    rows = query("receipt_rows", settings=literal(way.settings.fingerprint()), run=literal(way.run))
    before, told = head, "told"
    for _ in range(TRIES):
        view(way.con, "answered", query("answered", since=str(head.number), told=told))
        counts = row(way.con, query("answered_counts"))
        done = way.log.append(way.con, before, rows, _meta(way, before, counts), way.clock)
        if done:
            way.entries.append(done.number)
            way.counts.update(counts)
            return done
        if way.service.embedded:
            return None
        before = way.log.head(way.con)
        way.log.fold(way.con, "receipts", before.number)
        told = f"({query('told_again')})"
    raise StoreUnavailable(
        f"{way.name}/{way.scope}: delivered, but the receipt log was written by others {TRIES} times in a row. "
        "Try again."
    )


def _meta(way: _Way, before: Head, told: dict[str, int]) -> dict[str, Any]:
    return {
        "run": way.run,
        "requests": before.meta.get("requests", []),
        "rules": [accept.model_dump() for accept in way.settings.accepts],
        "settings": way.settings.fingerprint(),
        "held": int(before.meta.get("held", 0)) + told["more_held"],
        **{key: before.meta[key] for key in ("repaired",) if key in before.meta},
    }


def _ended(way: _Way, held: Hold | None, head: Head) -> Transferred:
    """Record the hold or its release."""
    now: datetime = way.clock()
    kept = holds.hold(way.con, way.store, held, "SELECT * FROM held_back") if held else None
    if not held:
        holds.release(way.store, way.scope, way.name, way.run, now, max((head.number, *way.entries)))
    counts = {key: count for key, count in way.counts.items() if key != "more_held"}
    return Transferred(**counts, entries=tuple(way.entries), held=kept)
