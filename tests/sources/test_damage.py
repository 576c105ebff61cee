"""One bad file among three whole ones, in every format, under every kind of snapshot.

Whatever is wrong with it, the whole ones are read, or nothing is taken for read; and the bad one is named with its true
reason, in words that whoever exports it understands.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasync.errors import UnreadableFile
from datasync.store.snapshots import Snapshot
from tests.pulling import START, Desk, balance

FORMATS = ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "xlsx")
WHOLE = ("a", "b", "d")
FOREIGN = re.compile(
    r"duckdb|pandas|openpyxl|zipfile|arrow|errno|traceback|error:|exception|internal|snappy|thrift|0x|utf-8 codec",
    re.IGNORECASE,
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def products(prefix: str, number: int) -> list[dict[str, Any]]:
    """Products whose text hardly compresses, so that a file of many has some megabytes in any format."""
    hashes = [hashlib.md5(f"{prefix}{n}".encode(), usedforsecurity=False).hexdigest() for n in range(number)]
    return [{"sku": f"{prefix}{n:06}", "price": n / 4, "name": text} for n, text in enumerate(hashes)]


def encoded(rows: list[dict[str, Any]], ending: str) -> bytes:
    """Records as one file of a format."""
    if ending.endswith(".gz"):
        return gzip.compress(encoded(rows, ending.removesuffix(".gz")), 1)
    if ending == "jsonl":
        return "".join(json.dumps(record) + "\n" for record in rows).encode()
    frame, packed = pd.DataFrame(rows), io.BytesIO()
    if ending == "csv":
        return frame.to_csv(index=False).encode()
    if ending == "parquet":
        frame.to_parquet(packed)
    else:
        frame.to_excel(packed, index=False)
    return packed.getvalue()


class Drop:
    """A folder with three whole files and ``c``, the third of four by name, which is newer than the others."""

    def __init__(self, desk: Desk, ending: str) -> None:
        self.desk, self.ending, self.bad = desk, ending, f"c.{ending}"
        for minutes, name in enumerate(WHOLE):
            self.write(f"{name}.{ending}", encoded(products(name, 3), ending), minutes)

    def write(self, name: str, content: bytes, minutes: int = 9) -> None:
        moment = START.timestamp() - 3600 + 60 * minutes
        os.utime(self.desk.write(name, content), (moment, moment))

    def pull(self, habit: str, **how: Any) -> Snapshot:
        what: Literal["complete", "changed"] = "changed" if habit == "partial" else "complete"
        return self.desk.pull(f"*.{self.ending}", what, snapshot=habit, **how)

    def fails(self, habit: str) -> str:
        """Why the pull fails: it names the bad file, and writes nothing."""
        with pytest.raises(UnreadableFile) as failed:
            self.pull(habit)
        assert failed.value.path == self.bad
        assert not list(Path(self.desk.store.root).rglob("*.parquet"))
        return failed.value.reason


def skus(*names: str) -> list[str]:
    return [f"{name}{n:06}" for name in names for n in range(3)]


# ── File damaged ─────────────────────────────────────────────────────────────────────────────────────────────────────

MANY = 60_000


def cut(content: bytes) -> bytes:
    """Cut in the first cell of a line: in the last, or between two, nobody could tell."""
    half = len(content) // 2
    return content[: max(half, content.find(b"\n", half)) + 5]


def cut_late(content: bytes) -> bytes:
    """Cut beyond the first megabyte, which a look at the beginning sees."""
    return content[: len(content) - len(content) // 9]


def cut_at_the_last_byte(content: bytes) -> bytes:
    return content[:-1]


def zeros(content: bytes) -> bytes:
    return content + bytes(4096)


def zeros_for_the_second_half(content: bytes) -> bytes:
    return content[: len(content) // 2] + bytes(len(content) - len(content) // 2)


def of_another_kind(content: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9


def nothing(content: bytes) -> bytes:
    return b""


REASONS = {
    (cut, "csv jsonl"): r"it ends in the middle of a record: it was cut off",
    (cut, "csv.gz jsonl.gz"): r"it ends in the middle of its gzip stream: it was cut off",
    (cut, "parquet"): r"its footer is missing: it was cut off",
    (cut, "xlsx"): r"the end of the workbook is missing: it was cut off",
    (cut_late, "csv.gz jsonl.gz"): r"it ends in the middle of its gzip stream: it was cut off",
    (cut_at_the_last_byte, "csv.gz jsonl.gz"): r"it ends in the middle of its gzip stream: it was cut off",
    (cut_at_the_last_byte, "parquet"): r"its footer is missing: it was cut off",
    (cut_at_the_last_byte, "xlsx"): r"the end of the workbook is missing: it was cut off",
    (zeros, "csv jsonl"): r"it ends in zero bytes",
    (zeros, "csv.gz jsonl.gz"): r"zero bytes follow its gzip stream",
    (zeros, "parquet"): r"zero bytes stand where its footer ends",
    (zeros, "xlsx"): r"zero bytes follow the end of the workbook",
    (zeros_for_the_second_half, "csv jsonl"): r"it ends in zero bytes",
    (zeros_for_the_second_half, "csv.gz jsonl.gz"): r"(?:its gzip stream is damaged|it ends in the middle of)",
    (zeros_for_the_second_half, "parquet"): r"zero bytes stand where its footer ends",
    (zeros_for_the_second_half, "xlsx"): r"the end of the workbook is missing",
    (of_another_kind, "csv jsonl"): r"its content is binary",
    (of_another_kind, "csv.gz jsonl.gz"): r"its name ends in \.gz, and its content is not gzip",
    (of_another_kind, "parquet"): r"it is no Parquet file",
    (of_another_kind, "xlsx"): r"it is no XLSX workbook",
    (nothing, " ".join(FORMATS)): r"it is empty",
}
DAMAGED = [
    pytest.param(ending, damage, reason, id=f"{ending}-{damage.__name__}")
    for (damage, endings), reason in REASONS.items()
    for ending in endings.split()
]


def damaged(ending: str, damage: Any) -> bytes:
    """Content of a file of some megabytes, damaged; a sheet of as many rows would only take long."""
    number = 2_000 if ending == "xlsx" else MANY
    if (ending, number) not in _CONTENT:
        _CONTENT[ending, number] = encoded(products("c", number), ending)
    content: bytes = damage(_CONTENT[ending, number])
    return content


_CONTENT: dict[tuple[str, int], bytes] = {}


@pytest.mark.parametrize(("ending", "damage", "reason"), DAMAGED)
def test_partial_takes_the_whole_files_and_names_the_damaged_one(
    desk: Desk, ending: str, damage: Any, reason: str
) -> None:
    drop = Drop(desk, ending)
    drop.write(drop.bad, damaged(ending, damage))
    found = drop.pull("partial")
    assert desk.products(found, "sku") == skus(*WHOLE)
    ((place, code, sentence),) = desk.quarantine(found, "place", "code", "sentence")
    assert (place, code, found.unreadable, balance(found)) == (drop.bad, "unreadable", 1, (10, 9, 1, 0))
    assert re.fullmatch(rf"The file {re.escape(drop.bad)} cannot be read: {reason}[^.]*\.", sentence)
    assert not FOREIGN.search(sentence)


@pytest.mark.parametrize("ending", FORMATS)
def test_what_partial_has_read_is_not_read_again_and_the_damaged_file_is_once_it_is_whole(
    desk: Desk, ending: str
) -> None:
    drop = Drop(desk, ending)
    drop.write(drop.bad, damaged(ending, cut))
    first = drop.pull("partial")
    again = drop.pull("partial", watermark=first.watermark)
    assert (again.requests, balance(again)) == (0, (0, 0, 0, 0))
    drop.write(drop.bad, encoded(products("c", 3), ending), 12)
    mended = drop.pull("partial", watermark=again.watermark)
    assert (desk.products(mended, "sku"), mended.unreadable) == (skus("c"), 0)


@pytest.mark.parametrize(("ending", "damage", "reason"), DAMAGED)
def test_complete_fails_and_names_the_damaged_file(desk: Desk, ending: str, damage: Any, reason: str) -> None:
    drop = Drop(desk, ending)
    drop.write(drop.bad, damaged(ending, damage))
    why = drop.fails("complete")
    assert re.match(reason, why)
    assert not FOREIGN.search(why)


@pytest.mark.parametrize(("ending", "damage", "reason"), DAMAGED)
def test_newest_fails_if_the_newest_is_damaged_and_never_falls_back(
    desk: Desk, ending: str, damage: Any, reason: str
) -> None:
    drop = Drop(desk, ending)
    drop.write(drop.bad, damaged(ending, damage))
    assert re.match(reason, drop.fails("newest"))
    drop.write(f"e.{ending}", encoded(products("e", 3), ending), 12)
    assert desk.products(drop.pull("newest"), "sku") == skus("e")  # an older file that is damaged is nobody's concern


# ── Record damaged ───────────────────────────────────────────────────────────────────────────────────────────────────

LONG = b"x" * (17 << 20)


def table(records: list[dict[str, Any]]) -> bytes:
    """Parquet of columns of text, whatever their bytes are."""
    columns = {name: pa.array([record[name] for record in records], pa.binary()) for name in records[0]}
    texts = {name: pa.Array.from_buffers(pa.string(), len(c), c.buffers()) for name, c in columns.items()}
    packed = io.BytesIO()
    pq.write_table(pa.table(texts), packed)
    return packed.getvalue()


def with_one(ending: str, name: bytes) -> bytes:
    """A file whose second of three products has a name of its own, as the format writes it."""
    if ending.endswith(".gz"):
        return gzip.compress(with_one(ending.removesuffix(".gz"), name), 1)
    lines = [(f"c{n:06}".encode(), name if n == 1 else b"n") for n in range(3)]
    if ending == "csv":
        return b"sku,name\n" + b"".join(b"%s,%s\n" % line for line in lines)
    if ending == "jsonl":
        return b"".join(
            b'{"sku":"%s","name":%s}\n' % (sku, n if n.startswith(b"[") else b'"%s"' % n) for sku, n in lines
        )
    return table([{"sku": sku, "name": n} for sku, n in lines])


BAD_RECORDS = {"undecodable": b"\xff\xfe", "long": LONG}


@pytest.mark.parametrize("habit", ["complete", "newest", "partial"])
@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != "xlsx"])
@pytest.mark.parametrize("bad", BAD_RECORDS)
def test_a_damaged_record_alone_is_quarantined(desk: Desk, ending: str, bad: str, habit: str) -> None:
    drop = Drop(desk, ending)
    drop.write(drop.bad, with_one(ending, BAD_RECORDS[bad]))
    found = drop.pull(habit)
    others = [] if habit == "newest" else skus(*WHOLE)
    assert desk.products(found, "sku") == sorted([*others, "c000000", "c000002"])
    ((place, code, sentence),) = desk.quarantine(found, "place", "code", "sentence")
    assert (place, code in ("unreadable", "bad-value")) == (drop.bad, True)
    assert not FOREIGN.search(sentence)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_text_that_nests_3_000_lists_harms_nothing(desk: Desk, ending: str) -> None:
    """In JSON it is a value, and its record may be quarantined for it; elsewhere it is a text like any other."""
    drop, deep = Drop(desk, ending), "[" * 3_000 + "]" * 3_000
    rows = [{"sku": f"c{n:06}", "name": "n", "note": deep if n == 1 else "x"} for n in range(3)]
    if ending.startswith("jsonl"):
        content = encoded(rows, "jsonl").replace(b'"[', b"[").replace(b']"', b"]")
        drop.write(drop.bad, gzip.compress(content) if ending.endswith(".gz") else content)
    else:
        drop.write(drop.bad, encoded(rows, ending))
    found = drop.pull("complete", attributes=["note"])
    of_json = [sku for sku in desk.quarantine(found, "sku") if ending.startswith("jsonl")]
    assert sorted([*desk.products(found, "sku"), *of_json]) == sorted(skus(*WHOLE, "c"))


# ── No damage ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("habit", ["complete", "partial"])
@pytest.mark.parametrize("ending", FORMATS)
def test_files_whose_fields_differ_in_case_order_and_number_are_all_read(desk: Desk, ending: str, habit: str) -> None:
    drop = Drop(desk, ending)
    names = ("name", "sku", "colour", "price") if ending.startswith("jsonl") else ("Name", "SKU", "colour", "Price")
    drop.write(drop.bad, encoded([dict(zip(names, ("capital", "C", "red", 1.5), strict=True))], ending))
    found = drop.pull(habit, attributes=["colour"])
    assert (desk.products(found, "sku")[0], found.quarantined) == ("C", 0)
    assert desk.products(found, "name", "price::DOUBLE", "attributes")[0] == (
        "capital",
        1.5,
        [{"code": "colour", "values": ["red"]}],
    )
    assert found.valid == 10


@pytest.mark.parametrize("habit", ["complete", "partial"])
@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "jsonl.gz"])
def test_a_file_whose_lines_end_differently_is_read(desk: Desk, ending: str, habit: str) -> None:
    drop = Drop(desk, ending)
    bare = ending.removesuffix(".gz")
    lines = encoded(products("c", 3), bare).splitlines()
    mixed = lines[0] + b"\r\n" + lines[1] + b"\n" + b"\r\n".join(lines[2:])
    drop.write(drop.bad, gzip.compress(mixed) if ending.endswith(".gz") else mixed)
    found = drop.pull(habit)
    assert (desk.products(found, "sku"), found.quarantined) == (skus("a", "b", "c", "d"), 0)


# ── Files made to harm ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("habit", ["complete", "partial"])
@pytest.mark.parametrize("ending", ["csv.gz", "jsonl.gz"])
def test_a_gzip_file_that_swells_is_refused_by_name(desk: Desk, ending: str, habit: str) -> None:
    """3 MB that would be 3 GB; a workbook that does is in test_sheets.py."""
    drop = Drop(desk, ending)
    head = b"sku,name\n" if ending == "csv.gz" else b'{"sku":"A","name":"a"}\n'
    drop.write(drop.bad, gzip.compress(head) + gzip.compress((b"x" * 1023 + b"\n") * 65_536, 9) * 48)
    if habit == "complete":
        assert "grows over 200-fold and over 1 GB" in drop.fails(habit)
        return
    found = drop.pull(habit)
    assert desk.products(found, "sku") == skus(*WHOLE)
    (sentence,) = desk.quarantine(found, "sentence")
    assert re.search(r"c\.\w+\.gz cannot be read: it has .* grows over 200-fold and over 1 GB", sentence)
