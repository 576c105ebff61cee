"""The search index: for every three bytes that stand next to each other in a name or a SKU, where they stand.

To find "wool" in a million names without reading them, a search looks up two stored lists: where "woo" stands,
and where "ool" stands. A name has "wool" in it exactly if an "ool" stands one place to the right of a "woo". Such
three bytes are a **gram**, an **occurrence** is (document, place), and a gram's occurrences in ascending order are its
**postings**. An occurrence also tells the four bytes that follow, as far as the word goes: so "wool" needs the list of
"woo" alone, where an "l" follows, and a longer word one list for every seven of its bytes. Because places are kept,
matches are exact: no row has to be read to be sure, and they can be counted before any row is loaded.
The index has bytes, not letters: then Chinese, Thai and English are one case, because a letter of most scripts has two
or three bytes.

Short words match the beginnings of words, so beginnings have grams of their own: (blank, first, second byte) and
(1, blank, first byte). Their place is the one before the word. Grams with a blank inside are left out: no word that
is searched for holds one.

Postings are cut into **parts**, so that a search for something frequent loads the beginning only. Parts are packed into
shards in the order of their grams; the **router** lists all grams, how frequent each one is, and where its parts are.

    index shard   parts (4 bytes); of each part how many bytes of steps and how many occurrences (4 planes each); then
                  of all occurrences the steps from the document before (varints; 0 in the same one), the places (2
                  planes), the bytes that follow (4 planes)
    router        grams, shards, bases (4 bytes each); grams as steps (3 planes), frequency as 8 * log2 (1 plane);
                  parts of each gram (varints); the first part of each shard (4 planes);
                  bases: the last document of the part before, for every part but the first of a gram (varints)
"""

from __future__ import annotations

import mmap
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from datasync.report.format.binary import Bytes, Numbers, header, planes, texts, varints
from datasync.report.format.fold import fold

PART = 4096  # occurrences in a part, about
_FORGET = 500  # shards after which memory is let go
SHARD = 14_000  # bytes in a shard, about, before they are packed
_PLACES = 16  # bits of a place: what stands behind the first 65,535 bytes of a text is not found
_GRAMS = 40  # bits of an occurrence: place, and the number of the document
_BLANK, _BEGINS = 32, 1

_signs = np.arange(256, dtype=np.uint8)
_ASCII = np.array([ord(chr(sign).lower()) if 32 < sign < 128 else max(sign, 32) for sign in _signs], np.uint8)
_APART = np.array([sign < 128 and not chr(sign).isalnum() for sign in _signs])  # what can stand before a word


