"""CSV, Parquet and XLSX: files with named columns. Files of the same columns are read together, the others beside them.

What is in a cell is text: `00123` stays as it is, an empty cell is NULL, and nested values are JSON.
"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from datasync.errors import DatasyncError
from datasync.relation import Relation, union_all
from datasync.sources import typed
from datasync.sources.files import csv_file, parquet_file
from datasync.sources.files.csv_file import CsvFile, Rules, column_of, unlike
from datasync.sources.files.csv_title import Written
from datasync.sources.files.file_listing import PATH, File, Location, path_column
from datasync.sources.files.spreadsheet import read_sheet
from datasync.sources.text_columns import is_blank
from datasync.sql import filled, literal, query_of, quote
from datasync.store.scratch import ScratchFolder

_NUMBERS = itertools.count(1)
_TELLING = 50  # so many cells tell a header
_CELLS = "it has another number of cells than the header"
_PACKAGE = "datasync.sources.files"


@dataclass(frozen=True, slots=True)
class Columns:
    """How files that are alike are read: their columns (name, and SQL for the text), the function and its options.

    A sheet's rows are a table already; then ``function`` is that table, and there are no options. ``path`` is the
    column that tells which file a row is from. ``spoilt`` is SQL for what is wrong with a column's value (its text is
    NULL then), by the column's name, and ``wrong`` is SQL for what is wrong with a row; ``blank`` is SQL for whether a
    row is, where its texts do not tell. ``counted``: how many rows one file has, by a count apart from its reader.
    ``holds`` is what must not go while the files are read. ``csv``: what else is known of one CSV file.
    ``ends_inside``: a file ends in the middle of a record.
    """

    texts: tuple[tuple[str, str], ...]
    function: str
    options: str = ""
    path: str = PATH
    spoilt: tuple[tuple[str, str], ...] = ()
    wrong: str = "NULL::VARCHAR"
    blank: str = ""
    counted: int | None = field(default=None, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    holds: object = field(default=None, compare=False)
    csv: CsvFile | None = field(default=None, compare=False)
    ends_inside: bool = field(default=False, compare=False)

    @property
    def rejects_rows(self) -> bool:
        return self.function == "read_csv"

    @property
    def is_parquet(self) -> bool:
        """Whether DuckDB reads the file itself as Parquet."""
        return self.function == "read_parquet"


class Tables:
    """The records of some files with columns, in the files' order."""

    def __init__(self, layouts: Mapping[File, Columns]) -> None:
        self._number, self._layouts = next(_NUMBERS), layouts
        self._groups = [(c, list(files)) for c, files in itertools.groupby(layouts, key=lambda file: layouts[file])]
        names = [name for columns, _ in self._groups for name, _ in columns.texts]
        self._copies = {
            file: replace(file, path=str(columns.csv.copy))
            for file, columns in layouts.items()
            if columns.csv and columns.csv.copy
        }
        first = {name.lower(): name for name in reversed(names)}
        self.names = tuple(first[key] for key in dict.fromkeys(map(str.lower, names)))

    def select(self, fields: Collection[str]) -> Relation:
        if self._groups:
            parts = (self._part(index, fields).sql for index in range(len(self._groups)))
            return Relation(" UNION ALL ".join(parts))
        nulls = "".join(f"NULL::VARCHAR AS {quote(f)}, " for f in fields)
        rest = "NULL::VARCHAR AS _place, NULL::VARCHAR AS _unreadable, NULL::VARCHAR AS _spoilt, false AS _blank"
        return Relation(f"SELECT {nulls}{rest}, NULL::VARCHAR AS _row WHERE false")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return any(name.lower() == field.lower() for name in self.names)

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return self.names

    @property
    def counted(self) -> int | None:
        """How many rows the files hold, by counts that owe nothing to their reader; None where one has none."""
        counts = [columns.counted for columns in self._layouts.values()]
        return None if None in counts else sum(filter(None, counts))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a pull should note of its files."""
        return tuple(note for columns in self._layouts.values() for note in columns.notes)

    @property
    def cut_outs(self) -> list[Path]:
        """The files of damaged records that are not read."""
        return [path for columns in self._layouts.values() if columns.csv and (path := columns.csv.cut_outs)]

    def suspicion(self, name: str | None) -> str | None:
        """A sentence where the header of a CSV file of that name, or of the first of any, may be a title."""
        layouts = self._layouts.items()
        files = (columns.csv for file, columns in layouts if columns.csv and name in (None, file.name))
        try:
            return next(filter(None, (csv.title_suspicion() for csv in files)), None)
        except (OSError, DatasyncError):  # all was read before, and what is only a hint fails no pull
            return None

    def rejects(self, con: duckdb.DuckDBPyConnection) -> Relation:
        """The rows of CSV files that were passed over, once ``select`` was read."""
        groups = enumerate(self._groups)
        parts = [self._rejected(con, index, files) for index, (columns, files) in groups if columns.rejects_rows]
        return union_all(parts, no_rejects())

    def try_out(self, con: duckdb.DuckDBPyConnection, file: File) -> None:
        """Read one file to its end; whatever stops that is raised."""
        columns = self._layouts[file]
        texts = ", ".join(text for _, text in columns.texts)  # hashed, because what is only counted is not decoded
        con.execute(f"SELECT bit_xor(hash({texts})) FROM {Tables({file: columns})._source(0, columns, [file])}")

    def _part(self, index: int, fields: Collection[str]) -> Relation:
        columns, files = self._groups[index]
        texts, spoilt = dict(columns.texts), dict(columns.spoilt)
        lower = {name.lower(): name for name, _ in reversed(columns.texts)}
        names = {field: field if field in texts else lower.get(field.lower(), "") for field in fields}
        named = "".join(f"{texts.get(name, 'NULL::VARCHAR')} AS {quote(field)}, " for field, name in names.items())
        own = {name: texts.get(lower.get(name.lower(), ""), "NULL::VARCHAR") for name in self.names}
        row = ", ".join(f"{literal(name)}: {text}" for name, text in own.items())
        blank = f"{columns.blank or is_blank(texts.values())} AS _blank"
        sentences = [spoilt[name] for name in dict.fromkeys(names.values()) if name in spoilt]
        why = f"coalesce({', '.join([columns.wrong, *sentences])}) AS _spoilt"
        place = f"{self._place(files, quote(columns.path))} AS _place"
        rest = f"{place}, NULL::VARCHAR AS _unreadable, {why}, {blank}, {{{row}}} AS _row"
        return Relation(f"SELECT {named}{rest} FROM {self._source(index, columns, files)}")

    def _source(self, index: int, columns: Columns, files: Sequence[File]) -> str:
        if not columns.options:
            return columns.function
        paths = ", ".join(literal(self._copies.get(file, file).pattern) for file in files)
        tables = f", rejects_table = '{self._rejects(index)}', rejects_scan = '{self._scans(index)}'"
        options = f"filename = {literal(columns.path)}, {columns.options}{tables if columns.rejects_rows else ''}"
        return f"{columns.function}([{paths}], hive_partitioning = false, {options})"

    def _rejects(self, index: int) -> str:
        return f"rejects_{self._number}_{index}"

    def _scans(self, index: int) -> str:
        return f"scans_{self._number}_{index}"

    def _rejected(self, con: duckdb.DuckDBPyConnection, index: int, files: Sequence[File]) -> Relation:
        """The rows of a group that were passed over; their lines are looked up in the files they stand in."""
        read = f"SELECT DISTINCT scan_id, file_id, file_path FROM {self._scans(index)}"
        rejected = f"{self._rejects(index)} JOIN ({read}) USING (scan_id, file_id)"
        numbers = con.execute(
            f"SELECT file_path, list(DISTINCT line ORDER BY line) FROM {rejected} GROUP BY 1"
        ).fetchall()
        paths = {self._copies.get(file, file).path: file for file in files}
        lines = f"lines_{self._number}_{index}"
        con.execute(f"CREATE OR REPLACE TEMP TABLE {lines} (file_path VARCHAR, line BIGINT, _line BIGINT)")
        for path, rows in numbers:
            csv = self._layouts[paths[path]].csv
            line_numbers = csv.lines(rows) if csv else rows
            con.execute(
                f"INSERT INTO {lines} SELECT ?, unnest(?::BIGINT[]), unnest(?::BIGINT[])", [path, rows, line_numbers]
            )
        words = {
            "place": self._place(files, "file_path"),
            "cells": literal(f": {_CELLS}."),
            "is_blank": _blank_line(self._groups[index][0]),
            "rejected": rejected,
            "lines": lines,
        }
        return Relation(filled(query_of(_PACKAGE, "rejected_rows"), **words))

    def _place(self, files: Sequence[File], path: str) -> str:
        """SQL that gives a file's name from the path it was read by."""
        copies = {self._copies[file].path: file.name for file in files if file in self._copies}
        cases = "".join(f"WHEN {literal(copy)} THEN {literal(name)} " for copy, name in copies.items())
        name = f"substr({path}, {len(files[0].path) - len(files[0].name) + 1})"
        return f"CASE {path} {cases}ELSE {name} END" if cases else name


