"""`catalog_resync`: what its form lets through, and what a request changes."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from tests.dags.shop import Shop, told


@pytest.mark.parametrize(
    "given",
    [
        {"scopes": []},
        {"scopes": ["en", "fr"]},
        {"scopes": ["en", "en"]},
        {"services": ["catalogue"]},
        {"reason": ""},
        {"reason": "  "},
        {"skus": "A"},
        {"dry_run": "no"},
    ],
    ids=str,
)
def test_the_form_refuses_what_no_request_can_be_made_of(shop: Shop, given: dict[str, Any]) -> None:
    with pytest.raises(ParamValidationError):
        shop.run("catalog_resync", **given)
    assert shop.content() == {}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"skus": ["A"], "failing": True}, "failing: goes without SKUs"),
        ({"accept_shrink": "nobody"}, "No held run (accept_shrink) is called 'nobody'"),
    ],
    ids=str,
)
def test_fields_that_exclude_each_other_fail_at_once_with_a_sentence(
    shop: Shop, given: dict[str, Any], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    found = shop.run("catalog_resync", **given)
    assert (found.state, found.tasks["plan"], found.tries["plan"]) == ("failed", "failed", 1)
    assert sentence in capfd.readouterr().out
    assert shop.content() == {}


def test_services_that_were_chosen_and_taken_back_are_all_of_them(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """The form sends null for a list that was emptied again."""
    shop.sync()
    assert shop.run("catalog_resync", force=True, dry_run=True, services=None, skus=None).state == "success"
    assert "en: search would be sent 2 again that it has" in caplog.messages


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop.sync()
    before, known = shop.content(), told()
    shop.export("en", "A", "C")
    found = shop.run("catalog_resync", force=True, dry_run=True)
    assert found.state == "success"
    assert {name: state for name, state in found.tasks.items() if state != "skipped"} == {"plan": "success"}
    assert (shop.content(), told()) == (before, known)
    assert "en: every product would be read, 2 now" in caplog.messages
    assert "en: search would be sent 2 again that it has" in caplog.messages


def test_a_sku_is_delivered_again_by_force_to_the_chosen_service_alone(shop: Shop) -> None:
    shop.sync()
    found = shop.run("catalog_resync", skus=["A"], services=["search"], force=True, reason="Lost in search")
    assert found.state == "success"
    assert found.tasks["scope.transfer_feed/en"] == "skipped"
    assert shop.held("en", "search") == {"A": ("resent", "received"), "B": ("added", "received")}
    assert shop.held("en", "feed") == {"A": ("added", "received"), "B": ("added", "received")}
    run = shop.last_run()
    assert (run.kind, run.outcome, run.reason, run.scopes) == ("resync", "ok", "Lost in search", ("en",))
    assert told()[-1] == {"run": run.id, "outcome": "ok"}


def test_a_sku_that_is_not_at_the_source_leaves_the_services(shop: Shop) -> None:
    shop.sync()
    shop.export("en", "A")
    assert shop.run("catalog_resync", skus=["A", "B"]).state == "success"
    assert shop.held("en", "search")["B"] == ("removed", "removed")
    assert shop.held("de", "search")["B"] == ("added", "received")


def test_a_held_removal_passes_once_it_is_accepted(shop: Shop) -> None:
    many = [f"P{number:02}" for number in range(40)]
    shop.export("en", *many)
    shop.sync()
    shop.export("en", *many[:10])
    held = shop.sync()
    assert held.outcome == "held"
    assert count_held(shop) == 40
    assert shop.run("catalog_resync", accept_shrink=held.id).state == "success"
    assert shop.last_run().outcome == "ok"
    assert count_held(shop) == 10


def test_of_a_held_removal_only_the_listed_products_go_and_the_plan_says_so(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    many = [f"P{number:02}" for number in range(60)]
    shop.export("en", *many)
    shop.sync()
    shop.export("en", *many[:30])
    held = shop.sync()
    shop.export("en", *many[30:])
    assert shop.run("catalog_resync", accept_shrink=held.id, dry_run=True).state == "success"
    assert (
        f"en: Only the 30 listed by the hold of run {held.id} may go from the catalog, and then the services; any "
        "other is held again, unless the volume guard lets so few pass."
    ) in caplog.messages
    assert shop.run("catalog_resync", accept_shrink=held.id).state == "success"
    assert shop.last_run().outcome == "held"
    assert count_held(shop) == 60


def count_held(shop: Shop) -> int:
    return sum(outcome == "received" for _, outcome in shop.held("en", "search").values())


def test_a_failing_scope_turns_the_resync_red(shop: Shop) -> None:
    shop.lose_export("de")
    found = shop.run("catalog_resync", scopes=["en", "de"])
    assert (found.state, found.tasks["confirm"]) == ("failed", "failed")
    assert shop.last_run().outcome == "failed"
    assert shop.held("en", "search") == {"A": ("added", "received"), "B": ("added", "received")}
