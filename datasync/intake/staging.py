"""Raw records to one file on this worker, each judged and hashed: what is valid, what is not, which of several to keep.

Records stream through one statement into the file, whose row numbers are their positions. What was invalid is then
fetched whole, and records that share a SKU are settled. The relations it makes: ``everything``, ``staged`` (what was
wanted of it), ``passed_over``, ``asked``, ``settled`` and ``invalid``.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import duckdb

from datasync import product
from datasync.errors import MissingField, RecordsLost, TooManyFields, UnreadableFile
from datasync.intake import mapping, validation
from datasync.intake.grouping import ALONE, Rows
from datasync.settings import RowsScope, Scope
from datasync.sources.base import OURS, Originals, PullRequest, Records
from datasync.sql import count, literal, query
from datasync.store.files import ZSTD

_CHUNK = 10_000
_MANY_FIELDS = 1_000
STAGED = "staged.parquet"
_PASSED_OVER = (
    "_place VARCHAR, line BIGINT, sku VARCHAR, name VARCHAR, record VARCHAR, sentence VARCHAR, is_blank BOOLEAN"
)
_TWICE = "SELECT sku FROM staged WHERE code IS NULL GROUP BY sku HAVING count(*) > 1"
_SEVERAL = "SELECT position, sku, updated_at, hash FROM staged SEMI JOIN twice USING (sku) WHERE code IS NULL"
_INVALID = f"code NOT IN {validation.PASSED_BY}"
_DUPLICATES = "SELECT position FROM settled WHERE becomes = 'duplicate-sku'"
_AS_MAPPED = """
    UPDATE invalid SET record = to_json(s)::VARCHAR FROM staged AS s
    WHERE s.position = invalid.position AND invalid.record IS NULL
"""
LEFT_OUT = """
    SELECT position FROM staged WHERE code IS NOT NULL
    UNION ALL
    SELECT position FROM settled WHERE becomes <> 'valid'
"""
VALID = f"SELECT * FROM staged WHERE position NOT IN ({LEFT_OUT})"


def stage(
    con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records, request: PullRequest, folder: Path
) -> tuple[Records, mapping.Mapped]:
    """Write every record, mapped and judged, to a file whose row numbers are the records' positions.

    Makes the views ``everything`` (all of them) and ``staged`` (those that were wanted), and the tables ``asked`` (the
    SKUs that are gone if there is no record of them) and ``passed_over``.
    """
    mapped = map_fields(con, name, scope, records)
    judged = validation.judged(
        con, name, mapped, records.reader.select(mapped.fields), records.record_expr, records.spoilt, records.condition
    )
    whole = product.finished(name, mapped.attributes, scope.volatile, judged)
    staging = literal(str(folder / STAGED))
    con.execute("SET preserve_insertion_order = true")  # a record's place in the file is its position
    try:
        _execute(con, f"COPY ({whole}) TO {staging} ({ZSTD})", mapped)
    except duckdb.OutOfMemoryException:
        if len(records.names) > _MANY_FIELDS:
            raise TooManyFields(name, len(records.names), _memory(con)) from None
        raise
    except OURS:
        raise
    except duckdb.Error as error:
        if records.without_broken is None:
            raise
        return stage(con, name, scope, records.without_broken(con, error), request, folder)
    if records.recheck and (left := records.recheck()):
        return stage(con, name, scope, left, request, folder)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE named AS SELECT DISTINCT unnest(?::VARCHAR[]) AS sku", [list(request.skus)]
    )
    # who can't know what is absent says nothing of what was not found
    con.execute(f"CREATE OR REPLACE TEMP TABLE asked AS FROM named WHERE {str(records.answers_absence).lower()}")
    if records.deletions:
        deletions = validation.judged(con, name, mapped, records.deletions.select(mapped.fields), records.record_expr)
        _execute(con, f"INSERT INTO asked SELECT DISTINCT sku FROM ({deletions}) WHERE NOT looks_empty(sku)", mapped)
    every = f"SELECT * RENAME (file_row_number AS position) FROM read_parquet({staging}, file_row_number = true)"
    con.execute(f"CREATE OR REPLACE TEMP VIEW everything AS {every}")
    wanted = "WHERE sku IN (SELECT sku FROM named) OR code = 'unreadable'" if request.what == "skus" else ""
    con.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * FROM everything {wanted}")
    if mapped.where and not records.complete:
        _overtake(con, wanted)
        _let_filtered_be_gone(con)
    _pass_over(con, name, mapped, records)
    _refuse_losses(con, name, records)
    return records, mapped


def _memory(con: duckdb.DuckDBPyConnection) -> str:
    return str(con.execute("SELECT current_setting('memory_limit')").fetchall()[0][0])


def _pass_over(con: duckdb.DuckDBPyConnection, name: str, mapped: mapping.Mapped, records: Records) -> None:
    """Make ``passed_over``: what the reader passed over, and what it did not get, with the SKU where that is known."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE passed_over ({_PASSED_OVER})")
    if records.rejects:
        rejects = records.rejects(con)
        con.execute(f"INSERT INTO passed_over BY NAME SELECT * RENAME (_line AS line) FROM ({rejects})")
    if records.cut_outs:
        numbered = f"SELECT *, row_number() OVER () AS number FROM ({records.cut_outs(mapped.fields)})"
        con.execute(f"CREATE OR REPLACE TEMP TABLE cut_outs AS {numbered}")
        rows = "SELECT * REPLACE (number::VARCHAR AS _place) FROM cut_outs"
        judged = validation.judged(con, name, mapped, rows, "NULL::VARCHAR")
        _execute(con, query("cut_outs", judged=judged), mapped)


