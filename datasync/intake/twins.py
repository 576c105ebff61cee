"""SKUs that look like one another: each is a product of its own, and the pull that reads them notes it."""

from __future__ import annotations

import unicodedata

import duckdb

from datasync.relation import Relation, query


def note(con: duckdb.DuckDBPyConnection, wanted_records: Relation, duplicate_resolution: Relation) -> str | None:
    """What to say of the valid SKUs of a pull, if some look alike."""
    relations = {"wanted_records": wanted_records, "duplicate_resolution": duplicate_resolution}
    rows = query("twins", **relations).rows(con)
    if not rows:
        return None
    shown = "; ".join(" and ".join(map(_quoted, skus)) for skus, _ in rows)
    groups = rows[0][1]
    more = f" and {groups - len(rows):,} more" if groups > len(rows) else ""
    return (
        "SKUs that differ only in case, blanks or signs that cannot be seen are products of their own: "
        f"{shown}{more}. Is each of them meant?"
    )


def _quoted(sku: str) -> str:
    """A SKU in quotes, with what cannot be seen of it written out."""
    return repr(sku) if unicodedata.is_normalized("NFC", sku) else ascii(sku)
