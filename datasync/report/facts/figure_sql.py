"""How each figure of the page is counted: SQL that anyone can run in the store's folder, and that gives the figure.

A figure's query is the one that computed it (see ``cards``), over relations that are written out as reads of Parquet
files. The page joins the two (``WITH`` the relations, then the query), because many figures read the same relations.
Every path is relative to the store; no option and no address of the store is part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from datasync.delivery.rules import rules_sql
from datasync.delivery.withdraw import Leftover, leftovers
from datasync.figures import totals
from datasync.figures.source_metrics import SourceReading
from datasync.figures.store_at import StoreAt
from datasync.figures.totals import Totals
from datasync.report.facts import cards
from datasync.report.facts.cards import Figure
from datasync.report.facts.health import SourceHealth, health
from datasync.report.facts.page_data import DataFile
from datasync.report.facts.trends import DAY, HOUR, TREND_DAYS, TREND_HOURS, trend_words
from datasync.settings import Settings
from datasync.sql import filled, literal, query_text
from datasync.store import holds, snapshots
from datasync.store.holds import Hold
from datasync.store.log import Log
from datasync.store.logs import PullSummary, catalog_log, receipt_log
from datasync.store.runs import Run, Step, path_of

_ONE_EACH: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class FigureQueries:
    """Queries by place and figure, each with the relations it reads; a relation's name in SQL ends at its slash."""

    relations: dict[str, str] = field(default_factory=dict)
    figures: dict[str, dict[str, tuple[Sequence[str], str]]] = field(default_factory=dict)

    def add(
        self, place: str, figure: Figure, relations: Mapping[str, str] = MappingProxyType({}), **words: str
    ) -> None:
        """Add a figure's query; ``relations`` says which relation is meant by a kind that several relations have."""
        reads = [relations.get(kind, kind) for kind in figure.reads]
        self.figures.setdefault(place, {})[figure.name] = (reads, filled(figure.sql, **words).strip())

    def text(self) -> str:
        """All of it as JSON, as the page loads it."""
        content = {"relations": self.relations, "figures": self.figures}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def scope(at: StoreAt, name: str) -> FigureQueries:
    """The figures of one scope (place "") and of its services (each a place)."""
    queries, position = FigureQueries(), at.point.positions[f"catalog/{name}"]
    log, state = catalog_log(at.store, name), at.catalog_state(name)
    quarantine = totals.quarantine_files(at.store, name, state)
    queries.relations |= {
        "catalog": log.fold_sql(position),
        "versions": _known_versions(log, position),
        "catalog_head": log.footer_sql(position),
        "quarantine": quarantine.rows(str).sql,
        "quarantined": query_text("quarantined_now", runs=quarantine.run_list),
        "quarantine_sentences": query_text("quarantine_sentences"),
    }
    for figure in cards.SCOPES.figures:
        queries.add("", figure)
    if state.last_pull:
        _pull(at, queries, name, state.last_pull)
    for service in at.settings.services:
        _service(at, name, service, queries)
    return queries


def _known_versions(log: Log, position: int) -> str:
    """``StoreAt.known_versions``, to be run in the store's folder."""
    head = log.list_files().head
    later = [log.history_sql(head, position)] if head > position else []
    return "\nUNION ALL\n".join([log.history_sql(position), *later])


def runs(past: Sequence[Run], shown: int, sources: Sequence[SourceHealth]) -> FigureQueries:
    """The figures of the newest runs, each run a place, and of each scope's tries to pull (pull/ and the scope)."""
    queries, known = FigureQueries(), {run.id: run for run in past}
    for run in past[:shown]:
        _run(queries, run)
    for source in sources:
        if source.run:
            relations = {"steps": _steps(queries, known[source.run]), "tries": _tries(queries, past, source)}
            for figure in cards.PULLS.figures:
                queries.add(cards.PULLS.place_of(scope=source.scope), figure, relations, is_pull=_is_pull(source.scope))
    return queries


def _run(queries: FigureQueries, run: Run) -> None:
    """What a run moved, and how long it took where it has ended."""
    relations = {"steps": _steps(queries, run)}
    for figure in cards.RUNS.figures:
        if not figure.when or getattr(run, figure.when):
            queries.add(cards.RUNS.place_of(id=run.id), figure, relations, file=literal(path_of(run)))


def _tries(queries: FigureQueries, past: Sequence[Run], source: SourceHealth) -> str:
    """The relation of a scope's pulls that failed in a row, and of the one before them."""
    tried = [run for run in past if Step("pull", source.scope) in run.steps][: source.failures + 1]
    steps = query_text("steps", files=f"[{', '.join(literal(path_of(run)) for run in tried)}]")
    queries.relations[f"tries/{source.scope}"] = (
        f"SELECT started_at, step ->> 'outcome' AS outcome FROM (\n{steps}\n) {_is_pull(source.scope)}"
    )
    return f"tries/{source.scope}"


def _missed(queries: FigureQueries, at: StoreAt, source: SourceReading) -> None:
    """What partial pulls of a source missed, as the newest entries of its scopes say."""
    heads = (catalog_log(at.store, scope).footer_sql(at.point.positions[f"catalog/{scope}"]) for scope in source.scopes)
    relation = f"heads/{source.source}"
    queries.relations[relation] = "\nUNION ALL\n".join(heads)
    for figure in cards.MISSED.figures:
        queries.add(cards.MISSED.place_of(source=source.source), figure, {"heads": relation})


