"""The keys of a settings file, each with its default: sources, scopes, services, and what holds for all of them."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from datasync.errors import InvalidSettings, UnknownName
from datasync.product import PRODUCT_COLUMNS
from datasync.settings.values import (
    ConnectionName,
    Duration,
    Name,
    Number,
    Options,
    Whole,
    cron,
    file_place,
    known_encoding,
    known_zone,
    open_url,
    unique_ignoring_case,
)  # fmt: skip


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Keep(Model):
    """How long ``tidy`` leaves things in the store, and how many published sites it leaves beside the newest."""

    snapshots: Duration = timedelta(days=7)
    quarantine: Duration = timedelta(days=90)
    history: Duration = timedelta(days=400)
    sites: Annotated[Whole, Field(ge=1)] = 3


class Guard(Model):
    """The volume guard: what would remove more than ``percent`` and more than ``products``, or everything, is held."""

    percent: Annotated[Number, Field(ge=0, le=100, allow_inf_nan=False)] = 30
    products: Annotated[Whole, Field(ge=0)] = 20


class Pulled(Model):
    """What every source has: how often it is read whole, how far below its watermark it is read again between, and how
    much of it may be asked at once.
    """

    complete_every: Duration = timedelta(hours=24)
    lookback: Duration = timedelta(hours=1)
    requests_per_second: Annotated[Number, Field(gt=0)] | None = None
    concurrency: Annotated[Whole, Field(ge=1)] = 4


_PACE = {*Pulled.model_fields, "page_size", "max_record_mb", "timeout"}  # how a source is asked, not what for


class SampleSource(Pulled):
    """The catalog that ships with datasync: ``size`` products that change as hours pass, always the same for a
    ``seed``.
    """

    kind: Literal["sample"]
    size: Annotated[Whole, Field(ge=1, le=1_000_000)] = 2000
    seed: Whole = 1


class FilesSource(Pulled):
    """Files that somebody exports: CSV, JSON lines, Parquet or XLSX, plain or .gz, in a folder or on S3.

    ``time_zone`` is that of times without an offset, where the scope has none of its own; without both, it is UTC.
    A record of CSV or JSON lines that is longer than ``max_record_mb`` goes to quarantine, and so does one of Parquet
    with a text that is.
    """

    kind: Literal["files"]
    root: str = ""
    options: Options = {}
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    max_record_mb: Annotated[Whole, Field(ge=1, le=256)] = 16


class SqlSource(Pulled):
    """A SQL database: by ``connection``, or by a ``url`` of SQLAlchemy's that needs no secret. ``time_zone`` is that
    of times without one; with ``page_size``, rows are asked for so many at a time.
    """

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


class OverHttp(Pulled):
    """What sources over HTTP have: ``timeout`` is how long one answer may take, from the request to its last byte."""

    timeout: Duration = timedelta(minutes=5)


class AkeneoSource(OverHttp):
    """An Akeneo PIM. ``identifier`` is the attribute that holds the SKU (default: the PIM's main one); ``time_zone`` is
    the server's, in which it reads times.
    """

    kind: Literal["akeneo"]
    connection: ConnectionName
    identifier: str | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] = "UTC"
    page_size: Annotated[Whole, Field(ge=1, le=100)] = 100


class AdobeCommerceSource(OverHttp):
    """An Adobe Commerce or Magento shop over REST, on its own servers (``paas``) or as Adobe's service (``saas``)."""

    kind: Literal["adobe-commerce"]
    connection: ConnectionName
    deployment: Literal["paas", "saas"] = "paas"
    page_size: Annotated[Whole, Field(ge=1, le=10_000)] = 300


Source = Annotated[
    SampleSource | FilesSource | SqlSource | AkeneoSource | AdobeCommerceSource,
    Field(discriminator="kind"),
]
SOURCES: dict[str, type[Pulled]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(Source)[0])
}


class Scope(Model):
    """One catalog, normally one locale: its source, its address there, and what becomes of its fields."""

    source: Name
    label: str = ""
    path: str | None = None
    locale: str | None = None
    channel: str | None = None
    currency: str | None = None
    store_view: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = None
    snapshot: Literal["complete", "newest", "partial"] = "complete"
    format: Literal["csv", "jsonl", "parquet", "xlsx"] | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    encoding: Annotated[str, AfterValidator(known_encoding)] | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    sheet: str | int = 0
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    key: str | None = None
    deleted: str | None = None
    where: str | None = None
    group_by: str | None = None
    fill_down: tuple[str, ...] = ()
    collect: tuple[str, ...] = ()
    map: dict[Literal[PRODUCT_COLUMNS], str] = {}  # type: ignore[valid-type]
    attributes: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    guard: Guard | None = None
    fresh_within: Duration | None = None


class Accept(Model):
    """One rule of a service: a condition over product columns, and the words shown where it is not TRUE."""

    rule: str
    otherwise: str


class Service(Model):
    """A consumer: what it accepts, by which kind of delivery, and the limits it rejects by."""

    label: str = ""
    kind: Literal["feed"] = "feed"
    accepts: tuple[Accept, ...] = ()
    guard: Guard | None = None
    max_bytes: Annotated[Whole, Field(ge=1)] = 200_000
    required: tuple[Literal[PRODUCT_COLUMNS], ...] = ()  # type: ignore[valid-type]
    export: Annotated[str, AfterValidator(file_place)] | None = None

    def fingerprint(self) -> str:
        """Short hash of what the service refuses by; when it changes, rejected products are offered again."""
        return _fingerprint({"kind": self.kind, "max_bytes": self.max_bytes, "required": self.required})


