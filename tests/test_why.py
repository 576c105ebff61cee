"""One product's story, told by the shell and as typed facts, in every situation a product can be in."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from datasync.delivery import mark, transfer
from datasync.delivery.context import Delivery
from datasync.delivery.services.base import Batch, Fence
from datasync.errors import ServiceUnavailable
from datasync.figures.store_at import StoreAt, read_point
from datasync.figures.why import Story, why
from datasync.relation import Relation
from datasync.settings import Guard
from datasync.store.logs import receipt_log
from tests.shop import SETTINGS, Shop

A, B, C = (
    ("A-1", "Apple", "enabled", "fruit", "red"),
    ("B-2", "Bread", "disabled", "bakery", ""),
    ("C-3", "Chair", "enabled", "", ""),
)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.sells(A, B, C, ("D-4", "", "enabled", "toys", ""))
    return made


def told(shop: Shop, sku: str) -> list[str]:
    found = shop.run("why", "--", sku)
    assert (found.code, found.err) == (4 if " is unknown: " in found.out else 0, "")
    return found.lines


def story(shop: Shop, sku: str) -> Story:
    with shop.connected() as (con, pipeline):
        point = read_point(con, pipeline.store, pipeline.settings, shop.now)
        return why(StoreAt(con, pipeline.store, pipeline.settings, point), sku)


def test_a_product_that_every_service_took_has_its_whole_way_told(shop: Shop) -> None:
    shop.run("sync")
    assert told(shop, "A-1") == [
        "A-1, as of 2026-11-24 03:02:01 UTC",
        "",
        "en-US",
        "  At the source: the last pull (complete, 2026-11-24 03:01:00 UTC, run sync-20261124T030100Z) read it.",
        (
            "  In the catalog as 'Apple' since 2026-11-24 03:01:00 UTC, version V1: last added 2026-11-24 03:01:00 UTC "
            "by run sync-20261124T030100Z."
        ),
        "  catalog-service: version V1, received 2026-11-24 03:01:00 UTC (added).",
        "  search: version V1, received 2026-11-24 03:01:00 UTC (added).",
        "  history:",
        "    2026-11-24 03:01:00 UTC  catalog added, version V1 (run sync-20261124T030100Z)",
        "    2026-11-24 03:01:00 UTC  catalog-service received (added), version V1 (run sync-20261124T030100Z)",
        "    2026-11-24 03:01:00 UTC  search received (added), version V1 (run sync-20261124T030100Z)",
    ]


def test_a_rule_that_turns_a_product_away_is_told_in_its_own_words(shop: Shop) -> None:
    shop.run("sync")
    assert told(shop, "B-2")[6] == "  search: excluded: The product is disabled."


def test_a_product_that_a_rule_turns_away_now_and_a_service_still_holds_is_due_to_be_removed(shop: Shop) -> None:
    shop.run("sync")
    shop.settings.write_text(SETTINGS.replace("status = 'enabled'", "sku <> 'A-1'"), encoding="utf-8")
    assert told(shop, "A-1")[6] == (
        "  search: excluded: The product is disabled. It holds version V1, received 2026-11-24 03:01:00 "
        "UTC (added). Due: to be removed."
    )


def test_a_rejection_is_told_with_the_services_words(shop: Shop) -> None:
    shop.run("sync")
    assert told(shop, "C-3")[5] == (
        "  catalog-service: rejected 2026-11-24 03:01:00 UTC: Required and missing: categories. "
        "It is tried again when the product or the service's settings change, or by a forced resync."
    )


def test_a_record_that_never_was_valid_is_in_quarantine_and_in_no_catalog(shop: Shop) -> None:
    shop.run("sync")
    assert told(shop, "D-4")[3:] == [
        (
            "  At the source, but invalid: the last pull (complete, 2026-11-24 03:01:00 UTC, run "
            "sync-20261124T030100Z) put its record in quarantine."
        ),
        "  In quarantine, by run sync-20261124T030100Z: missing-name. The product has no name.",
        "  Not in the catalog: none of its records has been valid yet.",
        "  catalog-service: never received.",
        "  search: never received.",
        "  history:",
        "    2026-11-24 03:01:00 UTC  catalog quarantined: missing-name (run sync-20261124T030100Z)",
    ]


def test_the_last_valid_version_of_a_quarantined_product_stays(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("A-1", "", "enabled", "fruit", "red"), B, C)
    shop.run("sync")
    lines = told(shop, "A-1")
    assert (
        lines[5]
        == "  In the catalog as 'Apple' since 2026-11-24 03:01:00 UTC, version V1: its last valid version stays."
    )
    assert lines[6] == "  catalog-service: version V1, received 2026-11-24 03:01:00 UTC (added)."


def test_a_product_that_left_the_source_is_told_as_removed_everywhere(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(B, C)
    shop.run("sync")
    assert told(shop, "A-1")[3:7] == [
        (
            "  Not at the source: the last pull (complete, 2026-11-24 03:02:01 UTC, run "
            "sync-20261124T030201Z) did not find it."
        ),
        "  Not in the catalog: removed 2026-11-24 03:02:01 UTC by run sync-20261124T030201Z.",
        "  catalog-service: removed 2026-11-24 03:02:01 UTC.",
        "  search: removed 2026-11-24 03:02:01 UTC.",
    ]


def test_a_product_that_left_the_source_stays_told_so_after_partial_pulls_of_others(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(B, C)
    shop.run("sync")
    shop.run("resync", "--scope", "en-US", "--sku", "C-3", "--reason", "a try", "--yes")
    assert told(shop, "A-1")[3] == (
        "  Not at the source: the last complete pull (2026-11-24 03:02:01 UTC, run sync-20261124T030201Z) did not find "
        "it, and no partial pull since read it."
    )


def test_a_held_snapshot_is_told_and_what_it_would_have_done(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("E-5", "Egg", "enabled", "food", ""))
    shop.run("sync")
    assert told(shop, "A-1")[3:6] == [
        (
            "  Not at the source: the last pull (complete, 2026-11-24 03:02:01 UTC, run "
            "sync-20261124T030201Z) did not find it."
        ),
        (
            "  In the catalog as 'Apple' since 2026-11-24 03:01:00 UTC, version V1: last added 2026-11-24 03:01:00 UTC "
            "by run sync-20261124T030100Z."
        ),
        (
            "  A removal from this scope's catalog is held since 2026-11-24 03:02:01 UTC: run "
            "sync-20261124T030201Z would remove 3 of 3 products."
        ),
    ]


def test_a_failed_pull_is_told_beside_what_is_known(shop: Shop) -> None:
    shop.run("sync")
    (shop.folder / "en/products.csv").unlink()
    assert shop.run("sync").code == 4
    assert "  The last pull of this scope failed: scopes.en-US.path: no file matches" in "\n".join(told(shop, "A-1"))


def test_a_new_service_is_due_everything(shop: Shop) -> None:
    shop.run("sync")
    shop.settings.write_text(SETTINGS + "  fresh: {}\n", encoding="utf-8")
    assert told(shop, "A-1")[7] == "  fresh: missing. Due: added."


def test_a_changed_product_is_stale_until_the_transfer(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("A-1", "Apple pie", "enabled", "fruit", "red"), B, C)
    shop.run("sync", "--scope", "en-US")
    with shop.connected() as (_, pipeline):
        run = pipeline.begin("by-hand", "sync", ("en-US",), "test", "test")
        shop.sells(("A-1", "Apple cake", "enabled", "fruit", "red"), B, C)
        pipeline.pull(run, "en-US")
        pipeline.apply(run, "en-US")
    found = {one.service: (one.state, one.due, one.received_as) for one in story_after(shop, "A-1").scopes[0].services}
    assert found == {"catalog-service": ("stale", "updated", "updated"), "search": ("stale", "updated", "updated")}


def story_after(shop: Shop, sku: str) -> Story:
    """The story a moment later, so that what was written this second is in it."""
    shop.now = shop.now.replace(second=59)
    return story(shop, sku)


def test_a_marked_product_is_told_as_such_and_delivered_again_as_resent(shop: Shop) -> None:
    shop.run("sync")
    with shop.connected() as (con, pipeline):
        mark.mark(con, receipt_log(pipeline.store, "search", "en-US"), ["A-1"], "by-hand", lambda: shop.now)
    assert told(shop, "A-1")[6] == (
        "  search: marked to be delivered again. It holds version V1, received 2026-11-24 03:01:00 UTC "
        "(added). Due: resent."
    )
    shop.run("sync")
    assert told(shop, "A-1")[6] == "  search: version V1, received 2026-11-24 03:03:02 UTC (resent)."


class Silent:
    """A service that never answers."""

    receipt_is_delivery = False
    fence: Fence = "version"
    batch_seconds = 60
    needs = ("name",)

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        raise ServiceUnavailable("search did not answer within 5 s.")


def test_a_try_without_an_answer_is_told_as_failed_and_perhaps_held(shop: Shop) -> None:
    shop.run("sync", "--dry-run")
    pipeline = shop.pipeline()
    run = pipeline.begin("by-hand", "sync", ("en-US",), "test", "test")
    pipeline.pull(run, "en-US")
    pipeline.apply(run, "en-US")
    with pipeline.connected() as con, pytest.raises(ServiceUnavailable):
        mine = pipeline.settings.service("search")
        transfer.transfer(
            Delivery(con, pipeline.store, "en-US", "search", mine, Silent(), run, lambda: shop.now), Guard()
        )
    assert told(shop, "A-1")[6] == (
        "  search: failed 2026-11-24 03:01:01 UTC: search did not answer within 5 s. Every transfer tries again. "
        "A try without an answer may have been applied. Due: added."
    )


def test_the_stories_of_all_products_add_up_to_the_totals(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("A-1", "Apple pie", "enabled", "fruit", "red"), ("B-2", "Bread", "enabled", "bakery", ""), C)
    shop.run("sync")
    shop.settings.write_text(SETTINGS + "  fresh: {}\n", encoding="utf-8")
    with shop.connected() as (con, pipeline):
        mark.mark(con, receipt_log(pipeline.store, "search", "en-US"), ["B-2"], "by-hand", lambda: shop.now)
    stories = [story_after(shop, sku) for sku in ("A-1", "B-2", "C-3", "D-4")]
    states = Counter((one.service, one.state) for told in stories for one in told.scopes[0].services if one.state)
    counts = shop.json("status")["scopes"][0]["services"]
    names = ("current", "stale", "missing", "rejected", "failed", "excluded")
    assert states == Counter({(one["service"], name): one[name] for one in counts for name in names if one[name]})


def test_an_unknown_sku_is_said_to_be_and_its_near_spellings_are_named(shop: Shop) -> None:
    shop.sells(("00123", "Zero", "enabled", "x", ""), ("ab C", "Blank", "enabled", "x", ""))
    shop.run("sync")
    assert told(shop, "123") == [
        (
            "123 is unknown: no kept pull, no catalog and no service of en-US has ever met it. "
            "Spelled nearly the same: 00123."
        )
    ]
    assert story(shop, "ABC").near == ("ab C",)
    assert told(shop, "nothing like it") == [
        "nothing like it is unknown: no kept pull, no catalog and no service of en-US has ever met it."
    ]


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("000371", ("00371", "0003710", "000372")),
        ("371", ("00371",)),
        ("0004L", ("0004-L",)),
        ("0004 l", ("0004-L",)),
        ("0005-L", ("0004-L",)),
        ("0040-L", ("0004-L",)),
        ("00O4-L", ("0004-L",)),
        ("X 12/a", ("X-12.A",)),
        ("AB", ()),
        ("--", ()),
        ("0009-M", ()),
    ],
)
def test_an_unknown_sku_with_a_slip_gets_those_that_it_may_be_and_ends_with_4(
    shop: Shop, asked: str, near: tuple[str, ...]
) -> None:
    known = ("00371", "000372", "0003710", "0004-L", "X-12.A", "AC", "-", "...")
    shop.sells(*((sku, "Ware", "enabled", "x", "") for sku in known))
    shop.run("sync")
    assert story(shop, asked).near == near
    assert [shop.run("why", "--json", "--", sku).code for sku in (asked, "0004-L")] == [4, 0]


def test_an_unknown_sku_is_told_with_the_pull_that_failed_to_look_for_it(shop: Shop) -> None:
    (shop.folder / "en/products.csv").unlink()
    assert shop.run("sync").code == 4
    (said,) = told(shop, "A-1")
    assert said.startswith("A-1 is unknown: ")
    assert "The last pull of en-US failed: scopes.en-US.path: no file matches " in said


def test_a_sku_that_begins_with_a_sign_can_be_asked_for(shop: Shop) -> None:
    shop.sells(("-x 1", "Minus", "enabled", "x", ""))
    shop.run("sync")
    assert told(shop, "-x 1")[0] == "-x 1, as of 2026-11-24 03:02:01 UTC"


def test_the_story_for_machines_has_the_facts_and_the_sentences(shop: Shop) -> None:
    shop.run("sync")
    found = shop.json("why", "B-2")
    service = found["scopes"][0]["services"][1]
    assert (found["sku"], found["known"], found["near"]) == ("B-2", True, [])
    assert service["sentence"] == "excluded: The product is disabled."
    assert {
        name: service[name] for name in ("service", "state", "otherwise", "due", "held_version", "received_at")
    } == {
        "service": "search",
        "state": "excluded",
        "otherwise": "The product is disabled",
        "due": None,
        "held_version": None,
        "received_at": None,
    }
    assert [event["what"] for event in found["scopes"][0]["history"]] == ["added", "received (added)"]
    assert found["scopes"][0]["last"]["at"] == "2026-11-24T03:01:00Z"


def test_an_unknown_sku_is_looked_for_in_records_that_could_not_be_read(shop: Shop) -> None:
    lines = ["sku,name,status,category,color", "A-1,Apple,enabled,,", "00100200,Mat,enabled,9,9,9"]
    lines += ['B 2,"Bowl","x",9,9,9', "A-1-red,x,y,9", ",Nameless X-9,enabled,,"]
    (shop.folder / "en/products.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    shop.run("sync")
    unknown = " is unknown: no kept pull, no catalog and no service of en-US has ever met it."
    unreadable = "It stands in a record of en-US that could not be read. Line {} of products.csv: it has another number"
    for sku, line in (("00100200", 3), ("B 2", 4), ("A-1-red", 5)):
        (sentence,) = told(shop, sku)
        assert sentence.startswith(f"{sku}{unknown} {unreadable.format(line)} of cells than the header."), sentence
    assert told(shop, "X-9") == [
        (
            f"X-9{unknown} It stands in a record of en-US (products.csv) that is in quarantine without a SKU. "
            "The record has no SKU."
        )
    ]
    for sku in ("0010020", "100200", "1-red", "00100200.", "%", ".*"):
        assert "It stands in" not in told(shop, sku)[0], sku
    mentions = json.loads(shop.run("why", "--json", "00100200").out)["mentions"]
    assert [(mention["scope"], mention["code"], mention["place"]) for mention in mentions] == [
        ("en-US", "unreadable", "products.csv")
    ]
    assert "It stands" not in "".join(told(shop, "A-1"))
