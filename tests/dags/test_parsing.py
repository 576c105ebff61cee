"""A DAG file is parsed again and again: it must be light, quiet, and say so when it cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import sync_bag_to_db
from airflow.models.dag import DagModel
from airflow.utils.session import create_session
from sqlalchemy import delete, select, text

from tests.dags.shop import DAGS, Shop, load

NAMES = {"catalog_sync", "catalog_resync", "publish_report"}
PARSE = """
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag

folder, connected = Path(sys.argv[1]), []
connections = ("socket.connect", "socket.getaddrinfo", "sqlite3.connect")
sys.addaudithook(lambda event, given: connected.append(event) if event in connections else None)
before = set(sys.modules)
bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
heavy = {"duckdb", "fsspec", "jinja2", "numpy", "pandas", "pyarrow", "s3fs", "datasync.pipeline", "datasync.store"}
print(sorted(bag.dags), connected, sorted(heavy & (set(sys.modules) - before)), "duckdb" in sys.modules)
"""


def test_parsing_opens_no_connection_and_imports_nothing_heavy(shop: Shop) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(DAGS)], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert done.stdout.splitlines()[-1] == f"{sorted(NAMES)} [] [] False"


def test_a_mistake_in_the_settings_shows_as_an_import_error_with_its_sentence(shop: Shop) -> None:
    shop.settings["scopes"]["en"]["pth"] = "x"
    shop.write_settings()
    errors = {Path(file).name: error for file, error in load(DAGS, "dags-folder").import_errors.items()}
    assert set(errors) == {f"{name}.py" for name in NAMES}
    assert all("scopes.en.pth: there is no such key." in error for error in errors.values())


def test_settings_that_are_missing_show_as_an_import_error_with_the_way_out(shop: Shop) -> None:
    shop.file.unlink()
    errors = load(DAGS, "dags-folder").import_errors.values()
    assert [error for error in errors if "there is no such settings file" not in error] == []
    assert len(errors) == len(NAMES)


def test_each_dag_is_documented_by_its_file_and_runs_one_at_a_time(shop: Shop) -> None:
    dags = load(DAGS, "dags-folder").dags
    assert set(dags) == NAMES
    for dag in dags.values():
        assert dag.doc_md and dag.doc_md.startswith("### ")
        assert dag.description and len(dag.description) < 120
        assert dag.max_active_runs == 1
        assert not dag.catchup


def test_the_page_is_published_from_the_start_and_the_others_wait_until_they_are_switched_on(shop: Shop) -> None:
    bag = load(DAGS, "dags-folder")
    DagBundlesManager().sync_bundles_to_db()
    with create_session() as session:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))  # runs of other tests name these DAGs
        session.execute(delete(DagModel).where(DagModel.dag_id.in_(NAMES)))  # as if Airflow met them for the first time
        sync_bag_to_db(bag, "dags-folder", None, session=session)
        session.flush()
        rows = session.execute(select(DagModel.dag_id, DagModel.is_paused)).all()
        paused = dict(map(tuple, rows))
        session.rollback()
    assert {name: paused[name] for name in NAMES} == {
        "catalog_sync": True, "catalog_resync": True, "publish_report": False,
    }  # fmt: skip


def test_the_form_offers_scopes_and_services_by_their_labels(shop: Shop) -> None:
    params = load(DAGS, "dags-folder").dags["catalog_resync"].params
    scopes, services = params.get_param("scopes").schema, params.get_param("services").schema
    assert (scopes["examples"], scopes["values_display"]) == (
        ["en", "de"],
        {"en": "Shop en (en)", "de": "Shop de (de)"},
    )
    assert (services["examples"], services["values_display"]) == (
        ["search", "feed"],
        {"search": "Search (search)", "feed": "feed"},
    )
    assert params["dry_run"] is True


def test_parsing_twice_gives_the_same_dags(shop: Shop) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    once, again = (
        {name: DagSerialization.to_dict(dag) for name, dag in load(DAGS, "dags-folder").dags.items()} for _ in range(2)
    )
    assert once == again
