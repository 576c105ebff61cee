"""The beginning of the user's file, as a pull would read it: a table of texts, and what its fields hold."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Any, Literal

import duckdb

from datasync.errors import UnreadableFile
from datasync.intake.grouping import ALONE, Rows
from datasync.intake.mapping import NO_FIELD_NAMES
from datasync.relation import Relation, Table, TemporaryTables, query, select
from datasync.sources.base import PullRequest, Records
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.sources.files.source import Files
from datasync.sql import macros, quote
from datasync.starter.encoding import encoding_of
from datasync.starter.title import Title, title_of
from datasync.starter.total_line import TotalLine, total_lines

RECORDS = 5_000
VALUES = 20
EXAMPLES = 3
_TYPED = 200  # so many records of JSON lines tell whether a field's values are numbers
_TEXT = (".txt", ".dat", ".tab", ".tsv")
_NO_TEXT = (".parquet", ".pq", ".xlsx")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the sample: how many records fill it, how many values it has, those if they are few, and the first.

    ``words``, ``urls``, ``hashes``, ``numbers``, ``codes``: how many of the values are prose, web addresses, hashes,
    amounts, and what may be a code: short, without blanks, no fraction and no date. ``broken`` of them have a line
    break. ``is_number``: the file itself says so, as Parquet and JSON do.
    """

    name: str
    filled: int
    distinct: int
    values: frozenset[str]
    examples: tuple[str, ...]
    words: int
    urls: int
    hashes: int
    numbers: int
    codes: int
    length: float
    broken: int
    is_number: bool = False

    @property
    def is_prose(self) -> bool:
        """Whether the values read as words, and not as numbers, addresses or hashes."""
        return not self.mostly(self.numbers + self.urls + self.hashes) or not self.filled

    def mostly(self, count: int) -> bool:
        """Whether nearly all values are of a kind, of which there are so many."""
        return count >= self.filled * 0.9


@dataclass(frozen=True, slots=True)
class Kind:
    """How the file is written, where its name does not tell: its format, its encoding, words that this shows in, and
    what stands above its header.
    """

    format: Literal["csv"] | None = None
    encoding: str | None = None
    words: tuple[str, ...] = ()
    title: Title | None = None


