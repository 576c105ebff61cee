"""How well sources and services keep up, as the runs recorded it: how fresh each service is, how each source does.

A service is as fresh as the pull it last caught up with: a whole one, not a list of SKUs, that reached the catalog and
then the service in one run. How long that may be ago is ``fresh_within`` in the settings, the scope's own before the
common one; without it, two scheduled runs may pass, so that one late run raises no alarm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from croniter import croniter

from datasync.settings import Settings
from datasync.store.runs import Run, Step


@dataclass(frozen=True, slots=True)
class Freshness:
    """When what a service has of a scope was read from the source, and until when that is fresh enough.

    ``read_at`` is None where no run has come that far, ``until`` where nothing sets a limit.
    """

    scope: str
    service: str
    read_at: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A scope's last try to read its source, and how many failed in a row; ``outcome`` is never before the first.

    ``what`` is what the try read: complete, changed, or single skus; None where it ended before that was known.
    """

    source: str
    scope: str
    outcome: str = "never"
    run: str | None = None
    ended_at: datetime | None = None
    seconds: float | None = None
    records: int | None = None
    quarantined: int | None = None
    failures: int = 0
    error: str | None = None
    what: str | None = None


def freshness(settings: Settings, past: Sequence[Run]) -> Iterator[Freshness]:
    """Every scope and service; ``past`` are runs, the newest first."""
    for scope in settings.scopes:
        for service in settings.services:
            read_at = next((at for run in past if (at := _caught_up(run, scope, service))), None)
            yield Freshness(scope, service, read_at, read_at and fresh_until(settings, scope, read_at))


def fresh_until(settings: Settings, scope: str, read_at: datetime) -> datetime | None:
    """Until when what was read at a moment is fresh, by the settings' limit or else by their schedule."""
    own = settings.scopes[scope].fresh_within or settings.fresh_within
    return read_at + own if own else second_run(settings.schedule, read_at)


def second_run(schedule: str | None, after: datetime) -> datetime | None:
    """When the second scheduled run after a moment begins; None where nothing is scheduled."""
    if schedule is None:
        return None
    ticks = croniter(schedule, after)
    ticks.get_next(datetime)
    second: datetime = ticks.get_next(datetime)
    return second


def health(settings: Settings, past: Sequence[Run]) -> Iterator[SourceHealth]:
    """Every scope's source; ``past`` are runs, the newest first."""
    for name, scope in settings.scopes.items():
        pulls = [(run.id, run.steps[pull]) for run in past if (pull := Step("pull", name)) in run.steps]
        if not pulls:
            yield SourceHealth(scope.source, name)
            continue
        (run, last), *_ = pulls
        yield SourceHealth(
            source=scope.source,
            scope=name,
            outcome=last["outcome"],
            run=run,
            ended_at=datetime.fromisoformat(last["finished_at"]) if "finished_at" in last else None,
            failures=sum(1 for _ in takewhile(lambda pull: pull[1]["outcome"] == "failed", pulls)),
            **{key: last.get(key) for key in ("what", "seconds", "records", "quarantined", "error")},
        )


def _caught_up(run: Run, scope: str, service: str) -> datetime | None:
    """When the source was read that this run delivered to a service; None where the run did not come that far."""
    pulled, *later = (
        run.steps.get(step, {})
        for step in (Step("pull", scope), Step("catalog", scope), Step("transfer", scope, service))
    )
    is_whole = pulled.get("what") in ("complete", "changed")
    if not is_whole or any(record.get("outcome") != "ok" for record in (pulled, *later)):
        return None
    read_at = datetime.fromisoformat(pulled["started_at"])
    return min(read_at, run.written_at or read_at)  # the clock of its worker may have been ahead
