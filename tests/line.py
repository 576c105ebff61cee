"""The whole line over records that a test gives, on a real store, with a clock that is set by hand."""

from __future__ import annotations

import atexit
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal

import duckdb

from datasync.catalog.apply import ApplyResult, PendingSnapshot, apply_snapshot
from datasync.connection import from_environment
from datasync.delivery import exports, mark, rebuild, transfer
from datasync.delivery.context import Delivery
from datasync.delivery.rebuild import Rebuilt
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Batch, BatchCutOff, BatchRefused, Fence, Service
from datasync.delivery.transfer import Transferred
from datasync.errors import ServiceUnavailable
from datasync.figures import totals
from datasync.figures.store_at import StoreAt, read_point
from datasync.figures.totals import ServiceTotals
from datasync.intake import pull
from datasync.relation import Relation
from datasync.settings import Settings, parse
from datasync.sources.base import PullRequest, Records
from datasync.sql import literal, quote, share_macros
from datasync.store.files import Folder, connect
from datasync.store.holds import Hold
from datasync.store.log import Log, footer
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.snapshots import Snapshot
from tests.views import view

SCOPE = "en"
FIELDS = ("sku", "name", "status", "price", "url", "updated_at", "modified")
Record = Mapping[str, str | None]


def product(sku: str, name: str | None = "A name", **fields: str | None) -> Record:
    """One record; a field that is not named is NULL."""
    return {"sku": sku, "name": name, **fields}


def products(*skus: str, **fields: str | None) -> list[Record]:
    return [product(sku, **fields) for sku in skus]


def many(count: int) -> list[Record]:
    return products(*(f"p{number:04d}" for number in range(count)))


@dataclass(frozen=True)
class Table:
    """A source of given records, which tells that some SKUs are ``gone``; `_unreadable` in a record makes it one that
    could not be read.
    """

    rows: Sequence[Record]
    answers_absence: bool = True
    watermark: str | None = None
    holds: int | None = None
    by_change_time: bool = False
    gone: Sequence[str] = ()

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        counted = None if self.holds is None else lambda con: self.holds or 0
        whole = ", ".join(f"'{name}': {name}" for name in FIELDS)
        return Records(
            reader=self, names=FIELDS, complete=request.what == "complete" and not self.by_change_time,
            answers_absence=self.answers_absence, record_expr=f"to_json({{{whole}}})::VARCHAR",
            watermark=self.watermark, counted=counted, by_change_time=self.by_change_time,
            deletions=Table(products(*self.gone)) if self.gone else None,
        )  # fmt: skip

    def scheduled(self) -> Literal["complete", "changed"]:
        return "complete"

    def requests(self, request: PullRequest) -> int:
        return 1

    def select(self, fields: Collection[str]) -> Relation:
        names = (*FIELDS, "_unreadable")
        typed = ", ".join(f"{name}::VARCHAR AS {name}" for name in names)
        nulls = ", ".join(f"NULL AS {name}" for name in names)
        rows = ", ".join(f"({', '.join(literal(row.get(name)) for name in names)})" for row in self.rows)
        table_sql = f"(VALUES {rows}) AS t({', '.join(names)})" if rows else f"(SELECT {nulls} WHERE false)"
        return Relation(f"SELECT {typed}, false AS _blank, 'table' AS _place FROM {table_sql}")

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        return field in FIELDS

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        return FIELDS


@dataclass
class Far:
    """A service over a network, with its own memory; ``says`` and ``down`` tell how it answers.

    It stores the version of what it took, also of a removal, and refuses an older one.
    For one SKU: fail (nothing was taken), lose (it was taken, and there is no answer) or reject. ``lies`` are answers
    that it gives besides (sku, outcome). After ``cut_after`` products it stops: no more are taken, and none answered.
    """

    clock: Callable[[], datetime]
    says: dict[str, str] = field(default_factory=dict)
    down: bool = False
    lies: list[tuple[str | None, str | None]] = field(default_factory=list)
    cut_after: int | None = None
    holds: dict[str, str] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    refuses: Callable[[list[str]], str | None] = lambda skus: None
    receipt_is_delivery: bool = False
    needs: tuple[str, ...] = ()
    fence: Fence = "version"
    batch_seconds: int = 60

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        rows = con.execute(f"SELECT sku, operation, hash FROM ({batch.rows.sql}) ORDER BY sku").fetchall()
        self.batches.append(len(rows))
        if self.down:
            raise ServiceUnavailable("far did not answer.")
        if words := self.refuses([sku for sku, _, _ in rows]):
            raise BatchRefused(words)
        answers = [answer for row in rows[: self.cut_after] if (answer := self.take(*row, batch.version))]
        answers += [f"({literal(sku)}, {literal(outcome)}, NULL, NULL::TIMESTAMPTZ)" for sku, outcome in self.lies]
        if self.meanwhile:
            self.meanwhile.pop()()
        if not answers:
            return Relation(
                "SELECT '' AS sku, '' AS outcome, '' AS words, NULL::TIMESTAMPTZ AS answered_at WHERE false"
            )
        given = Relation(f"SELECT * FROM (VALUES {', '.join(answers)}) AS t(sku, outcome, words, answered_at)")
        if self.cut_after is not None:
            raise BatchCutOff("far stopped answering.", given)
        return given

    def take(self, sku: str, operation: str, hash_: str | None, version: int) -> str | None:
        said = self.says.get(sku)
        if version < self.versions.get(sku, 0):
            return f"({literal(sku)}, 'overtaken', NULL, NULL::TIMESTAMPTZ)"
        if said in (None, "lose"):
            self.versions[sku] = version
            self.holds.pop(sku, None)
            self.holds |= {sku: hash_} if hash_ else {}
        if said == "lose":
            return None
        taken = "removed" if operation == "removed" else "received"
        outcome = {"fail": "failed", "reject": "rejected"}.get(said or "", taken)
        return f"({literal(sku)}, '{outcome}', {literal(said)}, TIMESTAMPTZ '{self.clock().isoformat()}')"


