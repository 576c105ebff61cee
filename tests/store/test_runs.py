from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.sql import literal, query_text
from datasync.store import runs
from datasync.store.files import Folder, write_json
from datasync.store.runs import Run, Step

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTILE = (
    "../../x", "..", ".", "", "/etc/passwd", "manual__2026-03-01T00:00:00+00:00", "manual__2026-03-01T00-00-00-00-00",
    "a b", "a\nb", "größe", "gr-e", "\u202eabc", "a\\b", "C:x", "x" * 300, "x" * 301, "</script>", "nul\0byte",
    "x.json", ".scratch", "-rf", "*",
)  # fmt: skip

PULL = Step("pull", "en")


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
    runs.record(folder, run.id, PULL, {"outcome": "ok"})
    assert runs.find(folder, run.id) == run
    assert runs.steps(folder, run.id) == {PULL: {"outcome": "ok"}}
    written = {
        os.path.relpath(os.path.join(at, file), folder.root) for at, _, files in os.walk(tmp_path) for file in files
    }
    assert written == {f"runs/date=2026-03-01/{name}.json", f"steps/{name}/pull.scope=en.json"}


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
    search = Step("transfer", "en", "search")
    runs.record(folder, "one", search, {"outcome": "failed", "error": "no answer"})
    runs.record(folder, "one", search, {"outcome": "ok", "added": 3})
    runs.record(folder, "one", PULL, {"outcome": "ok"})
    parts = runs.steps(folder, "one")
    assert parts == {PULL: {"outcome": "ok"}, search: {"outcome": "ok", "added": 3}}

    ended = replace(
        run, finished_at=NOON + timedelta(minutes=1), outcome="ok", steps=parts, request={"reason": "it's \u2028"}
    )
    runs.finish(folder, ended)
    assert runs.find(folder, "one") == ended
    assert runs.steps(folder, "none") == {}


def test_the_newest_runs_come_first_and_none_that_began_later(folder: Folder) -> None:
    for day in range(3):
        for hour in range(3):
            runs.begin(folder, _run(f"run-{day}-{hour}", NOON + timedelta(days=day, hours=hour)))

    def newest(before: datetime, most: int) -> list[str]:
        return [run.id for run in runs.newest(folder, before, most)]

    assert newest(NOON + timedelta(days=9), 4) == ["run-2-2", "run-2-1", "run-2-0", "run-1-2"]
    assert newest(NOON + timedelta(days=1, hours=1), 9) == ["run-1-0", "run-0-2", "run-0-1", "run-0-0"]
    assert newest(NOON, 9) == []


@pytest.mark.parametrize("ahead", [timedelta(minutes=90), timedelta(days=500)])
def test_a_run_whose_clock_was_ahead_stands_where_it_was_written(folder: Folder, ahead: timedelta) -> None:
    for hour in range(4):
        run = runs.begin(
            folder, _run(f"run-{hour}", NOON + timedelta(hours=hour) + (ahead if hour == 1 else timedelta(0)))
        )
        written = (NOON + timedelta(hours=hour, minutes=5)).timestamp()
        os.utime(folder.url(runs.path_of(run)), (written, written))

    def newest(before: datetime | None, most: int = 9) -> list[str]:
        return [run.id for run in runs.newest(folder, before, most)]

    assert newest(None) == ["run-3", "run-2", "run-1", "run-0"]
    assert newest(None, 2) == ["run-3", "run-2"]
    assert newest(NOON + timedelta(hours=1)) == ["run-0"]


# ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = (
    "x" * 100,
    "pull",
    "catalog",
    "transfer",
    "en",
    "en.pull",
    "en.pull.scope=x",
    "a",
    "a.b",
    "b",
    "../x",
    "größe",
    "a/b",
    "a=b",
)


def test_every_step_has_a_file_of_its_own_whatever_its_names(folder: Folder, tmp_path: Path) -> None:
    steps = [Step("pull", name) for name in NAMES] + [Step("catalog", name) for name in NAMES]
    steps += [Step("transfer", scope, service) for scope in NAMES for service in NAMES]
    for number, step in enumerate(steps):
        runs.record(folder, "one", step, {"outcome": "ok", "number": number})
    assert runs.steps(folder, "one") == {step: {"outcome": "ok", "number": n} for n, step in enumerate(steps)}
    assert len(os.listdir(os.path.join(folder.root, "steps", "one"))) == len(steps)
    assert os.listdir(os.path.join(folder.root, "steps")) == ["one"]
    assert len({str(step) for step in steps}) == len(steps), "nobody takes one for another"

    run = replace(_run("one"), steps=runs.steps(folder, "one"))
    runs.finish(folder, run)
    assert runs.find(folder, "one") == run


OLD = [
    {"step": "en.pull", "outcome": "failed", "error": "no file"},
    {"step": "de.catalog", "outcome": "ok", "added": 2},
    {"step": "en.search", "outcome": "ok", "marked": 0, "added": 3},
    {"step": "de.pull", "outcome": "ok", "marked": 0, "added": 4},  # of a service that is called pull
    {"step": "de.catalog-service", "outcome": "failed", "error": "no answer"},
]


def test_steps_of_older_runs_are_read(folder: Folder) -> None:
    write_json(folder, "runs/date=2026-03-01/old.json", _old())
    old = runs.find(folder, "old")
    assert old
    assert old.steps == {
        Step("pull", "en"): {"outcome": "failed", "error": "no file"},
        Step("catalog", "de"): {"outcome": "ok", "added": 2},
        Step("transfer", "en", "search"): {"outcome": "ok", "marked": 0, "added": 3},
        Step("transfer", "de", "pull"): {"outcome": "ok", "marked": 0, "added": 4},
        Step("transfer", "de", "catalog-service"): {"outcome": "failed", "error": "no answer"},
    }


def test_a_run_that_an_older_worker_began_goes_on(folder: Folder) -> None:
    write_json(folder, "steps/one/en.pull.json", {"step": "en.pull", "outcome": "failed", "error": "cut off"})
    assert runs.steps(folder, "one") == {PULL: {"outcome": "failed", "error": "cut off"}}
    runs.record(folder, "one", PULL, {"outcome": "ok"})
    assert runs.steps(folder, "one") == {PULL: {"outcome": "ok"}}


def test_the_query_over_run_files_reads_steps_as_the_store_does(folder: Folder) -> None:
    steps = {Step("transfer", "en", "pull"): {"outcome": "ok"}, Step("pull", "a.b"): {"outcome": "ok"}}
    runs.begin(folder, replace(_run("new"), steps=steps))
    write_json(folder, "runs/date=2026-03-01/old.json", _old())
    for name in ("old", "new"):
        run = runs.find(folder, name)
        assert run
        files = literal(os.path.join(folder.root, runs.path_of(run)))
        rows = duckdb.sql(
            f"SELECT kind, scope, service, step ->> 'outcome' FROM ({query_text('steps', files=files)})"
        ).fetchall()
        assert {(s.kind, s.scope, s.service, record["outcome"]) for s, record in run.steps.items()} == set(rows)


def _old() -> dict[str, Any]:
    times = {"started_at": NOON.isoformat(), "finished_at": NOON.isoformat()}
    names = {"id": "old", "kind": "sync", "asked_by": "someone", "reason": "", "outcome": "failed"}
    return {**names, **times, "scopes": ["en", "de"], "steps": OLD, "request": None}
