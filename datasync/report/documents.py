"""A scope's products as one numbered list of documents, each with what every service says of it.

A **document** is what a row of the page's tables shows: one version of a product, or one record in quarantine. It is
stored once, whatever the number of services. Its number is its place in the order of a search (the day of its last
update, the newest first; then its SKU), so that neighbours tend to be variants of one product and are loaded together.

The tables are no temporary ones: several threads read them, each through a cursor of its own.

A **facet** is one combination of type, visibility and stock; a **code** is all that one service says of a document but
for its times and words, as one number (see page_told.sql). Lists and filters are questions about codes and facets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from datasync.report.pages import ScopeProducts
from datasync.sql import count, literal, query

STATES = (
    "current", "stale", "missing", "rejected", "failed", "excluded",
    "orphaned", "removed", "gone", "unexplained", "quarantined",
)  # fmt: skip
_CONTROLS = "".join(map(chr, range(1, 32)))  # in a name they are as good as blanks
_FACETS = """
CREATE OR REPLACE TEMP TABLE page_facets AS
SELECT *, row_number() OVER (ORDER BY type, visible_in, stock) - 1 AS facet
FROM (SELECT DISTINCT type, visible_in, stock FROM page_versions UNION SELECT NULL, NULL, NULL)
"""
_LINE = r"""
CREATE OR REPLACE MACRO page_line(given) AS CASE
    WHEN given IS NULL THEN '\-'
    WHEN contains(given, '\') OR contains(given, chr(10))
        THEN replace(replace(given, '\', '\\'), chr(10), '\n')
    ELSE given
END || chr(10)
"""


@dataclass(frozen=True, slots=True)
class Documents:
    """The table ``documents`` in ``con``: its rows are numbered by rowid, in their order."""

    con: duckdb.DuckDBPyConnection
    scope: str
    services: tuple[str, ...]
    size: int
    versions: int
    facets: tuple[tuple[str | None, list[str] | None, str | None], ...]

    def part(self, columns: str, first: int, count: int) -> pa.Table:
        """``columns`` of ``count`` documents from ``first`` on; may be called from several threads."""
        where = f"rowid >= {first} AND rowid < {first + count}"
        return self.con.cursor().sql(f"SELECT {columns} FROM documents WHERE {where} ORDER BY rowid").to_arrow_table()

    def ordered(self, by: str) -> pa.Table:
        """The numbers of all documents in another order."""
        return self.con.cursor().sql(f"SELECT rowid AS doc FROM documents ORDER BY {by}, rowid").to_arrow_table()

    def payloads(self, first: int, count: int) -> pa.Table:
        """Hash and payload of some versions, as one text of two lines each; newlines in JSON mean nothing."""
        line = r"hash || chr(10) || coalesce(replace(payload, chr(10), ' '), '') || chr(10) AS line"
        where = f"version >= {first} AND version < {first + count}"
        return (
            self.con.cursor().sql(f"SELECT {line} FROM page_versions WHERE {where} ORDER BY version").to_arrow_table()
        )


@contextmanager
def documents(products: ScopeProducts) -> Iterator[Documents]:
    """Lay a scope's products out as documents; the table is dropped afterwards."""
    con = products.con or _connected(products)
    con.execute("SET preserve_insertion_order = true")  # rowid is the number of a document
    try:
        yield _laid_out(con, products)
    finally:
        con.execute("DROP TABLE IF EXISTS documents")
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


def _laid_out(con: duckdb.DuckDBPyConnection, products: ScopeProducts) -> Documents:
    versions = count(con, "SELECT version FROM page_versions")
    found = con.sql("SELECT DISTINCT service FROM page_rows ORDER BY ALL").fetchall()
    services = tuple(dict.fromkeys((*products.services, *(row[0] for row in found))))
    con.execute(_LINE)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE page_quarantined AS SELECT *, "
        f"{versions} + row_number() OVER () - 1 AS version FROM page_records"
    )
    con.execute(_FACETS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE page_told AS {_told(services)}")
    con.execute(f"CREATE OR REPLACE TABLE documents AS {_documents(services)}")
    con.execute("DROP TABLE page_told")
    facets = con.sql("SELECT type, visible_in, stock FROM page_facets ORDER BY facet").fetchall()
    return Documents(con, products.scope, services, count(con, "SELECT rowid FROM documents"), versions, tuple(facets))


def _told(services: tuple[str, ...]) -> str:
    text = query("page_told").replace("$states", _listed(STATES))
    return text.replace("$services", _listed(services) + "::VARCHAR[]")


def _documents(services: tuple[str, ...]) -> str:
    """The query of documents, with the columns of each service in it."""
    numbers = range(len(services))
    columns = ", ".join(
        f"coalesce(s{n}.code, 0)::USMALLINT AS code_{n}, s{n}.received_ms AS received_{n}, s{n}.told_ms AS told_{n}"
        for n in numbers
    )
    joins = " ".join(
        f"LEFT JOIN (FROM page_told WHERE service = {literal(name)}) AS s{n} ON s{n}.version = k.version"
        for n, name in enumerate(services)
    )
    lines = " || ".join(f"page_line(coalesce(s{n}.words, ''))" for n in numbers) or "''"
    times = ", ".join(f"coalesce(s{n}.received_ms, s{n}.told_ms)" for n in numbers) or "0"
    given = {"$columns": columns or "0 AS none", "$joins": joins, "$lines": lines, "$times": times}
    given |= {"$controls": literal(_CONTROLS), "$blanks": literal(" " * len(_CONTROLS))}
    text = query("page_documents")
    for name, value in given.items():
        text = text.replace(name, value)
    return text


def _listed(names: tuple[str, ...]) -> str:
    return "[" + ", ".join(map(literal, names)) + "]"
