"""A disk is full, or read-only, or turns read-only in the middle: a sentence, exit 3, nothing false, and it goes on.

The commands run as processes on disks of their own (tests/disks.py), so the errors are the kernel's.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datasync.delivery import mark
from datasync.store.files import Folder, connect
from datasync.store.logs import receipt_log
from tests.disks import Disks, Ended, Inside, namespace

SETTINGS = """
store: disk/store
site: page/site
sources: {demo: {kind: files}}
scopes:
  de: {source: demo, path: "files/de.jsonl"}
  en: {source: demo, path: "files/en.jsonl"}
services:
  feed: {}
  search: {export: "exports/{scope}.jsonl"}
"""
SCOPES = ("de", "en")
FULL, READ_ONLY = "No space left on device", "Read-only file system"
LITTLE = 16 * 1024  # enough for a file or two, so that tempfile stays with its folder and a run begins
CHANGES = [("sync",), ("resync", "--scope", "en", "--force", "--reason", "a test", "--yes"), ("tidy",)]


class Shop:
    """Two scopes of products, and what the commands say of them."""

    def __init__(self, disks: Disks) -> None:
        self.disks, self.count = disks, 0
        for name in ("disk", "page", "exports", "tmp"):
            disks.mount(name, "8m")
        (disks.folder / "files").mkdir()
        (disks.folder / "datasync.yaml").write_text(SETTINGS, encoding="utf-8")
        self.sells(300, "first")

    def sells(self, count: int, name: str) -> None:
        """Replace what both scopes sell."""
        self.count = count
        records = [{"sku": f"S{number:04}", "name": f"{name} {number}"} for number in range(count)]
        for scope in SCOPES:
            file = self.disks.folder / "files" / f"{scope}.jsonl"
            file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")

    def is_in_order(self) -> None:
        """The next run goes on, and everything stands where it has to."""
        assert_done(self.disks.datasync("sync"))
        for scope, (products, services) in self.figures().items():
            assert products == self.count
            assert services == dict.fromkeys(("feed", "search"), (self.count, 0))
            assert len(self.exported(scope).splitlines()) == self.count
        published = self.disks.datasync("publish")
        assert_done(published)
        assert_done(self.disks.datasync("check", "--store"))

    def figures(self) -> dict[str, tuple[int, dict[str, tuple[int, int]]]]:
        """The products of each scope, and what each service has and has to get; every product is explained."""
        told = self.disks.datasync("status", "--json")
        assert_done(told)
        scopes = json.loads(told.out)["scopes"]
        assert [one["unexplained"] for scope in scopes for one in scope["services"]] == [0] * 4
        return {
            scope["scope"]: (
                scope["products"],
                {one["service"]: (one["current"], one["due"]) for one in scope["services"]},
            )
            for scope in scopes
        }

    def exported(self, scope: str) -> str:
        return self.disks.path("exports", f"{scope}.jsonl").read_text(encoding="utf-8")

    def damage(self) -> None:
        """Cut the newest entry of every log of receipts off."""
        for service in ("feed", "search"):
            for scope in SCOPES:
                folder = self.disks.path("disk", "store/receipts", f"service={service}", f"scope={scope}")
                newest = max(folder.glob("0*.parquet"))
                newest.write_bytes(newest.read_bytes()[:50])


@pytest.fixture(scope="module")
def inside() -> Iterator[Inside]:
    try:
        with namespace() as opened:
            yield opened
    except RuntimeError as error:
        pytest.fail(str(error))


@pytest.fixture(scope="module")
def synced(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop that has synced and published; every test gets disks of its own with a copy of what is on these."""
    shop = Shop(Disks(tmp_path_factory.mktemp("synced"), inside))
    shop.is_in_order()
    return shop


@pytest.fixture
def shop(inside: Inside, synced: Shop, tmp_path: Path) -> Iterator[Shop]:
    copied = Shop(Disks(tmp_path, inside))
    copied.disks.copy(synced.disks)
    yield copied
    copied.disks.unmount()


def assert_done(ended: Ended) -> None:
    assert ended.code == 0, ended.out + ended.err


