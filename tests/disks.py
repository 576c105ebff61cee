"""Disks of a test's own, which can be full or read-only: small ones in a namespace that ends with the test.

The commands run as processes in that namespace, so what they meet is the kernel's own "No space left on device" and
"Read-only file system", which permissions cannot show to a root user. The process inside has imported everything once
and forks a child for each command. It may serve several tests, each with disks in a folder of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# One JSON array a line: the name of a function below and what it takes; one line of JSON back.
INSIDE = r"""
import atexit, errno, glob, json, os, signal, subprocess, sys, tempfile, time

from datasync.cli import main
from datasync.report.publish import render
from datasync.sources import files


def mount(place, size):
    os.makedirs(place, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], check=True)


def unmount(place):
    subprocess.run(["umount", place], check=True)


def remount(place, how):
    # While somebody writes to a file there, the kernel refuses; it is asked again.
    while subprocess.run(["mount", "-o", f"remount,{how}", place], stderr=subprocess.DEVNULL).returncode:
        time.sleep(0.001)


def fill(place, leaving):
    # A part of a page is a page, so what is left has whole ones.
    with open(place + "/filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
        filler.truncate(max(filler.tell() - leaving, 0) // 4096 * 4096)


def start(argv, environment, out, err):
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno())):
            os.dup2(file, number)
        os.environ.update(environment)
        tempfile.tempdir = None
        code = main(argv)
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def ended(child):
    # The exit code, or None as long as it runs.
    found, status = os.waitpid(child, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def run(argv, environment):
    return run_until(argv, environment, None, None)[:3]


def run_until(argv, environment, pattern, place):
    # As soon as there is one more file of that pattern, the process stops, the disk turns read-only, and it goes on.
    before = len(glob.glob(pattern)) if pattern else 0
    is_read_only = False
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = start(argv, environment, out, err)
        while (code := ended(child)) is None:
            if pattern and not is_read_only and len(glob.glob(pattern)) > before:
                os.kill(child, signal.SIGSTOP)
                mount = ["mount", "-o", "remount,ro", place]
                is_read_only = subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0
                os.kill(child, signal.SIGCONT)
            time.sleep(0.001)
        texts = [file.seek(0) and "" or file.read() for file in (out, err)]
    return [code, *texts, is_read_only]


print("ready", flush=True)
for line in sys.stdin:
    name, *values = json.loads(line)
    print(json.dumps(globals()[name](*values)), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """What became of one command; whether the disk turned read-only before it ended."""

    code: int
    out: str
    err: str
    was_under_way: bool = True


class Inside:
    """The process in the namespace, which does what it is told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.pid, self._process = process.pid, process

    def call(self, *call: str | int | list[str] | Mapping[str, str]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(call), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


class Disks:
    """Disks of one namespace, each a folder; ``datasync`` runs beside them, on the settings of ``folder``."""

    def __init__(self, folder: Path, inside: Inside) -> None:
        self.folder, self._inside = folder, inside
        self._mounted: list[str] = []

    def mount(self, name: str, size: str) -> None:
        """A new, empty disk in the folder ``name``."""
        self._inside.call("mount", self.place(name), size)
        self._mounted.append(name)

    def copy(self, other: Disks) -> None:
        """Put what the disks of the same names in ``other`` hold on these."""
        for name in self._mounted:
            shutil.copytree(other.path(name), self.path(name), dirs_exist_ok=True)

    def unmount(self) -> None:
        """Take every disk away, with what is on it."""
        while self._mounted:
            self._inside.call("unmount", self.place(self._mounted.pop()))

    def fill(self, name: str, leaving: int = 0) -> None:
        """Let a disk have room for so many bytes only."""
        self._inside.call("fill", self.place(name), leaving)

    def empty(self, name: str) -> None:
        """Take away what filled a disk."""
        self.path(name, "filler").unlink()

    def make_read_only(self, name: str) -> None:
        self._inside.call("remount", self.place(name), "ro")

    def make_writable(self, name: str) -> None:
        self._inside.call("remount", self.place(name), "rw")

    def datasync(self, *argv: str, **environment: str) -> Ended:
        """One command of the shell."""
        return Ended(*self._inside.call("run", self._command(argv), environment))

    def datasync_until(self, pattern: str, name: str, *argv: str) -> Ended:
        """One command of the shell, whose disk turns read-only as soon as one more file of that pattern is on it."""
        place = self.place(name)
        return Ended(*self._inside.call("run_until", self._command(argv), {}, f"{place}/{pattern}", place))

    def place(self, name: str) -> str:
        """Where the commands see a disk."""
        return str(self.folder / name)

    def path(self, name: str, *parts: str) -> Path:
        """The same as it is seen from outside of the namespace."""
        return Path(f"/proc/{self._inside.pid}/root{self.place(name)}", *parts)

    def files(self, name: str) -> dict[str, bytes]:
        """Every file on a disk but what fills it, by its path."""
        root = self.path(name)
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.name != "filler"}

    def _command(self, argv: tuple[str, ...]) -> list[str]:
        return ["--settings", str(self.folder / "datasync.yaml"), *argv]


@contextmanager
def namespace() -> Iterator[Inside]:
    """A namespace for disks. Raises RuntimeError, with the kernel's words, where it allows none."""
    command, pipe = ["unshare", "-rm", sys.executable, "-c", INSIDE], subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if process.stdout.readline() != "ready\n":
            refusal = process.stderr.read().strip()
            raise RuntimeError(f"No disk can be made full or read-only here: unshare -rm is refused ({refusal}).")
        try:
            yield Inside(process)
        finally:
            process.kill()
