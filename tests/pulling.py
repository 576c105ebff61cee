"""A desk to pull at: a store in a temporary folder, a connection, and a files source over what a test has written.

All desks of a process share one connection, for to open one costs as much as to pull a few records. A store is files,
and a pull replaces the views and tables that it makes, so no desk meets what another one left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Literal

import duckdb

from datasync.intake import pull
from datasync.sources.base import PullRequest, Source
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.sources.files.source import Files
from datasync.sql import literal
from datasync.store import snapshots
from datasync.store.files import Folder, connect
from datasync.store.snapshots import Snapshot

SCOPE = "de-DE"
START = datetime(2026, 11, 23, 12, tzinfo=UTC)


_OPENED: list[duckdb.DuckDBPyConnection] = []


@cache
def shared_connection() -> duckdb.DuckDBPyConnection:
    """The connection of all desks."""
    return _opened(Folder(""))


def close_connections() -> None:
    """Close what the desks of this process have opened."""
    shared_connection.cache_clear()
    while _OPENED:
        _OPENED.pop().close()


def _opened(store: Folder) -> duckdb.DuckDBPyConnection:
    con = connect(store)
    _OPENED.append(con)
    return con


class Desk:
    """Pulls of one scope. Every pull has its own run, and each look at the clock is a second later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = folder / "exports"
        self.files.mkdir()
        self.store = Folder(str(folder / "store"))
        self.con = shared_connection()
        self._runs, self._seconds = count(1), count(1)

    def connect_alone(self) -> None:
        """Open a connection of this desk's own, for a test that changes its settings."""
        self.con = _opened(self.store)

    def clock(self) -> datetime:
        return START + timedelta(seconds=next(self._seconds))

    def write(self, name: str, content: bytes | str) -> Path:
        file = self.files / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def lines(self, name: str, *records: Mapping[str, Any]) -> Path:
        return self.write(name, "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))

    def scope(self, path: str, **keys: Any) -> FilesScope:
        return FilesScope(source="exports", path=path if "://" in path else str(self.files / path), **keys)

    def source(self, path: str, options: Mapping[str, Any] | None = None, **keys: Any) -> Files:
        return Files(SCOPE, self.scope(path, **keys), FilesSource(kind="files", options=dict(options or {})))

    def pull(
        self,
        path: str,
        what: Literal["complete", "changed", "skus"] = "complete",
        *,
        skus: Iterable[str] = (),
        watermark: str | None = None,
        run: str | None = None,
        source: Source | None = None,
        options: Mapping[str, Any] | None = None,
        **keys: Any,
    ) -> Snapshot:
        request = PullRequest(what, self.clock(), watermark, tuple(skus))
        source = source or self.source(path, options, **keys)
        run = run or f"run-{next(self._runs)}"
        return pull.pull(
            pull.Pull(self.con, self.store, SCOPE, self.scope(path, **keys), request, run, "print", self.clock), source
        )

    def products(self, snapshot: Snapshot, *columns: str) -> list[Any]:
        """Some columns of a snapshot's products by SKU: rows, or plain values if it is one column."""
        sql = f"SELECT {', '.join(columns)} FROM ({snapshots.products(snapshot, self.store.url).sql}) ORDER BY sku"
        rows = self.con.execute(sql).fetchall()
        return [row[0] for row in rows] if len(columns) == 1 else rows

    def quarantine(self, snapshot: Snapshot, *columns: str) -> list[Any]:
        """Some columns of a pull's invalid records in their order, those that were passed over last."""
        path = self.store.url(snapshots.quarantine_path(SCOPE, snapshot.run))
        rows = f"read_parquet({literal(path)}, hive_partitioning = false)"
        sql = f"SELECT {', '.join(columns)} FROM {rows} ORDER BY position, sentence"
        rows = self.con.execute(sql).fetchall()
        return [row[0] for row in rows] if len(columns) == 1 else rows

    def payloads(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        """What a service gets of each product, by SKU."""
        rows = snapshots.products(snapshot, self.store.url)
        sql = f"SELECT to_json(payload(p, '{SCOPE}')) FROM ({rows.sql}) AS p ORDER BY sku"
        return [json.loads(row[0]) for row in self.con.execute(sql).fetchall()]


def balance(snapshot: Snapshot) -> tuple[int, int, int, int]:
    """records, valid, quarantined, repeated; the first is always the sum of all that may have become of a record."""
    passed_by = snapshot.blank + snapshot.filtered + snapshot.outdated
    assert snapshot.records == snapshot.valid + snapshot.quarantined + snapshot.repeated + passed_by
    return snapshot.records, snapshot.valid, snapshot.quarantined, snapshot.repeated
