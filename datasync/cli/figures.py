"""``status``, ``publish`` and ``why``: the figures of a moment, and one product's story."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import Any

from datasync.cli import story, words
from datasync.cli.progress import balance
from datasync.cli.screen import say, say_json, table
from datasync.errors import DataError, InvalidSettings
from datasync.figures import totals
from datasync.figures.repairs import UnverifiedProducts
from datasync.figures.store_at import Ahead, StoreAt, read_point_at_heads
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
    """Every service's figures in every scope. If they do not add up, the exit code is DataError's."""
    figures = Pipeline.open(args.settings, clock).status(args.as_of and words.moment(args.as_of))
    if args.json:
        say_json(figures)
    else:
        _show(figures)
    gaps = [
        f"{scope['scope']}/{service['service']}: {service['unexplained']:+,} unexplained"
        for scope in figures["scopes"]
        for service in scope["services"]
        if service["unexplained"]
    ]
    totals.confirm(gaps)
    return 0


def publish(args: argparse.Namespace, clock: Clock) -> int:
    """Publish the report, even if figures do not add up, because the page says so itself."""
    file = Path(args.single_file).absolute() if args.single_file else None
    published = Pipeline.open(args.settings, clock).publish(args.as_of and words.moment(args.as_of), single_file=file)
    say(published["index"])
    totals.confirm(published["gaps"])
    return 0


def why_(args: argparse.Namespace, clock: Clock) -> int:
    """One product's story. For an unknown SKU the exit code is DataError's."""
    pipeline, sku = Pipeline.open(args.settings, clock), words.utf8("SKU", args.sku)
    if not sku.strip():
        raise InvalidSettings("why", "no SKU was given.", "Name one, as in: datasync why 24-MB01")
    with pipeline.connected() as con:
        point = read_point_at_heads(con, pipeline.store, pipeline.settings, pipeline.clock())
        product_story = why(StoreAt(con, pipeline.store, pipeline.settings, point), sku)
    if args.json:
        say_json(story.content(product_story))
    else:
        for line in story.lines(product_story):
            say(line)
    return 0 if product_story.is_known else DataError.exit_code


def _show(figures: dict[str, Any]) -> None:
    say(f"As of {figures['as_of']}; latest update: the last {figures['window_hours']} hours.")
    rows = [
        (scope["scope"], service["service"], *(service[name] for name in _COUNTS), _outcome(service))
        for scope in figures["scopes"]
        for service in scope["services"]
    ]
    table(("scope", "service", *_COUNTS.values(), "outcome"), rows)
    for scope in figures["scopes"]:
        last = scope["last_pull"]
        pulled = f"; last applied pull {last['finished_at']}: {balance(last)}" if last else "; never pulled"
        products, quarantined = quantity(scope["products"], "product"), quantity(scope["quarantined"], "record")
        say(f"{scope['scope']}: {products} in the catalog, {quarantined} in quarantine{pulled}")
        for service in scope["services"]:
            if "audit" in service:
                say(f"{scope['scope']} to {service['service']}: {service['audit']['sentence']}")
            for key in ("budget", "rebuild"):
                if key in service:
                    say(f"{scope['scope']} to {service['service']}: {service[key]}")
    for ahead in figures.get("ahead", ()):
        times = {key: datetime.fromisoformat(ahead[key]) for key in ("at", "until")}
        say(f"Note: {summary.ahead(Ahead(**{**ahead, **times}))}.")
    for doubt in figures.get("unverified", ()):
        since = datetime.fromisoformat(doubt["since"])
        say(f"Note: {doubt['scope']}: {UnverifiedProducts(**{**doubt, 'since': since}).sentence}")


def _outcome(service: dict[str, Any]) -> str:
    """How the last sync went and, if nothing arrived lately, why."""
    zero = f" (latest 0: {service['zero_because']})" if service["zero_because"] else ""
    return f"{service['outcome']}{zero}"
