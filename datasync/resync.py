"""Resync: an operator's request to read again and, if forced, to deliver again. Request, then plan, then what came of
it.

The form in Airflow and the shell make the same Request. A plan changes nothing: it says which products would be read
and marked, what that costs the source, and how long it took last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from datasync.delivery import compare, mark
from datasync.errors import HoldWithoutList, InvalidSettings, RequestLost, UnknownName
from datasync.relation import Relation, query, select
from datasync.settings import Settings
from datasync.sources.base import PullRequest, Source
from datasync.store import holds, snapshots
from datasync.store.files import Store, parquet
from datasync.store.holds import Hold
from datasync.store.logs import CatalogState, catalog_log, receipt_log
from datasync.store.runs import Run, Step
from datasync.store.snapshots import Snapshot

SHOWN = 20  # SKUs in a plan
NAMED = 100  # SKUs in a record


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for what, and why. No ``skus`` means every product; no ``services`` means every service.

    ``failing`` picks the SKUs that are failed, rejected or quarantined. ``force`` delivers again what is held already.
    ``accept_shrink`` names the held run whose listed removals may pass.
    """

    scopes: tuple[str, ...]
    reason: str
    asked_by: str
    services: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    failing: bool = False
    force: bool = False
    accept_shrink: str | None = None

    def plain(self) -> dict[str, Any]:
        """The request as JSON can hold it, for the run's record."""
        return asdict(self)


def of(run: Run) -> Request | None:
    """The request that a run was begun with; None for a run that nobody asked for. Raises RequestLost for a resync
    whose request is lost: to go on as if it named every product would be another resync.
    """
    if run.kind == "resync" and run.request is None:
        raise RequestLost(run.id)
    if run.kind != "resync" or run.request is None:
        return None
    lists = {name: tuple(run.request[name]) for name in ("scopes", "services", "skus")}
    return Request(**{**run.request, **lists})


@dataclass(frozen=True, slots=True)
class ScopePlan:
    """What a request means for one scope: products to read, requests to the source, and how long its last pull took.

    ``accepts`` are the holds whose lists may go. ``kept_back`` of the SKUs that are asked for stand in the lists of
    ``holds``, and so stay. ``unknown`` are SKUs that no scope has ever had; they may be misspelled.
    """

    scope: str
    reads: str
    products: int
    shown: tuple[str, ...]
    requests: int
    last_seconds: float | None
    marks: Mapping[str, int]
    accepts: tuple[Hold, ...] = ()
    kept_back: int = 0
    holds: tuple[Hold, ...] = ()
    unknown: tuple[str, ...] = ()


def parse(settings: Settings, fields: Mapping[str, Any], asked_by: str) -> Request:
    """A Request from a form's or a shell's fields; raises UnknownName or InvalidSettings, naming the field."""
    scopes = tuple(dict.fromkeys(fields.get("scopes") or ()))
    services = tuple(dict.fromkeys(fields.get("services") or ()))
    skus = tuple(dict.fromkeys(line.strip() for line in fields.get("skus") or () if line.strip()))
    request = Request(
        scopes,
        str(fields.get("reason") or "").strip(),
        asked_by,
        services,
        skus,
        bool(fields.get("failing")),
        bool(fields.get("force")),
        str(fields.get("accept_shrink") or "").strip() or None,
    )
    for scope in scopes:
        settings.scope(scope)
    for service in services:
        settings.service(service)
    _is_whole(request)
    return request


def _is_whole(request: Request) -> None:
    if not request.scopes:
        raise InvalidSettings("scopes", "none is chosen.", "Choose at least one.")
    if not request.reason:
        raise InvalidSettings("reason", "is empty.", "Say why, for whoever reads the report.")
    if request.failing and request.skus:
        raise InvalidSettings("failing", "goes without SKUs: it picks them itself.", "Give one or the other.")
    if request.accept_shrink and (request.skus or request.failing):
        raise InvalidSettings(
            "accept_shrink", "needs a complete pull, so no SKUs can be picked.", "Leave the SKUs out."
        )


def services(settings: Settings, request: Request) -> tuple[str, ...]:
    """The services a request reaches."""
    return request.services or tuple(settings.services)


