"""The options of a feed: the limits by which it rejects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, field_validator

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
    meaningless_keys: ClassVar[tuple[str, ...]] = ("per_minute", "per_day")

    kind: Literal["feed"] = "feed"
    max_bytes: Annotated[Whole, Field(ge=1)] = Field(200_000, description="a larger product is rejected")
    required: tuple[Literal[PRODUCT_COLUMNS], ...] = Field(  # type: ignore[valid-type]
        (), description="a product without a value in one of these columns is rejected", examples=[["price", "images"]]
    )

    @field_validator(*meaningless_keys)
    @classmethod
    def _has_no_budget(cls, budget: int | None) -> None:
        if budget is not None:
            raise ValueError("means nothing to a feed, because nothing is sent to it. Take the line out")

    def open(self, opening: ServiceOpening) -> Service:
        from datasync.delivery.services.feed import Feed

        return Feed(self.max_bytes, self.required)
