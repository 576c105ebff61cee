"""Files that somebody exports: CSV, JSON lines, Parquet or XLSX, plain or .gz, in a folder or on S3.

What the matching files are together is the scope's ``snapshot``: `complete`, they are the catalog; `newest`, the newest
of them is; `partial`, each is read once, in order of time. A file that cannot be read fails the pull by name, for it is
never an empty catalog; under `partial` it goes to quarantine, and the rest goes on.

A file that is still being written is left for later. One is finished if its server has another one that is newer by the
time that it takes to settle, or if two listings agree on it: the second is made after it was read, and a little after
the first. No worker's clock is compared with the times of a file server.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

import duckdb

from datasync.errors import InvalidSettings, NoFiles, SourceUnavailable, UnreadableFile
from datasync.relation import Relation, union_all
from datasync.secrets import log_foreign
from datasync.sources.base import OURS, PullRequest, Records
from datasync.sources.files import tables, text_file
from datasync.sources.files.csv_file import Rules
from datasync.sources.files.csv_tally import SWALLOWED
from datasync.sources.files.csv_title import Written
from datasync.sources.files.cut_outs import MEGABYTE, select_cut_outs
from datasync.sources.files.decoded import Decoded
from datasync.sources.files.file_listing import File, Location, locate, opened
from datasync.sources.files.files_read import Ledger
from datasync.sources.files.json_file import JsonFile, look_at_json
from datasync.sources.files.jsonlines import JsonLines
from datasync.sources.files.local_paths import NoFile, unopened_reason
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.sources.files.tables import Columns, Tables
from datasync.sql import literal
from datasync.store.scratch import is_full_disk

SETTLES = timedelta(seconds=10)  # before the last write to another file, a file is taken to be whole
APART = 2.0  # seconds at least between two listings, of files that have no such other one
_BLOCK = 1 << 20
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

    layouts: Mapping[File, JsonFile | Columns]
    broken: Mapping[str, UnreadableFile | OSError] = field(default_factory=dict)

    @property
    def unopened(self) -> frozenset[str]:
        """Files that could not be opened, so that their content may be sound; the next pull tries them again."""
        return frozenset(name for name, error in self.broken.items() if isinstance(error, OSError))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One pull's way through a location: what it wants, and the files there, when they were ``listed`` (a time of
    ``time.monotonic``).
    """

    con: duckdb.DuckDBPyConnection
    location: Location
    request: PullRequest
    files: tuple[File, ...]
    listed: float

    @property
    def ledger(self) -> Ledger:
        return Ledger.read(self.request.watermark)

    def moved(self, read: Collection[File], *, waits: bool) -> set[str]:
        """The files, of those that were read, that are not as they were listed; with ``waits``, those that may not have
        settled yet are given a while.
        """
        newest = max((file.modified for file in self.files), default=None)
        if waits and newest and not self.request.is_sample and any(newest - file.modified < SETTLES for file in read):
            time.sleep(max(0.0, APART - (time.monotonic() - self.listed)))
        now = {file.name: file for file in self.location.files()}
        return {file.name for file in read if now.get(file.name) != file}

    def without(self, names: Collection[str]) -> _Reading:
        """The same but for some files, which are left for later."""
        return replace(self, files=tuple(file for file in self.files if file.name not in names))


