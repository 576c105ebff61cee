"""One product's story: in every scope and service, where it is, since when, and if it is not there, why not.

Facts come from the same relations as the totals (catalog, rules, receipts), at the same kind of moment, so a story
never contradicts a number on the page. These are the facts; the shell makes sentences of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import duckdb

from datasync.delivery import compare
from datasync.figures import repairs, totals
from datasync.figures.repairs import LogRepair
from datasync.figures.totals import ReadPoint
from datasync.settings import Settings
from datasync.sql import literal, query, row
from datasync.store import holds, runs, snapshots
from datasync.store.files import Store, parquet
from datasync.store.holds import Hold
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.runs import Step

RUNS_READ = 20


What = Literal["valid", "outdated", "quarantined", "filtered", "absent"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pull said of the product; ``absent`` from a partial pull means nothing, for it may not have looked.

    ``filtered`` is a record that the scope's condition leaves out.
    ``outdated``, which only the last pull says: its record was valid, and older than what the catalog has.
    """

    run: str
    at: datetime
    complete: bool
    what: What


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record of the product that is in quarantine now."""

    code: str
    sentence: str
    place: str | None
    run: str


@dataclass(frozen=True, slots=True)
class InCatalog:
    """The product's last row in the catalog log; without a ``version`` it is not in the catalog.

    ``since`` is when it was last added, if that is still kept.
    """

    change: str
    version: str | None
    name: str | None
    since: datetime | None
    at: datetime
    run: str


@dataclass(frozen=True, slots=True)
class Event:
    """One entry that tells of the product: in the catalog log (``service`` is None), or in a service's receipt log."""

    at: datetime
    service: str | None
    what: str
    version: str | None
    words: str | None
    run: str


@dataclass(frozen=True, slots=True)
class ServiceStory:
    """The product at one service. ``state`` is None where the catalog does not have it; ``due`` is an operation."""

    service: str
    state: str | None
    due: str | None
    otherwise: str | None
    last_operation: str | None
    last_outcome: str | None
    last_words: str | None
    last_at: datetime | None
    last_run: str | None
    held_version: str | None
    perhaps_held: bool
    received_at: datetime | None
    received_as: str | None
    removals_held: Hold | None


@dataclass(frozen=True, slots=True)
class ScopeStory:
    """The product in one scope. ``last`` is the last pull that came to its end, ``last_complete`` the last of those
    that read everything, ``last_seen`` the last that met the product. ``repairs`` are those of the scope's logs, the
    oldest first; ``unverified_since`` is when a repair left the product in doubt, if no pull has read it since.
    """

    scope: str
    last: Seen | None
    last_complete: Seen | None
    last_seen: Seen | None
    failed_pull: str | None
    held: Hold | None
    quarantined: tuple[Quarantined, ...]
    catalog: InCatalog | None
    services: tuple[ServiceStory, ...]
    history: tuple[Event, ...]
    repairs: tuple[LogRepair, ...] = ()
    unverified_since: datetime | None = None

    @property
    def is_known(self) -> bool:
        """Whether anything here has ever met the product."""
        return bool(self.last_seen or self.quarantined or self.catalog or self.history)


