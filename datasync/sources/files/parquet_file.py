"""A Parquet file as such: whether it is whole, what its footer promises, and a copy of one whose texts are not text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datasync.errors import UnreadableFile
from datasync.secrets import log_foreign
from datasync.sources.files.file_listing import File, Location, stored
from datasync.store.scratch import is_full_disk

if TYPE_CHECKING:
    import pyarrow as pa

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_DIGITS = 38  # of a decimal; DuckDB makes a double of one with more
_BATCH = 8_192
_DAMAGED = "its pages are damaged: they do not hold what its footer promises"
_TAIL = 8  # the footer's length and the magic, behind the footer


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file promises: how many rows, and whether there are decimals of more digits than DuckDB keeps."""

    rows: int
    has_wide_decimals: bool


def read_footer(location: Location, file: File) -> Footer:
    """The footer of a file; UnreadableFile where it does not end in a whole one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.is_gzip:
        raise UnreadableFile(file.name, "it is gzip around Parquet, which compresses by itself: unpack it")
    with stored(location, file) as content:
        start = content.read(len(_MAGIC))
        content.seek(max(0, file.size - _TAIL))
        tail = content.read()
        _refuse_what_is_not_whole(start, tail[-len(_MAGIC) :], file.name)
        content.seek(max(0, file.size - _TAIL - int.from_bytes(tail[:4], "little")))
        footer = content.read()
    try:
        metadata = pq.read_metadata(io.BytesIO(_MAGIC + footer))
        columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
        return Footer(metadata.num_rows, any(column.precision > _DIGITS for column in columns))
    except (pa.ArrowException, OSError) as error:
        log_foreign(file.name, error)
        raise UnreadableFile(file.name, "its footer is damaged") from None


def copy_as_binary(location: Location, file: File, copy: Path) -> None:
    """Write the rows again with every text as binary, and decimals of over 38 digits as text; UnreadableFile where the
    pages themselves are damaged.

    DuckDB reads nothing of a file in which one text is no UTF-8; of binary, one value alone is wrong then. It makes a
    DOUBLE of a decimal that has more digits than its own.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with stored(location, file) as content:
        try:
            rows = pq.ParquetFile(content)
            schema = pa.schema([field.with_type(_binary(field.type)) for field in rows.schema_arrow])
            with pq.ParquetWriter(copy, schema, compression="lz4") as writer:
                for batch in rows.iter_batches(_BATCH):
                    columns = [_in_full(column) for column in batch.columns]
                    writer.write_table(pa.Table.from_arrays(columns, batch.schema.names).cast(schema))
        except (pa.ArrowException, OSError) as error:
            if is_full_disk(error):
                raise
            log_foreign(file.name, error)
            raise UnreadableFile(file.name, _DAMAGED) from None


def _in_full(column: pa.Array) -> pa.Array:
    """Decimals of over 38 digits as text without an exponent, which Arrow writes of small ones; other values as are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_decimal256(column.type):
        return column
    whole_numbers = pa.decimal256(column.type.precision, 0)  # the same bytes without the point
    unscaled = pa.Array.from_buffers(whole_numbers, len(column), column.buffers(), offset=column.offset)
    text, scale = unscaled.cast(pa.string()), column.type.scale
    if not scale:
        return text
    sign = pc.if_else(pc.starts_with(text, "-"), "-", "")
    digits = pc.utf8_lpad(pc.utf8_ltrim(text, "-"), scale + 1, "0")
    before, behind = pc.utf8_slice_codeunits(digits, 0, -scale), pc.utf8_slice_codeunits(digits, -scale)
    return pc.binary_join_element_wise(sign, before, ".", behind, "")


def _binary(kind: pa.DataType) -> pa.DataType:
    """The same type, with binary for each text in it, and text for decimals of over 38 digits."""
    import pyarrow as pa

    if pa.types.is_decimal256(kind):
        return pa.string()
    if isinstance(kind, pa.JsonType):  # DuckDB reads nothing of a file in which one JSON is none
        return _binary(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return _binary(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.large_binary()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_binary(field.type)) for field in kind])
    if pa.types.is_map(kind):
        return pa.map_(_binary(kind.key_type), _binary(kind.item_type))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return pa.list_(kind.value_field.with_type(_binary(kind.value_type)))
    return kind


def _refuse_what_is_not_whole(start: bytes, end: bytes, name: str) -> None:
    if _ENCRYPTED in (start, end):
        raise UnreadableFile(name, "it is encrypted, and is not read without its key")
    if start != _MAGIC:
        raise UnreadableFile(name, "it is no Parquet file: its content is of another kind")
    if end == bytes(len(_MAGIC)):
        raise UnreadableFile(name, "zero bytes stand where its footer ends: it was damaged, or not written to its end")
    if end != _MAGIC:
        raise UnreadableFile(name, "its footer is missing: it was cut off, or is not written yet")
