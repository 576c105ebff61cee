"""How long a million rows take from PostgreSQL to a snapshot, as a ratio to the least that reading them can cost.

Starts a PostgreSQL of its own, fills a table with the sample source's products, and then, in turns: the database's own
COPY of the table to a file with DuckDB's reading of that file into Parquet (the baseline), and a complete pull through
the pipeline that the DAGs and the shell use: mapped, validated, hashed. Prints seconds, the ratio (at most 2) and the
peak memory. Nothing is asserted: read it, beside the cores.

    python -m benchmarks.postgres_pull [--products 1000000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.first_sync import AT
from datasync import settings
from datasync.pipeline import Pipeline
from datasync.sources.sample.sample_catalog import sample_records
from datasync.store.files import Folder
from tests.postgres import Database, running

COLUMNS = {
    "sku": "text PRIMARY KEY", "name": "text", "description": "text", "type": "text", "status": "text",
    "visible_in": "jsonb", "stock": "text", "price": "numeric(12, 2)", "currency": "text", "url": "text",
    "images": "jsonb", "categories": "jsonb", "brand": "text", "color": "text", "size": "text", "material": "text",
    "updated_at": "timestamptz",
}  # fmt: skip
BASELINE = """
import duckdb, sys, time
import psycopg
address, copy, out = sys.argv[1:]
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
with psycopg.connect(address) as shop:
    began = time.perf_counter()
    shop.execute(f"COPY product TO '{copy}' (FORMAT csv, HEADER)")
    copied = time.perf_counter()
    con.execute(f"COPY (SELECT * FROM read_csv('{copy}')) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")
    print(copied - began, time.perf_counter() - copied)
"""


def fill(database: Database, file: Path, size: int) -> None:
    """The sample source's valid records of one locale, in a table with the types such a table has."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    rows = sample_records(con, locale="en-US", size=size, seed=1, at=AT)
    valid = f"SELECT * FROM ({rows.sql}) WHERE sku IS NOT NULL AND try_cast(price AS DECIMAL(12, 2)) IS NOT NULL"
    once = f"SELECT DISTINCT ON (sku) {', '.join(COLUMNS)} FROM ({valid})"
    con.execute(f"COPY ({once}) TO '{file}' (FORMAT csv, HEADER)")
    database.run(f"CREATE TABLE product ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
    into = "COPY product FROM STDIN (FORMAT csv, HEADER)"
    with open(file, "rb") as content, database.connection() as shop, shop.cursor().copy(into) as copy:
        while block := content.read(1 << 20):
            copy.write(block)
    database.run("VACUUM ANALYZE product")
    database.run("CHECKPOINT")  # or the server writes the table out while the first round is timed
    file.unlink()


def pull(folder: Path) -> float:
    """Seconds of one complete pull."""
    scope = {"source": "erp", "table": "product", "attributes": ["brand", "color", "size", "material"]}
    found = settings.parse(
        {
            "store": str(folder / "store"), "site": str(folder / "site"), "services": {"catalog-service": {}},
            "sources": {"erp": {"kind": "sql", "connection": "bench"}}, "scopes": {"en-US": scope},
        },
        folder,
    )  # fmt: skip
    line = Pipeline(found, Folder(found.store))
    run = line.begin("bench", "sync", (), "bench", "measuring")
    began = time.perf_counter()
    told = line.pull(run, "en-US")
    seconds = time.perf_counter() - began
    assert told["valid"] > 0.99 * told["records"] > 0, told
    return seconds


def baseline(database: Database, out: Path) -> tuple[float, float]:
    """Seconds of COPY and of DuckDB, in a process of its own, so that its memory is not counted as ours."""
    copy = database.server.folder / "product.csv"
    command = [sys.executable, "-c", BASELINE, database.uri("postgresql"), str(copy), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    copied, read = map(float, done.stdout.split())
    copy.unlink()
    return copied, read


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="measure again and print each round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datasync-bench-") as name, running() as server:
        folder, database = Path(name), server.database()
        fill(database, folder / "product.csv", asked.products)
        ((rows, size),) = database.run("SELECT count(*), pg_table_size('product') FROM product")
        print(f"{rows:,} rows, {size / 1e6:,.0f} MB in PostgreSQL, {os.cpu_count()} cores")
        os.environ["AIRFLOW_CONN_BENCH"] = database.uri()
        for number in range(asked.rounds):
            copied, read = baseline(database, folder / "baseline.parquet")
            seconds = pull(folder / f"round{number}")
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
            print(f"  baseline  {copied + read:6.2f} s   COPY TO a file {copied:.2f}, DuckDB's to Parquet {read:.2f}")
            print(
                f"  pull      {seconds:6.2f} s   ratio {seconds / (copied + read):.2f} (at most 2)   "
                f"peak memory {peak:.2f} GB"
            )


if __name__ == "__main__":
    main()
