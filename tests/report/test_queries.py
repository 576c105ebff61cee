"""The queries that give the page its products, on relations written down here."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from datasync import product
from datasync.relation import Relation, Table
from datasync.report.facts.page_data import ScopeProducts, StoredProducts
from datasync.report.format import documents, shards
from datasync.sql import count, literal, macros, query_text, row

COLUMNS = ", ".join(f'"{name}" {kind}' for name, kind in product.STORED.items())


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    made = duckdb.connect()
    made.execute("SET TimeZone = 'UTC'")
    product.define(made)
    macros(made, "state_of")
    made.execute(f"CREATE TABLE versions ({COLUMNS}, entry BIGINT)")
    made.execute(f"CREATE TABLE catalog ({COLUMNS}, entry BIGINT)")
    made.execute(f"CREATE TABLE page_listed AS {query_text('nothing_listed')}")
    made.execute(
        "CREATE TABLE page_records (sku VARCHAR, name VARCHAR, code VARCHAR, sentence VARCHAR, reason VARCHAR, "
        "is_of_last_pull BOOLEAN)"
    )
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
    con.execute(
        "INSERT INTO page_listed VALUES (?, ?, ?, true, 'current', ?::TIMESTAMPTZ, NULL, NULL, 1)",
        [service, sku, hash_, at],
    )


def products(con: duckdb.DuckDBPyConnection) -> ScopeProducts:
    versions = query_text("page_versions").replace("$scope", literal("en-US"))
    con.execute(f"CREATE OR REPLACE TABLE page_versions AS {versions}")
    con.execute(f"CREATE OR REPLACE TABLE page_rows AS {query_text('page_rows')}")
    size = count(con, "SELECT * FROM page_versions")
    stored = StoredProducts(
        con,
        versions=Table("SELECT * FROM page_versions", "page_versions", size),
        rows=Relation("SELECT * FROM page_rows"),
        records=Relation("SELECT * FROM page_records"),
    )
    return ScopeProducts("en-US", stored=stored)


def versions(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    products(con)
    found = con.sql("SELECT * EXCLUDE (version) FROM page_versions ORDER BY version").to_arrow_table()
    return list(found.to_pylist())


def test_each_service_lists_the_version_it_holds(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "catalog", "00123", "new", "Shoe, new", 2)
    for entry, hash_, name in ((1, "old", "Shoe, old"), (2, "new", "Shoe, new")):
        add(con, "versions", "00123", hash_, name, entry)
    add(con, "catalog", "A", "a", "Lamp", 1)
    hold(con, "search", "00123", "old", "2026-11-24T06:00:00Z")
    hold(con, "search", "A", "a", "2026-11-24T06:00:00.5Z")
    hold(con, "catalog-service", "00123", "new", "2026-11-24T07:00:00Z")
    assert [(one["sku"], one["hash"], one["name"]) for one in versions(con)] == [
        ("00123", "new", "Shoe, new"),
        ("00123", "old", "Shoe, old"),
        ("A", "a", "Lamp"),
    ]
    assert con.sql("SELECT service, version, received_ms FROM page_rows ORDER BY ALL").fetchall() == [
        ("catalog-service", 0, 1_795_503_600_000),
        ("search", 1, 1_795_500_000_000),
        ("search", 2, 1_795_500_000_500),
    ]


def test_a_payload_is_the_text_that_the_service_received(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "catalog", "A", "a", "Lamp </script>", 1, price="9.5")
    hold(con, "search", "A", "a", "2026-11-24T06:00:00Z")
    (text,) = (one["payload"] for one in versions(con))
    sent = con.execute("SELECT to_json(payload(c, 'en-US'))::VARCHAR FROM catalog AS c").fetchall()
    assert [(text,)] == sent
    assert json.loads(text) | {"price": "9.50", "lowStock": True, "name": "Lamp </script>"} == json.loads(text)


def test_a_version_that_is_no_longer_kept_stays_in_the_list(con: duckdb.DuckDBPyConnection) -> None:
    hold(con, "search", "A", "gone", "2026-11-24T06:00:00Z")
    assert versions(con) == [
        {"sku": "A", "hash": "gone", "name": None, "type": None, "visible_in": None, "stock": None, "payload": None}
    ]


def test_documents_are_numbered_by_day_and_sku_and_records_come_last(con: duckdb.DuckDBPyConnection) -> None:
    for sku, at in (("C", "23T23:59"), ("A", "23T00:00"), ("B", "24T06:00")):
        add(con, "catalog", sku, sku.lower(), f"Lamp {sku}", 1)
        hold(con, "search", sku, sku.lower(), f"2026-11-{at}:00Z")
    hold(con, "recommendations", "A", "a", "2026-11-22T00:00:00Z")
    con.execute(
        "INSERT INTO page_records VALUES ('B', 'Lamp', 'bad-value', 'No', 'bad-value: No', true), "
        "(NULL, NULL, 'missing-sku', 'None', NULL, false)"
    )
    with documents.documents(products(con)) as found:
        rows = con.sql(
            f"SELECT rowid, sku, name, code_0 = 0, code_1, version FROM {found.base.table.name} ORDER BY rowid"
        ).fetchall()
        assert found.services == ("recommendations", "search")
        assert (found.base.size, found.recent.size, len(found.dead)) == (5, 0, 0)  # most are recent, so none is
    held, repeated, by_last_pull = 1 + 16 * (16 + 1) + 1024, 512, 2048
    record = 1 + documents.STATES.index("quarantined")
    assert rows == [
        (0, "B", "Lamp B", True, held, 1),
        (1, "A", "Lamp A", False, held, 0),
        (2, "C", "Lamp C", True, held, 2),
        (3, "B", "Lamp", False, record + repeated + by_last_pull, 3),
        (4, "", None, False, record, 4),
    ]


def test_a_scope_in_which_nothing_is_held_is_written_all_the_same(con: duckdb.DuckDBPyConnection) -> None:
    written: dict[str, bytes] = {}
    shards.write(products(con), lambda kind, number, data: written.update({f"{kind}{number}": data}), "v")
    assert list(written) == ["head0"]
    assert json.loads(written["head0"])["segments"][0]["size"] == 0


def test_every_state_is_listed_as_often_as_it_is_counted(con: duckdb.DuckDBPyConnection) -> None:
    """Whatever a receipt says beside whatever a rule says: the rows of the lists and the figures are the same."""
    con.execute(
        """
        CREATE TABLE receipts AS
        SELECT 'r' || row_number() OVER () AS sku, *
        FROM (SELECT unnest(['received', 'removed', 'rejected', 'failed', 'marked']) AS outcome),
            (SELECT unnest(['new', 'old', NULL]) AS hash), (SELECT unnest(['new', 'old', 'lost', NULL]) AS held_hash),
            (SELECT unnest([true, false]) AS perhaps_held),
            (SELECT unnest(['added', 'resent', 'removed', NULL]) AS received_as),
            (SELECT unnest(['added', 'removed']) AS operation), (SELECT unnest(['mine', 'before']) AS settings),
            (SELECT unnest(['2026-11-24 06:00:00Z'::TIMESTAMPTZ, '2026-11-23 06:00:00Z'::TIMESTAMPTZ]) AS received_at),
            (SELECT 'Refused' AS words, TIMESTAMPTZ '2026-11-24 06:00:00Z' AS "at", 'run' AS run, 1 AS entry)
        """
    )
    con.execute(
        """
        CREATE TABLE rules AS
        SELECT sku, 'new' AS hash, 9 AS bytes, CASE WHEN hash(sku) % 3 = 0 THEN 'No' END AS exclusion_reason
        FROM receipts WHERE hash(sku) % 5 > 0 UNION ALL SELECT 'n' || range, 'new', 9, NULL FROM range(7)
        """
    )
    con.execute("DROP TABLE versions")
    con.execute("CREATE TABLE versions AS SELECT sku, unnest(['old', 'new']) AS hash, 1 AS entry FROM receipts")
    times = {"$since": "TIMESTAMPTZ '2026-11-24 05:00:00Z'", "$as_of": "TIMESTAMPTZ '2026-11-24 08:00:00Z'"}

    def filled(name: str) -> str:
        text = query_text(name).replace("$fingerprint", "'mine'")
        return functools.reduce(lambda made, key: made.replace(key, times[key]), times, text)

    figures = {**row(con, filled("states")), **row(con, filled("window"))}
    figures["stale"] += count(con, filled("known_versions"))
    con.execute("CREATE VIEW known AS FROM versions")
    con.execute(f"CREATE TABLE listed AS {filled('page_listed')}")
    rules = {
        **{state: f"state = '{state}'" for state in ("excluded", "rejected", "failed", "current", "stale", "missing")},
        "held_older": "held AND state IN ('rejected', 'failed')",
        "orphaned": "held AND state IN ('excluded', 'orphaned')",
        "total_received": "held",
        "removals_due": "flags & 8 > 0",
        "latest_update": "flags & 1 > 0",
        "resent_in_window": "flags & 2 > 0",
        "removed_in_window": "flags & 4 > 0",
    }
    counted = {name: count(con, f"SELECT * FROM listed WHERE {rule}") for name, rule in rules.items()}
    assert counted == {name: figures[name] for name in rules}
    assert min(counted.values()) > 0
    assert count(con, "SELECT * FROM listed") == count(con, "SELECT DISTINCT sku FROM listed")
    # A try without an answer is always perhaps held, and a receipt that fits no state is damaged: neither is compared.
    possible = (
        "SELECT sku FROM listed ANTI JOIN (FROM receipts WHERE outcome = 'failed' AND NOT perhaps_held) USING (sku)"
    )
    due = f"SELECT sku, operation = 'removed' AS is_removal FROM ({filled('due')})"
    is_due = "flags & 8 > 0 OR state IN ('missing', 'stale', 'failed')"
    listed = f"SELECT sku, flags & 8 > 0 AS is_removal FROM listed WHERE {is_due}"
    both = [
        f"SELECT * FROM ({rows}) SEMI JOIN ({possible} WHERE state <> 'unexplained') USING (sku)"
        for rows in (due, listed)
    ]
    assert count(con, both[0]) > 1_000
    assert [count(con, f"({a} EXCEPT ALL {b})") for a, b in (both, reversed(both))] == [0, 0]
