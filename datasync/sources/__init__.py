"""Where products come from: a module a kind, with the kind's options beside it.

Nothing is imported here but what reading settings needs: the options of the kinds stand in this package, and DAG files
read settings each time they are parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from datasync import registry
from datasync.connection import Credentials
from datasync.errors import InvalidSettings
from datasync.settings import Settings

if TYPE_CHECKING:
    from datasync.sources.base import Source
    from datasync.store.files import Store


def open_source(
    settings: Settings, scope: str, credentials: Credentials, *, store: Store | None = None, run: str | None = None
) -> Source:
    """The source of one scope, ready to be asked. Nothing is connected to before it is.

    To pull records, give the ``store`` and the ``run`` that they are pulled into.
    """
    from datasync.sources.base import Opening

    mine = settings.scope(scope)
    options = settings.sources[mine.source]
    try:
        source: Source = options.open(Opening(scope, mine, options, credentials, store, run))
    except ImportError as error:
        problem = f"needs the package {error.name or 'of its kind'}, which is not installed."
        fix = registry.how_to_install(registry.SOURCES, options.kind, options.extra)
        raise InvalidSettings(f"sources.{mine.source}", problem, fix) from error
    return source
