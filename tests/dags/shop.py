"""A small shop, two services, and Airflow to run its DAGs: for tests that look at what the store holds afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.asset import AssetEvent
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

from datasync.pipeline import Pipeline
from datasync.store import runs
from datasync.store.logs import receipt_log
from datasync.store.runs import Run
from tests.views import view

DAGS = Path(__file__).resolve().parents[2] / "dags"
FORM = {
    "scopes": ["en"],
    "services": [],
    "skus": None,
    "failing": False,
    "force": False,
    "reason": "Trial",
    "dry_run": False,
    "accept_shrink": None,
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a DAG run ended: its own state, and state and tries of every task, by ``task`` or ``task/scope``."""

    state: str
    tasks: Mapping[str, str]
    tries: Mapping[str, int]


class Shop:
    """Two scopes of exported files, ``en`` and ``de``; the services ``search`` (enabled products only) and ``feed``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "datasync.yaml"
        self.settings: dict[str, Any] = {
            "store": "store",
            "site": "site",
            "schedule": "0 * * * *",
            "sources": {"exports": {"kind": "files"}},
            "scopes": {s: {"source": "exports", "path": f"{s}/*.jsonl", "label": f"Shop {s}"} for s in ("en", "de")},
            "services": {
                "search": {
                    "label": "Search",
                    "accepts": [{"rule": "status = 'enabled'", "otherwise": "It is disabled"}],
                },
                "feed": {},
            },
        }
        self.write_settings()
        for scope in ("en", "de"):
            self.export(scope, "A", "B")

    def write_settings(self) -> None:
        self.file.write_text(yaml.safe_dump(self.settings, sort_keys=False))

    def export(self, scope: str, *skus: str, **fields: str) -> None:
        """Replace what the source has of a scope."""
        (self.folder / scope).mkdir(exist_ok=True)
        lines = (
            json.dumps({"sku": sku, "name": f"Product {sku}", "status": "enabled", **fields}) + "\n" for sku in skus
        )
        (self.folder / scope / "all.jsonl").write_text("".join(lines))

    def lose_export(self, scope: str) -> None:
        """Take a scope's files away: its pulls fail."""
        (self.folder / scope / "all.jsonl").unlink()

    def sync(self) -> Run:
        """A run as `catalog_sync` would make it, without Airflow: for what has to be there before a test."""
        pipeline, scopes = self.pipeline, tuple(self.settings["scopes"])
        run = pipeline.begin(f"before-{datetime.now(UTC):%H%M%S.%f}", "sync", scopes, "schedule", "")
        for scope in scopes:
            pipeline.pull(run, scope)
            pipeline.apply(run, scope)
            for service in self.settings["services"]:
                pipeline.transfer(run, scope, service)
        pipeline.close(run)
        return self.last_run()

    def run(self, dag: str, **form: Any) -> Ran:
        """Run a DAG as Airflow would. A form is given whole: dag.test() keeps what an earlier call was given."""
        found = load(DAGS, "dags-folder").dags[dag]
        return ran(found.test(run_conf={**FORM, **form} if dag == "catalog_resync" else None))

    @property
    def pipeline(self) -> Pipeline:
        return Pipeline.open(self.file)

    def held(self, scope: str, service: str) -> dict[str, tuple[str, str]]:
        """Every SKU with a receipt: its last operation and outcome."""
        pipeline = self.pipeline
        with pipeline.connected() as con:
            view(con, "receipts", receipt_log(pipeline.store, service, scope).fold())
            rows = con.execute("SELECT sku, operation, outcome FROM receipts ORDER BY sku").fetchall()
        return {sku: (operation, outcome) for sku, operation, outcome in rows}

    def last_run(self) -> Run:
        """The newest run on record."""
        pipeline = self.pipeline
        return next(runs.newest(pipeline.store, pipeline.clock(), 1))

    def content(self) -> dict[str, bytes]:
        """Every file of the store."""
        store = self.folder / "store"
        return {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}

    def status(self) -> dict[str, Any]:
        """The published figures."""
        found: dict[str, Any] = json.loads((self.folder / "site" / "status.json").read_text())
        return found


def load(folder: Path, bundle: str) -> BundleDagBag:
    """The DAGs of a folder, parsed anew."""
    return BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name=bundle)


def ran(run: DagRun) -> Ran:
    found = {
        f"{ti.task_id}/{ti.rendered_map_index}" if ti.map_index >= 0 else ti.task_id: ti
        for ti in run.get_task_instances()
    }
    return Ran(
        str(run.state),
        {name: str(ti.state) for name, ti in found.items()},
        {name: ti.try_number for name, ti in found.items()},
    )


def told() -> list[dict[str, Any]]:
    """What the asset was told, by every run so far."""
    with create_session() as session:
        return [dict(extra) for extra in session.scalars(select(AssetEvent.extra).order_by(AssetEvent.id))]
