"""How far a compressed file may grow: one made to fill a disk is refused by name, before it has."""

from __future__ import annotations

from dataclasses import dataclass

from datasync.errors import UnreadableFile

TIMES = 200
LEAST = 1 << 30  # whatever stays below that may grow as it likes


@dataclass(slots=True)
class Growth:
    """Counts what comes out of a file of ``size`` bytes; UnreadableFile over 200 times that and over 1 GB."""

    name: str
    size: int
    grown: int = 0

    def add(self, length: int) -> None:
        """Count some bytes more."""
        self.grown += length
        if self.grown > LEAST and self.grown > TIMES * self.size:
            problem = f"it has {self.size:,} bytes and grows over {TIMES}-fold and over 1 GB when it is decompressed"
            raise UnreadableFile(self.name, f"{problem}, which no export does")
