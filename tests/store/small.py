"""A shop of a few products, and the whole line over it: pull, catalog, transfer. For tests of what the store keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import duckdb

from datasync.catalog.apply import ApplyResult, PendingSnapshot, apply_snapshot
from datasync.connection import from_environment
from datasync.delivery import exports, mark, transfer
from datasync.delivery.context import Delivery
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Service
from datasync.delivery.transfer import Transferred
from datasync.intake import pull
from datasync.relation import Relation
from datasync.settings import Settings, parse
from datasync.sources.base import PullRequest, Records
from datasync.store import snapshots, tickets
from datasync.store.files import Store
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.tidy import ScopeLogs
from tests.actors import Timed
from tests.line import skus_sql
from tests.views import view

FIELDS = ("sku", "name", "price", "status", "updated_at")
SCOPE = "en"
Row = tuple[str | None, ...]


@dataclass
class Hours:
    """A clock that stands still until it is set."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **spans: float) -> None:
        self.now += timedelta(**spans)


class Dated(Timed):
    """A folder whose files are written when the test's clock says, not the machine's."""

    def goes_on(self) -> None:
        """A pull begins: the store's newest file is of today, and nothing else is another than before."""
        taken = tickets.taken(self, "en")
        if taken:
            self._date(tickets.path("en", taken[-1]))
        else:
            tickets.take(self, "en")


@dataclass(frozen=True)
class Table:
    """A source of records that are given as rows of ``FIELDS``; it always has the whole catalog."""

    rows: Sequence[Row]

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        con.execute(f"CREATE OR REPLACE TEMP TABLE shop ({', '.join(f'{name} VARCHAR' for name in FIELDS)})")
        con.executemany(f"INSERT INTO shop VALUES ({', '.join('?' for _ in FIELDS)})", [list(row) for row in self.rows])
        fields = ", ".join(f"'{name}': {name}" for name in FIELDS)
        whole = f"to_json({{{fields}}})::VARCHAR"
        return Records(
            reader=self, names=FIELDS, complete=request.what == "complete", answers_absence=True, record_expr=whole
        )

    def scheduled(self) -> Literal["complete", "changed"]:
        return "complete"

    def requests(self, request: PullRequest) -> int:
        return 1

    def select(self, fields: Collection[str]) -> Relation:
        return Relation("SELECT *, NULL::VARCHAR AS _unreadable, false AS _blank, 'shop' AS _place FROM shop")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return field in FIELDS

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return FIELDS


def product(sku: str, name: str | None = None, price: str = "1", status: str = "enabled") -> Row:
    """One record of the shop."""
    return (sku, name or f"Product {sku}", price, status, "2026-01-01T00:00:00Z")


def settings(folder: Path, **services: Mapping[str, Any] | None) -> Settings:
    """Settings with one scope and the given services."""
    given = {"sources": {"shop": {"kind": "sample"}}, "scopes": {SCOPE: {"source": "shop"}}, "services": services}
    return parse(given, folder)


@dataclass
class Line:
    """One shop's line: what each run does, on one store."""

    con: duckdb.DuckDBPyConnection
    store: Store
    settings: Settings
    clock: Hours = field(default_factory=Hours)
    deliver_to: Mapping[str, Service] = field(default_factory=dict)

    def pull(self, run: str, rows: Sequence[Row], skus: Sequence[str] = ()) -> snapshots.Snapshot:
        request = PullRequest("skus" if skus else "complete", self.clock(), skus=tuple(skus))
        return pull.pull(
            pull.Pull(self.con, self.store, SCOPE, self.settings.scopes[SCOPE], request, run, "shop", self.clock),
            Table(rows),
        )

    def apply(self, run: str, accepted: Iterable[str] = ()) -> ApplyResult:
        found = snapshots.read(self.con, self.store, SCOPE, run)
        assert found is not None
        return apply_snapshot(
            PendingSnapshot(
                self.con, self.store, found, self.settings.guard, (), self.clock, accepted=skus_sql(*accepted)
            )
        )

    def transfer(self, run: str, name: str, accepted: Iterable[str] = ()) -> Transferred:
        service = self.deliver_to.get(name) or open_service(self.settings, name, SCOPE, from_environment)
        mine, guard = self.settings.services[name], self.settings.guard
        done = transfer.transfer(
            Delivery(self.con, self.store, SCOPE, name, mine, service, run, self.clock),
            guard,
            accepted=skus_sql(*accepted),
        )
        exports.export(self.con, self.store, self.settings, SCOPE, name)
        return done

    def mark(self, run: str, name: str, skus: Sequence[str] | None = None) -> int:
        return mark.mark(self.con, receipt_log(self.store, name, SCOPE), skus, run, self.clock)

    def sync(self, run: str, rows: Sequence[Row], skus: Sequence[str] = (), accepted: Iterable[str] = ()) -> None:
        """A whole run."""
        self.pull(run, rows, skus)
        self.apply(run, accepted)
        for name in self.settings.services:
            self.transfer(run, name, accepted)

    def logs(self) -> list[ScopeLogs]:
        """What tidy takes."""
        given = tuple(receipt_log(self.store, name, SCOPE) for name in self.settings.services)
        return [ScopeLogs(SCOPE, catalog_log(self.store, SCOPE), given)]

    def catalog(self) -> list[tuple[str, str | None]]:
        """SKU and hash of every product in the catalog."""
        view(self.con, "catalog", catalog_log(self.store, SCOPE).fold())
        return self.con.execute("SELECT sku, hash FROM catalog WHERE hash IS NOT NULL ORDER BY ALL").fetchall()

    def receipts(self, name: str) -> list[tuple[str, str | None, str, str | None]]:
        """SKU, hash, outcome and held hash of every receipt of a service."""
        view(self.con, "receipts", receipt_log(self.store, name, SCOPE).fold())
        return self.con.execute("SELECT sku, hash, outcome, held_hash FROM receipts ORDER BY ALL").fetchall()