def accepted(store: Store, settings: Settings, request: Request) -> tuple[Hold, ...]:
    """The holds that a request accepts, in its scopes and services; none where it names no held run.

    Raises UnknownName for a run that held nothing, and HoldWithoutList where nothing says what would be removed.
    """
    if not request.accept_shrink:
        return ()
    chosen = [
        hold
        for scope in request.scopes
        for service in (None, *services(settings, request))
        if (hold := holds.find(store, scope, service, request.accept_shrink))
    ]
    if not chosen:
        standing = [holds.current(store, s, v) for s in settings.scopes for v in (None, *settings.services)]
        held_runs = {hold.id for hold in standing if hold}
        raise UnknownName(
            "held run (accept_shrink)", request.accept_shrink, held_runs, "Name the run that the report shows as held."
        )
    for hold in chosen:
        if not holds.is_listed(store, hold):
            raise HoldWithoutList(hold.id, f"{hold.scope}, service {hold.service}" if hold.service else hold.scope)
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class ResyncContext:
    """A request, and the store and settings that it is looked at with."""

    con: duckdb.DuckDBPyConnection
    store: Store
    settings: Settings
    request: Request

    @property
    def services(self) -> tuple[str, ...]:
        """The services that the request reaches."""
        return services(self.settings, self.request)


def pull_request(work: ResyncContext, scope: str, at: datetime) -> PullRequest | None:
    """What to ask the scope's source for; None where ``failing`` finds nothing to ask for."""
    request = work.request
    skus = failing(work, scope) if request.failing else request.skus
    if request.failing and not skus:
        return None
    return PullRequest("skus", at, skus=skus) if skus else PullRequest("complete", at)


def failing(work: ResyncContext, scope: str) -> tuple[str, ...]:
    """SKUs of a scope that a chosen service failed to take or rejected, or that are in quarantine, sorted."""
    skus: set[str] = set()
    for service in work.services:
        compared = compare.compare(work.con, work.store, scope, service, work.settings.services[service])
        relations = {"catalog": compared.catalog, "receipts": compared.receipts, "rules": compared.rules}
        skus |= {sku for (sku,) in query("failing", **relations, fingerprint=compared.fingerprint).rows(work.con)}
    return tuple(sorted(skus))


def plan(
    work: ResyncContext, sources: Mapping[str, Source], past: Sequence[Run], at: datetime
) -> tuple[ScopePlan, ...]:
    """What a request would do, scope by scope; nothing is read from a source, nothing is written."""
    return tuple(_plan_scope(work, scope, sources[scope], past, at) for scope in work.request.scopes)


def _plan_scope(work: ResyncContext, scope: str, source: Source, past: Sequence[Run], at: datetime) -> ScopePlan:
    asks = pull_request(work, scope, at)
    skus = asks.skus if asks else ()
    standing = holds.standing(work.store, scope, None) if skus else []
    return ScopePlan(
        scope,
        "nothing: no product is failing" if asks is None else "these SKUs" if skus else "every product",
        len(skus) if asks is None or asks.what == "skus" else _products(work, scope),
        skus[:SHOWN],
        source.requests(asks) if asks else 0,
        _last_seconds(past, scope, asks),
        _marks(work, scope, skus),
        tuple(hold for hold in accepted(work.store, work.settings, work.request) if hold.scope == scope),
        _kept_back(work, standing, skus),
        tuple(standing),
        _unknown(work, skus),
    )


def _products(work: ResyncContext, scope: str) -> int:
    """How many products the scope's catalog has."""
    return CatalogState.of(catalog_log(work.store, scope).head(work.con)).products


def _marks(work: ResyncContext, scope: str, skus: Sequence[str]) -> dict[str, int]:
    """How many products would be marked to be delivered again, by service."""
    if not work.request.force:
        return {}
    chosen = skus if skus or work.request.failing else None
    return {name: mark.count(work.con, receipt_log(work.store, name, scope), chosen) for name in work.services}


