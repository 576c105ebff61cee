"""The sources that can say which scopes they could feed: whether they let us in, and what they have to choose from."""

from __future__ import annotations

from collections.abc import Iterator

from datasync.check.finding import FORESEEN, Finding, problem
from datasync.connection import Credentials
from datasync.settings import Settings
from datasync.sources import open_source
from datasync.sources.base import Offering


def offered(settings: Settings, credentials: Credentials) -> Iterator[Finding]:
    """Ask every such source that feeds a scope, once each."""
    first = {scope.source: name for name, scope in reversed(settings.scopes.items())}
    for source, scope in reversed(first.items()):
        opened = open_source(settings, scope, credentials)
        if not isinstance(opened, Offering):
            continue
        try:
            yield Finding("ok", f"sources.{source}", f"it lets us in and has {opened.offers()}.")
        except FORESEEN as error:
            yield problem(f"sources.{source}", error)
