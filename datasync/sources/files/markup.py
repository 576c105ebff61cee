"""The XML inside an office file, walked as it streams by: nothing of it is kept but what a handler takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol
from xml.parsers.expat import ParserCreate

_BLOCK = 1 << 16
_MOST = 1 << 21  # elements of a document that is kept


class Content(Protocol):
    """Bytes that are read from beginning to end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; none at the end."""


class Handler(Protocol):
    """Takes what comes by. Names are without the prefix of the document's own kind, if its writer uses one."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Text of the element that began last; it may come in pieces."""


class Entities(Exception):
    """The XML declares a document type, which office files never do: entities in it can grow without end."""


def walk(content: Content, handler: Handler) -> Iterator[None]:
    """Hand all of a document to ``handler``, block by block; pauses after each, so that what was taken can be used."""
    parser = ParserCreate()
    parser.buffer_text = True

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        prefix, colon, _ = name.rpartition(":")
        start, end, own = handler.start, handler.end, prefix + colon
        if own:
            parser.StartElementHandler = lambda name, attributes: start(name.removeprefix(own), attributes)
            parser.EndElementHandler = lambda name: end(name.removeprefix(own))
        else:
            parser.StartElementHandler, parser.EndElementHandler = start, end
        start(name.removeprefix(own), attributes)

    parser.StartElementHandler = begin
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_entities
    while block := content.read(_BLOCK):
        parser.Parse(block, False)
        yield
    parser.Parse(b"", True)
    yield


def _refuse_entities(*declared: object) -> None:
    raise Entities


def collect(content: Content, take: Callable[[str, Mapping[str, str]], None]) -> None:
    """Hand every element's name and attributes to ``take``; ValueError for more of them than a workbook can need."""
    for _ in walk(content, _Elements(take)):
        pass


class _Elements:
    """A handler of a document that holds no text."""

    def __init__(self, take: Callable[[str, Mapping[str, str]], None]) -> None:
        self._take, self._left = take, _MOST

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """One element more."""
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many elements")
        self._take(tag, attributes)

    def end(self, tag: str) -> None:
        """Nothing waits for it."""

    def text(self, text: str) -> None:
        """There is none that counts."""
