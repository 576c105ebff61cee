"""What a service is: a batch of products and removals goes in, an outcome for each comes out."""

from __future__ import annotations

from typing import Protocol

import duckdb


class Service(Protocol):
    """A consumer as a transfer sees it.

    ``embedded``: its receipt *is* the delivery, so nothing was delivered until the receipts are appended. Any other
    service is called over a network, in batches; what it got but could not be recorded is delivered again, never lost.
    ``needs`` names the product columns that a delivery reads, so that no others are.
    """

    embedded: bool
    needs: tuple[str, ...]

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: str) -> str:
        """Hand over the relation named ``batch`` and return SQL with the answers.

        The batch has one row per SKU: ``operation`` (added, updated, resent, removed), ``hash`` and ``bytes`` of the
        payload, and the product's columns that the service ``needs`` (NULL for a removal). The answers have ``sku``,
        ``outcome`` (received, removed, rejected, failed), ``words`` and ``answered_at`` (UTC; NULL where the receipt is
        the answer); those of an embedded service keep all columns of the batch, each row being its own answer. A SKU
        without an answer is failed. Raises ServiceUnavailable when nobody answered: the whole batch counts as failed,
        for it may have been applied.
        """
