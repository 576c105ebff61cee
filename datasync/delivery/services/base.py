"""What a service is: a batch of products and removals goes in, an outcome for each comes out.

Every batch has a version that is greater than those of all batches before it, for a service that is called over a
network may get an older request after a newer one. A service keeps such a late request out by its ``fence``:

    version      it stores the version with each product, and refuses an older one
    transaction  the transaction that takes a batch stores its version, and refuses a batch with an older one
    none         it takes whatever comes; so a transfer waits until no request of an earlier one can be on its way,
                 because its sender may live or got no answer that settles it

A kind is a class that has these methods, the class of its options beside it, and one line in ``registry``; see
docs/adding-a-service.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import duckdb

from datasync.connection import Connection, Credentials
from datasync.errors import ServiceUnavailable
from datasync.product import COLUMNS
from datasync.relation import Relation

if TYPE_CHECKING:
    import pyarrow as pa

WHOLE_PRODUCT = tuple(column for column in COLUMNS if column != "sku")  # what a service `needs` that takes all of it


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
    of every batch of this service and scope before it. ``key`` names what is handed over, the same for each try to send
    it and another for each part of a batch, as ``search/en-US/00000041`` and ``search/en-US/00000041/2``. Nothing may
    be sent after ``deadline``, a moment of ``time.monotonic()``.
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


class BatchUnanswered(ServiceUnavailable):
    """A service got a batch and broke down over it, as one does over a product that it cannot bear: the connection was
    cut, it answered that it failed (HTTP 500), or no answer came in time. Nobody knows what it took.

    If the service is there still (see ``Preparing``), the batch is sent again in halves. A product that is alone
    without an answer while others got theirs is rejected, and perhaps held; its removal is failed, and stays due. If
    nothing gets an answer, all of it is failed.
    """


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
    may take, all tries included; without a fence, the next writer waits so long for what was not answered.
    """

    receipt_is_delivery: bool
    needs: tuple[str, ...]
    fence: Fence
    batch_seconds: int

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation | pa.Table:
        """Hand over a batch and return the answers, as a relation or as a table of Arrow.

        The answers have ``sku``, ``outcome`` (received, removed, rejected, failed, overtaken), ``words`` and
        ``answered_at`` (UTC; NULL where the receipt is the answer); where the receipt is the delivery, they keep all
        columns of the batch, each row being its own answer. A SKU without an answer is failed. ``overtaken``: the fence
        refused it, because a newer version is there; it is due again.

        Raises ServiceUnavailable when nobody answered: the whole batch counts as failed, because it may have been
        applied. Raises BatchUnanswered if that may be the fault of a product in it. Raises ServiceRefused when the
        service does not let the connection in, or is not at the place that the settings name. Raises BatchCutOff when
        answers came and then no more. Raises BatchRefused when the batch as a whole was refused and nothing of it
        taken. The answers are read once, before the batch is dropped, and checked: a SKU that nobody asked about or
        that is answered twice, and an outcome that is unknown or does not fit the operation, make all of them void.
        """


@runtime_checkable
class Preparing(Protocol):
    """A service that has to be made ready, or asked whether it is there, before anything is sent to it."""

    def prepare(self) -> None:
        """Make the place where products go, if it is not there. Called before each transfer that has something to
        deliver; changes nothing when it is called again. Raises ServiceUnavailable if nobody answers: then nothing was
        sent, and nothing is recorded as sent. Called again after a batch that got no answer, to tell a service that is
        gone from one that only a product of the batch brings down.
        """


@runtime_checkable
class Closing(Protocol):
    """A service that keeps something open from one batch to the next, as a connection."""

    def close(self) -> None:
        """Let go what is open. Called at the end of each transfer, however it ends; a later call opens it anew."""


@runtime_checkable
class Versioned(Protocol):
    """A service that can tell the highest version that it holds, for a store that was restored from a backup."""

    def highest_version(self) -> int:
        """The highest version of all that it holds of this scope; 0 where it holds nothing."""


