"""Every number of the page: states, the balance that shows a damaged entry, the window's edges, which zero it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from datasync.errors import LogDamaged, Unexplained
from datasync.figures import totals
from datasync.figures.store_at import StoreAt, read_point
from datasync.figures.why import why
from datasync.relation import select
from datasync.report.facts import figure_sql
from datasync.report.facts.gather import scope_products
from datasync.store import runs
from datasync.store.logs import CatalogState
from datasync.store.runs import Run, Step
from tests.line import SCOPE, Line, product, products

HOURS = timedelta(hours=3)
MICROSECOND = timedelta(microseconds=1)
STATES = ("excluded", "rejected", "failed", "current", "stale", "missing")
ENABLED = {"rule": "status = 'enabled'", "otherwise": "The product is disabled"}


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path, feed={}, far={})


def _some(line: Line, name: str = "far", **how: Any) -> dict[str, int]:
    """The figures that are not 0, of those that count products."""
    told = asdict(line.figures(name, **how))
    return {
        key: told[key]
        for key in (*STATES, "held_older", "orphaned", "total_received", "due", "removals_due")
        if told[key]
    }


# ── states ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _excluded(line: Line) -> None:
    line.change("far", accepts=[ENABLED])
    line.sync(products("a", status="disabled"), "far")


def _null_excluded(line: Line) -> None:
    line.change("far", accepts=[{"rule": "price > 1", "otherwise": "No price"}])
    line.sync(products("a"), "far")


def _missing(line: Line) -> None:
    line.read(products("a"))


def _current(line: Line) -> None:
    line.sync(products("a"), "far")


def _stale(line: Line) -> None:
    line.sync(products("a"), "far")
    line.read(products("a", name="Another name"))


def _marked(line: Line) -> None:
    line.sync(products("a"), "far")
    line.mark(name="far")


def _rejected(line: Line) -> None:
    line.far.says = {"a": "reject"}
    line.sync(products("a"), "far")


def _rejected_marked(line: Line) -> None:
    _rejected(line)
    line.mark(name="far")


def _rejected_in_other_settings(line: Line) -> None:
    _rejected(line)
    line.change("far", max_bytes=1000)


def _rejected_with_an_older_version(line: Line) -> None:
    line.sync(products("a"), "far")
    line.far.says = {"a": "reject"}
    line.sync(products("a", name="Another name"), "far")


def _failed(line: Line) -> None:
    line.far.says = {"a": "fail"}
    line.sync(products("a"), "far")


def _failed_with_an_older_version(line: Line) -> None:
    line.sync(products("a"), "far")
    line.far.says = {"a": "fail"}
    line.sync(products("a", name="Another name"), "far")


def _failed_in_an_older_version(line: Line) -> None:
    _failed(line)
    line.read(products("a", name="Another name"))


def _perhaps_held_in_another_version(line: Line) -> None:
    _failed_with_an_older_version(line)
    line.read(products("a"))


def _rejected_and_perhaps_held_in_other_versions(line: Line) -> None:
    _failed_with_an_older_version(line)
    line.far.says = {"a": "reject"}
    line.sync(products("a", name="A third name"), "far")
    line.read(products("a"))


def _orphaned(line: Line) -> None:
    line.sync(products("a"), "far")
    line.change("far", accepts=[ENABLED])
    line.read(products("a", status="disabled"))


def _removed(line: Line) -> None:
    line.sync(products("a", "b"), "far")
    line.sync(products("b"), "far")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (_excluded, {"excluded": 1}),
        (_null_excluded, {"excluded": 1}),
        (_missing, {"missing": 1, "due": 1}),
        (_current, {"current": 1, "total_received": 1}),
        (_stale, {"stale": 1, "total_received": 1, "due": 1}),
        (_marked, {"stale": 1, "total_received": 1, "due": 1}),
        (_rejected, {"rejected": 1}),
        (_rejected_marked, {"missing": 1, "due": 1}),
        (_rejected_in_other_settings, {"missing": 1, "due": 1}),
        (_rejected_with_an_older_version, {"rejected": 1, "held_older": 1, "total_received": 1}),
        (_failed, {"failed": 1, "due": 1}),
        (_failed_with_an_older_version, {"failed": 1, "held_older": 1, "total_received": 1, "due": 1}),
        (_failed_in_an_older_version, {"missing": 1, "due": 1}),
        (_perhaps_held_in_another_version, {"stale": 1, "total_received": 1, "due": 1}),
        (_rejected_and_perhaps_held_in_other_versions, {"stale": 1, "total_received": 1, "due": 1}),
        (_orphaned, {"excluded": 1, "orphaned": 1, "total_received": 1, "removals_due": 1}),
        (_removed, {"current": 1, "total_received": 1}),
    ],
    ids=lambda given: given.__name__.strip("_").replace("_", " ") if callable(given) else "",
)
def test_a_product_counts_in_exactly_one_state(
    line: Line, step: Callable[[Line], None], expected: dict[str, int]
) -> None:
    step(line)
    assert _some(line) == expected
    assert line.figures("far").unexplained == 0


def test_the_balance_comes_out_where_every_state_is(line: Line) -> None:
    line.change("far", accepts=[ENABLED])
    line.far.says = {"rejected": "reject", "failed": "fail"}
    line.sync(products("current", "stale", "older", "orphan", "rejected", "failed"), "far")
    line.far.says = {"older": "reject"}
    line.sync([*products("current", "stale", "orphan", "rejected", "failed"), product("older", "Newer")], "far")
    line.read([
        *products("current", "rejected", "failed", "missing"), product("older", "Newer"), product("stale", "Newer"),
        product("orphan", status="disabled"), product("excluded", status="disabled"),
    ])  # fmt: skip
    told = line.figures("far")
    assert sum(getattr(told, state) for state in STATES) == 8
    assert (told.excluded, told.rejected, told.failed, told.current, told.stale, told.missing) == (2, 2, 0, 2, 1, 1)
    assert told.total_received == told.current + told.stale + told.held_older + told.orphaned == 5
    assert told.due == told.missing + told.stale + told.failed == 2
    assert (told.removals_due, told.unexplained) == (1, 0)


# ── a damaged entry ─────────────────────────────────────────────────────────────────────────────────────────────────


WITHOUT_A = "SELECT * FROM entry WHERE sku <> 'a'"
A_TWICE = "SELECT * FROM entry UNION ALL SELECT * FROM entry WHERE sku = 'a'"


def _with(changed: str) -> str:
    """The entry with other values in the row of `a`."""
    return f"SELECT * FROM entry WHERE sku <> 'a' UNION ALL SELECT * REPLACE ({changed}) FROM entry WHERE sku = 'a'"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(WITHOUT_A, id="a row deleted"),
        pytest.param(A_TWICE, id="a row doubled"),
        pytest.param(_with("'z' AS sku, NULL AS held_hash"), id="another SKU"),
        pytest.param(_with("'lost' AS outcome"), id="an outcome that there is not"),
        pytest.param(_with("'removed' AS outcome"), id="an outcome that does not fit"),
        pytest.param(_with("'failed' AS outcome, NULL AS held_hash"), id="received became failed"),
        pytest.param(_with("'f00' AS held_hash"), id="a held version that there is not"),
        pytest.param(_with("NULL AS held_hash"), id="a received product that is not held"),
        pytest.param(_with("NULL AS received_at"), id="received at no time"),
    ],
)
def test_a_damaged_receipt_entry_shows_as_unexplained(line: Line, rows: str) -> None:
    line.sync(products("a", "b"), "far")
    assert line.figures("far").unexplained == 0
    line.rewrite("far", 2, rows)
    assert line.figures("far").unexplained != 0


@pytest.mark.parametrize("rows", [WITHOUT_A, A_TWICE], ids=["a row deleted", "a row doubled"])
def test_a_damaged_catalog_entry_shows_as_unexplained(line: Line, rows: str) -> None:
    line.sync(products("a", "b"), "far")
    line.rewrite(None, 1, rows)
    assert line.figures("far").unexplained != 0


def test_a_row_doubled_in_a_later_entry_shows_as_unexplained(line: Line) -> None:
    line.sync(products("a", "b"), "far")
    line.sync([product("a", "Another name"), product("b")], "far")
    line.rewrite("far", 4, A_TWICE)
    assert line.figures("far").unexplained != 0


def test_what_is_unexplained_fails_the_run_with_the_scope_the_service_and_the_number() -> None:
    with pytest.raises(Unexplained, match=r"en/far: \+1 unexplained"):
        totals.confirm(["en/far: +1 unexplained"])
    totals.confirm([])


def test_a_missing_entry_is_named(line: Line) -> None:
    line.sync(products("a"), "far")
    line.sync(products("a", "b"), "far")
    line.store.remove(line.log("far").path(1))
    with pytest.raises(LogDamaged, match="entry 1 is missing"):
        line.figures("far")


# ── the window ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("after", "latest"),
    [(MICROSECOND, 2), (HOURS, 2), (HOURS + MICROSECOND, 0), (HOURS + timedelta(seconds=1), 0)],
    ids=[
        "a microsecond later",
        "to the microsecond three hours later",
        "a microsecond beyond them",
        "three hours and a second later",
    ],
)
def test_the_window_is_half_open_on_received_at(line: Line, after: timedelta, latest: int) -> None:
    line.sync(products("a", "b"))
    received_at = line.receipts()["a"]["received_at"]
    told = line.figures(as_of=received_at + after)
    assert (told.latest_update, told.total_received) == (latest, 2)


def test_what_is_received_at_the_very_moment_is_not_yet_there(line: Line) -> None:
    line.sync(products("a", "b"))
    told = line.figures(as_of=line.receipts()["a"]["received_at"])
    assert (told.latest_update, told.total_received, told.missing) == (0, 0, 2)


def test_what_was_answered_at_the_moment_and_recorded_before_it_is_outside_the_window(line: Line) -> None:
    """received_at decides, not the entry's time: an entry written at that microsecond or later is not read at all."""
    line.read(products("a"))
    line.far.meanwhile = [lambda: line.passes(hours=1)]
    line.transfer("far")
    row = line.receipts("far")["a"]
    assert line.figures("far", as_of=row["received_at"] + MICROSECOND).total_received == 0
    assert line.figures("far", as_of=row["at"] + MICROSECOND).latest_update == 1
    assert line.figures("far", as_of=row["received_at"] + HOURS + MICROSECOND).latest_update == 0


