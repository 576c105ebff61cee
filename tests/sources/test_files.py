"""Files of every format and habit, real ones in a temporary folder, pulled to a snapshot."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import pandas as pd
import pytest

from datasync.errors import InvalidSettings, MissingField, NoFiles, SourceUnavailable, UnreadableFile
from datasync.sources.base import PullRequest
from datasync.sources.files import file_listing, source
from datasync.sources.files.file_listing import File, Location
from datasync.sources.files.options import FilesSource
from datasync.sources.files.source import Files
from tests.pulling import START, Desk, balance


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def aged(file: Path, minutes: int) -> Path:
    moment = START.timestamp() + 60 * minutes
    os.utime(file, (moment, moment))
    return file


# ── What the matching files are together ─────────────────────────────────────────────────────────────────────────────


def test_complete_takes_the_matching_files_together(desk: Desk) -> None:
    desk.lines("a.jsonl", {"sku": "A", "name": "a"})
    desk.lines("b.jsonl", {"sku": "B", "name": "b"})
    desk.lines("other.json", {"sku": "C", "name": "c"})
    found = desk.pull("*.jsonl")
    assert (found.complete, found.answers_absence, found.requests, found.watermark) == (True, True, 2, None)
    assert desk.products(found, "sku") == ["A", "B"]


def test_of_two_files_the_later_name_wins_where_no_time_tells(desk: Desk) -> None:
    desk.lines("part-2.jsonl", {"sku": "A", "name": "second"})
    desk.lines("part-1.jsonl", {"sku": "A", "name": "first"})
    found = desk.pull("part-*.jsonl")
    assert desk.products(found, "sku", "name") == [("A", "second")]
    assert desk.quarantine(found, "place", "code") == [("part-1.jsonl", "duplicate-sku")]


def test_newest_takes_the_newest_file_alone_and_by_name_if_two_are_of_one_time(desk: Desk) -> None:
    for name, minutes in (("old", 1), ("new-a", 9), ("new-b", 9)):
        aged(desk.lines(f"{name}.jsonl", {"sku": name, "name": name}), minutes)
    found = desk.pull("*.jsonl", snapshot="newest")
    assert (found.complete, found.requests) == (True, 1)
    assert desk.products(found, "sku") == ["new-b"]


def test_partial_reads_each_file_once_in_order_of_time(desk: Desk) -> None:
    aged(desk.lines("z.jsonl", {"sku": "A", "name": "older"}), 1)
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "newer"}), 2)
    first = desk.pull("*.jsonl", "changed", snapshot="partial")
    assert (first.complete, first.answers_absence, first.requests) == (False, False, 2)
    assert desk.products(first, "name") == ["newer"]

    nothing = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert (balance(nothing), nothing.watermark) == ((0, 0, 0, 0), first.watermark)

    aged(desk.lines("m.jsonl", {"sku": "B", "name": "b"}), 3)
    then = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=nothing.watermark)
    assert desk.products(then, "sku") == ["B"]


def test_partial_reads_a_file_again_that_was_written_anew_under_its_name(desk: Desk) -> None:
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "one"}), 1)
    first = desk.pull("a.jsonl", "changed", snapshot="partial")
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "two"}), 5)
    assert desk.products(desk.pull("a.jsonl", "changed", snapshot="partial", watermark=first.watermark), "name") == [
        "two"
    ]


def test_partial_forgets_files_that_are_gone_so_its_watermark_stays_small(desk: Desk) -> None:
    gone = desk.lines("a.jsonl", {"sku": "A", "name": "a"})
    desk.lines("b.jsonl", {"sku": "B", "name": "b"})
    first = desk.pull("*.jsonl", "changed", snapshot="partial")
    gone.unlink()
    then = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert [entry[0] for entry in json.loads(then.watermark or "")["files"]] == ["b.jsonl"]


def test_partial_asked_for_everything_or_for_skus_reads_all_files_and_never_answers_absence(desk: Desk) -> None:
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), 1)
    aged(desk.lines("b.jsonl", {"sku": "B", "name": "b"}), 2)
    mark = desk.pull("*.jsonl", "changed", snapshot="partial").watermark
    every = desk.pull("*.jsonl", "complete", snapshot="partial", watermark=mark)
    some = desk.pull("*.jsonl", "skus", skus=["A", "Z"], snapshot="partial", watermark=mark)
    assert (desk.products(every, "sku"), every.complete, every.watermark) == (["A", "B"], False, mark)
    assert (desk.products(some, "sku"), some.answers_absence, some.watermark) == (["A"], False, None)


def test_skus_of_a_complete_scope_are_answered_and_so_is_their_absence(desk: Desk) -> None:
    desk.lines("a.jsonl", {"sku": "A", "name": "a"}, {"sku": "B", "name": "b"}, {"sku": "C"})
    found = desk.pull("a.jsonl", "skus", skus=["B", "C", "Z", "B"])
    assert (found.complete, found.answers_absence, found.asked, balance(found)) == (False, True, 3, (2, 1, 1, 0))
    assert (desk.products(found, "sku"), desk.quarantine(found, "sku", "code")) == (["B"], [("C", "missing-name")])


def test_an_unreadable_line_may_be_the_product_asked_for_so_none_is_taken_for_absent(desk: Desk) -> None:
    desk.write("a.jsonl", '{"sku":"A","name":"a"}\n{broken\n')
    found = desk.pull("a.jsonl", "skus", skus=["Z"])
    assert (found.answers_absence, found.unreadable) == (False, 1)
    assert found.notes == (
        "No product counts as absent, because 1 record cannot be read and may be any of those asked for.",
    )


@pytest.mark.parametrize("habit", ["complete", "newest", "partial"])
def test_no_match_fails_by_name(desk: Desk, habit: str) -> None:
    with pytest.raises(NoFiles, match=r"scopes\.de-DE\.path: no file matches .*\*\.csv"):
        desk.pull("*.csv", "changed" if habit == "partial" else "complete", snapshot=habit)


def test_a_partial_scope_whose_files_were_all_taken_away_after_reading_has_nothing_new(desk: Desk) -> None:
    file = desk.lines("a.jsonl", {"sku": "A", "name": "a"})
    mark = desk.pull("*.jsonl", "changed", snapshot="partial").watermark
    file.unlink()
    assert balance(desk.pull("*.jsonl", "changed", snapshot="partial", watermark=mark)) == (0, 0, 0, 0)


def test_what_a_pull_will_cost_is_known_before_it(desk: Desk) -> None:
    for name in "abc":
        desk.lines(f"{name}.jsonl", {"sku": name, "name": name})
    ask = PullRequest("complete", START)
    assert (desk.source("*.jsonl").requests(ask), desk.source("*.jsonl", snapshot="newest").requests(ask)) == (3, 1)
    assert (desk.source("*.jsonl").scheduled(), desk.source("*.jsonl", snapshot="partial").scheduled()) == (
        "complete",
        "changed",
    )


# ── Formats ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CSV = 'sku,name,price\n00123,"Said ""hi"", then\nleft",1.50\nB,bee,\n'
WHOLE = [("00123", 'Said "hi", then\nleft', "1.50"), ("B", "bee", None)]


def written(desk: Desk, ending: str) -> None:
    """The two products of WHOLE in one file of the kind that the ending names."""
    rows = [{"sku": sku, "name": name, "price": price and float(price)} for sku, name, price in WHOLE]
    if ending.startswith("csv"):
        content = CSV.encode()
    elif ending.startswith("jsonl"):
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    else:
        frame, file = pd.DataFrame(rows), desk.files / f"x.{ending}"
        if ending == "parquet":
            frame.to_parquet(file)
        else:
            frame.to_excel(file, index=False)
        return
    desk.write(f"x.{ending}", gzip.compress(content) if ending.endswith(".gz") else content)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl", "jsonl.gz", "parquet", "xlsx"])
def test_every_format_gives_the_same_products(desk: Desk, ending: str) -> None:
    written(desk, ending)
    found = desk.pull("x.*")
    assert desk.products(found, "sku", "name", "price_text(price)") == WHOLE
    assert balance(found) == (2, 2, 0, 0)


@pytest.mark.parametrize("name", ["X.CSV.GZ", "x.Csv.Gz", "X.JSONL.GZ"])
def test_a_name_in_capital_letters_tells_its_format_too(desk: Desk, name: str) -> None:
    content = CSV.encode() if "csv" in name.lower() else b'{"sku":"00123","name":"n"}\n{"sku":"B","name":"b"}\n'
    desk.write(name, gzip.compress(content))
    assert desk.products(desk.pull("*"), "sku") == ["00123", "B"]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "csv.gz", "jsonl.gz"])
def test_line_ends_and_byte_order_marks_are_no_content(desk: Desk, ending: str, mark: bytes, line_end: bytes) -> None:
    lines = (
        [b"sku,name", b"A,a", b"B,b"]
        if ending.startswith("csv")
        else [b'{"sku":"A","name":"a"}', b"", b'{"sku":"B","name":"b"}']
    )
    content = mark + line_end.join(lines)
    for name in ("x", "y"):
        desk.write(f"{name}.{ending}", gzip.compress(content) if ending.endswith(".gz") else content)
    found = desk.pull(f"*.{ending}")
    assert (desk.products(found, "sku", "name"), balance(found)) == ([("A", "a"), ("B", "b")], (4, 2, 0, 2))


def test_lines_that_end_differently_in_one_file_are_all_read(desk: Desk) -> None:
    desk.write("x.jsonl", b'{"sku":"A","name":"a"}\r\n{"sku":"B","name":"b"}\n\n\r\n{"sku":"C","name":"c"}')
    assert desk.products(desk.pull("x.jsonl"), "sku") == ["A", "B", "C"]


def test_csv_files_with_other_columns_or_another_order_are_matched_by_name(desk: Desk) -> None:
    desk.write("1.csv", "sku,name\nA,a\n")
    desk.write("2.csv", "name;sku;color\nb;B;red\n")
    desk.write("3.csv", "sku,name\nC,c\n")
    found = desk.pull("*.csv", attributes=["color"])
    assert desk.products(found, "sku", "name", "len(attributes)") == [("A", "a", 0), ("B", "b", 1), ("C", "c", 0)]


def test_headers_with_spaces_quotes_dots_and_repeated_names_can_be_mapped(desk: Desk) -> None:
    desk.write("x.csv", 'Article No,"My ""name""",a.b,a.b,\nA,n,1,2,3\n')
    how = {"sku": '"Article No"', "name": '"My ""name""" || "a.b" || "a.b_2" || column_5'}
    assert desk.products(desk.pull("x.csv", map=how), "sku", "name") == [("A", "n123")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_seen_in_the_header(desk: Desk, delimiter: str) -> None:
    desk.write("x.csv", delimiter.join(["sku", "name", '"a, b; c"']) + "\n" + delimiter.join(["A", "a", '"x"']) + "\n")
    assert desk.products(desk.pull("x.csv"), "sku", "name") == [("A", "a")]


def test_a_delimiter_from_the_settings_beats_what_is_seen(desk: Desk) -> None:
    desk.write("x.csv", "sku^name, long\nA^a,b\n")
    assert desk.products(desk.pull("x.csv", delimiter="^", map={"name": '"name, long"'}), "name") == ["a,b"]


def test_a_header_alone_is_a_readable_file_with_no_records(desk: Desk) -> None:
    desk.write("x.csv", "sku,name\n")
    found = desk.pull("x.csv")
    assert (found.complete, balance(found)) == (True, (0, 0, 0, 0))
    assert found.notes == ("The source gave no record at all. Is it the right place, and was its export finished?",)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "xlsx"])
