"""How long products take from the catalog into a table of PostgreSQL, as a ratio to the least that bringing them costs.

Starts a PostgreSQL of its own and pulls the sample source's products into a store. Then, in turns: the same rows by
binary COPY into an unlogged table and by one MERGE from there into a table with the same key (the baseline), and a
transfer to a sql service, catalog to receipts. Prints seconds and the ratio (at most 2). Nothing is asserted: read it,
beside the cores.

    python -m benchmarks.sql_service [--products 200000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

from adbc_driver_postgresql import dbapi

from datasync import settings
from datasync.delivery.services.sql import columns
from datasync.pipeline import Pipeline
from datasync.relation import Relation
from datasync.sql import quote
from datasync.store.files import Folder
from datasync.store.logs import catalog_log
from tests.postgres import Database, running

SCOPE = "en-US"
KEY = "scope text NOT NULL, sku text NOT NULL"
OURS = "datasync_hash text, datasync_version bigint, PRIMARY KEY (scope, sku)"


def filled(folder: Path, size: int) -> Pipeline:
    """A store with a catalog of sample products, of which nothing is delivered yet."""
    written = {
        "store": str(folder / "store"), "site": str(folder / "site"),
        "sources": {"demo": {"kind": "sample", "size": size}},
        "scopes": {SCOPE: {"source": "demo", "attributes": ["brand", "color", "size", "material"]}},
        "services": {"bi": {"kind": "sql", "connection": "bench", "table": "products"}},
    }  # fmt: skip
    line = Pipeline(settings.parse(written, folder), Folder(str(folder / "store")))
    run = line.begin("bench", "sync", (), "bench", "measuring")
    line.pull(run, SCOPE)
    line.apply(run, SCOPE)
    return line


def baseline(line: Pipeline, database: Database, own: tuple[columns.Column, ...]) -> tuple[float, float]:
    """Seconds of COPY into an unlogged table and of MERGE, of all rows at once, which are made before."""
    with line.connected() as con:
        catalog = f"SELECT *, 'added' AS operation FROM ({catalog_log(line.store, SCOPE).fold().sql})"
        rows = columns.sendable(con.sql(columns.texts(own, Relation(catalog)).sql).to_arrow_table())
    values = [f"s.{quote(column.name)}::{_type(column)}" for column in own]
    names = [quote(column.name) for column in own]
    made = ", ".join(f"{name} {_type(column)}" for name, column in zip(names, own, strict=True))
    staged = ", ".join(f"{quote(name)} text" for name in rows.column_names)
    database.run(
        "DROP TABLE IF EXISTS by_hand, stage", f"CREATE TABLE by_hand ({KEY}, {made}, {OURS})",
        f"CREATE UNLOGGED TABLE stage ({staged})",
    )  # fmt: skip
    with dbapi.connect(database.uri("postgresql"), autocommit=False) as shop, shop.cursor() as cursor:
        began = time.perf_counter()
        cursor.adbc_ingest("stage", rows, mode="append")
        copied = time.perf_counter()
        cursor.execute(
            f"MERGE INTO by_hand AS t USING stage AS s ON t.scope = '{SCOPE}' AND t.sku = s.sku "
            f"WHEN MATCHED THEN UPDATE SET {', '.join(map(' = '.join, zip(names, values, strict=True)))} "
            f"WHEN NOT MATCHED THEN INSERT (scope, sku, {', '.join(names)}, datasync_hash, datasync_version) "
            f"VALUES ('{SCOPE}', s.sku, {', '.join(values)}, s.hash, 1)"
        )
        shop.commit()
        return copied - began, time.perf_counter() - copied


def _type(column: columns.Column) -> str:
    return {"json": "jsonb", "number": "numeric", "instant": "timestamptz"}.get(column.kind, "text")


def transfer(line: Pipeline, number: int) -> tuple[float, int]:
    """Seconds of one transfer of everything, and how many products it brought."""
    run = line.begin(f"bench-{number}", "sync", (), "bench", "measuring")
    began = time.perf_counter()
    done = line.transfer(run, SCOPE, "bi")
    seconds = time.perf_counter() - began
    return seconds, int(done["added"]) + int(done["resent"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3, help="measure again and print each round")
    arguments = parser.parse_args()
    own = columns.columns_of(None, "bi", None)  # type: ignore[arg-type]
    with running() as server:
        for number in range(arguments.rounds):
            with tempfile.TemporaryDirectory(prefix="datasync-bench-") as name:
                database = server.database()
                os.environ["AIRFLOW_CONN_BENCH"] = database.uri()
                line = filled(Path(name), arguments.products)
                copied, merged = baseline(line, database, own)
                seconds, products = transfer(line, number)
                ((rows,),) = database.run("SELECT count(*) FROM products")
                assert rows == products > 0.9 * arguments.products, (rows, products)
                if not number:
                    print(f"{rows:,} products, {os.cpu_count()} cores")
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
                print(f"  baseline  {copied + merged:6.2f} s   COPY {copied:.2f}, MERGE {merged:.2f}")
                ratio = f"ratio {seconds / (copied + merged):.2f} (at most 2)   peak {peak:.2f} GB"
                print(f"  transfer  {seconds:6.2f} s   {ratio}   {products / seconds:,.0f} products/s")


if __name__ == "__main__":
    main()
