"""The database of a sql service: work in a session of its own, by a deadline, and its errors as ours.

A driver waits for a server without an end. So the work is done in a thread that nobody waits for longer than the
deadline. If the server goes on afterwards, the work may still be committed, as a late request: the fence judges it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from sqlalchemy.engine import URL

from datasync.databases.addresses import shown, url_of
from datasync.databases.driver_errors import Closed, Damaged, DriverError, NeverReached, Refused, Unreachable
from datasync.delivery.services.base import BatchRefused, BatchUnanswered, ServiceOpening
from datasync.delivery.services.sql import failures
from datasync.delivery.services.sql.dialect import Dialect
from datasync.delivery.services.sql.postgresql import PostgreSQL
from datasync.delivery.services.sql.session import Session
from datasync.delivery.services.sql.sqlite import SQLite
from datasync.errors import InvalidConnection, InvalidSettings, ServiceUnavailable

_DIALECTS: dict[str, type[PostgreSQL] | type[SQLite]] = {"postgresql": PostgreSQL, "sqlite": SQLite}
_TYPES = "postgres or sqlite"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0

Result = TypeVar("Result")
Work = Callable[[Dialect, Session], Result]


class Database:
    """Where the rows of one scope go."""

    def __init__(self, opening: ServiceOpening) -> None:
        self._opening, self._key = opening, f"services.{opening.name}"

    def ask(self, work: Work[Result], deadline: float, *, rehearses: bool = False) -> Result:
        """The result of some work in a session, which commits by itself; done again where another transaction was in
        its way. ``rehearses``: it only tries, and commits nothing.

        Raises ServiceUnavailable where nobody was there, BatchUnanswered where it broke off or was not done by
        ``deadline``, BatchRefused where a row does not fit, and a SettingsError where the settings or the database have
        to be mended.
        """
        url = self._url()
        dialect: Dialect = _DIALECTS[url.get_backend_name()](url)
        try:
            return _within(deadline, partial(_tried, dialect.rehearsing() if rehearses else dialect, work, deadline))
        except DriverError as error:
            raise self._our_error(url, error) from None

    def _our_error(self, url: URL, error: DriverError) -> Exception:
        where = shown(url)
        if failures.is_of_a_row(error):
            return BatchRefused(failures.words(error))
        if isinstance(error, Closed):
            return InvalidConnection(self._opening.options.connection, f"does not open the database {where}: {error}")
        if isinstance(error, Damaged):
            return InvalidConnection(self._opening.options.connection, f"leads to a damaged database ({where})")
        if isinstance(error, Refused):
            return InvalidSettings(
                f"{self._key}.table", f"the database ({where}) refuses: {error}.", "Mend the table, or its rights."
            )
        kind = ServiceUnavailable if isinstance(error, NeverReached) else BatchUnanswered
        return kind(f"{self._key}: the database ({where}) did not answer, or broke off: {error}.")

    def _url(self) -> URL:
        connection = self._opening.connection()
        url = url_of(connection, "service", _TYPES)
        if url.get_backend_name() not in _DIALECTS:
            problem = f"is of type {connection.type!r}, and a sql service needs a database: {_TYPES}"
            raise InvalidConnection(connection.name, problem)
        return url.set(database=url.database or connection.host) if url.get_backend_name() == "sqlite" else url


def _tried(dialect: Dialect, work: Work[Result], deadline: float) -> Result:
    pause = _FIRST_PAUSE
    while True:
        try:
            with _session(dialect, deadline - time.monotonic()) as session:
                return work(dialect, session)
        except DriverError as error:
            if not failures.is_passing(error) or time.monotonic() + pause >= deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


@contextmanager
def _session(dialect: Dialect, seconds: float) -> Iterator[Session]:
    session = Session(dialect.connect)
    try:
        dialect.begin(session, max(seconds, 0.001))
        yield session
    finally:
        session.close()


def _within(deadline: float, work: Callable[[], Result]) -> Result:
    """The result of some work in a thread of its own; Unreachable where it is not done by ``deadline``."""
    result: Future[Result] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True, name="sql service").start()
    try:
        return result.result(max(deadline - time.monotonic(), 0))
    except TimeoutError:
        raise Unreachable("it did not answer in time") from None