def no_rejects() -> Relation:
    """No row, with the columns of rows that were passed over."""
    return Relation(query_of(_PACKAGE, "no_rejects"))


def _blank_line(columns: Columns) -> str:
    """SQL for whether a line, ``csv_line``, has no value in any cell, however many cells it has."""
    delimiter = literal(columns.csv.dialect.delimiter.decode() if columns.csv else "")
    return f"NOT contains(csv_line, '\"\"\"') AND looks_empty(replace(replace(csv_line, {delimiter}, ''), '\"', ''))"


def _repeats(header: Sequence[str]) -> str:
    """SQL for a sentence where a row repeats the header, as where exports were put together."""
    first, *others = header[:_TELLING]
    alike = [f"{column_of(0)} IN ({literal(first)}, {literal(codecs.BOM_UTF8.decode() + first)})"]
    alike += [f"{column_of(place)} = {literal(name)}" for place, name in enumerate(others, 1)]
    return f"CASE WHEN {' AND '.join(alike)} THEN 'The row repeats the header.' END"


def look_at_csv(location: Location, file: File, written: Written, rules: Rules) -> Columns:
    """The columns of one CSV file, and its records by our own count; UnreadableFile where it has no header."""
    csv = csv_file.look_at_csv(location, file, written, rules)
    texts = tuple((name, column_of(place)) for place, name in enumerate(csv.names))
    return Columns(
        texts,
        "read_csv",
        csv.options,
        wrong=_repeats(csv.header),
        counted=csv.scan.records,
        notes=csv.suspects,
        csv=csv,
        ends_inside=csv.ends_inside,
    )


