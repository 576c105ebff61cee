"""A scope's products as data files that a page opened from a disk loads one by one, as it needs them.

Every file is a packed shard (see pack.py) under a key ``<version>/<scope>/<kind><number>``:

    head       what the page reads first: segments, facets, and for each service the kinds of its documents
    row        documents, as tables show them (rows.py)
    payload    versions, some of them in a file: their hashes and the JSON that services received
    order      order lists of the base (orders.py); ``histogram`` their counts, ``overlay`` recent entries
    sku        from a SKU to its documents (skus.py)
    gram       the search index, ``router`` the list of its grams (index.py)
    code       what a service says of every document, CODES of them in a file; ``facet`` their facets, COLUMN in a file
    place      COLUMN of the recent documents: how many of the base's stand before each in the order of a search
    dead       numbers of base documents that are no more

A base segment and a recent one have files of their own (see base.py); the kinds of the recent one begin with ``new``.

A recent segment of up to SCAN_MAX documents has no index: its rows are loaded when a reader is about to search.

A scope of up to LOAD_WHOLE_MAX documents has rows and payloads alone: its rows are loaded all at once. At that size
this is as fast as an index, and every column can be sorted.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from datasync.errors import TooManyForOneFile
from datasync.report.facts.page_data import ScopeProducts
from datasync.report.format import index, orders, rows, skus
from datasync.report.format.base import Base
from datasync.report.format.binary import Numbers, header, numbers, planes, texts, varints
from datasync.report.format.documents import STATES, Documents, Segment, documents

LOAD_WHOLE_MAX = 25_000
COLUMN, CODES = 65_536, 262_144  # codes are mostly the same, and so pack ten times as well
ENTRIES = 4096  # of an order list, in a shard
LISTS = 100_000  # shards that one order list, LISTS // 100 that one column may have: their numbers follow each other
SCAN_MAX, _SCAN_ROWS = 8192, 1024  # documents of a recent segment that has no index, and how many rows its files have
RECENT_SMALL_MAX, BASE_SMALL_MAX = (
    8000,
    4_000_000,
)  # documents of a segment; files of a larger one are four times as large
_PAYLOADS = 128
_BATCH = 32_768  # documents a worker takes at once, or four times as many: a multiple of every shard's size
_ESCAPES = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029"))

Put = Callable[[str, int, bytes], None]  # takes a shard's kind, its number, and its bytes
T = TypeVar("T")
R = TypeVar("R")


def json_text(value: object) -> str:
    """JSON that may stand in a script element and in a script: nothing in it ends either."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign, escape in _ESCAPES:  # many times faster than str.translate where most letters are no Latin ones
        text = text.replace(sign, escape)
    return text


@dataclass(frozen=True, slots=True)
class Written:
    """A scope whose files are written: how many versions it has, and the version whose folder has its base."""

    versions: int
    base: str


@dataclass(frozen=True, slots=True)
class Limits:
    """From what size on a scope is written in another way: up to ``whole`` versions and records it gets no index, and
    neither does a recent segment of up to ``scanned`` documents. ``versions``: the most that may be written at all.
    """

    whole: int = LOAD_WHOLE_MAX
    scanned: int = SCAN_MAX
    versions: int | None = None


LIMITS = Limits()


def write(
    products: ScopeProducts,
    put: Put,
    version: str,
    limits: Limits = LIMITS,
    *,
    base: Base | None = None,
    save: Path | None = None,
) -> Written:
    """Hand every shard of a scope to ``put``, from several threads, except those of the ``base`` that stands.

    A new base is saved in the folder ``save``. Raises TooManyForOneFile where there are more versions than may be.
    """
    with documents(products, base) as laid_out, ThreadPoolExecutor(_workers()) as pool:
        versions = laid_out.version_count()
        if limits.versions is not None and versions > limits.versions:
            raise TooManyForOneFile(limits.versions)
        is_whole, stands = laid_out.size <= limits.whole, base if laid_out.is_kept else None
        if stands and stands.is_whole and not is_whole:  # too large now to be loaded whole, and its base has no index
            return write(products, put, version, limits, save=save)
        scope = _Scope(laid_out, put, pool, version, is_whole, limits.scanned, stands)
        head = scope.write()
        put("head", 0, json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode())
        if save and stands is None:
            laid_out.save(save / "base.parquet")
            scope.as_base(save, head).save()
        return Written(versions, head["segments"][0]["version"])


