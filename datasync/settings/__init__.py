"""datasync.yaml, read once into frozen, typed settings.

Relative paths resolve against the settings file's folder. A mistake raises InvalidSettings, which names the key, what
was given, what is known and the fix. Nothing here opens a connection or imports DuckDB: DAG files read settings when
parsed.

The options of a kind of source or of service stand beside its code. They derive from the classes here.
"""

from __future__ import annotations

from datasync.settings.example import service_lines
from datasync.settings.file import DEFAULT_FILE, load, located, parse
from datasync.settings.keys import Keep, Notice, Settings
from datasync.settings.kinds import service_kind, source_kind
from datasync.settings.options import (
    Accept,
    AuditedService,
    Guard,
    HttpSourceOptions,
    RowsScope,
    Scope,
    ServiceOptions,
    SourceOptions,
    absolute,
    absolute_at,
)
from datasync.settings.schema import schema

__all__ = [
    "DEFAULT_FILE",
    "Accept",
    "AuditedService",
    "Guard",
    "HttpSourceOptions",
    "Keep",
    "Notice",
    "RowsScope",
    "Scope",
    "ServiceOptions",
    "Settings",
    "SourceOptions",
    "absolute",
    "absolute_at",
    "load",
    "located",
    "parse",
    "schema",
    "service_kind",
    "service_lines",
    "source_kind",
]
