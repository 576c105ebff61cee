"""The statements of a sql service: its table and its fence, made, written and read.

PostgreSQL and SQLite take the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from datasync.delivery.services.sql.columns import Column, Kind
from datasync.delivery.services.sql.dialect import EXPECTED, FENCE, STAGE, Dialect
from datasync.delivery.services.sql.options import DELETED, HASH, SCOPE, SKU, VERSION
from datasync.delivery.services.sql.tables import Shape, expected, name_of, quoted, schema_of
from datasync.sql import filled, literal, query_of, quote


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements for one scope's rows in a table. ``marks``: removed products are marked, not deleted."""

    table: str
    scope: str
    columns: tuple[Column, ...]
    marks: bool

    @property
    def fence(self) -> str:
        """The table of the fences, beside the table."""
        return ".".join(filter(None, (schema_of(self.table), FENCE)))

    @property
    def wanted(self) -> dict[str, Kind]:
        """The columns that the table has to have."""
        return expected(self.columns, self.marks)

    def create(self, types: Mapping[Kind, str]) -> Sequence[str]:
        """Makes the table and its fence, where they are not there."""
        needed = {SCOPE, SKU}
        columns = "".join(
            f"{quote(name)} {types[kind]}{' NOT NULL' if name in needed else ''}, "
            for name, kind in self.wanted.items()
        )
        return (
            f"CREATE TABLE IF NOT EXISTS {quoted(self.table)} ({columns}PRIMARY KEY ({SCOPE}, {SKU}))",
            _text("create_fence", fence=quoted(self.fence)),
        )

    def enter(self, version: int) -> str:
        """Puts a batch's version into the fence, unless a newer one is there; holds the fence until the end."""
        return self._filled("enter_fence", version=str(version))

    def entered(self) -> str:
        """The version in the fence; no row where nothing was ever delivered."""
        return self._filled("fence_version")

    def write(self, dialect: Dialect, shape: Shape, version: int) -> str:
        """Adds the products of the stage, or replaces their rows."""
        values = {quote(column.name): _value(dialect, shape, column) for column in self.columns}
        ours = {HASH: "s.hash", VERSION: str(version)} | ({DELETED: "NULL"} if self.marks else {})
        written = {**values, **ours}
        return self._filled(
            "write_rows",
            stage=STAGE,
            names=", ".join(written),
            values=", ".join(written.values()),
            replaced=", ".join(f"{name} = excluded.{name}" for name in written),
        )

    def expect(self, dialect: Dialect, shape: Shape) -> Sequence[str]:
        """Makes a temporary table of the rows that the products of the stage would have."""
        values = {quote(column.name): _value(dialect, shape, column) for column in self.columns}
        words = {"stage": STAGE, "expected": EXPECTED, "names": "".join(f", {name}" for name in values)}
        values_sql = "".join(f", {value}" for value in values.values())
        return self._filled("make_expected", **words), self._filled("fill_expected", **words, values=values_sql)

    def altered(self, dialect: Dialect, names: Iterable[str]) -> str:
        """The rows that have the hash of those expected, and another value in one of these columns."""
        differ = [dialect.differ(f"t.{quote(name)}", f"e.{quote(name)}") for name in names]
        return self._filled(
            "altered_rows", expected=EXPECTED, is_held=self._is_held, differ=" OR ".join(differ) or "1 = 0"
        )

    def remove(self, dialect: Dialect, version: int) -> str:
        """Deletes the rows of the removed products of the stage, or marks them; rows that are not ours stay."""
        name = "mark_rows" if self.marks else "delete_rows"
        return self._filled(name, stage=STAGE, version=str(version), now=dialect.now)

    def count(self) -> str:
        """How many products the table holds of the scope."""
        return self._filled("count_rows", is_held=self._is_held)

    def held(self, among: str | None = None) -> str:
        """Every product that the table holds of the scope, or those whose SKUs a table has."""
        among_sql = f"AND {SKU} IN (SELECT {SKU} FROM {among})" if among else ""
        return self._filled("held_rows", is_held=self._is_held, among=among_sql)

    @property
    def _is_held(self) -> str:
        return f"{DELETED} IS NULL" if self.marks else "1 = 1"

    def _filled(self, name: str, **words: str) -> str:
        own = {"table": quoted(self.table), "fence": quoted(self.fence), "scope": literal(self.scope)}
        return _text(name, name=literal(name_of(self.table)), **own, **words)


def _text(statement: str, **words: str) -> str:
    return filled(query_of(__package__, statement), **words)


def _value(dialect: Dialect, shape: Shape, column: Column) -> str:
    into = shape.column(column.name)
    assert into is not None, "the table was compared with the columns"
    return dialect.cast(into, column.kind, f"s.{quote(column.name)}")
