"""What a snapshot does to the catalog log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from datasync.catalog import state
from datasync.errors import RequestTooLate
from datasync.store import holds
from datasync.store.files import read_json, write_json
from tests.line import SCOPE, Killed, Line, many, product, products


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def test_a_first_snapshot_adds_every_valid_product(line: Line) -> None:
    done = line.read([*products("a", "b"), product("c", None)])
    assert (done.added, done.quarantined, done.products) == (2, 1, 2)
    assert line.names() == {"a": "A name", "b": "A name"}


def test_a_snapshot_that_finds_nothing_new_vouches_with_an_entry_without_rows(line: Line) -> None:
    line.read(products("a", "b"))
    done = line.read(products("a", "b"))
    assert (done.entry, done.added, done.updated, done.removed) == (2, 0, 0, 0)
    assert line.changes() == {}


def test_only_what_changed_is_updated(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([product("a"), product("b", "Another name")])
    assert line.changes() == {"b": "updated"}
    assert line.names()["b"] == "Another name"


def test_what_a_complete_snapshot_lacks_is_removed_and_its_name_remembered(line: Line) -> None:
    line.read(products("a", "b"))
    done = line.read(products("a"))
    assert (done.removed, done.products) == (1, 1)
    gone = line.catalog()["b"]
    assert (gone["change"], gone["hash"], gone["name"]) == ("removed", None, "A name")


def test_what_was_removed_is_added_when_it_comes_back(line: Line) -> None:
    for rows in (products("a", "b"), products("a"), products("a", "b")):
        line.read(rows)
    assert line.changes() == {"b": "added"}


def test_what_a_partial_snapshot_did_not_ask_for_stays(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([product("b", "Another name")], skus=["b"])
    assert line.names() == {"a": "A name", "b": "Another name"}


def test_what_was_asked_for_and_is_not_there_is_removed(line: Line) -> None:
    line.read(products("a", "b", "c"))
    line.read([], skus=["a", "b", "never-known"])
    assert line.names() == {"c": "A name"}
    assert line.changes() == {"a": "removed", "b": "removed", "never-known": "removed"}


def test_what_was_asked_for_stays_where_the_source_cannot_know_what_it_lacks(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([], skus=["a"], answers_absence=False)
    assert set(line.names()) == {"a", "b"}


def test_what_was_asked_for_stays_where_a_record_that_cannot_be_read_may_be_it(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([product("b"), {"_unreadable": "Line 1 is cut off."}], skus=["a", "b"])
    assert set(line.names()) == {"a", "b"}


# ── quarantine ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_quarantined_product_keeps_its_last_valid_version(line: Line) -> None:
    line.read(products("a", "b"))
    before = line.catalog()["a"]["hash"]
    line.read([product("a", price="dear"), product("b")])
    now = line.catalog()["a"]
    assert (now["change"], now["code"], now["hash"], now["name"]) == ("quarantined", "bad-value", before, "A name")


def test_a_quarantined_product_is_told_again_only_when_its_code_changes(line: Line) -> None:
    for rows in (products("a"), products("a", price="dear"), products("a", price="dear")):
        line.read(rows)
    assert line.changes() == {}
    line.read([product("a", "")])
    assert line.catalog()["a"]["code"] == "missing-name"


def test_a_product_that_was_never_valid_is_no_product_and_is_added_once_it_is_valid(line: Line) -> None:
    done = line.read([product("a", price="dear"), product("b")])
    assert done.products == 1
    assert line.catalog()["a"]["hash"] is None
    assert line.read(products("a", "b")).added == 1


def test_a_product_that_is_valid_again_unchanged_leaves_quarantine_with_its_old_hash(line: Line) -> None:
    line.read(products("a"))
    before = line.catalog()["a"]["hash"]
    line.read(products("a", price="dear"))
    line.read(products("a"))
    assert line.changes() == {"a": "updated"}
    assert line.catalog()["a"]["hash"] == before


def test_a_valid_record_beats_an_invalid_one_of_the_same_sku(line: Line) -> None:
    line.read([product("a", price="dear"), product("a", "Valid")])
    assert line.names() == {"a": "Valid"}


def test_a_complete_snapshot_with_an_unreadable_record_removes_nothing_and_says_so(line: Line) -> None:
    line.read(products("a", "b"))
    done = line.read([product("a", "Another name"), {"_unreadable": "Line 2 is cut off."}])
    assert line.names() == {"a": "Another name", "b": "A name"}
    assert done.note and "Nothing was removed" in done.note


# ── the volume guard ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("had", "left", "held"),
    [
        pytest.param(100, 70, False, id="30 in a hundred pass"),
        pytest.param(100, 69, True, id="31 in a hundred are held"),
        pytest.param(50, 30, False, id="20 pass whatever their share"),
        pytest.param(50, 29, True, id="21 of 50 are held"),
        pytest.param(200, 140, False, id="60 of 200 are 30 in a hundred"),
        pytest.param(3, 1, False, id="two of three are few"),
        pytest.param(3, 0, True, id="everything is held, be it few"),
    ],
)
def test_a_snapshot_is_held_that_removes_more_than_30_percent_and_more_than_20_or_everything(
    line: Line, had: int, left: int, held: bool
) -> None:
    line.read(many(had))
    done = line.read(many(left))
    assert bool(done.held) == held
    assert len(line.names()) == (had if held else left)


def test_of_a_held_snapshot_nothing_is_applied(line: Line) -> None:
    line.read(products("a", "b"))
    done = line.read(products("c"))
    assert done.entry is None
    assert done.held
    assert (done.held.would_remove, done.held.of) == (2, 2)
    assert set(line.names()) == {"a", "b"}


def test_while_one_is_held_partial_pulls_go_on(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([])
    line.read([product("a", "Another name")], skus=["a"])
    assert line.names() == {"a": "Another name", "b": "A name"}
    assert holds.current(line.store, SCOPE, None)


def test_a_hold_lists_the_products_that_it_keeps_back(line: Line) -> None:
    line.read([product("a", "Ä\n<b>"), product("b"), product("c"), product("", name="no SKU")])
    hold = line.read([]).held
    assert hold
    assert line.listed(hold) == {"a": "Ä\n<b>", "b": "A name", "c": "A name"}
    assert hold.would_remove == 3


def test_an_accepted_hold_lets_pass_what_it_lists(line: Line) -> None:
    line.read(products("a", "b"))
    hold = line.read([]).held
    assert hold
    done = line.read([], accepted=line.listed(hold))
    assert (done.removed, done.accepted, done.held) == (2, 2, None)
    assert line.names() == {}
    assert holds.current(line.store, SCOPE, None) is None


def test_of_an_accepted_hold_only_what_is_gone_still_is_removed(line: Line) -> None:
    line.read(many(60))
    hold = line.read(many(20)).held
    assert hold
    done = line.read(many(50), accepted=line.listed(hold))
    assert (done.removed, done.accepted, done.held) == (10, 10, None)
    assert len(line.names()) == 50
    assert holds.current(line.store, SCOPE, None) is None


def test_as_many_other_removals_as_were_accepted_are_held(line: Line) -> None:
    line.read(many(300))
    hold = line.read(many(120)).held
    assert hold
    left = many(300)[180:]
    done = line.read(left, accepted=line.listed(hold))
    assert (done.removed, done.accepted) == (60, 60), "the listed ones that are gone still"
    assert done.held
    assert set(line.listed(done.held)) == {row["sku"] for row in many(120)}
    assert set(line.names()) == {row["sku"] for row in (*many(120), *left)}


def test_where_none_of_the_accepted_products_is_gone_nothing_is_removed(line: Line) -> None:
    line.read(many(300))
    hold = line.read(many(150)).held
    assert hold
    done = line.read(many(300)[150:], accepted=line.listed(hold))
    assert (done.entry, done.removed, done.accepted) == (None, 0, 0)
    assert done.held
    assert set(line.listed(done.held)) == {row["sku"] for row in many(150)}
    assert len(line.names()) == 300


def test_few_others_than_were_accepted_pass_the_guard(line: Line) -> None:
    line.read(many(300))
    hold = line.read(many(120)).held
    assert hold
    done = line.read(many(120)[3:], accepted=line.listed(hold))
    assert (done.removed, done.accepted, done.held) == (183, 180, None)


def test_where_others_are_held_the_accepted_ones_go_and_nothing_else_of_the_snapshot(line: Line) -> None:
    line.read(many(300))
    first = line.read(many(120)).held
    assert first
    line.passes(hours=1)
    left = [product("p0000", "Another name"), product("new"), *many(60)[1:]]
    done = line.read(left, accepted=line.listed(first))
    assert (done.added, done.updated, done.removed, done.accepted, done.products) == (0, 0, 180, 180, 120)
    assert done.held
    assert (done.held.would_remove, done.held.of, done.held.since) == (60, 120, first.since)
    assert set(line.listed(done.held)) == {row["sku"] for row in many(120)[60:]}
    assert line.names() == {row["sku"]: row["name"] for row in many(120)}
    assert (line.figures().unexplained, line.log().head(line.con).meta["last_complete"]["run"]) == (0, "run-1")

    done = line.read(left, accepted=line.listed(done.held))
    assert (done.added, done.updated, done.removed, done.held) == (1, 1, 60, None)
    assert set(line.names()) == {row["sku"] for row in left}


def test_the_last_products_do_not_go_because_the_others_were_accepted(line: Line) -> None:
    line.read(many(60))
    hold = line.read(many(5)).held
    assert hold
    done = line.read([], accepted=line.listed(hold))
    assert (done.removed, bool(done.held), len(line.names())) == (55, True, 5)


def test_a_pull_that_began_before_an_accepted_removal_does_not_bring_it_back(line: Line) -> None:
    line.read(many(300))
    hold = line.read(many(120)).held
    assert hold
    early = line.pull(many(300)[1:])
    line.read(many(60), accepted=line.listed(hold))
    assert len(line.names()) == 120
    line.apply(early)
    assert set(line.names()) == {row["sku"] for row in many(120)[1:]}
    line.read(many(300)[1:])
    assert len(line.names()) == 299, "a pull that began later does"


def test_a_step_killed_between_a_hold_and_the_accepted_removals_comes_to_the_same_when_run_again(line: Line) -> None:
    line.read(many(300))
    hold = line.read(many(120)).held
    assert hold
    accepted, found = line.listed(hold), line.pull(many(60))
    for kills_at in (".parquet", "holds/", "catalog/"):
        line.store.kill_before(kills_at)
        with pytest.raises(Killed):
            line.apply(found, accepted=accepted)
    assert len(line.names()) == 300
    for _ in range(2):
        held = line.apply(found, accepted=accepted).held
        assert held
        assert (len(line.names()), held.would_remove, held.of) == (120, 60, 120)
    stands = holds.current(line.store, SCOPE, None)
    assert stands
    assert len(line.listed(stands)) == 60


# ── what a hold keeps back ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_resync_of_chosen_skus_removes_nothing_that_a_hold_keeps_back(line: Line) -> None:
    line.read(many(60))
    hold = line.read(many(30)).held
    assert hold
    done = line.read([product("p0001", "Another name")], skus=["p0001", "p0002", "p0040", "p0050", "nobody"])
    assert (done.removed, done.updated, done.kept_back) == (1, 1, 2)
    assert f"the hold of run {hold.id}" in (done.note or "")
    assert "p0002" not in line.names()
    assert {"p0040", "p0050"} <= set(line.names())
    assert holds.current(line.store, SCOPE, None) == hold


def test_what_a_later_snapshot_saw_again_is_kept_back_no_longer(line: Line) -> None:
    line.read(many(60))
    line.read(many(30))
    assert line.read(many(39)).held
    assert line.read([], skus=["p0035", "p0040"]).kept_back == 1
    assert "p0035" not in line.names()
    line.read(many(60))
    assert line.read([], skus=["p0040"]).kept_back == 0
    assert "p0040" not in line.names()


def test_deletions_that_are_held_keep_back_what_an_earlier_snapshot_lacked(line: Line) -> None:
    line.read(many(90))
    assert line.read(many(50)).held
    gone = [row["sku"] for row in many(50)[:40]]
    told = line.pull([], changed=True, gone=gone)
    assert line.apply(told).held
    assert line.read([], skus=["p0001", "p0080"]).kept_back == 2
    assert len(line.names()) == 90


def test_a_step_whose_deletions_are_held_says_so_too_when_it_is_run_again(line: Line) -> None:
    line.read(many(60))
    found = line.pull([product("new")], changed=True, gone=[row["sku"] for row in many(30)])
    line.store.after["catalog/"] = _killed
    with pytest.raises(Killed):
        line.apply(found)
    again = line.apply(found)
    assert (again.entry, len(line.names())) == (None, 61)
    assert again.held == holds.current(line.store, SCOPE, None)
    assert again.held


def _killed() -> None:
    raise Killed


def test_a_snapshot_that_removes_nothing_because_of_a_broken_record_ends_no_hold(line: Line) -> None:
    line.read(many(60))
    hold = line.read(many(30)).held
    line.read([*many(30), {"_unreadable": "it is broken"}])
    assert holds.current(line.store, SCOPE, None) == hold


def test_a_hold_without_a_list_keeps_back_all_that_is_asked_for(line: Line) -> None:
    line.read(many(60))
    hold = line.read(many(30)).held
    assert hold
    write_json(line.store, holds.path_of(hold), {**read_json(line.store, holds.path_of(hold)), "listed": None})
    assert line.read([], skus=["p0001", "p0050"]).kept_back == 2
    assert len(line.names()) == 60


def test_a_complete_snapshot_that_passes_ends_a_hold(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([])
    assert holds.current(line.store, SCOPE, None)
    line.read(products("a", "b"))
    assert holds.current(line.store, SCOPE, None) is None


def test_a_step_killed_before_it_ended_the_hold_it_passed_ends_it_when_run_again(line: Line) -> None:
    line.read(products("a", "b"))
    line.read([])
    found = line.pull(products("a", "b"))
    line.store.kill_before(".released")
    with pytest.raises(Killed):
        line.apply(found)
    assert holds.current(line.store, SCOPE, None)
    line.apply(found)
    assert holds.current(line.store, SCOPE, None) is None


def test_an_old_step_run_again_does_not_end_a_hold_met_since(line: Line) -> None:
    old = line.pull(products("a", "b"))
    line.apply(old)
    line.read([])
    line.apply(old)
    assert holds.current(line.store, SCOPE, None)


# ── order of reading ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_snapshot_never_overrides_what_a_later_pull_read(line: Line) -> None:
    line.read(products("a", "b"))
    early = line.pull([product("a", "Early"), product("b", "Early")])
    line.read([product("a", "Later")], skus=["a"])
    line.apply(early)
    assert line.names() == {"a": "Later", "b": "Early"}


def test_a_snapshot_does_not_remove_what_a_later_pull_read(line: Line) -> None:
    line.read(products("a", "b"))
    early = line.pull(products("b"))
    line.read(products("a"), skus=["a"])
    line.apply(early)
    assert set(line.names()) == {"a", "b"}


def test_a_snapshot_does_not_bring_back_what_a_later_pull_asked_for_in_vain(line: Line) -> None:
    line.read(products("a", "b"))
    early = line.pull(products("a", "b"))
    line.read([], skus=["a"])
    line.apply(early)
    assert set(line.names()) == {"b"}


def test_a_later_question_that_the_source_cannot_answer_vouches_for_nothing(line: Line) -> None:
    early = line.pull(products("a", "b"))
    line.read([], skus=["a"], answers_absence=False)
    line.apply(early)
    assert set(line.names()) == {"a", "b"}


def test_a_snapshot_does_not_make_valid_what_a_later_pull_found_invalid(line: Line) -> None:
    line.read(products("a", "b"))
    early = line.pull([product("a", "Early"), product("b")])
    line.read(products("a", price="dear"), skus=["a"])
    line.apply(early)
    assert line.catalog()["a"]["change"] == "quarantined"
    assert line.names()["a"] == "A name"


@pytest.mark.parametrize("skus", [(), ("a",)], ids=["a complete one", "a partial one"])
def test_a_complete_pull_that_found_nothing_new_vouches_against_every_older_snapshot(
    line: Line, skus: tuple[str, ...]
) -> None:
    line.read(products("a", "b"))
    early = line.pull([product("a", "Early")], skus=skus)
    line.read(products("a", "b"))
    done = line.apply(early)
    assert done.entry is None
    assert done.note and "started later" in done.note
    assert line.names() == {"a": "A name", "b": "A name"}


def test_a_snapshot_applied_twice_is_applied_once(line: Line) -> None:
    found = line.pull(products("a"))
    line.apply(found)
    again = line.apply(found)
    assert (again.entry, again.products, line.entries()) == (None, 1, 1)


@pytest.mark.parametrize(("pulls", "is_too_late"), [(2, False), (3, True)])
def test_a_snapshot_is_refused_that_is_older_than_the_pulls_still_remembered_however_long_ago_it_was(
    line: Line, monkeypatch: pytest.MonkeyPatch, pulls: int, is_too_late: bool
) -> None:
    monkeypatch.setattr(state, "REMEMBERED", 3)
    line.read(products("a", "b", "c"))
    early = line.pull([product("a", "Early"), product("c", "Early")], skus=["a", "c"])
    line.read([product("a", "Later")], skus=["a"])
    line.passes(days=20)
    for _ in range(pulls):
        line.read(products("b"), skus=["b"])
    if is_too_late:
        with pytest.raises(RequestTooLate, match="--complete"):
            line.apply(early)
    else:
        line.apply(early)
    assert line.names() == {"a": "Later", "b": "A name", "c": "A name" if is_too_late else "Early"}


def test_what_a_complete_pull_put_into_quarantine_counts_however_many_partial_ones_came_since(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "REMEMBERED", 3)
    whole = line.pull([*products("a"), product("b", None)])
    line.apply(whole)
    for _ in range(5):
        line.read(products("a"), skus=["a"])
    pulls = line.log().head(line.con).meta["pulls"]
    assert [pull["run"] for pull in pulls] == [whole.run, "run-4", "run-5", "run-6"]


# ── writers and clocks ──────────────────────────────────────────────────────────────────────────────────────────────

SKEWS = [timedelta(seconds=0.1), timedelta(minutes=10), timedelta(days=500), timedelta(minutes=-10), timedelta(-500)]


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_the_later_pull_wins_whatever_the_clocks_of_the_workers_say(line: Line, skew: timedelta) -> None:
    line.read(products("a", "b", "c"))
    line.now += skew
    early = line.pull([product("a", "Early"), product("b", "Early")])
    line.now -= skew
    line.read([product("a", "Later")], skus=["a"])
    line.now += skew
    line.apply(early)
    line.now -= skew
    assert line.names() == {"a": "Later", "b": "Early"}
    line.read([product("a", "Last"), product("c", "Last")])
    assert line.names() == {"a": "Last", "c": "Last"}


@pytest.mark.parametrize("skew", SKEWS, ids=str)
def test_the_later_pull_moves_the_watermark_whatever_the_clocks_of_the_workers_say(line: Line, skew: timedelta) -> None:
    marks = []
    for number in range(4):
        line.now += skew if number % 2 else -skew
        line.read(products("a"), watermark=str(number), changed=number > 0)
        marks.append(_watermark(line))
    assert marks == ["0", "1", "2", "3"]
    early, later = (line.pull(products("a"), watermark=mark, changed=True) for mark in ("early", "later"))
    line.apply(later)
    line.apply(early)
    assert _watermark(line) == "later"


def test_what_is_pulled_anew_takes_a_new_place(line: Line) -> None:
    """The first try of a run was killed, so what it read is gone; the second reads after another run's pull."""
    line.read(products("a", "b"))
    line.store.kill_before("quarantine/")
    with pytest.raises(Killed):
        line.pull([product("a", "Killed")], run="again")
    line.read([product("a", "Between"), product("b")])
    line.passes(hours=-1)
    done = line.apply(line.pull([product("a", "Again"), product("b")], run="again"))
    assert (done.updated, line.names()["a"]) == (1, "Again")


