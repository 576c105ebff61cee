"""``datasync init FILE``: settings guessed from files of many shapes, which pass ``datasync check`` as they are."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.shop import CommandOutput, Shop


def init(folder: Path, name: str, content: str | bytes) -> tuple[Shop, CommandOutput, dict[str, str]]:
    """Write a file and run ``init`` on it; returns the shop, what was told and the map that was written."""
    shop = Shop(folder, "")
    shop.settings.unlink()
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    told = shop.run("init", str(file), "-o", str(shop.settings))
    assert (told.code, told.err) == (0, "")
    (scope,) = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"].values()
    return shop, told, scope["map"]


def passes(shop: Shop) -> list[str]:
    """Check the settings, which must be in order; the notes on records."""
    told = shop.run("check")
    assert (told.code, told.err, told.lines[-1]) == (0, "", "In order."), told.out + told.err
    return [line for line in told.lines if re.search(r" records?: ", line)]


def test_a_plain_file_is_mapped_by_the_names_of_its_fields(tmp_path: Path) -> None:
    shop, told, mapped = init(
        tmp_path,
        "products.csv",
        (
            ""
            "id,title,price,qty,link,image,modified,cost\n007,Pen,1.50,3,https://x/7,https://x/7.png,2026-11-01T10:00:00Z,1\n8,Ink,2,0,,,,1\n"
        ),
    )
    assert mapped == {
        "sku": "id",
        "name": "title",
        "stock": (
            "case when try_cast(qty as double) > 0 then 'in-stock' "
            "when try_cast(qty as double) <= 0 then 'out-of-stock' end"
        ),
        "price": "price",
        "url": "link",
        "images": "image",
        "updated_at": "modified",
    }
    assert told.lines[1:3] == ["  sku: id", "  name: title"]
    assert passes(shop) == ["ok       scopes.default: 2 records: 2 valid, 0 in quarantine."]
    assert shop.run("sync").code == 0
    assert shop.run("why", "007").lines[0].startswith("007, as of")


def test_fields_that_no_column_takes_are_listed_to_be_picked_and_not_taken(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", "sku,name,cost,size [eu],Größe\n1,n,3,4,5\n")
    text = shop.settings.read_text(encoding="utf-8")
    assert "    # attributes:\n    #   - cost\n    #   - 'size [[]eu]'\n    #   - 'Größe'\n" in text
    shop.settings.write_text(
        text.replace("    # attributes:", "    attributes:").replace("    #   - ", "      - "), encoding="utf-8"
    )
    shop.run("sync")
    entry = next((tmp_path / "var/store/catalog").rglob("*.parquet"))
    assert [one["code"] for one in pq.read_table(entry)["attributes"].to_pylist()[0]] == ["Größe", "cost", "size [eu]"]


def test_semicolons_blanks_in_headers_and_decimal_commas_are_understood(tmp_path: Path) -> None:
    shop, _, mapped = init(
        tmp_path,
        "artikel de-DE.csv",
        "\ufeffArtikelnummer;Bezeichnung;Preis;Kategorie;Last Modified;order\n"
        "00123;Stift fein;1.234,50;Büro;24.11.2026;1\n4;Tinte;2,00;Büro;;2\n",
    )
    assert mapped == {
        "sku": "Artikelnummer",
        "name": "Bezeichnung",
        "price": "number_of(Preis, ',')",
        "categories": "Kategorie",
        "updated_at": "moment_of(\"Last Modified\", '%d.%m.%Y')",
    }
    assert passes(shop) == ["ok       scopes.de-DE: 2 records: 2 valid, 0 in quarantine."]
    shop.run("sync")
    row = pq.read_table(next((tmp_path / "var/store/catalog").rglob("*.parquet"))).to_pylist()[0]
    assert (row["sku"], f"{row['price']:.2f}", row["updated_at"].isoformat()) == (
        "00123",
        "1234.50",
        "2026-11-24T00:00:00+00:00",
    )


def test_an_export_of_a_shop_system_is_understood(tmp_path: Path) -> None:
    head = (
        "sku,store_view_code,product_type,categories,name,description,"
        "product_online,visibility,price,base_image,updated_at,qty,is_in_stock"
    )
    rows = (
        'MH01,,simple,"Default/Men,Default",Hoodie,"<p>Warm</p>\n<p>&bull; Soft</p>",'
        '1,"Catalog, Search",52,/m/h.jpg,,100.0000,1\n'
        'MH02,,configurable,Default/Men,Jacket,,2,"Catalog, Search",,/m/j.jpg,,0.0000,0\n'
    )
    shop, _, mapped = init(tmp_path, "products.csv", f"{head}\n{rows}")
    assert {column: mapped[column] for column in ("status", "stock", "images", "type")} == {
        "status": (
            "case product_online when '1' then 'enabled' when '0' then 'disabled' when '2' then 'disabled' "
            "else product_online end"
        ),
        "stock": "case is_in_stock when '1' then 'in-stock' when '0' then 'out-of-stock' else is_in_stock end",
        "images": "base_image",
        "type": "product_type",
    }
    assert mapped["updated_at"].startswith("moment_of(updated_at, ")
    assert passes(shop) == ["ok       scopes.default: 2 records: 2 valid, 0 in quarantine."]
    shop.run("sync")
    found = pq.read_table(next((tmp_path / "var/store/catalog").rglob("*.parquet"))).to_pylist()
    assert [(one["status"], one["visible_in"], one["stock"]) for one in found] == [
        ("enabled", ["catalog", "search"], "in-stock"),
        ("disabled", ["catalog", "search"], "out-of-stock"),
    ]


@pytest.mark.parametrize(
    ("field", "values", "column", "expression"),
    [
        (
            "enabled",
            "True False",
            "status",
            "case lower(enabled) when 'true' then 'enabled' when 'false' then 'disabled' else enabled end",
        ),
        ("status", "enabled disabled", "status", "status"),
        (
            "status",
            "active inactive",
            "status",
            "case lower(status) when 'active' then 'enabled' when 'inactive' then 'disabled' else status end",
        ),
        ("status", "A B", "status", "null"),
        (
            "availability",
            "in_stock out_of_stock",
            "stock",
            (
                "case lower(availability) when 'in_stock' then 'in-stock' when 'out_of_stock' then "
                "'out-of-stock' else availability end"
            ),
        ),
        (
            "stock",
            "12 0",
            "stock",
            (
                "case when try_cast(stock as double) > 0 then 'in-stock' when try_cast(stock as double) <= 0 "
                "then 'out-of-stock' end"
            ),
        ),
        ("stock", "plenty none", "stock", "null"),
        ("price", "$1,234.50 $2.00", "price", "number_of(price, '.')"),
        ("price", "cheap dear", "price", "null"),
        (
            "visibility",
            "4 1",
            "visible_in",
            (
                "case visibility when '4' then ['catalog', 'search'] when '2' then ['catalog'] when '3' then "
                "['search'] when '1' then [] else [visibility] end"
            ),
        ),
        ("updated_at", "2026-11-24 never", "updated_at", "null"),
        ("desc", "a b", "description", '"desc"'),
    ],
)
def test_values_decide_in_which_form_a_field_is_read_or_that_it_is_not(
    tmp_path: Path, field: str, values: str, column: str, expression: str
) -> None:
    one, two = values.split()
    _, _, mapped = init(tmp_path, "p.csv", f'sku,name,{field}\n1,n,"{one}"\n2,m,"{two}"\n')
    assert mapped[column] == expression


def test_without_a_telling_name_the_only_field_that_tells_records_apart_is_the_sku_and_called_a_guess(
    tmp_path: Path,
) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", "group,cell,title\nx,1,pen\nx,2,cap\ny,3,ink\n")
    assert (mapped["sku"], mapped["name"]) == ("cell", "title")
    written = shop.settings.read_text(encoding="utf-8").splitlines()
    guessed = [line.split(":")[0].strip() for line in written if "a guess by its values" in line]
    assert guessed == ["sku"]
    assert passes(shop)


@pytest.mark.parametrize("written", ['[{"sku": "a"},\n {"sku": "b"}]', '{"products": [\n {"sku": "a"}]}'])
def test_a_json_document_is_told_from_json_lines(tmp_path: Path, written: str) -> None:
    (tmp_path / "p.jsonl").write_text(written, encoding="utf-8")
    told = Shop(tmp_path).run("init", str(tmp_path / "p.jsonl"), "-o", str(tmp_path / "new.yaml"))
    assert (told.code, "it is one JSON document, and JSON lines are wanted" in told.err) == (4, True)


def test_json_lines_are_read_gzipped_and_with_nested_values(tmp_path: Path) -> None:
    records = [
        {"code": "1", "name": "n", "images": [{"url": "https://x/1.png"}], "in stock": True},
        {"code": "2", "name": "m", "in stock": False},
    ]
    lines = "".join(json.dumps(one) + "\n" for one in records)
    shop, _, mapped = init(tmp_path, "p.jsonl.gz", gzip.compress(lines.encode()))
    assert (mapped["sku"], mapped["images"]) == ("code", "images")
    assert (
        mapped["stock"]
        == "case lower(\"in stock\") when 'true' then 'in-stock' when 'false' then 'out-of-stock' else \"in stock\" end"
    )
    assert passes(shop)


def test_parquet_and_xlsx_are_read(tmp_path: Path) -> None:
    table = pa.table({"sku": ["1", "2"], "name": ["n", "m"], "price": [1.5, 2.0]})
    for name in ("p.parquet", "p.xlsx"):
        folder = tmp_path / name.split(".")[1]
        folder.mkdir()
        made = folder / name
        pq.write_table(table, made) if name.endswith("parquet") else pd.DataFrame(table.to_pydict()).to_excel(
            made, index=False
        )
        shop, _, mapped = init(folder, name, made.read_bytes())
        assert mapped == {"sku": "sku", "name": "name", "price": "price"}
        assert passes(shop)


def test_a_text_file_is_taken_for_csv_and_says_so(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.txt", "sku\tname\n1\tn\n")
    assert "    format: csv\n" in shop.settings.read_text(encoding="utf-8")
    assert passes(shop)


def test_a_header_alone_is_enough_for_a_first_file(tmp_path: Path) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", "sku,name,price\n")
    assert mapped == {"sku": "sku", "name": "name", "price": "price"}
    assert shop.run("check").code == 0


def test_names_that_yaml_or_sql_could_take_for_something_else_are_only_names(tmp_path: Path) -> None:
    hostile = "a\"b'c: #d"
    shop, _, mapped = init(tmp_path, "p.csv", 'SKU,name,"a""b\'c: #d",yes,"x\ny"\n1,n,2,3,4\n')
    assert mapped == {"sku": "SKU", "name": "name"}
    text = (
        shop.settings.read_text(encoding="utf-8")
        .replace("    # attributes:", "    attributes:")
        .replace("    #   - ", "      - ")
    )
    (scope,) = yaml.safe_load(text)["scopes"].values()
    assert scope["attributes"] == [hostile, "yes", "x\ny"]
    assert passes(shop)


def test_a_settings_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", "sku,name\n1,n\n")
    shop.settings.write_text("mine", encoding="utf-8")
    told = shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings))
    assert (told.code, told.err) == (
        2,
        f"datasync: {shop.settings}: is there already. Name another with -o, or replace it with --force.\n",
    )
    assert shop.settings.read_text(encoding="utf-8") == "mine"
    assert shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings), "--force").code == 0
    assert passes(shop)


@pytest.mark.parametrize(
    ("name", "content", "code", "sentence"),
    [
        ("gone.csv", None, 2, "there is no such file."),
        ("empty.csv", b"", 4, "cannot be read: it is empty."),
        ("p.docx", b"x", 2, "which does not tell one format."),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_written(
    tmp_path: Path, name: str, content: bytes | None, code: int, sentence: str
) -> None:
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = shop.run("init", str(tmp_path / name), "-o", str(shop.settings))
    assert (told.code, told.out, len(told.errors)) == (code, "", 1)
    assert sentence in told.err
    assert not shop.settings.exists()


def test_the_path_is_relative_where_the_file_stands_below_the_settings(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "exports/ja-JP/p.csv", "sku,name\n1,n\n")
    given = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))
    assert {name: scope["path"] for name, scope in given["scopes"].items()} == {"ja-JP": "exports/ja-JP/p.csv"}


@pytest.mark.parametrize(
    ("name", "beside", "path"),
    [
        ("artikel_2026-11-29.csv", [], "artikel_*.csv"),
        ("artikel_2026-11-29.csv", ["artikel_2026-11-28.csv", "preise_2026-11-29.csv"], "artikel_*.csv"),
        ("artikel_2026-11-29.csv", ["artikel_alt.csv"], "artikel_2026-11-29.csv"),
        ("artikel_2026-11-29.csv", ["artikel_AT_2026-11-29.csv"], "artikel_2026-11-29.csv"),
        ("exports/20261129_183015-items.csv", [], "exports/*-items.csv"),
        ("items-2026-11-29T18-30-15Z.csv", [], "items-*.csv"),
        ("artikel 29.11.2026.csv", [], "artikel *.csv"),
        ("export_29112026_v2.csv", [], "export_*_v2.csv"),
        ("prods_11-29-2026.csv", [], "prods_*.csv"),
        ("stock_1764441015.csv", [], "stock_*.csv"),
        ("prix_2026-11.csv", [], "prix_*.csv"),
        ("2026-11-29.csv", [], "2026-11-29.csv"),
        ("katalog-2026.csv", [], "katalog-2026.csv"),
        ("artikel_4711.csv", [], "artikel_4711.csv"),
        ("artikel_20269929.csv", [], "artikel_20269929.csv"),
    ],
)
def test_a_date_in_a_files_name_is_left_open_and_the_newest_counts(
    tmp_path: Path, name: str, beside: list[str], path: str
) -> None:
    for other in beside:
        (tmp_path / other).write_text("sku,name\n9,z\n", encoding="utf-8")
    shop, told, _ = init(tmp_path, name, "sku,name\n1,n\n")
    (scope,) = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"].values()
    is_open = path != name
    assert (scope["path"], scope["snapshot"]) == (path, "newest" if is_open else "complete")
    sentence = f"  path: {tmp_path / path}, snapshot: newest (* stands for the date in its name: the newest such file"
    assert (sentence in told.out) == is_open
    assert passes(shop)


def test_files_of_two_dates_have_a_scope_each_and_are_named_without_it(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    names = ("hemden_2026-11-28.csv", "hemden_2026-11-29.csv", "hosen_2026-11-29.csv")
    for name in names:
        (tmp_path / name).write_text("sku,name\n1,n\n", encoding="utf-8")
    assert shop.run("init", *(str(tmp_path / name) for name in names), "-o", str(shop.settings)).code == 0
    scopes = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"]
    assert {name: (scope["path"], scope["snapshot"]) for name, scope in scopes.items()} == {
        "hemden": ("hemden_2026-11-28.csv", "complete"),
        "hemden-2": ("hemden_2026-11-29.csv", "complete"),
        "hosen": ("hosen_*.csv", "newest"),
    }


ERP = (
    "Artikelnummer;Bezeichnung;Preis EUR;EK-Preis;Bestand;Aktiv;Warengruppe;Geändert am;Bild1;Bild2;Freigabe\n"
    '00123;Zelt Alpina;"1.299,00 €";800;4;ja;Outdoor;24.11.2026;a.jpg;b.jpg;A\n'
    "00124;Schuh;15,00 €;7;0;ja;Schuhe;01.12.2026;c.jpg;;B\n"
    "00125;Jacke;89,90 €;40;1.200;nein;Jacken;05.01.2026;;;C\n"
)


def catalog(shop: Shop) -> dict[str, dict[str, object]]:
    """The products of the one catalog that a pull brings, by SKU."""
    pipeline = shop.pipeline()
    (scope,) = pipeline.settings.scopes
    run = pipeline.begin("reads", "sync", (scope,), "tests", "")
    pipeline.pull(run, scope)
    pipeline.apply(run, scope)
    (entry,) = (shop.folder / "var/store/catalog").rglob("0*.parquet")
    rows = pq.read_table(entry).to_pylist()
    return {row["sku"]: row | {"price": row["price"] and f"{row['price']:.2f}"} for row in rows}


def test_an_export_of_an_erp_is_understood_value_by_value(tmp_path: Path) -> None:
    shop, told, _ = init(tmp_path, "erp_de.csv", ERP)
    assert "  price: number_of(\"Preis EUR\", ',')" in told.lines
    assert [line.strip() for line in told.lines if "€ -> " in line] == [
        "1.299,00 € -> 1299.00",
        "15,00 € -> 15.00",
        "89,90 € -> 89.90",
    ]
    assert told.lines[-2] == "  not taken: EK-Preis, Freigabe (name those that are needed under attributes)"
    found = catalog(shop)
    columns = ("name", "price", "currency", "stock", "status", "categories")
    assert {sku: tuple(str(row[column]) for column in columns) for sku, row in found.items()} == {
        "00123": ("Zelt Alpina", "1299.00", "EUR", "in-stock", "enabled", "['Outdoor']"),
        "00124": ("Schuh", "15.00", "EUR", "out-of-stock", "enabled", "['Schuhe']"),
        "00125": ("Jacke", "89.90", "EUR", "in-stock", "disabled", "['Jacken']"),
    }
    assert [one["url"] for one in found["00123"]["images"]] == ["a.jpg", "b.jpg"]  # type: ignore[index,attr-defined]
    assert str(found["00124"]["updated_at"]) == "2026-12-01 00:00:00+00:00"


@pytest.mark.parametrize(
    ("header", "values", "column", "options"),
    [
        ("price", ("1.299 €", "2.150 €"), "price", ["number_of(price, ',')", "number_of(price, '.')"]),
        ("Preis", ("1,299", "12,500"), "price", ["number_of(Preis, ',')", "number_of(Preis, '.')"]),
        (
            "changed",
            ("03/04/2026", "05/06/2026"),
            "updated_at",
            ["moment_of(changed, '%d/%m/%Y')", "moment_of(changed, '%m/%d/%Y')"],
        ),
    ],
)
def test_what_can_be_read_in_two_ways_is_left_unmapped_with_both_ways_in_comments(
    tmp_path: Path, header: str, values: tuple[str, str], column: str, options: list[str]
) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", f'sku,name,{header}\n1,Pen,"{values[0]}"\n2,Ink,"{values[1]}"\n')
    assert mapped.get(column, "null") == "null"
    assert any(line.startswith(f"  {column}: NOT MAPPED: {header} can be read in 2 ways") for line in told.lines)
    written = shop.settings.read_text(encoding="utf-8")
    lines = [line.strip().removeprefix("# ") for line in written.splitlines() if f"# {column}: " in line]
    assert [yaml.safe_load(line)[column] for line in lines if "can be read" not in line] == options
    assert all(f"{value} -> " in written for value in values)
    assert catalog(shop)["1"][column] is None


@pytest.mark.parametrize(
    ("header", "values", "reads"),
    [
        ("price", ("10", "12"), "number_of(price)"),
        ("price", ("12.50 EUR", "12,50 EUR"), "number_of(price)"),
        ("price", ("1.299", "12.5"), "price"),
        ("price", ("CHF 1'299.00", "CHF 99.–"), "number_of(price, '.')"),
        ("Cena brutto", ("1\u00a0299,00 zł", "5 zł"), "number_of(\"Cena brutto\", ',')"),
        ("Preço", ("R$ 1.299,90", "R$ 5,00"), "number_of(\"Preço\", ',')"),
        ("pris", ("12,50 kr", "1 kr"), None),
        ("preis", ("19 %", "7 %"), None),
        ("Einkaufspreis", ("12,50", "7,00"), None),
    ],
)
def test_the_decimal_sign_is_decided_over_all_values(
    tmp_path: Path, header: str, values: tuple[str, str], reads: str | None
) -> None:
    _, _, mapped = init(tmp_path, "p.csv", f'sku,name,{header}\n1,Pen,"{values[0]}"\n2,Ink,"{values[1]}"\n')
    assert mapped.get("price") == reads


def test_a_value_further_down_that_has_another_form_is_a_bad_value_and_never_another_number(tmp_path: Path) -> None:
    shop, _, _ = init(tmp_path, "p.csv", 'sku,name,price\n1,Pen,"1.299,00 €"\n2,Ink,"5,00 €"\n')
    (tmp_path / "p.csv").write_text('sku,name,price\n1,Pen,"1.299 €"\n2,Ink,5.00 €\n3,Cap,\n', encoding="utf-8")
    assert {sku: str(row["price"]) for sku, row in catalog(shop).items()} == {
        "1": "1299.00",
        "2": "None",
        "3": "None",
    }
    assert "price is 5.00 € (not written like 1.299,00), which is no decimal number." in shop.run("why", "2").out


def test_numbers_that_the_file_itself_calls_numbers_need_no_decision(tmp_path: Path) -> None:
    lines = '{"sku": "1", "name": "Pen", "price": 1.299}\n{"sku": "2", "name": "Ink", "price": 2}\n'
    _, _, mapped = init(tmp_path, "p.jsonl", lines)
    assert mapped["price"] == "price"


@pytest.mark.parametrize(
    "header",
    [
        "sku,name,price,currency",
        "Artikel-Nr.,Bezeichnung,VK-Preis (brutto),Währung",
        "Référence,Désignation,Prix TTC,Devise",
        "Referencia,Nombre,Precio de venta,Moneda",
        "Codice articolo,Descrizione breve,Prezzo di vendita,Valuta",
        "Artikelcode,Productnaam,Verkoopprijs,Valuta",
        "Código do produto,Nome,Preço de venda,Moeda",
        "Kod produktu,Nazwa towaru,Cena brutto,Waluta",
    ],
)
def test_headers_are_known_in_eight_languages(tmp_path: Path, header: str) -> None:
    shop, _, _ = init(tmp_path, "p.csv", f"{header}\nA-1,Pen fine,1.50,EUR\nB-2,Ink blue,22.90,EUR\n")
    found = catalog(shop)
    assert {key: (row["name"], str(row["price"]), row["currency"]) for key, row in found.items()} == {
        "A-1": ("Pen fine", "1.50", "EUR"),
        "B-2": ("Ink blue", "22.90", "EUR"),
    }


@pytest.mark.parametrize(
    "header",
    [
        *(
            "Kurzbezeichnung",
            "Kurztext",
            "Artikeltext",
            "Artikelbez.",
            "Art.-Bez.",
            "Produktbezeichnung",
            "Bezeichnung 1",
        ),
        *("Bezeichnung_DE", "Bezeichnung kurz", "Materialkurztext", "Warenbezeichnung", "Benennung", "Name 1"),
        *("Item title", "Short name", "Display Name", "product_name_1", "Désignation courte", "Libellé article"),
        *("Intitulé du produit", "Nombre del artículo", "Denominación corta", "Nome articolo", "Denominazione breve"),
        *("Artikel naam", "Korte naam", "Benaming", "Nome do artigo", "Designação", "Nazwa artykułu", "Nazwa skrócona"),
    ],
)
def test_names_are_known_by_headers_that_are_put_together(tmp_path: Path, header: str) -> None:
    rows = "".join(f"A-{n};{'XY'[n % 2]}MATCH {n % 2};{['Matte', 'Stuhl'][n % 2]};Firma {n}\n" for n in range(8))
    shop, _, mapped = init(tmp_path, "p.csv", f"sku;Matchcode;{header};Hersteller\n{rows}")
    assert mapped["name"].strip('"') == header
    assert passes(shop)


@pytest.mark.parametrize("header", ["Warengruppenbezeichnung", "Markenname", "Bezeichnung 2", "Lieferantenname"])
def test_what_is_called_like_the_name_of_something_else_is_not_the_name(tmp_path: Path, header: str) -> None:
    rows = "".join(f"A-{n};Ware Nummer {'abcdefgh'[n]};{['Haus', 'Garten'][n % 2]}\n" for n in range(8))
    _, _, mapped = init(tmp_path, "p.csv", f"sku;Kurztext;{header}\n{rows}")
    assert mapped["name"] == "Kurztext"


def test_the_second_of_two_texts_is_not_the_name(tmp_path: Path) -> None:
    _, _, mapped = init(
        tmp_path, "p.csv", "sku;Bezeichnung 2;Bezeichnung 1\n1;rot matt;Stuhl Eins\n2;blau;Tisch Zwei\n"
    )
    assert mapped["name"] == '"Bezeichnung 1"'


@pytest.mark.parametrize(
    ("header", "sku"),
    [
        ("Item number;Custom label (SKU)", "Custom label (SKU)"),
        ("Product ID;Seller SKU", "Seller SKU"),
        ("id;default_code", "default_code"),
        ("Seller SKU;SKU", "SKU"),
        ("Parent SKU;SKU", "SKU"),
        ("Supplier SKU;Artikelnummer", "Artikelnummer"),
        ("Lieferanten-SKU;Artikelnummer", "Artikelnummer"),
        ("EAN;SKU des Artikels", "SKU des Artikels"),
    ],
)
def test_a_field_with_the_word_sku_is_the_sku_unless_it_is_of_another_product(
    tmp_path: Path, header: str, sku: str
) -> None:
    _, _, mapped = init(tmp_path, "p.csv", f"{header};name\n4006381333931;P-1;Pen\n4006381333948;P-2;Ink\n")
    assert mapped["sku"].strip('"') == sku


def test_what_looks_like_no_address_is_said_so(tmp_path: Path) -> None:
    _, told, mapped = init(tmp_path, "p.csv", "sku,name,url\nA,Pen,pen\nB,Ink,ink\n")
    assert mapped["url"] == "null"
    assert "  url: NOT MAPPED: url holds what looks like no url" in told.lines


@pytest.mark.parametrize("header", ["Descripción", "Omschrijving", "Short description", "Kurzbeschreibung", "Opis"])
def test_texts_that_could_be_the_name_are_listed_with_a_sample_each(tmp_path: Path, header: str) -> None:
    rows = "".join(f"A-{n};{['Silla', 'Mesa', 'Cama'][n % 3]} roja;CODE {'XYZW'[n % 4]}\n" for n in range(12))
    shop, told, mapped = init(tmp_path, "p.csv", f"sku;{header};Matchcode\n{rows}")
    listed = f"Matchcode (CODE X), {header} (Silla roja)"
    note = f"name: NOT MAPPED: no field is called like a name, and several could be it: {listed}. Say which under map"
    assert "name" not in mapped and f"  {note}" in told.lines
    assert f"# name: {note.removeprefix('name: NOT MAPPED: ')}" in shop.settings.read_text(encoding="utf-8")
    checked = shop.run("check")
    assert "scopes.default: name is not mapped, and no record has a field of that name. Fields of " in checked.out
    assert "under scopes.default.map, as name: FIELD, or where" in checked.out


@pytest.mark.parametrize(
    ("header", "rows", "name", "status"),
    [
        ("sku,description,blocked", ["A,Shirt,No", "B,Hat,Yes"], "description", "enabled disabled"),
        ("sku,description,discontinued", ["A,Shirt,No", "B,Hat,Yes"], "description", None),
        ("sku,description,handmade", ["A,Shirt,No", "B,Hat,Yes"], "description", None),
        ("sku,handmade,price", ["A,No,1.50", "B,Yes,2.50"], None, None),
        ("sku,handmade,price", ["A,No,1.50"], None, None),
        ("sku,Brand,price", ["A,Alpina,1.50", "B,Ridge,2.50"], None, None),
        ("sku,Nom du fournisseur,price", ["A,Alpina,1.50", "B,Ridge,2.50"], None, None),
        ("sku,Herstellername,Langtext", ["A,Alpina,Stuhl", "B,Ridge,Tisch"], "Langtext", None),
        ("Codice,Descrizione,Marca,Prezzo,Bloccato", ["A,Sedia,Alpi,1.5,si", "B,Tavolo,Riva,2.5,no"], "Descrizione",
         "disabled enabled"),
        ("sku,Descripción,remark,Bloqueado", ["A,Silla,Roja,sí", "B,Mesa,Azul,no"], None, "disabled enabled"),
        ("sku,Opis,Producent,Zablokowany", ["A,Krzesło,Alpina,tak", "B,Stół,Ridge,nie"], "Opis", "disabled enabled"),
        ("sku,Omschrijving,Merk,Geblokkeerd", ["A,Stoel,Alpina,ja", "B,Tafel,Ridge,nee"], "Omschrijving",
         "disabled enabled"),
        ("sku,name,Artikelsperre", ["A,Stuhl,x", "B,Tisch,"], "name", "disabled enabled"),
        ("sku,name,Supprimé", ["A,Chaise,oui", "B,Table,non"], "name", "disabled enabled"),
        ("sku,name,Excluído", ["A,Cadeira,sim", "B,Mesa,não"], "name", "disabled enabled"),
        ("Codice,Descrizione,Marca,Prezzo,Obsoleto", ["A,Sedia,Alpi,1.5,si", "B,Tavolo,Riva,2.5,no"], "Descrizione",
         None),
        ("sku,Opis,Producent,Wycofany", ["A,Krzesło,Alpina,tak", "B,Stół,Ridge,nie"], "Opis", None),
        ("sku,description", ["A," + "Words about a chair. " * 4, "B," + "More about a table. " * 4], None, None),
    ],
)  # fmt: skip
def test_no_name_is_guessed_from_makers_and_from_a_yes_or_no(
    tmp_path: Path, header: str, rows: list[str], name: str | None, status: str | None
) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", "\n".join([header, *rows, ""]))
    assert mapped.get("name") == name
    assert ("name: NOT MAPPED: " in told.out) == (name is None)
    assert ("a guess by its values: no field is called like a name" in told.out) == (name not in (None, "name"))
    if name:
        assert shop.run("check").code == 0
    if name and status:
        assert " ".join(row["status"] for _, row in sorted(catalog(shop).items())) == status
    assert ("status" in mapped) == (status is not None)


NESTED: list[tuple[dict[str, object], dict[str, list[str]]]] = [
    ({"id": "A", "title": {"en": "Shirt", "de": "Hemd"}, "price": {"amount": 19.9, "currency": "EUR"}},
     {"name": ["title->>'$.en'", "title->>'$.de'"], "price": ["price->>'$.amount'"]}),
    ({"id": "A", "name": {"de-DE": "Hemd"}, "description": {"values": {"de": "Ein langer Text"}, "n": 3}},
     {"name": ["name->>'$.\"de-DE\"'"], "description": ["description->>'$.values.de'"]}),
    ({"sku": {"$oid": "A"}, "title": "Shirt", "url": {"web": "https://x.example/a", "tags": ["a"]}},
     {"sku": ["sku->>'$.\"$oid\"'"], "url": ["url->>'$.web'"]}),
    ({"sku": "A", "remark": {"en": "Good words"}, "description": {"en": "Shirt"}},
     {"name": [], "description": ["description->>'$.en'"]}),
    ({"sku": "A", "name": "{Sale} Shirt", "currency": {"code": "EUR"}}, {"currency": ["currency->>'$.code'"]}),
]  # fmt: skip


@pytest.mark.parametrize(("product", "inside"), NESTED)
def test_an_object_is_no_value_and_what_is_in_it_is_listed(
    tmp_path: Path, product: dict[str, object], inside: dict[str, list[str]]
) -> None:
    lines = "".join(json.dumps({**product, "n": n}).replace('"A"', f'"A{n}"') + "\n" for n in range(3))
    shop, told, mapped = init(tmp_path, "p.jsonl", lines)
    settings = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))
    comments = [line.strip() for line in shop.settings.read_text(encoding="utf-8").splitlines()]
    for column, options in inside.items():
        assert mapped.get(column, "null") == "null" and f"  {column}: NOT MAPPED: " in told.out
        assert [*_commented(comments, column)] == options
        settings["scopes"]["default"]["map"] |= {column: options[0] if options else "'x'"}
    shop.settings.write_text(yaml.safe_dump(settings), encoding="utf-8")
    assert passes(shop) == ["ok       scopes.default: 3 records: 3 valid, 0 in quarantine."]
    assert all(not str(value).startswith('{"') for row in catalog(shop).values() for value in row.values())


def _commented(comments: list[str], column: str) -> Iterator[str]:
    """What stands in comments as the map of a column."""
    for line in comments:
        if re.match(rf"# {column}: ['\"]", line):
            yield yaml.safe_load(line[1:])[column]


@pytest.mark.parametrize("price", ["price", "Price"])
def test_a_column_of_its_own_name_that_is_empty_in_the_sample_is_told_of(tmp_path: Path, price: str) -> None:
    header = f"sku,name,{price},currency,status,description,updated_at,brand\n"
    shop, told, mapped = init(tmp_path, "p.csv", f"{header}A,x,,,,,,\nB,y,,,,,,\n")
    empty = ["currency", "status", "description", "updated_at"]
    assert mapped == {"sku": "sku", "name": "name", "price": "null", **{column: column for column in empty}}
    for column in empty:
        assert f"  {column}: {column} (empty in the sample: taken as it stands when it has values)" in told.lines
    assert f"  price: NOT MAPPED: {price} is empty in the sample, and is not taken until it is said" in told.out
    assert f"not taken: {price}, brand (" in told.out
    assert f"      # price: \"number_of({price}, ',')\"\n" in shop.settings.read_text(encoding="utf-8")
    (tmp_path / "p.csv").write_text(
        f"{header}A,x,1.299,EUR,disabled,Words,2026-11-01,q\nB,y,,,enabled,,,\n", encoding="utf-8"
    )
    assert shop.run("check").code == 0
    row = catalog(shop)["A"]
    assert (row["price"], row["currency"], row["status"], row["description"]) == (None, "EUR", "disabled", "Words")


def test_an_empty_column_of_a_products_own_name_gives_way_to_a_filled_one(tmp_path: Path) -> None:
    _, told, mapped = init(tmp_path, "p.csv", "sku,name,price,list_price\nA,x,,1.50\nB,y,,2.50\n")
    assert mapped["price"] == "list_price" and "empty in the sample" not in told.out


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Item,Description,Quantité en stock,Prezzo di listino,Data zmiany", "sku stock price updated_at"),
        ("Item No,Name,Qty On Hand,Price,Updated", "sku name stock price updated_at"),
        ("Nr.,Bezeichnung,Bestand,Preis,Stand", "sku name stock price updated_at"),
    ],
)
def test_common_headers_are_known(tmp_path: Path, header: str, columns: str) -> None:
    rows = "X-1,Blue pen,4,1.50,2026-11-01\nX-2,Red ink,0,2.50,2026-11-02\n"
    _, _, mapped = init(tmp_path, "p.csv", f"{header}\n{rows}")
    assert set(columns.split()) <= set(mapped)
    assert mapped["sku"].strip('"') == header.split(",", maxsplit=1)[0]


def test_an_item_that_is_a_text_is_the_name(tmp_path: Path) -> None:
    _, _, mapped = init(tmp_path, "p.csv", "Item,Id,Price\nBlue pen,7,1.50\nRed ink,8,2.50\n")
    assert (mapped["sku"], mapped["name"]) == ("Id", "Item")


def test_a_long_text_is_no_name(tmp_path: Path) -> None:
    rows = "".join(f"A-{n};{'Ein langer Text über alles. ' * 9}{n}\n" for n in range(5))
    _, told, mapped = init(tmp_path, "p.csv", f"sku;Artikeltext\n{rows}")
    assert "name" not in mapped
    assert "name: NOT MAPPED: no field is called like a name, and none holds a text of its own" in told.out


def test_text_beats_numbers_and_hashes_as_a_name(tmp_path: Path) -> None:
    rows = "".join(f"A{n},{n * 7},{n:032x},Chair number {'abcdefgh'[n]}\n" for n in range(8))
    _, told, mapped = init(tmp_path, "p.csv", f"sku,label,checksum,remark\n{rows}")
    assert (mapped["sku"], mapped["name"]) == ("sku", "remark")
    assert any("a guess by its values" in line for line in told.lines)


def test_no_field_is_taken_twice(tmp_path: Path) -> None:
    shop, _, mapped = init(tmp_path, "p.csv", "id,type,title\n1,Chairs and more,Alpina\n2,Tables to eat at,Ridge\n")
    assert (mapped["sku"], mapped["name"], mapped["type"]) == ("id", "title", "type")
    assert len(set(mapped.values())) == len(mapped)
    assert shop.run("check").code == 0


def test_several_files_become_a_scope_each_by_their_locale(tmp_path: Path) -> None:
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    names = ("p_de-CH.csv", "p_fr.csv", "outlet.csv", "more_de-CH.csv")
    for name in names:
        (tmp_path / name).write_text("sku,name_de,name_fr\n1,Stuhl,Chaise\n", encoding="utf-8")
    told = shop.run("init", *(str(tmp_path / name) for name in names), "-o", str(shop.settings))
    assert (told.code, told.err) == (0, "")
    scopes = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"]
    assert {name: (scope["path"], scope["map"]["name"]) for name, scope in scopes.items()} == {
        "de-CH": ("p_de-CH.csv", "name_de"),
        "fr": ("p_fr.csv", "name_fr"),
        "outlet": ("outlet.csv", "name_de"),
        "de-CH-2": ("more_de-CH.csv", "name_de"),
    }
    assert shop.run("check").code == 0


def test_a_field_that_is_not_understood_leaves_its_column_to_another_that_is(tmp_path: Path) -> None:
    _, _, mapped = init(tmp_path, "p.csv", "sku,name,status,enabled\n1,Pen,A,true\n2,Ink,B,false\n")
    assert mapped["status"].startswith("case lower(enabled) when 'true' then 'enabled'")


def test_a_field_with_a_name_of_our_own_is_no_field_to_map(tmp_path: Path) -> None:
    _, told, _ = init(tmp_path, "p.jsonl", '{"sku": "A", "name": "x", "_place": "q"}\n{"sku": "B", "name": "y"}\n')
    assert "sku: sku" in told.out and "_place" not in told.out


def test_a_file_in_the_folder_is_called_by_its_whole_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("artikel.csv").touch()
    told = Shop(tmp_path, "").run("init", "artikel.csv", "-o", "other.yaml")
    assert told.err.startswith("datasync: artikel.csv cannot be read: it is empty.")
