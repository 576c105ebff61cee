"""The sql service on a real PostgreSQL and on SQLite: what stands in the table after every transfer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datasync.connection import from_environment
from datasync.delivery import withdraw
from datasync.errors import InvalidConnection, InvalidSettings, ServiceUnavailable
from tests.line import SCOPE, Line, many, product, products, skus_sql
from tests.postgres import PostgreSQL
from tests.services.sql_tables import WAYS, Shop, opened

ODD_SKUS = (
    "00123", "Ä-ß", "юбка", "套装", "שמלה", "ثوب", "👗🏽", "a b", "a'b", 'a"b', "a\\b", "a\tb", "%s", "$1", "\\N",
    "NULL", "x" * 512, "é" * 256, "e\u0301", "\u00e9",
)  # fmt: skip


@pytest.fixture(params=WAYS)
def shop(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return opened(request.param, postgres, tmp_path, monkeypatch)


# ── what a transfer brings ──────────────────────────────────────────────────────────────────────────────────────────


def test_products_are_added_replaced_and_removed(shop: Shop) -> None:
    assert shop.line.sync([product("a", "A"), product("b", "B"), product("c", "C")], "bi").added == 3
    done = shop.line.sync([product("a", "A2"), product("b", "B")], "bi")
    assert (done.added, done.updated, done.removed) == (0, 1, 1)
    assert shop.rows() == {("a", "A2"), ("b", "B")}
    assert shop.is_the_catalog()


def test_every_product_column_has_a_column_of_its_type(shop: Shop) -> None:
    record = product(
        "a", "Ä", price="12.5", url="https://shop.example/a", updated_at="2026-11-24T12:00:00Z", modified="1"
    )
    shop.line.sync([record, product("b", "B", price="0.30000000000000004")], "bi")
    ((row,),) = shop.place.run(f"SELECT {_as_json(shop)} FROM products WHERE sku = 'a'")
    row = row if isinstance(row, dict) else json.loads(row)
    assert (row["status"], row["url"], row["price"]) == ("enabled", "https://shop.example/a", 12.5)
    assert _json(row["visible_in"]) == ["catalog", "search"]
    assert _json(row["attributes"]) == [{"code": "modified", "values": ["1"]}]
    assert row["updated_at"][:10] == "2026-11-24"
    assert row["description"] is None
    if shop.is_postgresql:
        assert shop.rows("price::text") == {("12.50",), ("0.30000000000000004",)}


def _as_json(shop: Shop) -> str:
    columns = ("status", "url", "price", "visible_in", "attributes", "updated_at", "description")
    if shop.is_postgresql:
        return "to_jsonb(products)"
    return f"json_object({', '.join(f'{column!r}, {column}' for column in columns)})"


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def test_a_removed_product_is_marked_and_comes_back_unmarked(shop: Shop) -> None:
    shop.line.change("bi", deletes="mark")
    shop.line.sync(products("a", "b"), "bi")
    assert shop.line.sync(products("a"), "bi").removed == 1
    assert shop.rows("sku, deleted_at IS NULL") == {("a", True), ("b", False)}
    assert shop.is_true(where=f"scope = '{SCOPE}' AND deleted_at IS NULL")
    assert (shop.service().count(), _held(shop)) == (1, {"a"})
    ((marked_at,),) = shop.rows("deleted_at", "sku = 'b'")
    shop.line.mark("b", name="bi")
    shop.line.transfer("bi")
    assert shop.rows("deleted_at", "sku = 'b'") == {(marked_at,)}
    shop.line.sync(products("a", "b"), "bi")
    assert shop.rows("sku, deleted_at IS NULL") == {("a", True), ("b", True)}
    assert shop.is_the_catalog()


def _held(shop: Shop) -> set[str]:
    con = shop.line.con
    return {sku for (sku,) in con.execute(f"SELECT sku FROM ({shop.service().holds(con).sql})").fetchall()}


def test_skus_of_every_script_and_size_arrive_and_leave(shop: Shop) -> None:
    shop.line.sync(products(*ODD_SKUS), "bi")
    assert {sku for (sku,) in shop.rows("sku")} == set(ODD_SKUS)
    assert shop.is_the_catalog()
    assert shop.line.sync(products("00123"), "bi").removed == len(ODD_SKUS) - 1
    assert shop.is_the_catalog()


def test_what_is_delivered_again_replaces_what_somebody_changed_or_deleted(shop: Shop) -> None:
    shop.line.sync(products("a", "b", "c"), "bi")
    shop.place.run("UPDATE products SET name = 'By hand' WHERE sku = 'a'", "DELETE FROM products WHERE sku = 'b'")
    shop.line.mark(name="bi")
    assert shop.line.transfer("bi").resent == 3
    assert shop.rows() == {("a", "A name"), ("b", "A name"), ("c", "A name")}
    assert shop.is_the_catalog()


def test_scopes_that_share_a_table_do_not_touch_each_other(shop: Shop) -> None:
    shop.line.sync(products("a", "b"), "bi")
    foreign = "INSERT INTO products (scope, sku, name, datasync_hash, datasync_version) VALUES"
    shop.place.run(f"{foreign} ('de', 'a', 'DE', 'h', 1), ('de', 'b', 'DE', 'h', 1)")
    shop.line.sync([product("a", "EN")], "bi")
    assert shop.rows("scope, sku, name", "1 = 1") == {(SCOPE, "a", "EN"), ("de", "a", "DE"), ("de", "b", "DE")}
    assert (shop.service().count(), shop.service("de").count()) == (1, 2)
    assert (shop.service("de").highest_version(), shop.service().highest_version() > 0) == (0, True)


def test_rows_that_are_not_ours_are_counted_and_stay(shop: Shop) -> None:
    shop.line.sync(products("a", "b"), "bi")
    shop.place.run(
        f"INSERT INTO products (scope, sku, name) VALUES ('{SCOPE}', 'z', 'Mine')",
        "UPDATE products SET datasync_hash = NULL, datasync_version = NULL WHERE sku = 'b'",
    )
    shop.line.sync(products("a"), "bi")
    assert {sku for sku, _ in shop.rows()} == {"a", "b", "z"}
    con, service = shop.line.con, shop.service()
    rows = {row[0]: row[1:] for row in service.holds(con).rows(con)}
    assert {sku: is_ours for sku, (*_, is_ours) in rows.items()} == {"a": True, "b": False, "z": False}
    assert rows["z"][:2] == (None, None)
    assert 0 < rows["a"][1] < service.highest_version(), "the version of the batch that brought it"
    assert (rows["a"][0], service.count()) == (shop.held()["a"], 3)
    assert [sku for sku, *_ in service.holds(con, skus_sql("a", "nowhere")).rows(con)] == ["a"]


def test_nothing_is_held_where_there_is_no_table(shop: Shop) -> None:
    service = shop.service()
    assert (service.count(), service.highest_version(), service.holds(shop.line.con).rows(shop.line.con)) == (0, 0, [])


def test_what_left_the_settings_is_withdrawn_from_the_table(shop: Shop) -> None:
    shop.line.sync(products("a", "b"), "bi")
    line, (leftover,) = shop.line, _leftovers(shop.line)
    withdraw.withdraw(line.con, line.store, from_environment, leftover, "withdraw", line.clock)
    assert shop.rows() == set()


def _leftovers(line: Line) -> Any:
    del line.raw_settings["services"]["bi"]
    line.raw_settings["services"]["feed"] = {}
    return withdraw.leftovers(line.con, line.store, line.settings)


# ── the table's name and its columns ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("table", ['We "said" it\'s; DROP', "Products", "$name $scope", "продукты"])
def test_a_table_has_the_name_that_the_settings_say(shop: Shop, table: str) -> None:
    shop.line.change("bi", table=table)
    shop.line.sync(products("a", "b"), "bi")
    shop.line.sync(products("a"), "bi")
    quoted = '"' + table.replace('"', '""') + '"'
    assert shop.rows(table=quoted) == {("a", "A name")}
    assert shop.is_true(quoted)


def test_columns_are_expressions_over_product_columns(shop: Shop) -> None:
    columns = {
        'Title "1"': "upper(name)", "cents": "(price * 100)::bigint", "on_sale": "price < 10", "blank": "NULL",
        "changed": "attr('modified')", "day": "updated_at::date", "scopes": "['x', sku]", "ratio": "price::double / 3",
        "hash": "md5(sku)",
    }  # fmt: skip
    shop.line.change("bi", columns=columns)
    shop.line.sync([product("a", price="9.99", updated_at="2026-11-24T23:30:00Z", modified="yes"), product("b")], "bi")
    names = '"Title ""1""", cents, on_sale, changed, CAST(day AS TEXT), CAST(scopes AS TEXT), blank'
    ((title, cents, on_sale, changed, day, scopes, blank),) = shop.rows(names, "sku = 'a'")
    assert (title, cents, bool(on_sale), changed, day) == ("A NAME", 999, True, "yes", "2026-11-24")
    assert (json.loads(scopes), blank) == (["x", "a"], None)
    assert shop.rows("cents, on_sale, ratio", "sku = 'b'") == {(None, None, None)}
    assert shop.is_the_catalog()


