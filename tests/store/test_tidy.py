from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from datasync.delivery import compare
from datasync.delivery.services.base import Batch, Fence
from datasync.errors import LogDamaged, ServiceUnavailable
from datasync.figures.store_at import StoreAt, read_point
from datasync.figures.totals import Totals, totals
from datasync.relation import Relation
from datasync.settings import Keep, Settings
from datasync.store import acceptances, holds, runs, snapshots, tickets
from datasync.store.files import Folder, write_json
from datasync.store.holds import Hold
from datasync.store.log import TICK, Entry, Log
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.runs import Run, Step
from datasync.store.tidy import ScopeLogs, Tidied, tidy
from tests.store.small import Dated, Hours, Line, product, settings
from tests.views import view

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
KEEP = Keep(snapshots=7 * DAY, quarantine=90 * DAY, history=400 * DAY)


@pytest.fixture
def clock() -> Hours:
    return Hours(START)


@pytest.fixture
def dated(tmp_path: Path, clock: Hours) -> Dated:
    return Dated(str(tmp_path / "store"), clock)


class Versions:
    """A catalog log of nothing but SKUs and hashes, which one SQL statement an entry is written to."""

    def __init__(self, con: duckdb.DuckDBPyConnection, store: Dated, clock: Hours) -> None:
        self.con, self.store, self.clock = con, store, clock
        self.log = Log(store, "catalog/scope=en", {"hash": "VARCHAR"})

    def append(self, rows: str = "SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS hash WHERE false") -> Entry:
        done = self.log.append(self.con, self.log.head(self.con), lambda _: Relation(rows), {}, self.clock)
        assert done is not None
        return done

    def fold(self, position: int | None = None) -> list[tuple[str, str]]:
        view(self.con, "found", self.log.fold(position))
        return self.con.execute("SELECT sku, hash FROM found ORDER BY ALL").fetchall()

    def tidy(self, keep: Keep = KEEP, *, dry_run: bool = False) -> Tidied:
        self.store.goes_on()
        return tidy(self.con, self.store, keep, [ScopeLogs("en", self.log, ())], self.clock(), dry_run=dry_run)


@pytest.fixture
def versions(con: duckdb.DuckDBPyConnection, dated: Dated, clock: Hours) -> Versions:
    return Versions(con, dated, clock)


def _files(store: Folder) -> set[str]:
    found = (
        os.path.relpath(os.path.join(at, file), store.root) for at, _, files in os.walk(store.root) for file in files
    )
    return set(found)


# ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_checkpoint_is_written_after_24_entries(versions: Versions) -> None:
    written = []
    for number in range(1, 50):
        versions.append(f"SELECT 'sku{number % 5}' AS sku, '{number}' AS hash")
        written += [number] * versions.tidy().checkpoints_written
    assert written == [24, 48]
    assert versions.log.list_files().checkpoints == (24, 48)


def test_a_checkpoint_is_written_when_many_rows_have_come(versions: Versions) -> None:
    def append(rows: int) -> int:
        versions.append(f"SELECT 'sku' || range AS sku, 'x' AS hash FROM range({rows})")
        return versions.tidy().checkpoints_written

    assert [append(240_000), append(110_000), append(11_000), append(110_000), append(110_000)] == [0, 0, 1, 0, 1]
    assert versions.log.list_files().checkpoints == (3, 5)


# ── the kept history ────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_kept_moment_can_be_read_and_what_is_older_goes(versions: Versions) -> None:
    """Five days of an entry in two hours, tidied each time; a day is kept, whole, whoever reads meanwhile."""
    con, log, known = versions.con, versions.log, {}
    for number in range(1, 63):
        versions.append(f"SELECT unnest(['sku{number % 7}', 'sku{number % 3}x']) AS sku, 'hash{number}' AS hash")
        known[versions.clock()] = versions.fold()
        view(con, "reading", log.history())
        versions.tidy(Keep(history=DAY))
        assert con.execute("SELECT sku, hash FROM found ORDER BY ALL").fetchall() == known[versions.clock()]
        assert con.execute("SELECT count(DISTINCT sku) FROM reading").fetchone() == (len(known[versions.clock()]),)
        versions.clock.pass_by(hours=2)

    looked = log.list_files()
    assert (looked.history_start, looked.entries[0], looked.checkpoints) == (48, 25, (24, 48))
    for at, folded in known.items():
        if at > START + 94 * timedelta(hours=1):
            assert versions.fold(log.position(con, at + TICK)) == folded
        else:
            with pytest.raises(LogDamaged, match="before the kept history"):
                log.position(con, at)


