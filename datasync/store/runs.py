"""What was done, when, by whom and why: one JSON file a run, and the parts it is made from at its end.

Each step of a run (a pull, a catalog entry, a transfer) leaves a small file of its own, so that any worker can write it
and a killed one leaves the rest. ``finish`` folds the parts into the run's file. A run without an end was cut off.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from datasync.store.files import Store, read_json, write_json

_SAFE = re.compile(r"[^A-Za-z0-9_.-]")


@dataclass(frozen=True, slots=True)
class Run:
    """One execution. ``kind`` is sync or resync; ``outcome`` is running, ok, held or failed."""

    id: str
    kind: str
    scopes: tuple[str, ...]
    started_at: datetime
    asked_by: str
    reason: str
    finished_at: datetime | None = None
    outcome: str = "running"
    steps: tuple[Mapping[str, Any], ...] = ()
    request: Mapping[str, Any] | None = None


def safe(given: str) -> str:
    """A run id as a file name: the same for the same id, another for another, whatever characters it has."""
    made = _SAFE.sub("-", given)[:120].lstrip(".") or "run"
    if made == given:
        return made
    return f"{made}-{hashlib.md5(given.encode(), usedforsecurity=False).hexdigest()[:8]}"


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
        if content := read_json(store, f"runs/{date}/{run_id}.json"):
            return _run(content)
    return None


def record(store: Store, run_id: str, step: str, content: Mapping[str, Any]) -> None:
    """Leave the outcome of one step of a run; a second try of the step replaces the first's."""
    write_json(store, f"steps/{run_id}/{step}.json", {"step": step, **content})


def steps(store: Store, run_id: str) -> tuple[Mapping[str, Any], ...]:
    """The parts of a run that are recorded so far, by name."""
    names = sorted(store.listing(f"steps/{run_id}"))
    found = (read_json(store, f"steps/{run_id}/{name}") for name in names)
    return tuple(content for content in found if content)


def finish(store: Store, run: Run) -> None:
    """Replace a run's file by the finished run, its steps inside."""
    write_json(store, path_of(run), _plain(run))


def newest(store: Store, before: datetime, most: int) -> Iterator[Run]:
    """Runs that started before a moment, newest first, at most ``most``."""
    count = 0
    for date in reversed(store.folders("runs")):
        if date > f"date={before:%Y-%m-%d}":
            continue
        contents = [read_json(store, f"runs/{date}/{name}") for name in store.listing(f"runs/{date}")]
        found = sorted((_run(c) for c in contents if c), key=lambda run: run.started_at, reverse=True)
        for run in found:
            if run.started_at < before and count < most:
                count += 1
                yield run
        if count >= most:
            return


def path_of(run: Run) -> str:
    """Where a run's file stands in the store."""
    return f"runs/date={run.started_at:%Y-%m-%d}/{run.id}.json"


def _plain(run: Run) -> dict[str, Any]:
    names = ("id", "kind", "scopes", "asked_by", "reason", "outcome", "steps", "request")
    ended = run.finished_at.isoformat() if run.finished_at else None
    return {
        **{name: getattr(run, name) for name in names},
        "started_at": run.started_at.isoformat(),
        "finished_at": ended,
    }


def _run(content: Mapping[str, Any]) -> Run:
    ended = content["finished_at"]
    return Run(
        **{
            **content,
            "scopes": tuple(content["scopes"]),
            "steps": tuple(content["steps"]),
            "started_at": datetime.fromisoformat(content["started_at"]),
            "finished_at": datetime.fromisoformat(ended) if ended else None,
        }
    )
