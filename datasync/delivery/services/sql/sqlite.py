"""SQLite: a file, in which a column takes values of any type, and one writer writes at a time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy.engine import URL

from datasync.databases.driver_errors import Closed
from datasync.delivery.services.sql.columns import Kind
from datasync.delivery.services.sql.dialect import Misplaced
from datasync.delivery.services.sql.options import SCOPE, SKU
from datasync.delivery.services.sql.session import Session
from datasync.delivery.services.sql.tables import Shape, TableColumn, name_of, schema_of
from datasync.sql import filled, literal, query_of

_MEMORY = ":memory:"
_ANYTHING = frozenset[Kind]({"text", "whole", "number", "real", "boolean", "day", "local", "instant", "json"})
_NUMBERS = frozenset[Kind]({"whole", "number", "real", "boolean"})


class SQLite:
    """SQLite by ADBC. Its file is made if it is not there; its folder is not."""

    types: ClassVar[Mapping[Kind, str]] = {
        **dict.fromkeys(("text", "day", "local", "instant", "json"), "TEXT"),
        "whole": "INTEGER",
        "number": "NUMERIC",
        "real": "REAL",
        "boolean": "INTEGER",
    }
    now = "strftime('%Y-%m-%d %H:%M:%f+00', 'now')"

    def __init__(self, url: URL) -> None:
        self.path = url.database or ""

    def rehearsing(self) -> SQLite:
        """In memory, where there is no file yet and one can be made."""
        folder = Path(self.path).parent
        can_be_made = not Path(self.path).exists() and folder.is_dir() and os.access(folder, os.W_OK)
        return SQLite(URL.create("sqlite", database=_MEMORY)) if can_be_made else self

    def connect(self) -> Any:
        from adbc_driver_sqlite import dbapi

        if self.path != _MEMORY and not Path(self.path).is_absolute():
            raise Closed(f"it names no file by its whole path, but {self.path!r}")
        if not Path(self.path).parent.is_dir():
            raise Closed(f"there is no folder {str(Path(self.path).parent)!r}")
        return dbapi.connect(self.path, autocommit=False)

    def begin(self, session: Session, seconds: float) -> None:
        session.rows(f"PRAGMA busy_timeout = {max(int(seconds * 1000), 1)}")
        session.run("COMMIT")  # of nothing: the driver has begun a transaction that waits for nobody
        session.run("BEGIN IMMEDIATE")

    def lock(self, session: Session, table: str) -> None:
        """One writer writes at a time, and waits for the other."""

    def shape(self, session: Session, table: str) -> Shape | None:
        if schema_of(table):
            raise Misplaced("has a schema, and SQLite has none", "Write the table's name alone.")
        name = literal(name_of(table))
        kinds = session.rows(f"SELECT type FROM sqlite_master WHERE lower(name) = lower({name})")
        if not kinds:
            return None
        if kinds[0][0] != "table":
            raise Misplaced(f"is no table, but a {kinds[0][0]}", "Name a table.")
        words = {"table": name, "scope": literal(SCOPE), "sku": literal(SKU)}
        columns = session.rows(filled(query_of(__package__, "sqlite_columns"), **words))
        keys = session.rows(filled(query_of(__package__, "sqlite_keys"), **words))
        return Shape(tuple(_column(*column) for column in columns), bool(keys), ignores_case=True)

    def cast(self, column: TableColumn, kind: Kind, text: str) -> str:
        """SQLite itself makes a number of a text, where the column is one of numbers and no digit gets lost."""
        return f"CASE {text} WHEN 'true' THEN 1 WHEN 'false' THEN 0 END" if kind == "boolean" else text

    def differ(self, left: str, right: str) -> str:
        return f"{left} IS NOT {right}"

    def version(self, session: Session) -> str:
        ((version,),) = session.rows("SELECT sqlite_version()")
        return f"SQLite {version}"


def _column(name: str, type_: str, is_needed: int) -> TableColumn:
    """A column; one that makes numbers of texts takes none, because it would make 123 of 00123."""
    is_text = any(word in type_.upper() for word in ("CHAR", "CLOB", "TEXT"))
    takes = _ANYTHING if is_text or type_.upper() in ("", "BLOB") else _NUMBERS
    return TableColumn(name, "", type_, takes, is_text, bool(is_needed))
