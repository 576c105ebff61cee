"""A scope's encoding that its files are not in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from datasync.check.finding import FORESEEN, Finding
from datasync.settings import Scope, Settings
from datasync.sources.files.file_listing import beginning, locate
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.starter.encoding import HEAD, is_utf8


def needless_encoding(key: str, scope: Scope, settings: Settings) -> Iterator[Finding]:
    """A note where the last file is valid UTF-8, with more than ASCII in it, and another encoding is set."""
    source = settings.sources.get(scope.source)
    if not isinstance(scope, FilesScope) or not isinstance(source, FilesSource) or not scope.encoding:
        return
    try:
        location = locate(scope.path or "", source.options, key.removeprefix("scopes."), scope.source)
        head = beginning(location, HEAD, at=-1)
    except FORESEEN:  # files that cannot be read are told of elsewhere
        return
    if not codecs.lookup(scope.encoding).name.startswith("utf") and not head.isascii() and is_utf8(head):
        sentence = f"the file is valid UTF-8, and its letters that are not English come out wrong in {scope.encoding}"
        yield Finding("note", f"{key}.encoding", f"{sentence}: take the line out.")
