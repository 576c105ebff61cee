"""A repair is killed after every write and in the middle of every move; the next one ends as if undisturbed.

This file is its own subprocess, as tests/test_crashes.py is: it forks a child for every kill.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from datasync.repair import mend
from datasync.repair.context import RepairContext
from datasync.repair.rebuild import Repair
from datasync.repair.scan import scan
from datasync.settings import Settings
from datasync.sources.files.options import FilesScope
from datasync.store.files import Folder, connect
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.snapshots import snapshot_path
from tests.children import in_a_child
from tests.store.small import SCOPE, Hours, Line, Row, product, settings
from tests.test_crashes import Kills, Shelf
from tests.views import view

RUNS: list[list[Row]] = [
    [product(f"sku{n}") for n in range(6)],
    [product(f"sku{n}", name="Changed" if n == 2 else None) for n in range(1, 7)],
    [product(f"sku{n}", name="Changed again" if n < 3 else None) for n in range(1, 7)],
]


class KillsMoves(Kills):
    """A store whose process ends also between the two steps of moving a file."""

    def move(self, path: str, to: str) -> None:
        target = Path(self.url(to))
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(self.url(path), target)
        self.boundary()
        self.remove(path)


def shop(folder: Path, partial: bool) -> Settings:
    complete = settings(folder, search=None, far=None)
    if not partial:
        return complete
    scope = FilesScope(source=complete.scopes[SCOPE].source, path="changes/*.jsonl", snapshot="partial")
    return complete.model_copy(update={"scopes": {SCOPE: scope}})


def build(folder: Path, partial: bool) -> dict[str, Any]:
    """Three runs, of the second of which every entry is lost, and of a scope that is read whole its snapshot too."""
    store = Folder(str(folder / "store"))
    with connect(store) as con:
        line = Line(con, store, shop(folder, partial), Hours(), {"far": Shelf(folder, lambda: None)})
        for number, rows in enumerate(RUNS):
            line.sync(f"r{number}", rows, skus=[f"sku{n}" for n in range(7)] if partial else ())
            line.clock.pass_by(hours=1)
        for service in ("search", "far"):
            Path(store.url(receipt_log(store, service, SCOPE).path(2))).write_bytes(b"")
    Path(store.url(f"catalog/scope={SCOPE}/00000002.parquet")).write_bytes(b"PAR1")
    if not partial:
        Path(store.url(snapshot_path(SCOPE, "r1"))).write_bytes(b"")
    Path(store.url("notes.txt")).write_text("foreign")
    return {"built": True}


def repair(folder: Path, partial: bool, at: int | None) -> dict[str, Any]:
    """Repair what stands in a folder, killed at a boundary; else, what has come of it."""
    store = KillsMoves(str(folder / "store"), at, halves=False)
    clock = Hours()
    clock.pass_by(days=1)
    with connect(store) as con:
        con.execute("SET threads = 1")
        again = "again" if (folder / "store/lost+found").exists() else "first"
        far = Shelf(folder, lambda: None)
        work = RepairContext(con, store, shop(folder, partial), Repair(again, "a test", clock(), clock), {"far": far})
        for mending in mend.plan(work, scan(con, store, deep=False)):
            mending.act()
        passed = store.passed
        log = catalog_log(store, SCOPE)
        view(con, "folded", log.fold())
        state = log.head(con).meta
        rows = {"catalog": con.execute("SELECT sku, name, change FROM folded ORDER BY sku").fetchall()}
        for service in ("search", "far"):
            view(con, "folded", receipt_log(store, service, SCOPE).fold())
            columns = "sku, outcome, held_hash, coalesce(perhaps_held, false)"
            rows[service] = con.execute(f"SELECT {columns} FROM folded ORDER BY sku").fetchall()
        return {
            "boundaries": passed,
            "damages": [str(damage) for damage in scan(con, store, deep=False).damages],
            "rows": rows,
            "doubt": state.get("unverified"),
            "waiting": state.get("to_apply") or [],
            "pulls": sorted(pull["run"] for pull in state["pulls"]),
        }


def repaired(folder: Path, partial: bool, at: int | None) -> dict[str, Any] | None:
    """A repair in a process of its own; None if it was killed."""
    return in_a_child(lambda: repair(folder, partial, at), f"a repair at boundary {at}")


def main(root: Path) -> None:
    trials = []
    for partial in (False, True):
        whole = root / f"damaged-{partial}"
        whole.mkdir()
        assert in_a_child(lambda whole=whole, partial=partial: build(whole, partial), "the store to repair")
        shutil.copytree(whole, root / "undisturbed", dirs_exist_ok=False)
        wanted = repaired(root / "undisturbed", partial, None)
        shutil.rmtree(root / "undisturbed")
        assert wanted is not None
        kills = []
        for at in range(wanted["boundaries"]):
            folder = root / "killed"
            shutil.copytree(whole, folder)
            was_killed = repaired(folder, partial, at) is None
            kills.append({"at": at, "was_killed": was_killed, **(repaired(folder, partial, None) or {})})
            shutil.rmtree(folder)
        trials.append({"wanted": wanted, "kills": kills})
    (root / "trials.json").write_text(json.dumps(trials))


def test_a_repair_that_was_killed_at_any_write_is_done_by_the_next(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run([sys.executable, __file__, str(tmp_path)], check=True, env=environment)
    complete, partial = json.loads((tmp_path / "trials.json").read_text())

    assert complete["wanted"]["doubt"] == {"through": 2, "complete": True}
    assert (partial["wanted"]["doubt"], partial["wanted"]["pulls"]) == (None, ["r0", "r1", "r2"])
    assert all(held for _, _, held, _ in partial["wanted"]["rows"]["search"])
    assert any(perhaps for _, _, _, perhaps in complete["wanted"]["rows"]["far"])
    for trial in (complete, partial):
        wanted = trial["wanted"]
        assert wanted["damages"] == wanted["waiting"] == []
        assert len(trial["kills"]) > 10
        for kill in trial["kills"]:
            assert kill["was_killed"]
            assert {key: kill[key] for key in wanted if key != "boundaries"} == {
                key: wanted[key] for key in wanted if key != "boundaries"
            }, kill["at"]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
