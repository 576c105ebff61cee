"""Values that Python has no word for, and text that is none: each takes its own record along, and no other."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from datasync.errors import InvalidConnection, InvalidSettings, UnfitValue, UnreadableFile
from datasync.sources.base import PullRequest
from tests.postgres import PostgreSQL
from tests.pulling import balance
from tests.sources import databases
from tests.sources.databases import WAYS, OnServer, Place, SqliteFile, made
from tests.sources.test_database import Reader

POSTGRES = WAYS[:2]
NO_TEXT = "is not in the encoding"
LATER = "2026-11-23T00:00:00+00:00"


@pytest.fixture(params=WAYS)
def reader(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> Reader:
    return Reader(tmp_path, made(request.param, postgres, tmp_path))


@pytest.fixture(params=POSTGRES)
def on_postgres(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> Reader:
    return Reader(tmp_path, made(request.param, postgres, tmp_path))


@pytest.fixture(params=WAYS[2:])
def on_sqlite(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> Reader:
    return Reader(tmp_path, made(request.param, postgres, tmp_path))


def unencoded(way: str, postgres: PostgreSQL, folder: Path) -> Place:
    """A place that keeps whatever bytes it is given as text."""
    return SqliteFile(folder / "shop.db", way) if "sqlite" in way else OnServer(postgres.database("SQL_ASCII"), way)


def text_of(way: str, hexed: str) -> str:
    """SQL for some bytes as text."""
    return f"CAST(X'{hexed}' AS TEXT)" if "sqlite" in way else f"convert_from('\\x{hexed}'::bytea, 'SQL_ASCII')"


@pytest.fixture(params=WAYS)
def raw(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> tuple[Reader, str]:
    """A reader of a place that keeps any bytes as text, and SQL for ``Sp\\xe4t`` there."""
    place = unencoded(request.param, postgres, tmp_path)
    place.run("CREATE TABLE product (id INTEGER, sku TEXT, name TEXT, note TEXT, changed TEXT)")
    return Reader(tmp_path, place), text_of(request.param, "5370e474")


# ── Times and numbers ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "date"])
@pytest.mark.parametrize("odd", ["infinity", "-infinity", "0044-03-15 BC", "12026-01-01"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_time_that_no_calendar_has_is_told_and_the_rest_goes_on(
    on_postgres: Reader, kind: str, odd: str, zone: str
) -> None:
    on_postgres.place.run(f"CREATE TABLE product (sku text, name text, changed {kind})")
    on_postgres.place.run(f"INSERT INTO product VALUES ('A2', 'odd', '{odd}'), ('A1', 'a', '2026-01-01')")
    how: dict[str, Any] = {"cursor": "changed", "given": {"time_zone": zone}}
    found = on_postgres.pull(**how)
    assert (on_postgres.desk.products(found, "sku"), found.complete) == (["A1"], True)
    ((sku, code, sentence),) = on_postgres.desk.quarantine(found, "sku", "code", "sentence")
    assert (sku, code) == ("A2", "bad-time")
    assert f"updated_at is {odd[:4]}" in sentence
    assert sentence.endswith(", which is no time.")
    then = on_postgres.pull("changed", watermark=found.watermark, at=LATER, **how)
    assert (then.valid, then.quarantined) == (0, 1 if "infinity" in odd else 0)


def test_a_row_becomes_infinite_after_a_pull_and_the_next_partial_one_tells(on_postgres: Reader) -> None:
    on_postgres.place.run("CREATE TABLE product (sku text, name text, changed timestamp)")
    on_postgres.place.run("INSERT INTO product VALUES ('A', 'a', '2026-11-20'), ('B', 'b', '2026-11-20')")
    first = on_postgres.pull(cursor="changed")
    on_postgres.place.run("UPDATE product SET changed = 'infinity' WHERE sku = 'A'")
    then = on_postgres.pull("changed", watermark=first.watermark, at=LATER, cursor="changed")
    assert on_postgres.desk.quarantine(then, "sku", "code") == [("A", "bad-time")]


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("kind", ["numeric", "float8", "float4"])
def test_a_number_that_is_none_is_told_and_moves_no_cursor(on_postgres: Reader, price: str, kind: str) -> None:
    on_postgres.place.run(f"CREATE TABLE product (sku text, name text, price {kind})")
    on_postgres.place.run(f"INSERT INTO product VALUES ('B', 'odd', '{price}'), ('A', 'a', 5), ('C', 'c', 7)")
    found = on_postgres.pull(cursor="price")
    assert on_postgres.desk.products(found, "sku") == ["A", "C"]
    assert on_postgres.desk.quarantine(found, "sku", "code") == [("B", "bad-value")]
    assert json.loads(found.watermark or "") == {"until": "7"}
    on_postgres.place.run("INSERT INTO product VALUES ('D', 'd', 8)")
    then = on_postgres.pull("changed", watermark=found.watermark, cursor="price")
    assert (on_postgres.desk.products(then, "sku"), then.quarantined) == (["C", "D"], 1)


def test_what_is_odd_but_text_in_the_end_stands_in_nobodys_way(on_postgres: Reader) -> None:
    odd = {
        "i": "interval '-1 year 3 days -04:05'", "a": "ARRAY[1.5, NULL, 'NaN'::numeric]", "b": "'\\x00ff'::bytea",
        "t": "'24:00'::time", "r": "row('infinity'::timestamp, 'NaN'::float8)", "g": "tstzrange(NULL, 'infinity')",
        "d": "ARRAY['infinity'::timestamp, '0044-03-15 BC'::timestamp]", "m": "'-infinity'::date",
    }  # fmt: skip
    columns = ", ".join(f"{sql} AS {name}" for name, sql in odd.items())
    found = on_postgres.pull(query=f"SELECT 'A' AS sku, 'a' AS name, {columns}", attributes=list(odd))
    ((payload,),) = (on_postgres.desk.payloads(found),)
    values = {one["code"]: one["values"] for one in payload["attributes"]}
    assert (values["b"], values["t"], values["m"]) == (["\\x00ff"], ["24:00:00"], ["-infinity"])
    assert set(values) == set(odd)


def test_a_value_that_ends_the_statement_is_told_with_its_column(on_postgres: Reader) -> None:
    query = "SELECT i::text AS sku, 'n' AS name, 1 / (i - 30000) AS price FROM generate_series(1, 40000) AS i"
    with pytest.raises(UnfitValue, match=r"the column 'price' of the query has a value .* \(SQLSTATE 22012\)") as told:
        on_postgres.pull(query=query)
    assert told.value.exit_code == 4
    assert "CAST(price AS VARCHAR(100))" in str(told.value)
    with pytest.raises(UnfitValue, match=r"de-DE: the query has a value .* that leaves it out"):
        on_postgres.pull(query=f"{query} WHERE 1 / (i - 30000) < 5")


@pytest.mark.parametrize(
    "expression", ["abs(price)", "json_extract(note, '$.a')", "zeroblob(9999999999)"], ids=["overflow", "JSON", "blob"]
)
def test_a_row_that_sqlite_stops_at_is_told_with_its_column_and_is_no_try_again(
    on_sqlite: Reader, expression: str
) -> None:
    rows = "('A', 'a', 1, '{}'), ('B', 'b', -9223372036854775807 - 1, '{'), ('C', 'c', 3, '{}')"
    on_sqlite.place.run("CREATE TABLE stock (sku TEXT, name TEXT, price INT, note TEXT)")
    on_sqlite.place.run(f"INSERT INTO stock VALUES {rows}")
    on_sqlite.place.run(f"CREATE VIEW product AS SELECT sku, name, {expression} AS price FROM stock")
    with pytest.raises(UnfitValue, match="the column 'price' of the table product has a value") as told:
        on_sqlite.pull()
    assert told.value.exit_code == 4


def test_a_number_too_large_for_any_computer_is_text_all_the_same(reader: Reader) -> None:
    large = "99999999999999999999999999"
    reader.place.run("CREATE TABLE product (sku TEXT, name TEXT, price TEXT)")
    reader.place.run(f"INSERT INTO product VALUES ('{large}', 'a', '1'), ('B', 'b', '{large}'), ('C', 'c', '1.5')")
    found = reader.pull()
    assert reader.desk.products(found, "sku") == [large, "C"]
    assert reader.desk.quarantine(found, "sku", "code") == [("B", "bad-value")]


# ── Text that is none ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_name_that_is_no_text_takes_its_own_record_along(raw: tuple[Reader, str]) -> None:
    reader, late = raw
    reader.place.run(f"INSERT INTO product VALUES (1, 'A', {late}, 'x', NULL), (2, 'B', 'ü', 'x', NULL)")
    found = reader.pull()
    assert (reader.desk.products(found, "sku", "name"), balance(found)) == ([("B", "ü")], (2, 1, 1, 0))
    ((sku, code, sentence, record),) = reader.desk.quarantine(found, "sku", "code", "sentence", "record")
    assert (sku, code, NO_TEXT in sentence, "name" in sentence) == ("A", "bad-value", True, True)
    assert json.loads(record)["name"] == "Sp\\xe4t"
    assert found.unreadable == 0


def test_a_sku_that_is_no_text_may_be_any_product_and_a_column_that_nobody_takes_is_nobodys(
    raw: tuple[Reader, str],
) -> None:
    reader, late = raw
    reader.place.run(f"INSERT INTO product VALUES (1, {late}, 'a', 'x', NULL), (2, 'B', 'b', {late}, NULL)")
    found = reader.pull()
    assert (reader.desk.products(found, "sku"), found.unreadable) == (["B"], 1)
    assert reader.desk.quarantine(found, "sku", "code") == [(None, "unreadable")]
    taken = reader.pull(attributes=["note"])
    assert sorted(reader.desk.quarantine(taken, "code")) == ["bad-value", "unreadable"]


@pytest.mark.parametrize("row", [1, 2, 12_000, 20_000])
@pytest.mark.parametrize("page", [None, 7_000])
def test_it_does_not_matter_where_it_stands(raw: tuple[Reader, str], row: int, page: int | None) -> None:
    reader, late = raw
    numbers = "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000) "
    reader.place.run(
        f"INSERT INTO product {numbers}"
        f"SELECT id, 'S' || id, CASE WHEN id = {row} THEN {late} ELSE 'n' END, 'x', NULL FROM n"
    )
    found = reader.pull(given={"page_size": page} if page else None, key="id")
    assert balance(found) == (20_000, 19_999, 1, 0)
    assert reader.desk.quarantine(found, "sku", "code") == [(f"S{row}", "bad-value")]


def test_a_cursor_that_is_no_text_moves_nothing_and_is_told(raw: tuple[Reader, str]) -> None:
    reader, late = raw
    reader.place.run(
        f"INSERT INTO product VALUES (1, 'A', 'a', 'x', {late}), (2, 'B', 'b', 'x', '2026-11-20 08:00:00'), "
        "(3, 'C', 'c', 'x', '2026-11-21 08:00:00'), (4, 'D', 'd', 'x', NULL)"
    )
    found = reader.pull(cursor="changed")
    assert reader.desk.products(found, "sku") == ["B", "C", "D"]
    assert reader.desk.quarantine(found, "sku", "code") == [("A", "bad-value")]
    reader.place.run("INSERT INTO product VALUES (5, 'E', 'e', 'x', '2026-11-22 01:00:00')")
    assert reader.skus("changed", at=LATER, watermark=found.watermark, cursor="changed") == ["D", "E"]


def test_a_plain_text_as_cursor_is_read_up_to_the_largest_that_is_text(raw: tuple[Reader, str]) -> None:
    reader, late = raw
    reader.place.run(f"INSERT INTO product VALUES (1, 'A', 'a', 'x', {late}), (2, 'B', 'b', 'x', 'rev-1')")
    found = reader.pull(cursor="changed")
    assert json.loads(found.watermark or "") == {"until": "rev-1"}
    reader.place.run("INSERT INTO product VALUES (3, 'C', 'c', 'x', 'rev-2')")
    assert reader.skus("changed", watermark=found.watermark, cursor="changed") == ["B", "C"]


def test_a_key_that_is_no_text_is_one_all_the_same(raw: tuple[Reader, str]) -> None:
    reader, late = raw
    reader.place.run(
        f"INSERT INTO product VALUES (1, 'A', 'a', 'A', NULL), (2, 'B', 'b', {late}, NULL), "
        "(3, 'C', 'c', 'it''s', NULL), (4, 'D', 'd', 'Z', NULL), (5, 'E', 'e', 'a%b', NULL)"
    )
    for page in (1, 2, 5):
        assert reader.skus(given={"page_size": page}, key="note") == ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize("way", POSTGRES)
@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "EUC_JP"])
def test_a_server_of_another_encoding_is_read_as_it_writes(
    way: str, encoding: str, postgres: PostgreSQL, tmp_path: Path
) -> None:
    place = OnServer(postgres.database(encoding), way)
    word = "日本" if encoding == "EUC_JP" else "Größe"
    place.run('CREATE TABLE product (sku text, name text, "größe" text)' if encoding != "EUC_JP" else
              "CREATE TABLE product (sku text, name text)")  # fmt: skip
    with place.database.connection() as con:
        con.execute("SET client_encoding = 'UTF8'")
        con.execute(f"INSERT INTO product (sku, name) VALUES ('{word}', '{word}'), ('B', 'b')")
        if encoding == "WIN1252":  # a byte that this encoding does not have, and no server looks for
            con.execute("INSERT INTO product (sku, name) VALUES ('C', convert_from('\\x81'::bytea, 'WIN1252'))")
    reader = Reader(tmp_path, place)
    found = reader.pull()
    assert reader.desk.products(found, "sku", "name") == [("B", "b"), (word, word)]
    assert reader.desk.quarantine(found, "sku") == (["C"] if encoding == "WIN1252" else [])
    assert reader.skus("skus", skus=(word,)) == [word]
    assert reader.skus(given={"page_size": 1}, key="sku") == ["B", word]


def test_a_row_of_any_size_is_read_whole_page_by_page_too(on_sqlite: Reader) -> None:
    on_sqlite.place.run("CREATE TABLE product (id INTEGER, sku TEXT, name TEXT, description TEXT)")
    on_sqlite.place.run("INSERT INTO product VALUES (1, 'A', 'a', hex(zeroblob(9000000))), (2, 'B', 'b', 'short')")
    found = on_sqlite.pull(given={"page_size": 1}, key="id")
    assert on_sqlite.desk.products(found, "sku", "length(description)") == [("A", 18_000_000), ("B", 5)]


# ── Columns of SQLite, which hold anything ───────────────────────────────────────────────────────────────────────────


def test_a_blob_is_the_text_that_it_holds_or_none(on_sqlite: Reader) -> None:
    on_sqlite.place.run("CREATE TABLE product (sku TEXT, name TEXT)")
    on_sqlite.place.run("INSERT INTO product VALUES (X'4131', X'c3bc'), ('B', X'00ff'), ('C', 'x' || char(0) || 'y')")
    found = on_sqlite.pull()
    assert on_sqlite.desk.products(found, "sku", "name") == [("A1", "ü"), ("C", "x\0y")]
    assert on_sqlite.desk.quarantine(found, "sku", "code") == [("B", "bad-value")]


@pytest.mark.parametrize(
    ("usual", "odd", "next_one"),
    [
        (["'2026-11-20 08:00:00'", "'2026-11-20 09:00:00'"], ["5", "'n/a'", "''", "X'ff'"], "'2026-11-22 09:00:00'"),
        (["'2026-11-20 08:00:00'", "'2026-11-21 09:00:00'"], ["'2026-11-20T08:00:00Z'"], "'2026-11-22 09:00:00'"),
        (["100", "200", "250.5"], ["'n/a'", "X'00'", "9e999"], "300"),
        (["'rev-1'", "'rev-2'"], ["5", "X'ff'"], "'rev-3'"),
    ],
)
def test_an_odd_value_in_a_cursor_does_not_change_what_a_cursor_is(
    on_sqlite: Reader, usual: list[str], odd: list[str], next_one: str
) -> None:
    on_sqlite.place.run("CREATE TABLE product (sku TEXT, name TEXT, changed)")
    for number, value in enumerate([*odd[:1], *usual, *odd[1:]]):
        on_sqlite.place.run(f"INSERT INTO product VALUES ('S{number}', 'n', {value})")
    how: dict[str, Any] = {"cursor": "changed", "map": {"updated_at": "NULL::TIMESTAMPTZ"}}
    first = on_sqlite.pull(**how)
    assert first.records == len(odd) + len(usual)
    on_sqlite.place.run(f"INSERT INTO product VALUES ('new', 'n', {next_one})")
    then = on_sqlite.pull("changed", at=LATER, watermark=first.watermark, **how)
    assert "new" in (came := on_sqlite.desk.products(then, "sku"))
    assert "S1" not in came


def test_a_sku_is_looked_up_whatever_type_its_value_has(on_sqlite: Reader) -> None:
    on_sqlite.place.run("CREATE TABLE product (sku, name TEXT)")
    on_sqlite.place.run(
        "INSERT INTO product VALUES (5, 'n'), ('A', 'n'), ('7', 'n'), (X'42', 'n'), (2.0, 'n'), (2.5, 'n')"
    )
    asked = ("5", "A", "7", "B", "2.0", "nope")
    assert on_sqlite.skus("skus", skus=asked) == ["2.0", "5", "7", "A", "B"]
    assert on_sqlite.skus("skus", skus=("2.5", "A")) == ["2.5", "A"]


@pytest.mark.parametrize("page", [1, 2, 3, 20])
def test_a_key_of_mixed_types_and_none_gives_each_row_once(on_sqlite: Reader, page: int) -> None:
    on_sqlite.place.run("CREATE TABLE product (sku TEXT, name TEXT, k)")
    keys = ["NULL", "1", "2.5", "0.1 + 0.2", "'1'", "'b'", "X'00'", "X'ff'", "CAST(X'ff' AS TEXT)", "NULL", "-9e999"]
    for number, key in enumerate(keys):
        on_sqlite.place.run(f"INSERT INTO product VALUES ('S{number:02}', 'n', {key})")
    found = on_sqlite.pull(given={"page_size": page}, key="k")
    assert on_sqlite.desk.products(found, "sku") == [f"S{number:02}" for number in range(len(keys))]


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", None]),
        ("timestamp", ["2026-10-25 02:30:00", "infinity", "-infinity", "2026-10-25 02:30:00.000001"]),
        ("timestamptz", ["2026-10-25 02:30:00+01", "2026-10-25 02:30:00+02"]),
        ("numeric", ["NaN", "1", "1.10", "-5", "12345678901234567890.123456789"]),
        ("float8", ["NaN", "Infinity", "0.1", "0.30000000000000004"]),
        ("text", ["back\\slash", "it's", "", "ü", "%"]),
        ("date", ["0044-03-15 BC", "2026-01-01"]),
        ("bytea", ["\\x00", "\\xff"]),
        ("integer[]", ["{1}", "{1,2}"]),
    ],
)
def test_pages_go_by_a_key_of_any_type(on_postgres: Reader, kind: str, keys: list[str | None]) -> None:
    on_postgres.place.run(f"CREATE TABLE product (sku text, name text, k {kind})")
    with on_postgres.place.database.connection() as con:  # type: ignore[attr-defined]
        for number, key in enumerate(keys):
            con.execute(f"INSERT INTO product VALUES ('S{number}', 'n', %s::text::{kind})", (key,))
    for page in (1, 2):
        given = {"page_size": page, "time_zone": "Europe/Berlin"}
        assert on_postgres.skus(given=given, key="k") == [f"S{number}" for number in range(len(keys))]


def test_a_key_that_does_not_tell_rows_apart_loses_none_in_silence(reader: Reader) -> None:
    reader.place.run("CREATE TABLE product (sku TEXT, name TEXT, k INTEGER)")
    reader.place.run("INSERT INTO product VALUES ('A', 'a', 1), ('B', 'b', 1), ('C', 'c', 2)")
    told = r"scopes\.de-DE\.key: pages by 'k' give 2 of 3 rows: some share a value\. Name a column that tells rows"
    for _ in range(2):
        with pytest.raises(InvalidSettings, match=told):
            reader.pull(given={"page_size": 1}, key="k", run="the same")


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", [None, 2])
def test_what_was_read_is_what_the_database_counts_whatever_comes_meanwhile(reader: Reader, page: int | None) -> None:
    reader.place.run("CREATE TABLE product (id INTEGER, sku TEXT, name TEXT, gone INTEGER)")
    reader.place.run("INSERT INTO product VALUES (1, 'A', 'a', 0), (2, 'B', 'b', 1), (3, 'C', 'c', NULL)")
    given = {"page_size": page} if page else None
    source = databases.source(reader.place, given, reader.desk.store, "r", key="id", deleted="gone")
    records = source.records(reader.desk.con, PullRequest("complete", datetime(2026, 11, 22, tzinfo=UTC)))
    if "sqlite" not in reader.place.uri():  # which lets nobody write meanwhile
        reader.place.run("INSERT INTO product VALUES (4, 'D', 'd', 0)")
    rows = reader.desk.con.execute(f"SELECT sku FROM ({records.reader.select(['sku']).sql})").fetchall()
    assert records.counted is not None
    assert (len(rows), records.counted(reader.desk.con)) == (2, 2)


# ── Files of SQLite that are none ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("way", WAYS[2:])
def test_a_file_that_is_no_database_or_a_damaged_one_is_told_and_not_tried_again(way: str, tmp_path: Path) -> None:
    place = SqliteFile(tmp_path / "shop.db", way)
    place.run("CREATE TABLE product (sku TEXT, name TEXT)")
    place.run("INSERT INTO product VALUES ('A', hex(randomblob(3000)))")
    with closing(sqlite3.connect(place.path)) as con, con:
        con.executemany("INSERT INTO product VALUES (?, ?)", ((f"S{n}", "n" * 900) for n in range(2000)))
    content = place.path.read_bytes()
    place.path.write_bytes(content[:200_000] + b"\xff" * 400_000 + content[600_000:])
    reader = Reader(tmp_path, place)
    with pytest.raises(UnreadableFile, match=r"shop\.db cannot be read: the file is damaged"):
        reader.pull()
    place.path.write_text("sku,name\nA,a\n" * 1000)
    with pytest.raises(InvalidConnection, match=r"does not open the database .*: the file is no database"):
        reader.pull()


@pytest.mark.parametrize(
    "number", ["0.1", "0.30000000000000004", "1234567.8901234567", "1.2345678901234567e+19", "-2.5"]
)
def test_a_fraction_of_sqlite_keeps_all_its_digits(on_sqlite: Reader, number: str) -> None:
    on_sqlite.place.run("CREATE TABLE product (sku, name, note)", f"INSERT INTO product VALUES ('A', 'x', {number})")
    found = on_sqlite.pull(attributes=("note",))
    ((note,),) = on_sqlite.desk.products(found, "attributes")
    assert [float(value) for value in note["values"]] == [float(number)]
