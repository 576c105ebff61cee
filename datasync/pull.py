"""Raw records to a snapshot and a quarantine: map, validate, hash, and settle duplicates.

Records stream through one statement into a staging file on this worker, which numbers them; what is valid goes from
there to the snapshot, what is not to the quarantine, whole. For each pull: records = valid + quarantined + repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from datasync import product
from datasync.errors import MissingField, UnreadableFile
from datasync.settings import Scope
from datasync.sources.base import Originals, Records, Source, Want
from datasync.sql import count, literal, query, quote, row
from datasync.store.files import PLAIN, ZSTD, Clock, Store, scratch
from datasync.store.log import footer

_OURS = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.OutOfMemoryException)
_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one pull found: the footer of its file. ``unreadable`` records make a complete one remove nothing.

    ``asked``: SKUs whose absence it answers, for they were asked for by name, or the source tells that they are gone.
    """

    run: str
    scope: str
    source: str
    what: str
    started_at: datetime
    finished_at: datetime
    complete: bool
    answers_absence: bool
    fingerprint: str
    watermark: str | None
    records: int
    valid: int
    quarantined: int
    repeated: int
    unreadable: int
    asked: int
    requests: int
    notes: tuple[str, ...] = ()


def snapshot_path(scope: str, run: str) -> str:
    """Where a pull's valid products stand."""
    return f"snapshots/scope={scope}/{run}.parquet"


def quarantine_path(scope: str, run: str) -> str:
    """Where a pull's invalid records stand."""
    return f"quarantine/scope={scope}/{run}.parquet"


def asked_path(scope: str, run: str) -> str:
    """Where the SKUs stand that a pull asked for, or was told are no longer there, if there are some."""
    return f"snapshots/scope={scope}/asked/{run}.parquet"


def read(con: duckdb.DuckDBPyConnection, store: Store, scope: str, run: str) -> Snapshot | None:
    """The snapshot a run took of a scope, or None."""
    found = footer(con, store, snapshot_path(scope, run))
    if found is None:
        return None
    times = {name: datetime.fromisoformat(found[name]) for name in ("started_at", "finished_at")}
    return Snapshot(**{**found, **times, "notes": tuple(found["notes"])})


def pull(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    name: str,
    scope: Scope,
    source: Source,
    want: Want,
    run: str,
    fingerprint: str,
    clock: Clock,
) -> Snapshot:
    """Ask ``source`` for ``want`` and write what came as the run's snapshot, unless that is there already.

    Raises what the source raises, InvalidExpression, MissingField, and UnreadableFile for a file of a complete catalog
    in which nothing can be read; then nothing was written.
    """
    if known := read(con, store, name, run):
        return known
    with scratch() as folder:
        records, how = _stage(con, name, scope, source.records(con, want), want, folder)
        _settle(con, name, scope, records, how)
        if records.answers_absence:
            _refuse_unreadable_files(con)
            refuse_missing_fields(con, name, scope, records, how)
        counts = {**row(con, query("pull_counts")), "asked": len(want.skus) or count(con, "SELECT * FROM asked")}
        found = _snapshot(name, scope.source, records, want, run, fingerprint, counts, clock())
        _write(con, store, found, product.finished(name, how, scope.volatile, _VALID), folder)
    return read(con, store, name, run) or found


_NO_REJECTS = "SELECT NULL::VARCHAR AS _place, NULL::VARCHAR AS record, NULL::VARCHAR AS sentence WHERE false"
_TWICE = "SELECT sku FROM staged WHERE code IS NULL GROUP BY sku HAVING count(*) > 1"
_DUPLICATES = "SELECT position FROM settled WHERE becomes = 'duplicate-sku'"
_VALID = """
    SELECT * FROM staged
    WHERE code IS NULL AND position NOT IN (SELECT position FROM settled WHERE becomes <> 'valid')
"""


