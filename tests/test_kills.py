"""`sync` is killed at random moments; what it leaves under TMPDIR goes with the next tidy, and the next run goes on.

DATASYNC_KILLS sets how many are killed.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from datasync.pipeline import Pipeline

KILLS = int(os.environ.get("DATASYNC_KILLS", "10"))
PRODUCTS = 2_000
SETTINGS = """
store: store
site: site
sources: {demo: {kind: files}}
scopes: {de: {source: demo, path: "de.jsonl"}, en: {source: demo, path: "en.jsonl"}}
services: {feed: {}, search: {export: "exports/{scope}.jsonl"}}
"""


class Shop:
    """Two scopes in a folder, and a TMPDIR of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tmp = folder, folder / "tmp"
        self.tmp.mkdir()
        (folder / "datasync.yaml").write_text(SETTINGS, encoding="utf-8")

    def sells(self, name: str) -> None:
        records = "".join(json.dumps({"sku": f"S{n}", "name": f"{name} {n}"}) + "\n" for n in range(PRODUCTS))
        for scope in ("de", "en"):
            (self.folder / f"{scope}.jsonl").write_text(records, encoding="utf-8")

    def starts(self, *argv: str) -> subprocess.Popen[bytes]:
        """A process of the shell."""
        command = [sys.executable, "-m", "datasync.cli", "--settings", str(self.folder / "datasync.yaml"), *argv]
        environment = {**os.environ, "TMPDIR": str(self.tmp)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def folders(self) -> set[str]:
        return {path.name for path in self.tmp.glob("datasync-*") if path.is_dir()}

    def begins(self) -> subprocess.Popen[bytes]:
        """A sync that has made its folder, so everything is imported and the work begins."""
        before, process = self.folders(), self.starts("sync")
        while process.poll() is None and self.folders() == before:
            time.sleep(0.001)
        return process


def test_what_killed_runs_left_under_tmpdir_goes_with_tidy_and_the_next_run_goes_on(tmp_path: Path) -> None:
    shop, moments = Shop(tmp_path), random.Random(KILLS)
    shop.sells("first")
    process, begun = shop.begins(), time.monotonic()
    assert process.wait() == 0
    seconds = time.monotonic() - begun
    assert shop.folders() == set()

    killed, left = 0, 0
    for number in range(KILLS):
        shop.sells(f"try {number}")
        process = shop.begins()
        time.sleep(moments.uniform(0, seconds))
        process.kill()
        killed += process.wait() != 0
        left += len(shop.folders())  # fewer than were killed: a run that comes to its own tidy takes all away
    assert killed > KILLS / 2
    assert left > 0

    assert shop.starts("tidy").wait() == 0
    assert shop.folders() == set()
    assert shop.starts("sync").wait() == 0
    for scope in Pipeline.open(tmp_path / "datasync.yaml").totals().scopes:
        assert scope.products == PRODUCTS
        services = [(to.current, to.due, to.total_received, to.unexplained) for to in scope.services]
        assert services == [(PRODUCTS, 0, PRODUCTS, 0)] * 2
    assert shop.starts("check", "--store").wait() == 0
