"""Two workers whose clocks differ: no figure, no order and nothing that is deleted goes by them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from datasync.cli import main
from datasync.pipeline import Pipeline
from datasync.store import tickets

SETTINGS = """
store: store
site: site
sources: {demo: {kind: files}}
scopes: {en-US: {source: demo, path: "ex/*.jsonl"}}
services: {search: {}}
"""
MINUTES = [0.1, 10, 2880, -0.1, -10, -2880]


class Workers:
    """One shop and two workers: the clock of `right` is right, that of `wrong` so many minutes ahead of it."""

    def __init__(self, folder: Path, minutes: float) -> None:
        self.folder, self.passed, self.runs = folder, timedelta(0), 0
        (folder / "ex").mkdir()
        (folder / "datasync.yaml").write_text(SETTINGS, encoding="utf-8")
        skew = timedelta(minutes=minutes)
        self.right = Pipeline.open(folder / "datasync.yaml", clock=lambda: datetime.now(UTC) + self.passed)
        self.wrong = Pipeline.open(folder / "datasync.yaml", clock=lambda: datetime.now(UTC) + self.passed + skew)

    def run(self, names: Sequence[str], puller: Pipeline, deliverer: Pipeline) -> str:
        """The shop sells products of these names; one worker pulls and makes the catalog, the other delivers."""
        records = [{"sku": f"S{number}", "name": name} for number, name in enumerate(names)]
        (self.folder / "ex/a.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
        self.runs += 1
        run = puller.begin(f"r{self.runs}", "sync", ("en-US",), "a test", "")
        assert puller.pull(run, "en-US")["valid"] == len(names)
        assert puller.apply(run, "en-US")["products"] == len(names)
        deliverer.transfer(run, "en-US", "search")
        assert deliverer.close(run)["outcome"] == "ok"
        return run

    def figures(self, worker: Pipeline) -> dict[str, Any]:
        """What a worker's status says of the one service."""
        (scope,) = worker.status()["scopes"]
        (service,) = scope["services"]
        names = ("total_received", "current", "latest_update", "unexplained", "outcome")
        return {"products": scope["products"], **{name: service[name] for name in names}}

    def files(self) -> set[str]:
        store = self.folder / "store"
        return {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()}


def _all(count: int) -> dict[str, Any]:
    return {
        "products": count, "total_received": count, "current": count, "latest_update": count, "unexplained": 0,
        "outcome": "ok",
    }  # fmt: skip


@pytest.mark.parametrize("minutes", MINUTES)
def test_each_run_takes_effect_and_the_figures_add_up_whoever_did_it(tmp_path: Path, minutes: float) -> None:
    two = Workers(tmp_path, minutes)
    right, wrong = two.right, two.wrong
    for count, word, puller, deliverer in (
        (100, "a", right, right),
        (120, "b", wrong, right),
        (130, "c", right, right),
        (130, "d", right, wrong),
        (140, "e", wrong, wrong),
        (140, "f", right, right),
    ):
        two.run([word] * count, puller, deliverer)
        assert two.figures(right) == _all(count)
        assert right.publish()["gaps"] == []
    assert tickets.taken(right.store, "en-US") == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("minutes", "stay"), [(0.1, 0), (10, 60), (2880, 60)])
def test_receipts_leave_the_latest_update_in_time_but_those_of_a_clock_that_was_ahead_when_it_says_so(
    tmp_path: Path, minutes: float, stay: int
) -> None:
    two = Workers(tmp_path, minutes)
    two.run(["a"] * 100, two.right, two.right)
    ahead = two.run(["b"] * 100, two.right, two.wrong)
    two.run(["c"] * 40 + ["b"] * 60, two.right, two.right)
    assert two.figures(two.right) == _all(100)

    two.passed = timedelta(hours=3, minutes=1)
    assert two.figures(two.right) == _all(100) | {"latest_update": stay}
    told = two.right.status().get("ahead", [])
    assert [(one["scope"], one["service"], one["run"]) for one in told] == [("en-US", "search", ahead)] * bool(stay)
    attention = two.right.publish()["attention"]
    assert [f"the clock of run {ahead} was ahead" in line for line in attention] == [True] * bool(stay)

    two.passed += timedelta(minutes=minutes)
    assert two.figures(two.right) == _all(100) | {"latest_update": 0}
    assert "ahead" not in two.right.status()


@pytest.mark.parametrize("minutes", [10, 2880])
def test_a_run_whose_clock_was_ahead_is_told_wherever_one_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], minutes: float
) -> None:
    """By `status`, by `check`, and by the page; where clocks agree, nobody says anything."""
    two = Workers(tmp_path, minutes)
    two.run(["a"] * 10, two.right, two.right)
    assert [one for one in _looks(two, capsys) if "clock of run" in one] == []
    ahead = two.run(["b"] * 10, two.wrong, two.wrong)
    after = two.run(["c"] * 10, two.right, two.right)
    status, check, page = _looks(two, capsys)
    assert f"the catalog of en-US: the clock of run {ahead} was ahead" in status
    assert f"search in en-US: the clock of run {ahead} was ahead" in status
    assert f"The clock of run {ahead} was ahead: the catalog of en-US came to" in check
    assert f"The clock of run {ahead} was ahead: the receipts of search of en-US came to" in check
    assert [(one["service"], one["run"]) for one in json.loads(page)["ahead"]] == [("search", ahead), (None, ahead)]
    assert f"run {after} was ahead" not in status + check


def _looks(two: Workers, capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    """What `status`, `check` and the page say."""
    settings = str(two.folder / "datasync.yaml")
    said = []
    for command in ("status", "check"):
        assert main(["--settings", settings, command], two.right.clock) == 0
        said.append(capsys.readouterr().out)
    two.right.publish()
    status, check = said
    return status, check, (two.folder / "site/status.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("minutes", MINUTES)
def test_what_later_runs_did_bears_the_time_of_their_own_clock(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], minutes: float
) -> None:
    """After an entry of a clock that is ahead, an entry's time is only an order; nobody is shown that time."""
    two = Workers(tmp_path, minutes)
    for name, worker in (("a", two.right), ("b", two.wrong), ("c", two.right)):
        begun = datetime.now(UTC)
        last = two.run([name] * 10, worker, worker)
    assert main(["--settings", str(two.folder / "datasync.yaml"), "why", "S1", "--json"], two.right.clock) == 0
    (scope,) = json.loads(capsys.readouterr().out)["scopes"]
    times = [datetime.fromisoformat(one["at"]) for one in scope["history"] if one["run"] == last]
    assert len(times) == 2
    assert [begun <= at <= datetime.now(UTC) for at in times] == [True, True]
    (received,) = scope["services"]
    assert begun <= datetime.fromisoformat(received["received_at"]) <= datetime.now(UTC)


@pytest.mark.parametrize("minutes", [2880, 500 * 1440])
def test_tidy_deletes_nothing_early_whoever_runs_it(tmp_path: Path, minutes: float) -> None:
    two = Workers(tmp_path, minutes)
    for number in range(6):
        two.run(["w"] * (20 + number), two.wrong if number % 2 else two.right, two.wrong)
    before = two.files()
    for worker in (two.wrong, two.right):
        assert set(worker.tidy(dry_run=True).values()) == {0}
        worker.tidy()
        assert two.files() == before
