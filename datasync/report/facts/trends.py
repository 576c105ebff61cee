"""Updates over time: what a service received in each of the last hours and days before a moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from datasync.figures.store_at import StoreAt
from datasync.relation import query
from datasync.report.facts.page_data import Trend
from datasync.sql import instant
from datasync.store.logs import receipt_log

TREND_HOURS = 48
TREND_DAYS = 30
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def trend(at: StoreAt, scope: str, service: str) -> Trend:
    """One service's updates in a scope, hour by hour and day by day."""
    log, position = receipt_log(at.store, service, scope), at.point.of(scope, service)[1]
    receipts = log.history(position, after=log.last_before(at.con, at.as_of - TREND_DAYS * DAY))
    hours, days = (
        tuple(row[1] for row in query("trend", receipts=receipts, **trend_words(at.as_of, steps, step)).rows(at.con))
        for steps, step in ((TREND_HOURS, HOUR), (TREND_DAYS, DAY))
    )
    return Trend(scope, service, hours, days)


def trend_words(as_of: datetime, steps: int, step: timedelta) -> dict[str, str]:
    """The SQL for the ``$words`` of queries/trend.sql, which gives what was received in each of the last ``steps``."""
    return {"as_of": instant(as_of), "steps": str(steps), "seconds": str(int(step.total_seconds()))}
