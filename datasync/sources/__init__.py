"""Where products come from: one short module a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datasync.settings import Scope, Settings
from datasync.sources.base import Source
from datasync.sources.files import Files
from datasync.sources.sample import Sample

KINDS: Mapping[str, Callable[[str, Scope, Any], Source]] = {"files": Files, "sample": Sample}


def open_source(settings: Settings, scope: str) -> Source:
    """The source of one scope, ready to be asked."""
    mine = settings.scope(scope)
    source = settings.sources[mine.source]
    return KINDS[source.kind](scope, mine, source)
