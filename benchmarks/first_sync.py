"""How long a first sync of a million products takes, as a ratio to the least that reading them can cost.

Writes the sample source as JSON lines, then, in one process: DuckDB's own COPY of that file to Parquet (the baseline),
and a first complete sync through three services with all totals, through the same pipeline that the DAGs and the shell
use. Prints seconds, the ratio (at most 4) and the peak memory (at most 1.5 GB). Nothing is asserted: read it, beside
the cores.

    python benchmarks/first_sync.py [--products 1000000] [--rounds 1]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from datasync import settings
from datasync.pipeline import Pipeline
from datasync.sources.sample.sample_catalog import sample_records
from datasync.store.files import Folder

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
BASELINE = "COPY (SELECT * FROM read_json('{file}')) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"


def write_products(file: Path, size: int) -> None:
    """The sample source's records of one locale as JSON lines."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    rows = sample_records(con, locale="en-US", size=size, seed=1, at=AT)
    con.execute(f"COPY ({rows.sql}) TO '{file}' (FORMAT json)")


def settings_for(folder: Path, file: Path) -> settings.Settings:
    """The demo's three services over the file."""
    accepts = [{"rule": "status = 'enabled'", "otherwise": "The product is disabled"}]
    scope = {"source": "exports", "path": str(file), "attributes": ["brand", "color", "size", "material"]}
    return settings.parse(
        {
            "store": str(folder / "store"),
            "site": str(folder / "site"),
            "sources": {"exports": {"kind": "files"}},
            "scopes": {"en-US": scope},
            "services": {
                "catalog-service": {},
                "search": {"accepts": accepts},
                "recommendations": {"accepts": accepts},
            },
        },
        folder,
    )


def first_sync(folder: Path, file: Path) -> dict[str, float]:
    """Seconds of each step of one complete sync, and of the totals after it."""
    found = settings_for(folder, file)
    line = Pipeline(found, Folder(found.store))
    run = line.begin("bench", "sync", (), "bench", "measuring")
    steps = {
        "pull": lambda: line.pull(run, "en-US"),
        "catalog": lambda: line.apply(run, "en-US"),
        **{name: lambda name=name: line.transfer(run, "en-US", name) for name in found.services},
        "close": lambda: line.close(run),
        "totals": line.totals,
    }
    return {name: _seconds(step) for name, step in steps.items()}


def _seconds(step) -> float:  # type: ignore[no-untyped-def]
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _baseline(file: Path, out: Path) -> float:
    """In a process of its own, so that its memory is not counted as ours."""
    code = _TIMED.format(copy=BASELINE.format(file=file, out=out))
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


_TIMED = """
import duckdb, time
con = duckdb.connect()
con.execute("SET enable_progress_bar = false")
began = time.perf_counter()
con.execute({copy!r})
print(time.perf_counter() - began)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1, help="measure again and print each round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="datasync-bench-") as name:
        folder = Path(name)
        file = folder / "products.jsonl"
        write_products(file, asked.products)
        print(f"{asked.products:,} products, {file.stat().st_size / 1e6:,.0f} MB of JSON lines, {os.cpu_count()} cores")
        for round_ in range(asked.rounds):
            baseline = _baseline(file, folder / "baseline.parquet")
            steps = first_sync(folder / f"round{round_}", file)
            _report(baseline, steps)


def _report(baseline: float, steps: dict[str, float]) -> None:
    total = sum(steps.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"  baseline  {baseline:6.2f} s   COPY (SELECT * FROM read_json(FILE)) TO Parquet (zstd)")
    for name, seconds in steps.items():
        print(f"  {name:16} {seconds:6.2f} s")
    print(
        f"  total     {total:6.2f} s   ratio {total / baseline:.2f} (at most 4)   "
        f"peak memory {peak:.2f} GB (at most 1.5)"
    )


if __name__ == "__main__":
    main()
