"""How each figure of the page is counted: SQL that anyone can run in the store's folder, and that gives the figure.

A figure's query is the one that computed it, over relations that are written out as reads of Parquet files. The
page joins the two (``WITH`` the relations, then the query), because many figures read the same relations. Every path is
relative to the store; no option and no address of the store is part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from datasync.delivery.rules import rules_sql
from datasync.delivery.withdraw import Leftover, leftovers
from datasync.figures import totals
from datasync.figures.source_metrics import SourceReading
from datasync.figures.totals import ReadPoint, Totals
from datasync.report.facts.health import SourceHealth, health
from datasync.report.facts.page_data import DataFile
from datasync.report.facts.trends import DAY, HOUR, TREND_DAYS, TREND_HOURS, trend_sql
from datasync.settings import Settings
from datasync.sql import filled, literal, query
from datasync.store import holds, snapshots
from datasync.store.files import Store
from datasync.store.holds import Hold
from datasync.store.logs import catalog_log, receipt_log
from datasync.store.runs import Run, Step, path_of

_WINDOW = ("latest_update", "resent_in_window", "removed_in_window")
_STATES = (
    "current", "missing", "rejected", "failed", "excluded", "held_older", "orphaned", "total_received", "removals_due",
)  # fmt: skip
_FACING = ("catalog", "rules", "receipts")
_MOVED = {
    "received": ("added", "updated", "resent"),
    **{name: (name,) for name in ("resent", "removed", "rejected", "failed")},
}
_MISSED = {"missed": ("unmoved", "late"), **{name: (name,) for name in ("changed", "unmoved", "late", "removed")}}
_TOOK = """SELECT greatest(1, round((epoch_ms(finished_at) - epoch_ms(started_at)) / 1000))::BIGINT AS seconds
FROM read_json($files, columns = {started_at: 'TIMESTAMPTZ', finished_at: 'TIMESTAMPTZ'})"""


@dataclass(slots=True)
class FigureQueries:
    """Queries by place and figure, each with the relations it reads; a relation's name in SQL ends at its slash."""

    relations: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, tuple[Sequence[str], str]]] = field(default_factory=dict)

    def add(self, place: str, figure: str, sql: str, *reads: str) -> None:
        self.figures.setdefault(place, {})[figure] = (reads, sql.strip())

    def text(self) -> str:
        """All of it as JSON, as the page loads it."""
        content = {"relations": self.relations, "figures": self.figures}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def scope(con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, at: ReadPoint, name: str) -> FigureQueries:
    """The figures of one scope (place "") and of its services (each a place)."""
    queries, position = FigureQueries(), at.positions[f"catalog/{name}"]
    log = catalog_log(store, name)
    head = log.entry(con, position).meta
    quarantine, now = totals.quarantine_sql(store, name, head, str)
    queries.relations |= {
        "catalog": log.fold_sql(position),
        "versions": log.history_sql(position),
        "catalog_head": log.footer_sql(position),
        "quarantine": quarantine,
        "quarantined": now,
        "quarantine_sentences": query("quarantine_sentences"),
    }
    queries.add("", "products", "SELECT count(hash) AS products FROM catalog", "catalog")
    in_quarantine = ("catalog", "quarantine", "quarantined")
    queries.add("", "quarantined", "SELECT count(*) AS quarantined FROM quarantined", *in_quarantine)
    queries.add("", "reasons", query("quarantine_reasons"), *in_quarantine, "quarantine_sentences")
    if head.get("last_pull"):
        _pull(con, store, queries, name, head["last_pull"])
    for service in settings.services:
        _service(con, store, settings, at, name, service, queries)
    return queries


