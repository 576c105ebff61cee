"""Numbers of JSON lines keep every digit that was given."""

from __future__ import annotations

import random
from decimal import Decimal
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


def test_numbers_in_objects_stay_and_so_does_what_a_double_says() -> None:
    inner = f'[1.0, {{"b": {LONG}, "c": [{LONG}, 1e5]}}]'
    whole = f'{{"a": {inner}, "b": 0.30000000000000004, "c": {LONG}}}\n'
    lines = f'{whole}{{"a": 1.2345678901234567.5, broken\n{{"c": {LONG}}}\n'
    expected = lines.replace(f'"c": {LONG}', f'"c": "{LONG}"')
    assert quoted(lines.encode()).decode() == expected


@pytest.mark.parametrize("number", ["1e5", "2E3", "1.0e+2", "1E-7", "2.50", "100.00", "0.00001", "-0", "1E400", "1.0"])
def test_a_number_is_the_digits_that_stand_in_the_file(desk: Desk, number: str) -> None:
    record = f'{{"sku":{number},"name":"A","v":{number},"some":[{number}, [1.5],{number}]}}'
    desk.write("a.jsonl", f'{record}\n{{"sku":"B","v":{number}}}\n')
    snapshot = desk.pull("a.jsonl", attributes=["v", "some"])
    values = [number, "[1.5]", number]
    attributes = [{"code": "some", "values": values}, {"code": "v", "values": [number]}]
    assert desk.products(snapshot, "sku", "attributes") == [(number, attributes)]
    assert desk.quarantine(snapshot, "record") == [f'{{"sku":"B","v":{number}}}']


def test_a_price_in_exponent_form_is_the_number(desk: Desk) -> None:
    desk.write("a.jsonl", '{"sku":"A","name":"A","price":1e5}\n{"sku":"B","name":"B","price":1.2345678901E-7}\n')
    prices = desk.products(desk.pull("a.jsonl"), "price")
    assert [price.normalize() for price in prices] == [Decimal("1E+5"), Decimal("1.2345678901E-7")]


def test_ordinary_lines_are_not_copied() -> None:
    chance = random.Random(7)
    lines = [
        f'{{"sku":"{chance.randrange(10**13)}","at":"2026-11-24T08:00:00.123456Z","p":{chance.randrange(10**6) / 8}}}\n'
        for _ in range(2_000)
    ]
    assert not may_be_rounded("".join(lines).encode())
