"""Row shards: documents as the page's tables show them, a power of two of them in each file.

numbers   documents in the shard, bytes of text (4 bytes each), then per service the newest time in the shard
          (milliseconds, 8 bytes)
text      lines: name, SKU, and each service's words; a backslash and a line break are escaped, ``\\-`` is no name
planes    facet (2 bytes), place of the payload (4), and per service code (2), received (6), told (6); a time is
          how long it lies before the shard's newest one, plus 1; 0 is none
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datasync.relation import select
from datasync.report.format.binary import header, numbers, stack, texts
from datasync.report.format.documents import Segment

BYTES = 10_000  # of a shard, before it is packed
TIME = 6  # bytes
FIXED = 24  # bytes of a row beside its text, after deflate has packed the planes


def in_shard(of: Segment, coarse: int) -> int:
    """How many rows a shard has, so that its size stays near BYTES (``coarse`` times): fewer where texts are long."""
    mean = select("SELECT coalesce(avg(strlen(line)), 0) AS bytes FROM docs", docs=of.rows()).row(of.con)
    fitting = BYTES * coarse / (float(mean["bytes"]) + FIXED)
    return int(2 ** min(8, max(4, np.floor(np.log2(fitting)))))


def columns(of: Segment, services: int) -> str:
    """The columns of documents that ``shards`` reads."""
    service_columns = [f"code_{n}, {_time(f'received_{n}')}, {_time(f'told_{n}')}" for n in range(services)]
    return ", ".join(("line", "facet", f"{of.payload_column} AS place", *service_columns))


def shards(part: pa.Table, services: int, size: int) -> list[bytes]:
    """The shards of some documents that begin with a shard's first."""
    text, starts = texts(part["line"])
    first = np.arange(0, part.num_rows, size)
    service_planes = [_ServicePlanes(part, n, first) for n in range(services)]
    stacked = np.concatenate(
        [
            stack(numbers(part["facet"]), 2),
            stack(numbers(part["place"]), 4),
            *(service.stacked for service in service_planes),
        ]
    )
    newest = np.array([service.newest for service in service_planes], "<f8").reshape(len(service_planes), len(first)).T
    packed = []
    for number, begin in enumerate(first):
        end = min(begin + size, part.num_rows)
        lines = text[starts[begin] : starts[end]].tobytes()
        planes = stacked[:, begin:end].tobytes()
        packed.append(header(end - begin, len(lines)) + newest[number].tobytes() + lines + planes)
    return packed


class _ServicePlanes:
    """What one service says of some documents: ``newest`` by shard, and the planes of all."""

    def __init__(self, part: pa.Table, number: int, first: NDArray[np.int64]) -> None:
        times = [numbers(part[f"{name}_{number}"]) for name in ("received", "told")]
        self.newest = np.maximum.reduceat(np.maximum(*times), first) if len(first) else first
        since = np.repeat(self.newest, np.diff(np.append(first, part.num_rows)))
        before = [np.where(column < 0, 0, since - column + 1) for column in times]
        self.stacked = np.concatenate(
            [stack(numbers(part[f"code_{number}"]), 2), *(stack(column, TIME) for column in before)]
        )


def _time(column: str) -> str:
    """Milliseconds; none is -1."""
    return f"coalesce({column}, -1)::BIGINT AS {column}"