def test_rows_with_nothing_in_them_are_counted_as_blank_and_are_in_no_list(desk: Desk, ending: str) -> None:
    rows = [(None, None), ("A", "a"), (None, None), (None, "b"), (None, None), ("A", "a")]
    if ending.startswith("csv"):
        content = b'sku,name\n,\nA,a\n"",""\n,b\n,\nA,a\n'
        desk.write(f"x.{ending}", gzip.compress(content) if ending.endswith(".gz") else content)
    else:
        frame = pd.DataFrame(rows, columns=["sku", "name"], dtype=object)
        write = frame.to_parquet if ending == "parquet" else frame.to_excel
        write(desk.files / f"x.{ending}", index=False)
    found = desk.pull(f"x.{ending}")
    assert (balance(found), found.blank, found.unreadable) == ((6, 1, 1, 1), 3, 0)
    assert desk.products(found, "sku", "name") == [("A", "a")]
    assert desk.quarantine(found, "position", "code", "name") == [(3, "missing-sku", "b")]


def test_an_excel_export_of_blank_rows_alone_holds_no_product_and_says_so(desk: Desk) -> None:
    desk.write("x.csv", "sku,name\n" + ",\n" * 400)
    found = desk.pull("x.csv")
    assert (balance(found), found.blank) == ((400, 0, 0, 0), 400)
    assert found.notes == ("The source gave no record at all. Is it the right place, and was its export finished?",)


