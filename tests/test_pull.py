"""A pull: counts that add up, duplicates, what is written when, and what is not."""

from __future__ import annotations

import gc
import json
import random
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from datasync.errors import RecordsLost, UnreadableFile
from datasync.sources.base import PullRequest, Records
from datasync.store import snapshots
from datasync.store.files import connect
from datasync.store.scratch import process_folder
from tests.line import Line, many
from tests.pulling import SCOPE, START, Desk, balance


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_a_pull_found_stands_in_the_snapshot_and_is_read_back_from_it(desk: Desk) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a"}, {"sku": "A", "name": "a"}, {"sku": "B"}, {"sku": "C", "name": "c"})
    found = desk.pull("x.jsonl", run="scheduled__2026-11-23T12:00:00+00:00")
    assert asdict(found) == {
        "run": "scheduled__2026-11-23T12:00:00+00:00",
        "scope": SCOPE,
        "source": "exports",
        "what": "complete",
        "started_at": found.started_at,
        "finished_at": found.finished_at,
        "complete": True,
        "answers_absence": True,
        "fingerprint": "print",
        "watermark": None,
        "records": 4,
        "valid": 2,
        "quarantined": 1,
        "repeated": 1,
        "unreadable": 0,
        "asked": 0,
        "requests": 1,
        "file": found.file,
        "notes": (),
        "blank": 0,
        "filtered": 0,
        "outdated": 0,
        "by_change_time": False,
        "overriding": 0,
        "sealed": found.sealed,
        "ticket": 1,
    }
    assert START < found.started_at < found.finished_at
    assert snapshots.read(desk.con, desk.store, SCOPE, found.run) == found
    assert snapshots.read(desk.con, desk.store, SCOPE, "another") is None
    assert found.meta()["place"] == 1  # the key that stored footers have always had


@pytest.mark.parametrize("holds", [9, 11])
def test_a_reader_that_gives_another_number_of_records_than_the_source_holds_fails_the_pull(
    tmp_path: Path, holds: int
) -> None:
    line = Line(tmp_path)
    told = rf"holds {holds} records, and reading gave 10 .* mistake of datasync"
    with pytest.raises(RecordsLost, match=told) as lost:
        line.pull(many(10), holds=holds)
    assert (lost.value.exit_code, lost.value.holds, lost.value.read, lost.value.rejected) == (4, holds, 10, 0)
    assert not list(Path(line.store.root).rglob("*.parquet"))


def test_a_reader_that_gives_as_many_records_as_the_source_holds_is_believed(tmp_path: Path) -> None:
    assert Line(tmp_path).pull(many(10), holds=10).records == 10


def test_a_run_that_has_its_snapshot_already_does_not_ask_the_source_again(desk: Desk) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a"})
    first = desk.pull("x.jsonl", run="one")
    desk.lines("x.jsonl", {"sku": "A", "name": "changed"})
    assert desk.pull("x.jsonl", run="one") == first
    assert desk.products(first, "name") == ["a"]


def test_a_snapshot_that_names_no_file_of_records_is_taken_for_none(desk: Desk) -> None:
    """Stores have had such ones: the products stood in the snapshot itself."""
    path = Path(desk.store.url(snapshots.snapshot_path(SCOPE, "older")))
    path.parent.mkdir(parents=True)
    desk.con.execute(f"COPY (SELECT 'A' AS sku) TO '{path}' (FORMAT parquet, KV_METADATA {{datasync: '{{}}'}})")
    assert snapshots.read(desk.con, desk.store, SCOPE, "older") is None


def test_a_snapshot_from_before_blank_records_were_counted_is_read(desk: Desk) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a"})
    found = desk.pull("x.jsonl")
    path = Path(desk.store.url(snapshots.snapshot_path(SCOPE, found.run)))
    meta = pq.read_schema(path).metadata
    older = json.loads(meta[b"datasync"])
    for name in ("blank", "filtered", "outdated", "by_change_time"):
        del older[name]
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.replace_schema_metadata({"datasync": json.dumps(older)}), path)
    assert snapshots.read(desk.con, desk.store, SCOPE, found.run) == found


