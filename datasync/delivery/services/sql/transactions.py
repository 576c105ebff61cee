"""The transactions of a sql service: the work that ``Database.ask`` does in a session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datasync.delivery.services.sql.dialect import STAGE, Dialect, Misplaced
from datasync.delivery.services.sql.session import Session
from datasync.delivery.services.sql.statements import Statements
from datasync.delivery.services.sql.tables import Shape, misfits
from datasync.errors import InvalidSettings

if TYPE_CHECKING:
    import pyarrow as pa


def prepare(statements: Statements, key: str, dialect: Dialect, session: Session) -> None:
    """Make the table and its fence where one is missing; who makes them at the same time waits."""
    if not are_there(statements, key, dialect, session):
        create(statements, dialect, session)
        session.commit()
    fitting_shape(statements, key, dialect, session)


def are_there(statements: Statements, key: str, dialect: Dialect, session: Session) -> bool:
    """Whether there are the table and its fence."""
    tables = (statements.table, statements.fence)
    return all(_shape(table, key, dialect, session) is not None for table in tables)


def create(statements: Statements, dialect: Dialect, session: Session) -> None:
    """Make what is missing of the table and its fence, in this transaction."""
    dialect.lock(session, statements.table)
    for statement in statements.create(dialect.types):
        session.run(statement)


def fitting_shape(statements: Statements, key: str, dialect: Dialect, session: Session) -> Shape:
    """The table as it is. Raises InvalidSettings where it is not there, or products cannot go into it."""
    shape = _shape(statements.table, key, dialect, session)
    if shape is None:
        raise InvalidSettings(key, f"there is no table {statements.table!r} any more.", "Sync again, which makes it.")
    for misfit in misfits(shape, statements.table, statements.wanted, dialect.types):
        raise InvalidSettings(key, f"the table {statements.table!r} {misfit.problem}.", misfit.fix)
    return shape


def take(statements: Statements, key: str, rows: pa.Table, version: int, dialect: Dialect, session: Session) -> bool:
    """Take a batch whole; False where a newer one was there."""
    shape = fitting_shape(statements, key, dialect, session)
    if not put(statements, shape, rows, version, dialect, session):
        return False
    session.commit()
    return True


def put(statements: Statements, shape: Shape, rows: pa.Table, version: int, dialect: Dialect, session: Session) -> bool:
    """Put a batch into the table, in this transaction; False where a newer one was there."""
    operations = set(rows.column("operation").unique().to_pylist())
    if operations:
        session.load(STAGE, rows)
    if not enter(statements, version, session):
        return False
    if "removed" in operations:
        session.run(statements.remove(dialect, version))
    if operations - {"removed"}:
        session.run(statements.write(dialect, shape, version))
    return True


def enter(statements: Statements, version: int, session: Session) -> bool:
    """Put a version into the fence; False where a newer one is there."""
    session.run(statements.enter(version))
    return session.rows(statements.entered()) == [(version,)]


def highest_version(statements: Statements, key: str, dialect: Dialect, session: Session) -> int:
    """The version of the last batch that was taken; 0 where there was none."""
    if _shape(statements.fence, key, dialect, session) is None:
        return 0
    rows = session.rows(statements.entered())
    return int(rows[0][0]) if rows else 0


def count(statements: Statements, key: str, dialect: Dialect, session: Session) -> int:
    """How many products the table holds; none where there is no table."""
    if _shape(statements.table, key, dialect, session) is None:
        return 0
    return int(session.rows(statements.count())[0][0])


def held(statements: Statements, key: str, only: pa.Table | None, dialect: Dialect, session: Session) -> pa.Table:
    """The products that the table holds, or those among ``only``; none where there is no table."""
    if _shape(statements.table, key, dialect, session) is None:
        return no_rows()
    if only is not None:
        session.load(STAGE, only)
    return session.table(statements.held(STAGE if only is not None else None)).cast(no_rows().schema)


def altered(
    statements: Statements, key: str, rows: pa.Table, names: Sequence[str], dialect: Dialect, session: Session
) -> pa.Table:
    """The SKUs of those ``rows`` that are there by their hash, and differ in one of the columns ``names``."""
    import pyarrow as pa

    shape = fitting_shape(statements, key, dialect, session)
    session.load(STAGE, rows)
    for statement in statements.expect(dialect, shape):
        session.run(statement)
    return session.table(statements.altered(dialect, names)).cast(pa.schema([("sku", pa.string())]))


def no_rows() -> pa.Table:
    """No product, with the columns of those that are held."""
    import pyarrow as pa

    return pa.schema([("sku", pa.string()), ("hash", pa.string()), ("version", pa.int64())]).empty_table()


def _shape(table: str, key: str, dialect: Dialect, session: Session) -> Shape | None:
    try:
        return dialect.shape(session, table)
    except Misplaced as error:
        raise InvalidSettings(key, f"{table!r} {error.problem}.", error.fix) from None
