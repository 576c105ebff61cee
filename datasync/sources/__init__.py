"""Where products come from: one short module a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from datasync.connection import Credentials
from datasync.errors import InvalidSettings
from datasync.settings import Settings
from datasync.sources.base import Opening, Source
from datasync.sources.files.source import Files
from datasync.sources.sample.source import Sample
from datasync.store.files import Store


def _adobe_commerce(opening: Opening) -> Source:
    """Imported when it is needed, as all that speak HTTP: most commands of the shell do without."""
    from datasync.sources.rest.adobe_commerce import AdobeCommerce

    return AdobeCommerce(opening)


def _akeneo(opening: Opening) -> Source:
    from datasync.sources.rest.akeneo import Akeneo

    return Akeneo(opening)


def _database(opening: Opening) -> Source:
    """Imported when it is needed: SQLAlchemy and the drivers are an extra of the package."""
    try:
        from datasync.sources.sql.source import Database
    except ImportError as error:
        fix = "Install it with its extra: pip install 'datasync[sql]'."
        raise InvalidSettings(
            f"sources.{opening.scope.source}",
            f"needs the package {error.name or 'of its kind'}, which is not installed.",
            fix,
        ) from error
    return Database(opening)


KINDS: Mapping[str, Callable[[Opening], Source]] = {
    "adobe-commerce": _adobe_commerce,
    "akeneo": _akeneo,
    "files": lambda opening: Files(opening.name, opening.scope, opening.source),
    "sample": lambda opening: Sample(opening.name, opening.scope, opening.source),
    "sql": _database,
}


def open_source(
    settings: Settings, scope: str, credentials: Credentials, *, store: Store | None = None, run: str | None = None
) -> Source:
    """The source of one scope, ready to be asked. Nothing is connected to before it is.

    To pull records, give the ``store`` and the ``run`` that they are pulled into.
    """
    mine = settings.scope(scope)
    source = settings.sources[mine.source]
    return KINDS[source.kind](Opening(scope, mine, source, credentials, store, run))
