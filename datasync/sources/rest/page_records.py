"""Spooled pages as records: DuckDB finds the fields in each line's JSON, and leaves out what a later page has anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import duckdb

from datasync.relation import Relation, Table, TemporaryTables, select, temporary_tables
from datasync.sources.files.file_listing import PATH, File
from datasync.sources.rest.page_lines import BROKEN, FURTHER
from datasync.sql import literal, quote
from datasync.store.files import Store

Kind = Literal["plain", "list", "object", "any"]
_CALLED = {"plain": "a plain value", "list": "a list", "object": "an object"}
_AGAIN = "SELECT place FROM identities SEMI JOIN older USING (place, id)"
_NO_JSON = "CASE WHEN json IS NULL THEN 'it is no JSON object.' END"


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field is in a record (a JSON pointer), and SQL for its text and for its presence from the JSON there.

    ``kind`` is what its JSON has to be: a record in which it is something else has no value there that could be told.
    """

    path: str
    text: Callable[[str], str] = "({} ->> '$')".format
    has: Callable[[str], str] = "{} IS NOT NULL".format
    kind: Kind = "any"

    def odd(self, value: str) -> str:
        """SQL that is true where the JSON is not of the field's kind; an empty list may stand for no object."""
        kind = f"json_type({value})"
        odd = {
            "plain": f"{kind} IN ('OBJECT', 'ARRAY')",
            "list": f"{kind} NOT IN ('ARRAY', 'NULL')",
            "object": f"{kind} NOT IN ('OBJECT', 'NULL') AND NOT (json_array_length({value}) = 0 AND {kind} = 'ARRAY')",
        }
        return odd.get(self.kind, "false")


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind's records: what tells them apart, their fields, and the map that makes products of them.

    ``own`` are the keys that records have by themselves; ``further`` says where any other field is, and ``names`` is
    SQL over a record, ``json``, that lists those it has. ``condition`` is SQL that is true for records of this scope;
    the others are `filtered`.
    """

    identity: str
    own: Mapping[str, Field]
    further: Callable[[str], Field]
    names: str
    map: Mapping[str, str] = field(default_factory=dict)
    condition: str = "true"
    notes: tuple[str, ...] = ()

    def find(self, name: str) -> Field:
        """Where a field is."""
        return self.own.get(name) or self.further(name)


def own(kind: Kind, *names: str) -> dict[str, Field]:
    """Fields that are keys of a record."""
    return {name: Field(pointer(name), kind=kind) for name in names}


def pointer(*keys: str) -> str:
    """The JSON pointer to what lies under some keys, whatever is in them."""
    return "".join(f"/{key.replace('~', '~0').replace('/', '~1')}" for key in keys)


class Spooled:
    """The records of some pages in the store, in their order, each once: the last that came.

    ``count`` is how many came, those of other scopes too; ``names`` are the fields that those of the first page have.
    ``lines`` is how many lines they were, those that came again too.
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        store: Store,
        paths: Sequence[str],
        shape: Shape,
        knows: Callable[[str], bool],
    ) -> None:
        self._con, self._shape, self._knows = con, shape, knows
        now = datetime.now(UTC)
        files = [File(store.url(path), path.rpartition("/")[2], 0, now) for path in paths]
        self._lines = _lines(files)
        self.lines = self._lines.where(f"NOT {_IS_FURTHER}").count(con)
        self._older, again = self._older_records()
        self.count = self.lines - again
        self.names = self._names(_lines(files[:1]))

    def select(self, fields: Collection[str]) -> Relation:
        by_name = {name: self._shape.find(name) for name in fields}
        paths = list(
            dict.fromkeys([_FURTHER, self._shape.identity, _BROKEN, *(field.path for field in by_name.values())])
        )
        places = {path: f"_j[{number}]" for number, path in enumerate(paths, 1)}
        values = [f"{_sound(field, places[field.path])} AS {quote(name)}" for name, field in by_name.items()]
        spoilt = f"CASE {_odd(by_name, places) or 'WHEN false THEN NULL::VARCHAR'} END AS _spoilt"
        unreadable = f"coalesce({_NO_JSON}, _j[3] ->> '$') AS _unreadable"
        rest = [
            "_place",
            unreadable,
            spoilt,
            "false AS _blank",
            "json AS _row",
            f"coalesce({self._shape.condition}, true) AS _in_scope",
        ]
        columns = ", ".join([*values, *rest])
        wanted = "_j[1] IS NULL"
        if self._older.size:
            newer = f"SELECT 1 FROM {self._older.name} AS old WHERE old.place = _place AND old.id = _j[2] ->> '$'"
            wanted += f" AND NOT EXISTS ({newer})"
        taken = f"json_extract(json, [{', '.join(map(literal, paths))}]) AS _j"
        return Relation(f"SELECT {columns} FROM (SELECT *, {taken} FROM ({self._lines.sql})) WHERE {wanted}")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        where = self._shape.find(field)
        hit = where.has(f"json_extract(json, {literal(where.path)})")
        hits = con.execute(f"SELECT 1 FROM ({self._lines.sql}) WHERE {hit} LIMIT 1").fetchall()
        return bool(hits) or self._knows(field)

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return self._names(self._lines)

    def _older_records(self) -> tuple[Table, int]:
        """The records that came again on a later page, by place and identity, and the number of their lines.

        The table stays as long as the connection, because the records are read as long as that.
        """
        identity = f"json_extract_string(json, {literal(self._shape.identity)})"
        every = f"SELECT _place AS place, {identity} AS id FROM ({self._lines.sql}) WHERE {identity} IS NOT NULL"
        distinct = "SELECT DISTINCT place, id FROM identities QUALIFY place <> max(place) OVER (PARTITION BY id)"
        with temporary_tables(self._con) as tables:
            identities = tables.store(Relation(every), "identities")
            older = TemporaryTables(self._con).store(select(distinct, identities=identities), "older_records")
            again = select(_AGAIN, identities=identities, older=older).count(self._con)
        return older, again

    def counted(self, con: duckdb.DuckDBPyConnection, written: int) -> int:
        """How many records there are by the count of those that were written: what DuckDB does not give is missing."""
        return self.select(()).count(con) + written - self.lines

    def _names(self, lines: Relation) -> tuple[str, ...]:
        some = f"FROM ({lines.sql}) WHERE json IS NOT NULL AND NOT {_IS_FURTHER}"
        keys = {key for (key,) in self._con.execute(f"SELECT DISTINCT unnest(json_keys(json)) {some}").fetchall()}
        inside = self._con.execute(
            f"SELECT DISTINCT unnest({self._shape.names}) AS name {some} ORDER BY name"
        ).fetchall()
        mine = [name for name, field in self._shape.own.items() if not keys or field.path.split("/")[1] in keys]
        return (*mine, *(name for (name,) in inside if name not in self._shape.own))


