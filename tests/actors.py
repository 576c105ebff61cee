"""Steps that run one write at a time, in the product and in the model side by side, and can be ended in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from datasync.errors import ServiceUnavailable
from datasync.store.files import Folder
from tests.line import Killed
from tests.model import Step


class Stops(Folder):
    """A folder store that hands control over before and after every write."""

    def __init__(self, root: str, stop: Callable[[str, str, bool], None]) -> None:
        super().__init__(root)
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

    def __init__(self, step: Step, root: str, work: Callable[[Stops], object]) -> None:
        self.ended, self._step, self._work = False, step, work
        self._stopped_at, self._sends = ("start", "", True), False
        self._error: BaseException | None = None
        self._kill = False
        self._go, self._has_stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, args=(Stops(root, self._stop),), daemon=True)
        self._thread.start()

    def go_on(self) -> None:
        """Run both to their next stop, which must be the same."""
        when, path, done = self._resume()
        if self._error and not isinstance(self._error, ServiceUnavailable):
            raise self._error
        try:
            expected = self._step.send(done) if self._sends else next(self._step)  # type: ignore[arg-type]
        except StopIteration:
            expected = ("end", "")
        self._sends = True
        is_there = when == expected[0] and fnmatchcase(path, expected[1])
        assert is_there, f"the product is at {when, path}, the model at {expected}"

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
