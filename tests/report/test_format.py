"""FORMAT.md, held by golden files: Python writes exactly these bytes, and the page's script reads them.

After a wanted change of the format, write the files anew with ``python -m tests.report.golden_catalog``, say in
FORMAT.md what changed, and raise ``FORMAT`` in ``datasync/report/format/base.py``.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from datasync.report.format import base, pack
from tests.report.golden_catalog import (
    FIRST,
    GOLDEN,
    MORNING,
    NAMES,
    PACKED,
    SECOND,
    VARIANTS,
    golden,
    payload,
    written,
)

FORMAT_MD = (Path(base.__file__).parent / "FORMAT.md").read_text(encoding="utf-8")
KEY = f"{FIRST}/en/row7"
OPEN = """async ([templates, blocks, version, scope]) => {
    for (const [key, text] of Object.entries(blocks)) {
        const element = document.createElement("script");
        Object.assign(element, { type: "application/json", id: `data-${key}`, textContent: text });
        document.body.append(element);
    }
    const { open } = await import(`${templates}/js/scope_data.js`);
    globalThis.scopeData = await open(version, scope);
}"""
FIND = """async (request) => {
    const filters = { type: "", visibility: "", stock: "", reason: "" };
    const whole = { service: "shop", list: "total_received", q: "", skus: [], sort: "sku", ...filters, ...request };
    const { rows, matched, total } = await globalThis.scopeData.find(whole, 0, 25);
    return { skus: rows.map((row) => row.sku), matched, total };
}"""
ROW = """async ([service, sku]) => {
    const row = await globalThis.scopeData.rowOf(service, sku);
    return { ...row, payload: await globalThis.scopeData.payload(row) };
}"""
INSIDE = """([id, textContent]) => {
    document.body.append(Object.assign(document.createElement("p"), { id, textContent }));
}"""
LOAD = """async ([templates, key]) => {
    const { load } = await import(`${templates}/js/load.js`);
    return load(key, (bytes) => Array.from(bytes));
}"""
ALL = [sku for sku in NAMES if sku != "A-07"]


@dataclass(frozen=True)
class Reading:
    """The golden files of a variant, opened by the page's script at one of the two versions."""

    tab: Page
    version: str

    @property
    def is_first(self) -> bool:
        return self.version == FIRST

    def find(self, **request: object) -> Any:
        return self.tab.evaluate(FIND, request)

    def row(self, service: str, sku: str) -> Any:
        return self.tab.evaluate(ROW, [service, sku])


@pytest.mark.parametrize("variant", VARIANTS)
def test_python_writes_the_golden_files_byte_for_byte(variant: str) -> None:
    files, expected = written(variant), golden(variant)
    assert files.keys() == expected.keys()
    for key, data in expected.items():
        assert files[key] == data, key


def unpacked(text: str) -> bytes:
    """The bytes behind a key, letters and a size, as FORMAT.md says."""
    match = re.fullmatch(rf'(?:datasync\(|\[)"{re.escape(KEY)}","([\u3400-\ub3ff]*)",(\d+)[)\]]', text)
    assert match
    bits = "".join(f"{ord(letter) - 0x3400:015b}"[::-1] for letter in match[1])
    deflated = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, 8 * int(match[2]), 8))
    return zlib.decompress(deflated, -15)


def test_a_data_file_and_a_block_of_a_single_file_are_packed_as_the_golden_ones() -> None:
    """What deflates may choose other bytes on another processor; they unpack to the same."""
    for data in ((GOLDEN / "packed.js").read_bytes(), pack.script(KEY, PACKED)):
        assert data[:2] == b"\xff\xfe"
        assert unpacked(data[2:].decode("utf-16-le")) == PACKED
    for text in ((GOLDEN / "packed.json").read_text(encoding="utf-8"), pack.inline(KEY, PACKED)):
        assert unpacked(text) == PACKED


def test_the_script_reads_a_golden_data_file_and_a_golden_block(browser: Browser, templates: str) -> None:
    for inside in (False, True):
        tab = browser.new_page()
        tab.route("**/data/**", lambda route: route.fulfill(path=GOLDEN / "packed.js"))
        tab.goto(f"{templates}/css/tokens.css")
        if inside:
            tab.unroute("**/data/**")
            block = (GOLDEN / "packed.json").read_text(encoding="utf-8")
            tab.evaluate(INSIDE, [f"data-{KEY}", block])
        assert bytes(tab.evaluate(LOAD, [templates, KEY])) == PACKED
        tab.close()


