from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from datasync.relation import Relation
from datasync.store import acceptances, holds
from datasync.store.files import Folder, Store, connect
from datasync.store.holds import Hold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _hold(run: str, hours: int, service: str | None = None) -> Hold:
    at = NOON + hours * HOUR
    return Hold(run, "en", service, at, would_remove=50, of=60, since=at)


def _met(folder: Store, hold: Hold, skus: str = "SELECT 'a' AS sku, 'A' AS name") -> Hold:
    with closing(connect(folder)) as con:
        return holds.hold(con, folder, hold, Relation(skus))


def _listed(folder: Store, hold: Hold) -> list[tuple[str, str | None]]:
    assert hold.listed
    with closing(connect(folder)) as con:
        return holds.products(folder, hold.listed).rows(con)


@pytest.mark.parametrize("service", [None, "search"])
def test_a_hold_stands_until_a_run_passes_and_every_earlier_moment_can_be_asked_about(
    folder: Folder, service: str | None
) -> None:
    first = _met(folder, _hold("r1", 0, service))
    second = _met(folder, _hold("r2", 1, service))
    holds.release(folder, "en", service, "r3", NOON + 2 * HOUR)
    third = _met(folder, _hold("r4", 3, service))

    assert second == replace(_hold("r2", 1, service), since=NOON, listed=second.listed)
    assert third.since == NOON + 3 * HOUR
    stood = {
        hours: holds.current(folder, "en", service, NOON + hours * HOUR) for hours in (0, 0.5, 1, 1.5, 2, 2.5, 3, 4)
    }
    assert stood == {0: None, 0.5: first, 1: first, 1.5: second, 2: second, 2.5: None, 3: None, 4: third}
    assert holds.current(folder, "en", service) == third
    assert holds.current(folder, "en", "other") is None


def test_holds_of_a_scope_and_of_its_services_are_apart(folder: Folder) -> None:
    of_scope, of_service = _met(folder, _hold("r1", 0)), _met(folder, _hold("r1", 0, "search"))
    holds.release(folder, "en", None, "r2", NOON + HOUR)

    assert holds.current(folder, "en", None) is None
    assert holds.current(folder, "en", "search") == of_service
    assert holds.find(folder, "en", None, "r1") == of_scope
    assert holds.find(folder, "en", None, "r2") is None


def test_without_a_hold_there_is_nothing_to_release(folder: Folder) -> None:
    holds.release(folder, "en", None, "r1", NOON)
    assert folder.folders("") == []


def test_a_release_counts_though_its_clock_is_behind(folder: Folder) -> None:
    _met(folder, _hold("r1", 0))
    holds.release(folder, "en", None, "r2", NOON - HOUR)
    assert holds.current(folder, "en", None) is None
    assert holds.current(folder, "en", None, NOON + HOUR) is None


def test_a_run_that_is_tried_again_meets_its_own_hold(folder: Folder) -> None:
    _met(folder, _hold("r1", 0))
    again = _met(folder, _hold("r1", 1))
    assert again.since == NOON
    assert holds.current(folder, "en", None) == again


def test_the_last_word_is_of_who_knows_the_latest_entry_whatever_the_clocks_say(folder: Folder) -> None:
    """Each line is one word, by a clock that is so many hours off; which hold stands after it."""
    words: list[tuple[str, int, int, bool, str | None]] = [
        ("r1", 0, 4, False, "r1"),
        ("r2", 40, 5, True, None),  # by a clock that was ahead
        ("r3", 1, 5, False, "r3"),  # at the entry that was just written
        ("r4", -9, 5, True, None),  # it passes without an entry
        ("r5", -500, 6, False, "r5"),
        ("r6", 2, 7, True, None),
        ("late", 99, 6, False, None),  # it was met before the entry that passed, and written down after it
    ]
    for run, hours, entry, is_release, stands in words:
        if is_release:
            holds.release(folder, "en", None, run, NOON + hours * HOUR, entry)
        else:
            _met(folder, replace(_hold(run, hours), entry=entry))
        found = holds.current(folder, "en", None)
        assert (found and found.id) == stands, run


@pytest.mark.parametrize(
    ("removals", "of", "is_held"),
    [
        (0, 0, False),
        (0, 100, False),
        (1, 1, True),
        (100, 100, True),
        (20, 21, False),
        (21, 30, True),
        (30, 100, False),
        (31, 100, True),
    ],
)
def test_the_guard_holds_many_of_many_and_everything(removals: int, of: int, is_held: bool) -> None:
    assert holds.exceeds(30, 20, removals, of) is is_held


def test_a_hold_has_a_list_that_no_other_try_of_its_run_replaces(store: Store) -> None:
    first = _met(store, _hold("r1", 0), "SELECT * FROM (VALUES ('b', NULL), ('a', 'Ä;\n'), ('..', '')) AS t(sku, name)")
    again = _met(store, _hold("r1", 1), "SELECT 'c' AS sku, 'C' AS name")
    assert _listed(store, first) == [("..", ""), ("a", "Ä;\n"), ("b", None)]
    assert _listed(store, again) == [("c", "C")]
    assert holds.is_listed(store, first)
    store.remove(again.listed or "")
    assert not holds.is_listed(store, again)
    assert not holds.is_listed(store, _hold("old", 0))


def test_what_keeps_products_back_is_the_last_whole_hold_and_what_was_met_since(folder: Folder) -> None:
    met = [
        _met(folder, replace(_hold(f"r{n}", n), complete=complete))
        for n, complete in enumerate((True, True, False, False))
    ]
    assert holds.standing(folder, "en", None) == [met[3], met[2], met[1]]
    holds.release(folder, "en", None, "r5", NOON + 5 * HOUR)
    assert holds.standing(folder, "en", None) == []


def test_an_acceptance_is_written_once_a_run(folder: Folder) -> None:
    first, second = _met(folder, _hold("r1", 0)), _met(folder, _hold("r2", 1))
    acceptances.accept(folder, first, "resync", "Ann", "right", NOON)
    acceptances.accept(folder, second, "resync", "Bob", "again", NOON + HOUR)
    kept = acceptances.of_run(folder, "en", None, "resync")
    assert kept
    assert (kept.hold, kept.listed, kept.by, kept.reason, kept.at) == ("r1", first.listed, "Ann", "right", NOON)
    assert [one for _, one in acceptances.read_all(folder, "en", None)] == [kept]
    assert acceptances.of_run(folder, "en", "search", "resync") is None
    assert holds.current(folder, "en", None) == second, "an acceptance is no hold"
