"""docs/store.md names every kind of file that a store can hold, and a store that was worked with holds no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datasync.store import kinds
from datasync.store.files import SCRATCH, Folder
from datasync.store.kinds import LOST
from tests.shop import Shop

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/store.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| ([a-z A-Z]*?) ?\| (.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def _named() -> set[str]:
    return {kind for _, kind, *_ in ROWS if kind}


def test_the_page_has_a_row_for_each_kind_whose_example_is_of_that_kind() -> None:
    assert sorted(kind for _, kind, *_ in ROWS if kind) == sorted(kind.name for kind in kinds.KINDS)
    for path, name, *_ in ROWS:
        kind = kinds.place(path).kind
        assert (kind.name if kind else "") == name, path
    assert [path.partition("/")[0] for path, kind, *_ in ROWS if not kind] == [SCRATCH, LOST]


def test_the_readme_links_the_page() -> None:
    assert "(docs/store.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_store_that_was_worked_with_holds_what_the_page_names(tmp_path: Path) -> None:
    """Syncs, removals that are held and accepted, a resync of SKUs, enough entries for a checkpoint, and a repair."""
    shop = Shop(tmp_path)
    few = [("A-1", "Apple", "enabled", "fruit", "red"), ("B-2", "", "enabled", "food", "")]
    shop.sells(*few, *((f"P-{number}", "Product", "enabled", "toys", "") for number in range(300)))
    assert shop.run("sync").code == 0
    shop.sells(*few)
    assert shop.run("sync").code == 5
    accepted = ("resync", "--accept-shrink", shop.held_run(), "--reason", "a test", "--yes")
    assert shop.run(*accepted, "--scope", "en-US").code == 0
    for _ in range(24):
        assert (
            shop.run("resync", "--scope", "en-US", "--sku", "A-1", "--force", "--reason", "a test", "--yes").code == 0
        )
    assert shop.run("tidy").code == 0
    store = Folder(str(tmp_path / "var/store"))
    Path(store.url("foreign.txt")).write_text("a note of somebody's", encoding="utf-8")
    assert shop.run("repair", "--yes").code == 0

    held = {place.kind.name if place.kind else place.path for place in kinds.walk(store)}
    assert held <= _named()
    assert _named() - held == {"kept rows", "page", "probe"}  # tidy a year later, sources over HTTP, a check cut off
    top = {path.partition("/")[0] for path, *_ in ROWS} | {"receipts"}
    assert {path.name for path in Path(store.root).iterdir()} <= top
    assert [path.name for path in Path(store.root, LOST).rglob("*") if path.is_file()] == ["foreign.txt"]


@pytest.mark.parametrize("key", ["snapshots", "quarantine", "history", "sites"])
def test_the_page_names_every_key_that_says_how_long(key: str) -> None:
    assert f"`keep.{key}`" in PAGE
