"""One product's story: in every scope and service, where it is, since when, and if it is not there, why not.

Facts come from the same relations as the totals (catalog, rules, receipts), at the same kind of moment, so a story
never contradicts a number on the page. These are the facts; the shell makes sentences of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import duckdb

from datasync.figures import repairs, totals
from datasync.figures.repairs import LogRepair
from datasync.figures.store_at import StoreAt
from datasync.relation import Relation, query, select, union
from datasync.store import holds, runs, snapshots
from datasync.store.files import Store, parquet
from datasync.store.holds import Hold
from datasync.store.logs import CatalogState
from datasync.store.runs import Step

RUNS_READ = 20


RecordOutcome = Literal["valid", "outdated", "quarantined", "filtered", "absent"]


@dataclass(frozen=True, slots=True)
class PullReading:
    """What one pull said of the product; ``absent`` from a partial pull means nothing, because it may not have looked.

    ``filtered`` is a record that the scope's condition leaves out.
    ``outdated``, which only the last pull says: its record was valid, and older than what the catalog has.
    """

    run: str
    at: datetime
    complete: bool
    what: RecordOutcome


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
    exclusion_reason: str | None
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
    last: PullReading | None
    last_complete: PullReading | None
    last_seen: PullReading | None
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
class Mention:
    """A record in quarantine that has no SKU, or that nobody could read, and holds the SKU somewhere in its text."""

    scope: str
    code: str
    sentence: str
    place: str | None
    run: str


@dataclass(frozen=True, slots=True)
class Story:
    """One SKU everywhere; ``near`` are SKUs spelled almost like it, and ``mentions`` records that it stands in: both
    are looked for only where nobody knows it.
    """

    sku: str
    as_of: datetime
    scopes: tuple[ScopeStory, ...]
    near: tuple[str, ...]
    mentions: tuple[Mention, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether any scope has ever met the product."""
        return any(scope.is_known for scope in self.scopes)


def why(at: StoreAt, sku: str) -> Story:
    """Tell the story of ``sku`` at a moment; an unknown one gets the SKUs that are spelled nearly the same, and the
    records in quarantine that it stands in.
    """
    scopes = tuple(_scope(at, sku, scope) for scope in at.settings.scopes)
    story = Story(sku, at.as_of, scopes, ())
    return story if story.is_known else replace(story, near=_similar_skus(at, sku), mentions=_mentions(at, sku))


def _scope(at: StoreAt, sku: str, scope: str) -> ScopeStory:
    state, held = at.catalog_state(scope), holds.current(at.store, scope, None, at.before)
    catalog, versions = at.catalog(scope), at.versions(scope)
    last, last_complete, last_seen = _pull_readings(at, scope, sku, catalog, state, held)
    repaired = repairs.repairs(at.con, at.store, at.settings, at.point.positions, [scope])
    return ScopeStory(
        scope,
        last,
        last_complete,
        last_seen,
        _failed_pull(at, scope),
        held,
        _quarantined(at, scope, sku, catalog, state),
        _in_catalog(at.con, sku, catalog, versions),
        tuple(_service(at, sku, scope, service) for service in at.settings.services),
        _history(at, sku, scope, versions),
        tuple(reversed(repaired)),
        repairs.doubted(at.con, catalog, state, sku),
    )


def _pull_readings(
    at: StoreAt, scope: str, sku: str, catalog: Relation, state: CatalogState, held: Hold | None
) -> tuple[PullReading | None, PullReading | None, PullReading | None]:
    """What the last pull said (also if it is held), the last complete one, and the last that read the product; only
    kept snapshots can answer.
    """
    con, store = at.con, at.store
    files = store.listing(f"snapshots/scope={scope}")
    applied = [pull.run for pull in state.pulls]
    candidates = [run for run in dict.fromkeys([*applied, *([held.id] if held else [])]) if f"{run}.parquet" in files]
    pulls = [snapshot for run in candidates if (snapshot := snapshots.read(con, store, scope, run))]
    if not pulls:
        return None, None, None
    seen = query(
        "why_seen",
        records=_files(store, [snapshots.records_path(scope, s.file) for s in pulls]),
        left_out=_files(store, [snapshots.snapshot_path(scope, s.run) for s in pulls]),
        quarantines=_files(store, [snapshots.quarantine_path(scope, s.run) for s in pulls]),
    )
    outcomes = {run: (what, time) for run, what, time in seen.rows(con, {"sku": sku})}
    newer = _newer_than_last(con, sku, catalog, state)
    rows = [
        PullReading(
            s.run, s.finished_at, s.complete, _record_outcome(*outcomes.get(s.run, ("absent", None)), newer.get(s.run))
        )
        for s in sorted(pulls, key=lambda s: s.order)
    ]
    complete = next((seen for seen in reversed(rows) if seen.complete), None)
    return rows[-1], complete, next((seen for seen in reversed(rows) if seen.what != "absent"), None)


