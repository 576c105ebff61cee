"""Catalog to receipts: what should be there minus what is, in both directions, closed at every transfer.

A transfer never follows events. It compares the products that a service accepts with what its receipts say it holds,
delivers and removes the difference, and records the answers. A crash between any two steps leaves the same difference
for the next one.

For an embedded service, recording is the delivery: one entry. Any other service gets batches of 10,000 products (or
what 60 s bring), and each batch's answers are one entry. A transfer that loses the race for an entry has delivered all
the same, so it records the products that nobody else touched.
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
from datasync.settings import Guard, ServiceOptions
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
    """What a transfer did: the counts of its answers, the entries it wrote, and the removals that were held.

    ``accepted`` counts the due removals that an operator had accepted.
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
class _Delivery:
    """One transfer under way: who goes where, by which rules, and the answers so far."""

    con: duckdb.DuckDBPyConnection
    store: Store
    scope: str
    name: str
    settings: ServiceOptions
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
    settings: ServiceOptions,
    service: Service,
    run: str,
    guard: Guard | None,
    clock: Clock,
    *,
    accepted: str = holds.NO_SKUS,
) -> Transferred:
    """Deliver what is due to one service in one scope, and remove what it should not hold.

    Removals beyond the ``guard`` are held (None: nothing is) and everything else is done. ``accepted`` is SQL with the
    SKUs whose removal an operator accepted; the guard does not judge these. When the service does not answer, raises
    ServiceUnavailable after recording what it knows.
    """
    delivery = _Delivery(con, store, scope, name, settings, service, run, clock)
    view(con, "accepted", accepted)
    for _ in range(TRIES):
        head = _define_due(delivery)
        removals = row(con, query("removals_due"))
        held = _guarded(delivery, guard, removals, head) if guard else None
        if _deliver_all(delivery, head):
            return replace(_ended(delivery, held, head), accepted=removals["accepted"])
    raise StoreUnavailable(f"{name}/{scope}: the receipt log was written by others {TRIES} times in a row. Try again.")


def _define_due(delivery: _Delivery) -> Head:
    """Fold both logs and make the table ``due``; returns the receipts' head it was computed at."""
    head = delivery.log.head(delivery.con)
    compare.compare(
        delivery.con, delivery.store, delivery.scope, delivery.name, delivery.settings.accepts, (None, head.number)
    )
    delivery.con.execute(f"CREATE OR REPLACE TEMP TABLE due AS {compare.due(delivery.settings)}")
    return head


def _guarded(delivery: _Delivery, guard: Guard, removals: Mapping[str, int], head: Head) -> Hold | None:
    """Take removals that nobody accepted out of ``due`` where the volume guard holds them, into ``held_back``."""
    others, of = removals["removals"] - removals["accepted"], removals["held"] - removals["accepted"]
    if not holds.exceeds(guard.percent, guard.products, others, of):
        return None
    delivery.con.execute(f"CREATE OR REPLACE TEMP TABLE held_back AS {query('removals_held_back')}")
    # The table is created again because batches go by rowid, and deleting would leave gaps.
    passes = "operation <> 'removed' OR sku IN (SELECT sku FROM accepted)"
    delivery.con.execute(f"CREATE OR REPLACE TEMP TABLE due AS SELECT * FROM due WHERE {passes}")
    now = delivery.clock()
    return Hold(delivery.run, delivery.scope, delivery.name, now, others, of, now, entry=head.number)


def _deliver_all(delivery: _Delivery, head: Head) -> bool:
    """Deliver ``due`` in batches; False if another writer's entry came between, so that ``due`` is out of date."""
    total, done = count(delivery.con, "SELECT * FROM due"), 0
    size = total if delivery.service.embedded else FIRST_BATCH
    while done < total:
        began = time.monotonic()
        batch = f"SELECT * FROM due WHERE rowid >= {done} AND rowid < {done + size}"
        view(delivery.con, "delivered", batch)
        next_head = _deliver(delivery, head)
        if next_head is None:
            return False
        alone, head, done = next_head.number == head.number + 1, next_head, done + size
        if not alone:
            return False
        size = _next_size(size, time.monotonic() - began)
    return True