def _stage(
    con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records, want: Want, folder: Path
) -> tuple[Records, product.Mapped]:
    """Write every record, mapped and judged, to a file whose row numbers are the records' positions.

    Makes the views ``everything`` (all of them) and ``staged`` (those that were wanted), and the table ``passed_over``.
    """
    how = _mapping(con, name, scope, records)
    sql = product.judged(con, name, how, records.reader.select(how.fields), records.whole)
    staging = literal(str(folder / "staged.parquet"))
    con.execute("SET preserve_insertion_order = true")  # a record's place in the file is its position
    try:
        con.execute(f"COPY ({sql}) TO {staging} (FORMAT parquet, COMPRESSION lz4, ROW_GROUP_SIZE 60000, {PLAIN})")
    except _OURS:
        raise
    except duckdb.Error as error:
        if records.mend is None:
            raise
        return _stage(con, name, scope, records.mend(con, error), want, folder)
    if records.settled and (left := records.settled()):
        return _stage(con, name, scope, left, want, folder)
    con.execute("CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT unnest(?::VARCHAR[]) AS sku", [list(want.skus)])
    if records.gone:
        told = product.judged(con, name, how, records.gone.select(how.fields), records.whole)
        con.execute(f"INSERT INTO asked SELECT DISTINCT sku FROM ({told}) WHERE trimmed(sku) IS NOT NULL")
    every = f"SELECT * RENAME (file_row_number AS position) FROM read_parquet({staging}, file_row_number = true)"
    con.execute(f"CREATE OR REPLACE TEMP VIEW everything AS {every}")
    wanted = "WHERE sku IN (SELECT sku FROM asked) OR code = 'unreadable'" if want.what == "skus" else ""
    con.execute(f"CREATE OR REPLACE TEMP VIEW staged AS SELECT * FROM everything {wanted}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE passed_over AS {records.rejects or _NO_REJECTS}")
    return records, how


def _mapping(con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records) -> product.Mapped:
    """What becomes of which field; where only some fields are known, a column's own name may be one further on."""
    if any(map(product.is_pattern, (*scope.attributes, *scope.volatile))):
        known = list(records.reader.all_names(con))
    else:
        seen = {field.lower() for field in records.names}
        perhaps = [column for column in product.PRODUCT_COLUMNS if column not in seen] if records.sampled else []
        known = [*records.names, *perhaps]
    return product.mapping(con, name, {**records.map, **scope.map}, scope.attributes, scope.volatile, known)


def refuse_missing_fields(
    con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records, how: product.Mapped
) -> None:
    """Where all records are known, a field that the settings name and none of them has is a mistake in the settings."""
    needs = dict.fromkeys(how.attributes, "attributes")
    for column in ("name", "sku", *scope.map):
        fields = how.columns[column].fields if column in how.columns else (column,)
        needs |= dict.fromkeys(fields, column)
    for field, column in needs.items():
        if field not in records.names and not records.reader.has(con, field):
            raise MissingField(name, column, field, records.names)


