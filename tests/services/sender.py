"""Transfers in processes of their own, each of which may be killed, or dies before or after an entry of the receipts.

One process imports everything once and forks for each of them. It opens no database, so a fork has no thread to miss.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.line import Line

ROOT = Path(__file__).parents[2]


@dataclass
class Senders:
    """The process that forks: it is told what to send, and tells the number of the process that does."""

    process: subprocess.Popen[str]

    def start(self, line: Line, name: str, options: Mapping[str, Any], kill: tuple[str, int] | None = None) -> int:
        """Begin a transfer of a line to a service; ``kill`` says when it dies: before or after which entry."""
        line.passes(seconds=1)
        plan = {"folder": str(line.folder), "name": name, "options": dict(options), "kill": kill}
        plan |= {"now": line.now.isoformat(), "environment": dict(os.environ)}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(plan) + "\n")
        self.process.stdin.flush()
        return self._told()

    def ended(self) -> int:
        """Wait for the end of the transfer that began last: its exit code, below 0 for a signal."""
        return self._told()

    def _told(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def forking() -> Iterator[Senders]:
    """A process that forks for each transfer, one after another."""
    command = [sys.executable, "-m", "tests.services.sender"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Senders(process)
    finally:
        process.communicate()


def main() -> None:
    """Fork for each line of stdin, until it is closed."""
    for text in sys.stdin:
        child = os.fork()
        if child == 0:
            _transfer_and_exit(json.loads(text))
        _say(child)
        _say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _transfer_and_exit(plan: Mapping[str, Any]) -> None:
    status = 1
    try:
        _transfer(plan)
        status = 0
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)


def _transfer(plan: Mapping[str, Any]) -> None:
    os.environ.update(plan["environment"])
    name = plan["name"]
    line = Line(Path(plan["folder"]), **{name: plan["options"]})
    line.now = datetime.fromisoformat(plan["now"])
    if plan["kill"]:
        when, entry = plan["kill"]
        getattr(line.store, when)[line.log(name).path(entry)] = _die
    line.transfer(name, run="killed")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