def test_latest_update_counts_each_product_once_by_its_last_receipt(line: Line) -> None:
    line.sync(products("a", "b", "gone"))
    line.sync([product("a", "Another name"), product("b"), product("gone")])
    line.sync([product("a", "Another name"), product("b"), product("c")])
    told = line.figures()
    assert (told.latest_update, told.removed_in_window, told.total_received) == (3, 1, 3)


def test_what_was_delivered_again_counts_and_is_named_beside(line: Line) -> None:
    line.sync(products("a", "b"))
    line.passes(hours=4)
    line.mark("a")
    line.transfer()
    told = line.figures()
    assert (told.latest_update, told.resent_in_window, told.total_received) == (1, 1, 2)


def test_a_mark_alone_is_no_update(line: Line) -> None:
    line.sync(products("a"))
    line.passes(hours=4)
    line.mark()
    assert line.figures().latest_update == 0


@pytest.mark.parametrize("says", ["fail", "reject"])
def test_what_was_not_taken_is_no_update_and_what_was_taken_before_stays_one(line: Line, says: str) -> None:
    line.sync(products("a", "b"), "far")
    line.far.says = {"a": says, "c": says}
    line.sync([product("a", "Another name"), product("b"), product("c")], "far")
    assert line.figures("far").latest_update == 2


