"""What pydantic finds wrong with a settings file, in the words of this project: the key, the value, the fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from datasync import registry
from datasync.errors import InvalidSettings
from datasync.product import PRODUCT_COLUMNS
from datasync.settings.keys import Keep, Notice, Settings, Translations
from datasync.settings.kinds import WrittenFile, kinds_with_scope_key, usable, usable_kinds
from datasync.settings.options import Accept, Guard, Scope, ServiceOptions, SourceOptions, with_article
from datasync.settings.reasons import meant, reason
from datasync.settings.values import SECRETS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Place = tuple[int | str, ...]  # where a finding is: the keys and numbers that lead to it


def settings_error(error: ValidationError, file: WrittenFile) -> InvalidSettings:
    """Every finding of pydantic about a ``file``, the first one as the error and the others in its words."""
    findings = [_finding(finding, file) for finding in error.errors()]
    by_key = {mistake.key: mistake for mistake in reversed(findings)}
    mistakes = [mistake for mistake in findings if str(by_key[mistake.key]) == str(mistake)]
    mistakes[0].args = (" Also: ".join(dict.fromkeys(map(str, mistakes))),)
    return mistakes[0]


def _finding(finding: ErrorDetails, file: WrittenFile) -> InvalidSettings:
    """One finding of pydantic in the words of this file: the key, what was given, what is known, the fix."""
    loc = finding["loc"]
    path = [str(part) for n, part in enumerate(loc) if n < _NAMED or part not in ("[key]", *_UNION)]
    key = ".".join(path) or "settings"
    if finding["type"] == "extra_forbidden":
        return _no_key(key, loc, file)
    if finding["type"] == "missing":
        example = _MISSING.get(path[-1], "`datasync init FILE` writes an example.")
        return InvalidSettings(key, "is missing.", f"Add it: {example}")
    if finding["type"] in _OF_A_KIND:
        return _OF_A_KIND[finding["type"]](f"{key}.kind", loc, finding.get("ctx", {}))
    if "[key]" in loc:
        return _no_name(key, path[-1], finding)
    if finding["type"] == "value_error":
        says = finding["msg"].removeprefix("Value error, ")
        value = _shown(finding["input"])
        return InvalidSettings(key, f"{value} {says}.".lstrip(), "")
    return InvalidSettings(key, *reason(finding, _named(path), _shown(finding["input"])))


_NAMED = 2  # the first parts of a place: sources, scopes or services, and a name, whatever that is
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
_OTHER_KINDS = {
    **dict.fromkeys(("file", "csv", "tsv", "json", "jsonl", "xlsx", "excel", "parquet", "s3", "folder"), "files"),
    **dict.fromkeys(("postgres", "postgresql", "mysql", "sqlite", "mssql", "oracle", "database", "db"), "sql"),
}


def _no_key(key: str, loc: Place, file: WrittenFile) -> InvalidSettings:
    """A key that is not there: no kind of source has it, or another kind than the one that this scope has."""
    name, known = str(loc[-1]), _known(loc, file)
    if loc[0] == "scopes" and len(loc) == _NAMED + 1 and kinds_with_scope_key(name):
        source, _ = file.source_of(file.entry("scopes", loc[1]))
        problem = f"means nothing to {with_article(str(source.get('kind')))} source."
        return InvalidSettings(key, problem, "Take the line out.")
    return InvalidSettings(key, "there is no such key.", f"{meant(name, known)}Known here: {', '.join(known)}.")


def _kind_missing(key: str, loc: Place, context: Mapping[str, Any]) -> InvalidSettings:
    fix = f"Write it first, as in kind: files. Known kinds: {', '.join(registry.names(_group(loc)))}."
    return InvalidSettings(key, "is missing.", fix)


def _kind_unknown(key: str, loc: Place, context: Mapping[str, Any]) -> InvalidSettings:
    kind, kinds = str(context["kind"]), registry.names(_group(loc))
    other = _OTHER_KINDS.get(kind.lower(), "")
    near = f"Did you mean {other}? " if other in kinds else meant(kind, kinds)
    return InvalidSettings(key, f"there is no kind {kind!r}.", f"{near}Known kinds: {', '.join(kinds)}.")


def _kind_unusable(key: str, loc: Place, context: Mapping[str, Any]) -> InvalidSettings:
    error = context["error"]
    return InvalidSettings(key, f"the kind {error.kind!r} {error.problem}.", error.fix)


def _group(loc: Place) -> str:
    return registry.SOURCES if loc[0] == "sources" else registry.SERVICES


_OF_A_KIND: dict[str, Callable[[str, Place, Mapping[str, Any]], InvalidSettings]] = {
    "kind_missing": _kind_missing,
    "kind_unknown": _kind_unknown,
    "kind_unusable": _kind_unusable,
}


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


def _known(loc: Place, file: WrittenFile) -> list[str]:
    """The keys that may stand where an unknown one stands; what is the kind's own comes first."""
    if "accepts" in loc:
        return list(Accept.model_fields)
    if len(loc) > 1 and "guard" in loc[:-1]:
        return list(Guard.model_fields)
    if len(loc) == 1:
        return list(Settings.model_fields)
    if loc[0] in ("sources", "services"):
        return _known_of_kind(loc, file)
    if loc[0] == "scopes":
        _, options = file.source_of(file.entry("scopes", loc[1]))
        return list((options.scope_model if options else Scope).model_fields)
    parts: dict[str, type[BaseModel]] = {"keep": Keep, "guard": Guard, "translations": Translations, "notify": Notice}
    return list(parts.get(str(loc[0]), Settings).model_fields)


def _known_of_kind(loc: Place, file: WrittenFile) -> list[str]:
    group = _group(loc)
    common = SourceOptions.model_fields if group == registry.SOURCES else ServiceOptions.model_fields
    default = None if group == registry.SOURCES else registry.DEFAULT_SERVICE
    options = usable(group, file.entry(str(loc[0]), loc[1]).get("kind", default))
    models = [options] if options else [*usable_kinds(group)]
    fields = dict.fromkeys(field for model in models for field in model.model_fields)
    return sorted(fields, key=lambda field: field in common and field != "kind")
