"""SQL databases, real ones, by each way in: what is read, when, how exactly, and what is said when it cannot be."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest

from datasync.connection import from_environment, from_json, from_uri
from datasync.errors import InvalidConnection, InvalidExpression, InvalidSettings, SourceUnavailable
from datasync.intake import pull
from datasync.sources.base import Opening, PullRequest
from datasync.sources.sql.options import SqlScope, SqlSource
from datasync.sources.sql.source import Database
from datasync.store import snapshots
from datasync.store.snapshots import Snapshot
from tests.postgres import PASSWORD, PostgreSQL
from tests.pulling import Desk, balance
from tests.sources import databases
from tests.sources.databases import SCOPE, WAYS, Place, made

BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
TABLE = "CREATE TABLE product (id INTEGER PRIMARY KEY, sku VARCHAR(20), name TEXT, changed TIMESTAMP, gone INTEGER)"
ROWS = (
    "INSERT INTO product VALUES "
    "(1, 'A', 'a', '2026-11-20 08:00:00', 0), (2, '00123', 'b', '2026-11-21 08:00:00', 0), (3, 'C', 'c', NULL, 0)"
)


@pytest.fixture(params=WAYS)
def place(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path) -> Place:
    new = made(request.param, postgres, tmp_path)
    new.run(TABLE, ROWS)
    return new


@dataclass(frozen=True)
class _With:
    """A place whose connection has an extra."""

    place: Place
    extra: str

    def run(self, *statements: str) -> list[Any]:
        return self.place.run(*statements)

    def uri(self) -> str:
        return f"{self.place.uri()}?{self.extra}"


class Reader:
    """Pulls of one scope of a sql source."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.desk, self.place, self.runs = Desk(folder), place, 0

    def pull(
        self,
        what: Literal["complete", "changed", "skus"] = "complete",
        *,
        at: str = "2026-11-22T00:00:00+00:00",
        watermark: str | None = None,
        skus: tuple[str, ...] = (),
        given: Mapping[str, Any] | None = None,
        run: str | None = None,
        **scope: Any,
    ) -> Snapshot:
        self.runs += 1
        name = run or f"run-{self.runs}"
        source = databases.source(self.place, given, self.desk.store, name, **scope)
        request = PullRequest(what, datetime.fromisoformat(at), watermark, skus)
        mine = SqlScope(source="erp", **{key: scope[key] for key in scope if key in ("map", "attributes")})
        return pull.pull(
            pull.Pull(
                self.desk.con,
                self.desk.store,
                SCOPE,
                mine,
                request,
                run or f"run-{self.runs}",
                "print",
                self.desk.clock,
            ),
            source,
        )

    def skus(self, *given: Any, **how: Any) -> list[str]:
        found: list[str] = self.desk.products(self.pull(*given, **how), "sku")
        return found


@pytest.fixture
def reader(tmp_path: Path, place: Place) -> Reader:
    return Reader(tmp_path, place)


@pytest.fixture
def on_postgres(tmp_path: Path, postgres: PostgreSQL) -> Reader:
    """A reader of PostgreSQL by its Arrow driver, for what only that database has."""
    place = made("postgresql", postgres, tmp_path)
    place.run(TABLE, ROWS)
    return Reader(tmp_path, place)


# ── What is read ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_table_is_read_whole_and_skus_stay_text(reader: Reader) -> None:
    found = reader.pull()
    assert (found.complete, found.answers_absence, found.requests, balance(found)) == (True, True, 1, (3, 3, 0, 0))
    assert reader.desk.products(found, "sku", "name") == [("00123", "b"), ("A", "a"), ("C", "c")]


def test_a_query_is_read_with_the_scope_s_locale_and_every_sign_in_it_as_it_stands(reader: Reader) -> None:
    query = "SELECT sku, name || ':x' || '%s' || '::' || :locale AS name FROM product WHERE name LIKE '%b%'; "
    found = reader.pull(query=query, locale="de_AT")
    assert reader.desk.products(found, "sku", "name") == [("00123", "b:x%s::de_AT")]
    assert reader.desk.products(reader.pull(query=query), "name") == ["b:x%s::de-DE"]