def runs(past: Sequence[Run], shown: int, sources: Sequence[SourceHealth]) -> FigureQueries:
    """The figures of the newest runs, each run a place, and of each scope's tries to pull (pull/ and the scope)."""
    queries, known = FigureQueries(), {run.id: run for run in past}
    for run in past[:shown]:
        steps = _steps(queries, run)
        for figure, parts in _MOVED.items():
            summed = " + ".join(f"coalesce((step ->> '{part}')::BIGINT, 0)" for part in parts)
            sql = f"SELECT coalesce(sum({summed}), 0)::BIGINT AS {figure}\nFROM steps\nWHERE kind = 'transfer'"
            queries.add(run.id, figure, sql, steps)
        if run.finished_at:
            queries.add(run.id, "seconds", filled(_TOOK, files=literal(path_of(run))))
    for source in sources:
        if source.run:
            steps, where = _steps(queries, known[source.run]), _is_pull(source.scope)
            for figure, kind in (("records", "BIGINT"), ("quarantined", "BIGINT"), ("seconds", "DOUBLE")):
                sql = f"SELECT (step ->> '{figure}')::{kind} AS {figure}\nFROM steps\n{where}"
                queries.add(f"pull/{source.scope}", figure, sql, steps)
            queries.add(f"pull/{source.scope}", "failures", query("failures"), _tries(queries, past, source))
    return queries


def _tries(queries: FigureQueries, past: Sequence[Run], source: SourceHealth) -> str:
    """The relation of a scope's pulls that failed in a row, and of the one before them."""
    tried = [run for run in past if Step("pull", source.scope) in run.steps][: source.failures + 1]
    steps = query("steps", files=f"[{', '.join(literal(path_of(run)) for run in tried)}]")
    queries.relations[f"tries/{source.scope}"] = (
        f"SELECT started_at, step ->> 'outcome' AS outcome FROM (\n{steps}\n) {_is_pull(source.scope)}"
    )
    return f"tries/{source.scope}"


def _missed(queries: FigureQueries, store: Store, at: ReadPoint, source: SourceReading) -> None:
    """What partial pulls of a source missed, as the newest entries of its scopes say (place: missed/source)."""
    heads = (catalog_log(store, scope).footer_sql(at.positions[f"catalog/{scope}"]) for scope in source.scopes)
    relation = f"heads/{source.source}"
    queries.relations[relation] = "\nUNION ALL\n".join(heads)
    for figure, parts in _MISSED.items():
        summed = " + ".join(f"(meta -> 'missed' ->> '{part}')::BIGINT" for part in parts)
        queries.add(
            f"missed/{source.source}", figure, f"SELECT sum({summed})::BIGINT AS {figure}\nFROM heads", relation
        )


def _steps(queries: FigureQueries, run: Run) -> str:
    """The relation of a run's steps: what each of them is, and what it recorded."""
    queries.relations[f"steps/{run.id}"] = query("steps", files=literal(path_of(run)))
    return f"steps/{run.id}"


def _is_pull(scope: str) -> str:
    return f"WHERE kind = 'pull' AND scope = {literal(scope)}"


def data_files(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, page_totals: Totals, shown: int
) -> Iterator[DataFile]:
    """The data files with the SQL of figures: one file a scope, and one for the runs it shows and the rest."""
    at = ReadPoint(page_totals.as_of, page_totals.positions, page_totals.before)
    for name in settings.scopes:
        yield name, "counted", 0, scope(con, store, settings, at, name).text()
    queries = runs(page_totals.runs, shown, tuple(health(settings, page_totals.runs)))
    for source in page_totals.sources:
        if source.measured:
            _missed(queries, store, at, source)
    for hold in page_totals.holds:
        _hold(queries, hold)
    for left in leftovers(con, store, settings, at.before):
        _left(con, store, queries, left, at)
    yield "all", "runs", 0, queries.text()


def _hold(queries: FigureQueries, hold: Hold) -> None:
    """What a hold would remove, and of how many, as its file says (place: hold/scope/service)."""
    file = f"read_json({literal(holds.path_of(hold))}, columns = {{would_remove: 'BIGINT', of: 'BIGINT'}})"
    for figure in ("would_remove", "of"):
        queries.add(f"hold/{hold.scope}/{hold.service or ''}", figure, f'SELECT "{figure}" FROM {file}')


