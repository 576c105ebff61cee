"""CSV files with titles above their header, or Excel's `sep=;`: they cost no record, and lines stay the file's."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as some

from datasync.errors import InvalidSettings, MissingField, UnreadableFile
from datasync.sources.files import csv_title
from tests.pulling import Desk, balance
from tests.shop import Shop
from tests.sources.test_csv_damage import HABITS, HARMS, NAMES, ROWS, Habit, Harm, read, tried

TITLES = {
    "of one cell": ["Artikelstamm Größe"],
    "padded": ["Artikelstamm;Mandant 01;;;;"],
    "of two lines": ["Artikelstamm Export", "Stand: 01.12.2026; 06:00"],
    "with an empty line": ["Artikelstamm", "", "Mandant 01;x"],
    "with quotes": ['"Artikel ""neu""; alle";x', 'Maß 24"', '"'],
    "over a line break": ['"Artikelstamm', 'Export";;'],
}
ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
# The fourth line of the table and those behind it are no products: of two cells, malformed, empty, without a name.
TABLE = ["sku;name;note", "01;Müller;a", "02;Maß;", "03;x", "", '04;"y"z;w', "05;;b", '06;"Über', 'zwei";c', "07;Ende;"]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def written(desk: Desk, lines: list[str], end: str = "\n", encoding: str = "utf-8", name: str = "x.csv") -> str:
    content = (end.join(lines) + end).encode(encoding)
    desk.write(name, gzip.compress(content) if name.endswith(".gz") else content)
    return name


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("title", TITLES)
def test_what_stands_above_the_header_line_is_no_record(
    desk: Desk, title: str, end: str, encoding: str, name: str
) -> None:
    above = len(TITLES[title])
    keys = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    written(desk, TITLES[title] + TABLE, ENDS[end], encoding, name)
    snapshot = desk.pull(name, header_line=above + 1, attributes=["note"], **keys)
    assert (balance(snapshot), snapshot.unreadable, snapshot.notes) == ((7, 4, 3, 0), 2, ())
    broken = f"Über{ENDS[end]}zwei".replace("\r\n", "\n").replace("\r", "\n")
    names = [
        (sku, text.replace("\r\n", "\n").replace("\r", "\n")) for sku, text in desk.products(snapshot, "sku", "name")
    ]
    assert names == [("01", "Müller"), ("02", "Maß"), ("06", broken), ("07", "Ende")]
    lines = {sentence: line for line, sentence in desk.quarantine(snapshot, "line", "sentence") if line}
    assert lines == {
        f"Line {above + 4} of {name}: it has another number of cells than the header.": above + 4,
        f"Line {above + 6} of {name}: a quote is not closed, or text stands behind a closing one.": above + 6,
    }


TEXTS = some.text(some.sampled_from('aé ,;"\t\\'), max_size=8)


@tried
@given(
    some.lists(some.tuples(TEXTS, some.sampled_from(["\n", "\r\n", "\r"])), min_size=1, max_size=4),
    ROWS,
    HABITS,
    some.lists(HARMS, max_size=2),
    some.sampled_from(["x.csv", "x.csv.gz"]),
)
def test_a_file_with_titles_is_read_as_the_same_file_without_them(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    titles: list[tuple[str, str]],
    rows: list[tuple[str, ...]],
    habit: Habit,
    harms: list[Harm],
    name: str,
) -> None:
    header = b"\xef\xbb\xbf" * habit.has_mark + habit.line(NAMES, 0)
    content = habit.file(rows)[len(header) :]
    for harm in harms:
        content = harm.done(content)
    above = "".join(text + end for text, end in titles).encode()
    lines = len(above.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")) - 1  # a CR and an LF may have met
    bare = read(con, tmp_path / name, header + content, delimiter=habit.delimiter)
    whole = read(con, tmp_path / name, above + header + content, delimiter=habit.delimiter, header_line=lines + 1)
    assert (whole.rows, whole.counted) == (bare.rows, bare.counted)
    assert whole.rejected == [line + lines for line in bare.rejected]
    assert whole.cut_out == [line + lines for line in bare.cut_out]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("end", ENDS)
def test_a_line_end_may_stand_anywhere_in_what_is_read_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, end: str, block: int
) -> None:
    monkeypatch.setattr(csv_title, "_BLOCK", block)
    name = written(desk, ["Titel", "", "Ein Titel; der lang ist", *TABLE], ENDS[end])
    snapshot = desk.pull(name, header_line=4)
    assert (balance(snapshot), desk.products(snapshot, "sku")) == ((7, 4, 3, 0), ["01", "02", "06", "07"])


def test_a_header_may_stand_below_a_title_of_megabytes(desk: Desk) -> None:
    name = written(desk, ["x" * 3_000_000, *TABLE])
    assert balance(desk.pull(name, header_line=2)) == (7, 4, 3, 0)


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|", "^", "§"])
@pytest.mark.parametrize("sep", ["sep=", "SEP=", '"sep='])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_excels_first_line_names_the_delimiter_and_is_no_record(
    desk: Desk, delimiter: str, sep: str, end: str, encoding: str
) -> None:
    line = sep + delimiter + '"' * sep.startswith('"')
    table = [row.replace(";", delimiter) for row in TABLE]
    name = written(desk, [line, *table], ENDS[end], encoding)
    keys = {"encoding": encoding} if encoding == "utf-16" else {}
    snapshot = desk.pull(name, **keys)
    assert (balance(snapshot), desk.products(snapshot, "sku")) == ((7, 4, 3, 0), ["01", "02", "06", "07"])
    assert sorted(filter(None, desk.quarantine(snapshot, "line"))) == [5, 7]
    assert balance(desk.pull(name, header_line=2, **keys)) == (7, 4, 3, 0)


def test_a_title_may_stand_below_excels_line(desk: Desk) -> None:
    table = [row.replace(";", "^") for row in TABLE]
    name = written(desk, ["sep=^", "Titel, mit; vielen, Zeichen", *table])
    assert balance(desk.pull(name, header_line=3)) == (7, 4, 3, 0)


def test_a_delimiter_of_the_settings_beats_excels_line_and_that_beats_a_name(desk: Desk) -> None:
    name = written(desk, ["sep=,", *TABLE])
    assert balance(desk.pull(name, delimiter=";")) == (7, 4, 3, 0)
    tabs = written(desk, ["sep=;", *TABLE], name="x.tsv")
    assert balance(desk.pull(tabs)) == (7, 4, 3, 0)


@pytest.mark.parametrize("field", ["sep", "sep=", "a sep=", "sep=x"])
def test_a_header_that_only_looks_like_excels_line_is_the_header(desk: Desk, field: str) -> None:
    desk.write("x.csv", f"{field};name\nA;a\n")
    assert desk.products(desk.pull("x.csv", map={"sku": f'"{field}"'}), "sku", "name") == [("A", "a")]


@pytest.mark.parametrize(
    ("lines", "header_line", "why"),
    [
        (["a;b", "1;2"], 3, "it has nothing from line 3 on, where its header is looked for"),
        (["a;b", "1;2"], 2_000, "it has nothing from line 2,000 on"),
        (["sep=;"], 1, "it has nothing from line 2 on"),
        (["", ""], 2, "it is empty"),
        (["Titel", "", '"b"c;a', "1;2"], 2, "line 3, the header: a quote is not closed"),
        (["Titel", "", "", "a;b\udcff", "1;2"], 2, "line 4, the header, is not UTF-8"),
    ],
)
def test_a_file_without_a_header_there_is_refused_by_its_line(
    desk: Desk, lines: list[str], header_line: int, why: str
) -> None:
    desk.write("x.csv", ("\n".join(lines) + "\n").encode(errors="surrogateescape"))
    with pytest.raises(UnreadableFile, match=why):
        desk.pull("x.csv", header_line=header_line)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("x.jsonl", "means nothing for jsonl files, which have no header line"),
        ("x.parquet", "means nothing for parquet files, which have no header line"),
    ],
)
def test_files_of_other_formats_have_no_header_line(desk: Desk, name: str, why: str) -> None:
    desk.write(name, "x")
    with pytest.raises(InvalidSettings, match=rf"scopes\.de-DE\.header_line: {why}\. Take the line out"):
        desk.pull(name, header_line=2)


def test_a_partial_scope_without_files_has_no_format_to_blame(desk: Desk) -> None:
    file = desk.files / written(desk, ["Titel", *TABLE])
    mark = desk.pull("*.csv", "changed", snapshot="partial", header_line=2).watermark
    file.unlink()
    later = desk.pull("*.csv", "changed", snapshot="partial", header_line=2, watermark=mark)
    assert balance(later) == (0, 0, 0, 0)


# ── A title that nobody told of ──────────────────────────────────────────────────────────────────────────────────────

HINT = "Line 1 of x.csv has 2 cells and the records below have 3: if line 1 is a title, say header_line: {0}."


TITLES_ABOVE = [["Artikelstamm;Mandant"], ["Artikelstamm;Mandant", "x", "y"]]


@pytest.mark.parametrize("titles", TITLES_ABOVE)
def test_a_catalog_whose_title_was_taken_for_its_header_is_refused_and_says_so(desk: Desk, titles: list[str]) -> None:
    name = written(desk, [*titles, "sku;name;price", "01;a;1", "02;b;2"])
    hint = HINT.format(len(titles) + 1)
    with pytest.raises(UnreadableFile, match=f"no record in it can be read. {hint} Nothing was changed."):
        desk.pull(name, map={"sku": "Artikelstamm", "name": "Mandant"})


@pytest.mark.parametrize("titles", TITLES_ABOVE)
def test_a_pull_of_changes_in_which_a_title_was_taken_for_the_header_notes_it(desk: Desk, titles: list[str]) -> None:
    name = written(desk, [*titles, "sku;name;price", "01;a;1", "02;b;2"])
    snapshot = desk.pull(name, "changed", snapshot="partial", map={"sku": "Artikelstamm", "name": "Mandant"})
    assert (snapshot.valid, snapshot.notes) == (0, (HINT.format(len(titles) + 1),))


@pytest.mark.parametrize(
    "lines",
    [
        ["sku;name", "01;a", "02;b;c", "03;d"],  # one row of another number of cells
        ["sku;name", "01;a;b"],  # one record says nothing of the header
        ["sku;name", '01;"a"b', '02;"b"c', '03;"c"d'],  # malformed, and of the header's number of cells
        ["sku;name", "01;a;b", "02;a;b;c", "03;a;b;c;d", "04"],  # no number of cells is that of most
    ],
)
def test_a_pull_of_other_damage_says_nothing_of_a_title(desk: Desk, lines: list[str]) -> None:
    assert desk.pull(written(desk, lines), "changed", snapshot="partial").notes == ()


def test_a_field_that_is_missing_because_of_a_title_is_told_so(desk: Desk) -> None:
    name = written(desk, ["Artikelstamm;Mandant", "sku;name;price", "01;a;1", "Anzahl:;1;"])
    with pytest.raises(MissingField, match="Fields of this source: Artikelstamm, Mandant") as raised:
        desk.pull(name)
    assert HINT.format(2) in str(raised.value)


SETTINGS = """
sources: {exports: {kind: files}}
scopes:
  en-US: {source: exports, path: x.csv, map: {sku: A, name: B}}
