"""Arrow batches in which every value is text, with a last column that names those that were none.

A database may hold what is no text in a text column. Such a value must not stop the rows around it: it comes patched,
for people to read, and its column's name stands in the row's ``SPOILT``, so that nobody takes it for the value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

SPOILT = "datasync spoilt"

Text = str | bytes | None


def schema(names: Sequence[str]) -> pa.Schema:
    """The columns of a batch of texts: those of the source, and SPOILT."""
    import pyarrow as pa

    return pa.schema([*((name, pa.string()) for name in names), (SPOILT, pa.list_(pa.string()))])


def from_arrow(names: Sequence[str], columns: Sequence[Any], codec: str) -> pa.RecordBatch:
    """A batch from Arrow's columns: texts, or the bytes of texts in ``codec``."""
    import pyarrow as pa

    return _batch(names, [_sound(column, codec) for column in columns], lambda n: columns[n].cast(pa.binary()), codec)


def from_python(names: Sequence[str], columns: Sequence[Sequence[Text]], codec: str) -> pa.RecordBatch:
    """A batch from Python's values: texts, or the bytes of texts in ``codec``."""
    import pyarrow as pa

    def sound(values: Sequence[Text]) -> pa.Array | None:
        try:
            return _sound(pa.array(values, pa.binary()), codec)
        except UnicodeEncodeError:
            return None

    return _batch(names, [sound(values) for values in columns], lambda n: columns[n], codec)


def _batch(names: Sequence[str], columns: Sequence[Any], raw: Callable[[int], Any], codec: str) -> pa.RecordBatch:
    """The columns that are sound as a whole; the ``raw`` values of the others are looked at one by one."""
    import pyarrow as pa

    spoilt: dict[int, list[str]] = {}
    arrays = list(columns)
    for number in (number for number, column in enumerate(columns) if column is None):
        values = raw(number)
        patched = [_patched(value, codec) for value in (values.to_pylist() if isinstance(values, pa.Array) else values)]
        arrays[number] = pa.array([text for text, _ in patched], pa.string())
        for row in (row for row, (_, is_sound) in enumerate(patched) if not is_sound):
            spoilt.setdefault(row, []).append(names[number])
    rows, kind = len(arrays[0]) if arrays else 0, pa.list_(pa.string())
    marks = pa.array([spoilt.get(row) for row in range(rows)], kind) if spoilt else pa.nulls(rows, kind)
    return pa.RecordBatch.from_arrays([*arrays, marks], schema=schema(names))


def _sound(column: Any, codec: str) -> Any:
    """Arrow's column as text, all at once; None where a value has to be looked at by itself."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if codec == "utf-8" or pa.types.is_null(column.type):
            text = column.cast(pa.string())  # the cast looks at bytes, and takes text for what it says it is
            text.validate(full=True)
            return text
        text = column.view(pa.string())
        return text if pc.all(pc.string_is_ascii(text), min_count=0).as_py() else None
    except pa.ArrowInvalid:
        return None


def _patched(value: Text, codec: str) -> tuple[str | None, bool]:
    """A value as text, and whether it is sound; what is none has its bytes spelled."""
    if value is None:
        return None, True
    content, codec = (value.encode(errors="surrogatepass"), "utf-8") if isinstance(value, str) else (value, codec)
    try:
        return content.decode(codec), True
    except UnicodeDecodeError:
        return content.decode(codec, errors="backslashreplace"), False
