"""What ERPs write that is easily taken for something else: footers, prices for 100 pieces, long texts, locks, paths."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datasync.starter.meanings import Meaning, meaning
from datasync.starter.names import is_of_another
from datasync.starter.total_line import is_total
from datasync.starter.unit_names import is_price_unit, per_unit
from tests.shop import Shop
from tests.test_erp_exports import BOTH, both_of, column_of, images
from tests.test_locks import uncommented
from tests.test_starter import catalog, init

FOOTERS = """
Summen | Endsumme | Teilsummen | Gesamtsummen | Übertrag | Uebertrag | Seitenübertrag | Su. | Zw.-Summe | Ende
Listenende | *** Ende der Liste *** | Nettosumme
Gesamt: 60 | Totals | Subtotals | Grand totals | Carried forward | Carry over
End of list | --- End of file --- | EOF | Sous-totaux | Total général | À reporter | Report | Fin de la liste
Subtotales | Suma y sigue | Sumas | Fin de la lista | Totali | Subtotale | Riporto | Da riportare | Fine elenco
Eindtotaal | Subtotalen | Totaalbedrag | Te transporteren | Einde lijst | Totais | Subtotais | A transportar
Fim da lista | Sumy | Suma częściowa | Do przeniesienia | Koniec listy
"""
NO_FOOTERS = ["Endlos", "Totally", "Total Gel", "Total 3000", "End cap", "Endpreis", "Summer", "Preis", "Liste", "A-1"]
HEAD = "Nr;Name;Preis;EAN;Gruppe;Farbe\n"
ROWS = HEAD + "".join(f"N{n};Ware {n};{n},50;40{n};x;rot\n" for n in range(1, 5))


def words_of(lines: str) -> list[str]:
    return [word for line in lines.strip().splitlines() for word in line.split(" | ")]


def test_words_for_a_total_what_is_carried_over_and_the_end_are_known_in_eight_languages() -> None:
    assert [word for word in words_of(FOOTERS) if not is_total(word)] == []
    assert [word for word in NO_FOOTERS if is_total(word)] == []


@pytest.mark.parametrize(
    "footer",
    ["Summen;4 Artikel;10,00", "*** Ende der Liste ***;;", "Gesamt: 4;Artikel;10,00", "Fin de la liste;4 articles;"],
)
def test_a_footer_is_no_product_and_the_condition_is_in_force(tmp_path: Path, footer: str) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"{ROWS}{footer};;;\n")
    assert "the last row looks like a total line" in told.out and "It is left out by where:" in told.out
    assert sorted(catalog(shop)) == ["N1", "N2", "N3", "N4"]
    assert "4 valid, 1 filtered, 0 in quarantine" in shop.run("check").out


def test_a_footer_with_a_name_of_its_own_is_a_comment(tmp_path: Path) -> None:
    shop, told, _ = init(tmp_path, "p.csv", f"{ROWS}Endsumme;Stern;;;;\n")
    assert "Leave it out with where:" in told.out and len(catalog(shop)) == 5


def begins_anew(shop: Shop) -> Shop:
    """The shop with an empty store."""
    shutil.rmtree(shop.folder / "var", ignore_errors=True)  # nothing is there before the first pull
    return shop


UNITS = "Preiseinheit | PrsEinh | Preis-Einheit | PE | Price unit | Unité de prix | Unidad de precio | Unità di prezzo"
UNITS += " | Prijseenheid | Unidade de preço | Jednostka ceny | Preisbasis | Price quantity"


def test_fields_that_say_how_many_pieces_a_price_is_for_are_known_and_prices_are_none() -> None:
    assert [word for word in UNITS.split(" | ") if not is_price_unit(word)] == []
    others = ["Preis", "VK Preis", "Unit price", "Pr.", "VPE", "Mengeneinheit", "Stückpreis", "Preis 1", "Price"]
    assert [word for word in others if is_price_unit(word)] == []
    assert (per_unit("VK brutto je PE"), per_unit("Preis je Stück"), per_unit("VK brutto")) == ("vk_brutto", None, None)


@pytest.mark.parametrize(
    "headers", ["Preiseinheit;VK brutto", "PrsEinh;Preis", "PE;VK brutto je PE", "Price unit;Price"]
)
def test_a_price_for_several_pieces_is_a_choice(tmp_path: Path, headers: str) -> None:
    unit, price = headers.split(";")
    rows = "A;Stift;1;1,19\nB;Tinte;100;12,00\nC;Hut;1000;230,00\n"
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{headers}\n{rows}")
    assert mapped.get("price", "null") == "null"
    assert f"price: NOT MAPPED: {price} is perhaps for as many pieces as {unit} says (1, 100, 1000)" in told.out
    assert "if it is for one piece; " in told.out and "12,00 -> 0.12" in told.out
    uncommented(shop, "price", "if it is for one piece")
    assert column_of(shop, "price") == ["1.19", "12.00", "230.00"]
    sentence = f"field {unit} says how many pieces a price is for, and it is not 1 in 2 records"
    assert sentence in shop.run("check").out
    written = shop.settings.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in written if f"as many pieces as {unit} says; " in line]
    lines = [text for text in written if not text.startswith("      price:")]
    shop.settings.write_text("\n".join(lines).replace(line, line.replace("# ", "", 1)), encoding="utf-8")
    assert sentence not in shop.run("check").out
    assert column_of(begins_anew(shop), "price") == ["1.19", "0.12", "0.23"]


def test_a_price_for_one_piece_throughout_is_mapped(tmp_path: Path) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", "sku;name;Preiseinheit;Preis\nA;Stift;1;1,19\nB;Tinte;1;12,50\n")
    assert "pieces" not in told.out + shop.run("check").out and mapped["price"] == "number_of(Preis, ',')"


def test_a_price_for_a_unit_that_no_field_counts_is_a_comment(tmp_path: Path) -> None:
    _, told, mapped = init(tmp_path, "p.csv", "sku;name;Verkaufspreis pro PE\nA;Stift;1,19\nB;Tinte;12,50\n")
    note = "Verkaufspreis pro PE is for a unit, and no field says how many pieces that is"
    assert "price" not in mapped and f"price: NOT MAPPED: {note}" in told.out


TEXT = "Ein guter Text über {0}.\nMit einer zweiten Zeile; ab 10 Stück"


def texts(kind: str, number: int) -> str:
    return f'"{TEXT.format(number)}"' if kind == "broken" else f"{'Viele Worte über eine Ware. ' * 9}{number}"


@pytest.mark.parametrize(
    ("headers", "name"), [("Kurzbez.;Bez", "Kurzbez."), ("KuBez1;Bez", "KuBez1"), ("Titel;Name", "Titel")]
)
@pytest.mark.parametrize("kind", ["broken", "long"])
def test_a_text_that_is_called_a_name_loses_against_a_shorter_one(
    tmp_path: Path, headers: str, name: str, kind: str
) -> None:
    rows = "".join(f"{n};Hammer {'ABCDE'[n]};{texts(kind, n)}\n" for n in range(5))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;{headers}\n{rows}")
    assert mapped["name"].strip('"') == name and column_of(shop, "name")[1] == "Hammer B"
    values = "have line breaks" if kind == "broken" else "are long"
    assert f"taken before {headers.split(';')[1]}, whose values {values}" in told.out


def test_where_only_a_text_is_called_a_name_that_is_said_and_what_could_be_it_is_a_line(tmp_path: Path) -> None:
    rows = "".join(f"{n};Hammer {'ABCDE'[n]};{texts('broken', n)}\n" for n in range(5))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;Zusatz;Bez\n{rows}")
    assert (
        "the values of Bez have line breaks, and no other field is called like a name. Is it the right one?" in told.out
    )
    assert "      or Zusatz: Hammer A; Hammer B; Hammer C" in told.lines
    uncommented(shop, "name", "Zusatz")
    assert column_of(shop, "name")[0] == "Hammer A"


def test_samples_of_names_are_shown_as_they_stand(tmp_path: Path) -> None:
    shop, told, _ = init(tmp_path, "p.csv", "sku;name\nA;Stift\nB;Tinte\n")
    assert told.lines[told.lines.index("  name: name") + 1 :][:2] == ["      Stift", "      Tinte"]
    assert "      name: name # Stift; Tinte\n" in shop.settings.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("paths", "taken", "completed", "says"),
    [
        (["/b/1.jpg", "/b/2.jpg"], ["/b/1.jpg", "/b/2.jpg"], "https://shop.example/b/", "paths and no whole addresses"),
        (["C:\\B\\1.jpg", "C:\\B\\2.jpg"], ["1.jpg", "2.jpg"], "https://shop.example/media/", "paths of a computer"),
        (["\\\\S1\\B\\1.jpg", "\\\\S1\\B\\2.jpg"], ["1.jpg", "2.jpg"], "https://shop.example/media/", "of a computer"),
        (["b\\1.jpg", "b\\2.jpg"], ["1.jpg", "2.jpg"], "https://shop.example/media/", "paths of a computer"),
        (["https://x.example/1.jpg", "2.jpg"], ["https://x.example/1.jpg", "2.jpg"], None, "that are no whole address"),
        (["https://x.example/1.jpg", "//x.example/2.jpg"], ["https://x.example/1.jpg", "//x.example/2.jpg"], None, ""),
    ],
)
@pytest.mark.parametrize("headers", ["Bild", "Bild 1;Bild 2"])
def test_what_is_no_whole_address_is_said(
    tmp_path: Path, headers: str, paths: list[str], taken: list[str], completed: str | None, says: str
) -> None:
    blank = ";" * headers.count(";")
    rows = "".join(f"{sku};Ware {sku};{path}{blank}\n" for sku, path in zip("AB", paths, strict=True))
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;{headers}\n{rows}")
    assert images(shop) == [[path] for path in taken]
    out = told.out.replace(str(tmp_path), "")
    assert says in out and ("address" in out) == bool(says)
    if completed:
        uncommented(shop, "images", "shop.example")
        assert images(begins_anew(shop)) == [[f"{completed}1.jpg"], [f"{completed}2.jpg"]]


def test_a_path_of_a_page_is_said_to_be_none(tmp_path: Path) -> None:
    shop, told, _ = init(tmp_path, "p.csv", "sku;name;Link\nA;Stift;/p/1\nB;Tinte;/p/2\n")
    assert (
        "Link holds paths and no whole addresses; the other line puts an address before them: write that of your shop"
        in told.out
    )
    uncommented(shop, "url", "shop.example")
    assert column_of(shop, "url") == ["https://shop.example/p/1", "https://shop.example/p/2"]


@pytest.mark.parametrize("letters", ["A S", "A S L", "S N", "T F", "O N", "A X"])
def test_letters_in_a_status_that_may_say_anything_mean_nothing_by_themselves(tmp_path: Path, letters: str) -> None:
    rows = "".join(f"{sku};Ware {sku};{letter}\n" for sku, letter in zip("BCD", letters.split(), strict=False))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;Status\nA;Ware;{letters[0]}\n{rows}")
    assert mapped["status"] == "null"
    remark = f"{letters[0]}: not known, taken for enabled, and all else for disabled: decide"
    assert remark in told.out and remark in shop.run("check").out


@pytest.mark.parametrize(("header", "letter"), [("Aktiv", "S"), ("Active", "O"), ("Active", "T")])
def test_a_letter_alone_that_stands_for_several_words_is_no_yes(tmp_path: Path, header: str, letter: str) -> None:
    _, _, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;{letter}\nB;Tinte;\nC;Hut;{letter}\n")
    assert mapped.get("status", "null") == "null"


@pytest.mark.parametrize(
    ("header", "letters", "read"),
    [
        ("Activo", "S N", ["enabled", "disabled"]),
        ("Actif", "O N", ["enabled", "disabled"]),
        ("Bloccato", "S N", ["disabled", "enabled"]),
        ("Status", "J N", ["enabled", "disabled"]),
    ],
)
def test_both_letters_of_a_yes_and_no_are_known(tmp_path: Path, header: str, letters: str, read: list[str]) -> None:
    first, second = letters.split()
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;{first}\nB;Tinte;{second}\n")
    assert column_of(shop, "status") == read


LOCKED = ["GspKz", "GSPKZ", "Gsp.-Kz", "Inakt.", "Deakt.-Kz", "Blk", "Desact.", "Disatt.", "Geblokk.", "Zablok."]


@pytest.mark.parametrize("header", LOCKED)
def test_what_is_short_for_a_lock_is_one(header: str) -> None:
    assert meaning(header) == Meaning("status", "locked", is_opposite=True, is_clear=True)


@pytest.mark.parametrize("header", ["AuslKz", "AUSLKZ", "Ausl.-Kz", "Obsol.", "Wycof.", "Descontin.", "Discont. flag"])
def test_what_is_short_for_discontinued_is_that(header: str) -> None:
    assert meaning(header) == Meaning("status", "discontinued", is_opposite=True, is_clear=False)


@pytest.mark.parametrize("header", ["Ausland", "Auslieferung", "Auslastung", "Discount", "Desconto", "Spr."])
def test_what_only_begins_so_is_neither(header: str) -> None:
    assert meaning(header) is None


def test_a_one_in_a_short_lock_is_disabled(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", "sku;name;GspKz;AuslKz\nA;Stift;1;0\nB;Tinte;0;1\n")
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled"]
    uncommented(shop, "status", "# decide: AuslKz")
    assert [status for status, _ in both_of(begins_anew(shop))] == ["enabled", "disabled"]


@pytest.mark.parametrize(
    "header",
    [
        *("gesperrt seit", "Sperrdatum", "Locked since", "Date de blocage", "Fecha de baja", "Bloccato dal"),
        *("Geblokkeerd op", "Data de bloqueio", "Data blokady", "Auslauf ab"),
    ],
)
def test_a_lock_that_holds_days_is_one_where_it_is_filled_and_no_time_of_change(tmp_path: Path, header: str) -> None:
    rows = "A;Stift;01.02.2024\nB;Tinte;\nC;Hut;17.03.2025\n"
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    assert not {"status", "visible_in", "updated_at"} & {*mapped} and "updated_at" not in told.out
    assert "a day in it may be still to come" in shop.settings.read_text(encoding="utf-8")
    checked = shop.run("check").out
    assert f"field {header} looks like a status" in checked and "<> '" in checked and "01.02.2024" not in checked
    uncommented(shop, "status", "<> '")
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled", "disabled"]


def test_a_sign_of_its_own_in_a_lock_is_offered(tmp_path: Path) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", "sku;name;Löschkz.\nA;Stift;L\nB;Tinte;\nC;Hut;L\n")
    note = "Löschkz. holds 'L' or nothing: uncomment the line in datasync.yaml if a product is locked by it"
    assert "status" not in mapped and f"status: NOT MAPPED: {note}" in told.out
    uncommented(shop, "status", "<> '")
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled", "disabled"]


def test_a_status_and_a_lock_beside_the_one_that_is_mapped_are_named(tmp_path: Path) -> None:
    rows = "A;Stift;ja;30;L\nB;Tinte;nein;70;\nC;Hut;ja;90;\n"
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;Aktiv;Artikelstatus;Löschkz.\n{rows}")
    see = "see the line under map"
    assert (
        f"  not mapped: Artikelstatus holds only 30, 70 and 90; if it says whether the product is enabled, {see}"
        in told.lines
    )
    assert (
        f"  not mapped: Löschkz. holds only L and nothing; if it says that a product is not sold, {see}" in told.lines
    )
    uncommented(shop, "status", "Artikelstatus")
    assert [status for status, _ in both_of(shop)] == ["enabled", "disabled", "disabled"]


@pytest.mark.parametrize(
    ("header", "seen"),
    [
        ("Aktiv", [("enabled", BOTH), ("disabled", BOTH)]),
        ("Gesperrt", [("disabled", BOTH), ("enabled", BOTH)]),
        ("Shopartikel", [("enabled", BOTH), ("enabled", [])]),
    ],
)
def test_minus_one_is_a_yes(tmp_path: Path, header: str, seen: list[object]) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;-1\nB;Tinte;0\n")
    assert both_of(shop) == seen


def test_minus_one_is_no_yes_of_a_stock_and_is_named_where_it_says_that_a_product_is_discontinued(
    tmp_path: Path,
) -> None:
    rows = "A;Stift;-1;-1\nB;Tinte;0;0\n"
    shop, told, _ = init(tmp_path, "p.csv", f"sku;name;Stock;Auslaufartikel\n{rows}")
    assert column_of(shop, "stock") == ["out-of-stock", "out-of-stock"]
    assert "not mapped: Auslaufartikel holds only -1 and 0; decide: it says that a product is discontinued" in told.out


OTHERS = """
Mindestbestand | Min. Bestand | Bestand (min.) | Sperrbestand | Gesperrter Bestand | kein Bestand | Bestand reserviert
Minimum stock | Stock (minimum) | Safety stock | Blocked stock | Stock minimum | Sin stock
Stock bloqueado | Scorta minima | Voorraad geblokkeerd | Minimale voorraad
Stock bloqué | Estoque mínimo
Stan minimalny | EK-Listenpreis | Preis (EK) | Einkaufspreis netto
Price (cost) | Purchase price | Prix d'achat | Precio de compra
Prezzo d'acquisto | Inkoopprijs netto | Cena zakupu netto | Einstandspreis
"""


def test_minimum_blocked_and_negated_stock_and_purchase_prices_are_known() -> None:
    assert [word for word in words_of(OTHERS) if not is_of_another(word)] == []
    plain = [
        "Bestand",
        "Lagerbestand",
        "Stock",
        "VK brutto",
        "Listenpreis",
        "Customer price",
        "Price",
        "Preis inkl. MwSt",
    ]
    assert [word for word in plain if is_of_another(word)] == []


@pytest.mark.parametrize("header", ["Mindestbestand", "Bestand (min.)", "Sperrbestand", "Blocked stock", "StSchl"])
def test_a_limit_is_no_stock(tmp_path: Path, header: str) -> None:
    value = "3" if header == "StSchl" else None
    rows = "".join(f"{sku};Ware {sku};{value or number}\n" for sku, number in zip("ABC", (5, 0, 10), strict=True))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\n{rows}")
    assert "stock" not in mapped and "  stock: " not in told.out
    assert "# stock: " not in shop.settings.read_text(encoding="utf-8")


@pytest.mark.parametrize("header", ["EK-Listenpreis", "Preis (EK)", "Price (cost)", "Precio de compra"])
def test_what_is_paid_for_a_product_is_no_price(tmp_path: Path, header: str) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;name;{header}\nA;Stift;1,50\nB;Tinte;1.049,99\n")
    assert "price" not in mapped and "  price: " not in told.out
    assert "# price: " not in shop.settings.read_text(encoding="utf-8")


def test_a_yes_in_what_is_negated_is_a_no(tmp_path: Path) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", "sku;name;kein Bestand\nA;Stift;j\nB;Tinte;n\n")
    assert not {"stock", "status"} & {*mapped} and "'in-stock'" not in told.out
    uncommented(shop, "status", "kein Bestand")
    assert [status for status, _ in both_of(shop)] == ["disabled", "enabled"]


def test_why_says_that_no_sku_was_given(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", "sku;name\nA;Stift\nB;Tinte\n")
    for sku in ("", "  "):
        answer = shop.run("why", sku)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err == "datasync: why: no SKU was given. Name one, as in: datasync why 24-MB01\n"
