"""The two kinds of log, and the state that each entry of them carries: what the log has come to with that entry.

A catalog log holds one scope's products; a receipt log holds what one service answered in one scope. A writer starts
from the state of the newest entry. The JSON of both states is written and read here alone, so their keys stay what
stored files have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from typing import Any, Self

from datasync import product
from datasync.relation import Relation, select, union
from datasync.store import snapshots
from datasync.store.audit_note import AuditNote
from datasync.store.files import Store
from datasync.store.log import Entry, Log, RepairNote, repair_notes
from datasync.store.snapshots import Snapshot, TicketOrdered

CATALOG_COLUMNS = {
    "change": "VARCHAR",
    "code": "VARCHAR",
    **{column: kind for column, kind in product.STORED.items() if column != "sku"},
    "run": "VARCHAR",
    "started_at": "TIMESTAMPTZ",
    "at": "TIMESTAMPTZ",
}
RECEIPT_COLUMNS = {
    "operation": "VARCHAR",
    "hash": "VARCHAR",
    "outcome": "VARCHAR",
    "words": "VARCHAR",
    "settings": "VARCHAR",
    "held_hash": "VARCHAR",
    "perhaps_held": "BOOLEAN",
    "received_at": "TIMESTAMPTZ",
    "received_as": "VARCHAR",
    "run": "VARCHAR",
    "at": "TIMESTAMPTZ",
}


def catalog_log(store: Store, scope: str) -> Log:
    """The catalog log of one scope."""
    return Log(store, f"catalog/scope={scope}", CATALOG_COLUMNS, f"scopes.{scope}: the catalog log")


def receipt_log(store: Store, service: str, scope: str) -> Log:
    """The receipt log of one service in one scope."""
    folder = f"receipts/service={service}/scope={scope}"
    return Log(store, folder, RECEIPT_COLUMNS, f"{service}/{scope}: the receipt log")


def is_catalog(folder: str) -> bool:
    """True for the folder of a catalog log, False for that of receipts."""
    return folder.startswith("catalog/")


def live_count(folder: str, head: Entry) -> int | None:
    """The products that a log's entry counts: in the catalog, or held by the service; None where it counts none."""
    number = head.meta.get("products" if is_catalog(folder) else "held")
    return None if number is None else int(number)


# ── the catalog's state ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class AppliedPull(TicketOrdered):
    """A pull that the catalog took in: its run, start and ticket, and how many SKUs it proves the absence of."""

    run: str
    started_at: datetime
    ticket: int = 0
    absence_of: int = 0

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """The pull that wrote a snapshot."""
        absence_of = snapshot.asked if snapshot.knows_absence else 0
        return cls(snapshot.run, snapshot.started_at, snapshot.ticket, absence_of)


@dataclass(frozen=True, slots=True)
class PullSummary(TicketOrdered):
    """What a pull read, by its counts.

        records = valid + quarantined + repeated + blank + filtered + outdated

    ``is_lost``: a repair could not find its snapshot, so nobody knows its SKUs.
    """

    run: str
    complete: bool
    started_at: datetime
    finished_at: datetime
    ticket: int = 0
    records: int = 0
    valid: int = 0
    quarantined: int = 0
    repeated: int = 0
    blank: int = 0
    filtered: int = 0
    outdated: int = 0
    unreadable: int = 0
    is_lost: bool = False

    @classmethod
    def of(cls, snapshot: Snapshot, outdated: int) -> Self:
        """The summary of a snapshot of which the catalog found some valid records ``outdated``."""
        names = [field.name for field in fields(cls) if field.name != "is_lost"]
        counts = {name: getattr(snapshot, name) for name in names}
        return cls(**snapshots.with_outdated(counts, outdated))


@dataclass(frozen=True, slots=True)
class Watermark(TicketOrdered):
    """How far the scheduled pulls have read the source's changes; its ticket is that of the pull that moved it."""

    value: str
    started_at: datetime
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class FirstPull(TicketOrdered):
    """The oldest pull that a catalog remembers: what started before it can no longer be applied."""

    ticket: int
    started_at: datetime


