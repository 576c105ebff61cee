"""When a scope is read whole, and what each complete pull says of the partial ones before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from datasync.intake import schedule
from datasync.store.holds import Hold
from datasync.store.log import Entry
from datasync.store.logs import CatalogState, Missed
from tests.line import Line, Record, product

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


# ── When a pull is complete ──────────────────────────────────────────────────────────────────────────────────────────


def meta(complete: datetime | None, watermark: bool = True) -> dict[str, Any]:
    times = {"started_at": AT.isoformat(), "finished_at": AT.isoformat()}
    last = {"run": "r", "complete": True, **times, "started_at": complete.isoformat()} if complete else None
    moved = {"watermark": "x", "watermark_at": AT.isoformat()} if watermark else {}
    return {"run": "r", "last_complete": last, "fingerprint": "same"} | moved


def held(at: datetime, *, complete: bool = True) -> Hold:
    return Hold("run", "en", None, at, would_remove=50, of=60, since=at, complete=complete)


def wanted(
    given: dict[str, Any],
    every: timedelta = DAY,
    hold: Hold | None = None,
    default_mode: Literal["complete", "changed"] = "changed",
    complete: bool = False,
) -> tuple[str, str | None]:
    request, why = schedule.scheduled_pull(
        CatalogState.of(Entry(1, AT, given)), default_mode, "same", every, hold, AT, complete=complete
    )
    return request.what, why


@pytest.mark.parametrize(
    ("given", "hold", "is_due"),
    [
        pytest.param({}, None, True, id="the first pull of all"),
        pytest.param(meta(AT, watermark=False), None, True, id="only resyncs so far, and they move no watermark"),
        pytest.param(meta(AT - HOUR), None, False, id="an hour ago"),
        pytest.param(meta(AT - DAY), None, True, id="a day ago"),
        pytest.param(meta(AT - DAY + MINUTE), None, True, id="a day ago but for a late scheduler's minute"),
        pytest.param(meta(AT - DAY + HOUR), None, False, id="an hour less than a day ago"),
        pytest.param(meta(AT - 3 * DAY), held(AT - HOUR), False, id="long ago, and one was held an hour ago"),
        pytest.param(meta(AT - 3 * DAY), held(AT - DAY), True, id="long ago, and one was held a day ago"),
        pytest.param(
            meta(AT - 3 * DAY),
            held(AT - HOUR, complete=False),
            True,
            id="long ago, deletions held an hour ago",
        ),
        pytest.param(meta(None), None, False, id="a kind that is never whole"),
    ],
)
def test_a_scheduled_pull_is_complete_where_none_was_for_complete_every(
    given: dict[str, Any], hold: Hold | None, is_due: bool
) -> None:
    assert wanted(given, hold=hold)[0] == ("complete" if is_due else "changed")


def test_the_words_say_why_a_pull_is_complete() -> None:
    day_ago = meta(AT - DAY)
    assert wanted(day_ago)[1] == "Complete, because 24 hours have passed since the last one."
    assert wanted(day_ago, 90 * MINUTE)[1] == "Complete, because 1.5 hours have passed since the last one."
    assert wanted(day_ago, 5 * MINUTE)[1] == "Complete, because 5 minutes have passed since the last one."
    assert wanted(meta(AT), complete=True) == ("complete", "A complete pull was asked for.")
    changed = "Complete, because the scope's source, map or attributes changed."
    assert wanted({**meta(AT), "fingerprint": "another"}) == ("complete", changed)
    assert wanted(meta(AT), default_mode="complete") == ("complete", None)
    assert wanted(meta(AT)) == ("changed", None)


# ── What partial pulls missed ────────────────────────────────────────────────────────────────────────────────────────


class Source:
    """Records with dates of their own, read whole or in part, each time an hour after the time before."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def at(self, **ago: float) -> str:
        return (self.line.now - timedelta(**ago)).isoformat()

    def complete(self, rows: Sequence[Record], **how: Any) -> Missed | None:
        self.line.passes(hours=1)
        found = self.line.pull(rows, watermark="w")
        return self.line.apply(found, lookback=timedelta(minutes=10), **how).missed

    def partial(self, *rows: Record) -> None:
        self.line.passes(hours=1)
        done = self.line.apply(self.line.pull(rows, changed=True, watermark="w"), lookback=timedelta(minutes=10))
        assert done.missed is None


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(Line(tmp_path))


def test_a_change_whose_date_did_not_move_was_missed_and_no_lookback_finds_it(source: Source) -> None:
    old = source.at(days=2)
    source.complete([product("A", updated_at=old), product("B", updated_at=old)])
    source.partial(product("A", "new", updated_at=source.at(hours=-0.5)))
    now = source.at(hours=-0.5)
    told = source.complete([product("A", "new", updated_at=now), product("B", price="1", updated_at=old)])
    assert told is not None
    assert (told.changed, told.unmoved, told.late, told.removed, told.late_seconds) == (2, 1, 0, 0, 0)


