"""What a service is: a batch of products and removals goes in, an outcome for each comes out.

A kind is a class that has these methods, the class of its options beside it, and one line in ``registry``; see
docs/adding-a-service.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import duckdb

from datasync.connection import Connection, Credentials
from datasync.errors import ServiceUnavailable
from datasync.relation import Relation


@dataclass(frozen=True, slots=True)
class ServiceOpening:
    """What a kind is opened with: the service's name, the scope that is delivered, its options, and the way to secrets.

    ``options`` are of the kind's own model.
    """

    name: str
    scope: str
    options: Any
    credentials: Credentials

    def connection(self) -> Connection:
        """The connection that the options name, asked for anew; MissingConnection where there is none."""
        return self.credentials(self.options.connection)


class BatchCutOff(ServiceUnavailable):
    """A service stopped in the middle of a batch; ``answers`` are those that it gave before."""

    def __init__(self, words: str, answers: Relation) -> None:
        self.answers = answers
        super().__init__(words)


class Service(Protocol):
    """A consumer as a transfer sees it.

    ``receipt_is_delivery``: its consumers read the store, so nothing was delivered until the receipts are appended.
    Any other service is called over a network, in batches; what it got but could not be recorded is delivered again,
    never lost.
    ``needs`` names the product columns that a delivery reads, so that no others are.
    """

    receipt_is_delivery: bool
    needs: tuple[str, ...]

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Relation) -> Relation:
        """Hand over a batch and return the answers.

        The batch has one row per SKU: ``operation`` (added, updated, resent, removed), ``hash`` and ``bytes`` of the
        payload, and the product's columns that the service ``needs`` (NULL for a removal). The answers have ``sku``,
        ``outcome`` (received, removed, rejected, failed), ``words`` and ``answered_at`` (UTC; NULL where the receipt is
        the answer); where the receipt is the delivery, they keep all columns of the batch, each row being its own
        answer. A SKU without an answer is failed. Raises ServiceUnavailable when nobody answered: the whole batch
        counts as failed, because it may have been applied. Raises BatchCutOff when answers came and then no more. The
        answers are read once, before the batch is dropped, and checked: a SKU that nobody asked about or that is
        answered twice, and an outcome that is unknown or does not fit the operation, make all of them void.
        """


@runtime_checkable
class Foretelling(Protocol):
    """A service that can say which products it would reject, so that `check` need not deliver any."""

    def rejections(self, batch: Relation) -> Relation:
        """The ``sku`` of each product of a batch that it would reject, and the ``reason``.

        The batch is that of ``deliver``, without removals. The reasons are few: products are counted by them.
        """
