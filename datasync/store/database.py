"""A DuckDB that reads the store, and that a process keeps for its next piece of work.

To open one and to define its macros takes longer than many a step does. Whoever takes one has it alone, in a session
of its own, and meets no table, file system or setting of the session before.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb

from datasync.sql import field_macros, quote, share_macros
from datasync.store.files import Store, begin_session, memory_limit, open_database, spill_folder

# By process, and by what a DuckDB cannot change later.
_IDLE: dict[tuple[int, str, str], list[duckdb.DuckDBPyConnection]] = {}


@contextmanager
def connected(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection like that of ``files.connect``. Its DuckDB is kept, unless something goes wrong in the block."""
    idle = _IDLE.setdefault((os.getpid(), memory_limit(), spill_folder()), [])
    database = idle.pop() if idle else open_database()
    try:
        con = database.cursor()
        try:
            share_macros(con, database)
            begin_session(con, store)
            yield con
            is_as_before = _cleared(con)
        finally:
            con.close()
    except BaseException:
        database.close()
        raise
    if is_as_before:
        idle.append(database)
    else:
        database.close()


def _cleared(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the database of a session could be left as the session found it."""
    if field_macros(con):  # a kind's own, and another kind may have others of the same names
        return False
    with suppress(duckdb.Error):
        for protocol in con.list_filesystems():
            con.unregister_filesystem(protocol)
        for (table,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE NOT temporary").fetchall():
            con.execute(f"DROP TABLE {quote(table)}")
        return True
    return False


@atexit.register
def close_idle() -> None:
    """Close what this process keeps for later."""
    for (process, _, _), idle in _IDLE.items():
        while process == os.getpid() and idle:
            idle.pop().close()


# A forked process has the memory of a DuckDB and none of its threads, and is aborted when it ends and joins them.
os.register_at_fork(before=close_idle)
