"""How fast and by how many at once a source is asked, counted over all processes of this machine.

Whoever asks holds one of a source's slots meanwhile, and waits for its moment before each request. Both are locks on
small files in a temporary folder, which the system lets go when a process dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_AGAIN = 0.05
_LONGEST = 3600.0  # a moment further ahead than that was written before this machine started anew


class RateLimiter:
    """The budget of one source: ``at_once`` requests under way, ``per_second`` begun (None: as many as come)."""

    def __init__(self, source: str, per_second: float | None, at_once: int) -> None:
        self._gap, self._at_once = (1 / per_second if per_second else 0.0), at_once
        name = hashlib.md5(source.encode(), usedforsecurity=False).hexdigest()[:16]
        self._folder = _own_folder() / name
        self._folder.mkdir(mode=0o700, exist_ok=True)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for one of the slots and hold it."""
        while True:
            for number in random.sample(range(self._at_once), self._at_once):
                with open(self._folder / f"slot-{number}", "a") as file:
                    if _took(file.fileno()):
                        yield
                        return
            time.sleep(_LOOK_AGAIN * random.uniform(0.5, 1.5))  # noqa: S311 - so that two don't meet again

    def wait_turn(self) -> None:
        """Wait until the next request may begin."""
        if self._gap:
            time.sleep(max(0.0, self._next() - time.monotonic()))

    def _next(self) -> float:
        """The next free moment, of the clock that all processes of a machine share, taken for the caller alone."""
        with open(self._folder / "moment", "a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            free, now = _number(file.read()), time.monotonic()
            slot = free if now < free < now + _LONGEST else now
            file.truncate(0)
            file.write(repr(slot + self._gap))
            file.flush()
        return slot


def _own_folder() -> Path:
    """A folder that this user's processes share and that nobody else could have laid out for them."""
    folder = Path(tempfile.gettempdir(), f"datasync-pace-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{folder} is not this user's alone: remove it, or set TMPDIR to another folder.")
    return folder


def _took(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
