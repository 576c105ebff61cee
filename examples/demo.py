"""The demo: a sample catalog goes through the DAGs in one process, and comes out as a page.

If the store is empty, a few past hours go through the same pipeline first, under another clock, so that the page has a
story: products that came, changed and went. Then `catalog_sync` and `publish_report` run on Airflow, for the present.
Nothing is served and nothing leaves this machine; all of it lies under var/. `DATASYNC_SETTINGS` names other settings
than the checkout's.
"""

from __future__ import annotations

import gc
import os
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "var" / "airflow"
DAGS = ROOT / "dags"
HOURS_AGO = (26, 9, 5, 4, 2)
COLUMNS = ("total_received", "latest_update", "removed_in_window", "due", "rejected", "excluded", "unexplained")

# A process of seconds: looking for cycles among the objects that Airflow keeps to the end costs more than they would.
gc.disable()

# Before the first import of Airflow, which reads them once. An Airflow that the environment names is not ours to touch.
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__EXECUTOR="LocalExecutor",
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=str(HOME / "logs"),
    AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
    AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY="1",
)
os.environ.setdefault("DATASYNC_SETTINGS", str(ROOT / "datasync.yaml"))

from datasync.figures.totals import Totals  # noqa: E402
from datasync.pipeline import Pipeline  # noqa: E402 - Airflow's environment stands first


def main() -> int:
    """Replay the past if there is none, run the DAGs, tell what came of it; 0 if every run succeeded."""
    pipeline = Pipeline.open()
    if not pipeline.store.folders("runs"):
        with told("The past day, replayed"):
            replay(datetime.now(UTC))
    failed = [dag for dag, state in run_dags("catalog_sync", "publish_report") if state != "success"]
    print(f"\n{table(pipeline.totals())}\n\nThe page: {pipeline.settings.site}/index.html")
    if failed:
        print(f"Failed: {', '.join(failed)}. What is printed above the table says why.", file=sys.stderr)
    return 1 if failed else 0


def replay(now: datetime) -> None:
    """Sync as the schedule would have done in past hours."""
    for hours in HOURS_AGO:
        moment = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
        sync(Pipeline.open(clock=clock_from(moment)), f"scheduled__{moment:%Y-%m-%dT%H:%M}")


def clock_from(moment: datetime) -> Callable[[], datetime]:
    """A clock that shows ``moment`` now, and goes on from there."""
    began = time.monotonic()
    return lambda: moment + timedelta(seconds=time.monotonic() - began)


def sync(pipeline: Pipeline, run_id: str) -> None:
    """One run, with the steps that `catalog_sync` does on Airflow; scopes side by side."""
    scopes = tuple(pipeline.settings.scopes)
    run = pipeline.begin(run_id, "sync", scopes, "schedule", "")
    with ThreadPoolExecutor() as workers:
        list(workers.map(lambda scope: sync_scope(pipeline, run, scope), scopes))
    pipeline.confirm(pipeline.close(run))


def sync_scope(pipeline: Pipeline, run: str, scope: str) -> None:
    """From the source to every service."""
    pipeline.pull(run, scope)
    pipeline.apply(run, scope)
    for service in pipeline.settings.services:
        pipeline.transfer(run, scope, service)


def run_dags(*names: str) -> Iterator[tuple[str, str]]:
    """Run DAGs in this process, one after the other, whatever becomes of the first; each with the state it ended in."""
    HOME.mkdir(parents=True, exist_ok=True)
    with told("Airflow"):
        from airflow.dag_processing.dagbag import BundleDagBag
        from airflow.utils import db

        warnings.simplefilter("ignore")  # notes of Airflow and its friends to their own developers
        db.initdb()
        bag = BundleDagBag(dag_folder=DAGS, bundle_path=DAGS, bundle_name="dags-folder")
    for file, error in bag.import_errors.items():
        print(f"{file}: {error}", file=sys.stderr)
    for name in names:
        with told(name):
            state = str(bag.dags[name].test().state) if name in bag.dags else "missing"
        yield name, state


@contextmanager
def told(what: str) -> Iterator[None]:
    """Print what is going on, and the seconds it took."""
    began = time.monotonic()
    print(f"{what} ...", flush=True)
    yield
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)


def table(found: Totals) -> str:
    """The totals, one line per scope and service."""
    heads = ["scope", "service", *(column.replace("_", " ") for column in COLUMNS)]
    rows = [
        [one.scope, one.service, *(f"{getattr(one, column):,}" for column in COLUMNS)]
        for scope in found.scopes
        for one in scope.services
    ]
    widths = [max(len(row[at]) for row in [heads, *rows]) for at in range(len(heads))]
    return "\n".join("  ".join(_padded(row, widths)) for row in [heads, *rows])


def _padded(row: list[str], widths: list[int]) -> Iterator[str]:
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if at < 2 else cell.rjust(width)


if __name__ == "__main__":
    try:
        code = main()
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # Airflow's own way out takes two more seconds
