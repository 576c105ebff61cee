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
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from datasync import catalog, product
from datasync.errors import InvalidExpression, ServiceUnavailable, StoreUnavailable
from datasync.expression import Expression, parse, type_of
from datasync.services.base import Service
from datasync.settings import Accept, Guard
from datasync.settings import Service as ServiceSettings
from datasync.sql import count, literal, query, quote, row
from datasync.store import holds
from datasync.store.files import Clock, Store
from datasync.store.holds import Hold
from datasync.store.log import Head, Log

COLUMNS = {
    "operation": "VARCHAR",
    "hash": "VARCHAR",
    "outcome": "VARCHAR",
    "words": "VARCHAR",
    "settings": "VARCHAR",
    "held_hash": "VARCHAR",
    "perhaps_held": "BOOLEAN",
    "received_at": "TIMESTAMPTZ",
    "received_as": "VARCHAR",
    "run": "VARCHAR",
    "at": "TIMESTAMPTZ",
}
BATCH = 10_000
FIRST_BATCH = 1_000
BATCH_SECONDS = 60
TRIES = 20


@dataclass(frozen=True, slots=True)
class Transferred:
    """What a transfer did: answers by what was taken, what stayed due, and removals that were held."""

    added: int = 0
    updated: int = 0
    resent: int = 0
    removed: int = 0
    rejected: int = 0
    failed: int = 0
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
        return log(self.store, self.name, self.scope)


def log(store: Store, service: str, scope: str) -> Log:
    """The receipt log of one service in one scope."""
    return Log(store, f"receipts/service={service}/scope={scope}", COLUMNS)


def define_rules(con: duckdb.DuckDBPyConnection, name: str, accepts: Sequence[Accept]) -> None:
    """Make the view ``rules`` over ``catalog``: one row per catalog product, with the words of the first rule that is
    not TRUE.

    A rule that is NULL, or fails on a product, turns it away. Raises InvalidExpression.
    """
    con.execute(f"CREATE OR REPLACE TEMP VIEW rules AS {rules_sql(con, name, accepts)}")


def rules_sql(con: duckdb.DuckDBPyConnection, name: str, accepts: Sequence[Accept]) -> str:
    """What the view ``rules`` is made of. Raises InvalidExpression."""
    columns = ", ".join(quote(c) for c in product.COLUMNS)
    cases = []
    for number, accept in enumerate(accepts):
        rule = checked_rule(con, f"services.{name}.accepts.{number}.rule", accept.rule)
        cases.append(f"WHEN TRY({rule.sql}) IS NOT TRUE THEN {literal(accept.otherwise)}")
    otherwise = f"CASE {' '.join(cases)} END" if cases else "NULL::VARCHAR"
    return (
        f"SELECT sku, hash, bytes, {otherwise} AS otherwise "
        f"FROM (SELECT {columns}, hash, bytes FROM catalog WHERE hash IS NOT NULL)"
    )


def checked_rule(con: duckdb.DuckDBPyConnection, key: str, rule: str) -> Expression:
    """A rule as SQL; ``key`` is where it stands. InvalidExpression unless it is a condition over a product's
    columns.
    """
    checked = parse(con, key, rule)
    if unknown := [field for field in checked.fields if field.lower() not in product.COLUMNS]:
        words = f"no product column is called {', '.join(map(repr, unknown))}; there are {', '.join(product.COLUMNS)}"
        raise InvalidExpression(key, rule, words)
    columns = ", ".join(f"NULL::{kind} AS {quote(column)}" for column, kind in product.TYPES.items())
    kind = type_of(con, key, checked, f"SELECT {columns}")
    if kind != "BOOLEAN":
        raise InvalidExpression(key, rule, f"it gives {kind}, where true or false is wanted")
    return checked


