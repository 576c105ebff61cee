"""Deliveries to a service over a network that are killed, overtaken, late, refused, or sent elsewhere: whatever happens
between the sending and the receipt, the receipts come to what the service really holds.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery.services.base import Batch, BatchUnanswered
from datasync.errors import ServiceUnavailable, TargetChanged
from datasync.relation import Relation, select
from datasync.store.logs import ReceiptState
from tests.line import Far, Killed, Line, many, product, products

EVERYTHING = {"percent": 100, "products": 1000}


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """Its guard lets everything go but all."""
    return Line(tmp_path, far={}, guard=EVERYTHING)


def _is_true(line: Line) -> bool:
    """Whether the receipts say what the service holds, nothing is due, and every product is explained."""
    held = {sku: row["held_hash"] for sku, row in line.receipts("far").items() if row["held_hash"]}
    figures = line.figures("far")
    return held == line.far.holds and (figures.due, figures.removals_due, figures.unexplained) == (0, 0, 0)


def _kill_before_the_receipt(line: Line) -> None:
    line.store.kill_before(f"{line.entries('far') + 2:08d}.parquet")
    with pytest.raises(Killed):
        line.transfer("far")


# ── killed between the sending and the receipt ──────────────────────────────────────────────────────────────────────

ADDED, REMOVED = products("z", "a"), products("z")


@pytest.mark.parametrize(
    ("before", "sent", "after"),
    [
        (REMOVED, ADDED, REMOVED),
        ([product("a", "v1")], [product("a", "v2")], [product("a", "v1")]),
        (ADDED, REMOVED, ADDED),
    ],
    ids=["it left the catalog again", "it is as it was before", "it came back"],
)
def test_what_was_taken_and_not_recorded_is_made_good(
    line: Line, before: list[Any], sent: list[Any], after: list[Any]
) -> None:
    line.sync(before, "far")
    line.read(sent)
    _kill_before_the_receipt(line)
    line.sync(after, "far")
    assert _is_true(line)
    assert set(line.far.holds) == {row["sku"] for row in after}


def test_a_process_that_is_killed_before_it_sends_has_sent_nothing_and_is_made_good(line: Line) -> None:
    line.read(products("a"))
    line.far.deliver = _killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        line.transfer("far")
    del line.far.deliver  # type: ignore[method-assign]
    assert line.outcomes("far") == {"a": "sent"}
    assert line.transfer("far").added == 1
    assert _is_true(line)


def _killed(*_: object) -> Relation:
    raise Killed


# ── a request that comes late ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "records"])
@pytest.mark.parametrize("meanwhile", [[product("a", "v3"), product("z")], products("z")], ids=["newer", "removed"])
def test_a_request_that_lands_after_a_newer_one_is_refused(line: Line, meanwhile: list[Any], dies: bool) -> None:
    line.sync([product("a", "v1"), product("z")], "far")
    line.read([product("a", "v2"), product("z")])
    other, deliver = line.turn(), line.far.deliver

    def late(con: Any, batch: Batch) -> Relation:
        line.far.deliver = deliver  # type: ignore[method-assign]
        other.read(meanwhile)
        other.transfer("far", run="other")
        answers = deliver(con, batch)
        if dies:
            raise Killed
        return answers

    line.far.deliver = late  # type: ignore[method-assign]
    if dies:
        with pytest.raises(Killed):
            line.transfer("far", run="mine")
    else:
        line.transfer("far", run="mine")
    line.transfer("far")
    assert _is_true(line)
    assert set(line.far.holds) == {row["sku"] for row in meanwhile}


def test_versions_grow_whatever_the_clock_says(line: Line) -> None:
    versions = []
    for hour, name in ((5, "v1"), (2, "v2"), (9, "v3")):
        line.now = line.now.replace(hour=hour)
        line.sync([product("a", name)], "far")
        versions.append(line.far.versions["a"])
    assert versions == sorted(set(versions))
    assert _is_true(line)


class Remembering(Far):
    """It tells the highest version that it holds."""

    def highest_version(self) -> int:
        return max(self.versions.values(), default=0)


def test_a_store_from_a_backup_comes_above_the_versions_of_its_service(line: Line) -> None:
    line.far = Remembering(line.clock)
    line.far.versions["a"] = 2**60
    line.read(products("a"))
    assert line.transfer("far").failed == 1
    assert line.receipts("far")["a"]["words"] == "Overtaken: the service has a newer version of this product"
    assert line.transfer("far").added == 1
    assert line.far.versions["a"] == 2**60 + 1
    assert _is_true(line)


# ── a service that cannot refuse ────────────────────────────────────────────────────────────────────────────────────


def _without_fence(line: Line, seconds: int) -> None:
    line.far.fence, line.far.batch_seconds = "none", seconds
    line.far.take = lambda sku, operation, hash_, version: Far.take(  # type: ignore[method-assign]
        line.far, sku, operation, hash_, 2**62
    )


def test_who_finds_a_batch_on_its_way_waits_until_it_can_no_longer_be(line: Line) -> None:
    _without_fence(line, 1)
    line.read(products("a"))
    _kill_before_the_receipt(line)
    began = time.monotonic()
    assert line.transfer("far").added == 1
    assert time.monotonic() - began >= 1
    assert _is_true(line)


def test_who_waits_goes_on_as_soon_as_the_other_is_done(line: Line) -> None:
    _without_fence(line, 30)
    line.read(products("a"))
    other, sent = line.turn(), threading.Event()
    deliver = line.far.deliver

    def slow(con: Any, batch: Batch) -> Relation:
        line.far.deliver = deliver  # type: ignore[method-assign]
        sent.set()
        time.sleep(1)
        return deliver(con, batch)

    line.far.deliver = slow  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: other.transfer("far", run="other"))
    thread.start()
    assert sent.wait(10)
    began = time.monotonic()
    done = line.transfer("far", run="mine")
    assert time.monotonic() - began < 20
    thread.join()
    assert done.entries == ()
    assert line.far.batches == [1]
    assert _is_true(line)


@pytest.mark.parametrize("says", ["nobody answered", "lose", "fail"])
def test_what_got_no_answer_is_on_its_way_as_long_as_what_a_killed_process_sent(line: Line, says: str) -> None:
    _without_fence(line, 2)
    line.sync(products("a", "b"), "far")
    line.read([product("a", "v2"), product("b")])
    late = HeldUp(line, says)
    with suppress(ServiceUnavailable):
        line.transfer("far", run="mine")
    line.sync([product("a", "v3"), product("b")], "far")
    late.lands.join()
    assert _is_true(line)


class HeldUp:
    """The next batch to a service: nobody knows what became of it, and it lands after the one that follows, or when its
    time is nearly over.
    """

    def __init__(self, line: Line, says: str) -> None:
        self.far, self.says, self.send = line.far, says, line.far.deliver
        self.lands, self.is_followed = threading.Thread(target=self._land), threading.Event()
        self.far.deliver = self.deliver  # type: ignore[method-assign]

    def deliver(self, con: Any, batch: Batch) -> Relation:
        self.rows = con.execute(f"SELECT sku, operation, hash FROM ({batch.rows.sql})").fetchall()
        self.lands.start()
        self.far.deliver = self._follow  # type: ignore[method-assign]
        if self.says == "nobody answered":
            raise ServiceUnavailable("far did not answer.")
        failed = "SELECT sku, 'failed' AS outcome, '' AS words, NULL::TIMESTAMPTZ AS answered_at FROM batch"
        return select(failed, batch=batch.rows).where("true" if self.says == "fail" else "false")

    def _follow(self, con: Any, batch: Batch) -> Relation:
        answers = self.send(con, batch)
        self.is_followed.set()
        return answers

    def _land(self) -> None:
        self.is_followed.wait(1.5)
        for row in self.rows:
            self.far.take(*row, 0)


def test_a_service_that_answered_everything_is_not_waited_for(line: Line) -> None:
    _without_fence(line, 30)
    line.skips_waits, line.far.says = True, {"b": "reject"}
    line.sync(products("a", "b"), "far")
    line.sync(products("a", "b", "c"), "far")
    assert set(line.far.holds) == {"a", "c"}
    assert line.skipped == 0


def test_what_one_batch_left_open_is_waited_for_though_the_next_was_answered(line: Line) -> None:
    _without_fence(line, 30)
    line.skips_waits, line.far.says = True, {"p0000": "lose"}
    line.sync(many(1001), "far", run="mine")
    assert (line.far.batches, line.skipped) == ([1000, 1], 0)
    line.far.says = {}
    assert line.transfer("far").added == 1
    assert line.skipped > 20
    assert _is_true(line)


def test_a_batch_without_an_answer_is_waited_for_though_its_halves_were_answered(line: Line) -> None:
    line.far, line.skips_waits = Preparing(line.clock), True
    _without_fence(line, 30)
    line.far.refuses = _broken_once()
    assert line.sync(products("a", "b"), "far").added == 2
    assert (line.far.batches, line.skipped) == ([2, 1, 1], 0)
    assert line.sync(products("a", "b", "c"), "far").added == 1
    assert line.skipped > 20


def _broken_once() -> Callable[[list[str]], str | None]:
    """The first batch breaks it down; it is there again at once."""
    calls = count()

    def refuses(skus: list[str]) -> str | None:
        if next(calls) == 0:
            raise BatchUnanswered("far broke down.")
        return None

    return refuses


def test_nothing_is_sent_after_its_time(line: Line) -> None:
    line.far.batch_seconds = 1
    line.read(products("a"))
    line.store.after["00000001.parquet"] = lambda: time.sleep(1.1)
    with pytest.raises(ServiceUnavailable, match=r"services\.far: its products were not sent within 1 s"):
        line.transfer("far")
    assert line.far.batches == []
    assert line.transfer("far").added == 1


# ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_product_that_no_batch_can_have_does_not_keep_the_others_out(line: Line) -> None:
    poison = {"p0007", "p0123"}
    line.far.refuses = lambda skus: "HTTP 413" if poison & set(skus) else None
    assert line.sync(many(200), "far").rejected == 2
    assert {sku for sku, outcome in line.outcomes("far").items() if outcome == "rejected"} == poison
    assert {line.receipts("far")[sku]["words"] for sku in poison} == {"HTTP 413"}
    assert len(line.far.batches) < 40
    assert _is_true(line)


def test_a_service_that_stops_among_the_halves_has_its_answers_recorded(line: Line) -> None:
    line.far.refuses = _refused_then_gone()
    line.read(products("a", "b", "c", "d"))
    with pytest.raises(ServiceUnavailable):
        line.transfer("far")
    assert Counter(line.outcomes("far").values()) == {"received": 2, "failed": 2}
    assert len(line.far.holds) == 2
    line.far.refuses = lambda skus: None
    line.transfer("far")
    assert _is_true(line)


def _refused_then_gone() -> Callable[[list[str]], str | None]:
    """The whole is refused and its first half is not; then nobody answers."""
    words = iter(["HTTP 400", None])

    def refuses(skus: list[str]) -> str | None:
        try:
            return next(words)
        except StopIteration:
            raise ServiceUnavailable("far is gone.") from None

    return refuses


class Preparing(Far):
    """It has to be made ready, and may not be there."""

    ready = 0
    is_there = True

    def prepare(self) -> None:
        if not self.is_there:
            raise ServiceUnavailable("far is not there.")
        self.ready += 1


def test_a_service_that_is_not_there_was_sent_nothing_and_nothing_says_so(line: Line) -> None:
    line.far = far = Preparing(line.clock)
    line.read(products("a"))
    far.is_there = False
    with pytest.raises(ServiceUnavailable, match="far is not there"):
        line.transfer("far")
    assert (line.entries("far"), far.batches) == (0, [])
    far.is_there = True
    assert line.transfer("far").added == 1
    line.transfer("far")
    assert far.ready == 1, "nothing was due the second time"


# ── removals of what is perhaps held ────────────────────────────────────────────────────────────────────────────────


def test_a_mistyped_rule_does_not_empty_a_service_whose_answers_were_lost(tmp_path: Path) -> None:
    line = Line(tmp_path, far={})
    line.far.says = {row["sku"]: "lose" for row in many(100)}
    line.sync(many(100), "far")
    line.far.says = {}
    line.change("far", accepts=[{"rule": "false", "otherwise": "Mistyped"}])
    done = line.transfer("far")
    assert (done.removed, done.held and done.held.would_remove) == (0, 100)
    assert len(line.far.holds) == 100


# ── the place that the settings name ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def moved(line: Line, monkeypatch: pytest.MonkeyPatch) -> Line:
    """A line that delivered two products, and whose settings point elsewhere now."""
    line.sync(products("a", "b"), "far")
    line.far.holds, line.far.versions = {}, {}
    monkeypatch.setattr("datasync.settings.options.ServiceOptions.target", lambda options, scope: "far elsewhere")
    return line


def test_settings_that_point_elsewhere_are_refused_with_what_to_do(moved: Line) -> None:
    with pytest.raises(TargetChanged, match="2 are held by the receipts, and the settings point to 'far elsewhere'"):
        moved.transfer("far")
    assert moved.far.batches == [2]


def test_a_forced_resync_of_everything_goes_to_the_new_place_and_lists_the_former(moved: Line) -> None:
    assert moved.mark_all("far") == 2
    assert moved.transfer("far").added == 2
    assert _is_true(moved)
    state = ReceiptState.of(moved.log("far").head(moved.con))
    assert [(former.target and former.target.name, former.held) for former in state.former_targets] == [("feed", 2)]
    assert state.target and state.target.name == "far elsewhere"


# ── what people see ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_on_its_way_is_no_failure_and_becomes_one_when_nobody_answers(line: Line) -> None:
    line.read(products("a", "b"))
    _kill_before_the_receipt(line)
    now = line.figures("far")
    assert (now.missing, now.failed, now.due) == (2, 0, 2)
    line.passes(minutes=5)
    later = line.figures("far")
    assert (later.missing, later.failed, later.due) == (0, 2, 2)
