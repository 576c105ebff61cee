"""JSON lines: one object a line. DuckDB reads the wanted fields as text in one pass and gives NULLs for a broken line.

What a broken or invalid line said is fetched afterwards, by its number in its file, so that the many good ones cost
nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from datasync.relation import Relation
from datasync.sources.base import Original
from datasync.sources.files.file_listing import File, path_column
from datasync.sources.files.json_file import JsonFile
from datasync.sources.files.lines import BLANK, numbered_lines
from datasync.sql import literal, quote

_LONGEST = 1 << 24  # what DuckDB is told at least


class JsonLines:
    """The records of some files of JSON lines, in the files' order."""

    def __init__(self, looked: Mapping[File, JsonFile]) -> None:
        self._looked = {file.name: json for file, json in looked.items()}
        self._files = {file.name: file for file in looked}
        self.names = tuple(dict.fromkeys(name for json in looked.values() for name in json.names))
        self._copies = {file.name: replace(file, path=str(json.copy)) for file, json in looked.items() if json.copy}

    @property
    def counted(self) -> int:
        """How many records the files hold, by a count that owes nothing to DuckDB."""
        return sum(json.scan.records for json in self._looked.values())

    @property
    def notes(self) -> tuple[str, ...]:
        """There is nothing to note of such files."""
        return ()

    @property
    def cut_outs(self) -> list[Path]:
        """The files of records that are cut out."""
        return [path for json in self._looked.values() if (path := json.cut_outs)]

    def select(self, fields: Collection[str]) -> Relation:
        wanted = [field for field in fields if field] or ["sku"]
        named = ", ".join(map(quote, wanted)) + ', NULL::VARCHAR AS ""' * ("" in fields)
        unread = f"CASE WHEN coalesce({', '.join(map(quote, wanted))}) IS NULL THEN 'it is no JSON object.' END"
        place = f"{self._place(path_column(wanted))} AS _place"
        rest = f"{place}, {unread} AS _unreadable, false AS _blank"  # a blank line is no record
        return Relation(f"SELECT {named}, {rest} FROM {self._read(wanted)}")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        if field in self.names or not self._files:
            return field in self.names
        # A key whose value is null reads as a missing one: only the keys themselves tell.
        hits = con.execute(
            f"SELECT 1 FROM ({self._objects().sql}) WHERE list_contains(json_keys(json), ?) LIMIT 1", [field]
        ).fetchall()
        return bool(hits)

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        if not self._files:
            return self.names
        kinds = f"SELECT DISTINCT json_keys(json) AS keys FROM ({self._objects().sql})"
        names = {row[0] for row in con.execute(f"SELECT DISTINCT unnest(keys) FROM ({kinds})").fetchall()}
        return (*self.names, *sorted(names - set(self.names)))

    def originals(self, wanted: Mapping[str, Collection[int]]) -> Iterator[Original]:
        """The wanted lines, whole, in one walk through the files they stand in, each as far as the last of them."""
        for place, numbers in wanted.items():
            looked = self._looked[place]
            before = [extent.line - 1 - number for number, extent in enumerate(looked.cut)]  # lines before each cut
            with looked.originals() as content:
                for nth, line, text in numbered_lines(content, numbers):
                    yield _original(place, nth, line + bisect_left(before, line), text.strip(BLANK))

    def try_out(self, con: duckdb.DuckDBPyConnection, file: File) -> None:
        """Read one file to its end; whatever stops that is raised."""
        alone = f"[{literal(self._copies.get(file.name, file).pattern)}], columns = {{'sku': 'VARCHAR'}}"
        con.execute(f"SELECT count(sku) FROM read_ndjson({alone}, records = true, {self._options})")

    @property
    def _options(self) -> str:
        longest = max((_LONGEST, *(1 << json.scan.largest.bit_length() for json in self._looked.values())))
        return f"ignore_errors = true, hive_partitioning = false, maximum_object_size = {longest}"

    def _read(self, fields: Sequence[str]) -> str:
        if not self._files:
            nulls = ", ".join(f"NULL::VARCHAR AS {quote(f)}" for f in fields)
            return f"(SELECT {nulls}, NULL::VARCHAR AS {quote(path_column(fields))} WHERE false)"
        columns = ", ".join(f"{literal(f)}: 'VARCHAR'" for f in fields)
        options = f"columns = {{{columns}}}, filename = {literal(path_column(fields))}, records = true, {self._options}"
        return f"read_ndjson({self._paths()}, {options})"

    def _objects(self) -> Relation:
        whole = f"read_ndjson({self._paths()}, columns = {{'json': 'JSON'}}, records = false, {self._options})"
        return Relation(f"SELECT json FROM {whole} WHERE json_type(json) = 'OBJECT'")

    def _paths(self) -> str:
        listed = [self._copies.get(name, file).pattern for name, file in self._files.items()]
        return f"[{', '.join(map(literal, listed))}]"

    def _place(self, column: str) -> str:
        """SQL that gives a file's name from the path it was read by, in a column."""
        path = quote(column)
        copies = "".join(f" WHEN {literal(copy.path)} THEN {literal(name)}" for name, copy in self._copies.items())
        file = next(iter(self._files.values()), None)
        cut = f"substr({path}, {len(file.path) - len(file.name) + 1})" if file else path
        return f"CASE {path}{copies} ELSE {cut} END" if copies else cut


def _original(place: str, nth: int, line: int, text: bytes) -> Original:
    try:
        return Original(place, nth, line, text.decode())
    except UnicodeDecodeError:
        return Original(place, nth, line, text.decode(errors="replace"), intact=False)
