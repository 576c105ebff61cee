"""One connection to a database, in one transaction, by an Arrow-native driver (ADBC)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from datasync.databases.driver_errors import opening, translated

if TYPE_CHECKING:
    import pyarrow as pa


class Session:
    """Statements in one transaction. Nothing of it stands before ``commit``. Raises DriverError."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        with opening():
            self._connection = connect()
            self._cursor = self._connection.cursor()

    def run(self, sql: str) -> None:
        """Execute a statement, whatever it gives."""
        with translated():
            self._cursor.execute(sql)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a SELECT, as Python has them."""
        with translated():
            self._cursor.execute(sql)
            return [tuple(row) for row in self._cursor.fetchall()]

    def table(self, sql: str) -> pa.Table:
        """All rows of a SELECT, as Arrow has them."""
        with translated():
            self._cursor.execute(sql)
            table: pa.Table = self._cursor.fetch_arrow_table()
            return table

    def load(self, name: str, rows: pa.Table) -> None:
        """Make a temporary table of ``rows``, whose columns are all text."""
        with translated():
            self._cursor.adbc_ingest(name, rows, mode="create", temporary=True)

    def commit(self) -> None:
        """Let everything stand, at once."""
        with translated():
            self._connection.commit()

    def close(self) -> None:
        """End the connection; what was not committed never happened."""
        for end in (self._cursor.close, self._connection.rollback, self._connection.close):
            with suppress(Exception):  # the connection may be gone already
                end()
