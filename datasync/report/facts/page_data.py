"""What the page knows: typed rows and columns, and nothing about their looks.

``SitePages`` is everything but the products: it is small for a catalog of any size, and stands inside the page itself.
The products of a scope are columns (``ScopeProducts``), written scope by scope and loaded when they are looked at.
Nothing here reads a clock: ``as_of`` and ``generated_at`` come in with the data, and the same data make the same page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from datasync.figures.repairs import LogRepair, UnverifiedProducts
from datasync.figures.source_metrics import SourceReading
from datasync.figures.store_at import Ahead
from datasync.figures.totals import ScopeTotals, ServiceTotals
from datasync.relation import Relation, Table
from datasync.report.facts import cards
from datasync.report.facts.cards import CardValues
from datasync.report.facts.health import Freshness, SourceHealth
from datasync.store.audit_note import AuditNote
from datasync.store.logs import PullSummary
from datasync.store.snapshots import TERMS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

SCHEMA_VERSION = 1
TEXT_FIELDS = ("name", "description")  # translated whatever the settings say
_COUNTS = tuple(entry.name for entry in fields(ServiceTotals) if entry.name in {f.name for f in cards.SERVICES.figures})


@dataclass(frozen=True, slots=True)
class Named:
    """A scope or a service as the settings name it, and the words that people know it by."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: who asked for it and why, how it went, how many products it moved, and what it said where it failed.

    Of a resync, ``services`` and the first of its ``skus`` say what was asked for; none of either means all of them.
    """

    id: str
    kind: str
    scopes: tuple[str, ...]
    started_at: datetime
    finished_at: datetime | None
    outcome: str
    asked_by: str
    reason: str
    received: int = 0
    resent: int = 0
    removed: int = 0
    rejected: int = 0
    failed: int = 0
    errors: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    more_skus: int = 0
    is_forced: bool = False


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One removal that waits for a decision; ``service`` is None where a snapshot is held rather than a transfer."""

    id: str
    scope: str
    service: str | None
    since: datetime
    would_remove: int
    of: int


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """What the page may show of a record that did not validate: SKU and name if any, and the reason; nothing else."""

    scope: str
    sku: str | None
    name: str | None
    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class QuarantineReason:
    """Records in quarantine for one kind of reason: its code, and its sentence with "…" for what differs among them."""

    scope: str
    code: str
    reason: str
    records: int


@dataclass(frozen=True, slots=True)
class Unconfigured:
    """A scope, or a service of it, that left the settings and still holds products."""

    scope: str
    service: str | None
    held: int


@dataclass(frozen=True, slots=True)
class Trend:
    """Products that a service received per hour and per day: whole ones counted back from as_of, oldest first."""

    scope: str
    service: str
    counts: tuple[int, ...]
    days: tuple[int, ...] = ()


DataFile = tuple[str, str, int, str]  # what the page loads later: its folder, its kind, its number, its JSON text


@dataclass(frozen=True, slots=True)
class PublishedBase:
    """What was published of a scope before and stays: in which version's folder, and at which positions of the logs."""

    version: str
    positions: Mapping[str, int]


ExtraFiles = Callable[
    [Mapping[str, PublishedBase]], Iterable[DataFile]
]  # from what stands, by scope, to the files to add to it


@dataclass(frozen=True, slots=True)
class SitePages:
    """One published page without its products. ``stale_after`` is when a newer page should have replaced it;
    ``last_quarantined`` how many of the records in quarantine now each scope's last pull put there. ``link`` is where
    people open the page; ``text_fields`` are the fields of a product that have to be translated. ``card_values`` are
    figures that only their queries give.
    """

    generated_at: datetime
    as_of: datetime
    window: timedelta
    positions: Mapping[str, int]
    scopes: tuple[Named, ...]
    services: tuple[Named, ...]
    totals: tuple[ScopeTotals, ...]
    runs: tuple[RunRow, ...] = ()
    holds: tuple[HoldRow, ...] = ()
    quarantined: tuple[QuarantinedRecord, ...] = ()
    unconfigured: tuple[Unconfigured, ...] = ()
    trends: tuple[Trend, ...] = ()
    freshness: tuple[Freshness, ...] = ()
    health: tuple[SourceHealth, ...] = ()
    reasons: tuple[QuarantineReason, ...] = ()
    last_quarantined: Mapping[str, int] = field(default_factory=dict)
    sources: tuple[SourceReading, ...] = ()
    stale_after: datetime | None = None
    link: str | None = None
    text_fields: tuple[str, ...] = TEXT_FIELDS
    ahead: tuple[Ahead, ...] = ()
    repairs: tuple[LogRepair, ...] = ()
    unverified: tuple[UnverifiedProducts, ...] = ()
    card_values: CardValues = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredProducts:
    """A scope's products in a connection, however many rows that is.

    The columns are those of ``ScopeProducts``; ``versions`` also has the number of each version as ``version``. Several
    threads read the versions, each through a cursor of its own, so they stand in a shared table.
    """

    con: duckdb.DuckDBPyConnection = field(repr=False)
    versions: Table
    rows: Relation
    records: Relation


