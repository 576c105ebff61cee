"""Where products go: one short module a kind."""

from __future__ import annotations

from datasync.delivery.services.base import Service
from datasync.delivery.services.feed import Feed
from datasync.settings import Settings


def open_service(settings: Settings, name: str) -> Service:
    """The service of that name, ready to be delivered to."""
    mine = settings.service(name)
    return Feed(mine.max_bytes, mine.required)