def test_a_query_may_end_in_a_comment(reader: Reader) -> None:
    assert reader.skus(query="SELECT * FROM product -- all of it") == ["00123", "A", "C"]


def test_a_column_in_whatever_case_is_found_and_one_that_is_not_there_is_named(reader: Reader) -> None:
    assert reader.skus(query='SELECT sku AS "SKU", name AS "Name" FROM product') == ["00123", "A", "C"]
    with pytest.raises(
        InvalidSettings, match=r"scopes\.de-DE\.cursor: there is no column 'nope'\. Columns here: id, sku"
    ):
        reader.pull(cursor="nope")


def test_two_columns_of_one_name_are_refused_where_the_database_does_not_number_them(reader: Reader) -> None:
    if "sqlite" in reader.place.uri():
        assert reader.skus(query='SELECT sku, name, sku AS "SKU" FROM product') == ["00123", "A", "C"]
        return
    with pytest.raises(InvalidSettings, match=r"two columns are called 'sku'"):
        reader.pull(query='SELECT sku, name, sku AS "SKU" FROM product')


def test_an_invalid_row_goes_to_quarantine_whole(reader: Reader) -> None:
    reader.place.run("UPDATE product SET name = NULL WHERE id = 1")
    found = reader.pull()
    assert reader.desk.quarantine(found, "sku", "code", "place") == [("A", "missing-name", "product")]
    record = json.loads(reader.desk.quarantine(found, "record")[0])
    assert (record["id"], record["sku"], record["name"], record["gone"]) == ("1", "A", None, "0")


def test_an_empty_table_is_a_catalog_without_products(reader: Reader) -> None:
    reader.place.run("DELETE FROM product")
    found = reader.pull(cursor="changed")
    assert (found.complete, balance(found), found.watermark) == (True, (0, 0, 0, 0), None)


def test_rows_of_one_sku_are_settled_as_any_duplicates_are(reader: Reader) -> None:
    reader.place.run("INSERT INTO product VALUES (4, 'A', 'later', '2026-11-21 09:00:00', 0)")
    found = reader.pull(map={"updated_at": "changed"})
    assert reader.desk.products(found, "sku", "name") == [("00123", "b"), ("A", "later"), ("C", "c")]
    assert reader.desk.quarantine(found, "sku", "code") == [("A", "duplicate-sku")]
    assert json.loads(reader.desk.quarantine(found, "record")[0])["name"] == "a"


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("0.1 + 0.2::numeric", ["0.3"]),
        ("12345678901234567890.123456789::numeric", ["12345678901234567890.123456789"]),
        ("1.10::numeric(10, 4)", ["1.1000"]),
        ("9007199254740993::bigint", ["9007199254740993"]),
        ("0.1::float8", ["0.1"]),
        ("true", ["true"]),
        ('\'{"a": [1, "x"]}\'::jsonb', ['{"a": [1, "x"]}']),
        ("ARRAY['a', 'b \"c\"']", ["a", 'b "c"']),
        ("ARRAY[[1, 2], [3, 4]]", ["[1,2]", "[3,4]"]),
        ("'AB'::char(6)", ["AB"]),
        ("DATE '2026-11-20'", ["2026-11-20"]),
        ("TIMESTAMPTZ '2026-11-20 09:30:00.123456+05:30'", ["2026-11-20 04:00:00.123456+00"]),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
        ("row(1, 'x')", ['{"f1": 1, "f2": "x"}']),
        ("12.50::money", ["$12.50"]),
        ("'ﷺ 日本語 🎿'", ["ﷺ 日本語 🎿"]),
        ("NULL::numeric", []),
    ],
)
def test_every_type_of_postgresql_comes_as_exact_text(on_postgres: Reader, sql: str, values: list[str]) -> None:
    found = on_postgres.pull(query=f"SELECT sku, name, {sql} AS v FROM product WHERE id = 1", attributes=["v"])
    (payload,) = on_postgres.desk.payloads(found)
    assert [one["values"] for one in payload["attributes"]] == ([values] if values else [])


