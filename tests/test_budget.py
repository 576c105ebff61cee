"""The budget of a service: what is sent of what is due, in which order, and what is said of the rest."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery import transfer
from datasync.delivery.transfer import Transferred
from datasync.errors import InvalidSettings
from datasync.settings import parse
from tests.line import Line, many, product, products

GUARD = {"percent": 100, "products": 1000}


class Slow(Line):
    """A line with a budget, whose waits are noted, and pass on its clock."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self.budget: dict[str, int] = {}
        self.waits: list[float] = []

    def transfer(self, name: str = "far", run: str = "run", **_: Any) -> Transferred:
        self.passes(seconds=1)
        delivery = self._delivery(name, run)
        settings = delivery.settings.model_copy(update=self.budget)
        return transfer.transfer(replace(delivery, settings=settings, sleep=self._sleep), self.settings.guard)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.passes(seconds=seconds)


@pytest.fixture
def line(tmp_path: Path) -> Slow:
    return Slow(tmp_path, far={}, guard=GUARD)


# ── the order ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _order(line: Slow) -> list[tuple[str, str]]:
    """The products that are sent from now on, in their order, by batches of one."""
    line.budget = {"per_day": 1}
    order = []
    for _ in range(12):
        line.passes(days=1)
        before = line.log("far").list_files().head
        line.transfer("far")
        rows = line.log("far").history(after=before).where("outcome = 'sent'").rows(line.con)
        order += [(row[1], row[0]) for row in rows]
    return order


def test_removals_go_first_then_updates_then_additions_and_of_each_the_oldest(line: Slow) -> None:
    line.sync(products("d", "c", "z", "y", "b"), "far")
    line.read([*products("d", "c", "y", "b"), product("n")])
    line.read([product("d"), product("c", "Newer"), product("y"), product("b"), product("n")])
    line.read([product("d"), product("c", "Newer"), product("b", "Newer"), product("n"), product("a")])
    expected = [("removed", "z"), ("removed", "y"), ("updated", "c"), ("updated", "b"), ("added", "n"), ("added", "a")]
    assert _order(line) == expected


def test_what_failed_goes_last_but_a_removal(line: Slow) -> None:
    line.sync(products("x", "y"), "far")
    line.far.says = {"a": "fail", "y": "fail"}
    line.sync([product("x"), product("a")], "far")
    line.far.says = {}
    line.read([product("x", "Newer"), product("a"), product("b")])
    assert _order(line) == [("removed", "y"), ("updated", "x"), ("added", "b"), ("added", "a")]


# ── a day's budget ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_more_is_sent_on_a_day_than_its_budget_and_the_rest_on_the_next(line: Slow) -> None:
    line.budget = {"per_day": 4}
    line.now = line.now.replace(hour=22)
    line.read(many(10))
    done = line.transfer()
    midnight = line.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert (done.added, done.due_left, done.budget_at) == (4, 6, midnight)
    assert (line.far.batches, line.waits) == ([4], [])
    assert line.transfer().due_left == 6
    assert line.far.batches == [4], "nothing more is sent on that day"
    line.passes(hours=3)
    assert line.transfer().added == 4
    line.passes(days=1)
    done = line.transfer()
    assert (done.added, done.due_left, done.budget_at) == (2, 0, None)
    assert len(line.far.holds) == 10


def test_an_attempt_counts_whatever_became_of_it(line: Slow) -> None:
    line.budget = {"per_day": 3}
    line.far.says = {"p0000": "fail", "p0001": "reject"}
    line.read(many(5))
    assert (line.transfer().due_left, line.transfer().added) == (2, 0)
    assert line.far.batches == [3]


def test_the_budget_is_one_for_all_scopes_of_a_service(line: Slow) -> None:
    line.budget = {"per_day": 4}
    line.read(many(3))
    line.transfer()
    (_receipts(line) / "scope=en").rename(_receipts(line) / "scope=de")
    assert line.transfer().added == 1


def test_a_service_that_is_out_of_budget_is_not_asked_whether_it_is_there(line: Slow) -> None:
    line.budget = {"per_day": 1}
    line.read(many(1))
    line.transfer()
    line.read(many(2))
    line.far.prepare = lambda: pytest.fail("it was called")  # type: ignore[attr-defined]
    assert line.transfer().due_left == 1


# ── a minute's budget ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_transfer_waits_for_the_next_minute_and_sends_everything(line: Slow) -> None:
    line.budget = {"per_minute": 4}
    line.read(many(10))
    done = line.transfer()
    assert (done.added, done.due_left, line.far.batches) == (10, 0, [4, 4, 2])
    assert line.waits == [60.0, 60.0]


def test_it_waits_only_until_there_is_room_for_the_batch(line: Slow) -> None:
    line.budget = {"per_minute": 4}
    line.read(many(3))
    line.transfer()
    line.passes(seconds=20)
    line.read(many(5))
    line.transfer()
    assert line.far.batches == [3, 2]
    assert [round(seconds) for seconds in line.waits] == [38]


def test_a_minute_that_others_use_up_is_waited_for_no_longer_than_a_minute(line: Slow, tmp_path: Path) -> None:
    line.budget = {"per_minute": 4}
    line.read(many(4))
    line.transfer()
    line.read(many(6))
    other, wait = Slow(tmp_path / "other", far={}, guard=GUARD), line._sleep

    def wait_while_another_scope_sends(seconds: float) -> None:
        wait(seconds)
        other.now = line.now
        other.read(many(4))
        other.transfer()
        shutil.copytree(_receipts(other) / "scope=en", _receipts(line) / "scope=de")

    line._sleep = wait_while_another_scope_sends  # type: ignore[method-assign]
    done = line.transfer()
    assert (done.added, done.due_left, len(line.waits)) == (0, 2, 1)
    assert done.budget_at is not None
    assert timedelta(seconds=50) < done.budget_at - line.now <= timedelta(seconds=62)


def _receipts(line: Line) -> Path:
    return Path(line.store.root) / "receipts" / "service=far"


# ── the settings, and what is said ──────────────────────────────────────────────────────────────────────────────────


def test_a_feed_has_no_budget(tmp_path: Path) -> None:
    settings = {
        "sources": {"demo": {"kind": "sample"}},
        "scopes": {"en": {"source": "demo"}},
        "services": {"search": {"per_day": 5}},
    }
    with pytest.raises(InvalidSettings, match=r"services\.search\.per_day: 5 means nothing to a feed, because nothing"):
        parse(settings, tmp_path)