Keys = NDArray[np.uint64]
Longs = NDArray[np.int64]
Words = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every (gram, document, place) of some documents as sorted numbers, and the four bytes that follow each gram."""

    keys: Keys
    following: Words


# ── from texts to occurrences ─────────────────────────────────────────────────────────────────────────────────────────


def occurrences(searched: pa.ChunkedArray, first: int) -> Occurrences:
    """What stands in some documents; ``first`` is the first document's number.

    Texts are "name, line break, SKU, line break". Those of ASCII alone are folded as bytes, the others as text.
    """
    text, starts = texts(searched)
    count = len(starts) - 1
    if not count:
        return Occurrences(np.empty(0, np.uint64), np.empty(0, np.uint32))
    is_foreign = np.bitwise_or.reduceat(text, starts[:-1]) > 127
    foreign = np.repeat(is_foreign, np.diff(starts))
    folded = np.frombuffer(fold(text[foreign].tobytes().decode()).encode(), np.uint8)
    ends = np.flatnonzero(folded == ord("\n"))[1::2] + 1
    whole = np.concatenate((_ASCII[text[~foreign]], folded))
    lengths = np.concatenate((np.diff(starts)[~is_foreign], np.diff(ends, prepend=0)))
    docs = np.concatenate((np.flatnonzero(~is_foreign), np.flatnonzero(is_foreign)))
    keys = _grams(whole, lengths, docs + first)
    keys.sort()
    begins = np.empty(count, np.int64)
    begins[docs] = np.cumsum(lengths) - lengths
    return Occurrences(keys, _following(whole, begins, keys, first))


def _following(text: Bytes, begins: Longs, keys: Keys, first: int) -> Words:
    """The four bytes behind each occurrence's gram as one number: none from a blank on, or behind a first byte alone,
    and any at places that are too large to tell.
    """
    padded = np.concatenate((text, np.zeros(8, np.uint8))).astype(np.uint32)
    words, goes_on = np.zeros(len(padded) - 3, np.uint32), np.ones(len(padded) - 3, np.bool_)
    for behind in range(4):
        byte = padded[behind : len(padded) - 3 + behind]
        goes_on &= byte > _BLANK
        words |= np.where(goes_on, byte, np.uint32(0)) << np.uint32(8 * behind)
    doc = ((keys >> np.uint64(_PLACES)) & np.uint64(0xFFFFFF)).astype(np.int64)
    place = (keys & np.uint64((1 << _PLACES) - 1)).astype(np.int64)
    following: Words = words[begins[doc - first] + place + 2]
    following[: np.searchsorted(keys, np.uint64((_BEGINS + 1) << 16 << _GRAMS))] = 0
    return following


def _grams(text: Bytes, lengths: Longs, docs: Longs) -> Keys:
    """The occurrences in folded texts that stand one after the other, in no order."""
    if len(text) < 3:
        return np.empty(0, np.uint64)
    begin = np.cumsum(lengths) - lengths
    place = np.arange(1, len(text) + 1) - np.repeat(begin, lengths)
    where = (np.repeat(docs, lengths) << _PLACES | np.minimum(place, (1 << _PLACES) - 1)).astype(np.uint64)
    is_ink = text > _BLANK
    inner = np.flatnonzero(is_ink[:-2] & is_ink[1:-1] & is_ink[2:])
    apart = _APART[text]
    starts = np.flatnonzero(~apart & np.concatenate(([True], apart[:-1])))
    pairs = starts[is_ink[starts + 1]]
    return np.concatenate(
        (
            _keys(text[inner], text[inner + 1], text[inner + 2], where[inner]),
            _keys(np.uint8(_BLANK), text[pairs], text[pairs + 1], where[pairs] - np.uint64(1)),
            _keys(np.uint8(_BEGINS), np.uint8(_BLANK), text[starts], where[starts] - np.uint64(1)),
        )
    )


def _keys(first: Bytes | np.uint8, second: Bytes | np.uint8, third: Bytes, where: Keys) -> Keys:
    gram = (
        np.uint64(first) << np.uint64(16) if isinstance(first, np.uint8) else first.astype(np.uint64) << np.uint64(16)
    )
    gram = gram | (np.uint64(second) if isinstance(second, np.uint8) else second.astype(np.uint64)) << np.uint64(8)
    keys: Keys = (gram | third.astype(np.uint64)) << np.uint64(_GRAMS) | where
    return keys


# ── from occurrences to postings ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Encoded postings by gram, piece by piece: where the steps' bytes are, and how many; where the rest of the
    occurrences is, and how many there are; and the last document.
    """

    gram: Numbers
    begin: Longs
    length: Numbers
    first: Longs
    count: Numbers
    last: Numbers


_REST = np.dtype([("place", "<u2"), ("following", "<u4")])


class Postings:
    """Collects the occurrences of one batch of documents after the other; the bytes wait in files, not in memory."""

    def __init__(self, part: int = PART) -> None:
        self._part = part
        self._steps, self._rest = _Waiting(), _Waiting()
        self._before = np.zeros(1 << 24, np.int32)  # by gram: the last document so far
        self._pieces: list[_Pieces] = []

    def add(self, batch: Occurrences) -> None:
        """Take in a batch; its documents follow those of the batch before."""
        keys = batch.keys
        if not len(keys):
            return
        gram = (keys >> np.uint64(_GRAMS)).astype(np.int32)
        doc = ((keys >> np.uint64(_PLACES)) & np.uint64(0xFFFFFF)).astype(np.int32)
        begin = _begins(gram, doc, self._part)
        end = np.append(begin[1:], len(keys))
        steps = np.diff(doc, prepend=np.int32(0))
        is_first = np.diff(gram[begin], prepend=-1) > 0
        steps[begin] = doc[begin] - np.where(is_first, self._before[gram[begin]], doc[begin - 1])
        self._before[gram[end - 1]] = doc[end - 1]
        data, at = varints(steps)
        rest = np.empty(len(keys), _REST)
        rest["place"], rest["following"] = keys & np.uint64((1 << _PLACES) - 1), batch.following
        lengths = (at[end] - at[begin]).astype(np.int32)
        places = self._steps.add(data) + at[begin], self._rest.add(rest) // _REST.itemsize + begin
        counts = (end - begin).astype(np.int32)
        self._pieces.append(_Pieces(gram[begin], places[0], lengths, places[1], counts, doc[end - 1]))

    def finish(self, shard: int = SHARD) -> Index:
        """Put the pieces together, gram by gram."""
        names = _Pieces.__dataclass_fields__
        none = np.empty(0, np.int64)
        columns = {name: np.concatenate([getattr(piece, name) for piece in self._pieces] or [none]) for name in names}
        order = np.argsort(columns["gram"], kind="stable")
        pieces = _Pieces(**{name: values[order] for name, values in columns.items()})
        return Index(pieces, self._steps, self._rest, self._part, shard)