@dataclass(frozen=True, slots=True)
class PartialPulls:
    """What partial pulls did since the last complete one: products ``changed``, and when each moved the watermark.

    ``since`` is the earliest start of one of them, by its worker's clock.
    """

    changed: int = 0
    moved_at: tuple[datetime, ...] = ()
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What the partial pulls before one complete pull missed, as that one shows it.

    ``late_seconds`` is the lookback that would have found the late changes.
    """

    run: str
    at: datetime
    changed: int
    unmoved: int
    late: int
    removed: int
    late_seconds: int

    @property
    def missed(self) -> int:
        return self.unmoved + self.late


@dataclass(frozen=True, slots=True)
class UnverifiedRows:
    """What a repair left in doubt: the rows of entries ``through`` a number.

    ``needs_complete``: nothing may leave the catalog before a complete pull.
    """

    through: int
    needs_complete: bool


@dataclass(frozen=True, slots=True)
class CatalogState:
    """What a catalog has come to. ``run`` is empty for a catalog without an entry.

    ``pulls`` are in the order of their tickets, from the last complete one on. ``accepted`` are runs that applied
    accepted removals alone. ``to_apply`` are runs whose snapshots a repair had still to apply.
    """

    run: str = ""
    started_at: datetime | None = None
    complete: bool = False
    pulls: tuple[AppliedPull, ...] = ()
    last_complete: PullSummary | None = None
    last_pull: PullSummary | None = None
    products: int = 0
    accepted: tuple[AppliedPull, ...] = ()
    partial_pulls: PartialPulls = PartialPulls()
    missed: Missed | None = None
    watermark: Watermark | None = None
    fingerprint: str | None = None
    remembers_since: FirstPull | None = None
    doubt: UnverifiedRows | None = None
    lost_quarantines: tuple[str, ...] = ()
    to_apply: tuple[str, ...] = ()
    repairs: tuple[RepairNote, ...] = ()

    @property
    def doubted_through(self) -> int:
        """The newest entry whose rows are in doubt since a repair; 0 where none is."""
        return self.doubt.through if self.doubt else 0

    @property
    def runs_needed(self) -> tuple[str, ...]:
        """The runs whose snapshots the catalog still needs, each once; lost ones are not among them."""
        summaries = [pull for pull in (self.last_complete, self.last_pull) if pull and not pull.is_lost]
        return tuple(dict.fromkeys([*(pull.run for pull in self.pulls), *(pull.run for pull in summaries)]))

    def has_applied(self, run: str) -> bool:
        """True if the snapshot of a run is in the catalog."""
        is_last_complete = self.last_complete is not None and self.last_complete.run == run
        return is_last_complete or any(pull.run == run for pull in self.pulls)

    @classmethod
    def of(cls, head: Entry) -> Self:
        """The state that an entry carries."""
        meta = head.meta
        return cls(
            run=meta.get("run", ""),
            started_at=_time(meta.get("started_at")),
            complete=bool(meta.get("complete")),
            pulls=tuple(map(_pull, meta.get("pulls", ()))),
            last_complete=_summary(meta.get("last_complete")),
            last_pull=_summary(meta.get("last_pull")),
            products=int(meta.get("products", 0)),
            accepted=tuple(map(_pull, meta.get("accepted", ()))),
            partial_pulls=_partial_pulls(meta.get("between") or {}),
            missed=_missed(meta.get("missed")),
            watermark=_watermark(meta),
            fingerprint=meta.get("fingerprint"),
            remembers_since=_first_pull(meta.get("remembers_since")),
            doubt=_doubt(meta.get("unverified")),
            lost_quarantines=tuple(meta.get("lost_quarantines", ())),
            to_apply=tuple(meta.get("to_apply", ())),
            repairs=head.repairs,
        )

    def meta(self) -> dict[str, Any]:
        """The state as an entry's metadata."""
        always = {
            "run": self.run,
            "started_at": self.started_at and self.started_at.isoformat(),
            "complete": self.complete,
            "pulls": [{**_pull_json(pull), "asked": pull.absence_of} for pull in self.pulls],
            "last_complete": _summary_json(self.last_complete),
            "last_pull": _summary_json(self.last_pull),
            "products": self.products,
            "accepted": [_pull_json(pull) for pull in self.accepted],
            "between": _partial_pulls_json(self.partial_pulls),
        }
        where_set = {
            "missed": _missed_json(self.missed),
            **_watermark_json(self.watermark),
            "fingerprint": self.fingerprint,
            "remembers_since": _first_pull_json(self.remembers_since),
            "unverified": self.doubt and {"through": self.doubt.through, "complete": self.doubt.needs_complete},
            "lost_quarantines": list(self.lost_quarantines),
            "to_apply": list(self.to_apply),
            "repaired": repair_notes(self.repairs),
        }
        return {**always, **{key: value for key, value in where_set.items() if value}}


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _pull(content: Mapping[str, Any]) -> AppliedPull:
    started_at = datetime.fromisoformat(content["started_at"])
    return AppliedPull(content["run"], started_at, content.get("place", 0), content.get("asked", 0))


