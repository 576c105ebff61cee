"""``init`` on exports with titles above their header, and on files that only look as if they had some."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import yaml

from tests.shop import Shop
from tests.test_starter import catalog, init, passes

ROWS = [
    "Art.-Nr.;Bezeichnung;Preis;Bestand;Warengruppe;Farbe",
    "0010;Stift;1,50;4;Büro;rot",
    '0020;"Tinte; schwarz";2,50;5;Büro;',
    '0030;"Papier',
    'A4";3,50;6;Büro;weiß',
]
TITLES = {
    "one cell": ["Artikelstamm Export"],
    "two cells": ["Artikelstamm Export;Mandant 01;;"],
    "as wide as the header": ["Artikelstamm Export;Mandant 01;;;;"],
    "more than half of the columns": ["Export;Mandant 01;Stand;01.12.2026"],
    "commas": ["Artikelstamm, Stand 2026, alle, auch gesperrte"],
    "two lines": ["Artikelstamm Export;;;;;", "Stand: 01.12.2026;06:00"],
    "an empty line": ["Artikelstamm Export", "", "Mandant 01"],
    "quotes": ['"Artikel ""neu""; alle";x'],
    "a line break": ['"Artikelstamm', 'Export";;'],
    "Excel's line": ["sep=;", "Artikelstamm"],
    "empty cells": [";;;;;", "Artikelstamm;;"],
}


def header_line(shop: Shop) -> int | None:
    """The line that the settings name, if they do."""
    (scope,) = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"].values()
    line: int | None = scope.get("header_line")
    return line


HOWS = ["utf-8", "windows-1252", "utf-16", "utf-8-sig", "gz", "txt"]
ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
WRITTEN = [(title, "lf", "utf-8") for title in TITLES]
WRITTEN += [(title, end, how) for title, end in (("two lines", "crlf"), ("two cells", "cr")) for how in HOWS]


@pytest.mark.parametrize(("title", "end", "how"), WRITTEN)
def test_the_header_below_a_title_is_recognised(tmp_path: Path, title: str, end: str, how: str) -> None:
    content = "".join(line + ENDS[end] for line in TITLES[title] + ROWS).encode(
        "utf-8" if how in ("gz", "txt") else how
    )
    name = {"gz": "p.csv.gz", "txt": "p.txt"}.get(how, "p.csv")
    shop, output, mapped = init(tmp_path, name, gzip.compress(content) if how == "gz" else content)
    line = len(TITLES[title]) + 1
    assert header_line(shop) == line
    assert (
        sum(text.startswith(f"  header_line: {line} (what stands above is no record: ") for text in output.lines) == 1
    )
    assert {column: mapped[column] for column in ("sku", "name", "price")} == {
        "sku": '"Art.-Nr."',
        "name": "Bezeichnung",
        "price": "number_of(Preis, ',')",
    }
    assert passes(shop) == ["ok       scopes.default: 3 records: 3 valid, 0 in quarantine."]


def test_what_stands_above_is_shown_and_the_products_are_those_below(tmp_path: Path) -> None:
    shop, output, _ = init(tmp_path, "p.csv", "\n".join(["Export: A;\tB", "Stand 2026 # 12", *ROWS]) + "\n")
    sentence = "what stands above is no record: Export: A, B, Stand 2026 # 12"
    assert f"  header_line: 3 ({sentence})" in output.lines
    assert f"    header_line: 3 # {sentence}\n" in shop.settings.read_text(encoding="utf-8")
    products = catalog(shop)
    assert {sku: (row["name"], row["price"]) for sku, row in products.items()} == {
        "0010": ("Stift", "1.50"),
        "0020": ("Tinte; schwarz", "2.50"),
        "0030": ("Papier\nA4", "3.50"),
    }


def test_a_title_may_stand_within_the_first_lines_alone(tmp_path: Path) -> None:
    for lines, line in ((19, 20), (20, None)):
        shop = Shop(tmp_path, "")
        content = "\n".join(["Titel", *[""] * (lines - 1), *ROWS]) + "\n"
        (tmp_path / "p.csv").write_text(content, encoding="utf-8")
        output = shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings), "--force")
        assert (header_line(shop) if output.code == 0 else None) == line


def test_a_title_over_names_that_nobody_knows_is_told_by_the_numbers_below(tmp_path: Path) -> None:
    lines = ["Xyz;;", "foo;bar;baz", *(f"{number};Ding {number}a;{number},50" for number in range(9)), "Zahl:;9;"]
    shop = Shop(tmp_path, "")
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings), "--force").code == 0
    assert header_line(shop) == 2


@pytest.mark.parametrize(
    "lines",
    [
        ["sku;name;price"],
        ["sku;name;price", "A;Hut;1,50"],
        ["sku;name;price", "A;Hut;1,50;", "B;Rock;2,50;"],  # more delimiters than the header has
        ["sku;name;price;", "A;Hut;x", "B;Rock;y"],
        ["sku;name;price", "A;Hut;x", "B;Rock", "C;Hemd;y;z", "D;Schuh;z"],
        ["sku;name;;;", "A;Hut;rot;groß;neu", "B;Rock;blau;klein;alt"],  # columns without a name
        ["sku;name;type", "article;title;product", "item;label;type"],  # values that are called like fields
        ["sku,name", "A,Hut", '"B","Rock, blau"', "C,Schuh"],
        ["sku", "A", "B"],
        ["name;sku", "Hut, rot;1", "Rock, blau;2"],
        ["sku;name;note", "A;Hut;x", "sku;name;note", "B;Rock;x"],
        ['"sku";"na', 'me";price', "A;Hut;1", "B;Rock;2"],
        ["", "", "sku;name;price", "A;Hut;1", "B;Rock;2"],
        ["sep=;", "sku;name;price", "A;Hut;1", "B;Rock;2"],
        ["sep=^", "sku^name^price", "A^Hut, rot;x^1", "B^Rock, blau;x^2"],
    ],
)
def test_a_usual_file_has_no_title(tmp_path: Path, lines: list[str]) -> None:
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    (tmp_path / "p.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    output = shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings))
    assert "header_line" not in output.out
    assert not shop.settings.exists() or header_line(shop) is None


def test_other_formats_have_no_title(tmp_path: Path) -> None:
    lines = '{"sku": "A", "name": "x"}\n{"sku": "B", "name": "x", "price": 1, "note": "y"}\n'
    for name in ("p.jsonl", "p.json", "p.ndjson.gz"):
        shop, output, _ = init(tmp_path, name, gzip.compress(lines.encode()) if name.endswith(".gz") else lines)
        assert (header_line(shop), "header_line" in output.out) == (None, False)
        shop.settings.unlink()
