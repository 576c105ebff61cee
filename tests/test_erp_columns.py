"""What columns of ERPs are called: levels of categories, currencies, what is in the shop; and what is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasync.starter.names import NO_LEVEL, category_level, ranked, spellings
from tests.test_erp_exports import column_of
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
