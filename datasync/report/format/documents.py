"""A scope's products as one numbered list of documents, each with what every service says of it.

A **document** is what a row of the page's tables shows: one version of a product, or one record in quarantine. It is
stored once, for all services. Its number is its place in the order of a search: by the day of its last update, the
newest first, then by SKU. So neighbours tend to be variants of one product, and are loaded together.

The tables are shared, because several threads read them, each through a cursor of its own.

A **facet** is one combination of type, visibility and stock, or one reason of quarantine; a **code** is all that one
service says of a document but for its times and words, as one number (see doc_service_codes.sql). Lists and filters are
questions about codes and facets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from datasync.relation import Relation, Table, TemporaryTables, query, select, temporary_tables
from datasync.report.facts.page_data import ScopeProducts, StoredProducts
from datasync.report.format.base import Base, Facet, limit
from datasync.report.format.binary import Numbers, numbers
from datasync.session import rows_in_order
from datasync.sql import literal, macros

STATES = (
    "current", "stale", "missing", "rejected", "failed", "excluded",
    "orphaned", "removed", "gone", "unexplained", "quarantined",
)  # fmt: skip
UNDATED, RECORD = -1_000_000, -1_000_001  # days of documents that have none: last in the order of a search
_NONE_UNCHANGED = Relation("SELECT NULL::BIGINT AS version, NULL::BIGINT AS base_doc WHERE false")


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents that are numbered from 0 and have files of their own: rows of a shared table from ``first`` on.

    ``payload_column`` says where a document's payload stands among the payloads of the segment.
    """

    stored: StoredProducts
    table: Table
    first: int
    size: int
    payload_column: str

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection that has its table."""
        return self.stored.con

    def part(self, columns: str, first: int, count: int) -> pa.Table:
        """``columns`` of ``count`` documents from ``first`` on; may be called from several threads."""
        where = self._where(first, count)
        return _table(self.con, f"SELECT {columns} FROM {self.table.name} WHERE {where} ORDER BY rowid")

    def payloads(self, first: int, count: int) -> pa.Table:
        """Hash and payload of some versions, as one text of two lines each; newlines in JSON mean nothing."""
        line = "coalesce(v.hash, '') || chr(10) || coalesce(replace(v.payload, chr(10), ' '), '') || chr(10) AS line"
        versions = self.stored.versions.name
        if self.payload_column == "version":
            where = f"v.version >= {first} AND v.version < {first + count}"
            return _table(self.con, f"SELECT {line} FROM {versions} AS v WHERE {where} ORDER BY v.version")
        docs = f"SELECT rowid AS doc, version FROM {self.table.name} WHERE {self._where(first, count)}"
        source = f"({docs}) AS d LEFT JOIN {versions} AS v USING (version)"
        return _table(self.con, f"SELECT {line} FROM {source} ORDER BY d.doc")

    def payload_count(self) -> int:
        """How many payloads there are, with those of documents that have none."""
        return self.stored.versions.size if self.payload_column == "version" else self.size

    def rows(self) -> Relation:
        """Its documents, ``doc`` the number of each."""
        where = self._where(0, self.size)
        return Relation(f"SELECT rowid - {self.first} AS doc, * FROM {self.table.name} WHERE {where}")

    def _where(self, first: int, count: int) -> str:
        begin = self.first + first
        return f"rowid >= {begin} AND rowid < {min(begin + count, self.first + self.size)}"


@dataclass(frozen=True, slots=True)
class Documents:
    """A scope's documents: ``base`` (an older publish wrote it if ``is_kept``) and ``recent``; ``dead`` are the
    numbers of base documents that are no more. Numbers of recent ones follow those of the base.
    """

    stored: StoredProducts
    services: tuple[str, ...]
    facets: tuple[Facet, ...]
    base: Segment
    recent: Segment
    is_kept: bool
    dead: Numbers

    @property
    def size(self) -> int:
        """How many documents have numbers, dead ones with them."""
        return self.base.size + self.recent.size

    def version_count(self) -> int:
        """How many versions of products the scope has."""
        return self.stored.versions.size

    def column(self, name: str) -> Numbers:
        """A column of numbers, one for every document."""
        parts = (segment.part(name, 0, segment.size)[name] for segment in (self.base, self.recent))
        return np.concatenate([numbers(part) for part in parts])

    def ordered(self, by: str, columns: str) -> Numbers:
        """The numbers of all documents in another order, which depends on some ``columns``."""
        recent = f"SELECT doc + {self.base.size} AS doc, {columns} FROM recent_docs"
        text = f"SELECT doc FROM (SELECT doc, {columns} FROM base_docs UNION ALL {recent}) ORDER BY {by}, doc"
        ordered = select(text, base_docs=self.base.rows(), recent_docs=self.recent.rows())
        return numbers(_table(self.stored.con, ordered.sql)["doc"])

    def days(self) -> Numbers:
        """The day of every document's last update, counted from 1970: UNDATED without one, RECORD in quarantine."""
        newest = ", ".join(f"coalesce(received_{n}, told_{n})" for n in range(len(self.services))) or "NULL"
        day = f"CASE WHEN hash IS NULL THEN {RECORD} ELSE coalesce(greatest({newest}) // 86400000, {UNDATED}) END"
        parts = (
            segment.part(f"({day})::BIGINT AS day", 0, segment.size)["day"] for segment in (self.base, self.recent)
        )
        return np.concatenate([numbers(part) for part in parts])

    def save(self, path: Path) -> None:
        """Save the base's documents, so that a later publish sees what changed."""
        columns = "sku, hash, name, facet, line, * EXCLUDE (sku, hash, name, facet, line, doc, version, searched)"
        rows = select(f"SELECT {columns} FROM base_docs ORDER BY doc", base_docs=self.base.rows())
        self.stored.con.execute(f"COPY ({rows.sql}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")


