"""Files of changes that arrive late: what is older than the catalog is counted as outdated, and overrides nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datasync.catalog.apply import ApplyResult
from datasync.relation import select
from datasync.sources.files import source
from datasync.store.logs import catalog_log
from datasync.store.snapshots import TERMS
from tests.line import SCOPE, Line, Record, product
from tests.shop import Shop


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def changes(line: Line, *rows: Record, scheduled: bool = True, skus: Sequence[str] = ()) -> ApplyResult:
    """Read some records as from files of changes; an operator's pull is not scheduled."""
    found = line.pull(rows, changed=not skus, skus=skus, answers_absence=False, by_change_time=True)
    assert (found.outdated, found.valid) == (0, len({row["sku"] for row in rows}))
    return line.apply(found, scheduled=scheduled)


def kettle(price: str, day: int | None, sku: str = "a") -> Record:
    return product(sku, "Kettle", price=price, updated_at=None if day is None else f"2026-11-{day:02}T08:00:00Z")


def prices(line: Line) -> dict[str, str]:
    return {sku: f"{row['price']:f}".rstrip("0").rstrip(".") for sku, row in line.catalog().items() if row["hash"]}


def last_pull(line: Line) -> dict[str, int]:
    """The counts of the last pull as the catalog's head tells them; they always add up."""
    told = catalog_log(line.store, SCOPE).head(line.con).meta["last_pull"]
    assert told["records"] == sum(told[term] for term in TERMS)
    return {term: told[term] for term in TERMS if told[term]}


def test_a_record_older_than_the_catalogs_does_not_override_it_and_is_counted_as_outdated(line: Line) -> None:
    changes(line, kettle("9", 21))
    done = changes(line, kettle("7", 20), kettle("1", 1, "b"))
    assert (done.outdated, done.added, done.updated) == (1, 1, 0)
    assert prices(line) == {"a": "9", "b": "1"}
    assert last_pull(line) == {"valid": 1, "outdated": 1}


def test_a_record_of_the_same_time_overrides(line: Line) -> None:
    changes(line, kettle("9", 21))
    assert changes(line, kettle("7", 21)).outdated == 0
    assert (prices(line), last_pull(line)) == ({"a": "7"}, {"valid": 1})


@pytest.mark.parametrize(("first", "then"), [(None, 20), (21, None), (None, None)])
def test_a_record_overrides_where_either_side_has_no_time(line: Line, first: int | None, then: int | None) -> None:
    changes(line, kettle("9", first))
    assert changes(line, kettle("7", then)).outdated == 0
    assert prices(line) == {"a": "7"}


@pytest.mark.parametrize("skus", [(), ("a",)], ids=["everything", "by SKU"])
def test_what_an_operator_asks_for_overrides_whatever_its_time(line: Line, skus: Sequence[str]) -> None:
    changes(line, kettle("9", 21))
    assert changes(line, kettle("7", 20), scheduled=False, skus=skus).outdated == 0
    assert (prices(line), last_pull(line)) == ({"a": "7"}, {"valid": 1})


@pytest.mark.parametrize("how", [{}, {"changed": True}], ids=["a complete pull", "a partial pull"])
def test_a_source_that_says_what_is_there_now_overrides_whatever_its_times(line: Line, how: Mapping[str, bool]) -> None:
    changes(line, kettle("9", 21))
    line.apply(line.pull([kettle("7", 20)], **how))
    assert (prices(line), last_pull(line)) == ({"a": "7"}, {"valid": 1})


def test_the_same_content_seen_later_is_what_a_late_record_is_measured_by(line: Line) -> None:
    """10 on the 1st and again on the 5th: a file of the 3rd is late, though it is newer than the first."""
    changes(line, kettle("10", 1))
    again = changes(line, kettle("10", 5))
    assert (again.updated, again.added, line.changes()) == (0, 0, {"a": "updated"})
    assert changes(line, kettle("12", 3)).outdated == 1
    assert prices(line) == {"a": "10"}


def test_the_same_content_seen_later_is_delivered_to_nobody(line: Line) -> None:
    changes(line, kettle("10", 1))
    assert line.transfer().added == 1
    changes(line, kettle("10", 5))
    assert (line.figures().due, line.transfer().updated) == (0, 0)


def test_the_same_content_at_the_same_time_writes_no_row(line: Line) -> None:
    changes(line, kettle("10", 5))
    changes(line, kettle("10", 5))
    assert line.changes() == {}


def test_an_operator_takes_back_a_time_that_was_wrong(line: Line) -> None:
    changes(line, product("a", "Kettle", price="9", updated_at="2099-01-01T00:00:00Z"))
    assert changes(line, kettle("8", 22)).outdated == 1
    changes(line, kettle("9", 21), scheduled=False, skus=["a"])
    assert changes(line, kettle("8", 22)).outdated == 0
    assert prices(line) == {"a": "8"}


def test_a_product_in_quarantine_keeps_the_time_of_its_last_valid_version(line: Line) -> None:
    changes(line, kettle("9", 21))
    found = line.pull([{"sku": "a", "updated_at": "2026-11-22T08:00:00Z"}], changed=True, by_change_time=True)
    line.apply(found)
    assert changes(line, kettle("7", 20)).outdated == 1
    assert (line.catalog()["a"]["change"], prices(line)) == ("quarantined", {"a": "9"})
    assert changes(line, kettle("8", 22)).outdated == 0
    assert (line.catalog()["a"]["change"], prices(line)) == ("updated", {"a": "8"})


def test_what_was_removed_comes_back_whatever_its_time(line: Line) -> None:
    line.read([kettle("9", 21), kettle("1", 21, "b")])
    line.read([kettle("1", 21, "b")])
    assert changes(line, kettle("7", 20)).added == 1
    assert prices(line) == {"a": "7", "b": "1"}


