"""Where a page is published: a folder, or any place fsspec writes to. Old versions stay while somebody may read.

    index.html               replaced last, in one step: until then the old page stands, and its data with it
    status.json              the figures, for machines
    data/<version>/          one publish's products; `published.json` in it says that they are whole

A version goes when it is neither the page, nor among the newest few, nor was replaced less than a day ago; its folder
stays while a version that stays builds on it (see base.py).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from datasync.store.scratch import scratch

STAYS = timedelta(hours=24)
MARK = "published.json"
READ_AGAIN = ("base.json", "base.parquet")
_VERSION = re.compile(r"(\d{8}T\d{6})Z-[0-9a-f]{8}")


def new_version(at: datetime, last: str | None = None) -> str:
    """A name for what is published at ``at``: it is unique, and sorts after that of the ``last`` version
    even if the clocks of the two publishers differ.
    """
    if last:
        at = max(at, time_of(last) + timedelta(seconds=1))
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def time_of(version: str) -> datetime:
    """When a version was made, as its name says; ValueError for a name that is none."""
    match = _VERSION.fullmatch(version)
    if not match:
        raise ValueError(f"{version!r} is no version of a page; a version is like 20261129T120000Z-0123abcd.")
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


class Site:
    """The folder of one page, local or remote."""

    def __init__(self, root: str | os.PathLike[str], options: Mapping[str, Any]) -> None:
        self._fs, self.root = fsspec.core.url_to_fs(os.fspath(root), **options)

    def path(self, name: str) -> str:
        """Where ``name`` stands, as fsspec names it."""
        return f"{self.root}/{name}"

    def address(self, name: str) -> str:
        """Where ``name`` stands, as a person would write it down."""
        local = isinstance(self._fs, LocalFileSystem)
        return self.path(name) if local else str(self._fs.unstrip_protocol(self.path(name)))

    @contextmanager
    def writing(self, version: str) -> Iterator[Path]:
        """A folder for the data files of a version; nothing refers to them yet. On a disk it is their last place."""
        if isinstance(self._fs, LocalFileSystem):
            folder = Path(self.path(f"data/{version}"))
            folder.mkdir(parents=True)
            yield folder
            return
        with scratch() as folder:
            written = folder / version
            written.mkdir()
            yield written
            self._fs.makedirs(self.path("data"), exist_ok=True)
            self._fs.put(f"{written}/", self.path(f"data/{version}"), recursive=True)

    def replace(self, file: Path, name: str) -> None:
        """Put one file in place in one step: a reader sees the old one or the new one, never a part."""
        if not isinstance(self._fs, LocalFileSystem):
            self._fs.put_file(str(file), self.path(name))
            return
        beside = self.path(f".{uuid.uuid4().hex}.{Path(name).name}")
        try:
            shutil.copyfile(file, beside)
            os.replace(beside, self.path(name))
        finally:
            Path(beside).unlink(missing_ok=True)

    def mark(self, version: str, at: datetime, positions: Mapping[str, int], bases: Mapping[str, str]) -> None:
        """Note beside a version's data that they are complete, up to which entries of the logs they go, and which
        versions' folders hold the bases of its scopes. The page that refers to them is written after this.
        """
        published_at = at.astimezone(UTC).isoformat()
        note = json.dumps({"published_at": published_at, "positions": dict(positions), "bases": dict(bases)})
        self._fs.pipe_file(self.path(f"data/{version}/{MARK}"), note.encode())

    def published_at(self, version: str) -> datetime:
        """When a version was marked as whole, by the clock of the place."""
        written: datetime = self._fs.modified(self.path(f"data/{version}/{MARK}"))
        return written.astimezone(UTC)

    def bases(self, version: str) -> dict[str, str]:
        """The versions whose folders hold the bases of a version's scopes, by scope."""
        versions: dict[str, str] = self._note(version).get("bases", {})
        return versions

    def positions(self, version: str) -> dict[str, int]:
        """Up to which entries a version goes, by log; nothing where its note is gone, or of an older kind."""
        positions: dict[str, int] = self._note(version).get("positions", {})
        return positions

    def _note(self, version: str) -> dict[str, Any]:
        try:
            note: dict[str, Any] = json.loads(self._fs.cat_file(self.path(f"data/{version}/{MARK}")))
        except FileNotFoundError:
            return {}
        return note

    def newest(self) -> str | None:
        """The last version that was published whole."""
        if not self._fs.exists(self.path("data")):
            return None
        return max((name for name, was_shown in self._versions().items() if was_shown), default=None)

    def fetch(self, version: str, scope: str, folder: Path) -> Path:
        """A local folder with what a publish reads again of a scope: the very folder on a disk, else ``folder``."""
        where = self.path(f"data/{version}/{scope}")
        if isinstance(self._fs, LocalFileSystem):
            return Path(where)
        for file in READ_AGAIN:
            if self._fs.exists(f"{where}/{file}"):
                self._fs.get_file(f"{where}/{file}", str(folder / file))
        return folder

    def drop(self, version: str) -> None:
        """Remove a version's data."""
        if self._fs.exists(self.path(f"data/{version}")):
            self._fs.rm(self.path(f"data/{version}"), recursive=True)

    def tidy(self, page: str, now: datetime, keep: int) -> list[str]:
        """Drop versions that nobody can still be reading, and the data of failed publishes; returns what it dropped."""
        self._fs.invalidate_cache()
        versions = self._versions()
        old = outdated(versions, page, now, keep, self._time_of(versions, now))
        needed = {base for name in versions if name not in old for base in self.bases(name).values()}
        gone = [name for name in old if name not in needed]
        for version in gone:
            self.drop(version)
        return gone

    def _time_of(self, versions: Mapping[str, bool], now: datetime) -> Callable[[str], datetime]:
        """When a version was made: its name says it, unless the clock behind the name was ahead; then its mark does."""

        def made_at(version: str) -> datetime:
            named = time_of(version)
            if named <= now or not versions[version]:
                return named
            return min(named, self.published_at(version))

        return made_at

    def _versions(self) -> dict[str, bool]:
        """Every version there is, and whether it ever was the page (or may have been: its data were complete)."""
        names = [str(path).rstrip("/").rsplit("/", 1)[-1] for path in self._fs.ls(self.path("data"), detail=False)]
        return {
            name: self._fs.exists(self.path(f"data/{name}/{MARK}"))
            for name in sorted(names)
            if _VERSION.fullmatch(name)
        }


def outdated(
    versions: Mapping[str, bool], page: str, now: datetime, keep: int, made_at: Callable[[str], datetime] = time_of
) -> list[str]:
    """Which of ``versions`` (by name: whether it ever was the page) may go; ``page`` is the one that is shown now.

    ``made_at`` says when each was made.
    """
    published = sorted((name for name, was_shown in versions.items() if was_shown or name == page), reverse=True)
    replaced = {old: made_at(new) for new, old in pairwise(published)}
    gone = [name for name in published[keep:] if name != page and replaced[name] <= now - STAYS]
    left_over = [name for name in versions if name not in published and made_at(name) <= now - STAYS]
    return sorted([*gone, *left_over])