def _execute(con: duckdb.DuckDBPyConnection, sql: str, mapped: mapping.Mapped) -> None:
    """Execute a statement over mapped records; if it fails, once more with each expression by itself.

    What an expression says twice, DuckDB computes once, outside of the TRY that the expression stands in: there, one
    record's failure is the statement's. By itself, each costs a third more.
    """
    try:
        con.execute(sql)
    except OURS:
        raise
    except duckdb.Error:
        if all(expression.is_field for expression in mapped.columns.values()):
            raise
        con.execute("SET disabled_optimizers = 'common_subexpressions'")
        try:
            con.execute(sql)
        finally:
            con.execute("RESET disabled_optimizers")


def _overtake(con: duckdb.DuckDBPyConnection, wanted: str) -> None:
    """Filter records that a later file or page has a filtered one of the same SKU for: they say what was before.

    One from the same file, or a later one, stands.
    """
    con.execute(f"CREATE OR REPLACE TEMP TABLE overtaken AS {query('overtaken')}")
    codes = "CASE WHEN code IS NULL AND position IN (FROM overtaken) THEN 'filtered' ELSE code END AS code"
    con.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * REPLACE ({codes}) FROM everything {wanted}")


def _let_filtered_be_gone(con: duckdb.DuckDBPyConnection) -> None:
    """In a partial pull a record that no longer meets the scope's condition tells that its product is gone."""
    con.execute(
        "INSERT INTO asked SELECT sku FROM staged WHERE code = 'filtered' AND trimmed(sku) IS NOT NULL "
        "EXCEPT SELECT sku FROM asked"
    )


def _refuse_losses(con: duckdb.DuckDBPyConnection, name: str, records: Records) -> None:
    """Every record that the source holds was read or passed over by name; RecordsLost where that does not come out."""
    if records.counted is None:
        return
    holds = records.counted(con)
    read, rejected = count(con, "FROM everything"), count(con, "FROM passed_over")
    if read + rejected != holds:
        raise RecordsLost(name, holds, read, rejected)


def map_fields(con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records) -> mapping.Mapped:
    """What becomes of which field; where only some fields are known, a column's own name may be one further on."""
    if any(map(mapping.is_pattern, (*scope.attributes, *scope.volatile))):
        known = list(records.reader.all_names(con))
    else:
        seen = {field.lower() for field in records.names}
        perhaps = [column for column in product.PRODUCT_COLUMNS if column not in seen] if records.sampled else []
        known = [*records.names, *perhaps]
    rows = Rows(scope.group_by, scope.fill_down, scope.collect) if isinstance(scope, RowsScope) else ALONE
    own_map = {**records.map, **scope.map}
    return mapping.mapping(
        con, name, own_map, scope.attributes, scope.volatile, known, scope.where, rows, records.time_zone
    )


