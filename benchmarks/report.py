"""How large a report may be: what it costs to publish one, and how fast it is to look at, in a real browser.

For each size, in processes of their own: DuckDB writes a made-up scope's tables as zstd Parquet (the baseline) and the
same process publishes them; then Chromium opens the page from the disk and makes 30 searches, each in a page that has
loaded nothing yet: once unwatched, once with its bytes counted, and again over HTTP with 40 ms round trips and
20 Mbit/s. So does an installed Firefox from the disk. Prints a table, and writes it into its page of docs/.
Nothing is asserted: read it, beside the cores and what else they had to do.

    python -m benchmarks.report [--sizes 100000,1000000] [--page docs/speed.md]
"""

from __future__ import annotations

import argparse
import functools
import http.server
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.chromium import Chromium, chromium
from benchmarks.firefox import Firefox, firefox
from datasync.figures.totals import ScopeTotals, ServiceTotals
from datasync.relation import Table
from datasync.report.facts.page_data import Named, ScopeProducts, SitePages, StoredProducts
from datasync.report.publish import render
from datasync.store.logs import PullSummary

AT = datetime.fromtimestamp(1_790_000_000, UTC)
SERVICES = ("catalog-service", "search", "recommendations")
TABLES = ("page_versions", "page_rows", "page_records")
SQL = Path(__file__).with_name("report_products.sql")
MARKS = ("<!-- benchmarks/report.py -->", "<!-- end -->")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUERIES = (
    "headphones", "shirt", "wool", "waterproof jacket", "blue t-shirt", "café", "CRÈME café", "6-pack",
    "t-shirt wool 6-pack", "portable speaker black", "sofa rosé", "backpac", "atshi", "eadphon", "ylon", "24-",
    "24-CO0000", "4000000", "40000104", "123-", "zzzz", "赤", "靴", "防水", "充電器", "ヘッドホン", "s", "xl",
    "insulated cashmere pump", "valve turquoise 50ml",
)  # fmt: skip
ARGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


# ── publishing ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Built:
    """What one publish cost beside its baseline."""

    baseline: float
    seconds: float
    baseline_work: float
    work: float
    files: int
    bytes: int
    peak: float
    again: int


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """As the store's connection is, but with the tables on the disk: they are not what is measured."""
    memory = os.environ.get("DATASYNC_MEMORY", "1GB")
    con = duckdb.connect(folder / "tables.duckdb", config={"memory_limit": memory})
    con.execute("SET enable_progress_bar = false")
    con.execute("SET preserve_insertion_order = false")
    return con


def make_products(folder: Path, size: int) -> None:
    """Made-up tables of one scope."""
    con = connect(folder)
    for statement in SQL.read_text(encoding="utf-8").replace("$size", str(size)).split(";\n"):
        if statement.strip():
            con.execute(statement)


