"""What columns of ERPs are called: levels of categories, currencies, what is in the shop; and what is not known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from datasync.starter.names import NO_LEVEL, category_level, is_shown, ranked, spellings
from tests.test_erp_exports import SEE, both_of, column_of
from tests.test_starter import init


def is_called(header: str, column: str) -> bool:
    return any(spelling in names for names in ranked(column) for spelling in spellings(header, column))


LEVELS = {
    "Hauptwarengruppe | Unterwarengruppe": [1, 2],
    "Haupt-Warengruppe | Unter-Warengruppe": [1, 2],
    "Hauptkategorie | Unterkategorie": [1, 2],
    "Warengruppe 1 | Warengruppe 2 | Warengruppe3": [1, 2, 3],
    "Kategorie Ebene 1 | Kategorie (Ebene 2) | Kategorie-Ebene 3": [1, 2, 3],
    "Warenhauptgruppe | Warenuntergruppe": [1, 2],
    "Main category | Subcategory | Sub-category | Sub category": [1, 2, 2, 2],
    "Category 1 | category_2 | Category level 3": [1, 2, 3],
    "Product category 1 | Parent category | Child category": [1, 1, 2],
    "Catégorie principale | Sous-catégorie | Catégorie niveau 3": [1, 2, 3],
    "Famille | Sous-famille | Rubrique 2": [NO_LEVEL, 2, 2],
    "Categoría principal | Subcategoría | Categoría nivel 2": [1, 2, 2],
    "Familia | Subfamilia": [NO_LEVEL, 2],
    "Categoria principale | Sottocategoria | Categoria livello 2": [1, 2, 2],
    "Hoofdcategorie | Subcategorie | Categorie niveau 2": [1, 2, 2],
    "Hoofdgroep | Subgroep": [1, 2],
    "Categoria principal | Subgrupo | Categoria nível 3": [1, 2, 3],
    "Kategoria główna | Podkategoria | Kategoria poziom 2": [1, 2, 2],
    "Warengruppe | Category | Grupa towarowa | Productgroep": [NO_LEVEL] * 4,
    "Farbe 1 | Bild 2 | Hauptbild | Gruppe 1 2 | Kategorie 1/2 | Untertitel | Subject": [None] * 7,
}


@pytest.mark.parametrize("headers", LEVELS)
def test_names_of_categories_say_their_level(headers: str) -> None:
    assert [category_level(header) for header in headers.split(" | ")] == LEVELS[headers]


@pytest.mark.parametrize(
    ("headers", "rows", "read"),
    [
        ("Unterwarengruppe;Hauptwarengruppe", ["Hand;Werkzeug", ";Schutz"], [["Hand", "Werkzeug"], ["Schutz"]]),
        ("Warengruppe 2;Warengruppe 1;Warengruppe 3", ["b, c;a;", "d;;"], [["a", "b, c"], ["d"]]),
        ("Famille;Sous-famille", ["a;b", "c;"], [["a", "b"], ["c"]]),
        ("Podkategoria", ["a", "b"], [["a"], ["b"]]),
        ("Category 1", ["a", "b"], [["a"], ["b"]]),
        ("Category;Subcategory", ["a|b;c", "d;e"], [["a", "b"], ["d"]]),
        ("Kategorie;Warengruppe", ["a;b", "c;d"], [["a"], ["c"]]),
        ("Warengruppe 1;Warengruppe 2", ["ja;nein", "nein;ja"], [[], []]),
    ],
)
def test_categories_in_levels_are_one_list(
    tmp_path: Path, headers: str, rows: list[str], read: list[list[str]]
) -> None:
    lines = "".join(f"{sku};Ware {sku};{cells}\n" for sku, cells in zip("AB", rows, strict=True))
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{headers}\n{lines}")
    assert [groups or [] for groups in column_of(shop, "categories")] == read


@pytest.mark.parametrize(
    ("headers", "rows", "read"),
    [
        ("WGr.;WGr.-Bez.", ["100;Werkzeug", "200;Schutz"], [["Werkzeug"], ["Schutz"]]),
        ("WGr.;Hauptgrp.;WGr.-Bez.", ["100;A;Sägen", "200;B;Helme"], [["A", "Sägen"], ["B", "Helme"]]),
        (
            "Hauptgruppe;Hauptgruppe Bez.;Warengruppe",
            ["1;Holz;Sägen", "2;Stahl;Äxte"],
            [["Holz", "Sägen"], ["Stahl", "Äxte"]],
        ),
        ("Warengruppe", ["100", "200"], [["100"], ["200"]]),
    ],
)
def test_names_of_categories_are_taken_before_their_codes(
    tmp_path: Path, headers: str, rows: list[str], read: list[list[str]]
) -> None:
    lines = "".join(f"{sku};Ware {sku};{cells}\n" for sku, cells in zip("AB", rows, strict=True))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;{headers}\n{lines}")
    assert column_of(shop, "categories") == read
    note = f"a guess: the values of {headers} are codes, and no field is called like their names"
    assert (note in told.out) == (";" not in headers) == ("100 -> [100]" in told.out)


CURRENCIES = """
Whg | Whg. | WKZ | Währ. | Waehr | WährungsKz | Währungs-Kz. | Währungskennzeichen | Waehrungscode | Preiswährung
Cur | Curr. | CCY | Currency ISO | currency_id | ISO currency | Price currency code
Devise | Code devise | Monnaie | Symbole monnaie | Moneda | Divisa | Código moneda | Moneda del precio
Valuta | Codice valuta | Divisa prezzo | Munt | Valutacode | Muntsoort | Prijsvaluta
Moeda | Código da moeda | Moeda do preço | Waluta | Kod waluty | Waluta ceny | Symbol waluty
"""


def test_currencies_are_known_by_their_names_in_eight_languages() -> None:
    headers = [header for line in CURRENCIES.strip().splitlines() for header in line.split(" | ")]
    assert [header for header in headers if not is_called(header, "currency")] == []


@pytest.mark.parametrize(
    ("values", "read"),
    [(["EUR", "CHF"], ["EUR", "CHF"]), (["eur", "€"], ["EUR", "EUR"]), (["HAM", "BOR"], [None, None])],
)
def test_a_column_of_currencies_is_taken_if_its_values_are_some(
    tmp_path: Path, values: list[str], read: list[str | None]
) -> None:
    rows = "".join(f"{sku};Ware {sku};1,00;{value}\n" for sku, value in zip("AB", values, strict=True))
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;Preis;WKZ\n{rows}")
    assert column_of(shop, "currency") == read


SHOWN = """
Shop-Artikel | Shopartikel | Webartikel | Web-Artikel | Onlineartikel | Online-Produkt | Shop aktiv | Für Webshop
Internetartikel | Im Webshop sichtbar | Freigabe Onlineshop | Aktiv im Onlineshop | Shop-Freigabe
In shop | Web item | Shop product | Online product | Active on website | Sell online | In webshop | Web enabled
Article web | Produit web | Visible sur le site | Vente en ligne | Article boutique | Publié sur le site
Artículo web | Producto online | Visible en la tienda online | Activo en web | Venta online
Articolo web | Prodotto online | Visibile sul sito | Attivo e-commerce | Pubblicato online
Webartikel | Online artikel | Actief in webshop | Tonen op site | Artikel webwinkel
Artigo web | Produto online | Visível na loja online | Ativo no site | Venda online
Artykuł internetowy | Produkt online | Aktywny w sklepie | Widoczny na stronie | Towar internetowy
"""


def test_what_is_in_the_shop_is_known_by_its_name_in_eight_languages() -> None:
    headers = [header for line in SHOWN.strip().splitlines() for header in line.split(" | ")]
    assert [h for h in headers if not (is_called(h, "visible_in") and is_shown(h))] == []


@pytest.mark.parametrize("header", ["Shop-Artikel", "Web item", "Artículo web"])
def test_a_product_of_the_shop_is_shown(tmp_path: Path, header: str) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;ja\nB;Tinte;nein\n")
    assert both_of(shop) == [("enabled", ["catalog", "search"]), ("enabled", [])]


@pytest.mark.parametrize(("column", "line"), [("visible_in", 0), ("status", 1)])
def test_a_yes_or_no_that_says_nothing_is_a_line_to_take(tmp_path: Path, column: str, line: int) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", "sku;name;Kanal 7\nA;Stift;ja\nB;Tinte;nein\n")
    assert not {"visible_in", "status"} & {*mapped}
    assert f"  not mapped: Kanal 7 holds only ja and nein; {SEE}" in told.lines
    written = shop.settings.read_text(encoding="utf-8")
    assert "# if Kanal 7 says where the product is shown" in written
    assert "no column recognised for" in written and " visible_in," not in written.split("no column recognised")[1][:80]
    shop.settings.write_text(re.sub(f"# ({column}: .* # if Kanal 7)", r"\1", written), encoding="utf-8")
    assert both_of(shop)[1] == (("enabled", []), ("disabled", ["catalog", "search"]))[line]


def test_where_the_status_is_mapped_a_yes_or_no_is_only_named(tmp_path: Path) -> None:
    rows = "A;Stift;ja;ja\nB;Tinte;nein;nein\n"
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;Aktiv;Kanal 7\n{rows}")
    assert "  not mapped: Kanal 7 holds only ja and nein" in told.lines
    assert "# visible_in:" not in shop.settings.read_text(encoding="utf-8")


STATUSES = {
    "aktiv Auslauf gesperrt": ("Auslauf", ["enabled", "enabled", "disabled"]),
    "active phasing-out archived": ("phasing-out", ["enabled", "enabled", "disabled"]),
    "actif bientôt inactif": ("bientôt", ["enabled", "enabled", "disabled"]),
    "Activo Pendiente Archivado": ("Pendiente", ["enabled", "enabled", "disabled"]),
    "attivo nuovo disattivato": ("nuovo", ["enabled", "enabled", "disabled"]),
    "aktiv inactive gesperrt": ("", ["enabled", "disabled", "disabled"]),
    "aktywny nowy wyłączony": ("nowy", ["enabled", "enabled", "disabled"]),
    "Q7 Q7 Z3": ("Q7", ["enabled", "enabled", "disabled"]),
}


@pytest.mark.parametrize("values", STATUSES)
def test_a_word_for_a_status_that_is_not_known_is_decided_on_in_words(tmp_path: Path, values: str) -> None:
    word, read = STATUSES[values]
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in zip("ABC", values.split(), strict=True))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;Artikelstatus\n{rows}")
    assert "status" not in mapped
    remark = f"{word}: not known, taken for enabled"
    written = shop.settings.read_text(encoding="utf-8").splitlines()
    line = [line for line in written if "# status: " in line][-1]
    assert (remark in told.out, remark in line) == (bool(word), bool(word))
    assert (remark in shop.run("check").out) == bool(word)
    shop.settings.write_text("\n".join(written).replace(line, line.replace("# status", "status")), encoding="utf-8")
    assert column_of(shop, "status") == read


@pytest.mark.parametrize(
    ("header", "values", "column"),
    [
        ("XY", ["EUR", "CHF"], "currency"),
        ("Warengruppenschlüssel", ["a", "b"], "categories"),
        ("Internal category path", ["a", "b"], "categories"),
    ],
)
def test_what_may_be_a_column_is_not_called_nothing(
    tmp_path: Path, header: str, values: list[str], column: str
) -> None:
    rows = "".join(f"{sku};Ware {sku};{value}\n" for sku, value in zip("AB", values, strict=True))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    note = f"{column}: NOT MAPPED: perhaps {header}: uncomment its line in datasync.yaml if it is the {column}"
    assert column not in mapped and f"  {note}" in told.lines
    (line,) = [
        line for line in shop.settings.read_text(encoding="utf-8").splitlines() if "no column recognised" in line
    ]
    assert column not in line


def test_a_check_counts_the_records_without_a_price(tmp_path: Path) -> None:
    rows = [
        f"{sku};Ware {sku};{price}\n" for sku, price in zip("ABCDEF", ["1,00", "", "", "", "", "2,00"], strict=True)
    ]
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;Preis\n{''.join(rows)}")
    assert "note     scopes.default.map.price: 4 records have none: B, C, D, ..." in shop.run("check").out
    (tmp_path / "p.csv").write_text(f"sku;name;Preis\n{rows[0]}{rows[1]}", encoding="utf-8")
    assert "note     scopes.default.map.price: 1 record has none: B." in shop.run("check").out
    (tmp_path / "p.csv").write_text(f"sku;name;Preis\n{rows[0]}", encoding="utf-8")
    assert "map.price" not in shop.run("check").out