def _sound(field: Field, value: str) -> str:
    """SQL for a field's text; none where the JSON is not what it has to be."""
    return (
        field.text(value) if field.kind != "plain" else f"CASE WHEN NOT {field.odd(value)} THEN {field.text(value)} END"
    )


def _odd(fields: Mapping[str, Field], places: Mapping[str, str]) -> str:
    """Cases of SQL that name the place whose JSON is not what it has to be; each is looked at once."""
    known = {field.path: field for field in fields.values() if field.kind != "any"}
    sentences = {path: f"{path.rpartition('/')[2]} is not {_CALLED[field.kind]}." for path, field in known.items()}
    return " ".join(f"WHEN {field.odd(places[path])} THEN {literal(sentences[path])}" for path, field in known.items())


_FURTHER, _BROKEN = pointer(FURTHER), pointer(BROKEN)
_IS_FURTHER = f"coalesce(json_exists(json, {literal(_FURTHER)}), false)"


def _lines(files: Sequence[File]) -> Relation:
    """Every line of some pages: ``json`` (NULL where it is none) and ``_place``."""
    if not files:
        return Relation("SELECT NULL::JSON AS json, NULL::VARCHAR AS _place WHERE false")
    paths = ", ".join(literal(file.pattern) for file in files)
    place = f"substr({quote(PATH)}, {len(files[0].path) - len(files[0].name) + 1})"
    options = (
        f"filename = {literal(PATH)}, ignore_errors = true, maximum_object_size = 16777216, hive_partitioning = false"
    )
    return Relation(f"SELECT json, {place} AS _place FROM read_ndjson_objects([{paths}], {options})")