def _left(con: duckdb.DuckDBPyConnection, store: Store, queries: FigureQueries, left: Leftover, at: ReadPoint) -> None:
    """What a scope or service still holds that left the settings (place: left/scope/service)."""
    log = receipt_log(store, left.service, left.scope) if left.service else catalog_log(store, left.scope)
    relation = f"{'receipts' if left.service else 'catalog'}/{left.scope}/{left.service or ''}"
    queries.relations[relation] = log.fold_sql(log.position(con, at.before) if at.before else log.list_files().head)
    sql = "SELECT count(held_hash) AS held FROM receipts" if left.service else "SELECT count(hash) AS held FROM catalog"
    queries.add(f"left/{left.scope}/{left.service or ''}", "held", sql, relation)


def _pull(
    con: duckdb.DuckDBPyConnection, store: Store, queries: FigureQueries, scope: str, last: Mapping[str, Any]
) -> None:
    """The last pull's counts, from the files it left; the catalog's entry has the counts of files that are gone."""
    relations: dict[str, str] = {}
    if snapshot := snapshots.read(con, store, scope, last["run"]):
        relations["valid"] = f"({snapshots.products(snapshot, str)})"
    quarantine = snapshots.quarantine_path(scope, last["run"])
    if quarantine.rpartition("/")[2] in store.listing(f"quarantine/scope={scope}"):
        relations["quarantined"] = f"read_parquet([{literal(quarantine)}], hive_partitioning = false)"
    for figure in ("records", *snapshots.TERMS):
        from_head = f"SELECT coalesce((meta -> 'last_pull' ->> '{figure}')::BIGINT, 0) AS {figure} FROM catalog_head"
        if figure == "valid" and figure in relations and last.get("outdated"):
            less = "(SELECT (meta -> 'last_pull' ->> 'outdated')::BIGINT FROM catalog_head)"
            sql = f"SELECT count(*) - {less} AS {figure} FROM {relations[figure]}"
            queries.add("", f"pull {figure}", sql, "catalog_head")
        elif figure in relations:
            queries.add("", f"pull {figure}", f"SELECT count(*) AS {figure} FROM {relations[figure]}")
        else:
            queries.add("", f"pull {figure}", from_head, "catalog_head")


def _service(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    at: ReadPoint,
    scope: str,
    name: str,
    queries: FigureQueries,
) -> None:
    """One service's figures: the latest update, its states and totals, what is left over, and its bars."""
    log, position = receipt_log(store, name, scope), at.of(scope, name)[1]
    mine = settings.services[name]
    since = log.last_before(con, at.as_of - TREND_DAYS * DAY)
    receipts, rules, history, head = (f"{kind}/{name}" for kind in ("receipts", "rules", "receipts/history", "head"))
    queries.relations |= {
        receipts: log.fold_sql(position),
        rules: rules_sql(con, name, mine.accepts),
        history: log.history_sql(position, since),
        head: log.footer_sql(position),
    }
    for figure in _WINDOW:
        queries.add(name, figure, f"SELECT {figure} FROM (\n{totals.window_sql(settings, at)})", receipts)
    states = query("states", settings=literal(mine.fingerprint()))
    known = query("known_versions", settings=literal(mine.fingerprint()))
    compared = ("catalog", rules, receipts)
    for figure in _STATES:
        queries.add(name, figure, f"SELECT {figure} FROM (\n{states})", *compared)
    queries.relations |= {f"states/{name}": states, f"known/{name}": known}
    whole = (*compared, "versions", f"states/{name}", f"known/{name}")
    counted_known = "(SELECT count(*) FROM known)"
    queries.add(name, "stale", f"SELECT stale + {counted_known} AS stale FROM states", *whole)
    queries.add(name, "due", f"SELECT missing + stale + failed + {counted_known} AS due FROM states", *whole)
    queries.add(name, "unexplained", query("unexplained"), *whole, "catalog_head", head)
    for figure, steps, step in (("hours", TREND_HOURS, HOUR), ("days", TREND_DAYS, DAY)):
        queries.add(name, figure, trend_sql(at, steps, step), history)