class Notice(Model):
    """Whom `publish_report` tells: one of Airflow's notifiers, with its options; ``{{ summary }}`` stands for the text.

    ``attention``: only when something needs a person. ``always``: after every publish.
    """

    notifier: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    options: Options = {}
    when: Literal["attention", "always"] = "attention"


class Translations(Model):
    """Which attributes hold text that has to be translated, beside name and description, which always do."""

    fields: tuple[str, ...] = ()


class Settings(Model):
    """A whole settings file, with paths made absolute."""

    store: str = "var/store"
    store_options: Options = {}
    site: str = "var/site"
    window: Duration = timedelta(hours=3)
    schedule: Annotated[str | None, AfterValidator(cron)] = "0 * * * *"
    fresh_within: Duration | None = None
    link: Annotated[str, Field(pattern="^https?://")] | None = None
    notify: tuple[Notice, ...] = ()
    translations: Translations = Translations()
    keep: Keep = Keep()
    guard: Guard = Guard()
    sources: dict[Name, Source]
    scopes: Annotated[dict[Name, Scope], Field(min_length=1), AfterValidator(unique_ignoring_case)]
    services: Annotated[dict[Name, Service], AfterValidator(unique_ignoring_case)]

    @model_validator(mode="after")
    def _scopes_fit_their_sources(self) -> Settings:
        for name, scope in self.scopes.items():
            if scope.source not in self.sources:
                fix = "Declare it under sources, or name one of those."
                raise UnknownName(f"source (scopes.{name}.source)", scope.source, self.sources, fix)
            _fits(name, scope, self.sources[scope.source])
        return self

    def scope(self, name: str) -> Scope:
        """The scope called ``name``; UnknownName lists the ones there are."""
        if name not in self.scopes:
            raise UnknownName("scope", name, self.scopes, "Name one of those, or declare it under scopes.")
        return self.scopes[name]

    def service(self, name: str) -> Service:
        """The service called ``name``; UnknownName lists the ones there are."""
        if name not in self.services:
            raise UnknownName("service", name, self.services, "Name one of those, or declare it under services.")
        return self.services[name]

    def guard_of(self, scope: str, service: str | None = None) -> Guard:
        """The volume guard that holds there: the service's own, the scope's own, or the common one."""
        own = self.services[service].guard if service else None
        return own or self.scopes[scope].guard or self.guard

    def export_of(self, scope: str, service: str) -> str | None:
        """Where the export of a service stands for a scope: a path, or an address on S3; None where there is none."""
        path = self.services[service].export
        return path and path.replace("{scope}", scope).replace("{service}", service)

    def fingerprint(self, scope: str) -> str:
        """Short hash of what decides a scope's content: when it changes, the next pull is complete."""
        mine = self.scopes[scope]
        source = self.sources[mine.source].model_dump(mode="json", exclude=_PACE)
        known = mine.model_dump(mode="json", exclude={"label", "guard", "fresh_within"})
        return _fingerprint([_without_unset(source), _without_unset(known)])


# Unset, these leave the fingerprints of older stores as they were.
_LATER = {"encoding", "time_zone", "where", "group_by", "fill_down", "collect"}


def _without_unset(known: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in known.items() if value or key not in _LATER}


def _fits(name: str, scope: Scope, source: Source) -> None:
    article = "An" if source.kind[0] in "ae" else "A"
    needed, example = _NEEDED.get(source.kind, ("source", ""))
    if not getattr(scope, needed):
        raise InvalidSettings(
            f"scopes.{name}.{needed}", "is missing.", f"{article} {source.kind} source needs one, as in {example}."
        )
    if scope.collect and not scope.group_by:
        fix = "Name the field that says which rows belong together, as Handle does in Shopify's exports."
        raise InvalidSettings(f"scopes.{name}.group_by", "is missing, and collect needs it.", fix)
    if source.kind == "sql":
        _names_rows(name, scope, source)
    if strangers := sorted(scope.model_fields_set & (_ADDRESSES - OWN[source.kind])):
        problem = f"means nothing to {article.lower()} {source.kind} source."
        raise InvalidSettings(f"scopes.{name}.{strangers[0]}", problem, "Take the line out.")


def _names_rows(name: str, scope: Scope, source: SqlSource) -> None:
    if bool(scope.table) == bool(scope.query):
        raise InvalidSettings(
            f"scopes.{name}", "needs a table or a query, one of the two.", "Write what to read from the database."
        )
    if source.page_size and not scope.key:
        fix = "Name a column that tells rows apart and never changes, or leave `page_size` out of the source."
        raise InvalidSettings(f"scopes.{name}.key", "is missing: its source reads in pages.", fix)


# Which keys of a scope are an address at which kind of source, and which of them it can't do without.
OWN = {
    "sample": {"locale"},
    "files": {
        "locale",
        "path",
        "snapshot",
        "format",
        "delimiter",
        "sheet",
        "encoding",
        "time_zone",
        "group_by",
        "fill_down",
        "collect",
    },
    "sql": {"locale", "table", "query", "cursor", "key", "deleted"},
    "akeneo": {"channel", "locale", "currency"},
    "adobe-commerce": {"store_view"},
}
_ADDRESSES = set[str]().union(*OWN.values())
_NEEDED = {
    "files": ("path", '"exports/de/*.jsonl"'),
    "akeneo": ("channel", "ecommerce"),
    "adobe-commerce": ("store_view", "default"),
}


def _fingerprint(value: object) -> str:
    return hashlib.md5(json.dumps(value, sort_keys=True, default=str).encode(), usedforsecurity=False).hexdigest()[:12]
