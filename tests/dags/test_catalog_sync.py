"""`catalog_sync` and `publish_report`: what stands in the store and on the page when Airflow is done."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from datasync.store.runs import Step
from tests.dags.shop import Shop, told

ADDED = {"A": ("added", "received"), "B": ("added", "received")}


def test_every_scope_reaches_every_service(shop: Shop) -> None:
    found = shop.run("catalog_sync")
    assert found.state == "success"
    assert {shop.held(scope, service) == ADDED for scope in ("en", "de") for service in ("search", "feed")} == {True}
    run = shop.last_run()
    assert (run.kind, run.outcome, run.scopes, run.asked_by) == ("sync", "ok", ("en", "de"), "dag_test")
    assert told()[-1] == {"run": run.id, "outcome": "ok"}
    assert {name for name in found.tasks if name.startswith("scope.pull")} == {"scope.pull/en", "scope.pull/de"}


def test_a_failing_scope_holds_up_no_other_but_turns_the_run_red(shop: Shop) -> None:
    shop.lose_export("de")
    found = shop.run("catalog_sync")
    assert found.state == "failed"
    assert (found.tasks["close"], found.tasks["confirm"], found.tasks["tidy"]) == ("success", "failed", "success")
    assert found.tries["scope.pull/de"] == 1, "an export that is missing is not tried again"
    assert shop.held("en", "search") == ADDED
    assert shop.held("de", "search") == {}
    run = shop.last_run()
    assert run.outcome == "failed"
    assert {str(step): record["outcome"] for step, record in run.steps.items() if record["outcome"] != "ok"} == {
        "de pull": "failed"
    }
    assert run.steps[Step("transfer", "de", "search")]["outcome"] == "ok"
    assert told()[-1] == {"run": run.id, "outcome": "failed"}


def test_what_was_due_is_delivered_though_the_pull_fails(shop: Shop) -> None:
    shop.sync()
    shop.settings["services"]["new"] = {}
    shop.write_settings()
    shop.lose_export("de")
    assert shop.run("catalog_sync").tasks["scope.transfer_new/de"] == "success"
    assert shop.held("de", "new") == ADDED


def test_a_run_that_cannot_begin_runs_no_step(shop: Shop) -> None:
    (shop.folder / "store").write_text("A file where the store's folder should be.")
    found = shop.run("catalog_sync")
    assert found.state == "failed"
    assert {name: state for name, state in found.tasks.items() if state == "success"} == {}
    assert found.tasks["scope.transfer_search"] == "upstream_failed"


def test_the_page_is_published_and_shows_a_failure(shop: Shop) -> None:
    shop.sync()
    shop.lose_export("de")
    shop.run("catalog_sync")
    assert shop.run("publish_report").state == "success"
    services = {(s["scope"], one["service"]): one for s in shop.status()["scopes"] for one in s["services"]}
    assert services["en", "search"]["outcome"] == "ok"
    assert services["de", "search"]["outcome"] == "failed"
    assert services["de", "search"]["total_received"] == 2
    assert (shop.folder / "site" / "index.html").is_file()


def test_whoever_is_named_is_told_what_changed_and_what_needs_a_person(shop: Shop) -> None:
    notes = {when: shop.folder / f"{when}.txt" for when in ("always", "attention")}
    shop.settings["link"] = "https://reports.example/data-sync/"
    shop.settings["notify"] = [
        {"notifier": "tests.dags.noting.Note", "when": when, "options": {"file": str(file), "message": "{{ summary }}"}}
        for when, file in notes.items()
    ]
    shop.write_settings()
    shop.sync()
    assert shop.run("publish_report").state == "success"
    first = notes["always"].read_text(encoding="utf-8").splitlines()
    assert first[1:] == [
        "In the last 3 h:",
        *(f"- {service} in {scope}: 2 received" for scope in ("en", "de") for service in ("search", "feed")),
        "https://reports.example/data-sync/",
    ]
    assert not notes["attention"].exists(), "nothing needs a person"
    shop.lose_export("de")
    shop.run("catalog_sync")
    shop.run("publish_report")
    wrong = [line for line in notes["attention"].read_text(encoding="utf-8").splitlines() if " de" in line]
    assert [line.partition(": scopes.de")[0] for line in wrong[:1]] == ["- de: the source could not be read"]
    assert sum("could not be read" in line for line in wrong) == 1, "one line a cause, whatever it keeps from services"


def test_figures_that_do_not_add_up_are_published_and_then_turn_the_run_red(shop: Shop) -> None:
    shop.sync()
    lose_a_row(shop.folder / "store" / "receipts" / "service=search" / "scope=en")
    found = shop.run("publish_report")
    assert (found.state, found.tasks) == ("failed", {"publish": "success", "confirm_balance": "failed"})
    search = next(
        one
        for s in shop.status()["scopes"]
        for one in s["services"]
        if (s["scope"], one["service"]) == ("en", "search")
    )
    assert search["unexplained"] != 0


def lose_a_row(log: Path) -> None:
    """Damage a log: the last row of its newest entry is gone."""
    entry = max(log.glob("[0-9]*.parquet"))
    rows = pq.read_table(entry)
    pq.write_table(rows.slice(0, rows.num_rows - 1), entry)


def test_a_service_that_can_be_asked_is_audited_after_its_transfer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody deletes there by hand is told on the page and to whoever is notified, and delivered again."""
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", f"sqlite:///{shop.folder}/warehouse.db")
    shop.settings["services"]["table"] = {
        "kind": "sql", "connection": "warehouse", "table": "products", "audit": "1s",
    }  # fmt: skip
    shop.write_settings()
    first = shop.run("catalog_sync")
    assert (first.tasks["scope.audit_table/en"], first.tasks["scope.audit_table/de"]) == ("success", "success")
    assert "audit_search" not in "".join(first.tasks)
    with contextlib.closing(sqlite3.connect(shop.folder / "warehouse.db")) as database, database:
        database.execute("DELETE FROM products WHERE scope = 'en' AND sku = 'A'")
    assert shop.run("catalog_sync").state == "success"
    note = shop.last_run().steps[Step("audit", "en", "table")]["note"]
    assert note.endswith("holds 1 of 2; 1 absent, 0 different, 0 foreign")
    assert shop.pipeline.publish()["attention"] == [f"table in en: {note}; the next transfer mends it"]
    third = shop.run("catalog_sync")
    assert shop.held("en", "table") == {"A": ("added", "received"), "B": ("added", "received")}
    assert third.tasks["scope.audit_table/de"] == "success"
    assert shop.pipeline.publish()["attention"] == []
