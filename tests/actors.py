"""Steps that run one write at a time, in the product and in the model side by side, and can be ended in between."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Set
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from datasync.errors import ServiceUnavailable, StoreUnavailable
from datasync.store.files import Folder
from tests.line import Killed
from tests.model import Step


class Timed(Folder):
    """A folder store whose own clock is another than the machine's."""

    def __init__(self, root: str, time: Callable[[], datetime]) -> None:
        super().__init__(root)
        self.now = time  # type: ignore[method-assign]

    def create(self, path: str, made: Path) -> bool:
        done = super().create(path, made)
        if done:
            self._date(path)
        return done

    def replace(self, path: str, made: Path) -> None:
        super().replace(path, made)
        self._date(path)

    def _date(self, path: str) -> None:
        at = self.now().timestamp()
        os.utime(self.url(path), (at, at))


class Stops(Timed):
    """A folder store that hands control over before and after every write."""

    def __init__(self, root: str, time: Callable[[], datetime], stop: Callable[[str, str, bool], None]) -> None:
        super().__init__(root, time)
        self.stop = stop

    def create(self, path: str, made: Path) -> bool:
        self.stop("before", path, True)
        done = super().create(path, made)
        self.stop("after", path, done)
        return done

    def replace(self, path: str, made: Path) -> None:
        self.stop("before", path, True)
        super().replace(path, made)
        self.stop("after", path, True)


class Actor:
    """One step under way, in the product (a thread that runs only while ``go_on`` waits for it) and in the model."""

    def __init__(
        self, step: Step, root: str, time: Callable[[], datetime], work: Callable[[Stops], object], name: str
    ) -> None:
        self.name, self.ended, self._step, self._work = name, False, step, work
        self._stopped_at, self._sends = ("start", "", True), False
        self._error: BaseException | None = None
        self._kill = False
        self._go, self._has_stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(Stops(root, time, self._stop),), daemon=True)
        self._thread.start()

    def go_on(self) -> None:
        """Run both to their next stop, which must be the same."""
        when, path, done = self._resume()
        if self._error and not isinstance(self._error, ServiceUnavailable | StoreUnavailable):
            raise self._error
        try:
            expected = self._step.send(done) if self._sends else next(self._step)  # type: ignore[arg-type]
        except StopIteration:
            expected = ("end", "")
        self._sends = True
        is_there = when == expected[0] and fnmatchcase(path, expected[1])
        assert is_there, f"the product is at {when, path}, the model at {expected}"

    def needs(self, gone: Set[str]) -> bool:
        """Whether files are gone that it has written as a part of what is to come, or that it reads."""
        kind, run = self.name.split()[:2]
        if kind == "apply":
            return f"snapshots/scope=en/{run}.parquet" in gone
        return kind == "pull" and any(fnmatchcase(path, f"*/scope=en/*{run}*") for path in gone)

    def kill(self) -> None:
        self._kill = True
        if not self.ended:
            self._resume()
        self._step.close()

    def _resume(self) -> tuple[str, str, bool]:
        self._go.release()
        assert self._has_stopped.acquire(timeout=120), f"stuck after {self._stopped_at}"
        self.ended = self._stopped_at[0] == "end"
        if self.ended:
            self._thread.join()
        return self._stopped_at

    def _stop(self, when: str, path: str, done: bool) -> None:
        self._stopped_at = (when, path, done)
        self._has_stopped.release()
        self._go.acquire()
        if self._kill:
            raise Killed

    def _run(self, store: Stops) -> None:
        self._go.acquire()
        try:
            if not self._kill:
                self._work(store)
        except Killed:
            pass
        except BaseException as error:
            self._error = error
        self._stopped_at = ("end", "", True)
        self._has_stopped.release()
