"""Files with odd names, headers and rows: every record is read or named, and no other suffers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from datasync.errors import InvalidSettings, TooManyFields, UnreadableFile
from datasync.sources.base import PullRequest
from tests.pulling import Desk, balance
from tests.sources.databases import SqliteFile
from tests.sources.test_database import Reader

OWN = ("datasync path", "filename", "c0", "rowid")  # names that stand for something in a statement over files


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def content(kind: str, record: dict[str, str]) -> bytes:
    """One record as a file."""
    if kind == "jsonl":
        return json.dumps(record).encode() + b"\n"
    if kind == "csv":
        return ",".join(record).encode() + b"\n" + ",".join(record.values()).encode() + b"\n"
    file = io.BytesIO()
    pq.write_table(pa.table({name: [value] for name, value in record.items()}), file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_field_may_have_any_name_of_ours(desk: Desk, kind: str) -> None:
    fields = {name: f"value {number}" for number, name in enumerate(OWN)}
    for sku in ("A", "B"):
        desk.write(f"{sku}.{kind}", content(kind, {"sku": sku, "name": "x", **fields}))
    found = desk.pull(f"*.{kind}", attributes=OWN)
    assert balance(found) == (2, 2, 0, 0)
    values = {one["code"]: one["values"] for one in desk.products(found, "attributes")[1]}
    assert values == {name: [value] for name, value in fields.items()}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('CREATE TABLE product (sku TEXT, name TEXT, "datasync spoilt" TEXT)', "called 'datasync spoilt'"),
        ('CREATE TABLE product (sku TEXT, name TEXT, "Datasync Key" TEXT)', "called 'Datasync Key'"),
        ('CREATE TABLE product (sku TEXT, name TEXT, "" TEXT)', "called ''"),
    ],
)
def test_a_column_of_a_table_that_has_a_name_of_ours_is_refused_by_it(tmp_path: Path, table: str, problem: str) -> None:
    place = SqliteFile(tmp_path / "shop.db")
    place.run(table)
    with pytest.raises(InvalidSettings, match=problem):
        Reader(tmp_path, place).pull()


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("sku;name;a\x0bb", ";"),
        ("sku\x1c;name;a", ";"),
        ('"a\nb, c, d";sku;name', ";"),
        ('"a|b|c|d",sku,name', ","),
        ("sku\tname\tprice, EUR", "\t"),
    ],
)
def test_the_delimiter_is_what_divides_the_header_into_most_cells(desk: Desk, header: str, delimiter: str) -> None:
    desk.write("x.csv", f"{header}\n{delimiter.join('123')}\n")
    read = desk.source("x.csv").records(desk.con, PullRequest("complete", desk.clock()))
    assert len(read.names) == 3


@pytest.mark.parametrize("again", ["sku,name,note", "\ufeffsku,name,note"])
def test_a_row_that_repeats_the_header_is_no_product(desk: Desk, again: str) -> None:
    desk.write("x.csv", f"sku,name,note\nA,x,y\n{again}\nB,x,y\nsku,name,other\n")
    found = desk.pull("x.csv")
    assert balance(found) == (4, 3, 1, 0)
    assert desk.quarantine(found, "sentence") == ["The row repeats the header."]


@pytest.mark.parametrize("row", ["   ", "\t", '""', '"",""', ",", ",,,,", " , , ,", "\u200b"])
def test_a_row_without_a_value_is_blank_however_many_cells_it_has(desk: Desk, row: str) -> None:
    desk.write("x.csv", f"sku,name,note\nA,x,y\n{row}\nB,x,y\n")
    found = desk.pull("x.csv")
    assert (balance(found), found.blank, found.unreadable) == ((3, 2, 0, 0), 1, 0)


@pytest.mark.parametrize("row", ["-", '"""",""', ",.", '"", ,,"x"'])
def test_a_row_of_another_number_of_cells_with_a_value_is_named(desk: Desk, row: str) -> None:
    desk.write("x.csv", f"sku,name,note\nA,x,y\n{row}\nB,x,y\n")
    found = desk.pull("x.csv")
    assert (balance(found), found.blank, found.unreadable) == ((3, 2, 1, 0), 0, 1)