def test_who_loses_the_race_for_an_entry_computes_the_difference_anew(line: Line) -> None:
    line.read(products("a"))
    mine, other = line.pull([product("b", "Mine")], skus=["b"]), line.turn()
    theirs = other.pull([product("b", "Theirs"), product("c")], skus=["b", "c"])
    line.store.before["catalog/"] = lambda: other.apply(theirs)
    done = line.apply(mine)
    assert (done.entry, done.added, done.updated) == (3, 0, 0)
    assert line.names() == {"a": "A name", "b": "Theirs", "c": "A name"}


@pytest.mark.parametrize("path", ["quarantine/", "snapshots/", "catalog/"])
def test_a_step_killed_before_any_write_comes_to_the_same_when_run_again(line: Line, path: str) -> None:
    line.read(products("a", "b"))
    rows = [product("a", "Another name"), product("c"), product("d", None)]
    line.store.kill_before(path)
    with pytest.raises(Killed):
        line.apply(line.pull(rows, run="killed"))
    line.apply(line.pull(rows, run="killed"))
    assert {sku: row["change"] for sku, row in line.catalog().items()} == {
        "a": "updated",
        "b": "removed",
        "c": "added",
        "d": "quarantined",
    }
    assert line.entries() == 2


def test_entry_times_rise_though_the_clock_runs_backwards(line: Line) -> None:
    times = []
    for hour in (3, 1, 2):
        line.now = line.now.replace(hour=hour)
        line.read(products("a"), skus=["a"])
        times.append(line.log().head(line.con).at)
    assert times[1] - times[0] == times[2] - times[1] == timedelta(microseconds=1)


