"""Random histories: the product on a real store beside the plain-Python model of its rules, compared after every step.

Steps of several writers run interleaved, and end between any two writes; pulls overlap; sources change, break and
empty; services fail, reject, lose answers and go down; requests land after their senders gave them up. Rules, settings
and the hash version change. Two workers do the steps, and their clocks are wrong by a tenth of a second to 500 days and
jump; tidy runs between any two writes.
DATASYNC_EXAMPLES sets how many histories are tried (then at random), DATASYNC_STEPS how long they are.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from datasync.catalog.apply import PendingSnapshot, apply_snapshot
from datasync.connection import from_environment
from datasync.delivery import compare, mark, transfer
from datasync.delivery.context import Delivery
from datasync.delivery.services.base import Batch, Service
from datasync.delivery.services.feed import Feed
from datasync.errors import LogDamaged, ServiceUnavailable
from datasync.figures import totals
from datasync.figures.store_at import StoreAt, read_point, read_point_at_heads
from datasync.intake import pull
from datasync.pipeline import Pipeline
from datasync.relation import Relation
from datasync.settings import Guard, Keep, Settings, parse
from datasync.sources.base import Opening, PullRequest, Records
from datasync.sources.rest.page_records import Field, Shape, own, pointer
from datasync.sources.rest.paged import Page, Paged
from datasync.sql import literal
from datasync.store import holds, snapshots, tickets, tidy
from datasync.store.files import Folder
from datasync.store.log import Log
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.tidy import ScopeLogs
from tests import model
from tests.actors import Actor, Stops, Timed
from tests.line import FIELDS, Table, connection, skus_sql
from tests.model import Clock, Content, Model, Step, Version
from tests.views import view

EXAMPLES = int(os.environ.get("DATASYNC_EXAMPLES", "0"))
STEPS = int(os.environ.get("DATASYNC_STEPS", "20"))
SKUS = model.SKUS
NAP = timedelta(seconds=21)  # how long a sleep lasts at least: a lease is over after three
GUARD = Guard(percent=model.PERCENT, products=model.PRODUCTS)
LIMITS: tuple[tuple[tuple[str, ...], int], ...] = (
    ((), 200_000),
    (("url",), 200_000),
    (("url",), 199_999),
    ((), 199_999),
)


NOBODY = frozenset[str]()  # nobody's removal was accepted
SOME = st.frozensets(st.sampled_from(SKUS), min_size=1, max_size=3)
ASKED = st.none() | SOME
NAMES = st.sampled_from(["feed", "far"])
FENCES = st.integers(0, 299).map(lambda number: ("none", "transaction", "version")[number % 3])  # an even share of each
WORKERS = st.integers(0, 1)
SECONDS = st.sampled_from([0, 1, 40, 3600, 3 * 3600, 8 * 86400, 500 * 86400])
SKEWS = [timedelta(seconds=sign * span) for span in (0.1, 6, 600, 2 * 86400, 500 * 86400) for sign in (1, -1)]
CONTENT = st.builds(
    Content,
    name=st.sampled_from(["n1", "n2", "n2", ""]),
    status=st.sampled_from(["enabled", "enabled", "disabled"]),
    price=st.sampled_from(["2", "1", None, "dear"]),
    url=st.sampled_from([None, "https://shop.example/x"]),
    modified=st.sampled_from(["m1", "m2"]),
)
CHANGES = st.dictionaries(st.sampled_from(SKUS), st.none() | CONTENT, max_size=3)


class Request(NamedTuple):
    """A batch on its way to a service whose sender has given it up."""

    rows: list[tuple[str, str, str | None]]
    version: int


class Far:
    """A service over a network: it holds what it took, in its own memory, and has moods. Its request can be late.

    It takes a request whenever that comes; one without a fence refuses to send after its time, as it has promised.
    """

    receipt_is_delivery = False
    needs = ("name",)
    batch_seconds = model.BATCH_SECONDS

    def __init__(self, world: Model) -> None:
        self.world, self.fence = world, world.services["far"].fence
        self.holds = dict[str, str]()
        self.fences = dict[str, int]()
        self.late: list[Request] = []

    def called(self, clock: model.Clock, store: Stops) -> Service:
        """The same service, as one transfer calls it."""
        mine: Any = copy(self)
        mine.clock, mine.store = clock, store
        return mine

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        rows = con.execute(f"SELECT sku, operation, hash FROM ({batch.rows.sql}) ORDER BY sku").fetchall()
        self.store.stop("before", "far/request", True)
        if self.fence == "none" and self.world.monotonic() > batch.deadline:
            raise ServiceUnavailable("far was not called in time.")
        request, down = Request(rows, batch.version), self.world.down
        answers = self._receive(request) if down != "slow" else self.late.append(request)
        self.store.stop("after", "far/request", True)
        if down:
            raise ServiceUnavailable("far did not answer.")
        values = f"SELECT * FROM (VALUES {', '.join(answers)}) AS t(sku, outcome, words, answered_at)"
        return Relation(values if answers else NO_ANSWER)

    def lands(self, request: Request) -> None:
        """Take what came late."""
        self.late.remove(request)
        overtaken = self._overtaken(request)
        for sku, _, version in request.rows:
            if sku not in overtaken:
                self._take(sku, version, request.version)

    def _overtaken(self, request: Request) -> set[str]:
        if self.fence == "none":
            return set()
        newest = max(self.fences.values(), default=0)
        fences = {sku: self.fences.get(sku, 0) if self.fence == "version" else newest for sku, _, _ in request.rows}
        return {sku for sku, fence in fences.items() if fence > request.version}

    def _receive(self, request: Request) -> list[str]:
        overtaken = self._overtaken(request)
        answers = (self._answer(place, request, overtaken) for place in range(len(request.rows)))
        return [answer for answer in answers if answer]

    def _take(self, sku: str, version: str | None, number: int) -> None:
        self.fences[sku] = number
        self.holds.pop(sku, None)
        self.holds |= {sku: version} if version else {}

    def _answer(self, place: int, request: Request, overtaken: Set[str]) -> str | None:
        sku, operation, version = request.rows[place]
        mood = model.outcome_of(self.world.moods.get(sku, "ok"), self.world.down, place, len(request.rows))
        mood = "late" if sku in overtaken else mood
        if mood in ("ok", "lost"):
            self._take(sku, version, request.version)
        if mood == "lost":
            return None
        outcome = {"reject": "rejected", "fail": "failed", "late": "overtaken"}.get(
            mood, "removed" if operation == "removed" else "received"
        )
        return f"({literal(sku)}, '{outcome}', NULL::VARCHAR, TIMESTAMPTZ '{self.clock().isoformat()}')"


class Live:
    """A source that has what it has when it is read."""

    def __init__(self, world: Model) -> None:
        self.world = world

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        rows = [{"sku": sku, **content._asdict()} for sku, content in self.world.source.items()]
        return Table(rows).records(con, request)


NO_ANSWER = "SELECT * FROM (VALUES ('', '', '', NULL::TIMESTAMPTZ)) AS t(sku, outcome, words, answered_at) WHERE false"


class ByPages(Paged[None]):
    """The same source over a network: two pages, each as it is when it is asked for."""

    macros = ("datasync.sources.rest", "akeneo")

    def __init__(self, world: Model, given: Opening, volatile: bool) -> None:
        super().__init__(given)
        self.world, self.volatile = world, volatile

    @contextmanager
    def open(self) -> Iterator[Any]:  # type: ignore[override]
        yield SimpleNamespace(requests=0)

    def look(self, api: Any) -> None:
        """Nothing has to be known."""

    def queries(self, request: PullRequest) -> Sequence[Any]:
        return [list(page) for page in model.PAGES]

    def page(self, api: Any, facts: None, query: Any, after: Any) -> Page:
        found = self.world.has(self.asked, query)
        return Page([{"sku": sku, **content._asdict()} for sku, content in found.items()], None)

    def shape(self, facts: None) -> Shape:
        return Shape("/sku", own("any", *FIELDS), lambda name: Field(pointer(name)), "[]::VARCHAR[]")

    def forecast(self, api: Any, request: PullRequest) -> int:
        return len(model.PAGES)

    def listed(self, api: Any) -> str:
        return ""

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        self.asked = frozenset(request.skus) if request.what == "skus" else None
        return super().records(con, request)


class Histories(RuleBasedStateMachine):
    """What may happen, in any order."""

    writers = 3

    @initialize(present=st.sets(st.sampled_from(SKUS), min_size=3), fence=FENCES)
    def begin(self, present: set[str], fence: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="datasync-history-")
        self.root, self.model = self.folder.name, Model()
        self.model.add(model.Service("feed", True))
        self.model.add(model.Service("far", False, fence=fence))
        self.far = Far(self.model)
        self.by_pages: dict[str, bool] = {}
        self.actors: list[Actor] = []
        self.steps: list[tuple[str, ...]] = []
        self.versions: dict[str, Version] = {}
        self.seen: dict[str, int] = {}
        self.runs = 0
        self.model.source = {sku: Content() for sku in sorted(present)}

    # ── what happens outside ────────────────────────────────────────────────────────────────────────────────────────

    @rule(changes=CHANGES)
    def source_changes(self, changes: dict[str, Content | None]) -> None:
        new = self.model.source | changes
        self.model.source = {sku: content for sku, content in new.items() if content}

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.passes(timedelta(seconds=seconds))

    @rule(worker=WORKERS, skew=st.sampled_from(SKEWS))
    def a_clock_jumps(self, worker: int, skew: timedelta) -> None:
        self.model.skews[worker] = skew

    @rule(skus=st.sets(st.sampled_from(SKUS), min_size=1), mood=st.sampled_from(["ok", "fail", "lost", "reject"]))
    def far_changes_its_mood(self, skus: set[str], mood: str) -> None:
        self.model.moods |= dict.fromkeys(skus, mood)

    @rule(down=st.sampled_from(["", "", "all", "half", "slow"]))
    def far_goes_down(self, down: str) -> None:
        self.model.down = down

    @precondition(lambda self: self.far.late)
    @rule(which=st.integers(0, 2))
    def a_late_request_lands(self, which: int) -> None:
        self.lands(which % len(self.far.late))

    @rule(name=NAMES, words=st.sampled_from(sorted(model.RULES)))
    def a_rule_changes(self, name: str, words: str) -> None:
        self.model.services[name].rule = words

    @rule(name=NAMES, limits=st.sampled_from(LIMITS))
    def settings_change(self, name: str, limits: tuple[tuple[str, ...], int]) -> None:
        self.model.services[name].required, self.model.services[name].max_bytes = limits

    @rule()
    def the_hash_version_changes(self) -> None:
        self.model.volatile = not self.model.volatile

    # ── the steps of the product ────────────────────────────────────────────────────────────────────────────────────

    @rule(changes=CHANGES, seconds=SECONDS, asked=ASKED, worker=WORKERS)
    def a_sync(
        self, changes: dict[str, Content | None], seconds: int, asked: frozenset[str] | None, worker: int
    ) -> None:
        self.source_changes(changes)
        self.time_passes(seconds)
        self.whole_run(asked, worker)

    @rule(asked=ASKED, worker=WORKERS)
    def a_forced_resync(self, asked: frozenset[str] | None, worker: int) -> None:
        self.whole_run(asked, worker, force=True)

    @rule(changes=CHANGES, asked=ASKED, later=st.sampled_from(["sync", "hash version", "hold"]), worker=WORKERS)
    def a_snapshot_is_applied_late(
        self, changes: dict[str, Content | None], asked: frozenset[str] | None, later: str, worker: int
    ) -> None:
        """It is read, then something else happens, and what has changed since is read first by another run."""
        run = self.new_run()
        self.finish("pull", worker, run, asked)
        if later == "hash version":
            self.the_hash_version_changes()
        elif later == "hold":
            before, self.model.source = self.model.source, {}
            self.whole_run(None, 1 - worker)
            self.model.source = before
        else:
            self.source_changes(changes)
            self.whole_run(frozenset(changes) or None, 1 - worker)
        self.finish("apply", worker, run, NOBODY)

    @rule(
        kind=st.sampled_from(["pull", "apply", "transfer"]), stops=st.integers(1, 6), changes=CHANGES, name=NAMES,
        worker=WORKERS, meanwhile=st.booleans(),
    )  # fmt: skip
    def a_step_is_killed_and_run_again(
        self, kind: str, stops: int, changes: dict[str, Content | None], name: str, worker: int, meanwhile: bool
    ) -> None:
        """On the other worker; the source may change in between, and another run may read it."""
        self.source_changes(changes)
        run, told = self.new_run(), {"pull": (None,), "apply": (NOBODY,), "transfer": (name, NOBODY)}[kind]
        if kind == "apply":
            self.finish("pull", worker, run, None)
        actor = self.start(kind, worker, run, *told)
        for _ in range(stops - 1):
            if not actor.ended:
                self.go_on(actor)
        if not actor.ended:
            self.actors.remove(actor)
            actor.kill()
        if meanwhile:
            self.source_changes({sku: Content(name="n3") for sku in changes})
            self.whole_run(None, worker)
        self.finish(kind, 1 - worker, run, *told)
        if kind == "pull":
            self.finish("apply", worker, run, NOBODY)

    @rule(changes=CHANGES, worker=WORKERS)
    def a_batch_is_given_up(self, changes: dict[str, Content | None], worker: int) -> None:
        """It is on its way still when another run has something newer."""
        for new, down in ((changes, "slow"), ({sku: Content(name="n3") for sku in changes}, self.model.down)):
            self.source_changes(new)
            self.model.down, run = down, self.new_run()
            self.finish("pull", worker, run, None)
            self.finish("apply", worker, run, NOBODY)
            self.finish("transfer", worker, run, "far", NOBODY)
            self.the_logs_fold_to_what_the_model_has()

    @precondition(lambda self: any(self.model.held(name) for name in (None, "feed", "far")))
    @rule(which=st.sampled_from([None, "feed", "far"]), worker=WORKERS)
    def an_operator_accepts(self, which: str | None, worker: int) -> None:
        hold = self.model.held(which) or next(h for name in (None, "feed", "far") if (h := self.model.held(name)))
        self.whole_run(None, worker, accepted=hold.listed)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(asked=ASKED, worker=WORKERS)
    def a_pull_starts(self, asked: frozenset[str] | None, worker: int) -> None:
        self.start("pull", worker, self.new_run(), asked)

    @precondition(lambda self: len(self.actors) < self.writers and self.model.snapshots)
    @rule(which=st.integers(0, 2), worker=WORKERS)
    def a_snapshot_is_applied(self, which: int, worker: int) -> None:
        newest = list(reversed(self.model.snapshots))
        self.start("apply", worker, newest[which % len(newest)], NOBODY)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(name=NAMES, worker=WORKERS)
    def a_transfer_starts(self, name: str, worker: int) -> None:
        self.start("transfer", worker, self.new_run(), name, NOBODY)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(name=NAMES, asked=ASKED, worker=WORKERS)
    def a_mark_starts(self, name: str, asked: frozenset[str] | None, worker: int) -> None:
        self.start("mark", worker, self.new_run(), name, asked)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(name=st.sampled_from([None, "feed", "far"]))
    def a_checkpoint_is_made(self, name: str | None) -> None:
        self.start("checkpoint", 0, name)

    @precondition(lambda self: len(self.actors) < self.writers and self.steps)
    @rule(which=st.integers(0, 5), worker=WORKERS)
    def a_step_is_run_again(self, which: int, worker: int) -> None:
        kind, *told = self.steps[-1 - which % len(self.steps)]
        self.start(kind, worker, *told)

    @precondition(lambda self: self.actors)
    @rule(which=st.integers(0, 2), stops=st.sampled_from([1, 1, 2, 3, 100]))
    def a_step_goes_on(self, which: int, stops: int) -> None:
        actor = self.actors[which % len(self.actors)]
        for _ in range(stops):
            if not actor.ended:
                self.go_on(actor)

    @precondition(lambda self: self.actors)
    @rule(which=st.integers(0, 2))
    def a_step_is_killed(self, which: int) -> None:
        self.actors.pop(which % len(self.actors)).kill()

    @rule(worker=WORKERS)
    def tidy_runs(self, worker: int) -> None:
        """Whatever its clock says, it removes only what was written long enough ago, and nothing that is in use."""
        store, before = self.store(), self.dated()
        with closing(connection()) as con:
            logs = tuple(receipt_log(store, name, "en") for name in self.model.services)
            tidy.tidy(con, store, Keep(), [ScopeLogs("en", catalog_log(store, "en"), logs)], self.model.clock(worker))
        gone = before.keys() - self.dated().keys()
        for path in gone:
            assert self.model.now - before[path] >= _kept_for(path), f"{path} was removed early"
        self.follow_tidy(gone)

    def follow_tidy(self, gone: Set[str]) -> None:
        """The model has what is left; a step that slept until tidy removed what it had read or written has ended."""
        for run in [run for run in self.model.snapshots if f"snapshots/scope=en/{run}.parquet" in gone]:
            del self.model.snapshots[run]
        for run, pages in self.model.pages.items():
            for number in [n for n in pages if f"pulls/scope=en/{run}/{n:08d}.jsonl.gz" in gone]:
                del pages[number]
        for number in [n for n in self.model.tickets if tickets.path("en", n) in gone]:
            del self.model.tickets[number]
        for service, known in self.model.holds.items():
            stands = self.model.held(service)
            folder = f"holds/scope=en{f'/service={service}' if service else ''}"
            for name in [name for name in known if f"{folder}/{name}" in gone]:
                del known[name]
            assert self.model.held(service) == stands
        for log in (self.model.catalog, *(service.log for service in self.model.services.values())):
            log.checkpoints = set(Log(self.store(), log.folder, {}).list_files().checkpoints)
        for actor in [a for a in self.actors if a.needs(gone)]:
            self.actors.remove(actor)
            actor.kill()

    def whole_run(
        self, asked: frozenset[str] | None, worker: int, *, force: bool = False, accepted: frozenset[str] = NOBODY
    ) -> None:
        """Pulled and delivered by one worker, the catalog made by the other."""
        run = self.new_run()
        self.finish("pull", worker, run, asked)
        self.finish("apply", 1 - worker, run, accepted)
        for name in self.model.services:
            if force:
                self.finish("mark", worker, run, name, asked)
            self.finish("transfer", worker, run, name, accepted)

    def new_run(self) -> str:
        self.runs += 1
        return f"run-{self.runs:03d}"

    def start(self, kind: str, worker: int, *told: Any) -> Actor:
        if kind == "apply" and told[0] not in self.model.snapshots:
            kind, told = "pull", (told[0], None)
        self.steps.append((kind, *told))
        step, work = self.expected(kind, worker, *told), self.work(kind, worker, *told)
        actor = Actor(step, self.root, self.time, work, f"{kind} {told[0]}")
        self.actors.append(actor)
        self.go_on(actor)
        return actor

    def go_on(self, actor: Actor) -> None:
        self.passes(model.TICK)
        actor.go_on()
        if actor.ended:
            self.actors.remove(actor)

    def finish(self, kind: str, worker: int, *told: Any) -> None:
        actor = self.start(kind, worker, *told)
        while not actor.ended:
            self.go_on(actor)

    def expected(self, kind: str, worker: int, *told: Any) -> Step:
        if kind == "checkpoint":
            told = (self.model.services[told[0]].log if told[0] else self.model.catalog,)
        if kind == "pull":
            told = (*told, self.is_by_pages(told[0]))
        return getattr(self.model, kind)(partial(self.model.clock, worker), *told)

    def is_by_pages(self, run: str) -> bool:
        """Every other run's source is read by pages, which a killed pull leaves to the next try."""
        return int(run[-1]) % 2 == 0

    def work(self, kind: str, worker: int, *told: Any) -> Callable[[Stops], object]:
        do = partial(getattr(self, f"do_{kind}"), partial(self.model.clock, worker), *told)

        def work(store: Stops) -> None:
            with closing(connection()) as con:
                do(con, store)

        return work

    def do_pull(
        self, clock: Clock, run: str, asked: frozenset[str] | None, con: duckdb.DuckDBPyConnection, store: Stops
    ) -> None:
        request = PullRequest("complete" if asked is None else "skus", clock(), skus=tuple(sorted(asked or ())))
        mine = self.configured().scopes["en"]
        source: Any = Live(self.model)
        if self.is_by_pages(run):
            source = ByPages(self.model, Opening("en", mine, None, from_environment, store, run), self.model.volatile)
        pull.pull(pull.Pull(con, store, "en", mine, request, run, "fingerprint", clock), source)

    def do_apply(
        self, clock: Clock, run: str, accepted: frozenset[str], con: duckdb.DuckDBPyConnection, store: Stops
    ) -> None:
        found = snapshots.read(con, store, "en", run)
        assert found is not None
        passed_by = found.blank + found.filtered + found.outdated
        assert found.records == found.valid + found.quarantined + found.repeated + passed_by
        volatile = self.configured().scopes["en"].volatile
        apply_snapshot(PendingSnapshot(con, store, found, GUARD, volatile, clock, accepted=skus_sql(*accepted)))

    def do_transfer(
        self, clock: Clock, run: str, name: str, accepted: frozenset[str], con: duckdb.DuckDBPyConnection, store: Stops
    ) -> None:
        mine, sql = self.configured().services[name], skus_sql(*accepted)
        service = self.far.called(clock, store) if name == "far" else Feed(mine.max_bytes, mine.required)
        sleep = partial(self.sleep, store, name)
        delivery = Delivery(con, store, "en", name, mine, service, run, clock, sleep, self.model.monotonic)
        transfer.transfer(delivery, GUARD, accepted=sql)

    def do_mark(
        self,
        clock: Clock,
        run: str,
        name: str,
        asked: frozenset[str] | None,
        con: duckdb.DuckDBPyConnection,
        store: Stops,
    ) -> None:
        mark.mark(con, receipt_log(store, name, "en"), None if asked is None else sorted(asked), run, clock)

    def do_checkpoint(self, clock: Clock, name: str | None, con: duckdb.DuckDBPyConnection, store: Stops) -> None:
        (receipt_log(store, name, "en") if name else catalog_log(store, "en")).checkpoint(con)

    def passes(self, time: timedelta) -> None:
        """What no fence would keep out lands when its time is over, if it did not before."""
        self.model.passes(time)
        far = self.model.services["far"]
        overdue = [late for late in far.late if far.fence == "none" and late.deadline <= self.model.monotonic()]
        for late in overdue:
            self.lands(far.late.index(late))

    def lands(self, which: int) -> None:
        far = self.model.services["far"]
        self.far.lands(self.far.late[which])
        far.lands(far.late[which])

    def sleep(self, store: Stops, name: str, seconds: float) -> None:
        """Others go on meanwhile, and it lasts longer than it was meant to."""
        until = self.model.now + max(NAP, timedelta(seconds=seconds))
        store.stop("sleep", name, True)
        self.passes(max(until - self.model.now, timedelta(0)))

    def time(self) -> datetime:
        """The true time, which the store's own clock has."""
        return self.model.now

    def store(self) -> Timed:
        return Timed(self.root, self.time)

    def dated(self) -> dict[str, datetime]:
        """Every file of the store, with the time it was written."""
        found = (path for path in Path(self.root).rglob("*") if path.is_file())
        return {str(p.relative_to(self.root)): datetime.fromtimestamp(p.stat().st_mtime, UTC) for p in found}

    def configured(self) -> Settings:
        services = {
            name: {
                "required": s.required,
                "max_bytes": s.max_bytes,
                "accepts": [{"rule": s.rule, "otherwise": "Turned away"}],
            }
            for name, s in self.model.services.items()
        }
        scope = {"source": "table", "attributes": ["modified"], "volatile": ["modified"] if self.model.volatile else []}
        return parse(
            {"sources": {"table": {"kind": "sample"}}, "scopes": {"en": scope}, "services": services}, Path(self.root)
        )

    # ── what must hold at every moment ──────────────────────────────────────────────────────────────────────────────

    @invariant()
    def the_logs_fold_to_what_the_model_has(self) -> None:
        if not hasattr(self, "model"):
            return
        with closing(connection()) as con:
            store = Folder(self.root)
            if self.is_news("catalog", len(self.model.catalog.entries)):
                self.check_catalog(con, store)
                self.check_order()
            for name in self.model.services:
                if self.is_news(name, len(self.model.services[name].log.entries)):
                    self.check_receipts(con, store, name)
            holding = {name: holds.current(store, "en", name) for name in (None, "feed", "far")}
            lists = {name: self.listed(con, store, hold) for name, hold in holding.items() if hold}
        expected = {name: self.model.held(name) for name in holding}
        assert {name: hold and _told(hold.id, hold) for name, hold in holding.items()} == {
            name: hold and _told(hold.run, hold) for name, hold in expected.items()
        }
        assert lists == {name: sorted(hold.listed) for name, hold in expected.items() if hold}
        taken = {sku: self.version(sku, hash_) for sku, hash_ in self.far.holds.items()}
        assert taken == self.model.services["far"].contents
        self.check_truth()

    def check_truth(self) -> None:
        """By what is really there, not by any rule: what a receipt says is held there, or it says perhaps."""
        far = self.model.services["far"]
        receipts = far.log.fold()
        for sku in SKUS:
            r = receipts.get(sku, model.Receipt("", None, "", ""))
            assert r.perhaps or r.held == far.contents.get(sku), f"{sku}: its receipt says {r.held}, which is not true"

    @staticmethod
    def listed(con: duckdb.DuckDBPyConnection, store: Folder, hold: holds.Hold) -> list[str]:
        return sorted(sku for (sku,) in holds.skus(store, [hold.listed]).rows(con))

    def is_news(self, log: str, entries: int) -> bool:
        was, self.seen[log] = self.seen.get(log), entries
        return was != entries

    def check_catalog(self, con: duckdb.DuckDBPyConnection, store: Folder) -> None:
        view(con, "catalog", catalog_log(store, "en").fold())
        columns = 'name, status, price::INTEGER::VARCHAR, url, attributes[1]."values"[1]'
        rows = con.execute(f"SELECT sku, change, code, hash, hash_version, {columns} FROM catalog").fetchall()
        found = {}
        for sku, change, code, hash_, hash_version, *fields in rows:
            content, version = Content(*fields) if hash_ else None, None
            if content:
                version = model.version_of(content, hash_version != "1")
                version = self.versions.setdefault(f"{sku} {hash_}", version)
                assert _counts(version.content, True) == _counts(content, True), "one hash, two contents"
            assert sku not in found, f"{sku} twice"
            found[sku] = model.Row(change, code, content, version)
        assert found == self.model.catalog.fold()
        of_each = Counter((sku_and_hash.split()[0], version) for sku_and_hash, version in self.versions.items())
        assert set(of_each.values()) <= {1}, "one content, two hashes"

    def check_order(self) -> None:
        """By what truly happened when, not by any rule: no product is as it was before a later reading began."""
        rows = self.model.catalog.fold()
        for sku in SKUS:
            row = rows.get(sku, model.Row("removed"))
            has = row.code if row.change == "quarantined" else row.content and row.content._replace(modified="")
            assert has in self.model.permissible(sku), sku

    def check_receipts(self, con: duckdb.DuckDBPyConnection, store: Folder, name: str) -> None:
        view(con, "receipts", receipt_log(store, name, "en").fold())
        rows = con.execute(
            "SELECT sku, operation, hash, outcome, held_hash, perhaps_held, received_at, received_as, "
            "CASE WHEN outcome = 'sent' THEN run ELSE '' END FROM receipts"
        ).fetchall()
        known = self.model.services[name].log.fold()
        found = {
            sku: model.Receipt(
                operation, self.version(sku, hash_), outcome, "", self.version(sku, held), perhaps, at, received_as, by
            )
            for sku, operation, hash_, outcome, held, perhaps, at, received_as, by in rows
        }
        assert len(found) == len(rows)
        assert found == {sku: r._replace(settings="") for sku, r in known.items()}

    def version(self, sku: str, hash_: str | None) -> Version | None:
        return self.versions[f"{sku} {hash_}"] if hash_ else None

    @rule(back=st.sampled_from([0, 0, 0, 1, 3600, 3 * 3600, 5 * 3600]), worker=WORKERS)
    def the_totals_are_those_of_the_model(self, back: int, worker: int) -> None:
        self.check_totals(worker, timedelta(seconds=back))

    def check_totals(self, worker: int, back: timedelta = timedelta(0)) -> None:
        """Now, by the clock of a worker; or a moment in the past, by the times of the entries."""
        is_now, as_of, store, mine = not back, self.model.clock(worker) - back, Folder(self.root), self.configured()
        with closing(connection()) as con:
            try:
                at = (read_point_at_heads if is_now else read_point)(con, store, mine, as_of)
            except LogDamaged:  # tidy has removed that moment
                assert not is_now and as_of < self.model.now - Keep().history
                return
            found = totals.totals(StoreAt(con, store, mine, at))
        (scope,) = found.scopes
        rows = self.model.catalog.fold(None if is_now else as_of)
        assert scope.products == sum(1 for row in rows.values() if row.version)
        for told in scope.services:
            expected = self.model.totals(told.service, as_of, is_now=is_now)
            assert {name: getattr(told, name) for name in expected} == expected
            assert told.due == told.missing + told.stale + told.failed

    # ── the end: everything stops, tidy runs, one quiet complete sync settles it all, and the page says so ──────────

    def teardown(self) -> None:
        if not hasattr(self, "model"):
            return
        try:
            for actor in self.actors:
                actor.kill()
            self.actors.clear()
            self.settles()
        finally:
            for actor in self.actors:
                actor.kill()
            self.folder.cleanup()

    def settles(self) -> None:
        self.passes(timedelta(seconds=1))
        self.model.moods.clear()
        self.model.down = ""
        self.tidy_runs(1)
        self.the_logs_fold_to_what_the_model_has()
        before = self.model.catalog.fold()
        self.whole_run(None, 0, accepted=frozenset(SKUS))
        self.passes(timedelta(seconds=2 * model.BATCH_SECONDS))
        while self.far.late:
            self.lands(0)
        self.the_logs_fold_to_what_the_model_has()
        for worker in (0, 1):
            self.check_totals(worker)
            self.check_page(worker)
        self.check_contents(before)

    def check_page(self, worker: int) -> None:
        """It has every product of the catalog, and nothing that is not explained."""
        mine = self.configured()
        pipeline = Pipeline(mine, self.store(), partial(self.model.clock, worker))
        published = pipeline.publish()
        assert published["gaps"] == []
        (scope,) = json.loads((Path(mine.site) / "status.json").read_text(encoding="utf-8"))["scopes"]
        assert scope["products"] == sum(1 for row in self.model.catalog.fold().values() if row.version)

    def check_contents(self, before: dict[str, model.Row]) -> None:
        """The services hold what the source has and their rules accept, less what they rejected."""
        after = self.model.catalog.fold()
        for sku in SKUS:
            was, row = before.get(sku, model.Row("none")), after.get(sku, model.Row("none"))
            content = self.model.source.get(sku)
            if content and content.code:
                assert row.version == was.version, f"{sku} is invalid, and lost its last valid version"
            else:
                assert _counts(row.content, self.model.volatile) == _counts(content, self.model.volatile)
        for name, service in self.model.services.items():
            with closing(connection()) as con:
                view(con, "feed", compare.held_products(Folder(self.root), "en", name))
                holding = dict(con.execute("SELECT sku, hash FROM feed").fetchall())
            for sku, row in after.items():
                r, wanted = service.log.fold().get(sku), self.model.wanted(service, row)
                if r and r.outcome == "rejected":
                    continue
                assert self.version(sku, holding.get(sku)) == wanted, f"{name} {sku}"
                if name == "far":
                    assert self.version(sku, self.far.holds.get(sku)) == wanted, f"{name} {sku}"


def _kept_for(path: str) -> timedelta:
    """How long a file stays, whatever it is."""
    keep = Keep()
    if path.startswith(("snapshots/", "pulls/")):
        return keep.snapshots
    if path.startswith("quarantine/"):
        return keep.quarantine
    return keep.history if path.startswith("holds/") and path.endswith(".json") else model.DAY


def _told(run: str, hold: holds.Hold | model.Hold) -> tuple[Any, ...]:
    return run, hold.at, hold.would_remove, hold.of, hold.since


def _counts(content: Content | None, volatile: bool) -> Version | None:
    return content and model.version_of(content, volatile)


class OneWriter(Histories):
    """The same without interleaving: a step ends, or is killed, before the next begins."""

    writers = 1


@pytest.mark.parametrize(("machine", "few"), [(Histories, 6), (OneWriter, 3)], ids=["several writers", "one writer"])
def test_any_history_leaves_what_the_rules_say(machine: type[Histories], few: int) -> None:
    how = settings(
        max_examples=EXAMPLES or few,
        stateful_step_count=STEPS,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(machine, settings=how)
