"""Records that no reader gets right: they are cut out before reading, and quarantined with what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from datasync.relation import Relation
from datasync.sources.files.csv_tally import Extent
from datasync.sql import literal, quote
from datasync.store.scratch import ScratchFolder

if TYPE_CHECKING:
    import pyarrow as pa

MEGABYTE = 1 << 20
CUT_OUTS = "cut-outs.parquet"
TEXT = 1 << 20  # bytes of a record's text; more would be of no use to whoever looks at it
_EXCERPT = 1000
_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class CutOut:
    """One record: its file and first line, why it is cut out, its text, and those of its fields that could be read."""

    place: str
    line: int
    sentence: str
    text: str
    fields: Mapping[str, str]


class CutOuts:
    """Writes cut-out records to a file, a chunk at a time."""

    def __init__(self, folder: ScratchFolder) -> None:
        self.path = folder.path / CUT_OUTS
        self.count = 0
        self._waiting: list[CutOut] = []
        self._writer: pa.parquet.ParquetWriter | None = None

    def add(self, record: CutOut) -> None:
        """Take one more."""
        self.count += 1
        self._waiting.append(record)
        if len(self._waiting) >= _CHUNK:
            self._write()

    def close(self) -> None:
        """Write what is left."""
        self._write()
        if self._writer:
            self._writer.close()

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        texts = ("_place", "_unreadable", "_text")
        kinds = {**dict.fromkeys(texts, pa.string()), "_line": pa.int64(), "_fields": pa.map_(pa.string(), pa.string())}
        columns = {
            "_place": [cut_out.place for cut_out in self._waiting],
            "_unreadable": [cut_out.sentence for cut_out in self._waiting],
            "_text": [cut_out.text for cut_out in self._waiting],
            "_line": [cut_out.line for cut_out in self._waiting],
            "_fields": [list(cut_out.fields.items()) for cut_out in self._waiting],
        }
        schema = pa.schema(kinds)
        self._writer = self._writer or pq.ParquetWriter(self.path, schema)
        self._writer.write_table(pa.table(columns, schema))
        self._waiting.clear()


class FieldReader(Protocol):
    """Takes a damaged record's bytes as they come."""

    def take(self, data: bytes, *, is_last: bool = False) -> None:
        """Read on."""

    def fields(self) -> Mapping[str, str]:
        """The fields that could be read, once all bytes were taken."""


class Aside:
    """Takes the bytes of damaged records, one after the other, and writes each when it is whole.

    ``reader`` makes the reader of a record's fields and ``sentence`` says why it is cut out, by its number.
    """

    def __init__(
        self,
        records: CutOuts,
        place: str,
        extents: Sequence[Extent],
        reader: Callable[[int], FieldReader],
        sentence: Callable[[int], str],
    ) -> None:
        self._records, self._place, self._extents = records, place, extents
        self._reader, self._sentence = reader, sentence
        self._head, self._length = bytearray(), 0
        self._fields: FieldReader | None = None

    def take(self, number: int, data: bytes) -> None:
        """Some more bytes of a record."""
        extent, self._fields = self._extents[number], self._fields or self._reader(number)
        self._head += data[: max(0, TEXT - len(self._head))]
        self._length += len(data)
        is_last = self._length == extent.end - extent.start
        self._fields.take(data, is_last=is_last)
        if is_last:
            text = _excerpt(bytes(self._head), self._length)
            self._records.add(CutOut(self._place, extent.line, self._sentence(number), text, self._fields.fields()))
            self._head, self._length, self._fields = bytearray(), 0, None


def select_cut_outs(paths: Sequence[Path], fields: Collection[str]) -> Relation:
    """One row per cut-out record of some files: the named fields as text, NULL for one that is not known, and
    ``_place``, ``_line``, ``_unreadable`` and ``_text``.
    """
    named = "".join(f"{_field(field)} AS {quote(field)}, " for field in fields)
    listed = ", ".join(literal(str(path)) for path in paths)
    columns = f"{named}_place, _line, _unreadable, false AS _blank, NULL::VARCHAR AS _spoilt, _text"
    return Relation(f"SELECT {columns} FROM read_parquet([{listed}])")


def _field(name: str) -> str:
    """A field by its name, or else by the name that differs in case alone."""
    alike = f"list_filter(map_entries(_fields), lambda entry: lower(entry.key) = {literal(name.lower())})[1].value"
    return f"coalesce(_fields[{literal(name)}], {alike})"


def _excerpt(head: bytes, size: int) -> str:
    """A record's text from its beginning and its whole size; of one that is too long the first words and a note."""
    if size <= TEXT:
        return head.decode(errors="replace").rstrip("\r\n")
    return f"{head[:_EXCERPT].decode(errors='replace')} … ({size:,} bytes; the rest is left out)"


def why_too_long(extent: Extent, longest: int) -> str:
    """What is said of a record over the limit."""
    size, most = extent.end - extent.start, longest // MEGABYTE
    return f"the record has {size:,} bytes, and max_record_mb of its source lets {most:,} MB pass"