def _settle(con: duckdb.DuckDBPyConnection, name: str, scope: Scope, records: Records, how: product.Mapped) -> None:
    """Make ``settled``, what becomes of valid records that share a SKU, and ``invalid``, what goes to quarantine."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE twice AS {_TWICE}")
    shared = "SELECT * FROM staged SEMI JOIN twice USING (sku) WHERE code IS NULL"
    several = product.finished(name, how, scope.volatile, shared)
    con.execute(f"CREATE OR REPLACE TEMP TABLE several AS SELECT position, sku, updated_at, hash FROM ({several})")
    con.execute(f"CREATE OR REPLACE TEMP TABLE settled AS {query('duplicates')}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE originals (position BIGINT, line BIGINT, text VARCHAR, is_object BOOLEAN)"
    )
    if records.originals:
        _fetch_originals(con, records.originals)
    else:
        _reread_duplicates(con, records)
    con.execute(f"CREATE OR REPLACE TEMP TABLE invalid AS {query('quarantined')}")


def _reread_duplicates(con: duckdb.DuckDBPyConnection, records: Records) -> None:
    """Fill ``originals`` with the duplicates, read again; what is invalid by itself brought its record along."""
    if con.execute(f"{_DUPLICATES} LIMIT 1").fetchone():
        again = (
            f"SELECT row_number() OVER () - 1 AS position, record_text({records.whole}) AS text "
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
    rows = con.execute(f"SELECT _place, position FROM staged WHERE code IS NOT NULL OR position IN ({_DUPLICATES})")
    while chunk := rows.fetchmany(_CHUNK):
        for place, position in chunk:
            wanted.setdefault(place, set()).add(position - first[place])
    schema = pa.schema({"position": pa.int64(), "line": pa.int64(), "text": pa.string(), "intact": pa.bool_()})
    found = ((first[one.place] + one.nth, one.line, one.text, one.intact) for one in originals(wanted))
    chunks = iter(lambda: list(islice(found, _CHUNK)), [])
    batches = (pa.record_batch(list(zip(*chunk, strict=True)), schema=schema) for chunk in chunks)
    con.register("arriving", pa.RecordBatchReader.from_batches(schema, batches))
    kept = "position, line, text, intact AND TRY(json_type(text)) = 'OBJECT'"
    con.execute(f"INSERT INTO originals SELECT {kept} FROM arriving")
    con.unregister("arriving")


def _refuse_unreadable_files(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(query("unreadable_files")).fetchone()
    if found:
        raise UnreadableFile(found[0], f"no record in it can be read. {found[1].removesuffix('.')}")


def _snapshot(
    name: str,
    source: str,
    records: Records,
    want: Want,
    run: str,
    fingerprint: str,
    counts: Mapping[str, Any],
    finished_at: datetime,
) -> Snapshot:
    unsure = counts["unreadable"] if want.what == "skus" and records.answers_absence else 0
    doubt = (
        f"{unsure:,} records cannot be read, and each may be a product that was asked for: none is taken for absent."
    )
    empty = records.complete and not counts["records"]
    return Snapshot(
        run=run,
        scope=name,
        source=source,
        what=want.what,
        started_at=min(want.at, records.began or want.at),
        finished_at=finished_at,
        complete=records.complete,
        answers_absence=records.answers_absence and not unsure,
        fingerprint=fingerprint,
        watermark=records.watermark,
        requests=records.requests,
        notes=(*records.notes, *([doubt] if unsure else []), *([_NOTHING] if empty else [])),
        **counts,
    )


_NOTHING = "The source gave no record at all. Is it the right place, and was its export finished?"


def _write(con: duckdb.DuckDBPyConnection, store: Store, found: Snapshot, valid: str, folder: Path) -> None:
    """Quarantine and asked SKUs first; the snapshot last, for its name is the commit."""
    invalid = _copied(con, folder / "quarantine.parquet", "SELECT * FROM invalid", None)
    store.replace(quarantine_path(found.scope, found.run), invalid)
    if found.asked:
        asked = _copied(con, folder / "asked.parquet", "SELECT sku FROM asked", None)
        store.replace(asked_path(found.scope, found.run), asked)
    columns = ", ".join(quote(c) for c in product.STORED)
    con.execute("SET preserve_insertion_order = false")
    products = _copied(con, folder / "snapshot.parquet", f"SELECT {columns} FROM ({valid})", _footer(found))
    store.create(snapshot_path(found.scope, found.run), products)


def _footer(found: Snapshot) -> Mapping[str, Any]:
    return {**asdict(found), "started_at": found.started_at.isoformat(), "finished_at": found.finished_at.isoformat()}


def _copied(con: duckdb.DuckDBPyConnection, file: Path, rows: str, meta: Mapping[str, Any] | None) -> Path:
    note = f", KV_METADATA {{datasync: {literal(json.dumps(meta, ensure_ascii=False))}}}" if meta else ""
    con.execute(f"COPY ({rows}) TO {literal(str(file))} ({ZSTD}{note})")
    return file