# ── what counts as a change ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_volatile_field_changes_nothing(tmp_path: Path) -> None:
    line = Line(tmp_path, volatile=["modified"])
    line.read(products("a", modified="1"))
    line.read(products("a", modified="2"))
    assert line.changes() == {}


def test_a_field_that_is_not_volatile_changes_the_product(line: Line) -> None:
    line.read(products("a", modified="1"))
    line.read(products("a", modified="2"))
    assert line.changes() == {"a": "updated"}


def test_the_source_s_change_time_is_no_content(line: Line) -> None:
    line.read(products("a", updated_at="2026-01-01T00:00:00Z"))
    line.read(products("a", updated_at="2026-02-02T00:00:00Z"))
    assert line.changes() == {}


def test_a_new_hash_version_alone_changes_nothing_and_makes_nothing_due(line: Line) -> None:
    line.sync(products("a", "b", modified="1"))
    before = line.catalog()["a"]["hash"]
    line.make_volatile("modified")
    done = line.sync(products("a", "b", modified="2"))
    assert line.changes() == {}
    assert line.catalog()["a"]["hash"] == before
    assert (done.updated, done.resent, line.figures().due) == (0, 0, 0)


def test_after_a_new_hash_version_a_change_is_a_change(line: Line) -> None:
    line.sync(products("a", "b"))
    line.make_volatile("modified")
    assert line.sync([product("a", "Another name"), product("b")]).updated == 1
    assert line.catalog()["a"]["hash_version"] != line.catalog()["b"]["hash_version"]