def assert_refused(ended: Ended, place: str, problem: str) -> None:
    """It says which place it is, what is wrong with it and what to do, and to try again may help."""
    assert ended.code == 3, ended.out + ended.err
    assert "Traceback" not in ended.err
    last = ended.err.splitlines()[-1]
    assert place in last
    assert problem in last
    assert "Make room there" in last
    assert "the next run goes on" in last


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_full_store_is_said_and_nothing_false_is_in_it(shop: Shop) -> None:
    """With room for more and more of a run, so that it ends at one write after another."""
    refused = []
    for leaving in (0, 4 * 1024, 32 * 1024, 64 * 1024, 128 * 1024, 256 * 1024):
        shop.sells(shop.count + 1, f"with {leaving} bytes")
        shop.disks.fill("disk", leaving)
        ended = shop.disks.datasync("sync")
        shop.disks.empty("disk")
        if ended.code:
            refused.append(leaving)
            assert_refused(ended, shop.disks.place("disk"), FULL)
        shop.figures()
        assert_done(shop.disks.datasync("check", "--store"))
    assert len(refused) >= 4
    shop.is_in_order()


def test_a_full_store_can_be_read_and_tidied(shop: Shop) -> None:
    """Tidy removes before it writes: a checkpoint that is due has no room yet."""
    store = Folder(str(shop.disks.path("disk", "store")))
    with connect(store) as con:
        for number in range(24):
            mark.mark(con, receipt_log(store, "feed", "en"), ["S0001"], f"request {number}", lambda: datetime.now(UTC))
    old = shop.disks.path("disk", "store/.scratch/left")
    old.write_bytes(bytes(200_000))
    two_days_ago = time.time() - timedelta(days=2).total_seconds()
    os.utime(old, (two_days_ago, two_days_ago))
    shop.disks.fill("disk")

    assert_done(shop.disks.datasync("publish"))
    assert shop.figures()["en"][0] == 300
    assert_done(shop.disks.datasync("tidy"))
    assert not old.exists()
    shop.disks.empty("disk")
    shop.is_in_order()


def test_a_full_store_is_repaired_once_there_is_room(shop: Shop) -> None:
    shop.sells(310, "changed")
    assert_done(shop.disks.datasync("sync"))
    shop.damage()
    shop.disks.fill("disk")
    assert_refused(shop.disks.datasync("repair", "--yes"), shop.disks.place("disk"), FULL)
    shop.disks.empty("disk")
    assert_done(shop.disks.datasync("repair", "--yes"))
    shop.is_in_order()


def test_a_read_only_store_is_said_and_can_still_be_read(shop: Shop) -> None:
    shop.sells(310, "changed")
    shop.disks.make_read_only("disk")
    before = shop.disks.files("disk")
    for command in CHANGES:
        assert_refused(shop.disks.datasync(*command), shop.disks.place("disk"), READ_ONLY)
    assert shop.figures() == dict.fromkeys(SCOPES, (300, {"feed": (300, 0), "search": (300, 0)}))
    assert_done(shop.disks.datasync("publish"))
    found = shop.disks.datasync("check")
    assert (found.code, found.out.count("cannot be used")) == (2, 1), found.out
    assert shop.disks.files("disk") == before

    shop.disks.make_writable("disk")
    shop.is_in_order()


def test_a_read_only_store_is_repaired_once_it_can_be_written_to(shop: Shop) -> None:
    shop.damage()
    shop.disks.make_read_only("disk")
    before = shop.disks.files("disk")
    assert_refused(shop.disks.datasync("repair", "--yes"), shop.disks.place("disk"), READ_ONLY)
    assert shop.disks.files("disk") == before
    shop.disks.make_writable("disk")
    assert_done(shop.disks.datasync("repair", "--yes"))
    shop.is_in_order()


def test_a_store_that_turns_read_only_in_the_middle_of_a_run_has_what_was_written_before(shop: Shop) -> None:
    """Right after the run began, and after its first snapshot, entry and receipts; the second scope is to come."""
    for pattern in (
        "store/runs/date=*/*.json",
        "store/snapshots/scope=de/*.parquet",
        "store/catalog/scope=de/0*.parquet",
        "store/receipts/service=feed/scope=de/0*.parquet",
    ):
        shop.sells(shop.count + 1, pattern)
        ended = shop.disks.datasync_until(pattern, "disk", "sync")
        assert ended.was_under_way
        assert_refused(ended, shop.disks.place("disk"), READ_ONLY)
        assert shop.figures()["en"][0] < shop.count
        assert_done(shop.disks.datasync("check", "--store"))
        shop.disks.make_writable("disk")
        shop.is_in_order()


