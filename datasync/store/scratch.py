"""Files in the making: one folder for each process under TMPDIR, gone when the process ends, or by the next tidy.

A process holds a lock on its folder for as long as it lives, and the system drops the lock however it ends. So a folder
that can be locked is a dead process's, on this machine, whatever became of its number.
"""

from __future__ import annotations

import atexit
import errno
import fcntl
import os
import re
import shutil
import stat
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from datasync.errors import DatasyncError, ScratchUnavailable

_NAME = re.compile(r"datasync-work-[0-9]+-[a-z0-9_]{8}")  # nobody names a folder of their own like that
ROOM = 1024 * 1024  # with less than that free, a disk counts as full


def process_folder() -> Path:
    """The folder of this process; a forked one gets its own. Raises ScratchUnavailable where none can be made."""
    with _making():
        folder, _ = _own(os.getpid())
        if not folder.is_dir():  # somebody swept TMPDIR
            _own.cache_clear()
            folder, _ = _own(os.getpid())
    return folder


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for files in the making, gone afterwards; ScratchUnavailable where TMPDIR has no room for them."""
    with _making():
        folder = Path(tempfile.mkdtemp(dir=process_folder()))
    try:
        yield folder
    except Exception as error:
        if not isinstance(error, DatasyncError) and is_full_disk(error) and free_bytes(folder) < ROOM:
            raise ScratchUnavailable(str(folder.parents[1]), os.strerror(errno.ENOSPC)) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class ScratchFolder:
    """A folder for files in the making that goes when nobody holds this object any longer."""

    def __init__(self) -> None:
        with _making():
            self.path = Path(tempfile.mkdtemp(dir=process_folder()))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def remove_dead(*, dry_run: bool = False) -> int:
    """Remove the folders that ended processes of this user left under TMPDIR; how many there were."""
    try:
        with _turn():
            left = [path for path in Path(tempfile.gettempdir()).iterdir() if _is_dead(path)]
            for path in [] if dry_run else left:
                shutil.rmtree(path, ignore_errors=True)
    except OSError:  # a full TMPDIR, or one that is not ours: there is nothing that could be tidied there
        return 0
    return len(left)


def is_full_disk(error: BaseException) -> bool:
    """Whether an error, the system's or DuckDB's, says that a disk has no room left."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return os.strerror(errno.ENOSPC) in str(error) or os.strerror(errno.EDQUOT) in str(error)


def free_bytes(path: str | os.PathLike[str]) -> int:
    """How much room a file of ours could take there."""
    disk = os.statvfs(path)
    return disk.f_bavail * disk.f_frsize if disk.f_favail or not disk.f_files else 0


@cache
def _own(process: int) -> tuple[Path, int]:
    """A process's folder, and the open lock on it, which ends with the process."""
    with _turn():
        folder = Path(tempfile.mkdtemp(prefix=f"datasync-work-{process}-"))
        lock = os.open(folder, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks: nobody will ever take the folder for a dead one
            fcntl.flock(lock, fcntl.LOCK_EX)
    atexit.register(_remove_own, process, folder)
    return folder, lock


def _remove_own(process: int, folder: Path) -> None:
    if process == os.getpid():  # a forked process runs its parent's exits too
        shutil.rmtree(folder, ignore_errors=True)


def _is_dead(path: Path) -> bool:
    """Whether it is a process's folder, this user's, and nobody holds it."""
    if not _NAME.fullmatch(path.name):
        return False
    try:
        status = path.lstat()
        return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and _can_be_locked(path)
    except FileNotFoundError:  # its process has just removed it
        return False


def _can_be_locked(path: Path) -> bool:
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True


@contextmanager
def _turn() -> Iterator[None]:
    """One process at a time: a folder is made and locked before anybody can take it for a dead one."""
    path = Path(tempfile.gettempdir(), f"datasync-{os.getuid()}.lock")
    turn = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield
    finally:
        os.close(turn)


@contextmanager
def _making() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only named; tempfile itself may not know one
        raise ScratchUnavailable(where, error.strerror or str(error)) from error
