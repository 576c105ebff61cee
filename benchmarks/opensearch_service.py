"""How fast products come from the catalog into OpenSearch, as a ratio to parallel_bulk of opensearch-py, and the cost.

Starts an OpenSearch of its own and pulls products into a store. Then, in turns: parallel_bulk (4 threads, 2,000
documents or 8 MB a request) with the documents of the service, which are objects in memory before the clock starts (the
baseline), into an index with the service's mapping; and a transfer to an opensearch service, catalog to receipts, in a
process of its own, whose peak memory is printed. At last 1,000 products change, and are transferred. Prints rates, the
ratio (at least 1.2), memory (under 500 MB) and the seconds of the changes (under 2). Nothing is asserted: read it,
beside the cores.

    python -m benchmarks.opensearch_service [--products 1000000] [--rounds 2]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import yaml
from opensearchpy import OpenSearch as Client
from opensearchpy.helpers import parallel_bulk

from datasync.delivery.services.opensearch.options import OpenSearchService
from datasync.delivery.services.opensearch.place import Place
from datasync.delivery.services.opensearch.statements import statement
from datasync.pipeline import Pipeline
from datasync.relation import select
from datasync.sql import filled as filled_with
from datasync.sql import literal
from datasync.store.logs import catalog_log
from tests.searchserver import OpenSearch, running

SCOPE = "en-US"
CHANGED = 1_000
OPTIONS = {"kind": "opensearch", "connection": "bench", "index": "products-{scope}"}
ROWS = """
COPY (
    SELECT
        printf('SKU-%07d', i) AS sku,
        concat('Thing number ', i, ' in ', ['red', 'green', 'blue', 'black'][1 + i % 4]$word) AS name,
        repeat(concat('A thing of ', i % 1000, ' uses. '), 4) AS description,
        printf('%d.%02d', i % 500, i % 100) AS price,
        ['red', 'green', 'blue', 'black'][1 + i % 4] AS color,
        concat('Brand ', i % 300) AS brand,
        concat(i % 60) AS size
    FROM range($first, $last) AS t (i)
) TO '$file' (FORMAT parquet)
"""


def filled(folder: Path, size: int) -> Pipeline:
    """A store with a catalog, of which nothing is delivered yet."""
    written = {
        "store": str(folder / "store"), "site": str(folder / "site"), "sources": {"files": {"kind": "files"}},
        "scopes": {SCOPE: {"source": "files", "path": "in/*.parquet", "snapshot": "partial",
                           "attributes": ["color", "brand", "size"]}},
        "services": {"search": OPTIONS},
    }  # fmt: skip
    (folder / "in").mkdir()
    (folder / "datasync.yaml").write_text(yaml.safe_dump(written))
    _write(folder, "all", 0, size, "")
    return _pulled(folder)


def _pulled(folder: Path) -> Pipeline:
    line = Pipeline.open(folder / "datasync.yaml")
    run = line.begin(f"pull-{time.time_ns()}", "sync", (), "bench", "measuring")
    line.pull(run, SCOPE)
    line.apply(run, SCOPE)
    return line


def _write(folder: Path, name: str, first: int, last: int, word: str) -> None:
    said, file = f", ' {word}'" if word else "", folder / "in" / f"{name}.parquet"
    sql = filled_with(ROWS, first=str(first), last=str(last), word=said, file=str(file))
    duckdb.sql(sql)


def documents(line: Pipeline) -> list[dict[str, object]]:
    """The documents that the service makes of the catalog, as parallel_bulk takes them."""
    with line.connected() as con:
        batch = select("SELECT *, 'added' AS operation FROM catalog", catalog=catalog_log(line.store, SCOPE).fold())
        made = statement("documents", batch=batch, scope=literal(SCOPE), version="1::BIGINT", longest="512")
        rows = select("SELECT lines FROM made", made=made).rows(con)
    sources = (json.loads(lines.split("\n", 1)[1]) for (lines,) in rows)
    return [{"_index": "by-hand", "_id": source["sku"], "_source": source} for source in sources]


def by_hand(server: OpenSearch, actions: list[dict[str, object]]) -> float:
    """Seconds of parallel_bulk with all documents, into a new index like the service's."""
    definition = Place(OpenSearchService(**OPTIONS), "search", SCOPE, "").definition()
    server.ask("DELETE", "by-hand*")
    server.ask("PUT", "by-hand", {key: definition[key] for key in ("mappings", "settings") if key in definition})
    client = Client(server.url, timeout=120)
    began = time.perf_counter()
    calls = parallel_bulk(client, actions, thread_count=4, chunk_size=2_000, max_chunk_bytes=8_000_000)
    assert all(is_ok for is_ok, _ in calls)
    return time.perf_counter() - began


TRANSFER = """
import json, resource, sys, time
from pathlib import Path
from datasync.pipeline import Pipeline
line = Pipeline.open(Path(sys.argv[1]) / "datasync.yaml")
run = line.begin(sys.argv[2], "sync", (), "bench", "measuring")
began = time.perf_counter()
done = line.transfer(run, sys.argv[3], "search")
seconds = time.perf_counter() - began
count = sum(done[key] for key in ("added", "updated", "resent"))
print(json.dumps([seconds, count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def transfer(folder: Path, name: str) -> tuple[float, int, float]:
    """Seconds of a transfer in a process of its own, how many products it brought, and its peak memory in MB."""
    command = [sys.executable, "-c", TRANSFER, str(folder), name, SCOPE]
    seconds, products, peak = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return seconds, products, peak


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2, help="measure again and print each round")
    arguments = parser.parse_args()
    with running() as server:
        os.environ["AIRFLOW_CONN_BENCH"] = json.dumps(_connection(server))
        for number in range(arguments.rounds):
            with tempfile.TemporaryDirectory(prefix="datasync-bench-") as name:
                _measure(server, Path(name), arguments.products, number)
            server.ask("DELETE", "products-*")


def _measure(server: OpenSearch, folder: Path, size: int, number: int) -> None:
    line = filled(folder, size)
    actions = documents(line)
    if not number:
        print(f"{len(actions):,} products, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}", flush=True)
    rate = len(actions) / by_hand(server, actions)
    del actions
    server.ask("DELETE", "by-hand*")
    print(f"  parallel_bulk  {rate:9,.0f} products/s", flush=True)
    seconds, products, peak = transfer(folder, "all")
    assert products == size, (products, size)
    ratio = f"ratio {products / seconds / rate:.2f} (at least 1.2)   peak {peak:,.0f} MB (under 500)"
    print(f"  transfer       {products / seconds:9,.0f} products/s   {ratio}", flush=True)
    _write(folder, "changes", 0, CHANGED, "now")
    _pulled(folder)
    seconds, products, peak = transfer(folder, "changes")
    assert products == CHANGED, products
    print(f"  {products:,} changes    {seconds:6.2f} s (under 2)   peak {peak:,.0f} MB", flush=True)


def _connection(server: OpenSearch) -> dict[str, object]:
    host, _, port = server.url.removeprefix("http://").partition(":")
    return {"conn_type": "opensearch", "host": host, "port": int(port)}


if __name__ == "__main__":
    main()
