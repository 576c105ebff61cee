"""A secret that Airflow or the shell knows appears in nothing that a run leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dags.shop import Shop

SECRET = "hush-4f0c9a17"


def test_a_planted_secret_is_found_nowhere(
    shop: Shop, airflow_home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_EXPORTS", f"http://shop:{SECRET}@127.0.0.1:9/")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    shop.lose_export("de")
    shop.run("catalog_sync")
    shop.run("catalog_resync", force=True)
    shop.run("publish_report")
    left = [path for folder in (shop.folder, airflow_home) for path in folder.rglob("*") if path.is_file()]
    assert {"airflow.db", "index.html", "status.json"} <= {path.name for path in left}
    assert [str(path) for path in left if SECRET.encode() in path.read_bytes()] == []
    out, err = capfd.readouterr()
    assert "NoFiles" in out
    assert SECRET not in out + err
