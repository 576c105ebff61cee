"""A rebuild by the shell: what is said of it while it is under way; what check, repair and tidy make of its files."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from tests.searchserver import OpenSearch
from tests.services import between
from tests.services.indexed import connection
from tests.shop import Shop

SETTINGS = """
sources:
  demo: {{kind: sample, size: 60}}
scopes:
  en-US: {{source: demo}}
services:
  search: {{kind: opensearch, connection: search, index: "{prefix}-{{scope}}", per_day: 90}}
"""
REBUILD = ("rebuild", "--service", "search", "--scope", "en-US")


@pytest.fixture
def shop(opensearch: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """One whose rebuild is under way, because its budget is spent."""
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(opensearch.url))
    shop = Shop(tmp_path, SETTINGS.format(prefix=opensearch.prefix()))
    synced = shop.run("sync")
    assert synced.code == 0, synced.err
    spent = shop.run(*REBUILD)
    assert spent.code == 3 and "budget from 00:00 UTC. Rebuild it again then; it goes on where it is." in spent.err
    return shop


def _files(shop: Shop) -> list[Path]:
    return sorted((shop.folder / "var/store/rebuilds").rglob("*.parquet"))


def _is_whole(shop: Shop) -> bool:
    return shop.run("check", "--deep").lines == ["Every file of the store is there and as it was written."]


def test_a_rebuild_that_is_under_way_is_said_and_goes_on(shop: Shop) -> None:
    assert _is_whole(shop)
    (sentence,) = [line for line in shop.run("status").lines if "rebuild" in line]
    assert sentence.startswith("en-US to search: A rebuild is under way since 2026-11-24 03:")
    assert sentence.endswith("products delivered to a new place, not served yet")
    (service,) = shop.json("status")["scopes"][0]["services"]
    assert sentence.endswith(service["rebuild"])
    assert shop.run("sync").code == 0
    begun = _files(shop)
    shop.now += timedelta(days=1)
    served = shop.run(*REBUILD)
    assert served.code == 0, served.err
    assert (
        "-en-us-000002 is served, with " in served.out and "-en-us-000001 stays until the next rebuild." in served.out
    )
    assert set(begun) < set(_files(shop)), "it is the same rebuild"
    assert not [line for line in shop.run("status").lines if "rebuild" in line]
    assert _is_whole(shop)
    audited = shop.run("audit", "--full")
    assert audited.code == 0 and "0 absent, 0 different, 0 foreign" in audited.out


def test_a_damaged_file_of_a_rebuild_costs_the_rebuild_alone(shop: Shop, opensearch: OpenSearch) -> None:
    damaged = _files(shop)[1]
    damaged.write_bytes(damaged.read_bytes()[:-40])
    checked = shop.run("check", "--store")
    (problem,) = [line for line in checked.lines if line.startswith("problem")]
    assert checked.code == 4 and str(damaged.relative_to(shop.folder / "var/store")) in problem
    assert "Lost: what a rebuild that is under way has delivered; the next `datasync rebuild` begins anew" in problem
    repaired = shop.run("repair", "--yes")
    assert repaired.code == 0 and "is of a rebuild that is not whole: set aside" in repaired.out
    assert _files(shop) == []
    assert _is_whole(shop)
    assert not [line for line in shop.run("status").lines if "rebuild" in line]
    shop.now += timedelta(days=1)
    served = shop.run(*REBUILD)
    assert served.code == 0, served.err
    assert "-en-us-000003 is served" in served.out, "nobody knows what the one before holds"
    assert _is_whole(shop)


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_file_of_a_rebuild_that_is_gone_is_missed(shop: Shop, number: int) -> None:
    files = _files(shop)
    files[number].unlink()
    if number == -1:  # nothing is known of what came after: what was sent and has no answer is sent again
        assert _is_whole(shop)
    else:
        assert shop.run("check", "--store").code == 4
        assert shop.run("repair", "--yes").code == 0
        assert _is_whole(shop)
        assert _files(shop) == []
    shop.now += timedelta(days=1)
    assert shop.run(*REBUILD).code == 0
    assert "0 absent, 0 different, 0 foreign" in shop.run("audit", "--full").out


def test_the_log_of_a_rebuild_that_is_over_is_tidied_a_day_later(shop: Shop) -> None:
    shop.now += timedelta(days=1)
    assert shop.run(*REBUILD).code == 0
    assert shop.run("tidy").code == 0
    assert _files(shop), "somebody may be reading it"
    shop.now += timedelta(days=2)
    old = shop.now.timestamp() - 3 * 24 * 3600
    for path in _files(shop):
        os.utime(path, (old, old))
    assert "rebuilds" in shop.run("tidy").out
    assert _files(shop) == []
    assert _is_whole(shop)


@pytest.mark.parametrize("meets", ["sync", "rebuild"])
def test_a_switch_that_arrives_after_its_process_was_killed_happens_once(
    opensearch: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meets: str
) -> None:
    with between.running(opensearch.url) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(proxy.url))
        prefix = opensearch.prefix()
        shop = Shop(tmp_path, SETTINGS.format(prefix=prefix).replace("per_day: 90", "per_day: 900"))
        assert shop.run("sync").code == 0
        proxy.fault("wait", end="/_aliases", seconds=12)
        command = [sys.executable, "-m", "datasync.cli", "--settings", str(shop.settings), *REBUILD]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while not [request for request in proxy.log() if request["path"] == "/_aliases"]:
            assert process.poll() is None
        process.kill()
        process.wait()
        met = shop.run(*(("sync",) if meets == "sync" else REBUILD))
        assert met.code == 0, met.err
        assert set(opensearch.ask("GET", f"_alias/{prefix}-en-us")) == {f"{prefix}-en-us-000002"}
        time.sleep(12)
        assert set(opensearch.ask("GET", f"_alias/{prefix}-en-us")) == {f"{prefix}-en-us-000002"}
        assert "0 absent, 0 different, 0 foreign" in shop.run("audit", "--full").out
        assert shop.run("status").code == 0
        assert _is_whole(shop)
