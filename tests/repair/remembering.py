"""A service elsewhere that remembers what it was sent, whatever the receipts say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from datasync.connection import Credentials
from datasync.delivery import services
from datasync.delivery.services.base import Batch, Fence, Service
from datasync.relation import Relation
from datasync.settings import Settings
from datasync.sql import literal

NAME = "faraway"
REFUSED = "N-3"


class Memory:
    """Takes what it is sent but for one product, which it refuses, and answers nothing for those that are ``silent``:
    their delivery is remembered all the same. It stands in a file, for every command opens it anew.
    """

    receipt_is_delivery = False
    fence: Fence = "version"
    batch_seconds = 60
    needs = ("name",)

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def holds(self) -> dict[str, tuple[str, str]]:
        """Version and name of what it holds, by SKU."""
        return {sku: (version, name) for sku, (version, name) in self._content()["holds"].items()}

    def is_silent_about(self, *skus: str) -> None:
        self._write({**self._content(), "silent": skus})

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        content = self._content()
        for sku, version, name in con.execute(
            f"SELECT sku, hash, name FROM ({batch.rows.sql}) ORDER BY sku"
        ).fetchall():
            if version is None:
                content["holds"].pop(sku, None)
            elif sku != REFUSED:
                content["holds"][sku] = [version, name]
        self._write(content)
        silent = ", ".join(map(literal, ["", *content["silent"]]))
        refused = f"sku = {literal(REFUSED)}"
        outcome = f"CASE WHEN hash IS NULL THEN 'removed' WHEN {refused} THEN 'rejected' ELSE 'received' END"
        columns = f"sku, {outcome} AS outcome, NULL::VARCHAR AS words, NULL::TIMESTAMPTZ AS answered_at"
        return Relation(f"SELECT {columns} FROM ({batch.rows.sql}) WHERE sku NOT IN ({silent})")

    def _content(self) -> dict[str, dict[str, list[str]]]:
        return json.loads(self.path.read_text()) if self.path.exists() else {"holds": {}, "silent": []}

    def _write(self, content: object) -> None:
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(json.dumps(content))


@contextmanager
def configured(folder: Path) -> Iterator[Memory]:
    """Let the service of that name be one that remembers, for every command that is run in this process."""
    memory, by_settings = Memory(folder / NAME / "held.json"), services.open_service

    def opened(settings: Settings, name: str, scope: str, credentials: Credentials) -> Service:
        return memory if name == NAME else by_settings(settings, name, scope, credentials)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasync.pipeline.open_service", opened)
        patch.setattr("datasync.repair.context.open_service", opened)
        yield memory
