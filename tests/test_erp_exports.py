"""What exports of ERPs have in them: numbered images, total lines, commas in names, marks, words for prices, times."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.shop import Shop
from tests.test_starter import catalog, init

A, B = "https://x.example/a.jpg", "https://x.example/b.jpg"


def column_of(shop: Shop, column: str) -> list[Any]:
    """A column of the products in the catalog, by their SKUs."""
    return [row[column] for _, row in sorted(catalog(shop).items())]


def images(shop: Shop) -> list[list[str]]:
    return [[image["url"] for image in row or []] for row in column_of(shop, "images")]


@pytest.mark.parametrize(
    ("header", "rows", "urls"),
    [
        ("Bild 1", [A, ""], [[A], []]),
        ("Bild1", [A, B], [[A], [B]]),
        ("Bild 1;Bild 2;Bild 3", [f"{A};;", ";;"], [[A], []]),
        ("Bild 2;Bild 10;Bild 1", [f"{B};https://x.example/c.jpg;{A}", ";;"], [[A, B, "https://x.example/c.jpg"], []]),
        ("Image 1;Image 2", [f"{A};{B}", f";{B}"], [[A, B], [B]]),
        ("image_1_url;image_2_url", [f"{A};{B}", ";"], [[A, B], []]),
        ("Zdjęcie 1;Zdjęcie 2", [f"{A};{B}", ";"], [[A, B], []]),
        ("Imagem 1", [A, B], [[A], [B]]),
        ("Foto 1;Foto 2", [f"{A};{B}", ";"], [[A, B], []]),
        ("Afbeelding 1", [A, ""], [[A], []]),
        ("Immagine 1", [A, ""], [[A], []]),
        ("Bild;Bild 2", [f"{A};{B}", f"{A};"], [[A, B], [A]]),
        ("Bild 1", ["links", "rechts"], [[], []]),
    ],
)
def test_numbered_columns_of_images_are_the_images_in_order(
    tmp_path: Path, header: str, rows: list[str], urls: list[list[str]]
) -> None:
    lines = [f"{sku};Ware {sku};{cells}\n" for sku, cells in zip("AB", rows, strict=True)]
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n" + "".join(lines))
    assert images(shop) == urls


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Bildpfad",
            "Bild-Datei",
            "Bilddatei",
            "Abbildung",
            "Foto",
            "Artikelfoto",
            "Image path",
            "image_file",
            "Photo URL",
        ),
        *(
            "Chemin de l'image",
            "Photo produit",
            "Ruta imagen",
            "Archivo de imagen",
            "Percorso immagine",
            "File immagine",
        ),
        *(
            "Afbeeldingspad",
            "Afbeelding bestand",
            "Caminho da imagem",
            "Ficheiro imagem",
            "Ścieżka zdjęcia",
            "Plik zdjęcia",
        ),
    ],
)
def test_names_of_files_are_the_images_and_the_line_with_an_address_stands_beside(tmp_path: Path, header: str) -> None:
    rows = "A;Stift;a.jpg\nB;Tinte;\nC;Hut;c.png\n"
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    note = f"({header} holds names of files and no addresses; the other line puts an address before them"
    assert any(line.startswith("  images: ") and note in line for line in told.lines)
    assert images(shop) == [["a.jpg"], [], ["c.png"]]
    _take_the_other_line(shop)
    media = "https://shop.example/media"
    assert images(shop) == [[f"{media}/a.jpg"], [], [f"{media}/c.png"]]


@pytest.mark.parametrize(
    ("header", "rows", "urls"),
    [
        ("Produktbild;Zusatzbild", [f"{A};{B}|{A}2", f"{A};", ";"], [[A, B, f"{A}2"], [A], []]),
        ("Produktbild;Weitere Bilder", [f"{A};{B},{A}2", f"{A};{B}", f"{A};"], [[A, B, f"{A}2"], [A, B], [A]]),
        ("Image;Additional images", [f"{A};{B}", f"{A};", ";"], [[A, B], [A], []]),
    ],
)
def test_further_images_stand_behind_the_first(
    tmp_path: Path, header: str, rows: list[str], urls: list[list[str]]
) -> None:
    lines = "".join(f"{sku};Ware {sku};{cells}\n" for sku, cells in zip("ABC", rows, strict=True))
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{lines}")
    assert images(shop) == urls


@pytest.mark.parametrize("header", ["Bild 1;Bild 2", "Produktbild"])
def test_several_names_of_files_are_a_list_with_the_address_before_each(tmp_path: Path, header: str) -> None:
    row = "a.jpg;b.jpg" if ";" in header else '"a.jpg|b.jpg"'
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;{row}\n")
    assert images(shop) == [["a.jpg", "b.jpg"]]
    _take_the_other_line(shop)
    assert images(shop) == [["https://shop.example/media/a.jpg", "https://shop.example/media/b.jpg"]]


def _take_the_other_line(shop: Shop) -> None:
    """The commented line of the images in the place of the one that is mapped; the store begins anew."""
    written = shop.settings.read_text(encoding="utf-8")
    other = re.sub(r"(?m)^      images: .*\n", "", written).replace("# images: ", "images: ")
    shop.settings.write_text(other, encoding="utf-8")
    shutil.rmtree(shop.folder / "var")


@pytest.mark.parametrize("header", ["Bild", "Foto", "Image", "Photo", "Zdjęcie"])
def test_whether_there_is_an_image_is_no_image(tmp_path: Path, header: str) -> None:
    _, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;ja\nB;Tinte;nein\n")
    assert "images" not in mapped and "images: NOT MAPPED" in told.out


TOTAL = "Nr;Bezeichnung;Preis;Bestand;Gruppe\nA;Stift;1,50;4;x\nB;Tinte;2,50;5;x\nC;Papier;3,50;6;y\n"


@pytest.mark.parametrize(
    ("word", "is_total"),
    [
        ("Summe", True),
        ("SUMME:", True),
        ("Total", True),
        ("gesamt", True),
        ("Razem", True),
        ("Suma", True),
        ("Totale", True),
        ("Totaal", True),
        ("Subtotal", True),
        ("Soma", True),
        ("D", False),
        ("Totally", False),
    ],
)
def test_a_last_row_that_looks_like_a_total_is_told_of_and_left_out(tmp_path: Path, word: str, is_total: bool) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"{TOTAL}{word};;7,50;;\n")
    sentence = f"the last row looks like a total line: Nr is {word!r}"
    assert (sentence in told.out) == is_total
    where = f"\n    where: \"coalesce(trim(Nr), '') <> '{word}' or coalesce(trim(Bezeichnung), '') <> ''\""
    assert (where in shop.settings.read_text(encoding="utf-8")) == is_total
    checked = shop.run("check").out
    assert sentence not in checked
    assert ("3 valid, 1 filtered, 0 in quarantine" in checked) == is_total
    assert "7,50 -> " not in told.out or not is_total


@pytest.mark.parametrize(
    ("cells", "is_total"),
    [
        ("Anzahl Artikel:;640", True),
        ("Anzahl Artikel;640", True),
        ("Anzahl:;1.640 Stück", True),
        ("Datensätze:;3", True),
        ("Datensätze;3", True),
        ("Anzahl Datensätze: 3;", True),
        ("640 Artikel;", True),
        ("1.640 Artikel insgesamt;", True),
        ("3 Datensätze exportiert;", True),
        ("Summe: 12,50 €;", True),
        ("Number of items;3", True),
        ("No. of records:;3", True),
        ("Total records: 3;", True),
        ("Total number of products;3", True),
        ("Records;3", True),
        ("Nombre d'articles;3", True),
        ("3 produits;", True),
        ("Nombre total de lignes : 3;", True),
        ("Número de artículos:;3", True),
        ("Total de registros;3", True),
        ("Totale articoli;3", True),
        ("Numero di righe: 3;", True),
        ("Aantal artikelen;3", True),
        ("Totaal aantal regels: 3;", True),
        ("Número de artigos;3", True),
        ("Quantidade de produtos: 3;", True),
        ("Liczba artykułów;3", True),
        ("Ilość pozycji: 3;", True),
        ("Artikel 12;Stift", False),
        ("Artikel;Stift", False),
        ("Anzahl;Stift", False),
        ("Number 5;Stift", False),
        ("Total 3000;Motoröl", False),
        ("640 Stifte;", False),
        ("Anzahl Stifte;640", False),
    ],
)
def test_a_last_row_that_says_how_many_records_there_are_is_no_product(
    tmp_path: Path, cells: str, is_total: bool
) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"{TOTAL}{cells};;;\n")
    sentence = f"the last row looks like a total line: Nr is {cells.partition(';')[0]!r}"
    assert (sentence in told.out) == is_total
    if is_total:
        assert "It is left out by where:" in told.out
        grown = re.sub(r"\d[\d.]*", "12.345", cells)
        (tmp_path / "p.csv").write_text(f"{TOTAL}{grown};;;\n", encoding="utf-8")
        checked = shop.run("check").out
        assert "total line" not in checked and "3 valid, 1 filtered, 0 in quarantine" in checked


def test_a_word_that_stands_in_every_row_is_no_count(tmp_path: Path) -> None:
    rows = "".join(f"Artikel;{sku};Ware {sku};1,50\n" for sku in range(1, 5))
    shop, told, _ = init(tmp_path, "p.csv", f"Typ;Artikelnummer;Name;Preis\n{rows}Artikel;5;;\n")
    assert "total line" not in told.out + shop.run("check").out


def test_a_check_names_the_total_line_of_settings_that_take_it(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"{TOTAL}Summe;;7,50;;\n")
    written = shop.settings.read_text(encoding="utf-8").splitlines()
    kept = "\n".join(line for line in written if "where:" not in line)
    shop.settings.write_text(kept, encoding="utf-8")
    fix = "Leave it out with where: \"coalesce(trim(Nr), '') <> 'Summe' or coalesce(trim(Bezeichnung), '') <> ''\""
    line = f"note     scopes.default: the last row looks like a total line: Nr is 'Summe'. {fix}"
    assert line in shop.run("check").lines


def test_a_product_that_is_called_like_a_total_is_one(tmp_path: Path) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"{TOTAL}Total;Motoröl;9,50;7;y\n")
    assert "total line" not in told.out + shop.run("check").out
    assert column_of(shop, "name") == ["Stift", "Tinte", "Papier", "Motoröl"]


def test_a_row_that_may_be_a_total_or_a_product_is_left_to_a_person(tmp_path: Path) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"{TOTAL}Total;Motoröl;9,50;;y\n")
    assert "looks like a total line" in told.out
    assert "    # where: \"coalesce(trim(Nr), '') <> 'Total' or coalesce" in shop.settings.read_text(encoding="utf-8")
    assert len(catalog(shop)) == 4


@pytest.mark.parametrize(
    ("rows", "skus", "is_left_out"),
    [
        ("A;x;1,00;q\nTotal;Total Gel;2,00;q\nB;y;3,00;q\nTotal;;6,00;\n", ["A", "B", "Total"], True),
        ("Summe;Sonnencreme;2,00;q\nA;x;1,00;q\nB;y;3,00;q\n;Summe;6,00;\n", ["A", "B", "Summe"], True),
        ("A;x;1,00;q\nC;Total;2,00;q\nB;y;3,00;q\n;Total;6,00;\n", ["A", "B", "C"], True),
        ("A;x;1,00;q\nC;Gel;2,00;Total\nB;y;3,00;q\n;;;Total\n", ["A", "B", "C"], True),
        ("A;x;1,00;q\nTotal;Gel;2,00;q\nB;y;3,00;q\nTotal;12;;\n", ["A", "B", "Total"], True),
        ("A;x;1,00;q\nB;y;3,00;q\nTotal;Gel;;\n", ["A", "B", "Total"], False),
        ("A;x;1,00;q\nTotal;;1,00;\nB;y;3,00;q\nC;z;3,00;q\nTotal;;6,00;\n", ["A", "B", "C", "Total"], False),
    ],
)
def test_a_total_line_takes_no_product_with_it(tmp_path: Path, rows: str, skus: list[str], is_left_out: bool) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;price;brand\n{rows}")
    assert ("It is left out by where:" in told.out) == is_left_out
    assert ("\n    where:" in shop.settings.read_text(encoding="utf-8")) == is_left_out
    checked = shop.run("check").out
    assert ("looks like a total line" in checked) == (not is_left_out)
    assert sorted(catalog(shop)) == skus


def test_a_check_adds_what_leaves_a_total_line_out_to_a_condition_as_a_whole(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"{TOTAL}Summe;;7,50;;\n")
    written = shop.settings.read_text(encoding="utf-8")
    shop.settings.write_text(re.sub("    where:.*", "    where: Preis <> '0'", written), encoding="utf-8")
    assert "Add to where: \"(coalesce(trim(Nr), '') <> 'Summe' or coalesce" in shop.run("check").out


@pytest.mark.parametrize(
    ("values", "read", "says"),
    [
        (
            ["Schrauben, Dübel", "Werkzeug", "Schrauben, Dübel", ""],
            [["Schrauben, Dübel"], ["Werkzeug"], ["Schrauben, Dübel"], []],
            "Schrauben, Dübel -> [Schrauben, Dübel]",
        ),
        (["Hüte, Mützen", "Schals, Tücher"], [["Hüte, Mützen"], ["Schals, Tücher"]], "a comma is part of a category"),
        (["Herren, Schuhe", "Schuhe"], [["Herren", "Schuhe"], ["Schuhe"]], "a comma parts two categories"),
        (["Shop/Men,Shop", "Shop"], [["Shop", "Shop/Men"], ["Shop"]], "a comma parts two categories"),
        (
            ["Herren, Schuhe", "Herren, Hosen"],
            [["Herren", "Schuhe"], ["Herren", "Hosen"]],
            "uncomment the other line in datasync.yaml if it is",
        ),
        (["a, b|c", "d"], [["a, b", "c"], ["d"]], ""),
        (["a", "b", "c", "d", "a, b|c"], [["a"], ["b"], ["c"], ["d"], ["a, b", "c"]], ""),
    ],
)
def test_whether_a_comma_parts_categories_is_decided_over_all_values(
    tmp_path: Path, values: list[str], read: list[list[str]], says: str
) -> None:
    rows = "".join(f'{sku};Ware {sku};"{value}"\n' for sku, value in enumerate(values))
    shop, told, _ = init(tmp_path, "p.csv", "sku;name;Warengruppe\n" + rows)
    assert [sorted(groups or []) for groups in column_of(shop, "categories")] == [sorted(groups) for groups in read]
    assert says in told.out and says in shop.settings.read_text(encoding="utf-8")
    if "other line" in says:
        assert "# categories: '[Warengruppe]' # Herren, Schuhe -> [Herren, Schuhe]" in shop.settings.read_text("utf-8")


@pytest.mark.parametrize(
    ("header", "values", "read"),
    [
        ("Aktiv", ["X", "", "X"], ["enabled", "disabled", "enabled"]),
        ("aktiv", ["1", "", "1"], ["enabled", "disabled", "enabled"]),
        ("Actif", ["x", "", ""], ["enabled", "disabled", "disabled"]),
        ("Attivo", ["X", "X", ""], ["enabled", "enabled", "disabled"]),
        ("Activo", ["sí", "", "sí"], ["enabled", "disabled", "enabled"]),
        ("Actief", ["x", "x", ""], ["enabled", "enabled", "disabled"]),
        ("Ativo", ["x", "", ""], ["enabled", "disabled", "disabled"]),
        ("Aktywny", ["X", "", "X"], ["enabled", "disabled", "enabled"]),
        ("active", ["X", " ", "x"], ["enabled", "disabled", "enabled"]),
        ("Gesperrt", ["X", "", ""], ["disabled", "enabled", "enabled"]),
        ("Aktiv", ["ja", "nein", "ja"], ["enabled", "disabled", "enabled"]),
    ],
)
def test_a_mark_in_a_field_that_asks_for_active_is_enabled_and_nothing_is_disabled(
    tmp_path: Path, header: str, values: list[str], read: list[str]
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in enumerate(values))
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    assert column_of(shop, "status") == read


BOTH: list[str] = ["catalog", "search"]


def both_of(shop: Shop) -> list[tuple[Any, Any]]:
    """The status and the visibility of the products in the catalog, by their SKUs."""
    return [(row["status"], row["visible_in"]) for _, row in sorted(catalog(shop).items())]


@pytest.mark.parametrize(
    ("header", "values", "seen"),
    [
        ("Webshop", ["Ja", "Nein", "Ja"], [BOTH, [], BOTH]),
        ("Im Shop", ["X", "", "x"], [BOTH, [], BOTH]),
        ("Shop aktiv", ["j", "n", ""], [BOTH, [], []]),
        ("Sichtbar", ["ja", "", "ja"], [BOTH, [], BOTH]),
        ("Online", ["1", "0", "1"], [BOTH, [], BOTH]),
        ("Published", ["TRUE", "FALSE", "TRUE"], [BOTH, [], BOTH]),
        ("Visible", ["yes", "no", ""], [BOTH, [], []]),
        ("Show in shop", ["Y", "N", "Y"], [BOTH, [], BOTH]),
        ("Visible en ligne", ["oui", "non", "oui"], [BOTH, [], BOTH]),
        ("Visible sur le site", ["oui", "non", "oui"], [BOTH, [], BOTH]),
        ("En la tienda", ["sí", "no", "no"], [BOTH, [], []]),
        ("Visibile online", ["vero", "falso", "vero"], [BOTH, [], BOTH]),
        ("Zichtbaar in webshop", ["ja", "nee", "ja"], [BOTH, [], BOTH]),
        ("Visível na loja", ["sim", "não", "sim"], [BOTH, [], BOTH]),
        ("Widoczny w sklepie", ["tak", "nie", "tak"], [BOTH, [], BOTH]),
        ("Shop", ["Wien", "Graz", "Wien"], [BOTH, BOTH, BOTH]),
    ],
)
def test_a_field_that_says_whether_a_product_is_in_the_shop_is_its_visibility(
    tmp_path: Path, header: str, values: list[str], seen: list[list[str]]
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value};N\n" for sku, value in enumerate(values))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header};Gesperrt\n{rows}")
    assert both_of(shop) == [("enabled", places) for places in seen]
    assert ("visible_in" in mapped) == (f"      {values[0]} -> [catalog, search]" in told.lines) == ([] in seen)
    assert "visible_in: NOT MAPPED" not in told.out


def test_a_field_for_a_status_and_one_for_the_shop_are_both_taken(tmp_path: Path) -> None:
    rows = "A;Stift;ja;nein\nB;Tinte;nein;ja\n"
    shop, _, _ = init(tmp_path, "p.csv", "sku;name;Aktiv;Online\n" + rows)
    assert both_of(shop) == [("enabled", []), ("disabled", BOTH)]


@pytest.mark.parametrize("header", ["Online", "Shop", "Internet", "Webshop", "Shop-Kz.", "WebShop J/N", "eCommerce"])
def test_alone_a_field_that_says_online_is_no_status_but_where_a_product_is_seen(tmp_path: Path, header: str) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;J\nB;Tinte;N\n")
    assert "status" not in mapped
    assert both_of(shop) == [("enabled", BOTH), ("enabled", [])]


SEE = "if it says that a product is in the shop, see the line under map"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["Ja", "Nein"], "Ja and Nein"),
        (["oui", "non"], "oui and non"),
        (["1", "0"], "1 and 0"),
        (["Ja", "Ja"], None),
        (["rot", "blau"], None),
    ],
)
def test_a_yes_or_no_that_is_not_mapped_is_named(tmp_path: Path, values: list[str], words: str | None) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in enumerate(values))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;Topseller\n{rows}")
    named = [line for line in told.lines if line.startswith("  not mapped: ")]
    assert named == ([f"  not mapped: Topseller holds only {words}; {SEE}"] if words else [])
    comment = f"    #   - Topseller # holds only {words}"
    assert (comment in shop.settings.read_text(encoding="utf-8").splitlines()) == bool(words)


def test_a_status_that_is_not_understood_is_named_with_what_to_write(tmp_path: Path) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", "sku;name;Aktiv\nA;Stift;B\nB;Tinte;Q\nC;Papier;B\n")
    line = "status: \"case when Aktiv = 'B' then 'enabled' else 'disabled' end\""
    assert "status" not in mapped and f"# {line}" in shop.settings.read_text(encoding="utf-8")
    checked = shop.run("check").out
    assert "field Aktiv looks like a status and is not mapped, so every product is enabled." in checked
    assert line in checked and "status enabled" not in checked
    written = shop.settings.read_text(encoding="utf-8")
    shop.settings.write_text(written.replace(f"# {line}", line), encoding="utf-8")
    assert column_of(shop, "status") == ["enabled", "disabled", "enabled"]


@pytest.mark.parametrize(
    ("header", "values", "column", "read"),
    [
        (
            "VK",
            ["1.051,50 €", "5,00 €", "12,90 €", "auf Anfrage"],
            "price",
            ["1051.50", "5.00", "12.90", None],
        ),
        ("Price", ["10.50", "n/a", "12.90", "-", "1", "2", "3", "4", "5", "6"], "price", None),
        ("VK", ["auf Anfrage", "5,00 €", "Tagespreis", "12,90 €", "1,10 €"], "price", [None] * 5),
        ("Bestand", ["12 Stk", "0 Stk", "1.250 Stk"], "stock", ["in-stock", "out-of-stock", "in-stock"]),
        ("Bestand", ["12 Stk.", "1.250", "0"], "stock", ["in-stock", "in-stock", "out-of-stock"]),
        ("Ilość", ["1\u00a0250 szt.", "0 szt.", "-3 szt."], "stock", ["in-stock", "out-of-stock", "out-of-stock"]),
        ("Bestand", ["12 Stk", "viele", "0"], "stock", ["unknown"] * 3),
        ("Bestand", ["3-5 Tage", "1-2 Tage", "0"], "stock", ["unknown"] * 3),
    ],
)
def test_a_few_words_among_prices_are_no_price_and_units_of_stock_are_no_matter(
    tmp_path: Path, header: str, values: list[str], column: str, read: list[str | None] | None
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in enumerate(values))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    wanted = ["10.50", None, "12.90", None, *(f"{n}.00" for n in range(1, 7))] if read is None else read
    assert column_of(shop, column) == wanted
    assert "0 in quarantine" in shop.run("check").out
    if column == "price" and any(wanted):
        words = [value for value, price in zip(values, wanted, strict=True) if price is None]
        assert all(word in told.out for word in words) and "taken for none" in told.out


@pytest.mark.parametrize(
    ("header", "values", "samples"),
    [
        ("Lagerbestand", ["12", "0", "-2", "1.250"], ["1.250 -> in-stock", "-2 -> out-of-stock"]),
        ("Stock quantity", ["12", "0", "7", "-2", "1,250"], ["1,250 -> in-stock", "-2 -> out-of-stock"]),
        ("Quantité", ["12", "0", "-12", "1 250"], ["1 250 -> in-stock", "-12 -> out-of-stock"]),
        ("Stan", ["12 szt.", "0 szt.", "-3 szt.", "1 250 szt."], ["1 250 szt. -> in-stock", "-3 szt. -> out-of-stock"]),
        ("Preis", ["12,50", "7,25", "8,99", "-1,00", "1.299,00"], ["1.299,00 -> 1299.00", "-1,00 -> -1.00"]),
        ("Geändert", ["24.11.2026", "01.12.2026", "02.12.2026"], ["24.11.2026 -> 2026-11-24 00:00"]),
    ],
)
def test_what_is_negative_and_what_has_thousands_is_among_the_samples(
    tmp_path: Path, header: str, values: list[str], samples: list[str]
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in enumerate(values))
    _, told, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    shown = [line.strip() for line in told.lines if " -> " in line]
    assert len(shown) == 3 and set(samples) <= set(shown)


@pytest.mark.parametrize(
    ("header", "values", "says"),
    [
        ("VK brutto", ["1.494,73 €", "2,00 €", "Preis folgt", "auf Anfrage"], ["Preis folgt", "auf Anfrage"]),
        ("Price", ["$1,494.73", "call us", "$2.00"], ["call us"]),
        ("Prix", ["12,50 €", "sur demande", "2,00 €"], ["sur demande"]),
        ("Cena", ["12,50 zł", "zapytaj", "2,00 zł"], ["zapytaj"]),
        ("Status", ["enabled", "disabled", "maybe"], ["maybe"]),
    ],
)
def test_of_values_that_are_not_all_understood_those_are_named_that_are_not(
    tmp_path: Path, header: str, values: list[str], says: list[str]
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in enumerate([*values, ""]))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    column = "status" if header == "Status" else "price"
    assert mapped.get(column, "null") == "null"
    note = f"{len(says)} of {len(values)} values of {header} are not understood: {', '.join(says)}"
    assert f"  {column}: NOT MAPPED: {note}" in told.lines
    assert f" {note}" in shop.settings.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("values", "days"),
    [
        (["24.11.26", "24.11.2026", "1.12.2026"], ["2026-11-24", "2026-11-24", "2026-12-01"]),
        (["24.11.26 10:05", "24.11.2026", "01.12.2026 11:00"], ["2026-11-24", "2026-11-24", "2026-12-01"]),
        (["2026-11-24", "25.11.2026", "26.11.2026"], ["2026-11-24", "2026-11-25", "2026-11-26"]),
        (["13/11/26", "24/11/2026", "25/11/2026"], ["2026-11-13", "2026-11-24", "2026-11-25"]),
        (["05/06/26", "07/08/2026", "09/10/2026"], None),
        (["13/04/2026", "04/13/2026", "04/15/2026"], None),
    ],
)
def test_mixed_forms_of_time_are_read_where_each_value_fits_one_of_them(
    tmp_path: Path, values: list[str], days: list[str] | None
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in enumerate(values))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;updated_at\n{rows}")
    read = [time and f"{time:%Y-%m-%d}" for time in column_of(shop, "updated_at")]
    assert read == (days or [None] * len(values))
    assert ("NOT MAPPED" in told.out) == (days is None)


def test_of_several_prices_it_is_said_which_was_taken_and_why(tmp_path: Path) -> None:
    rows = "A;Stift;1,00;1,19\nB;Tinte;10,00;11,90\nC;Hut;1,00;1,19\nD;Schal;auf Anfrage;auf Anfrage\n"
    shop, told, _ = init(tmp_path, "p.csv", "sku;name;VK netto;VK brutto\n" + rows)
    assert column_of(shop, "price") == ["1.19", "11.90", "1.19", None]
    assert "taken before VK netto, because it is not the net price" in told.out


def test_variants_of_shopify_share_a_name_which_is_said_and_can_be_mended(tmp_path: Path) -> None:
    rows = (
        "Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Price,Status\n"
        "pot,Tea pot,Color,Red,Size,L,P-1,5.00,active\npot,,,Blue,,,P-2,5.00,\n"
        "mug,Mug,Title,Default Title,,,M-1,5.00,active\n"
    )
    shop, told, _ = init(tmp_path, "p.csv", rows)
    assert "name: Title (Option1 Value, Option2 Value left out, so variants share a name" in told.out
    assert column_of(shop, "name") == ["Mug", "Tea pot", "Tea pot"]
    (noted,) = [line for line in shop.run("check").lines if "not taken: " in line]
    (listed,) = [line for line in told.lines if "not taken: " in line]
    assert noted.split("not taken: ")[1].split(". ")[0] == listed.split("not taken: ")[1].split(" (")[0]
    lines = shop.settings.read_text(encoding="utf-8").splitlines()
    chosen = [line.replace("# name:", "name:") for line in lines if not line.startswith("      name: ")]
    shop.settings.write_text("\n".join(chosen), encoding="utf-8")
    shutil.rmtree(tmp_path / "var")
    assert column_of(shop, "name") == ["Mug", "Tea pot - Red / L", "Tea pot - Blue"]


def test_the_next_commands_name_the_file_only_where_it_has_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("sku,name\nA,Pen\n", encoding="utf-8")
    shop = Shop(tmp_path)
    assert shop.run("init", "p.csv", "--force").lines[-1] == (
        "Next: datasync check, then datasync sync, then datasync publish"
    )
    assert shop.run("init", "p.csv", "-o", "my.yaml").lines[-1] == (
        "Next: datasync --settings my.yaml check, then datasync --settings my.yaml sync, "
        "then datasync --settings my.yaml publish"
    )
