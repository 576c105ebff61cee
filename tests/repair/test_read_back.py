"""Receipts that were lost, of services that can be asked what they hold: a table and an index that somebody changed by
hand meanwhile. After a repair the receipts say what is there, and one sync makes it the catalog.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datasync.connection import from_environment
from datasync.delivery.context import Delivery
from datasync.delivery.intents import intend
from datasync.delivery.services import open_service
from datasync.store.logs import catalog_log, receipt_log
from tests.searchserver import OpenSearch
from tests.services.indexed import connection
from tests.shop import SETTINGS, Shop
from tests.sources.databases import SqliteFile
from tests.views import view

NAME, SCOPE = "elsewhere", "en-US"
GUARD = "guard: {percent: 100, products: 1000}\n"
BY_HAND = "by hand"
VERSION = 1_700_000_000_000_000
MARKED = {"removed": False, "datasync": {"scope": SCOPE, "hash": BY_HAND, "version": VERSION}}


@dataclass
class Table:
    """A table of SQLite."""

    file: SqliteFile
    patch: pytest.MonkeyPatch
    options: str = "{kind: sql, connection: elsewhere, table: products, batch_seconds: 6}"

    def is_up(self) -> None:
        self.patch.setenv("AIRFLOW_CONN_ELSEWHERE", self.file.uri())

    def is_down(self) -> None:
        self.patch.setenv("AIRFLOW_CONN_ELSEWHERE", "sqlite:////no/such/folder/shop.db")

    def holds(self) -> dict[str, str]:
        return dict(self.file.run("SELECT sku, datasync_hash FROM products"))

    def changes(self, sku: str) -> None:
        self.file.run(f"UPDATE products SET datasync_hash = '{BY_HAND}' WHERE sku = '{sku}'")

    def loses(self, sku: str) -> None:
        self.file.run(f"DELETE FROM products WHERE sku = '{sku}'")

    def gets(self, sku: str) -> None:
        columns = "scope, sku, datasync_hash, datasync_version"
        self.file.run(f"INSERT INTO products ({columns}) VALUES ('{SCOPE}', '{sku}', '{BY_HAND}', {VERSION})")


@dataclass
class Index:
    """An index of a real OpenSearch."""

    server: OpenSearch
    patch: pytest.MonkeyPatch
    prefix: str

    @property
    def options(self) -> str:
        return f"{{kind: opensearch, connection: elsewhere, index: '{self.prefix}-{{scope}}'}}"

    @property
    def alias(self) -> str:
        return f"{self.prefix}-en-us"

    def is_up(self) -> None:
        self.patch.setenv("AIRFLOW_CONN_ELSEWHERE", connection(self.server.url))

    def is_down(self) -> None:
        self.patch.setenv("AIRFLOW_CONN_ELSEWHERE", connection("http://127.0.0.1:9"))

    def holds(self) -> dict[str, str]:
        return {sku: document["datasync"]["hash"] for sku, document in self.server.documents(self.alias).items()}

    def changes(self, sku: str) -> None:
        self.server.ask("POST", f"{self.alias}/_update/{sku}", {"doc": {"datasync": {"hash": BY_HAND}}})

    def loses(self, sku: str) -> None:
        self.server.ask("DELETE", f"{self.alias}/_doc/{sku}")

    def gets(self, sku: str) -> None:
        self.server.ask("PUT", f"{self.alias}/_doc/{sku}", {"sku": sku, "scope": SCOPE, **MARKED})


@dataclass
class Elsewhere:
    """A shop that delivers to a place which can be read back."""

    shop: Shop
    place: Table | Index

    @property
    def log(self) -> Path:
        return self.shop.folder / f"var/store/receipts/service={NAME}/scope={SCOPE}"

    @property
    def newest(self) -> Path:
        return max(self.log.glob("0*.parquet"))

    def sells(self, *names: str) -> None:
        """Products S-0, S-1 and so on; one without a name is not sold."""
        rows = [(f"S-{number}", name, "enabled", "", "") for number, name in enumerate(names) if name]
        self.shop.sells(*rows)

    def syncs(self) -> None:
        output = self.shop.run("sync")
        assert output.code == 0, output

    def repairs(self) -> list[str]:
        output = self.shop.run("repair", "--yes")
        assert output.code == 0, output
        checked = self.shop.run("check", "--deep")
        assert checked.code == 0, checked
        return output.lines

    def receipts(self) -> dict[str, dict[str, Any]]:
        with self.shop.connected() as (con, pipeline):
            view(con, "receipts", receipt_log(pipeline.store, NAME, SCOPE).fold())
            columns = ("sku", "held_hash", "perhaps_held", "outcome", "run", "received_at")
            rows = con.execute(f"SELECT {', '.join(columns)} FROM receipts").fetchall()
        return {row[0]: dict(zip(columns, row, strict=True)) for row in rows}

    def held(self) -> dict[str, str]:
        """What is surely held by the receipts."""
        return {
            sku: row["held_hash"]
            for sku, row in self.receipts().items()
            if row["held_hash"] and not row["perhaps_held"]
        }

    def is_the_catalog(self) -> bool:
        """Whether place and receipts hold the catalog, every product is explained, and an audit finds nothing."""
        with self.shop.connected() as (con, pipeline):
            view(con, "catalog", catalog_log(pipeline.store, SCOPE).fold())
            catalog = dict(con.execute("SELECT sku, hash FROM catalog WHERE hash IS NOT NULL").fetchall())
            (figures,) = pipeline.totals().scopes[0].services
        audited = self.shop.run("audit", "--service", NAME, "--full")
        is_without_drift = f"holds {len(catalog)} of {len(catalog)}; 0 absent, 0 different, 0 foreign" in audited.out
        assert (figures.unexplained, figures.due, figures.removals_due) == (0, 0, 0)
        assert (audited.code, is_without_drift) == (0, True), audited
        return catalog == self.place.holds() == self.held()


@pytest.fixture(params=["sqlite", "opensearch"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Five products that were delivered; then one was removed, one changed and one added, which came second."""
    if request.param == "sqlite":
        return _delivered(Table(SqliteFile(tmp_path / "shop.db"), monkeypatch), tmp_path)
    server: OpenSearch = request.getfixturevalue("opensearch")
    return _delivered(Index(server, monkeypatch, server.prefix()), tmp_path)


