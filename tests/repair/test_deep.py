"""What only `--deep` can see: files that are whole by their bytes and footers, and do not have the rows they should."""

from __future__ import annotations

from pathlib import Path

import duckdb

from datasync.sql import literal
from datasync.store.seal import seal
from tests.repair.damaging import Place
from tests.repair.test_repair import repaired, synced
from tests.shop import same


def rewrite(path: Path, rows: str) -> None:
    """Write a Parquet file anew with other rows, its metadata as they were, and a seal that fits."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        found = con.execute(
            "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'datasync'", [str(path)]
        ).fetchone()
        note = f", KV_METADATA {{datasync: {literal(found[0])}}}" if found else ""
        made = path.with_name("made")
        source = f"read_parquet({literal(str(path))}, hive_partitioning = false)"
        con.execute(f"COPY (SELECT {rows.format(source)}) TO {literal(str(made))} (FORMAT parquet{note})")
    seal(made)
    made.replace(path)


def last(place: Place, pattern: str) -> Path:
    return sorted(place.root.glob(pattern))[-1]


def changed_checkpoint(place: Place) -> Path:
    path = last(place, "catalog/scope=en-US/checkpoint-*.parquet")
    rewrite(path, "* REPLACE (CASE WHEN sku = 'A-05' THEN 'Another name' ELSE name END AS name) FROM {}")
    return path


def lost_row_of_entry(place: Place) -> Path:
    path = last(place, "receipts/service=search/scope=de-DE/0*.parquet")
    rewrite(path, "* FROM {} WHERE operation <> 'added'")
    return path


def lost_record(place: Place) -> Path:
    path = last(place, "snapshots/scope=en-US/records/*.parquet")
    rewrite(path, "* FROM {} WHERE sku <> 'A-05'")
    return path


def zeros_in_a_row_group(place: Place) -> Path:
    path = last(place, "catalog/scope=de-DE/0*.parquet")
    content = path.read_bytes()
    path.write_bytes(content[:100] + bytes(40) + content[140:])
    return path


def test_files_with_other_rows_than_they_should_have_are_named_and_repaired(place: Place) -> None:
    damages = (changed_checkpoint, lost_row_of_entry, lost_record, zeros_in_a_row_group)
    paths = [same(str(damage(place).relative_to(place.root))) for damage in damages]
    told = place.shop.run("check", "--deep")
    assert told.code == 4
    assert [path for path in paths if f"problem  {path} " not in told.out] == []
    repaired(place)
    assert place.shop.run("check", "--deep").code == 0
    synced(place)
    assert place.catalog("en-US") == place.sold
    assert place.catalog("de-DE") == place.changed
    assert place.feeds()["de-DE", "search"] == place.changed
