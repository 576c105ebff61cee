"""datasync.yaml, read once into frozen, typed settings: every key, every default and every name rule stands here.

Relative paths resolve against the settings file's folder. A mistake raises InvalidSettings, which names the key, what
was given, what is known and the fix. Nothing here opens a connection or imports DuckDB: DAG files read settings when
parsed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from croniter import croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from datasync.errors import InvalidSettings, SettingsError, UnknownName
from datasync.product import PRODUCT_COLUMNS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULT_FILE = "datasync.yaml"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = "write a whole number above 0 and its unit (s, m, h, d or w), as in 90s, 3h or 2d"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_SECRETS = re.compile(r"key|secret|token|password|credential", re.IGNORECASE)


def _duration(given: object) -> object:
    if isinstance(given, timedelta):
        return given
    match = re.fullmatch(r"\s*(\d+)\s*([smhdw])\s*", str(given), re.ASCII)
    if not match:
        raise ValueError(f"{_no_duration(str(given))}: {_DURATION}")
    if not int(match[1]):
        raise ValueError(f"is no time at all: {_DURATION}")
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except (OverflowError, ValueError):
        raise ValueError(f"is longer than any calendar: {_DURATION}") from None


def _no_duration(given: str) -> str:
    """What is wrong with a duration, as far as can be told."""
    if re.match(r"\s*-", given):
        return "is below zero"
    if re.fullmatch(r"\s*\d+\s*", given):
        return "has no unit"
    if re.fullmatch(r"\s*\d*[.,]\d+\s*[smhdw]\s*", given):
        return "is no whole number of its unit"
    return "is no duration"


def _schedule(given: str | None) -> str | None:
    if given is not None and not croniter.is_valid(given):
        raise ValueError('is no cron expression: write one as in "0 * * * *" or "@hourly", or null for by hand alone')
    return given


def _time_zone(given: str) -> str:
    try:
        ZoneInfo(given)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("is no time zone: write one as in Europe/Berlin, or UTC") from None
    return given


def _told_apart(given: dict[str, Any]) -> dict[str, Any]:
    seen: dict[str, str] = {}
    for name in given:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            raise ValueError(
                f"has {twin!r} and {name!r}, which share a folder on many disks: name one of them otherwise"
            )
    return given


def _spelled(given: timedelta) -> str:
    """A duration as the settings file writes it, in days or the largest smaller unit that is whole."""
    unit = next(u for u in "dhms" if given % timedelta(**{_UNITS[u]: 1}) == timedelta(0))
    return f"{given // timedelta(**{_UNITS[unit]: 1})}{unit}"


def _name(given: str) -> str:
    if not _NAME.fullmatch(given):
        raise ValueError(
            "is no name: names become paths, so use letters, digits, _ and -, and begin with a letter or digit"
        )
    return given


def _no_secrets(given: dict[str, Any]) -> dict[str, Any]:
    for key, value in given.items():
        if _SECRETS.search(key):
            raise ValueError(
                f"holds {key!r}: secrets come from the environment or an Airflow connection, never from this file"
            )
        if isinstance(value, dict):
            _no_secrets(value)
    return given


def _open_url(given: str) -> str:
    parts = urlsplit(given)
    if not parts.scheme or parts.password is not None or _SECRETS.search(parts.query):
        raise ValueError(
            "is no URL without a secret, as in sqlite:///shop.db: a password belongs into a connection, by its name"
        )
    return given


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+\s*[smhdw]\s*$"}),
]
Name = Annotated[str, AfterValidator(_name)]
Options = Annotated[dict[str, Any], AfterValidator(_no_secrets)]


ConnectionName = Annotated[str, Field(pattern=r"^[\w.-]+$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Keep(_Model):
    """How long ``tidy`` leaves things in the store, and how many published sites it leaves beside the newest."""

    snapshots: Duration = timedelta(days=7)
    quarantine: Duration = timedelta(days=90)
    history: Duration = timedelta(days=400)
    sites: Annotated[int, Field(ge=1)] = 3


class Guard(_Model):
    """The volume guard: what would remove more than ``percent`` and more than ``products``, or everything, is held."""

    percent: Annotated[float, Field(ge=0, le=100)] = 30
    products: Annotated[int, Field(ge=0)] = 20


class _Pulled(_Model):
    """What every source has: how often it is read whole, how far below its watermark it is read again between, and how
    much of it may be asked at once.
    """

    complete_every: Duration = timedelta(hours=24)
    lookback: Duration = timedelta(hours=1)
    requests_per_second: Annotated[float, Field(gt=0)] | None = None
    concurrency: Annotated[int, Field(ge=1)] = 4


_PACE = {*_Pulled.model_fields, "page_size"}  # how a source is asked, not what for


class SampleSource(_Pulled):
    """The catalog that ships with datasync: ``size`` products that change as hours pass, always the same for a
    ``seed``.
    """

    kind: Literal["sample"]
    size: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    seed: int = 1


class FilesSource(_Pulled):
    """Files that somebody exports: CSV, JSON lines, Parquet or XLSX, plain or .gz, in a folder or on S3."""

    kind: Literal["files"]
    root: str = ""
    options: Options = {}


class SqlSource(_Pulled):
    """A SQL database: by ``connection``, or by a ``url`` of SQLAlchemy's that needs no secret. ``time_zone`` is that
    of times without one; with ``page_size``, rows are asked for so many at a time.
    """

    kind: Literal["sql"]
    connection: ConnectionName | None = None
    url: Annotated[str, AfterValidator(_open_url)] | None = None
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    page_size: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> SqlSource:
        if (self.connection is None) == (self.url is None):
            raise ValueError("needs a connection or a url, one of the two")
        return self


class AkeneoSource(_Pulled):
    """An Akeneo PIM. ``identifier`` is the attribute that holds the SKU (default: the PIM's main one); ``time_zone`` is
    the server's, in which it reads times.
    """

    kind: Literal["akeneo"]
    connection: ConnectionName
    identifier: str | None = None
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    page_size: Annotated[int, Field(ge=1, le=100)] = 100


class AdobeCommerceSource(_Pulled):
    """An Adobe Commerce or Magento shop over REST, on its own servers (``paas``) or as Adobe's service (``saas``)."""

    kind: Literal["adobe-commerce"]
    connection: ConnectionName
    deployment: Literal["paas", "saas"] = "paas"
    page_size: Annotated[int, Field(ge=1, le=10_000)] = 300


Source = Annotated[
    SampleSource | FilesSource | SqlSource | AkeneoSource | AdobeCommerceSource,
    Field(discriminator="kind"),
]
_SOURCES: dict[str, type[_Pulled]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model for model in get_args(get_args(Source)[0])
}


class Scope(_Model):
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
    sheet: str | int = 0
    table: str | None = None
    query: str | None = None
    cursor: str | None = None
    key: str | None = None
    deleted: str | None = None
    map: dict[Literal[PRODUCT_COLUMNS], str] = {}  # type: ignore[valid-type]
    attributes: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    guard: Guard | None = None
    fresh_within: Duration | None = None


class Accept(_Model):
    """One rule of a service: a condition over product columns, and the words shown where it is not TRUE."""

    rule: str
    otherwise: str


class Service(_Model):
    """A consumer: what it accepts, by which kind of delivery, and the limits it rejects by."""

    label: str = ""
    kind: Literal["feed"] = "feed"
    accepts: tuple[Accept, ...] = ()
    guard: Guard | None = None
    max_bytes: Annotated[int, Field(ge=1)] = 200_000
    required: tuple[Literal[PRODUCT_COLUMNS], ...] = ()  # type: ignore[valid-type]
    export: str | None = None

    def fingerprint(self) -> str:
        """Short hash of what the service refuses by; when it changes, rejected products are offered again."""
        return _fingerprint({"kind": self.kind, "max_bytes": self.max_bytes, "required": self.required})


class Notice(_Model):
    """Whom `publish_report` tells: one of Airflow's notifiers, with its options; ``{{ summary }}`` stands for the text.

    ``attention``: only when something needs a person. ``always``: after every publish.
    """

    notifier: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    options: Options = {}
    when: Literal["attention", "always"] = "attention"


class Settings(_Model):
    """A whole settings file, with paths made absolute."""

    store: str = "var/store"
    store_options: Options = {}
    site: str = "var/site"
    window: Duration = timedelta(hours=3)
    schedule: Annotated[str | None, AfterValidator(_schedule)] = "0 * * * *"
    fresh_within: Duration | None = None
    link: Annotated[str, Field(pattern="^https?://")] | None = None
    notify: tuple[Notice, ...] = ()
    keep: Keep = Keep()
    guard: Guard = Guard()
    sources: dict[Name, Source]
    scopes: Annotated[dict[Name, Scope], AfterValidator(_told_apart)]
    services: Annotated[dict[Name, Service], AfterValidator(_told_apart)]

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

    def fingerprint(self, scope: str) -> str:
        """Short hash of what decides a scope's content: when it changes, the next pull is complete."""
        mine = self.scopes[scope]
        source = self.sources[mine.source].model_dump(mode="json", exclude=_PACE)
        return _fingerprint([source, mine.model_dump(mode="json", exclude={"label", "guard", "fresh_within"})])


def _fits(name: str, scope: Scope, source: Source) -> None:
    article = "An" if source.kind[0] in "ae" else "A"
    needed, example = _NEEDED.get(source.kind, ("source", ""))
    if not getattr(scope, needed):
        raise InvalidSettings(
            f"scopes.{name}.{needed}", "is missing.", f"{article} {source.kind} source needs one, as in {example}."
        )
    if source.kind == "sql":
        _names_rows(name, scope, source)
    if given := sorted(scope.model_fields_set & (_ADDRESSES - _OWN[source.kind])):
        problem = f"means nothing to {article.lower()} {source.kind} source."
        raise InvalidSettings(f"scopes.{name}.{given[0]}", problem, "Take the line out.")


def _names_rows(name: str, scope: Scope, source: SqlSource) -> None:
    if bool(scope.table) == bool(scope.query):
        raise InvalidSettings(
            f"scopes.{name}", "needs a table or a query, one of the two.", "Write what to read from the database."
        )
    if source.page_size and not scope.key:
        fix = "Name a column that tells rows apart and never changes, or leave `page_size` out of the source."
        raise InvalidSettings(f"scopes.{name}.key", "is missing: its source reads in pages.", fix)


# Which keys of a scope are an address at which kind of source, and which of them it can't do without.
_OWN = {
    "sample": {"locale"},
    "files": {"locale", "path", "snapshot", "format", "delimiter", "sheet"},
    "sql": {"locale", "table", "query", "cursor", "key", "deleted"},
    "akeneo": {"channel", "locale", "currency"},
    "adobe-commerce": {"store_view"},
}
_ADDRESSES = set[str]().union(*_OWN.values())
_NEEDED = {
    "files": ("path", '"exports/de/*.jsonl"'),
    "akeneo": ("channel", "ecommerce"),
    "adobe-commerce": ("store_view", "default"),
}


def _fingerprint(value: object) -> str:
    return hashlib.md5(json.dumps(value, sort_keys=True, default=str).encode(), usedforsecurity=False).hexdigest()[:12]


class _EachKeyOnce(yaml.SafeLoader):
    """YAML that refuses a key written twice, where a plain loader keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            line = node.start_mark.line + 1
            raise InvalidSettings(str(twice), f"stands twice in what begins on line {line}.", "Rename or remove one.")
        return super().construct_mapping(node, deep)


def load(path: str | os.PathLike[str] | None = None) -> Settings:
    """Read a settings file; ``path`` defaults to DATASYNC_SETTINGS, then to datasync.yaml in the working folder.

    Raises InvalidSettings or UnknownName.
    """
    file = Path(path or os.environ.get("DATASYNC_SETTINGS") or DEFAULT_FILE).absolute()
    try:
        given = yaml.load(file.read_text(encoding="utf-8"), Loader=_EachKeyOnce)  # noqa: S506 - it is a safe loader
    except FileNotFoundError:
        fix = "Name one with --settings or DATASYNC_SETTINGS, or write one with `datasync init FILE`."
        raise InvalidSettings(str(file), "there is no such settings file.", fix) from None
    except (OSError, UnicodeDecodeError) as error:
        what = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"cannot be read: {error.strerror}"
        raise InvalidSettings(str(file), f"{what}.", "Mend the file, or name another one.") from None
    except yaml.YAMLError as error:
        raise InvalidSettings(str(file), f"is not YAML: {error}.", "Mend the line it names.") from None
    try:
        return parse(given, file.parent)
    except SettingsError as error:
        error.args = (f"{error} (in {file})",)
        raise


def parse(given: object, folder: Path) -> Settings:
    """Validate the content of a settings file; relative paths resolve against ``folder``.

    Raises InvalidSettings, which tells every mistake that was found, or UnknownName.
    """
    if not isinstance(given, dict):
        raise InvalidSettings("settings", "the file holds no keys.", "Write sources, scopes and services into it.")
    try:
        return Settings.model_validate(_absolute(given, folder))
    except ValidationError as error:
        raise _told(error) from None


def schema() -> dict[str, Any]:
    """The JSON schema of a settings file, for editors that complete and check YAML."""
    made = Settings.model_json_schema()
    models: tuple[type[_Model], ...] = (Settings, Keep, *_SOURCES.values())
    for model in models:
        properties = (made if model is Settings else made["$defs"][model.__name__])["properties"]
        for name, key in model.model_fields.items():
            if isinstance(key.default, timedelta):
                properties[name]["default"] = _spelled(key.default)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _absolute(given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same settings with local paths absolute; what cannot be understood is left for validation to name."""
    made = {"store": "var/store", "site": "var/site", **given}
    for key in ("store", "site"):
        made[key] = _path(made[key], folder)
    sources = {k: v for k, v in _mapping(made.get("sources")).items() if isinstance(v, dict)}
    roots = {k: _path(v.get("root", ""), folder) for k, v in sources.items() if v.get("kind") == "files"}
    made["sources"] = {k: _beside(v, folder) for k, v in _mapping(made.get("sources")).items()} or made.get("sources")
    made["scopes"] = {
        k: _placed(v, "path", roots, folder) for k, v in _mapping(made.get("scopes")).items()
    } or made.get("scopes")
    made["services"] = {
        k: _placed(v, "export", {}, folder) for k, v in _mapping(made.get("services")).items()
    } or made.get("services")
    return made


def _mapping(given: object) -> dict[Any, Any]:
    return given if isinstance(given, dict) else {}


def _placed(part: object, key: str, roots: Mapping[str, str], folder: Path) -> object:
    if part is None:
        return {}
    if not isinstance(part, dict) or not isinstance(part.get(key), str):
        return part
    root = roots.get(str(part.get("source")), str(folder))
    return {**part, key: _path(part[key], root)}


def _beside(source: object, folder: Path) -> object:
    """A source whose url names a SQLite file, which lies beside the settings unless its path is absolute."""
    url = source.get("url") if isinstance(source, dict) else None
    found = re.fullmatch(r"(sqlite(?:\+\w+)?:///)(?!/)(.+)", url) if isinstance(url, str) else None
    return {**_mapping(source), "url": f"{found[1]}{_path(found[2], folder)}"} if found else source


def _path(given: object, folder: str | Path) -> Any:
    if not isinstance(given, str) or "://" in given or os.path.isabs(given):
        return given
    return f"{folder}/{given}" if "://" in str(folder) else os.path.normpath(os.path.join(folder, given))


def _told(error: ValidationError) -> InvalidSettings:
    """Every finding of pydantic, the first one as the error and the others in its words."""
    first, *others = map(_finding, error.errors())
    first.args = (" Also: ".join(map(str, [first, *others])),)
    return first


def _finding(found: ErrorDetails) -> InvalidSettings:
    """One finding of pydantic in the words of this file: the key, what was given, what is known, the fix."""
    where = [str(part) for part in found["loc"] if part not in _SOURCES and part != "[key]"]
    key = ".".join(where) or "settings"
    given = found["input"] if isinstance(found["input"], (str, int, float, bool)) else None
    given = _without_secrets(given) if isinstance(given, str) else given
    says = found["msg"].removeprefix("Value error, ")
    own = found["type"] == "value_error"
    problem = f"{says}." if given is None else f"{given!r} {says}." if own else f"{given!r} does not fit: {says}."
    if found["type"] == "extra_forbidden":
        return InvalidSettings(key, "there is no such key.", f"Known here: {', '.join(_known(found['loc']))}.")
    if found["type"] == "missing":
        return InvalidSettings(key, "is missing.", "Add it; `datasync init FILE` writes an example.")
    if found["type"].startswith("union_tag"):
        return InvalidSettings(f"{key}.kind", f"{problem}", f"Known kinds: {', '.join(sorted(_SOURCES))}.")
    return InvalidSettings(key, problem, "Mend it in the settings file.")


def _without_secrets(given: str) -> str:
    """A text as it was given; of a URL that may hold a secret its scheme alone, for errors end up in logs."""
    return re.sub(r"://.*", "://***", given, flags=re.DOTALL) if "@" in given or _SECRETS.search(given) else given


def _known(loc: tuple[int | str, ...]) -> list[str]:
    models: dict[str, list[type[BaseModel]]] = {
        "scopes": [Scope],
        "services": [Service],
        "keep": [Keep],
        "guard": [Guard],
        "sources": [model for kind, model in _SOURCES.items() if kind in loc] or list(_SOURCES.values()),
    }
    if "accepts" in loc:
        return list(Accept.model_fields)
    if len(loc) > 1 and "guard" in loc[:-1]:
        return list(Guard.model_fields)
    inside = models.get(str(loc[0]), [Settings]) if len(loc) > 1 else [Settings]
    fields = dict.fromkeys(field for model in inside for field in model.model_fields)
    return sorted(fields, key=lambda field: field in _Pulled.model_fields)  # what is the kind's own comes first
