"""Folders under TMPDIR: whose they are, and when they go."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from datasync.store.files import Folder, connect
from datasync.store.scratch import process_folder, remove_dead, scratch

KILLS = 100
_open = ExitStack()  # of a child that never leaves it


@pytest.fixture
def tmpdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


def _child(work: Callable[[], object]) -> int:
    """A process that works and then waits to be killed; returns once it waits."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            work()
            os.write(writes, b"ready")
            time.sleep(600)
        finally:
            os._exit(1)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        assert pipe.read(5) == b"ready"
    return child


def _kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _begin() -> None:
    _open.enter_context(scratch()).joinpath("half").write_bytes(b"x" * 1000)


def test_after_a_hundred_kills_tidy_leaves_no_folder_and_none_of_a_living_process(tmpdir: Path) -> None:
    lives = _child(_begin)
    try:
        for _ in range(KILLS):
            _kill(_child(_begin))
        assert len(_folders(tmpdir)) == KILLS + 1
        assert remove_dead(dry_run=True) == KILLS
        assert remove_dead() == KILLS
        (left,) = _folders(tmpdir)
        assert f"-{lives}-" in left.name
        assert [path.name for path in left.rglob("half")] == ["half"]
    finally:
        _kill(lives)
    assert remove_dead() == 1
    assert _folders(tmpdir) == []


def test_what_others_name_nearly_alike_stays(tmpdir: Path) -> None:
    for name in ("datasync-work-old", "datasync-projects", "datasync-pace-0", "datasync-spill-17"):
        (tmpdir / name).mkdir()
    elsewhere = tmpdir / "elsewhere"
    elsewhere.mkdir()
    (tmpdir / "datasync-work-1-abcdefgh").symlink_to(elsewhere)
    assert remove_dead() == 0
    assert len(list(tmpdir.iterdir())) == 7  # and the lock


def test_what_does_not_fit_into_memory_goes_into_the_folder_of_the_process(tmp_path: Path) -> None:
    con = connect(Folder(str(tmp_path)))
    (found,) = con.execute("SELECT current_setting('temp_directory')").fetchone() or ()
    assert Path(found).parent == process_folder()
    con.close()


def test_a_folder_that_was_swept_away_is_made_again() -> None:
    shutil.rmtree(process_folder())
    with scratch() as folder:
        assert folder.is_dir()


def _folders(tmpdir: Path) -> list[Path]:
    return [path for path in tmpdir.iterdir() if path.is_dir()]
