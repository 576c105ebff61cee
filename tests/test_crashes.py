"""The process is killed after every write; the same run, run again, ends as if nothing had happened.

This file is its own subprocess: it imports everything once and forks a child for every kill, which `os._exit` ends as a
SIGKILL would, with nothing flushed, closed or undone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import duckdb

from datasync.delivery.services.base import Batch, Fence
from datasync.relation import Relation
from datasync.store import holds
from datasync.store.files import Folder, connect
from datasync.store.logs import catalog_log, receipt_log
from tests.children import KILLED, in_a_child
from tests.store.small import SCOPE, Hours, Line, Row, product, settings

WORKERS = 2


# ── what is run ─────────────────────────────────────────────────────────────────────────────────────────────────────

FIRST: list[Row] = [*(product(f"sku{n}") for n in range(10)), product("refused"), product("later", price="much")]
CHANGED: list[Row] = [
    *(product(f"sku{n}", name="Changed" if n == 2 else None) for n in range(8)),  # sku8 and sku9 are gone
    product("refused"),
    product("later"),  # was invalid
    product("new"),
]
CHANGED[3] = product("sku3", price="much")  # is invalid now
CHANGED[4] = product("sku4", status="disabled")  # is turned away by search now
FEW = CHANGED[:3]


def _first(line: Line, run: str) -> None:
    line.sync(run, FIRST)


def _changes(line: Line, run: str) -> None:
    line.sync(run, CHANGED)


def _forced(line: Line, run: str) -> None:
    """A resync of some SKUs, one of which is not there any more."""
    skus = ("sku1", "sku7", "refused", "sku8")
    line.pull(run, [row for row in CHANGED if row[0] != "sku7"], skus)
    line.apply(run)
    for service in line.settings.services:
        line.mark(run, service, skus)
        line.transfer(run, service)


def _shrinks(line: Line, run: str) -> None:
    line.sync(run, FEW)


def _accepted(line: Line, run: str) -> None:
    line.sync(run, FEW, accepted=[sku for sku, *_ in CHANGED if sku])


RUNS: dict[str, Callable[[Line, str], None]] = {
    "first": _first, "changes": _changes, "forced": _forced, "shrinks": _shrinks, "accepted": _accepted,
}  # fmt: skip


class Shelf:
    """A service over a network: what it was given stands on a shelf of its own, and it refuses one product."""

    receipt_is_delivery = False
    fence: Fence = "version"
    batch_seconds = 60
    needs = ("name",)

    def __init__(self, folder: Path, boundary: Callable[[], None]) -> None:
        self.path, self.boundary = folder / "shelf.json", boundary

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        self.boundary()
        rows = con.execute(f"SELECT sku, operation, hash, name FROM ({batch.rows.sql}) ORDER BY sku").fetchall()
        holds = json.loads(self.path.read_text()) if self.path.exists() else {}
        for sku, operation, hash_, _ in rows:
            if operation == "removed":
                holds.pop(sku, None)
            elif sku != "refused":
                holds[sku] = hash_
        self.path.write_text(json.dumps(holds, sort_keys=True))
        self.boundary()
        return Relation(
            "SELECT sku, CASE WHEN operation = 'removed' THEN 'removed' WHEN sku = 'refused' THEN 'rejected' "
            "ELSE 'received' END AS outcome, NULL::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at "
            f"FROM ({batch.rows.sql})"
        )


class Kills(Folder):
    """A store whose process ends at its n-th boundary: right after a write; with ``halves`` also in the middle of one.

    Before a write is after the one before it: nothing but the shelf and the export changes in between.
    """

    def __init__(self, root: str, at: int | None, halves: bool) -> None:
        super().__init__(root)
        self.at, self.halves, self.passed = at, halves, 0

    def boundary(self) -> None:
        if self.passed == self.at:
            os._exit(KILLED)
        self.passed += 1

    def create(self, path: str, made: Path) -> bool:
        done = super().create(path, made)
        self.boundary()
        return done

    def replace(self, path: str, made: Path) -> None:
        super().replace(path, made)
        self.boundary()

    def remove(self, path: str) -> None:
        super().remove(path)
        self.boundary()

    def _beside(self, made: Path) -> Path:
        beside = super()._beside(made)
        if self.halves:
            self.boundary()
        return beside


# ── what is compared ────────────────────────────────────────────────────────────────────────────────────────────────


def _run(folder: Path, number: int, at: int | None) -> dict[str, Any]:
    """Run the run of that number on what stands in ``folder``, killed at a boundary; else, what has come of it."""
    store = Kills(str(folder / "store"), at, halves=list(RUNS)[number] == "changes")
    con = connect(store)
    con.execute("SET threads = 1")
    services = {
        "catalog-service": {"export": "{scope}.jsonl"},
        "search": {"accepts": [{"rule": "status = 'enabled'", "otherwise": "off"}]},
    }
    made = settings(folder, **services).model_copy(
        update={"guard": settings(folder).guard.model_copy(update={"products": 4})}
    )
    clock = Hours(Hours().now + timedelta(hours=number))
    line = Line(con, store, made, clock, {"search": Shelf(folder, store.boundary)})
    name = list(RUNS)[number]
    RUNS[name](line, name)
    return {"boundaries": store.passed, **_state(line, folder)}


def _state(line: Line, folder: Path) -> dict[str, Any]:
    services = list(line.settings.services)
    logs = {
        "catalog": catalog_log(line.store, SCOPE),
        **{name: receipt_log(line.store, name, SCOPE) for name in services},
    }
    heads = {name: dict(log.head(line.con).meta) for name, log in logs.items()}
    told = {
        name: [meta.get(key) for key in ("products", "held", "requests", "settings", "rules")]
        for name, meta in heads.items()
    }
    stands = {str(name): holds.current(line.store, SCOPE, name) for name in (None, *services)}
    return {
        "catalog": line.catalog(),
        "receipts": {name: line.receipts(name) for name in services},
        "pulls": [pull["run"] for pull in heads["catalog"]["pulls"]],
        "told": told,
        "holds": {name: held and (held.id, held.would_remove, held.of) for name, held in stands.items()},
        "shelf": json.loads((folder / "shelf.json").read_text()),
        "export": (folder / f"{SCOPE}.jsonl").read_text(),
    }


# ── the subprocess ──────────────────────────────────────────────────────────────────────────────────────────────────


def _ran(folder: Path, number: int, at: int | None) -> dict[str, Any] | None:
    """A run in a process of its own; None if it was killed."""
    return in_a_child(lambda: _run(folder, number, at), f"run {number} at boundary {at}")


def _undisturbed(root: Path) -> list[dict[str, Any]]:
    """Run all runs once; what stood before each is kept in a folder of its number."""
    ended = []
    for number in range(len(RUNS)):
        before, after = root / str(number), root / str(number + 1)
        before.mkdir(exist_ok=True)
        shutil.copytree(before, after)
        state = _ran(after, number, None)
        assert state is not None
        ended.append(state)
    return ended


def _kill(root: Path, wanted: list[dict[str, Any]], number: int, at: int) -> dict[str, Any]:
    """Kill one run at one boundary, run it again, and tell what is not as it should be."""
    folder = root / f"killed-{number}-{at}"
    shutil.copytree(root / str(number), folder)
    was_killed = _ran(folder, number, at) is None
    again = _ran(folder, number, None)
    shutil.rmtree(folder)
    assert again is not None
    keys = set(again) - {"boundaries"}
    wrong = {key: [wanted[number][key], again[key]] for key in keys if again[key] != wanted[number][key]}
    return {"run": list(RUNS)[number], "boundary": at, "was_killed": was_killed, "wrong": wrong}


def _main(root: Path) -> None:
    wanted = _undisturbed(root)
    kills = [(number, at) for number, state in enumerate(wanted) for at in range(state["boundaries"])]
    children = []
    for worker in range(WORKERS):
        children.append(os.fork())
        if children[-1] == 0:
            found = [_kill(root, wanted, *kill) for kill in kills[worker::WORKERS]]
            (root / f"found-{worker}.json").write_text(json.dumps(found))
            os._exit(0)
    for child in children:
        os.waitpid(child, 0)
    found = [one for worker in range(WORKERS) for one in json.loads((root / f"found-{worker}.json").read_text())]
    (root / "found.json").write_text(json.dumps({"undisturbed": wanted, "kills": found}))


# ── the test ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_that_was_killed_at_any_write_and_ran_again_ends_as_if_undisturbed(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, __file__, str(tmp_path)], check=True, env=environment)
    told = json.loads((tmp_path / "found.json").read_text())

    first, changed, forced, shrunk, accepted = told["undisturbed"]
    assert [len(state["catalog"]) for state in told["undisturbed"]] == [11, 11, 10, 10, 3]
    assert [state["holds"]["None"] is None for state in told["undisturbed"]] == [True, True, True, False, True]
    assert first["shelf"].keys() == {f"sku{n}" for n in range(10)}
    assert forced["told"]["search"][2] == ["forced"]
    assert [outcome for sku, _, outcome, _ in changed["receipts"]["search"] if sku in ("refused", "sku4")] == [
        "rejected",
        "removed",
    ]
    assert shrunk["shelf"] == forced["shelf"]
    assert len(accepted["export"].splitlines()) == 3

    kills = told["kills"]
    assert len(kills) == sum(state["boundaries"] for state in told["undisturbed"]) > 35
    assert [kill for kill in kills if not kill["was_killed"]] == []
    assert [kill for kill in kills if kill["wrong"]] == []


if __name__ == "__main__":
    began = time.monotonic()
    _main(Path(sys.argv[1]))
    sys.stderr.write(f"{time.monotonic() - began:.1f} s\n")
