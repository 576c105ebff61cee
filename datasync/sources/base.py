"""What a source is: somewhere raw records come from. It yields records, never products; the scope's map makes those.

A kind is a class that has these methods, the class of its options beside it, and one line in ``registry``; see
docs/adding-a-source.md.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable

import duckdb

from datasync.connection import Connection, Credentials
from datasync.relation import Relation
from datasync.store.files import Store

# Errors that no record and no file causes: the SQL is wrong, or there is no room.
OURS = (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.OutOfMemoryException)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a kind is opened with: its scope, by name and settings, the settings of its source, and the way to secrets.

    ``scope`` and ``source`` are of the kind's own models.

    ``store`` and ``run`` are there when records are to be pulled: pages of a network source are kept under that run, so
    that a pull that was killed goes on where it was.
    """

    name: str
    scope: Any
    source: Any
    credentials: Credentials
    store: Store | None = None
    run: str | None = None

    def connection(self) -> Connection:
        """The connection that the source names, asked for anew; MissingConnection where there is none."""
        return self.credentials(self.source.connection)


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a pull asks of its source.

    ``complete``: every product. ``changed``: what may have changed since ``watermark`` (None: since ever), as the kind
    itself wrote it at the last scheduled pull. ``skus``: those, and for each that is not there, the knowledge that it
    is not. ``is_sample``: a beginning is enough, for trying things out; a source that pays for every record stops soon,
    and what it gives is not complete. ``ticket`` is the pull's: its number in the order in which pulls began.
    """

    what: Literal["complete", "changed", "skus"]
    at: datetime
    watermark: str | None = None
    skus: tuple[str, ...] = ()
    is_sample: bool = False
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class Original:
    """A record as its source has it: the ``nth`` (from 0) that ``select`` gave of ``place``, its line there, and its
    text.

    ``intact`` is False where the text had to be patched to be text at all.
    """

    place: str
    nth: int
    line: int
    text: str
    intact: bool = True


Originals = Callable[[Mapping[str, Collection[int]]], Iterator[Original]]


@dataclass(frozen=True, slots=True)
class Records:
    """Raw records, ready for one statement to read.

    What a record is: ``names`` are the fields that records are known to have; if ``sampled``, records further on may
    have more, and ``reader.has`` says of one field whether any record has it. ``record_expr`` is an SQL expression over
    a row of ``reader.select`` that gives the record, as text or as a row of fields, which becomes JSON where it is
    needed. Where it is NULL, ``originals`` gives the records that go to quarantine, by place and number. ``map`` makes
    products of the kind's fields; the scope's own map replaces single columns of it. ``time_zone`` is that of times
    without an offset; without one they are taken as UTC.

    What is no product: ``spoilt`` is an SQL expression like ``record_expr``. It gives a sentence where the record was
    read but a field that was asked for could not be; that field is NULL then, and the record is `bad-value` under its
    SKU. ``condition`` is an SQL expression that is true for records of this scope; the others are `filtered`, whatever
    they hold. ``rejects`` is called after the records were read; it gives what the reader passed over: ``_place``,
    ``_line``, ``record``, ``sentence``. ``cut_outs`` gives the damaged records that the reader does not get: those of
    the named fields that could be read of each, and ``_place``, ``_line``, ``_unreadable``, ``_text``. ``deletions``
    reads records, apart from the others, that a partial answer says were deleted.

    What may go wrong: ``without_broken`` is called when reading failed. It gives the records without what cannot be
    read, or raises the error that names it. ``recheck`` is called once all was read. It gives None, or the records
    without what was still being written meanwhile, or raises. ``counted`` is called after that. It gives the number of
    records that the source holds, by a count that owes nothing to the reader; None where there is no such count.

    ``suspicion`` is called where nearly no record could be read, or a field is missing. It gives a sentence on what may
    be wrong with all records of a file, by its name, or of any; None where there is nothing to say.

    What the answer is worth: ``began`` is when reading began, where that was in an earlier try, and ``ticket`` that
    try's ticket (0: it had none). ``by_change_time``: records say what products were at their ``updated_at``, not what
    they are now, so an older one does not override the catalog. ``are_files``: the places are files, and one of which
    nothing can be read is no part of a complete catalog.
    """

    reader: Reader
    record_expr: str
    names: tuple[str, ...]
    complete: bool
    answers_absence: bool
    spoilt: str = "NULL::VARCHAR"
    condition: str = "true"
    are_files: bool = False
    originals: Originals | None = None
    sampled: bool = False
    watermark: str | None = None
    rejects: Callable[[duckdb.DuckDBPyConnection], Relation] | None = None
    cut_outs: Callable[[Collection[str]], Relation] | None = None
    deletions: Reader | None = None
    recheck: Callable[[], Records | None] | None = None
    without_broken: Callable[[duckdb.DuckDBPyConnection, Exception], Records] | None = None
    counted: Callable[[duckdb.DuckDBPyConnection], int] | None = None
    suspicion: Callable[[str | None], str | None] = lambda name: None
    requests: int = 1
    notes: tuple[str, ...] = field(default=())
    map: Mapping[str, str] = field(default_factory=dict)
    began: datetime | None = None
    by_change_time: bool = False
    ticket: int | None = None
    time_zone: str | None = None


class Reader(Protocol):
    """How a source's records are read."""

    def select(self, fields: Collection[str]) -> Relation:
        """One row per record, in the source's order.

        It has the named fields as text (one that no record has is NULL), ``_place`` (file or page, for people),
        ``_unreadable`` (a sentence where the record could not be read, else NULL), ``_blank`` (true for a row without
        a value in any cell), and whatever ``record_expr`` needs. Every row comes, because blank rows are counted.
        """

    def has(self, con: duckdb.DuckDBPyConnection, field: str) -> bool:
        """Whether any record has the field, be it NULL there."""

    def all_names(self, con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
        """Every field that any record has; may read all records."""


@runtime_checkable
class Offering(Protocol):
    """A source that can say which scopes it could feed."""

    def offers(self) -> str:
        """A sentence that lists them, as the settings name them; asks the source."""


class Source(Protocol):
    """One scope's way to its source."""

    def records(self, con: duckdb.DuckDBPyConnection, request: PullRequest) -> Records:
        """The raw records that answer ``request``; ``Records.complete`` says whether they are the whole catalog.

        Raises SourceUnavailable where trying again may help, NoFiles or UnreadableFile where the data stand in the way.
        """

    def scheduled(self) -> Literal["complete", "changed"]:
        """What a scheduled pull asks for."""

    def requests(self, request: PullRequest) -> int:
        """How many requests (files, pages, queries) ``request`` costs the source, as far as that is known before."""