def test_the_history_begins_later_a_day_before_anything_is_removed(versions: Versions) -> None:
    keep = Keep(history=10 * DAY)
    for number in range(1, 25):
        versions.append(f"SELECT 'sku' AS sku, 'hash{number}' AS hash")
    versions.tidy(keep)
    versions.clock.pass_by(days=11)
    versions.append("SELECT 'sku' AS sku, 'new' AS hash")

    assert versions.tidy(keep).entries == 0
    assert versions.log.list_files().history_start == 24
    assert len(versions.log.list_files().entries) == 25
    versions.clock.pass_by(hours=23)
    assert versions.tidy(keep).entries == 0
    versions.clock.pass_by(hours=2)
    assert versions.tidy(keep).entries == 24
    assert versions.log.list_files().entries == (25,)
    assert versions.fold() == [("sku", "new")]
    assert versions.fold(24) == [("sku", "hash24")]
    assert versions.tidy(keep) == Tidied()


def test_nothing_goes_without_a_checkpoint(versions: Versions) -> None:
    for number in range(1, 20):
        versions.append(f"SELECT 'sku' AS sku, 'hash{number}' AS hash")
    for _ in range(3):
        versions.clock.pass_by(days=1000)
        assert versions.tidy() == Tidied()
    assert len(versions.log.list_files().entries) == 19


def test_checkpoints_within_reach_of_each_other_are_thinned_out(versions: Versions) -> None:
    for number in range(1, 1001):
        folder = Path(versions.store.url(versions.log.folder))
        folder.mkdir(parents=True, exist_ok=True)
        if number == 1:
            versions.append("SELECT 'sku' AS sku, '1' AS hash")
        else:  # what stands in them matters to nobody here
            shutil.copy2(folder / "00000001.parquet", folder / f"{number:08d}.parquet")
        if number % 50 == 0:
            shutil.copy2(folder / "00000001.parquet", folder / f"checkpoint-{number:08d}.parquet")

    assert versions.tidy().checkpoints == 0
    versions.clock.pass_by(days=2)
    assert versions.tidy().checkpoints == 17
    assert versions.log.list_files().checkpoints == (400, 800, 1000)
    assert versions.tidy() == Tidied()


def test_nothing_goes_within_a_day_whatever_the_settings_say(versions: Versions, dated: Dated) -> None:
    nothing = Keep(snapshots=0 * DAY, quarantine=0 * DAY, history=0 * DAY)
    for number in range(1, 25):
        versions.append(f"SELECT 'sku' AS sku, '{number}' AS hash")
    for path in (
        "snapshots/scope=en/r1.parquet",
        "quarantine/scope=en/r1.parquet",
        "pulls/scope=en/r1/1.gz",
        ".scratch/x",
    ):
        write_json(dated, path, {})
    dated.goes_on()
    before = _files(dated)
    versions.tidy(nothing)
    assert _files(dated) == before | {"catalog/scope=en/checkpoint-00000024.parquet"}
    versions.clock.pass_by(hours=23)
    assert versions.tidy(nothing) == Tidied()
    versions.clock.pass_by(hours=2)
    versions.tidy(nothing)
    versions.clock.pass_by(hours=25)
    versions.tidy(nothing)
    assert _files(dated) == {
        f"catalog/scope=en/{name}"
        for name in ("_pull-00000001", "checkpoint-00000024.parquet", "kept-00000024.parquet")
    }
    assert versions.fold() == [("sku", "24")]


# ── versions in use ─────────────────────────────────────────────────────────────────────────────────────────────────


class Sometimes:
    """A service over a network that answers or does not."""

    receipt_is_delivery = False
    fence: Fence = "version"
    batch_seconds = 60
    needs = ("name",)

    def __init__(self) -> None:
        self.is_down = False

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        if self.is_down:
            raise ServiceUnavailable("search does not answer")
        return Relation(
            "SELECT sku, CASE operation WHEN 'removed' THEN 'removed' ELSE 'received' END AS outcome, "
            f"NULL::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at FROM ({batch.rows.sql})"
        )


def _totals(line: Line, as_of: datetime) -> Totals:
    point = read_point(line.con, line.store, line.settings, as_of)
    return totals(StoreAt(line.con, line.store, line.settings, point))