@pytest.mark.parametrize("text", [r"a\ud83d", r"\uDE00", r"\ud83d\ud83d\ude00", r"\ude00\ud83d", r"\\\ud83d"])
def test_half_a_sign_in_a_json_line_costs_that_record_and_is_told_under_its_sku(desk: Desk, text: str) -> None:
    line = f'{{"sku": "B", "name": "x", "note": "{text}"}}'
    desk.write("x.jsonl", f'{{"sku": "A", "name": "x"}}\n{line}\n{{"sku": "C", "name": "x"}}\n')
    found = desk.pull("x.jsonl")
    assert (balance(found), desk.products(found, "sku")) == ((3, 2, 1, 0), ["A", "C"])
    (told,) = desk.quarantine(found, "sku", "code", "line", "sentence", "record")
    assert told == ("B", "unreadable", 2, "Line 2 of x.jsonl: it holds half of a sign that takes two.", line)


@pytest.mark.parametrize(
    ("written", "text"), [(r"\ud83d\ude00", "😀"), (r"\\ud83d", r"\ud83d"), (r"\\\ud83d\ude00", "\\😀")]
)
def test_a_whole_sign_and_its_spelling_are_text_in_a_json_line(desk: Desk, written: str, text: str) -> None:
    desk.write("x.jsonl", f'{{"sku": "A", "name": "{written}"}}\n')
    assert desk.products(desk.pull("x.jsonl"), "name") == [text]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_file_in_utf_16_is_told_the_setting_that_reads_it(desk: Desk, name: str, encoding: str) -> None:
    text = "sku,name\nA,x\n" if name == "x.csv" else '{"sku": "A", "name": "x"}\n'
    desk.write(name, ("" if encoding == "utf-16" else "\ufeff").encode(encoding) + text.encode(encoding))
    with pytest.raises(UnreadableFile, match=r"UTF-16.*encoding: utf-16"):
        desk.pull(name)
    assert desk.products(desk.pull(name, encoding="utf-16"), "sku") == ["A"]


@pytest.mark.parametrize(
    ("header", "why"),
    [(b"sku,na\0me", "zero byte"), (b"sku," + b"n" * 70_000, "over 65,536 bytes"), (b"sku,Gr\xf6", "not UTF-8")],
)
def test_a_header_that_names_no_columns_is_told_why(desk: Desk, header: bytes, why: str) -> None:
    desk.write("x.csv", header + b"\nA,x\n" + b"B,x\n" * 99)
    with pytest.raises(UnreadableFile, match=why):
        desk.pull("x.csv")


def test_a_json_text_in_parquet_that_is_no_json_takes_no_other_along(desk: Desk) -> None:
    notes = pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', "{no", None]))
    pq.write_table(pa.table({"sku": ["A", "B", "C"], "name": ["x"] * 3, "note": notes}), desk.files / "x.parquet")
    found = desk.pull("x.parquet", attributes=("note",))
    assert (balance(found), desk.products(found, "sku")) == ((3, 3, 0, 0), ["A", "B", "C"])
    assert [one[0]["values"] for one in desk.products(found, "attributes") if one] == [['{"a": 1}'], ["{no"]]


def wide(desk: Desk, columns: int) -> None:
    names = ",".join(f"n{number}" for number in range(columns))
    desk.write("x.csv", f"sku,name,{names}\nA,x{',v' * columns}\n{',' * (columns + 1)}\n,x{',' * columns}\n")


def test_a_file_of_thousands_of_columns_is_read(desk: Desk) -> None:
    wide(desk, 3_000)
    found = desk.pull("x.csv", attributes=("n2999",))
    assert (balance(found), found.blank) == ((3, 1, 1, 0), 1)


def test_more_columns_than_there_is_memory_for_are_told_in_words_of_ours(desk: Desk) -> None:
    wide(desk, 3_000)
    desk.connect_alone()
    desk.con.execute("SET memory_limit = '60MB'")
    with pytest.raises(TooManyFields, match=r"3,002 fields.*DATASYNC_MEMORY"):
        desk.pull("x.csv")
