"""Audits of tables that somebody changed by hand, and what the next transfer makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasync.delivery.audit import audit
from datasync.errors import ServiceUnavailable
from datasync.store.audit_note import AuditNote
from tests import shop as shell
from tests.line import SCOPE, product, products
from tests.postgres import PostgreSQL
from tests.services import faults
from tests.services.sql_tables import WAYS, Shop, opened
from tests.sources.databases import made

ADD = "INSERT INTO products (scope, sku, name, datasync_hash, datasync_version) VALUES"


@pytest.fixture(params=WAYS)
def shop(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Six products in a table."""
    shop = opened(request.param, postgres, tmp_path, monkeypatch)
    shop.line.sync(products("a", "b", "c", "d", "e", "f"), "bi")
    return shop


def _audit(shop: Shop) -> AuditNote:
    shop.line.passes(seconds=1)
    return audit(shop.line._delivery("bi", "audit"))


def test_what_was_deleted_changed_and_added_by_hand_is_told_apart_and_mended(shop: Shop) -> None:
    shop.place.run(
        "DELETE FROM products WHERE sku = 'a'",
        "UPDATE products SET datasync_hash = 'by hand' WHERE sku = 'b'",
        "UPDATE products SET name = 'Over', datasync_hash = NULL, datasync_version = NULL WHERE sku = 'c'",
        f"{ADD} ('{SCOPE}', 'y', 'Of somebody else', NULL, NULL), ('{SCOPE}', 'z', 'Left over', 'by hand', 1)",
        f"{ADD} ('de', 'a', 'Of another scope', 'h', 1)",
    )
    note = _audit(shop)
    assert (note.there, note.held, note.absent, note.different, note.foreign) == (7, 6, 1, 2, 1)
    figures = shop.line.figures("bi")
    assert (figures.missing, figures.stale, figures.removals_due, figures.unexplained) == (1, 2, 1, 0)
    done = shop.line.transfer("bi")
    assert (done.added, done.resent, done.removed, done.failed) == (1, 2, 1, 0)
    assert shop.is_the_catalog()
    assert shop.rows("name", f"scope = '{SCOPE}' AND sku IN ('c', 'y')") == {("A name",), ("Of somebody else",)}
    assert shop.rows("name", "scope = 'de'") == {("Of another scope",)}
    note = _audit(shop)
    assert (note.drift, note.others) == (0, 1)
    assert shop.line.transfer("bi").entries == ()


def test_a_row_whose_values_alone_were_changed_is_different(shop: Shop) -> None:
    """Who changes a value by hand leaves our hash and our version as they were."""
    shop.line.sync([product("a", price="1.50"), *products("b", "c", "d", "e", "f")], "bi")
    before = shop.rows("sku, name, price, images")
    shop.place.run(
        "UPDATE products SET price = 1.49 WHERE sku = 'a'",
        "UPDATE products SET name = NULL WHERE sku = 'b'",
        "UPDATE products SET images = '[\"x\"]' WHERE sku = 'c'",
    )
    note = _audit(shop)
    assert (note.absent, note.different, note.foreign) == (0, 3, 0)
    assert shop.line.transfer("bi").resent == 3
    assert shop.rows("sku, name, price, images") == before
    assert _audit(shop).drift == 0


