"""Row shards: documents as the page's tables show them, a power of two of them in each file.

numbers   documents in the shard, bytes of text (4 bytes each), then per service the newest time in the shard
          (milliseconds, 8 bytes)
text      lines: name, SKU, and each service's words; a backslash and a line break are escaped, ``\\-`` is no name
planes    facet (2 bytes), version (4), and per service code (2), received (6), told (6); a time is how long it
          lies before the shard's newest one, plus 1; 0 is none
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from datasync.report.binary import header, numbers, planes, texts
from datasync.report.documents import Documents

BYTES = 10_000  # of a shard, before it is packed
FIXED = 24  # bytes of a row beside its text, after deflate had its way with the planes


def in_shard(of: Documents) -> int:
    """How many rows a shard of this scope has, so that it keeps to its budget: rows with long texts come in fewer."""
    found = of.con.sql("SELECT coalesce(avg(strlen(line)), 0) FROM documents").fetchall()
    fitting = BYTES / (float(found[0][0]) + FIXED)
    return int(2 ** min(8, max(4, np.floor(np.log2(fitting)))))


def columns(of: Documents) -> str:
    """What ``shards`` needs of documents."""
    told = [f"code_{n}, received_{n}, told_{n}" for n in range(len(of.services))]
    return ", ".join(("line", "facet", "version", *told))


def shards(of: Documents, part: pa.Table, size: int) -> list[bytes]:
    """The shards of some documents that begin with a shard's first."""
    text, starts = texts(part["line"])
    facet, version = numbers(part["facet"]), numbers(part["version"])
    told = [_Told(part, n) for n in range(len(of.services))]
    made = []
    for first in range(0, part.num_rows, size):
        rows = slice(first, min(first + size, part.num_rows))
        lines = text[starts[rows.start] : starts[rows.stop]]
        newest = np.array([one.newest(rows) for one in told], "<f8").tobytes()
        made.append(
            b"".join(
                (
                    header(rows.stop - rows.start, len(lines)),
                    newest,
                    lines.tobytes(),
                    planes(facet[rows], 2),
                    planes(version[rows], 4),
                    *(one.planes(rows) for one in told),
                )
            )
        )
    return made


class _Told:
    """What one service says of some documents."""

    def __init__(self, part: pa.Table, number: int) -> None:
        self.code = numbers(part[f"code_{number}"])
        self.received, self.told = (_times(part[f"{name}_{number}"]) for name in ("received", "told"))

    def newest(self, rows: slice) -> int:
        return int(max(self.received[rows].max(), self.told[rows].max(), 0))

    def planes(self, rows: slice) -> bytes:
        newest = self.newest(rows)
        before = (np.where(times < 0, 0, newest - times + 1) for times in (self.received[rows], self.told[rows]))
        return b"".join((planes(self.code[rows], 2), *(planes(one, 6) for one in before)))


def _times(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Milliseconds; none is -1."""
    found: NDArray[Any] = pc.fill_null(column, -1).to_numpy()
    return found.astype(np.int64)
