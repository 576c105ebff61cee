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

from datasync.report.facts.page_data import ScopeProducts
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

    con: duckdb.DuckDBPyConnection
    table: str
    first: int
    size: int
    place: str

    def part(self, columns: str, first: int, count: int) -> pa.Table:
        """``columns`` of ``count`` documents from ``first`` on; may be called from several threads."""
        return _table(self.con, f"SELECT {columns} FROM {self.table} WHERE {self._where(first, count)} ORDER BY rowid")

    def payloads(self, first: int, count: int) -> pa.Table:
        """Hash and payload of some versions, as one text of two lines each; newlines in JSON mean nothing."""
        line = "coalesce(v.hash, '') || chr(10) || coalesce(replace(v.payload, chr(10), ' '), '') || chr(10) AS line"
        if self.place == "version":
            where = f"v.version >= {first} AND v.version < {first + count}"
            return _table(self.con, f"SELECT {line} FROM page_versions AS v WHERE {where} ORDER BY v.version")
        mine = f"SELECT rowid AS doc, version FROM {self.table} WHERE {self._where(first, count)}"
        source = f"({mine}) AS d LEFT JOIN page_versions AS v USING (version)"
        return _table(self.con, f"SELECT {line} FROM {source} ORDER BY d.doc")

    def payload_count(self) -> int:
        """How many payloads there are, with those of documents that have none."""
        return count(self.con, "SELECT version FROM page_versions") if self.place == "version" else self.size

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

    con: duckdb.DuckDBPyConnection
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

    def column(self, name: str) -> Numbers:
        """A column of numbers, one for every document."""
        parts = (segment.part(name, 0, segment.size)[name] for segment in (self.base, self.recent))
        return np.concatenate([numbers(part) for part in parts])

    def ordered(self, by: str, columns: str) -> Numbers:
        """The numbers of all documents in another order, which depends on some ``columns``."""
        recent = f"SELECT doc + {self.base.size} AS doc, {columns} FROM ({self.recent.rows()})"
        source = f"SELECT doc, {columns} FROM ({self.base.rows()}) UNION ALL {recent}"
        return numbers(_table(self.con, f"SELECT doc FROM ({source}) ORDER BY {by}, doc")["doc"])

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
        self.con.execute(f"COPY ({rows}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")


@contextmanager
def documents(products: ScopeProducts, base: Base | None = None) -> Iterator[Documents]:
    """Lay a scope's products out as documents, beside the ``base`` that stands; the tables are dropped afterwards."""
    con = products.con or _connected(products)
    con.execute("SET preserve_insertion_order = true")  # rowid is the number of a document
    try:
        yield _numbered(con, products, base)
    finally:
        con.execute("DROP TABLE IF EXISTS documents")
        con.execute("DROP TABLE IF EXISTS page_base")
        con.execute("SET preserve_insertion_order = false")
        if products.con is None:
            con.close()


def _connected(products: ScopeProducts) -> duckdb.DuckDBPyConnection:
    """A connection to products that come as Arrow tables."""
    con = duckdb.connect()
    con.register("versions", products.versions)
    con.execute("CREATE TABLE page_versions AS SELECT row_number() OVER () - 1 AS version, * FROM versions")
    con.register("page_rows", products.rows)
    con.register("page_records", products.quarantined)
    return con


def _numbered(con: duckdb.DuckDBPyConnection, products: ScopeProducts, base: Base | None) -> Documents:
    service_rows = con.sql("SELECT DISTINCT service FROM page_rows ORDER BY ALL").fetchall()
    services = tuple(dict.fromkeys((*products.services, *(row[0] for row in service_rows))))
    if base and base.services != services:
        base = None
    con.execute(_MACROS)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE page_quarantined AS SELECT *, (SELECT count(*) FROM page_versions) "
        "+ row_number() OVER () - 1 AS version FROM page_records"
    )
    _number_facets(con, base.facets if base else ())
    con.execute(f"CREATE OR REPLACE TABLE page_base AS {_base(base, services)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE doc_service_codes AS {_codes(services)}")
    _number_documents(con, services, base)
    con.execute("DROP TABLE doc_service_codes")
    size = count(con, "SELECT rowid FROM documents")
    recent = count(con, "SELECT rowid FROM documents WHERE is_recent")
    if recent > limit(size):
        if base:
            return _numbered(con, products, None)
        recent = 0
    return _divided(con, services, size, recent, base)


