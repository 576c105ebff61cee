"""The files by which a page finds products, read back: postings, order lists, SKU tables, and numbers in bytes."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasync.report.format import binary, index, orders, skus
from datasync.report.format.fold import fold

Found = dict[int, list[tuple[int, int, bytes]]]


class Reading:
    """Bytes, read as the page reads them."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def number(self) -> int:
        self.at += 4
        return int.from_bytes(self.data[self.at - 4 : self.at], "little")

    def planes(self, count: int, width: int) -> list[int]:
        part = np.frombuffer(self.data, np.uint8, count * width, self.at).reshape(width, count)
        self.at += count * width
        return [int(sum(int(byte) << 8 * i for i, byte in enumerate(column))) for column in part.T]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value


def naive(texts: list[str]) -> Found:
    """Every gram of folded texts and where it stands, by looking at each byte."""
    found: Found = defaultdict(list)
    for doc, text in enumerate(texts):
        raw = b"\n" + fold(text).encode()
        for at in range(1, len(raw) - 2):
            one, two, three = raw[at : at + 3]
            if min(one, two, three) > 32:
                found[one << 16 | two << 8 | three].append((doc, at, following(raw, at + 3)))
        for at in range(1, len(raw) - 1):
            begins = not apart(raw[at]) and apart(raw[at - 1])
            if begins:
                found[1 << 16 | 32 << 8 | raw[at]].append((doc, at - 1, bytes(4)))
            if begins and raw[at + 1] > 32:
                found[32 << 16 | raw[at] << 8 | raw[at + 1]].append((doc, at - 1, following(raw, at + 2)))
    return {gram: sorted(places) for gram, places in found.items()}


def following(raw: bytes, at: int) -> bytes:
    """Four bytes, none of them from a blank on; the line break ends a text."""
    return (
        (raw[at : at + 4] + bytes(4))
        .translate(bytes(32 * b" " + bytes(range(32, 256))))
        .split(b" ")[0][:4]
        .ljust(4, b"\0")
    )


def apart(byte: int) -> bool:
    return byte < 128 and not chr(byte).isalnum()


def read(made: index.Index) -> Found:
    """All postings, by way of the router."""
    shards = [list(parts(Reading(made.shard(number)))) for number in range(len(made))]
    router = Reading(made.router())
    grams, count, bases = router.number(), router.number(), router.number()
    steps, _ = router.planes(grams, 3), router.planes(grams, 1)
    many = [router.varint() for _ in range(grams)]
    cuts = router.planes(count, 4)
    assert cuts == [sum(map(len, shards[:i])) for i in range(count)]
    before = [router.varint() for _ in range(bases)]
    return dict(decoded(list(np.cumsum(steps)), many, [part for shard in shards for part in shard], before))


def parts(shard: Reading) -> Iterator[list[tuple[int, int, bytes]]]:
    """The parts of a shard, documents counted from the last one before the part."""
    number = shard.number()
    sizes, counts = shard.planes(number, 4), shard.planes(number, 4)
    begin, steps = shard.at, [shard.varint() for _ in range(sum(counts))]
    assert shard.at == begin + sum(sizes)
    places, after = shard.planes(sum(counts), 2), shard.planes(sum(counts), 4)
    assert shard.at == len(shard.data)
    for i, count in enumerate(counts):
        first = sum(counts[:i])
        part = slice(first, first + count)
        docs = np.cumsum(steps[part]).tolist()
        yield [
            (doc, place, four.to_bytes(4, "little"))
            for doc, place, four in zip(docs, places[part], after[part], strict=True)
        ]


def decoded(
    grams: list[int], many: list[int], parts: list[list[tuple[int, int, bytes]]], bases: list[int]
) -> Iterator[tuple[int, list[tuple[int, int, bytes]]]]:
    for gram, count in zip(grams, many, strict=True):
        found = []
        for number in range(count):
            base = bases.pop(0) if number else 0
            found += [(base + doc, place, after) for doc, place, after in parts.pop(0)]
        yield int(gram), found


def texts() -> list[str]:
    rng = random.Random(3)
    words = ["wool", "Wool-Shoe", "crème", "靴", "がっこう", "шерсть", "เสื้อ", "a", "6-pack", "(xl)", "T-Shirt", "the"]
    return [f"{' '.join(rng.choices(words, k=rng.randint(0, 6)))}\nSKU-{n}\n" for n in range(700)]


@pytest.mark.parametrize(("batch", "part", "shard"), [(700, 8192, 24_000), (64, 100, 500), (1, 1, 1)])
def test_the_index_has_every_gram_wherever_it_stands(batch: int, part: int, shard: int) -> None:
    given = texts()
    postings = index.Postings(part)
    for first in range(0, len(given), batch):
        postings.add(index.occurrences(pa.chunked_array([given[first : first + batch]]), first))
    made = postings.finish(shard)
    assert read(made) == naive(given)
    if part == 100:
        assert len(made) > 20


def test_an_index_of_nothing_finds_nothing() -> None:
    made = index.Postings().finish()
    assert (len(made), made.router()) == (0, binary.header(0, 0, 0))


@given(st.lists(st.integers(0, 2**32 - 1)))
@settings(max_examples=200, deadline=None)
def test_numbers_survive_their_bytes(numbers: list[int]) -> None:
    data, starts = binary.varints(np.array(numbers, np.int64))
    reading = Reading(data.tobytes())
    assert [reading.varint() for _ in numbers] == numbers
    assert [*starts] == [len(binary.varints(np.array(numbers[:i], np.int64))[0]) for i in range(len(numbers) + 1)]
    assert Reading(binary.planes(np.array(numbers, np.int64), 4)).planes(len(numbers), 4) == numbers


def test_kinds_that_are_known_keep_their_numbers_and_the_dead_are_not_counted() -> None:
    code, facet = np.array([5, 0, 5, 9, 5]), np.array([1, 1, 2, 1, 1])
    found = orders.kinds(code, facet, np.array([4]), known=((9, 1), (7, 7)))
    assert found.pairs()[:2] == ((9, 1), (7, 7))
    assert [found.pairs()[kind] if kind >= 0 else None for kind in found.of] == [(5, 1), None, (5, 2), (9, 1), (5, 1)]
    assert dict(zip(found.pairs(), found.counts.tolist(), strict=True)) == {(9, 1): 1, (7, 7): 0, (5, 1): 1, (5, 2): 1}


def test_a_sku_stands_in_the_bucket_of_its_hash() -> None:
    found = skus.hashes(*binary.texts(pa.chunked_array([[f"S-{n}" for n in range(9000)]])))
    count = skus.buckets(9000)
    entries = {}
    for bucket, data in enumerate(skus.table(found)):
        reading = Reading(data)
        size = reading.number()
        for hash_, doc in zip(reading.planes(size, 4), reading.planes(size, 4), strict=True):
            assert hash_ % count == bucket
            entries[doc] = hash_
    assert count == 4
    assert [entries[doc] for doc in range(9000)] == found.tolist()
