"""Text files in another encoding than UTF-8, as copies in UTF-8 on this worker, each made when it is first opened."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import duckdb

from datasync.errors import UnreadableFile
from datasync.sources.files.file_listing import File, Location, opened
from datasync.store.scratch import ScratchFolder

_BLOCK = 1024 * 1024


class Decoded:
    """Another location's files, in UTF-8. A byte that the encoding does not have stays as it is, which is no UTF-8: the
    record that it stands in cannot be read, and the others can.
    """

    def __init__(self, location: Location, encoding: str) -> None:
        self._location, self._encoding, self._folder = location, encoding, ScratchFolder()

    def files(self) -> list[File]:
        return [replace(file, path=str(self._copy(file))) for file in self._location.files()]

    def raw(self, file: File) -> IO[bytes]:
        copy = self._copy(file)
        if not copy.exists():
            self._write(file, copy)
        return open(copy, "rb")

    def reading(self, file: File) -> AbstractContextManager[None]:
        """A copy is read from this worker's disk, which says itself where it fails."""
        return nullcontext()

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """The copies are local: they need nothing."""

    def _copy(self, file: File) -> Path:
        return self._folder.path / file.name

    def _write(self, file: File, copy: Path) -> None:
        (original,) = [listed for listed in self._location.files() if listed.name == file.name] or [file]
        copy.parent.mkdir(parents=True, exist_ok=True)
        beside = copy.with_name(f"{copy.name}.part")
        decoder = codecs.getincrementaldecoder(self._encoding)(errors="surrogateescape")
        try:
            with opened(self._location, original) as content, _written(beside, file) as output:
                while block := content.read(_BLOCK):
                    output.write(decoder.decode(block).encode(errors="surrogateescape"))
                output.write(decoder.decode(b"", final=True).encode(errors="surrogateescape"))
        except UnicodeError:
            why = f"it is not {self._encoding}, as its scope's encoding says; `datasync init` tells what a file is"
            raise UnreadableFile(file.name, why) from None
        beside.replace(copy)


@contextmanager
def _written(path: Path, file: File) -> Iterator[IO[bytes]]:
    """The copy to be filled, packed as the original is, for its name says so."""
    with open(path, "wb") as raw:
        if not file.is_gzip:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1) as packed:
            yield cast("IO[bytes]", packed)
