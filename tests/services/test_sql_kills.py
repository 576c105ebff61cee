"""A transfer to a table is killed between any two statements of its transactions; the next one ends as if undisturbed.

This file is its own subprocess, as tests/test_crashes.py is: it forks a child for every kill.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

import pytest

from datasync.connection import from_environment
from datasync.delivery.services import open_service
from datasync.delivery.services.sql.session import Session
from tests.children import in_a_child
from tests.line import SCOPE, Line, Record, product
from tests.postgres import PostgreSQL
from tests.services.sql_tables import EVERYTHING, WAYS
from tests.sources.databases import made

MOST = 30


def records(number: int) -> list[Record]:
    """Each catalog adds a product, changes some and lacks one."""
    return [product("stays"), *(product(f"p{n}", f"v{number - n}") for n in range(max(0, number - 3), number + 1))]


def line_of(folder: Path, number: int) -> Line:
    line = Line(folder, guard=EVERYTHING, bi={"kind": "sql", "connection": "bi", "table": "products"})
    line.now += timedelta(hours=number)
    line.runs = 10 * number
    return line


def kill_at(boundary: int) -> None:
    """Let the process end at a boundary: before the statement that loads the rows, before one after it, or at the end
    of the commit.
    """
    left: list[int] = []

    def ending(name: str, statement: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            if name == "load":
                left.append(boundary)
            _pass(left)
            result = statement(*args)
            if name == "commit":
                _pass(left)
            return result

        return counted

    for name in ("run", "rows", "load", "commit"):
        setattr(Session, name, ending(name, getattr(Session, name)))


def _pass(left: list[int]) -> None:
    if left == [0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[:] = [count - 1 for count in left]


def transferred(folder: Path, number: int, boundary: int) -> dict[str, Any]:
    line = line_of(folder, number)
    line.read(records(number))
    kill_at(boundary)
    line.transfer("bi")
    return {}


def recovered(folder: Path, number: int) -> dict[str, Any]:
    """What the table holds after the next transfer, what it should hold, and what the page says is due."""
    line = line_of(folder, number)
    line.passes(minutes=30)
    line.runs += 1
    before = _held(line)
    line.transfer("bi", f"run-{line.runs}")
    catalog = {sku: row["hash"] for sku, row in line.catalog().items() if row["hash"]}
    receipts = {sku: row["held_hash"] for sku, row in line.receipts("bi").items() if row["held_hash"]}
    figures = line.figures("bi")
    counts = [figures.due, figures.removals_due, figures.unexplained]
    return {"before": before, "held": _held(line), "catalog": catalog, "receipts": receipts, "counts": counts}


def _held(line: Line) -> dict[str, str]:
    service: Any = open_service(line.settings, "bi", SCOPE, from_environment)
    return {sku: hash_ for sku, hash_, *_ in service.holds(line.con).rows(line.con)}


def every_kill(folder: Path) -> list[dict[str, Any]]:
    """What each kill came to; the last transfer is one that no boundary ended."""
    results, is_killed = [], True
    in_a_child(lambda: transferred(folder, 0, MOST), "the first transfer")
    while is_killed and len(results) < MOST:
        number, boundary = len(results) + 1, len(results)
        is_killed = in_a_child(lambda n=number, b=boundary: transferred(folder, n, b), f"boundary {boundary}") is None
        result = in_a_child(lambda n=number: recovered(folder, n), f"the transfer after boundary {boundary}")
        assert result is not None
        results.append(result)
    return results


@pytest.mark.parametrize("way", WAYS)
def test_a_transfer_that_is_killed_anywhere_leaves_a_table_that_the_next_one_makes_true(
    way: str, postgres: PostgreSQL, tmp_path: Path
) -> None:
    environment = {**os.environ, "AIRFLOW_CONN_BI": made(way, postgres, tmp_path).uri()}
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert len(results) == 8, "before each of six statements, after the commit, and one that nothing ended"
    for before, result in zip(({"held": None}, *results), results, strict=False):
        assert result["held"] == result["catalog"] == result["receipts"]
        assert result["counts"] == [0, 0, 0]
        is_whole = result["before"] in (before["held"], result["held"])
        assert is_whole or before["held"] is None, "a killed batch is taken whole or not at all"
    taken = [result["before"] == result["held"] for result in results]
    assert (taken[0], taken[-2:]) == (False, [True, True]), "killed before and after the commit"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(every_kill(Path(sys.argv[1]))))
