"""How many products may be sent to a service now, by its settings ``per_minute`` and ``per_day``.

An attempt counts, whatever became of it: what is counted are the receipts of all scopes that say "sent". A day is one
of the calendar, in UTC; a minute is any 60 seconds. Transfers of several scopes that run at once know of each other's
batches once they are written down, so together they may send a batch more than the budget.

When the minute's budget is spent, a transfer waits for it, at most 60 s a batch. When the day's is spent it ends: that
is a state and no failure, and the next transfer goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from datasync.delivery.context import Delivery
from datasync.relation import query, union_all
from datasync.store.files import Store
from datasync.store.logs import receipt_log
from datasync.store.rebuilds import FOLDER, rebuild_logs

MINUTE, DAY = timedelta(seconds=60), timedelta(days=1)
PATIENCE = 60.0  # seconds that a batch waits at most

Attempts = Sequence[tuple[datetime, int]]  # when products were sent, and how many, oldest first


@dataclass(frozen=True, slots=True)
class Room:
    """How many ``products`` may be sent now; if that is 0, ``at`` is when there is a budget again."""

    products: int
    at: datetime | None = None


def room(delivery: Delivery, size: int) -> Room:
    """The room for a batch of ``size`` products; waits for the minute's budget if that comes back soon enough."""
    per_minute, waited = delivery.settings.per_minute, 0.0
    if per_minute is None and delivery.settings.per_day is None:
        return Room(size)
    while True:
        now = delivery.clock()
        attempts = _attempts(delivery, min(_midnight(now), now - MINUTE))
        today = _left_today(delivery.settings.per_day, attempts, now)
        batch = min(size, *(limit for limit in (today, per_minute) if limit is not None))
        at = _midnight(now) + DAY if batch <= 0 else _fits_at(batch, per_minute, attempts, now)
        seconds = (at - now).total_seconds()
        if batch > 0 and seconds <= 0:
            return Room(batch)
        if batch <= 0 or waited + seconds > PATIENCE:
            return Room(0, at)
        delivery.sleep(seconds)
        waited += seconds


def words(left: int, at: datetime) -> str:
    """What is said of products that wait for a budget, as in "12,400 due, budget from 00:00 UTC"."""
    minute = at.astimezone(UTC) + MINUTE - timedelta(microseconds=1)
    return f"{left:,} due, budget from {minute:%H:%M} UTC"


def _left_today(per_day: int | None, attempts: Attempts, now: datetime) -> int | None:
    if per_day is None:
        return None
    return max(0, per_day - sum(products for at, products in attempts if at >= _midnight(now)))


def _fits_at(size: int, per_minute: int | None, attempts: Attempts, now: datetime) -> datetime:
    """When as many products may be sent: once so many earlier ones are a minute old that there is room for them."""
    if per_minute is None:
        return now
    lately = [(at, products) for at, products in attempts if at > now - MINUTE]
    excess = size + sum(products for _, products in lately) - per_minute
    for at, products in lately:
        if excess <= 0:
            break
        excess -= products
        now = at + MINUTE
    return now


def _attempts(delivery: Delivery, since: datetime) -> Attempts:
    """What was sent to the service since a moment, in all scopes, by rebuilds too."""
    con, store, name = delivery.con, delivery.store, delivery.name
    logs = [receipt_log(store, name, scope) for scope in _scopes(store, f"receipts/service={name}")]
    for scope in _scopes(store, f"{FOLDER}/service={name}"):
        logs += rebuild_logs(store, name, scope)
    histories = [log.history(after=log.last_before(con, since)) for log in logs]
    if not histories:
        return ()
    return query("attempts", receipts=union_all(histories, histories[0])).rows(con)


def _scopes(store: Store, folder: str) -> list[str]:
    return [name.removeprefix("scope=") for name in store.folders(folder)]


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
