"""The steps of the line: each one opens what it needs, calls one stage, and has its outcome recorded.

The DAGs and the shell call the same steps. Between steps go run ids and counts, never rows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from datasync import resync, secrets, settings
from datasync.catalog.apply import PendingSnapshot, apply_snapshot
from datasync.catalog.state import refuse_unverified
from datasync.connection import Credentials, from_environment
from datasync.delivery import audit, exports, mark, rebuild, transfer, withdraw
from datasync.delivery.context import Delivery
from datasync.delivery.rebuild import Rebuilt
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Holding, Service
from datasync.delivery.services.supposed import Supposed
from datasync.delivery.withdraw import LeftBehind, Leftover
from datasync.errors import DatasyncError
from datasync.figures import repairs, store_at, totals
from datasync.figures.repairs import UnverifiedProducts
from datasync.figures.totals import Totals
from datasync.intake import pull, schedule
from datasync.repair import catalogs, mend
from datasync.repair.context import RepairContext
from datasync.repair.damage import Damage
from datasync.repair.explain import explained
from datasync.repair.rebuild import Repair
from datasync.repair.scan import scan
from datasync.report import publication
from datasync.resync import Request, ResyncContext, ScopePlan
from datasync.run import StepRecording, begin_run, close_run, confirm_run, find_run, recorded_step
from datasync.settings import AuditedService, Settings
from datasync.sources import open_source
from datasync.sources.base import PullRequest
from datasync.store import acceptances, holds, runs, scratch, snapshots, tidy
from datasync.store.audit_note import AuditNote
from datasync.store.database import connected
from datasync.store.files import Clock, Store, open_store
from datasync.store.logs import CatalogState, ReceiptState, catalog_log, receipt_log
from datasync.store.runs import Run, Step


def utc_now() -> datetime:
    """The clock of real runs."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Settings, store and clock of one data sync, and the way to the secrets of its sources.

    ``is_dry``: its store is thrown away, and no service is called.
    """

    settings: Settings
    store: Store
    clock: Clock = utc_now
    credentials: Credentials = from_environment
    is_dry: bool = False

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
        run = Run(runs.safe(run_id), kind, chosen, self.clock(), asked_by, reason)
        return begin_run(self.store, self.settings, run, request)

    def pull(self, run: str, scope: str, *, complete: bool = False) -> dict[str, Any]:
        """Read one scope from its source into a snapshot; counts by what became of the records."""
        with self._step(run, Step("pull", scope)) as (step, con):
            request, note = self._pull_request(con, run, scope, complete)
            if request is None:
                return step.finish(outcome="ok", note=note, records=0)
            source = open_source(self.settings, scope, self.credentials, store=self.store, run=run)
            scope_settings, fingerprint = self.settings.scope(scope), self.settings.fingerprint(scope)
            work = pull.Pull(con, self.store, scope, scope_settings, request, run, fingerprint, self.clock)
            snapshot = pull.pull(work, source)
            absent = resync.absent(con, self.store, snapshot)
            return step.finish(outcome="ok", note=note, **snapshot.counts(), **absent.counts())

    def apply(self, run: str, scope: str) -> dict[str, Any]:
        """Bring the run's snapshot of a scope into its catalog; counts by change."""
        with self._step(run, Step("catalog", scope)) as (step, con):
            snapshot = snapshots.read(con, self.store, scope, run)
            if snapshot is None:
                return step.finish(outcome="ok", note="The pull had nothing to read.")
            scope_settings = self.settings.scope(scope)
            applied = apply_snapshot(
                PendingSnapshot(
                    con,
                    self.store,
                    snapshot,
                    self.settings.guard_of(scope),
                    scope_settings.volatile,
                    self.clock,
                    scheduled=self._request(run) is None,
                    accepted=acceptances.skus(self.store, run, scope, [None]),
                    lookback=self.settings.sources[scope_settings.source].lookback,
                )
            )
            is_held = applied.held is not None or applied.kept_back > 0
            return step.finish(outcome="held" if is_held else "ok", **asdict(applied))

    def transfer(self, run: str, scope: str, service: str) -> dict[str, Any]:
        """Close the difference between a scope's catalog and what one service holds; counts by outcome."""
        with self._step(run, Step("transfer", scope, service)) as (step, con):
            request = self._request(run)
            refuse_unverified(con, self.store, scope)
            opened = open_service(self.settings, service, scope, self.credentials)
            if self.is_dry and not opened.receipt_is_delivery:
                opened = Supposed(opened)
            delivery = self._delivery(con, run, scope, service, opened)
            marked = mark.mark_pulled(delivery) if request and request.force else 0
            transferred = transfer.transfer(
                delivery,
                self.settings.guard_of(scope, service),
                accepted=acceptances.skus(self.store, run, scope, [None, service]),
            )
            exports.export(con, self.store, self.settings, scope, service)
            return step.finish(outcome="held" if transferred.held else "ok", marked=marked, **asdict(transferred))

    def audit(self, run: str, scope: str, service: str, *, is_full: bool = False) -> AuditNote | None:
        """Compare what a service really holds of a scope with its receipts; None where it cannot be asked."""
        opened = open_service(self.settings, service, scope, self.credentials)
        if not isinstance(opened, Holding):
            return None
        with self.connected() as con:
            return audit.audit(self._delivery(con, run, scope, service, opened), is_full=is_full)

    def rebuild(self, run: str, scope: str, service: str, *, drops_settings: bool = False) -> Rebuilt:
        """Fill a service anew beside what it serves, and serve that; goes on with what an earlier call left."""
        guard = self.settings.guard_of(scope, service)
        with self.connected() as con:
            refuse_unverified(con, self.store, scope)
            opened = open_service(self.settings, service, scope, self.credentials)
            delivery = self._delivery(con, run, scope, service, opened)
            return rebuild.rebuild(delivery, guard, drops_settings=drops_settings)

    def _delivery(
        self, con: duckdb.DuckDBPyConnection, run: str, scope: str, service: str, opened: Service
    ) -> Delivery:
        options, volatile = self.settings.service(service), self.settings.scopes[scope].volatile
        return Delivery(con, self.store, scope, service, options, opened, run, self.clock, volatile=volatile)

    def audit_when_due(self, run: str, scope: str, service: str) -> dict[str, Any] | None:
        """Audit a service whose last audit is older than its ``audit`` allows; None where it is not, where nothing was
        delivered yet, or where the service cannot be asked.
        """
        options = self.settings.service(service)
        if not isinstance(options, AuditedService) or not self._is_audit_due(scope, service, options.audit):
            return None
        with recorded_step(self.store, run, Step("audit", scope, service), self.clock) as step:
            note = self.audit(run, scope, service)
            return step.finish(outcome="ok", note=note and note.sentence)

    def _is_audit_due(self, scope: str, service: str, every: timedelta) -> bool:
        with self.connected() as con:
            state = ReceiptState.of(receipt_log(self.store, service, scope).head(con))
        if state.audit is None:
            return bool(state.run)
        return self.clock() - state.audit.at >= every

    def close(self, run: str) -> dict[str, Any]:
        """Fold the steps into the run's record, with its outcome and a sentence for everything that did not go well."""
        return close_run(self.store, self.settings, run, self.clock())

    def confirm(self, closed: Mapping[str, Any]) -> None:
        """Raise RunFailed if a closed run failed, so that whoever ran it turns red too."""
        confirm_run(closed)

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
            return resync.plan(ResyncContext(con, self.store, self.settings, request), sources, past, now)

    # ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def totals(self, as_of: datetime | None = None) -> Totals:
        """Every figure at a moment, by default now."""
        with self.connected() as con:
            return totals.totals(store_at.store_at(con, self.store, self.settings, as_of, self.clock()))

    def publish(self, as_of: datetime | None = None, *, single_file: Path | None = None) -> dict[str, Any]:
        """Publish the report of a moment, by default now, into the settings' site, or as a ``single_file``; says where
        it stands and what does not add up.
        """
        with self.connected() as con:
            now = self.clock()
            at = store_at.store_at(con, self.store, self.settings, as_of, now)
            return publication.publish(at, totals.totals(at), now, single_file)

    def status(self, as_of: datetime | None = None) -> dict[str, Any]:
        """The figures of a moment as status.json has them, without publishing."""
        with self.connected() as con:
            now = self.clock()
            at = store_at.store_at(con, self.store, self.settings, as_of, now)
            return publication.status(at, totals.totals(at), now)

    def in_quarantine(self, scope: str) -> int:
        """How many records of a scope are in quarantine now, as the page counts them."""
        with self.connected() as con:
            log = catalog_log(self.store, scope)
            head = log.head(con)
            return totals.in_quarantine(self.store, scope, CatalogState.of(head), log.fold(head.number)).count(con)

    # ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────

    def tidy(self, *, dry_run: bool = False) -> dict[str, int]:
        """Delete what ``keep`` no longer asks for and nobody needs, and what ended processes left under TMPDIR; counts
        by kind. ``dry_run`` only counts.
        """
        logs, now = tidy.scope_logs(self.store, self.settings), self.clock()
        with self.connected() as con:
            removed = asdict(tidy.tidy(con, self.store, self.settings.keep, logs, now, dry_run=dry_run))
        removed["scratch"] += exports.tidy(self.settings, now, dry_run=dry_run)
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
        for place in catalogs.rebuilt_receipts(damaged):
            yield from self._read_back(repair.run, place.scope, str(place.service), carry_out=carry_out)

    def unverified(self) -> tuple[UnverifiedProducts, ...]:
        """The scopes with products that no pull has read since a repair left them in doubt."""
        with self.connected() as con:
            return repairs.unverified(con, self.store, self.settings)

    def leftovers(self) -> tuple[Leftover, ...]:
        """Scopes and services that left the settings and still hold products."""
        with self.connected() as con:
            return withdraw.leftovers(con, self.store, self.settings)

    def left_behind(self) -> tuple[LeftBehind, ...]:
        """What services hold at places that their settings no longer point to."""
        with self.connected() as con:
            return tuple(withdraw.left_behind(con, self.store, self.settings))

    def withdraw(self, run: str) -> tuple[Leftover, ...]:
        """Take away what is no longer configured; returns each with what it held."""
        with self.connected() as con:
            leftovers = withdraw.leftovers(con, self.store, self.settings)
            for leftover in sorted(leftovers, key=lambda left: left.service is None):
                withdraw.withdraw(con, self.store, self.credentials, leftover, run, self.clock)
            return leftovers

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _places(self) -> tuple[str, ...]:
        """Folders that a run writes to beside the store."""
        exported = [service.export for service in self.settings.services.values() if service.export]
        return (self.settings.site, *map(os.path.dirname, exported))

    def _read_back(self, run: str, scope: str, service: str, *, carry_out: bool) -> Iterator[str]:
        """Audit a service whose receipts a repair rebuilt, or say that this would be done. Nothing is said of one that
        left the settings, or that nobody can ask what it holds.
        """
        is_there = scope in self.settings.scopes and service in self.settings.services
        if not is_there or not isinstance(open_service(self.settings, service, scope, self.credentials), Holding):
            return
        receipts, later = f"The receipts of {service} in {scope}", f"--service {service} --scope {scope} --full"
        if not carry_out:
            yield f"{receipts} are then compared with all that it really holds, as by `datasync audit {later}`."
            return
        try:
            note = self.audit(run, scope, service, is_full=True)
            yield f"{receipts} were compared with all that it really holds. {note.sentence if note else ''}."
        except DatasyncError as error:
            todo = f"Compare them when it can be asked: `datasync audit {later}`."
            yield f"{receipts} could not be compared with what it really holds. {error} {todo}"

    def _request(self, run: str) -> Request | None:
        return resync.of(find_run(self.store, run))

    def _pull_request(
        self, con: duckdb.DuckDBPyConnection, run: str, scope: str, complete: bool
    ) -> tuple[PullRequest | None, str | None]:
        """What to ask the source for, and the words for it where there is something to say."""
        now = self.clock()
        if request := self._request(run):
            work = ResyncContext(con, self.store, self.settings, request)
            pull_request = resync.pull_request(work, scope, now)
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

    @contextmanager
    def _step(self, run: str, step: Step) -> Iterator[tuple[StepRecording, duckdb.DuckDBPyConnection]]:
        with recorded_step(self.store, run, step, self.clock) as recording, self.connected() as con:
            yield recording, con
