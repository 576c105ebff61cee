"""What becomes of staged records: one of several valid ones of a SKU stays, and what is invalid goes to quarantine.

A record goes to quarantine whole. Where reading it did not bring it along, it is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import duckdb

from datasync.errors import UnreadableFile
from datasync.intake import validation
from datasync.intake.staging import StagedRecords
from datasync.relation import Relation, Table, TemporaryTables, query, registered, select
from datasync.sources.base import Original, Originals
from datasync.sql import query_text

if TYPE_CHECKING:
    import pyarrow as pa

_CHUNK = 10_000
_REPEATED_SKUS = "SELECT sku FROM wanted_records WHERE code IS NULL GROUP BY sku HAVING count(*) > 1"


@dataclass(frozen=True, slots=True)
class ResolvedRecords:
    """Staged records, and what becomes of them.

    ``duplicate_resolution`` says it of valid records that share a SKU. ``invalid_records`` go to quarantine.
    ``overriding`` are the positions of valid records that override the catalog whatever their time.
    """

    staged: StagedRecords
    duplicate_resolution: Table
    invalid_records: Table
    overriding: Table

    @property
    def no_products(self) -> Relation:
        """The positions of wanted records that are no products."""
        relations = {"wanted_records": self.staged.wanted_records, "duplicate_resolution": self.duplicate_resolution}
        return query("no_products", **relations)

    @property
    def products(self) -> Relation:
        """The wanted records that are products."""
        products = "SELECT * FROM wanted_records WHERE position NOT IN (SELECT position FROM no_products)"
        return select(products, wanted_records=self.staged.wanted_records, no_products=self.no_products)


def resolve(tables: TemporaryTables, staged: StagedRecords) -> ResolvedRecords:
    """Decide what becomes of every staged record, and fetch those that go to quarantine."""
    by_change_time = staged.records.by_change_time
    duplicate_resolution = resolve_duplicates(tables, staged.wanted_records, by_change_time=by_change_time)
    invalid_records = _invalid_records(tables, staged, duplicate_resolution)
    overriding = tables.store(_overriding(staged, duplicate_resolution), "overriding")
    return ResolvedRecords(staged, duplicate_resolution, invalid_records, overriding)


def _overriding(staged: StagedRecords, duplicate_resolution: Table) -> Relation:
    """The positions of valid records that override the catalog whatever their time."""
    if staged.records.by_change_time and staged.mapped.where:
        beside = query("beside_filtered", all_records=staged.all_records)
        return query("overriding", beside_filtered=beside, duplicate_resolution=duplicate_resolution)
    positions = "SELECT position FROM resolution WHERE overrides"
    return select(positions, resolution=duplicate_resolution)


def resolve_duplicates(tables: TemporaryTables, wanted_records: Relation, *, by_change_time: bool) -> Table:
    """What becomes of valid records that share a SKU; of files of changes the order of reading matters."""
    repeated_skus = tables.store(select(_REPEATED_SKUS, wanted_records=wanted_records), "repeated_skus")
    relations = {"wanted_records": wanted_records, "repeated_skus": repeated_skus}
    same_sku_records = tables.store(query("same_sku_records", **relations), "same_sku_records")
    resolution = query("duplicates", same_sku_records=same_sku_records, by_change_time=str(by_change_time).lower())
    return tables.store(resolution, "duplicate_resolution")


def _invalid_records(tables: TemporaryTables, staged: StagedRecords, duplicate_resolution: Table) -> Table:
    """What goes to quarantine. A record whose text nobody has is shown as it was mapped."""
    invalid_records = tables.store(
        query(
            "quarantined",
            wanted_records=staged.wanted_records,
            skipped_records=staged.skipped_records,
            duplicate_resolution=duplicate_resolution,
            original_records=_original_records(tables, staged, duplicate_resolution),
        ),
        "invalid_records",
    )
    words = {"invalid_records": invalid_records.name, "wanted_records": staged.wanted_records.sql}
    tables.con.execute(query_text("records_as_mapped", **words))
    return invalid_records


def _original_records(tables: TemporaryTables, staged: StagedRecords, duplicate_resolution: Table) -> Relation:
    duplicates = duplicate_resolution.where("becomes = 'duplicate-sku'")
    if staged.records.originals:
        relations = {"wanted_records": staged.wanted_records, "duplicates": duplicates}
        to_quarantine = query("to_quarantine", **relations, passed_by=str(validation.PASSED_BY))
        return _fetched(tables, staged.all_records, to_quarantine, staged.records.originals)
    if not duplicates.count(tables.con):
        return query("no_originals")
    return _reread(tables, staged, duplicates)


def _reread(tables: TemporaryTables, staged: StagedRecords, duplicates: Relation) -> Table:
    """The duplicates, read again; what is invalid by itself brought its record along."""
    columns = f"row_number() OVER () - 1 AS position, record_text({staged.records.record_expr}) AS text"
    records = Relation(f"SELECT {columns} FROM (\n{staged.records.reader.select(()).sql}\n)")
    return tables.store(query("reread_records", records=records, duplicates=duplicates), "original_records")


def _fetched(tables: TemporaryTables, all_records: Relation, to_quarantine: Relation, originals: Originals) -> Table:
    """The records that go to quarantine, as the source has them; they stream in by chunks."""
    import pyarrow as pa

    places = select("SELECT _place, min(position) FROM all_records GROUP BY _place", all_records=all_records)
    first: dict[str, int] = dict(places.rows(tables.con))
    numbers = _numbers(tables.con, first, to_quarantine)  # now, because DuckDB is busy while it takes the stream
    schema = pa.schema({"position": pa.int64(), "line": pa.int64(), "text": pa.string(), "intact": pa.bool_()})
    stream = pa.RecordBatchReader.from_batches(schema, _batches(schema, first, originals(numbers)))
    with registered(tables.con, stream, "arriving_records") as arriving:
        columns = "position, line, text, intact AND TRY(json_type(text)) = 'OBJECT' AS is_object"
        return tables.store(select(f"SELECT {columns} FROM arriving", arriving=arriving), "original_records")


def _numbers(con: duckdb.DuckDBPyConnection, first: Mapping[str, int], to_quarantine: Relation) -> dict[str, set[int]]:
    """The numbers of some records in each place; ``first`` is the position of each place's first record."""
    numbers: dict[str, set[int]] = {}
    rows = con.execute(to_quarantine.sql)
    while chunk := rows.fetchmany(_CHUNK):
        for place, position in chunk:
            numbers.setdefault(place, set()).add(position - first[place])
    return numbers


def _batches(schema: pa.Schema, first: Mapping[str, int], originals: Iterator[Original]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows = ((first[o.place] + o.nth, o.line, o.text, o.intact) for o in originals)
    for chunk in iter(lambda: list(islice(rows, _CHUNK)), []):
        yield pa.record_batch(list(zip(*chunk, strict=True)), schema=schema)


def refuse_unreadable_files(con: duckdb.DuckDBPyConnection, resolved: ResolvedRecords) -> None:
    """A file of a complete catalog in which nothing can be read is a failure, never an empty part of it."""
    unreadable = query(
        "unreadable_files",
        all_records=resolved.staged.all_records,
        skipped_records=resolved.staged.skipped_records,
        invalid_records=resolved.invalid_records,
    )
    for place, sentence in unreadable.rows(con):
        why = resolved.staged.records.suspicion(place) or str(sentence)
        raise UnreadableFile(place, f"no record in it can be read. {why.removesuffix('.')}")
