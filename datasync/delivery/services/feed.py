"""The embedded service: a feed that consumers read from the store itself. Its receipt is the delivery, one atomic
commit.

What a consumer reads is `queries/feed.sql`, the receipts joined with the catalog by SKU and hash; `export` writes the
same as one file after each transfer. A feed rejects what no consumer could use: payloads above ``max_bytes``, and
products that lack a ``required`` column.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datasync.delivery.services.base import Batch, Fence
from datasync.product import TYPES
from datasync.relation import Relation, query, select
from datasync.sql import literal, quote


class Feed:
    """A feed with its limits: bytes of a payload's JSON, and the product columns that must not be empty."""

    receipt_is_delivery = True
    fence: Fence = "transaction"  # an entry of the receipts is one, and its number is taken once
    batch_seconds = 0

    def __init__(self, max_bytes: int, required: Sequence[str]) -> None:
        self.max_bytes, self.required = max_bytes, tuple(required)
        self.needs = self.required

    def rejections(self, batch: Relation) -> Relation:
        too_large = f"larger than max_bytes ({self.max_bytes})"
        reason = f"CASE WHEN bytes > {self.max_bytes} THEN {literal(too_large)} ELSE words END AS reason"
        answers = self._answers(batch)
        return select(f"SELECT sku, {reason} FROM answers WHERE outcome = 'rejected'", answers=answers)

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        return self._answers(batch.rows)

    def _answers(self, batch: Relation) -> Relation:
        cases = (f"CASE WHEN {_is_empty(column)} THEN {literal(column)} END" for column in self.required)
        lacking = ", ".join(cases) or "NULL::VARCHAR"
        return query("feed_answers", batch=batch, max_bytes=str(self.max_bytes), lacking=lacking)


def _is_empty(column: str) -> str:
    if TYPES[column].endswith("[]"):
        return f"coalesce(len({quote(column)}), 0) = 0"
    return f"coalesce(looks_empty({quote(column)}::VARCHAR), true)"
