"""``audit``: what services really hold, compared with what their receipts say."""

from __future__ import annotations

import argparse
from itertools import product

from datasync.cli.runs import run_id, worst
from datasync.cli.screen import say, tell
from datasync.errors import DataError, DatasyncError
from datasync.pipeline import Pipeline
from datasync.quantity import quantity
from datasync.store.files import Clock


def audit(args: argparse.Namespace, clock: Clock) -> int:
    """Audit each chosen service in each chosen scope. The exit code is DataError's where anything differs."""
    pipeline = Pipeline.open(args.settings, clock)
    settings, run = pipeline.settings, run_id("audit", clock)
    scopes = tuple(dict.fromkeys(args.scope)) or tuple(settings.scopes)
    services = tuple(dict.fromkeys(args.service)) or tuple(settings.services)
    for scope, service in product(scopes, services):
        settings.scope(scope), settings.service(service)
    drift, causes = 0, []
    for scope, service in product(scopes, services):
        try:
            drift += _audit(pipeline, run, scope, service, is_full=args.full)
        except DatasyncError as error:
            tell(f"datasync: {scope} to {service}: {error}")
            causes.append(error)
    if drift:
        say(f"{quantity(drift, 'difference')} written down. Next: datasync sync, which delivers and removes them")
    return worst(causes) if causes else DataError.exit_code if drift else 0


def _audit(pipeline: Pipeline, run: str, scope: str, service: str, *, is_full: bool) -> int:
    """Audit one service in one scope; returns how many products differ."""
    note = pipeline.audit(run, scope, service, is_full=is_full)
    if note is None:
        say(f"{scope} to {service}: there is nothing to compare, because nobody can ask it what it holds.")
        return 0
    say(f"{scope} to {service}: {note.sentence}.")
    return note.drift