def _newer_than_last(
    con: duckdb.DuckDBPyConnection, sku: str, catalog: Relation, state: CatalogState
) -> dict[str, datetime]:
    """The last pull's run, if some of its records were outdated, and the product's time in the catalog."""
    if not state.last_pull or not state.last_pull.outdated:
        return {}
    timed = select("SELECT updated_at FROM catalog WHERE sku = ? AND updated_at IS NOT NULL", catalog=catalog)
    times = [updated_at for (updated_at,) in timed.rows(con, [sku])]
    return dict.fromkeys([state.last_pull.run], times[0]) if times else {}


def _record_outcome(what: RecordOutcome, updated_at: datetime | None, in_catalog: datetime | None) -> RecordOutcome:
    is_older = what == "valid" and updated_at and in_catalog and updated_at < in_catalog
    return "outdated" if is_older else what


def _files(store: Store, paths: Iterable[str]) -> Relation:
    """Every row of some Parquet files of the store, with its file and its number there."""
    return Relation(f"SELECT * FROM {parquet(store, *paths, options='filename = true, file_row_number = true')}")


def _failed_pull(at: StoreAt, scope: str) -> str | None:
    """The sentence of the last pull, if it failed; by the runs that ended."""
    last = totals.last_step(runs.newest(at.store, at.before, RUNS_READ), Step("pull", scope))
    return str(last.get("error")) if last and last["outcome"] == "failed" else None


def _quarantined(at: StoreAt, scope: str, sku: str, catalog: Relation, state: CatalogState) -> tuple[Quarantined, ...]:
    records = totals.in_quarantine(at.store, scope, state, catalog)
    of_product = select("SELECT code, sentence, place, run FROM records WHERE sku = ? ORDER BY ALL", records=records)
    return tuple(Quarantined(*row) for row in of_product.rows(at.con, [sku]))


def _mentions(at: StoreAt, sku: str) -> tuple[Mention, ...]:
    """The first few records in quarantine, of each scope, that hold the SKU and have none of their own."""
    mentions: list[Mention] = []
    for scope in at.settings.scopes:
        files = totals.quarantine_files(at.store, scope, at.catalog_state(scope))
        holding = query("why_mentioned", quarantine=files.rows(at.store.url)).rows(at.con, {"sku": sku})
        mentions += [Mention(scope, *columns) for columns in holding]
    return tuple(mentions)


def _in_catalog(con: duckdb.DuckDBPyConnection, sku: str, catalog: Relation, versions: Relation) -> InCatalog | None:
    newest = select('SELECT change, hash, name, "at", run FROM catalog WHERE sku = ?', catalog=catalog)
    catalog_row = next(iter(newest.rows(con, [sku])), None)
    if not catalog_row:
        return None
    change, version, name, at, run = catalog_row
    additions = "SELECT max(\"at\") AS last FROM versions WHERE sku = ? AND change = 'added'"
    added = select(additions, versions=versions).row(con, [sku])
    return InCatalog(change, version, name, added["last"] if version else None, at, run)


def _service(at: StoreAt, sku: str, scope: str, service: str) -> ServiceStory:
    compared = at.compare(scope, service)
    known = at.known_versions(scope)
    story = query("why_service", rules=compared.rules, receipts=compared.receipts, known=known)
    facts = story.row(at.con, {"sku": sku, "fingerprint": at.settings.services[service].fingerprint()})
    due = select("SELECT operation FROM due WHERE sku = ?", due=compared.due).rows(at.con, [sku])
    held = holds.current(at.store, scope, service, at.before)
    return ServiceStory(service=service, due=due[0][0] if due else None, removals_held=held, **facts)


def _history(at: StoreAt, sku: str, scope: str, versions: Relation) -> tuple[Event, ...]:
    """Every kept entry of the catalog and of the services' receipts that tells of the product, oldest first."""
    story = query("why_history", versions=versions, receipts_history=at.all_receipts(scope))
    return tuple(Event(*columns) for columns in story.rows(at.con, {"sku": sku}))


def _similar_skus(at: StoreAt, sku: str) -> tuple[str, ...]:
    catalogs = [at.catalog(scope) for scope in at.settings.scopes]
    everywhere = union(select("SELECT sku FROM catalog", catalog=catalog) for catalog in catalogs)
    return tuple(row[0] for row in query("why_near", everywhere=everywhere).rows(at.con, {"sku": sku}))
