"""From a SKU to its documents: a table of hashes, cut into buckets.

    bucket    entries (4 bytes), their hashes in ascending order (4 planes), the numbers of their documents (4 planes)

The page hashes a SKU, loads the bucket that the lowest bits of the hash name, and compares the SKU itself with the
rows that bear the hash.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datasync.report.format.binary import Bytes, header, planes

ENTRIES = 4096  # of a bucket, about
_BASIS, _PRIME = np.uint32(2166136261), np.uint32(16777619)


def buckets(size: int) -> int:
    """How many buckets ``size`` documents need, a power of two."""
    return 1 << max(0, int(size // ENTRIES).bit_length())


def hashes(text: Bytes, starts: NDArray[np.int64]) -> NDArray[np.uint32]:
    """FNV-1a, 32 bits, of every SKU: the first bytes of all of them, then the second ones, and so on."""
    values = np.full(len(starts) - 1, _BASIS, np.uint32)
    lengths = np.diff(starts)
    left = np.arange(len(values))
    for place in range(int(lengths.max(initial=0))):
        left = left[lengths[left] > place]
        values[left] = (values[left] ^ text[starts[left] + place]) * _PRIME
    return values


def table(values: NDArray[np.uint32]) -> Iterator[bytes]:
    """The buckets of all documents; ``values`` are the hashes of their SKUs, by number."""
    mask = np.uint32(buckets(len(values)) - 1)
    order = np.lexsort((values, values & mask))
    cuts = np.searchsorted((values & mask)[order], np.arange(int(mask) + 2))
    for bucket in range(int(mask) + 1):
        docs = order[cuts[bucket] : cuts[bucket + 1]]
        yield b"".join((header(len(docs)), planes(values[docs], 4), planes(docs, 4)))