def refuse_missing_fields(
    con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records, mapped: mapping.Mapped
) -> None:
    """Where all records are known, a field that the settings name and none of them has is a mistake in the settings."""
    needs = dict.fromkeys(mapped.attributes, "attributes")
    needs |= dict.fromkeys(mapped.where.fields if mapped.where else (), "where")
    needs |= {field: key for key, fields in mapped.rows.by_key().items() for field in fields}
    for column in ("name", "sku", *scope.map):
        fields = mapped.columns[column].fields if column in mapped.columns else (column,)
        needs |= dict.fromkeys(fields, column)
    for field, column in needs.items():
        if field not in records.names and not records.reader.has(con, field):
            raise MissingField(name, column, field, records.names)


def settle(con: duckdb.DuckDBPyConnection, records: Records) -> None:
    """Make ``settled``, what becomes of valid records that share a SKU, and ``invalid``, what goes to quarantine."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE twice AS {_TWICE}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE several AS {_SEVERAL}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE settled AS {query('duplicates')}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE originals (position BIGINT, line BIGINT, text VARCHAR, is_object BOOLEAN)"
    )
    if records.originals:
        _fetch_originals(con, records.originals)
    else:
        _reread_duplicates(con, records)
    con.execute(f"CREATE OR REPLACE TEMP TABLE invalid AS {query('quarantined')}")
    con.execute(_AS_MAPPED)


def _reread_duplicates(con: duckdb.DuckDBPyConnection, records: Records) -> None:
    """Fill ``originals`` with the duplicates, read again; what is invalid by itself brought its record along."""
    if con.execute(f"{_DUPLICATES} LIMIT 1").fetchone():
        again = (
            f"SELECT row_number() OVER () - 1 AS position, record_text({records.record_expr}) AS text "
            f"FROM ({records.reader.select(())})"
        )
        con.execute(
            f"INSERT INTO originals SELECT position, NULL, text, NULL FROM ({again}) WHERE position IN ({_DUPLICATES})"
        )


def _fetch_originals(con: duckdb.DuckDBPyConnection, originals: Originals) -> None:
    """Fill ``originals`` with the records that go to quarantine, as the source has them; they stream in by chunks."""
    import pyarrow as pa

    first = dict(con.execute("SELECT _place, min(position) FROM everything GROUP BY _place").fetchall())
    wanted: dict[str, set[int]] = {}
    rows = con.execute(f"SELECT _place, position FROM staged WHERE {_INVALID} OR position IN ({_DUPLICATES})")
    while chunk := rows.fetchmany(_CHUNK):
        for place, position in chunk:
            wanted.setdefault(place, set()).add(position - first[place])
    schema = pa.schema({"position": pa.int64(), "line": pa.int64(), "text": pa.string(), "intact": pa.bool_()})
    original_rows = (
        (first[original.place] + original.nth, original.line, original.text, original.intact)
        for original in originals(wanted)
    )
    chunks = iter(lambda: list(islice(original_rows, _CHUNK)), [])
    batches = (pa.record_batch(list(zip(*chunk, strict=True)), schema=schema) for chunk in chunks)
    con.register("arriving", pa.RecordBatchReader.from_batches(schema, batches))
    columns = "position, line, text, intact AND TRY(json_type(text)) = 'OBJECT'"
    con.execute(f"INSERT INTO originals SELECT {columns} FROM arriving")
    con.unregister("arriving")


def refuse_unreadable_files(con: duckdb.DuckDBPyConnection) -> None:
    """A file of a complete catalog in which nothing can be read is a failure, never an empty part of it."""
    first = con.execute(query("unreadable_files")).fetchone()
    if first:
        raise UnreadableFile(first[0], f"no record in it can be read. {first[1].removesuffix('.')}")
