"""A first settings file, made from a sample of the user's own file: ``datasync init FILE``.

Each column of a product gets the field whose name says so and whose values fit, tried with the very code of a pull.
What is written is plain YAML with comments, meant to be read and mended; `datasync check` says what it comes to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from datasync.errors import InvalidSettings
from datasync.starter.guess import by_values, guess
from datasync.starter.sample import sampled
from datasync.starter.text import text
from datasync.store.files import Folder, connect


@dataclass(frozen=True, slots=True)
class Started:
    """What was written: the file's text, and the map in it. ``unsure`` are columns whose field no name gave away."""

    text: str
    map: Mapping[str, str]
    unsure: tuple[str, ...] = ()


def start(file: str, path: Path, now: datetime, *, force: bool = False) -> Started:
    """Write settings for ``file`` to ``path``; one that is there stays, unless ``force``.

    Raises InvalidSettings, or what reading the file raises.
    """
    if path.exists() and not force:
        raise InvalidSettings(str(path), "is there already.", "Name another with -o, or replace it with --force.")
    if "://" not in file and not Path(file).is_file():
        raise InvalidSettings(
            file, "there is no such file.", "Name a CSV, JSON lines, Parquet or XLSX file with products in it."
        )
    with connect(Folder(str(path.absolute().parent))) as con:
        found = sampled(con, file, now)
        made = guess(con, found)
    unsure = by_values(found, made)
    written = text(file, path.absolute().parent, found, made, unsure)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written, encoding="utf-8", newline="\n")
    return Started(written, made, unsure)