@runtime_checkable
class Purging(Protocol):
    """A service that keeps something of removed products, because it refuses late requests by it."""

    def purge(self, version: int) -> None:
        """Delete what is left of products that were removed long before ``version``, that of the newest batch.

        Called at the end of a transfer that delivered something. A version is a time in microseconds since 1970, as
        the receipts have it, so a machine whose clock is ahead deletes nothing too early. Raises ServiceUnavailable
        where nobody answers; that is logged, and the transfer has succeeded all the same.
        """


@dataclass(frozen=True, slots=True)
class Remark:
    """What a service found out about itself: ``level`` is ok, note or problem."""

    level: Literal["ok", "note", "problem"]
    sentence: str


@runtime_checkable
class Examining(Protocol):
    """A service that `check` can ask whether products would arrive."""

    def examine(self, con: duckdb.DuckDBPyConnection, sample: Relation | None) -> Iterator[Remark]:
        """Try whether it lets us in, is the place that it should be, takes a product and refuses an older version.

        ``sample`` has a few products as ``deliver`` gets them, None where the scope has none. What is written for a try
        is taken away again, and nobody who reads the place sees it meanwhile. Raises ServiceUnavailable if nobody
        answers.
        """


@runtime_checkable
class Holding(Protocol):
    """A service that can be read back, so that an audit can compare what it holds with the receipts."""

    def count(self) -> int:
        """How many products it holds of this scope, whoever wrote them."""

    def holds(self, con: duckdb.DuckDBPyConnection, skus: Relation | None = None) -> Relation:
        """What it really holds of this scope: all, or of these ``skus``.

        One row per product: ``sku``, ``hash`` (as it was delivered; NULL where we did not write it last), ``version``
        (NULL where the place keeps none), and ``is_ours``: it bears our marker. A removed product is no row. Raises
        ServiceUnavailable where the answer is not whole: a part of an answer gives no verdict.
        """


@runtime_checkable
class Comparing(Protocol):
    """A service of the kind ``Holding`` whose values can be changed there while the hash stays as we wrote it."""

    def altered(self, con: duckdb.DuckDBPyConnection, batch: Relation, covered: Collection[str]) -> Relation:
        """The ``sku`` of each product of a batch that it holds in this hash, and with another value than it was sent.

        The batch has the rows of ``deliver``, without removals. Only what follows from the ``covered`` product columns
        is compared: others may have changed since, and the hash not. Raises ServiceUnavailable where the answer is not
        whole.
        """


@runtime_checkable
class Rebuilding(Protocol):
    """A service that can be filled anew at a place beside the one that is served, and then serve that one instead.

    A ``build`` names one such try, in letters and digits, and is never used again. Once it was switched or dropped,
    nothing more is taken for it, however late it arrives.
    """

    @property
    def remembers(self) -> timedelta:
        """How long after its removal a product may still be brought by a late request."""

    def definition(self) -> str:
        """How a new place would be made, in few signs: a place that was begun by another definition is dropped."""

    def begin(self, build: str) -> None:
        """Make the place. Raises InvalidSettings where it could not be switched to in the end."""

    def build(self, build: str) -> Service:
        """The service that delivers to this place, which is ``Holding`` too."""

    def building(self, build: str) -> str | None:
        """The name of the place; None where it was switched or dropped, or is not there for another reason."""

    def refuse_losses(self, build: str) -> None:
        """Raise InvalidSettings, with a list, where the place lacks what somebody set at the one that is served."""

    def served(self) -> str | None:
        """The name of the place that is served; None where there is none."""

    def switch(self, build: str) -> str | None:
        """Serve the place, in one step that happens wholly or not at all; once more changes nothing. Returns the name
        of the place that is served afterwards: another one where the build was dropped before.
        """

    def drop(self, build: str) -> None:
        """Give the place up, unless it is served meanwhile; nothing where it is not there."""

    def sweep(self, places: Collection[str], builds: Collection[str]) -> None:
        """Delete what rebuilds left, apart from these ``places`` and those of these ``builds``."""


@runtime_checkable
class Foretelling(Protocol):
    """A service that can say which products it would reject, so that `check` need not deliver any."""

    def rejections(self, batch: Relation) -> Relation:
        """The ``sku`` of each product of a batch that it would reject, and the ``reason``.

        The batch has the rows of ``deliver``, without removals. The reasons are few: products are counted by them.
        """
