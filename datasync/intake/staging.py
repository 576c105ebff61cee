"""Raw records to one file on this worker, each judged and hashed, with the relations that tell what became of them.

Records stream through one statement into the file, whose row numbers are their positions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb

from datasync import product
from datasync.errors import MissingField, RecordsLost, TooManyFields
from datasync.intake import mapping, validation
from datasync.intake.grouping import ALONE, Rows
from datasync.intake.mapping import ScopeMap
from datasync.intake.validation import RecordExpressions
from datasync.relation import Relation, Table, TemporaryTables, query, select, union
from datasync.session import current_memory_limit, expressions_alone
from datasync.settings import RowsScope, Scope
from datasync.sources.base import OURS, PullRequest, Records
from datasync.sql import literal
from datasync.store.files import ZSTD

T = TypeVar("T")
STAGED = "staged.parquet"
_MANY_FIELDS = 1_000


@dataclass(frozen=True, slots=True)
class StagingArea:
    """Where the records of one pull are staged: a folder, and tables that live as long as the pull."""

    tables: TemporaryTables
    folder: Path
    name: str
    scope: Scope
    request: PullRequest

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        return self.tables.con

    @property
    def file(self) -> Path:
        """The file of all records that were read."""
        return self.folder / STAGED


@dataclass(frozen=True, slots=True)
class StagedRecords:
    """The ``records`` of a pull, mapped and judged; a row's ``position`` is its number in the staged file.

    ``wanted_records`` are those of ``all_records`` that the pull asked for. ``skipped_records`` are those that the
    reader passed over or did not get, with the SKU where that is known. ``requested_skus`` are the SKUs that do not
    exist at the source unless there is a record of them.
    """

    records: Records
    mapped: mapping.Mapped
    all_records: Relation
    wanted_records: Relation
    skipped_records: Table
    requested_skus: Table


def stage(area: StagingArea, records: Records) -> StagedRecords:
    """Write every record, mapped and judged, to the staged file. A connection that keeps rows in order has to do it."""
    records, mapped = _write(area, records)
    every = f"read_parquet({literal(str(area.file))}, file_row_number = true)"
    all_records = Relation(f"SELECT * RENAME (file_row_number AS position) FROM {every}")
    named_skus = area.tables.store_skus(area.request.skus)
    wanted_records = _wanted_records(area, records, mapped, all_records, named_skus)
    requested_skus = _requested_skus(area, records, mapped, wanted_records, named_skus)
    skipped_records = _skipped_records(area, records, mapped)
    staged = StagedRecords(records, mapped, all_records, wanted_records, skipped_records, requested_skus)
    _refuse_losses(area, staged)
    return staged


def _write(area: StagingArea, records: Records) -> tuple[Records, mapping.Mapped]:
    """Write the staged file; again, and without them, if records cannot be read or were still being written."""
    mapped = map_fields(area.con, area.name, area.scope, records)
    try:
        _copy(area, records, mapped)
    except duckdb.OutOfMemoryException:
        if len(records.names) > _MANY_FIELDS:
            raise TooManyFields(area.name, len(records.names), current_memory_limit(area.con)) from None
        raise
    except OURS:
        raise
    except duckdb.Error as error:
        if records.without_broken is None:
            raise
        return _write(area, records.without_broken(area.con, error))
    if records.recheck and (left := records.recheck()):
        return _write(area, left)
    return records, mapped


def _copy(area: StagingArea, records: Records, mapped: mapping.Mapped) -> None:
    expressions = RecordExpressions(records.record_expr, records.spoilt, records.condition)
    judged = validation.judged(area.con, area.name, mapped, records.reader.select(mapped.fields), expressions)
    finished = product.finished(area.name, mapped.attributes, area.scope.volatile, judged)
    copy = f"COPY (\n{finished.sql}\n) TO {literal(str(area.file))} ({ZSTD})"
    _tried_twice(area.con, mapped, partial(area.con.execute, copy))


def _wanted_records(
    area: StagingArea, records: Records, mapped: mapping.Mapped, all_records: Relation, named_skus: Table
) -> Relation:
    """The records that the pull asked for. An unreadable one may be any of them.

    In a partial pull a record is filtered too if a later file or page has a filtered one of the same SKU, because it
    says what was before. One from the same file, or a later one, stands.
    """
    wanted = all_records
    if area.request.what == "skus":
        asks = "SELECT * FROM all_records WHERE sku IN (SELECT sku FROM named_skus) OR code = 'unreadable'"
        wanted = select(asks, all_records=all_records, named_skus=named_skus)
    if not mapped.where or records.complete:
        return wanted
    beside = query("beside_filtered", all_records=all_records)
    overtaken = area.tables.store(query("overtaken", beside_filtered=beside), "overtaken")
    code = "CASE WHEN code IS NULL AND position IN (SELECT position FROM overtaken) THEN 'filtered' ELSE code END"
    return select(f"SELECT * REPLACE ({code} AS code) FROM wanted", wanted=wanted, overtaken=overtaken)


def _requested_skus(
    area: StagingArea, records: Records, mapped: mapping.Mapped, wanted_records: Relation, named_skus: Table
) -> Table:
    """The SKUs that do not exist at the source unless there is a record of them.

    They are the SKUs that were asked for, if the source can know that one is absent; those that it says were deleted;
    and in a partial pull those of records that no longer meet the scope's condition.
    """
    skus: list[Relation] = [named_skus] if records.answers_absence else []
    if records.deletions:
        deletions = records.deletions.select(mapped.fields)
        skus.append(_deleted_skus(area, deletions, records.record_expr, mapped))
    if mapped.where and not records.complete:
        filtered = "SELECT DISTINCT sku FROM wanted_records WHERE code = 'filtered' AND trimmed(sku) IS NOT NULL"
        skus.append(select(filtered, wanted_records=wanted_records))
    return area.tables.store(union(skus), "requested_skus")


def _deleted_skus(area: StagingArea, deletions: Relation, record_expr: str, mapped: mapping.Mapped) -> Relation:
    judged = validation.judged(area.con, area.name, mapped, deletions, RecordExpressions(record_expr))
    skus = Relation(f"SELECT DISTINCT sku FROM (\n{judged.sql}\n) WHERE NOT looks_empty(sku)")
    return _tried_twice(area.con, mapped, partial(area.tables.store, skus, "deleted_skus"))


def _skipped_records(area: StagingArea, records: Records, mapped: mapping.Mapped) -> Table:
    """What the reader passed over, and what it did not get, with the SKU where that is known."""
    parts = [query("nothing_skipped")]
    if records.rejects:
        parts.append(Relation(f"SELECT * RENAME (_line AS line) FROM (\n{records.rejects(area.con).sql}\n)"))
    if records.cut_outs:
        parts.append(_cut_out_records(area, records.cut_outs(mapped.fields), mapped))
    return area.tables.store(Relation("\nUNION ALL BY NAME\n".join(part.sql for part in parts)), "skipped_records")


def _cut_out_records(area: StagingArea, cut_outs: Relation, mapped: mapping.Mapped) -> Table:
    numbers = Relation(f"SELECT *, row_number() OVER () AS number FROM (\n{cut_outs.sql}\n)")
    numbered = area.tables.store(numbers, "cut_outs")
    rows = Relation(f"SELECT * REPLACE (number::VARCHAR AS _place) FROM {numbered.name}")
    judged = validation.judged(area.con, area.name, mapped, rows, RecordExpressions())
    records = query("cut_outs", cut_outs=numbered, judged=judged)
    return _tried_twice(area.con, mapped, partial(area.tables.store, records, "cut_out_records"))


def _tried_twice(con: duckdb.DuckDBPyConnection, mapped: mapping.Mapped, execute: Callable[[], T]) -> T:
    """Execute a statement over mapped records; if it fails, once more with each expression by itself.

    What an expression says twice, DuckDB computes once, outside of the TRY that the expression stands in: there, one
    record's failure is the statement's. By itself, each costs a third more.
    """
    try:
        return execute()
    except OURS:
        raise
    except duckdb.Error:
        if all(expression.is_field for expression in mapped.columns.values()):
            raise
        with expressions_alone(con):
            return execute()


def _refuse_losses(area: StagingArea, staged: StagedRecords) -> None:
    """Every record that the source holds was read or passed over by name; RecordsLost where that does not come out."""
    if staged.records.counted is None:
        return
    holds = staged.records.counted(area.con)
    read, rejected = staged.all_records.count(area.con), staged.skipped_records.size
    if read + rejected != holds:
        raise RecordsLost(area.name, holds, read, rejected)


def map_fields(con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records) -> mapping.Mapped:
    """What becomes of which field; where only some fields are known, a column's own name may be one further on."""
    if any(map(mapping.is_pattern, (*scope.attributes, *scope.volatile))):
        known = list(records.reader.all_names(con))
    else:
        seen = {field.lower() for field in records.names}
        perhaps = [column for column in product.PRODUCT_COLUMNS if column not in seen] if records.sampled else []
        known = [*records.names, *perhaps]
    rows = Rows(scope.group_by, scope.fill_down, scope.collect) if isinstance(scope, RowsScope) else ALONE
    columns = {**records.map, **scope.map}
    scope_map = ScopeMap(name, columns, scope.attributes, scope.volatile, scope.where, rows, records.time_zone)
    return mapping.mapping(con, scope_map, known)


def refuse_missing_fields(
    con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records, mapped: mapping.Mapped
) -> None:
    """Where all records are known, a field that the settings name and none of them has is a mistake in the settings."""
    needs = {field: "attributes" if field in scope.attributes else "volatile" for field in mapped.attributes}
    needs |= dict.fromkeys(mapped.where.fields if mapped.where else (), "where")
    needs |= {field: key for key, fields in mapped.rows.by_key().items() for field in fields}
    for column in ("name", "sku", *scope.map):
        fields = mapped.columns[column].fields if column in mapped.columns else (column,)
        needs |= dict.fromkeys(fields, column)
    for field, column in needs.items():
        if field not in records.names and not records.reader.has(con, field):
            is_mapped = column not in ("name", "sku") or column in {**records.map, **scope.map}
            suspicion = records.suspicion(None)
            raise MissingField(name, column, field, records.names, is_mapped=is_mapped, suspicion=suspicion)