def test_a_pull_that_was_killed_before_its_snapshot_stood_is_done_again_whole(desk: Desk) -> None:
    """The quarantine is written first and the snapshot last, so what a kill leaves is overwritten."""
    desk.lines("x.jsonl", {"sku": "A"})
    found = desk.pull("x.jsonl", run="one", map={"name": "name"}, snapshot="partial")
    desk.store.remove(snapshots.snapshot_path(SCOPE, "one"))
    desk.lines("x.jsonl", {"sku": "A", "name": "a"})
    again = desk.pull("x.jsonl", run="one", snapshot="partial")
    assert (balance(found), balance(again), desk.quarantine(again, "sku")) == ((1, 0, 1, 0), (1, 1, 0, 0), [])


@pytest.mark.parametrize("valid", [30, 3])
def test_a_snapshot_says_which_of_its_records_are_no_products(desk: Desk, valid: int) -> None:
    """Few are left out of the file as it was staged, and where many would be, the products stand there alone."""
    rest = [{"sku": "00", "name": "older"}, {"sku": "01", "name": "1"}, {"sku": "x"}]
    desk.lines("x.jsonl", *rest, *({"sku": f"{n:02}", "name": str(n)} for n in range(valid)))
    found = desk.pull("x.jsonl")
    assert balance(found) == (valid + 3, valid, 2, 1)
    assert desk.products(found, "sku", "name") == [(f"{n:02}", str(n)) for n in range(valid)]
    assert desk.quarantine(found, "sku", "code") == [("00", "duplicate-sku"), ("x", "missing-name")]
    stored = desk.store.url(snapshots.records_path(SCOPE, found.file))
    assert desk.con.execute(f"SELECT count(*) FROM '{stored}'").fetchone() == (valid + 3 * (valid > 10),)


def test_of_two_tries_of_a_run_the_first_to_end_gives_the_snapshot_and_no_other_file_stays(desk: Desk) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "slow"}, {"sku": "B", "name": "b"})
    slow, faster = desk.source("x.jsonl"), []

    class Slow:
        """Gives its records, and meanwhile another worker does the same run from its beginning to its end."""

        scheduled, requests = slow.scheduled, slow.requests

        def records(self, con: Any, request: PullRequest) -> Any:
            given = slow.records(con, request)
            other = connect(desk.store)
            mine, desk.con = desk.con, other
            desk.lines("y.jsonl", {"sku": "A", "name": "fast"})
            faster.append(desk.pull("y.jsonl", run="one"))
            desk.con = mine
            return given

    found = desk.pull("x.jsonl", run="one", source=Slow())
    assert [found] == faster
    assert desk.products(found, "name") == ["fast"]
    assert list(desk.store.listing(f"snapshots/scope={SCOPE}/records")) == [found.file]


# ── Duplicates ───────────────────────────────────────────────────────────────────────────────────────────────────────


def settled(desk: Desk, *records: dict[str, Any], **keys: Any) -> tuple[list[str], list[str], int]:
    """Names of the products that stay, names of those in quarantine, and how many were repeated."""
    desk.lines("x.jsonl", *({"sku": "A", **record} for record in records))
    found = desk.pull("x.jsonl", **keys)
    assert set(desk.quarantine(found, "code")) <= {"duplicate-sku"}
    balance(found)
    return desk.products(found, "name"), desk.quarantine(found, "name"), found.repeated


def test_of_a_sku_s_records_the_newest_stays_wherever_it_stands(desk: Desk) -> None:
    old, new = (
        {"name": "old", "updated_at": "2026-01-01T00:00:00Z"},
        {"name": "new", "updated_at": "2026-01-01T00:00:01Z"},
    )
    assert settled(desk, old, new) == settled(desk, new, old) == (["new"], ["old"], 0)