def test_a_file_of_unreadable_and_blank_rows_fails_a_complete_pull(desk: Desk) -> None:
    desk.write("x.csv", b"sku,name\n\xff\xfe,a\n,\n,\n")
    desk.write("y.csv", "sku,name\nA,a\n")
    with pytest.raises(UnreadableFile, match=r"no record in it can be read\. Line 2 of x\.csv: it is not UTF-8"):
        desk.pull("*.csv")


def test_a_duplicate_among_blank_rows_goes_to_quarantine_with_its_own_record(desk: Desk) -> None:
    desk.write("x.csv", "sku,name\n,\nA,first\n,\nA,second\n,\n")
    found = desk.pull("x.csv")
    assert (balance(found), found.blank) == ((5, 1, 1, 0), 3)
    assert [json.loads(text) for text in desk.quarantine(found, "record")] == [{"sku": "A", "name": "first"}]


def test_nested_values_of_json_and_parquet_come_as_json_text(desk: Desk) -> None:
    desk.lines(
        "x.jsonl",
        {"sku": "A", "name": "a", "size": ["S", "M"], "spec": {"w": 1}, "on": True, "n": 12345678901234567890123},
    )
    pd.DataFrame([{"sku": "A", "name": "a", "size": ["S", "M"], "spec": {"w": 1}, "on": True}]).to_parquet(
        desk.files / "x.parquet"
    )
    of_json = desk.products(desk.pull("x.jsonl", attributes=["size", "spec", "on", "n"]), "attributes")
    of_parquet = desk.products(desk.pull("x.parquet", attributes=["size", "spec", "on"]), "attributes")
    common = [
        {"code": "on", "values": ["true"]},
        {"code": "size", "values": ["S", "M"]},
        {"code": "spec", "values": ['{"w":1}']},
    ]
    assert of_json == [[{"code": "n", "values": ["12345678901234567890123"]}, *common]]
    assert of_parquet == [common]


