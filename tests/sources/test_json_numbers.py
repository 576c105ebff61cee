"""Numbers of JSON lines keep every digit that was given."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from datasync.sources.files.json_numbers import may_be_rounded, quoted
from tests.pulling import Desk

LONG = "12.34567890123456789"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_price_and_a_sku_of_many_digits_stay_what_was_given(desk: Desk) -> None:
    desk.write(
        "a.jsonl",
        f'{{"sku":123456789012345678901,"name":"A","price":{LONG}}}\n'
        '{"sku":1234567890123456789,"name":"B","price":0.1}\n'
        f'{{"sku":"C {LONG}","name":"say \\"{LONG}\\", 1","price":1e-3}}\n',
    )
    snapshot = desk.pull("a.jsonl")
    prices = sorted((sku, name, str(price)) for sku, name, price in desk.products(snapshot, "sku", "name", "price"))
    assert prices == [
        ("1234567890123456789", "B", "0.10000000000000000000"),
        ("123456789012345678901", "A", "12.34567890123456789000"),
        (f"C {LONG}", f'say "{LONG}", 1', "0.00100000000000000000"),
    ]


@pytest.mark.parametrize("digits", [14, 15, 16, 17, 25, 60])
@pytest.mark.parametrize("offset", range(9))
def test_a_number_is_seen_wherever_it_stands(digits: int, offset: int) -> None:
    number = "0." + "1" * (digits - 1) + "3"
    line = f'{{"{"k" * offset}":{number},"b":1}}\n'.encode()
    assert may_be_rounded(line) or digits <= 15
    is_exact = repr(float(number)) == number
    assert is_exact == (digits <= 17)
    assert quoted(line) == (line if is_exact else line.replace(number.encode(), f'"{number}"'.encode()))


def test_numbers_in_lists_and_objects_stay_and_so_does_what_a_double_says() -> None:
    inner = f'[1.0, {LONG}, {{"b": {LONG}}}]'
    whole = f'{{"a": {inner}, "b": 0.30000000000000004, "c": {LONG}}}\n'
    lines = f'{whole}{{"a": 1.2345678901234567.5, broken\n{{"c": {LONG}}}\n'
    expected = lines.replace(f'"c": {LONG}', f'"c": "{LONG}"')
    assert quoted(lines.encode()).decode() == expected


def test_ordinary_lines_are_not_copied() -> None:
    chance = random.Random(7)
    lines = [
        f'{{"sku":"{chance.randrange(10**13)}","at":"2026-11-24T08:00:00.123456Z","p":{chance.random() * 100:.4f}}}\n'
        for _ in range(2_000)
    ]
    assert not may_be_rounded("".join(lines).encode())
