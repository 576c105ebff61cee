"""Gzip read strictly: what was written comes out, and whatever is not whole says why."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasync.errors import UnreadableFile
from datasync.sources.files.growth import Growth
from datasync.sources.files.gunzip import gunzip

LINES = b"".join(
    b'{"sku":"%d","name":"%s"}\n' % (n, zlib.crc32(b"%d" % n).to_bytes(4).hex().encode()) for n in range(90_000)
)
WHOLE = gzip.compress(LINES)


def reason(content: bytes) -> str:
    with pytest.raises(UnreadableFile) as failed:
        gunzip(io.BytesIO(content), "x.gz", len(content)).read()
    assert failed.value.path == "x.gz"
    return failed.value.reason


@given(st.lists(st.binary(max_size=5_000), min_size=1, max_size=5), st.integers(1, 10_000))
def test_streams_come_out_one_after_the_other_however_much_is_read_at_a_time(parts: list[bytes], size: int) -> None:
    content = b"".join(map(gzip.compress, parts))
    reader = gunzip(io.BytesIO(content), "x.gz", len(content))
    assert b"".join(iter(lambda: reader.read(size), b"")) == b"".join(parts)


def test_content_of_several_blocks_comes_out_whole() -> None:
    assert len(WHOLE) > 1 << 18
    assert gunzip(io.BytesIO(WHOLE), "x.gz", len(WHOLE)).read() == LINES


@pytest.mark.parametrize("length", [2, 9, 30, len(WHOLE) // 2, len(WHOLE) - 8, len(WHOLE) - 1])
def test_a_file_that_was_cut_says_so(length: int) -> None:
    assert reason(WHOLE[:length]) == "it ends in the middle of its gzip stream: it was cut off"


@pytest.mark.parametrize("zeros", [1, 2, 512, 1 << 19])
def test_zeros_behind_the_end_are_damage(zeros: int) -> None:
    assert reason(WHOLE + bytes(zeros)).startswith("zero bytes follow its gzip stream")


def test_anything_else_behind_the_end_is_damage() -> None:
    assert reason(WHOLE + b"<html>").startswith("something else follows its gzip stream")


def test_a_bit_that_flipped_is_damage() -> None:
    middle = len(WHOLE) // 2
    assert reason(WHOLE[:middle] + bytes([WHOLE[middle] ^ 4]) + WHOLE[middle + 1 :]).startswith(
        "its gzip stream is damaged"
    )


@pytest.mark.parametrize("content", [b"", b"sku,name\n", b"\x1f", bytes(100)])
def test_what_is_no_gzip_says_so(content: bytes) -> None:
    assert reason(content) == "its name ends in .gz, and its content is not gzip"


def test_a_file_that_swells_without_an_end_is_refused_before_it_has() -> None:
    block = gzip.compress(bytes(64 << 20), 9)
    content = block * 40  # 2.6 MB that would be 2.7 GB
    reader, size = gunzip(io.BytesIO(content), "x.gz", len(content)), 0
    with pytest.raises(UnreadableFile, match=r"x\.gz cannot be read: it has .* grows over 200-fold and over 1 GB"):
        while piece := reader.read(1 << 20):
            size += len(piece)
    assert size <= 1 << 30


def test_what_is_dense_or_small_may_grow() -> None:
    Growth("x.gz", 1_000).add(1 << 30)
    Growth("x.gz", 20_000_000).add(200 * 20_000_000)
    with pytest.raises(UnreadableFile):
        Growth("x.gz", 20_000_000).add(200 * 20_000_000 + 1)
