"""Relations as values: what a function reads and what it returns is a SELECT that stands in its signature.

A view that one function makes and another reads by its name is an argument that no signature shows. A `Relation` is
that argument. It is text, so it costs nothing until somebody asks for its rows, and it may be copied and nested. It is
computed each time it is asked. What may be computed only once, or is read often, is stored in a `Table`, which lives
as long as the `TemporaryTables` that it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as numbers
from typing import TYPE_CHECKING, Any

from datasync import sql as text_of

if TYPE_CHECKING:  # DAG files import modules that stand on this one; parsing them imports no DuckDB
    import duckdb

_NUMBERS = numbers(1)


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows that can be asked for: one SELECT over files, tables of its own and other relations.

    It names no view or table that another function made, so it gives the same rows in every session that has its
    tables.
    """

    sql: str

    def bind(self, name: str) -> str:
        """The relation as one part of a WITH clause, under ``name``; it is planned anew wherever it is read."""
        return f"{name} AS NOT MATERIALIZED (\n{self.sql}\n)"

    def where(self, condition: str) -> Relation:
        """The rows for which ``condition`` is true."""
        return Relation(f"SELECT * FROM (\n{self.sql}\n) WHERE {condition}")

    def count(self, con: duckdb.DuckDBPyConnection) -> int:
        """The number of rows, computed now."""
        return text_of.count(con, f"{self.sql}\n")

    def row(self, con: duckdb.DuckDBPyConnection, parameters: object = ()) -> dict[str, Any]:
        """The only row, by column, computed now. Raises ValueError if there is another number of rows."""
        return text_of.row(con, self.sql, parameters)

    def rows(self, con: duckdb.DuckDBPyConnection, parameters: object = ()) -> list[tuple[Any, ...]]:
        """All rows, computed now."""
        return con.execute(self.sql, parameters).fetchall()


NO_SKUS = Relation("SELECT NULL::VARCHAR AS sku WHERE false")


def select(text: str, **relations: Relation) -> Relation:
    """``text``, a SELECT, over ``relations``, each under the name that the text reads it by."""
    if not relations:
        return Relation(text)
    bound = ",\n".join(relation.bind(name) for name, relation in relations.items())
    return Relation(f"WITH {bound}\nSELECT * FROM (\n{text}\n)")


def query(name: str, /, **arguments: Relation | str) -> Relation:
    """The rows of ``queries/<name>.sql``: relations under the names that it reads, and SQL for its ``$words``."""
    words = {key: value for key, value in arguments.items() if isinstance(value, str)}
    relations = {key: value for key, value in arguments.items() if isinstance(value, Relation)}
    return select(text_of.query_text(name, **words), **relations)


def union_all(relations: Iterable[Relation], empty: Relation) -> Relation:
    """All rows of several relations with the same columns in the same order; ``empty`` where there is none."""
    return Relation("\nUNION ALL\n".join(f"SELECT * FROM (\n{relation.sql}\n)" for relation in relations) or empty.sql)


def union(relations: Iterable[Relation], empty: Relation = NO_SKUS) -> Relation:
    """The rows of several relations, each once; ``empty`` where there is none."""
    parts = [f"(\n{relation.sql}\n)" for relation in relations]
    return Relation("\nUNION\n".join(f"SELECT * FROM {part}" for part in parts)) if parts else empty


@dataclass(frozen=True, slots=True)
class Table(Relation):
    """A relation that was computed once, into the temporary table ``name``, with ``size`` rows."""

    name: str
    size: int

    def slice(self, offset: int, limit: int) -> Relation:
        """``limit`` rows from ``offset`` on, fewer at the end; finding them does not read the rows before them."""
        return Relation(f"SELECT * FROM {self.name} WHERE rowid >= {offset} AND rowid < {offset + limit}")

    def numbered(self, column: str) -> Relation:
        """The rows, with the number of each as ``column``, from 0 on in the order in which they were stored."""
        return Relation(f"SELECT rowid AS {column}, * FROM {self.name}")


class TemporaryTables:
    """The tables of one piece of work. `temporary_tables` opens one and drops its tables at the end."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.names: list[str] = []

    def store(self, relation: Relation, label: str, parameters: object = ()) -> Table:
        """Compute ``relation`` now. ``label`` begins the table's name, for whoever reads a plan or an error."""
        return self._create("TEMP TABLE", relation, label, parameters)

    def share(self, relation: Relation, label: str) -> Table:
        """Like ``store``, but cursors of the connection can read the table too, so several threads can."""
        return self._create("TABLE", relation, label)

    def _create(self, kind: str, relation: Relation, label: str, parameters: object = ()) -> Table:
        name = f"{label}_{next(_NUMBERS)}"
        created = self.con.execute(f"CREATE {kind} {name} AS {relation.sql}", parameters).fetchall()
        self.names.append(name)
        return Table(f"SELECT * FROM {name}", name, size=int(created[0][0]))

    def store_skus(self, skus: Sequence[str]) -> Table:
        """A table of the column ``sku``, each SKU once. They are bound, because a statement may hold few literals."""
        return self.store(Relation("SELECT DISTINCT unnest(?::VARCHAR[]) AS sku"), "skus", [list(skus)])


@dataclass(frozen=True, slots=True)
class Registered(Relation):
    """A relation over an object of Python that DuckDB scans, under the name ``name``."""

    name: str


def register(con: duckdb.DuckDBPyConnection, rows: object, label: str) -> Registered:
    """A relation over ``rows``, an object that DuckDB can scan, as long as the connection is open."""
    name = f"{label}_{next(_NUMBERS)}"
    con.register(name, rows)
    return Registered(f"SELECT * FROM {name}", name)


@contextmanager
def registered(con: duckdb.DuckDBPyConnection, rows: object, label: str) -> Iterator[Relation]:
    """The same as long as the block lasts."""
    relation = register(con, rows, label)
    try:
        yield relation
    finally:
        con.unregister(relation.name)


@contextmanager
def temporary_tables(con: duckdb.DuckDBPyConnection) -> Iterator[TemporaryTables]:
    """Tables that live as long as the block."""
    tables = TemporaryTables(con)
    try:
        yield tables
    finally:
        for name in tables.names:
            con.execute(f"DROP TABLE IF EXISTS {name}")
