"""``sync`` and ``resync``: a run's steps one after the other, in this process, and the exit code they come to."""

from __future__ import annotations

import argparse
import getpass
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from datasync import resync
from datasync.cli import words
from datasync.cli.progress import Steps, balance
from datasync.cli.screen import say, table, tell, unforeseen
from datasync.delivery import budget
from datasync.errors import DatasyncError, RunFailed
from datasync.pipeline import Pipeline
from datasync.quantity import quantity
from datasync.resync import Request, ScopePlan
from datasync.store import snapshots
from datasync.store.files import Clock
from datasync.store.overlay import dry_run
from datasync.store.runs import Step, StepRecord

_WORST_FIRST = (1, 2, 4, 3, 5)
_MOVED = {name: name for name in ("added", "updated", "resent", "removed", "quarantined", "rejected", "failed")}
_MOVED["quarantined"] = "in quarantine"


@dataclass
class RunExecution:
    """A run under way: the record of each step, and what went wrong."""

    pipeline: Pipeline
    run: str
    steps: Steps
    records: dict[Step, StepRecord] = field(default_factory=dict)
    causes: list[Exception] = field(default_factory=list)

    def step(self, step: Step, act: Callable[[], StepRecord]) -> bool:
        """Carry one step out; False if it failed, which stops nothing else."""
        self.steps.begins(str(step))
        try:
            record = act()
        except Exception as error:
            self.causes.append(error)
            if not isinstance(error, DatasyncError):
                unforeseen(error)
            record = {
                "outcome": "failed",
                "error": str(error)
                if isinstance(error, DatasyncError)
                else f"{type(error).__name__}, which nobody foresaw",
            }
        self.records[step] = record
        self.steps.ended(str(step), record, self._valid_before(step))
        return bool(record["outcome"] != "failed")

    def _valid_before(self, step: Step) -> int:
        """How many records the pull called valid that a catalog step judges; of another step 0."""
        pulled = self.records.get(Step("pull", step.scope), {}) if step.kind == "catalog" else {}
        return int(pulled.get("valid", 0))


def sync(args: argparse.Namespace, clock: Clock) -> int:
    """Pull, apply and transfer every chosen scope; with ``--dry-run`` into a store that is thrown away."""
    pipeline = Pipeline.open(args.settings, clock)
    scopes = tuple(dict.fromkeys(args.scope)) or tuple(pipeline.settings.scopes)
    with _where(pipeline, args.dry_run) as there:
        run = there.begin(run_id("sync", clock), "sync", scopes, user(), "Asked for in a shell.")
        services = tuple(there.settings.services)
        execution = _carry_out(there, run, scopes, services, complete=args.complete, is_dry=args.dry_run)
        code = _close(execution, tidy=not args.dry_run)
    if args.dry_run:
        say("Dry run: this is what would change. Nothing was written.")
    return code


@contextmanager
def _where(pipeline: Pipeline, is_dry: bool) -> Iterator[Pipeline]:
    """The pipeline itself, or for a dry run one that writes nowhere and calls no service."""
    if not is_dry:
        yield pipeline
        return
    services = {
        name: service.model_copy(update={"export": None}) for name, service in pipeline.settings.services.items()
    }
    with dry_run(pipeline.store) as aside:
        yield replace(
            pipeline, store=aside, settings=pipeline.settings.model_copy(update={"services": services}), is_dry=True
        )


def resync_(args: argparse.Namespace, clock: Clock) -> int:
    """Show what a request would do, or with ``--yes`` carry it out."""
    pipeline = Pipeline.open(args.settings, clock)
    options = {
        "scopes": args.scope,
        "services": args.service,
        "skus": _skus(args),
        "failing": args.failing,
        "force": args.force,
        "accept_shrink": args.accept_shrink,
        "reason": words.utf8("--reason", args.reason),
    }
    request = pipeline.request(options, user())
    if not args.yes:
        _show_plan(request, pipeline.plan(request))
        return 0
    run = pipeline.begin(run_id("resync", clock), "resync", request.scopes, request.asked_by, request.reason, request)
    execution = _carry_out(pipeline, run, request.scopes, resync.services(pipeline.settings, request))
    return _close(execution)


def _skus(args: argparse.Namespace) -> list[str]:
    """The SKUs that are asked for. One that looks like several is read as it is, and a line on stderr says so."""
    skus = words.sku_list(args.sku, args.skus, sys.stdin)
    for sku in [sku for sku in skus if words.looks_like_several(sku)][:3]:
        tell(
            f"datasync: {sku!r} is read as one SKU. If it is several: --sku A --sku B, or a file with one a line, "
            "given with --skus."
        )
    return skus