def test_values_that_the_database_stores_in_its_own_way_are_not_different(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = {
        "title": "name",
        "fixed": "sku",
        "rounded": "price",
        "rough": "price",
        "state": "status",
        "tags": "categories",
        "seen": "updated_at",
    }
    shop = opened("postgresql", postgres, tmp_path, monkeypatch, {"columns": columns})
    shop.place.run(
        "CREATE TYPE state AS ENUM ('enabled', 'disabled')",
        "CREATE TABLE products (scope text, sku text, title varchar(50), fixed char(10), rounded numeric(10, 1),"
        " rough real, state state, tags json, seen timestamptz(0), datasync_hash text, datasync_version bigint,"
        " other int DEFAULT 5, PRIMARY KEY (scope, sku))",
    )
    rows = [product(sku, price="19.99", updated_at="2026-03-01T08:00:00.6Z") for sku in "abc"]
    shop.line.sync(rows, "bi")
    shop.place.run("UPDATE products SET other = 6")
    assert _audit(shop).drift == 0
    shop.place.run(
        "UPDATE products SET rough = 19.98 WHERE sku = 'a'", "UPDATE products SET tags = '[1]' WHERE sku = 'b'"
    )
    assert _audit(shop).different == 2
    shop.line.transfer("bi")
    assert _audit(shop).drift == 0


def test_a_change_of_the_columns_makes_no_row_different(shop: Shop) -> None:
    shop.place.run("ALTER TABLE products ADD COLUMN title text")
    shop.line.change("bi", columns={"name": "upper(name)", "title": "name"})
    assert _audit(shop).drift == 0


@pytest.mark.parametrize("sent", [True, False], ids=["delivered since", "as it was"])
def test_what_the_hash_does_not_cover_may_have_changed_since(shop: Shop, sent: bool) -> None:
    """A time alone makes no new version, so no service gets it."""
    later = [product(sku, updated_at="2030-01-01T00:00:00Z") for sku in "abcdef"]
    shop.line.read(later, by_change_time=True)
    if sent:
        shop.line.transfer("bi")
    assert _audit(shop).drift == 0


def test_a_volatile_attribute_may_have_changed_since(shop: Shop) -> None:
    shop.line.make_volatile("modified")
    shop.line.sync(products("a", "b", modified="1", updated_at="2029-01-01T00:00:00Z"), "bi")
    rows = products("a", "b", modified="2", updated_at="2030-01-01T00:00:00Z")
    shop.line.read(rows, by_change_time=True)
    assert _audit(shop).drift == 0
    shop.place.run("UPDATE products SET name = 'By hand' WHERE sku = 'a'")
    assert _audit(shop).different == 1


def test_a_difference_in_the_sample_leads_to_a_look_at_everything(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasync.delivery.audit.SAMPLE", 2)
    note = _audit(shop)
    assert (note.is_whole, note.checked, note.drift) == (False, 2, 0)
    shop.place.run("UPDATE products SET name = 'By hand' WHERE sku <> 'a'")
    note = _audit(shop)
    assert (note.is_whole, note.different) == (True, 5)
    shop.line.transfer("bi")
    assert shop.rows("name", "sku = 'f'") == {("A name",)}


def test_as_many_rows_by_hand_as_are_missing_do_not_hide_it(shop: Shop) -> None:
    shop.place.run("DELETE FROM products WHERE sku = 'a'", f"{ADD} ('{SCOPE}', 'z', 'Left over', 'by hand', 1)")
    note = _audit(shop)
    assert (note.there, note.held, note.absent, note.foreign) == (6, 6, 1, 1)
    shop.line.transfer("bi")
    assert shop.is_the_catalog()


def test_a_table_that_there_cannot_be_is_said_in_a_sentence(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made("postgresql", postgres, tmp_path)
    monkeypatch.setenv("AIRFLOW_CONN_BI", place.uri())
    services = "services:\n  bi: {kind: sql, connection: bi, table: nowhere.products}\n"
    shop = shell.Shop(tmp_path, shell.SETTINGS.partition("services:")[0] + services)
    shop.sells(("S-1", "Name", "enabled", "", ""))
    for command in ("audit", "sync", "check"):
        output = shop.run(command)
        assert (output.code, "Traceback" in output.err) == (2, False), output
        assert "there is no schema 'nowhere'" in output.out + output.err


def test_a_row_that_was_marked_as_deleted_by_hand_is_absent_and_comes_back(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened("postgresql", postgres, tmp_path, monkeypatch, {"deletes": "mark"})
    shop.line.sync(products("a", "b", "c"), "bi")
    shop.line.sync(products("a", "b"), "bi")
    shop.place.run(
        "UPDATE products SET deleted_at = now() WHERE sku = 'a'",
        "UPDATE products SET deleted_at = NULL WHERE sku = 'c'",
    )
    note = _audit(shop)
    assert (note.absent, note.different, note.foreign) == (1, 0, 1)
    shop.line.transfer("bi")
    assert shop.rows("sku", "deleted_at IS NULL") == {("a",), ("b",)}
    assert _audit(shop).drift == 0


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_a_table_that_cannot_be_read_to_its_end_gives_no_verdict(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    shop = opened("postgresql", postgres, tmp_path, monkeypatch)
    shop.line.sync(products("a", "b"), "bi")
    shop.place.run("DELETE FROM products WHERE sku = 'a'")
    before = shop.line.entries("bi")
    with faults.before(postgres.port, speaks="bytes") as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_BI", shop.place.uri().replace(f":{postgres.port}/", f":{proxy.port}/"))
        proxy.next(fault, contains="coalesce(datasync_hash")
        with pytest.raises(ServiceUnavailable, match="did not answer, or broke off"):
            _audit(shop)
        assert fault in [seen["fault"] for seen in proxy.log()]
        assert (shop.line.entries("bi"), shop.line.figures("bi").due) == (before, 0)
        assert _audit(shop).absent == 1


@pytest.mark.parametrize("way", WAYS)
def test_the_command_finds_what_was_changed_by_hand_and_sync_mends_it(
    way: str, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made(way, postgres, tmp_path)
    monkeypatch.setenv("AIRFLOW_CONN_BI", place.uri())
    services = "services:\n  bi: {kind: sql, connection: bi, table: products}\n"
    guard = "guard: {percent: 100, products: 1000}\n"
    shop = shell.Shop(tmp_path, shell.SETTINGS.partition("services:")[0] + services + guard)
    shop.sells(*((f"S-{number}", f"Name {number}", "enabled", "", "") for number in range(4)))
    assert shop.run("sync").code == 0
    rows = "SELECT sku, name, datasync_hash FROM products ORDER BY sku"
    before = place.run(rows)
    place.run(
        "DELETE FROM products WHERE sku = 'S-0'",
        "UPDATE products SET name = 'By hand', datasync_hash = 'x' WHERE sku = 'S-1'",
        f"{ADD} ('en-US', 'Z', 'Left over', 'x', 1)",
    )
    output = shop.run("audit")
    assert (output.code, "holds 4 of 4; 1 absent, 1 different, 1 foreign" in output.out) == (4, True), output
    assert shop.run("sync").code == 0
    assert place.run(rows) == before
    output = shop.run("audit", "--full")
    assert (output.code, "holds 4 of 4; 0 absent, 0 different, 0 foreign" in output.out) == (0, True), output
