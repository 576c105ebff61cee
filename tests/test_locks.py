"""Fields that say that a product is locked, deleted or discontinued: a yes in them is never an enabled one."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from datasync.starter.meanings import Meaning, meaning
from tests.shop import Shop
from tests.test_erp_exports import BOTH, both_of
from tests.test_starter import catalog, init

LOCKS = """
Gesperrt J/N | Artikel gesperrt | Sperre | Sperrkz. | Sperr-Kz | Sperrvermerk | Sperrkennzeichen | Löschkz. | Gelöscht
Geloescht | Nicht aktiv | Inaktiv | Stillgelegt | VK-Sperre | Verkaufssperre | Artikelsperre | Gesp. | Deaktiviert
Blocked | Item locked | Disabled | is_deleted | Inactive | Hidden | Not active | Blocked for sale | Deletion flag
Bloqué | Article bloqué | Désactivé | Supprimé | Inactif | Non actif | Pas actif
Bloqueado | Desactivado | Eliminado | Inactivo | No activo
Bloccato | Articolo bloccato | Disattivato | Eliminato | Non attivo
Geblokkeerd | Verwijderd | Inactief | Niet actief
Desativado | Excluído | Inativo | Não ativo
Zablokowany | Nieaktywny | Usunięty | Nie aktywny
"""
HEADERS = [header for line in LOCKS.strip().splitlines() for header in line.split(" | ")]


def rows_of(values: str) -> str:
    cells = [value.replace("-", "") for value in values.split()]
    return "".join(f"{sku};Ware {sku};{cell}\n" for sku, cell in zip("ABCDEF", cells, strict=False))


def uncommented(shop: Shop, column: str, field: str) -> None:
    """Take the line of a column that is a comment and reads a field."""
    lines = shop.settings.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith(f"      # {column}: ") and " # " in line[9:] and field in line]
    others = [line for line in lines if not line.startswith(f"      {column}:")]
    written = "\n".join(others).replace(line, line.replace("# ", "", 1))
    shop.settings.write_text(written, encoding="utf-8")
    assert column in yaml.safe_load(written)["scopes"]["default"]["map"]


@pytest.mark.parametrize("header", HEADERS)
def test_a_word_for_a_lock_is_known_in_eight_languages(header: str) -> None:
    assert meaning(header) == Meaning("status", "locked", is_opposite=True, is_clear=True)


@pytest.mark.parametrize("header", ["Sperr-Kz", "Löschkz.", "Nicht aktiv", "is_deleted", "Désactivé", "Nieaktywny"])
@pytest.mark.parametrize("values", ["J N", "X -", "1 0"])
def test_a_yes_in_a_word_for_a_lock_is_disabled(tmp_path: Path, header: str, values: str) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows_of(values)}")
    assert "visible_in" not in mapped
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled"]


@pytest.mark.parametrize("header", ["Bestellsperre", "Purchase blocked"])
@pytest.mark.parametrize("values", ["J N", "X -", "1 0"])
def test_a_lock_of_something_else_is_offered_and_a_yes_in_it_is_disabled(
    tmp_path: Path, header: str, values: str
) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows_of(values)}")
    assert not {"status", "visible_in"} & {*mapped}
    assert f"not mapped: {header} holds only" in told.out
    assert "if it says that a product is not sold, see the line under map" in told.out
    uncommented(shop, "status", header)
    uncommented(shop, "visible_in", header)
    assert both_of(shop) == [("disabled", []), ("enabled", BOTH)]


@pytest.mark.parametrize("header", ["Shop-Sperre", "Online gesperrt", "Nicht im Shop", "Not online", "Non visible"])
def test_a_lock_of_the_shop_is_where_a_product_is_seen(tmp_path: Path, header: str) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows_of('J N')}")
    assert "status" not in mapped and both_of(shop) == [("enabled", []), ("enabled", BOTH)]


@pytest.mark.parametrize("header", ["Nicht gesperrt", "Entsperrt", "Not blocked"])
def test_what_is_not_locked_is_enabled(tmp_path: Path, header: str) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows_of('J N')}")
    assert [status for status, _ in both_of(shop)] == ["enabled", "disabled"]


@pytest.mark.parametrize("header", ["Sperrgut", "Stock type", "Blockware"])
def test_what_only_looks_like_a_lock_is_none(tmp_path: Path, header: str) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows_of('J N')}")
    assert "not sold" not in told.out + shop.settings.read_text(encoding="utf-8")


def test_a_word_for_a_status_means_the_same_in_a_field_for_locks(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;Sperre\n{rows_of('gesperrt freigegeben')}")
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled"]


@pytest.mark.parametrize("header", ["Auslauf", "Discontinued", "Fin de série"])
@pytest.mark.parametrize("values", ["J N", "X -"])
def test_a_discontinued_product_may_be_sold_so_that_a_person_decides(tmp_path: Path, header: str, values: str) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows_of(values)}")
    assert "status" not in mapped
    line = "decide: {} says that a product is discontinued, and it may still be sold"
    assert line.format("it") in told.out
    assert f"# {line.format(header)}" in shop.settings.read_text(encoding="utf-8")
    assert f"field {header} looks like a status and is not mapped" in shop.run("check").out
    uncommented(shop, "status", header)
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled"]


@pytest.mark.parametrize("order", ["Auslauf;Sperrkz.", "Sperrkz.;Auslauf"])
def test_a_lock_beats_what_is_discontinued(tmp_path: Path, order: str) -> None:
    cells = {"Auslauf": "J N N", "Sperrkz.": "N J N"}
    columns = zip(*(cells[header].split() for header in order.split(";")), strict=True)
    rows = "".join(f"{sku};Ware {sku};{';'.join(row)}\n" for sku, row in zip("ABC", columns, strict=True))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;{order}\n{rows}")
    assert [status for status, _ in both_of(shop)] == ["enabled", "disabled", "enabled"]
    assert "decide: Auslauf says that a product is discontinued" in told.out


def test_a_lock_beside_another_status_is_offered(tmp_path: Path) -> None:
    rows = "A;Stift;ja;nein\nB;Tinte;ja;ja\n"
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;Aktiv;Gesperrt\n{rows}")
    assert "Aktiv" in mapped["status"] and "not mapped: Gesperrt holds only nein and ja" in told.out
    uncommented(shop, "status", "Gesperrt")
    assert [status for status, _ in both_of(shop)] == ["enabled", "disabled"]


def test_beside_a_status_a_field_that_may_speak_of_the_shop_is_offered(tmp_path: Path) -> None:
    rows = "A;Stift;ja;J\nB;Tinte;ja;N\n"
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;Aktiv;Shop Neuheit\n{rows}")
    assert "if it says that a product is in the shop, see the line under map" in told.out
    uncommented(shop, "visible_in", "Shop Neuheit")
    assert both_of(shop) == [("enabled", BOTH), ("enabled", [])]


def test_a_lock_that_no_record_has_yet_is_offered(tmp_path: Path) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", "sku;name;Sperrkz.\nA;Stift;\nB;Tinte;\n")
    assert "status" not in mapped
    uncommented(shop, "status", "Sperrkz.")
    (tmp_path / "p.csv").write_text("sku;name;Sperrkz.\nA;Stift;X\nB;Tinte;\n", encoding="utf-8")
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled"]


GTIN = ["4025313507023", "4091860363700", "4056201568511"]


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Nr.",
            "No.",
            "N°",
            "Nº",
            "ArtNr",
            "Artnr.",
            "Teilenr.",
            "Teilenummer",
            "Teile-Nr.",
            "Mat.-Nr.",
            "Bestellnr.",
        ),
        *("Produktnr.", "Ident-Nr.", "Item No.", "Part number", "N° article", "Code produit", "Nº de artículo"),
        *("Cód. artículo", "Cod. articolo", "N. articolo", "Productnr.", "Onderdeelnummer", "Nº artigo"),
        *("Nr artykułu", "Kod towaru", "Numer katalogowy"),
    ],
)
def test_a_number_of_articles_is_the_sku_and_the_barcode_beside_it_is_not(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{gtin};0000{n};Ware {gtin[-3:]}x\n" for n, gtin in enumerate(GTIN))
    shop, told, _ = init(tmp_path, "p.csv", f"GTIN;{header};Name\n{rows}")
    assert sorted(catalog(shop)) == ["00000", "00001", "00002"]
    assert "a guess" not in told.out


@pytest.mark.parametrize("header", ["GTIN", "EAN", "EAN-Code", "Barcode", "Strichcode", "Code-barres", "Kod kreskowy"])
def test_a_barcode_is_the_sku_only_as_a_guess_that_is_said(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{gtin};Ware {gtin[-3:]}x\n" for gtin in GTIN)
    shop, told, _ = init(tmp_path, "p.csv", f"{header};Name\n{rows}")
    assert sorted(catalog(shop)) == sorted(GTIN)
    note = f"a guess: {header} is a barcode, and no field is called like a sku. Is it the right one?"
    assert note in told.out and note in shop.settings.read_text(encoding="utf-8")


def test_a_field_called_a_number_of_something_is_a_better_guess_than_a_barcode(tmp_path: Path) -> None:
    rows = "".join(f"{gtin};K{n};Ware {gtin[-3:]}x\n" for n, gtin in enumerate(GTIN))
    shop, told, _ = init(tmp_path, "p.csv", f"EAN;Lagerschlüssel;Name\n{rows}")
    assert sorted(catalog(shop)) == ["K0", "K1", "K2"] and "a guess by its values" in told.out
