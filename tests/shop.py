"""A small shop for tests: a CSV file, settings and a store, and the shell run on them in this process."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from datasync.cli import main
from datasync.pipeline import Pipeline

SERVICES = """
services:
  catalog-service: {label: Catalog Service, required: [categories]}
  search:
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
"""
SETTINGS = (
    """
sources:
  exports: {kind: files}
scopes:
  en-US:
    source: exports
    path: en/*.csv
    attributes: [color]
"""
    + SERVICES
)
FIELDS = ("sku", "name", "status", "categories", "color")
BEGAN = datetime(2026, 11, 24, 3, tzinfo=UTC)


@dataclass(frozen=True)
class CommandOutput:
    """What one command came to; run ids without their random end, versions as V and a number in order of appearance."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def errors(self) -> list[str]:
        return self.err.splitlines()


class Shop:
    """One folder with everything; each command happens a minute after the one before."""

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        self.folder, self.now = folder, BEGAN
        self.settings = folder / "datasync.yaml"
        self.settings.write_text(settings, encoding="utf-8")

    def sells(self, *products: Sequence[str] | Mapping[str, str], scope: str = "en") -> None:
        """Replace the export: products as rows of FIELDS, or as mappings."""
        (self.folder / scope).mkdir(exist_ok=True)
        rows = [
            dict(zip(FIELDS, product, strict=False)) if not isinstance(product, Mapping) else product
            for product in products
        ]
        with open(self.folder / scope / "products.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, FIELDS)
            writer.writeheader()
            writer.writerows(rows)

    def run(self, *argv: str, stdin: str = "") -> CommandOutput:
        """Run one command of the shell; ``stdin`` is what it reads there."""
        self.now += timedelta(minutes=1)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _stdin(stdin):
            code = main(["--settings", str(self.settings), *argv], clock=lambda: self.now)
        self.now += timedelta(seconds=1)
        return CommandOutput(code, same(out.getvalue()), same(err.getvalue()))

    def json(self, *argv: str) -> Any:
        """What a command prints for machines."""
        output = self.run(*argv, "--json")
        assert output.code == 0, output.err
        return json.loads(output.out)

    def pipeline(self) -> Pipeline:
        return Pipeline.open(self.settings, lambda: self.now)

    @contextlib.contextmanager
    def connected(self) -> Iterator[tuple[duckdb.DuckDBPyConnection, Pipeline]]:
        pipeline = self.pipeline()
        with pipeline.connected() as con:
            yield con, pipeline

    def held_run(self) -> str:
        """The id of the newest run, with its random end."""
        return max(path.stem for path in (self.folder / "var/store/runs").rglob("*.json"))

    def files(self) -> dict[str, bytes]:
        """Every file of the shop's folder that a run could write, by its path."""
        return {str(p.relative_to(self.folder)): p.read_bytes() for p in sorted(self.folder.rglob("*")) if p.is_file()}


@contextlib.contextmanager
def _stdin(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


def same(text: str) -> str:
    """Text without what is different each time: the random end of a run's id, the digits of a version."""
    known: dict[str, str] = {}
    text = re.sub(r"((?:sync|resync|withdraw)-\d{8}T\d{6}Z)-[0-9a-f]{4}", r"\1", text)

    def numbered(match: re.Match[str]) -> str:
        return f"version {known.setdefault(match[1], f'V{len(known) + 1}')}"

    return re.sub(r"version ([0-9a-f]{8})\b", numbered, text)