@pytest.fixture(scope="module", params=[(variant, version) for variant in VARIANTS for version in (FIRST, SECOND)])
def reading(request: pytest.FixtureRequest, browser: Browser, templates: str) -> Iterator[Reading]:
    variant, version = request.param
    blocks = {key: pack.inline(key, data) for key, data in golden(variant).items() if key != "base.json"}
    tab = browser.new_page()
    tab.goto(f"{templates}/css/tokens.css")
    tab.evaluate(OPEN, [templates, blocks, version, variant])
    yield Reading(tab, version)
    tab.close()


def test_the_script_lists_what_a_service_holds(reading: Reading) -> None:
    expected = list(NAMES) if reading.is_first else ALL
    listed = reading.find()
    assert listed == {"skus": expected, "matched": len(expected), "total": len(expected)}
    assert reading.find(sort="-sku")["skus"] == expected[::-1]


@pytest.mark.parametrize(
    ("words", "skus"),
    [
        ("wool", ["A-01", "A-02"]), ("wool sweater", ["A-01"]), ("creme", ["A-04"]), ("ランニング", ["A-06"]),
        ("مصباح", ["B-02"]), ("xl", ["B-01"]), ("a-0 dish", ["A-04"]), ("nothing", []),
    ],
)  # fmt: skip
def test_the_script_finds_words(reading: Reading, words: str, skus: list[str]) -> None:
    assert reading.find(q=words)["skus"] == skus


def test_the_script_reads_what_changed_since_the_base(reading: Reading) -> None:
    is_first = reading.is_first
    assert reading.find(q="duvet")["skus"] == (["A-07"] if is_first else [])
    assert reading.find(q="led")["skus"] == ([] if is_first else ["A-03"])
    assert reading.find(list="latest_update")["skus"] == ([] if is_first else ["A-03"])
    row = reading.row("shop", "A-03")
    name = "Desk Lamp" if is_first else "Desk Lamp LED"
    assert (row["name"], row["payload"]["text"]) == (name, payload("A-03", name))
    assert row["payload"]["hash"] == f"{len(name):02d}-A-03"
    assert row["updated"] == (MORNING - 3 * 43_200_000 if is_first else MORNING + 1_800_000)


@pytest.mark.parametrize(
    ("name", "skus"),
    [
        ("current", ["A-01", "A-03", "A-06", "A-07", "A-08", "A-09", "B-03", "Q-1"]), ("stale", ["A-02"]),
        ("rejected", ["A-04"]), ("missing", ["A-05"]), ("excluded", ["B-01"]), ("due", ["A-02", "A-05"]),
        ("absent", ["", "A-04", "A-05", "B-01", "B-02"]),
    ],
)  # fmt: skip
def test_the_script_reads_states(reading: Reading, name: str, skus: list[str]) -> None:
    listed = reading.find(service="search", list=name)["skus"]
    assert listed == [sku for sku in skus if reading.is_first or sku != "A-07"]
    assert reading.row("search", "B-02")["state"] == "removed"


def test_the_script_reads_words_times_and_texts_with_breaks(reading: Reading) -> None:
    row = reading.row("search", "A-04")
    assert (row["state"], row["words"], row["held"]) == ("rejected", "Price is required", False)
    assert (row["updated"], row["answeredAt"]) == (None, MORNING - 4 * 3_600_000)
    assert (row["type"], row["visibility"], row["stock"]) == ("simple", ["catalog", "search"], "in-stock")
    assert reading.row("shop", "A-08")["name"] == NAMES["A-08"]
    gone = reading.row("shop", "A-09")
    assert (gone["name"], gone["type"], gone["payload"]["text"]) == (None, None, None)


def test_the_script_reads_records_in_quarantine_and_looks_skus_up(reading: Reading) -> None:
    records = reading.find(list="quarantined")
    assert (sorted(records["skus"]), records["total"]) == (["", "Q-1"], 2)
    assert reading.find(list="quarantined", reason="bad-value: price is ….")["skus"] == ["Q-1"]
    assert reading.find(list="pull_quarantined")["skus"] == ["Q-1"]
    assert sorted(reading.find(list="asked", skus=["B-03", "Q-1", "A-01", "C-1"])["skus"]) == [
        "A-01",
        "B-03",
        "Q-1",
    ]


def test_the_format_page_names_the_version_and_every_kind_of_file() -> None:
    assert f"format {base.FORMAT}" in FORMAT_MD
    keys = {key.rpartition("/")[2] for variant in VARIANTS for key in golden(variant)}
    kinds = {re.sub(r"\d+$", "", key).removeprefix("new") for key in keys}
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in FORMAT_MD] == []
    head = json.loads(golden("index")[f"{SECOND}/index/head0"])
    names = {*head, *head["segments"][0], *head["kinds"][0]}
    assert [name for name in sorted(names) if f"`{name}`" not in FORMAT_MD] == []
