"""What is said of each source: how it is read, what was missed, and what would be better."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from datasync import settings
from datasync.figures.source_metrics import SourceReading, readings
from datasync.store.logs import CatalogState, Missed, PullSummary, Watermark

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTINGS = settings.parse(
    {
        "sources": {
            "erp": {"kind": "sql", "url": "sqlite:///shop.db", "complete_every": "12h", "lookback": "30m"},
            "demo": {"kind": "sample"},
            "unused": {"kind": "sample"},
        },
        "scopes": {
            "en": {"source": "erp", "table": "product"},
            "de": {"source": "erp", "table": "product"},
            "ja-JP": {"source": "demo"},
        },
        "services": {"search": {}},
    },
    Path("/shop"),
)


def state(hours: int, **counts: int) -> CatalogState:
    base = {"changed": 100, "unmoved": 0, "late": 0, "removed": 0, "late_seconds": 0}
    measure = Missed(run="r", at=AT, **{**base, **counts})
    started = AT - timedelta(hours=hours)
    last = PullSummary("r", True, started, started)
    return CatalogState("r", watermark=Watermark("w", started), last_complete=last, missed=measure)


def test_the_scopes_of_a_source_are_summed_and_the_oldest_complete_pull_counts() -> None:
    german = state(2, unmoved=1, late=2, late_seconds=3_000)
    catalogs = {"en": state(5, unmoved=3, removed=1), "de": german, "ja-JP": CatalogState()}
    erp, demo = readings(SETTINGS, catalogs)
    assert erp == SourceReading(
        "erp", ("en", "de"), "partial", 43_200, 1_800, AT - timedelta(hours=5),
        measured=2, changed=200, missed=6, unmoved=4, late=2, removed=1,
        better_lookback_seconds=3_600, better_complete_every_seconds=21_600,
    )  # fmt: skip
    assert erp.missed_rate == 0.03
    assert (demo.reads, demo.scopes, demo.missed_rate, demo.measured) == ("complete", ("ja-JP",), None, 0)


def test_a_source_that_tells_of_changes_alone_is_never_read_whole() -> None:
    changes = CatalogState("r", watermark=Watermark("w", AT))
    erp, _ = readings(SETTINGS, {"en": changes, "de": changes, "ja-JP": CatalogState()})
    assert (erp.reads, erp.last_complete_at, erp.measured) == ("changes", None, 0)


def test_where_nothing_was_missed_nothing_is_proposed() -> None:
    erp, _ = readings(SETTINGS, {"en": state(5), "de": state(5), "ja-JP": CatalogState()})
    assert (erp.missed_rate, erp.better_lookback_seconds, erp.better_complete_every_seconds) == (0.0, None, None)
