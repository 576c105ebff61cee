"""How each source is read: how often whole, how far back in between, and what the partial pulls missed by its measure.

A source feeds one scope or more; each has a measure of its own, from its last complete pull, and they are summed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from datasync.intake import schedule
from datasync.settings import Settings
from datasync.store.logs import CatalogState, Missed


@dataclass(frozen=True, slots=True)
class SourceReading:
    """One source. ``reads``: `complete` if each pull reads it whole, `partial` if most read what changed and some all,
    `changes` if none ever reads it whole.

    ``changed`` and the counts after it are those of ``measured`` scopes; where that is 0, nothing was measured yet.
    ``missed`` is ``unmoved`` (the change time did not move) and ``late`` (it was past when the change came to light).
    """

    source: str
    scopes: tuple[str, ...]
    reads: Literal["complete", "partial", "changes"]
    complete_every_seconds: int
    lookback_seconds: int
    last_complete_at: datetime | None = None
    measured: int = 0
    changed: int = 0
    missed: int = 0
    unmoved: int = 0
    late: int = 0
    removed: int = 0
    better_lookback_seconds: int | None = None
    better_complete_every_seconds: int | None = None

    @property
    def missed_rate(self) -> float | None:
        """The share of changes that partial pulls missed; None where nothing was measured, or nothing changed."""
        return self.missed / self.changed if self.changed else None


def readings(settings: Settings, catalogs: Mapping[str, CatalogState]) -> tuple[SourceReading, ...]:
    """Every source that feeds a scope; ``catalogs`` are the states of the catalogs, by scope."""
    fed = {name: [s for s, scope in settings.scopes.items() if scope.source == name] for name in settings.sources}
    return tuple(_reading(settings, name, scopes, catalogs) for name, scopes in fed.items() if scopes)


def _reading(settings: Settings, name: str, scopes: list[str], catalogs: Mapping[str, CatalogState]) -> SourceReading:
    source, states = settings.sources[name], [catalogs[scope] for scope in scopes]
    complete_pulls = [state.last_complete.started_at for state in states if state.last_complete]
    measures = [state.missed for state in states if state.missed]
    figures = _summed(measures, source.complete_every, source.lookback) if measures else {}
    modes = {_read_mode(state) for state in states}
    return SourceReading(
        source=name,
        scopes=tuple(scopes),
        reads="partial" if "partial" in modes else "changes" if "changes" in modes else "complete",
        complete_every_seconds=_seconds(source.complete_every) or 0,
        lookback_seconds=_seconds(source.lookback) or 0,
        last_complete_at=min(complete_pulls, default=None),
        **figures,
    )


def _read_mode(state: CatalogState) -> str:
    """How one scope is read, as its catalog shows: only what is not always read whole has a watermark."""
    if state.watermark is None:
        return "complete"
    return "partial" if state.last_complete else "changes"


def _summed(measures: list[Missed], every: timedelta, lookback: timedelta) -> dict[str, Any]:
    total = {
        name: sum(getattr(measure, name) for measure in measures) for name in ("changed", "unmoved", "late", "removed")
    }
    longer = schedule.better_lookback(max(measure.late_seconds for measure in measures))
    return {
        **total,
        "measured": len(measures),
        "missed": total["unmoved"] + total["late"],
        "better_lookback_seconds": _seconds(longer if longer and longer > lookback else None),
        "better_complete_every_seconds": _seconds(schedule.better_every(total["unmoved"], total["changed"], every)),
    }


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else int(duration.total_seconds())