def run_id(kind: str, clock: Clock) -> str:
    """A name for a run, as in sync-20261124T030000Z-ab12: it sorts by time and is nobody else's."""
    return f"{kind}-{clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def user() -> str:
    """Who asks, by the name this machine knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        return "unknown"


def _carry_out(
    pipeline: Pipeline,
    run: str,
    scopes: Sequence[str],
    services: Sequence[str],
    *,
    complete: bool = False,
    is_dry: bool = False,
) -> RunExecution:
    """Every step of a run. What was due stays due, so services are served even if the pull failed."""
    execution = RunExecution(pipeline, run, Steps(len(scopes) * (2 + len(services)), is_dry=is_dry))
    with execution.steps.shown():
        for scope in scopes:
            if execution.step(Step("pull", scope), partial(pipeline.pull, run, scope, complete=complete)):
                execution.step(Step("catalog", scope), partial(pipeline.apply, run, scope))
            for service in services:
                execution.step(Step("transfer", scope, service), partial(pipeline.transfer, run, scope, service))
    return execution


def _close(execution: RunExecution, *, tidy: bool = False) -> int:
    """Write the outcome down, show it, and give the exit code."""
    closed = execution.pipeline.close(execution.run)
    _show(execution)
    say(f"{closed['run']}: {closed['outcome']}")
    if tidy:
        execution.pipeline.tidy()
    try:
        execution.pipeline.confirm(closed)
    except RunFailed as error:
        tell(f"datasync: {error}")
        return worst(execution.causes)
    return 5 if closed["outcome"] == "held" else 0


def worst(causes: Sequence[Exception]) -> int:
    """The exit code for several failures: what nobody foresaw first; "try again" only where that may be enough."""
    codes = {cause.exit_code if isinstance(cause, DatasyncError) else 1 for cause in causes}
    return next((code for code in _WORST_FIRST if code in codes), 1)


def _show(execution: RunExecution) -> None:
    """What moved, a row for each catalog and service; what became of the records; and what is not at the source."""
    rows = [
        (step.scope, step.place, *_moved(execution, step, record), record["outcome"])
        for step, record in execution.records.items()
        if step.kind != "pull"
    ]
    if rows:
        table(("scope", "where", *_MOVED.values(), "outcome"), rows)
    for step, record in execution.records.items():
        if step.kind == "pull" and record.get("records"):
            outdated = execution.records.get(Step("catalog", step.scope), {}).get("outdated", 0)
            say(f"{step.scope}: {balance(snapshots.with_outdated(record, outdated))}")
    for step, record in execution.records.items():
        if record.get("budget_at"):
            say(f"{step}: {budget.words(record['due_left'], datetime.fromisoformat(record['budget_at']))}")
    for step, record in execution.records.items():
        if step.kind == "pull" and (record.get("not_at_source") or record.get("left_out")):
            applied = execution.records.get(Step("catalog", step.scope), {})
            for line in _absent(record, int(applied.get("removed", 0))):
                say(f"{step.scope}: {line}")
            if applied.get("kept_back"):
                say(f"{step.scope}: {applied['note']}")


def _moved(execution: RunExecution, step: Step, record: Mapping[str, Any]) -> list[int]:
    """The counts of a catalog or a service; of a catalog, the records in quarantine now, as `status` has them."""
    counts = {name: int(record.get(name, 0)) for name in _MOVED}
    if step.kind == "catalog":
        counts["quarantined"] = execution.pipeline.in_quarantine(step.scope)
    return list(counts.values())


def _absent(pulled: Mapping[str, Any], removed: int) -> Iterator[str]:
    """The SKUs that a source does not have, those that the scope leaves out, and how many the catalog had until now."""
    named, left_out, absent = pulled["not_at_source"], pulled.get("left_out", []), int(pulled["absent"])
    more = f" and {absent - len(named):,} more" if absent > len(named) else ""
    count = absent + len(left_out)
    taken = {0: "", count: " (taken out of the catalog)"}.get(
        removed, f" ({removed:,} of them taken out of the catalog)"
    )
    if left_out:
        yield f"the scope's `where:` leaves out: {', '.join(left_out)}{'' if named else taken}"
    if named:
        yield f"not at the source: {', '.join(named)}{more}{taken}"


def _show_plan(request: Request, plan: Sequence[ScopePlan]) -> None:
    say("This is a plan. Nothing was changed.")
    for scope in plan:
        say(f"{scope.scope}: reads {scope.reads}, {quantity(scope.products, 'product')}{_shown(scope)}.")
        last = (
            f"the last one took {scope.last_seconds:.1f} s"
            if scope.last_seconds is not None
            else "there was no pull like it yet"
        )
        say(f"  Requests to the source: {scope.requests:,}; {last}.")
        if request.force:
            marks = ", ".join(f"{service} {count:,}" for service, count in scope.marks.items())
            say(f"  Delivered again though held: {marks}.")
        for sentence in resync.further_words(scope):
            say(f"  {sentence}")
    say("To carry it out, add --yes.")


def _shown(scope: ScopePlan) -> str:
    if not scope.shown:
        return ""
    rest = scope.products - len(scope.shown)
    return f": {', '.join(scope.shown)}" + (f" and {rest:,} more" if rest > 0 else "")
