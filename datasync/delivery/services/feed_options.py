"""The options of a feed: the limits by which it rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from datasync.product import PRODUCT_COLUMNS
from datasync.settings.options import ServiceOptions
from datasync.settings.values import Whole

if TYPE_CHECKING:
    from datasync.delivery.services.base import Service, ServiceOpening


class FeedService(ServiceOptions):
    """A feed that consumers read from the store. It rejects a payload larger than ``max_bytes``, and a product
    without a value in a ``required`` column.
    """

    refuses_by: ClassVar[tuple[str, ...]] = ("max_bytes", "required")

    kind: Literal["feed"] = "feed"
    max_bytes: Annotated[Whole, Field(ge=1)] = 200_000
    required: tuple[Literal[PRODUCT_COLUMNS], ...] = ()  # type: ignore[valid-type]

    def open(self, opening: ServiceOpening) -> Service:
        from datasync.delivery.services.feed import Feed

        return Feed(self.max_bytes, self.required)
