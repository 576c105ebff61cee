"""The published base segment of a scope, and what a publish has to know to add to it.

A publish after few changes writes few files: the **base** stays as it is, in the folder of the version that wrote it,
and what changed since stands in a **recent** segment, written anew each time. Of base documents that changed only the
numbers are written, as dead. When recent grows beyond its limit a new base is written.

Beside the shards of a base lie ``base.parquet``, its documents (to see what changed), and ``base.json``, the numbers
that its files use for facets and kinds (they go on to mean the same) and the sizes of its shards.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FORMAT = 3  # of the shards; a base of another format is not added to

Facet = tuple[str | None, list[str] | None, str | None, str | None]  # type, visibility, stock; or a reason alone


def limit(size: int) -> int:
    """How many of ``size`` documents may be recent, also in the first publish."""
    return min(max(4000, size // 25), size // 4)


@dataclass(frozen=True, slots=True)
class Base:
    """A published base: ``segment`` is what the page's head says of it."""

    folder: Path
    services: tuple[str, ...]
    facets: tuple[Facet, ...]
    kinds: tuple[tuple[tuple[int, int], ...], ...]
    segment: dict[str, Any]
    is_whole: bool

    @property
    def documents(self) -> Path:
        """Its documents, as Parquet in the order of their numbers."""
        return self.folder / "base.parquet"

    def save(self) -> None:
        """Write ``base.json``."""
        fields = {name: value for name, value in asdict(self).items() if name != "folder"}
        text = json.dumps({"format": FORMAT, **fields}, ensure_ascii=False)
        (self.folder / "base.json").write_text(text, encoding="utf-8")


def read(folder: Path) -> Base | None:
    """The base whose files lie in ``folder``; None if there is none, or none of this format."""
    try:
        fields = json.loads((folder / "base.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if fields.pop("format") != FORMAT or not (folder / "base.parquet").exists():
        return None
    facets = tuple((type_, places, stock, reason) for type_, places, stock, reason in fields["facets"])
    kinds = tuple(tuple((code, facet) for code, facet in pairs) for pairs in fields["kinds"])
    return Base(folder, tuple(fields["services"]), facets, kinds, fields["segment"], fields["is_whole"])
