"""One run of `catalog_sync` as its tasks run in production: each in a process of its own, which logs to a file.

A program, run by the tests with Airflow's settings and the connections in its environment. With ``unmasked`` it takes
every mask away first, Airflow's own too: then a search that finds nothing elsewhere has to find.
"""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    from airflow.utils import db

    db.initdb()
    if "unmasked" in sys.argv:
        unmask()
    with served():
        run()


def unmask() -> None:
    """Take the masks away in this process; those of the tasks are forked from it."""
    from airflow.sdk._shared.secrets_masker import SecretsMasker

    from datasync import secrets

    SecretsMasker.add_mask = lambda *_: None
    secrets._Registry.add = lambda *_: None
    secrets._IN_LOGS = ()


@contextmanager
def served() -> Iterator[None]:
    """Airflow's API, which tasks speak to."""
    from airflow.configuration import conf

    port = conf.get("api", "port")
    command = [sys.executable, "-m", "airflow", "api-server", "--host", "127.0.0.1", "--port", port]
    log = Path(conf.get("logging", "base_log_folder")).parent / "api-server.log"
    with open(log, "wb") as file:
        server = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        until_healthy(f"http://127.0.0.1:{port}/api/v2/version", server)
        yield
    finally:
        server.terminate()
        server.wait()


def until_healthy(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.3)
    raise RuntimeError("Airflow's API did not answer")


def run() -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    dags = BundleDagBag(dag_folder=ROOT / "dags", bundle_path=ROOT / "dags", bundle_name="dags-folder")
    for name in ("catalog_sync", "publish_report"):
        run = dags.dags[name].test(use_executor=True)
        sys.stdout.write(f"state {run.state}\n")


if __name__ == "__main__":
    main()
