"""The settings of a DuckDB session, in one place: those of every connection, and those that one block needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datasync.sql import literal

if TYPE_CHECKING:  # DAG files import modules that stand on this one; parsing them imports no DuckDB
    import duckdb


def new_database(memory_limit: str, spill_folder: str) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that writes to ``spill_folder`` what its memory does not hold."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": memory_limit})
    con.execute(f"SET temp_directory = {literal(spill_folder)}")
    return con


def set_defaults(con: duckdb.DuckDBPyConnection) -> None:
    """Set what every piece of work relies on."""
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = false")  # 2.5 times as fast where rows of a file need no order
    con.execute("SET enable_progress_bar = false")


def current_memory_limit(con: duckdb.DuckDBPyConnection) -> str:
    """The memory that the session may use, as DuckDB writes it."""
    return str(_current(con, "memory_limit"))


@contextmanager
def rows_in_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Tables and files that the block writes have their rows in the order of the SELECT."""
    with _setting(con, "preserve_insertion_order", "true"):
        yield


@contextmanager
def rows_in_any_order(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Tables and files that the block writes have their rows in any order, which is faster."""
    with _setting(con, "preserve_insertion_order", "false"):
        yield


@contextmanager
def expressions_alone(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """An expression that a statement has twice is computed twice, each time inside of the TRY that it stands in."""
    with _setting(con, "disabled_optimizers", "common_subexpressions"):
        yield


@contextmanager
def _setting(con: duckdb.DuckDBPyConnection, name: str, value: str) -> Iterator[None]:
    before = str(_current(con, name))
    con.execute(f"SET {name} = {literal(value)}")
    try:
        yield
    finally:
        con.execute(f"SET {name} = {literal(before)}")


def _current(con: duckdb.DuckDBPyConnection, name: str) -> object:
    ((value,),) = con.execute(f"SELECT current_setting({literal(name)})").fetchall()
    return value