def _unknown(work: ResyncContext, skus: Sequence[str]) -> tuple[str, ...]:
    """The SKUs that stand in no catalog's log, not even as removed or in quarantine; in the order they were given."""
    unknown = list(skus)
    for scope in work.settings.scopes:
        if unknown:
            catalog = catalog_log(work.store, scope).fold()
            listed = select("SELECT DISTINCT sku FROM catalog WHERE list_contains(?::VARCHAR[], sku)", catalog=catalog)
            in_catalog = {sku for (sku,) in listed.rows(work.con, [unknown])}
            unknown = [sku for sku in unknown if sku not in in_catalog]
    return tuple(unknown)


def named(skus: Sequence[str]) -> str:
    """The first of some SKUs, and how many more there are."""
    more = f" and {len(skus) - SHOWN:,} more" if len(skus) > SHOWN else ""
    return f"{', '.join(skus[:SHOWN])}{more}"


def _kept_back(work: ResyncContext, standing: Sequence[Hold], skus: Sequence[str]) -> int:
    """How many SKUs stand in the lists of holds; a hold without a list keeps all of them."""
    if any(hold.listed is None for hold in standing):
        return len(skus)
    asked_sql = "SELECT DISTINCT unnest(?::VARCHAR[]) AS sku"
    listed = holds.skus(work.store, (hold.listed for hold in standing))
    listed_skus = select(f"SELECT sku FROM ({asked_sql}) SEMI JOIN listed USING (sku)", listed=listed)
    return len(listed_skus.rows(work.con, [list(skus)]))


def further_words(plan: ScopePlan) -> Iterator[str]:
    """What else there is to know of a plan: SKUs that nobody knows, and what may be removed."""
    if plan.unknown:
        yield f"No scope has ever had: {named(plan.unknown)}. Are they spelled as the source has them?"
    yield from removal_words(plan)


def removal_words(plan: ScopePlan) -> Iterator[str]:
    """What a plan's removals come to, in sentences: a plan reads no source, so it names the products that may go."""
    for hold in plan.accepts:
        places = hold.service or "the catalog, and then the services"
        yield (
            f"Only the {hold.would_remove:,} listed by the hold of run {hold.id} may go from {places}; any other is "
            "held again, unless the volume guard lets so few pass."
        )
    if plan.kept_back:
        yield (
            f"{plan.kept_back:,} of these products are kept back by the hold of run {plan.holds[0].id}: they stay even "
            "if the source no longer has them. To let them go, accept that hold."
        )


def _last_seconds(past: Sequence[Run], scope: str, asks: PullRequest | None) -> float | None:
    """How long the last pull of the same sort took, by the runs' records."""
    if asks is None:
        return None
    pulls = (run.steps[Step("pull", scope)] for run in past if Step("pull", scope) in run.steps)
    alike = (pull for pull in pulls if pull.get("what") == asks.what and pull["outcome"] != "failed")
    return next((float(pull["seconds"]) for pull in alike), None)


@dataclass(frozen=True, slots=True)
class Absent:
    """SKUs that were asked for by name and of which a pull has no product, sorted: the source does not have them, or
    the scope's condition leaves them out.
    """

    not_at_source: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def counts(self) -> dict[str, Any]:
        """What a pull's record says of them: the first of each, and how many the source does not have."""
        first = {"not_at_source": list(self.not_at_source[:NAMED]), "left_out": list(self.left_out[:NAMED])}
        return {**first, "absent": len(self.not_at_source)}


def absent(con: duckdb.DuckDBPyConnection, store: Store, snapshot: Snapshot) -> Absent:
    """What a pull has no product of that it was asked for; nothing where the source cannot know."""
    if snapshot.what != "skus" or not snapshot.answers_absence:
        return Absent()
    asked_skus = Relation(f"FROM {parquet(store, snapshots.asked_path(snapshot.scope, snapshot.run))}")
    quarantine = Relation(f"FROM {parquet(store, snapshots.quarantine_path(snapshot.scope, snapshot.run))}")
    records = Relation(f"FROM {parquet(store, snapshots.records_path(snapshot.scope, snapshot.file))}")
    products = snapshots.products(snapshot, store.url)
    absences = query("absent", asked_skus=asked_skus, quarantine=quarantine, products=products, records=records)
    rows = absences.rows(con)
    return Absent(
        tuple(sku for sku, is_there in rows if not is_there), tuple(sku for sku, is_there in rows if is_there)
    )
