"""Gzip files read strictly: one that was cut off, damaged, padded with zeros or made to swell is an error that says so.

Python's own reader takes zeros behind the last stream for padding; on a disk they are what a crash leaves behind.
"""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, cast

from isal import isal_zlib
from isal.igzip_lib import IsalError

from datasync.errors import UnreadableFile
from datasync.sources.files.growth import Growth

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MAGIC = b"\x1f\x8b"
_BLOCK = 1 << 18
_STEP = 1 << 20  # so much at most comes out of the decompressor at a time


def gunzip(raw: IO[bytes], name: str, size: int) -> IO[bytes]:
    """The content of a gzip file of ``size`` bytes; reading raises UnreadableFile where it is not whole."""
    return cast("IO[bytes]", io.BufferedReader(_Gunzip(raw, name, size), _STEP))


class _Gunzip(io.RawIOBase):
    """One stream after the other, each checked against the length and the checksum at its end."""

    def __init__(self, raw: IO[bytes], name: str, size: int) -> None:
        self._raw, self._name, self._growth = raw, name, Growth(name, size)
        self._input = raw.read(_BLOCK)
        if not self._input.startswith(_MAGIC):
            raise UnreadableFile(name, "its name ends in .gz, and its content is not gzip")
        self._stream = isal_zlib.decompressobj(31)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        content = self._next(min(len(room), _STEP))
        room[: len(content)] = content
        return len(content)

    def _next(self, most: int) -> bytes:
        """The next bytes of content; none at the end of the last stream."""
        content = b""
        while not content:
            if self._stream.eof and not self._starts_anew():
                return b""
            self._input = self._input or self._more()
            try:
                content = self._stream.decompress(self._input, most)
            except IsalError:  # type: ignore[misc]  # its stub says it is any class
                raise UnreadableFile(self._name, _DAMAGED) from None
            self._input = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        self._growth.add(len(content))
        return content

    def _more(self) -> bytes:
        block = self._raw.read(_BLOCK)
        if not block:
            raise UnreadableFile(self._name, "it ends in the middle of its gzip stream: it was cut off")
        return block

    def _starts_anew(self) -> bool:
        """Whether another stream follows the one that has ended."""
        while len(self._input) < len(_MAGIC) and (block := self._raw.read(_BLOCK)):
            self._input += block
        if not self._input:
            return False
        if not self._input.startswith(_MAGIC):
            what = "zero bytes follow" if not self._input.strip(b"\0") else "something else follows"
            raise UnreadableFile(self._name, f"{what} its gzip stream: it was damaged, or not written to its end")
        self._stream = isal_zlib.decompressobj(31)
        return True


_DAMAGED = "its gzip stream is damaged: what comes out does not match its checksum"
