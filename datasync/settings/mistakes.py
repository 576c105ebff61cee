"""What pydantic finds wrong with a settings file, in the words of this project: the key, the value, the fix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from datasync.errors import InvalidSettings
from datasync.product import PRODUCT_COLUMNS
from datasync.settings.keys import SOURCES, Accept, Guard, Keep, Notice, Pulled, Scope, Service, Settings, Translations
from datasync.settings.reasons import meant, reason
from datasync.settings.values import SECRETS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def settings_error(error: ValidationError) -> InvalidSettings:
    """Every finding of pydantic, the first one as the error and the others in its words."""
    by_key = {mistake.key: mistake for mistake in reversed([*map(_finding, error.errors())])}
    mistakes = [mistake for mistake in map(_finding, error.errors()) if str(by_key[mistake.key]) == str(mistake)]
    mistakes[0].args = (" Also: ".join(dict.fromkeys(map(str, mistakes))),)
    return mistakes[0]


def _finding(finding: ErrorDetails) -> InvalidSettings:
    """One finding of pydantic in the words of this file: the key, what was given, what is known, the fix."""
    loc = finding["loc"]
    path = [str(part) for part in loc if part not in SOURCES and part not in ("[key]", *_UNION)]
    key = ".".join(path) or "settings"
    if finding["type"] == "extra_forbidden":
        known = _known(loc)
        fix = f"{meant(path[-1], known)}Known here: {', '.join(known)}."
        return InvalidSettings(key, "there is no such key.", fix)
    if finding["type"] == "missing":
        example = _MISSING.get(path[-1], "`datasync init FILE` writes an example.")
        return InvalidSettings(key, "is missing.", f"Add it: {example}")
    if finding["type"] == "union_tag_invalid":
        return _no_kind(key, str(finding["ctx"]["tag"]))
    if finding["type"] == "union_tag_not_found":
        fix = f"Write it first, as in kind: files. Known kinds: {', '.join(sorted(SOURCES))}."
        return InvalidSettings(f"{key}.kind", "is missing.", fix)
    if "[key]" in loc:
        return _no_name(key, path[-1], finding)
    if finding["type"] == "value_error":
        says = finding["msg"].removeprefix("Value error, ")
        value = _shown(finding["input"])
        return InvalidSettings(key, f"{value} {says}.".lstrip(), "")
    return InvalidSettings(key, *reason(finding, _named(path), _shown(finding["input"])))


_UNION = ("str", "int")  # what a key may be of two types is called by them
_MISSING = {
    "source": "the name of one of the sources, as in source: exports.",
    "rule": "a condition over the product's columns, as in rule: \"status = 'enabled'\".",
    "otherwise": "what the report says where the rule is not true, as in otherwise: The product is disabled.",
    "connection": "the id of a connection in Airflow, as in connection: my_shop.",
    "notifier": "the full name of one of Airflow's notifiers.",
    "sources": "where products come from, as in sources: {exports: {kind: files}}; `datasync init FILE` writes all.",
    "scopes": "one for each catalog, as in scopes: {en-US: {source: exports, path: exports/*.csv}}.",
    "services": "who the products go to, as in services: {search: {label: Search}}.",
}
_FORMATS = ("file", "csv", "tsv", "json", "jsonl", "xlsx", "excel", "parquet", "s3", "folder")
_DATABASES = ("postgres", "postgresql", "mysql", "sqlite", "mssql", "oracle", "database", "db")


def _no_kind(key: str, kind: str) -> InvalidSettings:
    kinds = sorted(SOURCES)
    meant_kind = "files" if kind.lower() in _FORMATS else "sql" if kind.lower() in _DATABASES else ""
    near = f"Did you mean {meant_kind}? " if meant_kind else meant(kind, kinds)
    return InvalidSettings(f"{key}.kind", f"there is no kind {kind!r}.", f"{near}Known kinds: {', '.join(kinds)}.")


def _no_name(key: str, name: str, finding: ErrorDetails) -> InvalidSettings:
    """A name that cannot stand where it does: a column of a map, or that of a source, scope or service."""
    if finding["type"] == "literal_error":
        columns = [*PRODUCT_COLUMNS]
        fix = f"{meant(name, columns)}Columns: {', '.join(columns)}. What else to take is named under attributes."
        return InvalidSettings(key, "a product has no such column.", fix)
    if finding["type"] == "value_error":
        return InvalidSettings(key, f"{name!r} {finding['msg'].removeprefix('Value error, ')}.", "")
    return InvalidSettings(
        key, "is a number or a date to YAML, where a name is wanted.", f'Put it in quotes: "{name}".'
    )


def _named(path: list[str]) -> str:
    """The key that a path ends in; of an entry of a list or of a map that of the list, or of the map."""
    if len(path) > 1 and (path[-1].isdigit() or path[-2] == "map"):
        return path[-2]
    if len(path) == 2 and path[0] in ("sources", "scopes", "services"):
        return f"{path[0]}.*"
    return path[-1] if path else ""


def _shown(value: object) -> str:
    """A value as it was given, if it is a plain one; of a long text the beginning."""
    if isinstance(value, str):
        plain = _without_secrets(value)
        return repr(plain if len(plain) <= 80 else f"{plain[:79]}…")
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, (int, float)) else ""


def _without_secrets(text: str) -> str:
    """A text as it was given; of a URL that may hold a secret its scheme alone, for errors end up in logs."""
    return re.sub(r"://.*", "://***", text, flags=re.DOTALL) if "@" in text or SECRETS.search(text) else text


def _known(loc: tuple[int | str, ...]) -> list[str]:
    models: dict[str, list[type[BaseModel]]] = {
        "scopes": [Scope],
        "services": [Service],
        "keep": [Keep],
        "guard": [Guard],
        "translations": [Translations],
        "notify": [Notice],
        "sources": [model for kind, model in SOURCES.items() if kind in loc] or list(SOURCES.values()),
    }
    if "accepts" in loc:
        return list(Accept.model_fields)
    if len(loc) > 1 and "guard" in loc[:-1]:
        return list(Guard.model_fields)
    inside = models.get(str(loc[0]), [Settings]) if len(loc) > 1 else [Settings]
    fields = dict.fromkeys(field for model in inside for field in model.model_fields)
    return sorted(fields, key=lambda field: field in Pulled.model_fields)  # what is the kind's own comes first
