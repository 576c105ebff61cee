"""Updates over time: what a service received in each of the last hours and days before a moment."""

from __future__ import annotations

from datetime import timedelta

import duckdb

from datasync.figures.totals import ReadPoint
from datasync.relation import select
from datasync.report.facts.page_data import Trend
from datasync.sql import instant, query
from datasync.store.files import Store
from datasync.store.logs import receipt_log

TREND_HOURS = 48
TREND_DAYS = 30
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def trend(con: duckdb.DuckDBPyConnection, store: Store, at: ReadPoint, scope: str, service: str) -> Trend:
    """One service's updates in a scope, hour by hour and day by day."""
    log, position = receipt_log(store, service, scope), at.of(scope, service)[1]
    receipts = log.history(position, after=log.last_before(con, at.as_of - TREND_DAYS * DAY))
    hours, days = (
        tuple(row[1] for row in select(trend_sql(at, steps, step), receipts=receipts).rows(con))
        for steps, step in ((TREND_HOURS, HOUR), (TREND_DAYS, DAY))
    )
    return Trend(scope, service, hours, days)


def trend_sql(at: ReadPoint, steps: int, step: timedelta) -> str:
    """SQL over ``receipts`` (a history): what was received in each of the last ``steps``."""
    return query("trend", as_of=instant(at.as_of), steps=str(steps), seconds=str(int(step.total_seconds())))
