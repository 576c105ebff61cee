"""The error tree decides what is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dags.shop import DAGS, Ran, load, ran

TRIALS = Path(__file__).parent / "trials"


def stumble(error: str) -> Ran:
    load(DAGS, "dags-folder")  # puts the folder where the trial finds the defaults
    return ran(load(TRIALS, "trials").dags["retry_trial"].test(run_conf={"error": error}))


@pytest.mark.parametrize(
    "error",
    ["datasync.errors.TransientError", "datasync.errors.SourceUnavailable", "builtins.ConnectionResetError"],
)
def test_what_may_pass_is_tried_again(shop: object, error: str) -> None:
    found = stumble(error)
    assert (found.state, found.tries) == ("success", {"stumble": 2})


@pytest.mark.parametrize(
    "error",
    [
        "datasync.errors.SettingsError",
        "datasync.errors.LogDamaged",
        "datasync.errors.RequestTooLate",
        "builtins.TypeError",
    ],
)
def test_what_will_not_pass_fails_at_once(shop: object, error: str) -> None:
    found = stumble(error)
    assert (found.state, found.tries) == ("failed", {"stumble": 1})
