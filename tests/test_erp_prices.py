"""What exports of ERPs have beside their prices and groups: how many pieces a price is for, taxes, names of codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shop import Shop
from tests.test_erp_exports import column_of
from tests.test_erp_traps import begins_anew
from tests.test_starter import init

ROWS = (("A", "Schraube", "12,50"), ("B", "Hammer", "19,90"), ("C", "Nagel", "4,00"))


def export(folder: Path, header: str, *cells: str) -> tuple[Shop, str]:
    """What `init` says of an export of three products with prices and what stands beside them, ``cells`` by row."""
    rows = "".join(f"{sku};{name};{price};{more}\n" for (sku, name, price), more in zip(ROWS, cells, strict=True))
    shop, told, _ = init(folder, "p.csv", f"ArtNr;Bezeichnung;{header}\n{rows}")
    return shop, told.out


def uncommented(shop: Shop, words: str) -> Shop:
    """The shop with the only commented line taken that has these words, and an empty store."""
    text = shop.settings.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if words in line]
    shop.settings.write_text(text.replace(line, line.replace("# ", "", 1)), encoding="utf-8")
    return begins_anew(shop)


@pytest.mark.parametrize("unit", ["PrEinh", "PEinh", "PrE", "VKPE", "Faktor", "Menge je Preis", "X7"])
@pytest.mark.parametrize("price", ["VkPreis", "VkPrNto"])
def test_a_price_beside_ones_and_hundreds_is_left_to_a_person(tmp_path: Path, price: str, unit: str) -> None:
    shop, told = export(tmp_path, f"{price};{unit}", "100", "1", "1000")
    assert f"perhaps for as many pieces as {unit} says (100, 1, 1000)" in told
    assert "Decide in" in told and "price" in told.partition("Decide in")[2]
    assert column_of(shop, "price") == [None, None, None]
    shop = uncommented(shop, f"if it is for as many pieces as {unit} says")
    assert column_of(shop, "price") == ["0.12", "19.90", "0.00"]


@pytest.mark.parametrize("unit", ["VPE", "Mindestmenge", "EAN", "Lieferzeit", "Farbnr.", "Gewicht"])
def test_a_pack_a_limit_and_a_number_are_no_unit_of_prices(tmp_path: Path, unit: str) -> None:
    shop, told = export(tmp_path, f"VkPreis;{unit}", "100", "1", "1000")
    assert "as many pieces" not in told
    assert column_of(shop, "price") == ["12.50", "19.90", "4.00"]


@pytest.mark.parametrize("cells", [("1", "1", "1"), ("100", "12", "1"), ("0", "1", "10")])
def test_other_numbers_are_no_unit_of_prices(tmp_path: Path, cells: tuple[str, str, str]) -> None:
    shop, told = export(tmp_path, "VkPreis;Faktor", *cells)
    assert "as many pieces" not in told
    assert column_of(shop, "price") == ["12.50", "19.90", "4.00"]


@pytest.mark.parametrize(
    ("plain", "gross"),
    [("VkPreis", "VkPrBto"), ("Verkaufspreis", "VerkaufspreisBrutto"), ("Preis", "Brutto"), ("Prix", "Montant TTC")],
)
def test_a_price_beside_a_gross_one_may_be_the_net_one(tmp_path: Path, plain: str, gross: str) -> None:
    shop, told = export(tmp_path, f"{plain};{gross}", "14,88", "23,68", "4,76")
    assert f"price: NOT MAPPED: {plain}, {gross} could each be it" in told
    assert column_of(shop, "price") == [None, None, None]
    assert column_of(uncommented(shop, f"if it is {gross}"), "price") == ["14.88", "23.68", "4.76"]


@pytest.mark.parametrize("header", ["VK Brutto;EK Brutto", "Preis brutto;Gewicht brutto", "Preis;Einkaufspreis brutto"])
def test_what_is_paid_or_weighed_is_no_gross_price(tmp_path: Path, header: str) -> None:
    shop, told = export(tmp_path, header, "10,88", "13,68", "2,76")
    assert "could each be it" not in told
    assert column_of(shop, "price") == ["12.50", "19.90", "4.00"]


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        ("HWgNr;UWgNr", "HWgBez;UWgBez"),
        ("HWG-Nr.;UWG-Nr.", "HWG;UWG"),
        ("Hauptartikelgruppe;Artikelgruppe", "BezHauptartikelgruppe;BezArtikelgruppe"),
        ("Hauptwarengruppe;Unterwarengruppe", "Bezeichnung Hauptwarengruppe;Bezeichnung Unterwarengruppe"),
        ("Main category;Sub category", "Main category label;Sub category label"),
        ("Categoria principale;Sottocategoria", "Descrizione categoria principale;Descrizione sottocategoria"),
    ],
)
def test_the_names_of_categories_are_taken_and_not_their_codes(tmp_path: Path, codes: str, names: str) -> None:
    header = f"Preis;{codes};{names}"
    shop, _ = export(tmp_path, header, "01;0110;Eisen;Schrauben", "02;0210;Werkzeug;Hammer", "01;0120;Eisen;Nagel")
    assert column_of(shop, "categories") == [["Eisen", "Schrauben"], ["Hammer", "Werkzeug"], ["Eisen", "Nagel"]]


@pytest.mark.parametrize("header", ["WShopKz", "W-Shop", "WSHOP"])
def test_a_flag_of_the_web_shop_is_the_visibility(tmp_path: Path, header: str) -> None:
    shop, _ = export(tmp_path, f"Preis;{header}", "1", "0", "1")
    assert column_of(shop, "visible_in") == [["catalog", "search"], [], ["catalog", "search"]]


def test_what_is_left_to_decide_is_said_until_it_is_decided(tmp_path: Path) -> None:
    shop, told = export(tmp_path, "VkPreis;PrEinh;LagBest;LagVerf", "100;5;4", "1;0;0", "1000;7;7")
    assert "Decide in" in told and "stock, price. Each has lines to choose from" in told
    left = "not decided: stock, price. The settings have commented lines for each of these"
    assert left in shop.run("check").out
    shop = uncommented(shop, "if it is for as many pieces as PrEinh says")
    assert "not decided: stock. The settings have commented lines for it:" in shop.run("check").out
    assert "not decided" not in uncommented(shop, "if it is LagVerf").run("check").out


def test_prices_of_nothing_are_said(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", "ArtNr;Bezeichnung;Preis\nA;Auf Anfrage;0,00\nB;Hut;3,50\nC;Schal;0,00\n")
    assert "2 records have the price 0: A, C." in shop.run("check").out


def test_the_samples_of_a_price_for_many_are_those_in_which_it_is_for_many(tmp_path: Path) -> None:
    rows = "".join(f"A{n};Ware {n};{n}1,50;1\n" for n in range(1, 40))
    _, told, _ = init(tmp_path, "p.csv", f"Nr.;Beschreibung;VK-Preis;Preiseinheit\n{rows}S;Schraube;12,50;100\n")
    assert "12,50 -> 0.125" in told.out and "12,50 -> 12.50" in told.out


@pytest.mark.parametrize("path", [r"P:\Bilder\{}.jpg", "https://x.example/{}.png", "{} von der Seite.JPG"])
def test_a_file_is_no_name_and_a_short_description_is_before_a_long_one(tmp_path: Path, path: str) -> None:
    text = "Ein langer Text für den Shop, in dem mehr steht als im Namen: Bohrer"
    rows = "".join(f"A{n};Bohrer {n}xy;{text} {n};{path.format(f'bild ab{n}')}\n" for n in range(9))
    shop, _, mapped = init(tmp_path, "p.csv", f"Nr.;Beschreibung;Langtext;Bild 1\n{rows}")
    assert mapped["name"] == "Beschreibung"
    assert column_of(shop, "name")[0] == "Bohrer 0xy"
    assert column_of(shop, "description")[0] == f"{text} 0"


def test_a_line_of_the_name_is_no_description_while_another_text_is(tmp_path: Path) -> None:
    rows = "".join(f"A{n};Bohrer {n}xy;BOHRER {n} abc;Ein langer Text {n}\n" for n in range(9))
    _, told, mapped = init(tmp_path, "p.csv", f"Nr.;Beschreibung;Foo;Langtext\n{rows}")
    assert "name: NOT MAPPED" in told.out
    assert mapped["description"] == "Langtext"


def test_a_second_field_of_groups_is_a_line_to_take(tmp_path: Path) -> None:
    header = "VK-Preis;Artikelkategorie;Produktgruppe"
    shop, told = export(tmp_path, header, "Werkzeug;Bohrer", "Werkzeug;Hammer", "Eisen;Nagel")
    assert "or [Artikelkategorie, Produktgruppe]: if all of these are its categories" in told
    text = shop.settings.read_text(encoding="utf-8")
    (taken,) = [line for line in text.splitlines() if line.startswith("      categories:")]
    shop.settings.write_text(text.replace(f"{taken}\n", ""), encoding="utf-8")
    shop = uncommented(shop, "if all of these are its categories")
    assert column_of(shop, "categories")[0] == ["Bohrer", "Werkzeug"]
