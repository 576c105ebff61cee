"""A table of a SQL database that has a row for each product of its scopes: every batch is one transaction.

The rows of a batch go into a temporary table first. Then its version goes into the fence, which lets nobody else in
until the transaction ends, and refuses a batch that comes after a newer one. Then the rows are added, replaced and
removed, and all of it is committed at once. So a batch is taken whole or not at all, and what is committed is the
answer.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING

import duckdb

from datasync import product
from datasync.delivery.services.base import Batch, Fence, Remark, ServiceOpening
from datasync.delivery.services.sql import columns, transactions
from datasync.delivery.services.sql.columns import Column, columns_of
from datasync.delivery.services.sql.database import Database
from datasync.delivery.services.sql.examination import examined
from datasync.delivery.services.sql.options import SqlService
from datasync.delivery.services.sql.statements import Statements
from datasync.relation import Relation, register, select
from datasync.store.files import open_database

if TYPE_CHECKING:
    import pyarrow as pa

READ_SECONDS = 300  # a table of millions is read back whole


class SqlTable:
    """The rows of one scope in a table."""

    receipt_is_delivery = False
    fence: Fence = "transaction"
    needs = tuple(column for column in product.COLUMNS if column != "sku")

    def __init__(self, opening: ServiceOpening) -> None:
        self._name, self._scope = opening.name, opening.scope
        self._options: SqlService = opening.options
        self._database = Database(opening)
        self.batch_seconds = self._options.batch_seconds

    def prepare(self) -> None:
        """Make the table and its fence where they are not there. Raises InvalidSettings where the table cannot be
        used.
        """
        self._database.ask(partial(transactions.prepare, self._statements, self._key), self._deadline())

    def deliver(self, con: duckdb.DuckDBPyConnection, batch: Batch) -> Relation:
        rows = _arrow(con, columns.texts(self._columns, batch.rows))
        take = partial(transactions.take, self._statements, self._key, columns.sendable(rows), batch.version)
        return columns.answers(con, rows, is_taken=self._database.ask(take, batch.deadline))

    def highest_version(self) -> int:
        return self._database.ask(partial(transactions.highest_version, self._statements, self._key), self._deadline())

    def count(self) -> int:
        return self._database.ask(
            partial(transactions.count, self._statements, self._key), self._deadline(READ_SECONDS)
        )

    def holds(self, con: duckdb.DuckDBPyConnection, skus: Relation | None = None) -> Relation:
        only = None if skus is None else _arrow(con, select("SELECT sku FROM skus", skus=skus))
        rows = self._database.ask(
            partial(transactions.held, self._statements, self._key, only), self._deadline(READ_SECONDS)
        )
        ours = "nullif(hash, '') AS hash, nullif(version, -1)::BIGINT AS version, hash <> '' AS is_ours"
        con.complete()
        return select(f"SELECT sku, {ours} FROM held", held=register(con, rows, "held"))

    def altered(self, con: duckdb.DuckDBPyConnection, batch: Relation, covered: Collection[str]) -> Relation:
        rows = columns.sendable(_arrow(con, columns.texts(self._columns, batch)))
        names = [column.name for column in self._columns if column.fields <= set(covered)]
        work = partial(transactions.altered, self._statements, self._key, rows, names)
        con.complete()
        return register(con, self._database.ask(work, self._deadline(READ_SECONDS)), "altered")

    def examine(self, con: duckdb.DuckDBPyConnection, sample: Relation | None) -> Iterator[Remark]:
        rows = None if sample is None else columns.sendable(_arrow(con, columns.texts(self._columns, sample)))
        work = partial(examined, self._statements, self._key, rows)
        yield from self._database.ask(work, self._deadline(), rehearses=True)

    @cached_property
    def _columns(self) -> tuple[Column, ...]:
        with open_database() as con:  # a service is made ready without a connection of its caller's
            return columns_of(con, self._name, self._options.columns)

    @property
    def _statements(self) -> Statements:
        return Statements(self._options.table, self._scope, self._columns, self._options.deletes == "mark")

    @property
    def _key(self) -> str:
        return f"services.{self._name}.table"

    def _deadline(self, seconds: int | None = None) -> float:
        return time.monotonic() + (seconds or self.batch_seconds)


def _arrow(con: duckdb.DuckDBPyConnection, rows: Relation) -> pa.Table:
    con.complete()  # what somebody executed and has not fetched to its end
    return con.sql(rows.sql).to_arrow_table()