class Shop:
    """A line with two services, one of which can be down, and a tidy that lets 24 more entries pass by."""

    def __init__(self, con: duckdb.DuckDBPyConnection, store: Dated, clock: Hours, configured: Settings) -> None:
        self.search, self.dated = Sometimes(), store
        self.line = Line(con, store, configured, clock, deliver_to={"search": self.search})

    def sync(self, run: str, *rows: tuple[str | None, ...]) -> None:
        self.line.pull(run, rows)
        self.line.apply(run)
        for name in self.line.settings.services:
            try:
                self.line.transfer(run, name)
            except ServiceUnavailable:
                assert self.search.is_down

    def passes(self, days: int, scopes: Sequence[ScopeLogs] | None = None, keep: Keep = KEEP) -> None:
        """Days go by after every log got a checkpoint; tidy runs, and again when it may remove."""
        line, named = self.line, scopes or self.line.logs()
        for log in (named[0].catalog, *named[0].receipts):
            log.checkpoint(line.con)
        for rest in (days, 2):
            line.clock.pass_by(days=rest)
            self.dated.goes_on()
            tidy(line.con, line.store, keep, named, line.clock())

    def unexplained(self, as_of: datetime) -> dict[str, int]:
        line = self.line
        found = _totals(line, as_of)
        return {service.service: service.unexplained for service in found.scopes[0].services}

    def feed(self, service: str) -> list[tuple[str, str]]:
        view(self.line.con, "feed", compare.held_products(self.line.store, "en", service))
        return self.line.con.execute("SELECT sku, name FROM feed ORDER BY sku").fetchall()

    def entries(self) -> int:
        return len(catalog_log(self.line.store, "en").list_files().entries)


@pytest.fixture
def shop(con: duckdb.DuckDBPyConnection, dated: Dated, clock: Hours, tmp_path: Path) -> Shop:
    return Shop(con, dated, clock, settings(tmp_path, **{"catalog-service": None, "search": None}))


def test_a_version_that_a_service_still_holds_stays_readable(shop: Shop) -> None:
    """Search goes down holding first versions; the catalog goes on, and years of tidying go by."""
    shop.sync("r1", product("a", "first"), product("b", "first"), product("c", "first"))
    shop.passes(410)
    shop.search.is_down = True
    shop.sync("r2", product("a", "second"), product("b", "first"), product("c", "first"))
    shop.passes(410)
    shop.sync("r3", product("a", "third"), product("c", "second"), product("d", "first"))
    for _ in range(2):
        shop.passes(410)
        now = shop.line.clock()
        assert shop.unexplained(now) == shop.unexplained(now - 300 * DAY) == {"catalog-service": 0, "search": 0}
        assert shop.feed("search") == [("a", "first"), ("b", "first"), ("c", "first")]
        assert shop.feed("catalog-service") == [("a", "third"), ("c", "second"), ("d", "first")]
    assert shop.entries() == 0

    shop.search.is_down = False
    before = shop.line.clock()
    shop.sync("r4", product("a", "third"), product("c", "second"), product("d", "first"))
    shop.passes(300)
    assert shop.unexplained(before) == shop.unexplained(shop.line.clock()) == {"catalog-service": 0, "search": 0}
    shop.passes(410)
    assert shop.feed("search") == [("a", "third"), ("c", "second"), ("d", "first")]
    looked = (log := catalog_log(shop.line.store, "en")).list_files()
    kept = shop.line.store.url(log.kept_path(looked.history_start))
    assert shop.line.con.execute("SELECT count(*) FROM read_parquet(?)", [kept]).fetchall() == [(0,)]


def test_a_service_that_left_the_settings_keeps_its_versions(shop: Shop) -> None:
    shop.sync("r1", product("a", "first"), product("b", "first"))
    shop.search.is_down = True
    shop.sync("r2", product("a", "second"))
    named = shop.line.logs()[0]
    left = [replace(named, receipts=named.receipts[:1])]
    for _ in range(3):
        shop.passes(410, left)

    assert shop.feed("search") == [("a", "first"), ("b", "first")]
    assert shop.entries() == 0
    looked = receipt_log(shop.line.store, "search", "en").list_files()
    assert (looked.checkpoints, looked.kept_rows, looked.entries[0]) == ((), (), 1)


def test_a_scope_that_left_the_settings_is_left_alone(shop: Shop, dated: Dated) -> None:
    shop.sync("r1", product("a", "first"))
    before = _files(dated)
    shop.line.clock.pass_by(days=1000)
    assert tidy(shop.line.con, dated, KEEP, [], shop.line.clock()) == Tidied()
    assert _files(dated) == before


