"""Every number of the page, at one moment: states, totals, the latest update, and whether they add up.

    catalog products = excluded + rejected + failed + current + stale + missing
    total received   = current + stale + held_older + orphaned
    due              = missing + stale + failed

The left sides are counted from the logs alone, each term on the right by its own query. What is left over is
*unexplained*: it is published, and then the run fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from datasync.delivery import budget
from datasync.delivery.compare import Comparison
from datasync.errors import Unexplained
from datasync.figures import repairs
from datasync.figures.repairs import LogRepair, UnverifiedProducts
from datasync.figures.source_metrics import SourceReading, readings
from datasync.figures.store_at import Ahead, StoreAt
from datasync.quantity import quantity
from datasync.relation import Relation, query, select
from datasync.settings import Settings
from datasync.sql import instant, literal
from datasync.store import holds, rebuilds, runs, snapshots
from datasync.store.audit_note import AuditNote
from datasync.store.files import Store
from datasync.store.holds import Hold
from datasync.store.logs import CatalogState, PullSummary, ReceiptState
from datasync.store.runs import Run, Step, StepRecord

RUNS_READ = 500


@dataclass(frozen=True, slots=True)
class ServiceTotals:
    """One service in one scope: what it holds of the catalog, what arrived lately, and why if nothing did.

    ``failed_step`` says which step failed when it was last tried (pull, catalog or transfer), ``failure`` why; both are
    None where the last try went well. ``outcome`` may be held all the same, because a hold waits for a person.
    ``budget`` says how many products wait for a budget, and until when; None where none does.
    ``audit`` is the last one; ``is_drift_due``: what it found otherwise waits for the next transfer. ``rebuild`` says
    that one is under way now.
    """

    scope: str
    service: str
    outcome: str
    failed_step: str | None
    failure: str | None
    zero_because: str | None
    last_sync_at: datetime | None
    latest_update: int
    resent_in_window: int
    removed_in_window: int
    total_received: int
    current: int
    stale: int
    missing: int
    rejected: int
    failed: int
    excluded: int
    held_older: int
    orphaned: int
    due: int
    removals_due: int
    unexplained: int
    budget: str | None = None
    audit: AuditNote | None = None
    is_drift_due: bool = False
    rebuild: str | None = None


@dataclass(frozen=True, slots=True)
class ScopeTotals:
    """One scope: its catalog, its last pull, and what each service holds of it."""

    scope: str
    source: str
    products: int
    quarantined: int
    last_pull: PullSummary | None
    services: tuple[ServiceTotals, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """All scopes and sources at one moment; ``positions`` are the entries every figure was computed at, by log."""

    as_of: datetime
    positions: Mapping[str, int]
    scopes: tuple[ScopeTotals, ...]
    holds: tuple[Hold, ...]
    runs: tuple[Run, ...]
    sources: tuple[SourceReading, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    before: datetime | None = None
    repairs: tuple[LogRepair, ...] = ()
    unverified: tuple[UnverifiedProducts, ...] = ()


def totals(at: StoreAt) -> Totals:
    """Compute every figure at a moment."""
    con, store, settings, point = at.con, at.store, at.settings, at.point
    past = tuple(runs.newest(store, at.before, RUNS_READ))
    catalogs = {scope: at.catalog_state(scope) for scope in settings.scopes}
    scopes = tuple(_scope(at, scope, catalogs[scope], past) for scope in settings.scopes)
    held = [
        holds.current(store, scope, service, at.before)
        for scope in settings.scopes
        for service in (None, *settings.services)
    ]
    current_holds = tuple(h for h in held if h)
    return Totals(
        at.as_of, point.positions, scopes, current_holds, past, readings(settings, catalogs), point.ahead, at.before,
        repairs.repairs(con, store, settings, point.positions),
        repairs.unverified(con, store, settings, point.positions),
    )  # fmt: skip


def gaps(figures: Totals) -> tuple[str, ...]:
    """The services whose balance does not come out, each with what is left over; none is the rule."""
    services = [service for scope in figures.scopes for service in scope.services]
    return tuple(
        f"{service.scope}/{service.service}: {service.unexplained:+,} unexplained"
        for service in services
        if service.unexplained
    )


def confirm(left_over: Sequence[str]) -> None:
    """Raise Unexplained if any balance does not come out."""
    if left_over:
        raise Unexplained(left_over)


def _scope(at: StoreAt, scope: str, state: CatalogState, past: Sequence[Run]) -> ScopeTotals:
    catalog, versions = at.catalog(scope), at.known_versions(scope)
    products = select("SELECT count(hash) AS products FROM catalog", catalog=catalog).row(at.con)["products"]
    services = tuple(_service(at, scope, service, versions, state.products, past) for service in at.settings.services)
    quarantined = in_quarantine(at.store, scope, state, catalog).count(at.con)
    return ScopeTotals(scope, at.settings.scopes[scope].source, products, quarantined, state.last_pull, services)


def _service(
    at: StoreAt, scope: str, service: str, versions: Relation, products: int, past: Sequence[Run]
) -> ServiceTotals:
    compared = at.compare(scope, service)
    states = _states(at.con, compared, versions)
    window = query("window", receipts=compared.receipts, **window_words(at.settings, at.as_of)).row(at.con)
    recorded = at.receipt_state(scope, service)
    last = _last_try(at, scope, service, states, past)
    due = states["missing"] + states["stale"] + states["failed"]
    waiting = due + states["removals_due"]
    return ServiceTotals(
        scope=scope,
        service=service,
        outcome=last.outcome,
        failed_step=last.failed_step,
        failure=last.failure,
        zero_because=None if window["latest_update"] else last.zero_because,
        last_sync_at=last.at,
        due=due,
        unexplained=_unexplained(products, recorded.held, states),
        budget=budget.words(waiting, last.budget_at) if waiting and last.budget_at else None,
        audit=recorded.audit,
        is_drift_due=recorded.has_drift_due,
        rebuild=_rebuild(at, scope, service),
        **window,
        **states,
    )


def _states(con: duckdb.DuckDBPyConnection, compared: Comparison, versions: Relation) -> dict[str, int]:
    """The states' counts; a product that is stale by another version counts only if the catalog log knows that
    version.
    """
    relations = {"rules": compared.rules, "receipts": compared.receipts}
    states = query("states", **relations, fingerprint=compared.fingerprint).row(con)
    if states.pop("stale_other"):
        known = query("known_versions", **relations, versions=versions, fingerprint=compared.fingerprint)
        states["stale"] += known.count(con)
    return states


def _unexplained(products: int, recorded: int, states: Mapping[str, int]) -> int:
    """The products that the catalog's entry records, minus the sum of the states; if that is 0, the held products that
    the receipts' entry records, minus the sum of their states.
    """
    of_catalog = products - sum(states[s] for s in ("excluded", "rejected", "failed", "current", "stale", "missing"))
    return of_catalog or recorded - sum(states[s] for s in ("current", "stale", "held_older", "orphaned"))


def window_words(settings: Settings, as_of: datetime) -> dict[str, str]:
    """The SQL for the ``$words`` of queries/window.sql, which gives the figures of the latest update."""
    return {"since": instant(as_of - settings.window)}


def in_quarantine(store: Store, scope: str, state: CatalogState, catalog: Relation) -> Relation:
    """One row per record that is in quarantine now; ``catalog`` is the fold of the scope's log."""
    files = quarantine_files(store, scope, state)
    return query("quarantined_now", quarantine=files.rows(store.url), catalog=catalog, runs=files.run_list)


