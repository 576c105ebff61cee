"""Order lists: the documents of one service, newest first, by name, or by SKU; and how any page of any list is found.

A page asks for "rows 975 to 999 of what is missing here, of type bundle, by name". No list of that is stored. Each
entry of an order list carries its **kind** (its code and facet as one number), and the list's **histogram** says how
many entries of each kind every shard has. So the page adds up what matches, shard by shard, knows the exact total,
and loads only the shards in which the rows asked for stand.

    order shard       entries (4 bytes), steps between the numbers of documents (zigzag varints), kinds (2 planes)
    histogram         shards, kinds (4 bytes each), then the counts: one row of planes (3) for each kind
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasync.report.binary import header, numbers, planes, varints, zigzag
from datasync.report.documents import Documents

SORTS = ("updated", "name", "sku")
_NAME = "strip_accents(lower(name)) NULLS LAST"  # for sorting alone: a search never strips what strip_accents does
_TIME = "coalesce(received_{n}, told_{n}) DESC NULLS LAST"


@dataclass(frozen=True, slots=True)
class Order:
    """One order list: its documents and their kinds, entry by entry."""

    service: int
    sort: str
    docs: NDArray[np.int64]
    kinds: NDArray[np.int64]
    count: int

    def shards(self, size: int) -> Iterator[bytes]:
        """The list in shards of ``size`` entries."""
        for first in range(0, len(self.docs), size):
            docs, kinds = self.docs[first : first + size], self.kinds[first : first + size]
            steps, _ = varints(zigzag(np.diff(docs, prepend=0)))
            yield b"".join((header(len(docs)), steps.tobytes(), planes(kinds, 2)))

    def histogram(self, size: int) -> bytes:
        """How many entries of each kind each shard has."""
        shards = -(-len(self.docs) // size)
        cells = np.arange(len(self.docs)) // size + self.kinds * shards
        counts = np.bincount(cells, minlength=shards * self.count)
        return header(shards, self.count) + planes(counts, 3)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of one service: ``codes`` and ``facets`` by kind, how many are of each, and the kind of every document.

    A document that the service does not list has the kind -1.
    """

    codes: NDArray[Any]
    facets: NDArray[Any]
    counts: NDArray[np.int64]
    of: NDArray[np.int64]

    def plain(self) -> dict[str, list[int]]:
        """As the page's head has them."""
        return {name: getattr(self, name).tolist() for name in ("codes", "facets", "counts")}


def kinds(code: NDArray[Any], facet: NDArray[Any]) -> Kinds:
    """The kinds of one service's documents."""
    listed = np.flatnonzero(code)
    both = code[listed].astype(np.int64) << 32 | facet[listed]
    found, which, counts = np.unique(both, return_inverse=True, return_counts=True)
    of = np.full(len(code), -1, np.int64)
    of[listed] = which
    return Kinds(found >> 32, found & 0xFFFFFFFF, counts, of)


def orders(documents: Documents, found: list[Kinds]) -> Iterator[Order]:
    """Every order list of a scope, each service's ``SORTS`` one after the other."""
    by_text = {
        sort: numbers(documents.ordered(key)["doc"]) for sort, key in (("name", f"{_NAME}, name, sku"), ("sku", "sku"))
    }
    for service, mine in enumerate(found):
        by_time = numbers(documents.ordered(_TIME.format(n=service))["doc"])
        for sort in SORTS:
            docs = by_text.get(sort, by_time)
            listed = docs[mine.of[docs] >= 0]
            yield Order(service, sort, listed, mine.of[listed], len(mine.codes))