services: {search: {}}
"""


def shop_with_a_title(folder: Path, *last: str) -> Shop:
    """A shop of three products that were synced, and whose file has a title and another column since then."""
    shop, file = Shop(folder, SETTINGS), folder / "x.csv"
    file.write_text("A;B\n1;a\n2;b\n3;c\n", encoding="utf-8")
    assert shop.run("sync").code == 0
    rows = [f"{number};a;x" for number in range(1, 31)]
    file.write_text("\n".join(["A;B", "A;B;C", *rows, *last]) + "\n", encoding="utf-8")
    return shop


def products(shop: Shop) -> int:
    """How many products the catalog has."""
    (scope,) = shop.json("status")["scopes"]
    return int(scope["products"])


def test_an_export_that_grew_a_title_changes_nothing_and_says_why(tmp_path: Path) -> None:
    shop = shop_with_a_title(tmp_path)
    sync = shop.run("sync")
    assert (sync.code, HINT.format(2) in sync.err) == (4, True)
    assert products(shop) == 3
    checked = shop.run("check")
    assert (checked.code, checked.lines[-1]) == (2, "Problems: 1. Mend them before the next run.")
    assert sum(HINT.format(2) in line for line in checked.lines) == 1


def test_an_export_of_which_only_the_total_line_can_be_read_removes_nothing_and_says_why(tmp_path: Path) -> None:
    shop = shop_with_a_title(tmp_path, "Anzahl:;30;")
    sync = shop.run("sync")
    assert (sync.code, HINT.format(2) in sync.err) == (0, True)
    assert "Nothing was removed, because 31 records cannot be read and may be any product." in sync.err
    assert products(shop) == 4
    checked = shop.run("check")
    assert (checked.code, checked.lines[-1]) == (2, "Problems: 2. Mend them before the next run.")
    assert f"problem  scopes.en-US.header_line: {HINT.format(2)}" in checked.lines
    assert sum(HINT.format(2) in line for line in checked.lines) == 1
    shop.settings.write_text(SETTINGS.replace("path: x.csv", "path: x.csv, header_line: 2"), encoding="utf-8")
    assert shop.run("sync").code == 0
    assert products(shop) == 31


def test_another_header_line_reads_the_scope_whole_and_the_first_one_is_as_none(tmp_path: Path) -> None:
    written_keys = ["", ", header_line: 1", ", header_line: 2", ", header_line: 3"]
    shops = [SETTINGS.replace("path: x.csv", f"path: x.csv{keys}") for keys in written_keys]
    prints = [Shop(tmp_path, text).pipeline().settings.fingerprint("en-US") for text in shops]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3
