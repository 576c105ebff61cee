"""Random histories: the product on a real store beside the plain-Python model of its rules, compared after every step.

Steps of several writers run interleaved, and end between any two writes; pulls overlap; sources change, break and
empty; services fail, reject, lose answers and go down; rules, settings and the hash version change; clocks run back.
DATASYNC_EXAMPLES sets how many histories are tried (then at random), DATASYNC_STEPS how long they are.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

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

from datasync import catalog, pull, receipts, totals, transfer
from datasync.errors import ServiceUnavailable
from datasync.services.base import Service
from datasync.services.feed import Feed
from datasync.settings import Guard, Settings, parse
from datasync.sources.base import Records, Want
from datasync.sql import literal
from datasync.store import holds
from datasync.store.files import Folder
from tests import model
from tests.actors import Actor, Stops
from tests.line import Table, connection, skus_sql
from tests.model import Content, Model, Step, Version

EXAMPLES = int(os.environ.get("DATASYNC_EXAMPLES", "0"))
STEPS = int(os.environ.get("DATASYNC_STEPS", "20"))
SKUS = ("a", "b", "c", "d", "e", "f")
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
SECONDS = st.sampled_from([0, 1, 3600, 3 * 3600, -90])
CONTENT = st.builds(
    Content,
    name=st.sampled_from(["n1", "n2", "n2", ""]),
    status=st.sampled_from(["enabled", "enabled", "disabled"]),
    price=st.sampled_from(["2", "1", None, "dear"]),
    url=st.sampled_from([None, "https://shop.example/x"]),
    modified=st.sampled_from(["m1", "m2"]),
)
CHANGES = st.dictionaries(st.sampled_from(SKUS), st.none() | CONTENT, max_size=3)


class Far:
    """A service over a network: it holds what it took, in its own memory, and has moods."""

    embedded = False
    needs = ("name",)

    def __init__(self, world: Model) -> None:
        self.world, self.holds = world, dict[str, str]()

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: str) -> str:
        rows = con.execute(f"SELECT sku, operation, hash FROM {batch} ORDER BY sku").fetchall()
        answers = [answer for place, row in enumerate(rows) if (answer := self._take(place, len(rows), *row))]
        if self.world.down:
            raise ServiceUnavailable("far did not answer.")
        return (
            f"SELECT * FROM (VALUES {', '.join(answers)}) AS t(sku, outcome, words, answered_at)"
            if answers
            else NO_ANSWER
        )

    def _take(self, place: int, size: int, sku: str, operation: str, version: str | None) -> str | None:
        mood = model.outcome_of(self.world.moods.get(sku, "ok"), self.world.down, place, size)
        if mood in ("ok", "lost"):
            self.holds.pop(sku, None)
            self.holds |= {sku: version} if version else {}
        if mood == "lost":
            return None
        outcome = {"reject": "rejected", "fail": "failed"}.get(
            mood, "removed" if operation == "removed" else "received"
        )
        return f"({literal(sku)}, '{outcome}', NULL::VARCHAR, TIMESTAMPTZ '{self.world.now.isoformat()}')"


class Live:
    """A source that has what it has when it is read."""

    def __init__(self, world: Model) -> None:
        self.world = world

    def records(self, con: duckdb.DuckDBPyConnection, want: Want) -> Records:
        rows = [{"sku": sku, **content._asdict()} for sku, content in self.world.source.items()]
        return Table(rows).records(con, want)


NO_ANSWER = "SELECT * FROM (VALUES ('', '', '', NULL::TIMESTAMPTZ)) AS t(sku, outcome, words, answered_at) WHERE false"


class Histories(RuleBasedStateMachine):
    """What may happen, in any order."""

    writers = 3

    @initialize(present=st.sets(st.sampled_from(SKUS), min_size=3))
    def begin(self, present: set[str]) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="datasync-history-")
        self.root, self.model = self.folder.name, Model()
        self.model.add(model.Service("feed", True))
        self.model.add(model.Service("far", False))
        self.far = Far(self.model)
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
        self.model.passes(timedelta(seconds=seconds))

    @rule(skus=st.sets(st.sampled_from(SKUS), min_size=1), mood=st.sampled_from(["ok", "fail", "lost", "reject"]))
    def far_changes_its_mood(self, skus: set[str], mood: str) -> None:
        self.model.moods |= dict.fromkeys(skus, mood)

    @rule(down=st.sampled_from(["", "", "all", "half"]))
    def far_goes_down(self, down: str) -> None:
        self.model.down = down

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

    @rule(changes=CHANGES, seconds=SECONDS, asked=ASKED)
    def a_sync(self, changes: dict[str, Content | None], seconds: int, asked: frozenset[str] | None) -> None:
        self.source_changes(changes)
        self.time_passes(seconds)
        self.whole_run(asked)

    @rule(asked=ASKED)
    def a_forced_resync(self, asked: frozenset[str] | None) -> None:
        self.whole_run(asked, force=True)

    @rule(changes=CHANGES, asked=ASKED, later=st.sampled_from(["sync", "hash version", "hold"]))
    def a_snapshot_is_applied_late(
        self, changes: dict[str, Content | None], asked: frozenset[str] | None, later: str
    ) -> None:
        """It is read, then something else happens, and what has changed since is read first by another run."""
        run = self.new_run()
        self.finish("pull", run, asked)
        if later == "hash version":
            self.the_hash_version_changes()
        elif later == "hold":
            before, self.model.source = self.model.source, {}
            self.whole_run(None)
            self.model.source = before
        else:
            self.source_changes(changes)
            self.whole_run(frozenset(changes) or None)
        self.finish("apply", run, NOBODY)

    @rule(kind=st.sampled_from(["pull", "apply", "transfer"]), stops=st.integers(1, 6), changes=CHANGES, name=NAMES)
    def a_step_is_killed_and_run_again(
        self, kind: str, stops: int, changes: dict[str, Content | None], name: str
    ) -> None:
        self.source_changes(changes)
        run, told = self.new_run(), {"pull": (None,), "apply": (NOBODY,), "transfer": (name, NOBODY)}[kind]
        if kind == "apply":
            self.finish("pull", run, None)
        actor = self.start(kind, run, *told)
        for _ in range(stops - 1):
            if not actor.ended:
                self.go_on(actor)
        if not actor.ended:
            self.actors.remove(actor)
            actor.kill()
        self.finish(kind, run, *told)

    @precondition(lambda self: any(self.model.held(name) for name in (None, "feed", "far")))
    @rule(which=st.sampled_from([None, "feed", "far"]))
    def an_operator_accepts(self, which: str | None) -> None:
        hold = self.model.held(which) or next(h for name in (None, "feed", "far") if (h := self.model.held(name)))
        self.whole_run(None, accepted=hold.listed)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(asked=ASKED)
    def a_pull_starts(self, asked: frozenset[str] | None) -> None:
        self.start("pull", self.new_run(), asked)

    @precondition(lambda self: len(self.actors) < self.writers and self.model.snapshots)
    @rule(which=st.integers(0, 2))
    def a_snapshot_is_applied(self, which: int) -> None:
        newest = list(reversed(self.model.snapshots))
        self.start("apply", newest[which % len(newest)], NOBODY)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(name=NAMES)
    def a_transfer_starts(self, name: str) -> None:
        self.start("transfer", self.new_run(), name, NOBODY)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(name=NAMES, asked=ASKED)
    def a_mark_starts(self, name: str, asked: frozenset[str] | None) -> None:
        self.start("mark", self.new_run(), name, asked)

    @precondition(lambda self: len(self.actors) < self.writers)
    @rule(name=st.sampled_from([None, "feed", "far"]))
    def a_checkpoint_is_made(self, name: str | None) -> None:
        self.start("checkpoint", name)

    @precondition(lambda self: len(self.actors) < self.writers and self.steps)
    @rule(which=st.integers(0, 5))
    def a_step_is_run_again(self, which: int) -> None:
        self.start(*self.steps[-1 - which % len(self.steps)])

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

    def whole_run(
        self, asked: frozenset[str] | None, *, force: bool = False, accepted: frozenset[str] = NOBODY
    ) -> None:
        run = self.new_run()
        self.finish("pull", run, asked)
        self.finish("apply", run, accepted)
        for name in self.model.services:
            if force:
                self.finish("mark", run, name, asked)
            self.finish("transfer", run, name, accepted)

    def new_run(self) -> str:
        self.runs += 1
        return f"run-{self.runs:03d}"

    def start(self, kind: str, *told: Any) -> Actor:
        if kind == "apply" and told[0] not in self.model.snapshots:
            kind, told = "pull", (told[0], None)
        self.steps.append((kind, *told))
        actor = Actor(self.expected(kind, *told), self.root, self.work(kind, *told))
        self.actors.append(actor)
        self.go_on(actor)
        return actor

    def go_on(self, actor: Actor) -> None:
        self.model.passes(model.TICK)
        actor.go_on()
        if actor.ended:
            self.actors.remove(actor)

    def finish(self, kind: str, *told: Any) -> None:
        actor = self.start(kind, *told)
        while not actor.ended:
            self.go_on(actor)

    def expected(self, kind: str, *told: Any) -> Step:
        if kind == "checkpoint":
            return self.model.checkpoint(self.model.services[told[0]].log if told[0] else self.model.catalog)
        return getattr(self.model, kind)(*told)

    def work(self, kind: str, *told: Any) -> Callable[[Stops], object]:
        do = partial(getattr(self, f"do_{kind}"), *told)

        def work(store: Stops) -> None:
            with closing(connection()) as con:
                do(con, store)

        return work

    def do_pull(self, run: str, asked: frozenset[str] | None, con: duckdb.DuckDBPyConnection, store: Stops) -> None:
        want = Want("complete" if asked is None else "skus", self.clock(), skus=tuple(sorted(asked or ())))
        mine = self.configured().scopes["en"]
        pull.pull(con, store, "en", mine, Live(self.model), want, run, "fingerprint", self.clock)

    def do_apply(self, run: str, accepted: frozenset[str], con: duckdb.DuckDBPyConnection, store: Stops) -> None:
        found = pull.read(con, store, "en", run)
        assert found is not None
        passed_by = found.blank + found.filtered + found.outdated
        assert found.records == found.valid + found.quarantined + found.repeated + passed_by
        volatile = self.configured().scopes["en"].volatile
        catalog.apply(con, store, found, GUARD, volatile, self.clock, accepted=skus_sql(*accepted))

    def do_transfer(
        self, run: str, name: str, accepted: frozenset[str], con: duckdb.DuckDBPyConnection, store: Stops
    ) -> None:
        mine = self.configured().services[name]
        service: Service = self.far if name == "far" else Feed(mine.max_bytes, mine.required)
        transfer.transfer(con, store, "en", name, mine, service, run, GUARD, self.clock, accepted=skus_sql(*accepted))

    def do_mark(
        self, run: str, name: str, asked: frozenset[str] | None, con: duckdb.DuckDBPyConnection, store: Stops
    ) -> None:
        receipts.mark(con, store, "en", name, None if asked is None else sorted(asked), run, self.clock)

    def do_checkpoint(self, name: str | None, con: duckdb.DuckDBPyConnection, store: Stops) -> None:
        (receipts.log(store, name, "en") if name else catalog.log(store, "en")).checkpoint(con)

    def clock(self) -> Any:
        return self.model.now

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

    @staticmethod
    def listed(con: duckdb.DuckDBPyConnection, store: Folder, hold: holds.Hold) -> list[str]:
        return sorted(sku for (sku,) in con.execute(holds.skus(store, [hold.listed])).fetchall())

    def is_news(self, log: str, entries: int) -> bool:
        was, self.seen[log] = self.seen.get(log), entries
        return was != entries

    def check_catalog(self, con: duckdb.DuckDBPyConnection, store: Folder) -> None:
        catalog.log(store, "en").fold(con, "catalog")
        content = 'name, status, price::INTEGER::VARCHAR, url, attributes[1]."values"[1]'
        rows = con.execute(f"SELECT sku, change, code, hash, hash_version, {content} FROM catalog").fetchall()
        found = {}
        for sku, change, code, hash_, hash_version, *content in rows:
            version = hash_ and model.version_of(Content(*content), hash_version != "1")
            if hash_:
                assert self.versions.setdefault(f"{sku} {hash_}", version) == version, "one hash, two contents"
            assert sku not in found, f"{sku} twice"
            found[sku] = model.Row(change, code, Content(*content) if hash_ else None, version)
        assert found == self.model.catalog.fold()
        of_each = Counter((sku_and_hash.split()[0], version) for sku_and_hash, version in self.versions.items())
        assert set(of_each.values()) <= {1}, "one content, two hashes"

    def check_receipts(self, con: duckdb.DuckDBPyConnection, store: Folder, name: str) -> None:
        receipts.log(store, name, "en").fold(con, "receipts")
        rows = con.execute(
            "SELECT sku, operation, hash, outcome, held_hash, perhaps_held, received_at, received_as FROM receipts"
        ).fetchall()
        known = self.model.services[name].log.fold()
        found = {
            sku: model.Receipt(
                operation, self.version(sku, hash_), outcome, "", self.version(sku, held), perhaps, at, received_as
            )
            for sku, operation, hash_, outcome, held, perhaps, at, received_as in rows
        }
        assert len(found) == len(rows)
        assert found == {sku: r._replace(settings="") for sku, r in known.items()}

    def version(self, sku: str, hash_: str | None) -> Version | None:
        return self.versions[f"{sku} {hash_}"] if hash_ else None

    @rule(back=st.sampled_from([0, 0, 0, 1, 3600, 3 * 3600, 5 * 3600]))
    def the_totals_are_those_of_the_model(self, back: int) -> None:
        self.check_totals(timedelta(seconds=back))

    def check_totals(self, back: timedelta = timedelta(0)) -> None:
        as_of, store, mine = self.model.now - back, Folder(self.root), self.configured()
        with closing(connection()) as con:
            found = totals.totals(con, store, mine, totals.moment(con, store, mine, as_of))
        (scope,) = found.scopes
        assert scope.products == sum(1 for row in self.model.catalog.fold(as_of).values() if row.version)
        for told in scope.services:
            expected = self.model.totals(told.service, as_of)
            assert {name: getattr(told, name) for name in expected} == expected
            assert told.due == told.missing + told.stale + told.failed

    # ── the end: everything stops, and one quiet complete sync settles it all ───────────────────────────────────────

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
        self.model.now = self.model.latest
        self.model.passes(timedelta(seconds=1))
        self.model.moods.clear()
        self.model.down = ""
        before = self.model.catalog.fold()
        self.whole_run(None, accepted=frozenset(SKUS))
        self.the_logs_fold_to_what_the_model_has()
        self.check_totals()
        self.check_contents(before)

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
                receipts.held_products(con, Folder(self.root), "en", name)
                holding = dict(con.execute("SELECT sku, hash FROM feed").fetchall())
            for sku, row in after.items():
                r, wanted = service.log.fold().get(sku), self.model.wanted(service, row)
                if r and r.outcome == "rejected":
                    continue
                assert self.version(sku, holding.get(sku)) == wanted, f"{name} {sku}"
                if name == "far" and sku not in service.untold:
                    assert self.version(sku, self.far.holds.get(sku)) == wanted, f"{name} {sku}"


def _told(run: str, hold: holds.Hold | model.Hold) -> tuple[Any, ...]:
    return run, hold.at, hold.would_remove, hold.of, hold.since


def _counts(content: Content | None, volatile: bool) -> Version | None:
    return content and model.version_of(content, volatile)


class OneWriter(Histories):
    """The same without interleaving: a step ends, or is killed, before the next begins."""

    writers = 1


@pytest.mark.parametrize(("machine", "few"), [(Histories, 7), (OneWriter, 4)], ids=["several writers", "one writer"])
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
