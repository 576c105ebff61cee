"""Where products come from: one short module a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from datasync.connection import Credentials
from datasync.settings import Settings
from datasync.sources.base import Opening, Source
from datasync.sources.files import Files
from datasync.sources.sample import Sample
from datasync.store.files import Store

KINDS: Mapping[str, Callable[[Opening], Source]] = {
    "files": lambda given: Files(given.name, given.scope, given.source),
    "sample": lambda given: Sample(given.name, given.scope, given.source),
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