def transfer(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    name: str,
    settings: ServiceSettings,
    service: Service,
    run: str,
    guard: Guard,
    clock: Clock,
    *,
    allowed: int | None = None,
) -> Transferred:
    """Deliver what is due to one service in one scope, and remove what it should not hold.

    ``allowed``: an operator accepted that many removals; else removals beyond the guard are held and everything else is
    done. Raises ServiceUnavailable after recording what it knows, when the service does not answer.
    """
    way = _Way(con, store, scope, name, settings, service, run, clock)
    held = None
    for _ in range(TRIES):
        head = _face(way)
        held = _guarded(way, guard, allowed)
        if _deliver_all(way, head):
            return _ended(way, held)
    raise StoreUnavailable(f"{name}/{scope}: the receipt log was written by others {TRIES} times in a row. Try again.")


def mark(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    service: str,
    skus: Sequence[str] | None,
    request: str,
    clock: Clock,
) -> int:
    """Mark SKUs (None: all) to be delivered again; an append that finds an entry of this request writes none.

    A request that finds nothing to mark writes an entry too, so that its second try marks nothing either. Returns how
    many are marked by this call.
    """
    into = log(store, service, scope)
    for _ in range(TRIES):
        head = into.head(con)
        if request in head.meta.get("requests", ()):
            return 0
        into.fold(con, "receipts", head.number)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT unnest(?::VARCHAR[]) AS sku", [list(skus or ())]
        )
        rows = _filled("marks", run=request).replace("$all", "true" if skus is None else "false")
        marked = count(con, rows.replace("{at}", "NULL::TIMESTAMPTZ"))
        meta = {**head.meta, "run": request, "requests": [*head.meta.get("requests", ()), request]}
        if into.append(con, head, rows, meta, clock):
            return marked
    raise StoreUnavailable(
        f"{service}/{scope}: the receipt log was written by others {TRIES} times in a row. Try again."
    )


def face(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    name: str,
    accepts: Sequence[Accept],
    positions: tuple[int | None, int | None] = (None, None),
) -> tuple[int, int]:
    """Make the views ``catalog``, ``receipts`` and ``rules`` face each other, at the given positions (default: the
    heads).
    """
    at_catalog = catalog.log(store, scope).fold(con, "catalog", positions[0])
    at_receipts = log(store, name, scope).fold(con, "receipts", positions[1])
    define_rules(con, name, accepts)
    return at_catalog, at_receipts


def due(settings: ServiceSettings) -> str:
    """SQL over ``rules`` and ``receipts``: one row per SKU that is due."""
    return _filled("due", settings=settings.fingerprint())


def _filled(name: str, **values: str) -> str:
    sql = query(name)
    for key, value in values.items():
        sql = sql.replace(f"${key}", literal(value))
    return sql


def _face(way: _Way) -> Head:
    """Fold both logs and make the table ``due``; returns the receipts' head it was computed at."""
    head = way.log.head(way.con)
    face(way.con, way.store, way.scope, way.name, way.settings.accepts, (None, head.number))
    way.con.execute(f"CREATE OR REPLACE TEMP TABLE due AS {due(way.settings)}")
    return head


def _guarded(way: _Way, guard: Guard, allowed: int | None) -> Hold | None:
    """Take removals out of ``due`` where the volume guard holds them."""
    removals = count(way.con, "SELECT * FROM due WHERE operation = 'removed' AND held_hash IS NOT NULL")
    total = count(way.con, "SELECT * FROM receipts WHERE held_hash IS NOT NULL")
    if (allowed is not None and removals <= allowed) or not holds.exceeds(
        guard.percent, guard.products, removals, total
    ):
        return None
    # Made anew, for batches go by rowid, and deleting would leave gaps in them.
    way.con.execute("CREATE OR REPLACE TEMP TABLE due AS SELECT * FROM due WHERE operation <> 'removed'")
    now = way.clock()
    return Hold(way.run, way.scope, way.name, now, removals, total, now)


