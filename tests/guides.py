"""Guides of docs/, followed to the letter: the edits that a page shows, made to a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NO_BYTECODE = shutil.ignore_patterns("__pycache__")


def guide(name: str) -> str:
    """The text of a page."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def edits(page: str) -> Iterator[tuple[str, str, str]]:
    """Every edit of a page: the file, the text that stands there, and the text that replaces it."""
    for block in re.findall(r"```diff\n(.*?)```", page, re.DOTALL):
        header, *lines = block.splitlines(keepends=True)
        before = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
        after = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
        yield header.removeprefix("+++ ").strip(), before, after


def files(page: str) -> set[str]:
    """The files that a page touches."""
    return {name for name, _, _ in edits(page)}


def settings(page: str) -> str:
    """The settings that a page shows, as a newcomer would copy them."""
    (text,) = re.findall(r"<!-- use -->\n```yaml\n(.*?)```", page, re.DOTALL)
    return str(text)


def follow(page: str, copy: Path) -> None:
    """Copy what is needed to run the project and its tests to ``copy``, and make the edits of a page there."""
    for folder in ("datasync", "reports", "docs", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=_NO_BYTECODE)
    for file in ("README.md", "pyproject.toml"):
        shutil.copy(ROOT / file, copy / file)
    for name, before, after in edits(page):
        (copy / name).write_text(_edited(copy / name, before, after), encoding="utf-8")


def run(copy: Path, folder: Path, *argv: str) -> str:
    """Run Python in a folder, with the datasync of ``copy``; what it says, if it did not fail."""
    process = subprocess.run(
        [sys.executable, *argv], cwd=folder, env={**os.environ, "PYTHONPATH": str(copy)},
        capture_output=True, text=True, timeout=200,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def _edited(path: Path, before: str, after: str) -> str:
    """The text of a file after one edit; a file that is not there yet begins with none."""
    if not before:
        assert not path.exists()
        return after
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    return text.replace(before, after)
