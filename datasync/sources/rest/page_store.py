"""Pages of a network source, kept in the store as they came, so that a pull that was killed goes on after the last.

A page is one file of JSON lines, written whole under a name that must not exist yet. Its last line is no record: it
says how far the pull is and how to go on, so a page and the way to the next are one commit, whoever makes it.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from datasync.errors import FileDamaged, StoreUnavailable
from datasync.sources.rest.page_lines import FURTHER, NUMBER, ending
from datasync.store.files import Store
from datasync.store.scratch import scratch

_ENDING = ".jsonl.gz"

State = Mapping[str, Any]


class Spool:
    """The pages of one scope in one run."""

    def __init__(self, store: Store, scope: str, run: str) -> None:
        self._store, self._folder = store, f"pulls/scope={scope}/{run}"

    def paths(self) -> list[str]:
        """The pages' paths in the store, in their order."""
        names = sorted(name for name in self._store.listing(self._folder) if name.endswith(_ENDING))
        return [f"{self._folder}/{name}" for name in names]

    def last(self) -> State | None:
        """How far the pull got; None where it has no page yet."""
        paths = self.paths()
        return state(self._store, paths[-1]) if paths else None

    def states(self) -> Iterator[State]:
        """How far the pull was after each page, in their order."""
        return (state(self._store, path) for path in self.paths())

    def resume_or_clear(self, fingerprint: str) -> State | None:
        """How far an earlier try of the same wish got; None where there was none. What else is there is taken away:
        pages of another wish, and those of a try that slept until tidy removed the first of them.
        """
        paths = self.paths()
        last = state(self._store, paths[-1]) if paths else None
        if last and last["asked"] == fingerprint and last["page"] == len(paths):
            return last
        self.clear()
        return None

    def whole(self, pages: int) -> list[str]:
        """The paths of all pages of a pull that has come to its end; StoreUnavailable where some are gone."""
        paths = self.paths()
        if len(paths) == pages:
            return paths
        raise StoreUnavailable(f"{self._folder} has {len(paths)} pages of {pages}: some were removed. Pull again.")

    def add(self, number: int, lines: Iterable[bytes], state: State) -> State:
        """Keep page ``number`` (from 1) and return how far the pull is: further, where another worker was faster."""
        path = f"{self._folder}/{number:08}{_ENDING}"
        with scratch() as folder:
            packed = folder / "page"
            with gzip.open(packed, "wb", compresslevel=3) as page:
                page.writelines(lines)
                page.write(ending(state, number))
            if self._store.create(path, packed):
                return state
        return self.last() or state

    def pages(self, count: int) -> Iterator[list[Mapping[str, Any]]]:
        """The records of each of so many pages, in their order."""
        for path in self.whole(count):
            lines = _content(self._store, path).splitlines()
            yield [json.loads(line) for line in lines[:-1]]

    def clear(self) -> None:
        """Take all pages away, the last one first, for whoever finds some of them begins after the last."""
        for path in reversed(self.paths()):
            self._store.remove(path)


def state(store: Store, path: str) -> State:
    """How far the pull was with the page at ``path``, as its last line says. Raises FileDamaged where none does."""
    text = _content(store, path).rstrip(b"\n").rpartition(b"\n")[2]
    try:
        line = json.loads(text)
        further: State = line[FURTHER]
    except (ValueError, KeyError, TypeError):
        raise FileDamaged(path, "does not end as a page does") from None
    mine = int(path.rpartition("/")[2].removesuffix(_ENDING))
    if line.get(NUMBER, mine) != mine:
        raise FileDamaged(path, f"is a copy of page {line[NUMBER]}")
    return further


def _content(store: Store, path: str) -> bytes:
    try:
        return gzip.decompress(store.read(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FileDamaged(path, "is no whole page") from error