def _deliver_all(way: _Way, head: Head) -> bool:
    """Deliver ``due`` in batches; False if another writer came between, so that it has to be computed anew."""
    total, done = count(way.con, "SELECT * FROM due"), 0
    size = total if way.service.embedded else FIRST_BATCH
    while done < total:
        began = time.monotonic()
        batch = f"SELECT * FROM due WHERE rowid >= {done} AND rowid < {done + size}"
        way.con.execute(f"CREATE OR REPLACE TEMP VIEW delivered AS {batch}")
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
    joined = (
        f"SELECT d.*, {needs} FROM delivered AS d LEFT JOIN catalog AS c USING (sku)"
        if needs
        else "SELECT * FROM delivered"
    )
    way.con.execute(f"CREATE OR REPLACE TEMP VIEW batch AS {joined}")
    failure = None
    try:
        answers = way.service.deliver(way.con, "batch")
    except ServiceUnavailable as error:
        failure = error
        failed = f"'failed' AS outcome, {literal(str(error))} AS words, NULL::TIMESTAMPTZ AS answered_at"
        answers = f"SELECT sku, {failed} FROM delivered"
    if not way.service.embedded:  # what came over a network is kept, for nobody is asked twice
        way.con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {answers}")
        answers = "SELECT * FROM told"
    way.con.execute(f"CREATE OR REPLACE TEMP VIEW answers AS {answers}")
    recorded = _record(way, head)
    if failure:
        raise failure
    return recorded


def _record(way: _Way, head: Head) -> Head | None:
    """Append the answers of a batch; a service over a network has them already, so they go under the next free
    number.
    """
    rows = _filled("receipt_rows", settings=way.settings.fingerprint(), run=way.run)
    before = head
    for _ in range(TRIES):
        answered = query("answered").replace("$since", str(head.number))
        way.con.execute(f"CREATE OR REPLACE TEMP TABLE answered AS {answered}")
        told = row(way.con, query("answered_counts"))
        done = way.log.append(way.con, before, rows, _meta(way, before, told), way.clock)
        if done:
            way.entries.append(done.number)
            way.counts.update(told)
            return done
        if way.service.embedded:
            return None
        before = way.log.head(way.con)
        way.log.fold(way.con, "receipts", before.number)
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
    }


def _ended(way: _Way, held: Hold | None) -> Transferred:
    """Record the hold or its release, and write the export."""
    now: datetime = way.clock()
    kept = holds.hold(way.store, held) if held else None
    if not held:
        holds.release(way.store, way.scope, way.name, way.run, now)
    if way.settings.export:
        export(way.con, way.store, way.scope, way.name, way.settings.export)
    counts = {key: count for key, count in way.counts.items() if key != "more_held"}
    return Transferred(**counts, entries=tuple(way.entries), held=kept)


def held_products(con: duckdb.DuckDBPyConnection, store: Store, scope: str, service: str) -> None:
    """Make the view ``feed``: one row per product the service holds, in the version it holds, with when it received
    it.
    """
    products = catalog.log(store, scope)
    products.history(con, "versions", products.fold(con, "catalog"))
    log(store, service, scope).fold(con, "receipts")
    con.execute(f"CREATE OR REPLACE TEMP VIEW feed AS {query('feed')}")


def export(con: duckdb.DuckDBPyConnection, store: Store, scope: str, service: str, path: str) -> Path:
    """Write what a service holds in a scope as one file of payloads, in the order of SKUs, replaced in one step.

    ``path`` may hold {scope} and {service}; its ending, .parquet or .jsonl, decides the format.
    """
    held_products(con, store, scope, service)
    target = Path(path.replace("{scope}", scope).replace("{service}", service))
    rows = f"SELECT unnest(payload(p, {literal(scope)})) FROM (SELECT * FROM feed ORDER BY sku) AS p"
    how = "FORMAT parquet, COMPRESSION zstd" if target.suffix == ".parquet" else "FORMAT json"
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.new")
    # A table of its own first: DuckDB writes a column as optional or required by what it knows of the rows, and of a
    # table it knows the same whichever entries the rows came from. So the same products give the same bytes.
    con.execute(f"CREATE OR REPLACE TEMP TABLE exported AS {rows}")
    con.execute(f"COPY exported TO {literal(str(beside))} ({how})")
    con.execute("DROP TABLE exported")
    beside.replace(target)
    return target
