"""The JSON schema of a settings file, for editors that complete and check YAML; it knows every kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Union

from pydantic import BaseModel, Field, create_model

from datasync import registry
from datasync.settings.keys import Keep, Settings
from datasync.settings.kinds import service_kind, source_kind
from datasync.settings.options import Model, Scope, SourceOptions
from datasync.settings.values import Name, spelled


def schema() -> dict[str, Any]:
    """The JSON schema; raises UnusableKind where a kind that is installed does not give its options."""
    sources = [source_kind(name) for name in registry.names(registry.SOURCES)]
    services = [service_kind(name) for name in registry.names(registry.SERVICES)]
    either: Any = Union  # a type checker cannot follow types that are put together at run time
    mapping: Any = dict
    parts: dict[str, Any] = {
        "sources": Annotated[either[tuple(sources)], Field(discriminator="kind")],
        "scopes": _any_scope(sources),
        "services": either[tuple(services)],
    }
    fields: dict[str, Any] = {key: (mapping[Name, part], _default(key)) for key, part in parts.items()}
    whole: type[BaseModel] = create_model("Settings", __base__=Settings, __doc__=Settings.__doc__, **fields)
    json_schema = whole.model_json_schema()
    _spell_durations(json_schema, Settings)
    models: list[type[Model]] = [Keep, *sources, *services]
    for model in models:
        _spell_durations(json_schema["$defs"][model.__name__], model)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **json_schema}


def _any_scope(sources: Sequence[type[SourceOptions]]) -> type[BaseModel]:
    """A scope with the keys of every kind: a schema cannot say that they depend on the source that it names."""
    models: list[type[BaseModel]] = [Scope, *(options.scope_model for options in sources)]
    fields: dict[str, Any] = {
        name: (field.annotation, field) for model in reversed(models) for name, field in model.model_fields.items()
    }
    scope: type[BaseModel] = create_model("Scope", __base__=Model, __doc__=Scope.__doc__, **fields)
    return scope


def _default(key: str) -> Any:
    """The default of a key, which has to be there, and how many entries it has at least."""
    return Field(min_length=1) if key == "scopes" else ...


def _spell_durations(json_schema: Mapping[str, Any], model: type[BaseModel]) -> None:
    """Write the defaults of durations as the file does."""
    for name, key in model.model_fields.items():
        if isinstance(key.default, timedelta):
            json_schema["properties"][name]["default"] = spelled(key.default)