def test_a_record_without_a_time_is_the_oldest(desk: Desk) -> None:
    none, old = {"name": "none"}, {"name": "old", "updated_at": "1970-01-01T00:00:00Z"}
    assert settled(desk, none, old) == settled(desk, old, none) == (["old"], ["none"], 0)


@pytest.mark.parametrize(
    ("times", "name", "sentence"),
    [
        ((0, None), "1", "A later record of this SKU has no updated_at, so it overrides this one."),
        ((None, 0), "1", "This record has no updated_at, so a later one of this SKU overrides it."),
        ((None, None), "1", "A later record of this SKU has no updated_at, so it overrides this one."),
        ((1, 0), "0", "Another record of this SKU has a newer updated_at."),
        ((0, 0), "1", "Another record of this SKU has the same updated_at and stands further down."),
    ],
)
def test_a_record_of_changes_is_judged_as_if_it_were_pulled_alone(
    desk: Desk, times: tuple[int | None, ...], name: str, sentence: str
) -> None:
    stamps = [None if hour is None else f"2026-01-01T0{hour}:00:00Z" for hour in times]
    records = [{"sku": "A", "name": str(number), "updated_at": stamp} for number, stamp in enumerate(stamps)]
    desk.lines("x.jsonl", *records)
    found = desk.pull("x.jsonl", "changed", snapshot="partial")
    assert (desk.products(found, "name"), desk.quarantine(found, "sentence")) == ([name], [sentence])
    assert balance(found) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ((None, 0), "This record has no updated_at, and another record of this SKU has one."),
        ((0, 1), "Another record of this SKU has a newer updated_at."),
        ((0, 0), "Another record of this SKU has the same updated_at and stands further down."),
        ((None, None), "Another record of this SKU stands further down, and both have no updated_at."),
    ],
)
def test_the_sentence_of_a_duplicate_of_a_catalog_is_true(
    desk: Desk, times: tuple[int | None, ...], sentence: str
) -> None:
    stamps = [None if hour is None else f"2026-01-01T0{hour}:00:00Z" for hour in times]
    records = [{"sku": "A", "name": str(number), "updated_at": stamp} for number, stamp in enumerate(stamps)]
    desk.lines("x.jsonl", *records)
    found = desk.pull("x.jsonl")
    assert (desk.products(found, "name"), desk.quarantine(found, "sentence")) == (["1"], [sentence])


def test_of_two_records_of_one_time_the_later_stays(desk: Desk) -> None:
    assert settled(desk, {"name": "first"}, {"name": "second"}) == (["second"], ["first"], 0)
    same = {"updated_at": "2026-01-01T00:00:00Z"}
    assert settled(desk, {"name": "first", **same}, {"name": "second", **same}) == (["second"], ["first"], 0)


def test_records_of_the_same_content_are_one_product_whatever_their_times(desk: Desk) -> None:
    one, two = {"name": "a", "updated_at": "2026-01-01T00:00:00Z"}, {"name": "a", "updated_at": "2026-02-01T00:00:00Z"}
    assert settled(desk, one, two, one) == (["a"], [], 2)
    assert settled(desk, {"name": "a", "size": ["S", "M"]}, {"name": "a", "size": ["M", "S"]}, attributes=["size"]) == (
        ["a"],
        [],
        1,
    )
    assert settled(desk, {"name": "a", "seen": 1}, {"name": "a", "seen": 2}, volatile=["seen"]) == (["a"], [], 1)


def test_a_content_that_comes_back_is_repeated_and_the_one_between_is_a_duplicate(desk: Desk) -> None:
    assert settled(desk, {"name": "a"}, {"name": "b"}, {"name": "a"}) == (["a"], ["b"], 1)


def test_a_valid_record_beats_an_invalid_one_however_new(desk: Desk) -> None:
    desk.lines(
        "x.jsonl",
        {"sku": "A", "name": "valid"},
        {"sku": "A", "name": "newer", "price": "x", "updated_at": "2026-01-01T00:00:00Z"},
    )
    found = desk.pull("x.jsonl")
    assert (desk.products(found, "name"), desk.quarantine(found, "name", "code")) == (
        ["valid"],
        [("newer", "bad-value")],
    )


