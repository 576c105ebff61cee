"""Runs of the DAGs as their tasks run in production: each in a process of its own, which logs to a file.

A program, run by the tests with Airflow's settings and the connections in its environment. Every line of its input
asks for one run of `catalog_sync` and `publish_report`: it names the file of settings, and says ``masked`` or
``unmasked``. Unmasked, the program first takes every mask away, Airflow's own too: then a search that finds nothing
elsewhere has to find. The masks stay away, so the masked runs come first.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENDED = "both DAGs ended"  # the last line that a run prints


def main() -> None:
    from airflow.utils import db

    db.initdb()
    with served():
        for line in sys.stdin:
            settings, how = line.split()
            os.environ["DATASYNC_SETTINGS"] = settings
            if how == "unmasked":
                unmask()
            run()
            sys.stdout.write(f"{ENDED}\n")
            sys.stdout.flush()


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
