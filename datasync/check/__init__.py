"""Is everything in order, before any run finds out? Each answer is a finding: ok, a note worth reading, or a problem.

A sample of every scope is pulled by the very code of a run, into a store that is thrown away, and every rule is tried
on what came. The real store sees one probe, created twice and removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from datasync.check.finding import Finding
from datasync.check.offers import offered
from datasync.check.places import clocks, is_writable, logs, outputs
from datasync.check.rules import Reception, nothing_arrives, rules
from datasync.check.scopes import Trial, sampled
from datasync.connection import Credentials
from datasync.settings import Settings
from datasync.store.database import connected
from datasync.store.files import Store
from datasync.store.overlay import dry_run

__all__ = ["Finding", "check"]


def check(store: Store, settings: Settings, at: datetime, credentials: Credentials) -> Iterator[Finding]:
    """Try everything that a run at ``at`` needs, and yield one finding after the other."""
    with connected(store) as con:
        reachable = [*is_writable(con, store)]
        yield from reachable
        yield from outputs(settings)
        broken = [finding for name in settings.services for finding in rules(con, settings, name)]
        yield from broken
        if any(finding.level == "problem" for finding in reachable):
            return
        yield from logs(con, store, settings)
        yield from clocks(con, store, settings, at)
        offers = [*offered(settings, credentials)]
        yield from offers
        closed = {finding.where for finding in offers if finding.level == "problem"}
        receptions: list[Reception] = []
        with dry_run(store) as aside:
            trial = Trial(con, store, aside, settings, at, credentials)
            for name in [n for n, scope in settings.scopes.items() if f"sources.{scope.source}" not in closed]:
                yield from sampled(trial, name, receptions)
        for name in settings.services:
            if not any(finding.where.startswith(f"services.{name}.") for finding in broken):
                yield from nothing_arrives(name, receptions, settings)
