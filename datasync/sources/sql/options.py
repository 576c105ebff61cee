"""The options of a sql source, and what its scopes have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from datasync.errors import InvalidSettings
from datasync.settings.options import Scope, SourceOptions, absolute
from datasync.settings.values import ConnectionName, Whole, known_zone, open_url

if TYPE_CHECKING:
    from datasync.sources.base import Opening, Source


class SqlScope(Scope):
    """A scope of a database: a table or a query, and the columns that say what changed, in which order, and what is
    deleted.
    """

    locale: str | None = None
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    key: str | None = None
    deleted: str | None = None

    def refuse(self, name: str, source: SourceOptions) -> None:
        super().refuse(name, source)
        if bool(self.table) == bool(self.query):
            problem = "needs a table or a query, one of the two."
            raise InvalidSettings(f"scopes.{name}", problem, "Write what to read from the database.")
        if isinstance(source, SqlSource) and source.page_size and not self.key:
            fix = "Name a column that tells rows apart and never changes, or leave `page_size` out of the source."
            raise InvalidSettings(f"scopes.{name}.key", "is missing: its source reads in pages.", fix)


class SqlSource(SourceOptions):
    """A SQL database: by ``connection``, or by a ``url`` of SQLAlchemy's that needs no secret. ``time_zone`` is that
    of times without one; with ``page_size``, rows are asked for so many at a time.
    """

    scope_model: ClassVar[type[Scope]] = SqlScope
    outside_fingerprint: ClassVar[frozenset[str]] = SourceOptions.outside_fingerprint | {"page_size"}
    extra: ClassVar[str] = "datasync[sql]"  # SQLAlchemy and the drivers

    kind: Literal["sql"]
    connection: ConnectionName | None = None
    url: Annotated[str, AfterValidator(open_url)] | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    page_size: Annotated[Whole, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> SqlSource:
        if (self.connection is None) == (self.url is None):
            raise ValueError("needs a connection or a url, one of the two")
        return self

    @classmethod
    def placed(cls, written: dict[Any, Any], folder: str) -> dict[Any, Any]:
        """A SQLite file lies beside the settings, unless its path is absolute."""
        url = written.get("url")
        address = re.fullmatch(r"(sqlite(?:\+\w+)?:///)(?!/)(.+)", url) if isinstance(url, str) else None
        return {**written, "url": f"{address[1]}{absolute(address[2], folder)}"} if address else written

    def open(self, opening: Opening) -> Source:
        from datasync.sources.sql.source import Database

        return Database(opening)
