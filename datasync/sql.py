"""SQL text: the queries that ship with the package, names and literals for it, and the single row some of them give."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:  # DAG files read settings, which stand on this; parsing one imports no DuckDB
    from datetime import datetime

    import duckdb


_WORD = re.compile(r"(?m)^\s*--.*$|\$(\w+)")  # a comment is left as it is: SQL with a line break would end it
_MACRO = re.compile(r"(?im)^CREATE OR REPLACE MACRO (\w+)")
_MACROS: WeakKeyDictionary[duckdb.DuckDBPyConnection, set[str]] = WeakKeyDictionary()  # defined there
_FIELD_MACROS: WeakKeyDictionary[duckdb.DuckDBPyConnection, set[str]] = WeakKeyDictionary()  # and may stand in a map


def query_text(name: str, **words: str) -> str:
    """The text of ``queries/<name>.sql``, with SQL for its ``$words`` (literals and names are quoted already)."""
    return filled(_text("datasync", f"queries/{name}.sql"), **words)


def query_of(package: str, name: str) -> str:
    """The text of ``<name>.sql`` that stands beside the code of a kind, in its ``package``."""
    return _text(package, f"{name}.sql")


def filled(sql: str, **words: str) -> str:
    """``sql`` with SQL for those of its ``$words`` that are given."""
    return _WORD.sub(lambda match: words.get(match[1], match[0]), sql)


@cache
def _text(package: str, path: str) -> str:
    return files(package).joinpath(path).read_text(encoding="utf-8")


def macros(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Make the macros of ``queries/<name>.sql`` known to a connection, unless they are already."""
    _define(con, name, query_text(name))


def share_macros(con: duckdb.DuckDBPyConnection, database: duckdb.DuckDBPyConnection) -> None:
    """Let a session know which macros its database has, and the database which ones the session defines."""
    _MACROS[con] = _MACROS.setdefault(database, set())


def define_field_macros(con: duckdb.DuckDBPyConnection, package: str, name: str) -> None:
    """Make the macros of a kind's ``<name>.sql`` known to a connection: they may stand in the maps of its scopes."""
    text = query_of(package, name)
    _FIELD_MACROS.setdefault(con, set()).update(macro.lower() for macro in _MACRO.findall(text))
    _define(con, f"{package}/{name}", text)


def field_macros(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The macros of kinds that a connection knows."""
    return _FIELD_MACROS.get(con, set())


def _define(con: duckdb.DuckDBPyConnection, name: str, text: str) -> None:
    known = _MACROS.setdefault(con, set())
    if name in known:
        return
    known.add(name)
    for statement in text.split(";\n"):
        if statement.strip():
            con.execute(statement)


def quote(name: str) -> str:
    """An identifier, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str | None) -> str:
    """A string, where a parameter cannot stand (views, COPY options)."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def instant(at: datetime) -> str:
    """An aware moment, where a parameter cannot stand."""
    return f"TIMESTAMPTZ '{at.isoformat()}'"


def row(con: duckdb.DuckDBPyConnection, sql: str, parameters: object = ()) -> dict[str, Any]:
    """The only row that ``sql`` gives, by column. Raises ValueError if there is another number of rows."""
    cursor = con.execute(sql, parameters)
    names = [column[0] for column in cursor.description or ()]
    (values,) = cursor.fetchall()
    return dict(zip(names, values, strict=True))


def count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    """How many rows ``sql`` gives."""
    return int(row(con, f"SELECT count(*) AS rows FROM ({sql})")["rows"])
