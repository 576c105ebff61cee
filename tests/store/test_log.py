from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.errors import LogDamaged
from datasync.relation import Relation
from datasync.store.files import Folder, Store, connect
from datasync.store.log import TICK, Entry, Log, Rows
from tests.store.small import Hours
from tests.views import view

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = {"value": "INTEGER", "at": "TIMESTAMPTZ"}


def _log(store: Store) -> Log:
    return Log(store, "things/scope=en", COLUMNS)


def _rows(values: Mapping[str, int | None]) -> Rows:
    rows = ", ".join(f"('{sku}', {'NULL' if value is None else value}::INTEGER)" for sku, value in values.items())
    given = f"(VALUES {rows or '(NULL, NULL)'}) AS t(sku, value)"
    return lambda clock: Relation(f'SELECT sku, value, {clock} AS "at" FROM {given} WHERE sku IS NOT NULL')


def _append(con: duckdb.DuckDBPyConnection, log: Log, clock: Callable[[], datetime], **values: int | None) -> Entry:
    done = log.append(con, log.head(con), _rows(values), {"count": len(values)}, clock)
    assert done is not None
    return done


def _fold(con: duckdb.DuckDBPyConnection, log: Log, position: int | None = None) -> dict[str, tuple[int | None, int]]:
    view(con, "found", log.fold(position))
    return {sku: (value, entry) for sku, value, entry in con.execute("SELECT sku, value, entry FROM found").fetchall()}


