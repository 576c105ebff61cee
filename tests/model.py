"""The rules of catalog, transfer and totals in plain Python: what the random histories compare the product with.

Each step is done by a worker whose clock may be wrong; ``Model.now`` is the true time, which the store's clock has too.
Every step is a generator that stops before and after each write, as the product does under the histories' store: it
yields ("before", path) and is sent whether the write was done, then yields ("after", path). Who waits for another
writer's lease yields ("sleep", service). Steps can so be interleaved or ended between any two writes, in the model and
in the product alike.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

Stop = tuple[str, str]
Step = Generator[Stop, bool, None]
Clock = Callable[[], datetime]
TICK, MINUTE, DAY = timedelta(microseconds=1), timedelta(minutes=1), timedelta(days=1)
BEGINNING = datetime(2026, 11, 24, tzinfo=UTC)
BATCH_SECONDS = 60
PERCENT, PRODUCTS = 40, 1
WINDOW = timedelta(hours=3)
SKUS = ("a", "b", "c", "d", "e", "f")
PAGES = (SKUS[:3], SKUS[3:])


class Content(NamedTuple):
    """What the source says of one SKU. `modified` is volatile under the second hash version."""

    name: str = "n1"
    status: str = "enabled"
    price: str | None = "2"
    url: str | None = None
    modified: str = "m1"

    @property
    def code(self) -> str | None:
        """The quarantine code of an invalid record; None for a valid one."""
        return "missing-name" if not self.name else "bad-value" if self.price == "dear" else None


class Version(NamedTuple):
    """What a content hash stands for: the content that counts, and the rule it was hashed by."""

    content: Content
    volatile: bool


def version_of(content: Content, volatile: bool) -> Version:
    return Version(content._replace(modified="") if volatile else content, volatile)


RULES: dict[str, Callable[[Content], bool]] = {
    "true": lambda c: True,
    "status = 'enabled'": lambda c: c.status == "enabled",
    "price > 1": lambda c: c.price is not None and int(c.price) > 1,
}


class Row(NamedTuple):
    """One row of the catalog log."""

    change: str
    code: str | None = None
    content: Content | None = None
    version: Version | None = None


class Receipt(NamedTuple):
    """One row of a receipt log."""

    operation: str
    version: Version | None
    outcome: str
    settings: str
    held: Version | None = None
    perhaps: bool = False
    received_at: datetime | None = None
    received_as: str | None = None
    sent_by: str = ""


class Lease(NamedTuple):
    """A batch that was sent and not answered: which one, in which run, and how long it may be on its way."""

    batch: object
    run: str
    seconds: int = BATCH_SECONDS


class Answered(NamedTuple):
    """What a service said to a batch, and when; nothing is known of the time where ``is_silent``."""

    answers: Mapping[str, str]
    at: datetime
    is_silent: bool = False


class Sent(NamedTuple):
    """A batch that was sent after entry ``since``: its lease, and the moment after which it is not sent any more."""

    since: int
    lease: Lease | None = None
    deadline: float = 0


class Request(NamedTuple):
    """A batch that is on its way though its sender has given it up: what is in it, its entry, and its last moment."""

    due: Mapping[str, tuple[str, Version | None]]
    number: int
    deadline: float


class Snapshot(NamedTuple):
    """What a pull read: its ticket, when that was taken and when it read last, in true time."""

    run: str
    place: int
    began: datetime
    ended: datetime
    asked_skus: frozenset[str] | None
    valid: dict[str, tuple[Content, Version]]
    invalid: dict[str, str]

    @property
    def read(self) -> set[str]:
        return {*self.valid, *self.invalid, *(self.asked_skus or ())}

    def speaks_of(self, sku: str) -> bool:
        return self.asked_skus is None or sku in self.asked_skus

    def says(self, sku: str) -> Content | str | None:
        """The content it read, or why that is invalid; None where the product was not there."""
        return self.valid[sku][0]._replace(modified="") if sku in self.valid else self.invalid.get(sku)


class Pages(NamedTuple):
    """How far a pull by pages is: what it asks for, the ticket of its first page, and the number of its last."""

    request: object
    place: int
    page: int = 0


class Hold(NamedTuple):
    run: str
    at: datetime
    would_remove: int
    of: int
    since: datetime
    entry: int
    listed: frozenset[str] = frozenset()
    released: bool = False


class Log:
    """Numbered entries of rows by SKU, each with its time, which only grows."""

    def __init__(self, folder: str) -> None:
        self.folder, self.entries, self.checkpoints = folder, list[tuple[datetime, dict]](), set[int]()
        self.leases: list[Lease | None] = []

    def path(self, after: int) -> str:
        return f"{self.folder}/{after + 1:08d}.parquet"

    def next_at(self, now: datetime) -> datetime:
        return max(now, self.entries[-1][0] + TICK) if self.entries else now

    @property
    def lease(self) -> Lease | None:
        return self.leases[-1] if self.leases else None

    def append(self, after: int, at: datetime, rows: dict, lease: Lease | None = None) -> bool:
        """False for an entry whose number another one has, or had until tidy removed it."""
        if len(self.entries) != after:
            return False
        self.entries.append((at, rows))
        self.leases.append(lease)
        return True

    def sending(self, as_of: datetime, *, is_now: bool) -> str:
        """The run whose batch may be on its way at a moment."""
        position = len(self.entries) if is_now else sum(1 for at, _ in self.entries if at < as_of)
        lease = self.leases[position - 1] if position else None
        is_open = lease and self.entries[position - 1][0] + timedelta(seconds=lease.seconds) >= as_of
        return lease.run if lease and is_open else ""

    def fold(self, before: datetime | None = None) -> dict:
        state: dict = {}
        for at, rows in self.entries:
            state |= rows if before is None or at < before else {}
        return state

    def touched(self, since: int) -> set[str]:
        return {sku for _, rows in self.entries[since:] for sku in rows}


def exceeds(removals: int, of: int) -> bool:
    return removals > 0 and (removals >= of or (removals > PRODUCTS and removals * 100 > of * PERCENT))


@dataclass
class Service:
    name: str
    receipt_is_delivery: bool
    rule: str = "true"
    required: tuple[str, ...] = ()
    max_bytes: int = 200_000
    requests: set[str] = field(default_factory=set)
    contents: dict[str, Version] = field(default_factory=dict)
    fence: str = "version"
    newest: dict[str, int] = field(default_factory=dict)
    late: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = Log(f"receipts/service={self.name}/scope=en")

    @property
    def settings(self) -> str:
        return f"{self.max_bytes} {self.required}"

    def accepts(self, content: Content) -> bool:
        return RULES[self.rule](content)

    @property
    def open_lease(self) -> Lease | None:
        """What nothing but waiting keeps out."""
        return self.log.lease if self.fence == "none" else None

    def overtakes(self, sku: str, number: int) -> bool:
        """Whether a product was sent to it by a later entry than ``number``; by transaction, whether anything was. It
        cannot know without a fence.
        """
        if self.fence == "none":
            return False
        newest = self.newest.get(sku, 0) if self.fence == "version" else max(self.newest.values(), default=0)
        return newest > number

    def takes(self, sku: str, version: Version | None, number: int) -> None:
        self.contents.pop(sku, None)
        self.contents |= {sku: version} if version else {}
        self.newest[sku] = number

    def lands(self, request: Request) -> None:
        """What came late is taken, unless something newer is there and it can know so."""
        self.late.remove(request)
        overtaken = {sku for sku in request.due if self.overtakes(sku, request.number)}
        for sku, (_, version) in request.due.items():
            if sku not in overtaken:
                self.takes(sku, version, request.number)


class Model:
    def __init__(self) -> None:
        self.now = BEGINNING
        self.skews, self.volatile = [timedelta(0), timedelta(0)], False
        self.source: dict[str, Content] = {}
        self.moods: dict[str, str] = {}
        self.down = ""
        self.tickets: dict[int, datetime] = {}
        self.began: dict[int, datetime] = {}
        self.pages: dict[str, dict[int, tuple[Pages, datetime, dict[str, Content]]]] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.applied: list[Snapshot] = []
        self.accepted_alone: list[tuple[Snapshot, frozenset[str]]] = []
        self.silent: dict[str, frozenset[str]] = {}
        self.last_run = ""
        self.catalog = Log("catalog/scope=en")
        self.holds: dict[str | None, dict[str, Hold]] = {None: {}}
        self.services: dict[str, Service] = {}

    def add(self, service: Service) -> None:
        self.services[service.name], self.holds[service.name] = service, {}

    def passes(self, time: timedelta) -> None:
        self.now += time

    def clock(self, worker: int) -> datetime:
        return self.now + self.skews[worker]

    def monotonic(self) -> float:
        """What no clock's jump changes."""
        return (self.now - BEGINNING).total_seconds()

    def label(self, now: datetime, at: datetime) -> datetime:
        """What an entry's rows bear: its writer's clock, unless that is slow by the store's clock."""
        return now if at - now <= MINUTE or not at <= self.now <= at + DAY else at

    # ── source to snapshot to catalog ──────────────────────────────────────────────────────────────────────────────

    def pull(self, clock: Clock, run: str, asked_skus: frozenset[str] | None, by_pages: bool) -> Step:
        """It reads after it has taken its ticket; pages of an earlier try are not read again, and keep its ticket."""
        if run in self.snapshots:
            return
        volatile, place, ended = self.volatile, (yield from self._ticket()), self.now
        contents = self.has(asked_skus)
        if by_pages:
            pages = yield from self._by_pages(run, asked_skus, place, volatile)
            if pages is None:
                return
            place, ended, contents = pages
        valid = {sku: (c, version_of(c, volatile)) for sku, c in contents.items() if not c.code}
        invalid = {sku: c.code for sku, c in contents.items() if c.code}
        snapshot = Snapshot(run, place, self.began[place], ended, asked_skus, valid, invalid)
        for folder in ("quarantine/scope=en", *(("snapshots/scope=en/asked",) if asked_skus is not None else ())):
            yield from _write(f"{folder}/{run}.parquet")
        yield from _write(f"snapshots/scope=en/records/{run}.*.parquet")  # each try has a name of its own
        if (yield ("before", f"snapshots/scope=en/{run}.parquet")):
            self.snapshots[run] = snapshot
        yield ("after", f"snapshots/scope=en/{run}.parquet")

    def has(self, asked_skus: frozenset[str] | None, skus: Collection[str] = SKUS) -> dict[str, Content]:
        """What the source has now of some SKUs."""
        return {sku: c for sku, c in self.source.items() if sku in skus and (asked_skus is None or sku in asked_skus)}

    def _by_pages(
        self, run: str, asked_skus: frozenset[str] | None, place: int, volatile: bool
    ) -> Generator[Stop, bool, tuple[int, datetime, dict[str, Content]] | None]:
        """The ticket of the oldest page, and what all have; nothing where another try took some of them away."""
        pages = self.pages.setdefault(run, {})
        state = self._last(pages)
        if state is None or state.request != (asked_skus, volatile) or len(pages) != state.page:
            pages.clear()
            state = Pages((asked_skus, volatile), place)
        while state.page < len(PAGES):
            read_at, content, state = (
                self.now,
                self.has(asked_skus, PAGES[state.page]),
                state._replace(page=state.page + 1),
            )
            path = f"pulls/scope=en/{run}/{state.page:08d}.jsonl.gz"
            done = yield ("before", path)
            if done:
                pages[state.page] = (state, read_at, content)
            else:
                state = self._last(pages) or state
            yield ("after", path)
        if len(pages) != state.page:
            return None
        read = {sku: content for number in sorted(pages) for sku, content in pages[number][2].items()}
        return state.place, max(at for _, at, _ in pages.values()), read

    def _last(self, pages: Mapping[int, tuple[Pages, datetime, dict[str, Content]]]) -> Pages | None:
        return pages[max(pages)][0] if pages else None

    def _ticket(self) -> Generator[Stop, bool, int]:
        """The number of a pull in the order of their beginning; who meets a higher one than its own takes another."""
        highest = max(self.tickets, default=0)
        while True:
            number = highest + 1
            done = yield ("before", f"catalog/scope=en/_pull-{number:08d}")
            if done:
                self.tickets[number] = self.began[number] = self.now
            yield ("after", f"catalog/scope=en/_pull-{number:08d}")
            highest = max(self.tickets, default=number)
            if done and highest == number:
                return number

    def apply(self, clock: Clock, run: str, accepted: frozenset[str] = frozenset()) -> Step:
        snapshot, is_complete = self.snapshots[run], self.snapshots[run].asked_skus is None
        while not self._is_applied(snapshot):
            after, before = len(self.catalog.entries), self.catalog.fold()
            changes = self._difference(snapshot, before)
            rows = self._kept_back(snapshot, before, changes)
            live = {sku for sku, row in before.items() if row.version}
            gone = frozenset(sku for sku, row in rows.items() if row.change == "removed" and sku in live)
            others, taken = gone - accepted, gone & accepted
            is_held = is_complete and exceeds(len(others), len(live - taken))
            if is_held:
                yield from self._hold(None, Hold(run, clock(), len(others), len(live - taken), clock(), after, others))
                if not taken:
                    return
                rows = {sku: Row("removed") for sku in taken}
            at = self.catalog.next_at(clock())
            done = yield ("before", self.catalog.path(after))
            if done and (done := self.catalog.append(after, at, rows)):
                self.last_run = run
                self.silent[run] = frozenset(changes.keys() - rows.keys()) | self._held_absent(snapshot, before)
                if is_held:
                    self.accepted_alone.append((snapshot, taken))
                else:
                    self.applied.append(snapshot)
            yield ("after", self.catalog.path(after))
            if done and is_complete and not is_held:
                yield from self._release(None, run, clock(), after + 1)
            if done:
                return
        yield from self._finish_release(clock, snapshot)

    def _finish_release(self, clock: Clock, snapshot: Snapshot) -> Step:
        """A step that was ended after its entry and before the release of the hold it passed is run again."""
        hold, head = self.held(None), len(self.catalog.entries)
        if hold and snapshot.asked_skus is None and snapshot.run == self.last_run and hold.entry < head:
            yield from self._release(None, snapshot.run, clock(), head)

    def _is_applied(self, snapshot: Snapshot) -> bool:
        """The snapshot is in, or a complete pull that started later is: it vouches for every SKU."""
        return snapshot in self.applied or any(p.asked_skus is None and p.place > snapshot.place for p in self.applied)

    def _difference(self, snapshot: Snapshot, before: Mapping[str, Row]) -> dict[str, Row]:
        later = {sku for p in self.applied if p.place > snapshot.place for sku in p.read}
        later |= {sku for p, skus in self.accepted_alone if p.place > snapshot.place for sku in skus}
        absent = (
            {sku for sku, row in before.items() if row.change != "removed"}
            if snapshot.asked_skus is None
            else snapshot.asked_skus
        )
        rows = {sku: self._seen(before.get(sku), *seen) for sku, seen in snapshot.valid.items()}
        rows |= {sku: self._invalid(before.get(sku), code) for sku, code in snapshot.invalid.items()}
        rows |= {sku: Row("removed") for sku in absent - snapshot.valid.keys() - snapshot.invalid.keys()}
        return {
            sku: row
            for sku, row in rows.items()
            if row and sku not in later and not _is_gone_already(before.get(sku), row)
        }

    def _kept_back(self, snapshot: Snapshot, before: Mapping[str, Row], rows: dict[str, Row]) -> dict[str, Row]:
        """A partial snapshot removes nothing that a hold keeps back."""
        hold = self.held(None) if snapshot.asked_skus is not None else None
        gone = {sku for sku, row in rows.items() if row.change == "removed"} & (hold.listed if hold else frozenset())
        return {sku: row for sku, row in rows.items() if sku not in gone}

    def _held_absent(self, snapshot: Snapshot, before: Mapping[str, Row]) -> set[str]:
        """What a partial snapshot may not remove, whether or not it would have: a later one may have been before it."""
        hold = self.held(None) if snapshot.asked_skus is not None else None
        listed = {sku for sku in (hold.listed if hold else ()) if sku in before and before[sku].change != "removed"}
        return {sku for sku in listed if snapshot.speaks_of(sku) and snapshot.says(sku) is None}

    def _seen(self, was: Row | None, content: Content, version: Version) -> Row | None:
        if was is None or was.version is None or was.content is None:
            return Row("added", None, content, version_of(content, self.volatile))
        same = version_of(was.content, self.volatile) == version_of(content, self.volatile)
        if same and was.change != "quarantined":
            return None
        return Row("updated", None, content, was.version if same else version_of(content, self.volatile))

    def _invalid(self, was: Row | None, code: str) -> Row | None:
        if was and was.change == "quarantined" and was.code == code:
            return None
        return Row("quarantined", code, was and was.content, was and was.version)

    def permissible(self, sku: str) -> set[Content | str | None]:
        """What the catalog may have of a SKU, whatever the order of writing was: what a pull read after whose last
        reading no other one, that tells of it too, began. None stands for a product that was not there. A pull tells
        nothing of removals that a hold kept back, and one whose accepted removals alone were applied nothing else.
        """
        pulls = [p for p in self.applied if p.speaks_of(sku) and sku not in self.silent[p.run]]
        pulls += [p for p, skus in self.accepted_alone if sku in skus]
        last = [p for p in pulls if not any(q.began > p.ended for q in pulls)]
        return {p.says(sku) for p in last} or {None}

    # ── catalog to receipts ────────────────────────────────────────────────────────────────────────────────────────

    def due(
        self, service: Service, catalog: Mapping[str, Row], receipts: Mapping[str, Receipt]
    ) -> dict[str, tuple[str, Version | None]]:
        """For every SKU that is due: the operation, and the version to deliver (None for a removal)."""
        operations: dict[str, tuple[str, Version | None]] = {}
        for sku in sorted({*catalog, *receipts}):
            wanted, r = self.wanted(service, catalog.get(sku)), receipts.get(sku)
            if wanted and self.state(service, catalog[sku], r) in ("missing", "stale", "failed"):
                operations[sku] = (
                    "added" if not r or not r.held else "resent" if r.held == wanted else "updated",
                    wanted,
                )
            refused = r and r.outcome == "rejected" and r.operation == "removed" and r.settings == service.settings
            if not wanted and r and (r.held or r.perhaps) and not refused:
                operations[sku] = ("removed", None)
        return operations

    def wanted(self, service: Service, row: Row | None) -> Version | None:
        return row.version if row and row.version and row.content and service.accepts(row.content) else None

    def state(self, service: Service, row: Row, r: Receipt | None, sending: str = "") -> str:
        """The first that matches. What is perhaps held in another version is stale: it is due again. What was sent and
        not answered is failed, unless the run that sends it goes on.
        """
        wanted = self.wanted(service, row)
        if not wanted:
            return "excluded"
        if r and r.outcome == "rejected" and r.version == wanted and r.settings == service.settings:
            return "rejected"
        is_unanswered = r and (r.outcome == "failed" or (r.outcome == "sent" and r.sent_by != sending))
        if r and is_unanswered and r.version == wanted:
            return "failed"
        if r and r.held == wanted and r.outcome != "marked" and not r.perhaps:
            return "current"
        return "stale" if r and r.held else "missing"

    def transfer(self, clock: Clock, run: str, name: str, accepted: frozenset[str] = frozenset()) -> Step:
        service, outlasted, last = self.services[name], set[object](), 0
        while True:
            head, catalog, receipts = len(service.log.entries), self.catalog.fold(), service.log.fold()
            due = self.due(service, catalog, receipts)
            hold, due = self._guarded(due, receipts, Hold(run, clock(), 0, 0, clock(), head), accepted)
            if not due:
                break
            if (lease := service.open_lease) and lease.batch not in outlasted:
                outlasted |= yield from self._outlast(service, lease)
                continue
            if service.receipt_is_delivery:
                sent, answered = Sent(head), Answered(self._deliver(service, due, catalog, head), clock())
            else:
                sent = Sent(head + 1, Lease(object(), run), self.monotonic() + BATCH_SECONDS)
                intent = {sku: _sent(receipts.get(sku), *what, service.settings, run) for sku, what in due.items()}
                if not (yield from self._intend(clock, service, intent, sent)):
                    continue
                answered = yield from self._send(clock, service, due, sent)
            if (recorded := (yield from self._record(clock, service, due, receipts, sent, answered))) is None:
                continue
            last = recorded
            if answered.is_silent:
                return
            if recorded == sent.since + 1:
                break
        if hold:
            yield from self._hold(name, hold)
        else:
            yield from self._release(name, run, clock(), max(head, last))

    def _outlast(self, service: Service, lease: Lease) -> Generator[Stop, bool, set[object]]:
        """The batch, if the log stood still for as long as it may be on its way."""
        head, ends = len(service.log.entries), self.monotonic() + lease.seconds
        while self.monotonic() < ends:
            yield ("sleep", service.name)
            if len(service.log.entries) != head:
                return set()
        return {lease.batch}

    def _intend(
        self, clock: Clock, service: Service, intent: dict[str, Receipt], sent: Sent
    ) -> Generator[Stop, bool, bool]:
        """Whether it was written down what is about to be sent."""
        after = sent.since - 1
        done = yield ("before", service.log.path(after))
        done = done and service.log.append(after, service.log.next_at(clock()), intent, sent.lease)
        yield ("after", service.log.path(after))
        return done

    def _send(
        self, clock: Clock, service: Service, due: Mapping[str, tuple[str, Version | None]], sent: Sent
    ) -> Generator[Stop, bool, Answered]:
        """Nothing is sent after its time; where a fence keeps it out, it may be on its way for longer."""
        silence = Answered(dict.fromkeys(due, "failed"), clock(), is_silent=True)
        if self.monotonic() > sent.deadline:
            return silence
        yield ("before", "far/request")
        if service.fence == "none" and self.monotonic() > sent.deadline:
            return silence
        answered = silence
        if self.down == "slow":
            service.late.append(Request(due, sent.since, sent.deadline))
        else:
            answers = self._deliver(service, due, {}, sent.since)
            answered = silence if self.down else Answered(answers, clock())
        yield ("after", "far/request")
        return answered

    def _guarded(
        self, due: dict, receipts: Mapping[str, Receipt], hold: Hold, accepted: frozenset[str]
    ) -> tuple[Hold | None, dict]:
        gone = frozenset(sku for sku, (operation, _) in due.items() if operation == "removed")
        held = sum(1 for r in receipts.values() if r.held or r.perhaps) - len(gone & accepted)
        others = gone - accepted
        if not exceeds(len(others), held):
            return None, due
        passing = {sku: d for sku, d in due.items() if d[0] != "removed" or sku in accepted}
        return hold._replace(would_remove=len(others), of=held, listed=others), passing

    def _deliver(
        self, service: Service, due: Mapping[str, tuple[str, Version | None]], catalog: Mapping[str, Row], number: int
    ) -> dict[str, str]:
        answers = {}
        overtaken = {sku for sku in due if service.overtakes(sku, number)}
        for place, (sku, (operation, version)) in enumerate(due.items()):
            if service.receipt_is_delivery:
                content = catalog[sku].content if version else None
                lacks = content and "url" in service.required and not content.url
                answers[sku] = "removed" if operation == "removed" else "rejected" if lacks else "received"
                continue
            mood = outcome_of(self.moods.get(sku, "ok"), self.down, place, len(due))
            mood = "fail" if sku in overtaken else mood
            if mood in ("ok", "lost"):
                service.takes(sku, version, number)
            taken = "removed" if operation == "removed" else "received"
            answers[sku] = {"ok": taken, "reject": "rejected"}.get(mood, "failed")
        return answers

    def _record(
        self,
        clock: Clock,
        service: Service,
        due: Mapping[str, tuple[str, Version | None]],
        receipts: Mapping[str, Receipt],
        sent: Sent,
        answered: Answered,
    ) -> Generator[Stop, bool, int | None]:
        answers, since = answered.answers, sent.since
        while True:
            before, at = len(service.log.entries), service.log.next_at(clock())
            label = self.label(clock(), at)
            fold, touched = service.log.fold(), service.log.touched(since)
            taken_at = label if service.receipt_is_delivery else min(answered.at, label)
            rows = {
                sku: _receipt(
                    fold.get(sku) if sku in touched else receipts.get(sku),
                    operation,
                    version,
                    "failed" if sku in touched else answers[sku],
                    service.settings,
                    taken_at,
                )
                for sku, (operation, version) in due.items()
            }
            is_open = any(r.perhaps for r in rows.values())
            lease = self._lease_after(service, sent, is_open=is_open) if sent.lease else None
            done = yield ("before", service.log.path(before))
            done = done and service.log.append(before, at, rows, lease)
            yield ("after", service.log.path(before))
            if done:
                return before + 1
            if service.receipt_is_delivery:
                return None

    def _lease_after(self, service: Service, sent: Sent, *, is_open: bool) -> Lease | None:
        """What was not answered may be on its way for the rest of its time; a fence would keep that out."""
        assert sent.lease
        if (other := service.log.lease) and other.batch is not sent.lease.batch:
            return other
        left = math.ceil(sent.deadline - self.monotonic()) if service.fence == "none" and is_open else 0
        return sent.lease._replace(seconds=left) if left > 0 else None

    def mark(self, clock: Clock, request: str, name: str, skus: frozenset[str] | None) -> Step:
        """A mark leaves what is held as it is; a request marks once, whoever runs it again."""
        service = self.services[name]
        while request not in service.requests:
            before, at = len(service.log.entries), service.log.next_at(clock())
            rows = {
                sku: r._replace(operation="resend", outcome="marked", sent_by="")
                for sku, r in service.log.fold().items()
                if (skus is None or sku in skus) and (r.held or r.perhaps or r.outcome != "removed")
            }
            done = yield ("before", service.log.path(before))
            if done and service.log.append(before, at, rows, service.log.lease):
                service.requests.add(request)
            yield ("after", service.log.path(before))

    def checkpoint(self, clock: Clock, log: Log) -> Step:
        number = len(log.entries)
        if number and number not in log.checkpoints:
            path = f"{log.folder}/checkpoint-{number:08d}.parquet"
            done = yield ("before", path)
            log.checkpoints |= {number} if done else set()
            yield ("after", path)

    # ── holds ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def held(self, service: str | None) -> Hold | None:
        last = self.last_word(service)
        return None if last is None or last.released else last

    def last_word(self, service: str | None) -> Hold | None:
        """Of the entry that is known in it, and only then of the time."""
        return max(self.holds[service].values(), key=lambda h: (h.entry, h.at, h.released), default=None)

    def _hold(self, service: str | None, new: Hold) -> Step:
        standing, last = self.held(service), self.last_word(service)
        if standing:
            new = new._replace(since=standing.since)
        if last and last.entry == new.entry:
            new = new._replace(at=max(new.at, last.at + TICK))
        yield from _write(f"{self._folder(service)}/{new.run}.*.parquet")
        yield from self._note(service, f"{new.run}.json", new)

    def _release(self, service: str | None, run: str, at: datetime, entry: int) -> Step:
        if held := self.held(service):
            release = held._replace(run=run, at=max(at, held.at), entry=max(entry, held.entry), released=True)
            yield from self._note(service, f"{run}.released.json", release)

    def _note(self, service: str | None, name: str, hold: Hold) -> Step:
        path = f"{self._folder(service)}/{name}"
        yield ("before", path)
        self.holds[service][name] = hold
        yield ("after", path)

    @staticmethod
    def _folder(service: str | None) -> str:
        return "holds/scope=en" + (f"/service={service}" if service else "")

    # ── totals ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def totals(self, name: str, as_of: datetime, *, is_now: bool = False) -> dict[str, int]:
        """Now, every entry counts, whatever its time; the time only says which receipts are of late."""
        before = None if is_now else as_of
        service, catalog = self.services[name], self.catalog.fold(before)
        receipts, sending = service.log.fold(before), service.log.sending(as_of, is_now=is_now)

        def state(sku: str, row: Row) -> str:
            return self.state(service, row, receipts.get(sku), sending)

        states = Counter(state(sku, row) for sku, row in catalog.items() if row.version)
        counts = {state: states[state] for state in ("excluded", "rejected", "failed", "current", "stale", "missing")}
        accepted = {sku for sku, row in catalog.items() if self.wanted(service, row)}
        held = {sku for sku, r in receipts.items() if r.held}
        lately = Counter(r.received_as for r in receipts.values() if r.received_at and as_of - WINDOW <= r.received_at)
        due = Counter(operation for operation, _ in self.due(service, catalog, receipts).values())
        return {
            **counts,
            "total_received": len(held),
            "held_older": sum(1 for sku in held & accepted if state(sku, catalog[sku]) in ("rejected", "failed")),
            "orphaned": len(held - accepted),
            "due": due.total() - due["removed"],
            "removals_due": due["removed"],
            "latest_update": lately["added"] + lately["updated"] + lately["resent"],
            "resent_in_window": lately["resent"],
            "removed_in_window": lately["removed"],
            "unexplained": 0,
        }


def outcome_of(mood: str, down: str, place: int, size: int) -> str:
    """What comes of one product at a service that may be down: at once, or after it took the first half."""
    if not down:
        return mood
    return "lost" if down == "half" and place < size // 2 else "fail"


def _write(path: str) -> Step:
    yield ("before", path)
    yield ("after", path)


def _is_gone_already(was: Row | None, row: Row) -> bool:
    return row.change == "removed" and was is not None and was.change == "removed"


def _sent(was: Receipt | None, operation: str, version: Version | None, settings: str, run: str) -> Receipt:
    was = was or Receipt("", None, "", "")
    return was._replace(
        operation=operation, version=version, outcome="sent", settings=settings, perhaps=True, sent_by=run
    )


def _receipt(
    was: Receipt | None, operation: str, version: Version | None, outcome: str, settings: str, at: datetime
) -> Receipt:
    was = was or Receipt("", None, "", "")
    is_taken = outcome in ("received", "removed")
    return Receipt(
        operation, version, outcome, settings,
        held=version if is_taken else was.held,
        perhaps=outcome == "failed" or (outcome == "rejected" and was.perhaps),
        received_at=at if is_taken else was.received_at,
        received_as=operation if is_taken else was.received_as,
    )  # fmt: skip
