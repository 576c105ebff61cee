"""Sources, scopes and services as a settings file writes them, each validated by the options of its kind.

Which kinds there are is the registry's to know. Here a kind is a name, and the class that the name stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from datasync import registry
from datasync.errors import UnusableKind
from datasync.settings.options import Scope, ServiceOptions, SourceOptions

KindOptions = TypeVar("KindOptions", SourceOptions, ServiceOptions)


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A settings file before it is validated: the folder that it lies in, and what stands in it."""

    folder: str
    content: Mapping[Any, Any]

    def entry(self, part: str, name: object) -> Mapping[Any, Any]:
        """The keys of one source, scope or service; none where it has no keys."""
        return keys_of(keys_of(self.content.get(part)).get(name))

    def source_of(self, scope: Mapping[Any, Any]) -> tuple[Mapping[Any, Any], type[SourceOptions] | None]:
        """The source that a scope names, as it is written, and its kind; None where that cannot be told."""
        source = self.entry("sources", scope.get("source"))
        return source, usable(registry.SOURCES, source.get("kind"))


def source_kind(name: str) -> type[SourceOptions]:
    """The options of a kind of source; UnusableKind where its package does not give them."""
    return _checked(registry.SOURCES, name, SourceOptions)


def service_kind(name: str) -> type[ServiceOptions]:
    """The options of a kind of service; UnusableKind where its package does not give them."""
    return _checked(registry.SERVICES, name, ServiceOptions)


def usable(group: str, name: object) -> Any:
    """The options of a kind; None where there is no such kind, or where it cannot be used."""
    if name not in registry.names(group):
        return None
    try:
        return _KINDS[group](str(name))
    except UnusableKind:
        return None


def usable_kinds(group: str) -> Iterator[Any]:
    """The options of every kind that can be used."""
    return (options for name in registry.names(group) if (options := usable(group, name)))


def kinds_with_scope_key(key: str) -> list[str]:
    """The kinds of source whose scopes have a key that not every scope has."""
    if key in Scope.model_fields:
        return []
    sources = ((name, usable(registry.SOURCES, name)) for name in registry.names(registry.SOURCES))
    return [name for name, options in sources if options and key in options.scope_model.model_fields]


def source_as_written(written: object, info: ValidationInfo) -> SourceOptions:
    """A source, validated by its kind."""
    if not isinstance(written, dict):
        return SourceOptions.model_validate(written)
    options = source_kind(_kind(registry.SOURCES, written, default=None))
    return options.model_validate(options.placed(written, _file(info).folder))


def service_as_written(written: object, info: ValidationInfo) -> ServiceOptions:
    """A service, validated by its kind; one without a value has no keys."""
    written = {} if written is None else written
    if not isinstance(written, dict):
        return ServiceOptions.model_validate(written)
    options = service_kind(_kind(registry.SERVICES, written, default=registry.DEFAULT_SERVICE))
    return options.model_validate(options.placed(written, _file(info).folder))


def scope_as_written(written: object, info: ValidationInfo) -> Scope:
    """A scope, validated by the kind of its source.

    Where that kind cannot be told, which is a mistake by itself, the keys that some kind knows are not judged.
    """
    written = {} if written is None else written
    if not isinstance(written, dict):
        return Scope.model_validate(written)
    source, options = _file(info).source_of(written)
    if options is None:
        return Scope.model_validate({k: v for k, v in written.items() if not kinds_with_scope_key(str(k))})
    model = options.scope_model
    return model.model_validate(model.placed(written, source, _file(info).folder))


def keys_of(value: object) -> Mapping[Any, Any]:
    """A value that has keys; anything else has none."""
    return value if isinstance(value, dict) else {}


def _file(info: ValidationInfo) -> WrittenFile:
    assert isinstance(info.context, WrittenFile)
    return info.context


def _kind(group: str, written: Mapping[Any, Any], default: str | None) -> str:
    if "kind" not in written and default is None:
        raise PydanticCustomError("kind_missing", "the kind is missing")
    kind = str(written.get("kind", default))
    if kind not in registry.names(group):
        raise PydanticCustomError("kind_unknown", "there is no such kind", {"kind": kind})
    try:
        _KINDS[group](kind)
    except UnusableKind as error:
        raise PydanticCustomError("kind_unusable", "the kind cannot be used", {"error": error}) from error
    return kind


def _checked(group: str, name: str, base: type[KindOptions]) -> type[KindOptions]:
    """What a kind declares, if it is what a kind has to be."""
    declared: Any = registry.load(group, name)
    if isinstance(declared, type) and issubclass(declared, base):
        if get_args(declared.model_fields["kind"].annotation) == (name,):
            return declared
        problem = f"declares {declared.__name__}, which lacks the line: kind: Literal[{name!r}]"
    else:
        problem = f"declares {declared!r}, which is no class derived from datasync.settings.{base.__name__}"
    fix = f"Mend the package {registry.package_of(group, name)}, or install another version of it."
    raise UnusableKind(name, problem, fix)


_KINDS = {registry.SOURCES: source_kind, registry.SERVICES: service_kind}