def test_a_duplicate_of_a_csv_file_is_in_quarantine_with_what_it_said(desk: Desk) -> None:
    desk.write("x.csv", "sku,name,color\nA,first,red\nA,second,blue\n")
    found = desk.pull("x.csv", attributes=["color"])
    ((sentence, record),) = desk.quarantine(found, "sentence", "record")
    assert sentence == "Another record of this SKU stands further down, and both have no updated_at."
    assert json.loads(record) == {"sku": "A", "name": "first", "color": "red"}


# ── Quarantine ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_an_invalid_record_is_kept_whole_also_what_is_not_mapped(desk: Desk, ending: str) -> None:
    secret = {"sku": "A", "name": "", "cost": "1", "quote": "\"',;\n</script>"}
    if ending == "jsonl":
        desk.lines("x.jsonl", secret)
    else:
        desk.write("x.csv", 'sku,name,cost,quote\nA,,1,"""\',;\n</script>"\n')
        secret["name"] = None  # type: ignore[assignment]
    ((place, code, record),) = desk.quarantine(desk.pull(f"x.{ending}"), "place", "code", "record")
    assert (place, code, json.loads(record)) == (f"x.{ending}", "missing-name", secret)


def test_nothing_that_was_not_named_gets_into_a_snapshot(desk: Desk) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a", "cost": "hunter2"})
    desk.pull("x.jsonl")
    files = [path for path in Path(desk.store.root).rglob("*") if path.is_file()]
    assert len(files) == 4  # records, snapshot, quarantine, and the pull's ticket
    assert all(b"hunter2" not in path.read_bytes() for path in files)


def test_a_complete_snapshot_with_an_unreadable_record_says_so(desk: Desk) -> None:
    desk.write("x.jsonl", '{"sku":"A","name":"a"}\n{broken\n')
    found = desk.pull("x.jsonl")
    assert (found.complete, found.unreadable, balance(found)) == (True, 1, (2, 1, 1, 0))


def test_a_pull_that_fails_writes_nothing(desk: Desk) -> None:
    desk.write("x.jsonl", "{broken\n")
    with pytest.raises(UnreadableFile):
        desk.pull("x.jsonl")
    files = [path.name for path in Path(desk.store.root).rglob("*") if path.is_file()]
    assert files == ["_pull-00000001"]  # its ticket, which says when it began and nothing else


