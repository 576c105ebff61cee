"""The lines of `services:` for a kind, with what each key means: what `datasync init --service KIND` prints.

A kind says what its keys mean, and what a required one looks like, by ``Field(description=..., examples=[...])``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from datasync import registry
from datasync.errors import UnknownName
from datasync.settings.kinds import service_kind
from datasync.settings.options import ServiceOptions
from datasync.settings.values import spelled

_MEANS = 44  # the column where a comment begins, if its key is short enough
_COMMON = ("label", "accepts", "guard", "export", "per_minute", "per_day", "audit")


def service_lines(kind: str, name: str = "search") -> Iterator[str]:
    """The lines for a service of a kind: keys that it cannot do without, the others as comments with their defaults."""
    if kind not in registry.names(registry.SERVICES):
        raise UnknownName("kind", kind, registry.names(registry.SERVICES), "Name one of those.")
    options = service_kind(kind)
    yield "services:"
    yield f"  {name}:  # a name of your choice: receipts and the page call it so"
    yield _line("kind", kind, "")
    own = [key for key in options.model_fields if key not in ("kind", *_COMMON)]
    common = [key for key in _COMMON if key in options.model_fields and key not in options.meaningless_keys]
    for key in (*own, *common):
        yield from _key(options, key)


def _key(options: type[ServiceOptions], key: str) -> Iterator[str]:
    field = options.model_fields[key]
    example = field.examples[0] if field.examples else _default(field)
    line = _line(key, example, field.description or "")
    yield line if field.is_required() else line.replace("    ", "    # ", 1)


def _default(field: FieldInfo) -> Any:
    default = field.get_default(call_default_factory=True)
    return spelled(default) if isinstance(default, timedelta) else list(default) if default == () else default


def _line(key: str, value: Any, meaning: str) -> str:
    written = yaml.safe_dump(
        {key: value}, default_flow_style=True, width=1_000, allow_unicode=True, sort_keys=False
    ).strip()[1:-1]
    return f"    {written}".ljust(_MEANS) + f"  # {meaning}" if meaning else f"    {written}"