def test_a_log_without_entries_is_empty(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    assert log.head(con) == Entry()
    assert log.position(con, START) == 0
    assert _fold(con, log) == {}
    assert log.checkpoint(con) == 0


def test_the_fold_has_the_newest_row_of_every_sku(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    clock = Hours(START)
    for values in ({"a": 1, "b": 1, "c": 1}, {"b": 2, "c": None}, {}, {"c": 4}):
        _append(con, log, clock, **values)

    assert _fold(con, log) == {"a": (1, 1), "b": (2, 2), "c": (4, 4)}
    assert _fold(con, log, 2) == {"a": (1, 1), "b": (2, 2), "c": (None, 2)}
    assert _fold(con, log, 1) == {"a": (1, 1), "b": (1, 1), "c": (1, 1)}
    assert _fold(con, log, 0) == {}
    assert con.execute('SELECT DISTINCT "at" FROM found').fetchall() == []


def test_an_entry_tells_what_the_log_has_come_to(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    done = log.append(con, Entry(), _rows({"a": 1}), {"products": 1, "words": "it's \u2028 größer"}, Hours(START))

    assert done is not None
    assert (done.number, done.at) == (1, START)
    assert log.head(con) == done
    assert log.head(con).meta["words"] == "it's \u2028 größer"


def test_a_checkpoint_gives_the_same_fold_without_what_it_covers(store: Store) -> None:
    con, log, clock = connect(store), _log(store), Hours(START)
    for values in ({"a": 1, "b": 1}, {"b": None}, {"c": 3}):
        _append(con, log, clock, **values)
    before, head = _fold(con, log), log.head(con)
    assert log.checkpoint(con) == 3
    for number in (1, 2, 3):
        log.store.remove(log.path(number))

    assert _fold(con, log) == before == {"a": (1, 1), "b": (None, 2), "c": (3, 3)}
    assert log.head(con) == head
    done = _append(con, log, clock, a=9)
    assert (done.number, done.meta["after"]) == (4, head.meta["id"])
    assert _fold(con, log) == {**before, "a": (9, 4)}
    assert _fold(con, log, 3) == before
    con.close()


def test_a_checkpoint_is_written_once(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    _append(con, log, Hours(START), a=1)
    assert [log.checkpoint(con), log.checkpoint(con)] == [1, 1]
    assert log.list_files().checkpoints == (1,)


def test_a_log_may_have_any_name_that_settings_allow(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = Log(folder, "receipts/service=checkpoint-00000001/scope=en", COLUMNS)
    _append(con, log, Hours(START), a=1)
    assert _fold(con, log) == {"a": (1, 1)}


def test_a_missing_entry_is_named(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    for value in range(1, 6):
        _append(con, log, Hours(START), a=value)
        if value == 2:
            log.checkpoint(con)
    folder.remove(log.path(4))

    with pytest.raises(LogDamaged, match=r"things/scope=en.* 4 .*missing"):
        _fold(con, log)
    assert _fold(con, log, 3) == {"a": (3, 3)}
    with pytest.raises(LogDamaged, match="no entry 4"):
        log.entry(con, 4)


class _Stale(Folder):
    """A store whose next listing of a folder is one from before."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.next: dict[str, datetime] | None = None
        self.listed = 0

    def listing(self, folder: str) -> dict[str, datetime]:
        self.listed += 1
        stale, self.next = self.next, None
        return super().listing(folder) if stale is None else stale


def test_a_listing_with_a_gap_is_listed_again(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    store = _Stale(str(tmp_path / "store"))
    log = _log(store)
    for value in (1, 2, 3):
        _append(con, log, Hours(START), a=value, **{f"only{value}": value})
    names = store.listing(log.folder)
    store.next = {name: at for name, at in names.items() if name != "00000002.parquet"}
    store.listed = 0

    assert _fold(con, log) == {"a": (3, 3), "only1": (1, 1), "only2": (2, 2), "only3": (3, 3)}
    assert store.listed == 2


def test_a_moment_has_the_position_of_the_last_entry_before_it(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    clock = Hours(START)
    for value in (1, 2, 3):
        _append(con, log, clock, a=value)
        clock.pass_by(hours=1)

    asked = {
        START - timedelta(days=1): 0,
        START: 0,
        START + TICK: 1,
        START + timedelta(minutes=30): 1,
        START + timedelta(hours=1): 1,
        START + timedelta(hours=1) + TICK: 2,
        START + timedelta(hours=2) + TICK: 3,
        START + timedelta(days=99): 3,
    }
    assert {as_of: log.position(con, as_of) for as_of in asked} == asked


def test_a_moment_before_the_kept_history_says_so(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log, clock = _log(folder), Hours(START)
    for value in range(1, 7):
        _append(con, log, clock, a=value)
        if value in (2, 4):
            log.checkpoint(con)
        clock.pass_by(hours=1)
    view(con, "versions", log.history(4))
    log.begin_with(con, 4, Relation("SELECT * FROM versions WHERE false"))

    begins = START + timedelta(hours=3)
    assert log.position(con, begins + TICK) == 4
    assert log.position(con, begins + timedelta(hours=1, seconds=1)) == 5
    for as_of in (begins, begins - timedelta(hours=1), START - timedelta(days=1)):
        with pytest.raises(LogDamaged, match="begins after 2026-01-01T03:00:00Z"):
            log.position(con, as_of)


def test_history_has_every_row_and_where_it_was_shortened_those_in_use(
    folder: Folder, con: duckdb.DuckDBPyConnection
) -> None:
    log = _log(folder)
    for value in range(1, 5):
        _append(con, log, Hours(START), a=value, **{f"only{value}": value})
        if value == 3:
            log.checkpoint(con)

    def history(**how: int) -> list[tuple[str, int, int]]:
        view(con, "found", log.history(**how))
        return con.execute("SELECT sku, value, entry FROM found ORDER BY entry, sku").fetchall()

    whole = [row for value in range(1, 5) for row in (("a", value, value), (f"only{value}", value, value))]
    assert history() == whole
    assert history(position=2) == whole[:4]
    assert history(after=2) == whole[4:]
    assert history(position=3, after=2) == whole[4:6]

    view(con, "versions", log.history(3))
    log.begin_with(con, 3, Relation("SELECT * FROM versions WHERE sku = 'a' AND value = 2"))
    kept = [("only1", 1, 1), ("a", 2, 2), ("only2", 2, 2), ("a", 3, 3), ("only3", 3, 3), ("a", 4, 4), ("only4", 4, 4)]
    assert history() == kept
    for number in (1, 2, 3):
        folder.remove(log.path(number))
    assert history() == kept
    assert history(position=3) == kept[:5]
    assert history(after=2) == kept[5:]


def test_times_of_entries_go_up_when_the_clock_runs_backwards(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log = _log(folder)
    clock = Hours(START)
    _append(con, log, clock, a=1)
    for hours in (-1, -5, 0):
        clock.pass_by(hours=hours)
        _append(con, log, clock, a=hours)

    assert [log.entry(con, number).at for number in (1, 2, 3, 4)] == [
        START,
        START + TICK,
        START + 2 * TICK,
        START + 3 * TICK,
    ]
    rows = log.fold().rows(con)
    assert [(sku, value, entry) for sku, value, _, entry in rows] == [("a", 0, 4)]


class _Clocked(Folder):
    """A store whose own clock is set by hand."""

    def __init__(self, root: str, clock: Hours) -> None:
        super().__init__(root)
        self.now = clock  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("behind", "store_says", "shows"),
    [
        pytest.param(timedelta(minutes=10), timedelta(minutes=-10), timedelta(minutes=-10), id="the head is ahead"),
        pytest.param(timedelta(minutes=10), timedelta(minutes=5), timedelta(0), id="the writer is slow"),
        pytest.param(timedelta(days=500), timedelta(hours=1), timedelta(0), id="the writer is very slow"),
        pytest.param(timedelta(minutes=10), timedelta(days=3), timedelta(minutes=-10), id="nobody can say"),
        pytest.param(
            timedelta(seconds=6), timedelta(seconds=1), timedelta(seconds=-6), id="clocks always differ a little"
        ),
    ],
)
def test_an_entry_shows_its_writers_clock_unless_the_store_says_that_this_is_slow(
    tmp_path: Path, con: duckdb.DuckDBPyConnection, behind: timedelta, store_says: timedelta, shows: timedelta
) -> None:
    log, clock = _log(_Clocked(str(tmp_path), Hours(START + store_says))), Hours(START)
    _append(con, log, clock, a=1)
    clock.now = START - behind
    done = log.append(con, log.head(con), _rows({"b": 2}), {}, clock)
    assert done is not None
    shown = START + shows if shows else START + TICK
    assert (done.at, done.meta["clock"]) == (START + TICK, shown.isoformat())
    _fold(con, log)
    assert con.execute("SELECT \"at\" FROM found WHERE sku = 'b'").fetchall() == [(shown,)]


def test_a_log_tells_whose_clock_it_goes_by(folder: Folder, con: duckdb.DuckDBPyConnection) -> None:
    log, clock = _log(folder), Hours(START)

    def append(run: str, at: datetime) -> None:
        clock.now = at
        assert log.append(con, log.head(con), _rows({}), {**log.head(con).meta, "run": run}, clock)

    def ahead(now: datetime) -> tuple[str, datetime] | None:
        found = log.head(con).ahead(now)
        return found and (found.run, found.at)

    append("right", START)
    assert ahead(START) is None
    append("ahead", START + timedelta(days=2))
    assert ahead(START) == ("ahead", START + timedelta(days=2))
    for minute in (1, 2):
        append("right again", START + timedelta(minutes=minute))
    assert ahead(START + timedelta(minutes=3)) == ("ahead", START + timedelta(days=2))
    assert ahead(START + timedelta(days=3)) == ("ahead", START + timedelta(days=2))  # it was, as the last entry shows
    append("right", START + timedelta(days=3))
    assert ahead(START + timedelta(days=3)) is None


@pytest.mark.parametrize(("reopen", "writers"), [("folder", 8), ("s3", 3)], indirect=["reopen"])
def test_of_writers_after_the_same_entry_one_wins(reopen: Callable[[], Store], writers: int) -> None:
    """Each appends until it has won, computing anew when it lost: nothing is lost, nothing comes twice."""
    start = threading.Barrier(writers)

    def write(writer: int) -> int:
        store = reopen()
        log, con, done = _log(store), connect(store), None
        rows = _rows({f"sku{writer}": 1, "last": writer})
        start.wait()
        while done is None:
            done = log.append(con, log.head(con), rows, {}, Hours(START))
        con.close()
        return done.number

    with ThreadPoolExecutor(writers) as pool:
        won = list(pool.map(write, range(writers)))

    con = connect(store := reopen())
    log, numbers = _log(store), list(range(1, writers + 1))
    assert sorted(won) == numbers == list(log.list_files().entries)
    written = {f"sku{writer}": (1, number) for writer, number in enumerate(won)}
    assert _fold(con, log) == {**written, "last": (won.index(writers), writers)}
    heads = [log.entry(con, number) for number in numbers]
    assert [head.meta["after"] for head in heads] == [None, *(head.meta["id"] for head in heads[:-1])]
    con.close()


class _Meanwhile(Folder):
    """A store in which something happens around the next creation of an entry, as if its writer slept there."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.before: Callable[[], Any] | None = None
        self.after: Callable[[], Any] | None = None

    def create(self, path: str, made: Path) -> bool:
        before, after, self.before, self.after = self.before, self.after, None, None
        if before:
            before()
        done = super().create(path, made)
        if after:
            after()
        return done


def test_an_entry_that_comes_after_a_tidy_freed_its_number_is_taken_back(
    tmp_path: Path, con: duckdb.DuckDBPyConnection
) -> None:
    """The writer looks, sleeps while others write on and tidy shortens the log, and then wins a number of long ago."""
    store = _Meanwhile(str(tmp_path / "store"))
    log, clock = _log(store), Hours(START)
    _append(con, log, clock, a=1)
    asleep = log.head(con)

    def others_write_and_tidy() -> None:
        for value in (2, 3, 4):
            _append(con, log, clock, a=value)
        log.checkpoint(con)
        for number in (1, 2, 3, 4):
            store.remove(log.path(number))
        _append(con, log, clock, b=5)

    store.before = others_write_and_tidy
    assert log.append(con, asleep, _rows({"a": 99, "late": 99}), {}, clock) is None
    assert log.list_files().entries == (5,)
    assert _fold(con, log) == {"a": (4, 4), "b": (5, 5)}
    done = _append(con, log, clock, late=6)
    assert done.number == 6


@pytest.mark.parametrize("later", [0, 1, 2])
def test_an_entry_that_a_checkpoint_was_made_from_at_once_stays(
    tmp_path: Path, con: duckdb.DuckDBPyConnection, later: int
) -> None:
    """The writer wins, and before it looks again others write on and tidy writes a checkpoint that covers the entry."""
    store = _Meanwhile(str(tmp_path / "store"))
    log, clock = _log(store), Hours(START)
    _append(con, log, clock, a=1)

    def others_write_and_tidy() -> None:
        for value in range(later):
            _append(con, log, clock, c=value)
        log.checkpoint(con)

    store.after = others_write_and_tidy
    done = log.append(con, log.head(con), _rows({"b": 2}), {}, clock)

    assert done is not None and done.number == 2
    assert log.list_files().entries == tuple(range(1, 3 + later))
    assert _fold(con, log)["b"] == (2, 2)


def test_a_put_whose_answer_was_lost_is_known_again(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    """A client that got no answer puts once more and is told that something is there: its own entry."""

    class Deaf(Folder):
        def create(self, path: str, made: Path) -> bool:
            super().create(path, made)
            return False

    deaf, log = _log(Deaf(str(tmp_path / "store"))), _log(Folder(str(tmp_path / "store")))
    done = deaf.append(con, Entry(), _rows({"a": 1}), {}, Hours(START))
    assert done == log.head(con)

    _append(con, log, Hours(START), a=2)
    assert deaf.append(con, done, _rows({"a": 3}), {}, Hours(START)) is None
    assert _fold(con, log) == {"a": (2, 2)}
