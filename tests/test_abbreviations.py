"""Headers as ERPs shorten them, two fields for one column, and values that look like a column without its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasync.product import PRODUCT_COLUMNS
from datasync.starter.names import NO_LEVEL, category_level, ranked, short_for, spellings
from tests.test_erp_exports import column_of
from tests.test_locks import uncommented
from tests.test_starter import catalog, init

SHORT = {
    "stock": """
        Lagerbest. | Verf. Best. | Verf. Bestand | Lgr.-Best. | Bestand verf. | Bestand Lager 1 | Bestand ges.
        Vorrat | freier Bestand | akt. Bestand | Bestandsmenge | verfügbare Menge | Verfügbar | Lagerbestand gesamt
        Bestand2
        Qty avail. | Avail. stock | Qté disp. | Stock disp. | Cant. disp. | Giac. disp. | Voorr. | Qtd. disp.
        Stan mag.
        """,
    "updated_at": """
        Letzte Änd. | Letzte Änderung | Änd.-Datum | Änderungsdat. | Aend.-Datum | Änd.-Dat. | ÄndDat
        LetzteÄnderung | letzte_aenderung | zuletzt geändert | letzte Bearbeitung | bearbeitet am | korrigiert am
        Modifiziert | Änd. am
        Last mod. | Upd. date | Date modif. | Dern. modif. | Fecha mod. | Últ. modif. | Data ult. mod. | Laatste wijz.
        Últ. alteração | Data alt. | Ost. zmiana | Data mod.
        """,
    "price": """
        VK-Pr. | VK-Pr. 1 | VKPreis | Verkaufspr. | Verk.-Preis | Listenpr. | VK 1 (EUR) | Preis 1 | VK1
        Std. VK Brutto
        Unit pr. | List pr. | Prix vte | Prix unit. | Precio vta. | Prezzo vend. | Verkooppr. | Preço vend. | Cena sprz.
        """,
    "categories": """
        WGr.-Bez. | WG-Bez. | WGruppe | Hauptgrp. | Hauptgruppe | Art.-Grp. | Artikelgrp. | Sortiment | Rubrik
        Warengruppenbez. | Warengruppenbezeichnung | Prod. Cat. | Cat. prod. | Assortiment | Surtido
        """,
    "description": """
        Langbeschr. | Artikelbeschr. | Beschr. | Artikeltext | Produkttext | Shoptext | Webtext | Verkaufstext
        Langbeschreibung | Long descr. | Descr. longue | Descr. larga | Descr. lunga | Lange omschr. | Descr. longa
        """,
    "currency": "Whrg. | Währg. | Wrg | Whrg | Waehrg. | WAE | Curr.",
    "sku": "Teile-Nr. | Mat.-Nr. | Ident-Nr. | Item num. | Cód. art. | Cod. art. | Nr art.",
}
NONE = """
Bez. 2 | Res. Menge | Mindestbest. | EK-Pr. | EK-Preis | Anl.-Dat. | Bestellmenge | Herst. | Herst.-Art.-Nr. | Gew.
        Pr.