def test_no_scratch_is_left_behind(desk: Desk) -> None:
    gc.collect()
    before = set(process_folder().iterdir())
    desk.write("x.jsonl", b'\xef\xbb\xbf{"sku":"A","name":"a"}\n{broken\n')
    desk.pull("x.jsonl")
    desk.write("x.jsonl", "{broken\n")
    with pytest.raises(UnreadableFile):
        desk.pull("x.jsonl")
    gc.collect()  # a reader takes its copies away as it goes
    assert set(process_folder().iterdir()) == before


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(8))
def test_random_files_come_out_as_a_plain_count_says(desk: Desk, seed: int) -> None:
    """Several files of good, invalid, broken, repeated and duplicate records, against a dictionary."""
    dice = random.Random(seed)
    newest: dict[str, tuple[str, int, str]] = {}
    records = invalid = unreadable = position = 0
    for name in ("a", "b", "c"):
        lines = []
        for _ in range(dice.randrange(1, 400)):
            position += 1
            sku, title, at = (
                f"S{dice.randrange(300)}",
                dice.choice("xyz"),
                dice.choice(["", "2026-01-01", "2026-01-02"]),
            )
            kind = dice.randrange(12)
            records += kind != 0
            if kind == 0:
                lines.append(dice.choice(["", "  ", "\r"]))
            elif kind == 1:
                lines.append(dice.choice(["{", "[]", '{"sku": "' + sku, "null", f'"{sku}"']))
                unreadable += 1
            elif kind == 2:
                lines.append(
                    json.dumps(dice.choice([{"sku": sku}, {"name": title}, {"sku": sku, "name": title, "price": "?"}]))
                )
                invalid += 1
            else:
                lines.append(json.dumps({"sku": sku, "name": title, "updated_at": at}))
                newest[sku] = max(newest.get(sku, ("", -1, "")), (at, position, title))
        desk.write(
            f"{name}.jsonl",
            dice.choice(["\n", "\r\n"]).join([*lines, json.dumps({"sku": f"last-{name}", "name": name})]),
        )
        newest[f"last-{name}"] = ("", position, name)
        records += 1
    found = desk.pull("*.jsonl")
    assert desk.products(found, "sku", "name") == sorted((sku, title) for sku, (_, _, title) in newest.items())
    for place, line, record in desk.quarantine(found, "place", "line", "record"):
        assert re.split(rb"\r\n|\r|\n", (desk.files / place).read_bytes())[line - 1].strip().decode() == record
    counted = dict.fromkeys(desk.quarantine(found, "code"), 0)
    for code in desk.quarantine(found, "code"):
        counted[code] += 1
    assert (found.records, found.valid, found.unreadable, counted["unreadable"]) == (
        records,
        len(newest),
        unreadable,
        unreadable,
    )
    assert sum(count for code, count in counted.items() if code not in ("unreadable", "duplicate-sku")) == invalid
    balance(found)


def test_the_order_of_many_records_is_theirs_in_the_file(desk: Desk) -> None:
    """Several row groups, read and written by several threads; only the last of each SKU may stay."""
    with open(desk.files / "x.jsonl", "w", encoding="utf-8") as file:
        for number in range(300_000):
            file.write(f'{{"sku":"S{number % 150_000}","name":"{number}"}}\n')
    found = desk.pull("x.jsonl")
    assert balance(found) == (300_000, 150_000, 150_000, 0)
    names = [int(name) for name in desk.products(found, "name")]
    assert (min(names), max(names)) == (150_000, 299_999)
    assert desk.quarantine(found, "line", "record")[-1] == (150_000, '{"sku":"S149999","name":"149999"}')


def test_the_duplicates_of_a_large_csv_file_are_those_very_records(desk: Desk) -> None:
    with open(desk.files / "x.csv", "w", encoding="utf-8") as file:
        file.write("sku,name,padding\n")
        for number in range(300_000):
            file.write(f'S{number % 299_000},{number},"{"x" * 120}\n,"\n')
    found = desk.pull("x.csv")
    assert balance(found) == (300_000, 299_000, 1_000, 0)
    kept = [(name, json.loads(record)["name"]) for name, record in desk.quarantine(found, "name", "record")]
    assert kept == [(str(number), str(number)) for number in range(1_000)]


# ── What a source may do ─────────────────────────────────────────────────────────────────────────────────────────────


class _Hopeless:
    """A source whose files cannot be read, and which has nothing to offer instead."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def records(self, con: Any, request: PullRequest) -> Records:
        given = self.desk.source("x.jsonl.gz").records(con, request)
        self.desk.write("x.jsonl.gz", (self.desk.files / "x.jsonl.gz").read_bytes()[:-50])  # cut after it was looked at
        return Records(given.reader, given.record_expr, given.names, given.complete, given.answers_absence)

    def scheduled(self) -> Any:
        return "complete"

    def requests(self, request: PullRequest) -> int:
        return 1


def test_a_source_that_cannot_mend_a_failed_reading_lets_it_fail(desk: Desk) -> None:
    import gzip

    import duckdb

    whole = b"".join(b'{"sku":"%d","name":"n"}\n' % i for i in range(100_000))
    desk.write("x.jsonl.gz", gzip.compress(whole))
    with pytest.raises(duckdb.IOException):
        desk.pull("x.jsonl.gz", source=_Hopeless(desk))
