"""What was done, when, by whom and why: one JSON file a run, and the parts it is made from at its end.

Each step of a run (a pull, a catalog entry, a transfer) leaves a small file of its own, so that any worker can write it
and a killed one leaves the rest. ``finish`` folds the parts into the run's file. A run without an end was cut off.
Steps of older runs have one joined name, as in ``en-US.pull``; ``queries/steps.sql`` reads both kinds, as ``_step``
does.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import quote

from datasync.store.files import Store, read_as, write_json

_SAFE = re.compile(r"[^A-Za-z0-9_.-]")


StepKind = Literal["pull", "catalog", "transfer", "audit"]
StepRecord = Mapping[str, Any]  # what a step wrote down: its outcome, counts, times, an error's sentence


@dataclass(frozen=True, slots=True)
class Step:
    """The pull of a scope, the entry in its catalog, or the transfer to or audit of one ``service`` of it (None for the
    others).
    """

    kind: StepKind
    scope: str
    service: str | None = None

    @property
    def place(self) -> str:
        """Where in its scope the step is, in words that no name of a service can be taken for."""
        if self.service is None:
            return self.kind
        return f"audit of {self.service}" if self.kind == "audit" else f"to {self.service}"

    def __str__(self) -> str:
        return f"{self.scope} {self.place}"


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. ``kind`` is sync or resync; ``outcome`` is running, ok, held or failed.

    ``written_at`` is the time of its file in the store, where it was read from there.
    """

    id: str
    kind: str
    scopes: tuple[str, ...]
    started_at: datetime
    asked_by: str
    reason: str
    finished_at: datetime | None = None
    outcome: str = "running"
    steps: Mapping[Step, StepRecord] = field(default_factory=dict)
    request: Mapping[str, Any] | None = None
    written_at: datetime | None = field(default=None, compare=False)

    @property
    def began_at(self) -> datetime:
        """When it began, which is not after its file was written, whatever its worker's clock said."""
        return min(self.started_at, self.written_at or self.started_at)


def safe(run_id: str) -> str:
    """A run id as a file name: the same for the same id, another for another, whatever characters it has."""
    name = _SAFE.sub("-", run_id)[:120].lstrip(".") or "run"
    if name == run_id:
        return name
    return f"{name}-{hashlib.md5(run_id.encode(), usedforsecurity=False).hexdigest()[:8]}"


def begin(store: Store, run: Run) -> Run:
    """Record that a run began; a run that is there already (Airflow tried again) stays as it is and is returned."""
    known = find(store, run.id)
    if known:
        return known
    write_json(store, path_of(run), _plain(run), new=True)
    return run


def find(store: Store, run_id: str) -> Run | None:
    """The run with that id, or None."""
    for date in reversed(store.folders("runs")):
        if run := read_as(store, f"runs/{date}/{run_id}.json", parse):
            return run
    return None


def record(store: Store, run_id: str, step: Step, content: StepRecord) -> None:
    """Leave the outcome of one step of a run; a second try of the step replaces the first's."""
    write_json(store, step_path(run_id, step), {**_names(step), **content})


def steps(store: Store, run_id: str) -> dict[Step, StepRecord]:
    """What each step of a run has recorded so far."""
    names = sorted(store.listing(f"steps/{run_id}"))
    contents = (read_as(store, f"steps/{run_id}/{name}", parse_step) for name in names)
    return _steps(content for content in contents if content)


def step_path(run_id: str, step: Step) -> str:
    """Where the outcome of a step stands in the store until its run ends: another path for another step."""
    names = [
        f"{key}={quote(name, safe='')}" for key in ("scope", "service") if (name := getattr(step, key)) is not None
    ]
    return f"steps/{run_id}/{'.'.join([step.kind, *names])}.json"


def file_name(record: StepRecord) -> str:
    """The name of the file that a step's record belongs into; empty for a record of an older kind."""
    return "" if "step" in record else step_path("", _step(record)).rpartition("/")[2]


def finish(store: Store, run: Run) -> None:
    """Replace a run's file by the finished run, its steps inside."""
    write_json(store, path_of(run), _plain(run))


def newest(store: Store, before: datetime | None, most: int) -> Iterator[Run]:
    """Runs, the newest first, at most ``most``: all there are, or, of a moment in the past, those that started before.

    A run whose clock was ahead stands where its file was written, so that no later one is taken for older than it.
    """
    runs: list[Run] = []
    for date in reversed(store.folders("runs")):
        if before is None or date <= f"date={before:%Y-%m-%d}":
            runs += [run for run in _of_date(store, date) if before is None or run.started_at < before]
        if sum(1 for run in runs if run.began_at == run.started_at) >= most:
            break
    yield from sorted(runs, key=lambda run: run.began_at, reverse=True)[:most]


def _of_date(store: Store, date: str) -> Iterator[Run]:
    for name, written_at in store.listing(f"runs/{date}").items():
        if run := read_as(store, f"runs/{date}/{name}", parse):
            yield replace(run, written_at=written_at)


def rebuilt(run_id: str, kind: str, steps: Mapping[Step, StepRecord], begun: str, reason: str) -> Run:
    """A run whose file was lost, as its steps tell of it. It has no end: nobody knows which steps were to come."""
    scopes = tuple(dict.fromkeys(step.scope for step in steps))
    return Run(run_id, kind, scopes, datetime.fromisoformat(begun), "unknown", reason, steps=steps)


def path_of(run: Run) -> str:
    """Where a run's file stands in the store."""
    return f"runs/date={run.started_at:%Y-%m-%d}/{run.id}.json"


def _plain(run: Run) -> dict[str, Any]:
    names = ("id", "kind", "scopes", "asked_by", "reason", "outcome", "request")
    ended = run.finished_at.isoformat() if run.finished_at else None
    return {
        **{name: getattr(run, name) for name in names},
        "steps": [{**_names(step), **content} for step, content in run.steps.items()],
        "started_at": run.started_at.isoformat(),
        "finished_at": ended,
    }


def parse(content: Mapping[str, Any]) -> Run:
    """A run from its file's JSON."""
    ended = content["finished_at"]
    return Run(
        **{
            **content,
            "scopes": tuple(content["scopes"]),
            "steps": _steps(content["steps"]),
            "started_at": datetime.fromisoformat(content["started_at"]),
            "finished_at": datetime.fromisoformat(ended) if ended else None,
        }
    )


def parse_step(content: StepRecord) -> StepRecord:
    """The record of a step from its file's JSON, if it says which step it is of."""
    if _step(content).kind not in get_args(StepKind):
        raise ValueError("no kind of step")
    return content


def _names(step: Step) -> dict[str, Any]:
    return {"kind": step.kind, "scope": step.scope, "service": step.service}


def _steps(contents: Iterable[StepRecord]) -> dict[Step, StepRecord]:
    """Steps by what they are. Where an older worker left one too, under a joined name, the later form counts."""
    newest_last = sorted(contents, key=lambda content: "step" not in content)
    return {_step(c): {k: v for k, v in c.items() if k not in _NAMES} for c in newest_last}


_NAMES = frozenset(("step", "kind", "scope", "service"))


def _step(content: StepRecord) -> Step:
    if "step" not in content:
        return Step(content["kind"], content["scope"], content["service"])
    scope, _, part = content["step"].rpartition(".")
    if part in ("pull", "catalog") and "marked" not in content:  # only a transfer marks
        return Step(part, scope)
    return Step("transfer", scope, part)
