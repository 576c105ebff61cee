"""The service `opensearch`: an alias for each scope, and a document for each product in the index behind it.

A document has the version of the batch that it came with, and OpenSearch refuses an older one. A removed product stays
as a small document that the alias hides, because the server forgets the versions of what it deletes when it starts
anew; ``purge`` deletes those that were removed long ago.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from datasync import relation
from datasync.delivery.services.base import Batch, Fence, Remark, ServiceOpening
from datasync.delivery.services.opensearch.bulk import Bulk
from datasync.delivery.services.opensearch.options import OpenSearchService
from datasync.delivery.services.opensearch.place import Place
from datasync.delivery.services.opensearch.reading import Reading
from datasync.delivery.services.opensearch.session import Access, Refused, Session
from datasync.delivery.services.opensearch.statements import statement
from datasync.product import COLUMNS
from datasync.relation import Registered, Relation, Table, TemporaryTables, select, temporary_tables
from datasync.sql import literal

if TYPE_CHECKING:
    from datasync.delivery.services.opensearch.generations import Generations

LONGEST_ID = 512  # bytes; one product with a longer one fails the whole request that it is in
_TRIES_TAKE = 5  # times as long as one answer may
_TOO_LONG = f"The SKU has more than {LONGEST_ID} bytes, and OpenSearch takes no longer id"


class OpenSearch:
    """One scope's products in OpenSearch."""

    receipt_is_delivery = False
    fence: Fence = "version"
    needs = tuple(column for column in COLUMNS if column not in ("sku", "updated_at"))

    def __init__(self, options: OpenSearchService, opening: ServiceOpening, build: str = "") -> None:
        self._options, self._opening = options, opening
        self._place = Place(options, opening.name, opening.scope, build)
        self._seconds = options.timeout.total_seconds()
        self.batch_seconds = int(self._seconds * _TRIES_TAKE)
        self._handed_out: dict[str, Registered] = {}

    def prepare(self) -> None:
        with self._session() as session:
            if self._place.index(session):
                return
            if self._place.build:
                raise self._access.unavailable("this rebuild was switched or dropped by another process.")
            self._place.create(session)

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        with temporary_tables(con) as tables:
            documents = tables.store(self._documents(batch), "documents")
            bulk = self._bulk(tables, documents, batch.deadline)
            bulk.send()
            too_long = batch.rows.where(f"strlen(sku) > {LONGEST_ID}")
            answered = select(_ANSWERS, too_long=too_long, answers=bulk.answers)
            answers = self._hand_out(con, con.sql(answered.sql).to_arrow_table(), "answers")
        if error := bulk.error(answers):
            raise error
        return answers

    def rejections(self, batch: Relation) -> Relation:
        reason = f"SELECT sku, {literal(_TOO_LONG)} AS reason FROM batch WHERE strlen(sku) > {LONGEST_ID}"
        return select(reason, batch=batch)

    def highest_version(self) -> int:
        with self._reading() as reading:
            return reading.highest_version() if reading else 0

    def count(self) -> int:
        with self._reading() as reading:
            return reading.count() if reading else 0

    def holds(self, con: duckdb.DuckDBPyConnection, skus: Relation | None = None) -> Relation:
        with self._reading() as reading:
            if reading is None:
                return NOTHING_HELD
            held = reading.all(con) if skus is None else reading.chosen(con, skus)
        return self._hand_out(con, held, "held")

    def purge(self, version: int) -> None:
        from datasync.delivery.services.opensearch.purge import purge

        before = version - int(self._options.purge_after.total_seconds() * 1_000_000)
        with self._session() as session:
            if index := self._place.index(session):
                purge(session, self._place.alias, index, before, self.batch_seconds)

    def examine(self, con: duckdb.DuckDBPyConnection, sample: Relation | None) -> Iterator[Remark]:
        from datasync.delivery.services.opensearch.examination import examined

        with self._session() as session:
            yield from examined(con, session, self._place, sample)

    # ── rebuilds ────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def remembers(self) -> timedelta:
        return self._options.purge_after

    def definition(self) -> str:
        return hashlib.sha256(json.dumps(self._place.definition(), sort_keys=True).encode()).hexdigest()

    def begin(self, build: str) -> None:
        with self._generations() as generations:
            generations.begin(build)

    def build(self, build: str) -> OpenSearch:
        return OpenSearch(self._options, self._opening, build)

    def building(self, build: str) -> str | None:
        with self._generations() as generations:
            return generations.building(build)

    def refuse_losses(self, build: str) -> None:
        with self._generations() as generations:
            generations.refuse_losses(build)

    def served(self) -> str | None:
        with self._session() as session:
            return self._place.index(session)

    def switch(self, build: str) -> str | None:
        with self._generations() as generations:
            return generations.switch(build)

    def drop(self, build: str) -> None:
        with self._generations() as generations:
            generations.drop(build)

    def sweep(self, places: Collection[str], builds: Collection[str]) -> None:
        with self._generations() as generations:
            generations.sweep(places, builds)

    @contextmanager
    def _generations(self) -> Iterator[Generations]:
        from datasync.delivery.services.opensearch.generations import Generations

        with self._session() as session:
            yield Generations(session, self._place)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _access(self) -> Access:
        return Access.of(self._opening.name, self._opening.connection(), self._seconds)

    def _bulk(self, tables: TemporaryTables, documents: Table, until: float) -> Bulk:
        options, alias = self._options, self._place.alias
        size, at_once = options.batch_bytes, options.concurrency
        return Bulk(tables, documents, self._access, alias, size=size, at_once=at_once, until=until)

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A session in which a request that is refused means that the service cannot be used now."""
        with Session(self._access) as session:
            try:
                yield session
            except Refused as refusal:
                raise self._access.unavailable(f"{refusal.words}.") from None

    @contextmanager
    def _reading(self) -> Iterator[Reading | None]:
        """What can be read back; None where there is no index yet."""
        with self._session() as session:
            index = self._place.index(session)
            yield Reading(session, self._place.alias, index, self._opening.scope) if index else None

    def _documents(self, batch: Batch) -> Relation:
        scope, version = literal(self._opening.scope), f"{batch.version}::BIGINT"
        return statement("documents", batch=batch.rows, scope=scope, version=version, longest=str(LONGEST_ID))

    def _hand_out(self, con: duckdb.DuckDBPyConnection, rows: pa.Table, label: str) -> Relation:
        """Rows that can be read until the next ones are handed out."""
        if before := self._handed_out.pop(label, None):
            con.unregister(before.name)
        self._handed_out[label] = relation.register(con, rows, f"opensearch_{label}")
        return self._handed_out[label]


NOTHING_HELD = Relation(
    "SELECT NULL::VARCHAR AS sku, NULL::VARCHAR AS hash, NULL::BIGINT AS version, NULL::BOOLEAN AS is_ours WHERE false"
)
_ANSWERS = f"""
SELECT sku, outcome, words, NULL::TIMESTAMPTZ AS answered_at FROM answers
UNION ALL
SELECT
    sku,
    CASE operation WHEN 'removed' THEN 'removed' ELSE 'rejected' END,
    CASE operation WHEN 'removed' THEN NULL ELSE {literal(_TOO_LONG)} END,
    NULL
FROM too_long
"""