def _pull_json(pull: AppliedPull) -> dict[str, Any]:
    return {"run": pull.run, "started_at": pull.started_at.isoformat(), "place": pull.ticket}


def _summary(content: Mapping[str, Any] | None) -> PullSummary | None:
    if not content:
        return None
    started_at, finished_at = (datetime.fromisoformat(content[name]) for name in ("started_at", "finished_at"))
    counts = {name: content.get(name, 0) for name in ("records", *snapshots.TERMS, "unreadable")}
    return PullSummary(
        content["run"],
        content["complete"],
        started_at,
        finished_at,
        content.get("place", 0),
        **counts,
        is_lost=content.get("lost", False),
    )


def _summary_json(pull: PullSummary | None) -> dict[str, Any] | None:
    if pull is None:
        return None
    times = {name: getattr(pull, name).isoformat() for name in ("started_at", "finished_at")}
    content = {**asdict(pull), **times, "place": pull.ticket}
    del content["ticket"]
    return {**content, "lost": True} if content.pop("is_lost") else content


def _partial_pulls(content: Mapping[str, Any]) -> PartialPulls:
    moved_at = tuple(map(datetime.fromisoformat, content.get("moved_at", ())))
    return PartialPulls(content.get("changed", 0), moved_at, _time(content.get("since")))


def _partial_pulls_json(pulls: PartialPulls) -> dict[str, Any]:
    content: dict[str, Any] = {"changed": pulls.changed, "moved_at": [at.isoformat() for at in pulls.moved_at]}
    return {**content, "since": pulls.since.isoformat()} if pulls.since else content


def _missed(content: Mapping[str, Any] | None) -> Missed | None:
    return Missed(**{**content, "at": datetime.fromisoformat(content["at"])}) if content else None


def _missed_json(missed: Missed | None) -> dict[str, Any] | None:
    return {**asdict(missed), "at": missed.at.isoformat()} if missed else None


def _watermark(meta: Mapping[str, Any]) -> Watermark | None:
    if "watermark" not in meta:
        return None
    return Watermark(meta["watermark"], datetime.fromisoformat(meta["watermark_at"]), meta.get("watermark_place", 0))


def _watermark_json(watermark: Watermark | None) -> dict[str, Any]:
    if watermark is None:
        return {}
    at = watermark.started_at.isoformat()
    return {"watermark": watermark.value, "watermark_at": at, "watermark_place": watermark.ticket}


def _first_pull(content: Mapping[str, Any] | str | None) -> FirstPull | None:
    """Stores from before there were tickets have the time alone."""
    if not content:
        return None
    known: Mapping[str, Any] = {"started_at": content} if isinstance(content, str) else content
    return FirstPull(known.get("place", 0), datetime.fromisoformat(known["started_at"]))


def _first_pull_json(pull: FirstPull | None) -> dict[str, Any] | None:
    return {"place": pull.ticket, "started_at": pull.started_at.isoformat()} if pull else None


def _doubt(content: Mapping[str, Any] | None) -> UnverifiedRows | None:
    return UnverifiedRows(int(content.get("through", 0)), content["complete"]) if content else None


