"""Where a pattern's files lie, on this machine or on S3: which there are, how to open one, how DuckDB reads them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Protocol, cast

import duckdb

from datasync.errors import InvalidSettings, SourceUnavailable, UnreadableFile
from datasync.secrets import code_of, log_foreign, register_mapping
from datasync.sources.files.gunzip import gunzip
from datasync.sources.files.local_paths import PathStatus, as_text, is_exact, matching_paths, open_file
from datasync.store.scratch import is_full_disk

_MAGIC = "*?["
PATH = "datasync path"  # the column that tells which file a row is from


@dataclass(frozen=True, slots=True)
class File:
    """One matching file: what it is read by, its name for people, its size in bytes and when it was last written.

    ``etag`` is S3's word for its content; a local file has none. ``unreadable``: why it cannot be read, where that was
    seen when it was listed.
    """

    path: str
    name: str
    size: int
    modified: datetime
    etag: str = ""
    unreadable: str = ""

    @property
    def is_gzip(self) -> bool:
        """Whether its name says that it is compressed, in whatever case."""
        return self.name.lower().endswith(".gz")

    @property
    def bare_name(self) -> str:
        """Its name without ``.gz``: what it is once decompressed."""
        return self.name[:-3] if self.is_gzip else self.name

    @property
    def pattern(self) -> str:
        """The path for DuckDB, which takes ``*``, ``?`` and ``[`` in a name for a pattern unless they stand in
        brackets.
        """
        return "".join(f"[{sign}]" if sign in _MAGIC else sign for sign in self.path)


def path_column(names: Collection[str]) -> str:
    """A name for the column that tells which file a row is from, which none of the files' own columns has."""
    own, column = {name.lower() for name in names}, PATH
    while column in own:
        column += " of file"
    return column


class Location(Protocol):
    """A pattern and the place it is matched in."""

    def files(self) -> list[File]:
        """The matching files, sorted by name; SourceUnavailable where the place does not answer."""

    def raw(self, file: File) -> IO[bytes]:
        """The file's bytes as they lie there."""

    def reading(self, file: File) -> AbstractContextManager[None]:
        """Where bytes are read: SourceUnavailable if the place breaks off."""

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Let a DuckDB connection read the files' paths."""


def beginning(location: Location, size: int, *, at: int = 0) -> bytes:
    """The first bytes of the file at that place among the matching ones; none where no file matches."""
    files = location.files()
    if not files:
        return b""
    if files[at].unreadable:
        raise UnreadableFile(files[at].name, files[at].unreadable)
    with opened(location, files[at]) as content:
        return content.read(size)


class Folder:
    """A pattern of local paths; a path that exists as it is written is that file, whatever signs are in its name."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def files(self) -> list[File]:
        name = os.path.basename(self.pattern) if is_exact(self.pattern) else None
        fixed = len(_fixed_folder(self.pattern) if name is None else self.pattern.removesuffix(name))
        return [self._file(status, fixed) for status in matching_paths(self.pattern)]

    def _file(self, status: PathStatus, fixed: int) -> File:
        path = status.path
        return File(path, as_text(path[fixed:] or path), status.size, status.modified, unreadable=status.unreadable)

    def raw(self, file: File) -> IO[bytes]:
        return open_file(file.path)

    def reading(self, file: File) -> AbstractContextManager[None]:
        """A disk that fails says so itself."""
        return nullcontext()

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Local paths need nothing."""


class Bucket:
    """A pattern of keys on S3. DuckDB reads it under a protocol of its own, so the store may have other options."""

    def __init__(self, pattern: str, options: Mapping[str, Any], source: str) -> None:
        import s3fs

        register_mapping(options)

        self._protocol = f"s3-{source}"
        kind = type("SourceBucket", (s3fs.S3FileSystem,), {"protocol": (self._protocol,)})
        self._fs = kind(**options, use_listings_cache=False, skip_instance_cache=True)
        self._key, self._fixed = pattern.removeprefix("s3://"), len(_fixed_folder(pattern.removeprefix("s3://")))

    def files(self) -> list[File]:
        with _reachable(self._key):
            objects = self._fs.glob(self._key, detail=True)
        listed = sorted((key, info) for key, info in objects.items() if info["type"] == "file")
        return [
            File(
                f"{self._protocol}://{key}",
                key[self._fixed :],
                info["size"],
                info["LastModified"],
                str(info.get("ETag", "")).strip('"'),
            )
            for key, info in listed
        ]

    def raw(self, file: File) -> IO[bytes]:
        with _reachable(file.name):
            return cast("IO[bytes]", self._fs.open(file.path, "rb"))

    def reading(self, file: File) -> AbstractContextManager[None]:
        return _reachable(file.name)

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        if con.filesystem_is_registered(self._protocol):
            con.unregister_filesystem(self._protocol)
        con.register_filesystem(self._fs)


def locate(pattern: str, options: Mapping[str, Any], scope: str, source: str) -> Location:
    """The location of a scope's pattern: a local path or ``s3://bucket/key``."""
    if pattern.startswith("s3://"):
        return Bucket(pattern, options, source)
    if "://" in pattern:
        raise InvalidSettings(
            f"scopes.{scope}.path", f"{pattern!r} is neither a local path nor on s3://.", "Use one of these."
        )
    return Folder(pattern)


@contextmanager
def stored(location: Location, file: File) -> Iterator[IO[bytes]]:
    """The file's bytes as they lie there; SourceUnavailable where its place breaks off while they are read."""
    with location.reading(file), location.raw(file) as raw:
        yield raw


@contextmanager
def opened(location: Location, file: File) -> Iterator[IO[bytes]]:
    """The file's content, decompressed if its name ends in ``.gz``; UnreadableFile where that is not whole gzip."""
    with stored(location, file) as raw:
        yield gunzip(raw, file.name, file.size) if file.is_gzip else raw


@contextmanager
def _reachable(what: str) -> Iterator[None]:
    import aiohttp
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (OSError, BotoCoreError, ClientError, aiohttp.ClientError) as error:
        if is_full_disk(error):  # this worker's own
            raise
        log_foreign(f"s3://{what}", error)
        problem = f"s3://{what} cannot be read ({code_of(error)})."
        raise SourceUnavailable(f"{problem} Is the bucket reachable from here, and may it be read?") from None


def _fixed_folder(pattern: str) -> str:
    """The folder before the pattern's first sign, which every match begins with: ``a/b/`` of ``a/b/*/c-*.csv``."""
    first = min((pattern.index(sign) for sign in _MAGIC if sign in pattern), default=len(pattern))
    return pattern[: pattern.rfind("/", 0, first) + 1]