@contextmanager
def documents(products: ScopeProducts, base: Base | None = None) -> Iterator[Documents]:
    """Lay a scope's products out as documents, beside the ``base`` that stands if few differ from it. The tables are
    dropped afterwards.
    """
    with _opened(products) as stored, rows_in_order(stored.con):  # a document's number is its rowid
        services = _services(products.services, stored)
        if base and base.services == services:
            with temporary_tables(stored.con) as tables:
                numbered = _numbered(tables, stored, services, base)
                if numbered.recent <= limit(numbered.docs.size):
                    yield _beside_base(numbered)
                    return
        with temporary_tables(stored.con) as tables:
            yield _with_new_base(_numbered(tables, stored, services, None))


@contextmanager
def _opened(products: ScopeProducts) -> Iterator[StoredProducts]:
    """Stored products as they are, and products that come as Arrow tables in a connection of their own."""
    if products.stored:
        yield products.stored
        return
    with duckdb.connect() as con, temporary_tables(con) as tables:
        for name in ("versions", "rows", "quarantined"):
            con.register(f"arrow_{name}", getattr(products, name))
        numbered = Relation("SELECT row_number() OVER () - 1 AS version, * FROM arrow_versions")
        rows, records = Relation("SELECT * FROM arrow_rows"), Relation("SELECT * FROM arrow_quarantined")
        yield StoredProducts(con, versions=tables.share(numbered, "page_versions"), rows=rows, records=records)


def _services(configured: tuple[str, ...], stored: StoredProducts) -> tuple[str, ...]:
    """The services of the settings, then others that have rows."""
    with_rows = select("SELECT DISTINCT service FROM page_rows ORDER BY ALL", page_rows=stored.rows).rows(stored.con)
    return tuple(dict.fromkeys((*configured, *(service for (service,) in with_rows))))


@dataclass(frozen=True, slots=True)
class _Numbered:
    """All documents in their order, the first ``recent`` of them recent, with their facets and the base's documents."""

    stored: StoredProducts
    services: tuple[str, ...]
    facets: tuple[Facet, ...]
    base_docs: Table
    docs: Table
    recent: int


def _numbered(
    tables: TemporaryTables, stored: StoredProducts, services: tuple[str, ...], base: Base | None
) -> _Numbered:
    con = tables.con
    macros(con, "page_text")
    base_docs = tables.share(_base_docs(base, services), "base_docs")
    with temporary_tables(con) as steps:
        page_facets = _facets(steps, stored, base.facets if base else ())
        unordered = _unordered(steps, stored, services, page_facets)
        order = _beside if base else _recent_first
        docs = tables.share(order(steps, unordered, base_docs, services), "documents")
        facets = select("SELECT * EXCLUDE (facet) FROM page_facets ORDER BY facet", page_facets=page_facets).rows(con)
    recent = docs.where("is_recent").count(con)
    return _Numbered(stored, services, tuple(facets), base_docs, docs, recent)


def _beside_base(numbered: _Numbered) -> Documents:
    """The base stands; documents that are not in it are recent, and those of it that nothing shows now are dead."""
    stored, base = numbered.stored, numbered.base_docs
    in_base = numbered.docs.where("base_doc IS NOT NULL")
    alive = numbers(_table(stored.con, select("SELECT base_doc FROM docs", docs=in_base).sql)["base_doc"])
    return Documents(
        stored,
        numbered.services,
        numbered.facets,
        base=Segment(stored, base, 0, base.size, "version"),
        recent=Segment(stored, numbered.docs, 0, numbered.recent, "rowid"),
        is_kept=True,
        dead=np.setdiff1d(np.arange(base.size), alive, assume_unique=True),
    )


