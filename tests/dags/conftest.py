"""Airflow for the tests: a home of its own, one database a session, and the DAGs as they stand in this checkout."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = tempfile.mkdtemp(prefix="datasync-airflow-")
_BUNDLES = {"dags-folder": ROOT / "dags", "trials": ROOT / "tests" / "dags" / "trials"}

# Airflow reads them when it is first imported, which the test modules do.
os.environ.update(
    AIRFLOW_HOME=HOME,
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY="0",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=json.dumps(
        [
            {
                "name": name,
                "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                "kwargs": {"path": str(path)},
            }
            for name, path in _BUNDLES.items()
        ]
    ),
)


@pytest.fixture(scope="session")
def airflow_home() -> Iterator[Path]:
    """Airflow's home, its database made."""
    from airflow.utils import db

    db.initdb()
    yield Path(HOME)
    shutil.rmtree(HOME)


@pytest.fixture
def shop(tmp_path: Path, airflow_home: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with two products in each of two scopes."""
    made = Shop(tmp_path)
    monkeypatch.setenv("DATASYNC_SETTINGS", str(made.file))
    return made


from tests.dags.shop import Shop  # noqa: E402 - it imports Airflow
