"""The demo, run as `make demo` runs it, on a small catalog in a checkout of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from datasync.pipeline import Pipeline
from datasync.sources.sample.sample_catalog import sample_records

ROOT = Path(__file__).resolve().parents[1]
SIZE = 400


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demo needs of a checkout, with two scopes of ``SIZE`` products."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("dags", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    settings = yaml.safe_load((ROOT / "datasync.yaml").read_text(encoding="utf-8"))
    settings["sources"]["demo"]["size"] = SIZE
    settings["scopes"].pop("de-DE")
    (folder / "datasync.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def demo(checkout: Path) -> subprocess.CompletedProcess[str]:
    """The first run, from another working directory."""
    return run(checkout)


def run(checkout: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "DATASYNC"))}
    command = [sys.executable, str(checkout / "examples" / "demo.py")]
    return subprocess.run(
        command, cwd="/", env={**env, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )


def test_the_first_run_replays_the_past_and_prints_the_totals_and_where_the_page_is(
    checkout: Path, demo: subprocess.CompletedProcess[str]
) -> None:
    assert (demo.returncode, demo.stderr) == (0, "")
    services = {(s["scope"], one["service"]): one for s in figures(checkout) for one in s["services"]}
    rows = [line.split() for line in demo.stdout.splitlines() if line.startswith(("en-US", "ar-SA"))]
    assert {(row[0], row[1]): (int(row[2]), int(row[3])) for row in rows} == {
        key: (one["total_received"], one["latest_update"]) for key, one in services.items()
    }
    page = checkout / "var" / "site" / "index.html"
    assert demo.stdout.splitlines()[-1] == f"The page: {page}"
    assert page.is_file()


def test_the_first_page_has_a_story(checkout: Path, demo: subprocess.CompletedProcess[str]) -> None:
    services = [one for s in figures(checkout) for one in s["services"]]
    assert all(0 < one["latest_update"] < one["total_received"] for one in services)
    assert {one["unexplained"] for one in services} == {0}


def test_totals_are_what_the_source_had_to_give(checkout: Path, demo: subprocess.CompletedProcess[str]) -> None:
    """Counted from the source's raw records, in plain Python, with nothing of the pipeline between."""
    for scope in figures(checkout):
        found = {one["service"]: one["total_received"] for one in scope["services"]}
        assert found == expected_totals(checkout, scope["scope"])
        assert scope["quarantined"] > 0


def figures(checkout: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((checkout / "var" / "site" / "status.json").read_text())["scopes"]
    return found


def expected_totals(checkout: Path, scope: str) -> dict[str, int]:
    """What each service should hold: a flawed record keeps its last sound version, one too large is never taken."""
    catalog: dict[str, Mapping[str, str]] = {}
    for moment in moments_of_pulls(checkout, scope):
        records = [{**record, "sku": (record["sku"] or "").strip()} for record in raw(checkout, scope, moment)]
        seen = {record["sku"] for record in records}
        sound = {record["sku"]: record for record in records if is_sound(record)}
        catalog = {sku: record for sku, record in {**catalog, **sound}.items() if sku in seen}
    taken = [record for record in catalog.values() if len(record["description"].encode()) < 200_000]
    enabled = [record for record in taken if record["status"] == "enabled"]
    return {
        "catalog-service": len(taken),
        "search": sum("search" in json.loads(record["visible_in"]) for record in enabled),
        "recommendations": sum(json.loads(record["visible_in"]) != [] for record in enabled),
    }


def is_sound(record: Mapping[str, Any]) -> bool:
    named = record["sku"] and (record["name"] or "").strip()
    flaws = {record["status"], record["price"], record["updated_at"]} & {"archived", "n/a", "yesterday"}
    return bool(named) and not flaws


def moments_of_pulls(checkout: Path, scope: str) -> list[datetime]:
    """When each pull asked the source, by the snapshots' own metadata."""
    folder = checkout / "var" / "store" / "snapshots" / f"scope={scope}"
    return sorted(started_at(pq.read_metadata(file).metadata) for file in folder.glob("*.parquet"))


def started_at(footer: Mapping[bytes, bytes]) -> datetime:
    told = next(json.loads(value) for key, value in footer.items() if b"started_at" in value and key != b"ARROW:schema")
    return datetime.fromisoformat(told["started_at"])


def raw(checkout: Path, scope: str, moment: datetime) -> list[dict[str, str]]:
    with Pipeline.open(checkout / "datasync.yaml").connected() as con:
        cursor = con.execute(sample_records(con, locale=scope, size=SIZE, seed=1, at=moment).sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_a_later_run_replays_nothing_and_a_failing_one_says_so(
    checkout: Path, demo: subprocess.CompletedProcess[str]
) -> None:
    settings = yaml.safe_load((checkout / "datasync.yaml").read_text(encoding="utf-8"))
    settings["sources"]["exports"] = {"kind": "files"}
    settings["scopes"]["lost"] = {"source": "exports", "path": "nowhere/*.csv"}
    (checkout / "datasync.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    again = run(checkout)
    assert again.returncode == 1
    assert "replayed" not in again.stdout
    assert "Failed: catalog_sync." in again.stderr
    assert "no file matches" in again.stdout
    outcomes = {scope["scope"]: scope["services"][0]["outcome"] for scope in figures(checkout)}
    assert outcomes == {"en-US": "ok", "ar-SA": "ok", "lost": "failed"}
