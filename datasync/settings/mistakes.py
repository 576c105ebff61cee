"""What pydantic finds wrong with a settings file, in the words of this project: the key, the value, the fix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from datasync.errors import InvalidSettings
from datasync.settings.keys import SOURCES, Accept, Guard, Keep, Pulled, Scope, Service, Settings
from datasync.settings.values import SECRETS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def told(error: ValidationError) -> InvalidSettings:
    """Every finding of pydantic, the first one as the error and the others in its words."""
    first, *others = map(_finding, error.errors())
    first.args = (" Also: ".join(map(str, [first, *others])),)
    return first


def _finding(found: ErrorDetails) -> InvalidSettings:
    """One finding of pydantic in the words of this file: the key, what was given, what is known, the fix."""
    where = [str(part) for part in found["loc"] if part not in SOURCES and part != "[key]"]
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
        return InvalidSettings(f"{key}.kind", f"{problem}", f"Known kinds: {', '.join(sorted(SOURCES))}.")
    return InvalidSettings(key, problem, "Mend it in the settings file.")


def _without_secrets(given: str) -> str:
    """A text as it was given; of a URL that may hold a secret its scheme alone, for errors end up in logs."""
    return re.sub(r"://.*", "://***", given, flags=re.DOTALL) if "@" in given or SECRETS.search(given) else given


def _known(loc: tuple[int | str, ...]) -> list[str]:
    models: dict[str, list[type[BaseModel]]] = {
        "scopes": [Scope],
        "services": [Service],
        "keep": [Keep],
        "guard": [Guard],
        "sources": [model for kind, model in SOURCES.items() if kind in loc] or list(SOURCES.values()),
    }
    if "accepts" in loc:
        return list(Accept.model_fields)
    if len(loc) > 1 and "guard" in loc[:-1]:
        return list(Guard.model_fields)
    inside = models.get(str(loc[0]), [Settings]) if len(loc) > 1 else [Settings]
    fields = dict.fromkeys(field for model in inside for field in model.model_fields)
    return sorted(fields, key=lambda field: field in Pulled.model_fields)  # what is the kind's own comes first
