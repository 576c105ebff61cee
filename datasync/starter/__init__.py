"""A first settings file, made from samples of the user's own files: ``datasync init FILE ...``.

Each column of a product gets the field whose name says so and whose values fit, tried with the very code of a pull.
What is written is plain YAML with comments, meant to be read and mended; `datasync check` says what it comes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from datasync.errors import InvalidSettings
from datasync.relation import TemporaryTables, temporary_tables
from datasync.starter.choice import Choice, Reading
from datasync.starter.columns import choose
from datasync.starter.dated import pattern_of
from datasync.starter.sample import narrowed, sampled
from datasync.starter.scopes import language_of, scope_names, unlike
from datasync.starter.systems import recognised
from datasync.starter.text import Plan, text
from datasync.store.database import connected
from datasync.store.files import Folder

__all__ = ["Choice", "Plan", "Reading", "start"]


def start(files: Sequence[str], path: Path, now: datetime, *, force: bool = False) -> list[Plan]:
    """Write settings with a scope for each of ``files`` to ``path``; a file that is there stays, unless ``force``.

    Raises InvalidSettings, or what reading a file raises.
    """
    if path.exists() and not force:
        raise InvalidSettings(str(path), "is there already.", "Name another with -o, or replace it with --force.")
    for file in files:
        if "://" not in file and not Path(file).is_file():
            fix = "Name a CSV, JSON lines, Parquet or XLSX file with products in it."
            raise InvalidSettings(file, "there is no such file.", fix)
    folder = path.absolute().parent
    with connected(Folder(str(folder))) as con:
        plans = [
            plan for name, file in zip(scope_names(files), files, strict=True) for plan in _plans(con, name, file, now)
        ]
    plans = [replace(plan, pattern=pattern_of(plan.file, files)) for plan in plans]
    plans = [replace(plan, name=name) for plan, name in zip(plans, unlike([p.name for p in plans]), strict=True)]
    written = text(plans, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written, encoding="utf-8", newline="\n")
    return plans


def _plans(con: duckdb.DuckDBPyConnection, name: str, file: str, now: datetime) -> Iterator[Plan]:
    """A plan for a file; of a system's export with several views, one for each."""
    with temporary_tables(con) as tables:
        yield from _plans_of(tables, name, file, now)


def _plans_of(tables: TemporaryTables, name: str, file: str, now: datetime) -> Iterator[Plan]:
    con, whole = tables.con, sampled(tables, file, now)
    system = recognised(con, whole)
    if not system:
        yield _with_total(con, Plan(name, file, whole, choose(con, whole, {}, language_of(name))))
        return
    for view in system.views:
        scope, sample = view.name or name, narrowed(tables, whole, view.rows, view.where)
        choices = choose(con, sample, system.choices(con, sample), language_of(scope))
        yield _with_total(con, Plan(scope, file, sample, choices, system.name, view))


def _with_total(con: duckdb.DuckDBPyConnection, plan: Plan) -> Plan:
    """The plan with the condition that leaves a total line out; it is sure where no row matches that is none."""
    total = plan.sample.total
    if not total:
        return plan
    needed = [field for choice in plan.choices if choice.column in ("sku", "name") for field in choice.fields]
    where = total.where(con, needed)
    is_alone = not plan.sample.readable.where(f"({where}) IS NOT TRUE").count(con)
    return replace(plan, total_where=where, is_total_sure=total.is_sure and bool(total.lacking(needed)) and is_alone)
