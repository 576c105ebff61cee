"""Order lists: the documents of one service, newest first, by name, or by SKU; and how any page of any list is found.

A page asks for "rows 975 to 999 of what is missing here, of type bundle, by name". No list of that is stored. Each
entry of an order list carries its **kind** (its code and facet as one number), and the list's **histogram** says how
many entries of each kind every shard has. So the page adds up what matches, shard by shard, knows the exact total,
and loads only the shards in which the rows asked for stand.

    order shard       entries (4 bytes), steps between the numbers of documents (zigzag varints), kinds (2 planes)
    overlay           recent entries (4 bytes), how many entries of the list stand before each (varints, steps), their
                      documents (4 planes), kinds (2 planes); they are read into the shards as if they stood there
    histogram         shards, kinds (4 bytes each), then the counts: one row of planes (3) for each kind
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasync.report.format.binary import Numbers, header, planes, varints, zigzag
from datasync.report.format.documents import RECORD, Documents

SORTS = ("updated", "name", "sku")
_NAME = "strip_accents(lower(name)) NULLS LAST"  # for sorting alone: a search never strips what strip_accents does

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Order:
    """One order list, entry by entry: the base's, and beside it the recent documents with how many of the base's
    entries stand before each. ``is_alive`` says which of the base's entries still count.
    """

    service: int
    sort: str
    docs: Longs
    kinds: Longs
    is_alive: NDArray[np.bool_]
    recent: Longs
    recent_kinds: Longs
    ranks: Longs
    count: int

    def shards(self, size: int) -> Iterator[bytes]:
        """The base's list in shards of ``size`` entries."""
        for first in range(0, max(1, len(self.docs)), size):
            docs, kinds = self.docs[first : first + size], self.kinds[first : first + size]
            steps, _ = varints(zigzag(np.diff(docs, prepend=0)))
            yield b"".join((header(len(docs)), steps.tobytes(), planes(kinds, 2)))

    def histogram(self, size: int) -> bytes:
        """How many entries of each kind each shard has, recent ones in the shard they belong into."""
        shards = max(1, -(-len(self.docs) // size))
        alive = np.flatnonzero(self.is_alive)
        places = np.concatenate((alive // size, np.minimum(self.ranks // size, shards - 1)))
        cells = places + np.concatenate((self.kinds[alive], self.recent_kinds)) * shards
        counts = np.bincount(cells, minlength=shards * self.count)
        return header(shards, self.count) + planes(counts, 3)

    def overlay(self) -> bytes:
        """The recent entries."""
        ranks, _ = varints(np.diff(self.ranks, prepend=0))
        return b"".join(
            (header(len(self.recent)), ranks.tobytes(), planes(self.recent, 4), planes(self.recent_kinds, 2))
        )


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of one service: ``codes`` and ``facets`` by kind, how many are of each, and the kind of every document.

    A document that the service does not list has the kind -1.
    """

    codes: NDArray[Any]
    facets: NDArray[Any]
    counts: Longs
    of: Longs

    def plain(self) -> dict[str, list[int]]:
        """As the page's head has them."""
        return {name: getattr(self, name).tolist() for name in ("codes", "facets", "counts")}

    def pairs(self) -> tuple[tuple[int, int], ...]:
        """As a base stores them."""
        return tuple(zip(self.codes.tolist(), self.facets.tolist(), strict=True))


def kinds(code: Numbers, facet: Numbers, dead: Numbers, known: Sequence[tuple[int, int]] = ()) -> Kinds:
    """The kinds of one service's documents; those that are ``known`` keep their numbers, ``dead`` are not counted."""
    both = np.where(code > 0, code.astype(np.int64) << 32 | facet, -1)
    before = np.array([code << 32 | facet for code, facet in known], np.int64)
    numbers = np.concatenate((before, np.setdiff1d(both[both >= 0], before)))
    order = np.argsort(numbers)
    of = np.where(both < 0, -1, order[np.searchsorted(numbers, both, sorter=order).clip(max=max(0, len(numbers) - 1))])
    alive = of.copy()
    alive[dead] = -1
    counts = np.bincount(alive[alive >= 0], minlength=len(numbers))
    return Kinds(numbers >> 32, numbers & 0xFFFFFFFF, counts, of)


def by_sku(documents: Documents) -> Numbers:
    """The numbers of all documents in the order of their SKUs."""
    return documents.ordered("sku", "sku")


def before(documents: Documents, in_order: Numbers) -> Longs:
    """How many of the base's documents stand before each recent one in the order of a search: by day, then by SKU.

    Both the base and the recent documents are in that order already; ``in_order`` are all documents by SKU.
    """
    days, every = documents.days(), np.arange(documents.size)
    of_day = np.empty_like(every)
    of_day[in_order] = every
    of_day = np.where(days == RECORD, every, of_day)  # records are in the order of their codes
    keys = (days.max(initial=0) - days) * documents.size + of_day
    places: Longs = np.searchsorted(keys[: documents.base.size], keys[documents.base.size :])
    return places


def orders(documents: Documents, service_kinds: Sequence[Kinds], in_order: Numbers) -> Iterator[Order]:
    """Every order list of a scope, each service's ``SORTS`` one after the other, given the documents by SKU."""
    by_text = {"name": documents.ordered(f"{_NAME}, name, sku", "name, sku"), "sku": in_order}
    is_dead = np.zeros(documents.size, np.bool_)
    is_dead[documents.dead] = True
    for service, kinds_of_service in enumerate(service_kinds):
        times = f"received_{service}, told_{service}"
        by_time = documents.ordered(f"coalesce({times}) DESC NULLS LAST", times)
        for sort in SORTS:
            docs = by_text.get(sort, by_time)
            listed = docs[kinds_of_service.of[docs] >= 0]
            is_base = listed < documents.base.size
            old, new = listed[is_base], listed[~is_base]
            ranks = np.cumsum(is_base, dtype=np.int64)[~is_base]
            yield Order(
                service,
                sort,
                old,
                kinds_of_service.of[old],
                ~is_dead[old],
                new,
                kinds_of_service.of[new],
                ranks,
                count=len(kinds_of_service.codes),
            )