def _divided(
    con: duckdb.DuckDBPyConnection, services: tuple[str, ...], size: int, recent: int, base: Base | None
) -> Documents:
    facets = con.sql("SELECT type, visible_in, stock, reason FROM page_facets ORDER BY facet").fetchall()
    base_size = count(con, "SELECT rowid FROM page_base")
    alive = numbers(_table(con, "SELECT base_doc FROM documents WHERE base_doc IS NOT NULL")["base_doc"])
    return Documents(
        con,
        services,
        tuple(facets),
        base=Segment(con, "page_base", 0, base_size, "version")
        if base
        else Segment(con, "documents", recent, size - recent, "version"),
        recent=Segment(con, "documents", 0, recent, "rowid"),
        is_kept=base is not None,
        dead=np.setdiff1d(np.arange(base_size), alive, assume_unique=True),
    )


def _number_facets(con: duckdb.DuckDBPyConnection, known: tuple[Facet, ...]) -> None:
    """Number the combinations of type, visibility and stock, and the reasons of quarantine: known ones as they were,
    then those that are new.
    """
    columns = "type VARCHAR, visible_in VARCHAR[], stock VARCHAR, reason VARCHAR, facet BIGINT"
    con.execute(f"CREATE OR REPLACE TEMP TABLE page_facets ({columns})")
    if known:
        con.executemany(
            "INSERT INTO page_facets VALUES (?, ?, ?, ?, ?)", [[*facet, n] for n, facet in enumerate(known)]
        )
    of_products = "SELECT DISTINCT type, visible_in, stock, NULL::VARCHAR AS reason FROM page_versions"
    of_records = "SELECT NULL, NULL, NULL, reason FROM page_records UNION SELECT NULL, NULL, NULL, NULL"
    new = f"{of_products} UNION {of_records} EXCEPT SELECT type, visible_in, stock, reason FROM page_facets"
    number = f"{len(known)} + row_number() OVER (ORDER BY type, visible_in, stock, reason) - 1"
    con.execute(f"INSERT INTO page_facets SELECT *, {number} FROM ({new})")


def _codes(services: tuple[str, ...]) -> str:
    return _body("doc_service_codes", states=_listed(STATES), services=f"{_listed(services)}::VARCHAR[]")


def _base(base: Base | None, services: tuple[str, ...]) -> str:
    """The documents of a base, in the order of their numbers; without a base none."""
    if base:
        return f"FROM read_parquet({literal(str(base.documents))})"
    columns = ["NULL::VARCHAR AS sku", "NULL::VARCHAR AS hash", "NULL::VARCHAR AS line", "NULL::BIGINT AS facet"]
    columns += [f"NULL::BIGINT AS {name}_{n}" for n in range(len(services)) for name in ("code", "received", "told")]
    return f"SELECT {', '.join(columns)} WHERE false"


def _number_documents(con: duckdb.DuckDBPyConnection, services: tuple[str, ...], base: Base | None) -> None:
    """Make ``documents``. Beside a base in three steps, because not all joins at once fit into memory."""
    every = range(len(services))
    unordered = f"({_unordered(services)})"
    con.execute("CREATE OR REPLACE TEMP TABLE unchanged_docs (version BIGINT, base_doc BIGINT)")
    if base:
        con.execute(f"CREATE OR REPLACE TEMP TABLE docs_unordered AS FROM {unordered}")
        columns = [f"{name}_{n}" for n in every for name in ("code", "received", "told")]
        unchanged = _body("unchanged_docs", shown=", ".join(["hash", "line", "facet", *columns]))
        con.execute(f"INSERT INTO unchanged_docs {unchanged}")
    lately = " OR ".join(("l.is_record", *(f"(l.code_{n} >> 4) & 7 > 0" for n in every)))
    ordered = _body(
        "page_ordered",
        docs="docs_unordered" if base else unordered,
        recent="s.base_doc IS NULL" if base else f"({lately})",
    )
    con.execute(f"CREATE OR REPLACE TABLE documents AS {ordered}")
    con.execute("DROP TABLE IF EXISTS docs_unordered")
    con.execute("DROP TABLE unchanged_docs")


def _unordered(services: tuple[str, ...]) -> str:
    """The query of documents in no order, with the columns of each service in it."""
    every = range(len(services))
    columns = ", ".join(
        f"coalesce(s{n}.code, 0)::USMALLINT AS code_{n}, s{n}.received_ms AS received_{n}, s{n}.answered_ms AS told_{n}"
        for n in every
    )
    joins = " ".join(
        f"LEFT JOIN (FROM doc_service_codes WHERE service = {literal(name)}) AS s{n} ON s{n}.version = k.version"
        for n, name in enumerate(services)
    )
    return _body(
        "page_documents",
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
