"""A relation under a name, for tests that look into it with SQL of their own."""

from __future__ import annotations

import duckdb

from datasync.relation import Relation


def view(con: duckdb.DuckDBPyConnection, name: str, relation: Relation) -> None:
    """Let ``name`` stand for a relation's rows, whatever it stood for before."""
    con.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {relation.sql}")
