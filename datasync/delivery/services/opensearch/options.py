"""The options of an OpenSearch service."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from datasync.settings.options import AuditedService, absolute_at
from datasync.settings.values import ConnectionName, Duration, Whole

if TYPE_CHECKING:
    from datasync.delivery.services.base import Service, ServiceOpening

_ALIAS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]|\{scope\})*|\{scope\}(?:[A-Za-z0-9._-]|\{scope\})*")
_LONGEST = 100  # letters, without those of the scope; a name of OpenSearch may have 255 bytes


def _alias(name: str) -> str:
    if not _ALIAS.fullmatch(name) or len(name) > _LONGEST:
        raise ValueError(
            f"is no name of an index: use at most {_LONGEST} letters, digits, '.', _ and -, begin with a letter or "
            'digit, and write {scope} where the scope goes, as in "products-{scope}"'
        )
    return name


class OpenSearchService(AuditedService):
    """An alias of OpenSearch for each scope, called ``index``, and an index behind it with a document for each product.

    ``mapping`` is a JSON file with the settings and mappings of a new index, in the place of those that ship.
    ``purge_after`` is how long a removed product keeps a document that refuses late requests. ``batch_bytes`` is the
    most that one request holds, ``concurrency`` how many are on their way at once, and ``timeout`` how long one answer
    may take.
    """

    place_of_its_own: ClassVar[str] = "an index of its own, with {scope} where the scope goes"

    kind: Literal["opensearch"]
    connection: ConnectionName = Field(
        description="where it is: Airflow's connection, or AIRFLOW_CONN_SEARCH", examples=["search"]
    )
    index: Annotated[str, AfterValidator(_alias)] = Field(
        "products-{scope}", description="the alias of a scope, which is searched"
    )
    mapping: str | None = Field(
        None, description="settings and mappings of a new index, in place of those that ship", examples=["search.json"]
    )
    purge_after: Duration = Field(
        timedelta(days=7), description="how long a removed product keeps a document that refuses late requests"
    )
    batch_bytes: Annotated[Whole, Field(ge=1_000, le=100_000_000)] = Field(
        8_000_000, description="the most that one request holds"
    )
    concurrency: Annotated[Whole, Field(ge=1, le=16)] = Field(2, description="requests that are on their way at once")
    timeout: Duration = Field(timedelta(minutes=1), description="how long one answer may take")

    @classmethod
    def placed(cls, written: dict[Any, Any], folder: str) -> dict[Any, Any]:
        """Its mapping is relative to the settings file."""
        return absolute_at(super().placed(written, folder), "mapping", folder)

    def alias(self, scope: str) -> str:
        """The name by which a scope's products are searched. OpenSearch takes small letters alone."""
        return self.index.replace("{scope}", scope).lower()

    def target(self, scope: str) -> str:
        return f"{super().target(scope)} {self.alias(scope)}"

    def open(self, opening: ServiceOpening) -> Service:
        from datasync.delivery.services.opensearch.service import OpenSearch

        return OpenSearch(self, opening)
