"""A scope's products as data files that a page opened from a disk loads one by one, as it needs them.

Every file is a packed shard (see pack.py) under a key ``<version>/<scope>/<kind><number>``:

    head       what the page reads first: sizes, facets, and for each service the kinds of its documents
    row        documents, as tables show them (rows.py)
    payload    versions, PAYLOADS in a file: their hashes and the JSON that services received
    order      order lists, ``histogram`` their counts (orders.py)
    sku        from a SKU to its documents (skus.py)
    gram       the search index, ``router`` the way into it (index.py)
    code       what a service says of every document, COLUMN of them in a file; ``facet`` their facets

A scope of up to WHOLE documents has head, rows and payloads alone: its rows are loaded all at once, which is faster
than any index there (20,000 products: 0.9 MB, read and searched in 0.2 s) and sorts by every column.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from datasync.errors import TooManyForOneFile
from datasync.report import index, orders, rows, skus
from datasync.report.binary import Numbers, numbers, planes, texts
from datasync.report.documents import STATES, Documents, documents
from datasync.report.pages import ScopeProducts

WHOLE = 25_000
PAYLOADS = 128
COLUMN = 65_536
ENTRIES = 4096  # of an order list, in a shard
LISTS = 100_000  # shards that one order list, LISTS // 100 that one column may have: their numbers follow each other
_BATCH = 65_536  # documents a worker takes at once: a multiple of every shard's size
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))

Put = Callable[[str, int, bytes], None]  # takes a shard's kind, its number, and its bytes
T = TypeVar("T")
R = TypeVar("R")


def json_text(value: object) -> str:
    """JSON that may stand in a script element and in a script: nothing in it ends either."""
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign, escape in _ESCAPES:  # many times faster than str.translate where most letters are no Latin ones
        made = made.replace(sign, escape)
    return made


def write(products: ScopeProducts, put: Put, *, whole: int = WHOLE, most: int | None = None) -> int:
    """Hand every shard of a scope to ``put``, from several threads; returns how many versions it has.

    Raises TooManyForOneFile where these are more than ``most``.
    """
    with documents(products) as found, ThreadPoolExecutor(_workers()) as pool:
        if most is not None and found.versions > most:
            raise TooManyForOneFile(most)
        writer = _Writer(found, put, pool, rows.in_shard(found))
        head = writer.head() | {"whole": found.size <= whole}
        writer.payloads()
        if head["whole"]:
            writer.rows()
        else:
            head |= writer.searchable()
        put("head", 0, json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode())
        return found.versions


@dataclass(frozen=True, slots=True)
class _Batch:
    """What one worker found in its documents, beside the row shards it wrote."""

    keys: index.Keys
    hashes: Numbers
    codes: list[Numbers]
    facets: Numbers


@dataclass(frozen=True, slots=True)
class _Writer:
    documents: Documents
    put: Put
    pool: ThreadPoolExecutor
    in_row: int

    def head(self) -> dict[str, Any]:
        found = self.documents
        return {
            "size": found.size,
            "versions": found.versions,
            "states": STATES,
            "services": found.services,
            "facets": found.facets,
            "rows": self.in_row,
            "payloads": PAYLOADS,
        }

    def payloads(self) -> None:
        self._each(self._payloads, range(0, self.documents.versions, 16 * PAYLOADS))

    def _payloads(self, first: int) -> None:
        text, starts = texts(self.documents.payloads(first, 16 * PAYLOADS)["line"])
        for begin in range(0, len(starts) - 1, PAYLOADS):
            end = min(begin + PAYLOADS, len(starts) - 1)
            self.put("payload", (first + begin) // PAYLOADS, text[starts[begin] : starts[end]].tobytes())

    def rows(self) -> None:
        self._each(self._rows, range(0, self.documents.size, _BATCH))

    def _rows(self, first: int) -> Any:
        part = self.documents.part(f"{rows.columns(self.documents)}, sku, searched", first, _BATCH)
        for number, shard in enumerate(rows.shards(self.documents, part, self.in_row), first // self.in_row):
            self.put("row", number, shard)
        return part

    def searchable(self) -> dict[str, Any]:
        """Everything that is found without loading all rows; what the head has to say of it."""
        postings, found = index.Postings(), []
        for batch in _in_order(self.pool, self._batch, range(0, self.documents.size, _BATCH)):
            postings.add(batch.keys)
            found.append(batch)
        self._index(postings.finish(index.part_of(self.documents.size)))
        self._numbered("sku", skus.table(np.concatenate([one.hashes for one in found])))
        facets = np.concatenate([one.facets for one in found])
        self._numbered("facet", _column(facets))
        codes = [np.concatenate([one.codes[n] for one in found]) for n in range(len(self.documents.services))]
        for service, code in enumerate(codes):
            self._numbered("code", _column(code), service * LISTS // 100)
        return self._orders([orders.kinds(code, facets) for code in codes])

    def _batch(self, first: int) -> _Batch:
        part = self._rows(first)
        codes = [numbers(part[f"code_{n}"]) for n in range(len(self.documents.services))]
        keys = index.occurrences(part["searched"], first)
        return _Batch(keys, skus.hashes(*texts(part["sku"])), codes, numbers(part["facet"]))

    def _index(self, made: index.Index) -> None:
        self.put("router", 0, made.router())
        self._each(lambda number: self.put("gram", number, made.shard(number)), range(len(made)))

    def _orders(self, kinds: list[orders.Kinds]) -> dict[str, Any]:
        for number, order in enumerate(orders.orders(self.documents, kinds)):
            self.put("histogram", number, order.histogram(ENTRIES))
            self._numbered("order", order.shards(ENTRIES), number * LISTS)
        return {
            "kinds": [one.plain() for one in kinds],
            "sorts": orders.SORTS,
            "entries": ENTRIES,
            "column": COLUMN,
            "lists": LISTS,
            "buckets": skus.buckets(self.documents.size),
        }

    def _numbered(self, kind: str, made: Iterable[bytes], first: int = 0) -> None:
        self._each(lambda one: self.put(kind, first + one[0], one[1]), enumerate(made))

    def _each(self, do: Callable[[T], object], items: Iterable[T]) -> None:
        for _ in _in_order(self.pool, do, items):
            pass


def _column(values: Numbers) -> Iterator[bytes]:
    return (planes(values[first : first + COLUMN], 2) for first in range(0, len(values), COLUMN))


def _in_order(pool: ThreadPoolExecutor, do: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``do`` of each item, in their order; only a few are in memory at a time, however many there are."""
    waiting: deque[Future[R]] = deque()
    for item in items:
        waiting.append(pool.submit(do, item))
        if len(waiting) > _workers():
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _workers() -> int:
    return min(4, os.cpu_count() or 1)
