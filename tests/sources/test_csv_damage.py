"""CSV files as people damage them, read to the end: what is whole comes as it was written, what is not is named.

DATASYNC_EXAMPLES sets how many files are tried (then at random).
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from datasync.errors import RecordsLost, UnreadableFile
from datasync.sources.base import PullRequest, Records
from datasync.sources.files import tables
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.sources.files.source import Files
from datasync.sql import quote
from tests.pulling import SCOPE, START, Desk, balance
from tests.shop import SETTINGS, Shop
from tests.sources.plain_csv import PlainRecord, records

EXAMPLES = int(os.environ.get("DATASYNC_EXAMPLES", "0"))
tried = settings(
    max_examples=EXAMPLES or 150,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = ("sku", "name", "note")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@dataclass(frozen=True)
class Reading:
    """All that reading a file gave: its rows, the lines of what was rejected and of what was cut out, and the count."""

    rows: list[tuple[str | None, ...]]
    rejected: list[int]
    cut_out: list[int]
    counted: int


def read(con: duckdb.DuckDBPyConnection, file: Path, content: bytes, **keys: Any) -> Reading:
    """Write a file and read it as a pull does, without judging what is in it."""
    file.write_bytes(gzip.compress(content, 1) if file.name.endswith(".gz") else content)
    source = Files("de-DE", FilesScope(source="x", path=str(file), **keys), FilesSource(kind="files"))
    found: Records = source.records(con, PullRequest("complete", START))
    columns = ", ".join(map(quote, found.names))
    rows = con.execute(f"SELECT {columns} FROM ({found.reader.select(found.names).sql})").fetchall()
    assert found.rejects is not None and found.counted is not None
    rejected = con.execute(f"SELECT _line FROM ({found.rejects(con).sql}) ORDER BY 1").fetchall()
    cut_out = con.execute(f"SELECT _line FROM ({found.cut_outs(()).sql})").fetchall() if found.cut_outs else []
    return Reading(rows, [row[0] for row in rejected], [row[0] for row in cut_out], found.counted(con))


# ── Random files ─────────────────────────────────────────────────────────────────────────────────────────────────────

CELLS = some.lists(
    some.sampled_from(
        ["", "a", "Bé", '"', '""', ",", ";", "\n", "\r\n", "\r", " ", '",', ',"', "日本", "\t", "'", "\\"]
    ),
    max_size=5,
).map("".join)
ROWS = some.lists(some.tuples(CELLS, CELLS, CELLS), max_size=12)


@dataclass(frozen=True)
class Habit:
    """How a file is written: the delimiter, which cells are quoted, how lines end, and what else there is."""

    delimiter: str
    quotes_all: bool
    ends: tuple[str, ...]
    has_mark: bool
    has_empty_lines: bool
    has_last_end: bool

    def line(self, cells: tuple[str, ...], number: int) -> bytes:
        text = self.delimiter.join(map(self._cell, cells)) + self.ends[number % len(self.ends)]
        return text.encode() + b"\r\n" * (self.has_empty_lines and number % 3 == 0)

    def _cell(self, cell: str) -> str:
        if self.quotes_all or any(sign in cell for sign in f'"\r\n{self.delimiter}'):
            return '"' + cell.replace('"', '""') + '"'
        return cell

    def file(self, rows: list[tuple[str, ...]]) -> bytes:
        whole = b"\xef\xbb\xbf" * self.has_mark + b"".join(
            self.line(row, number) for number, row in enumerate([NAMES, *rows])
        )
        return whole if self.has_last_end else whole.rstrip(b"\r\n")


HABITS = some.builds(
    Habit,
    some.sampled_from(",;\t|"),
    some.booleans(),
    some.sampled_from([("\n",), ("\r\n",), ("\r",), ("\n", "\r\n"), ("\r\n", "\n", "\r")]),
    some.booleans(),
    some.booleans(),
    some.booleans(),
)


@tried
@given(ROWS, HABITS, some.sampled_from(["x.csv", "x.csv.gz"]))
def test_every_record_and_value_is_read_as_it_was_written(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rows: list[tuple[str, ...]], habit: Habit, name: str
) -> None:
    found = read(con, tmp_path / name, habit.file(rows), delimiter=habit.delimiter)
    assert found.rows == [tuple(cell or None for cell in row) for row in rows]
    assert (found.rejected, found.cut_out, found.counted) == ([], [], len(rows))


@dataclass(frozen=True)
class Harm:
    """What is done to a file: bytes put in at a place, or a place cut out, or all behind it cut off."""

    at: float
    put: bytes
    takes: int

    def done(self, content: bytes) -> bytes:
        place = int(self.at * len(content))
        return content[:place] + self.put + content[place + self.takes :]


HARMS = some.builds(
    Harm,
    some.floats(0, 1),
    some.sampled_from([b"", b'"', b'"', b"x", b'""', b'",', b'"x', b"\xff", b"\n", b'\n"']),
    some.sampled_from([0, 0, 1, 2, 1 << 30]),
)


def by_definition(content: bytes, delimiter: str) -> tuple[list[tuple[str | None, ...]], list[int], list[int]]:
    """The rows, the lines of records with another number of cells, and those of damaged ones."""
    rows: list[tuple[str | None, ...]] = []
    rejected: list[int] = []
    damaged: list[int] = []
    for record in list(records(content.removeprefix(b"\xef\xbb\xbf"), delimiter.encode()))[1:]:
        cells = _cells(record, content)
        if cells is None:
            damaged.append(record.line)
        elif len(cells) < 3 or any(cells[3:]):  # empty cells too many are none
            rejected.append(record.line)
        else:
            rows.append(tuple(cell or None for cell in cells[:3]))
    return rows, rejected, damaged


def _cells(record: PlainRecord, content: bytes) -> list[str] | None:
    try:
        return None if record.cells is None else [cell.decode() for cell in record.cells]
    except UnicodeDecodeError:
        return None


@tried
@example(
    rows=[("", "\n\n", "a"), ("few", "", "")],
    habit=Habit(",", False, ("\r",), False, False, True),
    harms=[Harm(0, b'x\r,"', 0)],
    name="x.csv",
)  # what is cut out stands between a CR and an LF
@given(ROWS, HABITS, some.lists(HARMS, min_size=1, max_size=3), some.sampled_from(["x.csv", "x.csv.gz"]))
def test_of_a_damaged_file_every_whole_record_is_read_and_every_other_is_named(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    rows: list[tuple[str, ...]],
    habit: Habit,
    harms: list[Harm],
    name: str,
) -> None:
    header = b"\xef\xbb\xbf" * habit.has_mark + habit.line(NAMES, 0)
    content = habit.file(rows)[len(header) :]
    for harm in harms:
        content = harm.done(content)
    content = header + content
    found = read(con, tmp_path / name, content, delimiter=habit.delimiter)
    assert (found.rows, found.rejected, found.cut_out) == by_definition(content, habit.delimiter)
    assert found.counted == len(found.rows) + len(found.rejected) + len(found.cut_out)


PLAIN = some.text(alphabet='a", ;', max_size=6)


@tried
@given(
    some.lists(some.tuples(PLAIN, PLAIN, PLAIN), min_size=25, max_size=40),
    some.booleans(),
    some.integers(0, 24),
    some.floats(0, 0.99),
    some.sampled_from([(b'"', 0), (b'x"', 0), (b'"x', 0), (b"", 1), (b'",', 0)]),
)
def test_a_damaged_row_costs_no_other_or_its_line_is_named(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    rows: list[tuple[str, ...]],
    quotes_all: bool,
    damaged: int,
    at: float,
    harm: tuple[bytes, int],
) -> None:
    habit = Habit(",", quotes_all, ("\n",), False, False, True)
    lines = [habit.line(row, number) for number, row in enumerate([NAMES, *rows])]
    whole = lines[damaged + 1]
    place = int(at * len(whole))  # before its line end
    lines[damaged + 1] = whole[:place] + harm[0] + whole[min(place + harm[1], len(whole) - 1) :]
    found = read(con, tmp_path / "x.csv", b"".join(lines))
    others = [tuple(cell or None for cell in row) for number, row in enumerate(rows) if number != damaged]
    is_named = damaged + 2 in (*found.rejected, *found.cut_out)
    has_swallowed = found.counted < len(rows)
    assert found.rows[:damaged] == others[:damaged]
    if has_swallowed:  # what happens to be well-formed is named, or stands there with its line breaks
        assert is_named or any("\n" in (cell or "") for cell in found.rows[damaged])
    elif is_named:
        assert found.rows == others
    else:
        assert found.rows[:damaged] + found.rows[damaged + 1 :] == others


# ── Damage that people meet ──────────────────────────────────────────────────────────────────────────────────────────


def rows(count: int, first: int = 0) -> list[str]:
    return [f"S{number},Thing {number},{number}.50" for number in range(first, first + count)]


def shop(*lines: str) -> str:
    return "\n".join(["sku,name,price", *lines]) + "\n"


def test_a_stray_quote_costs_its_own_record_alone_wherever_the_next_quote_stands(desk: Desk) -> None:
    stray = 'S41000,"12" ruler,1'
    desk.write("x.csv", shop(*rows(41_000), stray.replace('" r', " r"), *rows(18_999, 41_001)))
    found = desk.pull("x.csv")
    assert (balance(found), found.unreadable) == ((60_000, 59_999, 1, 0), 1)
    assert desk.quarantine(found, "line", "sku", "code", "sentence", "record") == [
        (
            41_002,
            "S41000",
            "unreadable",
            "Line 41,002 of x.csv: a quote is not closed, or text stands behind a closing one.",
            'S41000,"12 ruler,1',
        )
    ]


def test_a_record_that_swallowed_others_is_unreadable_under_its_sku_and_nothing_is_removed(desk: Desk) -> None:
    desk.write("x.csv", shop(*rows(10), 'S10,"Bolt 5 inch,6', *rows(300, 11), 'S311,a ruler of 3",1', "Z,z,1"))
    found = desk.pull("x.csv")
    assert (balance(found), found.unreadable) == ((12, 11, 1, 0), 1)
    assert desk.quarantine(found, "line", "sku", "name", "sentence") == [
        (12, "S10", None, "Line 12 swallowed 300 lines of x.csv: a quote is not closed?")
    ]


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_record_over_the_limit_is_quarantined_under_its_sku_wherever_that_stands(
    desk: Desk, name: str, ends: str, quote: str
) -> None:
    long = quote + "x, y".replace(", " * (not quote), " ") * 700_000 + quote
    lines = ["text,sku,name", "a,A,a", f"{long},B,b", "c,C,c", f"d,D,{long}", "e,E,e"]
    content = ends.join(lines).encode()
    desk.write(name, gzip.compress(content, 1) if name.endswith(".gz") else content)
    source = Files(SCOPE, desk.scope(name), FilesSource(kind="files", max_record_mb=1))
    found = desk.pull(name, source=source)
    assert (desk.products(found, "sku"), balance(found)) == (["A", "C", "E"], (5, 3, 2, 0))
    told = desk.quarantine(found, "line", "sku", "length(record) < 2000", "sentence LIKE '%max_record_mb%'")
    assert told == [(3, "B", True, True), (5, "D", True, True)]


def test_a_record_of_many_megabytes_within_the_limit_is_read(desk: Desk) -> None:
    desk.write("x.csv", shop("A,a,1", f"B,{'b' * 15_000_000},2", *rows(1000)))
    found = desk.pull("x.csv")
    assert (balance(found), desk.products(found, "strlen(name)")[1]) == ((1002, 1002, 0, 0), 15_000_000)


@pytest.mark.parametrize("habit", ["complete", "newest", "partial"])
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_line_ends_may_be_of_any_kind_and_mixed(desk: Desk, habit: str, name: str) -> None:
    content = b'sku,name\r\nA,x\r\nB,"y\ry\r\n"\nC,a\rD,b\n\n\r\rE,\r\nF,f'
    desk.write(name, gzip.compress(content) if name.endswith(".gz") else content)
    found = desk.pull(name, "changed" if habit == "partial" else "complete", snapshot=habit)
    assert desk.products(found, "sku", "name") == [("A", "x"), ("B", "y\ry\r\n"), ("C", "a"), ("D", "b"), ("F", "f")]
    assert (balance(found), desk.quarantine(found, "code")) == ((6, 5, 1, 0), ["missing-name"])


def test_headers_that_differ_in_case_order_and_number_are_one_table(desk: Desk) -> None:
    for name, content in {
        "a": "sku,name\nA,a\n",
        "b": "NAME,Sku,Color\nb,B,red\n",
        "c": "SKU,NAME\nC,c\nD,\n",
        "d": "sku,Name,name\nE,e,other\n",
    }.items():
        desk.write(f"{name}.csv", content)
    found = desk.pull("*.csv", attributes=["color"])
    assert desk.products(found, "sku", "name") == [("A", "a"), ("B", "b"), ("C", "c"), ("E", "e")]
    assert desk.quarantine(found, "sku", "record") == [
        ("D", '{"sku":"D","name":null,"Color":null,"name_2":null}'),
    ]


def test_empty_lines_of_a_file_of_one_column_are_no_records(desk: Desk) -> None:
    desk.write("x.csv", 'sku\n\nA\n""\n\nB\n\n')
    found = desk.pull("x.csv", map={"name": "sku"})
    assert (desk.products(found, "sku"), found.records, found.blank) == (["A", "B"], 3, 1)


def test_lines_before_the_header_that_are_empty_are_passed_over(desk: Desk) -> None:
    desk.write("x.csv", "\r\n\nsku,name\nA,a\nB,b,c\n")
    found = desk.pull("x.csv")
    assert (desk.products(found, "sku"), desk.quarantine(found, "line")) == (["A"], [5])


@pytest.mark.parametrize("header", ['sku,"name', 'sku,"name" x', "sku,n\xe4me"])
def test_a_header_that_cannot_be_read_fails_the_pull_by_name(desk: Desk, header: str) -> None:
    desk.write("x.csv", f"{header}\nA,a\n".encode("latin-1"))
    with pytest.raises(UnreadableFile, match=r"x\.csv cannot be read: line 1, the header"):
        desk.pull("x.csv")


def test_a_row_that_the_reader_loses_fails_the_pull(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("x.csv", shop(*rows(100)))
    read = tables.Tables._source
    monkeypatch.setattr(tables.Tables, "_source", lambda *given: f"(FROM {read(*given)} OFFSET 1)")
    with pytest.raises(RecordsLost, match="holds 100 records, and reading gave 99"):
        desk.pull("x.csv")


def test_lines_of_rejected_rows_are_right_in_a_copy_too(desk: Desk) -> None:
    lines = ["A,a,1", "few", "", 'B,"b"x,1', 'C,"c\nc",1', "few again", "", "", "D,\xff,1", "few at last"]
    desk.write("x.csv", shop(*lines).encode("latin-1"))
    found = desk.pull("x.csv")
    assert sorted(desk.quarantine(found, "line")) == [3, 5, 8, 11, 12]
    assert balance(found) == (7, 2, 5, 0)


def test_a_product_whose_record_grew_too_long_keeps_its_last_valid_version_and_no_other_is_removed(
    tmp_path: Path,
) -> None:
    shop = Shop(tmp_path, SETTINGS.replace("{kind: files}", "{kind: files, max_record_mb: 1}"))
    shop.sells(("A", "a", "enabled", "x", ""), ("B", "b", "enabled", "x", ""), ("C", "c", "enabled", "x", ""))
    assert shop.run("sync").code == 0
    shop.sells(("A", "a2", "enabled", "x", ""), ("B", "b" * (1 << 20), "enabled", "x", ""))
    told = shop.run("sync")
    assert (told.code, "3 products. Nothing was removed, because 1 record cannot be read" in told.err) == (0, True)
    story = shop.run("why", "B").out
    assert "unreadable. Line 3 of products.csv: the record has 1,048,5" in story
    assert "its last valid version stays" in story
    assert "In the catalog as 'c'" in shop.run("why", "C").out


@pytest.mark.parametrize("line", ["S1,name,2.50", ",,,,", "a, b, c", 'x,"",z'])
def test_lines_of_cells_that_look_like_records_are_read_as_cells_by_any_number_of_threads(
    desk: Desk, line: str
) -> None:
    cell = "\n".join(["some prose", line, "more of it"] * 120).replace('"', '""')
    with open(desk.files / "x.csv", "w", encoding="utf-8") as file:
        file.write("sku,name,note\n")
        count = (70 << 20) // len(cell)  # more than DuckDB gives to one thread
        for number in range(count):
            file.write(f'S{number},n,"{cell}"\n' + f"R{number},n,\n" * (number % 7))
    desk.connect_alone()
    desk.con.execute("SET threads = 4")
    found = desk.pull("x.csv", attributes=["note"])
    assert found.valid == found.records - found.repeated
    lengths = desk.products(found, 'strlen(attributes[1]."values"[1])')
    assert lengths.count(len(cell.replace('""', '"'))) == count


@pytest.mark.parametrize("megabytes", [20, 50, *[300] * bool(EXAMPLES)])
@pytest.mark.parametrize("line", [b"x" * (1 << 20), b"<p>honest, long text</p>\n" * 41_943, b'12"" x, \r\n' * 116_508])
def test_a_row_of_any_size_costs_no_other_record(desk: Desk, megabytes: int, line: bytes) -> None:
    with open(desk.files / "x.csv", "wb") as file:
        file.write(shop(*rows(1000)).encode() + b'B,"')
        for _ in range(megabytes):
            file.write(line)
        file.write(b'",1\n' + "\n".join(rows(1000, 1000)).encode())
    found = desk.pull("x.csv")
    assert balance(found) == (2001, 2000, 1, 0)
    assert desk.quarantine(found, "line", "sku", "length(record) < 2000") == [(1002, "B", True)]
