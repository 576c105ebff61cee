"""The DuckDB that a process keeps: who takes it meets nothing of whoever had it before."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from datasync.sql import define_field_macros
from datasync.store import database
from datasync.store.database import close_idle, connected
from datasync.store.files import Folder


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    close_idle()
    yield
    close_idle()


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path))


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((value,),) = con.execute(sql).fetchall()
    return value


def _mark(con: duckdb.DuckDBPyConnection) -> None:
    """Leave a sign on the database itself, as no piece of work does."""
    con.execute("CREATE MACRO marked() AS true")


def _is_marked(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(_one(con, "SELECT count(*) FROM duckdb_functions() WHERE function_name = 'marked'"))


def test_it_is_kept_for_the_next_piece_of_work(store: Folder) -> None:
    with connected(store) as con:
        _mark(con)
    with connected(store) as con:
        assert _is_marked(con)
        assert _one(con, "SELECT looks_empty(' ')") is True


def test_the_next_one_meets_no_tables_settings_and_file_systems(store: Folder) -> None:
    with connected(store) as con:
        _mark(con)
        con.execute('CREATE TABLE "a table" AS SELECT 1')
        con.execute("CREATE TEMP TABLE another AS SELECT 1")
        con.execute("CREATE TEMP VIEW a_view AS SELECT 1")
        con.execute("SET preserve_insertion_order = true")
        con.execute("SET TimeZone = 'Asia/Tokyo'")
        con.register_filesystem(MemoryFileSystem())
    with connected(store) as con:
        assert _is_marked(con)
        assert con.execute("FROM duckdb_tables()").fetchall() == []
        assert con.execute("FROM duckdb_views() WHERE NOT internal").fetchall() == []
        assert _one(con, "SELECT current_setting('preserve_insertion_order')") is False
        assert _one(con, "SELECT current_setting('TimeZone')") == "UTC"
        assert con.list_filesystems() == []


def test_two_at_a_time_have_a_database_each(store: Folder) -> None:
    with connected(store) as one, connected(store) as other:
        _mark(one)
        one.execute("SET preserve_insertion_order = true")
        assert not _is_marked(other)
        assert _one(other, "SELECT current_setting('preserve_insertion_order')") is False


def test_what_something_went_wrong_with_is_not_kept(store: Folder) -> None:
    with pytest.raises(ValueError, match="wrong"), connected(store) as con:
        _mark(con)
        raise ValueError("wrong")
    with connected(store) as con:
        assert not _is_marked(con)


def test_what_knows_the_macros_of_a_kind_is_not_kept(store: Folder) -> None:
    with connected(store) as con:
        _mark(con)
        define_field_macros(con, "datasync.sources.rest", "akeneo")
    with connected(store) as con:
        assert not _is_marked(con)


def test_other_memory_and_another_scratch_folder_have_another_database(
    store: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(store) as con:
        _mark(con)
    monkeypatch.setenv("DATASYNC_MEMORY", "200MB")
    with connected(store) as con:
        assert not _is_marked(con)
        assert _one(con, "SELECT current_setting('memory_limit')") == "190.7 MiB"
    monkeypatch.delenv("DATASYNC_MEMORY")
    monkeypatch.setattr(database, "spill_folder", lambda: str(tmp_path / "elsewhere"))
    with connected(store) as con:
        assert not _is_marked(con)


def test_a_forked_process_opens_its_own(store: Folder) -> None:
    with connected(store) as con:
        _mark(con)
    context = get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=_tell, args=(store, answers))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert answers.get() is False


def test_a_forked_process_ends_by_itself_and_is_not_aborted(store: Folder) -> None:
    """Joining threads of the process before, which it does not have, would abort it."""
    ended = subprocess.run([sys.executable, "-c", _FORKS, store.root], capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.returncode) == ("child ended with 0\n", 0), ended.stderr


_FORKS = """
import os, sys
from datasync.store.database import close_idle, connected
from datasync.store.files import Folder
with connected(Folder(sys.argv[1])) as con:
    con.execute("SELECT sum(range) FROM range(1_000_000)").fetchall()
child = os.fork()
if child:
    print("child ended with", os.waitpid(child, 0)[1])
"""


def _tell(store: Folder, answers: Any) -> None:
    with connected(store) as con:
        answers.put(_is_marked(con))
    close_idle()