@dataclass(frozen=True, slots=True)
class Story:
    """One SKU everywhere; ``near`` are SKUs spelled almost like it, looked for only where nobody knows it."""

    sku: str
    as_of: datetime
    scopes: tuple[ScopeStory, ...]
    near: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether any scope has ever met the product."""
        return any(scope.is_known for scope in self.scopes)


def why(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, sku: str, at: ReadPoint) -> Story:
    """Tell the story of ``sku`` at a moment; an unknown one gets the SKUs that are spelled nearly the same."""
    scopes = tuple(_scope(con, store, settings, sku, at, scope) for scope in settings.scopes)
    story = Story(sku, at.as_of, scopes, ())
    return story if story.is_known else Story(sku, at.as_of, scopes, _near(con, store, sku, at, settings.scopes))


def _scope(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, sku: str, at: ReadPoint, scope: str
) -> ScopeStory:
    log, position = catalog_log(store, scope), at.positions[f"catalog/{scope}"]
    meta = log.entry(con, position).meta
    held = holds.current(store, scope, None, at.before)
    log.history(con, "versions", position)
    services = tuple(_service(con, store, settings, sku, at, scope, service) for service in settings.services)
    log.fold(con, "catalog", position)
    last, last_complete, last_seen = _seen(con, store, scope, sku, meta, held)
    return ScopeStory(
        scope,
        last,
        last_complete,
        last_seen,
        _failed_pull(store, scope, at.before),
        held,
        _quarantined(con, store, scope, sku, meta),
        _in_catalog(con, sku),
        services,
        _history(con, store, settings, sku, at, scope),
        tuple(reversed(repairs.repairs(con, store, settings, at.positions, [scope]))),
        repairs.doubted(con, log.entry(con, position), sku),
    )


def _seen(
    con: duckdb.DuckDBPyConnection, store: Store, scope: str, sku: str, meta: Mapping[str, Any], held: Hold | None
) -> tuple[Seen | None, Seen | None, Seen | None]:
    """What the last pull said, be it held, the last complete one, and the last that met the product; only kept
    snapshots can answer.
    """
    files = store.listing(f"snapshots/scope={scope}")
    applied = [p["run"] for p in meta.get("pulls", ())]
    candidates = [run for run in dict.fromkeys([*applied, *([held.id] if held else [])]) if f"{run}.parquet" in files]
    pulls = [snapshot for run in candidates if (snapshot := snapshots.read(con, store, scope, run))]
    if not pulls:
        return None, None, None
    _view(con, store, "records", [snapshots.records_path(scope, s.file) for s in pulls])
    _view(con, store, "left_out", [snapshots.snapshot_path(scope, s.run) for s in pulls])
    _view(con, store, "quarantines", [snapshots.quarantine_path(scope, s.run) for s in pulls])
    met = {run: (what, time) for run, what, time in con.execute(query("why_seen"), {"sku": sku}).fetchall()}
    newer = _newer_than_last(con, sku, meta)
    rows = [
        Seen(s.run, s.finished_at, s.complete, _what(*met.get(s.run, ("absent", None)), newer.get(s.run)))
        for s in sorted(pulls, key=lambda s: s.order)
    ]
    complete = next((seen for seen in reversed(rows) if seen.complete), None)
    return rows[-1], complete, next((seen for seen in reversed(rows) if seen.what != "absent"), None)


def _newer_than_last(con: duckdb.DuckDBPyConnection, sku: str, meta: Mapping[str, Any]) -> dict[str, datetime]:
    """The last pull's run, if some of its records were outdated, and the product's time in the catalog."""
    last = meta.get("last_pull") or {}
    if not last.get("outdated"):
        return {}
    product_time = con.execute(
        "SELECT updated_at FROM catalog WHERE sku = ? AND updated_at IS NOT NULL", [sku]
    ).fetchone()
    return {last["run"]: product_time[0]} if product_time else {}


def _what(what: What, updated_at: datetime | None, in_catalog: datetime | None) -> What:
    is_older = what == "valid" and updated_at and in_catalog and updated_at < in_catalog
    return "outdated" if is_older else what


def _view(con: duckdb.DuckDBPyConnection, store: Store, name: str, paths: Iterable[str]) -> None:
    files = parquet(store, *paths, options="filename = true, file_row_number = true")
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {files}")


def _failed_pull(store: Store, scope: str, before: datetime | None) -> str | None:
    """The sentence of the last pull, if it failed; by the runs that ended."""
    last = totals.last_step(runs.newest(store, before, RUNS_READ), Step("pull", scope))
    return str(last.get("error")) if last and last["outcome"] == "failed" else None


def _quarantined(
    con: duckdb.DuckDBPyConnection, store: Store, scope: str, sku: str, meta: Any
) -> tuple[Quarantined, ...]:
    totals.quarantined_now(con, store, scope, meta)
    rows = con.execute(
        "SELECT code, sentence, place, run FROM quarantined WHERE sku = ? ORDER BY ALL", [sku]
    ).fetchall()
    return tuple(Quarantined(*row) for row in rows)


def _in_catalog(con: duckdb.DuckDBPyConnection, sku: str) -> InCatalog | None:
    catalog_row = con.execute('SELECT change, hash, name, "at", run FROM catalog WHERE sku = ?', [sku]).fetchone()
    if not catalog_row:
        return None
    change, version, name, at, run = catalog_row
    added = row(con, "SELECT max(\"at\") AS last FROM versions WHERE sku = ? AND change = 'added'", sku)
    return InCatalog(change, version, name, added["last"] if version else None, at, run)


def _service(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, sku: str, at: ReadPoint, scope: str, service: str
) -> ServiceStory:
    mine = settings.services[service]
    compare.compare(con, store, scope, service, mine.accepts, at.of(scope, service))
    cursor = con.execute(query("why_service"), {"sku": sku, "settings": mine.fingerprint()})
    facts = dict(zip((column[0] for column in cursor.description or ()), cursor.fetchone() or (), strict=True))
    due = con.execute(f"SELECT operation FROM ({compare.due(mine)}) WHERE sku = ?", [sku]).fetchone()
    held = holds.current(store, scope, service, at.before)
    return ServiceStory(service=service, due=due[0] if due else None, removals_held=held, **facts)


def _history(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, sku: str, at: ReadPoint, scope: str
) -> tuple[Event, ...]:
    """Every kept entry of the catalog and of the services' receipts that tells of the product, oldest first."""
    parts = []
    for number, service in enumerate(settings.services):
        receipt_log(store, service, scope).history(con, f"received_{number}", at.of(scope, service)[1])
        parts.append(f"SELECT {literal(service)} AS service, * FROM received_{number}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW receipts_history AS {' UNION ALL '.join(parts)}")
    return tuple(Event(*columns) for columns in con.execute(query("why_history"), {"sku": sku}).fetchall())


def _near(
    con: duckdb.DuckDBPyConnection, store: Store, sku: str, at: ReadPoint, scopes: Iterable[str]
) -> tuple[str, ...]:
    parts = []
    for number, scope in enumerate(scopes):
        catalog_log(store, scope).fold(con, f"catalog_{number}", at.positions[f"catalog/{scope}"])
        parts.append(f"SELECT sku FROM catalog_{number}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW everywhere AS {' UNION ALL '.join(parts)}")
    return tuple(row[0] for row in con.execute(query("why_near"), {"sku": sku}).fetchall())
