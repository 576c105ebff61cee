"""XLSX files: what each cell becomes, which rows are records, and what becomes of a workbook that is not whole."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import zipfile
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from datasync.errors import UnreadableFile
from datasync.sources.files.cell_format import text_of
from datasync.sources.files.sheet import letters
from tests.pulling import Desk, balance
from tests.sources.books import HEADER, book, cell, row, text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def sheet(desk: Desk, name: str = "x.xlsx") -> tuple[openpyxl.Workbook, Worksheet, Path]:
    """A workbook of openpyxl's with a header, to be filled and saved."""
    made = openpyxl.Workbook()
    worksheet = made.worksheets[0]
    worksheet.append(["sku", "name", "price"])
    return made, worksheet, desk.files / name


def value(desk: Desk, content: str, **how: Any) -> Any:
    """What the attribute ``v`` of one product becomes whose cell C2 is ``content``."""
    header = row(1, text("A1", "sku"), text("B1", "name"), text("C1", "v"))
    desk.write("x.xlsx", book(header + row(2, text("A2", "A"), text("B2", "a"), content), **how))
    (attributes,) = desk.products(desk.pull("x.xlsx", attributes=["v"]), "attributes")
    return attributes[0]["values"] if attributes else None


# ── Numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "number", "shown"),
    [
        ("00000", "123", "00123"),
        ("00000", "1.23E2", "00123"),
        ("00000", "123.0", "00123"),
        ("00000", "1234567", "1234567"),
        ("00000", "-5", "-00005"),
        ("00000", "0", "00000"),
        ("00000", "12.5", "12.5"),
        ("00000;@", "7", "00007"),
        ('"SKU-"0000', "7", "SKU-0007"),
        ("\\A0000\\-00", "12345", "A0123-45"),
        ("000-00-0000", "123456789", "123-45-6789"),
        ("(000) 0000", "1234567", "(123) 4567"),
        ("[Red]0000", "7", "0007"),
        ("[$-409]0000", "7", "0007"),
        ("0000;[Blue]\\M0000;\\N000", "-7", "M0007"),
        ("0000;[Blue]\\M0000;\\N000", "0", "N000"),
        ("№000", "7", "№007"),
        ('0" pcs"', "15", "15 pcs"),
    ],
)
def test_an_integer_under_a_format_of_zeros_and_literals_is_taken_as_shown(code: str, number: str, shown: str) -> None:
    assert text_of(code, is_1904=False)(number) == shown


@pytest.mark.parametrize(
    ("code", "number", "plain"),
    [
        ("", "123", "123"),
        ("General", "1E+05", "100000"),
        ("General", "123.0", "123"),
        ("General", "1.234567890123457e+19", "12345678901234570000"),
        ("General", "4.006381333931E12", "4006381333931"),
        ("General", "12345678901234567", "12345678901234567"),
        ("General", "0.00001", "0.00001"),
        ("General", "1e-05", "0.00001"),
        ("General", "89.90000000000001", "89.9"),
        ("General", "0.30000000000000004", "0.3"),
        ("General", "12.3456789", "12.3456789"),
        ("General", "-0", "0"),
        ("General", "1e999999999", "1e999999999"),
        ("#,##0.00", "1234", "1234"),
        ("0.00", "12", "12"),
        ("0,000", "1234", "1234"),
        ("0%", "0.15", "0.15"),
        ("0%", "1", "1"),
        ("0.00E+00", "300", "300"),
        ("###-####", "1234567", "1234567"),
        ("0/0", "3", "3"),
        ('"€ "0', "15", "15"),
        ("[$€-407]0", "15", "15"),
        ("[>9]000;0", "15", "15"),
        ("@", "123", "123"),
        (";;;", "123", "123"),
        ('"', "123", "123"),
        ("[", "123", "123"),
    ],
)
def test_any_other_format_gives_the_number(code: str, number: str, plain: str) -> None:
    assert text_of(code, is_1904=False)(number) == plain