def look_at_parquet(con: duckdb.DuckDBPyConnection, location: Location, file: File, rules: Rules) -> Columns:
    """The columns of one Parquet file, and its rows by its own count; UnreadableFile where it has no whole footer."""
    footer = parquet_file.read_footer(location, file)
    if footer.has_wide_decimals:
        return copy_parquet(con, location, file, rules)
    rows = f"read_parquet([{literal(file.pattern)}], hive_partitioning = false)"
    texts, spoilt = _typed(con, rows, rules)
    path = path_column([name for name, _ in texts])
    return Columns(texts, "read_parquet", "union_by_name = false", path, spoilt, counted=footer.rows)


def copy_parquet(con: duckdb.DuckDBPyConnection, location: Location, file: File, rules: Rules) -> Columns:
    """The same of a file that DuckDB reads wrong or not at all, because a text in it is none, or a decimal has too many
    digits; UnreadableFile where it is damaged.
    """
    footer, folder = parquet_file.read_footer(location, file), ScratchFolder()
    copy = folder.path / "copy.parquet"
    parquet_file.copy_as_binary(location, file, copy)
    rows = f"read_parquet({literal(str(copy))})"
    texts, spoilt = _typed(con, rows, rules)
    path = path_column([name for name, _ in texts])
    source = f"(SELECT *, {literal(file.path)} AS {quote(path)} FROM {rows})"
    return Columns(texts, source, path=path, spoilt=spoilt, counted=footer.rows, holds=folder)


def _typed(
    con: duckdb.DuckDBPyConnection, rows: str, rules: Rules
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """SQL for the texts of typed columns, and for what is wrong where one has none."""
    described = con.sql(f"FROM {rows} LIMIT 0")
    kinds = dict(zip(described.columns, described.types, strict=True))
    texts = {name: typed.text(name, kind, rules.longest) for name, kind in kinds.items()}
    spoilt = tuple((name, text.spoilt) for name, text in texts.items() if text.spoilt)
    return tuple((name, text.sql) for name, text in texts.items()), spoilt


def look_at_xlsx(location: Location, file: File, sheet: str | int, header_line: int) -> Columns:
    """One sheet, read to a table of texts; UnreadableFile where it cannot be, or there is none of that name."""
    table = read_sheet(location, file, sheet, header_line)
    names = unlike(list(table.headers.values()))
    return Columns(
        tuple(zip(names, map(quote, table.headers), strict=True)),
        f"(SELECT *, {literal(file.path)} AS {quote(PATH)} FROM read_parquet({literal(table.path)}))",
        spoilt=tuple(zip(names, map(_spoilt_cell, table.headers), strict=True)),
        blank="blank",
        counted=table.count,
        notes=table.notes,
        holds=table,
    )


def _spoilt_cell(column: str) -> str:
    """SQL for what is wrong with a row of a sheet, or with its cell in that column."""
    wrong = f"list_filter(spoilt, lambda problem: problem.\"column\" IN ('', {literal(column)}))[1].sentence"
    return f"CASE WHEN spoilt IS NOT NULL THEN {wrong} END"
