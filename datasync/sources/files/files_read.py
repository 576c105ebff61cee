"""Which files of a scope were read: the watermark of files that each hold changes, so that each is read once.

A file is known by its name, its size and its stamp: S3's ETag, or when it was last written. One that was written anew
with the same content, as a copy or a touch does, is told by its hash and not read again. Files that are gone are
forgotten, so that the ledger stays as small as the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from datasync.sources.files.file_listing import File, Location

_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a file was when it was read; ``content`` is its hash, where its stamp does not tell content by itself."""

    size: int
    stamp: str
    content: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The files that were read before, by name."""

    entries: Mapping[str, _Entry] = field(default_factory=dict)

    @classmethod
    def read(cls, watermark: str | None) -> Ledger:
        """The ledger that a watermark holds; an empty one where it holds none."""
        try:
            listed = json.loads(watermark or "{}").get("files", ())
            return cls({name: _Entry(*entry) for name, *entry in listed})
        except (ValueError, TypeError, AttributeError):
            return cls()

    def has(self, location: Location, file: File) -> bool:
        """Whether a file was read as it is now."""
        known = self.entries.get(file.name)
        if known is None or known.size != file.size or file.unreadable:
            return False
        return known.stamp == _stamp(file) or bool(known.content and known.content == _content(location, file))

    def after(self, location: Location, files: Collection[File]) -> str:
        """The watermark once these files, and of those before the ones that are still among them, were read."""
        listed = [[file.name, *self._entry(location, file)] for file in sorted(files, key=lambda entry: entry.name)]
        return json.dumps({"files": listed}, ensure_ascii=False)

    def _entry(self, location: Location, file: File) -> tuple[int, str, str]:
        known = self.entries.get(file.name)
        is_same = known is not None and (known.size, known.stamp) == (file.size, _stamp(file))
        content = known.content if known and is_same else "" if file.etag else _content(location, file)
        return file.size, _stamp(file), content


def _stamp(file: File) -> str:
    return file.etag or file.modified.isoformat()


def _content(location: Location, file: File) -> str:
    """A hash of the file's bytes; none where it cannot be read, so that it counts as another one."""
    try:
        with location.raw(file) as content:
            digest = hashlib.md5(usedforsecurity=False)
            while block := content.read(_BLOCK):
                digest.update(block)
            return digest.hexdigest()
    except OSError:
        return ""