def test_a_cell_of_a_sheet_stays_text_and_its_sheet_can_be_named(desk: Desk) -> None:
    with pd.ExcelWriter(desk.files / "x.xlsx") as book:
        pd.DataFrame({"x": [1]}).to_excel(book, sheet_name="first", index=False)
        pd.DataFrame({"sku": ["00123", "NA"], "name": [12, 1.5]}).to_excel(book, sheet_name="second", index=False)
    assert desk.products(desk.pull("x.xlsx", sheet="second"), "sku", "name") == [("00123", "12"), ("NA", "1.5")]
    with pytest.raises(UnreadableFile, match=r"x\.xlsx cannot be read: .*third"):
        desk.pull("x.xlsx", sheet="third")


def test_keys_of_json_keep_their_case_and_any_signs(desk: Desk) -> None:
    desk.lines("x.jsonl", {"SKU": "A", "sku": "b", "name": "n", "a.b": 1, 'q"r': 2, "s p": 3, "filename": 4, "é": 5})
    how = {"sku": '"SKU"', "name": '"a.b" || "q""r" || "s p" || filename || "é"'}
    assert desk.products(desk.pull("x.jsonl", map=how), "sku", "name") == [("A", "12345")]


def test_fields_that_differ_in_nothing_but_case_are_refused_where_both_are_needed(desk: Desk) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "n", "Size": 1, "size": 2})
    with pytest.raises(InvalidSettings, match="'Size' and 'size' differ in nothing but case"):
        desk.pull("x.jsonl", attributes=["Size", "size"])


def test_a_column_that_only_a_late_record_has_is_not_missed(desk: Desk) -> None:
    first = [{"sku": f"S{i}", "name": "n" * 100} for i in range(2000)]
    desk.lines("x.jsonl", *first, {"sku": "Z", "name": "last", "currency": "EUR", "color": "red"})
    found = desk.pull("x.jsonl", attributes=["color"])
    assert desk.products(found, "sku", "currency", "attributes")[-1] == (
        "Z",
        "EUR",
        [{"code": "color", "values": ["red"]}],
    )


def test_a_pattern_of_attributes_takes_fields_of_late_records_too(desk: Desk) -> None:
    first = [{"sku": f"S{i}", "name": "n" * 100} for i in range(2000)]
    desk.lines("x.jsonl", *first, {"sku": "Z", "name": "last", "size_eu": "38", "cost": 1})
    attributes = desk.products(desk.pull("x.jsonl", attributes=["size_*"]), "attributes")
    assert attributes[-1] == [{"code": "size_eu", "values": ["38"]}]


# ── Names and places ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_signs_of_patterns_in_a_name_are_part_of_the_name(desk: Desk) -> None:
    desk.lines("list [1].jsonl", {"sku": "A", "name": "a"})
    desk.lines("list 1.jsonl", {"sku": "B", "name": "b"})
    desk.lines("list'; DROP TABLE staged; --*.jsonl", {"sku": "C"})
    found = desk.pull("list*.jsonl", map={"name": "name"})
    assert desk.products(desk.pull("list [1].jsonl"), "sku") == ["A"]
    assert desk.products(found, "sku") == ["A", "B"]
    assert desk.quarantine(found, "place") == ["list'; DROP TABLE staged; --*.jsonl"]