def build(folder: Path) -> Built:
    """Write the tables as Parquet, publish them, change a thousand products, and publish again."""
    con = connect(folder)
    clocks = [read_clocks()]
    for name in TABLES:
        con.execute(f"COPY {name} TO '{folder / name}.zstd' (FORMAT parquet, COMPRESSION zstd)")
    clocks.append(read_clocks())
    site = folder / "site"
    done = publish(con, site, AT)
    clocks.append(read_clocks())
    (baseline, baseline_work), (seconds, work) = (
        (b - a for a, b in zip(*two, strict=True)) for two in pairwise(clocks)
    )
    size = sum(file.stat().st_size for file in site.rglob("*.*"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return Built(baseline, seconds, baseline_work, work, done.files + 2, size, peak, changed(con, site))


def read_clocks() -> tuple[float, float]:
    """Seconds on the wall, and of work of all processors: others may be at work on the same machine."""
    return time.perf_counter(), time.process_time()


def changed(con: duckdb.DuckDBPyConnection, site: Path) -> int:
    """Files that a publish writes after 1,000 products changed."""
    some = "hash(sku) % (SELECT count(*) // 1000 FROM page_versions) = 0"
    chosen = f"version IN (SELECT version FROM page_versions WHERE {some})"
    at = int(AT.timestamp() + 3000) * 1000
    con.execute(f"UPDATE page_rows SET received_ms = {at}, flags = 17 WHERE flags >= 16 AND {chosen}")
    con.execute(f"UPDATE page_versions SET hash = md5(hash), name = name || ' II' WHERE {chosen}")
    return publish(con, site, AT + timedelta(hours=1)).files + 2


def publish(con: duckdb.DuckDBPyConnection, site: Path, at: datetime) -> render.Published:
    versions, rows, records = (stored_table(con, name) for name in TABLES)
    products = ScopeProducts("en-US", stored=StoredProducts(con, versions, rows, records), services=SERVICES)
    return render.publish(render.SiteContent(page_of(con, at), [products]), site)


def stored_table(con: duckdb.DuckDBPyConnection, name: str) -> Table:
    size = con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    return Table(f"SELECT * FROM {name}", name, size)


def page_of(con: duckdb.DuckDBPyConnection, at: datetime) -> SitePages:
    """A page with the figures of the tables."""
    counted = "SELECT service, state, count(*) FROM page_rows GROUP BY ALL"
    found = {(service, state): n for service, state, n in con.execute(counted).fetchall()}
    size = con.execute("SELECT count(*) FROM page_versions").fetchall()[0][0]
    pull = PullSummary("bench", True, at, at, records=size + 10, valid=size, quarantined=10)
    totals = ScopeTotals("en-US", "bench", size, 10, pull, tuple(service_of(one, found, at) for one in SERVICES))
    named = tuple(Named(one, one) for one in SERVICES)
    return SitePages(at, at, timedelta(hours=3), {}, (Named("en-US", "English"),), named, (totals,))


def service_of(name: str, found: dict[tuple[str, str], int], at: datetime) -> ServiceTotals:
    states = {state: found.get((name, state), 0) for state in ("current", "missing", "rejected", "excluded")}
    nothing = dict.fromkeys(("resent_in_window", "removed_in_window", "stale", "failed", "held_older", "orphaned"), 0)
    times = {"outcome": "ok", "failed_step": None, "failure": None, "zero_because": None, "last_sync_at": at}
    counts = {"latest_update": 0, "total_received": states["current"], "due": states["missing"], "removals_due": 0}
    return ServiceTotals(scope="en-US", service=name, unexplained=0, **times, **counts, **nothing, **states)


# ── looking at it ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Seen:
    """What a browser measured: milliseconds and bytes of each search, and more."""

    paint: float
    searches: list[float]  # until the first rows stand
    counted: list[float]  # until all matches are counted as well
    bytes: list[int]
    memory: float


TIMED = """async (hash) => {
    const count = document.querySelector("p.count");
    const seen = { childList: true, characterData: true, subtree: true };
    const done = new Promise((resolve) => new MutationObserver(resolve).observe(count, seen));
    const began = performance.now();
    location.hash = hash;
    await done;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    const rows = performance.now() - began;
    while (document.querySelector("[aria-busy=true]")) await new Promise((resolve) => setTimeout(resolve, 2));
    return `${rows} ${performance.now() - began}`;
}"""
SHOWN = """(async () => {
    while (!document.querySelector(".rows tbody tr")) await new Promise((resolve) => setTimeout(resolve, 50));
    document.querySelector("#q").focus();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return 0;
})()"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
START = "#scope=en-US&tab=search"


def look(browser: Browser, site: Path, address: str, slow: bool) -> Seen:
    """Make every search in a page of its own, then all of them in one."""
    paints, times, sizes = [], [], []
    for query in QUERIES:
        tab, asked = opened(browser, address, slow)
        paints.append(tab.evaluate(PAINT))
        before = len(asked)
        times.append(tab.evaluate(TIMED, f"{START}&q={query}"))
        tab.wait_for_timeout(400)
        sizes.append(sum((site / url.removeprefix(address)).stat().st_size for url in asked[before:]))
        tab.context.close()
    return Seen(statistics.median(paints), *both(times), sizes, 0 if slow else memory_after(browser, address))


def both(times: list[str]) -> tuple[list[float], list[float]]:
    """What TIMED told of some searches: when their rows stood, and when all was counted."""
    rows, counted = zip(*(map(float, one.split()) for one in times), strict=True)
    return list(rows), list(counted)


def opened(browser: Browser, address: str, slow: bool) -> tuple[Page, list[str]]:
    """A page that shows the first rows of a service and has loaded what it loads by itself."""
    tab = browser.new_context().new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if "/data/" in request.url else None)
    tab.set_default_timeout(60_000)
    if slow:
        network = {"offline": False, "latency": 40, "downloadThroughput": 20e6 / 8, "uploadThroughput": 20e6 / 8}
        tab.context.new_cdp_session(tab).send("Network.emulateNetworkConditions", network)
    tab.goto(f"{address}index.html{START}")
    tab.locator(".rows tbody tr").first.wait_for()
    tab.locator("#q").focus()
    tab.wait_for_timeout(300)
    return tab, asked


def look_unwatched(browser: Chromium | Firefox, address: str) -> Seen:
    """The same searches in a browser that tells neither bytes nor its memory, and so has nothing else to do."""
    paints, times = [], []
    for query in QUERIES:
        browser.open(f"{address}index.html{START}")
        browser.evaluate(SHOWN)
        paints.append(browser.evaluate(f"({PAINT})()"))
        times.append(browser.evaluate(f"({TIMED})({json.dumps(f'{START}&q={query}')})"))
    return Seen(statistics.median(paints), *both(times), [], 0)


def memory_after(browser: Browser, address: str) -> float:
    """MB of the page's process after all searches in one page."""
    tab, _ = opened(browser, address, slow=False)
    for query in QUERIES:
        tab.evaluate(TIMED, f"{START}&q={query}")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    found = max(resident(int(one["id"])) for one in processes if one["type"] == "renderer")
    tab.context.close()
    return found


def resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8") if os.path.exists(f"/proc/{pid}/status") else ""
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else 0


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder on loopback, connections kept open as web servers do."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


# ── the table ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Measured:
    """One size's column."""

    size: int
    built: Built
    alone: Seen
    disk: Seen
    net: Seen
    fox: Seen | None
    load: float


def measure(folder: Path, size: int) -> Measured:
    folder.mkdir(parents=True)
    step(folder, "make", size)
    built = Built(**json.loads(step(folder, "build", size)))
    site = folder / "site"
    path = next((found for found in map(shutil.which, CHROMIUM) if found), None)
    with chromium(path or CHROMIUM[0], ARGS) as unwatched:
        alone = look_unwatched(unwatched, f"{site.as_uri()}/")
    with firefox() as fox:
        in_fox = look_unwatched(fox, f"{site.as_uri()}/") if fox else None
    with sync_playwright() as playwright, served(site) as address:
        browser = playwright.chromium.launch(executable_path=path, args=ARGS)
        disk = look(browser, site, f"{site.as_uri()}/", slow=False)
        net = look(browser, site, address, slow=True)
        browser.close()
    return Measured(size, built, alone, disk, net, in_fox, os.getloadavg()[1])


def step(folder: Path, name: str, size: int) -> str:
    """Run one step in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "benchmarks.report", "--step", name, "--folder", str(folder), "--sizes", str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


ROWS: tuple[tuple[str, Callable[[Measured], str]], ...] = (
    ("build from prepared rows, as ratio to the baseline", lambda m: f"{m.built.seconds / m.built.baseline:.1f}"),
    ("the same in seconds of work", lambda m: f"{m.built.work / m.built.baseline_work:.1f}"),
    ("its seconds (baseline)", lambda m: f"{m.built.seconds:.1f} ({m.built.baseline:.1f})"),
    ("its peak memory", lambda m: f"{m.built.peak:.1f} GB"),
    ("files, and their size", lambda m: f"{m.built.files:,}, {m.built.bytes / 1e6:,.0f} MB"),
    ("files after 1,000 changes", lambda m: f"{m.built.again:,}"),
    ("first paint from a disk", lambda m: f"{m.disk.paint / 1000:.2f} s"),
    ("cold search from a disk, until its rows stand, median / worst", lambda m: pair(m.alone.searches, "ms")),
    ("the same until all is counted", lambda m: pair(m.alone.counted, "ms")),
    ("until its rows stand, each request watched by Playwright", lambda m: pair(m.disk.searches, "ms")),
    ("bytes a search, median / worst", lambda m: pair([one / 1000 for one in m.disk.bytes], "KB")),
    ("cold search at 40 ms and 20 Mbit/s", lambda m: pair(m.net.searches, "ms")),
    ("the page's memory after 30 searches", lambda m: f"{m.disk.memory:.0f} MB"),
    ("Firefox: first paint from a disk", lambda m: f"{m.fox.paint / 1000:.2f} s" if m.fox else "none installed"),
    ("Firefox: cold search, median / worst", lambda m: pair(m.fox.searches, "ms") if m.fox else "none installed"),
    ("processes that wanted to run meanwhile; cores", lambda m: f"{m.load:.0f}; {os.cpu_count()}"),
)


def pair(values: list[float], unit: str) -> str:
    return f"{statistics.median(values):,.0f} / {max(values):,.0f} {unit}"


def table(found: list[Measured]) -> str:
    head = f"| | {' | '.join(f'{one.size:,}' for one in found)} |\n|---|{'---|' * len(found)}"
    return "\n".join([head, *(f"| {name} | {' | '.join(map(of, found))} |" for name, of in ROWS)])


def into(page: Path, text: str) -> None:
    """Put the table where a page has its marks."""
    before, rest = page.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Measure, print, and write down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="100000,1000000")
    parser.add_argument("--page", type=Path)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--step", choices=("make", "build"))
    asked = parser.parse_args()
    sizes = [int(size) for size in asked.sizes.split(",")]
    if asked.step == "make":
        make_products(asked.folder, sizes[0])
    elif asked.step == "build":
        print(json.dumps(asdict(build(asked.folder))))
    else:
        with tempfile.TemporaryDirectory(prefix="datasync-bench-") as name:
            found = [measure((asked.folder or Path(name)) / str(size), size) for size in sizes]
        for one in found:
            print(*(f"{q}: {ms:.0f} ms, {kb / 1000:.0f} KB" for q, ms, kb in listing(one)), sep="\n")
        print(table(found))
        if asked.page:
            into(asked.page, table(found))


def listing(one: Measured) -> Iterator[tuple[Any, ...]]:
    return zip(QUERIES, one.alone.searches, one.disk.bytes, strict=True)


if __name__ == "__main__":
    main()