# ── pulls ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_old_snapshots_go_but_those_that_are_remembered_or_held(shop: Shop, dated: Dated) -> None:
    line, many = shop.line, [product(f"sku{n}") for n in range(40)]
    broken = product("broken", price="much")
    for run, rows, skus in (
        ("r1", [*many, broken], ()),
        ("r2", many, ("sku1", "sku2")),
        ("r3", many, ()),
        ("r4", many, ("sku3",)),
    ):
        line.sync(run, rows, skus)
        write_json(dated, f"pulls/scope=en/{run}/00001.jsonl.gz", {})
        line.clock.pass_by(hours=1)
    line.sync("r5", many[:2])
    assert holds.current(dated, "en", None) is not None
    line.pull("r6", many)  # its run was ended before the catalog

    def names(folder: str) -> set[str]:
        return {name.removesuffix(".parquet") for name in dated.listing(folder)}

    line.clock.pass_by(days=6)
    dated.goes_on()
    assert tidy(line.con, dated, KEEP, line.logs(), line.clock()) == Tidied(tickets=5)
    assert tickets.taken(dated, "en") == [6]
    line.clock.pass_by(days=2)
    dated.goes_on()
    done = tidy(line.con, dated, KEEP, line.logs(), line.clock())
    assert (done.snapshots, done.records, done.pages, done.quarantines) == (4, 3, 2, 0)
    assert names("snapshots/scope=en") == {"r3", "r4", "r5"}
    assert {name.split(".")[0] for name in names("snapshots/scope=en/records")} == {"r3", "r4", "r5"}
    assert names("snapshots/scope=en/asked") == {"r4"}
    assert dated.folders("pulls/scope=en") == ["r3", "r4"]
    assert names("quarantine/scope=en") == {"r1", "r2", "r3", "r4", "r5", "r6"}

    line.clock.pass_by(days=90)
    dated.goes_on()
    assert tidy(line.con, dated, KEEP, line.logs(), line.clock()).quarantines == 3
    assert names("quarantine/scope=en") == {"r3", "r4"} | {"r5"}
    assert snapshots.read(line.con, dated, "en", "r3") is not None
    line.sync("r7", many)
    assert set(shop.unexplained(line.clock() + DAY).values()) == {0}


def test_records_of_the_last_complete_pull_stay_in_quarantine_however_long_ago_it_was(shop: Shop) -> None:
    line = shop.line
    shop.sync("r1", product("a"), product("", name="without a SKU"))
    for run in ("r2", "r3"):
        line.clock.pass_by(days=100)
        tidy(line.con, line.store, KEEP, line.logs(), line.clock())
        line.sync(run, [product("a", run)], skus=("a",))
        line.clock.pass_by(hours=1)
        found = _totals(line, line.clock())
        assert found.scopes[0].quarantined == 1


# ── runs, holds, leftovers ──────────────────────────────────────────────────────────────────────────────────────────


def test_runs_go_after_the_kept_history_and_their_steps_a_day_after_they_ended(
    con: duckdb.DuckDBPyConnection, dated: Dated, clock: Hours
) -> None:
    for name in ("ended", "cut-off"):
        run = runs.begin(dated, Run(name, "sync", ("en",), clock(), "someone", "because"))
        runs.record(dated, name, Step("pull", "en"), {"outcome": "ok"})
        if name == "ended":
            runs.finish(dated, replace(run, finished_at=clock(), outcome="ok"))
    write_json(dated, ".scratch/left", {})

    def after(**span: float) -> tuple[Tidied, list[str], list[str]]:
        clock.pass_by(**span)
        done = tidy(con, dated, KEEP, [], clock())
        found = [run.id for run in runs.newest(dated, clock() + DAY, 9)]
        return done, sorted(found), dated.folders("steps")

    assert after(hours=23) == (Tidied(), ["cut-off", "ended"], ["cut-off", "ended"])
    assert after(hours=2) == (Tidied(steps=1, scratch=1), ["cut-off", "ended"], ["cut-off"])
    assert after(days=398) == (Tidied(), ["cut-off", "ended"], ["cut-off"])
    assert after(days=2) == (Tidied(steps=1, runs=2), [], [])
    assert dated.folders("runs") == []


