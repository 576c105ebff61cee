"""A run: begun, each of its steps recorded beside it also where it failed, and closed with an outcome and its reasons.

A run is named by its id, because the process that executes a step is not the one that began the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from datasync import resync, secrets
from datasync.errors import DatasyncError, RequestLost, RunFailed, SettingsError
from datasync.resync import Request
from datasync.settings import Settings
from datasync.store import acceptances, runs, snapshots
from datasync.store.files import Clock, Store
from datasync.store.runs import Run, Step, StepRecord

_CUT_OFF = {"outcome": "failed", "error": "The step was cut off."}
_NOT_RECORDED = {"outcome": "failed", "error": "No outcome was recorded."}


def begin_run(store: Store, settings: Settings, run: Run, request: Request | None) -> str:
    """Record that a run began, and the holds that its request accepts; returns its id. Begun again, it goes on."""
    for scope in run.scopes:
        settings.scope(scope)
    begun = runs.begin(store, replace(run, request=request.plain() if request else None))
    for hold in resync.accepted(store, settings, request) if request else ():
        acceptances.accept(store, hold, begun.id, begun.asked_by, begun.reason, begun.started_at)
    return begun.id


def find_run(store: Store, run_id: str) -> Run:
    """A run that was begun. Raises SettingsError where there is none of this id."""
    run = runs.find(store, run_id)
    if run is None:
        words = f"The store has no run {run_id!r}. Runs begin with `datasync sync`, `datasync resync` or a DAG."
        raise SettingsError(words)
    return run


class StepRecording:
    """What will be recorded of one step; a step that nothing finishes was cut off."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._started_at = clock, clock()
        self.record: StepRecord = {**_CUT_OFF, "started_at": self._started_at.isoformat()}

    def finish(self, **counts: Any) -> dict[str, Any]:
        """Note how the step ended; returns what is recorded, in which no secret stands."""
        ended = self._clock()
        times = {"started_at": self._started_at.isoformat(), "finished_at": ended.isoformat()}
        seconds = (ended - self._started_at).total_seconds()
        record = {**secrets.mask_all(_plain(counts)), **times, "seconds": seconds}
        self.record = record
        return record


@contextmanager
def recorded_step(store: Store, run_id: str, step: Step, clock: Clock) -> Iterator[StepRecording]:
    """Execute a step of a run in the block, and record what became of it, also of one that raises."""
    recording = StepRecording(clock)
    try:
        yield recording
    except Exception as error:
        recording.finish(outcome="failed", error=secrets.mask(_sentence(error)))
        shown = secrets.without_chain(error)
        if shown is error:
            raise
        raise shown from None
    finally:
        runs.record(store, run_id, step, recording.record)


def _sentence(error: Exception) -> str:
    """What is written down of a failure: our own words, or only the kind of an error that nobody foresaw."""
    if isinstance(error, DatasyncError):
        return str(error)
    return f"{type(error).__name__}, which nobody foresaw; the log of the task has the details."


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's result as JSON can hold it."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else _plain(value) if isinstance(value, dict) else value
        for key, value in content.items()
    }


def close_run(store: Store, settings: Settings, run_id: str, ended: datetime) -> dict[str, Any]:
    """Fold the steps into the run's record, with its outcome and a sentence for everything that did not go well."""
    begun, steps = find_run(store, run_id), _without_outdated(runs.steps(store, run_id))
    sentences = [f"{step}: {record['error']}" for step, record in steps.items() if record["outcome"] == "failed"]
    try:
        missing = [step for step in _expected(settings, begun, steps) if step not in steps]
    except RequestLost as error:  # which steps were to come is lost with it; those that were recorded stand
        missing, sentences = [], [*sentences, str(error)]
    sentences += [f"{step}: no outcome was recorded; the task was ended, or never ran." for step in missing]
    outcome = "failed" if sentences else "held" if any(r["outcome"] == "held" for r in steps.values()) else "ok"
    at = ended.isoformat()
    unrecorded = {step: {**_NOT_RECORDED, "started_at": at, "finished_at": at} for step in missing}
    runs.finish(store, replace(begun, finished_at=ended, outcome=outcome, steps={**steps, **unrecorded}))
    return {"run": run_id, "outcome": outcome, "sentences": sentences}


def confirm_run(closed: Mapping[str, Any]) -> None:
    """Raise RunFailed if a closed run failed, so that whoever ran it turns red too."""
    if closed["outcome"] == "failed":
        raise RunFailed(closed["run"], closed["sentences"])


def _expected(settings: Settings, run: Run, recorded: Mapping[Step, StepRecord]) -> Iterator[Step]:
    """The steps that a run has to have; the catalog's only where the pull came to an end."""
    request = resync.of(run)
    services = resync.services(settings, request) if request else tuple(settings.services)
    for scope in run.scopes:
        pulled = Step("pull", scope)
        yield pulled
        if recorded.get(pulled, {}).get("outcome") == "ok":
            yield Step("catalog", scope)
        yield from (Step("transfer", scope, service) for service in services)


def _without_outdated(steps: Mapping[Step, StepRecord]) -> dict[Step, StepRecord]:
    """The steps, with pulls that count no record as valid which the catalog found to be outdated."""
    outdated = {step.scope: record.get("outdated") for step, record in steps.items() if step.kind == "catalog"}
    return {step: _less_outdated(step, record, outdated.get(step.scope)) for step, record in steps.items()}


def _less_outdated(step: Step, record: StepRecord, outdated: int | None) -> StepRecord:
    return snapshots.with_outdated(record, outdated) if step.kind == "pull" and outdated else record
