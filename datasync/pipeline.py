"""The steps of the line, each opened, called and recorded; what they do is decided below.

A step opens a connection, calls one stage, and records its outcome beside the run, also if it failed. The DAGs and the
shell call the same steps. Between steps go run ids and counts, never rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from datasync import resync, secrets, settings
from datasync.catalog.apply import Application, apply_snapshot
from datasync.catalog.state import refuse_unverified
from datasync.connection import Credentials, from_environment
from datasync.delivery import exports, mark, transfer, withdraw
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Service
from datasync.delivery.withdraw import Leftover
from datasync.errors import DatasyncError, RequestLost, RunFailed, SettingsError
from datasync.figures import repairs, totals
from datasync.figures.repairs import Unverified
from datasync.figures.store_at import StoreAt, read_point, read_point_at_heads
from datasync.figures.totals import Totals
from datasync.intake import pull, schedule
from datasync.relation import Relation
from datasync.repair import mend
from datasync.repair.context import RepairContext
from datasync.repair.damage import Damage
from datasync.repair.explain import explained
from datasync.repair.rebuild import Repair
from datasync.repair.scan import scan
from datasync.report.facts import gather, page_data, summary
from datasync.report.publish import render
from datasync.resync import Request, ScopePlan
from datasync.settings import Settings
from datasync.sources import open_source
from datasync.sources.base import PullRequest
from datasync.store import acceptances, holds, runs, scratch, snapshots, tidy
from datasync.store.database import connected
from datasync.store.files import Clock, Store, open_store, parquet
from datasync.store.logs import CatalogState, catalog_log, receipt_log
from datasync.store.runs import Run, Step, StepRecord
from datasync.store.tidy import ScopeLogs


def utc_now() -> datetime:
    """The clock of real runs."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Settings, store and clock of one data sync, and the way to the secrets of its sources."""

    settings: Settings
    store: Store
    clock: Clock = utc_now
    credentials: Credentials = from_environment

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        clock: Clock = utc_now,
        credentials: Credentials = from_environment,
    ) -> Pipeline:
        """Read the settings (see ``settings.load``) and open their store. ``credentials`` finds connections by name."""
        secrets.guard_logs()
        secrets.register_environment()
        sync_settings = settings.load(path)
        return cls(sync_settings, open_store(sync_settings.store, sync_settings.store_options), clock, credentials)

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB connection that reads the store, closed afterwards. What goes wrong inside because of a full disk or
        a damaged file of the store is raised as that.
        """
        try:
            with connected(self.store) as con:
                yield con
        except DatasyncError:
            raise
        except Exception as error:
            if (reason := explained(self.store, self._places(), error)) is not None:
                raise reason from None
            raise

    # ── a run ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(
        self,
        run_id: str,
        kind: str,
        scopes: tuple[str, ...],
        asked_by: str,
        reason: str,
        request: Request | None = None,
    ) -> str:
        """Record that a run began, and what it accepts; returns its id in the store. Begun again, it goes on."""
        chosen = scopes or tuple(self.settings.scopes)
        for scope in chosen:
            self.settings.scope(scope)
        plain = request.plain() if request else None
        run = Run(runs.safe(run_id), kind, chosen, self.clock(), asked_by, reason, request=plain)
        begun = runs.begin(self.store, run)
        for hold in resync.accepted(self.store, self.settings, request) if request else ():
            acceptances.accept(self.store, hold, begun.id, begun.asked_by, begun.reason, begun.started_at)
        return begun.id

    def pull(self, run: str, scope: str, *, complete: bool = False) -> dict[str, Any]:
        """Read one scope from its source into a snapshot; counts by what became of the records."""
        with self._step(run, Step("pull", scope)) as (step, con):
            pull_request, why = self._pull_request(con, run, scope, complete)
            if pull_request is None:
                return step.finish(outcome="ok", note=why, records=0)
            scope_settings = self.settings.scope(scope)
            source = open_source(self.settings, scope, self.credentials, store=self.store, run=run)
            snapshot = pull.pull(
                pull.Pull(
                    con,
                    self.store,
                    scope,
                    scope_settings,
                    pull_request,
                    run,
                    self.settings.fingerprint(scope),
                    self.clock,
                ),
                source,
            )
            absent = resync.absent(con, self.store, snapshot)
            names = ("what", "complete", "records", *snapshots.TERMS, "unreadable", "requests")
            counts = {name: getattr(snapshot, name) for name in names}
            return step.finish(
                outcome="ok",
                note=why,
                **counts,
                notes=list(snapshot.notes),
                not_at_source=list(absent.not_at_source[:100]),
                absent=len(absent.not_at_source),
                left_out=list(absent.left_out[:100]),
            )

    def apply(self, run: str, scope: str) -> dict[str, Any]:
        """Bring the run's snapshot of a scope into its catalog; counts by change."""
        with self._step(run, Step("catalog", scope)) as (step, con):
            snapshot = snapshots.read(con, self.store, scope, run)
            if snapshot is None:
                return step.finish(outcome="ok", note="The pull had nothing to read.")
            scope_settings = self.settings.scope(scope)
            applied = apply_snapshot(
                Application(
                    con,
                    self.store,
                    snapshot,
                    self.settings.guard_of(scope),
                    scope_settings.volatile,
                    self.clock,
                    scheduled=self._request(run) is None,
                    accepted=self._accepted(run, scope, None),
                    lookback=self.settings.sources[scope_settings.source].lookback,
                )
            )
            is_held = applied.held is not None or applied.kept_back > 0
            return step.finish(outcome="held" if is_held else "ok", **_plain(asdict(applied)))

    def transfer(self, run: str, scope: str, service: str) -> dict[str, Any]:
        """Close the difference between a scope's catalog and what one service holds; counts by outcome."""
        with self._step(run, Step("transfer", scope, service)) as (step, con):
            request, service_settings = self._request(run), self.settings.service(service)
            refuse_unverified(con, self.store, scope)
            marked = self._mark(con, run, scope, service, request) if request and request.force else 0
            transferred = transfer.transfer(
                transfer.Delivery(
                    con,
                    self.store,
                    scope,
                    service,
                    service_settings,
                    open_service(self.settings, service, scope, self.credentials),
                    run,
                    self.clock,
                ),
                self.settings.guard_of(scope, service),
                accepted=self._accepted(run, scope, None, service),
            )
            exports.export(con, self.store, self.settings, scope, service)
            return step.finish(
                outcome="held" if transferred.held else "ok", marked=marked, **_plain(asdict(transferred))
            )

    def close(self, run: str) -> dict[str, Any]:
        """Fold the steps into the run's record, with its outcome and a sentence for everything that did not go well."""
        begun = self._run(run)
        steps = _settled(runs.steps(self.store, run))
        sentences = [f"{step}: {record['error']}" for step, record in steps.items() if record["outcome"] == "failed"]
        try:
            missing = [step for step in self._expected(begun, steps) if step not in steps]
        except RequestLost as error:  # which steps were to come is lost with it; those that were recorded stand
            missing, sentences = [], [*sentences, str(error)]
        sentences += [f"{step}: no outcome was recorded; the task was ended, or never ran." for step in missing]
        outcome = "failed" if sentences else "held" if any(r["outcome"] == "held" for r in steps.values()) else "ok"
        ended = self.clock()
        times = {"started_at": ended.isoformat(), "finished_at": ended.isoformat()}
        unheard = {"outcome": "failed", "error": "No outcome was recorded.", **times}
        lost = dict.fromkeys(missing, unheard)
        runs.finish(self.store, replace(begun, finished_at=ended, outcome=outcome, steps={**steps, **lost}))
        return {"run": run, "outcome": outcome, "sentences": sentences}

    def confirm(self, outcome: Mapping[str, Any]) -> None:
        """Raise RunFailed if a closed run failed, so that whoever ran it turns red too."""
        if outcome["outcome"] == "failed":
            raise RunFailed(outcome["run"], outcome["sentences"])

    # ── resync ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def request(self, fields: Mapping[str, Any], asked_by: str) -> Request:
        """A form's or a shell's fields as a request; an accepted hold is looked up at once."""
        request = resync.parse(self.settings, fields, asked_by)
        resync.accepted(self.store, self.settings, request)
        return request

    def plan(self, request: Request) -> tuple[ScopePlan, ...]:
        """What a request would do; changes nothing."""
        now = self.clock()
        past = tuple(runs.newest(self.store, None, totals.RUNS_READ))
        sources = {scope: open_source(self.settings, scope, self.credentials) for scope in request.scopes}
        with self.connected() as con:
            return resync.plan(con, self.store, self.settings, request, sources, past, now)

    # ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def totals(self, as_of: datetime | None = None) -> Totals:
        """Every figure at a moment, by default now."""
        with self.connected() as con:
            return self._figures(con, as_of, self.clock())[1]

    def publish(self, as_of: datetime | None = None, *, single_file: Path | None = None) -> dict[str, Any]:
        """Publish the report of a moment, by default now, into the settings' site, or as a ``single_file``; says where
        it stands and what does not add up.
        """
        with self.connected() as con:
            now = self.clock()
            at, figures = self._figures(con, as_of, now)
            page = gather.site_pages(at, figures, now)
            products = gather.scope_products(at)
            more = partial(gather.data_files, at, figures)
            published = (
                render.single_file(page, products, single_file, more)
                if single_file
                else self._publish(page, products, more)
            )
        return {
            "index": published.index,
            "version": published.version,
            "files": published.files,
            "gaps": list(totals.gaps(figures)),
            "attention": list(summary.attention(page)),
            "summary": summary.text(page, self.settings.link or published.index),
        }

    def in_quarantine(self, scope: str) -> int:
        """How many records of a scope are in quarantine now, as the page counts them."""
        with self.connected() as con:
            log = catalog_log(self.store, scope)
            head = log.head(con)
            return totals.in_quarantine(self.store, scope, CatalogState.of(head), log.fold(head.number)).count(con)

    def status(self, as_of: datetime | None = None) -> dict[str, Any]:
        """The figures of a moment as status.json has them, without publishing."""
        with self.connected() as con:
            now = self.clock()
            at, figures = self._figures(con, as_of, now)
        bare = page_data.SitePages(
            now,
            at.as_of,
            self.settings.window,
            at.point.positions,
            (),
            (),
            figures.scopes,
            sources=figures.sources,
            ahead=figures.ahead,
            repairs=figures.repairs,
            unverified=figures.unverified,
        )
        return page_data.status(bare)

    # ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────

    def tidy(self, *, dry_run: bool = False) -> dict[str, int]:
        """Delete what ``keep`` no longer asks for and nobody needs, and what ended processes left under TMPDIR; counts
        by kind. ``dry_run`` only counts.
        """
        catalogs = {scope: catalog_log(self.store, scope) for scope in self.settings.scopes}
        receipt_logs = {s: tuple(receipt_log(self.store, v, s) for v in self.settings.services) for s in catalogs}
        logs = [ScopeLogs(scope, log, receipt_logs[scope]) for scope, log in catalogs.items()]
        with self.connected() as con:
            removed = asdict(tidy.tidy(con, self.store, self.settings.keep, logs, self.clock(), dry_run=dry_run))
        removed["scratch"] += exports.tidy(self.settings, self.clock(), dry_run=dry_run)
        return {**removed, "temporary folders": scratch.remove_dead(dry_run=dry_run)}

    def damages(self, *, deep: bool) -> tuple[Damage, ...]:
        """What is damaged in the store, by its footers and small files; ``deep`` reads every byte."""
        with self.connected() as con:
            return scan(con, self.store, deep=deep, kept_for=self.settings.keep.snapshots).damages

    def repair(
        self,
        run: str,
        by: str,
        *,
        deep: bool,
        carry_out: bool,
        services: Mapping[str, Service] | None = None,
    ) -> Iterator[str]:
        """What a repair does, a sentence for each thing, said before it is done if it is to be carried out.

        ``services`` are those that are opened elsewhere, by name.
        """
        with self.connected() as con:
            repair = Repair(runs.safe(run), by, self.clock(), self.clock)
            work = RepairContext(con, self.store, self.settings, repair, services or {}, self.credentials)
            damaged = scan(con, self.store, deep=deep, kept_for=self.settings.keep.snapshots)
            for mending in mend.plan(work, damaged):
                yield mending.sentence
                if carry_out:
                    mending.act()

    def unverified(self) -> tuple[Unverified, ...]:
        """The scopes with products that no pull has read since a repair left them in doubt."""
        with self.connected() as con:
            return repairs.unverified(con, self.store, self.settings)

    def leftovers(self) -> tuple[Leftover, ...]:
        """Scopes and services that left the settings and still hold products."""
        with self.connected() as con:
            return withdraw.leftovers(con, self.store, self.settings)

    def withdraw(self, run: str) -> tuple[Leftover, ...]:
        """Take away what is no longer configured; returns each with what it held."""
        with self.connected() as con:
            leftovers = withdraw.leftovers(con, self.store, self.settings)
            for leftover in sorted(leftovers, key=lambda left: left.service is None):
                withdraw.withdraw(con, self.store, leftover, run, self.clock)
            return leftovers

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _places(self) -> tuple[str, ...]:
        """Folders that a run writes to beside the store."""
        exports = [service.export for service in self.settings.services.values() if service.export]
        return (self.settings.site, *map(os.path.dirname, exports))

    def _publish(
        self, page: page_data.SitePages, products: Iterable[page_data.ScopeProducts], more: page_data.ExtraFiles
    ) -> render.Published:
        site, keep = self.settings.site, self.settings.keep.sites
        options = self.settings.store_options if site.startswith("s3://") else {}
        return render.publish(page, products, site, more=more, keep=keep, options=options)

    def _figures(self, con: duckdb.DuckDBPyConnection, as_of: datetime | None, now: datetime) -> tuple[StoreAt, Totals]:
        """A moment, fixed, and every figure at it: one in the past, or now, which is all that has been written."""
        fix = read_point if as_of else read_point_at_heads
        point = fix(con, self.store, self.settings, as_of or now)
        at = StoreAt(con, self.store, self.settings, point)
        return at, totals.totals(at)

    def _pull_request(
        self, con: duckdb.DuckDBPyConnection, run: str, scope: str, complete: bool
    ) -> tuple[PullRequest | None, str | None]:
        """What to ask the source for, and the words for it where there is something to say."""
        now = self.clock()
        if request := self._request(run):
            pull_request = resync.pull_request(con, self.store, self.settings, request, scope, now)
            return pull_request, None if pull_request else "No product is failing: nothing was read."
        return schedule.scheduled_pull(
            CatalogState.of(catalog_log(self.store, scope).head(con)),
            open_source(self.settings, scope, self.credentials).scheduled(),
            self.settings.fingerprint(scope),
            self.settings.sources[self.settings.scope(scope).source].complete_every,
            holds.current(self.store, scope, None),
            now,
            complete=complete,
        )

    def _mark(self, con: duckdb.DuckDBPyConnection, run: str, scope: str, service: str, request: Request) -> int:
        snapshot = snapshots.read(con, self.store, scope, run)
        if snapshot is None:
            return 0
        skus = None
        if snapshot.what == "skus":
            asked_skus = con.execute(f"SELECT sku FROM {parquet(self.store, snapshots.asked_path(scope, run))}")
            skus = [row[0] for row in asked_skus.fetchall()]
        return mark.mark(con, self.store, scope, service, skus, run, self.clock)

    def _expected(self, run: Run, recorded: Mapping[Step, StepRecord]) -> Iterator[Step]:
        """The steps that a run has to have; the catalog's only where the pull came to an end."""
        request = resync.of(run)
        services = resync.services(self.settings, request) if request else tuple(self.settings.services)
        for scope in run.scopes:
            pulled = Step("pull", scope)
            yield pulled
            if recorded.get(pulled, {}).get("outcome") == "ok":
                yield Step("catalog", scope)
            yield from (Step("transfer", scope, service) for service in services)

    def _run(self, run: str) -> Run:
        recorded = runs.find(self.store, run)
        if recorded is None:
            raise SettingsError(
                f"The store has no run {run!r}. Runs begin with `datasync sync`, `datasync resync` or a DAG."
            )
        return recorded

    def _request(self, run: str) -> Request | None:
        return resync.of(self._run(run))

    def _accepted(self, run: str, scope: str, *services: str | None) -> Relation:
        """The SKUs whose removal a run's request accepted there. What leaves the catalog has to leave the
        services, so a transfer asks for the scope's list too.
        """
        accepted = (acceptances.of_run(self.store, scope, service, run) for service in services)
        return holds.skus(self.store, (acceptance.listed for acceptance in accepted if acceptance))

    @contextmanager
    def _step(self, run: str, step: Step) -> Iterator[tuple[_Recording, duckdb.DuckDBPyConnection]]:
        recording = _Recording(self.clock)
        try:
            with self.connected() as con:
                yield recording, con
        except Exception as error:
            recording.finish(outcome="failed", error=secrets.mask(_sentence(error)))
            shown = secrets.without_chain(error)
            if shown is error:
                raise
            raise shown from None
        finally:
            runs.record(self.store, run, step, recording.content)