@dataclass(frozen=True, slots=True)
class QuarantineFiles:
    """The files of quarantine that count in a scope, by the runs that wrote them, in the order of their pulls."""

    scope: str
    runs: tuple[str, ...]

    def rows(self, url: Callable[[str], str]) -> Relation:
        """Every record in the files; ``url`` says how a file of the store is reached."""
        paths = ", ".join(literal(url(snapshots.quarantine_path(self.scope, run))) for run in self.runs)
        files = f"read_parquet([{paths}], filename = true, hive_partitioning = false)"
        return Relation(f"SELECT * FROM {files}") if paths else query("no_quarantine")

    @property
    def run_list(self) -> str:
        """The runs as a list in SQL, for ``$runs`` of queries/quarantined_now.sql."""
        return f"[{', '.join(map(literal, self.runs))}]::VARCHAR[]"


def quarantine_files(store: Store, scope: str, state: CatalogState) -> QuarantineFiles:
    """The files of the pulls that count; of a moment long ago some have been tidied away."""
    files = store.listing(f"quarantine/scope={scope}")
    pulls = sorted(state.pulls, key=lambda pull: pull.order)
    return QuarantineFiles(scope, tuple(pull.run for pull in pulls if f"{pull.run}.parquet" in files))


@dataclass(frozen=True, slots=True)
class _LastTry:
    """How the last sync of a service went: ok, failed, held or never; what failed; why nothing arrived; when it ran;
    until when its budget was spent.
    """

    outcome: str
    failed_step: str | None
    failure: str | None
    zero_because: str
    at: datetime | None
    budget_at: datetime | None