# ── a moment ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_figures_at_a_moment_do_not_change_with_what_comes_later(line: Line) -> None:
    line.sync(products("a", "b"))
    then = line.now + timedelta(seconds=1)
    before = line.figures(as_of=then)
    line.passes(hours=1)
    line.sync([product("a", "Another name"), product("c")])
    line.log().checkpoint(line.con)
    line.log("feed").checkpoint(line.con)
    assert line.figures(as_of=then) == before


def test_what_was_delivered_before_its_entry_by_the_clock_of_another_worker_is_stale_and_explained(line: Line) -> None:
    line.sync([product("a", "v1")])
    line.passes(days=2)
    line.read([product("a", "v2")])
    line.passes(days=-2)
    line.transfer()
    then = line.now + timedelta(days=1)
    told = line.figures(as_of=then)
    assert (told.total_received, told.stale, told.due, told.unexplained) == (1, 1, 1, 0)
    at = StoreAt(line.con, line.store, line.settings, read_point(line.con, line.store, line.settings, then))
    assert [service.state for service in why(at, "a").scopes[0].services if service.service == "feed"] == ["stale"]
    for listed in scope_products(at):
        rows = listed.stored.rows.where("service = 'feed'")
        assert select("SELECT state FROM rows", rows=rows).rows(line.con) == [("stale",)]
    versions = figure_sql.scope(at, SCOPE).relations["versions"]
    assert len(re.findall(r"0000000[12]\.parquet", versions)) == 2


def test_a_moment_is_fixed_when_it_is_noted(line: Line) -> None:
    line.sync(products("a"))
    at = read_point(line.con, line.store, line.settings, line.now + timedelta(hours=1))
    line.sync(products("a", "b"))
    (scope,) = totals.totals(StoreAt(line.con, line.store, line.settings, at)).scopes
    assert (scope.products, scope.services[0].total_received) == (1, 1)
    assert at.positions == {"catalog/en": 1, "receipts/feed/en": 1, "receipts/far/en": 0}