def test_hostile_headers_are_names_like_any_other(desk: Desk) -> None:
    hostile = ["'; DROP TABLE x; --", "{paths}", "datasync path 2", "_path", "a=b&c", "a\u202ebc", "$1", "?"]
    header = ",".join(f'"{name}"' for name in hostile)
    desk.write("x.csv", f"sku,name,{header}\nA,a,{','.join('12345678')}\n")
    desk.lines("x.jsonl", {"sku": "A", "name": "a", **dict(zip(hostile, "12345678", strict=True)), "": "empty"})
    for path in ("x.csv", "x.jsonl"):
        (attributes,) = desk.products(desk.pull(path, attributes=["*"]), "attributes")
        assert {entry["code"]: entry["values"] for entry in attributes} == {
            name: [value] for name, value in zip(hostile, "12345678", strict=True)
        }


def test_a_name_tells_folders_only_where_the_pattern_leaves_them_open(desk: Desk) -> None:
    desk.lines("shop=1/a.jsonl", {"sku": "A"})
    desk.lines("shop=2/a.jsonl", {"sku": "B"})
    found = desk.pull("**/*.jsonl", map={"name": "name"}, snapshot="partial")
    assert desk.quarantine(found, "place") == ["shop=1/a.jsonl", "shop=2/a.jsonl"]


def test_files_of_several_formats_are_refused_and_one_that_is_said_is_believed(desk: Desk) -> None:
    desk.lines("a.jsonl", {"sku": "A", "name": "a"})
    desk.write("b.txt", "sku,name\nB,b\n")
    with pytest.raises(InvalidSettings, match=r"scopes\.de-DE\.format: .*\.jsonl, \.txt"):
        desk.pull("*")
    assert desk.products(desk.pull("b.txt", format="csv"), "sku") == ["B"]


# ── What cannot be read ──────────────────────────────────────────────────────────────────────────────────────────────


def torn(desk: Desk, kind: str) -> str:
    """A file of a kind that cannot be read, and its name."""
    whole = b"".join(b'{"sku":"%d","name":"n"}\n' % i for i in range(100_000))
    content = {
        "empty.csv": b"",
        "empty.jsonl": b"",
        "blank.jsonl": b"\n \r\n",
        "blank.csv": b"\n",
        "wide.csv": "sku,näme\nA,a\n".encode("utf-16"),
        "latin.csv": "sku,näme\nA,a\n".encode("latin-1"),
        "torn.jsonl.gz": gzip.compress(whole)[:-50],
        "no.jsonl.gz": b"not gzip at all",
        "no.parquet": b"PAR1 not at all",
        "no.xlsx": b"not a workbook",
        "page.jsonl": b"<html>\n<body>error 500</body>\n",
    }
    desk.write(kind, content[kind])
    return kind


KINDS = [
    "empty.csv",
    "empty.jsonl",
    "blank.jsonl",
    "blank.csv",
    "wide.csv",
    "latin.csv",
    "torn.jsonl.gz",
    "no.jsonl.gz",
    "no.parquet",
    "no.xlsx",
]


@pytest.mark.parametrize("habit", ["complete", "newest"])
@pytest.mark.parametrize("kind", [*KINDS, "page.jsonl"])
def test_an_unreadable_file_fails_a_complete_pull_by_name_and_nothing_is_written(
    desk: Desk, kind: str, habit: str
) -> None:
    torn(desk, kind)
    with pytest.raises(UnreadableFile) as failed:
        desk.pull("*", snapshot=habit)
    assert failed.value.path == kind
    assert not list(Path(desk.store.root).rglob("*.parquet"))


@pytest.mark.parametrize("kind", KINDS)
def test_an_unreadable_file_of_a_partial_scope_goes_to_quarantine_and_the_rest_goes_on(desk: Desk, kind: str) -> None:
    ending = kind.split(".", 1)[1].removesuffix(".gz")
    (desk.files / f"x.{ending}").unlink(missing_ok=True)
    written(desk, ending)
    torn(desk, kind)
    found = desk.pull("*", "changed", snapshot="partial")
    assert desk.products(found, "sku") == ["00123", "B"]
    assert desk.quarantine(found, "place", "code") == [(kind, "unreadable")]
    assert desk.quarantine(found, "sentence")[0].startswith(f"The file {kind} cannot be read: ")
    assert (found.unreadable, balance(found)) == (1, (3, 2, 1, 0))