def test_sqlite_keeps_values_of_any_type_in_a_column_and_all_come_as_text(tmp_path: Path, postgres: PostgreSQL) -> None:
    for way in ("sqlite", "sqlite+pysqlite"):
        folder = tmp_path / way
        folder.mkdir()
        place = made(way, postgres, folder)
        place.run("CREATE TABLE product (sku, name, v)", "INSERT INTO product VALUES ('0', 'n', NULL)")
        many = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
        place.run(f"INSERT INTO product {many} SELECT i, 'n', NULL FROM n")
        place.run(
            "INSERT INTO product VALUES ('x', 'n', 'text'), ('y', 'n', 1.5), (99999, 'n', x'c3bc'), ('z', 'n', 7)"
        )
        reader = Reader(folder, place)
        found = reader.pull(attributes=["v"])
        values = {one["sku"]: one["attributes"] for one in reader.desk.payloads(found) if one["attributes"]}
        told = {sku: value[0]["values"][0].lower() for sku, value in values.items()}
        assert told == {"x": "text", "y": "1.5", "99999": "ü", "z": "7"}


# ── Windows ──────────────────────────────────────────────────────────────────────────────────────────────────────────


NOW = datetime.now(UTC).isoformat()


def _until(found: Snapshot) -> datetime:
    return datetime.fromisoformat(json.loads(found.watermark or "")["until"])


