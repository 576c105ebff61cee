"""Whether products would arrive in a table: everything that a delivery does, tried in a transaction that is rolled
back, so that nobody sees any of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datasync.databases.driver_errors import DriverError
from datasync.delivery.services.base import Remark
from datasync.delivery.services.sql import failures, transactions
from datasync.delivery.services.sql.dialect import Dialect
from datasync.delivery.services.sql.session import Session
from datasync.delivery.services.sql.statements import Statements
from datasync.quantity import quantity

if TYPE_CHECKING:
    import pyarrow as pa


def examined(
    statements: Statements, key: str, sample: pa.Table | None, dialect: Dialect, session: Session
) -> list[Remark]:
    """What a trial of all came to. Raises what a delivery would raise, where the table cannot be used."""
    return [*_tried(statements, key, sample, dialect, session)]


def _tried(
    statements: Statements, key: str, sample: pa.Table | None, dialect: Dialect, session: Session
) -> Iterator[Remark]:
    yield Remark("ok", f"it lets us in: {dialect.version(session)}.")
    is_there = transactions.are_there(statements, key, dialect, session)
    if not is_there:
        transactions.create(statements, dialect, session)
    shape = transactions.fitting_shape(statements, key, dialect, session)
    state = "is there, and has what it needs" if is_there else "is not there yet, and can be made"
    yield Remark("ok", f"the table {statements.table} {state}.")
    newest = transactions.highest_version(statements, key, dialect, session) + 1
    transactions.enter(statements, newest, session)
    if transactions.enter(statements, newest - 1, session):
        yield Remark("problem", "its fence let an older batch in after a newer one, so a late one would do harm.")
    else:
        yield Remark("ok", "its fence refuses a batch that comes after a newer one.")
    if sample is None or not sample.num_rows:
        return
    try:
        transactions.put(statements, shape, sample, newest, dialect, session)
        yield Remark("ok", f"{quantity(sample.num_rows, 'product')} of a sample would be taken.")
    except DriverError as error:
        if not failures.is_of_a_row(error):
            raise
        yield Remark("problem", f"it would reject some products of a sample. {failures.words(error)}.")