def _next_size(size: int, seconds: float) -> int:
    """As many products as 60 s bring at the rate of the last batch, at most BATCH, because a crash repeats a batch."""
    return max(1, min(BATCH, int(size / max(seconds, 0.001) * BATCH_SECONDS)))


def _deliver(delivery: _Delivery, head: Head) -> Head | None:
    """Deliver one batch and record the answers. None if an embedded service lost the race: nothing was delivered."""
    needs = ", ".join(f"c.{quote(column)}" for column in delivery.service.needs)
    joined = f"SELECT d.*, {needs} FROM delivered AS d LEFT JOIN catalog AS c USING (sku)"
    view(delivery.con, "batch", joined if needs else "SELECT * FROM delivered")
    failure = None
    try:
        answers = delivery.service.deliver(delivery.con, "batch")
    except ServiceUnavailable as error:
        failure = error
        failed = f"'failed' AS outcome, {literal(secrets.mask(str(error)))} AS words, NULL::TIMESTAMPTZ AS answered_at"
        answers = f"SELECT *, {failed} FROM delivered"
    _define_batch_answers(delivery, answers)
    recorded = _record(delivery, head)
    if failure:
        raise failure
    return recorded


def _define_batch_answers(delivery: _Delivery, answers: str) -> None:
    """Make the view ``batch_answers``: the batch with its answers.

    Answers of remote services are stored in a table, because delivering again has side effects.
    """
    if delivery.service.embedded:
        view(delivery.con, "batch_answers", answers)
        return
    delivery.con.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {answers}")
    answer = f"a.outcome, {secrets.masked_sql('a.words')} AS words, a.answered_at"
    view(delivery.con, "batch_answers", f"SELECT d.*, {answer} FROM delivered AS d LEFT JOIN answers AS a USING (sku)")


def _record(delivery: _Delivery, head: Head) -> Head | None:
    """Append the answers of a batch. Those of a remote service go under the next free number, because the service has
    the products already.
    """
    rows = query("receipt_rows", settings=literal(delivery.settings.fingerprint()), run=literal(delivery.run))
    before, batch_answers = head, "batch_answers"
    for _ in range(TRIES):
        view(delivery.con, "answered", query("answered", since=str(head.number), batch_answers=batch_answers))
        counts = row(delivery.con, query("answered_counts"))
        done = delivery.log.append(delivery.con, before, rows, _meta(delivery, before, counts), delivery.clock)
        if done:
            delivery.entries.append(done.number)
            delivery.counts.update(counts)
            return done
        if delivery.service.embedded:
            return None
        before = delivery.log.head(delivery.con)
        delivery.log.fold(delivery.con, "receipts", before.number)
        batch_answers = f"({query('rebased_answers')})"
    raise StoreUnavailable(
        f"{delivery.name}/{delivery.scope}: delivered, but the receipt log was written by others {TRIES} times in a "
        "row. Try again."
    )


def _meta(delivery: _Delivery, before: Head, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "run": delivery.run,
        "requests": before.meta.get("requests", []),
        "rules": [accept.model_dump() for accept in delivery.settings.accepts],
        "settings": delivery.settings.fingerprint(),
        "held": int(before.meta.get("held", 0)) + counts["more_held"],
        **{key: before.meta[key] for key in ("repaired",) if key in before.meta},
    }


def _ended(delivery: _Delivery, held: Hold | None, head: Head) -> Transferred:
    """Record the hold or its release."""
    now: datetime = delivery.clock()
    hold = holds.hold(delivery.con, delivery.store, held, "SELECT * FROM held_back") if held else None
    if not held:
        holds.release(
            delivery.store, delivery.scope, delivery.name, delivery.run, now, max((head.number, *delivery.entries))
        )
    counts = {key: count for key, count in delivery.counts.items() if key != "more_held"}
    return Transferred(**counts, entries=tuple(delivery.entries), held=hold)