def test_a_pull_of_outdated_records_alone_moves_the_watermark(line: Line) -> None:
    changes(line, kettle("9", 21))
    found = line.pull([kettle("7", 20)], changed=True, answers_absence=False, by_change_time=True, watermark="read")
    line.passes(seconds=1)
    line.apply(found)
    assert catalog_log(line.store, SCOPE).head(line.con).meta["watermark"] == "read"


Change = tuple[str, str, int | None]
Known = dict[str, tuple[str, int | None]]
DAYS = st.one_of(st.none(), st.integers(1, 5))
CHANGES = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("123"), DAYS), min_size=1, max_size=4)
PULLS = st.lists(st.tuples(CHANGES, st.sampled_from([True, True, True, False])), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(PULLS)
def test_any_order_of_files_leaves_what_the_rule_says(pulls: list[tuple[list[Change], bool]]) -> None:
    """Against a dictionary that takes one record after the other, whichever pull brings it."""
    known: Known = {}
    with TemporaryDirectory() as folder:
        line = Line(Path(folder))
        for read, scheduled in pulls:
            rows = [kettle(price, day, sku) for sku, price, day in read]
            found = line.pull(rows, changed=True, answers_absence=False, by_change_time=True)
            assert line.apply(found, scheduled=scheduled).outdated == settle(known, read, scheduled)
            last_pull(line)
            assert prices(line) == {sku: price for sku, (price, _) in known.items()}
            times = {sku: row["updated_at"] for sku, row in line.catalog().items()}
            assert {sku: time and time.day for sku, time in times.items()} == {s: day for s, (_, day) in known.items()}


def settle(known: Known, read: Sequence[Change], scheduled: bool) -> int:
    """Bring records into ``known`` one after the other; of how many SKUs none may override what is known."""
    if not scheduled:
        alone: Known = {}
        settle(alone, read, scheduled=True)
        known.update(alone)
        return 0
    accepted = {change[0] for change in read if overrides(known, change)}
    return len({sku for sku, _, _ in read} - accepted)


def overrides(known: Known, change: Change) -> bool:
    """Whether a record overrides what is known, which it then is."""
    sku, price, day = change
    at = known.get(sku, ("", None))[1]
    is_older = day is not None and at is not None and day < at
    if not is_older:
        known[sku] = price, day
    return not is_older


# ── However files fall into pulls ────────────────────────────────────────────────────────────────────────────────────

PARTIAL = """
sources: {drop: {kind: files}}
scopes:
  en-US: {source: drop, path: "*.csv", snapshot: partial, where: "shop = 'here'"}
services: {search: {}}
"""
NEW, OLD = "2026-11-20T08:00:00Z", "2020-01-01T00:00:00Z"
HISTORIES = {
    "a record without a time": (["C1,here," + NEW, "C2,here,"], {"C2"}),
    "an old one behind it": (["C1,here," + NEW, "C2,here,", "C3,here," + OLD], {"C3"}),
    "two behind it": (["C1,here," + NEW, "C2,here,", "C3,here," + NEW, "C4,here," + OLD], {"C3"}),
    "one that is outdated": (["C1,here," + NEW, "C2,here," + OLD], {"C1"}),
    "one of another shop": (["C1,here," + NEW, "C2,there," + NEW, "C3,here," + OLD], {"C3"}),
    "one of another shop at last": (["C1,here," + NEW, "C2,here,", "C3,there," + NEW], set()),
}


@pytest.mark.parametrize(("rows", "names"), HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("ends", [(), (1,), (1, 2)], ids=str)
def test_files_of_changes_come_to_the_same_in_one_pull_or_in_several(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[str], names: set[str], ends: Sequence[int]
) -> None:
    monkeypatch.setattr(source, "APART", 0)
    shop, cuts = Shop(tmp_path, PARTIAL), [0, *(end for end in ends if end < len(rows)), len(rows)]
    for start, end in pairwise(cuts):
        for number in range(start, end):
            file = tmp_path / f"{number}.csv"
            file.write_text(f"sku,name,shop,updated_at\nc,{rows[number]}\nd,D,here,\n")
            os.utime(file, (shop.now.timestamp() + 100 * number,) * 2)
        assert shop.run("sync").code == 0
    with shop.connected() as (con, pipeline):
        catalog = catalog_log(pipeline.store, "en-US")
        products = catalog.fold(catalog.head(con).number).where("hash IS NOT NULL AND sku = 'c'")
        assert {name for (name,) in select("SELECT name FROM products", products=products).rows(con)} == names
        last_pull = catalog.head(con).meta["last_pull"]
    assert last_pull["records"] == sum(last_pull[term] for term in TERMS)


def test_what_a_sync_says_while_it_works_and_at_its_end_is_one_story(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "APART", 0)
    shop = Shop(tmp_path, PARTIAL)
    rows = {"0": f"c,C1,here,{NEW}\nd,D,here,{NEW}", "1": f"c,C2,here,{OLD}", "2": f"c,C3,here,{OLD}\nd,D3,here,{OLD}"}
    outputs = []
    for name, lines in rows.items():
        (tmp_path / f"{name}.csv").write_text(f"sku,name,shop,updated_at\n{lines}\n")
        outputs.append(shop.run("sync"))
    assert "outdated" not in outputs[0].out + outputs[0].err
    for output, sentence, end in (
        (outputs[1], "of 1 valid record 1 is outdated, 2 products.", "en-US: 1 record = 1 outdated"),
        (outputs[2], "of 2 valid records 2 are outdated, 2 products.", "en-US: 2 records = 2 outdated"),
    ):
        assert any(line.endswith(sentence) for line in output.errors), output.err
        assert end in output.lines
