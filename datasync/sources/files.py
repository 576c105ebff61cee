"""Files that somebody exports: CSV, JSON lines, Parquet or XLSX, plain or .gz, in a folder or on S3.

What the matching files are together is the scope's ``snapshot``: `complete`, they are the catalog; `newest`, the newest
of them is; `partial`, each is read once, in order of time. A file that cannot be read fails the pull by name, for it is
never an empty catalog; under `partial` it goes to quarantine, and the rest goes on.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import duckdb

from datasync.errors import InvalidSettings, NoFiles, SourceUnavailable, UnreadableFile
from datasync.settings import FilesSource, Scope
from datasync.sources import tables
from datasync.sources.base import Records, Want
from datasync.sources.jsonlines import Head, JsonLines, look
from datasync.sources.locations import File, Location, locate
from datasync.sources.tables import Columns, Tables
from datasync.sql import literal

_FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "xlsx",
}


@dataclass(frozen=True, slots=True)
class _Opened:
    """Files that were looked at: what is in those that can be read, and why the others cannot be."""

    layouts: Mapping[File, Head | Columns]
    broken: Mapping[str, str] = field(default_factory=dict)


class Files:
    """The scope of a files source: a pattern, and what its matches are together."""

    def __init__(self, name: str, scope: Scope, source: FilesSource) -> None:
        self._name, self._scope, self._pattern = name, scope, scope.path or ""
        self._options = source.options

    def records(self, con: duckdb.DuckDBPyConnection, want: Want) -> Records:
        location = self._location()
        matching = location.files()
        if not matching and not (self._is_partial and want.watermark):
            raise NoFiles(self._name, self._pattern)
        location.register(con)
        chosen = self._chosen(matching, want)
        found = self._look(con, location, chosen)
        return self._records(
            location, found, want, _watermark(matching) if self._is_partial and want.what != "skus" else None
        )

    def scheduled(self) -> Literal["complete", "changed"]:
        return "changed" if self._is_partial else "complete"

    def requests(self, want: Want) -> int:
        return len(self._chosen(self._location().files(), want))

    @property
    def _is_partial(self) -> bool:
        return self._scope.snapshot == "partial"

    def _location(self) -> Location:
        return locate(self._pattern, self._options, self._name, self._scope.source)

    def _chosen(self, matching: Sequence[File], want: Want) -> list[File]:
        in_time = sorted(matching, key=_when)
        if self._scope.snapshot == "newest":
            return in_time[-1:]
        if not self._is_partial:
            return list(matching)
        read = _read_before(want.watermark) if want.what == "changed" else set()
        return [file for file in in_time if _mark(file) not in read]

    def _look(self, con: duckdb.DuckDBPyConnection, location: Location, files: Collection[File]) -> _Opened:
        """Look at every file's beginning; one that cannot be read is set aside if partial, else it fails the pull."""
        kind = self._format(files)
        layouts: dict[File, Head | Columns] = {}
        broken: dict[str, str] = {}
        for file in files:
            try:
                layouts[file] = self._layout(con, location, kind, file)
            except (UnreadableFile, OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, duckdb.Error) as error:
                broken[file.name] = self._set_aside(file, error)
        return _Opened(layouts, broken)

    def _layout(self, con: duckdb.DuckDBPyConnection, location: Location, kind: str, file: File) -> Head | Columns:
        if file.size == 0:
            raise UnreadableFile(file.name, "it is empty")
        if kind == "jsonl":
            return look(location, file)
        if kind == "csv":
            tabs = "\t" if file.name.removesuffix(".gz").endswith(".tsv") else None
            return tables.look_at_csv(location, file, self._scope.delimiter or tabs)
        if kind == "parquet":
            return tables.look_at_parquet(con, file)
        return tables.look_at_xlsx(con, location, file, self._scope.sheet)

    def _format(self, files: Collection[File]) -> str:
        if self._scope.format or not files:
            return self._scope.format or "jsonl"
        endings = {"." + file.name.removesuffix(".gz").rsplit(".", 1)[-1].lower() for file in files}
        formats = {_FORMATS.get(ending, "") for ending in endings}
        if len(formats) == 1 and (known := formats.pop()):
            return known
        problem = f"the files of {self._pattern!r} end in {', '.join(sorted(endings))}, which does not tell one format."
        raise InvalidSettings(
            f"scopes.{self._name}.format", problem, "Say csv, jsonl, parquet or xlsx, or match fewer files."
        )

    def _set_aside(self, file: File, error: Exception) -> str:
        if isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile) and self._pattern.startswith("s3://"):
            raise SourceUnavailable(f"scopes.{self._name}: {file.name} broke off while it was read: {error}") from error
        reason = error.reason if isinstance(error, UnreadableFile) else str(error).strip().split("\n")[0]
        if not self._is_partial:
            raise UnreadableFile(file.name, reason) from error
        return reason

    def _records(self, location: Location, found: _Opened, want: Want, watermark: str | None) -> Records:
        heads = {file: layout for file, layout in found.layouts.items() if isinstance(layout, Head)}
        columns = {file: layout for file, layout in found.layouts.items() if isinstance(layout, Columns)}
        common: dict[str, Any] = {
            "complete": want.what == "complete" and not self._is_partial,
            "answers_absence": not self._is_partial,
            "watermark": watermark,
            "requests": len(found.layouts) + len(found.broken),
        }
        reader = JsonLines(location, heads) if heads else Tables(columns)
        rejects = [_broken(found.broken)] * bool(found.broken)

        def mend(con: duckdb.DuckDBPyConnection, error: Exception) -> Records:
            return self._records(location, self._without_broken(con, reader, found, error), want, watermark)

        if isinstance(reader, JsonLines):
            own: dict[str, Any] = {"whole": "NULL::VARCHAR", "originals": reader.originals, "sampled": True}
        else:
            own, rejects = {"whole": "to_json(_row)::VARCHAR"}, [reader.rejects, *rejects]
        return Records(
            reader, names=reader.names, rejects=" UNION ALL ".join(rejects) or None, mend=mend, **own, **common
        )

    def _without_broken(
        self, con: duckdb.DuckDBPyConnection, reader: JsonLines | Tables, found: _Opened, error: Exception
    ) -> _Opened:
        """Read each file alone, to find out which one reading failed with."""
        broken: dict[str, str] = {}
        for file in found.layouts:
            try:
                reader.try_out(con, file)
            except (duckdb.Error, OSError) as reason:
                broken[file.name] = self._set_aside(file, reason)
        if not broken:
            raise error
        left = {file: layout for file, layout in found.layouts.items() if file.name not in broken}
        return _Opened(left, {**found.broken, **broken})


def _when(file: File) -> tuple[datetime, str]:
    return file.modified, file.name


def _mark(file: File) -> tuple[str, int, str]:
    """What a file is known by: written anew under its name, it is another one."""
    return file.name, file.size, file.modified.isoformat()


def _watermark(matching: Collection[File]) -> str:
    return json.dumps({"files": sorted(_mark(file) for file in matching)}, ensure_ascii=False)


def _read_before(watermark: str | None) -> set[tuple[str, int, str]]:
    try:
        return {(name, size, modified) for name, size, modified in json.loads(watermark or "{}").get("files", ())}
    except (ValueError, TypeError, AttributeError):
        return set()


def _broken(files: Mapping[str, str]) -> str:
    rows = ", ".join(
        f"({literal(name)}, NULL::VARCHAR, {literal(f'The file {name} cannot be read: {reason}.')})"
        for name, reason in files.items()
    )
    return f"SELECT * FROM (VALUES {rows}) AS broken(_place, record, sentence)"