def _written(at: datetime, seconds: float = 0) -> str:
    return (at + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


def test_a_partial_pull_reads_its_window_and_every_row_without_a_cursor(reader: Reader) -> None:
    first = reader.pull(cursor="changed", at=NOW)
    until = _until(first)
    at = [_written(until, seconds) for seconds in (-3600, -3601, 3600, -1)]
    rows = ", ".join(
        f"({4 + n}, '{sku}', '{sku}', '{when}', 0)" for n, (sku, when) in enumerate(zip("DEFG", at, strict=True))
    )
    reader.place.run(f"INSERT INTO product VALUES {rows}")
    then = reader.pull("changed", cursor="changed", at=NOW, watermark=first.watermark)
    assert (then.complete, then.answers_absence, then.requests) == (False, True, 1)
    assert reader.desk.products(then, "sku") == ["C", "D", "G"]
    assert _until(then) >= until


@pytest.mark.parametrize(
    "off", [timedelta(minutes=10), timedelta(days=500), timedelta(minutes=-10), timedelta(hours=-20)]
)
def test_the_watermark_is_the_time_of_the_database_whatever_the_workers_clock_says(
    reader: Reader, off: timedelta
) -> None:
    how: dict[str, Any] = {"cursor": "changed", "at": (datetime.now(UTC) + off).isoformat()}
    before = datetime.now(UTC).replace(microsecond=0)
    first = reader.pull(**how)
    assert before <= _until(first) <= datetime.now(UTC)
    reader.place.run(f"INSERT INTO product VALUES (4, 'D', 'd', '{_written(before, -1)}', 0)")
    assert reader.skus("changed", watermark=first.watermark, **how) == ["C", "D"]


def test_no_row_is_lost_by_a_worker_whose_clock_is_far_behind(reader: Reader) -> None:
    now = datetime.now(UTC)
    behind = reader.pull("changed", cursor="changed", at=(now - timedelta(days=500)).isoformat(), watermark=None)
    reader.place.run(f"INSERT INTO product VALUES (4, 'D', 'd', '{_written(now, -1)}', 0)")
    assert reader.skus("changed", at=now.isoformat(), cursor="changed", watermark=behind.watermark) == [
        "00123", "A", "C", "D",
    ]  # fmt: skip


def test_after_a_watermark_that_is_ahead_of_the_database_everything_is_read(reader: Reader) -> None:
    """One from before the database's own clock was asked, by a worker that was ahead."""
    ahead = json.dumps({"until": (datetime.now(UTC) + timedelta(hours=10)).isoformat()})
    then = reader.pull("changed", cursor="changed", at=NOW, watermark=ahead)
    assert (reader.desk.products(then, "sku"), then.complete) == (["00123", "A", "C"], False)
    assert _until(then) <= datetime.now(UTC)


def test_a_row_of_the_very_moment_of_a_watermark_is_on_one_side_of_it_and_never_lost(reader: Reader) -> None:
    how: dict[str, Any] = {"cursor": "changed", "given": {"lookback": "1s"}, "at": NOW}
    first = reader.pull("changed", watermark=json.dumps({"until": "2026-11-21T12:00:00+00:00"}), **how)
    reader.place.run(f"INSERT INTO product VALUES (4, 'D', 'd', '{_written(_until(first))}', 0)")
    time.sleep(1.1)
    then = reader.pull("changed", watermark=first.watermark, **how)
    assert (reader.desk.products(first, "sku"), reader.desk.products(then, "sku")) == (["C"], ["C", "D"])


def test_the_lookback_reads_again_what_was_committed_late(reader: Reader) -> None:
    before = json.dumps({"until": "2026-11-21T12:00:00+00:00"})
    for lookback, found in (("1h", ["C"]), ("5h", ["00123", "C"])):
        how: dict[str, Any] = {"cursor": "changed", "given": {"lookback": lookback}, "watermark": before}
        assert reader.skus("changed", at="2026-11-21T13:00:00+00:00", **how) == found


def test_a_number_as_cursor_is_read_up_to_the_largest_there_is(reader: Reader) -> None:
    first = reader.pull(cursor="id")
    assert json.loads(first.watermark or "") == {"until": "3"}
    reader.place.run("INSERT INTO product VALUES (4, 'D', 'd', NULL, 0), (5, 'E', 'e', NULL, 0)")
    then = reader.pull("changed", cursor="id", watermark=first.watermark)
    assert (reader.desk.products(then, "sku"), json.loads(then.watermark or "")) == (["C", "D", "E"], {"until": "5"})


@pytest.mark.parametrize(
    "written", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.250Z", "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%d", "%Y%m%d%H%M%S"]
)
def test_a_time_that_is_kept_as_text_is_a_cursor_in_the_way_it_is_written(reader: Reader, written: str) -> None:
    now = datetime.now(UTC)
    reader.place.run(
        "CREATE TABLE edited (sku VARCHAR(20), name VARCHAR(20), at VARCHAR(40))",
        f"INSERT INTO edited VALUES ('A', 'a', '{(now - timedelta(days=2)).strftime(written)}')",
    )
    first = reader.pull(table="edited", cursor="at", at=NOW)
    reader.place.run(f"INSERT INTO edited VALUES ('B', 'b', '{(now - timedelta(minutes=1)).strftime(written)}')")
    how: dict[str, Any] = {"table": "edited", "cursor": "at", "at": NOW, "watermark": first.watermark}
    assert "B" in reader.skus("changed", **how)


def test_times_without_a_zone_are_read_in_the_zone_that_is_declared(reader: Reader) -> None:
    how: dict[str, Any] = {"cursor": "changed", "given": {"time_zone": "Europe/Berlin", "lookback": "1s"}}
    before = json.dumps({"until": "2026-11-21T06:59:00+00:00"})  # 7:59 in Berlin
    found = reader.pull("changed", at="2026-11-21T07:00:01+00:00", watermark=before, **how)
    assert reader.desk.products(found, "sku") == ["00123", "C"]


def test_a_product_was_updated_when_its_cursor_says_so_in_the_zone_that_is_declared(reader: Reader) -> None:
    for what in ("complete", "skus"):
        how: dict[str, Any] = {"given": {"time_zone": "Europe/Berlin"}, "skus": ("A",) if what == "skus" else ()}
        found = reader.pull(what, cursor="changed", **how)  # type: ignore[arg-type]
        told = dict(reader.desk.products(found, "sku", "updated_at"))
        assert told["A"] == datetime(2026, 11, 20, 7, tzinfo=UTC)
    assert set(reader.desk.products(reader.pull(cursor="id"), "updated_at")) == {None}


@pytest.mark.parametrize("way", WAYS[:2])
def test_any_time_of_a_server_without_a_zone_comes_in_utc(tmp_path: Path, postgres: PostgreSQL, way: str) -> None:
    place = made(way, postgres, tmp_path)
    place.run(TABLE, ROWS)
    reader = Reader(tmp_path, place)
    found = reader.pull(given={"time_zone": "Europe/Berlin"}, map={"updated_at": "changed"})
    assert reader.desk.products(found, "updated_at")[1] == datetime(2026, 11, 20, 7, tzinfo=UTC)


def test_the_hour_that_comes_twice_when_clocks_go_back_is_read_by_whatever_pull_it_falls_to(reader: Reader) -> None:
    """In Berlin 2026-10-25 02:30 is both 00:30 and 01:30 in UTC: the row was written at the second one."""
    how: dict[str, Any] = {"cursor": "changed", "given": {"time_zone": "Europe/Berlin", "lookback": "1s"}}
    before = json.dumps({"until": "2026-10-25T00:50:00+00:00"})  # 02:50, the first time
    reader.place.run("INSERT INTO product VALUES (4, 'D', 'd', '2026-10-25 02:30:00', 0)")
    assert "D" in reader.skus("changed", at="2026-10-25T01:35:00+00:00", watermark=before, **how)


# ── Deleted rows, SKUs, pages ────────────────────────────────────────────────────────────────────────────────────────


def test_a_row_that_is_marked_as_deleted_is_no_product_and_a_partial_pull_tells_so(reader: Reader) -> None:
    reader.place.run("UPDATE product SET gone = 1, changed = '2026-11-21 12:30:00' WHERE id = 2")
    whole = reader.pull(deleted="gone", cursor="changed", at="2026-11-21T13:00:00+00:00")
    assert (reader.desk.products(whole, "sku"), whole.asked) == (["A", "C"], 0)
    before = json.dumps({"until": "2026-11-21T12:00:00+00:00"})
    part = reader.pull("changed", deleted="gone", cursor="changed", at="2026-11-21T13:00:00+00:00", watermark=before)
    assert (reader.desk.products(part, "sku"), part.asked, balance(part)) == (["C"], 1, (1, 1, 0, 0))
    asked = reader.desk.con.execute(f"SELECT sku FROM '{reader.desk.store.url(snapshots.asked_path(SCOPE, part.run))}'")
    assert asked.fetchall() == [("00123",)]


@pytest.mark.parametrize(
    ("kind", "gone", "there"),
    [
        ("TIMESTAMP", "'2026-11-20 08:00:00'", "NULL"),
        ("VARCHAR(5)", "'Y'", "'N'"),
        ("VARCHAR(5)", "'true'", "' '"),
        ("INTEGER", "1", "0"),
    ],
)
def test_a_soft_delete_column_is_a_flag_or_a_time(reader: Reader, kind: str, gone: str, there: str) -> None:
    reader.place.run(
        f"CREATE TABLE marked (sku VARCHAR(20), name VARCHAR(20), m {kind})",
        f"INSERT INTO marked VALUES ('A', 'a', {gone}), ('B', 'b', {there}), ('C', 'c', NULL)",
    )
    assert reader.skus(table="marked", deleted="m") == ["B", "C"]


def test_skus_are_looked_up_in_the_column_that_is_mapped_and_their_absence_is_answered(reader: Reader) -> None:
    found = reader.pull("skus", skus=("00123", "Z", "it's"), cursor="changed")
    assert (found.complete, found.answers_absence, found.watermark, balance(found)) == (False, True, None, (1, 1, 0, 0))
    assert reader.desk.products(found, "sku") == ["00123"]


def test_skus_that_are_numbers_in_the_database_are_looked_up_as_numbers(reader: Reader) -> None:
    found = reader.pull("skus", skus=("2", "02", "x", "99999999999999999999"), map={"sku": "id"})
    assert reader.desk.products(found, "sku") == ["2"]
    assert balance(reader.pull("skus", skus=("x",), map={"sku": "id"})) == (0, 0, 0, 0)


def test_skus_that_an_expression_makes_are_found_among_all_rows(reader: Reader) -> None:
    found = reader.pull("skus", skus=("x-A",), map={"sku": "'x-' || sku"})
    assert (reader.desk.products(found, "sku"), found.records) == (["x-A"], 1)


@pytest.mark.parametrize(("page", "requests"), [(1, 4), (2, 2), (3, 2), (4, 1)])
def test_pages_of_any_size_give_each_row_once(reader: Reader, page: int, requests: int) -> None:
    how: dict[str, Any] = {"given": {"page_size": page}, "key": "id"}
    found = reader.pull(**how)
    assert (reader.desk.products(found, "sku"), found.requests, found.records) == (["00123", "A", "C"], requests, 3)
    assert databases.source(reader.place, **how).requests(PullRequest("complete", datetime.now(UTC))) == requests


PULL = """
from datetime import datetime, UTC
from pathlib import Path
import sys
from datasync.sources.base import PullRequest
from datasync.store.files import Folder, connect
from tests.sources import databases
place = databases.SqliteFile(Path(sys.argv[1]))
store = Folder(sys.argv[2])
source = databases.source(place, {"page_size": 2}, store, "killed", key="id", cursor="number")
source.records(connect(store), PullRequest("changed", datetime(2026, 11, 22, tzinfo=UTC), '{"until": "0"}', ticket=7))
"""


def test_a_pull_by_pages_that_was_killed_goes_on_after_the_last_within_its_bounds(tmp_path: Path) -> None:
    reader = Reader(tmp_path, databases.SqliteFile(tmp_path / "shop.db"))
    reader.place.run("CREATE TABLE product (id INTEGER PRIMARY KEY, sku TEXT, name TEXT, number INTEGER)")
    reader.place.run(
        "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 601) "
        "INSERT INTO product SELECT id, 'S' || id, 'a', id FROM n"
    )
    argv = [sys.executable, "-c", PULL, str(tmp_path / "shop.db"), reader.desk.store.root]
    killed = subprocess.Popen(argv, cwd=Path(__file__).parents[2])
    pages = tmp_path / "store" / "pulls"
    while killed.poll() is None and len(list(pages.rglob("*.gz"))) < 20:
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    before = len(list(pages.rglob("*.gz")))
    assert 20 <= before < 301
    # A row that was read changes, and one is added: both are above the bound, so the next pull's, not this one's.
    reader.place.run("UPDATE product SET name = 'b', number = 9001 WHERE id = 1")
    reader.place.run("INSERT INTO product VALUES (602, 'S602', 'a', 9002)")
    how: dict[str, Any] = {"given": {"page_size": 2}, "key": "id", "cursor": "number"}
    found = reader.pull("changed", watermark='{"until": "0"}', at="2026-11-23T00:00:00+00:00", run="killed", **how)
    assert (found.valid, found.requests, found.watermark) == (601, 301, '{"until": "601"}')
    assert (found.started_at, found.ticket) == (datetime(2026, 11, 22, tzinfo=UTC), 7)
    after = reader.pull("changed", watermark=found.watermark, **how)
    assert reader.desk.products(after, "sku", "name") == [("S1", "b"), ("S601", "a"), ("S602", "a")]


READ = """
from datetime import datetime, UTC
from pathlib import Path
import sys
from datasync.sources.base import PullRequest
from datasync.store.files import Folder, connect
from tests.memory import peak_megabytes
from tests.sources import databases
source = databases.source(databases.SqliteFile(Path(sys.argv[1])))
with connect(Folder(sys.argv[2])) as con:
    found = source.records(con, PullRequest("complete", datetime(2026, 11, 22, tzinfo=UTC)))
    (rows,) = con.execute(f"SELECT count(name) FROM ({found.reader.select(['name']).sql})").fetchone()
print(rows, peak_megabytes())
"""


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    peaks = {}
    for rows in (50_000, 250_000):
        place = databases.SqliteFile(tmp_path / f"{rows}.db")
        place.run("CREATE TABLE product (sku TEXT, name TEXT)")
        place.run(
            f"WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < {rows}) "
            "INSERT INTO product SELECT 'S' || id, hex(randomblob(300)) FROM n"
        )
        argv = [sys.executable, "-c", READ, str(place.path), str(tmp_path / "store")]
        done = subprocess.run(argv, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
        came, peaks[rows] = map(int, done.stdout.split())
        assert came == rows
    assert peaks[250_000] - peaks[50_000] < 60  # MB; the rows are 120 MB more


def test_pages_go_by_a_key_of_text_too(reader: Reader) -> None:
    reader.place.run("INSERT INTO product VALUES (4, 'it''s', 'd', NULL, 0)")
    assert reader.skus(given={"page_size": 1}, key="sku") == ["00123", "A", "C", "it's"]


# ── When it cannot be read ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_query_that_the_database_refuses_is_a_mistake_in_the_settings(reader: Reader) -> None:
    with pytest.raises(InvalidSettings, match=r"^scopes\.de-DE\.query: the database refuses: .*nowhere"):
        reader.pull(query="SELECT * FROM nowhere")


def test_a_table_that_is_not_there_is_told_with_the_nearest_and_all_there_are(reader: Reader) -> None:
    reader.place.run("CREATE TABLE price (sku VARCHAR(20))", "CREATE VIEW offered AS SELECT * FROM product")
    told = r"^scopes\.de-DE\.table: there is no table 'Products'\. Nearest: product\. "
    with pytest.raises(InvalidSettings, match=told + r"Tables here: offered, price, product\.$"):
        reader.pull(table="Products")
    with pytest.raises(InvalidSettings, match=r"no table 'nowhere'\. Tables here: offered, price, product\.$"):
        reader.pull(table="nowhere")


def test_an_empty_database_and_a_long_list_of_tables_are_told_too(reader: Reader) -> None:
    reader.place.run("DROP TABLE product")
    with pytest.raises(InvalidSettings, match=r"This database has no table that this login may see: is it the right"):
        reader.pull()
    reader.place.run(*(f"CREATE TABLE t{number:02} (sku VARCHAR(20))" for number in range(23)))
    with pytest.raises(InvalidSettings, match=r"Tables here: t00, t01, .*, t19 and 3 more\.$"):
        reader.pull()


def test_a_table_of_another_schema_is_offered_by_its_whole_name(on_postgres: Reader) -> None:
    on_postgres.place.run("CREATE SCHEMA erp", "CREATE TABLE erp.article (sku text, name text)")
    with pytest.raises(InvalidSettings, match=r"Nearest: erp\.article\. Tables here: erp\.article, product\."):
        on_postgres.pull(table="article")
    assert on_postgres.skus(table="erp.article") == []


@pytest.mark.parametrize("url", ["sqlite:///{}", "sqlite+pysqlite:///{}", "sqlite+pysqlite:///file:{}?uri=true"])
def test_a_sqlite_file_that_is_missing_is_told_and_not_made(tmp_path: Path, url: str) -> None:
    for path, told in ((tmp_path / "no shop.db", "there is no file '.*no shop.db'"), (tmp_path, "is a folder")):
        scope = SqlScope(source="erp", table="product")
        source = SqlSource(kind="sql", url=url.format(path))
        with pytest.raises(InvalidSettings, match=rf"^sources\.erp\.url: does not open the database .*{told}"):
            Database(Opening(SCOPE, scope, source, from_environment)).requests(PullRequest("skus", BEGAN, skus=("A",)))
    assert list(tmp_path.iterdir()) == []


def test_a_driver_that_is_not_installed_is_named_with_the_way_to_name_another() -> None:
    scope, mine = SqlScope(source="erp", table="t"), SqlSource(kind="sql", connection="erp")
    given = Opening(SCOPE, scope, mine, lambda name: from_uri(name, "mysql+mysqldb://reader@h/shop"))
    with pytest.raises(
        InvalidConnection, match=r"the driver \S+ is not installed\. .*, or name one that is there in the type, as in"
    ):
        Database(given).requests(PullRequest("skus", BEGAN, skus=("A",)))


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://shop:s3cr3t@h/api", "is of type 'http', and a sql source needs a database: postgres, sqlite, mysql"),
        ("akeneo://shop:s3cr3t@h", "is of type 'akeneo', and a sql source needs a database"),
        ('{"host": "h", "password": "s3cr3t"}', "has no type, and a sql source needs a database"),
    ],
)
def test_a_connection_to_something_else_is_told_by_its_type(uri: str, told: str) -> None:
    read = from_json if uri.startswith("{") else from_uri
    given = Opening(
        SCOPE, SqlScope(source="erp", table="t"), SqlSource(kind="sql", connection="erp"), lambda name: read(name, uri)
    )
    with pytest.raises(InvalidConnection, match=rf"^The connection 'erp' {told}") as error:
        Database(given).requests(PullRequest("skus", BEGAN, skus=("A",)))
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("way", WAYS[:2])
@pytest.mark.parametrize("extra", ["sslmod=disable", "sslmode=sometimes", "connect_timeout=soon", "sslmode=require"])
def test_a_connection_that_cannot_work_is_a_mistake_and_not_worth_another_try(
    tmp_path: Path, postgres: PostgreSQL, way: str, extra: str
) -> None:
    """The server has no SSL, so that requiring it is a mistake as well."""
    reader = Reader(tmp_path, _With(made(way, postgres, tmp_path), extra))
    with pytest.raises(
        InvalidConnection, match=r"^The connection 'erp' does not open the database postgresql.*: .*"
    ) as (error):
        reader.pull()
    assert PASSWORD not in str(error.value)
    assert quote(PASSWORD, safe="") not in str(error.value)


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_server_that_does_not_answer_is_worth_another_try_and_no_secret_is_told(
    tmp_path: Path, postgres: PostgreSQL, way: str
) -> None:
    place = made(way, postgres, tmp_path)
    gone = PostgreSQL(9, postgres.folder, postgres.process, postgres.numbers)
    nowhere = databases.OnServer(replace(place.database, server=gone), way)  # type: ignore[attr-defined]
    with pytest.raises(
        SourceUnavailable, match=r"scopes\.de-DE: the database \(.*127\.0\.0\.1:9.*\) did not answer"
    ) as told:
        Reader(tmp_path, nowhere).pull()
    assert PASSWORD not in str(told.value)
    assert quote(PASSWORD, safe="") not in str(told.value)


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_connection_that_is_not_let_in_is_a_mistake_in_the_settings(
    tmp_path: Path, postgres: PostgreSQL, way: str
) -> None:
    place = made(way, postgres, tmp_path)
    nobody = databases.OnServer(replace(place.database, name="nowhere"), way)  # type: ignore[attr-defined]
    with pytest.raises(
        InvalidConnection, match=r"^The connection 'erp' does not open the database .*nowhere.*no such database"
    ):
        Reader(tmp_path, nobody).pull()


