"""datasync.yaml, read once into frozen, typed settings.

Relative paths resolve against the settings file's folder. A mistake raises InvalidSettings, which names the key, what
was given, what is known and the fix. Nothing here opens a connection or imports DuckDB: DAG files read settings when
parsed.
"""

from __future__ import annotations

from datasync.settings.file import DEFAULT_FILE, load, parse, schema
from datasync.settings.keys import (
    OWN,
    SOURCES,
    Accept,
    AdobeCommerceSource,
    AkeneoSource,
    FilesSource,
    Guard,
    Keep,
    Notice,
    SampleSource,
    Scope,
    Service,
    Settings,
    SqlSource,
)

__all__ = [
    "DEFAULT_FILE",
    "OWN",
    "SOURCES",
    "Accept",
    "AdobeCommerceSource",
    "AkeneoSource",
    "FilesSource",
    "Guard",
    "Keep",
    "Notice",
    "SampleSource",
    "Scope",
    "Service",
    "Settings",
    "SqlSource",
    "load",
    "parse",
    "schema",
]
