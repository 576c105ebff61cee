"""Text of signs that cannot be seen is empty, wherever it stands; SKUs that look alike are kept apart and told."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from datasync import product, unseen
from datasync.sql import macros
from tests.pulling import Desk, balance
from tests.shop import Shop

EMPTY = {
    "nothing": "",
    "space": "  ",
    "tab": "\t",
    "no-break space": "\u00a0",
    "narrow no-break space": "\u202f",
    "ideographic space": "\u3000",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "left-to-right mark": "\u200e",
    "bidi isolate": "\u2067\u2069",
    "Hangul filler": "\u3164",
    "halfwidth Hangul filler": "\uffa0",
    "braille blank": "\u2800",
    "Mongolian vowel separator": "\u180e",
    "variation selector": "\ufe0f",
    "tag": "\U000e0020",
    "line separator": "\u2028",
    "next line": "\u0085",
    "several": " \u200b\u00a0\ufeff\t",
}
EVERY = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        product.define(opened)
        macros(opened, "mapping")
        yield opened


def one(desk: Desk, *columns: str, **record: Any) -> Any:
    """Some columns of the one product that a record gives."""
    desk.lines("x.jsonl", {"sku": "A", "name": "a", "color": None} | record)
    (found,) = desk.products(desk.pull("x.jsonl", attributes=["color"]), *columns, "1")
    return found[:-1] if len(columns) > 1 else found[0]


def test_every_sign_of_unicode_is_seen_or_not_by_sql_and_python_alike(con: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT s, looks_empty(s), trimmed(s || 'x' || s) FROM (SELECT unnest(?) AS s)"
    rows = con.execute(sql, [EVERY]).fetchall()
    assert [sign for sign, is_empty, _ in rows if is_empty != unseen.looks_empty(sign)] == []
    assert [sign for sign, _, text in rows if text != unseen.trimmed(f"{sign}x{sign}")] == []
    empty = {sign for sign, is_empty, _ in rows if is_empty}
    assert {sign for sign in empty if unicodedata.category(sign)[0] in "NSP"} == {"\u2800"}
    assert {sign for sign in EVERY if sign.isspace()} <= empty
    assert "\u0600" not in empty  # a sign of format that is seen


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.parametrize("field", ["sku", "name"])
def test_a_sku_or_a_name_that_looks_empty_is_missing(desk: Desk, field: str, text: str) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a"} | {field: text}, {"sku": "B", "name": "b"})
    found = desk.pull("x.jsonl")
    assert (desk.products(found, "sku"), desk.quarantine(found, "code")) == (["B"], [f"missing-{field}"])


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY.keys())
def test_any_other_value_that_looks_empty_is_none(desk: Desk, text: str) -> None:
    fields = dict.fromkeys(("price", "status", "stock", "url", "currency", "updated_at", "images", "color"), text)
    columns = ("price", "status", "stock", "url", "currency", "updated_at", "len(images)", "len(attributes)")
    assert one(desk, *columns, **fields) == (None, "enabled", "unknown", None, None, None, None, 0)
    assert one(desk, "description", description=text) in (None, "" if text == "" else None)


@pytest.mark.parametrize("around", [sign for sign in EMPTY.values() if sign not in ("\u200d", "\ufe0f", "\U000e0020")])
def test_what_cannot_be_seen_around_a_value_is_no_part_of_it(desk: Desk, around: str) -> None:
    fields = {"price": "12.50", "status": "disabled", "currency": "EUR", "updated_at": "2026-11-01"}
    given = {name: f"{around}{value}{around}" for name, value in fields.items()}
    columns = ("price_text(price)", "status", "currency", "updated_at::DATE::VARCHAR", "categories")
    found = one(desk, *columns, categories=f"Home{around},{around}Sofas", **given)
    assert found == (*fields.values(), ["Home", "Sofas"])


@pytest.mark.parametrize("text", ["❤️", "👩‍🚀", "क्‍", "🏴\U000e0067\U000e0062\U000e007f"])
def test_signs_that_shape_what_is_seen_stay_with_it(desk: Desk, text: str) -> None:
    assert one(desk, "categories", categories=f" {text} ") == [text]


def test_names_skus_and_descriptions_are_kept_to_the_letter(desk: Desk) -> None:
    given = {"sku": "\u200bA\u00a0", "name": " Pan\t", "description": "\ufefftext\u00a0"}
    assert one(desk, *given, **given) == tuple(given.values())


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "xlsx"])
def test_a_row_whose_cells_all_look_empty_is_blank(desk: Desk, ending: str) -> None:
    frame = pd.DataFrame([("\u00a0", " "), ("A", "a"), ("\u200b", "b")], columns=["sku", "name"])
    write = {"parquet": frame.to_parquet, "xlsx": frame.to_excel}.get(ending, frame.to_csv)
    write(desk.files / f"x.{ending}", index=False)
    found = desk.pull(f"x.{ending}")
    assert (balance(found), found.blank, desk.quarantine(found, "code")) == ((3, 1, 1, 0), 1, ["missing-sku"])


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_header_is_known_whatever_cannot_be_seen_around_it(desk: Desk, ending: str) -> None:
    frame = pd.DataFrame([("A", "a", "5")], columns=["\u200bsku", "name\u00a0", " price\ufeff"])
    (frame.to_csv if ending == "csv" else frame.to_excel)(desk.files / f"x.{ending}", index=False)
    assert desk.products(desk.pull(f"x.{ending}"), "sku", "name", "price_text(price)") == [("A", "a", "5.00")]


# ── SKUs that look alike ────────────────────────────────────────────────────────────────────────────────────────────


def notes(desk: Desk, *skus: str) -> Sequence[str]:
    desk.lines("x.jsonl", *({"sku": sku, "name": f"{number}"} for number, sku in enumerate(skus)))
    found = desk.pull("x.jsonl")
    assert desk.products(found, "sku") == sorted(set(skus))
    return found.notes


@pytest.mark.parametrize("twin", ["A1\u00a0", "\u200bA1", "A\u200b1", "a1", "A1 ", "A 1", "\u2060A1\t"])
def test_skus_that_look_alike_are_products_of_their_own_and_told(desk: Desk, twin: str) -> None:
    (note,) = notes(desk, "A1", "B2", twin, "C3")
    pair = " and ".join(map(repr, sorted(["A1", twin])))
    assert note == (
        f"SKUs that differ only in case, blanks or signs that cannot be seen are products of their own: {pair}. "
        "Is each of them meant?"
    )


def test_skus_of_the_same_letters_written_otherwise_are_told(desk: Desk) -> None:
    (note,) = notes(desk, "café", unicodedata.normalize("NFD", "café"))
    assert r"are products of their own: 'cafe\u0301' and 'café'. Is" in note


def test_of_many_twins_the_first_are_told_and_the_others_counted(desk: Desk) -> None:
    (note,) = notes(desk, *(f"{letter}{n}" for n in range(9) for letter in "aA"))
    assert "'A0' and 'a0'; 'A1' and 'a1'; 'A2' and 'a2' and 6 more. Is" in note


def test_one_sku_in_several_records_has_no_twin(desk: Desk) -> None:
    assert notes(desk, "A1", "A1", "B2", "B-2", "B20", "02", "2") == ()


def test_check_and_why_tell_of_twins(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.sells(("A1", "Kettle"), ("A1\u00a0", "Pan"))
    (told,) = [line for line in shop.run("check").lines if "products of their own" in line]
    assert told.startswith("note     scopes.en-US: SKUs that differ only in case, ") and "'A1' and 'A1\\xa0'" in told
    shop.run("sync")
    assert "Spelled nearly the same: A1, A1" in shop.run("why", "A1\u200b").out
