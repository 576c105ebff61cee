"""PostgreSQL: what it has of a table, and how it is kept from waiting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy.engine import URL

from datasync.delivery.services.sql.columns import Kind
from datasync.delivery.services.sql.dialect import Misplaced
from datasync.delivery.services.sql.options import SCOPE, SKU
from datasync.delivery.services.sql.session import Session
from datasync.delivery.services.sql.tables import Shape, TableColumn, quoted, schema_of
from datasync.sql import filled, literal, query_of

IDLE_SECONDS = 20  # a worker that stands still in a transaction, as when it is paused, holds the fence no longer
_PATIENCE = {  # libpq's: how long it waits for a host that is gone
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "application_name": "datasync",
}
_SETTINGS = {
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    "client_encoding": "UTF8",
    "TimeZone": "UTC",
    "DateStyle": "ISO",
}
_TEXTS = frozenset[Kind]({"text", "whole", "number", "real", "boolean", "day", "local", "instant", "json"})
_NUMBERS = frozenset[Kind]({"whole", "number", "real"})
_TIMES = frozenset[Kind]({"day", "local", "instant"})
_TAKES: dict[str, frozenset[Kind]] = {
    **dict.fromkeys(("int2", "int4", "int8"), frozenset[Kind]({"whole"})),
    **dict.fromkeys(("numeric", "float4", "float8", "money"), _NUMBERS),
    "bool": frozenset({"boolean"}),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), _TIMES),
    **dict.fromkeys(("json", "jsonb"), frozenset[Kind]({"json"})),
    "uuid": frozenset({"text"}),
}


class PostgreSQL:
    """PostgreSQL by ADBC: rows go as its own binary COPY."""

    types: ClassVar[Mapping[Kind, str]] = {
        "text": "text",
        "whole": "bigint",
        "number": "numeric",
        "real": "double precision",
        "boolean": "boolean",
        "day": "date",
        "local": "timestamp",
        "instant": "timestamptz",
        "json": "jsonb",
    }
    now = "now()"

    def __init__(self, url: URL) -> None:
        self._url = url.set(query={**_PATIENCE, **url.query})

    def rehearsing(self) -> PostgreSQL:
        return self

    def connect(self) -> Any:
        from adbc_driver_postgresql import dbapi

        return dbapi.connect(self._url.render_as_string(hide_password=False), autocommit=False)

    def begin(self, session: Session, seconds: float) -> None:
        limit = f"{max(int(seconds * 1000), 1)}ms"
        own = {"statement_timeout": limit, "lock_timeout": limit, **_SETTINGS}
        settings = ", ".join(f"set_config({literal(name)}, {literal(value)}, true)" for name, value in own.items())
        session.run("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        session.rows(f"SELECT {settings}")

    def lock(self, session: Session, table: str) -> None:
        session.rows(f"SELECT pg_advisory_xact_lock(hashtext('datasync'), hashtext({literal(schema_of(table))}))::text")

    def shape(self, session: Session, table: str) -> Shape | None:
        words = {"table": literal(quoted(table)), "scope": literal(SCOPE), "sku": literal(SKU)}
        kinds = session.rows(filled(query_of(__package__, "postgresql_table"), **words))
        if not kinds:
            self._refuse_missing_schema(session, table)
            return None
        ((kind, has_key),) = kinds
        if kind not in ("r", "p"):
            raise Misplaced("is no table, but a view or something else", "Name a table.")
        columns = session.rows(filled(query_of(__package__, "postgresql_columns"), **words))
        return Shape(tuple(_column(*column) for column in columns), bool(has_key))

    @staticmethod
    def _refuse_missing_schema(session: Session, table: str) -> None:
        schema = schema_of(table)
        if schema and not session.rows(f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(schema)}"):
            raise Misplaced(f"there is no schema {schema!r}", "Make it, and let the login create tables in it.")

    def cast(self, column: TableColumn, kind: Kind, text: str) -> str:
        return f"CAST({text} AS {column.type})" if column.type else text

    def differ(self, left: str, right: str) -> str:
        """As text, because not every type can be compared, as json."""
        return f"{left}::text IS DISTINCT FROM {right}::text"

    def version(self, session: Session) -> str:
        ((version,),) = session.rows("SELECT current_setting('server_version')")
        return f"PostgreSQL {version}"


def _column(name: str, base: str, cast: str, category: str, shown: str, is_needed: bool) -> TableColumn:
    """A column; ``base`` is its type's name, below a domain's, and ``cast`` the same as SQL writes it.

    Text goes into a text column as it is: a cast would cut off what is too long.
    """
    if category == "S":
        return TableColumn(name, "", shown, _TEXTS, is_text=True, is_needed=is_needed)
    takes = _TAKES.get(base, frozenset({"text"}) if category == "E" else frozenset())
    return TableColumn(name, cast, shown, takes, is_text=False, is_needed=is_needed)
