"""``holds``: the removals that wait for a decision, and one of them with its products and who accepted it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import duckdb

from datasync.cli import words
from datasync.cli.screen import say, say_json, table
from datasync.cli.story import clock as written
from datasync.cli.story import content_of
from datasync.figures import hold_lists
from datasync.figures.hold_lists import HeldList
from datasync.pipeline import Pipeline
from datasync.store import holds
from datasync.store.acceptances import Acceptance
from datasync.store.files import Clock, Store

_AT_ONCE = 10_000


def holds_(args: argparse.Namespace, clock: Clock) -> int:
    """What is held now, or with a run's id what this run held or accepted, product by product."""
    pipeline = Pipeline.open(args.settings, clock)
    if args.run:
        _show_lists(pipeline, words.utf8("RUN", args.run), is_json=args.json)
    else:
        _show_standing(pipeline, is_json=args.json)
    return 0


def _show_standing(pipeline: Pipeline, *, is_json: bool) -> None:
    waiting = hold_lists.standing(pipeline.store, pipeline.settings)
    if is_json:
        say_json(content_of([asdict(hold) for hold in waiting]))
        return
    if not waiting:
        say("Nothing is held.")
        return
    rows = [(h.scope, _place(h.service), written(h.since), h.would_remove, h.of, h.id) for h in waiting]
    table(("scope", "where", "since", "would remove", "of", "run"), rows)
    say("`datasync holds RUN` lists the products, and who accepted them.")


def _show_lists(pipeline: Pipeline, run: str, *, is_json: bool) -> None:
    lists = hold_lists.lists(pipeline.store, pipeline.settings, run)
    with pipeline.connected() as con:
        if is_json:
            say_json(content_of([_as_json(con, pipeline.store, one) for one in lists]))
            return
        for one in lists:
            say(f"{one.scope} {_place(one.service)}: {' '.join(_sentences(one))}")
            for sku, name in _products(con, pipeline.store, one):
                say(f"  {sku}  {name or ''}".rstrip())


def _as_json(con: duckdb.DuckDBPyConnection, store: Store, one: HeldList) -> dict[str, Any]:
    products = [{"sku": sku, "name": name} for sku, name in _products(con, store, one)]
    return {**asdict(one), "products": products}


def _sentences(one: HeldList) -> Iterator[str]:
    if one.hold:
        yield f"held {written(one.hold.at)}: it would remove {one.hold.would_remove:,} of {one.hold.of:,} products."
        yield "It waits for a decision." if one.stands else "It no longer stands."
    yield from (_accepted(acceptance) for acceptance in one.acceptances)
    if one.listed is None:
        yield "It has no list, because an older version made it. The next sync makes one that has."


def _accepted(one: Acceptance) -> str:
    return f"Accepted {written(one.at)} by {one.by} in run {one.run}: {one.reason.rstrip('.')}."


def _products(con: duckdb.DuckDBPyConnection, store: Store, one: HeldList) -> Iterator[tuple[str, str | None]]:
    if one.listed is None:
        return
    rows = con.execute(f"SELECT sku, name FROM ({holds.products(store, one.listed)}) ORDER BY sku")
    while some := rows.fetchmany(_AT_ONCE):
        yield from some


def _place(service: str | None) -> str:
    return f"to {service}" if service else "catalog"
