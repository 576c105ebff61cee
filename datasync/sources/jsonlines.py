"""JSON lines: one object a line. DuckDB reads the wanted fields as text in one pass and gives NULLs for a broken line.

What a broken or invalid line said is fetched afterwards, by its number in its file, so that the many good ones cost
nothing.
"""

from __future__ import annotations

import codecs
import json
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from datasync.errors import UnreadableFile
from datasync.sources import text_file
from datasync.sources.base import Original
from datasync.sources.lines import BLANK, numbered_lines
from datasync.sources.locations import PATH, File, Location, opened
from datasync.sql import literal, quote
from datasync.store.scratch import process_folder

_HEAD = 64 * 1024
_DOCUMENT = "it is one JSON document, and JSON lines are wanted: one object a line, as `jq -c '.[]'` makes of a list"
_READ = "ignore_errors = true, hive_partitioning = false, maximum_object_size = 16777216"


@dataclass(frozen=True, slots=True)
class Head:
    """What a look at a file's beginning tells: the keys there, and whether it begins with a byte order mark; and one at
    its end: whether it stops inside of a record.
    """

    names: tuple[str, ...]
    marked: bool
    ends_inside: bool = False


class JsonLines:
    """The records of some files of JSON lines, in the files' order."""

    def __init__(self, location: Location, heads: Mapping[File, Head]) -> None:
        self._location = location
        self._files = {file.name: file for file in heads}
        self.names = tuple(dict.fromkeys(name for head in heads.values() for name in head.names))
        self._copies = self._plain([file for file, head in heads.items() if head.marked or _is_odd(file)])

    def select(self, fields: Collection[str]) -> str:
        wanted = [field for field in fields if field] or ["sku"]
        named = ", ".join(map(quote, wanted)) + ', NULL::VARCHAR AS ""' * ("" in fields)
        unread = f"CASE WHEN coalesce({', '.join(map(quote, wanted))}) IS NULL THEN 'it is no JSON object.' END"
        rest = f"{self._place()} AS _place, {unread} AS _unreadable, false AS _blank"  # a blank line is no record
        return f"SELECT {named}, {rest} FROM {self._read(wanted)}"

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        if field in self.names or not self._files:
            return field in self.names
        # A key whose value is null reads as a missing one: only the keys themselves tell.
        hit = con.execute(
            f"SELECT 1 FROM {self._objects()} WHERE list_contains(json_keys(json), ?) LIMIT 1", [field]
        ).fetchone()
        return hit is not None

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        if not self._files:
            return self.names
        kinds = f"SELECT DISTINCT json_keys(json) AS keys FROM {self._objects()}"
        found = {row[0] for row in con.execute(f"SELECT DISTINCT unnest(keys) FROM ({kinds})").fetchall()}
        return (*self.names, *sorted(found - set(self.names)))

    def originals(self, wanted: Mapping[str, Collection[int]]) -> Iterator[Original]:
        """The wanted lines, whole, in one walk through the files they stand in, each as far as the last of them."""
        for place, numbers in wanted.items():
            with opened(self._location, self._files[place]) as content:
                for nth, line, text in numbered_lines(content, numbers):
                    yield _original(place, nth, line, text.strip(BLANK))

    def try_out(self, con: duckdb.DuckDBPyConnection, file: File) -> None:
        """Read one file to its end; whatever stops that is raised."""
        alone = f"[{literal(self._copies.get(file.name, file).pattern)}]"
        con.execute(
            f"SELECT count(sku) FROM read_ndjson({alone}, columns = {{'sku': 'VARCHAR'}}, records = true, {_READ})"
        )

    def _read(self, fields: Sequence[str]) -> str:
        if not self._files:
            nulls = ", ".join(f"NULL::VARCHAR AS {quote(f)}" for f in fields)
            return f"(SELECT {nulls}, NULL::VARCHAR AS {quote(PATH)} WHERE false)"
        columns = ", ".join(f"{literal(f)}: 'VARCHAR'" for f in fields)
        options = f"columns = {{{columns}}}, filename = {literal(PATH)}, records = true, {_READ}"
        return f"read_ndjson({self._paths()}, {options})"

    def _objects(self) -> str:
        whole = f"read_ndjson({self._paths()}, columns = {{'json': 'JSON'}}, records = false, {_READ})"
        return f"(SELECT json FROM {whole} WHERE json_type(json) = 'OBJECT')"

    def _paths(self) -> str:
        listed = [self._copies.get(name, file).pattern for name, file in self._files.items()]
        return f"[{', '.join(map(literal, listed))}]"

    def _place(self) -> str:
        """SQL that gives a file's name from the path it was read by."""
        path = quote(PATH)
        copies = "".join(f" WHEN {literal(copy.path)} THEN {literal(name)}" for name, copy in self._copies.items())
        one = next(iter(self._files.values()), None)
        cut = f"substr({path}, {len(one.path) - len(one.name) + 1})" if one else path
        return f"CASE {path}{copies} ELSE {cut} END" if copies else cut

    def _plain(self, odd: Sequence[File]) -> dict[str, File]:
        """Plain copies without the byte order mark, which DuckDB does not take in JSON, by name; they go when this
        reader does.
        """
        if not odd:
            return {}
        folder = Path(tempfile.mkdtemp(dir=process_folder()))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        copies = {file.name: replace(file, path=str(folder / f"{number}.jsonl")) for number, file in enumerate(odd)}
        for file in odd:
            with opened(self._location, file) as content, open(copies[file.name].path, "wb") as copy:
                copy.write(content.read(len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8))
                shutil.copyfileobj(content, copy)
        return copies


def look(location: Location, file: File) -> Head:
    """The head of one file; UnreadableFile where it holds nothing, OSError or EOFError where it cannot be opened."""
    with opened(location, file) as content:
        head = content.read(_HEAD)
        marked = head.startswith(codecs.BOM_UTF8)
        if not head.removeprefix(codecs.BOM_UTF8).strip(BLANK) and not content.read(1):
            raise UnreadableFile(file.name, "it is empty")
    lines = head.removeprefix(codecs.BOM_UTF8).strip(BLANK).splitlines()
    objects = list(filter(None, map(_object, lines)))
    if not objects and len(lines) > 1 and lines[0].startswith((b"[", b"{")):
        raise UnreadableFile(file.name, _DOCUMENT)
    names = tuple(dict.fromkeys(key for record in objects for key in record))
    return Head(names, marked, text_file.ends_inside(location, file))


def _is_odd(file: File) -> bool:
    """Whether DuckDB does not see that a file is compressed: it knows ``.gz`` in small letters alone."""
    return file.is_gzip and not file.path.endswith(".gz")


def _object(line: bytes) -> dict[str, object] | None:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _original(place: str, nth: int, line: int, text: bytes) -> Original:
    try:
        return Original(place, nth, line, text.decode())
    except UnicodeDecodeError:
        return Original(place, nth, line, text.decode(errors="replace"), intact=False)
