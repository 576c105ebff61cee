from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datasync.store import runs
from datasync.store.files import Folder
from datasync.store.runs import Run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTILE = (
    "../../x", "..", ".", "", "/etc/passwd", "manual__2026-03-01T00:00:00+00:00", "manual__2026-03-01T00-00-00-00-00",
    "a b", "a\nb", "größe", "gr-e", "\u202eabc", "a\\b", "C:x", "x" * 300, "x" * 301, "</script>", "nul\0byte",
    "x.json", ".scratch", "-rf", "*",
)  # fmt: skip


def _run(name: str, at: datetime = NOON) -> Run:
    return Run(runs.safe(name), "sync", ("en", "de"), at, "someone", "because")


@pytest.mark.parametrize("given", HOSTILE)
def test_a_run_id_becomes_one_safe_name(folder: Folder, tmp_path: Path, given: str) -> None:
    name = runs.safe(given)
    assert name == runs.safe(given)
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
    assert 0 < len(name) < 140
    assert not name.startswith(".")

    run = runs.begin(folder, _run(given))
    runs.record(folder, run.id, "en.pull", {"outcome": "ok"})
    assert runs.find(folder, run.id) == run
    assert runs.steps(folder, run.id) == ({"step": "en.pull", "outcome": "ok"},)
    written = {
        os.path.relpath(os.path.join(at, file), folder.root) for at, _, files in os.walk(tmp_path) for file in files
    }
    assert written == {f"runs/date=2026-03-01/{name}.json", f"steps/{name}/en.pull.json"}


def test_other_run_ids_become_other_names() -> None:
    assert len({runs.safe(given) for given in HOSTILE}) == len(HOSTILE)
    assert len({runs.safe(given).lower() for given in HOSTILE}) == len(HOSTILE)


def test_an_id_that_is_safe_stays_as_it_is() -> None:
    assert runs.safe("scheduled__2026-03-01T00.00_a-1") == "scheduled__2026-03-01T00.00_a-1"
    assert runs.safe(runs.safe("../../x")) == runs.safe("../../x")


def test_a_run_that_begins_again_stays_as_it_was(folder: Folder) -> None:
    first = runs.begin(folder, _run("one"))
    again = runs.begin(folder, replace(_run("one"), reason="another", started_at=NOON + timedelta(days=1)))
    assert again == first
    assert runs.find(folder, "two") is None


def test_a_finished_run_has_its_steps(folder: Folder) -> None:
    run = runs.begin(folder, _run("one"))
    runs.record(folder, "one", "en.search", {"outcome": "failed", "error": "no answer"})
    runs.record(folder, "one", "en.search", {"outcome": "ok", "added": 3})
    runs.record(folder, "one", "en.pull", {"outcome": "ok"})
    parts = runs.steps(folder, "one")
    assert parts == ({"step": "en.pull", "outcome": "ok"}, {"step": "en.search", "outcome": "ok", "added": 3})

    ended = replace(
        run, finished_at=NOON + timedelta(minutes=1), outcome="ok", steps=parts, request={"reason": "it's \u2028"}
    )
    runs.finish(folder, ended)
    assert runs.find(folder, "one") == ended
    assert runs.steps(folder, "none") == ()


def test_the_newest_runs_come_first_and_none_that_began_later(folder: Folder) -> None:
    for day in range(3):
        for hour in range(3):
            runs.begin(folder, _run(f"run-{day}-{hour}", NOON + timedelta(days=day, hours=hour)))

    def newest(before: datetime, most: int) -> list[str]:
        return [run.id for run in runs.newest(folder, before, most)]

    assert newest(NOON + timedelta(days=9), 4) == ["run-2-2", "run-2-1", "run-2-0", "run-1-2"]
    assert newest(NOON + timedelta(days=1, hours=1), 9) == ["run-1-0", "run-0-2", "run-0-1", "run-0-0"]
    assert newest(NOON, 9) == []