def test_a_product_on_which_an_expression_fails_is_rejected_with_the_name_of_the_column(shop: Shop) -> None:
    shop.line.change("bi", columns={"size": "cast(name as int)"})
    shop.line.sync([product("a", "12"), product("b", "large")], "bi")
    assert shop.line.outcomes("bi") == {"a": "received", "b": "rejected"}
    assert shop.line.receipts("bi")["b"]["words"] == "The expression of the column size fails on this product"
    assert shop.rows("sku, size") == {("a", 12)}
    shop.line.sync([product("a", "huge"), product("b", "large")], "bi")
    assert shop.rows("sku, size") == {("a", 12)}, "it keeps what it held"
    shop.line.change("bi", columns={"size": "try_cast(name as int)"})
    done = shop.line.transfer("bi")
    assert (done.added, done.updated) == (1, 1), "the settings by which they were rejected have changed"
    assert shop.is_the_catalog()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"columns": {"x": "nope"}}, "no product column is called 'nope'"),
        ({"columns": {"x": "count(*)"}}, "count takes many records"),
        ({"columns": {"x": "name::blob"}}, "it gives bytes, which no column takes"),
        ({"columns": {"SKU": "name"}}, "has the column 'SKU', which every table has"),
        ({"columns": {"x": "1", "X": "2"}}, "has the column 'X' twice"),
        ({"columns": {"x" * 64: "1"}}, "a name in a database has at most 63 bytes"),
        ({"table": "shop."}, "is no table"),
        ({"deletes": "never"}, "deletes"),
        ({"batch_seconds": 0}, "batch_seconds"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(shop: Shop, options: dict[str, Any], problem: str) -> None:
    with pytest.raises((InvalidSettings, Exception), match=problem):
        shop.line.change("bi", **options)
        shop.line.sync(products("a"), "bi")
    assert shop.place.run("SELECT 1") == [(1,)]
    assert not shop.line.entries("bi")


# ── what cannot be reached ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_database_that_is_not_there_was_sent_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.line.read(products("a"))
    away = "postgres://u:pw-12345@127.0.0.1:1/x" if shop.is_postgresql else "sqlite:////nowhere/at/all.db"
    monkeypatch.setenv("AIRFLOW_CONN_BI", away)
    with pytest.raises((ServiceUnavailable, InvalidConnection)) as error:
        shop.line.transfer("bi")
    assert "pw-12345" not in str(error.value)
    assert "nobody answers there" in str(error.value) or "there is no folder '/nowhere/at'" in str(error.value)
    assert not shop.line.entries("bi")


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("mysql://a:b@127.0.0.1/x", "is of type 'mysql', and a sql service needs a database: postgres or sqlite"),
        ("sqlite:///relative.db", "it names no file by its whole path, but 'relative.db'"),
        ("sqlite:///", "it names no file"),
    ],
)
def test_a_connection_that_cannot_work_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, uri: str, problem: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BI", uri)
    with pytest.raises(InvalidConnection, match=problem):
        shop.service().prepare()


def test_a_large_batch_is_one_transaction_and_arrives_whole(shop: Shop) -> None:
    assert shop.line.sync(many(2_500), "bi").added == 2_500
    assert shop.is_the_catalog()
    assert len(shop.rows("DISTINCT datasync_version")) == 2, "batches of 1,000 and of up to 10,000 products"
