"""Databases to read from, each by each way in: PostgreSQL and SQLite, by their Arrow drivers and by SQLAlchemy's."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from datasync.connection import Credentials, from_uri
from datasync.sources.base import Opening
from datasync.sources.sql.options import SqlScope, SqlSource
from datasync.sources.sql.source import Database
from datasync.store.files import Store
from tests.postgres import PostgreSQL

WAYS = ("postgresql", "postgresql+psycopg", "sqlite", "sqlite+pysqlite")
SCOPE = "de-DE"


class Place(Protocol):
    """A database of one test, and how a connection to it is written."""

    def run(self, *statements: str) -> list[Any]: ...

    def uri(self) -> str: ...


@dataclass(frozen=True)
class SqliteFile:
    """A SQLite database in a file."""

    path: Path
    way: str = "sqlite"

    def run(self, *statements: str) -> list[Any]:
        with closing(sqlite3.connect(self.path)) as con, con:
            for statement in statements:
                found = con.execute(statement)
            return found.fetchall()

    def uri(self) -> str:
        return f"{self.way}:///{self.path}"


@dataclass(frozen=True)
class OnServer:
    """A PostgreSQL database, by one way in."""

    database: Any
    way: str

    def run(self, *statements: str) -> list[Any]:
        found: list[Any] = self.database.run(*statements)
        return found

    def uri(self) -> str:
        uri: str = self.database.uri(self.way)
        return uri


def made(way: str, server: PostgreSQL, folder: Path) -> Place:
    """A new, empty database."""
    return SqliteFile(folder / "shop.db", way) if way.startswith("sqlite") else OnServer(server.database(), way)


def credentials(place: Place) -> Credentials:
    return lambda name: from_uri(name, place.uri())


def source(
    place: Place,
    given: Mapping[str, Any] | None = None,
    store: Store | None = None,
    run: str | None = None,
    **scope: Any,
) -> Database:
    """The sql source of a scope; ``given`` are settings of the source. Pages need a ``store`` and a ``run``."""
    mine = SqlSource(kind="sql", connection="erp", **(given or {}))
    scope = scope if "query" in scope else {"table": "product", **scope}
    return Database(Opening(SCOPE, SqlScope(source="erp", **scope), mine, credentials(place), store, run))
