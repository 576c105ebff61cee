"""A source over the network on Airflow: the connection comes from Airflow inside the task; its secrets stay there."""

from __future__ import annotations

import gzip
import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.dags.shop import Shop
from tests.sources.standins import stand
from tests.sources.standins.server import started


def test_a_pim_is_synced_with_the_connection_that_airflow_keeps(
    shop: Shop,
    airflow_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with started("tests.sources.standins.akeneo") as site:
        site.tell("fill", {"count": 120})
        plain = asdict(stand.akeneo(site).connection)
        given = {key: plain[key] for key in ("host", "login", "password", "extra")}
        monkeypatch.setenv("AIRFLOW_CONN_PIM", json.dumps({"conn_type": "http", **given}))
        shop.settings["sources"]["pim"] = {"kind": "akeneo", "connection": "pim"}
        shop.settings["scopes"]["de"] = {"source": "pim", "channel": "ecommerce", "locale": "de_DE"}
        shop.write_settings()
        assert shop.run("catalog_sync").state == "success"
        assert len(shop.held("de", "search")) == 120
        monkeypatch.setenv("AIRFLOW_CONN_PIM", json.dumps({"conn_type": "http", **given, "password": "wrong-planted"}))
        failed = shop.run("catalog_resync", scopes=["de"])
    assert failed.state == "failed"
    left = [path for folder in (shop.folder, airflow_home) for path in folder.rglob("*") if path.is_file()]
    plainly = {path: gzip.decompress(c) if path.suffix == ".gz" else c for path in left if (c := path.read_bytes())}
    assert [str(path) for path, content in plainly.items() if b"planted" in content] == []
    out, err = capfd.readouterr()
    assert "No user found for the given username and password" in caplog.text  # its words are in the log, there alone
    assert "planted" not in out + err + caplog.text


def test_a_connection_that_airflow_does_not_have_is_told_with_both_ways_to_set_it(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.settings["sources"]["pim"] = {"kind": "akeneo", "connection": "nowhere"}
    shop.settings["scopes"]["de"] = {"source": "pim", "channel": "ecommerce"}
    shop.write_settings()
    found = shop.run("catalog_sync")
    assert (found.state, found.tries["scope.pull/de"]) == ("failed", 1)
    (told,) = [step["error"] for step in shop.last_run().steps.values() if step["outcome"] == "failed"]
    assert "no connection called 'nowhere'" in told and "AIRFLOW_CONN_NOWHERE" in told