@dataclass(frozen=True, slots=True)
class SampledRows:
    """Rows of text of a sample, with the connection that reads them."""

    con: duckdb.DuckDBPyConnection
    relation: Relation

    def row(self, text: str) -> dict[str, Any]:
        """The only row of ``text``, a SELECT over ``sample``."""
        return select(text, sample=self.relation).row(self.con)


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file: ``rows`` are its ``records``, and ``fields`` stand in the file's order.

    ``readable`` are the rows before a system's view of them is taken. A line that looks like a ``total`` is none.
    """

    readable: Table
    rows: SampledRows
    records: int
    fields: tuple[Field, ...]
    kind: Kind
    total: TotalLine | None = None

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)


def sampled(tables: TemporaryTables, file: str, now: datetime) -> Sample:
    """Read the first records of ``file``. Raises what the source raises."""
    con = tables.con
    macros(con, "mapping")
    macros(con, "forms")
    suffix = PurePath(file.removesuffix(".gz")).suffix.lower()
    file_format: Literal["csv"] | None = "csv" if suffix in _TEXT else None
    encoding, words = encoding_of(file) if PurePath(file).suffix.lower() not in _NO_TEXT else (None, ())
    title = title_of(file, encoding) if file_format or suffix == ".csv" else None
    header_line = title.header_line if title else 1
    scope = FilesScope(source="exports", path=file, format=file_format, encoding=encoding, header_line=header_line)
    records = Files("default", scope, FilesSource(kind="files")).records(con, PullRequest("complete", now))
    names = [name for name in _unique_ignoring_case(records.names) if name.lower() not in NO_FIELD_NAMES]
    if not names:
        raise UnreadableFile(file, "its first records have no fields")
    first = f"SELECT * FROM (\n{records.reader.select(names).sql}\n) WHERE NOT _blank LIMIT {RECORDS}"
    first_records = tables.store(Relation(first), "first_records")
    total = _total_line(con, first_records, names)
    readable = tables.store(_readable(con, first_records, names, total), "readable")
    if not readable.size:
        _refuse_unreadable(con, records, first_records)
    kind = Kind(file_format, encoding, tuple(words), title)
    typed = _number_fields(con, file, records, first_records)
    rows = SampledRows(con, readable)
    return Sample(readable, rows, readable.size, _fields(rows, names, typed), kind, total)


def narrowed(tables: TemporaryTables, whole: Sample, rows: Rows, where: str | None) -> Sample:
    """The readable records that ``where`` keeps, after those that belong together are joined."""
    if rows == ALONE and not where:
        return whole
    joined = rows.joined(Relation(f"SELECT *, '' AS _place, false AS _blank FROM {whole.readable.name}"))
    rows_sql = f"SELECT * EXCLUDE (_place, _blank) FROM (\n{joined.sql}\n) WHERE {where or 'true'}"
    narrow = tables.store(Relation(rows_sql), "sample")
    narrow_rows = SampledRows(tables.con, narrow)
    numbers = {field.name for field in whole.fields if field.is_number}
    fields = _fields(narrow_rows, [field.name for field in whole.fields], numbers)
    return replace(whole, rows=narrow_rows, records=narrow.size, fields=fields)


def _total_line(con: duckdb.DuckDBPyConnection, first_records: Table, names: Sequence[str]) -> TotalLine | None:
    """A line that looks like a total; only the end of the file can have one."""
    if first_records.size == RECORDS:
        return None
    return next(iter(total_lines(con, first_records.where("_unreadable IS NULL"), names)), None)


def _readable(
    con: duckdb.DuckDBPyConnection, first_records: Table, names: Sequence[str], total: TotalLine | None
) -> Relation:
    """The records that could be read, without the total line, which is the last of its file."""
    columns, is_record = ", ".join(map(quote, names)), total.where(con, total.blank) if total else "true"
    readable = f"SELECT {columns} FROM first_records WHERE _unreadable IS NULL"
    is_inside = "lead(coalesce(_place, '')) OVER () IS NOT DISTINCT FROM coalesce(_place, '')"
    return select(f"{readable} QUALIFY ({is_record}) OR {is_inside}", first_records=first_records)


def _refuse_unreadable(con: duckdb.DuckDBPyConnection, records: Records, first_records: Table) -> None:
    """Raise UnreadableFile where there are records and none of them can be read."""
    broken = f"SELECT _place, _unreadable AS sentence FROM {first_records.name}"
    rejected = [f"SELECT _place, sentence FROM (\n{records.rejects(con).sql}\n)"] if records.rejects else []
    cut_out = [f"SELECT _place, _unreadable FROM (\n{records.cut_outs(()).sql}\n)"] if records.cut_outs else []
    for place, sentence in con.execute(f"{' UNION ALL '.join([broken, *rejected, *cut_out])} LIMIT 1").fetchall():
        raise UnreadableFile(place, str(sentence).rstrip("."))


def _unique_ignoring_case(names: Sequence[str]) -> list[str]:
    """The names without those that differ from an earlier name in case only, because SQL takes them for the same."""
    first: dict[str, str] = {}
    for name in names:
        if name:
            first.setdefault(name.lower(), name)
    return list(first.values())


def _number_fields(
    con: duckdb.DuckDBPyConnection, file: str, records: Records, first_records: Table
) -> Collection[str]:
    """The fields whose values are numbers by the file's own types: their text is no matter of how a country writes."""
    if records.originals:
        places = con.execute(f"SELECT _place FROM {first_records.name} LIMIT 1").fetchall()
        lines = records.originals({place: range(_TYPED) for (place,) in places})
        return _numbers_of([json.loads(line.text) for line in lines if line.intact and _is_json(line.text)])
    if "://" not in file and PurePath(file).suffix.lower() in (".parquet", ".pq"):
        described = con.execute(f"DESCRIBE SELECT * FROM read_parquet([{_exactly(file)}])").fetchall()
        return {str(name) for name, kind, *_ in described if str(kind).startswith(_NUMERIC)}
    return ()


_NUMERIC = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL"),
    *("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
)


def _exactly(file: str) -> str:
    signs = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in file)
    return "'" + signs.replace("'", "''") + "'"


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _numbers_of(objects: Sequence[dict[str, object]]) -> set[str]:
    values: dict[str, list[object]] = {}
    for record in objects:
        for name, value in record.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    return {
        n for n, some in values.items() if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in some)
    }


def _fields(rows: SampledRows, names: Sequence[str], numbers: Collection[str]) -> tuple[Field, ...]:
    """What the fields of those names hold, in their order; those in ``numbers`` are numbers by the file's own types."""
    words = {"fields": ", ".join(map(quote, names)), "few": str(VALUES), "examples": str(EXAMPLES)}
    counts = query("sampled_fields", sample=rows.relation, **words)
    cursor = rows.con.execute(counts.sql)
    columns = [column[0] for column in cursor.description or ()]
    filled = {row[0]: dict(zip(columns, row, strict=True)) for row in cursor.fetchall()}
    return tuple(_field(name, filled.get(at, {}), name in numbers) for at, name in enumerate(names, 1))


def _field(name: str, counts: dict[str, Any], is_number: bool) -> Field:
    """One field by its row of counts; a field without a value has no row."""
    distinct = int(counts.get("different", 0))
    return Field(
        name=name,
        distinct=distinct,
        values=frozenset(counts.get("few", ()) if distinct <= VALUES else ()),
        examples=tuple(counts.get("examples", ())),
        length=float(counts.get("length", 0)),
        is_number=is_number,
        **{key: int(counts.get(key, 0)) for key in _COUNTED},
    )


_COUNTED = ("filled", "words", "broken", "urls", "hashes", "numbers", "codes")