def test_old_holds_go_but_the_one_that_stands_or_stood_at_a_kept_moment(
    versions: Versions, dated: Dated, clock: Hours
) -> None:
    def hold(run: str, service: str | None = None) -> None:
        made = Hold(run, "en", service, clock(), 50, 60, clock())
        holds.hold(versions.con, dated, made, Relation("SELECT 'a' AS sku, 'A' AS name"))
        clock.pass_by(days=1)

    write_json(dated, "receipts/service=search/scope=en/none", {})
    hold("r1")
    hold("r2")
    holds.release(dated, "en", None, "r3", clock())
    clock.pass_by(days=1)
    hold("r4")
    hold("r5")
    hold("s1", "search")

    versions.append()
    clock.now = START + timedelta(days=401, hours=12)  # the kept history begins between r2 and its release
    done = versions.tidy()
    assert (done.holds, done.hold_lists) == (1, 1)
    stood = [holds.current(dated, "en", None, START + timedelta(days=day, hours=13)) for day in (1, 2, 3, 4)]
    assert [held.id if held else None for held in stood] == ["r2", None, "r4", "r5"]
    clock.pass_by(days=30)
    done = versions.tidy()
    assert (done.holds, done.hold_lists) == (3, 2)
    holds.release(dated, "en", None, "r6", clock())
    assert versions.tidy().holds == 0
    assert {name for name in dated.listing("holds/scope=en") if name.endswith(".json")} == {
        "r5.json",
        "r6.released.json",
    }
    clock.pass_by(days=401)
    done = versions.tidy()
    assert (done.holds, done.hold_lists) == (2, 1)
    assert dated.listing("holds/scope=en") == {}
    stands = holds.current(dated, "en", "search")
    assert stands
    assert stands.listed
    assert {f"holds/scope=en/service=search/{name}" for name in dated.listing("holds/scope=en/service=search")} == {
        holds.path_of(stands), stands.listed,
    }  # fmt: skip


def test_an_accepted_list_is_kept_as_long_as_its_acceptance(versions: Versions, dated: Dated, clock: Hours) -> None:
    rows = Relation("SELECT 'a' AS sku, 'A' AS name")
    held = holds.hold(versions.con, dated, Hold("r1", "en", None, clock(), 50, 60, clock()), rows)
    clock.pass_by(days=1)
    holds.release(dated, "en", None, "r2", clock())
    clock.pass_by(days=300)
    acceptances.accept(dated, held, "r2", "Ann", "it is right", clock())
    versions.append()
    clock.pass_by(days=300)
    done = versions.tidy()
    assert (done.holds, done.hold_lists, done.acceptances) == (2, 0, 0)
    accepted = acceptances.of_run(dated, "en", None, "r2")
    assert accepted
    assert holds.skus(dated, [accepted.listed]).rows(versions.con) == [("a",)]
    clock.pass_by(days=110)
    done = versions.tidy()
    assert (done.holds, done.hold_lists, done.acceptances) == (0, 1, 1)
    assert dated.folders("holds") == []


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_is_ahead_removes_nothing_that_is_not_old_by_the_stores_own(shop: Shop, dated: Dated) -> None:
    """500 days: more than anything is kept for."""
    for number in range(6):
        shop.sync(f"r{number}", product("a", f"name {number}"), product("broken", price="much"))
        runs.begin(dated, Run(f"r{number}", "sync", ("en",), shop.line.clock(), "someone", "because"))
        runs.record(dated, f"r{number}", Step("pull", "en"), {"outcome": "ok"})
    shop.passes(0)
    before, line = _files(dated), shop.line
    ahead = line.clock() + 500 * DAY
    assert tidy(line.con, dated, KEEP, line.logs(), ahead) == Tidied()
    assert _files(dated) == before


def test_where_the_store_is_on_a_machine_whose_clock_jumped_nothing_is_older_than_a_day_after_the_last_pull(
    shop: Shop, dated: Dated
) -> None:
    for number in range(6):
        shop.sync(f"r{number}", product("a", f"name {number}"))
        shop.line.clock.pass_by(days=2)
    line = shop.line
    line.clock.pass_by(days=500)
    done = tidy(line.con, dated, KEEP, line.logs(), line.clock())
    assert (done.snapshots, done.records, done.quarantines, done.entries) == (2, 2, 0, 0)
    assert snapshots.read(line.con, dated, "en", "r2") is not None