class Files:
    """The scope of a files source: a pattern, and what its matches are together."""

    def __init__(self, name: str, scope: FilesScope, source: FilesSource) -> None:
        self._name, self._scope, self._pattern = name, scope, scope.path or ""
        self._options, self._longest = source.options, source.max_record_mb * MEGABYTE
        self._time_zone = scope.time_zone or source.time_zone

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        location, listed = self._location(), time.monotonic()
        matching = location.files()
        if not matching and not (self._is_partial and request.watermark):
            raise NoFiles(self._name, self._pattern)
        location.register(con)
        reading = _Reading(con, location, request, tuple(matching), listed)
        return self._records(*self._opened(reading))

    def scheduled(self) -> Literal["complete", "changed"]:
        return "changed" if self._is_partial else "complete"

    def requests(self, request: PullRequest) -> int:
        location = self._location()
        return len(self._chosen(location, request, location.files()))

    @property
    def _is_partial(self) -> bool:
        return self._scope.is_partial

    def _location(self) -> Location:
        location = locate(self._pattern, self._options, self._name, self._scope.source)
        return Decoded(location, self._scope.encoding) if self._scope.encoding else location

    def _chosen(self, location: Location, request: PullRequest, files: Sequence[File]) -> list[File]:
        in_time = sorted(files, key=_when)
        if self._scope.snapshot == "newest":
            return in_time[-1:]
        if not self._is_partial:
            return list(files)
        read = Ledger.read(request.watermark) if request.what == "changed" else Ledger()
        return [file for file in in_time if not read.has(location, file)]

    def _opened(self, reading: _Reading) -> tuple[_Reading, _Opened]:
        """Open the files that are to be read. A newest one that is still being written may not be readable yet: then it
        is the one before it.
        """
        chosen = self._chosen(reading.location, reading.request, reading.files)
        try:
            return reading, self._look(reading.con, reading.location, chosen, reading.request)
        except UnreadableFile:
            rest = reading.without(reading.moved(chosen, waits=True)) if self._scope.snapshot == "newest" else reading
            if not rest.files or len(rest.files) == len(reading.files):
                raise
            return self._opened(rest)

    def _look(
        self, con: duckdb.DuckDBPyConnection, location: Location, files: Collection[File], request: PullRequest
    ) -> _Opened:
        """Look at every file's beginning; one that cannot be read is set aside if partial, else it fails the pull."""
        readable = [file for file in files if not file.unreadable]
        kind, rules = self._format(readable), Rules(self._longest, 1 if request.is_sample else SWALLOWED)
        if readable:
            self._refuse_what_means_nothing(kind)
        layouts: dict[File, JsonFile | Columns] = {}
        broken = {f.name: self._set_aside(f, NoFile(f.unreadable)) for f in files if f.unreadable}
        for file in readable:
            try:
                layouts[file] = self._layout(con, location, kind, file, rules)
            except (UnreadableFile, OSError) as error:
                broken[file.name] = self._set_aside(file, error)
            except duckdb.Error as error:
                broken[file.name] = self._set_aside(file, _cause(location, file, error))
        return _Opened(layouts, broken)

    def _refuse_what_means_nothing(self, kind: str) -> None:
        """Raise InvalidSettings where a key of the scope is one of text files, or of tables, and these are others."""
        if self._scope.encoding and kind not in ("csv", "jsonl"):
            problem = f"means nothing for {kind} files, which say themselves how their text is written."
            raise InvalidSettings(f"scopes.{self._name}.encoding", problem, "Take the line out.")
        if self._scope.header_line > 1 and kind not in ("csv", "xlsx"):
            problem = f"means nothing for {kind} files, which have no header line."
            raise InvalidSettings(f"scopes.{self._name}.header_line", problem, "Take the line out.")

    def _layout(
        self, con: duckdb.DuckDBPyConnection, location: Location, kind: str, file: File, rules: Rules
    ) -> JsonFile | Columns:
        if file.size == 0:
            raise UnreadableFile(file.name, "it is empty")
        if kind in ("csv", "jsonl"):
            text_file.refuse_what_is_no_text(location, file)
        if kind == "jsonl":
            return look_at_json(location, file, rules.longest)
        if kind == "csv":
            return tables.look_at_csv(location, file, Written(self._scope.delimiter, self._scope.header_line), rules)
        if kind == "parquet":
            return tables.look_at_parquet(con, location, file, rules)
        return tables.look_at_xlsx(location, file, self._scope.sheet, self._scope.header_line)

    def _format(self, files: Collection[File]) -> str:
        if self._scope.format or not files:
            return self._scope.format or "jsonl"
        endings = {"." + file.bare_name.rsplit(".", 1)[-1].lower() for file in files}
        formats = {_FORMATS.get(ending, "") for ending in endings}
        if len(formats) == 1 and (known := formats.pop()):
            return known
        problem = f"the files of {self._pattern!r} end in {', '.join(sorted(endings))}, which does not tell one format."
        raise InvalidSettings(
            f"scopes.{self._name}.format", problem, "Say csv, jsonl, parquet or xlsx, or match fewer files."
        )

    def _set_aside(self, file: File, cause: UnreadableFile | OSError) -> UnreadableFile | OSError:
        """Why a file is not read; raised where nothing may be missing, and where it is not the file."""
        if is_full_disk(cause):
            raise cause
        if isinstance(cause, OSError) and self._pattern.startswith("s3://"):
            raise SourceUnavailable(f"scopes.{self._name}: {file.name} broke off while it was read.") from cause
        if not self._is_partial:
            raise cause if isinstance(cause, UnreadableFile) else UnreadableFile(file.name, _reason(cause)) from None
        return cause

    def _records(self, reading: _Reading, opened: _Opened) -> Records:
        request = reading.request
        reader = _reader(opened.layouts)
        common: dict[str, Any] = {
            "complete": request.what == "complete" and not self._is_partial,
            "answers_absence": not self._is_partial,
            "are_files": True,
            "time_zone": self._time_zone,
            "by_change_time": self._is_partial,
            "watermark": self._watermark(reading, opened),
            "requests": len(opened.layouts) + len(opened.broken),
            "without_broken": lambda con, error: (
                self._recheck(reading, opened) or self._records(reading, self._sound(con, reading, opened, error))
            ),
            "recheck": lambda: self._recheck(reading, opened),
            "notes": reader.notes,
        }
        broken = [_broken(opened.broken)] * bool(opened.broken)
        own: dict[str, Any] = {"record_expr": "_row", "spoilt": "_spoilt"}
        if isinstance(reader, JsonLines):
            own = {"record_expr": "NULL::VARCHAR", "originals": reader.originals, "sampled": True}
            own["rejects"] = (lambda con: broken[0]) if broken else None
        else:
            own["rejects"] = lambda con: union_all([reader.rejects(con), *broken], tables.no_rejects())
            own["suspicion"] = reader.suspicion
        if cut_outs := reader.cut_outs:
            own["cut_outs"] = partial(select_cut_outs, cut_outs)
        if (records := reader.counted) is not None:
            own["counted"] = lambda con: records + len(opened.broken)
        return Records(reader, names=reader.names, **own, **common)

    def _watermark(self, reading: _Reading, opened: _Opened) -> str | None:
        """The ledger with this pull's files; one that could not be opened is tried again by the next."""
        if not self._is_partial or reading.request.what == "skus":
            return None
        return reading.ledger.after(reading.location, [f for f in reading.files if f.name not in opened.unopened])

    def _recheck(self, reading: _Reading, opened: _Opened) -> Records | None:
        """None if the files are what they were before they were read; else the records of those that are."""
        read = [file for file in reading.files if file in opened.layouts or file.name in opened.broken]
        moved = reading.moved(read, waits=self._scope.snapshot != "complete")
        if not moved:
            return self._without_cut(reading, opened)
        rest = reading.without(moved)
        if self._scope.snapshot == "newest" and rest.files:
            return self._records(*self._opened(rest))
        if not self._is_partial:
            names = ", ".join(sorted(moved))
            raise SourceUnavailable(f"scopes.{self._name}: {names} changed while it was read. Nothing was changed.")
        layouts = {file: layout for file, layout in opened.layouts.items() if file.name not in moved}
        broken = {name: error for name, error in opened.broken.items() if name not in moved}
        return self._records(rest, _Opened(layouts, broken))

    def _without_cut(self, reading: _Reading, opened: _Opened) -> Records | None:
        """None if every file ends where a record does; else the records of those that do."""
        cut = [file for file, layout in opened.layouts.items() if layout.ends_inside]
        errors = {file.name: self._set_aside(file, UnreadableFile(file.name, _CUT)) for file in cut}
        left = {file: layout for file, layout in opened.layouts.items() if file not in cut}
        return self._records(reading, _Opened(left, {**opened.broken, **errors})) if cut else None

    def _sound(self, con: duckdb.DuckDBPyConnection, reading: _Reading, opened: _Opened, error: Exception) -> _Opened:
        """Read each file alone, to find out which one reading failed with."""
        layouts = dict(opened.layouts)
        broken: dict[str, UnreadableFile | OSError] = {}
        for file, layout in opened.layouts.items():
            try:
                layouts[file] = _tried(con, reading.location, file, layout, Rules(self._longest))
            except OURS:
                raise
            except (UnreadableFile, OSError, duckdb.Error) as failed:
                broken[file.name] = self._set_aside(file, _cause(reading.location, file, failed))
                del layouts[file]
        if layouts == opened.layouts:
            raise error
        return _Opened(layouts, {**opened.broken, **broken})