def test_a_scope_tells_its_last_pull_and_what_is_in_quarantine_now(line: Line) -> None:
    line.read([*products("a", "a", "b"), product("c", price="dear"), product("", "No SKU")])
    at = read_point(line.con, line.store, line.settings, line.now + HOURS)
    (scope,) = totals.totals(StoreAt(line.con, line.store, line.settings, at)).scopes
    last = scope.last_pull
    assert last
    assert (last.records, last.valid, last.quarantined, last.repeated) == (5, 2, 2, 1)
    assert (scope.products, scope.quarantined) == (2, 2)
    line.read(products("c"), skus=["c"])
    at = read_point(line.con, line.store, line.settings, line.now + HOURS)
    assert totals.totals(StoreAt(line.con, line.store, line.settings, at)).scopes[0].quarantined == 1


def test_an_invalid_record_beside_a_valid_one_of_its_sku_stays_in_quarantine(line: Line) -> None:
    line.read([*products("a"), product("a", price="dear")])
    assert [(sku, code) for sku, code, _ in _in_quarantine(line)] == [("a", "bad-value")]


def test_the_quarantine_tells_of_a_product_what_the_pull_that_started_last_found(line: Line) -> None:
    line.read(products("a", "b"))
    early = line.pull(products("a", price="dear"), skus=["a"], run="z-started-first")
    line.apply(line.pull(products("a", status="sold"), skus=["a"], run="a-started-last"))
    line.apply(early)
    assert _in_quarantine(line) == [("a", "unknown-status", "a-started-last")]


def _in_quarantine(line: Line) -> list[tuple[str, str, str]]:
    """The SKU, code and run of every record in quarantine now."""
    state = CatalogState.of(line.log().head(line.con))
    records = totals.in_quarantine(line.store, SCOPE, state, line.log().fold())
    return select("SELECT sku, code, run FROM records", records=records).rows(line.con)


# ── why nothing arrived ─────────────────────────────────────────────────────────────────────────────────────────────


def _run(line: Line, pulled: str = "ok", delivered: str = "ok") -> None:
    told = {"started_at": line.now.isoformat(), "finished_at": line.now.isoformat(), "seconds": 0}
    steps = {
        Step("pull", SCOPE): {"outcome": pulled, **told},
        Step("transfer", SCOPE, "far"): {"outcome": delivered, **told},
    }
    run = Run(f"run-{line.now:%H%M%S}", "sync", (SCOPE,), line.now, "a test", "", line.now, "ok", steps)
    runs.begin(line.store, run)


def _nothing_happened(line: Line) -> None:
    line.sync(products("a"), "far")
    line.passes(hours=4)


def _nothing_changed(line: Line) -> None:
    _nothing_happened(line)
    _run(line)


def _the_source_failed(line: Line) -> None:
    _nothing_happened(line)
    _run(line, pulled="failed", delivered="failed")


def _the_service_failed(line: Line) -> None:
    _nothing_happened(line)
    _run(line, delivered="failed")


def _a_product_failed(line: Line) -> None:
    line.far.says = {"a": "fail"}
    line.sync(products("a"), "far")
    _run(line)


def _the_catalog_is_held(line: Line) -> None:
    _nothing_happened(line)
    line.read([])
    _run(line, delivered="failed")


def _removals_are_held(line: Line) -> None:
    _nothing_happened(line)
    line.change("far", accepts=[{"rule": "false", "otherwise": "No"}])
    line.transfer("far")
    _run(line)


@pytest.mark.parametrize(
    ("step", "outcome", "why"),
    [
        (_nothing_happened, "never", "no run"),
        (_nothing_changed, "ok", "nothing changed"),
        (_the_source_failed, "failed", "source failed"),
        (_the_service_failed, "failed", "service failing"),
        (_a_product_failed, "failed", "service failing"),
        (_the_catalog_is_held, "held", "held"),
        (_removals_are_held, "held", "held"),
    ],
    ids=lambda given: given.__name__.strip("_").replace("_", " ") if callable(given) else "",
)
def test_a_latest_update_of_0_says_which_zero_it_is(
    line: Line, step: Callable[[Line], None], outcome: str, why: str
) -> None:
    step(line)
    told = line.figures("far")
    assert (told.latest_update, told.outcome, told.zero_because) == (0, outcome, why)


def test_a_latest_update_that_is_not_0_needs_no_reason(line: Line) -> None:
    line.sync(products("a"), "far")
    _run(line)
    told = line.figures("far")
    assert (told.zero_because, told.last_sync_at) == (None, line.now)