@dataclass(frozen=True, slots=True)
class _Scope:
    """One scope in the writing."""

    documents: Documents
    put: Put
    pool: ThreadPoolExecutor
    version: str
    is_whole: bool
    scanned: int
    base: Base | None

    def write(self) -> dict[str, Any]:
        """Write the files; returns the page's head."""
        documents = self.documents
        base = self.base.segment if self.base else self._segment(documents.base, "")
        segments = [base, self._segment(documents.recent, "new")] if documents.recent.size else [base]
        head = {"states": STATES, "services": documents.services, "facets": documents.facets, "segments": segments}
        if len(documents.dead):
            self.put("dead", 0, header(len(documents.dead)) + varints(np.diff(documents.dead, prepend=0))[0].tobytes())
        return head | {"dead": len(documents.dead), "whole": self.is_whole, **({} if self.is_whole else self._orders())}

    def as_base(self, folder: Path, head: dict[str, Any]) -> Base:
        """The base with all that a later publish needs to add to it."""
        kinds = tuple(tuple(zip(service["codes"], service["facets"], strict=True)) for service in head.get("kinds", ()))
        documents = self.documents
        return Base(folder, documents.services, documents.facets, kinds, head["segments"][0], self.is_whole)

    def _segment(self, segment: Segment, prefix: str) -> dict[str, Any]:
        many = segment.size > (RECENT_SMALL_MAX if prefix else BASE_SMALL_MAX)
        coarse = 4 if many else 1
        is_scanned = bool(prefix) and not self.is_whole and segment.size <= self.scanned
        writer = _Writer(
            segment,
            len(self.documents.services),
            lambda kind, number, data: self.put(prefix + kind, number, data),
            self.pool,
            # A search shows most recent documents; a scanned segment is loaded whole.
            _SCAN_ROWS if is_scanned else rows.in_shard(segment, 4 if prefix else coarse),
            _PAYLOADS * coarse,
            coarse,
        )
        writer.payloads()
        if self.is_whole:
            writer.rows()
        else:
            writer.searchable(with_index=not is_scanned)
        sizes = {"rows": writer.in_row, "payloads": writer.in_payload, "buckets": skus.buckets(segment.size)}
        return {"version": self.version, "prefix": prefix, "size": segment.size, "scanned": is_scanned, **sizes}

    def _orders(self) -> dict[str, Any]:
        documents, facets = self.documents, self.documents.column("facet")
        known = self.base.kinds if self.base else [()] * len(documents.services)
        kinds = [
            orders.kinds(documents.column(f"code_{n}"), facets, documents.dead, known[n])
            for n in range(len(documents.services))
        ]
        in_order = orders.by_sku(documents)
        if documents.recent.size:
            places = _column(orders.before(documents, in_order), 4)
            _each(self.pool, lambda file: self.put("newplace", *file), enumerate(places))
        for number, order in enumerate(orders.orders(documents, kinds, in_order)):
            self.put("histogram", number, order.histogram(ENTRIES))
            if documents.recent.size:
                self.put("overlay", number, order.overlay())
            if self.base is None:
                _each(
                    self.pool,
                    lambda file: self.put("order", *file),
                    enumerate(order.shards(ENTRIES), number * LISTS),
                )
        shape = {"sorts": orders.SORTS, "entries": ENTRIES, "column": COLUMN, "codes": CODES, "lists": LISTS}
        return {"version": self.version, "kinds": [service_kinds.plain() for service_kinds in kinds], **shape}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns of some documents, held in memory until all documents are read."""

    hashes: Numbers
    codes: list[Numbers]
    facets: Numbers


@dataclass(frozen=True, slots=True)
class _Writer:
    """One segment in the writing."""

    segment: Segment
    services: int
    put: Put
    pool: ThreadPoolExecutor
    in_row: int
    in_payload: int
    coarse: int

    def payloads(self) -> None:
        at_once = 2048 if self.segment.payload_column == "version" else self._at_once()
        _each(
            self.pool,
            lambda first: self._payloads(first, at_once),
            range(0, self.segment.payload_count(), at_once),
        )

    def _payloads(self, first: int, at_once: int) -> None:
        text, starts = texts(self.segment.payloads(first, at_once)["line"])
        for begin in range(0, len(starts) - 1, self.in_payload):
            end = min(begin + self.in_payload, len(starts) - 1)
            self.put("payload", (first + begin) // self.in_payload, text[starts[begin] : starts[end]].tobytes())

    def _at_once(self) -> int:
        return _BATCH * (
            4 if self.segment.size > BASE_SMALL_MAX else 1
        )  # few batches, because the index has a table of them

    def _batches(self) -> range:
        return range(0, self.segment.size, self._at_once())

    def rows(self) -> None:
        _each(self.pool, self._rows, self._batches())

    def _rows(self, first: int) -> Any:
        wanted = f"{rows.columns(self.segment, self.services)}, sku, searched"
        part = self.segment.part(wanted, first, self._at_once())
        for number, shard in enumerate(rows.shards(part, self.services, self.in_row), first // self.in_row):
            self.put("row", number, shard)
        return part

    def searchable(self, *, with_index: bool) -> None:
        """Rows, and the files to look them up without loading all of them (their texts by an index)."""
        postings = index.Postings(index.PART * (4 if self.segment.size > BASE_SMALL_MAX else 1)) if with_index else None
        all_columns: list[_Columns] = []
        for batch, columns in _in_order(self.pool, lambda first: self._batch(first, with_index), self._batches()):
            if postings and batch:
                postings.add(batch)
            all_columns.append(columns)
        if postings:
            built_index = postings.finish(index.SHARD * self.coarse)
            self.put("router", 0, built_index.router())
            _each(
                self.pool, lambda number: self.put("gram", number, built_index.shard(number)), range(len(built_index))
            )
        if all_columns:
            self._columns(all_columns)

    def _batch(self, first: int, with_index: bool) -> tuple[index.Occurrences | None, _Columns]:
        part = self._rows(first)
        codes = [numbers(part[f"code_{n}"]) for n in range(self.services)]
        occurrences = index.occurrences(part["searched"], first) if with_index else None
        return occurrences, _Columns(skus.hashes(*texts(part["sku"])), codes, numbers(part["facet"]))

    def _columns(self, all_columns: list[_Columns]) -> None:
        self._numbered("sku", skus.table(np.concatenate([columns.hashes for columns in all_columns])))
        self._numbered("facet", _column(np.concatenate([columns.facets for columns in all_columns])))
        for service in range(self.services):
            code = np.concatenate([columns.codes[service] for columns in all_columns])
            self._numbered("code", _codes(code), service * LISTS // 100)

    def _numbered(self, kind: str, files: Iterable[bytes], first: int = 0) -> None:
        _each(self.pool, lambda file: self.put(kind, *file), enumerate(files, first))


def _each(pool: ThreadPoolExecutor, do: Callable[[T], object], items: Iterable[T]) -> None:
    for _ in _in_order(pool, do, items):
        pass


def _column(values: Numbers, width: int = 2) -> Iterator[bytes]:
    return (planes(values[first : first + COLUMN], width) for first in range(0, len(values), COLUMN))


def _codes(values: Numbers) -> Iterator[bytes]:
    """Documents and the code that most of them have (4 bytes each), how many have another one (4 bytes), the steps from
    one of these to the next (varints), and their codes (2 planes).
    """
    for first in range(0, len(values), CODES):
        part = values[first : first + CODES]
        usual = int(np.bincount(part).argmax())
        others = np.flatnonzero(part != usual)
        steps, _ = varints(np.diff(others, prepend=0))
        yield header(len(part), usual, len(others)) + steps.tobytes() + planes(part[others], 2)


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
