"""What maps make of amounts, times and lists of URLs as people write them: the value, or none; never a wrong one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from datasync import product
from datasync.sql import macros

NBSP, NARROW, THIN = "\u00a0", "\u202f", "\u2009"


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        product.define(opened)
        macros(opened, "mapping")
        macros(opened, "forms")
        yield opened


def number(con: duckdb.DuckDBPyConnection, text: str, mark: str | None = None) -> Decimal | None:
    """What a price column makes of a text: None is a bad value."""
    (value,) = con.execute("SELECT try_cast(number_of(?, ?) AS DECIMAL(18, 4))", [text, mark]).fetchall()[0]
    return value


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1.299,00 €", ",", "1299"),
        ("CHF 1'299.00", ".", "1299"),
        ("CHF 1’299.–", ".", "1299"),
        (f"1{NBSP}299,00 zł", ",", "1299"),
        (f"1{NARROW}299,00{NBSP}€", ",", "1299"),
        (f"1{THIN}299,5", ",", "1299.5"),
        ("R$ 1.299,90", ",", "1299.9"),
        ("12,50 kr", ",", "12.5"),
        ("₹1,29,900.00", ".", "129900"),
        ("Rs. 12,34,567", ".", "1234567"),
        ("-12,50 €", ",", "-12.5"),
        ("−12,50", ",", "-12.5"),
        ("12,50-", ",", "-12.5"),
        ("(1,299.00)", ".", "-1299"),
        ("-€5.00", ".", "-5"),
        ("12,-", ",", "12"),
        ("EUR 12.50", ".", "12.5"),
        ("12.50 usd", ".", "12.5"),
        ("$12.50 USD", ".", "12.5"),
        (",50", ",", "0.5"),
        ("0.005", ".", "0.005"),
        ("1.299,00 €", None, "1299"),
        ("1,299.00", None, "1299"),
        ("12,5", None, "12.5"),
        ("99 €", None, "99"),
        ("1.299.000", None, "1299000"),
    ],
)
def test_amounts_in_the_forms_of_the_world_are_numbers(
    con: duckdb.DuckDBPyConnection, text: str, mark: str | None, value: str
) -> None:
    assert number(con, text, mark) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("12.50", ","),
        ("1.29", ","),
        ("0.005", ","),
        ("1.299,00", "."),
        ("12,50", "."),
        ("1,29", "."),
        ("1.299 €", None),
        ("1,299", None),
        ("10.000", None),
        ("1.299.00", None),
        ("19 %", ","),
        ("12 kg", "."),
        ("ab 12 €", ","),
        ("12 - 15", ","),
        ("(5", "."),
        ("--5", "."),
        ("(-5)", "."),
        ("1,5E+03", ","),
        ("1e5", "."),
        ("auf Anfrage", ","),
        ("NaN", "."),
        ("1.5", "de"),
    ],
)
def test_what_is_no_number_in_that_form_is_a_bad_value_and_never_another_number(
    con: duckdb.DuckDBPyConnection, text: str, mark: str | None
) -> None:
    assert number(con, text, mark) is None
    ((told,),) = con.execute("SELECT number_of(?, ?)", [text, mark]).fetchall()
    assert told.startswith(f"{text} (")


@pytest.mark.parametrize("text", ["", "  ", None])
def test_nothing_is_nothing(con: duckdb.DuckDBPyConnection, text: str | None) -> None:
    assert con.execute("SELECT number_of(?), currency_of(?), moment_of(?, '%d.%m.%Y')", [text] * 3).fetchall() == [
        (None, None, None)
    ]


WAYS = [(",", "."), (",", NBSP), (",", NARROW), (",", " "), (",", ""), (".", ","), (".", "'"), (".", "’"), (".", "")]
AROUND = ["{}", "{} €", "€ {}", "EUR {}", "{} PLN", f"{{}}{NBSP}zł", "R$ {}", "kr {}", "${}", "CHF {}"]


def test_any_amount_is_read_back_by_its_own_mark_and_by_the_other_never_wrongly(
    con: duckdb.DuckDBPyConnection,
) -> None:
    some = random.Random(11)
    rows = []
    for mark, grouping in WAYS:
        for around in AROUND:
            for _ in range(60):
                cents = some.choice([-1, 1]) * some.randrange(10 ** some.randint(1, 11))
                plain = f"{abs(cents) // 100:,}".replace(",", grouping) + mark + f"{abs(cents) % 100:02}"
                rows.append((mark, around.format(("-" if cents < 0 else "") + plain), f"{Decimal(cents) / 100:f}"))
    con.execute("CREATE OR REPLACE TEMP TABLE amounts (mark VARCHAR, text VARCHAR, value DECIMAL(18, 4))")
    con.execute(
        "INSERT INTO amounts SELECT unnest(?), unnest(?), unnest(?)", [list(c) for c in zip(*rows, strict=True)]
    )
    for reads in ("mark", "NULL", "CASE mark WHEN ',' THEN '.' ELSE ',' END"):
        wanted = "NULL" if reads.startswith("CASE") else "value"
        read = f"try_cast(number_of(text, {reads}) AS DECIMAL(18, 4))"
        assert con.execute(f"SELECT * FROM amounts WHERE {read} IS DISTINCT FROM {wanted}").fetchall() == []


def test_the_forms_known_by_sight_agree_with_the_others(con: duckdb.DuckDBPyConnection) -> None:
    some = random.Random(7)
    texts = ["".join(some.choices("0123456789.,' €$-EURzłkr", k=some.randint(1, 8))) for _ in range(3_000)]
    con.execute("CREATE OR REPLACE TEMP TABLE texts AS SELECT unnest(?::VARCHAR[]) AS t", [texts])
    for mark in ",.":
        differ = (
            f"SELECT t FROM texts WHERE trimmed(t) IS NOT NULL AND try_cast(number_of(t, '{mark}') AS DECIMAL(18, 4)) "
            f"IS DISTINCT FROM try_cast(number_in(t, readings(t), '{mark}') AS DECIMAL(18, 4))"
        )
        assert con.execute(differ).fetchall() == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.299,00 €", "EUR"),
        ("12.50 EUR", "EUR"),
        ("chf 5", "CHF"),
        ("12 zł", "PLN"),
        ("R$ 5", "BRL"),
        ("₹5", "INR"),
        ("€", "EUR"),
        ("usd", "USD"),
        ("$5", None),
        ("12 kr", None),
        ("12", None),
        ("XXQ", None),
    ],
)
def test_a_currency_is_told_where_its_sign_belongs_to_one_alone(
    con: duckdb.DuckDBPyConnection, text: str, code: str | None
) -> None:
    assert con.execute("SELECT currency_of(?)", [text]).fetchall() == [(code,)]


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("24.11.2026", "'%d.%m.%Y'", "2026-11-24 00:00:00"),
        (" 4.1.2026 ", "'%d.%m.%Y'", "2026-01-04 00:00:00"),
        ("24.11.2026 10:05", "['%d.%m.%Y %H:%M', '%d.%m.%Y']", "2026-11-24 10:05:00"),
        ("11/24/26, 3:05 PM", "'%m/%d/%y, %I:%M %p'", "2026-11-24 15:05:00"),
        ("24.11.26", "'%d.%m.%Y'", None),
        ("31.02.2026", "'%d.%m.%Y'", None),
        ("11/24/2026", "'%d/%m/%Y'", None),
    ],
)
def test_a_time_is_read_in_its_form_alone(
    con: duckdb.DuckDBPyConnection, text: str, form: str, value: str | None
) -> None:
    ((made, is_time),) = con.execute(
        f"SELECT moment_of($1, {form}), try_cast(moment_of($1, {form}) AS TIMESTAMPTZ) IS NOT NULL", [text]
    ).fetchall()
    assert is_time == (value is not None)
    assert made == value if value else made.startswith(f"{text} (not written like ")


def test_urls_are_split_where_the_next_one_begins(con: duckdb.DuckDBPyConnection) -> None:
    given = "https://a/1.jpg, https://a/2,3.jpg|http://b/c.png https://d"
    assert con.execute("SELECT urls_of(?), urls_of(''), urls_of(NULL)", [given]).fetchall() == [
        (["https://a/1.jpg", "https://a/2,3.jpg", "http://b/c.png", "https://d"], [], None)
    ]
