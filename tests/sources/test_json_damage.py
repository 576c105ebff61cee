"""JSON lines as people damage them: each bad line is named and costs nothing but itself.

DATASYNC_EXAMPLES sets how many files are tried (then at random).
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from datasync.errors import MissingField, RecordsLost, UnreadableFile
from datasync.sources.files.json_fields import JsonFields
from datasync.sources.files.json_file import DEEPEST, scan_lines
from datasync.sources.files.jsonlines import JsonLines
from datasync.sources.files.options import FilesSource
from datasync.sources.files.source import Files
from tests.pulling import SCOPE, Desk, balance

EXAMPLES = int(os.environ.get("DATASYNC_EXAMPLES", "0"))
tried = settings(max_examples=EXAMPLES or 300, derandomize=not EXAMPLES, deadline=None)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def product(sku: str, **fields: Any) -> bytes:
    return json.dumps({"sku": sku, "name": sku.lower(), **fields}).encode()


def deep(levels: int, kind: str = "[]") -> bytes:
    inner = b"[" * levels + b"]" * levels if kind == "[]" else b'{"a":' * levels + b"1" + b"}" * levels
    return b'{"sku":"D","name":"d","spec":' + inner + b"}"


def written(desk: Desk, name: str, *lines: bytes, ends: bytes = b"\n") -> None:
    content = ends.join(lines)
    desk.write(name, gzip.compress(content, 1) if name.endswith(".gz") else content)


@pytest.mark.parametrize("habit", ["complete", "newest", "partial"])
@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_a_damaged_line_costs_nothing_but_itself(desk: Desk, habit: str, name: str) -> None:
    bad = {3: deep(3000), 4: b'{"sku":"U","name":"\xff"}', 6: deep(100_000, "{}"), 8: b"{broken"}
    good = {1: product("A"), 2: b"", 5: product("B", spec=[[1]]), 7: product("C"), 9: product("E")}
    written(desk, name, *dict(sorted({**bad, **good}.items())).values())
    what = "changed" if habit == "partial" else "complete"
    found = desk.pull(name, what, snapshot=habit, attributes=["spec"])  # type: ignore[arg-type]
    assert (desk.products(found, "sku"), balance(found)) == (["A", "B", "C", "E"], (8, 4, 4, 0))
    assert sorted(desk.quarantine(found, "line", "sku", "code", "sentence")) == [
        (3, "D", "unreadable", f"Line 3 of {name}: it is nested 3,001 deep, and {DEEPEST} is the most."),
        (4, "U", "unreadable", f"Line 4 of {name}: it is not UTF-8."),
        (6, "D", "unreadable", f"Line 6 of {name}: it is nested 100,001 deep, and {DEEPEST} is the most."),
        (8, None, "unreadable", f"Line 8 of {name}: it is no JSON object."),
    ]


def test_brackets_in_texts_are_no_levels(desk: Desk) -> None:
    written(desk, "x.jsonl", product("A", note="[{" * 5000), deep(DEEPEST - 1), deep(DEEPEST))
    found = desk.pull("x.jsonl")
    assert (desk.products(found, "sku"), desk.quarantine(found, "line")) == (["A", "D"], [3])


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
@pytest.mark.parametrize("field", ["description", "name", "zoom"])
def test_a_line_over_the_limit_is_quarantined_under_its_sku_wherever_that_stands(
    desk: Desk, name: str, field: str
) -> None:
    long = {"attributes": {"sku": "not this"}, "sku": "B", "name": "b", field: 'x\\"\n' * 400_000, "price": 1.50}
    for record in (long, dict(reversed(long.items()))):
        written(desk, name, product("A"), json.dumps(record).encode(), product("C"))
        source = Files(SCOPE, desk.scope(name), FilesSource(kind="files", max_record_mb=1))
        found = desk.pull(name, source=source)
        assert (desk.products(found, "sku"), balance(found)) == (["A", "C"], (3, 2, 1, 0))
        (told,) = desk.quarantine(found, "line", "sku", "sentence", "length(record)")
        assert told[:2] == (2, "B")
        assert told[2].startswith(f"Line 2 of {name}: the record has ")
        assert told[3] < 2000


@pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz"])
def test_line_ends_may_be_of_any_kind_and_mixed(desk: Desk, name: str) -> None:
    content = product("A") + b"\r\n" + product("B") + b"\n" + product("C") + b"\r" + b"{bad\r\r\n \n" + product("D")
    written(desk, name, content)
    found = desk.pull(name)
    assert (desk.products(found, "sku"), desk.quarantine(found, "line")) == (["A", "B", "C", "D"], [4])


@pytest.mark.parametrize(
    "content",
    [
        b'[{"sku":"A","name":"a"},{"sku":"B","name":"b"}]',
        b'[{"sku":"A","name":"a"}]\n',
        b'\xef\xbb\xbf  [{"sku":"A","name":"a"},\n{"sku":"B","name":"b"}\n]',
        b'[\r\n{"sku":"A","name":"a"}\r\n]\r\n',
        b"[" + b'{"sku":"A","name":"a"},' * 10_000 + b"{}]",
        b"[]",
        b'{\n"products": [\n{"sku":"A","name":"a"}]}',
    ],
)
def test_one_json_document_fails_with_the_hint_that_makes_lines_of_it(desk: Desk, content: bytes) -> None:
    desk.write("x.json", content)
    with pytest.raises(UnreadableFile, match=r"one JSON document.*`jq -c"):
        desk.pull("x.json")


@pytest.mark.parametrize(
    ("content", "command"),
    [
        (b'{"products":[{"sku":"A"},{"sku":"B"}],"total":2}', "jq -c '.products[]'"),
        (b'{"total":2,"Items":[{"sku":"A"}]}\n', "jq -c '.Items[]'"),
        (b'{"items":[' + b'{"sku":"A"},' * 10_000 + b"{}]}", "jq -c '.items[]'"),
        (b'{"sku":"A","name":"a","items":[{"qty":2}]}\n', None),
        (b'{"artikelnr":"A","bilder":[{"url":"u"}]}\n', None),
        (b'{"artikelnr":"A","values":[1]}\n', None),
        (b'{"items":[{"sku":"A"}]}\n{"items":[{"sku":"B"}]}\n', None),
    ],
)
def test_a_list_of_products_in_an_object_on_a_line_has_a_hint(desk: Desk, content: bytes, command: str | None) -> None:
    desk.write("x.json", content)
    if command:
        with pytest.raises(UnreadableFile, match=re.escape(f"`{command}`")):
            desk.pull("x.json")
    else:
        with contextlib.suppress(MissingField):
            desk.pull("x.json")


def test_a_list_in_the_first_line_is_one_bad_record_among_good_ones(desk: Desk) -> None:
    written(desk, "x.jsonl", b"[1]", product("A"))
    assert desk.quarantine(desk.pull("x.jsonl"), "line") == [1]


def test_a_line_that_the_reader_loses_fails_the_pull(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    written(desk, "x.jsonl", *(product(f"S{number}") for number in range(100)))
    read = JsonLines._read
    monkeypatch.setattr(JsonLines, "_read", lambda *given: f"(FROM {read(*given)} OFFSET 1)")
    with pytest.raises(RecordsLost, match="holds 100 records, and reading gave 99"):
        desk.pull("x.jsonl")


# ── Random lines ─────────────────────────────────────────────────────────────────────────────────────────────────────

PIECES = some.sampled_from(
    [b"{", b"}", b" " * 9, b'"', b"a", b" ", b"\t", b"\n", b"\n", b"\r\n", b"\r", b"\xff", "é".encode()]
)


class Content:
    """Bytes that come in parts of any size."""

    def __init__(self, data: bytes, most: int) -> None:
        self.data, self.most = data, most

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.most)
        part, self.data = self.data[:size], self.data[size:]
        return part


@tried
@given(some.lists(PIECES, max_size=60).map(b"".join), some.integers(1, 9), some.sampled_from([4, 1000]))
def test_records_are_the_lines_that_hold_more_than_blanks(data: bytes, part: int, longest: int) -> None:
    held = scan_lines(Content(data, part), longest)  # type: ignore[arg-type]
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)
    full = [(number, line) for number, line in enumerate(lines, 1) if line.strip(b" \t\r\n")]
    bad = [number for number, line in full if len(line) > longest or b"\xff" in line]
    assert held.records == len(full)
    assert [one.extent.line for one in held.bad] == bad


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@tried
@given(some.dictionaries(some.text(max_size=4), VALUES, max_size=5), some.booleans(), some.integers(1, 20))
def test_fields_come_as_json_has_them_whatever_parts_a_line_comes_in(
    record: dict[str, Any], is_ascii: bool, size: int
) -> None:
    line = json.dumps(record, ensure_ascii=is_ascii).encode()
    fields = JsonFields()
    for start in range(0, len(line), size):
        fields.take(line[start : start + size])
    plain = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in record.items()
        if value not in (None, "") and not isinstance(value, list | dict)
    }
    assert fields.fields() == plain
