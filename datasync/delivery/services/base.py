"""What a service is: a batch of products and removals goes in, an outcome for each comes out.

Every batch has a version that is greater than those of all batches before it, for a service that is called over a
network may get an older request after a newer one. A service keeps such a late request out by its ``fence``:

    version      it stores the version with each product, and refuses an older one
    transaction  the transaction that takes a batch stores its version, and refuses a batch with an older one
    none         it takes whatever comes; so a transfer waits until no request of another one can be on its way

A kind is a class that has these methods, the class of its options beside it, and one line in ``registry``; see
docs/adding-a-service.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

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


Fence = Literal["version", "transaction", "none"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Products and removals to be handed over at once.

    ``rows`` has one row per SKU: ``operation`` (added, updated, resent, removed), ``hash`` and ``bytes`` of the
    payload, and the product's columns that the service ``needs`` (NULL for a removal). ``version`` is greater than that
    of every batch of this service and scope before it. ``key`` names the batch, the same for each try to send it, as
    ``search/en-US/00000041``. Nothing may be sent after ``deadline``, a moment of ``time.monotonic()``.
    """

    rows: Relation
    version: int
    key: str
    deadline: float


class BatchRefused(Exception):
    """A service refused a batch as a whole, and took nothing of it; ``words`` are why. The batch is sent again in
    halves, until those products are alone for which it is refused.
    """

    def __init__(self, words: str) -> None:
        self.words = words
        super().__init__(words)


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
    ``fence`` is how it refuses a request that comes late. ``batch_seconds`` is the longest that delivering one batch
    may take, all tries included; without a fence, another writer waits so long.
    """

    receipt_is_delivery: bool
    needs: tuple[str, ...]
    fence: Fence
    batch_seconds: int

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        """Hand over a batch and return the answers.

        The answers have ``sku``, ``outcome`` (received, removed, rejected, failed, overtaken), ``words`` and
        ``answered_at`` (UTC; NULL where the receipt is the answer); where the receipt is the delivery, they keep all
        columns of the batch, each row being its own answer. A SKU without an answer is failed. ``overtaken``: the fence
        refused it, because a newer version is there; it is due again.

        Raises ServiceUnavailable when nobody answered: the whole batch counts as failed, because it may have been
        applied. Raises BatchCutOff when answers came and then no more. Raises BatchRefused when the batch as a whole
        was refused and nothing of it taken. The answers are read once, before the batch is dropped, and checked: a SKU
        that nobody asked about or that is answered twice, and an outcome that is unknown or does not fit the operation,
        make all of them void.
        """


@runtime_checkable
class Preparing(Protocol):
    """A service that has to be made ready, or asked whether it is there, before anything is sent to it."""

    def prepare(self) -> None:
        """Make the place where products go, if it is not there. Called before each transfer that has something to
        deliver; changes nothing when it is called again. Raises ServiceUnavailable if nobody answers: then nothing was
        sent, and nothing is recorded as sent.
        """


@runtime_checkable
class Versioned(Protocol):
    """A service that can tell the highest version that it holds, for a store that was restored from a backup."""

    def highest_version(self) -> int:
        """The highest version of all that it holds of this scope; 0 where it holds nothing."""


@runtime_checkable
class Foretelling(Protocol):
    """A service that can say which products it would reject, so that `check` need not deliver any."""

    def rejections(self, batch: Relation) -> Relation:
        """The ``sku`` of each product of a batch that it would reject, and the ``reason``.

        The batch has the rows of ``deliver``, without removals. The reasons are few: products are counted by them.
        """