class _Waiting:
    """Bytes that wait in a file."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="datasync-index-")  # noqa: SIM115 - open until it is read
        self._written = 0
        self._mapped: mmap.mmap | None = None

    def add(self, data: Numbers) -> int:
        """Returns where they begin."""
        begin = self._written
        self._written += self._file.write(data.tobytes())
        return begin

    def read(self, kind: Any) -> Numbers:
        """All of them, out of the file as they are needed."""
        self._file.flush()
        if not self._written:
            return np.empty(0, kind)
        self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)
        self._file.close()  # the mapping stays, and the disk gets its space back when it goes
        return np.frombuffer(self._mapped, kind)

    def forget(self) -> None:
        """Let the memory go that reading has filled; what is read again comes out of the file again."""
        if self._mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._mapped.madvise(mmap.MADV_DONTNEED)


def _begins(gram: Numbers, doc: Numbers, part: int) -> Longs:
    """Where pieces begin: at each gram, and within one after ``part`` occurrences, never inside a document."""
    is_gram = np.diff(gram, prepend=-1) > 0
    at = np.arange(len(gram))
    within = at - np.maximum.accumulate(np.where(is_gram, at, 0))
    is_doc = is_gram | (np.diff(doc, prepend=-1) != 0)
    chunk = np.maximum.accumulate(np.where(is_doc, at, 0))
    chunk = within[chunk] // part
    return np.flatnonzero(is_gram | (np.diff(chunk, prepend=0) != 0))


class Index:
    """Finished postings: parts, packed into shards, and the router to them."""

    def __init__(self, pieces: _Pieces, steps: _Waiting, rest: _Waiting, part: int, shard: int) -> None:
        self._pieces, self._waiting = pieces, (steps, rest)
        self._steps, self._rest = steps.read(np.uint8), rest.read(_REST)
        begins_gram = np.diff(pieces.gram, prepend=-1) > 0
        before = np.cumsum(pieces.count, dtype=np.int64) - pieces.count
        within = before - np.maximum.accumulate(np.where(begins_gram, before, 0))
        begins = begins_gram | (np.diff(within // part, prepend=0) != 0)
        self._first = np.flatnonzero(begins)  # piece of each part
        self._is_gram = begins_gram[self._first]
        self._bytes, self._count = (
            np.add.reduceat(of, self._first) if len(self._first) else self._first
            for of in (pieces.length, pieces.count)
        )
        large = self._bytes + 2 * self._count  # about what packing leaves of them
        sizes = np.cumsum(large, dtype=np.int64) - large
        self._cuts = np.flatnonzero(np.diff(sizes // shard, prepend=-1))  # part of each shard

    def __len__(self) -> int:
        return len(self._cuts)

    def shard(self, number: int) -> bytes:
        """One shard of parts; may be called from several threads."""
        if number % _FORGET == 0:
            for waiting in self._waiting:
                waiting.forget()
        cuts = np.append(self._cuts, len(self._first))
        parts = slice(cuts[number], cuts[number + 1])
        pieces = np.append(self._first, len(self._pieces.gram))
        chosen = slice(pieces[parts.start], pieces[parts.stop])
        steps = self._steps[_spread(self._pieces.begin[chosen], self._pieces.length[chosen])]
        rest = self._rest[_spread(self._pieces.first[chosen], self._pieces.count[chosen])]
        return b"".join(
            (
                header(parts.stop - parts.start),
                planes(self._bytes[parts], 4),
                planes(self._count[parts], 4),
                steps.tobytes(),
                planes(rest["place"], 2),
                planes(rest["following"], 4),
            )
        )

    def router(self) -> bytes:
        """What a search reads first."""
        first = self._first[self._is_gram]
        grams = self._pieces.gram[first]
        frequency = np.add.reduceat(self._pieces.count, first) if len(first) else first
        parts = np.diff(np.append(np.flatnonzero(self._is_gram), len(self._first)))
        bases = self._pieces.last[self._first[~self._is_gram] - 1]
        log_frequency = np.minimum(255, np.round(np.log2(np.maximum(1, frequency)) * 8))
        return b"".join(
            (
                header(len(grams), len(self), len(bases)),
                planes(np.diff(grams, prepend=0), 3),
                planes(log_frequency, 1),
                varints(parts)[0].tobytes(),
                planes(self._cuts, 4),
                varints(bases)[0].tobytes(),
            )
        )


def _spread(begins: Longs, lengths: Numbers) -> Longs:
    """The places of stretches, one after the other."""
    ends = np.cumsum(lengths, dtype=np.int64)
    places: Longs = np.arange(lengths.sum()) + np.repeat(begins - (ends - lengths), lengths)
    return places