def test_a_file_that_is_torn_in_its_middle_is_found_among_good_ones(desk: Desk) -> None:
    for name in "abc":
        desk.write(f"{name}.jsonl.gz", gzip.compress(b'{"sku":"%s","name":"n"}\n' % name.encode()))
    torn(desk, "torn.jsonl.gz")
    found = desk.pull("*.gz", "changed", snapshot="partial")
    assert (desk.products(found, "sku"), desk.quarantine(found, "place")) == (["a", "b", "c"], ["torn.jsonl.gz"])


def test_a_broken_line_is_quarantined_with_its_number_and_text(desk: Desk) -> None:
    lines = [
        b'{"sku":"A","name":"a"}',
        b"",
        b'{"sku":',
        b"[1]",
        b'{"sku":"\xff"}',
        b'{"sku":"B","name":"b"}',
        b"{}",
        b"null",
    ]
    desk.write("x.jsonl", b"\n".join(lines))
    found = desk.pull("x.jsonl")
    assert desk.products(found, "sku") == ["A", "B"]
    assert desk.quarantine(found, "line", "code", "sentence", "record") == [
        (3, "unreadable", "Line 3 of x.jsonl: it is no JSON object.", '{"sku":'),
        (4, "unreadable", "Line 4 of x.jsonl: it is no JSON object.", "[1]"),
        (7, "missing-sku", "The record has no SKU.", "{}"),
        (8, "unreadable", "Line 8 of x.jsonl: it is no JSON object.", "null"),
        (5, "unreadable", "Line 5 of x.jsonl: it is not UTF-8.", '{"sku":"\ufffd"}'),
    ]
    assert (found.unreadable, balance(found)) == (4, (7, 2, 5, 0))


def test_broken_lines_of_a_long_file_keep_their_numbers_be_some_lines_blank_or_not(desk: Desk) -> None:
    blank = {50: b"", 900: b"\r", 901: b" \t", 5000: b"  \r", 5001: b""}
    broken = {1: b'{"sku":', 902: b"  null", 2500: b"[2500]", 4999: b"[4999]\r", 9000: b"[9000]", 12_000: b"[12000]"}
    whole = {n: b'{"sku":"%d","name":"%s"}' % (n, b"a" * 80) for n in range(1, 12_001)}
    desk.write("x.jsonl", b"\n".join({**whole, **blank, **broken}.values()))
    found = desk.pull("x.jsonl")
    expected = [(number, line.strip().decode()) for number, line in broken.items()]
    assert desk.quarantine(found, "line", "record") == expected
    assert balance(found) == (12_000 - len(blank), 12_000 - len(blank) - len(broken), len(broken), 0)


def test_a_byte_order_mark_is_no_part_of_a_record_and_takes_no_number(desk: Desk) -> None:
    desk.write("x.jsonl", b'\xef\xbb\xbf{"sku":"A"}\n{"sku":"B"}\n')
    desk.write("y.jsonl", b'\xef\xbb\xbf\n{"sku":"C"}\n')
    found = desk.pull("*.jsonl", map={"name": "name"}, snapshot="partial")
    assert desk.quarantine(found, "place", "line", "record") == [
        ("x.jsonl", 1, '{"sku":"A"}'),
        ("x.jsonl", 2, '{"sku":"B"}'),
        ("y.jsonl", 2, '{"sku":"C"}'),
    ]


def test_a_row_with_other_cells_than_the_header_is_quarantined_with_its_number_and_text(desk: Desk) -> None:
    desk.write("x.csv", b'sku,name\nA,"a\nb"\nB,b,too,many\nfew\nC,\xff\nD,d\n')
    found = desk.pull("x.csv")
    assert desk.products(found, "sku") == ["A", "D"]
    assert sorted(desk.quarantine(found, "sentence", "line", "sku", "record")) == [
        ("Line 4 of x.csv: it has another number of cells than the header.", 4, None, "B,b,too,many"),
        ("Line 5 of x.csv: it has another number of cells than the header.", 5, None, "few"),
        ("Line 6 of x.csv: it is not UTF-8.", 6, "C", "C,\ufffd"),
    ]
    assert (found.unreadable, balance(found)) == (3, (5, 2, 3, 0))


def test_one_file_of_which_nothing_can_be_read_fails_a_complete_pull_of_several(desk: Desk) -> None:
    desk.lines("good.jsonl", {"sku": "A", "name": "a"})
    torn(desk, "page.jsonl")
    with pytest.raises(
        UnreadableFile, match=r"page\.jsonl cannot be read: no record in it can be read\. Line 1 of page\.jsonl"
    ):
        desk.pull("*.jsonl")


