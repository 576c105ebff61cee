"""Parquet files: what a value of each type becomes, and what has no text goes to quarantine alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasync.errors import UnreadableFile
from tests.pulling import Desk, balance


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def write(desk: Desk, values: pa.Array, **how: Any) -> None:
    """One product a value, A, B, ..., with the value in ``v``."""
    skus = [chr(ord("A") + number) for number in range(len(values))]
    pq.write_table(pa.table({"sku": skus, "name": skus, "v": values}), desk.files / "x.parquet", **how)


def values(desk: Desk, array: pa.Array, **how: Any) -> list[list[str] | None]:
    """What the attribute ``v`` of each product becomes."""
    write(desk, array, **how)
    found = desk.products(desk.pull("x.parquet", attributes=["v"]), "attributes")
    return [attributes[0]["values"] if attributes else None for attributes in found]


NESTED = "binary that is no UTF-8 text, or an infinite number"
MOMENT = datetime(2026, 11, 20, 8, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (pa.array([Decimal("12.50")], pa.decimal128(18, 2)), "12.50"),
        (pa.array([Decimal("12345678901234567890.123456789")], pa.decimal128(38, 9)), "12345678901234567890.123456789"),
        (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
        (pa.array([-(2**63)], pa.int64()), "-9223372036854775808"),
        (pa.array([123.0]), "123"),
        (pa.array([4006381333931.0]), "4006381333931"),
        (pa.array([12.3456789]), "12.3456789"),
        (pa.array([0.1], pa.float32()), "0.1"),
        (pa.array(np.array([0.5], np.float16)), "0.5"),
        (pa.array([1e5]), "100000"),
        (pa.array([1e20]), "100000000000000000000"),
        (pa.array([1e23]), "100000000000000000000000"),
        (pa.array([1e-5]), "0.00001"),
        (pa.array([True]), "true"),
        (pa.array([date(2026, 11, 20)]), "2026-11-20"),
        (pa.array([time(8, 30)]), "08:30:00"),
        (pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("us")), "2026-11-20 08:00:00.123456"),
        (pa.array([MOMENT], pa.timestamp("us", "Europe/Berlin")), "2026-11-20 08:00:00.123456+00"),
        (pa.array([1795161600123456789], pa.timestamp("ns")), "2026-11-20 08:00:00.123456789"),
        (pa.array([Decimal(10**45)], pa.decimal256(50, 2)), f"{10**45}.00"),
        (pa.array([Decimal("12.5")], pa.decimal256(76, 1)), "12.5"),
        (pa.array([Decimal("-1E-8")], pa.decimal256(50, 8)), "-0.00000001"),
        (pa.array([Decimal(0)], pa.decimal256(40, 0)), "0"),
        (pa.array([[Decimal("2.5"), None]], pa.list_(pa.decimal256(40, 1))), "2.5"),
        (pa.array([{"a": Decimal("2.5")}], pa.struct([("a", pa.decimal256(40, 1))])), '{"a":"2.5"}'),
        (pa.array(["x"]).dictionary_encode(), "x"),
        (pa.array(["Ärger".encode()], pa.binary()), "Ärger"),
        (pa.array(["Ärger".encode()], pa.large_binary()), "Ärger"),
        (pa.array([b"ABCD"], pa.binary(4)), "ABCD"),
        (pa.array([{"a": "Ä".encode(), "n": None}]), '{"a":"Ä","n":null}'),
        (pa.array([[(b"k", "Ä".encode())]], pa.map_(pa.binary(), pa.binary())), '{"k":"Ä"}'),
        (pa.array([{"a": [{"b": "Ä".encode()}, None]}]), '{"a":[{"b":"Ä"},null]}'),
        (pa.array([{"n": Decimal("1.10"), "u": 2**63 - 1}]), '{"n":1.1,"u":9223372036854775807}'),
        (pa.array(['{"a":1.10}'], pa.json_()), '{"a":1.10}'),
    ],
)
def test_a_value_of_any_type_is_text_that_loses_nothing(desk: Desk, array: pa.Array, expected: str) -> None:
    assert values(desk, array) == [[expected]]


def test_a_price_of_many_digits_is_read_where_it_is_one(desk: Desk) -> None:
    kind = pa.decimal256(60, 25)
    prices = pa.array([Decimal("12.5"), None, Decimal("1E-25"), Decimal(10**20), Decimal("-0.00000001")], kind)
    skus = list("ABCDE")
    pq.write_table(pa.table({"sku": skus, "name": skus, "price": prices}), desk.files / "x.parquet")
    found = desk.pull("x.parquet")
    read = [(sku, price and price.normalize()) for sku, price in desk.products(found, "sku", "price")]
    assert read == [("A", Decimal("12.5")), ("B", None), ("E", Decimal("-1E-8"))]
    too_long = "which has more than 18 digits or 20 decimals."
    assert desk.quarantine(found, "sku", "code", "sentence") == [
        ("C", "bad-value", f"price is 0.{'1':0>25}, {too_long}"),
        ("D", "bad-value", f"price is {10**20}.{'':0>25}, {too_long}"),
    ]


def test_lists_are_values_of_an_attribute(desk: Desk) -> None:
    assert values(desk, pa.array([["Ä".encode(), None, b"b"]])) == [["Ä", "b"]]
    assert values(desk, pa.array([[0.1, 2.5]], pa.list_(pa.float32()))) == [["0.1", "2.5"]]


def test_old_times_of_96_bits_are_times(desk: Desk) -> None:
    array = pa.array([MOMENT.replace(tzinfo=None)], pa.timestamp("ns"))
    assert values(desk, array, use_deprecated_int96_timestamps=True) == [["2026-11-20 08:00:00.123456"]]


def test_what_is_null_or_not_a_number_is_no_value(desk: Desk) -> None:
    assert values(desk, pa.array([None, float("nan"), 1.5])) == [None, None, ["1.5"]]
    assert values(desk, pa.array([None, b"x"], pa.binary())) == [None, ["x"]]
    assert values(desk, pa.array([None, {"a": b"x"}])) == [None, ['{"a":"x"}']]


@pytest.mark.parametrize(
    ("array", "what"),
    [
        (pa.array([b"a", b"\xff\xfe", b"c"]), "binary that is no UTF-8 text"),
        (
            pa.array([[b"a"], [b"\xff"], []], pa.list_(pa.binary())),
            "binary that is no UTF-8 text, or an infinite number",
        ),
        (pa.array([{"a": b"a"}, {"a": b"\xff"}, None]), "binary that is no UTF-8 text, or an infinite number"),
        (pa.array([1.5, float("inf"), 2]), "an infinite number"),
        (pa.array([[1.5], [float("-inf")], []]), "binary that is no UTF-8 text, or an infinite number"),
    ],
)
def test_a_value_without_a_text_takes_its_own_record_to_quarantine(desk: Desk, array: pa.Array, what: str) -> None:
    write(desk, array)
    found = desk.pull("x.parquet", attributes=["v"])
    assert (desk.products(found, "sku"), balance(found), found.unreadable) == (["A", "C"], (3, 2, 1, 0), 0)
    assert desk.quarantine(found, "sku", "code", "sentence") == [("B", "bad-value", f"v holds {what}.")]
    assert desk.products(desk.pull("x.parquet"), "sku") == ["A", "B", "C"]  # nobody asked for it


def test_a_sku_that_is_no_text_may_be_any_product_so_nothing_is_removed(desk: Desk) -> None:
    pq.write_table(pa.table({"sku": [b"A", b"\xff"], "name": ["a", "b"]}), desk.files / "x.parquet")
    found = desk.pull("x.parquet")
    assert (desk.products(found, "sku"), found.unreadable) == (["A"], 1)
    assert desk.quarantine(found, "code", "sentence") == [("unreadable", "sku holds binary that is no UTF-8 text.")]


def broken_text(words: list[bytes]) -> pa.Array:
    """An array that calls itself text, whatever its bytes are, as careless writers make them."""
    binary = pa.array(words, pa.binary())
    return pa.Array.from_buffers(pa.string(), len(words), binary.buffers())


@pytest.mark.parametrize("nested", [False, True])
def test_a_text_that_is_no_utf_8_takes_its_own_record_to_quarantine(desk: Desk, nested: bool) -> None:
    words = broken_text([b"a", b"\xff\xfe", "ä".encode()])
    array = pa.ListArray.from_arrays([0, 1, 2, 3], words) if nested else words
    write(desk, array)
    found = desk.pull("x.parquet", attributes=["v"])
    assert desk.products(found, "attributes") == [[{"code": "v", "values": [word]}] for word in "aä"]
    assert (desk.quarantine(found, "sku", "code"), balance(found)) == ([("B", "bad-value")], (3, 2, 1, 0))


def test_one_text_that_is_no_utf_8_takes_no_other_file_along(desk: Desk) -> None:
    for name in ("one", "three"):
        pq.write_table(pa.table({"sku": [name], "name": [name]}), desk.files / f"{name}.parquet")
    pq.write_table(pa.table({"sku": ["two", "2"], "name": broken_text([b"\xff", b"2"])}), desk.files / "two.parquet")
    for habit in ("complete", "partial"):
        found = desk.pull("*.parquet", "changed" if habit == "partial" else "complete", snapshot=habit)
        assert desk.products(found, "sku") == ["2", "one", "three"]
        assert desk.quarantine(found, "sku", "code") == [("two", "bad-value")]


def test_a_file_that_is_not_whole_says_why(desk: Desk) -> None:
    table = pa.table({"sku": [str(n) for n in range(9_000)], "name": [str(n) * 9 for n in range(9_000)]})
    pq.write_table(table, desk.files / "x.parquet")
    content = (desk.files / "x.parquet").read_bytes()
    cases = {
        content[: len(content) // 2]: "its footer is missing: it was cut off, or is not written yet",
        content[:-1]: "its footer is missing: it was cut off, or is not written yet",
        content + bytes(100): "zero bytes stand where its footer ends: it was damaged, or not written to its end",
        b"sku,name\nA,a\n": "it is no Parquet file: its content is of another kind",
        b"PAR1": "its footer is damaged",
        b"PARE" + content[4:]: "it is encrypted, and is not read without its key",
        content[:-300] + bytes(292) + content[-8:]: "its footer is damaged",
        content[:200] + bytes(len(content) - 2_200) + content[-2_000:]: (
            "its pages are damaged: they do not hold what its footer promises"
        ),
    }
    for damaged, reason in cases.items():
        desk.write("x.parquet", damaged)
        with pytest.raises(UnreadableFile) as failed:
            desk.pull("x.parquet")
        assert (failed.value.path, failed.value.reason) == ("x.parquet", reason)
