"""Packages that a test installs beside datasync: their files, and what pip would write of them, in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Packages:
    """A folder of installed packages, and commands that are run with them."""

    folder: Path

    def install(
        self, name: str, files: Mapping[str, str], *, sources: Mapping[str, str], services: Mapping[str, str]
    ) -> None:
        """Install a package: its files by path, and its kinds by name, each as ``module:Class``."""
        for path, text in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text, encoding="utf-8")
        info = self.folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        groups = {"datasync.sources": sources, "datasync.services": services}
        lines = [line for group, kinds in groups.items() for line in (f"[{group}]", *_entries(kinds))]
        (info / "entry_points.txt").write_text("\n".join(lines))

    def run(self, shop: Path, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the shell, in a process that has these packages; ``shop`` has the settings."""
        return self.python(shop, "-m", "datasync.cli", *argv)

    def python(self, shop: Path, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run Python in a process that has these packages."""
        return subprocess.run(
            [sys.executable, *argv], cwd=shop, capture_output=True, text=True, timeout=120, input=stdin,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
        )  # fmt: skip


def _entries(kinds: Mapping[str, str]) -> list[str]:
    return [f"{kind} = {place}" for kind, place in kinds.items()]