def _with_new_base(numbered: _Numbered) -> Documents:
    """All documents are the base, but for the recent ones if they are few."""
    stored, docs = numbered.stored, numbered.docs
    recent = numbered.recent if numbered.recent <= limit(docs.size) else 0
    return Documents(
        stored,
        numbered.services,
        numbered.facets,
        base=Segment(stored, docs, recent, docs.size - recent, "version"),
        recent=Segment(stored, docs, 0, recent, "rowid"),
        is_kept=False,
        dead=np.arange(0),
    )


def _base_docs(base: Base | None, services: tuple[str, ...]) -> Relation:
    """The documents of a base, in the order of their numbers; without a base none."""
    if base:
        return Relation(f"SELECT * FROM read_parquet({literal(str(base.documents))})")
    columns = ["NULL::VARCHAR AS sku", "NULL::VARCHAR AS hash", "NULL::VARCHAR AS line", "NULL::BIGINT AS facet"]
    columns += [f"NULL::BIGINT AS {name}_{n}" for n in range(len(services)) for name in ("code", "received", "told")]
    return Relation(f"SELECT {', '.join(columns)} WHERE false")


def _facets(tables: TemporaryTables, stored: StoredProducts, known: tuple[Facet, ...]) -> Table:
    """The facets with their numbers: known ones have the numbers that they had."""
    columns = [list(column) for column in zip(*known, strict=True)] or [[]] * 4
    known_facets = tables.store(query("known_facets", size=str(len(known))), "known_facets", columns)
    relations = {"known_facets": known_facets, "page_versions": stored.versions, "page_records": stored.records}
    return tables.store(query("page_facets", **relations), "page_facets")


def _unordered(
    tables: TemporaryTables, stored: StoredProducts, services: tuple[str, ...], page_facets: Table
) -> Relation:
    """The documents in no order, with the columns of each service."""
    number = f"{stored.versions.size} + row_number() OVER () - 1 AS version"
    records = tables.store(select(f"SELECT *, {number} FROM records", records=stored.records), "numbered_records")
    relations = {"page_versions": stored.versions, "numbered_records": records}
    words = {"states": _listed(STATES), "services": f"{_listed(services)}::VARCHAR[]"}
    codes = query("doc_service_codes", **relations, page_rows=stored.rows, **words)
    relations |= {"page_facets": page_facets, "doc_service_codes": tables.store(codes, "doc_service_codes")}
    return query("page_documents", **relations, **_service_columns(services))


def _service_columns(services: tuple[str, ...]) -> dict[str, str]:
    """The parts of the query of documents that repeat for each service."""
    every = range(len(services))
    columns = ", ".join(
        f"coalesce(s{n}.code, 0)::USMALLINT AS code_{n}, s{n}.received_ms AS received_{n}, s{n}.answered_ms AS told_{n}"
        for n in every
    )
    joins = " ".join(
        f"LEFT JOIN (FROM doc_service_codes WHERE service = {literal(name)}) AS s{n} ON s{n}.version = k.version"
        for n, name in enumerate(services)
    )
    return {
        "columns": columns or "0 AS none",
        "joins": joins,
        "lines": " || ".join(f"page_line(coalesce(s{n}.words, ''))" for n in every) or "''",
        "times": ", ".join(f"coalesce(s{n}.received_ms, s{n}.answered_ms)" for n in every) or "0",
    }


def _beside(tables: TemporaryTables, unordered: Relation, base_docs: Table, services: tuple[str, ...]) -> Relation:
    """The documents in order; those that are not in the base are recent. Made in three steps, because not all joins at
    once fit into memory.
    """
    stored = tables.store(unordered, "page_documents")
    columns = [f"{name}_{n}" for n in range(len(services)) for name in ("code", "received", "told")]
    shown = ", ".join(["hash", "line", "facet", *columns])
    unchanged = query("unchanged_docs", page_documents=stored, base_docs=base_docs.numbered("base_doc"), shown=shown)
    unchanged_docs = tables.store(unchanged, "unchanged_docs")
    return query("page_ordered", page_documents=stored, unchanged_docs=unchanged_docs, recent="s.base_doc IS NULL")


def _recent_first(
    tables: TemporaryTables, unordered: Relation, base_docs: Table, services: tuple[str, ...]
) -> Relation:
    """The documents in order; those that moved in the window, and records in quarantine, are recent."""
    moved = (f"(l.code_{n} >> 4) & 7 > 0" for n in range(len(services)))
    recent = f"({' OR '.join(('l.is_record', *moved))})"
    return query("page_ordered", page_documents=unordered, unchanged_docs=_NONE_UNCHANGED, recent=recent)


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(literal, names)) + "]"


def _table(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """What ``sql`` gives, read through a cursor of its own, which sees shared tables alone."""
    return con.cursor().sql(sql).to_arrow_table()
