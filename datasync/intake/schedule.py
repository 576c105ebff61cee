"""How often a scope is read whole, how far back the partial pulls between read again, and what they miss all the same.

A partial pull asks for what changed since the watermark, less the lookback. Sources do not tell all: stock, images or
mass updates may leave a record's change time as it was, and what is committed late carries a time already passed. So a
scope is read whole every ``complete_every``, and each complete pull measures what the partial ones missed. (A resync
decides for itself what it asks for: ``resync.pull_request``.)

    missed  = products that it added or updated, whose updated_at lies before the watermark less the lookback: a partial
              pull in its place would not have read them. One without an updated_at is read by every partial pull.
    unmoved = those of them whose updated_at is no later than the catalog's (where the catalog has none: than the start
              of the complete pull before). No lookback finds these; complete pulls do.
    late    = the others: they came to light after their time was past. A longer lookback finds these.
    changed = all products added or updated since the complete pull before, by partial pulls and by this one.

Removals are counted beside them: most sources tell of none but in a complete pull.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from datasync.relation import Relation, query
from datasync.sources.base import PullRequest
from datasync.sql import instant
from datasync.store.holds import Hold
from datasync.store.logs import CatalogState, PartialPulls

_SLACK = 0.01  # a daily pull that starts some seconds early is the daily pull
_REMEMBERED = 500  # moves of the watermark since the last complete pull
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)


def scheduled_pull(
    state: CatalogState,
    default_mode: Literal["complete", "changed"],
    fingerprint: str,
    every: timedelta,
    held: Hold | None,
    now: datetime,
    *,
    complete: bool,
) -> tuple[PullRequest, str | None]:
    """What a scheduled pull asks for, and the words for it where there is something to say.

    ``state`` is the catalog's, ``default_mode`` what a schedule asks of such a source, ``held`` the scope's hold;
    with ``complete``, somebody asked for all.
    """
    whole = PullRequest("complete", now)
    if complete:
        return whole, "A complete pull was asked for."
    if state.run and state.fingerprint != fingerprint:
        return whole, "Complete, because the scope's source, map or attributes changed."
    if state.doubt and state.doubt.needs_complete:
        return whole, "Complete, because the catalog was repaired."
    if default_mode == "complete":
        return whole, None
    why = _why_complete(state, every, held.at if held and held.complete else None, now)
    watermark = state.watermark.value if state.watermark else None
    return (whole, why) if why else (PullRequest("changed", now, watermark), None)


def _why_complete(state: CatalogState, every: timedelta, held_at: datetime | None, now: datetime) -> str | None:
    """Why a source that tells what changed is to be read whole now; None where a partial pull will do.

    A complete pull that is held counts as one: while it waits, partial pulls go on. A scope that was pulled and never
    whole is of a kind that is never whole, such as files that hold changes. A time in the future was written
    by a clock that was ahead. A hold of such a time is ignored; if the last complete pull has such a time, ``every``
    counts from the first partial pull after it.
    """
    if state.watermark is None:
        return "It is the first scheduled pull, so all was asked for."
    if state.last_complete is None:
        return None
    tried = state.last_complete.started_at
    if tried > now:
        tried = min(now, state.partial_pulls.since or now)
    if held_at and held_at <= now:
        tried = max(tried, held_at)
    if now - tried < every * (1 - _SLACK):
        return None
    return f"Complete, because {_said(every)} have passed since the last one."


def late_changes(
    con: duckdb.DuckDBPyConnection, state: CatalogState, difference: Relation, known: Relation, lookback: timedelta
) -> dict[str, int] | None:
    """What the partial pulls since the last complete one missed, counted as above; None where there were none.

    ``difference`` is what a complete snapshot changes that is being applied, ``known`` the catalog before.
    """
    moves = state.partial_pulls.moved_at
    if not moves or not state.last_complete:
        return None
    measure = query(
        "missed",
        difference=difference,
        known=known,
        since=instant(max(moves) - lookback),
        before=instant(state.last_complete.started_at),
        moves=f"[{', '.join(map(instant, moves))}]",
        lookback=f"INTERVAL {lookback.total_seconds()} SECONDS",
    )
    counts = measure.row(con)
    return {**counts, "changed": state.partial_pulls.changed + counts["changed"]}


def carried(state: CatalogState, *, complete: bool, changed: int, started_at: datetime, moves: bool) -> PartialPulls:
    """What partial pulls have done since the last complete one, for the next state; ``moves``: this pull moves the
    watermark.
    """
    if complete:
        return PartialPulls()
    before = state.partial_pulls
    after = replace(before, since=min(started_at, before.since or started_at))
    if not moves:
        return after
    return replace(after, changed=before.changed + changed, moved_at=(*before.moved_at, started_at)[-_REMEMBERED:])


def better_lookback(late_seconds: int) -> timedelta | None:
    """The lookback that finds what came late: what was needed, rounded up to a quarter of an hour, or to whole ones."""
    if not late_seconds:
        return None
    needed = timedelta(seconds=late_seconds)
    unit = _QUARTER if needed <= 4 * _HOUR else _HOUR
    return math.ceil(needed / unit) * unit


def better_every(unmoved: int, changed: int, every: timedelta) -> timedelta | None:
    """How often to read whole where change times do not move: twice as often above 1 % of the changes, four times above
    10 %, never more than hourly. The share stays as it is; what is missed waits a half or a quarter of the time.
    """
    share = unmoved / changed if changed else 0.0
    if share <= 0.01 or every <= _HOUR:
        return None
    return max(every / (4 if share > 0.1 else 2), _HOUR)


def _said(every: timedelta) -> str:
    hours = every / _HOUR
    return f"{hours:g} hours" if hours >= 1 else f"{every / timedelta(minutes=1):g} minutes"
