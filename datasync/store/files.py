"""What touches the store's files: exclusive creation, listing, and a DuckDB connection that can read them.

A store is a local folder or a prefix on S3 (bucket.py). Both can create a file under a name that must not exist yet,
atomically and in one step (`os.link`, or S3's conditional put); the logs rest on that, so another kind of store joins
only when its own has been tried with racing writers. Nothing but these methods writes to a store, so a test that counts
them counts every write.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

import duckdb

from datasync import product
from datasync.errors import DatasyncError, DiskUnavailable, FileDamaged, InvalidSettings, LogDamaged
from datasync.secrets import mask_all
from datasync.session import new_database, set_defaults
from datasync.sql import literal
from datasync.store.scratch import process_folder, scratch
from datasync.store.seal import seal

Clock = Callable[[], datetime]
T = TypeVar("T")
SCRATCH = ".scratch"


class Store(Protocol):
    """A place for files, by paths relative to its root; every path uses ``/``."""

    root: str

    def url(self, path: str) -> str:
        """What DuckDB reads ``path`` by."""

    def now(self) -> datetime:
        """What time it is where files get their time of writing; only with that one may these be compared."""

    def listing(self, folder: str) -> dict[str, datetime]:
        """Files right in ``folder``, by name, with the time each was last written; empty where there is no folder."""

    def folders(self, folder: str) -> list[str]:
        """Names of the folders right in ``folder``, sorted."""

    def create(self, path: str, file: Path) -> bool:
        """Put the file ``file`` under ``path`` if nothing is there; False, and nothing done, if something is."""

    def replace(self, path: str, file: Path) -> None:
        """Put the file ``file`` under ``path``, whatever was there, in one step."""

    def read(self, path: str) -> bytes:
        """The content of ``path``; FileNotFoundError where there is none."""

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """The content of ``path`` to be read in parts, in any order; FileNotFoundError where there is none."""

    def move(self, path: str, to: str) -> None:
        """Put the file under ``path`` as it is under ``to``, where nothing is, and take it away from ``path``."""

    def remove(self, path: str) -> None:
        """Take ``path`` away; no error where it is gone already."""

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Let a DuckDB connection read this store's urls."""


class Folder:
    """A store in a local folder. Files are written beside and linked into place, so a name never holds half a file."""

    def __init__(self, root: str) -> None:
        self.root = root

    def url(self, path: str) -> str:
        return os.path.join(self.root, path)

    def now(self) -> datetime:
        with self._usable():
            scratch = Path(self.root, SCRATCH)
            scratch.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=scratch) as probe:
                return datetime.fromtimestamp(os.fstat(probe.fileno()).st_mtime, UTC)

    def listing(self, folder: str) -> dict[str, datetime]:
        with self._usable():
            times = {entry.name: _written(entry) for entry in self._entries(folder) if entry.is_file()}
        return {name: at for name, at in times.items() if at}

    def folders(self, folder: str) -> list[str]:
        with self._usable():
            return sorted(entry.name for entry in self._entries(folder) if entry.is_dir() and entry.name != SCRATCH)

    def create(self, path: str, file: Path) -> bool:
        with self._usable():
            beside = self._beside(file)
            try:
                self._place(os.link, beside, path)
            except FileExistsError:
                return False
            finally:
                beside.unlink(missing_ok=True)
            return True

    def replace(self, path: str, file: Path) -> None:
        with self._usable():
            self._place(os.replace, self._beside(file), path)

    def read(self, path: str) -> bytes:
        with self._usable():
            return Path(self.url(path)).read_bytes()

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        with self._usable():
            return open(self.url(path), "rb")

    def move(self, path: str, to: str) -> None:
        with self._usable():
            self._place(os.link, Path(self.url(path)), to)
        self.remove(path)

    def remove(self, path: str) -> None:
        target = Path(self.url(path))
        with self._usable():
            target.unlink(missing_ok=True)
        with suppress(OSError):  # its folder goes too if it was the last file in it
            target.parent.rmdir()

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        """Local paths need nothing."""

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.url(folder)) as entries:
                return list(entries)
        except FileNotFoundError:
            return []

    def _beside(self, file: Path) -> Path:
        """``file``, moved onto the store's own file system under a name nobody else has, and flushed to the disk."""
        folder = Path(self.root, SCRATCH)
        folder.mkdir(parents=True, exist_ok=True)
        beside = folder / uuid.uuid4().hex
        try:
            try:
                os.rename(file, beside)
            except OSError:
                shutil.copyfile(file, beside)
            seal(beside)
            _flush(beside)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        return beside

    def _place(self, operation: Callable[[Path, str], None], beside: Path, path: str) -> None:
        """Link or move a file to its name, which outlives a power cut once this returns."""
        target = Path(self.url(path))
        while True:
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                operation(beside, str(target))
                break
            except FileNotFoundError:  # between the two lines somebody removed the last file of the folder: once more
                if not beside.exists():
                    raise
        with suppress(FileNotFoundError):
            _flush(target.parent)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Tell a disk that is full, read-only or broken from a file that is there, or is not."""
        try:
            yield
        except (FileExistsError, FileNotFoundError):
            raise
        except NotADirectoryError as error:
            raise _not_a_folder(self.root, str(error.filename or self.root)) from error
        except OSError as error:
            raise DiskUnavailable(self.root, f"{error.strerror or error}") from error


def _not_a_folder(root: str, path: str) -> DatasyncError:
    """What to say of a file where a folder has to be, above the store or in it."""
    file = next((str(parent) for parent in (Path(path), *Path(path).parents) if parent.is_file()), path)
    if Path(root) in Path(file).parents:
        return LogDamaged(f"{file} is a file where the store has to have a folder. `datasync repair` sets it aside.")
    problem = f"{root} cannot be a folder, because {file} is a file."
    return InvalidSettings("store", problem, "Name another place, or take that file away.")


def _written(entry: os.DirEntry[str]) -> datetime | None:
    """When a file was last written; None where somebody has just removed it."""
    try:
        return datetime.fromtimestamp(entry.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _flush(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def open_store(root: str, options: Mapping[str, Any]) -> Store:
    """The store that the settings name: a folder, or ``s3://bucket/prefix``."""
    if root.startswith("s3://"):
        from datasync.store.bucket import Bucket

        return Bucket(root, options)
    if "://" in root:
        problem = f"{root!r} is no kind of store that is known to create files safely."
        raise InvalidSettings("store", problem, "Use a folder or s3://.")
    return Folder(root)


