"""The names of fields, as SQL reads them."""

from __future__ import annotations

import re

import duckdb

from datasync.sql import quote, row


def spelled(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """A field's name as SQL reads it, in quotes only where it needs them."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        own_words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return quote(name) if row(con, f"SELECT lower(?) IN ({own_words}) AS is_one", [name])["is_one"] else name
    return quote(name)