def test_a_change_that_a_partial_pull_would_still_have_read_was_not_missed(source: Source) -> None:
    source.complete([product("A", updated_at=source.at(days=2)), product("B", updated_at=source.at(days=2))])
    source.partial()
    soon, within = source.at(minutes=-5), source.at(minutes=9)
    told = source.complete([product("A", "a", updated_at=soon), product("B", "b", updated_at=within)])
    assert told is not None
    assert (told.changed, told.missed) == (2, 0)


def test_a_change_without_a_date_was_not_missed_for_every_partial_pull_reads_it(source: Source) -> None:
    source.complete([product("A")])
    source.partial()
    told = source.complete([product("A", "a")])
    assert told is not None
    assert (told.changed, told.missed) == (1, 0)


def test_what_came_to_light_after_its_time_was_late_and_the_lookback_it_needed_is_told(source: Source) -> None:
    source.complete([product("A", updated_at=source.at(days=2))])
    source.partial()
    dated = source.at(minutes=25)  # 25 minutes before the first partial pull, which did not see it
    source.partial()
    source.partial()
    told = source.complete([product("A", "a", updated_at=dated)])
    assert told is not None
    assert (told.unmoved, told.late, told.late_seconds) == (0, 1, 25 * 60)


def test_a_new_product_dated_before_the_last_complete_pull_was_not_late_for_that_pull_had_no_such_product(
    source: Source,
) -> None:
    long_ago = source.at(days=2)
    source.complete([product("A", updated_at=long_ago)])
    source.partial()
    told = source.complete([product("A", updated_at=long_ago), product("B", updated_at=long_ago)])
    assert told is not None
    assert (told.unmoved, told.late) == (1, 0)


def test_removals_are_counted_beside_what_was_missed(source: Source) -> None:
    long_ago = source.at(days=2)
    source.complete([product(sku, updated_at=long_ago) for sku in "ABC"])
    source.partial()
    told = source.complete([product("A", updated_at=long_ago)], accepted=["B", "C"])
    assert told is not None
    assert (told.changed, told.missed, told.removed) == (0, 0, 2)


def test_without_partial_pulls_between_there_is_nothing_to_measure(source: Source) -> None:
    rows = [product("A", updated_at=source.at(days=2))]
    assert source.complete(rows) is None
    assert source.complete([product("A", "a", updated_at=rows[0]["updated_at"])]) is None


def test_after_a_change_of_settings_everything_may_differ_so_nothing_is_measured(source: Source) -> None:
    old = source.at(days=2)
    source.complete([product("A", updated_at=old)])
    source.partial()
    source.line.raw_settings["scopes"]["en"]["map"] = {"description": "'new'"}
    assert source.complete([product("A", updated_at=old)]) is None


def test_a_measure_stands_in_the_metadata_of_the_log_until_the_next_one(source: Source) -> None:
    old = source.at(days=2)
    source.complete([product("A", updated_at=old)])
    source.partial()
    told = source.complete([product("A", "a", updated_at=old)])
    assert told is not None
    source.partial(product("A", "b", updated_at=source.at(hours=-1)))
    head = source.line.log().head(source.line.con)
    state = CatalogState.of(head)
    assert state.missed == told
    assert (state.partial_pulls.changed, len(state.partial_pulls.moved_at)) == (1, 1)


# ── What to do about it ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("needed", "proposed"),
    [(0, None), (1, 15 * MINUTE), (900, 15 * MINUTE), (901, 30 * MINUTE), (4 * 3600 + 1, 5 * HOUR)],
)
def test_the_proposed_lookback_is_what_was_needed_rounded_up(needed: int, proposed: timedelta | None) -> None:
    assert schedule.better_lookback(needed) == proposed


@pytest.mark.parametrize(
    ("unmoved", "every", "proposed"),
    [
        (0, DAY, None),
        (1, DAY, None),
        (2, DAY, DAY / 2),
        (11, DAY, DAY / 4),
        (100, 2 * HOUR, HOUR),
        (100, HOUR, None),
    ],
)
def test_what_no_lookback_finds_asks_for_complete_pulls_more_often(
    unmoved: int, every: timedelta, proposed: timedelta | None
) -> None:
    assert schedule.better_every(unmoved, 100, every) == proposed


def test_where_nothing_changed_nothing_is_proposed() -> None:
    assert schedule.better_every(0, 0, DAY) is None


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_complete_pull_whose_clock_was_ahead_counts_from_the_first_one_after_it(tmp_path: Path) -> None:
    line, reads = Line(tmp_path), []
    line.now += 30 * DAY
    line.read([product("a")], watermark="0")
    line.now -= 30 * DAY
    for number in range(1, 30):
        given = replace(CatalogState.of(line.log().head(line.con)), fingerprint="x")
        request, _ = schedule.scheduled_pull(given, "changed", "x", DAY, None, line.now, complete=False)
        reads.append(request.what)
        line.read([product("a")], watermark=str(number), changed=request.what == "changed")
        line.passes(hours=1)
    assert [number for number, what in enumerate(reads) if what == "complete"] == [24]


def test_a_hold_whose_clock_was_ahead_keeps_no_complete_pull_away() -> None:
    assert wanted(meta(AT - DAY), hold=held(AT + 30 * DAY))[0] == "complete"