def test_a_field_that_no_record_has_is_a_settings_error_in_a_complete_snapshot_and_null_in_a_partial_one(
    desk: Desk,
) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a"})
    desk.write("x.csv", "sku,name\nA,a\n")
    for path in ("x.jsonl", "x.csv"):
        with pytest.raises(MissingField) as failed:
            desk.pull(path, map={"price": "cost::DOUBLE * 2"})
        assert (failed.value.column, failed.value.field, failed.value.known) == ("price", "cost", ["name", "sku"])
        found = desk.pull(path, "changed", map={"price": "cost"}, snapshot="partial", attributes=["color"])
        assert desk.products(found, "sku", "price", "attributes") == [("A", None, [])]


def test_a_record_after_a_line_of_many_megabytes_is_read(desk: Desk) -> None:
    desk.lines(
        "x.jsonl",
        {"sku": "A", "name": "a"},
        {"sku": "B", "name": "b", "description": "x" * 5_000_000},
        {"sku": "C", "name": "c"},
    )
    assert desk.products(desk.pull("x.jsonl"), "sku", "strlen(description)") == [
        ("A", None),
        ("B", 5_000_000),
        ("C", None),
    ]


def test_the_time_of_a_file_is_utc(desk: Desk) -> None:
    file = aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), 5)
    mark = desk.pull("a.jsonl", "changed", snapshot="partial").watermark
    content = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
    assert json.loads(mark or "")["files"] == [
        ["a.jsonl", file.stat().st_size, datetime(2026, 11, 23, 12, 5, tzinfo=UTC).isoformat(), content]
    ]


# ── Files that are still being written ───────────────────────────────────────────────────────────────────────────────


class Writer:
    """Somebody who goes on writing to a file, in a thread, until the test is over."""

    def __init__(self, file: Path, pause: float = 0.001) -> None:
        self.file, self.pause, self.over = file, pause, threading.Event()
        self.thread = threading.Thread(target=self.write)

    def write(self) -> None:
        with open(self.file, "ab", buffering=0) as file:
            while not self.over.wait(self.pause):
                file.write(b'{"sku":"W","name":"w"}\n')

    def __enter__(self) -> None:
        size = self.file.stat().st_size
        self.thread.start()
        while self.file.stat().st_size == size:
            self.over.wait(0.001)

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self.thread.join()


def test_a_file_of_changes_that_somebody_writes_to_with_pauses_is_left_for_the_next_pull(desk: Desk) -> None:
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), -5)
    late = desk.lines("b.jsonl", {"sku": "B", "name": "b"})
    with Writer(late, pause=0.7):
        first = desk.pull("*.jsonl", "changed", snapshot="partial")
    then = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert (desk.products(first, "sku"), desk.products(then, "sku")) == (["A"], ["B", "W"])


@pytest.mark.parametrize("off", [timedelta(minutes=10), timedelta(days=500), timedelta(minutes=-10), timedelta(0)])
def test_a_file_is_read_though_the_clocks_of_its_server_and_of_the_worker_differ(desk: Desk, off: timedelta) -> None:
    for number, name in enumerate("ab"):
        at = (desk.clock() + off).timestamp() + number
        os.utime(desk.lines(f"{name}.jsonl", {"sku": name, "name": name}), (at, at))
    assert desk.products(desk.pull("*.jsonl", "changed", snapshot="partial"), "sku") == ["a", "b"]
    assert desk.products(desk.pull("*.jsonl", snapshot="newest"), "sku") == ["b"]


def test_newest_takes_the_newest_file_that_is_finished_and_a_single_one_as_it_is(desk: Desk) -> None:
    new = desk.lines("new.jsonl", {"sku": "N", "name": "n"})
    assert desk.products(desk.pull("*.jsonl", snapshot="newest"), "sku") == ["N"]
    aged(desk.lines("old.jsonl", {"sku": "O", "name": "o"}), -60)
    with Writer(new, pause=0.7):
        assert desk.products(desk.pull("*.jsonl", snapshot="newest"), "sku") == ["O"]


def test_a_file_that_cannot_be_read_yet_is_no_bad_file(desk: Desk) -> None:
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), -5)
    late = desk.write("b.jsonl", '{"sku":"B"')
    with Writer(late, pause=0.7):
        first = desk.pull("*.jsonl", "changed", snapshot="partial")
        newest = desk.pull("*.jsonl", snapshot="newest")
    assert (desk.products(first, "sku"), balance(first), desk.products(newest, "sku")) == (["A"], (1, 1, 0, 0), ["A"])