class _Recording:
    """The outcome of one step in the making."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.started_at = clock, clock()
        self.content: dict[str, Any] = {
            "outcome": "failed",
            "error": "The step was cut off.",
            "started_at": self.started_at.isoformat(),
        }

    def finish(self, **content: Any) -> dict[str, Any]:
        ended = self.clock()
        seconds = (ended - self.started_at).total_seconds()
        self.content = {
            **secrets.mask_all(content),
            "started_at": self.started_at.isoformat(),
            "finished_at": ended.isoformat(),
            "seconds": seconds,
        }
        return self.content


def _settled(steps: Mapping[Step, StepRecord]) -> dict[Step, StepRecord]:
    """The steps, with pulls that count no record as valid which the catalog found to be outdated."""
    outdated = {step.scope: record.get("outdated") for step, record in steps.items() if step.kind == "catalog"}
    return {step: _less_outdated(step, record, outdated.get(step.scope)) for step, record in steps.items()}


def _less_outdated(step: Step, record: StepRecord, outdated: int | None) -> StepRecord:
    return snapshots.with_outdated(record, outdated) if step.kind == "pull" and outdated else record


def _sentence(error: Exception) -> str:
    """What is written down of a failure: our own words, or only the kind of an error that nobody foresaw."""
    if isinstance(error, DatasyncError):
        return str(error)
    return f"{type(error).__name__}, which nobody foresaw; the log of the task has the details."


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """A stage's result as JSON can hold it."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else _plain(value) if isinstance(value, dict) else value
        for key, value in content.items()
    }