def test_a_store_that_turns_read_only_in_the_middle_of_a_repair_is_repaired_the_next_time(shop: Shop) -> None:
    shop.damage()
    ended = shop.disks.datasync_until("store/lost+found/*/receipts/*/*/*", "disk", "repair", "--yes")
    assert ended.was_under_way
    assert_refused(ended, shop.disks.place("disk"), READ_ONLY)
    shop.disks.make_writable("disk")
    assert_done(shop.disks.datasync("repair", "--yes"))
    shop.is_in_order()


# ── what stands beside it ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("problem", [FULL, READ_ONLY])
def test_an_export_that_cannot_be_written_stays_as_it_was_and_comes_with_the_next_run(shop: Shop, problem: str) -> None:
    before = shop.exported("en")
    shop.sells(310, "changed")
    shop.disks.fill("exports") if problem == FULL else shop.disks.make_read_only("exports")
    assert_refused(shop.disks.datasync("sync"), shop.disks.place("exports"), problem)
    assert shop.exported("en") == before
    assert shop.figures() == dict.fromkeys(SCOPES, (310, {"feed": (310, 0), "search": (310, 0)}))
    shop.disks.empty("exports") if problem == FULL else shop.disks.make_writable("exports")
    shop.is_in_order()


@pytest.mark.parametrize("problem", [FULL, READ_ONLY])
def test_a_page_that_cannot_be_published_stays_as_it_was(shop: Shop, problem: str) -> None:
    before = shop.disks.files("page")
    shop.sells(310, "changed")
    assert_done(shop.disks.datasync("sync"))
    shop.disks.fill("page") if problem == FULL else shop.disks.make_read_only("page")
    assert_refused(shop.disks.datasync("publish"), shop.disks.place("page"), problem)
    assert shop.disks.files("page") == before
    shop.disks.empty("page") if problem == FULL else shop.disks.make_writable("page")
    shop.is_in_order()


def test_a_page_whose_disk_turns_read_only_in_the_middle_stays_as_it_was(shop: Shop) -> None:
    before = shop.disks.path("page", "site/index.html").read_bytes()
    shop.sells(310, "changed")
    assert_done(shop.disks.datasync("sync"))
    ended = shop.disks.datasync_until("site/data/*", "page", "publish")
    assert ended.was_under_way
    assert_refused(ended, shop.disks.place("page"), READ_ONLY)
    assert shop.disks.path("page", "site/index.html").read_bytes() == before
    shop.disks.make_writable("page")
    shop.is_in_order()


def test_a_full_tmpdir_is_said_with_its_place_and_the_store_has_nothing_of_the_step(shop: Shop) -> None:
    shop.sells(310, "changed")
    tmp = shop.disks.place("tmp")
    shop.disks.fill("tmp", LITTLE)
    assert_refused(shop.disks.datasync("sync", TMPDIR=tmp), tmp, FULL)
    assert shop.figures() == dict.fromkeys(SCOPES, (300, {"feed": (300, 0), "search": (300, 0)}))
    assert_refused(shop.disks.datasync("publish", TMPDIR=tmp), tmp, FULL)
    assert_done(shop.disks.datasync("tidy", TMPDIR=tmp))
    shop.disks.empty("tmp")
    assert_done(shop.disks.datasync("sync", TMPDIR=tmp))
    shop.damage()
    shop.disks.fill("tmp", LITTLE)
    assert_refused(shop.disks.datasync("repair", "--yes", TMPDIR=tmp), tmp, FULL)
    shop.disks.empty("tmp")
    assert_done(shop.disks.datasync("repair", "--yes", TMPDIR=tmp))
    shop.is_in_order()
    assert [name for name in shop.disks.files("tmp") if not name.endswith(".lock")] == []
