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
    """What is held now; with a run's id, what that run held or accepted, product by product."""
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
            say_json(content_of([_as_json(con, pipeline.store, held_list) for held_list in lists]))
            return
        for held_list in lists:
            say(f"{held_list.scope} {_place(held_list.service)}: {' '.join(_sentences(held_list))}")
            for sku, name in _products(con, pipeline.store, held_list):
                say(f"  {sku}  {name or ''}".rstrip())


def _as_json(con: duckdb.DuckDBPyConnection, store: Store, held_list: HeldList) -> dict[str, Any]:
    products = [{"sku": sku, "name": name} for sku, name in _products(con, store, held_list)]
    return {**asdict(held_list), "products": products}


def _sentences(held_list: HeldList) -> Iterator[str]:
    if hold := held_list.hold:
        yield f"held {written(hold.at)}: it would remove {hold.would_remove:,} of {hold.of:,} products."
        yield "It waits for a decision." if held_list.stands else "It no longer stands."
    yield from (_accepted(acceptance) for acceptance in held_list.acceptances)
    if held_list.listed is None:
        yield "It has no list, because an older version made it. The next sync makes one that has."


def _accepted(acceptance: Acceptance) -> str:
    reason = acceptance.reason.rstrip(".")
    return f"Accepted {written(acceptance.at)} by {acceptance.by} in run {acceptance.run}: {reason}."


def _products(con: duckdb.DuckDBPyConnection, store: Store, held_list: HeldList) -> Iterator[tuple[str, str | None]]:
    if held_list.listed is None:
        return
    rows = con.execute(f"SELECT sku, name FROM ({holds.products(store, held_list.listed).sql}) ORDER BY sku")
    while some := rows.fetchmany(_AT_ONCE):
        yield from some


def _place(service: str | None) -> str:
    return f"to {service}" if service else "catalog"
