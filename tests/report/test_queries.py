"""The queries that give the page its products, on relations written down here."""

from __future__ import annotations

import json
from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pytest

from datasync import product
from datasync.report import shards
from datasync.report.pages import ScopeProducts
from datasync.sql import literal, query

COLUMNS = ", ".join(f'"{name}" {kind}' for name, kind in product.STORED.items())


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    made = duckdb.connect()
    made.execute("SET TimeZone = 'UTC'")
    product.define(made)
    made.execute(f"CREATE TABLE versions ({COLUMNS}, entry BIGINT)")
    made.execute(f"CREATE TABLE catalog ({COLUMNS}, entry BIGINT)")
    made.execute("CREATE TABLE page_held (service VARCHAR, sku VARCHAR, hash VARCHAR, received_at TIMESTAMPTZ)")
    yield made
    made.close()


def add(
    con: duckdb.DuckDBPyConnection, relation: str, sku: str, hash_: str, name: str, entry: int, price: str = "9.50"
) -> None:
    con.execute(
        f"INSERT INTO {relation} BY NAME SELECT ? AS sku, ? AS hash, ? AS name, 'simple' AS type, 'enabled' AS status, "
        "['catalog'] AS visible_in, 'low-stock' AS stock, ?::DECIMAL(18, 4) AS price, ? AS entry",
        [sku, hash_, name, price, entry],
    )


def hold(con: duckdb.DuckDBPyConnection, service: str, sku: str, hash_: str, at: str) -> None:
    con.execute("INSERT INTO page_held VALUES (?, ?, ?, ?::TIMESTAMPTZ)", [service, sku, hash_, at])


def products(con: duckdb.DuckDBPyConnection) -> ScopeProducts:
    con.execute(
        f"CREATE OR REPLACE TABLE page_versions AS {query('page_versions').replace('$scope', literal('en-US'))}"
    )
    versions: pa.Table = con.sql("SELECT * EXCLUDE (version) FROM page_versions ORDER BY version").to_arrow_table()
    return ScopeProducts("en-US", versions, con.sql(query("page_held")).to_arrow_table())


def test_each_service_lists_the_version_it_holds_newest_first(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "catalog", "00123", "new", "Shoe, new", 2)
    for entry, hash_, name in ((1, "old", "Shoe, old"), (2, "new", "Shoe, new")):
        add(con, "versions", "00123", hash_, name, entry)
    add(con, "catalog", "A", "a", "Lamp", 1)
    hold(con, "search", "00123", "old", "2026-11-24T06:00:00Z")
    hold(con, "search", "A", "a", "2026-11-24T06:00:00.5Z")
    hold(con, "catalog-service", "00123", "new", "2026-11-24T07:00:00Z")
    found = products(con)
    assert found.versions.select(["sku", "hash", "name"]).to_pylist() == [
        {"sku": "00123", "hash": "new", "name": "Shoe, new"},
        {"sku": "00123", "hash": "old", "name": "Shoe, old"},
        {"sku": "A", "hash": "a", "name": "Lamp"},
    ]
    assert [tuple(row.values()) for row in found.held.to_pylist()] == [
        ("catalog-service", 0, 1_795_503_600_000),
        ("search", 2, 1_795_500_000_500),
        ("search", 1, 1_795_500_000_000),
    ]


def test_a_payload_is_the_text_that_the_service_received(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "catalog", "A", "a", "Lamp </script>", 1, price="9.5")
    hold(con, "search", "A", "a", "2026-11-24T06:00:00Z")
    (text,) = products(con).versions["payload"].to_pylist()
    sent = con.execute("SELECT to_json(payload(c, 'en-US'))::VARCHAR FROM catalog AS c").fetchall()
    assert [(text,)] == sent
    assert json.loads(text) | {"price": "9.50", "lowStock": True, "name": "Lamp </script>"} == json.loads(text)


def test_a_version_that_is_no_longer_kept_stays_in_the_list(con: duckdb.DuckDBPyConnection) -> None:
    hold(con, "search", "A", "gone", "2026-11-24T06:00:00Z")
    assert products(con).versions.to_pylist() == [
        {"sku": "A", "hash": "gone", "name": None, "type": None, "visible_in": None, "stock": None, "payload": None}
    ]


def test_the_page_gets_columns_with_each_word_once(con: duckdb.DuckDBPyConnection) -> None:
    for sku in "ABC":
        add(con, "catalog", sku, sku.lower(), f"Lamp {sku}", 1)
        hold(con, "search", sku, sku.lower(), f"2026-11-24T06:00:0{'ABC'.index(sku)}Z")
    assert shards.columns(products(con)) == {
        "payloads": shards.PAYLOADS,
        "sku": ["A", "B", "C"],
        "name": ["Lamp A", "Lamp B", "Lamp C"],
        "type": {"values": ["simple"], "of": [0, 0, 0]},
        "visibility": {"values": [["catalog"]], "of": [0, 0, 0]},
        "stock": {"values": ["low-stock"], "of": [0, 0, 0]},
        "held": {"search": {"newest": 1_795_500_002_000, "rows": [2, 1, 0], "steps": [0, 1000, 1000]}},
    }


def test_a_scope_in_which_nothing_is_held_is_written_all_the_same(con: duckdb.DuckDBPyConnection) -> None:
    assert [key for key, _ in shards.files(products(con))] == ["scope-en-US"]
