"""The options of an Akeneo source, and what its scopes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from datasync.settings.options import HttpSourceOptions, Scope
from datasync.settings.values import ConnectionName, Whole, known_zone

if TYPE_CHECKING:
    from datasync.sources.base import Opening, Source


class AkeneoScope(Scope):
    """A channel of the PIM, one of its locales (by default the one that the scope is named after), and the currency
    of prices.
    """

    needed: ClassVar[tuple[str, str] | None] = ("channel", "ecommerce")

    channel: str | None = None
    locale: str | None = None
    currency: str | None = None


class AkeneoSource(HttpSourceOptions):
    """An Akeneo PIM. ``identifier`` is the attribute that holds the SKU (default: the PIM's main one); ``time_zone`` is
    the server's, in which it reads times.
    """

    scope_model: ClassVar[type[Scope]] = AkeneoScope
    outside_fingerprint: ClassVar[frozenset[str]] = HttpSourceOptions.outside_fingerprint | {"page_size"}

    kind: Literal["akeneo"]
    connection: ConnectionName
    identifier: str | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    page_size: Annotated[Whole, Field(ge=1, le=100)] = 100

    def open(self, opening: Opening) -> Source:
        from datasync.sources.rest.akeneo import Akeneo

        return Akeneo(opening)
