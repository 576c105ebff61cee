"""``status``, ``publish`` and ``why``: the figures of a moment, and one product's story."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from datasync.cli import story, words
from datasync.cli.progress import balance
from datasync.cli.screen import say, say_json, table
from datasync.errors import DataError
from datasync.figures import totals
from datasync.figures.repairs import Unverified
from datasync.figures.why import why
from datasync.pipeline import Pipeline
from datasync.quantity import quantity
from datasync.report.facts import summary
from datasync.store.files import Clock

_COUNTS = {
    "latest_update": "latest",
    "total_received": "total",
    "current": "current",
    "stale": "stale",
    "missing": "missing",
    "rejected": "rejected",
    "failed": "failed",
    "excluded": "excluded",
    "due": "due",
    "removals_due": "to remove",
}


def status(args: argparse.Namespace, clock: Clock) -> int:
    """Every service's figures in every scope; what does not add up ends with DataError's exit code."""
    found = Pipeline.open(args.settings, clock).status(args.as_of and words.moment(args.as_of))
    if args.json:
        say_json(found)
    else:
        _show(found)
    gaps = [
        f"{scope['scope']}/{one['service']}: {one['unexplained']:+,} unexplained"
        for scope in found["scopes"]
        for one in scope["services"]
        if one["unexplained"]
    ]
    totals.confirm(gaps)
    return 0


def publish(args: argparse.Namespace, clock: Clock) -> int:
    """Publish the report; it stands also where something does not add up, for the page says so itself."""
    file = Path(args.single_file).absolute() if args.single_file else None
    done = Pipeline.open(args.settings, clock).publish(args.as_of and words.moment(args.as_of), single_file=file)
    say(done["index"])
    totals.confirm(done["gaps"])
    return 0


def why_(args: argparse.Namespace, clock: Clock) -> int:
    """One product's story; that nobody knows the SKU is a matter of the data."""
    pipeline, sku = Pipeline.open(args.settings, clock), words.utf8("SKU", args.sku)
    with pipeline.connected() as con:
        at = totals.now(con, pipeline.store, pipeline.settings, pipeline.clock())
        told = why(con, pipeline.store, pipeline.settings, sku, at)
    if args.json:
        say_json(story.content(told))
    else:
        for line in story.lines(told):
            say(line)
    return 0 if told.is_known else DataError.exit_code


def _show(found: dict[str, Any]) -> None:
    say(f"As of {found['as_of']}; latest update: the last {found['window_hours']} hours.")
    rows = [
        (scope["scope"], one["service"], *(one[name] for name in _COUNTS), _outcome(one))
        for scope in found["scopes"]
        for one in scope["services"]
    ]
    table(("scope", "service", *_COUNTS.values(), "outcome"), rows)
    for scope in found["scopes"]:
        last = scope["last_pull"]
        pulled = f"; last pull {last['finished_at']}: {balance(last)}" if last else "; never pulled"
        products, quarantined = quantity(scope["products"], "product"), quantity(scope["quarantined"], "record")
        say(f"{scope['scope']}: {products} in the catalog, {quarantined} in quarantine{pulled}")
    for one in found.get("ahead", ()):
        times = {key: datetime.fromisoformat(one[key]) for key in ("at", "until")}
        say(f"Note: {summary.ahead(totals.Ahead(**{**one, **times}))}.")
    for one in found.get("unverified", ()):
        since = datetime.fromisoformat(one["since"])
        say(f"Note: {one['scope']}: {Unverified(**{**one, 'since': since}).sentence}")


def _outcome(one: dict[str, Any]) -> str:
    """How the last sync went, and where nothing arrived lately, why."""
    zero = f" (latest 0: {one['zero_because']})" if one["zero_because"] else ""
    return f"{one['outcome']}{zero}"