@pytest.mark.parametrize(
    ("code", "number", "moment"),
    [
        ("yyyy-mm-dd", "46346", "2026-11-20"),
        ("d/m/yy", "46346.5", "2026-11-20T12:00:00"),
        ("yyyy-mm-dd h:mm:ss", "46346.33333333334", "2026-11-20T08:00:00"),
        ("yyyy-mm-dd h:mm", "46346", "2026-11-20T00:00:00"),
        ("[$-409]d\\-mmm\\-yy;@", "46346", "2026-11-20"),
        ("mmmm", "46346", "2026-11-20"),
        ("h:mm AM/PM", "0.354166666666667", "08:30:00"),
        ("h:mm", "46346.25", "2026-11-20T06:00:00"),
        ("mm:ss.000", "0.0000144675925925926", "00:00:01.250"),
        ("[h]:mm", "1.5", "36:00:00"),
        ("d", "1", "1900-01-01"),
        ("d", "59", "1900-02-28"),
        ("d", "60", "60"),  # Excel's 29 February 1900
        ("d", "61", "1900-03-01"),
        ("d", "2958465", "9999-12-31"),
        ("d", "2958466", "2958466"),
        ("d", "-1", "-1"),
    ],
)
def test_a_number_under_a_format_of_dates_is_an_iso_date_or_time(code: str, number: str, moment: str) -> None:
    assert text_of(code, is_1904=False)(number) == moment


def test_days_count_from_1904_where_the_workbook_says_so(desk: Desk) -> None:
    assert value(desk, cell("C2", 44884, style=1), formats=["yyyy-mm-dd"], is_1904=True) == ["2026-11-20"]
    assert value(desk, cell("C2", 0, style=1), formats=["yyyy-mm-dd"], is_1904=True) == ["1904-01-01"]


def test_numbers_of_a_real_workbook_are_what_its_formats_make_of_them(desk: Desk) -> None:
    made, worksheet, file = sheet(desk)
    moment = datetime(2026, 11, 20, 8, 0, 30)  # noqa: DTZ001
    values = [123, 4006381333931, 1e5, 0.15, True, False, moment, moment.date(), time(8, 30), timedelta(hours=36)]
    formats = ["00000", "General", "General", "0%", "General", "General", None, None, None, None]
    for number, (given, code) in enumerate(zip(values, formats, strict=True), 2):
        worksheet.append([f"S{number:02}", given])
        if code:
            worksheet.cell(number, 2).number_format = code
    made.save(file)
    expected = ["00123", "4006381333931", "100000", "0.15", "true", "false"]
    expected += ["2026-11-20T08:00:30", "2026-11-20", "08:30:00", "36:00:00"]
    assert desk.products(desk.pull("x.xlsx"), "name") == expected


# ── Texts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (cell("C2", "00123", "str"), "00123"),
        (cell("C2", "<t>1E5</t>", "inlineStr"), "1E5"),
        (cell("C2", "<r><t>red </t></r><r><t>shoe</t></r>", "inlineStr"), "red shoe"),
        (cell("C2", "<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>", "inlineStr"), "東京"),
        (cell("C2", "a_x000D_b_x005F_x", "str"), "a\rb_x"),
        (cell("C2", "_xD83D__xDE00_", "str"), "😀"),
        (cell("C2", "  two  ", "str"), "  two  "),
        (cell("C2", "&lt;b&gt; &amp;", "str"), "<b> &"),
        (cell("C2", "2026-11-20T00:00:00.000Z", "d"), "2026-11-20"),
        (cell("C2", "2026-11-20T10:11:12", "d"), "2026-11-20T10:11:12"),
        (cell("C2", 0, "s"), "first"),
        (cell("C2", 1, "s"), "rich text"),
        (cell("C2", 2, "s"), "漢"),
        ('<c r="C2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="C2" t="str"><f>A1</f><v>text</v></c>', "text"),
    ],
)
def test_a_text_is_taken_to_the_letter(desk: Desk, content: str, expected: str) -> None:
    shared = "<si><t>first</t></si><si><r><t>rich</t></r><r><rPr><b/></rPr><t xml:space='preserve'> text</t></r></si>"
    shared += "<si><t>漢</t><rPh sb='0' eb='1'><t>カン</t></rPh><phoneticPr fontId='1'/></si>"
    assert value(desk, content, shared=shared) == [expected]


