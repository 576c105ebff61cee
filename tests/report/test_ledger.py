"""One pull whose records became all that a record can become, on every surface that tells of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from datasync.store.snapshots import TERMS
from tests.report import rich
from tests.report.test_counted import RUNNER
from tests.shop import Shop

SETTINGS = """
sources:
  drop: {kind: files}
scopes:
  en-US: {source: drop, path: "in/*.csv", snapshot: partial}
services:
  search: {}
"""
HEADER = "sku,name,updated_at\n"
FIRST = HEADER + "A,Kettle,2026-11-21\nB,Pan,2026-11-21\n"
LATE = HEADER + "A,Teapot,2026-11-20\n,,\nC,Cup,\nC,Cup,\n,,\nD,,\n,,\n"
COUNTS = {"records": 7, "valid": 1, "quarantined": 1, "repeated": 1, "blank": 3, "filtered": 0, "outdated": 1}
EQUATION = "7 records = 1 valid + 1 quarantined + 1 repeated + 3 blank + 1 outdated"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The second file is late: its kettle is older than the one of the file before."""
    made = Shop(tmp_path_factory.mktemp("ledger"), SETTINGS)
    folder = made.folder / "in"
    folder.mkdir()
    (folder / "1.csv").write_text(FIRST, encoding="utf-8")
    assert made.run("sync").code == 0
    (folder / "2.csv").write_text(LATE, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def synced(shop: Shop) -> list[str]:
    """What the second sync says; the page is published after it."""
    told = shop.run("sync")
    assert (told.code, shop.run("publish").code) == (0, 0)
    return [*told.errors, *told.lines]


def test_sync_tells_every_term_with_the_step_that_found_it_and_the_sum_at_the_end(synced: list[str]) -> None:
    assert "en-US pull: 7 records, 2 valid, 1 repeated, 3 blank, 1 quarantined." in synced
    assert "en-US catalog: of 2 valid records 1 is outdated, 1 added, 1 newly quarantined, 3 products." in synced
    assert f"en-US: {EQUATION}" in synced


def test_status_tells_every_term(shop: Shop, synced: list[str]) -> None:
    assert shop.run("status").lines[-1].endswith(EQUATION)
    published = json.loads((shop.folder / "var/site/status.json").read_text(encoding="utf-8"))
    for figures in (shop.json("status"), published):
        last = figures["scopes"][0]["last_pull"]
        assert {name: last[name] for name in COUNTS} == COUNTS


def test_the_run_file_has_the_settled_counts(shop: Shop, synced: list[str]) -> None:
    (file,) = (shop.folder / "var/store/runs").rglob(f"{shop.held_run()}.json")
    steps = {step["kind"]: step for step in json.loads(file.read_text(encoding="utf-8"))["steps"]}
    assert {name: steps["pull"][name] for name in COUNTS} == COUNTS
    assert steps["catalog"]["outdated"] == 1


def test_why_says_that_the_record_was_out_of_date(shop: Shop, synced: list[str]) -> None:
    (scope,) = shop.json("why", "A")["scopes"]
    assert (scope["last"]["what"], scope["catalog"]["name"]) == ("outdated", "Kettle")
    assert scope["sentences"][0].startswith("At the source, but out of date: the last pull (partial, ")
    assert [shop.json("why", sku)["scopes"][0]["last"]["what"] for sku in "BCD"] == ["absent", "valid", "quarantined"]


def test_the_page_tells_every_term_and_counts_it_by_sql_of_its_own(
    shop: Shop, synced: list[str], page: Page, call: Callable[..., Any]
) -> None:
    page.goto((shop.folder / "var/site/index.html").as_uri() + "#tab=overview")
    expect(page.get_by_role("table", name="Scopes and services")).to_contain_text(EQUATION)
    data = rich.data_file(shop, "en-US/counted0")
    queries = [call("counted.sqlOf", data, "", f"pull {name}") for name in COUNTS]
    done = subprocess.run(
        [sys.executable, "-c", RUNNER], input=json.dumps(queries), cwd=shop.folder / "var/store",
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert [rows[0][0] for rows in json.loads(done.stdout)] == list(COUNTS.values()), done.stderr
    assert sum(COUNTS[term] for term in TERMS) == COUNTS["records"]
