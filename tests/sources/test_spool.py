"""Pages in the store: one commit each, whoever makes it; and what a page may hold."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from datasync.errors import FileDamaged
from datasync.sources.rest.page_lines import FURTHER, line
from datasync.sources.rest.page_records import Field, Shape, Spooled, own, pointer
from datasync.sources.rest.page_store import Spool
from datasync.store.files import Folder, Store, connect, open_store

ODD = ['a"b', "a/b~c", "two words", "ключ", "$.x", "{}", "*"]


@pytest.fixture
def store(tmp_path: Path) -> Folder:
    return Folder(str(tmp_path))


def lines(*records: Any) -> list[bytes]:
    return [line(record) for record in records]


def read(store: Store, spool: Spool, *fields: str) -> list[tuple[Any, ...]]:
    shape = Shape("/id", own("plain", "id", "sku"), lambda name: Field(pointer(name)), "[]")
    with connect(store) as con:
        con.execute("SET preserve_insertion_order = true")
        reader = Spooled(con, store, spool.paths(), shape, lambda _: False)
        columns = "* EXCLUDE (_row, _blank, _in_scope, _unreadable), _unreadable"
        return con.execute(f"SELECT {columns} FROM ({reader.select(fields).sql})").fetchall()


def test_of_two_workers_at_one_page_the_first_counts_and_the_other_goes_on_from_there(store: Folder) -> None:
    first, second = Spool(store, "en", "r1"), Spool(store, "en", "r1")
    first.add(1, lines({"id": 1}), {"after": "a"})
    first.add(2, lines({"id": 2}), {"after": "b"})
    assert second.add(1, lines({"id": 9}), {"after": "x"}) == {"after": "b"}
    assert read(store, second, "id") == [("1", "00000001.jsonl.gz", None, None), ("2", "00000002.jsonl.gz", None, None)]


def test_a_record_that_came_again_counts_as_it_came_last(store: Folder) -> None:
    spool = Spool(store, "en", "r1")
    spool.add(1, lines({"id": 1, "sku": "old"}, {"id": 2, "sku": "B"}), {})
    spool.add(2, lines({"id": 3, "sku": "C"}, {"id": 1, "sku": "new"}), {})
    assert [sku for sku, *_ in read(store, spool, "sku")] == ["B", "C", "new"]


def test_a_record_that_names_its_own_way_further_stays_a_record(store: Folder) -> None:
    spool = Spool(store, "en", "r1")
    spool.add(1, lines({"id": 1, "sku": "A", FURTHER: {"after": "evil"}}), {"after": "b"})
    assert spool.last() == {"after": "b"}
    assert [row[0] for row in read(store, spool, "sku")] == ["A"]


def test_half_a_surrogate_pair_spoils_one_record_and_no_other(store: Folder) -> None:
    spool = Spool(store, "en", "r1")
    spool.add(1, lines({"id": 1, "sku": "A", "name": "\ud800"}, {"id": 2, "sku": "日本"}), {})
    (first, second) = read(store, spool, "sku", "name")
    assert (first[0], first[1], "half of a sign" in first[-1]) == ("A", None, True)
    assert (second[0], second[-1]) == ("日本", None)


@pytest.mark.parametrize(
    "given",
    [
        {"sku": "A", "text": "x" * 17_000_000},
        {"sku": "A", "texts": ["x" * 1000] * 17_000},
        {"sku": "A", "many": {f"key-{number}": "x" * 50 for number in range(300_000)}},
        {"sku": "A", "deep": json.loads("[" * 600 + "]" * 600)},
    ],
)
def test_what_is_no_line_is_one_with_its_plain_values_and_why(given: dict[str, Any], store: Folder) -> None:
    written = line({"id": 1, **given})
    assert len(written) < 16_000_001
    spool = Spool(store, "en", "r1")
    spool.add(1, [written, line({"id": 2, "sku": "B"})], {})
    (first, second) = read(store, spool, "sku")
    assert (first[0], first[-1][:5], second[0], second[-1]) == ("A", "It is", "B", None)


@pytest.mark.parametrize("name", ODD)
def test_a_field_is_found_whatever_is_in_its_name(name: str, store: Folder) -> None:
    spool = Spool(store, "en", "r1")
    spool.add(1, lines({"id": 1, name: "here"}), {})
    assert read(store, spool, name)[0][0] == "here"


def test_a_pull_without_a_page_has_no_records(store: Folder) -> None:
    spool = Spool(store, "en", "r1")
    assert (spool.last(), read(store, spool, "sku")) == (None, [])


def test_a_page_without_its_last_line_is_named(store: Folder, tmp_path: Path) -> None:
    page = tmp_path / "pulls/scope=en/r1/00000001.jsonl.gz"
    page.parent.mkdir(parents=True)
    page.write_bytes(gzip.compress(json.dumps({"id": 1}).encode()))
    with pytest.raises(FileDamaged, match=r"pulls/scope=en/r1/00000001\.jsonl\.gz"):
        Spool(store, "en", "r1").last()


def test_pages_are_kept_on_s3_for_any_worker(s3_options: dict[str, object]) -> None:
    s3 = open_store("s3://exports/a-store", s3_options)
    spool = Spool(s3, "en", "r1")
    assert spool.add(1, lines({"id": 1, "sku": "A"}), {"after": "a"}) == {"after": "a"}
    assert Spool(s3, "en", "r1").add(1, lines({"id": 2}), {"after": "b"}) == {"after": "a"}
    assert read(s3, spool, "sku") == [("A", "00000001.jsonl.gz", None, None)]
    spool.clear()
    assert spool.last() is None