def test_a_snapshot_hashed_by_yesterdays_rule_is_compared_by_today_s(line: Line) -> None:
    line.sync(products("a", "b", modified="1"))
    found = line.pull([product("a", modified="1"), product("b", "Another name", modified="1")])
    line.make_volatile("modified")
    line.apply(found)
    assert line.changes() == {"b": "updated"}
    assert line.transfer().updated == 1


# ── the watermark ───────────────────────────────────────────────────────────────────────────────────────────────────


def _watermark(line: Line) -> str | None:
    mark: str | None = line.log().head(line.con).meta.get("watermark")
    return mark


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda line: line.apply(line.pull(products("a", "b"), watermark="2")), "2"),
        (lambda line: line.apply(line.pull(products("a", "b"), watermark="2"), scheduled=False), "1"),
        (lambda line: line.apply(line.pull([], watermark="2")), "1"),
    ],
    ids=["a scheduled pull moves it", "a resync leaves it", "a held snapshot leaves it"],
)
def test_only_a_scheduled_pull_that_is_applied_moves_the_watermark(
    line: Line, step: Callable[[Line], object], expected: str
) -> None:
    line.read(products("a", "b"), watermark="1")
    step(line)
    assert _watermark(line) == expected


def test_a_pull_that_moves_the_watermark_writes_an_entry_without_rows(line: Line) -> None:
    line.read(products("a"), watermark="1")
    line.read(products("a"), watermark="2")
    assert (line.changes(), _watermark(line), line.entries()) == ({}, "2", 2)
