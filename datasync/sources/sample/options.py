"""The options of the sample source, and what its scopes have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from datasync.settings.options import Scope, SourceOptions
from datasync.settings.values import Whole

if TYPE_CHECKING:
    from datasync.sources.base import Opening, Source


class SampleScope(Scope):
    """A scope of the sample shop: ``locale`` is the language; without it, the scope's name is."""

    locale: str | None = None


class SampleSource(SourceOptions):
    """The catalog that ships with datasync: ``size`` products that change as hours pass, always the same for a
    ``seed``.
    """

    scope_model: ClassVar[type[Scope]] = SampleScope

    kind: Literal["sample"]
    size: Annotated[Whole, Field(ge=1, le=1_000_000)] = 2000
    seed: Whole = 1

    def open(self, opening: Opening) -> Source:
        from datasync.sources.sample.source import Sample

        return Sample(opening.name, opening.scope, self)
