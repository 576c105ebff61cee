"""Prices keep what was given: to the last digit, or the record is invalid; payloads show two decimals or more."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasync import product
from datasync.sql import macros
from tests.pulling import Desk

SCALE, DIGITS = 20, 38


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        product.define(opened)
        macros(opened, "mapping")
        yield opened


GIVEN = {
    "12.5": "12.50",
    "7": "7.00",
    "7.10": "7.10",
    "0.00125": "0.00125",
    "12.3456789": "12.3456789",
    "0.00004": "0.00004",
    "0.30000000000000004": "0.30000000000000004",
    "99999999999999.99999": "99999999999999.99999",
    "999999999999999999.99999999999999999999": "999999999999999999.99999999999999999999",
    "1.50000000000000000000000000000000": "1.50",
    "00012.50": "12.50",
    " 7.5 ": "7.50",
    "-5": "-5.00",
    "-0": "0.00",
    "+5": "5.00",
    ".5": "0.50",
    "5.": "5.00",
    "1e3": "1000.00",
    "1E-3": "0.001",
    "2.5e+2": "250.00",
    "1e-20": "0.00000000000000000001",
    "1000e-22": "0.0000000000000000001",
    "0e-400": "0.00",
    "": None,
}
NO_NUMBERS = (
    "1,234.56", "12,50", "$5", "5 EUR", "NaN", "nan", "Infinity", "-inf", "0x10", "0b1", "1_000", "1 000", "٣", "١٢",
    "１２",
    "--5", "5-", "1e", "e5", "1e2.5", ".", "-", "1.2.3", "half", "½", "5\u00a0000", "1'000", "true",
)  # fmt: skip
TOO_LONG = (
    "0.000000000000000000005", "1e-21", "1e18", "1000000000000000000", "1e400", "1e-400", ".1e19", "-.12e19",
    "10623508435376227.603040711046056306265E+2", "1e99999999999999999999", "1e-99999999999999999999",
)  # fmt: skip


def test_a_price_keeps_what_was_given_and_a_payload_shows_at_least_two_decimals(desk: Desk) -> None:
    desk.lines("x.jsonl", *({"sku": f"{n:02}", "name": "n", "price": text} for n, text in enumerate(GIVEN)))
    found = desk.pull("x.jsonl")
    payloads = [payload["price"] for payload in desk.payloads(found)]
    assert dict(zip(GIVEN, payloads, strict=True)) == GIVEN
    stored = desk.products(found, "price")
    assert [price and Decimal(text) for price, text in zip(stored, GIVEN, strict=True)] == stored


@pytest.mark.parametrize(
    ("texts", "words"),
    [(NO_NUMBERS, "which is no decimal number."), (TOO_LONG, "which has more than 18 digits or 20 decimals.")],
    ids=["no number", "too long"],
)
def test_what_is_no_number_or_does_not_fit_is_a_bad_value_and_nothing_near_it(
    desk: Desk, texts: tuple[str, ...], words: str
) -> None:
    desk.lines("x.jsonl", *({"sku": f"{n:02}", "name": "n", "price": text} for n, text in enumerate(texts)))
    found = desk.pull("x.jsonl")
    assert desk.quarantine(found, "code", "sentence") == [("bad-value", f"price is {text}, {words}") for text in texts]


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_price_is_the_same_from_every_format(desk: Desk, ending: str) -> None:
    texts = ["0.00125", "12.3456789", "1e-05", "19.99"]
    if ending == "csv":
        desk.write("x.csv", "sku,name,price\n" + "".join(f"{n},n,{text}\n" for n, text in enumerate(texts)))
    else:
        rows = "".join(f'{{"sku":"{n}","name":"n","price":{text}}}\n' for n, text in enumerate(texts))
        desk.write("x.jsonl", rows)
    found = desk.pull(f"x.{ending}")
    assert [payload["price"] for payload in desk.payloads(found)] == ["0.00125", "12.3456789", "0.00001", "19.99"]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("CAST(amount AS DOUBLE) * 1.19::DOUBLE", "23.7881"),  # in binary 23.788099999999996
        ("CAST(amount AS DOUBLE)", "19.99"),
        ("CAST(amount AS FLOAT)", "19.99"),
        ("CAST(amount AS DECIMAL(10, 3))", "19.99"),
        ("CAST(amount AS DOUBLE) / 1e6", "0.00001999"),
        ("CAST('1' AS INTEGER)", "1.00"),
        ("CAST(amount AS JSON)", "19.99"),
        ("CAST('NaN' AS DOUBLE)", None),
        ("CAST(amount AS DOUBLE) * 1e300", None),
    ],
)
def test_a_map_gives_a_price_of_any_kind_of_number(desk: Desk, expression: str, shown: str | None) -> None:
    desk.lines("x.jsonl", {"sku": "a", "name": "n", "amount": "19.99"})
    found = desk.pull("x.jsonl", map={"price": expression})
    assert [payload["price"] for payload in desk.payloads(found)] == ([shown] if shown else [])


NUMBERS = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "-", "+"]),
    st.from_regex(r"[0-9]{0,21}", fullmatch=True),
    st.sampled_from(["", "."]),
    st.from_regex(r"[0-9]{0,24}", fullmatch=True),
    st.one_of(st.just(""), st.from_regex(r"[eE][+-]?[0-9]{1,3}", fullmatch=True)),
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=NUMBERS)
def test_any_number_is_kept_exactly_or_not_at_all(con: duckdb.DuckDBPyConnection, text: str) -> None:
    ((price, shown),) = con.execute("SELECT price_of($1)::VARCHAR, price_text(price_of($1))", [text]).fetchall()
    if price is None:
        return
    with localcontext(prec=100):
        assert Decimal(price) == Decimal(text) == Decimal(shown)
        assert abs(Decimal(text)) < 10 ** (DIGITS - SCALE)
    decimals = shown.partition(".")[2]
    assert len(decimals) == 2 or (len(decimals) > 2 and not decimals.endswith("0"))
