"""What is due to a service, what its answers become, and what a second writer, a crash or a mistyped rule cannot do."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery import compare
from datasync.errors import InvalidExpression, ServiceBroken, ServiceUnavailable
from datasync.relation import select
from datasync.store import holds
from tests.line import SCOPE, Killed, Line, many, product, products

ENABLED = {"rule": "status = 'enabled'", "otherwise": "The product is disabled"}


@pytest.fixture
def line(tmp_path: Path) -> Line:
    """Two services: feed is embedded, far is called over a network."""
    return Line(tmp_path, feed={}, far={})


def _row(line: Line, sku: str, *names: str, service: str = "far") -> tuple[Any, ...]:
    row = line.receipts(service)[sku]
    return tuple(row[name] for name in names)


def _versions(line: Line) -> dict[str, str]:
    return {sku: row["hash"] for sku, row in line.catalog().items() if row["hash"]}


# ── what is due ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["feed", "far"])
def test_a_new_service_is_due_everything_it_accepts(line: Line, name: str) -> None:
    line.change(name, accepts=[ENABLED])
    done = line.sync([*products("a", "b"), product("c", status="disabled")], name)
    assert done.added == 2
    assert line.outcomes(name) == {"a": "received", "b": "received"}


@pytest.mark.parametrize("name", ["feed", "far"])
def test_nothing_due_writes_nothing(line: Line, name: str) -> None:
    line.sync(products("a"), name)
    before = line.entries(name)
    assert line.transfer(name).entries == ()
    assert line.entries(name) == before


def test_only_what_changed_is_delivered_again(line: Line) -> None:
    line.sync(products("a", "b"), "far")
    done = line.sync([product("a"), product("b", "Another name")], "far")
    assert (done.added, done.updated, done.resent, done.removed) == (0, 1, 0, 0)
    assert line.far.holds == _versions(line)


def test_what_left_the_catalog_is_removed_and_is_added_when_it_comes_back(line: Line) -> None:
    line.sync(products("a", "b"), "far")
    assert line.sync(products("a"), "far").removed == 1
    assert set(line.far.holds) == {"a"}
    assert _row(line, "b", "outcome", "held_hash", "received_as") == ("removed", None, "removed")
    assert line.sync(products("a", "b"), "far").added == 1


def test_what_a_service_never_held_is_not_removed_from_it(line: Line) -> None:
    line.read(products("a", "b"))
    line.sync(products("a"), "far")
    assert line.outcomes("far") == {"a": "received"}


def test_a_rule_that_changes_removes_what_it_turns_away_though_the_catalog_did_not_change(line: Line) -> None:
    rows = [*products("a"), product("b", status="disabled")]
    line.sync(rows)
    line.change("feed", accepts=[ENABLED])
    assert line.transfer().removed == 1
    line.change("feed", accepts=[])
    assert line.transfer().added == 1


@pytest.mark.parametrize(
    "rule",
    [
        "price > 1",
        "CAST(name AS INTEGER) > 1",
        "CAST(name AS INTEGER) > 1 AND CAST(name AS INTEGER) + 1 < 9",
        "status = 'disabled'",
    ],
    ids=["is NULL", "fails on a product", "fails in what it says twice", "is false"],
)
def test_a_rule_turns_away_a_product_for_which_it(line: Line, rule: str) -> None:
    line.change("feed", accepts=[{"rule": rule, "otherwise": "Turned away"}])
    assert line.sync([product("a", "A name"), product("b", "2", price="2", status="disabled")]).added == 1
    assert line.outcomes() == {"b": "received"}


def test_the_first_rule_that_turns_a_product_away_speaks(line: Line) -> None:
    line.change("feed", accepts=[ENABLED, {"rule": "price > 1", "otherwise": "The price is low"}])
    line.sync([product("a", status="disabled", price="0"), product("b", price="0")])
    compared = compare.compare(line.con, line.store, SCOPE, "feed", line.settings.services["feed"])
    words = dict(select("SELECT sku, exclusion_reason FROM rules", rules=compared.rules).rows(line.con))
    assert words == {"a": "The product is disabled", "b": "The price is low"}


def test_a_rule_that_is_no_expression_is_refused_by_the_key_it_stands_under(line: Line) -> None:
    line.read(products("a"))
    line.change("feed", accepts=[{"rule": "status = (SELECT 1)", "otherwise": "No"}])
    with pytest.raises(InvalidExpression, match=r"services\.feed\.accepts\.0\.rule"):
        line.transfer()


def test_an_entry_tells_by_which_rules_and_settings_it_was_made(line: Line) -> None:
    line.change("feed", accepts=[ENABLED])
    line.sync(products("a"))
    meta = line.log("feed").head(line.con).meta
    assert meta["rules"] == [ENABLED]
    assert meta["settings"] == line.settings.services["feed"].fingerprint()
    assert meta["held"] == 1


# ── rejected ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_rejected_is_not_tried_again(line: Line) -> None:
    line.far.says = {"a": "reject"}
    assert line.sync(products("a", "b"), "far").rejected == 1
    assert line.transfer("far").entries == ()
    assert _row(line, "a", "outcome", "words", "held_hash", "perhaps_held") == ("rejected", "reject", None, False)


def test_what_was_rejected_is_tried_again_in_a_new_version(line: Line) -> None:
    line.far.says = {"a": "reject"}
    line.sync(products("a"), "far")
    assert line.sync(products("a", name="Another name"), "far").rejected == 1
    assert line.far.batches == [1, 1]


def test_what_was_rejected_is_tried_again_when_the_service_s_settings_change(line: Line) -> None:
    line.change("feed", required=["url"])
    line.sync(products("a"))
    assert line.outcomes() == {"a": "rejected"}
    line.change("feed", required=[])
    assert line.transfer().added == 1


def test_what_was_rejected_waits_when_only_a_rule_changes(line: Line) -> None:
    line.far.says = {"a": "reject"}
    line.sync(products("a"), "far")
    line.change("far", accepts=[ENABLED])
    assert line.transfer("far").entries == ()


def test_what_was_rejected_is_tried_again_when_it_is_forced(line: Line) -> None:
    line.far.says = {"a": "reject"}
    line.sync(products("a"), "far")
    assert line.mark(name="far") == 1
    line.far.says = {}
    assert line.transfer("far").added == 1


def test_a_rejected_version_leaves_the_older_one_held(line: Line) -> None:
    line.sync(products("a"), "far")
    older = _versions(line)["a"]
    line.far.says = {"a": "reject"}
    line.sync(products("a", name="Another name"), "far")
    assert _row(line, "a", "outcome", "held_hash", "received_as") == ("rejected", older, "added")
    assert line.far.holds == {"a": older}


def test_a_refused_removal_is_not_tried_again_until_the_settings_change(line: Line) -> None:
    line.sync(products("a", "b"), "far")
    line.far.says = {"b": "reject"}
    line.sync(products("a"), "far")
    assert _row(line, "b", "outcome", "operation") == ("rejected", "removed")
    line.far.says = {}
    assert line.transfer("far").entries == ()
    line.change("far", max_bytes=1000)
    assert line.transfer("far").removed == 1


def test_a_refused_removal_is_tried_again_when_it_is_forced(line: Line) -> None:
    line.sync(products("a", "b"), "far")
    line.far.says = {"b": "reject"}
    line.sync(products("a"), "far")
    line.far.says = {}
    line.mark("b", name="far")
    assert line.transfer("far").removed == 1


# ── failed ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("answer", ["fail", "lose"])
def test_what_failed_is_tried_at_every_transfer(line: Line, answer: str) -> None:
    line.far.says = {"a": answer}
    assert line.sync(products("a", "b"), "far").failed == 1
    assert line.transfer("far").failed == 1
    line.far.says = {}
    assert line.transfer("far").added == 1
    assert line.far.batches == [2, 1, 1]


def test_a_lost_answer_is_a_failure_that_says_so(line: Line) -> None:
    line.far.says = {"a": "lose"}
    line.sync(products("a"), "far")
    assert _row(line, "a", "outcome", "words", "perhaps_held", "held_hash") == ("failed", "No answer", True, None)


def test_what_is_perhaps_held_otherwise_is_due_again_though_the_hashes_agree(line: Line) -> None:
    line.sync(products("a"), "far")
    line.far.says = {"a": "lose"}
    line.sync(products("a", name="Another name"), "far")
    line.far.says = {}
    assert line.sync(products("a"), "far").resent == 1
    assert line.far.holds == _versions(line)


def test_what_is_perhaps_held_is_removed_once_it_is_not_accepted(line: Line) -> None:
    line.far.says = {"b": "lose"}
    line.sync(products("a", "b"), "far")
    line.far.says = {}
    assert line.sync(products("a"), "far").removed == 1
    assert set(line.far.holds) == {"a"}


def test_a_rejection_settles_nothing_about_what_is_perhaps_held(line: Line) -> None:
    line.far.says = {"b": "lose"}
    line.sync(products("a", "b"), "far")
    line.far.says = {"b": "reject"}
    line.sync([product("a"), product("b", "Another name")], "far")
    assert _row(line, "b", "outcome", "perhaps_held") == ("rejected", True)
    line.far.says = {}
    assert line.sync(products("a"), "far").removed == 1
    assert set(line.far.holds) == {"a"}


def test_a_service_that_is_down_raises_after_its_failures_were_recorded(line: Line) -> None:
    line.read(products("a", "b"))
    line.far.down = True
    with pytest.raises(ServiceUnavailable):
        line.transfer("far")
    assert line.outcomes("far") == {"a": "failed", "b": "failed"}
    line.far.down = False
    assert line.transfer("far").added == 2


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        (("a", "received"), "a is answered 2 times"),
        (("z", "received"), "nobody asked about z"),
        ((None, "received"), "an answer names no SKU"),
        (
            ("lost", "accepted"),
            "the outcome of lost is 'accepted', and known are received, removed, rejected, failed and overtaken",
        ),
        (
            ("lost", None),
            "the outcome of lost is NULL, and known are received, removed, rejected, failed and overtaken",
        ),
        (("lost", "removed"), "lost was to be delivered, and the answer is removed"),
        (("gone", "received"), "gone was to be removed, and the answer is received"),
    ],
)
def test_answers_that_cannot_be_true_are_told_and_none_of_them_is_recorded(
    line: Line, lie: tuple[str | None, str | None], words: str
) -> None:
    line.sync(products("stays", "gone"), "far")
    line.read(products("stays", "a", "b", "lost"))
    line.far.says, line.far.lies = {"lost": "lose", "gone": "lose"}, [lie]
    with pytest.raises(ServiceBroken, match=re.escape(f"services.far: its answers cannot be true: {words}.")):
        line.transfer("far")
    assert line.outcomes("far") == {"stays": "received", **dict.fromkeys(("a", "b", "lost", "gone"), "failed")}
    line.far.says, line.far.lies = {}, []
    done = line.transfer("far")
    assert (done.added, done.removed, set(line.far.holds)) == (3, 1, {"stays", "a", "b", "lost"})
    assert line.transfer("far").entries == ()


def test_a_service_that_stops_in_the_middle_of_a_batch_has_its_answers_recorded(line: Line) -> None:
    line.read(products("a", "b", "c"))
    line.far.cut_after = 2
    with pytest.raises(ServiceUnavailable, match="far stopped answering"):
        line.transfer("far")
    assert line.outcomes("far") == {"a": "received", "b": "received", "c": "failed"}
    assert _row(line, "c", "words", "perhaps_held") == ("far stopped answering.", True)
    line.far.cut_after = None
    assert line.transfer("far").added == 1


def test_what_a_service_that_stops_says_is_checked_too(line: Line) -> None:
    line.read(products("a", "b"))
    line.far.cut_after, line.far.lies = 1, [("z", "received")]
    with pytest.raises(ServiceBroken, match="nobody asked about z"):
        line.transfer("far")
    assert line.outcomes("far") == {"a": "failed", "b": "failed"}


# ── marks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["feed", "far"])
def test_a_mark_leaves_a_product_held_and_makes_it_due(line: Line, name: str) -> None:
    line.sync(products("a", "b"), name)
    before = line.receipts(name)["a"]
    assert line.mark("a", name=name) == 1
    after = line.receipts(name)["a"]
    kept = ("hash", "held_hash", "perhaps_held", "received_at", "received_as")
    assert [after[key] for key in kept] == [before[key] for key in kept]
    assert (after["operation"], after["outcome"]) == ("resend", "marked")
    assert line.transfer(name).resent == 1
    assert line.transfer(name).entries == ()
    assert line.receipts(name)["a"]["received_as"] == "resent"


def test_a_mark_without_skus_reaches_all_that_are_held_failed_or_rejected(line: Line) -> None:
    line.sync(products("a", "gone"), "far")
    line.far.says = {"f": "fail", "r": "reject"}
    line.sync(products("a", "f", "r", "new"), "far")
    assert line.mark(name="far") == 4
    assert {sku for sku, outcome in line.outcomes("far").items() if outcome == "marked"} == {"a", "f", "r", "new"}


def test_a_mark_of_an_older_version_is_delivered_in_the_new_one_and_ended(line: Line) -> None:
    line.sync(products("a"), "far")
    line.mark(name="far")
    assert line.sync(products("a", name="Another name"), "far").updated == 1
    assert line.transfer("far").entries == ()


def test_a_request_marks_once_whoever_runs_it_again(line: Line) -> None:
    line.sync(products("a"))
    assert line.mark(request="airflow-1") == 1
    line.transfer()
    assert line.mark(request="airflow-1") == 0
    assert line.transfer().entries == ()
    assert line.mark(request="airflow-2") == 1


def test_a_request_that_found_nothing_to_mark_marks_nothing_when_run_again(line: Line) -> None:
    assert line.mark(request="airflow-1") == 0
    line.sync(products("a"))
    assert line.mark(request="airflow-1") == 0
    assert line.transfer().entries == ()


def test_two_at_once_with_the_same_request_mark_once(line: Line) -> None:
    line.sync(products("a"))
    other = line.turn()
    line.store.before["receipts/"] = lambda: other.mark(request="airflow-1")
    assert line.mark(request="airflow-1") == 0
    assert line.transfer().resent == 1


# ── the volume guard ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("had", "left", "held"),
    [
        pytest.param(100, 70, False, id="30 in a hundred pass"),
        pytest.param(100, 69, True, id="31 in a hundred are held"),
        pytest.param(50, 30, False, id="20 pass whatever their share"),
        pytest.param(50, 29, True, id="21 of 50 are held"),
        pytest.param(3, 1, False, id="two of three are few"),
        pytest.param(3, 0, True, id="everything is held, be it few"),
    ],
)
def test_a_mistyped_rule_does_not_empty_a_service(line: Line, had: int, left: int, held: bool) -> None:
    line.sync(many(had))
    line.change("feed", accepts=[{"rule": f"sku < 'p{left:04d}'", "otherwise": "Turned away"}])
    done = line.transfer()
    assert bool(done.held) == held
    assert len(line.holding()) == (had if held else left)


def test_while_removals_are_held_what_is_due_is_delivered(line: Line) -> None:
    line.sync(products("a", "b"))
    line.change("feed", accepts=[{"rule": "sku = 'c'", "otherwise": "Turned away"}])
    done = line.sync(products("a", "b", "c"))
    assert (done.added, done.removed) == (1, 0)
    assert done.held
    assert (done.held.service, done.held.would_remove, done.held.of) == ("feed", 2, 2)
    assert line.holding() == {"a", "b", "c"}


def test_accepted_removals_pass_and_end_the_hold(line: Line) -> None:
    line.sync(products("a", "b"))
    line.change("feed", accepts=[{"rule": "false", "otherwise": "Turned away"}])
    hold = line.transfer().held
    assert hold
    assert line.listed(hold) == {"a": "A name", "b": "A name"}
    again = line.transfer(accepted=["a"])
    assert (again.removed, again.accepted) == (1, 1)
    assert again.held
    assert (line.listed(again.held), again.held.of, line.holding()) == ({"b": "A name"}, 1, {"b"})
    assert line.transfer(accepted=["b"]).removed == 1
    assert holds.current(line.store, SCOPE, "feed") is None


def test_a_hold_keeps_the_time_since_when_until_nothing_is_held(line: Line) -> None:
    line.sync(products("a", "b"))
    line.change("feed", accepts=[{"rule": "false", "otherwise": "Turned away"}])
    first = line.transfer(run="one").held
    line.passes(hours=1)
    second = line.transfer(run="two").held
    assert first
    assert second
    assert (second.id, second.since) == ("two", first.since)
    line.change("feed", accepts=[])
    line.transfer(run="three")
    assert holds.current(line.store, SCOPE, "feed") is None


# ── writers, crashes and clocks ─────────────────────────────────────────────────────────────────────────────────────


def test_an_embedded_delivery_that_loses_the_race_is_computed_anew(line: Line) -> None:
    line.read(products("a", "b"))
    other = line.turn()
    line.store.before["receipts/"] = lambda: other.transfer(run="other")
    assert line.transfer(run="mine").entries == ()
    assert {row["run"] for row in line.receipts().values()} == {"other"}
    assert line.entries("feed") == 1


def test_a_delivery_over_a_network_that_loses_the_race_records_what_nobody_else_touched(line: Line) -> None:
    line.sync(products("a"), "far")
    line.read([product("a", "Another name"), product("b")])
    other = line.turn()
    line.store.before["00000004.parquet"] = lambda: other.mark("a", name="far")
    done = line.transfer("far", run="mine")
    history = [
        line.con.execute(
            f"SELECT sku, outcome, words FROM '{line.store.url(line.log('far').path(n))}' ORDER BY sku"
        ).fetchall()
        for n in (5, 7)
    ]
    assert history == [
        [
            ("a", "failed", "unknown: another transfer recorded this product while this one delivered it"),
            ("b", "received", None),
        ],
        [("a", "received", None)],
    ]
    assert done.entries == (5, 7)
    assert line.far.holds == _versions(line)


@pytest.mark.parametrize("name", ["feed", "far"])
def test_a_transfer_killed_before_it_could_record_comes_to_the_same_when_run_again(line: Line, name: str) -> None:
    line.read(products("a", "b"))
    line.store.kill_before(f"0000000{1 if name == 'feed' else 2}.parquet")
    with pytest.raises(Killed):
        line.transfer(name)
    assert set(line.outcomes(name).values()) == (set() if name == "feed" else {"sent"})
    assert line.transfer(name).added == 2
    assert line.holding(name) == {"a", "b"}


def test_a_network_gets_batches_and_a_crash_repeats_no_more_than_the_last(line: Line) -> None:
    line.read(many(2500))
    line.store.kill_before("00000004.parquet")
    with pytest.raises(Killed):
        line.transfer("far")
    first, second = line.far.batches
    assert first == 1000
    assert Counter(line.outcomes("far").values()) == {"received": first, "sent": second}
    assert line.transfer("far").added == 2500 - first
    assert set(line.outcomes("far").values()) == {"received"}
    assert line.far.holds == _versions(line)


def test_entry_times_rise_though_the_clock_runs_backwards_and_no_receipt_lies_after_its_entry(line: Line) -> None:
    line.now = line.now.replace(hour=3)
    line.sync(products("a"), "far")
    line.read(products("a", "b"))
    line.now = line.now.replace(hour=1)
    line.transfer("far")
    first, second = (line.log("far").entry(line.con, number).at for number in (1, 2))
    assert first and second and second - first == timedelta(microseconds=1)
    assert all(row["received_at"] <= row["at"] for row in line.receipts("far").values())


def test_received_at_is_when_the_answer_came_and_an_entry_s_time_when_it_was_written(line: Line) -> None:
    line.read(products("a"))
    line.far.meanwhile = [lambda: line.passes(seconds=30)]
    line.transfer("far")
    received_at, at = _row(line, "a", "received_at", "at")
    assert at - received_at == timedelta(seconds=30)


def test_a_service_whose_clock_is_fast_is_not_taken_at_its_word(line: Line) -> None:
    line.read(products("a"))
    line.far.clock = lambda: line.now + timedelta(hours=1)
    line.transfer("far")
    received_at, at = _row(line, "a", "received_at", "at")
    assert received_at == at
