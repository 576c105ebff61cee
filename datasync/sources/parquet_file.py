"""A Parquet file's footer: whether there is one, and how many rows it promises."""

from __future__ import annotations

import io

from datasync.errors import UnreadableFile
from datasync.sources.locations import File, Location

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_TAIL = 8  # the footer's length and the magic, behind the footer


def count_rows(location: Location, file: File) -> int:
    """How many rows the footer tells of; UnreadableFile where the file does not end in a whole one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.is_gzip:
        raise UnreadableFile(file.name, "it is gzip around Parquet, which compresses by itself: unpack it")
    with location.raw(file) as content:
        start = content.read(len(_MAGIC))
        content.seek(max(0, file.size - _TAIL))
        tail = content.read()
        _refuse_what_is_not_whole(start, tail[-len(_MAGIC) :], file.name)
        content.seek(max(0, file.size - _TAIL - int.from_bytes(tail[:4], "little")))
        footer = content.read()
    try:
        return int(pq.read_metadata(io.BytesIO(_MAGIC + footer)).num_rows)
    except (pa.ArrowException, OSError):
        raise UnreadableFile(file.name, "its footer is damaged") from None


def _refuse_what_is_not_whole(start: bytes, end: bytes, name: str) -> None:
    if _ENCRYPTED in (start, end):
        raise UnreadableFile(name, "it is encrypted, and is not read without its key")
    if start != _MAGIC:
        raise UnreadableFile(name, "it is no Parquet file: its content is of another kind")
    if end == bytes(len(_MAGIC)):
        raise UnreadableFile(name, "zero bytes stand where its footer ends: it was damaged, or not written to its end")
    if end != _MAGIC:
        raise UnreadableFile(name, "its footer is missing: it was cut off, or is not written yet")