@pytest.mark.parametrize("way", WAYS[:2])
def test_a_connection_that_is_cut_in_the_middle_of_a_table_is_worth_another_try(
    tmp_path: Path, postgres: PostgreSQL, way: str
) -> None:
    place = made(way, postgres, tmp_path)
    cut = (
        "SELECT i::text AS sku, 'n' AS name, CASE WHEN i = 50000 THEN pg_terminate_backend(pg_backend_pid())::text END "
        "AS v FROM generate_series(1, 100000) AS i"
    )
    with pytest.raises(SourceUnavailable, match="did not answer, or broke off"):
        Reader(tmp_path, place).pull(query=cut)


@pytest.mark.parametrize("way", WAYS[:2])
def test_no_connection_is_left_open_be_the_rows_read_or_not(tmp_path: Path, postgres: PostgreSQL, way: str) -> None:
    place = made(way, postgres, tmp_path)
    place.run(TABLE, ROWS)
    reader = Reader(tmp_path, place)
    reader.desk.connect_alone()
    reader.pull()
    with pytest.raises(InvalidExpression):
        reader.pull(map={"price": "nope("})
    reader.desk.con.close()
    gc.collect()
    mine = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for _ in range(100):
        if place.run(mine) == [(0,)]:
            return
        time.sleep(0.05)
    assert place.run(mine) == [(0,)]


def test_a_query_cannot_write(reader: Reader) -> None:
    with pytest.raises(InvalidSettings):
        reader.pull(query="DELETE FROM product RETURNING sku, name")
    assert reader.place.run("SELECT count(*) FROM product") == [(3,)]


def test_a_secret_in_the_extra_of_a_connection_is_not_told(tmp_path: Path) -> None:
    class Nowhere(databases.SqliteFile):
        def uri(self) -> str:
            return "postgres://reader@127.0.0.1:9/erp?password=planted"

    with pytest.raises(SourceUnavailable, match=r"the database \(postgresql://reader@127\.0\.0\.1:9/erp\)") as told:
        Reader(tmp_path, Nowhere(tmp_path / "none")).pull(table="product")
    assert "planted" not in str(told.value)