class Killed(BaseException):
    """The process ends here."""


class Trying(Folder):
    """A store in a folder where something happens right before or after the next write whose path has a text in it."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.before: dict[str, Callable[[], object]] = {}
        self.after: dict[str, Callable[[], object]] = {}

    def create(self, path: str, file: Path) -> bool:
        with self._around(path):
            return super().create(path, file)

    def replace(self, path: str, file: Path) -> None:
        with self._around(path):
            super().replace(path, file)

    def kill_before(self, path: str) -> None:
        self.before[path] = _killed

    @contextmanager
    def _around(self, path: str) -> Iterator[None]:
        for key in [key for key in self.before if key in path]:
            self.before.pop(key)()
        yield
        for key in [key for key in self.after if key in path]:
            self.after.pop(key)()


def _killed() -> None:
    raise Killed


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for all tests of a process: a store is files, so nothing of a test is in it but what its cursor made."""
    atexit.register(_database.cache_clear)
    con = connect(Folder(""))
    con.execute("SET threads = 1")
    return con


def connection() -> duckdb.DuckDBPyConnection:
    """A connection with views and tables of its own."""
    con = _database().cursor()
    share_macros(con, _database())
    return con


def skus_sql(*skus: str) -> Relation:
    """A few SKUs."""
    return Relation(f"SELECT unnest([{', '.join(map(literal, skus))}]::VARCHAR[]) AS sku")


