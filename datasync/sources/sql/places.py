"""Where a sql scope's database is, and what its errors mean for whoever wrote the settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from datasync.databases.addresses import shown, url_of
from datasync.databases.driver_errors import Closed, Damaged, Refused, Spoilt, Unreachable
from datasync.errors import (
    DatasyncError,
    InvalidConnection,
    InvalidSettings,
    SettingsError,
    SourceUnavailable,
    UnfitValue,
    UnreadableFile,
)
from datasync.sources.base import Opening
from datasync.sources.sql.drivers import connected
from datasync.sources.sql.statements import SourceRows

_TYPES = "postgres, sqlite, mysql, mssql, oracle, or another that SQLAlchemy has a dialect for"


class Place:
    """The database of one scope."""

    def __init__(self, opening: Opening) -> None:
        self._opening, self._name, self._scope, self._source = opening, opening.name, opening.scope, opening.source

    @contextmanager
    def opened(self) -> Iterator[SourceRows]:
        """The scope's rows on a connection of their own; errors of the database become ours."""
        url = self._url()
        try:
            with self._connected(url) as rows:
                for setting in ("cursor", "key", "deleted"):
                    if rows.has(setting):
                        rows.column(setting)
                yield rows
        except (Refused, Unreachable) as error:
            raise self._our_error(url, error) from None

    @contextmanager
    def _connected(self, url: URL) -> Iterator[SourceRows]:
        with connected(url, self._source.time_zone) as driver:
            yield SourceRows(driver, self._name, self._scope)

    def _our_error(self, url: URL, error: Refused | Unreachable) -> DatasyncError:
        key, where = f"scopes.{self._name}", shown(url)
        if isinstance(error, Spoilt):
            relation = f"the table {self._scope.table}" if self._scope.table else "the query"
            return UnfitValue(self._name, relation, self._spoilt_column(url), str(error))
        if isinstance(error, Damaged):
            return UnreadableFile(where, "the file is damaged, by the database's own word")
        if isinstance(error, Closed):
            return self._mistaken(f"does not open the database {where}: {error}{self._names(error)}")
        if isinstance(error, Refused):
            what = "table" if self._scope.table else "query"
            return InvalidSettings(
                f"{key}.{what}", f"the database refuses: {error}{self._names(error)}.", "Mend it, or the connection."
            )
        return SourceUnavailable(f"{key}: the database ({where}) did not answer, or broke off: {error}.")

    def _names(self, error: Refused) -> str:
        """The names in a driver's words that stand in the settings too: only those are ours to show."""
        scope = self._scope
        own = " ".join(filter(None, (scope.table, scope.query, scope.cursor, scope.key, scope.deleted)))
        quoted = re.findall(r"[\"'`]([^\"'`]{1,60})[\"'`]|no such \w+: ([\w.]+)", error.words)
        names = dict.fromkeys(name for pair in quoted for name in pair if name and name in own)
        return f": {', '.join(names)}" if names else ""

    def _spoilt_column(self, url: URL) -> str | None:
        """The first column that cannot be read by itself; None where none can, or all can."""
        try:
            with self._connected(url) as rows:
                rows.count()
                names = rows.names
            return next((name for name in names if self._is_spoilt(url, name)), None)
        except (Refused, Unreachable):
            return None

    def _is_spoilt(self, url: URL, name: str) -> bool:
        try:
            with self._connected(url) as rows:
                for _ in rows.rows(None, names=(name,)):
                    pass
        except Spoilt:
            return True
        return False

    def _url(self) -> URL:
        url = make_url(self._source.url) if self._source.url else self._from_connection()
        try:
            url.get_dialect()
        except sa.exc.NoSuchModuleError:
            raise self._mistaken(
                f"is of type {url.drivername!r}, and a sql source needs a database: {_TYPES}"
            ) from None
        return url

    def _mistaken(self, problem: str) -> SettingsError:
        """A way in that cannot work, told of where it is written."""
        if self._source.connection:
            return InvalidConnection(self._source.connection, problem)
        return InvalidSettings(f"sources.{self._scope.source}.url", f"{problem}.", "Mend it.")

    def _from_connection(self) -> URL:
        return url_of(self._opening.connection(), "source", _TYPES)