Art. | Best. | Teil | Katalog | Material | Sale price | Cost | Zusatzbild | Gesp.
"""


def headers_of(lines: str) -> list[str]:
    return [header.strip() for line in lines.strip().splitlines() for header in line.split(" | ")]


def columns_of(header: str) -> set[str]:
    called = {c: set().union(*ranked(c)) & {*spellings(header, c)} for c in PRODUCT_COLUMNS}
    return {column for column, names in called.items() if names}


@pytest.mark.parametrize("column", SHORT)
def test_short_headers_are_known_by_the_names_that_they_begin(column: str) -> None:
    headers = headers_of(SHORT[column])
    assert [header for header in headers if column not in columns_of(header)] == []


def test_what_is_short_for_names_of_several_columns_or_of_none_is_not_known() -> None:
    assert [header for header in headers_of(NONE) if columns_of(header)] == []
    assert short_for("Best.") == {"", "sku", "stock"}


def test_levels_of_categories_are_known_where_they_are_short() -> None:
    assert [category_level(header) for header in ("Hauptgrp.", "Unterkat.", "WGr.-Bez.")] == [1, 2, NO_LEVEL]


def test_a_file_of_short_headers_is_taken(tmp_path: Path) -> None:
    header = "Artnr.;Bez. 1;VK-Pr. 1;Whrg.;Lagerbest.;Letzte Änd.;Hauptgrp.;WGr.-Bez.;Langbeschr."
    rows = "01;Säge;1.049,85;EUR;17.275,000;14.07.2025 09:05;Holz;Sägen;Ein guter Text.\n"
    rows += "02;Zange;5,29;EUR;0,000;15.07.2025 09:05;Metall;Zangen;Noch ein Text.\n"
    shop, told, _ = init(tmp_path, "p.csv", f"{header}\n{rows}")
    row = catalog(shop)["01"]
    columns = ["name", "price", "currency", "stock", "categories", "description"]
    assert [row[column] for column in columns] == [
        *("Säge", "1049.85", "EUR", "in-stock"),
        ["Holz", "Sägen"],
        "Ein guter Text.",
    ]
    assert "2025-07-14 09:05" in told.out


@pytest.mark.parametrize(
    ("header", "column", "rows", "read"),
    [
        ("VK 1;VK 2", "price", ["1,00;1,19", "2,50;3,00"], ["1.19", "3.00"]),
        ("Preis CHF;Preis EUR", "price", ["1,00;1,19", "2,50;3,00"], ["1.19", "3.00"]),
        ("Lagerbest.;Verf. Best.", "stock", ["0;4", "7;0"], ["in-stock", "out-of-stock"]),
        ("Bestand Lager 1;Bestand Lager 2", "stock", ["0;4", "7;0"], ["in-stock", "out-of-stock"]),
    ],
)
def test_of_two_fields_for_one_column_none_is_taken_and_each_is_a_line(
    tmp_path: Path, header: str, column: str, rows: list[str], read: list[str]
) -> None:
    lines = "".join(f"{sku};Ware {sku};{cells}\n" for sku, cells in zip("AB", rows, strict=True))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{lines}")
    first, second = header.split(";")
    assert column not in mapped
    note = f"{first}, {second} could each be it: uncomment the line in datasync.yaml that is right"
    assert f"  {column}: NOT MAPPED: {note}" in told.lines
    assert f"# if it is {first}" in shop.settings.read_text(encoding="utf-8")
    uncommented(shop, column, f"# if it is {second}")
    assert column_of(shop, column) == read


def test_a_price_that_is_taken_with_a_reason_has_a_line_for_the_other(tmp_path: Path) -> None:
    rows = "A;Stift;1,00;1,19\nB;Tinte;10,00;11,90\n"
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;VK netto;VK brutto\n{rows}")
    assert column_of(shop, "price") == ["1.19", "11.90"]
    uncommented(shop, "price", "# if it is VK netto")
    assert 'number_of("VK netto"' in shop.settings.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("header", "values", "column"),
    [
        ("E-Preis", ["1,05", "12,50", "1.049,99"], "price"),
        ("Lager", ["0,00", "17.275,00", "4,00"], "stock"),
        ("Best.", ["0", "12", "4"], "stock"),
        ("Zeitpunkt", ["14.07.2025 09:05", "15.07.2025", "16.07.2025"], "updated_at"),
        ("Einkauf", ["1,05", "12,50", "1.049,99"], None),
        ("Gewicht kg", ["1,05", "12,50", "1.049,99"], None),
        ("Erstellt am", ["14.07.2025", "15.07.2025", "16.07.2025"], None),
    ],
)
def test_values_that_look_like_a_column_are_a_line_to_choose(
    tmp_path: Path, header: str, values: list[str], column: str | None
) -> None:
    rows = "".join(f"A{n}x;Ware {'abc'[n]};{value}\n" for n, value in enumerate(values))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    assert not {"price", "stock", "updated_at"} & {*mapped}
    offered = [line.split(":")[0].strip() for line in told.lines if "perhaps" in line]
    assert offered == ([column] if column else [])
    if column:
        uncommented(shop, column, values[0])
        assert None not in column_of(shop, column)
