"""The CPU seconds that our own count of a CSV file takes, beside DuckDB's own read of the same file.

Writes the sample source as CSV: as it is, with one stray quote in its middle, with an inch sign in every row, with ten
lines of HTML in every row, and as it is under gzip. Each is scanned, and read by DuckDB with the options of a pull, in
a process of its own; a row has the best of some rounds. The limit, 0.8, is for the clean plain file.

    python benchmarks/csv_scan.py [--products 400000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datasync.sources.files.csv_file import Rules, column_of, look_at_csv
from datasync.sources.files.csv_scan import scan
from datasync.sources.files.csv_title import Written
from datasync.sources.files.file_listing import Folder, opened
from datasync.sources.sample.sample_catalog import sample_records

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
INCH = "replace(replace(replace(name, '\"', ''), ',', ''), chr(10), '') || ' 12\" long'"
HTML = "'<ul>' || repeat(chr(10) || '<li class=\"x\">' || name || ', and more</li>', 10) || chr(10) || '</ul>'"
LIMIT = 0.8


def write_files(folder: Path, size: int) -> list[Path]:
    """The sample source's records of one locale as CSV, in five habits."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE sample AS {sample_records(con, locale='en-US', size=size, seed=1, at=AT).sql}")
    names = ("clean.csv", "inch.csv", "stray.csv", "html.csv", "clean.csv.gz")
    clean, inch, stray, html, packed = (folder / name for name in names)
    con.execute(f"COPY sample TO '{clean}' (HEADER)")
    con.execute(f"COPY sample TO '{packed}' (HEADER, COMPRESSION gzip)")
    con.execute(f"COPY (SELECT * REPLACE ({HTML} AS description) FROM sample) TO '{html}' (HEADER)")
    marked = f"COPY (SELECT * REPLACE ({INCH.replace(chr(34), '@')} AS name) FROM sample) TO '{inch}' (HEADER)"
    con.execute(marked)
    inch.write_bytes(inch.read_bytes().replace(b" 12@ long", b' 12" long'))  # unquoted, as spreadsheets write it
    lines = clean.read_bytes().split(b"\n")
    lines[len(lines) // 2] = lines[len(lines) // 2].replace(b",", b',"', 1)
    stray.write_bytes(b"\n".join(lines))
    return [clean, stray, inch, html, packed]


def seconds(task: str, file: Path) -> float:
    """CPU seconds of one task on one file, in this process; what it imports is not counted."""
    (found,) = Folder(str(file)).files()
    looked = look_at_csv(Folder(str(file)), found, Written(","), Rules(1 << 24))
    columns = ", ".join(f"count({column_of(place)})" for place in range(len(looked.names)))
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    began = time.process_time()
    if task == "duckdb":
        con.execute(f"SELECT {columns} FROM read_csv(['{file}'], {looked.options})").fetchall()
    else:
        with opened(Folder(str(file)), found) as content:
            scan(content, looked.dialect)
    return time.process_time() - began


def best(task: str, file: Path, rounds: int) -> float:
    """The least that a task took, each time in a process of its own."""
    runs = [
        subprocess.run([sys.executable, __file__, "--task", task, str(file)], stdout=subprocess.PIPE, check=True)
        for _ in range(rounds)
    ]
    return min(float(run.stdout) for run in runs)


def main() -> None:
    """One line for each file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--products", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--task", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.task:
        print(seconds(asked.task[0], Path(asked.task[1])))
        return
    with tempfile.TemporaryDirectory(prefix="datasync-bench-") as name:
        for file in write_files(Path(name), asked.products):
            scanned, read = (best(task, file, asked.rounds) for task in ("scan", "duckdb"))
            limit = f"(at most {LIMIT})" if file.name == "clean.csv" else ""
            size = file.stat().st_size / 1e6
            print(
                f"{file.name:13} {size:5.0f} MB   scan {scanned:5.2f} s   DuckDB {read:5.2f} s   "
                f"ratio {scanned / read:.2f} {limit}"
            )


if __name__ == "__main__":
    main()