# ── a service's state ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Target:
    """Where a service's products go: the ``name`` of the place (see ``ServiceOptions.target``), and the ``options`` by
    which it can be reached once the service has left the settings.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormerTarget:
    """A place that a service's products went to before (None: the store): ``held`` products stand there still, for all
    that is known.
    """

    target: Target | None
    held: int
    run: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A batch on its way, of which nothing is sent or arrives after so many ``seconds``; ``id`` tells which one."""

    id: str
    run: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Generation:
    """The place that a rebuild filled, as an index: its ``name``, the ``build`` that filled it, and the ``former``
    place that was served before (None: there was none).
    """

    name: str
    build: str
    former: str | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """A rebuilt place is about to be served. Of what was sent since the entry ``after``, nobody knows which of the two
    places took it.
    """

    to: Generation
    after: int


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What the log of a rebuild says of it: the ``definition`` that its place was made by, and whether it ``is_over``:
    served by now, or given up.
    """

    definition: str
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptState:
    """What a service's receipts have come to: products ``held``, and the resyncs whose marks are written already.

    Of the last transfer: its ``rules``, as the settings file had them, and the ``fingerprint`` of its settings.
    ``version`` is that of the newest batch. ``lease`` is of the newest batch, as long as it can be on its way.
    ``audit`` is the last one. ``generation`` is the rebuilt place that is served, if one is; ``switching`` stands while
    another one is about to be. ``rebuild`` is set in the log of a rebuild alone.
    """

    run: str = ""
    held: int = 0
    requests: tuple[str, ...] = ()
    rules: tuple[Mapping[str, Any], ...] | None = None
    fingerprint: str | None = None
    version: int = 0
    lease: Lease | None = None
    target: Target | None = None
    former_targets: tuple[FormerTarget, ...] = ()
    audit: AuditNote | None = None
    generation: Generation | None = None
    switching: Switch | None = None
    rebuild: Rebuild | None = None
    repairs: tuple[RepairNote, ...] = ()

    @classmethod
    def of(cls, head: Entry) -> Self:
        """The state that an entry carries."""
        meta, rules = head.meta, head.meta.get("rules")
        return cls(
            run=meta.get("run", ""),
            held=int(meta.get("held", 0)),
            requests=tuple(meta.get("requests", ())),
            rules=None if rules is None else tuple(rules),
            fingerprint=meta.get("settings"),
            version=int(meta.get("version", 0)),
            lease=Lease(**meta["open"]) if meta.get("open") else None,
            target=Target(**meta["target"]) if meta.get("target") else None,
            former_targets=tuple(map(_former_target, meta.get("former_targets", ()))),
            audit=AuditNote.of(meta.get("audit")),
            generation=Generation(**meta["generation"]) if meta.get("generation") else None,
            switching=_switch(meta.get("switching")),
            rebuild=Rebuild(**meta["rebuild"]) if meta.get("rebuild") else None,
            repairs=head.repairs,
        )

    def meta(self) -> dict[str, Any]:
        """The state as an entry's metadata."""
        always = {"run": self.run, "held": self.held, "requests": list(self.requests)}
        known = {"rules": self.rules and list(self.rules), "settings": self.fingerprint}
        where_set = {
            "version": self.version,
            "open": self.lease and asdict(self.lease),
            "target": self.target and asdict(self.target),
            "former_targets": [asdict(former) for former in self.former_targets],
            "audit": self.audit and self.audit.content(),
            "generation": self.generation and asdict(self.generation),
            "switching": self.switching and asdict(self.switching),
            "rebuild": self.rebuild and asdict(self.rebuild),
            "repaired": repair_notes(self.repairs),
        }
        transferred = {key: value for key, value in known.items() if value is not None}
        return {**always, **transferred, **{key: value for key, value in where_set.items() if value}}

    @property
    def has_drift_due(self) -> bool:
        """Whether the last audit found products otherwise than the receipts said, and no transfer came after it."""
        return self.audit is not None and self.audit.drift > 0 and self.audit.run == self.run

    def moved_to(self, target: Target, run: str) -> Self:
        """The state once products go to another place: nothing is known to be held there."""
        former = FormerTarget(self.target, self.held, run)
        left = (*self.former_targets, former) if self.held else self.former_targets
        return replace(
            self, held=0, lease=None, audit=None, target=target, former_targets=left, generation=None, switching=None
        )

    def with_request(self, request: str) -> Self:
        """The state after the marks of one more resync."""
        return replace(self, run=request, requests=(*self.requests, request))


def _switch(content: Mapping[str, Any] | None) -> Switch | None:
    return Switch(Generation(**content["to"]), content["after"]) if content else None


def _former_target(content: Mapping[str, Any]) -> FormerTarget:
    target = content["target"]
    return FormerTarget(Target(**target) if target else None, content["held"], content["run"])


def receipt_histories(store: Store, scope: str) -> Iterator[Log]:
    """The receipt log of every service in a scope, named in the settings or not, with its versions alone."""
    for name in store.folders("receipts"):
        yield Log(store, f"receipts/{name}/scope={scope}", {"held_hash": "VARCHAR"})


def held_versions(receipts: Iterable[Log]) -> Relation:
    """The versions of products (``sku``, ``hash``) that services hold or held, as far as their receipts go back."""
    held = "SELECT sku, held_hash AS hash FROM receipts WHERE held_hash IS NOT NULL"
    no_version = Relation("SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS hash WHERE false")
    return union((select(held, receipts=log.history()) for log in receipts), no_version)


def lost_pulls(state: CatalogState, applied: Collection[str | None]) -> list[str]:
    """Runs of pulls that a catalog's state names and none of its whole entries wrote, in their order."""
    return [pull.run for pull in sorted(state.pulls, key=lambda pull: pull.order) if pull.run not in applied]