@dataclass(frozen=True, slots=True)
class ScopeProducts:
    """What the services of one scope hold, and what they do not hold and why.

    ``versions``: one row per version in the order of its number: sku, hash, name, type, visible_in, stock, payload
    (JSON text; NULL where no service holds the version; NULL, as are name and the rest, where its content is no longer
    kept).
    ``rows``: one row per service and product: service, version (a row of ``versions``), state, words (of the rule, or
    of the service), received_ms, answered_ms (when it was removed, rejected or failed), flags (1 received, 2 resent, 4
    removed in the window; 8 a removal is due, 16 held).
    ``quarantined``: one row per record in quarantine now: sku, name, code, sentence, reason (its code and kind, where
    the page tells it apart), is_of_last_pull.

    Products of a store are ``stored``: tables of a connection. Others are small enough to be Arrow tables in memory.
    """

    scope: str
    versions: pa.Table | None = field(default=None, repr=False)
    rows: pa.Table | None = field(default=None, repr=False)
    quarantined: pa.Table | None = field(default=None, repr=False)
    stored: StoredProducts | None = None
    services: tuple[str, ...] = ()


def status(page: SitePages) -> dict[str, Any]:
    """The figures as ``status.json`` has them: for machines, and the same numbers as the page's."""
    return {
        "schema_version": SCHEMA_VERSION,
        "generated_at": zulu(page.generated_at),
        "as_of": zulu(page.as_of),
        "window_hours": hours(page.window),
        "positions": dict(sorted(page.positions.items())),
        "scopes": [_scope(totals, page.card_values) for totals in page.totals],
        "sources": [_source(source) for source in page.sources],
        **({"ahead": [_ahead(clock) for clock in page.ahead]} if page.ahead else {}),
        **({"repairs": [_repair(repair) for repair in page.repairs]} if page.repairs else {}),
        **({"unverified": [_unverified(products) for products in page.unverified]} if page.unverified else {}),
    }


def hours(window: timedelta) -> int | float:
    """A window in hours, whole where it is whole."""
    count = window / timedelta(hours=1)
    return int(count) if count == int(count) else count


def zulu(at: datetime) -> str:
    """A moment as ISO 8601 text in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _scope(totals: ScopeTotals, values: CardValues) -> dict[str, Any]:
    return {
        "scope": totals.scope,
        "source": totals.source,
        "products": totals.products,
        "quarantined": totals.quarantined,
        "last_pull": _pull(totals.last_pull) if totals.last_pull else None,
        "services": [
            {**_service(service), **values.get((totals.scope, service.service), {})} for service in totals.services
        ],
    }


def _ahead(clock: Ahead) -> dict[str, Any]:
    return {**asdict(clock), "at": zulu(clock.at), "until": zulu(clock.until)}


def _repair(repair: LogRepair) -> dict[str, Any]:
    return {**asdict(repair), "at": zulu(repair.at), "lost": list(repair.lost)}


def _unverified(products: UnverifiedProducts) -> dict[str, Any]:
    return {**asdict(products), "since": zulu(products.since), "shown": list(products.shown)}


def _source(source: SourceReading) -> dict[str, Any]:
    at = source.last_complete_at
    fields = {**asdict(source), "scopes": list(source.scopes), "last_complete_at": zulu(at) if at else None}
    return {**fields, "missed_rate": source.missed_rate}


def _pull(pull: PullSummary) -> dict[str, Any]:
    return {
        "run": pull.run,
        "complete": pull.complete,
        "finished_at": zulu(pull.finished_at),
        "records": pull.records,
        **{term: getattr(pull, term) for term in TERMS},
    }


def _service(service: ServiceTotals) -> dict[str, Any]:
    return {
        "service": service.service,
        "outcome": service.outcome,
        "failed_step": service.failed_step,
        "failure": service.failure,
        "zero_because": service.zero_because,
        "last_sync_at": zulu(service.last_sync_at) if service.last_sync_at else None,
        **{name: getattr(service, name) for name in _COUNTS},
        **({"budget": service.budget} if service.budget else {}),
        **({"rebuild": service.rebuild} if service.rebuild else {}),
        **({"audit": _audit(service.audit, service.is_drift_due)} if service.audit else {}),
    }


def _audit(note: AuditNote, is_drift_due: bool) -> dict[str, Any]:
    return {**asdict(note), "at": zulu(note.at), "is_drift_due": is_drift_due, "sentence": note.sentence}
