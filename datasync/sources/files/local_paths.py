"""What stands at the local paths that a pattern matches: files, and what looks like one and cannot be read.

`glob` passes over a folder that it may not list, and nobody can open a link that leads nowhere. What is passed over in
silence counts as removed, so each of these is listed with the reason why it cannot be read.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from datasync.secrets import code_of

_NOTHING = (FileNotFoundError, NotADirectoryError)
_NO_TIME = datetime.min.replace(tzinfo=UTC)
_NO_UTF_8 = "its path is not UTF-8, so it has to be renamed"
_OTHER_KINDS = {
    stat.S_IFIFO: "it is a named pipe and no file",
    stat.S_IFSOCK: "it is a socket and no file",
    stat.S_IFCHR: "it is a device and no file",
    stat.S_IFBLK: "it is a device and no file",
}


class NoFile(OSError):
    """What matches a pattern and is no file that can be opened; the text says why."""


@dataclass(frozen=True, slots=True)
class PathStatus:
    """A path that is no folder: its size, when it was last written, and why it cannot be read (``""``: it can be)."""

    path: str
    size: int = 0
    modified: datetime = _NO_TIME
    unreadable: str = ""


def as_text(path: str) -> str:
    """A path as text, in which bytes that are no UTF-8 are written out."""
    return path.encode(errors="surrogateescape").decode(errors="backslashreplace")


def is_exact(pattern: str) -> bool:
    """Whether something that is no folder stands at the path that the pattern is, whatever signs are in it.

    Where nobody may look, it may stand there, unless the signs are those of a pattern.
    """
    try:
        return not stat.S_ISDIR(os.lstat(pattern).st_mode) and not os.path.isdir(pattern)
    except PermissionError:
        return not glob.has_magic(pattern)
    except OSError:
        return False


def matching_paths(pattern: str) -> list[PathStatus]:
    """What matches a pattern and is no folder, and the folders on the way that cannot be looked into, by path."""
    if is_exact(pattern):
        return list(_statuses([pattern]))
    shut = {status.path: status for status in _shut_folders(pattern)}
    matching = {status.path: status for status in _statuses(glob.glob(pattern, recursive=True))}
    return [status for _, status in sorted({**shut, **matching}.items())]


def open_file(path: str) -> IO[bytes]:
    """A file's bytes; NoFile where it is none, because a pipe would be waited for without an end."""
    return open(path, "rb", opener=_opener)


def unopened_reason(error: OSError) -> str:
    """Why a path cannot be opened, in words of ours."""
    if isinstance(error, NoFile):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "it was taken away while it was to be read"
    if isinstance(error, PermissionError):
        return "this worker's user may not read it"
    if error.errno == errno.ELOOP:
        return "it is a link that leads back to itself"
    return f"its disk gave an error ({code_of(error)})"


def _opener(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if why := _other_kind(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NoFile(why)
    return descriptor


def _statuses(paths: list[str]) -> Iterator[PathStatus]:
    for path in paths:
        try:
            status = os.stat(path)
        except OSError as error:
            yield _unreadable(path, error)
        else:
            if not stat.S_ISDIR(status.st_mode):
                why = _other_kind(status.st_mode) if _is_utf_8(path) else _NO_UTF_8
                yield PathStatus(path, status.st_size, _time(status), why)


def _unreadable(path: str, error: OSError) -> PathStatus:
    """A path that nothing can be known of, with the time of the link that it is, if it is one."""
    why = unopened_reason(error)
    if isinstance(error, _NOTHING) and os.path.islink(path):
        why = "it is a link, and what it leads to is not there"
    try:
        return PathStatus(path, modified=_time(os.lstat(path)), unreadable=why)
    except OSError:
        return PathStatus(path, unreadable=why)


def _shut_folders(pattern: str) -> Iterator[PathStatus]:
    """The folders that a pattern has to look into, and that cannot be looked into."""
    for folder in _folders(pattern):
        try:
            if stat.S_ISDIR(os.stat(folder).st_mode):
                os.stat(os.path.join(folder, os.curdir))
                with os.scandir(folder) as entries:
                    list(entries)
        except PermissionError:
            yield PathStatus(folder, unreadable="it is a folder, and this worker's user may not look into it")
        except OSError as error:
            yield _unreadable(folder, error)


def _folders(pattern: str) -> Iterator[str]:
    """What stands in the places of the pattern's folders, from the first sign of a pattern on."""
    parts = pattern.split("/")
    for number in range(1, len(parts)):
        if any(map(glob.has_magic, parts[: number + 1])) and (folder := "/".join(parts[:number])):
            yield from glob.glob(folder, recursive=True)


def _other_kind(mode: int) -> str:
    return "" if stat.S_ISREG(mode) else _OTHER_KINDS.get(stat.S_IFMT(mode), "it is no file")


def _is_utf_8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _time(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