def _tried(
    con: duckdb.DuckDBPyConnection, location: Location, file: File, layout: JsonFile | Columns, rules: Rules
) -> JsonFile | Columns:
    """A layout by which a file can be read to its end; what stops that is raised."""
    try:
        _reader({file: layout}).try_out(con, file)
    except duckdb.Error:
        if not isinstance(layout, Columns) or not layout.is_parquet:
            raise
        layout = tables.copy_parquet(con, location, file, rules)
        _reader({file: layout}).try_out(con, file)
    return layout


def _reader(layouts: Mapping[File, JsonFile | Columns]) -> JsonLines | Tables:
    """What reads files of one format."""
    lines = {file: layout for file, layout in layouts.items() if isinstance(layout, JsonFile)}
    columns = {file: layout for file, layout in layouts.items() if isinstance(layout, Columns)}
    return JsonLines(lines) if lines else Tables(columns)


_CUT = "it ends in the middle of a record: it was cut off, or is not written to its end yet"


def _when(file: File) -> tuple[bool, datetime, str]:
    """What orders files by time; nobody knows the time of one that cannot be read, so it may be the newest."""
    return bool(file.unreadable), file.modified, file.name


def _cause(location: Location, file: File, error: Exception) -> UnreadableFile | OSError:
    """What is wrong with a file that could not be read: its bytes do not come, are not whole, or are no data."""
    try:
        with opened(location, file) as content:
            while content.read(_BLOCK):
                pass
    except (UnreadableFile, OSError) as cause:
        return cause
    if isinstance(error, UnreadableFile):
        return error
    log_foreign(file.name, error)
    return UnreadableFile(file.name, "it was damaged after it was written, or is another kind of file")


def _reason(error: UnreadableFile | OSError) -> str:
    """Why a file cannot be read, in words of ours: a library's own say nothing to whoever exports it."""
    return error.reason if isinstance(error, UnreadableFile) else unopened_reason(error)


def _broken(files: Mapping[str, UnreadableFile | OSError]) -> Relation:
    rows = ", ".join(
        f"({literal(name)}, NULL::BIGINT, NULL::VARCHAR, {literal(f'The file {name} cannot be read: {why}.')}, false)"
        for name, why in ((name, _reason(error)) for name, error in files.items())
    )
    return Relation(f"SELECT * FROM (VALUES {rows}) AS broken(_place, _line, record, sentence, is_blank)")
