"""A store that is read and never written: what a dry run would write goes to a folder that is thrown away.

The same code runs against it as against the real store. It sees its own writes and removals; nobody else does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import duckdb

from datasync.store.files import Folder, Store
from datasync.store.scratch import scratch


class DryRun:
    """``real`` as it would be: writes go to the store ``aside``, removals are only remembered, reads fall through."""

    def __init__(self, real: Store, aside: Store) -> None:
        self.root, self._real, self._aside = real.root, real, aside
        self._removed: set[str] = set()

    def url(self, path: str) -> str:
        return self._aside.url(path) if self._is_in(self._aside, path) else self._real.url(path)

    def now(self) -> datetime:
        return self._aside.now()

    def listing(self, folder: str) -> dict[str, datetime]:
        both = {**self._real.listing(folder), **self._aside.listing(folder)}
        return {name: at for name, at in both.items() if f"{folder}/{name}" not in self._removed}

    def folders(self, folder: str) -> list[str]:
        return sorted({*self._real.folders(folder), *self._aside.folders(folder)})

    def create(self, path: str, file: Path) -> bool:
        if self._is_in(self, path):
            return False
        self._removed.discard(path)
        return self._aside.create(path, file)

    def replace(self, path: str, file: Path) -> None:
        self._removed.discard(path)
        self._aside.replace(path, file)

    def read(self, path: str) -> bytes:
        if path in self._removed:
            raise FileNotFoundError(path)
        try:
            return self._aside.read(path)
        except FileNotFoundError:
            return self._real.read(path)

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        if path in self._removed:
            raise FileNotFoundError(path)
        return (self._aside if self._is_in(self._aside, path) else self._real).open(path)

    def move(self, path: str, to: str) -> None:
        with scratch() as folder:
            file = folder / "moved"
            file.write_bytes(self.read(path))
            self.create(to, file)
        self.remove(path)

    def remove(self, path: str) -> None:
        self._aside.remove(path)
        self._removed.add(path)

    def register(self, con: duckdb.DuckDBPyConnection) -> None:
        self._real.register(con)

    @staticmethod
    def _is_in(store: Store, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        return name in store.listing(folder)


@contextmanager
def dry_run(real: Store) -> Iterator[Store]:
    """The store as it would be after what is done inside; afterwards all of that is gone."""
    with scratch() as folder:
        yield DryRun(real, Folder(str(folder)))