@pytest.mark.parametrize("content", ["", '<c r="C2"/>', cell("C2", ""), '<c r="C2" t="str"><f>A9</f><v></v></c>'])
def test_a_cell_with_nothing_in_it_has_no_value(desk: Desk, content: str) -> None:
    assert value(desk, content) is None


def test_many_shared_texts_are_each_found(desk: Desk) -> None:
    words = [f"wörd {n}" * (n % 7) for n in range(20_000)]
    rows = "".join(row(n + 2, text(f"A{n + 2}", f"S{n:05}"), cell(f"B{n + 2}", n, "s")) for n in range(20_000))
    desk.write("x.xlsx", book(HEADER + rows, shared="".join(f"<si><t>{word}</t></si>" for word in words)))
    found = desk.pull("x.xlsx")
    assert desk.products(found, "name") == [word for word in words if word]
    assert balance(found) == (20_000, 20_000 - words.count(""), words.count(""), 0)


@pytest.mark.parametrize("namespace", ["http://purl.oclc.org/ooxml/spreadsheetml/main", "urn:other"])
def test_a_strict_workbook_is_one_too(desk: Desk, namespace: str) -> None:
    desk.write("x.xlsx", book(HEADER + row(2, text("A2", "A"), text("B2", "a")), namespace=namespace))
    assert desk.products(desk.pull("x.xlsx"), "sku", "name") == [("A", "a")]


