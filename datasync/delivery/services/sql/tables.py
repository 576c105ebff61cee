"""A table as the database has it, and whether products can go into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from datasync.delivery.services.sql.columns import Column, Kind
from datasync.delivery.services.sql.options import DELETED, HASH, SCOPE, SKU, VERSION
from datasync.sql import quote


@dataclass(frozen=True, slots=True)
class TableColumn:
    """A column of a table. ``type`` is what its values are cast to from text ('' where text goes in as it is);
    ``shown`` is its type for people; ``takes`` are the kinds of value that may go in.

    ``is_text``: it is of a type of text. ``is_needed``: it must not be empty, and nothing fills it but whoever writes
    the row.
    """

    name: str
    type: str
    shown: str
    takes: frozenset[Kind]
    is_text: bool
    is_needed: bool = False

    def fits(self, name: str, kind: Kind) -> bool:
        """Whether values of a kind may go in; those of ours are read back, so they have to come out as they went in."""
        if name in (SCOPE, SKU, HASH):
            return self.is_text
        return kind in self.takes and not (name == VERSION and self.is_text)


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table, and whether (scope, sku) is a key. ``ignores_case``: names that differ in it are one."""

    columns: tuple[TableColumn, ...]
    has_key: bool
    ignores_case: bool = False

    def column(self, name: str) -> TableColumn | None:
        """The column that a statement means by a name."""
        return next((column for column in self.columns if self.compared(column.name) == self.compared(name)), None)

    def compared(self, name: str) -> str:
        """A name as the database compares it."""
        return name.lower() if self.ignores_case else name


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why products cannot go into a table, and what to do."""

    problem: str
    fix: str


def expected(columns: Sequence[Column], marks: bool) -> dict[str, Kind]:
    """Every column that the table of a service has, with the kind of its values."""
    deleted: dict[str, Kind] = {DELETED: "instant"} if marks else {}
    values = {column.name: column.kind for column in columns}
    return {SCOPE: "text", SKU: "text", **values, **deleted, HASH: "text", VERSION: "whole"}


def misfits(shape: Shape, table: str, wanted: dict[str, Kind], types: Mapping[Kind, str]) -> Iterator[Misfit]:
    """What is wrong with a table; nothing where products can go into it. ``types`` are what a new one would have."""
    for name, kind in wanted.items():
        column = shape.column(name)
        if column is None:
            add = f"ALTER TABLE {quoted(table)} ADD COLUMN {quote(name)} {types[kind]}"
            yield Misfit(f"has no column {name!r}", f"Add it ({add}), or name another table.")
        elif not column.fits(name, kind):
            fix = f"Give it the type {types[kind]}, or write an expression under `columns` that gives what it takes."
            yield Misfit(f"has the column {name!r} of the type {column.shown}, which does not take {_WORDS[kind]}", fix)
    names = {shape.compared(name) for name in wanted}
    for column in shape.columns:
        if column.is_needed and shape.compared(column.name) not in names:
            fix = "Name it under `columns`, give it a default, or let it be NULL."
            yield Misfit(f"has the column {column.name!r}, which must not be empty, and nothing fills it", fix)
    if not shape.has_key:
        key = f"{SCOPE}, {SKU}"
        add = f"CREATE UNIQUE INDEX datasync_key ON {quoted(table)} ({key})"
        yield Misfit(f"has no key of ({key}), by which rows are replaced", f"Add one ({add}), or name another table.")


def quoted(table: str) -> str:
    """A table's name as SQL writes it, with its schema if there is one."""
    return ".".join(map(quote, filter(None, (schema_of(table), name_of(table)))))


def schema_of(table: str) -> str:
    """The schema that a table is named with; '' where none is."""
    return table.rpartition(".")[0]


def name_of(table: str) -> str:
    """A table's name without its schema."""
    return table.rpartition(".")[2]


_WORDS: dict[Kind, str] = {
    "text": "text",
    "whole": "whole numbers",
    "number": "numbers",
    "real": "numbers",
    "boolean": "true and false",
    "day": "dates",
    "local": "times",
    "instant": "times",
    "json": "JSON",
}
