"""How fresh services are and how sources do, by what runs wrote down; and the kinds of reasons of a quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.report.facts.health import SourceHealth, fresh_until, freshness, health
from datasync.settings import Settings, parse
from datasync.sql import query_text
from datasync.store.runs import Run, Step

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def settings(scope: Mapping[str, Any] | None = None, **common: Any) -> Settings:
    given = {
        "sources": {"shop": {"kind": "sample"}},
        "scopes": {"en": {"source": "shop", **(scope or {})}},
        "services": {"search": {}},
    }
    return parse({**given, **common}, Path("/"))


def run(hour: int, *, what: str = "complete", pull: str = "ok", catalog: str = "ok", search: str = "ok") -> Run:
    """A run that began at an hour, and what became of its steps."""
    at = NOON.replace(hour=hour)
    times = {"started_at": at.isoformat(), "finished_at": (at + timedelta(seconds=3)).isoformat(), "seconds": 2.5}
    steps = {
        Step("pull", "en"): {"outcome": pull, "what": what, "records": 9, "quarantined": 1, **times},
        Step("catalog", "en"): {"outcome": catalog},
        Step("transfer", "en", "search"): {"outcome": search},
    }
    return Run(f"run-{hour}", "sync", ("en",), at, "schedule", "", at + HOUR, "ok", steps)


@pytest.mark.parametrize(
    ("common", "own", "until"),
    [
        ({"fresh_within": "90m"}, {"fresh_within": "30m"}, NOON + HOUR / 2),
        ({"fresh_within": "90m"}, {}, NOON + 1.5 * HOUR),
        ({}, {}, NOON + 2 * HOUR),
        ({"schedule": "0 9 * * 1-5"}, {}, datetime(2026, 11, 26, 9, tzinfo=UTC)),
        ({"schedule": None}, {}, None),
    ],
    ids=["the scope's own limit", "the common limit", "two hourly runs", "two runs on working days", "by hand alone"],
)
def test_what_was_read_is_fresh_until_the_settings_say(
    common: dict[str, Any], own: dict[str, Any], until: datetime | None
) -> None:
    assert fresh_until(settings(own, **common), "en", NOON) == until


@pytest.mark.parametrize(
    "newest",
    [
        {"pull": "failed"},
        {"catalog": "held"},
        {"search": "failed"},
        {"what": "skus"},
    ],
    ids=["a pull that failed", "a snapshot that is held", "a transfer that failed", "a resync of single SKUs"],
)
def test_a_service_is_as_fresh_as_the_last_run_that_brought_it_up_to_date(newest: dict[str, str]) -> None:
    (one,) = freshness(settings(), [run(11, **newest), run(9), run(8)])
    assert (one.read_at, one.until) == (NOON - 3 * HOUR, NOON - HOUR)


def test_a_service_that_no_run_has_reached_has_no_freshness() -> None:
    (one,) = freshness(settings(), [run(11, search="failed")])
    assert (one.read_at, one.until) == (None, None)


def test_a_limit_is_no_part_of_what_decides_a_scopes_content() -> None:
    assert settings({"fresh_within": "1h"}).fingerprint("en") == settings().fingerprint("en")


def test_failures_in_a_row_are_counted_back_from_the_last_pull() -> None:
    past = [run(11, pull="failed"), run(10, pull="failed"), run(9), run(8, pull="failed")]
    (one,) = health(settings(), past)
    assert (one.outcome, one.run, one.failures) == ("failed", "run-11", 2)
    (mended,) = health(settings(), past[2:])
    ended = NOON.replace(hour=9, second=3)
    assert mended == SourceHealth("shop", "en", "ok", "run-9", ended, 2.5, 9, 1, 0, what="complete")
    assert list(health(settings(), [replace(past[0], steps={})])) == [SourceHealth("shop", "en")]


def test_reasons_leave_out_what_differs_from_record_to_record() -> None:
    con = duckdb.connect()
    con.execute(
        """
        CREATE TABLE quarantined AS SELECT * FROM (VALUES
            ('a', 'bad-value', 'price is twelve, which is no decimal number.'),
            ('b', 'bad-value', 'price is 1, which is no decimal number, which is no decimal number.'),
            ('c', 'bad-value', 'price: its expression in the map fails on this record.'),
            ('d', 'unknown-status', 'status is ak
tiv; known are enabled and disabled.'),
            ('e', 'bad-time', 'updated_at is yesterday, which is no time.'),
            (NULL, 'unreadable', 'Line 7 of en/products.jsonl: Malformed JSON at byte 20.'),
            (NULL, 'unreadable', 'Line 9 of en/others: x.jsonl: Malformed JSON at byte 3.'),
            ('f', 'missing-name', 'The product has no name.')
        ) AS t(sku, code, sentence), (SELECT 'a name' AS name, 'run-1' AS run)
        """
    )
    con.execute(f"CREATE VIEW quarantine_sentences AS {query_text('quarantine_sentences')}")
    assert con.execute(query_text("quarantine_reasons")).fetchall() == [
        ("bad-value", "price is …, which is no decimal number.", 2),
        ("bad-time", "updated_at is …, which is no time.", 1),
        ("bad-value", "price: its expression in the map fails on this record.", 1),
        ("missing-name", "The product has no name.", 1),
        ("unknown-status", "status is …; known are enabled and disabled.", 1),
        ("unreadable", "Line … of …: Malformed JSON at byte ….", 1),
        ("unreadable", "Line … of …: x.jsonl: Malformed JSON at byte ….", 1),
    ]
