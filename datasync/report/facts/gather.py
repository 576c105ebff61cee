"""From the store to what the page knows: every figure, list and column at one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from datasync.delivery.withdraw import leftovers
from datasync.figures import totals
from datasync.figures.store_at import StoreAt
from datasync.figures.totals import Totals
from datasync.relation import Relation, Table, TemporaryTables, query, select, temporary_tables, union_all
from datasync.report.facts import cards, figure_sql, stories
from datasync.report.facts.health import freshness, health, second_run
from datasync.report.facts.page_data import (
    TEXT_FIELDS,
    DataFile,
    HoldRow,
    Named,
    PublishedBase,
    QuarantinedRecord,
    QuarantineReason,
    RunRow,
    ScopeProducts,
    SitePages,
    StoredProducts,
    Unconfigured,
)
from datasync.report.facts.trends import trend
from datasync.session import rows_in_order
from datasync.sql import filled, instant, literal, query_text
from datasync.store.runs import Run

RUNS_SHOWN = 40
RECORDS_SHOWN = 200
SKUS_SHOWN = 20
REASONS_SHOWN = 40


def site_pages(at: StoreAt, page_totals: Totals, generated_at: datetime) -> SitePages:
    """Everything but the products."""
    settings = at.settings
    quarantines = [_quarantine_of(at, scope) for scope in settings.scopes]
    return SitePages(
        generated_at=generated_at,
        as_of=at.as_of,
        window=settings.window,
        positions=at.point.positions,
        scopes=tuple(Named(name, scope.label or name) for name, scope in settings.scopes.items()),
        services=tuple(Named(name, service.label or name) for name, service in settings.services.items()),
        totals=page_totals.scopes,
        runs=tuple(_run(run) for run in page_totals.runs[:RUNS_SHOWN]),
        holds=tuple(HoldRow(h.id, h.scope, h.service, h.since, h.would_remove, h.of) for h in page_totals.holds),
        quarantined=tuple(record for quarantine in quarantines for record in quarantine.records),
        unconfigured=tuple(
            Unconfigured(left.scope, left.service, left.held)
            for left in leftovers(at.con, at.store, settings, at.before)
        ),
        trends=tuple(trend(at, scope, service) for scope in settings.scopes for service in settings.services),
        freshness=tuple(freshness(settings, page_totals.runs)),
        health=tuple(health(settings, page_totals.runs)),
        reasons=tuple(reason for quarantine in quarantines for reason in quarantine.reasons),
        last_quarantined={
            scope: quarantine.by_last_pull for scope, quarantine in zip(settings.scopes, quarantines, strict=True)
        },
        sources=page_totals.sources,
        stale_after=second_run(settings.schedule, at.as_of),
        link=settings.link,
        text_fields=(*TEXT_FIELDS, *(f"attributes.{code}" for code in settings.translations.fields)),
        ahead=page_totals.ahead,
        repairs=page_totals.repairs,
        unverified=page_totals.unverified,
        card_values=_card_values(at) if cards.BY_QUERY else {},
    )


def _card_values(at: StoreAt) -> dict[tuple[str, str], dict[str, int]]:
    """The figures that only their queries give, of every scope and service."""
    values = {}
    for scope in at.settings.scopes:
        versions = at.known_versions(scope)
        for name in at.settings.services:
            compared = at.compare(scope, name)
            relations = {"catalog": compared.catalog, "receipts": compared.receipts, "rules": compared.rules}
            words = figure_sql.words_of(at.settings, at.as_of, name)
            rows = {
                figure.name: select(filled(figure.sql, **words), **relations, versions=versions).row(at.con)
                for figure in cards.BY_QUERY
            }
            values[scope, name] = {figure: rows[figure][figure] for figure in rows}
    return values


def scope_products(at: StoreAt) -> Iterator[ScopeProducts]:
    """What the services of each scope hold or ought to, scope by scope."""
    for scope in at.settings.scopes:
        with temporary_tables(at.con) as tables:
            yield ScopeProducts(scope, stored=_products(tables, at, scope), services=tuple(at.settings.services))


def data_files(at: StoreAt, page_totals: Totals, stands: Mapping[str, PublishedBase]) -> Iterator[DataFile]:
    """The data files that the page loads when a reader asks for them, beside what ``stands``."""
    yield from stories.data_files(at, stands)
    yield from figure_sql.data_files(at, page_totals, RUNS_SHOWN)


def _products(tables: TemporaryTables, at: StoreAt, scope: str) -> StoredProducts:
    catalog, versions = at.catalog(scope), at.versions(scope)
    with temporary_tables(tables.con) as steps:
        each = [_listed(steps, at, scope, service, versions) for service in at.settings.services]
        listed = union_all(each, query("nothing_listed"))
        relations = {"page_listed": listed, "catalog": catalog, "versions": versions}
        listed_versions = tables.share(query("page_versions", **relations, scope=literal(scope)), "page_versions")
        rows = tables.store(query("page_rows", page_listed=listed, page_versions=listed_versions), "page_rows")
    records = _records(tables, _quarantine(at, scope))
    return StoredProducts(tables.con, versions=listed_versions, rows=rows, records=records)


def _listed(tables: TemporaryTables, at: StoreAt, scope: str, service: str, versions: Relation) -> Table:
    """What one service ought to hold, holds or held, as its rules and receipts say."""
    compared, known = at.compare(scope, service), at.known_versions(scope)
    relations = {"rules": compared.rules, "receipts": compared.receipts, "versions": versions, "known": known}
    rows = query(
        "page_listed", **relations, fingerprint=compared.fingerprint, since=instant(at.as_of - at.settings.window)
    )
    return tables.store(select(f"SELECT {literal(service)} AS service, * FROM rows", rows=rows), "page_listed")


def _records(tables: TemporaryTables, quarantine: _Sentences) -> Table:
    """The records in quarantine, in the order in which the page lists them."""
    sentences = quarantine.sentences
    relations = {"quarantine_sentences": sentences, "shown_reasons": _reasons(sentences)}
    with rows_in_order(tables.con):
        return tables.store(query("page_records", **relations, run=literal(quarantine.last_run)), "page_records")


def _reasons(sentences: Relation) -> Relation:
    """The reasons that the page tells apart: those that most records are in quarantine for."""
    return select(f"{query_text('quarantine_reasons')} LIMIT {REASONS_SHOWN}", quarantine_sentences=sentences)


def _run(run: Run) -> RunRow:
    """A run with what its transfers moved, summed, and the sentences of what failed."""
    delivered = [record for step, record in run.steps.items() if step.kind == "transfer"]
    moved = {
        name: sum(int(record.get(name, 0)) for record in delivered)
        for name in ("added", "updated", "resent", "removed", "rejected", "failed")
    }
    skus = tuple((run.request or {}).get("skus", ()))
    return RunRow(
        id=run.id,
        kind=run.kind,
        scopes=run.scopes,
        started_at=run.started_at,
        finished_at=run.finished_at,
        outcome=run.outcome,
        asked_by=run.asked_by,
        reason=run.reason,
        received=moved["added"] + moved["updated"] + moved["resent"],
        errors=tuple(f"{step}: {record['error']}" for step, record in run.steps.items() if record.get("error")),
        services=tuple((run.request or {}).get("services", ())),
        skus=skus[:SKUS_SHOWN],
        more_skus=len(skus[SKUS_SHOWN:]),
        is_forced=bool((run.request or {}).get("force")),
        **{name: moved[name] for name in ("resent", "removed", "rejected", "failed")},
    )


@dataclass(frozen=True, slots=True)
class _Quarantine:
    """What is in quarantine now: the first records, their reasons, and how many the last pull put there."""

    records: tuple[QuarantinedRecord, ...]
    reasons: tuple[QuarantineReason, ...]
    by_last_pull: int


def _quarantine_of(at: StoreAt, scope: str) -> _Quarantine:
    quarantine = _quarantine(at, scope)
    sentences = quarantine.sentences
    first = f"SELECT sku, name, code, sentence FROM sentences ORDER BY code, sku LIMIT {RECORDS_SHOWN}"
    shown = tuple(QuarantinedRecord(scope, *row) for row in select(first, sentences=sentences).rows(at.con))
    reasons = _reasons(sentences).rows(at.con)
    by_last_pull = sentences.where(f"run = {literal(quarantine.last_run)}").count(at.con)
    return _Quarantine(shown, tuple(QuarantineReason(scope, *row) for row in reasons), by_last_pull)


@dataclass(frozen=True, slots=True)
class _Sentences:
    """The records in quarantine now, each with a sentence, and the run of the scope's last pull, or ""."""

    sentences: Relation
    last_run: str


def _quarantine(at: StoreAt, scope: str) -> _Sentences:
    state = at.catalog_state(scope)
    records = totals.in_quarantine(at.store, scope, state, at.catalog(scope))
    return _Sentences(
        query("quarantine_sentences", quarantined=records), state.last_pull.run if state.last_pull else ""
    )
