"""Rows that a table does not take, and tables that are no place for products: said in words, and nothing is lost."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery.services.base import Remark
from datasync.errors import DatasyncError, InvalidSettings
from datasync.relation import Relation
from tests.line import SCOPE, many, product, products
from tests.postgres import PASSWORD, PostgreSQL
from tests.services.sql_tables import WAYS, Shop, opened

OURS = "datasync_hash text, datasync_version bigint, PRIMARY KEY (scope, sku)"
KEY = "scope text, sku text"
COLUMNS = {"name": "name", "price": "price", "url": "url"}


@pytest.fixture(params=WAYS)
def shop(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return opened(request.param, postgres, tmp_path, monkeypatch, {"columns": COLUMNS})


@pytest.fixture
def on_postgres(postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return opened("postgresql", postgres, tmp_path, monkeypatch, {"columns": COLUMNS})


# ── one row that is not taken ───────────────────────────────────────────────────────────────────────────────────────

# what the column `name` is, what the record says, and the words of the receipt
POISON: dict[str, tuple[str, dict[str, Any], str]] = {
    "a text too long": (
        "name varchar(10)",
        {"name": "Eleven sign"},
        (
            "A text is longer than its column takes. "
            "The database says: value too long for type character varying(10) (SQLSTATE 22001)"
        ),
    ),
    "a number too large": (
        "name text",
        {"price": "1000"},
        "A number is larger than its column takes. The database says: numeric field overflow (SQLSTATE 22003)",
    ),
    "a value that must be": (
        "name text",
        {"url": None},
        (
            "A column that must not be empty has no value. The database says: "
            'null value in column "url" of relation "products" violates not-null constraint (SQLSTATE 23502)'
        ),
    ),
    "a NUL": (
        "name text",
        {"name": "a\0b"},
        (
            "A text has a character that the database cannot store, as NUL. "
            'The database says: invalid byte sequence for encoding "UTF8": 0x00 (SQLSTATE 22021)'
        ),
    ),
    "a condition": (
        "name text CHECK (name <> 'No')",
        {"name": "No"},
        (
            "A condition of the table is not met. The database says: "
            'new row for relation "products" violates check constraint "products_name_check" (SQLSTATE 23514)'
        ),
    ),
}


@pytest.mark.parametrize("poison", POISON)
def test_a_row_that_the_table_does_not_take_is_rejected_alone(on_postgres: Shop, poison: str) -> None:
    shop, (name, fields, words) = on_postgres, POISON[poison]
    shop.place.run(f"CREATE TABLE products ({KEY}, {name}, price numeric(5, 2), url text NOT NULL, {OURS})")
    good = [{**row, "name": "Good", "url": "https://shop.example"} for row in many(40)]
    bad = [{**product(sku), "url": "https://shop.example", **fields} for sku in ("bad", "p0017a")]
    assert shop.line.sync([*good, *bad], "bi").rejected == 2
    assert {sku for sku, outcome in shop.line.outcomes("bi").items() if outcome == "rejected"} == {"bad", "p0017a"}
    assert shop.line.receipts("bi")["bad"]["words"] == words
    assert {sku for sku, _ in shop.rows()} == {row["sku"] for row in good}
    assert shop.is_true()


def test_a_rejected_version_leaves_what_was_held(on_postgres: Shop) -> None:
    shop = on_postgres
    shop.place.run(f"CREATE TABLE products ({KEY}, name varchar(10), price numeric(5, 2), url text, {OURS})")
    shop.line.sync([product("a", "Short"), product("b", "Short")], "bi")
    shop.line.sync([product("a", "Much too long"), product("b", "New")], "bi")
    assert shop.rows() == {("a", "Short"), ("b", "New")}
    shop.line.sync([product("a", "Much too long"), product("b", "Newer")], "bi")
    assert shop.rows() == {("a", "Short"), ("b", "Newer")}
    assert shop.line.outcomes("bi") == {"a": "rejected", "b": "received"}


def test_a_row_that_a_file_of_sqlite_does_not_take_is_rejected_alone(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened("sqlite", postgres, tmp_path, monkeypatch, {"columns": COLUMNS})
    columns = "name text CHECK (length(name) < 9), price numeric, url text NOT NULL"
    shop.place.run(f"CREATE TABLE products ({KEY}, {columns}, {OURS})")
    names = {"a": "A name", "b": "Too long a name", "d": "Nul \0"}
    shop.line.sync([*(product(sku, name, url="u") for sku, name in names.items()), product("c")], "bi")
    refused = "A rule of the table is not met. The database says: {} constraint failed: {} (IntegrityError)"
    assert {sku: row["words"] for sku, row in shop.line.receipts("bi").items()} == {
        "a": None,
        "b": refused.format("CHECK", "length(name) < 9"),
        "c": refused.format("NOT NULL", "products.url"),
        "d": None,
    }
    assert shop.rows() == {("a", "A name"), ("d", "Nul \0")}
    assert shop.is_true()


def test_a_sku_too_long_for_an_index_is_rejected(on_postgres: Shop) -> None:
    noise = "".join(chr(0x4E00 + number * 7919 % 20000) for number in range(3000))
    on_postgres.line.sync(products("a", noise), "bi")
    outcomes = on_postgres.line.outcomes("bi")
    assert (outcomes["a"], outcomes[noise]) == ("received", "rejected")
    assert on_postgres.line.receipts("bi")[noise]["words"].startswith("A value is too large for an index")


# ── a table that is there already ───────────────────────────────────────────────────────────────────────────────────

VALUES = "name text, price numeric, url text"
NO_KEY = f"CREATE TABLE products ({KEY}, {VALUES}, datasync_hash text, datasync_version bigint"
TABLES = {
    "a column is missing": (
        f"CREATE TABLE products ({KEY}, name text, price numeric, {OURS})",
        'has no column \'url\'. Add it (ALTER TABLE "products" ADD COLUMN "url" ',
    ),
    "our hash is missing": (
        f"CREATE TABLE products ({KEY}, {VALUES}, datasync_version bigint, PRIMARY KEY (scope, sku))",
        "has no column 'datasync_hash'",
    ),
    "no key": (f"{NO_KEY})", "has no key of (scope, sku), by which rows are replaced. Add one (CREATE UNIQUE INDEX"),
    "another key": (f"{NO_KEY}, PRIMARY KEY (sku))", "has no key of (scope, sku)"),
    "a column nobody fills": (
        f"CREATE TABLE products ({KEY}, {VALUES}, owner text NOT NULL, {OURS})",
        "has the column 'owner', which must not be empty, and nothing fills it",
    ),
    "a view": ("CREATE VIEW products AS SELECT 1 AS sku", "is no table, but a view"),
}
TYPES = {
    "name integer": "has the column 'name' of the type {}, which does not take text. Give it the type {}",
    "datasync_version text": "has the column 'datasync_version' of the type text, which does not take whole numbers",
    "sku uuid": "has the column 'sku' of the type uuid, which does not take text",
    "price boolean": "has the column 'price' of the type boolean, which does not take numbers",
    "url jsonb": "has the column 'url' of the type jsonb, which does not take text",
    "sku integer": "has the column 'sku' of the type {}, which does not take text",
}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_is_no_place_for_products_is_refused_with_what_to_do(shop: Shop, table: str) -> None:
    statement, problem = TABLES[table]
    shop.place.run(statement)
    shop.line.read(products("a"))
    with pytest.raises(InvalidSettings) as error:
        shop.line.transfer("bi")
    assert error.value.key == "services.bi.table"
    assert problem in str(error.value)
    assert (shop.line.entries("bi"), shop.place.run("SELECT count(*) FROM products")[0][0] < 2) == (0, True)


@pytest.mark.parametrize("other", TYPES)
def test_a_table_with_a_column_of_another_type_is_refused(on_postgres: Shop, other: str) -> None:
    columns = ["scope text", "sku text", *VALUES.split(", "), "datasync_hash text", "datasync_version bigint"]
    columns = [other if column.split()[0] == other.split(maxsplit=1)[0] else column for column in columns]
    on_postgres.place.run(f"CREATE TABLE products ({', '.join(columns)}, PRIMARY KEY (scope, sku))")
    on_postgres.line.read(products("a"))
    with pytest.raises(InvalidSettings) as error:
        on_postgres.line.transfer("bi")
    assert TYPES[other].format("integer", "text") in str(error.value)
    assert on_postgres.line.entries("bi") == 0


def test_a_file_of_sqlite_whose_column_would_make_numbers_of_skus_is_refused(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened("sqlite", postgres, tmp_path, monkeypatch, {"columns": {}})
    shop.place.run(f"CREATE TABLE products (scope text, sku integer, {OURS})")
    shop.line.read(products("00123"))
    with pytest.raises(InvalidSettings, match="has the column 'sku' of the type INTEGER, which does not take text"):
        shop.line.transfer("bi")


def test_a_table_of_a_schema_with_types_of_its_own_is_used_as_it_is(on_postgres: Shop) -> None:
    shop = on_postgres
    shop.place.run(
        'CREATE SCHEMA "Shop"', "CREATE TYPE \"Shop\".state AS ENUM ('enabled', 'disabled')",
        "CREATE DOMAIN short AS varchar(20)",
        'CREATE TABLE "Shop".products (id serial, scope varchar(10) NOT NULL, sku short NOT NULL, title char(8), '
        'status "Shop".state, price float8, tags json, day timestamp, owner text NOT NULL DEFAULT \'me\', '
        f"{OURS})",
    )  # fmt: skip
    columns = {"title": "name", "status": "status", "price": "price", "tags": "visible_in", "day": "updated_at"}
    shop.line.change("bi", table="Shop.products", columns=columns)
    record = {"price": "1.5", "updated_at": "2026-11-24T12:00:00+02:00"}
    shop.line.sync([product("a", "Cap", **record), product("b", "Nine sign"), product("x" * 21)], "bi")
    assert shop.line.outcomes("bi") == {"a": "received", "b": "rejected", "x" * 21: "rejected"}
    rows = shop.rows("sku, title, status::text, price, tags::text, day::text, owner", table='"Shop".products')
    assert rows == {("a", "Cap     ", "enabled", 1.5, '["catalog","search"]', "2026-11-24 10:00:00", "me")}
    assert shop.is_true('"Shop".products')


def test_a_schema_that_is_not_there_is_not_made(on_postgres: Shop) -> None:
    on_postgres.line.change("bi", table="nowhere.products")
    on_postgres.line.read(products("a"))
    with pytest.raises(InvalidSettings, match=r"there is no schema 'nowhere'. Make it, and let the login"):
        on_postgres.line.transfer("bi")


def test_a_login_that_may_only_write_rows_is_enough_once_the_tables_are_there(
    on_postgres: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = on_postgres
    shop.line.sync(products("a"), "bi")
    shop.place.run(
        "CREATE ROLE writer_of_rows LOGIN PASSWORD 'only-rows-1'", "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON products, datasync_fence TO writer_of_rows",
    )  # fmt: skip
    try:
        uri = re.sub(r"//.*@", "//writer_of_rows:only-rows-1@", shop.place.uri())
        monkeypatch.setenv("AIRFLOW_CONN_BI", uri)
        shop.line.sync(products("a", "b"), "bi")
        assert shop.is_the_catalog()
        shop.line.change("bi", table="another")
        with pytest.raises(InvalidSettings, match=r"refuses: the login may not .* \(SQLSTATE 42501\)"):
            shop.service().prepare()
    finally:
        shop.place.run("DROP OWNED BY writer_of_rows", "DROP ROLE writer_of_rows")


# ── what check says ─────────────────────────────────────────────────────────────────────────────────────────────────


def _remarks(shop: Shop) -> list[Remark]:
    catalog = f"SELECT 'added' AS operation, * FROM ({_catalog(shop).sql})"
    return [*shop.service().examine(shop.line.con, Relation(catalog))]


def _catalog(shop: Shop) -> Relation:
    from datasync.store.logs import catalog_log

    return catalog_log(shop.line.store, SCOPE).fold()


def test_an_examination_tries_everything_and_leaves_nothing(shop: Shop) -> None:
    shop.line.read(products("a", "b"))
    remarks = _remarks(shop)
    assert [remark.level for remark in remarks] == ["ok"] * 4
    assert [remark.sentence for remark in remarks][1:] == [
        "the table products is not there yet, and can be made.",
        "its fence refuses a batch that comes after a newer one.",
        "2 products of a sample would be taken.",
    ]
    if shop.is_postgresql:
        assert shop.place.run("SELECT count(*) FROM pg_class WHERE relname IN ('products', 'datasync_fence')") == [(0,)]
    else:
        assert not (shop.line.folder / "shop.db").exists()
    shop.line.transfer("bi")
    before = shop.rows("*", "1 = 1"), shop.service().highest_version()
    assert _remarks(shop)[1].sentence == "the table products is there, and has what it needs."
    assert (shop.rows("*", "1 = 1"), shop.service().highest_version()) == before


def test_an_examination_says_which_sample_does_not_fit(on_postgres: Shop) -> None:
    on_postgres.place.run(f"CREATE TABLE products ({KEY}, name varchar(3), price numeric, url text, {OURS})")
    on_postgres.line.read(products("a", "b"))
    remark = _remarks(on_postgres)[-1]
    assert (remark.level, "value too long for type character varying(3)" in remark.sentence) == ("problem", True)
    assert on_postgres.rows() == set()


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", ["password", "database", "port"])
def test_a_password_stands_in_no_error_and_no_log(
    on_postgres: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    caplog.set_level(logging.DEBUG)
    uri = on_postgres.place.uri()
    others = {
        "password": uri.replace("s3cr", "wrong"),
        "database": f"{uri}_no",
        "port": re.sub(r":\d+/", ":1/", uri),
    }
    monkeypatch.setenv("AIRFLOW_CONN_BI", others[part])
    with pytest.raises(DatasyncError, match=r"connection 'bi'|did not answer") as error:
        on_postgres.service().prepare()
    _shows_no_secret(f"{error.value!r} {error.value} {error.value.__cause__!r} {caplog.text}")


def test_a_password_that_the_database_repeats_stands_in_no_receipt_and_no_log(
    on_postgres: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shop = on_postgres
    shop.place.run(f"CREATE TABLE products ({KEY}, name text CONSTRAINT \"{PASSWORD}\" CHECK (name <> 'No'), {OURS})")
    shop.line.change("bi", columns={"name": "name"})
    shop.line.sync([product("a"), product("b", "No")], "bi")
    words = shop.line.receipts("bi")["b"]["words"]
    assert 'violates check constraint "***"' in words
    _shows_no_secret(f"{words} {caplog.text}")


def _shows_no_secret(text: str) -> None:
    for secret in (PASSWORD, "s3cr%40t", "wrong@t", "wrong%40t"):
        assert secret not in text
