"""How numbers are laid out in data files, so that deflate finds something to squeeze and a page reads them fast.

``planes``: the lowest bytes of all numbers, then their second bytes, and so on; what is small is mostly zeros.
``varints``: seven bits a byte, the eighth says that more follow; for numbers that are small nearly always.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Numbers = NDArray[Any]
Bytes = NDArray[np.uint8]


def stack(numbers: Numbers, width: int) -> Bytes:
    """``width`` bytes of each number, a row of the lowest bytes first; a slice of columns is a slice of the numbers."""
    wide = np.ascontiguousarray(numbers.astype("<u8")).view(np.uint8).reshape(-1, 8)
    return np.ascontiguousarray(wide[:, :width].T)


def planes(numbers: Numbers, width: int) -> bytes:
    """``width`` bytes of each number, plane by plane, the lowest first."""
    return stack(numbers, width).tobytes()


def varints(numbers: Numbers) -> tuple[Bytes, NDArray[np.int64]]:
    """The bytes of all numbers (below 2**32), and where each one begins, with the end as the last."""
    numbers = numbers.astype(np.uint32, copy=False)
    large = np.flatnonzero(numbers > 127)  # few, mostly: the others are done with at once
    left = numbers[large] >> 7
    lengths = np.ones(len(numbers), np.uint8)
    lengths[large] += np.uint8(1) + (left > 0x7F) + (left > 0x3FFF) + (left > 0x1FFFFF)
    starts = np.zeros(len(numbers) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    out = np.empty(starts[-1], np.uint8)
    out[starts[:-1]] = numbers & 127
    at = starts[large]
    out[at] |= 128
    while len(left):
        at, more = at + 1, left > 127
        out[at] = (left & 127) | (more.astype(np.uint8) << 7)
        at, left = at[more], left[more] >> 7
    return out, starts


def zigzag(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of either sign as small ones of none: 0, -1, 1, -2 become 0, 1, 2, 3."""
    return (steps << 1) ^ (steps >> 63)


def header(*numbers: int) -> bytes:
    """Numbers of four bytes each."""
    return np.array(numbers, "<u4").tobytes()


def texts(column: pa.ChunkedArray) -> tuple[Bytes, NDArray[np.int64]]:
    """A column of texts without NULLs, as the bytes of all of them and where each one begins, the end as the last."""
    array = column.combine_chunks()
    array = array.cast(pa.large_string()) if isinstance(array, pa.Array) else array.chunk(0).cast(pa.large_string())
    _, offsets, data = array.buffers()
    if not len(array):
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    starts = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    whole = np.frombuffer(data, np.uint8) if data is not None else np.empty(0, np.uint8)
    return whole[starts[0] : starts[-1]], starts - starts[0]


def numbers(column: pa.ChunkedArray) -> Numbers:
    """A column of numbers without NULLs."""
    # Not to_numpy, nor combine_chunks of no chunk: they import pandas, where it is installed.
    if not column.num_chunks:
        return np.empty(0, column.type.to_pandas_dtype())
    values: Numbers = np.from_dlpack(column.combine_chunks())
    return values