def _steps(queries: FigureQueries, run: Run) -> str:
    """The relation of a run's steps: what each of them is, and what it recorded."""
    queries.relations[f"steps/{run.id}"] = query_text("steps", files=literal(path_of(run)))
    return f"steps/{run.id}"


def _is_pull(scope: str) -> str:
    return f"WHERE kind = 'pull' AND scope = {literal(scope)}"


def data_files(at: StoreAt, page_totals: Totals, shown: int) -> Iterator[DataFile]:
    """The data files with the SQL of figures: one file a scope, and one for the runs it shows and the rest."""
    for name in at.settings.scopes:
        yield name, cards.OF_SCOPE.kind, 0, scope(at, name).text()
    queries = runs(page_totals.runs, shown, tuple(health(at.settings, page_totals.runs)))
    for source in page_totals.sources:
        if source.measured:
            _missed(queries, at, source)
    for hold in page_totals.holds:
        _hold(queries, hold)
    for left in leftovers(at.con, at.store, at.settings, at.before):
        _left(at, queries, left)
    yield cards.OF_RUNS.folder, cards.OF_RUNS.kind, 0, queries.text()


def _hold(queries: FigureQueries, hold: Hold) -> None:
    """What a hold would remove, and of how many, as its file says."""
    file = f"read_json({literal(holds.path_of(hold))}, columns = {{would_remove: 'BIGINT', of: 'BIGINT'}})"
    for figure in cards.HOLDS.figures:
        queries.add(cards.HOLDS.place_of(scope=hold.scope, service=hold.service), figure, file=file)


def _left(at: StoreAt, queries: FigureQueries, left: Leftover) -> None:
    """What a scope or service still holds that left the settings."""
    store = at.store
    log = receipt_log(store, left.service, left.scope) if left.service else catalog_log(store, left.scope)
    name, column = ("receipts", "held_hash") if left.service else ("catalog", "hash")
    relation = f"{name}/{left.scope}/{left.service or ''}"
    queries.relations[relation] = log.fold_sql(log.position(at.con, at.before) if at.before else log.list_files().head)
    for figure in cards.LEFT.figures:
        place = cards.LEFT.place_of(scope=left.scope, service=left.service)
        queries.add(place, figure, {"log": relation}, log=name, hash=column)


def _pull(at: StoreAt, queries: FigureQueries, scope: str, last: PullSummary) -> None:
    """The last pull's counts, from the files it left; the catalog's entry has the counts of files that are gone."""
    relations: dict[str, str] = {}
    if snapshot := snapshots.read(at.con, at.store, scope, last.run):
        relations["valid"] = f"({snapshots.products(snapshot, str).sql})"
    quarantine = snapshots.quarantine_path(scope, last.run)
    if quarantine.rpartition("/")[2] in at.store.listing(f"quarantine/scope={scope}"):
        relations["quarantined"] = f"read_parquet([{literal(quarantine)}], hive_partitioning = false)"
    for figure in cards.LAST_PULLS.figures:
        queries.add("", _from_file(figure, relations, is_partly_outdated=last.outdated > 0))


def _from_file(figure: Figure, relations: Mapping[str, str], *, is_partly_outdated: bool) -> Figure:
    """A term of the last pull, counted in the file that has its records, if there is one."""
    name = figure.name.removeprefix("pull ")
    if name not in relations:
        return figure
    if name == "valid" and is_partly_outdated:
        less = "(SELECT (meta -> 'last_pull' ->> 'outdated')::BIGINT FROM catalog_head)"
        return replace(figure, sql=f"SELECT count(*) - {less} AS {name} FROM {relations[name]}")
    return replace(figure, sql=f"SELECT count(*) AS {name} FROM {relations[name]}", reads=())


def _service(at: StoreAt, scope: str, name: str, queries: FigureQueries) -> None:
    """One service's figures: the latest update, its states and totals, what is left over, and its bars."""
    log, position = receipt_log(at.store, name, scope), at.point.of(scope, name)[1]
    relations = {kind: f"{kind}/{name}" for kind in ("receipts", "rules", "head", "states", "known")}
    relations["history"] = f"receipts/history/{name}"
    words = words_of(at.settings, at.as_of, name)
    queries.relations |= {
        relations["receipts"]: log.fold_sql(position),
        relations["rules"]: rules_sql(at.con, name, at.settings.services[name].accepts),
        relations["history"]: log.history_sql(position, log.last_before(at.con, at.as_of - TREND_DAYS * DAY)),
        relations["head"]: log.footer_sql(position),
        relations["states"]: words["states"],
        relations["known"]: query_text("known_versions", fingerprint=words["fingerprint"]),
    }
    for figure in cards.SERVICES.figures:
        queries.add(cards.SERVICES.place_of(service=name), figure, relations, **words)


def words_of(settings: Settings, as_of: datetime, service: str) -> dict[str, str]:
    """The SQL that stands for ``$words`` in the queries of a service's figures."""
    fingerprint = literal(settings.services[service].fingerprint())
    return {
        "fingerprint": fingerprint,
        "window": query_text("window", **totals.window_words(settings, as_of)),
        "states": query_text("states", fingerprint=fingerprint),
        "hours": query_text("trend", **trend_words(as_of, TREND_HOURS, HOUR)),
        "days": query_text("trend", **trend_words(as_of, TREND_DAYS, DAY)),
    }