def test_what_a_slow_clock_dated_does_not_go_before_its_file_is_old(
    con: duckdb.DuckDBPyConnection, dated: Dated, clock: Hours, versions: Versions
) -> None:
    versions.append()
    slow = clock() - 500 * DAY
    runs.begin(dated, Run("slow", "sync", ("en",), slow, "someone", "because"))
    held = Hold("slow", "en", None, slow, 50, 60, slow)
    holds.hold(con, dated, held, Relation("SELECT 'a' AS sku, 'A' AS name"))
    holds.release(dated, "en", None, "slower", slow)
    for days, left in ((399, True), (2, False)):
        clock.pass_by(days=days)
        versions.tidy()
        assert (runs.find(dated, "slow") is not None) is left
        assert bool(holds.read_all(dated, "en", None)) is left


# ── whatever happens ────────────────────────────────────────────────────────────────────────────────────────────────


class Killed(BaseException):
    """The process of a tidy ends here."""


class Stops(Dated):
    """A store whose writer is killed at its n-th write."""

    left = 10**6

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def create(self, path: str, made: Path) -> bool:
        self._count()
        return super().create(path, made)

    def replace(self, path: str, made: Path) -> None:
        self._count()
        super().replace(path, made)

    def remove(self, path: str) -> None:
        self._count()
        super().remove(path)


@pytest.fixture
def old(shop: Shop, dated: Dated, tmp_path: Path) -> Callable[[str], tuple[Stops, Line]]:
    """Makes copies of a store with much to tidy: its history began later a day ago, and may begin later again."""
    line = shop.line
    line.settings = settings(tmp_path, search=None)
    shop.sync("r1", product("a", "first"), product("b", "first"))
    shop.search.is_down = True
    shop.sync("r2", product("a", "second"), product("broken", price="much"))
    shop.passes(410)
    shop.sync("r3", product("a", "third"))
    shop.sync("r4", product("a", "fourth"), product("c", "first"))
    for log in (line.logs()[0].catalog, *line.logs()[0].receipts):
        log.checkpoint(line.con)
    line.clock.pass_by(days=405)
    run = runs.begin(dated, Run("r0", "sync", ("en",), START, "someone", "because"))
    runs.record(dated, run.id, Step("pull", "en"), {"outcome": "ok"})

    def copy(name: str) -> tuple[Stops, Line]:
        root = str(Path(dated.root).with_name(name))
        shutil.copytree(dated.root, root)
        store = Stops(root, line.clock)
        return store, replace(line, store=store)

    return copy


def _rounds(line: Line, store: Folder) -> None:
    line.clock.now = START + 1000 * DAY
    for _ in range(2):
        Dated(store.root, line.clock).goes_on()
        tidy(line.con, store, KEEP, line.logs(), line.clock())
        line.clock.pass_by(hours=25)


def _figures(line: Line) -> tuple[object, ...]:
    view(line.con, "feed", compare.held_products(line.store, "en", "search"))
    feed = line.con.execute("SELECT sku, name FROM feed ORDER BY sku").fetchall()
    assert feed == [("a", "first"), ("b", "first")]
    return line.catalog(), line.receipts("search")


def test_a_tidy_that_is_killed_anywhere_loses_nothing_and_the_next_one_ends_it(
    shop: Shop, old: Callable[[str], tuple[Stops, Line]]
) -> None:
    store, line = old("undisturbed")
    figures = _figures(line)
    _rounds(line, store)
    assert _figures(line) == figures
    ended, writes = _files(store), Stops.left - store.left
    assert writes > 12
    assert set(shop.unexplained(line.clock()).values()) == {0}

    for number in range(writes):
        store, line = old(f"killed-{number}")
        store.left = number
        with pytest.raises(Killed):
            _rounds(line, store)
        store.left = Stops.left
        assert _figures(line) == figures
        _rounds(line, store)
        assert _files(store) == ended
        assert _figures(line) == figures
        shutil.rmtree(store.root)


def test_a_dry_run_counts_what_would_go_and_changes_nothing(old: Callable[[str], tuple[Stops, Line]]) -> None:
    store, line = old("dry")
    line.clock.now = START + 1000 * DAY
    store.goes_on()
    tidy(line.con, store, KEEP, line.logs(), line.clock())
    line.clock.pass_by(hours=25)
    store.goes_on()
    before, left = _files(store), store.left
    told = tidy(line.con, store, KEEP, line.logs(), line.clock(), dry_run=True)

    assert (_files(store), store.left) == (before, left)
    assert told.entries > 0
    assert tidy(line.con, store, KEEP, line.logs(), line.clock()) == told
