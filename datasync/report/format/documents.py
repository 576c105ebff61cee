"""A scope's products as one numbered list of documents, each with what every service says of it.

A **document** is what a row of the page's tables shows: one version of a product, or one record in quarantine. It is
stored once, for all services. Its number is its place in the order of a search (the day of its last
update, the newest first; then its SKU), so that neighbours tend to be variants of one product and are loaded together.

The tables are not temporary, because several threads read them, each through a cursor of its own.

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

from datasync.report.facts.page_data import ScopeProducts, StoredProducts
from datasync.report.format.base import Base, Facet, limit
from datasync.report.format.binary import Numbers, numbers
from datasync.sql import count, filled, literal, query

STATES = (
    "current", "stale", "missing", "rejected", "failed", "excluded",
    "orphaned", "removed", "gone", "unexplained", "quarantined",
)  # fmt: skip
UNDATED, RECORD = -1_000_000, -1_000_001  # days of documents that have none: last in the order of a search
_CONTROLS = "".join(map(chr, range(1, 32)))  # in a name they count as blanks
_MACROS = rf"""
CREATE OR REPLACE MACRO page_line(words) AS CASE
    WHEN words IS NULL THEN '\-'
    WHEN contains(words, '\') OR contains(words, chr(10))
        THEN replace(replace(words, '\', '\\'), chr(10), '\n')
    ELSE words
END || chr(10);
CREATE OR REPLACE MACRO page_searched(words) AS CASE
    WHEN regexp_matches(words, '[\x01-\x1f]')
        THEN translate(words, {literal(_CONTROLS)}, {literal(" " * len(_CONTROLS))})
    ELSE words
END;
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """Documents that are numbered from 0 and have files of their own: rows of a table from ``first`` on.

    ``place`` is where a document's payload stands among the payloads of the segment.
    """

    stored: StoredProducts
    table: str
    first: int
    size: int
    place: str

    @property
    def con(self) -> duckdb.DuckDBPyConnection:
        """The connection that has its table."""
        return self.stored.con

    def part(self, columns: str, first: int, count: int) -> pa.Table:
        """``columns`` of ``count`` documents from ``first`` on; may be called from several threads."""
        return _table(
            self.stored.con, f"SELECT {columns} FROM {self.table} WHERE {self._where(first, count)} ORDER BY rowid"
        )

    def payloads(self, first: int, count: int) -> pa.Table:
        """Hash and payload of some versions, as one text of two lines each; newlines in JSON mean nothing."""
        line = "coalesce(v.hash, '') || chr(10) || coalesce(replace(v.payload, chr(10), ' '), '') || chr(10) AS line"
        versions = self.stored.versions
        if self.place == "version":
            where = f"v.version >= {first} AND v.version < {first + count}"
            return _table(self.con, f"SELECT {line} FROM {versions} AS v WHERE {where} ORDER BY v.version")
        mine = f"SELECT rowid AS doc, version FROM {self.table} WHERE {self._where(first, count)}"
        source = f"({mine}) AS d LEFT JOIN {versions} AS v USING (version)"
        return _table(self.con, f"SELECT {line} FROM {source} ORDER BY d.doc")

    def payload_count(self) -> int:
        """How many payloads there are, with those of documents that have none."""
        return version_count(self.stored) if self.place == "version" else self.size

    def rows(self) -> str:
        """Its documents as SQL, ``doc`` the number of each."""
        return f"SELECT rowid - {self.first} AS doc, * FROM {self.table} WHERE {self._where(0, self.size)}"

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
        return version_count(self.stored)

    def column(self, name: str) -> Numbers:
        """A column of numbers, one for every document."""
        parts = (segment.part(name, 0, segment.size)[name] for segment in (self.base, self.recent))
        return np.concatenate([numbers(part) for part in parts])

    def ordered(self, by: str, columns: str) -> Numbers:
        """The numbers of all documents in another order, which depends on some ``columns``."""
        recent = f"SELECT doc + {self.base.size} AS doc, {columns} FROM ({self.recent.rows()})"
        source = f"SELECT doc, {columns} FROM ({self.base.rows()}) UNION ALL {recent}"
        return numbers(_table(self.stored.con, f"SELECT doc FROM ({source}) ORDER BY {by}, doc")["doc"])

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
        rows = f"SELECT {columns} FROM ({self.base.rows()}) ORDER BY doc"
        self.stored.con.execute(f"COPY ({rows}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")


def version_count(stored: StoredProducts) -> int:
    """How many versions of products a scope has."""
    return count(stored.con, f"SELECT version FROM {stored.versions}")


@contextmanager
def documents(products: ScopeProducts, base: Base | None = None) -> Iterator[Documents]:
    """Lay a scope's products out as documents, beside the ``base`` that stands; the tables are dropped afterwards."""
    stored = products.stored or _stored(products)
    con = stored.con
    con.execute("SET preserve_insertion_order = true")  # rowid is the number of a document
    try:
        yield _numbered(stored, products.services, base)
    finally:
        con.execute("DROP TABLE IF EXISTS documents")
        con.execute("DROP TABLE IF EXISTS page_base")
        con.execute("SET preserve_insertion_order = false")
        if products.stored is None:
            con.close()


def _stored(products: ScopeProducts) -> StoredProducts:
    """Products that come as Arrow tables, in a connection of their own."""
    con = duckdb.connect()
    con.register("arrow_versions", products.versions)
    con.execute("CREATE TABLE versions AS SELECT row_number() OVER () - 1 AS version, * FROM arrow_versions")
    con.register("service_rows", products.rows)
    con.register("records", products.quarantined)
    return StoredProducts(con, versions="versions", rows="service_rows", records="records")


@dataclass(frozen=True, slots=True)
class _Numbering:
    """Tables with what documents are made of: quarantined ``records`` numbered after the versions, ``facets`` with
    their numbers, ``codes`` by service and version, and the documents of the ``base``.
    """

    stored: StoredProducts
    services: tuple[str, ...]
    records: str
    facets: str
    codes: str
    base: str


def _numbered(stored: StoredProducts, known: tuple[str, ...], base: Base | None) -> Documents:
    con = stored.con
    service_rows = con.sql(f"SELECT DISTINCT service FROM {stored.rows} ORDER BY ALL").fetchall()
    services = tuple(dict.fromkeys((*known, *(row[0] for row in service_rows))))
    if base and base.services != services:
        base = None
    con.execute(_MACROS)
    numbering = _numbering(stored, services, base)
    _number_documents(numbering, is_beside_base=base is not None)
    con.execute(f"DROP TABLE {numbering.codes}")
    size = count(con, "SELECT rowid FROM documents")
    recent = count(con, "SELECT rowid FROM documents WHERE is_recent")
    if recent > limit(size):
        if base:
            return _numbered(stored, known, None)
        recent = 0
    return _divided(numbering, size, recent, is_kept=base is not None)


def _numbering(stored: StoredProducts, services: tuple[str, ...], base: Base | None) -> _Numbering:
    con, numbering = stored.con, _Numbering(stored, services, "page_quarantined", "page_facets", "codes", "page_base")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {numbering.records} AS SELECT *, (SELECT count(*) FROM {stored.versions}) "
        f"+ row_number() OVER () - 1 AS version FROM {stored.records}"
    )
    _number_facets(numbering, base.facets if base else ())
    con.execute(f"CREATE OR REPLACE TABLE {numbering.base} AS {_base(base, services)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE {numbering.codes} AS {_codes(numbering)}")
    return numbering


def _divided(numbering: _Numbering, size: int, recent: int, *, is_kept: bool) -> Documents:
    stored, con = numbering.stored, numbering.stored.con
    facets = con.sql(f"SELECT type, visible_in, stock, reason FROM {numbering.facets} ORDER BY facet").fetchall()
    base_size = count(con, f"SELECT rowid FROM {numbering.base}")
    alive = numbers(_table(con, "SELECT base_doc FROM documents WHERE base_doc IS NOT NULL")["base_doc"])
    standing = Segment(stored, numbering.base, 0, base_size, "version")
    return Documents(
        stored,
        numbering.services,
        tuple(facets),
        base=standing if is_kept else Segment(stored, "documents", recent, size - recent, "version"),
        recent=Segment(stored, "documents", 0, recent, "rowid"),
        is_kept=is_kept,
        dead=np.setdiff1d(np.arange(base_size), alive, assume_unique=True),
    )


def _number_facets(numbering: _Numbering, known: tuple[Facet, ...]) -> None:
    """Number the combinations of type, visibility and stock, and the reasons of quarantine: known ones as they were,
    then those that are new.
    """
    con, facets, stored = numbering.stored.con, numbering.facets, numbering.stored
    columns = "type VARCHAR, visible_in VARCHAR[], stock VARCHAR, reason VARCHAR, facet BIGINT"
    con.execute(f"CREATE OR REPLACE TEMP TABLE {facets} ({columns})")
    if known:
        con.executemany(f"INSERT INTO {facets} VALUES (?, ?, ?, ?, ?)", [[*facet, n] for n, facet in enumerate(known)])
    of_products = f"SELECT DISTINCT type, visible_in, stock, NULL::VARCHAR AS reason FROM {stored.versions}"
    of_records = f"SELECT NULL, NULL, NULL, reason FROM {stored.records} UNION SELECT NULL, NULL, NULL, NULL"
    new = f"{of_products} UNION {of_records} EXCEPT SELECT type, visible_in, stock, reason FROM {facets}"
    number = f"{len(known)} + row_number() OVER (ORDER BY type, visible_in, stock, reason) - 1"
    con.execute(f"INSERT INTO {facets} SELECT *, {number} FROM ({new})")


def _codes(numbering: _Numbering) -> str:
    stored, services = numbering.stored, f"{_listed(numbering.services)}::VARCHAR[]"
    words = {"rows": stored.rows, "versions": stored.versions, "records": numbering.records}
    return _body("doc_service_codes", states=_listed(STATES), services=services, **words)


def _base(base: Base | None, services: tuple[str, ...]) -> str:
    """The documents of a base, in the order of their numbers; without a base none."""
    if base:
        return f"FROM read_parquet({literal(str(base.documents))})"
    columns = ["NULL::VARCHAR AS sku", "NULL::VARCHAR AS hash", "NULL::VARCHAR AS line", "NULL::BIGINT AS facet"]
    columns += [f"NULL::BIGINT AS {name}_{n}" for n in range(len(services)) for name in ("code", "received", "told")]
    return f"SELECT {', '.join(columns)} WHERE false"


def _number_documents(numbering: _Numbering, *, is_beside_base: bool) -> None:
    """Make ``documents``. Beside a base in three steps, because not all joins at once fit into memory."""
    con, every = numbering.stored.con, range(len(numbering.services))
    docs = f"({_unordered(numbering)})"
    con.execute("CREATE OR REPLACE TEMP TABLE unchanged_docs (version BIGINT, base_doc BIGINT)")
    if is_beside_base:
        con.execute(f"CREATE OR REPLACE TEMP TABLE docs_unordered AS FROM {docs}")
        docs = "docs_unordered"
        columns = [f"{name}_{n}" for n in every for name in ("code", "received", "told")]
        shown = ", ".join(["hash", "line", "facet", *columns])
        con.execute(
            f"INSERT INTO unchanged_docs {_body('unchanged_docs', shown=shown, docs=docs, base=numbering.base)}"
        )
    lately = " OR ".join(("l.is_record", *(f"(l.code_{n} >> 4) & 7 > 0" for n in every)))
    recent = "s.base_doc IS NULL" if is_beside_base else f"({lately})"
    ordered = _body("page_ordered", docs=docs, unchanged="unchanged_docs", recent=recent)
    con.execute(f"CREATE OR REPLACE TABLE documents AS {ordered}")
    con.execute("DROP TABLE IF EXISTS docs_unordered")
    con.execute("DROP TABLE unchanged_docs")


def _unordered(numbering: _Numbering) -> str:
    """The query of documents in no order, with the columns of each service in it."""
    every = range(len(numbering.services))
    columns = ", ".join(
        f"coalesce(s{n}.code, 0)::USMALLINT AS code_{n}, s{n}.received_ms AS received_{n}, s{n}.answered_ms AS told_{n}"
        for n in every
    )
    joins = " ".join(
        f"LEFT JOIN (FROM {numbering.codes} WHERE service = {literal(name)}) AS s{n} ON s{n}.version = k.version"
        for n, name in enumerate(numbering.services)
    )
    return _body(
        "page_documents",
        versions=numbering.stored.versions,
        records=numbering.records,
        facets=numbering.facets,
        columns=columns or "0 AS none",
        joins=joins,
        lines=" || ".join(f"page_line(coalesce(s{n}.words, ''))" for n in every) or "''",
        times=", ".join(f"coalesce(s{n}.received_ms, s{n}.answered_ms)" for n in every) or "0",
    )


def _body(name: str, **values: str) -> str:
    """A query without the comments before it."""
    return filled("\n".join(line for line in query(name).splitlines() if not line.startswith("--")), **values)


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(literal, names)) + "]"


def _table(con: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """What ``sql`` gives, read through a cursor of its own."""
    return con.cursor().sql(sql).to_arrow_table()
