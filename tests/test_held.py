"""Holds as people meet them in the shell: what a plan says may go, what goes, what is held again, who accepted what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from datasync.relation import Relation
from datasync.store import acceptances, holds
from datasync.store.files import read_json, write_json
from tests.shop import SETTINGS, CommandOutput, Shop, same

FEWER = "guard: {percent: 30, products: 2}\n"


class Held(Shop):
    """A shop of ten products, P0 to P9, that holds what would remove more than two of them."""

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        super().__init__(folder, FEWER + settings)
        self.has(range(10))
        assert self.run("sync").code == 0

    def has(self, numbers: Iterable[int]) -> None:
        self.sells(*((f"P{n}", f"Thing {n}", "enabled", "toys", "") for n in numbers))

    def holds(self, numbers: Iterable[int]) -> str:
        """Sync fewer products, and give the run that was held."""
        self.has(numbers)
        assert self.run("sync").code == 5
        return self.held_run()

    def accept(self, run: str, *more: str) -> CommandOutput:
        return self.run("resync", "--scope", "en-US", "--accept-shrink", run, "--reason", "The range ended", *more)

    def stands(self) -> str:
        """The run whose hold of the catalog stands."""
        hold = holds.current(self.pipeline().store, "en-US", None)
        assert hold
        return hold.id

    def catalog(self) -> str:
        """The numbers of the products in the catalog."""
        rows = "SELECT string_agg(sku[2:], '' ORDER BY sku) FROM catalog WHERE hash IS NOT NULL"
        return self._has(rows, "catalog/scope=en-US")

    def at(self, service: str) -> str:
        """The numbers of the products that a service holds."""
        rows = "SELECT string_agg(sku[2:], '' ORDER BY sku) FROM catalog WHERE held_hash IS NOT NULL"
        return self._has(rows, f"receipts/service={service}/scope=en-US")

    def _has(self, sql: str, folder: str) -> str:
        with self.connected() as (con, pipeline):
            files = (
                f"read_parquet('{pipeline.store.url(folder)}/0*.parquet', filename = true, hive_partitioning = false)"
            )
            newest = "QUALIFY row_number() OVER (PARTITION BY sku ORDER BY filename DESC) = 1"
            con.execute(f"CREATE TEMP VIEW catalog AS SELECT * FROM {files} {newest}")
            return str(con.execute(sql).fetchall()[0][0] or "")


@pytest.fixture
def shop(tmp_path: Path) -> Held:
    return Held(tmp_path)


def test_what_a_plan_says_may_go_goes_and_no_more(shop: Held) -> None:
    held = shop.holds(range(4))
    before = shop.files()
    plan = shop.accept(held)
    assert plan.lines[-2] == (
        "  Only the 6 listed by the hold of run sync-20261124T030201Z may go from the catalog, and then the services; "
        "any other is held again, unless the volume guard lets so few pass."
    )
    assert shop.files() == before
    done = shop.accept(held, "--yes")
    assert (done.code, shop.catalog(), shop.at("search"), shop.at("catalog-service")) == (0, "0123", "0123", "0123")
    assert shop.run("holds").lines == ["Nothing is held."]


def test_a_hold_that_is_accepted_after_the_source_changed_holds_what_nobody_saw(shop: Held) -> None:
    held = shop.holds(range(5))
    shop.has(range(5, 10))
    done = shop.accept(held, "--yes")
    assert done.code == 5
    assert {shop.catalog(), shop.at("search"), shop.at("catalog-service")} == {"0123456789"}
    again = shop.stands()
    (waits,) = (one for one in shop.json("holds", again) if one["stands"])
    assert waits["products"] == [{"sku": f"P{n}", "name": f"Thing {n}"} for n in range(5)]
    assert shop.accept(again, "--yes").code == 0
    assert {shop.catalog(), shop.at("search"), shop.at("catalog-service")} == {"56789"}


def test_where_others_are_gone_too_the_accepted_ones_leave_the_catalog_and_the_services(shop: Held) -> None:
    held = shop.holds(range(6))
    shop.has(range(3))
    done = shop.accept(held, "--yes")
    assert (done.code, {shop.catalog(), shop.at("search"), shop.at("catalog-service")}) == (5, {"012345"})
    assert (
        "en-US catalog: 4 removed, 6 products. Held: it would remove 3 of 6 products that nobody accepted." in done.err
    )
    assert {one["outcome"] for one in shop.json("status")["scopes"][0]["services"]} == {"held"}


def test_who_accepted_which_products_and_why_can_be_read_afterwards(shop: Held) -> None:
    shop.holds(range(5))
    held = shop.holds(range(6))
    shop.accept(held, "--yes")
    accepted = max(path.stem for path in (shop.folder / "var/store/runs").rglob("resync-*.json"))
    for run in (held, accepted):
        told = shop.run("holds", run)
        assert re.fullmatch(
            r"en-US catalog: held 2026-11-24 03:03:02 UTC: it would remove 4 of 10 products\. It no longer stands\. "
            r"Accepted 2026-11-24 03:04:03 UTC by \S+ in run resync-20261124T030403Z: The range ended\.",
            told.lines[0],
        )
        assert told.lines[1:] == [f"  P{n}  Thing {n}" for n in (6, 7, 8, 9)]
    (one,) = shop.json("holds", held)
    assert (one["acceptances"][0]["reason"], one["stands"]) == ("The range ended", False)


def test_what_is_held_is_listed_and_a_run_that_held_nothing_named_with_those_that_did(shop: Held) -> None:
    held = shop.holds(range(4))
    assert shop.run("holds").lines == [
        "scope  where    since                    would remove  of  run",
        "en-US  catalog  2026-11-24 03:02:01 UTC             6  10  sync-20261124T030201Z",
        "`datasync holds RUN` lists the products, and who accepted them.",
    ]
    told = shop.run("holds", "nobody")
    assert (told.code, "Known: sync-20261124T030201Z" in told.err) == (2, True)
    assert [(one["id"], one["would_remove"]) for one in shop.json("holds")] == [(same(held), 6)]


def test_of_two_holds_the_first_may_be_accepted_and_lets_go_what_it_lists(shop: Held) -> None:
    first = shop.holds(range(6))
    second = shop.holds(range(3))
    assert shop.accept(first, "--yes").code == 5
    assert shop.catalog() == "012345"
    assert shop.accept(second, "--yes").code == 0
    assert shop.catalog() == "012"


def test_a_hold_of_one_service_lets_go_its_list_there_and_nowhere_else(shop: Held) -> None:
    with_rule = SETTINGS.replace("status = 'enabled'", "sku < 'P5'").replace("The product is disabled", "Too new")
    shop.settings.write_text(FEWER + with_rule, encoding="utf-8")
    assert shop.run("sync").code == 5
    held = shop.held_run()
    shop.has(range(6))
    asked = ("--service", "search")
    plan = shop.accept(held, *asked)
    assert "  Only the 5 listed by the hold of run sync-20261124T030201Z may go from search; any other" in plan.out
    done = shop.accept(held, *asked, "--yes")
    assert done.code == 5, "what the source lacks now was in no list"
    assert (shop.catalog(), shop.at("search"), shop.at("catalog-service")) == ("0123456789", "01234", "0123456789")
    assert [one["service"] for one in shop.json("holds", held)] == ["search"]


def test_a_hold_that_an_older_version_made_cannot_be_accepted_and_the_message_says_what_can(shop: Held) -> None:
    held = shop.holds(range(4))
    store = shop.pipeline().store
    path = f"holds/scope=en-US/{held}.json"
    content = read_json(store, path)
    assert content
    write_json(store, path, {key: value for key, value in content.items() if key != "listed"})
    for more in ((), ("--yes",)):
        told = shop.accept(held, *more)
        assert told.code == 2
        assert "has no list of the products that it would remove" in told.err
        assert "`datasync sync --complete`" in told.err
    assert "older version" in shop.run("holds", held).out
    assert shop.run("sync", "--complete").code == 5
    assert shop.accept(shop.stands(), "--yes").code == 0
    assert shop.catalog() == "0123"


def test_an_acceptance_that_was_killed_and_is_repeated_ends_in_the_services_too(shop: Held) -> None:
    held = shop.holds(range(4))
    pipeline = shop.pipeline()
    request = pipeline.request({"scopes": ["en-US"], "accept_shrink": held, "reason": "right"}, "Ann")
    run = pipeline.begin("resync-killed", "resync", request.scopes, "Ann", "right", request)
    pipeline.pull(run, "en-US")
    pipeline.apply(run, "en-US")
    assert (shop.catalog(), shop.at("search")) == ("0123", "0123456789")
    assert shop.run("sync").code == 5, "nobody accepted it for this run"
    assert shop.accept(held, "--yes").code == 0
    assert (shop.at("search"), shop.at("catalog-service")) == ("0123", "0123")


def test_a_run_that_begins_again_goes_by_the_list_that_was_accepted(shop: Held) -> None:
    held = shop.holds(range(6))
    pipeline = shop.pipeline()
    request = pipeline.request({"scopes": ["en-US"], "accept_shrink": held, "reason": "right"}, "Ann")
    run = pipeline.begin("resync-again", "resync", request.scopes, "Ann", "right", request)
    before = acceptances.of_run(pipeline.store, "en-US", None, run)
    hold = holds.find(pipeline.store, "en-US", None, held)
    assert hold
    with pipeline.connected() as con:  # the held run is tried again, and now holds more
        holds.hold(con, pipeline.store, hold, Relation("SELECT 'P' || range AS sku, NULL AS name FROM range(3, 10)"))
    shop.has(range(3))
    assert pipeline.begin("resync-again", "resync", request.scopes, "Ann", "right", request) == run
    assert acceptances.of_run(pipeline.store, "en-US", None, run) == before
    pipeline.pull(run, "en-US")
    assert pipeline.apply(run, "en-US")["outcome"] == "held"
    assert shop.catalog() == "012345"


def test_a_resync_of_held_skus_removes_none_and_names_the_hold(shop: Held) -> None:
    shop.holds(range(4))
    asked = ("resync", "--scope", "en-US", "--sku=P3", "--sku=P8", "--sku=P9", "--sku=X", "--reason", "a look")
    shop.has(range(3))
    assert shop.run(*asked).lines[-2] == (
        "  2 of these products are kept back by the hold of run sync-20261124T030201Z: they stay even if the source no "
        "longer has them. To let them go, accept that hold."
    )
    done = shop.run(*asked, "--yes")
    assert (done.code, shop.catalog(), shop.at("search")) == (5, "012456789", "012456789")
    kept = "Kept in the catalog by the hold of run sync-20261124T030201Z, though not at the source: 2."
    assert f"en-US: {kept} Accept that hold to let them go." in done.lines
    record = json.loads(max((shop.folder / "var/store/runs").rglob("resync*.json")).read_text(encoding="utf-8"))
    (step,) = (one for one in record["steps"] if one["kind"] == "catalog")
    assert (step["outcome"], step["removed"], step["kept_back"], kept in same(step["note"])) == (
        "held",
        1,
        2,
        True,
    )


def test_failing_products_that_a_hold_keeps_back_stay_too(shop: Held) -> None:
    shop.sells(("P9", "", "enabled", "toys", ""), *((f"P{n}", f"Thing {n}", "enabled", "toys", "") for n in range(9)))
    assert shop.run("sync").code == 0
    shop.holds(range(4))
    assert shop.run("resync", "--scope", "en-US", "--failing", "--reason", "a look", "--yes").code == 5
    assert shop.catalog() == "0123456789"


def test_a_scheduled_run_accepts_nothing(shop: Held) -> None:
    held = shop.holds(range(4))
    pipeline = shop.pipeline()
    run = pipeline.begin("sync-again", "sync", ("en-US",), "schedule", held)
    pipeline.pull(run, "en-US")
    assert pipeline.apply(run, "en-US")["outcome"] == "held"
    assert shop.catalog() == "0123456789"