def _last_try(at: StoreAt, scope: str, service: str, states: Mapping[str, int], past: Sequence[Run]) -> _LastTry:
    steps = [Step("pull", scope), Step("catalog", scope), Step("transfer", scope, service)]
    records = {step.kind: record for step in steps if (record := last_step(past, step))}
    failed_step, failure = next(
        ((kind, record.get("error")) for kind, record in records.items() if record["outcome"] == "failed"),
        (None, None),
    )
    if not failed_step and states["failed"]:
        failed_step, failure = "transfer", f"No answer came for {quantity(states['failed'], 'product')}; they stay due."
    held = any(holds.current(at.store, scope, name, at.before) for name in (None, service))
    delivered = records.get("transfer")
    reasons = {
        "held": held,
        "source failed": failed_step == "pull",
        "no run": not any(_touched(run, scope, at.as_of - at.settings.window) for run in past),
        "catalog failed": failed_step == "catalog",
        "service failing": failed_step == "transfer",
    }
    return _LastTry(
        outcome="held" if held and delivered else "failed" if failed_step else "ok" if delivered else "never",
        failed_step=failed_step,
        failure=failure,
        zero_because=next((reason for reason, is_so in reasons.items() if is_so), "nothing changed"),
        at=datetime.fromisoformat(delivered["finished_at"]) if delivered else None,
        budget_at=_budget_at(delivered or {}, at.as_of),
    )


def _budget_at(delivered: StepRecord, as_of: datetime) -> datetime | None:
    """When a budget that the last transfer has spent is there again, as long as it is not."""
    until = delivered.get("budget_at")
    return datetime.fromisoformat(until) if until and datetime.fromisoformat(until) > as_of else None


def _rebuild(at: StoreAt, scope: str, service: str) -> str | None:
    """What is said of a rebuild that is under way; of a moment in the past, nothing."""
    if at.before or not (logs := rebuilds.under_way(at.con, at.store, service, scope)):
        return None
    begun, held = logs[-1].entry(at.con, 1).at, ReceiptState.of(logs[-1].head(at.con)).held
    since = f" since {begun:%Y-%m-%d %H:%M} UTC" if begun else ""
    return f"A rebuild is under way{since}: {quantity(held, 'product')} delivered to a new place, not served yet"


def _touched(run: Run, scope: str, since: datetime) -> bool:
    return scope in run.scopes and (run.finished_at or run.started_at) >= since


def last_step(past: Iterable[Run], step: Step) -> StepRecord | None:
    """The newest recorded outcome of a step, by runs that ended."""
    return next((run.steps[step] for run in past if step in run.steps), None)