def parquet(store: Store, *paths: str, options: str = "") -> str:
    """SQL that reads Parquet files of the store, all of one shape; ``options`` are further ones of read_parquet."""
    urls = ", ".join(literal(store.url(path)) for path in paths)
    return f"read_parquet([{urls}], {options and options + ', '}hive_partitioning = false)"


# A column is tried as a dictionary up to so many values; what has more (SKUs, URLs) is written plain, a quarter faster.
# Half of DuckDB's usual rows a group: its workers end closer together, and a million products take a sixth less time.
PARQUET_LAYOUT = "DICTIONARY_SIZE_LIMIT 2000, ROW_GROUP_SIZE 61440"
ZSTD = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, {PARQUET_LAYOUT}"


def connect(store: Store) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that reads the store, in UTC, with the product's macros; it spills to a scratch folder."""
    con = open_database()
    begin_session(con, store)
    return con


def open_database() -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with the product's macros."""
    con = new_database(memory_limit(), spill_folder())
    product.define(con)
    return con


def begin_session(con: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Set what every piece of work relies on, and let it read the store."""
    set_defaults(con)
    store.register(con)


def memory_limit() -> str:
    """How much memory a DuckDB may take."""
    return os.environ.get("DATASYNC_MEMORY", "1GB")


def spill_folder() -> str:
    """Where a DuckDB puts what does not fit into its memory."""
    return str(process_folder() / "spill")


def write_json(store: Store, path: str, content: object, *, new: bool = False) -> bool:
    """Write ``content`` as JSON under ``path``: replacing, or (``new``) only if nothing is there. True if written."""
    with scratch() as folder:
        file = folder / "content.json"
        text = json.dumps(mask_all(content), ensure_ascii=False, indent=1, sort_keys=True)
        file.write_text(text, encoding="utf-8")
        if new:
            return store.create(path, file)
        store.replace(path, file)
        return True


def read_json(store: Store, path: str) -> dict[str, Any] | None:
    """The JSON object under ``path``, or None where there is none. Raises FileDamaged for anything else."""
    try:
        content = json.loads(store.read(path))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise FileDamaged(path, "is no whole JSON file") from error
    if not isinstance(content, dict):
        raise FileDamaged(path, "holds no JSON object")
    return content


def read_as(store: Store, path: str, parse: Callable[[dict[str, Any]], T]) -> T | None:
    """What ``parse`` makes of the JSON object under ``path``; FileDamaged where it can make nothing of it."""
    content = read_json(store, path)
    try:
        return None if content is None else parse(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FileDamaged(path, "is not what its name says") from error
