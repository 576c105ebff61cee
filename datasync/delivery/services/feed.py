"""The embedded service: a feed that consumers read from the store itself. Its receipt is the delivery, one atomic
commit.

What a consumer reads is `queries/feed.sql`, the receipts joined with the catalog by SKU and hash; `export` writes the
same as one file after each transfer. A feed rejects what no consumer could use: payloads above ``max_bytes``, and
products that lack a ``required`` column.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datasync.product import TYPES
from datasync.relation import Relation, select
from datasync.sql import literal, quote


class Feed:
    """A feed with its limits: bytes of a payload's JSON, and the product columns that must not be empty."""

    embedded = True

    def __init__(self, max_bytes: int, required: Sequence[str]) -> None:
        self.max_bytes, self.required = max_bytes, tuple(required)
        self.needs = self.required

    def rejections(self, batch: Relation) -> Relation:
        too_large = f"larger than max_bytes ({self.max_bytes})"
        reason = f"CASE WHEN bytes > {self.max_bytes} THEN {literal(too_large)} ELSE words END AS reason"
        answers = self._answers(batch)
        return select(f"SELECT sku, {reason} FROM answers WHERE outcome = 'rejected'", answers=answers)

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Relation) -> Relation:
        return self._answers(batch)

    def _answers(self, batch: Relation) -> Relation:
        lacking = (
            ", ".join(f"CASE WHEN {_is_empty(column)} THEN {literal(column)} END" for column in self.required)
            or "NULL::VARCHAR"
        )
        answers = f"""
            SELECT
                * EXCLUDE (lacking),
                CASE
                    WHEN operation = 'removed' THEN 'removed'
                    WHEN bytes > {self.max_bytes} OR len(lacking) > 0 THEN 'rejected'
                    ELSE 'received'
                END AS outcome,
                CASE
                    WHEN operation = 'removed' THEN NULL
                    WHEN bytes > {self.max_bytes}
                        THEN format('The payload has {{:,}} bytes; at most {self.max_bytes:,} are taken', bytes)
                    WHEN len(lacking) > 0 THEN 'Required and missing: ' || array_to_string(lacking, ', ')
                END AS words,
                NULL::TIMESTAMPTZ AS answered_at
            FROM (SELECT *, list_filter([{lacking}], lambda one: one IS NOT NULL) AS lacking FROM batch)"""
        return select(answers, batch=batch)


def _is_empty(column: str) -> str:
    if TYPES[column].endswith("[]"):
        return f"coalesce(len({quote(column)}), 0) = 0"
    return f"coalesce(looks_empty({quote(column)}::VARCHAR), true)"
