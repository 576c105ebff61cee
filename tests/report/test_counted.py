"""Every figure of the page, counted again by the query that the page shows, run by itself in the store's folder."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from datasync.figures import totals
from datasync.figures.store_at import StoreAt, read_point
from datasync.report.facts import figure_sql as counting
from datasync.report.facts.health import health
from datasync.store import runs
from datasync.store.files import Folder
from datasync.store.snapshots import TERMS
from tests.line import SCOPE, Line, product, products
from tests.report import rich
from tests.report.rich import Rich
from tests.report.test_health import run as ran
from tests.report.test_health import settings
from tests.test_cadence import Source

Call = Callable[..., Any]
RUNNER = """
import duckdb, json, sys
told = []
for sql in json.load(sys.stdin):
    told.append([list(row) for row in duckdb.connect().execute(sql).fetchall()])
json.dump(told, sys.stdout)
"""
SERVICE = (
    "latest_update", "resent_in_window", "removed_in_window", "total_received", "current", "stale", "missing",
    "rejected", "failed", "excluded", "held_older", "orphaned", "due", "removals_due", "unexplained",
)  # fmt: skip
MISSED = ("missed", "changed", "unmoved", "late", "removed")
PULL = ("records", *TERMS)
MOVED = ("received", "resent", "removed", "rejected", "failed")


@pytest.fixture(scope="module")
def shop(built_rich: Rich, tmp_path_factory: pytest.TempPathFactory) -> Rich:
    return rich.copy(built_rich, tmp_path_factory.mktemp("rich"))


@pytest.fixture(scope="module")
def queries(shop: Rich, call: Call) -> dict[tuple[str, str, str], str]:
    """The text that the page shows, by data file, place and figure."""
    found = {}
    for key in ("en-US/counted0", "de-DE/counted0", "all/runs0"):
        data = rich.data_file(shop, key)
        for place, figures in data["figures"].items():
            found |= {(key, place, figure): call("counted.sqlOf", data, place, figure) for figure in figures}
    return found


def counted(store: Path, queries: list[str]) -> list[Any]:
    """What the queries give to somebody who has the store, DuckDB, and nothing of datasync."""
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=json.dumps(queries), cwd=store,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def shown(page: Mapping[str, Any]) -> dict[tuple[str, str, str], Any]:
    """Every figure of the page by where its query stands: a number, or the rows of bars and of reasons."""
    found: dict[tuple[str, str, str], Any] = {}
    for scope in page["totals"]:
        key = f"{scope['scope']}/counted0"
        found |= {(key, "", name): scope[name] for name in ("products", "quarantined")}
        found |= {(key, "", f"pull {name}"): scope["last_pull"][name] for name in PULL}
        found |= {(key, one["service"], name): one[name] for one in scope["services"] for name in SERVICE}
        reasons = [one for one in page["reasons"] if one["scope"] == scope["scope"]]
        found[key, "", "reasons"] = [[one["code"], one["reason"], one["records"]] for one in reasons]
    for one in page["trends"]:
        for figure, name in (("hours", "counts"), ("days", "days")):
            found[f"{one['scope']}/counted0", one["service"], figure] = [[i, n] for i, n in enumerate(one[name])]
    found |= {("all/runs0", run["id"], name): run[name] for run in page["runs"] for name in MOVED}
    found |= {
        ("all/runs0", f"pull/{one['scope']}", name): one[name]
        for one in page["health"]
        for name in ("records", "quarantined", "seconds", "failures")
    }
    found |= {("all/runs0", run["id"], "seconds"): seconds(run) for run in page["runs"] if run["finished_at"]}
    for one in page["holds"]:
        place = f"hold/{one['scope']}/{one['service'] or ''}"
        found |= {("all/runs0", place, name): one[name] for name in ("would_remove", "of")}
    for one in page["unconfigured"]:
        found["all/runs0", f"left/{one['scope']}/{one['service'] or ''}", "held"] = one["held"]
    return found


def seconds(run: Mapping[str, Any]) -> int:
    """What the page says a run took."""
    began, ended = (datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at"))
    return max(1, math.floor((ended - began).total_seconds() + 0.5))


def test_every_figure_is_what_its_query_gives(shop: Rich, queries: dict[tuple[str, str, str], str]) -> None:
    page = shown(rich.page_data(shop))
    assert page.keys() == queries.keys()
    told = counted(shop.folder / "var/store", [queries[name] for name in page])
    again = {
        name: rows if isinstance(value, list) else rows[0][0]
        for (name, value), rows in zip(page.items(), told, strict=True)
    }
    assert again == page


TERMS = ("pull blank", "pull filtered", "pull outdated")


def test_the_history_is_rich_enough_to_count_everything(shop: Rich) -> None:
    """Each figure is other than 0 somewhere, but for those that only an unreachable or a broken service brings, and
    the terms of a pull that test_ledger.py counts.
    """
    page = shown(rich.page_data(shop))
    seen = {name for (_, _, name), value in page.items() if value not in (0, [])}
    assert {name for _, _, name in page} - seen == {"failed", "failures", "unexplained", *TERMS}
    assert {"would_remove", "held"} <= seen


def test_bars_count_products_that_were_received_in_each_day_before_the_moment(shop: Rich) -> None:
    trends = {(one["scope"], one["service"]): one for one in rich.page_data(shop)["trends"]}
    english = trends["en-US", "catalog-service"]
    assert english["days"] == [0] * 25 + [6, 0, 3, 0, 3]
    assert [(48 - i, n) for i, n in enumerate(english["counts"]) if n] == [(17, 1), (3, 3)]


def _failed(line: Line) -> None:
    line.far.says = {"b": "fail"}
    line.sync(products("a", "b", name="Another name"), "far")


def _perhaps_held(line: Line) -> None:
    _failed(line)
    line.read(products("a", "b"))


def _stale_by_a_version_between(line: Line) -> None:
    line.read(products("a", "b", name="Another name"))
    line.read(products("a", "b", name="A third name"))


def _held_twice(line: Line) -> None:
    line.rewrite("far", 2, "SELECT * FROM entry UNION ALL SELECT * FROM entry WHERE sku = 'a'")


def _held_in_a_version_that_nobody_knows(line: Line) -> None:
    line.rewrite("far", 2, "SELECT * REPLACE ('lost' AS hash, 'lost' AS held_hash) FROM entry")


@pytest.mark.parametrize(
    ("step", "figure"),
    [
        (_failed, "failed"),
        (_perhaps_held, "stale"),
        (_stale_by_a_version_between, "stale"),
        (_held_twice, "unexplained"),
        (_held_in_a_version_that_nobody_knows, "unexplained"),
    ],
)
def test_what_goes_wrong_is_counted_by_the_same_queries(
    tmp_path: Path, call: Call, step: Callable[[Line], None], figure: str
) -> None:
    line = Line(tmp_path, far={})
    line.sync(products("a", "b"), "far")
    step(line)
    at = read_point(line.con, line.store, line.settings, line.now + timedelta(seconds=1))
    made = json.loads(counting.scope(StoreAt(line.con, line.store, line.settings, at), SCOPE).text())
    told = counted(tmp_path / "store", [call("counted.sqlOf", made, "far", name) for name in SERVICE])
    figures = asdict(line.figures("far"))
    assert {name: rows[0][0] for name, rows in zip(SERVICE, told, strict=True)} == {n: figures[n] for n in SERVICE}
    assert figures[figure] != 0


def test_what_partial_pulls_missed_is_counted_by_the_queries_beside_it(tmp_path: Path, call: Call) -> None:
    source = Source(Line(tmp_path, far={}))
    line, old = source.line, source.at(days=2)
    source.complete([product("A", updated_at=old), product("B", updated_at=old), product("C", updated_at=old)])
    source.partial(product("A", "new", updated_at=source.at(hours=-0.5)))
    dated = source.at(minutes=25)
    source.partial()
    source.complete([product("A", "newer", updated_at=old), product("B", "new", updated_at=dated)], accepted=["C"])
    at = read_point(line.con, line.store, line.settings, line.now + timedelta(seconds=1))
    read = StoreAt(line.con, line.store, line.settings, at)
    found = totals.totals(read)
    *_, (_, _, _, text) = counting.data_files(read, found, 40)
    place = f"missed/{found.sources[0].source}"
    told = counted(tmp_path / "store", [call("counted.sqlOf", json.loads(text), place, name) for name in MISSED])
    assert [rows[0][0] for rows in told] == [getattr(found.sources[0], name) for name in MISSED]
    assert [rows[0][0] for rows in told] == [2, 3, 1, 1, 1]


def test_failures_in_a_row_are_counted_by_the_query_beside_them(tmp_path: Path, call: Call) -> None:
    store = Folder(str(tmp_path))
    past = [ran(11, pull="failed"), ran(10, pull="failed"), ran(9), ran(8, pull="failed")]
    for run in past:
        runs.begin(store, run)
        runs.finish(store, run)
    sources = list(health(settings(), past))
    data = json.loads(counting.runs(past, 40, sources).text())
    (told,) = counted(tmp_path, [call("counted.sqlOf", data, "pull/en", "failures")])
    assert told == [[2]] == [[sources[0].failures]]


def test_no_query_says_where_the_store_is(shop: Rich, queries: dict[tuple[str, str, str], str]) -> None:
    for text in queries.values():
        assert str(shop.folder) not in text
        assert "s3://" not in text


def test_a_figures_query_is_shown_beside_it(shop: Rich, page: Page, queries: dict[tuple[str, str, str], str]) -> None:
    page.goto(f"{(shop.folder / 'var/site/index.html').as_uri()}#scope=en-US&tab=search")
    card = page.get_by_role("region", name="Total products received")
    card.get_by_text("How is this counted?").click()
    expect(card.get_by_role("group", name="Synced products").locator("visible=true")).to_have_text(
        queries["en-US/counted0", "search", "total_received"]
    )
    card.get_by_label("Figure").select_option(label="Current: 2")
    expect(card.locator("pre")).to_have_text(queries["en-US/counted0", "search", "current"])
    expect(card).to_contain_text("SQL for DuckDB, to be run in the folder of the store")