def _delivered(place: Table | Index, folder: Path) -> Elsewhere:
    place.is_up()
    services = f"services:\n  {NAME}: {place.options}\n"
    shop = Shop(folder, SETTINGS.partition("services:")[0] + services + GUARD)
    elsewhere = Elsewhere(shop, place)
    elsewhere.sells("Gone", "One", "Two", "Three", "Four")
    elsewhere.syncs()
    elsewhere.sells("", "One, changed", "Two", "Three", "Four", "Five")
    elsewhere.syncs()
    return elsewhere


def _delete(elsewhere: Elsewhere) -> None:
    elsewhere.newest.unlink()


def _zero(elsewhere: Elsewhere) -> None:
    elsewhere.newest.write_bytes(bytes(elsewhere.newest.stat().st_size))


def _delete_all(elsewhere: Elsewhere) -> None:
    shutil.rmtree(elsewhere.log)


@pytest.mark.parametrize("harm", [_delete, _zero, _delete_all])
def test_after_a_repair_the_receipts_say_what_is_there_and_one_sync_makes_it_the_catalog(
    elsewhere: Elsewhere, harm: Callable[[Elsewhere], None]
) -> None:
    harm(elsewhere)
    elsewhere.place.loses("S-2")
    elsewhere.place.changes("S-3")
    elsewhere.place.gets("Z")
    before = elsewhere.place.holds()
    lines = elsewhere.repairs()
    is_read_back = f"The receipts of {NAME} in {SCOPE} were compared with all that it really holds. "
    assert any(line.startswith(is_read_back) for line in lines), lines
    assert elsewhere.place.holds() == before
    assert elsewhere.held() == {sku: hash_ for sku, hash_ in before.items() if hash_ != BY_HAND}
    perhaps = {sku for sku, row in elsewhere.receipts().items() if row["perhaps_held"]}
    assert perhaps == {"S-3", "Z"}
    elsewhere.syncs()
    sync = elsewhere.receipts()["S-2"]["run"]
    sent = {sku: row["outcome"] for sku, row in elsewhere.receipts().items() if row["run"] == sync}
    assert sent == {"S-2": "received", "S-3": "received", "Z": "removed"}
    assert elsewhere.is_the_catalog()


