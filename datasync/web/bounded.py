"""How much of an answer is read: a page to its end or not at all, of anything else the beginning."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

LARGEST_BODY = 256 * 1024 * 1024  # bytes of a page, unpacked
_BEGINNING = 100_000  # bytes of an error or a token, packed; packed once, they are 100 MB at most
_CODINGS = ("", "identity", "gzip", "deflate")  # one of them: packed twice, a few bytes unpack to any number


class TooLarge(Exception):
    """A body that no page can have; says in which way."""


class _Beginning(httpx.SyncByteStream):
    """The first bytes of an answer."""

    def __init__(self, whole: httpx.SyncByteStream) -> None:
        self._whole = whole

    def __iter__(self) -> Iterator[bytes]:
        left = _BEGINNING
        for chunk in self._whole:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    def close(self) -> None:
        self._whole.close()


def bound(response: httpx.Response) -> None:
    """Refuse an answer that is packed in a way nobody asked for; read only the beginning of one that is no page.

    For httpx's hook on answers, which sees them before whatever asks for a token reads them whole.
    """
    refuse_packed(response)
    if (not response.is_success or response.request.method != "GET") and isinstance(
        response.stream, httpx.SyncByteStream
    ):
        response.stream = _Beginning(response.stream)


def refuse_packed(response: httpx.Response) -> None:
    """Refuse an answer that is packed in a way nobody asked for."""
    if response.headers.get("content-encoding", "").strip().lower() not in _CODINGS:
        raise TooLarge("is packed in a way that nobody asked for, or twice")


def read_body(response: httpx.Response) -> bytes:
    """A body, read to its end; TooLarge where it is larger than any page can be."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge(f"is over {LARGEST_BODY:,} bytes, unpacked")
    return bytes(body)