def test_only_a_file_that_may_not_have_settled_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(source.time, "sleep", waits.append)
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), -5)
    aged(desk.lines("b.jsonl", {"sku": "B", "name": "b"}), -1)
    first = desk.pull("*.jsonl", "changed", snapshot="partial")
    assert len(waits) == 1
    desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)  # nothing is new
    desk.pull("*.jsonl")
    aged(desk.lines("c.jsonl", {"sku": "C", "name": "c"}), -3)  # it comes late, and is older than another
    desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert len(waits) == 1


@pytest.mark.parametrize("habit", ["complete", "newest"])
def test_a_catalog_that_changes_while_it_is_read_is_worth_another_try(desk: Desk, habit: str) -> None:
    file = desk.lines("a.jsonl", *({"sku": f"{n}", "name": "a"} for n in range(20_000)))
    with Writer(file), pytest.raises(SourceUnavailable, match=r"a\.jsonl changed while it was read"):
        desk.pull("*.jsonl", snapshot=habit)
    assert not list(Path(desk.store.root).rglob("*.parquet"))


def test_a_file_of_changes_that_is_written_to_while_it_is_read_is_left_for_later_and_the_rest_goes_on(
    desk: Desk,
) -> None:
    aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), -5)
    file = desk.lines("b.jsonl", *({"sku": f"{n}", "name": "b"} for n in range(20_000)))
    with Writer(file):
        first = desk.pull("*.jsonl", "changed", snapshot="partial")
    assert desk.products(first, "sku") == ["A"]
    assert [entry[0] for entry in json.loads(first.watermark or "")["files"]] == ["a.jsonl"]
    aged(file, -1)
    then = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert (then.requests, then.valid) == (1, 20_001)


# ── Each file once ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_was_touched_or_copied_anew_with_the_same_content_is_not_read_again(desk: Desk) -> None:
    file = aged(desk.lines("a.jsonl", {"sku": "A", "name": "a"}), -5)
    first = desk.pull("*.jsonl", "changed", snapshot="partial")
    aged(file, -3)
    then = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert (then.requests, then.records) == (0, 0)
    assert json.loads(then.watermark or "")["files"][0][2] != json.loads(first.watermark or "")["files"][0][2]
    same_size = aged(desk.lines("a.jsonl", {"sku": "B", "name": "b"}), -2)
    assert same_size.stat().st_size == json.loads(then.watermark or "")["files"][0][1]
    assert desk.pull("*.jsonl", "changed", snapshot="partial", watermark=then.watermark).requests == 1


def test_a_bad_file_is_not_quarantined_again_until_it_is_written_anew(desk: Desk) -> None:
    desk.write("a.jsonl.gz", gzip.compress(b'{"sku":"A","name":"a"}\n' * 9_000)[:-20])
    first = desk.pull("*.gz", "changed", snapshot="partial")
    then = desk.pull("*.gz", "changed", snapshot="partial", watermark=first.watermark)
    assert (desk.quarantine(first, "place"), balance(then)) == (["a.jsonl.gz"], (0, 0, 0, 0))
    desk.write("a.jsonl.gz", gzip.compress(b'{"sku":"A","name":"a"}\n'))
    assert desk.pull("*.gz", "changed", snapshot="partial", watermark=then.watermark).valid == 1


class Locked(file_listing.Folder):
    """A folder in which one file may not be opened yet."""

    locked = True

    def raw(self, file: File) -> IO[bytes]:
        if file.name == "b.jsonl" and self.locked:
            raise PermissionError(f"Permission denied: {file.name!r}")
        return super().raw(file)


class BehindALock(Files):
    """A files source whose location is locked."""

    def _location(self) -> Location:
        return Locked(self._pattern)


def test_a_file_that_may_not_be_opened_is_quarantined_by_name_and_tried_again(desk: Desk) -> None:
    desk.lines("a.jsonl", {"sku": "A", "name": "a"})
    desk.lines("b.jsonl", {"sku": "B", "name": "b"})
    scope = desk.scope("*.jsonl", snapshot="partial")
    locked = BehindALock("de-DE", scope, FilesSource(kind="files"))
    first = desk.pull("*.jsonl", "changed", snapshot="partial", source=locked)
    assert (desk.products(first, "sku"), desk.quarantine(first, "place")) == (["A"], ["b.jsonl"])
    then = desk.pull("*.jsonl", "changed", snapshot="partial", watermark=first.watermark)
    assert (desk.products(then, "sku"), then.requests) == (["B"], 1)
