"""A store on S3, through s3fs; imported only where the settings name one, because s3fs is an extra of the package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import s3fs
from botocore.exceptions import BotoCoreError

from datasync.errors import InvalidSettings, StoreUnavailable
from datasync.secrets import code_of, log_foreign, mask_log, register_mapping
from datasync.store.seal import seal

# Entries, checkpoints and snapshots: created once, never written again.
_IMMUTABLE = re.compile(
    r"/(catalog|receipts)/.+/(checkpoint-)?[0-9]{8}[.]parquet|/snapshots/scope=[^/]+/[^/]+[.]parquet"
)


_BLOCK = 1024 * 1024


class _Remembers(s3fs.S3FileSystem):  # type: ignore[misc]  # s3fs ships no types
    """S3 that asks once for the size and time of a file that cannot change: DuckDB asks at every use of a view."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._known: dict[str, dict[str, Any]] = {}

    async def _info(self, path: str, *args: Any, **options: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        if name in self._known:
            return self._known[name]
        info: dict[str, Any] = await super()._info(path, *args, **options)
        if _IMMUTABLE.search(name):
            self._known[name] = info
        return info

    def forget(self, path: str) -> None:
        """Ask again for a file that is being removed."""
        self._known.pop(self._strip_protocol(path), None)


class Bucket:
    """A store under a prefix on S3; creation is S3's own conditional put."""

    def __init__(self, root: str, options: Mapping[str, Any]) -> None:
        self.root = root.rstrip("/")
        register_mapping(options)
        self._fs = _Remembers(**options, use_listings_cache=False, skip_instance_cache=True)

    def url(self, path: str) -> str:
        return f"{self.root}/{path}"

    def now(self) -> datetime:
        bucket, prefix, _ = self._fs.split_path(self.root)
        with self._reached(self.root):
            answer = self._fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)

    def listing(self, folder: str) -> dict[str, datetime]:
        entries = self._ls(folder)
        return {_last(f["name"]): f["LastModified"].astimezone(UTC) for f in entries if f["type"] == "file"}

    def folders(self, folder: str) -> list[str]:
        return sorted(_last(f["name"]) for f in self._ls(folder) if f["type"] == "directory")

    def create(self, path: str, file: Path) -> bool:
        seal(file)
        try:
            with self._reached(path):
                self._fs.put_file(str(file), self.url(path), mode="create")
        except FileExistsError:
            return False
        except FileNotFoundError as error:
            raise self._no_bucket(error) from None
        return True

    def replace(self, path: str, file: Path) -> None:
        seal(file)
        try:
            with self._reached(path):
                self._fs.forget(self.url(path))
                self._fs.put_file(str(file), self.url(path))
        except FileNotFoundError as error:
            raise self._no_bucket(error) from None

    def read(self, path: str) -> bytes:
        with self._reached(path):
            return bytes(self._fs.cat_file(self.url(path)))

    @contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        with (
            self._reached(path),
            self._fs.open(self.url(path), "rb", cache_type="readahead", block_size=_BLOCK) as file,
        ):
            yield file

    def move(self, path: str, to: str) -> None:
        with self._reached(path):
            self._fs.copy(self.url(path), self.url(to))
        self.remove(path)

    def remove(self, path: str) -> None:
        with suppress(FileNotFoundError), self._reached(path):
            self._fs.forget(self.url(path))
            self._fs.rm_file(self.url(path))

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        con.register_filesystem(self._fs)

    def _ls(self, folder: str) -> list[dict[str, Any]]:
        try:
            with self._reached(folder):
                return list(self._fs.ls(self.url(folder), detail=True, refresh=True))
        except FileNotFoundError:
            return []

    def _no_bucket(self, error: FileNotFoundError) -> InvalidSettings:
        log_foreign(self.root, error)
        problem = f"{mask_log(self.root)!r} cannot be written to: there is no such bucket ({code_of(error)})."
        return InvalidSettings("store", problem, "Make the bucket, or name one that is there.")

    @contextmanager
    def _reached(self, path: str) -> Iterator[None]:
        """Tell a store that does not answer from a file that is there, or is not."""
        try:
            yield
        except (FileExistsError, FileNotFoundError):
            raise
        except (OSError, BotoCoreError) as error:
            log_foreign(self.url(path), error)
            fix = "Is the store there, and may it be used?"
            raise StoreUnavailable(f"{mask_log(self.url(path))} cannot be reached ({code_of(error)}). {fix}") from None


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]
