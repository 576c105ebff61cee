"""Where a database is: its URL, as a connection has it, and as much of it as may be shown."""

from __future__ import annotations

from sqlalchemy.engine import URL

from datasync.connection import Connection
from datasync.errors import InvalidConnection

_DRIVERS = {"postgres": "postgresql"}


def url_of(connection: Connection, needed_by: str, types: str) -> URL:
    """The URL of the database that a connection is; ``needed_by`` and ``types`` are for the error where it is none."""
    if not connection.type:
        raise InvalidConnection(connection.name, f"has no type, and a sql {needed_by} needs a database: {types}")
    return URL.create(
        _DRIVERS.get(connection.type, connection.type),
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema or None,
        query={key: str(value) for key, value in connection.extra.items() if isinstance(value, str | int)},
    )


def shown(url: URL) -> str:
    """Where a database is, for an error: without a password, and without extras, of which one may hold a secret."""
    return url.set(query={}).render_as_string(hide_password=True)
