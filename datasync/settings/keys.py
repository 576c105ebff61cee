"""The keys of a whole settings file, each with its default: sources, scopes, services, and what holds for all."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, SerializeAsAny, model_validator

from datasync.errors import InvalidSettings, UnknownName
from datasync.settings.kinds import scope_as_written, service_as_written, source_as_written
from datasync.settings.options import AuditedService, Guard, Model, Scope, ServiceOptions, SourceOptions, fingerprint
from datasync.settings.values import Duration, Name, Options, Whole, cron, unique_ignoring_case


class Keep(Model):
    """How long ``tidy`` leaves things in the store, and how many published sites it leaves beside the newest."""

    snapshots: Duration = timedelta(days=7)
    quarantine: Duration = timedelta(days=90)
    history: Duration = timedelta(days=400)
    sites: Annotated[Whole, Field(ge=1)] = 3


class Notice(Model):
    """Whom `publish_report` tells: one of Airflow's notifiers, with its options; ``{{ summary }}`` stands for the text.

    ``attention``: only when something needs a person. ``always``: after every publish.
    """

    notifier: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")]
    options: Options = Field(default_factory=dict)
    when: Literal["attention", "always"] = "attention"


class Translations(Model):
    """Which attributes hold text that has to be translated, beside name and description, which always do."""

    fields: tuple[str, ...] = ()


Source = Annotated[SerializeAsAny[SourceOptions], PlainValidator(source_as_written)]
ScopeOfItsSource = Annotated[SerializeAsAny[Scope], PlainValidator(scope_as_written)]
Service = Annotated[SerializeAsAny[ServiceOptions], PlainValidator(service_as_written)]


class Settings(Model):
    """A whole settings file, with paths made absolute."""

    store: str = "var/store"
    store_options: Options = Field(default_factory=dict)
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
    scopes: Annotated[dict[Name, ScopeOfItsSource], Field(min_length=1), AfterValidator(unique_ignoring_case)]
    services: Annotated[dict[Name, Service], AfterValidator(unique_ignoring_case)]

    @model_validator(mode="after")
    def _scopes_fit_their_sources(self) -> Settings:
        for name, scope in self.scopes.items():
            if scope.source not in self.sources:
                fix = "Declare it under sources, or name one of those."
                raise UnknownName(f"source (scopes.{name}.source)", scope.source, self.sources, fix)
            scope.refuse(name, self.sources[scope.source])
        return self

    @model_validator(mode="after")
    def _services_have_places_of_their_own(self) -> Settings:
        """Two that deliver to one place take each other's products for their own, and remove them."""
        taken: dict[tuple[str, str], tuple[str, str]] = {}
        for name, service in self.services.items():
            if not isinstance(service, AuditedService):
                continue
            for scope in self.scopes:
                place = service.target(scope)
                other, of = taken.setdefault((place, scope if service.is_keyed_by_scope else ""), (name, scope))
                if (other, of) != (name, scope):
                    problem = f"its products of {scope} go to {place!r}, where those of services.{other} of {of} go."
                    raise InvalidSettings(f"services.{name}", problem, f"Give each {service.place_of_its_own}.")
        return self

    def scope(self, name: str) -> Scope:
        """The scope called ``name``; UnknownName lists the ones there are."""
        if name not in self.scopes:
            raise UnknownName("scope", name, self.scopes, "Name one of those, or declare it under scopes.")
        return self.scopes[name]

    def service(self, name: str) -> ServiceOptions:
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
        scope_options = self.scopes[scope]
        source = self.sources[scope_options.source]
        options = source.model_dump(mode="json", exclude=set(source.outside_fingerprint))
        keys = scope_options.model_dump(mode="json", exclude={"label", "guard", "fresh_within"})
        return fingerprint([_without_unset(options), _without_unset({**_ONCE_IN_EVERY_SCOPE, **keys})])


# Every scope had these keys once, whatever its source. They stay in the fingerprint with the values that they have
# where nobody sets them, because a scope with another fingerprint is read whole again.
_ONCE_IN_EVERY_SCOPE: dict[str, Any] = {
    **dict.fromkeys(("path", "locale", "channel", "currency", "store_view", "format", "delimiter")),
    **dict.fromkeys(("table", "query", "cursor", "key", "deleted")),
    "snapshot": "complete",
    "sheet": 0,
}
# Unset, or as if unset, these leave the fingerprints of older stores as they were.
_LATER = {**dict.fromkeys(("encoding", "time_zone", "where", "group_by", "fill_down", "collect")), "header_line": 1}


def _without_unset(keys: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if key not in _LATER or (value and value != _LATER[key])}
