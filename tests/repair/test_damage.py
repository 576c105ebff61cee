"""Stores that were damaged at random: every command says so in a sentence, and a check names each file.

DATASYNC_DAMAGED_STORES says how many stores are damaged (24 without it).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from datasync.store.kinds import KINDS, place
from tests.repair.damaging import Place, build, damage
from tests.shop import same

STORES = int(os.environ.get("DATASYNC_DAMAGED_STORES", "24"))
READING = [("status",), ("why", "A-05"), ("publish",), ("tidy", "--dry-run"), ("withdraw",), ("check",)]
WRITING = [
    ("resync", "--scope", "en-US", "--failing", "--force", "--reason", "again", "--yes"), ("tidy",), ("sync",),
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return build(tmp_path_factory.mktemp("damage") / "shop")


def contents(place: Place) -> dict[str, bytes]:
    """The store's files by their paths in it."""
    return {str(p.relative_to(place.root)): p.read_bytes() for p in place.root.rglob("*") if p.is_file()}


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    """Files that are there or not there, or other than they were; but for those that nobody can miss."""
    found = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return {path for path in found if not _is_no_loss(before, after, path)}


def _is_no_loss(before: Mapping[str, bytes], after: Mapping[str, bytes], path: str) -> bool:
    """An empty ticket more, or one less that is not the highest; a checkpoint less whose entries are all there; the
    last page less; the quarantine less of a pull whose snapshot went long ago; the oldest run less. Tidy removes such
    files too.
    """
    at, alike = place(path), sorted(one for one in before if place(one).kind == place(path).kind)
    if not at.kind or (path in after and at.kind.name != "ticket"):
        return False
    last = max(one for one in alike if place(one).log == at.log)
    match at.kind.name:
        case "ticket":
            return not after.get(path) and path != last
        case "checkpoint":
            return path.replace("checkpoint", "kept") not in before
        case "page":
            return path == last
        case "run":
            return path == alike[0]
        case "quarantine":
            return path.replace("quarantine", "snapshots") not in before
    return False


def test_of_a_store_that_is_whole_nothing_is_said(whole: Place) -> None:
    assert whole.shop.run("check", "--store").lines == ["Every file of the store is there and has a whole footer."]
    assert whole.shop.run("check", "--deep").lines == ["Every file of the store is there and as it was written."]


def test_the_store_has_files_of_every_kind(whole: Place) -> None:
    """But for what a check or a step that was cut off leaves."""
    found = {kind.name for path in contents(whole) if (kind := place(path).kind)}
    assert {kind.name for kind in KINDS} - found <= {"probe", "step"}


@pytest.mark.parametrize("seed", range(STORES))
def test_no_command_ends_in_a_traceback_and_a_check_names_each_file(whole: Place, tmp_path: Path, seed: int) -> None:
    place = whole.copy(tmp_path / "shop")
    done = damage(place.root, seed)
    told = place.shop.run("check", "--deep")
    unnamed = {path for path in changed(contents(whole), contents(place)) if same(path) not in told.out}
    assert unnamed == set(), done
    assert told.code == 4, done
    for command in (*READING, *WRITING):
        told = place.shop.run(*command)
        assert (told.code, "Traceback" in told.err) in {(code, False) for code in (0, 2, 4, 5)}, (done, command, told)
        assert not re.search("duckdb|Parquet file.*Error|Errno", told.err), (done, command, told.err)