class Line:
    """One scope's line on one store. ``sync`` is a whole run; ``turn`` is another writer on the same store."""

    def __init__(
        self,
        folder: Path,
        volatile: Sequence[str] = (),
        guard: Mapping[str, Any] | None = None,
        **services: Mapping[str, Any],
    ) -> None:
        self.folder, self.now = folder, datetime(2026, 11, 24, tzinfo=UTC)
        self.store = Trying(str(folder / "store"))
        self.con = connection()
        self.raw_settings: dict[str, Any] = {
            "sources": {"table": {"kind": "sample"}},
            "scopes": {SCOPE: {"source": "table", "attributes": ["modified"], "volatile": list(volatile)}},
            "services": {name: dict(options) for name, options in (services or {"feed": {}}).items()},
            "guard": dict(guard or {}),
        }
        self.far = Far(self.clock)
        self.runs, self.skips_waits, self.skipped = 0, False, 0.0

    @property
    def settings(self) -> Settings:
        return parse(self.raw_settings, self.folder)

    def change(self, service: str, **options: Any) -> None:
        """Change some settings of a service."""
        self.raw_settings["services"].setdefault(service, {}).update(options)

    def make_volatile(self, *fields: str) -> None:
        self.raw_settings["scopes"][SCOPE]["volatile"] = list(fields)

    def clock(self) -> datetime:
        return self.now

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)

    def turn(self) -> Line:
        """The same line as another process sees it."""
        other = Line.__new__(Line)
        other.__dict__ |= self.__dict__ | {"store": Trying(self.store.root), "con": connection()}
        return other

    # ── steps ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def pull(
        self,
        rows: Sequence[Record],
        *,
        skus: Sequence[str] = (),
        run: str | None = None,
        changed: bool = False,
        **source: Any,
    ) -> Snapshot:
        """Pull given records: as all there are, as the SKUs that were asked for, or as what ``changed``."""
        self.runs += 1
        self.passes(seconds=1)
        request = PullRequest("skus" if skus else "changed" if changed else "complete", self.now, skus=tuple(skus))
        name, mine = run or f"run-{self.runs}", self.settings
        table = Table(rows, **source)
        return pull.pull(
            pull.Pull(
                self.con, self.store, SCOPE, mine.scopes[SCOPE], request, name, mine.fingerprint(SCOPE), self.clock
            ),
            table,
        )

    def apply(self, snapshot: Snapshot, *, accepted: Iterable[str] = (), **apply_options: Any) -> ApplyResult:
        mine = self.settings
        volatile, apply_options["accepted"] = mine.scopes[SCOPE].volatile, skus_sql(*accepted)
        return apply_snapshot(
            PendingSnapshot(self.con, self.store, snapshot, mine.guard, volatile, self.clock, **apply_options)
        )

    def read(self, rows: Sequence[Record], *, accepted: Iterable[str] = (), **pulled: Any) -> ApplyResult:
        """Pull and apply."""
        return self.apply(self.pull(rows, **pulled), accepted=accepted)

    def transfer(self, name: str = "feed", run: str = "run", accepted: Iterable[str] = ()) -> Transferred:
        self.passes(seconds=1)
        mine = self.settings
        done = transfer.transfer(self._delivery(name, run), mine.guard, accepted=skus_sql(*accepted))
        exports.export(self.con, self.store, mine, SCOPE, name)
        return done

    def rebuild(self, name: str, run: str = "rebuild", **options: Any) -> Rebuilt:
        self.passes(seconds=1)
        return rebuild.rebuild(self._delivery(name, run), self.settings.guard, **options)

    def _delivery(self, name: str, run: str) -> Delivery:
        mine = self.settings
        service: Service = self.far if name == "far" else open_service(mine, name, SCOPE, from_environment)
        delivery = Delivery(
            self.con,
            self.store,
            SCOPE,
            name,
            mine.services[name],
            service,
            run,
            self.clock,
            volatile=mine.scopes[SCOPE].volatile,
        )
        return replace(delivery, sleep=self._skip, monotonic=self._monotonic) if self.skips_waits else delivery

    def _skip(self, seconds: float) -> None:
        """A wait that takes no time."""
        self.skipped += seconds

    def _monotonic(self) -> float:
        return time.monotonic() + self.skipped

    def sync(self, rows: Sequence[Record], name: str = "feed", **pull_options: Any) -> Transferred:
        """Pull, apply and transfer to one service."""
        self.read(rows, **pull_options)
        return self.transfer(name, f"run-{self.runs}")

    def mark(self, *skus: str, name: str = "feed", request: str = "request") -> int:
        self.passes(seconds=1)
        return mark.mark(self.con, receipt_log(self.store, name, SCOPE), skus or None, request, self.clock)

    def mark_all(self, name: str, run: str = "request") -> int:
        """What a forced resync of the whole scope marks."""
        self.passes(seconds=1)
        delivery = self._delivery(name, run)
        return mark.mark(self.con, delivery.log, None, run, self.clock, delivery.new_target)

    def listed(self, hold: Hold) -> dict[str, str]:
        """The products that a hold lists, and their names."""
        assert hold.listed
        return dict(self.con.execute(f"SELECT sku, name FROM '{self.store.url(hold.listed)}'").fetchall())

    # ── what came of them ───────────────────────────────────────────────────────────────────────────────────────────

    def catalog(self) -> dict[str, dict[str, Any]]:
        view(self.con, "catalog", catalog_log(self.store, SCOPE).fold())
        return self._rows("SELECT * FROM catalog")

    def names(self) -> dict[str, str]:
        """The name of every product in the catalog."""
        return {sku: row["name"] for sku, row in self.catalog().items() if row["hash"]}

    def changes(self) -> dict[str, str]:
        """What the newest entry of the catalog log changed."""
        head = catalog_log(self.store, SCOPE).list_files().head
        return {sku: row["change"] for sku, row in self.catalog().items() if row["entry"] == head}

    def receipts(self, name: str = "feed") -> dict[str, dict[str, Any]]:
        view(self.con, "receipts", self.log(name).fold())
        return self._rows("SELECT * FROM receipts")

    def outcomes(self, name: str = "feed") -> dict[str, str]:
        return {sku: row["outcome"] for sku, row in self.receipts(name).items()}

    def holding(self, name: str = "feed") -> set[str]:
        """The SKUs that a service holds by its receipts."""
        return {sku for sku, row in self.receipts(name).items() if row["held_hash"]}

    def log(self, name: str | None = None) -> Log:
        return receipt_log(self.store, name, SCOPE) if name else catalog_log(self.store, SCOPE)

    def entries(self, name: str | None = None) -> int:
        return self.log(name).list_files().head

    def figures(self, name: str = "feed", as_of: datetime | None = None) -> ServiceTotals:
        """What the page says of one service."""
        mine = self.settings
        mine = mine.model_copy(update={"services": {name: mine.services[name]}})
        at = read_point(self.con, self.store, mine, as_of or self.now + timedelta(seconds=1))
        return totals.totals(StoreAt(self.con, self.store, mine, at)).scopes[0].services[0]

    def rewrite(self, name: str | None, number: int, rows: str) -> None:
        """Damage one entry of a log: its rows become ``rows``, a SELECT from ``entry``; its footer stays."""
        path = self.log(name).path(number)
        note = literal(json.dumps(footer(self.con, self.store, path)))
        file = literal(self.store.url(path))
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE entry AS SELECT * FROM read_parquet({file}, hive_partitioning = false)"
        )
        self.con.execute(f"COPY ({rows}) TO {file} (FORMAT parquet, KV_METADATA {{datasync: {note}}})")

    def _rows(self, sql: str) -> dict[str, dict[str, Any]]:
        cursor = self.con.execute(sql)
        names = [quote(column[0]).strip('"') for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        by_sku = {row["sku"]: row for row in rows}
        assert len(by_sku) == len(rows), "a SKU stands twice in a fold"
        return by_sku
