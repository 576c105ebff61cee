"""The options of an Adobe Commerce source, and what its scopes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from datasync.settings.options import HttpSourceOptions, Scope
from datasync.settings.values import ConnectionName, Whole

if TYPE_CHECKING:
    from datasync.sources.base import Opening, Source


class AdobeCommerceScope(Scope):
    """A store view of the shop."""

    needed: ClassVar[tuple[str, str] | None] = ("store_view", "default")

    store_view: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = None


class AdobeCommerceSource(HttpSourceOptions):
    """An Adobe Commerce or Magento shop over REST, on its own servers (``paas``) or as Adobe's service (``saas``)."""

    scope_model: ClassVar[type[Scope]] = AdobeCommerceScope
    outside_fingerprint: ClassVar[frozenset[str]] = HttpSourceOptions.outside_fingerprint | {"page_size"}

    kind: Literal["adobe-commerce"]
    connection: ConnectionName
    deployment: Literal["paas", "saas"] = "paas"
    page_size: Annotated[Whole, Field(ge=1, le=10_000)] = 300

    def open(self, opening: Opening) -> Source:
        from datasync.sources.rest.adobe_commerce import AdobeCommerce

        return AdobeCommerce(opening)
