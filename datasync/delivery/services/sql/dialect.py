"""What a kind of database has to say for a service to keep a table there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from datasync.delivery.services.sql.columns import Kind
from datasync.delivery.services.sql.session import Session
from datasync.delivery.services.sql.tables import Shape, TableColumn

FENCE = "datasync_fence"  # one for all tables of a schema: the version of the last batch, for each table and scope
STAGE = "datasync_stage"  # a temporary table: the rows of a batch, every column as text
EXPECTED = "datasync_expected"  # a temporary table: the rows of a batch as the table would have them


class Dialect(Protocol):
    """A database at its URL. ``types`` are those of the columns of a table that is made; ``now`` is the time, as
    SQL.
    """

    types: ClassVar[Mapping[Kind, str]]
    now: str

    def rehearsing(self) -> Dialect:
        """The same for who only tries, and must leave nothing behind."""

    def connect(self) -> Any:
        """A connection of the driver's, in a transaction."""

    def begin(self, session: Session, seconds: float) -> None:
        """What a transaction begins with; the database itself ends it after about ``seconds``."""

    def lock(self, session: Session, table: str) -> None:
        """Wait until nobody else makes this table."""

    def shape(self, session: Session, table: str) -> Shape | None:
        """A table as it is; None where there is none. Raises Misplaced where there can be none."""

    def cast(self, column: TableColumn, kind: Kind, text: str) -> str:
        """SQL for a value for a column, from an expression that gives a value of a kind as text."""

    def differ(self, left: str, right: str) -> str:
        """SQL for whether two values of one column differ, where NULL is a value like another."""

    def version(self, session: Session) -> str:
        """The name of the database and its version, for people."""


class Misplaced(Exception):
    """There can be no table of that name: says why, and what to do."""

    def __init__(self, problem: str, fix: str) -> None:
        self.problem, self.fix = problem, fix
        super().__init__(problem)
