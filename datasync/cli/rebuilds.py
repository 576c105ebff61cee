"""``rebuild``: one service filled anew in one scope, beside what it serves."""

from __future__ import annotations

import argparse

from datasync.cli.runs import run_id
from datasync.cli.screen import say
from datasync.pipeline import Pipeline
from datasync.quantity import quantity
from datasync.store.files import Clock


def rebuild(args: argparse.Namespace, clock: Clock) -> int:
    """Rebuild a service, or go on with a rebuild, and say what is served now."""
    pipeline = Pipeline.open(args.settings, clock)
    scope, service = args.scope, args.service
    pipeline.settings.scope(scope), pipeline.settings.service(service)
    rebuilt = pipeline.rebuild(run_id("rebuild", clock), scope, service, drops_settings=args.drop_settings)
    before = "an earlier rebuild was finished; " if rebuilt.is_from_before else ""
    former = rebuilt.generation.former
    stays = f"; {former} stays until the next rebuild" if former else ""
    products = quantity(rebuilt.products, "product")
    say(f"{scope} to {service}: {before}{rebuilt.generation.name} is served, with {products}{stays}.")
    return 0