def test_a_dry_run_says_that_the_service_will_be_asked_and_does_not_ask_it(elsewhere: Elsewhere) -> None:
    _delete(elsewhere)
    elsewhere.place.is_down()
    before = elsewhere.shop.files()
    output = elsewhere.shop.run("repair")
    command = f"datasync audit --service {NAME} --scope {SCOPE} --full"
    sentence = f"The receipts of {NAME} in {SCOPE} are then compared with all that it really holds, as by `{command}`."
    assert (output.code, output.err) == (0, "")
    assert sentence in output.lines
    assert elsewhere.shop.files() == before


def test_where_the_service_does_not_answer_an_audit_later_does_what_the_repair_could_not(elsewhere: Elsewhere) -> None:
    _zero(elsewhere)
    elsewhere.place.loses("S-2")
    elsewhere.place.is_down()
    lines = elsewhere.repairs()
    (sentence,) = [line for line in lines if "could not be compared with what it really holds" in line]
    command = f"datasync audit --service {NAME} --scope {SCOPE} --full"
    assert f"`{command}`" in sentence
    assert all(row["perhaps_held"] for row in elsewhere.receipts().values())
    elsewhere.place.is_up()
    assert elsewhere.shop.run(*command.split()[1:]).code == 0
    assert elsewhere.held() == elsewhere.place.holds()
    elsewhere.syncs()
    assert elsewhere.is_the_catalog()


def test_where_the_service_does_not_answer_a_sync_later_delivers_what_is_in_doubt(elsewhere: Elsewhere) -> None:
    _delete(elsewhere)
    elsewhere.place.loses("S-2")
    elsewhere.place.is_down()
    elsewhere.repairs()
    elsewhere.place.is_up()
    elsewhere.syncs()
    assert elsewhere.is_the_catalog()


def test_what_was_read_back_keeps_the_time_at_which_it_was_received_and_is_not_sent_again(elsewhere: Elsewhere) -> None:
    before = {sku: row["received_at"] for sku, row in elsewhere.receipts().items() if row["held_hash"]}
    _delete_all(elsewhere)
    elsewhere.repairs()
    repaired = elsewhere.newest
    elsewhere.syncs()
    assert elsewhere.newest == repaired
    after = {sku: row["received_at"] for sku, row in elsewhere.receipts().items() if row["held_hash"]}
    assert after.keys() == before.keys()
    assert all(abs((at - before[sku]).total_seconds()) < 60 for sku, at in after.items())
    assert elsewhere.is_the_catalog()


def test_receipts_that_were_read_back_are_true_of_that_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = _delivered(Table(SqliteFile(tmp_path / "shop.db"), monkeypatch), tmp_path)
    _delete_all(elsewhere)
    elsewhere.repairs()
    settings = elsewhere.shop.settings.read_text().replace("table: products", "table: others")
    elsewhere.shop.settings.write_text(settings)
    output = elsewhere.shop.run("sync")
    assert (output.code, "where 5 are held by the receipts" in output.err) == (2, True), output


def test_a_batch_that_a_lost_entry_told_of_and_that_comes_late_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = _delivered(Table(SqliteFile(tmp_path / "shop.db"), monkeypatch), tmp_path)
    with elsewhere.shop.connected() as (con, pipeline):
        settings, log = pipeline.settings.service(NAME), receipt_log(pipeline.store, NAME, SCOPE)
        service = open_service(pipeline.settings, NAME, SCOPE, from_environment)
        delivery = Delivery(con, pipeline.store, SCOPE, NAME, settings, service, "killed", pipeline.clock)
        assert intend(delivery, log.fold().where("sku = 'S-4'"), log.head(con), late_until=0.0)
    _zero(elsewhere)
    late = threading.Thread(target=_changes_late, args=(elsewhere,))
    late.start()
    elsewhere.repairs()
    late.join()
    elsewhere.syncs()
    assert elsewhere.is_the_catalog()


def _changes_late(elsewhere: Elsewhere) -> None:
    """Change a product as a late batch does, a moment after the repair has rebuilt the receipts."""
    until = time.monotonic() + 60
    while not list(elsewhere.log.glob("checkpoint-*")) and time.monotonic() < until:
        time.sleep(0.05)
    time.sleep(1.5)
    elsewhere.place.changes("S-4")