def test_a_sheet_whose_elements_have_a_prefix_and_whose_cells_have_no_place_is_read(desk: Desk) -> None:
    rows = "".join(
        f"<x:row>{''.join(f'<x:c t={chr(34)}str{chr(34)}><x:v>{v}</x:v></x:c>' for v in values)}</x:row>"
        for values in (("sku", "name"), ("A", "a"), ("B", "b"))
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    prefixed = f'<x:worksheet xmlns:x="{main}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'.encode()
    desk.write("x.xlsx", book("", parts={"xl/worksheets/sheet1.xml": prefixed}))
    assert desk.products(desk.pull("x.xlsx"), "sku", "name") == [("A", "a"), ("B", "b")]


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_hidden_rows_and_columns_are_read_like_any_other(desk: Desk) -> None:
    made, worksheet, file = sheet(desk)
    for sku in "ABC":
        worksheet.append([sku, sku.lower(), 1])
    worksheet.row_dimensions[3].hidden = True
    worksheet.column_dimensions["B"].hidden = True
    worksheet.auto_filter.ref = "A1:C4"
    made.save(file)
    assert desk.products(desk.pull("x.xlsx"), "sku", "name") == [("A", "a"), ("B", "b"), ("C", "c")]


def test_lines_above_the_header_are_a_title_and_the_pull_notes_it(desk: Desk) -> None:
    title = row(1, text("A1", "Products of 2026")) + row(3, text("B3", "made on Monday"))
    header = row(5, text("B5", "sku"), text("C5", "name"))
    desk.write("x.xlsx", book(title + header + row(6, text("B6", "A"), text("C6", "a"))))
    found = desk.pull("x.xlsx")
    assert (desk.products(found, "sku", "name"), balance(found)) == ([("A", "a")], (1, 1, 0, 0))
    assert found.notes == ("x.xlsx: row 5 is its header; what stands above is taken for a title.",)


def test_header_line_names_the_row_of_the_header_below_a_title_of_several_cells(desk: Desk) -> None:
    title = row(1, text("A1", "Stand"), text("B1", "2026-11-01")) + row(2, text("A2", "Mandant"), text("B2", "01"))
    header = row(4, text("A4", "sku"), text("B4", "name"))
    desk.write("x.xlsx", book(title + header + row(5, text("A5", "A"), text("B5", "a"))))
    pulled = desk.pull("x.xlsx", header_line=4)
    assert (desk.products(pulled, "sku", "name"), balance(pulled), pulled.notes) == ([("A", "a")], (1, 1, 0, 0), ())
    assert balance(desk.pull("x.xlsx", header_line=3)) == (1, 1, 0, 0)
    with pytest.raises(UnreadableFile, match=r"its sheet .* has nothing from row 6 on"):
        desk.pull("x.xlsx", header_line=6)


def test_a_sheet_of_one_column_has_its_header_in_the_first_row(desk: Desk) -> None:
    rows = "".join(row(n, text(f"A{n}", f"S{n}")) for n in range(2, 60))
    desk.write("x.xlsx", book(row(1, text("A1", "sku")) + rows))
    found = desk.pull("x.xlsx", map={"name": "sku"})
    assert (balance(found), found.notes) == ((58, 58, 0, 0), ())


def test_total_lines_are_no_products(desk: Desk) -> None:
    rows = row(2, text("A2", "A"), text("B2", "a"), cell("C2", 5)) + row(3, text("A3", "Total"), cell("C3", 5))
    desk.write("x.xlsx", book(HEADER + rows + row(4, cell("C4", 5))))
    found = desk.pull("x.xlsx")
    assert desk.quarantine(found, "sku", "code") == [("Total", "missing-name"), (None, "missing-sku")]
    assert balance(found) == (3, 1, 2, 0)


def test_rows_that_the_sheet_lists_without_a_value_are_blank(desk: Desk) -> None:
    rows = row(2, text("A2", "A"), text("B2", "a")) + row(3) + row(4, '<c r="A4" s="0"/>') + row(900, text("A900", "B"))
    desk.write("x.xlsx", book(HEADER + rows + "".join(row(n) for n in range(901, 1200))))
    found = desk.pull("x.xlsx")
    assert (balance(found), found.blank) == ((303, 1, 1, 0), 301)


def test_a_column_without_a_header_is_not_read_and_a_row_of_it_alone_is_no_blank(desk: Desk) -> None:
    rows = row(2, text("A2", "A"), text("B2", "a"), text("F2", "note")) + row(3, text("F3", "note"))
    desk.write("x.xlsx", book(HEADER + rows))
    found = desk.pull("x.xlsx", attributes=["*"])
    assert (desk.products(found, "sku"), found.blank) == (["A"], 0)
    assert desk.quarantine(found, "code") == ["missing-sku"]


def test_repeated_and_padded_headers_are_told_apart(desk: Desk) -> None:
    header = row(1, *(text(f"{c}1", name) for c, name in zip("ABCD", (" sku ", "name", "size", "Size"), strict=True)))
    desk.write("x.xlsx", book(header + row(2, *(text(f"{c}2", c) for c in "ABCD"))))
    found = desk.pull("x.xlsx", attributes=["size", "Size_2"])
    assert desk.products(found, "attributes") == [
        [{"code": "Size_2", "values": ["D"]}, {"code": "size", "values": ["C"]}]
    ]


# ── Sheets ───────────────────────────────────────────────────────────────────────────────────────────────────────────

TWO = {
    "Old": HEADER + row(2, text("A2", "O"), text("B2", "o")),
    "New": HEADER + row(2, text("A2", "N"), text("B2", "n")),
}


def test_the_first_sheet_is_read_and_the_pull_notes_the_others(desk: Desk) -> None:
    desk.write("x.xlsx", book(TWO))
    found = desk.pull("x.xlsx")
    assert desk.products(found, "sku") == ["O"]
    assert found.notes == ("x.xlsx: its first sheet is read, and not New. `sheet` in the scope names another.",)


@pytest.mark.parametrize("wanted", ["New", "new", 1])
def test_a_sheet_is_named_or_numbered(desk: Desk, wanted: str | int) -> None:
    desk.write("x.xlsx", book(TWO))
    found = desk.pull("x.xlsx", sheet=wanted)
    assert (desk.products(found, "sku"), found.notes) == (["N"], ())


@pytest.mark.parametrize("wanted", ["Prices", 2, -1])
def test_a_sheet_that_is_not_there_is_named_with_those_that_are(desk: Desk, wanted: str | int) -> None:
    desk.write("x.xlsx", book(TWO))
    with pytest.raises(UnreadableFile, match=r"x\.xlsx cannot be read: it has no sheet .* Its sheets: Old, New\."):
        desk.pull("x.xlsx", sheet=wanted)


def test_a_hidden_sheet_is_read_by_its_name_alone(desk: Desk) -> None:
    made, worksheet, file = sheet(desk)
    worksheet.append(["H", "hidden", 1])
    worksheet.sheet_state, worksheet.title = "hidden", "Lists"
    shown = made.create_sheet("Products")
    shown.append(["sku", "name"])
    shown.append(["A", "a"])
    made.save(file)
    found = desk.pull("x.xlsx")
    assert (desk.products(found, "sku"), found.notes) == (["A"], ())
    assert desk.products(desk.pull("x.xlsx", sheet="Lists"), "sku") == ["H"]


def test_a_sheet_that_is_a_chart_is_none(desk: Desk) -> None:
    made, worksheet, file = sheet(desk)
    worksheet.append(["A", "a", 1])
    made.create_chartsheet("Chart", 0)
    made.save(file)
    assert desk.products(desk.pull("x.xlsx"), "sku") == ["A"]


# ── What is not whole, and what was made to harm ─────────────────────────────────────────────────────────────────────

WHOLE = book(HEADER + "".join(row(n, text(f"A{n}", f"S{n}"), text(f"B{n}", "n" * (n % 99))) for n in range(2, 3000)))


def reason(desk: Desk, content: bytes) -> str:
    desk.write("x.xlsx", content)
    with pytest.raises(UnreadableFile) as failed:
        desk.pull("x.xlsx")
    assert failed.value.path == "x.xlsx"
    return failed.value.reason


def test_a_workbook_that_is_not_whole_says_why(desk: Desk) -> None:
    cut = "the end of the workbook is missing: it was cut off, or is not written yet"
    assert reason(desk, WHOLE[: len(WHOLE) // 2]) == cut
    assert reason(desk, WHOLE[:-1]) == cut
    assert reason(desk, WHOLE + bytes(70_000)) == cut
    assert reason(desk, WHOLE + bytes(500)).startswith("zero bytes follow the end of the workbook")
    assert reason(desk, WHOLE + b"<html>").startswith("something follows the end of the workbook")
    assert reason(desk, b"sku,name\nA,a\n") == "it is no XLSX workbook: its content is of another kind"
    assert reason(desk, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99).startswith(
        "it is an old .xls, or protected by a password"
    )
    assert reason(desk, zipped({"a.txt": b"a"})) == "it is no XLSX workbook, or one without its part xl/workbook.xml"
    assert reason(desk, book("")) == "its sheet 'Products' is empty"
    assert reason(desk, book(row(1) + row(2, '<c r="A2"/>'))) == "its sheet 'Products' is empty"


def zipped(parts: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return packed.getvalue()


def test_a_sheet_that_is_cut_inside_a_whole_zip_is_damage(desk: Desk) -> None:
    with zipfile.ZipFile(io.BytesIO(WHOLE)) as file:
        xml = file.read("xl/worksheets/sheet1.xml")
    for part in (xml[: len(xml) // 2], xml.replace(b"S77", b"S\xff7"), xml.replace(b"S77", b"S\x007")):
        damaged = book("", parts={"xl/worksheets/sheet1.xml": part})
        assert reason(desk, damaged) == "a part of the workbook is damaged, or was cut off"


def test_whatever_byte_flips_a_workbook_is_read_whole_or_refused(desk: Desk) -> None:
    """Its checksums see to that what is read is what was written."""
    chance = random.Random(12)
    small = book(
        HEADER + row(2, text("A2", "A"), text("B2", "a")) + row(3, cell("A3", 0, "s")), shared="<si><t>s</t></si>"
    )
    seen = set()
    for at in chance.sample(range(len(small)), 120):
        desk.write("x.xlsx", small[:at] + bytes([small[at] ^ chance.randrange(1, 256)]) + small[at + 1 :])
        try:
            found = desk.pull("x.xlsx")
        except UnreadableFile as refused:
            seen.add(refused.reason)
        else:
            assert (desk.products(found, "sku", "name"), found.records) == ([("A", "a")], 2)
    assert "a part of the workbook is damaged, or was cut off" in seen


def test_entities_are_refused(desk: Desk) -> None:
    bomb = b'<!DOCTYPE w [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><worksheet><sheetData><row><c><v>&b;</v></c></row>'
    damaged = book("", parts={"xl/worksheets/sheet1.xml": bomb + b"</sheetData></worksheet>"})
    assert reason(desk, damaged) == "its XML declares entities, which no workbook does"


MEASURED = """
import sys
from pathlib import Path
from tests.memory import peak_megabytes
from tests.pulling import Desk
found = Desk(Path(sys.argv[1])).pull(sys.argv[2])
print(found.records, found.valid, found.blank, peak_megabytes())
"""


def measured(folder: Path, content: bytes) -> list[int]:
    """records, valid, blank of a pull in a process of its own, and the most MB that it had."""
    (folder / "big.xlsx").write_bytes(content)
    command = [sys.executable, "-c", MEASURED, str(folder), str(folder / "big.xlsx")]
    return [int(n) for n in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()]


def test_one_cell_in_the_last_corner_takes_no_room(tmp_path: Path) -> None:
    rows = HEADER + row(2, text("A2", "A"), text("B2", "a"), cell("C2", 1)) + row(1048576, cell("XFD1048576", 1))
    content = book(rows)
    records, valid, blank, megabytes = measured(tmp_path, content)
    assert len(content) < 5_000
    assert (records, valid, blank) == (2, 1, 0)
    assert megabytes < 400


def test_a_long_text_that_many_cells_share_takes_no_room(tmp_path: Path) -> None:
    """A few KB that would be over a gigabyte, as every row has the same megabyte."""
    rows = "".join(row(n, text(f"A{n}", f"S{n}"), cell(f"B{n}", 0, "s")) for n in range(2, 1_100))
    content = book(HEADER + rows, shared=f"<si><t>{'n' * (1 << 20)}</t></si>")
    assert len(content) < 20_000
    with pytest.raises(subprocess.CalledProcessError) as failed:
        measured(tmp_path, content)
    assert "grows over 200-fold and over 1 GB" in failed.value.stderr


def test_a_text_that_no_cell_has_room_for_takes_its_own_record_to_quarantine(desk: Desk) -> None:
    long = "n" * ((1 << 20) + 9)
    rows = row(2, text("A2", "A"), text("B2", long)) + row(3, text("A3", "B"), cell("B3", 0, "s"))
    desk.write(
        "x.xlsx", book(HEADER + rows + row(4, text("A4", "C"), text("B4", "c")), shared=f"<si><t>{long}</t></si>")
    )
    found = desk.pull("x.xlsx")
    assert (desk.products(found, "sku"), found.unreadable) == (["C"], 0)
    assert desk.quarantine(found, "sku", "sentence") == [
        ("A", "B2 of the sheet 'Products' holds a text of over 1,048,576 signs."),
        ("B", "B3 of the sheet 'Products' holds a text of over 1,048,576 signs."),
    ]


def test_every_column_keeps_its_own_name_whatever_its_letters_are(desk: Desk) -> None:
    """Among them are ONE and ROW; a cell beyond the last column that there is, is none."""
    columns = [letters(number) for number in (1, 2, *range(10_450, 10_550), 12_581, 16_384, 16_385)]
    header = "".join(text(f"{column}1", {"A": "sku", "B": "name"}.get(column, f"{column}!")) for column in columns)
    bad = row(3, text("A3", "B"), text("B3", "b"), cell(f"{columns[9]}3", "#N/A", "e"))
    desk.write("x.xlsx", book(row(1, header) + row(2, *(text(f"{column}2", column) for column in columns)) + bad))
    found = desk.pull("x.xlsx", attributes=["*"])
    ((sku, attributes),) = desk.products(found, "sku", "attributes")
    expected = {f"{column}!": [column] for column in columns[2:-1]}
    assert (sku, {one["code"]: one["values"] for one in attributes}) == ("A", expected)
    assert desk.quarantine(found, "sku", "code") == [("B", "bad-value")]
    assert {"ONE", "ROW"} < set(columns)


def test_a_workbook_inside_of_gzip_is_read(desk: Desk) -> None:
    desk.write("x.xlsx.gz", gzip.compress(book(HEADER + row(2, text("A2", "A"), text("B2", "a")))))
    assert desk.products(desk.pull("x.xlsx.gz"), "sku") == ["A"]


def test_a_header_in_the_last_column_is_one_column(desk: Desk) -> None:
    desk.write(
        "x.xlsx", book(row(1, text("XFC1", "sku"), text("XFD1", "name")) + row(2, text("XFC2", "A"), text("XFD2", "a")))
    )
    assert desk.products(desk.pull("x.xlsx"), "sku", "name") == [("A", "a")]


def test_a_workbook_that_swells_is_refused_before_it_has(desk: Desk) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(""))) as small, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name in small.namelist():
            if not name.endswith("sheet1.xml"):
                file.writestr(name, small.read(name))
        with file.open("xl/worksheets/sheet1.xml", "w") as part:
            part.write(b"<worksheet>")
            for _ in range(1_030):
                part.write(b" " * (1 << 20))
    assert "grows over 200-fold and over 1 GB when it is decompressed" in reason(desk, packed.getvalue())


# ── Cells without a value to give ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (cell("C3", "#REF!", "e"), "#REF!, an error of Excel's"),
        ('<c r="C3" t="e"><f>VLOOKUP(1,A:A,1)</f><v>#N/A</v></c>', "#N/A, an error of Excel's"),
        ('<c r="C3"><f>1+1</f></c>', "a formula whose value was not stored: open it in Excel and save it"),
        ('<c r="C3"><f>1+1</f><v></v></c>', "a formula whose value was not stored: open it in Excel and save it"),
    ],
)
def test_a_cell_without_a_value_to_give_takes_its_own_record_to_quarantine(desk: Desk, content: str, why: str) -> None:
    good = [row(n, text(f"A{n}", sku), text(f"B{n}", sku), cell(f"C{n}", 5)) for n, sku in ((2, "A"), (4, "C"))]
    bad = row(3, text("A3", "B"), text("B3", "b"), content)
    desk.write("x.xlsx", book(HEADER + good[0] + bad + good[1]))
    found = desk.pull("x.xlsx")
    assert (desk.products(found, "sku"), balance(found), found.unreadable) == (["A", "C"], (3, 2, 1, 0), 0)
    sentence = f"C3 of the sheet 'Products' holds {why}."
    assert desk.quarantine(found, "sku", "code", "sentence") == [("B", "bad-value", sentence)]
    unpriced = desk.pull("x.xlsx", map={"price": "NULL"})
    assert desk.products(unpriced, "sku") == ["A", "B", "C"]  # nobody asked for it


def test_formulas_that_a_library_wrote_have_no_value(desk: Desk) -> None:
    made, worksheet, file = sheet(desk)
    worksheet.append(["A", "a", "=1+1"])
    made.save(file)
    assert desk.quarantine(desk.pull("x.xlsx"), "sku", "code") == [("A", "bad-value")]


def test_a_sku_that_is_an_error_may_be_any_product_so_nothing_is_removed(desk: Desk) -> None:
    desk.write("x.xlsx", book(HEADER + row(2, cell("A2", "#REF!", "e"), text("B2", "b"))))
    desk.write("y.xlsx", book(HEADER + row(2, text("A2", "Y"), text("B2", "y"))))
    found = desk.pull("*.xlsx", "changed", snapshot="partial")
    assert (desk.products(found, "sku"), found.unreadable) == (["Y"], 1)
    assert desk.quarantine(found, "code", "sentence") == [
        ("unreadable", "A2 of the sheet 'Products' holds #REF!, an error of Excel's.")
    ]


def test_a_repeated_header_is_no_product(desk: Desk) -> None:
    again = row(3, text("A3", "sku"), text("B3", "name"), text("C3", "price"))
    rows = row(2, text("A2", "A"), text("B2", "a")) + again + row(4, text("A4", "B"), text("B4", "b"))
    desk.write("x.xlsx", book(HEADER + rows))
    found = desk.pull("x.xlsx")
    assert (desk.products(found, "sku"), found.unreadable) == (["A", "B"], 0)
    assert desk.quarantine(found, "sku", "code", "sentence") == [
        ("sku", "bad-value", "Row 3 of the sheet 'Products' repeats the header.")
    ]
