"""Stores that were damaged at random: every command says so in a sentence, a check names each file, and a repair makes
everything what the source says: the catalog, the feeds, and what a service elsewhere remembers that it was sent.

DATASYNC_DAMAGED_STORES says how many stores are damaged (1 without it).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import pytest

from datasync.store.kinds import KINDS
from datasync.store.kinds import place as named
from tests.repair.damaging import Place, damage
from tests.repair.remembering import NAME, REFUSED
from tests.shop import same

STORES = int(os.environ.get("DATASYNC_DAMAGED_STORES", "1"))
PLAN = ("resync", "--scope", "en-US", "--failing", "--force", "--reason", "again")
READING = [
    ("status", "--json"), ("status", "--as-of", "2027-01-25T05:00:00Z"), ("why", "A-05"), ("publish",), ("holds",),
    ("tidy", "--dry-run"), ("withdraw",), ("check",), ("check", "--store"), ("repair",), PLAN,
]  # fmt: skip
WRITING = [(*PLAN, "--yes"), ("tidy",), ("sync",)]  # a sync exports too


def contents(place: Place) -> dict[str, bytes]:
    """The store's files by their paths in it."""
    return {str(p.relative_to(place.root)): p.read_bytes() for p in place.root.rglob("*") if p.is_file()}


def changed(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    """Files that are there or not there, or other than they were; but for those that nobody can miss."""
    found = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    return {path for path in found if not _is_no_loss(before, after, path)}


def _is_no_loss(before: Mapping[str, bytes], after: Mapping[str, bytes], path: str) -> bool:
    """An empty ticket more, or one less that is not the highest; a checkpoint less whose entries are all there; the
    last page less; the quarantine less of a pull whose snapshot went long ago; the oldest run less; a step that its
    run's own file tells as well. Tidy removes such files too.
    """
    at = named(path)
    alike = sorted(one for one in before if named(one).kind == at.kind)
    if not at.kind or (path in after and at.kind.name != "ticket"):
        return False
    last = max(one for one in alike if named(one).log == at.log)
    match at.kind.name:
        case "ticket":
            return not after.get(path) and path != last
        case "checkpoint":
            return path.replace("checkpoint", "kept") not in before
        case "page":
            return path == last
        case "run":
            return path == alike[0]
        case "step":
            return True
        case "quarantine":
            return path.replace("quarantine", "snapshots") not in before
    return False


def test_of_a_store_that_is_whole_nothing_is_said(whole: Place) -> None:
    assert whole.shop.run("check", "--store").lines == ["Every file of the store is there and has a whole footer."]
    assert whole.shop.run("check", "--deep").lines == ["Every file of the store is there and as it was written."]


def test_the_store_has_files_of_every_kind(whole: Place) -> None:
    """But for what is left by a cut, and what tidy writes after a day of the store's own time."""
    found = {kind.name for path in contents(whole) if (kind := named(path).kind)}
    assert {kind.name for kind in KINDS} - found <= {"probe", "step", "kept rows"}


@pytest.mark.parametrize("seed", range(STORES))
def test_no_command_ends_in_a_traceback_and_a_check_names_each_file(place: Place, seed: int) -> None:
    before = contents(place)
    done = damage(place.root, seed)
    told = place.shop.run("check", "--deep")
    lost = changed(before, contents(place))
    assert {path for path in lost if same(path) not in told.out} == set(), done
    assert told.code == 4 or (told.code == 0 and not lost), done
    for command in (*READING, *WRITING):
        told = place.shop.run(*command)
        is_foreseen = told.code in (0, 2, 4, 5) and "Traceback" not in told.out + told.err
        assert is_foreseen, (done, command, told)
        assert not re.search("duckdb|Parquet file.*Error|Errno", told.err), (done, command, told.err)


def without_refused(products: Mapping[str, str], service: str) -> dict[str, str]:
    """What a service has to hold of some products: the one that remembers refuses one of them."""
    return {sku: name for sku, name in products.items() if service != NAME or sku != REFUSED}


@pytest.mark.parametrize("seed", range(STORES))
def test_after_a_repair_and_a_sync_everything_is_as_the_source_says(place: Place, seed: int) -> None:
    done = damage(place.root, seed)
    for command in (("repair", "--deep"), ("repair", "--deep", "--yes"), ("check", "--deep"), ("sync",), ("publish",)):
        told = place.shop.run(*command)
        assert (told.code, "Traceback" in told.err) == (0, False), (done, command, told)
    assert place.catalog("en-US") == place.sold, done
    assert place.catalog("de-DE") == place.changed, done
    for (scope, service), feed in place.feeds().items():
        assert feed == without_refused(place.catalog(scope), service), (done, service)
    remembered = place.memory.holds
    assert {sku: name for sku, (_, name) in remembered.items()} == without_refused(place.sold | place.changed, NAME), (
        done
    )
    assert {sku: version for sku, (version, _) in remembered.items()} == place.receipts(NAME), done
    assert place.shop.run("check", "--deep").code == 0, done
