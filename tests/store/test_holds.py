from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from datasync.store import holds
from datasync.store.files import Folder
from datasync.store.holds import Hold

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _hold(run: str, hours: int, service: str | None = None) -> Hold:
    at = NOON + hours * HOUR
    return Hold(run, "en", service, at, would_remove=50, of=60, since=at)


@pytest.mark.parametrize("service", [None, "search"])
def test_a_hold_stands_until_a_run_passes_and_every_earlier_moment_can_be_asked_about(
    folder: Folder, service: str | None
) -> None:
    first = holds.hold(folder, _hold("r1", 0, service))
    second = holds.hold(folder, _hold("r2", 1, service))
    holds.release(folder, "en", service, "r3", NOON + 2 * HOUR)
    third = holds.hold(folder, _hold("r4", 3, service))

    assert second == replace(_hold("r2", 1, service), since=NOON)
    assert third.since == NOON + 3 * HOUR
    stood = {
        hours: holds.current(folder, "en", service, NOON + hours * HOUR) for hours in (0, 0.5, 1, 1.5, 2, 2.5, 3, 4)
    }
    assert stood == {0: None, 0.5: first, 1: first, 1.5: second, 2: second, 2.5: None, 3: None, 4: third}
    assert holds.current(folder, "en", service) == third
    assert holds.current(folder, "en", "other") is None


def test_holds_of_a_scope_and_of_its_services_are_apart(folder: Folder) -> None:
    of_scope, of_service = holds.hold(folder, _hold("r1", 0)), holds.hold(folder, _hold("r1", 0, "search"))
    holds.release(folder, "en", None, "r2", NOON + HOUR)

    assert holds.current(folder, "en", None) is None
    assert holds.current(folder, "en", "search") == of_service
    assert holds.find(folder, "en", None, "r1") == of_scope
    assert holds.find(folder, "en", None, "r2") is None


def test_without_a_hold_there_is_nothing_to_release(folder: Folder) -> None:
    holds.release(folder, "en", None, "r1", NOON)
    assert folder.folders("") == []


def test_a_release_counts_though_its_clock_is_behind(folder: Folder) -> None:
    holds.hold(folder, _hold("r1", 0))
    holds.release(folder, "en", None, "r2", NOON - HOUR)
    assert holds.current(folder, "en", None) is None
    assert holds.current(folder, "en", None, NOON + HOUR) is None


def test_a_run_that_is_tried_again_meets_its_own_hold(folder: Folder) -> None:
    holds.hold(folder, _hold("r1", 0))
    again = holds.hold(folder, _hold("r1", 1))
    assert again.since == NOON
    assert holds.current(folder, "en", None) == again


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
