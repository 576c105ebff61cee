"""What the options of every kind of source and of service have in common, and what every scope has.

A kind derives its own options from these, in a module beside its code. That module is imported when settings are read,
so it imports nothing heavy: the code is imported by ``open``, when it is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from datasync.errors import InvalidSettings
from datasync.product import PRODUCT_COLUMNS
from datasync.settings.values import Duration, Name, Number, Whole, file_place


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Guard(Model):
    """The volume guard: what would remove more than ``percent`` and more than ``products``, or everything, is held."""

    percent: Annotated[Number, Field(ge=0, le=100, allow_inf_nan=False)] = 30
    products: Annotated[Whole, Field(ge=0)] = 20


class Scope(Model):
    """One catalog, normally one locale: its source, and what becomes of its fields.

    A kind of source derives a model of its own, which has the scope's address there. ``needed`` is the key of it that
    the kind cannot do without, and an example of its value.
    """

    needed: ClassVar[tuple[str, str] | None] = None

    source: Name
    label: str = ""
    where: str | None = None
    map: dict[Literal[PRODUCT_COLUMNS], str] = {}  # type: ignore[valid-type]
    attributes: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    guard: Guard | None = None
    fresh_within: Duration | None = None

    @property
    def is_partial(self) -> bool:
        """True if its source gives changes alone, so that it is never read whole."""
        return False

    @classmethod
    def placed(cls, written: dict[Any, Any], source: Mapping[Any, Any], folder: str) -> dict[Any, Any]:
        """The scope as it is ``written``, with its local paths absolute; ``source`` is its source as that is written.

        Neither was validated yet. What is no path stays as it is.
        """
        return written

    def refuse(self, name: str, source: SourceOptions) -> None:
        """Raise InvalidSettings if the keys of this scope, called ``name``, do not fit each other or its source."""
        if self.needed and not getattr(self, self.needed[0]):
            key, example = self.needed
            article = with_article(source.kind)
            fix = f"{article[0].upper()}{article[1:]} source needs one, as in {example}."
            raise InvalidSettings(f"scopes.{name}.{key}", "is missing.", fix)


class RowsScope(Scope):
    """A scope of tables that people export, in which several rows may be one product.

    ``group_by`` is the field that says which; ``fill_down`` carries values on from the rows above; ``collect`` makes a
    list of a field's values in all these rows.
    """

    group_by: str | None = None
    fill_down: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()

    def refuse(self, name: str, source: SourceOptions) -> None:
        super().refuse(name, source)
        if self.collect and not self.group_by:
            fix = "Name the field that says which rows belong together, as Handle does in Shopify's exports."
            raise InvalidSettings(f"scopes.{name}.group_by", "is missing, and collect needs it.", fix)


class SourceOptions(Model):
    """What every source has: how often it is read whole, how far below its watermark it is read again between, and how
    much of it may be asked at once.

    ``scope_model`` is what a scope of this kind of source has. ``outside_fingerprint`` names the options that say how
    the source is asked and not what for: when one of them changes, the next pull needs not be complete. ``extra`` is
    what pip installs for the kind, where that is an extra of a package.
    """

    scope_model: ClassVar[type[Scope]] = Scope
    outside_fingerprint: ClassVar[frozenset[str]] = frozenset(
        {"complete_every", "lookback", "requests_per_second", "concurrency"}
    )
    extra: ClassVar[str] = ""

    kind: str
    complete_every: Duration = timedelta(hours=24)
    lookback: Duration = timedelta(hours=1)
    requests_per_second: Annotated[Number, Field(gt=0)] | None = None
    concurrency: Annotated[Whole, Field(ge=1)] = 4

    @classmethod
    def placed(cls, written: dict[Any, Any], folder: str) -> dict[Any, Any]:
        """The source as it is ``written``, not validated yet, with its local paths absolute."""
        return written

    def open(self, opening: Any) -> Any:
        """The scope's way to this source: a ``sources.base.Source``, of a ``sources.base.Opening``.

        The types are those of a higher layer, so they stand in words here. Nothing is connected to yet.
        """
        raise NotImplementedError


class HttpSourceOptions(SourceOptions):
    """What sources over HTTP have: ``timeout`` is how long one answer may take, from the request to its last byte."""

    outside_fingerprint: ClassVar[frozenset[str]] = SourceOptions.outside_fingerprint | {"timeout"}

    timeout: Duration = timedelta(minutes=5)


class Accept(Model):
    """One rule of a service: a condition over product columns, and the words shown where it is not TRUE."""

    rule: str
    otherwise: str


class ServiceOptions(Model):
    """What every service has: its label, what it accepts, and where what it holds is exported to.

    ``refuses_by`` names the options by which the kind rejects products. ``per_minute`` and ``per_day`` are its budget:
    at most so many products are sent in 60 s, and on a day in UTC.
    ``meaningless_keys`` names common keys that mean nothing to the kind.
    """

    refuses_by: ClassVar[tuple[str, ...]] = ()
    meaningless_keys: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""

    kind: str
    label: str = Field("", description="what the page calls it", examples=["Search"])
    accepts: tuple[Accept, ...] = Field(
        (),
        description="rules, each with the words for products that it turns away",
        examples=[[{"rule": "status = 'enabled'", "otherwise": "The product is disabled"}]],
    )
    guard: Guard | None = Field(
        None,
        description="removals of more than so many are held for a decision",
        examples=[{"percent": 30, "products": 20}],
    )
    export: Annotated[str, AfterValidator(file_place)] | None = Field(
        None, description="a file of what it holds, written after each transfer", examples=["exports/{scope}.jsonl"]
    )
    per_minute: Annotated[Whole, Field(ge=1)] | None = Field(
        None, description="at most so many products in 60 s", examples=[1000]
    )
    per_day: Annotated[Whole, Field(ge=1)] | None = Field(
        None, description="at most so many products on a day in UTC", examples=[100_000]
    )

    @classmethod
    def placed(cls, written: dict[Any, Any], folder: str) -> dict[Any, Any]:
        """The service as it is ``written``, not validated yet, with its local paths absolute."""
        return absolute_at(written, "export", folder)

    def fingerprint(self) -> str:
        """Short hash of what the service refuses by; when it changes, rejected products are offered again."""
        return fingerprint({key: getattr(self, key) for key in ("kind", *self.refuses_by)})

    def own_options(self) -> dict[str, Any]:
        """The options of the kind alone and the budget, as the settings file has them: a service that left the settings
        is reached by them.
        """
        own = set(type(self).model_fields) - set(ServiceOptions.model_fields) | {"kind", "per_minute", "per_day"}
        return self.model_dump(mode="json", include=own, exclude_defaults=True) | {"kind": self.kind}

    def target(self, scope: str) -> str:
        """Where the products of a scope go, in words that stay the same as long as it is the same place: the kind, the
        connection's name, and what the kind calls the place there. Receipts are only true of one target.
        """
        return " ".join(filter(None, (self.kind, getattr(self, "connection", None))))

    def open(self, opening: Any) -> Any:
        """The service: a ``delivery.services.base.Service``, of a ``delivery.services.base.ServiceOpening``.

        The types are those of a higher layer, so they stand in words here. Nothing is connected to yet.
        """
        raise NotImplementedError


class AuditedService(ServiceOptions):
    """What a service has that can be asked what it holds: ``audit`` is how old the last audit may be.

    ``is_keyed_by_scope``: one target may hold several scopes. ``place_of_its_own`` is what the kind calls a target, in
    the words of an error.
    """

    is_keyed_by_scope: ClassVar[bool] = False
    place_of_its_own: ClassVar[str] = "a place of its own"

    audit: Duration = Field(timedelta(days=7), description="how often what it holds is compared with the receipts")


def absolute(path: object, folder: str) -> Any:
    """A local path as an absolute one; what is no such path stays as it is, for validation to name."""
    if not isinstance(path, str) or "://" in path or os.path.isabs(path):
        return path
    return f"{folder}/{path}" if "://" in folder else os.path.normpath(os.path.join(folder, path))


def absolute_at(written: dict[Any, Any], key: str, folder: str) -> dict[Any, Any]:
    """The same entry with the local path of one key absolute, if it has that key."""
    return {**written, key: absolute(written[key], folder)} if key in written else written


def with_article(kind: str) -> str:
    """A kind with its article, as in "an akeneo"."""
    return f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind}"


def fingerprint(value: object) -> str:
    """Short hash of what settings say, the same in every process."""
    return hashlib.md5(json.dumps(value, sort_keys=True, default=str).encode(), usedforsecurity=False).hexdigest()[:12]
