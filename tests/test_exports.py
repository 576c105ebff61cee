"""Exports of shop systems and ERPs, in their documented columns: what `init` and `sync` make of each."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from tests.shop import Shop

BOTH = ["catalog", "search"]


def products(folder: Path, name: str, content: str, encoding: str = "utf-8") -> dict[str, dict[str, dict[str, Any]]]:
    """The catalogs that `init` and `sync` make of a file: by scope and SKU, each product as plain values."""
    shop = Shop(folder, "")
    shop.settings.unlink()
    (folder / name).write_bytes(content.encode(encoding))
    told = shop.run("init", str(folder / name), "-o", str(shop.settings))
    assert (told.code, told.err) == (0, "")
    assert yaml.safe_load(shop.settings.read_text(encoding="utf-8"))["scopes"]
    assert shop.run("check").code == 0
    assert shop.run("sync").code == 0
    made: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in sorted((folder / "var/store/catalog").rglob("0*.parquet")):
        rows = [row for row in pq.read_table(entry).to_pylist() if row["hash"]]
        made[entry.parent.name.removeprefix("scope=")] = {row["sku"]: _plain(row) for row in rows}
    return made


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    price = row["price"] if row["price"] is None else f"{row['price'].normalize():f}"
    images = [image["url"] for image in row["images"] or ()]
    return {**row, "price": price, "images": images, "updated_at": row["updated_at"] and str(row["updated_at"])[:16]}


def columns(found: dict[str, dict[str, Any]], *names: str) -> dict[str, tuple[Any, ...]]:
    return {sku: tuple(row[name] for name in names) for sku, row in found.items()}


SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,\
Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,\
Variant Compare At Price,Image Src,Image Position,Variant Image,Cost per item,Status
lamp,Lamp Orbit,"<p>Bright,
and warm</p>",Acme,Home & Garden > Lighting,Lamps,"new, sale",true,Color,Brass,LAMP-BR,900,shopify,3,deny,1249.00,\
1499.00,https://cdn.example/l1.jpg,1,https://cdn.example/brass.jpg,700,active
lamp,,,,,,,,,Black,LAMP-BK,900,shopify,0,deny,1199.50,,https://cdn.example/l2.jpg,2,,650,
lamp,,,,,,,,,White,LAMP-WH,900,shopify,0,continue,1199.50,,,,https://cdn.example/l2.jpg,650,
lamp,,,,,,,,,,,,,,,,,https://cdn.example/l3.jpg,3,,,
gift,Gift card,,Acme,,Cards,,false,Title,Default Title,GIFT,0,,,deny,25.00,,https://cdn.example/g.jpg,1,,,active
old,Old vase,,,,,,true,Title,Default Title,VASE,400,shopify,1,deny,15.00,,,,,,archived
secret,Hidden bowl,,Bolt,,Bowls,,true,Title,Default Title,BOWL,400,shopify,1,deny,9.90,,,,,,unlisted
plan,Planned cup,,Bolt,,Cups,,false,Title,Default Title,CUP,400,shopify,1,deny,9.90,,,,,,draft
nosku,No SKU,,Bolt,,Cups,,true,Title,Default Title,,400,shopify,1,deny,9.90,,https://cdn.example/n.jpg,1,,,active
"""


def test_shopify(tmp_path: Path) -> None:
    (found,) = products(tmp_path, "products_export_1.csv", SHOPIFY).values()
    assert columns(found, "name", "price", "status", "visible_in", "stock") == {
        "LAMP-BR": ("Lamp Orbit", "1249", "enabled", BOTH, "in-stock"),
        "LAMP-BK": ("Lamp Orbit", "1199.5", "enabled", BOTH, "out-of-stock"),
        "LAMP-WH": ("Lamp Orbit", "1199.5", "enabled", BOTH, "in-stock"),
        "GIFT": ("Gift card", "25", "enabled", [], "in-stock"),
        "VASE": ("Old vase", "15", "disabled", BOTH, "in-stock"),
        "BOWL": ("Hidden bowl", "9.9", "enabled", [], "in-stock"),
        "CUP": ("Planned cup", "9.9", "disabled", [], "in-stock"),
    }
    at = "https://cdn.example"
    assert columns(found, "images") == {
        "LAMP-BR": ([f"{at}/brass.jpg", f"{at}/l1.jpg", f"{at}/l2.jpg", f"{at}/l3.jpg"],),
        "LAMP-BK": ([f"{at}/l1.jpg", f"{at}/l2.jpg", f"{at}/l3.jpg"],),
        "LAMP-WH": ([f"{at}/l2.jpg", f"{at}/l1.jpg", f"{at}/l3.jpg"],),
        "GIFT": ([f"{at}/g.jpg"],),
        **dict.fromkeys(("VASE", "BOWL", "CUP"), ([],)),
    }
    assert columns(found, "categories")["LAMP-WH"] == (["Home & Garden > Lighting", "Lamps"],)
    assert found["LAMP-BK"]["description"] == "<p>Bright,\nand warm</p>"
    assert (found["VASE"]["description"], found["VASE"]["type"]) == (None, "simple")
    shop = Shop(tmp_path, (tmp_path / "datasync.yaml").read_text(encoding="utf-8"))
    shop.now += timedelta(hours=1)
    (scope,) = shop.json("status")["scopes"]
    terms = ("records", "valid", "quarantined", "filtered")
    assert [scope["last_pull"][term] for term in terms] == [9, 7, 1, 1]


def test_shopify_in_its_newer_columns(tmp_path: Path) -> None:
    new = (
        "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,"
        "Option1 name,Option1 value,Price,Compare-at price,Cost per item,Inventory tracker,Inventory quantity,"
        "Continue selling when out of stock,Product image URL,Image position,Variant image URL\n"
        "Pen,pen,Fine,Acme,Office,Pens,,TRUE,Active,'0012,,Color,Blue,5.50,,1,shopify,0,DENY,https://c/p1.jpg,1,\n"
        ",pen,,,,,,,,PEN-R,,,Red,5.50,,1,shopify,7,DENY,https://c/p2.jpg,2,https://c/p2.jpg\n"
    )
    (found,) = products(tmp_path, "new.csv", new).values()
    assert columns(found, "name", "price", "status", "stock", "images") == {
        "0012": ("Pen", "5.5", "enabled", "out-of-stock", ["https://c/p1.jpg", "https://c/p2.jpg"]),
        "PEN-R": ("Pen", "5.5", "enabled", "in-stock", ["https://c/p2.jpg", "https://c/p1.jpg"]),
    }


WOOCOMMERCE = """\
ID,Type,SKU,"GTIN, UPC, EAN, or ISBN",Name,Published,"Is featured?","Visibility in catalog","Short description",\
Description,"In stock?",Stock,"Backorders allowed?","Sale price","Regular price",Categories,Tags,Images,\
Parent,Position,"Attribute 1 name","Attribute 1 value(s)"
10,variable,HOOD,,Hoodie,1,0,visible,Warm,,1,,0,,,"Clothing > Hoodies, Sale",,\
"https://w.example/a.jpg, https://w.example/b.jpg",,0,Color,"Red, Blue"
11,variation,HOOD-R,,Hoodie - Red,1,0,visible,,,1,5,0,39.00,45.00,,,https://w.example/r.jpg,HOOD,1,Color,Red
12,variation,,,Hoodie - Blue,1,0,visible,,,0,0,0,,45.00,,,,HOOD,2,Color,Blue
13,simple,CAP,4006381333931,Cap,0,0,visible,Cap,Long,backorder,,1,,1299.00,Hats,,https://w.example/c.jpg,,0,,
14,"simple, virtual",SOCK,,Course,-1,0,hidden,,,1,3,0,,5.00,Courses,,,,0,,
15,simple,TIE,,Tie,1,1,catalog,,,1,3,0,,15.50,Ties,,,,0,,
16,simple,0017,,Pin,1,1,search,,,0,0,0,,0.50,Pins,,,,0,,
"""


def test_woocommerce(tmp_path: Path) -> None:
    (found,) = products(tmp_path, "wc-product-export.csv", WOOCOMMERCE).values()
    assert columns(found, "name", "type", "price", "status", "visible_in", "stock") == {
        "HOOD": ("Hoodie", "variable", None, "enabled", BOTH, "in-stock"),
        "HOOD-R": ("Hoodie - Red", "variation", "45", "enabled", BOTH, "in-stock"),
        "CAP": ("Cap", "simple", "1299", "disabled", BOTH, "in-stock"),
        "SOCK": ("Course", "simple", "5", "disabled", [], "in-stock"),
        "TIE": ("Tie", "simple", "15.5", "enabled", ["catalog"], "in-stock"),
        "0017": ("Pin", "simple", "0.5", "enabled", ["search"], "out-of-stock"),
    }
    assert columns(found, "images", "categories", "description")["HOOD"] == (
        ["https://w.example/a.jpg", "https://w.example/b.jpg"],
        ["Clothing > Hoodies", "Sale"],
        "Warm",
    )
    assert found["CAP"]["description"] == "Long"


HEADINGS = {
    "de": (
        "ID,Typ,Artikelnummer,GTIN,Name,Veröffentlicht,Ist hervorgehoben?,Sichtbarkeit im Katalog,Kurzbeschreibung,"
        "Beschreibung,Vorrätig?,Bestand,Lieferrückstände erlaubt?,Angebotspreis,Regulärer Preis,Kategorien,"
        "Schlagwörter,Bilder,Übergeordnetes Produkt,Position,Attribut 1 Name,Attribut 1 Wert(e)"
    ),
    "fr": (
        "ID,Type,UGS,GTIN,Nom,Publié,Mis en avant ?,Visibilité dans le catalogue,Description courte,Description,"
        "En stock\u00a0?,Stock,Autoriser les commandes de produits en rupture ?,Tarif promo,Tarif régulier,Catégories,"
        "Étiquettes,Images,Parent,Position,Nom de l’attribut 1,Valeur(s) de l’attribut 1"
    ),
    "es": (
        "ID,Tipo,SKU,GTIN,Nombre,Publicado,¿Está destacado?,Visibilidad en el catálogo,Descripción corta,Descripción,"
        "¿En inventario?,Inventario,¿Permitir reservas de productos agotados?,Precio rebajado,Precio normal,Categorías,"
        "Etiquetas,Imágenes,Superior,Posición,Nombre del atributo 1,Valor(es) del atributo 1"
    ),
}


@pytest.mark.parametrize("language", HEADINGS)
def test_woocommerce_with_its_headings_in_another_language(tmp_path: Path, language: str) -> None:
    _, rows = WOOCOMMERCE.split("\n", 1)
    in_comma = re.sub(r",(\d+)\.(\d\d),", r',"\1,\2",', re.sub(r",(\d+)\.(\d\d),", r',"\1,\2",', rows))
    assert '"39,00","45,00"' in in_comma
    (tmp_path / "en").mkdir()
    (english,) = products(tmp_path / "en", "products.csv", WOOCOMMERCE).values()
    (translated,) = products(tmp_path, "products.csv", f"{HEADINGS[language]}\n{in_comma}").values()
    names = ("name", "type", "price", "status", "visible_in", "stock", "images", "categories", "description")
    assert columns(translated, *names) == columns(english, *names)


MAGENTO = """\
sku,store_view_code,attribute_set_code,product_type,categories,product_websites,name,description,short_description,\
product_online,visibility,price,special_price,url_key,base_image,additional_images,additional_attributes,created_at,\
updated_at,qty,is_in_stock
MB01,,Bag,simple,"Default Category/Gear,Default Category/Gear/Bags",base,Bag,<p>A bag</p>,,1,"Catalog, Search",\
34.0000,,bag,/m/b/1.jpg,"/m/b/1.jpg,/m/b/2.jpg","color=Red,material=Canvas",\
"11/3/26, 8:05 AM","11/24/26, 3:05 PM",100.0000,1
MB01,de,,,,,Tasche,,,,,,,,,,,,,,
MB01,fr_ca,,,,,Sac,<p>Un sac</p>,,,,29.0000,,,,,,,,,
MB02,,Bag,configurable,Default Category/Gear,base,Belt,,,2,Not Visible Individually,1299.5000,\
999.0000,belt,,,,"11/3/26, 8:05 AM","11/4/26, 3:05 AM",0.0000,0
MB02,de,,,,,Gürtel,,,1,,,,,,,,,,,
MB03,,Bag,simple,,base,Cap,,,1,Search,5.0000,,cap,/m/b/3.jpg,,,"11/3/26, 8:05 AM","11/4/26, 3:05 AM",3.0000,1
"""


def test_magento_with_its_translations(tmp_path: Path) -> None:
    made = products(tmp_path, "catalog_product.csv", MAGENTO)
    names = ("name", "price", "status", "visible_in", "stock", "type", "images", "updated_at")
    two = ["/m/b/1.jpg", "/m/b/2.jpg"]
    bag = ("enabled", BOTH, "in-stock", "simple", two, "2026-11-24 15:05")
    belt = ([], "out-of-stock", "configurable", [], "2026-11-04 03:05")
    assert {scope: columns(found, *names) for scope, found in made.items()} == {
        "default": {
            "MB01": ("Bag", "34", *bag),
            "MB02": ("Belt", "1299.5", "disabled", *belt),
            "MB03": ("Cap", "5", "enabled", ["search"], "in-stock", "simple", ["/m/b/3.jpg"], "2026-11-04 03:05"),
        },
        "de": {"MB01": ("Tasche", "34", *bag), "MB02": ("Gürtel", "1299.5", "enabled", *belt)},
        "fr-CA": {"MB01": ("Sac", "29", *bag)},
    }
    assert columns(made["de"], "description") == {"MB01": ("<p>A bag</p>",), "MB02": (None,)}
    assert made["fr-CA"]["MB01"]["description"] == "<p>Un sac</p>"
    assert made["default"]["MB01"]["categories"] == ["Default Category/Gear", "Default Category/Gear/Bags"]


GOOGLE = (
    "id\ttitle\tdescription\tlink\timage link\tadditional image link\tavailability\tprice\tsale price\tproduct type\t"
    "gtin\tcondition\titem group id\n"
    "G-1\tStuhl rot\tEin Stuhl\thttps://g.example/1\thttps://g.example/1.jpg\t"
    "https://g.example/1b.jpg,https://g.example/1c.jpg\tin_stock\t12.50 EUR\t10.00 EUR\tHome > Chairs\t\tnew\tS\n"
    "G-2\tTisch\tEin Tisch\thttps://g.example/2\thttps://g.example/2.jpg\t\tpreorder\t1299.00 EUR\t\t\t0124\tnew\t\n"
    "G-3\tBank\tEine Bank\thttps://g.example/3\t\t\tout of stock\t99.00 CHF\t\tHome > Benches\t0125\tused\t\n"
)


def test_google_merchant(tmp_path: Path) -> None:
    (found,) = products(tmp_path, "feed.tsv", GOOGLE).values()
    assert columns(found, "name", "price", "currency", "stock", "status", "visible_in", "url") == {
        "G-1": ("Stuhl rot", "12.5", "EUR", "in-stock", "enabled", BOTH, "https://g.example/1"),
        "G-2": ("Tisch", "1299", "EUR", "out-of-stock", "enabled", BOTH, "https://g.example/2"),
        "G-3": ("Bank", "99", "CHF", "out-of-stock", "enabled", BOTH, "https://g.example/3"),
    }
    assert columns(found, "images", "categories") == {
        "G-1": ([f"https://g.example/{name}.jpg" for name in ("1", "1b", "1c")], ["Home > Chairs"]),
        "G-2": (["https://g.example/2.jpg"], None),
        "G-3": ([], ["Home > Benches"]),
    }


@pytest.mark.parametrize(
    ("name", "content", "right"),
    [
        (
            "artikelstamm.csv",
            (
                "Artikel-Nr.;Kurztext;Langtext;VK-Preis (brutto);EK netto;Währung;Bestand;"
                "gesperrt;Warengruppe;geändert am\n"
                "000471;Zelt Alpina 2;Ein Zelt für zwei;1.299,00;780,11;EUR;1.200,000;N;Zelte;24.11.2026 08:15\n"
                "000472;Schlafsack;Warm;99,90;41,00;EUR;0,000;N;Schlafen;03.02.2026 17:00\n"
                "000473;Kocher;Klein;5,00-;1,00;EUR;-3,000;J;Küche;05.06.2026 09:30\n"
            ),
            {
                "000471": ("Zelt Alpina 2", "1299", "EUR", "in-stock", "enabled", "2026-11-24 08:15"),
                "000472": ("Schlafsack", "99.9", "EUR", "out-of-stock", "enabled", "2026-02-03 17:00"),
                "000473": ("Kocher", "-5", "EUR", "out-of-stock", "disabled", "2026-06-05 09:30"),
            },
        ),
        (
            "export-schweiz.csv",
            (
                "Artikelnummer;Bezeichnung;Preis;Lagerbestand;Aktiv;Stand\n"
                "CH-1;Sackmesser;CHF 29.–;12;ja;2026-11-24\n"
                "CH-2;Fondue-Set;CHF 1'299.00;0;ja;2026-11-23\n"
                "CH-3;Glocke;CHF 12’345.50;1'000;nein;2026-11-22\n"
            ),
            {
                "CH-1": ("Sackmesser", "29", "CHF", "in-stock", "enabled", "2026-11-24 00:00"),
                "CH-2": ("Fondue-Set", "1299", "CHF", "out-of-stock", "enabled", "2026-11-23 00:00"),
                "CH-3": ("Glocke", "12345.5", "CHF", "in-stock", "disabled", "2026-11-22 00:00"),
            },
        ),
        (
            "towary.csv",
            (
                "Symbol produktu;Nazwa;Opis;Cena brutto;Stan magazynowy;Aktywny;Kategoria;Data modyfikacji\n"
                "PL-1;Namiot duży;Dobry namiot;1\u00a0299,00 zł;4;tak;Namioty;24.11.2026\n"
                "PL-2;Śpiwór;Ciepły;99,90 zł;0;tak;Spanie;03.02.2026\n"
                "PL-3;Kuchenka;Mała;12\u00a0345,00 zł;7;nie;Kuchnia;05.06.2026\n"
            ),
            {
                "PL-1": ("Namiot duży", "1299", "PLN", "in-stock", "enabled", "2026-11-24 00:00"),
                "PL-2": ("Śpiwór", "99.9", "PLN", "out-of-stock", "enabled", "2026-02-03 00:00"),
                "PL-3": ("Kuchenka", "12345", "PLN", "in-stock", "disabled", "2026-06-05 00:00"),
            },
        ),
        (
            "produtos.csv",
            (
                "Código do produto;Nome;Descrição;Preço de venda;Estoque;Ativo;Categoria;Atualizado em\n"
                "7891;Barraca grande;Boa barraca;R$ 1.299,90;4;Sim;Barracas;24/11/2026 10:00\n"
                "7892;Saco de dormir;Quente;R$ 99,90;0;Sim;Dormir;03/02/2026 11:30\n"
                "7893;Fogareiro;Pequeno;R$ 12.345,00;7;Não;Cozinha;05/06/2026 12:45\n"
            ),
            {
                "7891": ("Barraca grande", "1299.9", "BRL", "in-stock", "enabled", "2026-11-24 10:00"),
                "7892": ("Saco de dormir", "99.9", "BRL", "out-of-stock", "enabled", "2026-02-03 11:30"),
                "7893": ("Fogareiro", "12345", "BRL", "in-stock", "disabled", "2026-06-05 12:45"),
            },
        ),
    ],
    ids=["German", "Swiss", "Polish", "Brazilian"],
)
def test_an_erp_of_a_country(tmp_path: Path, name: str, content: str, right: dict[str, tuple[str, ...]]) -> None:
    encoding = {"artikelstamm.csv": "windows-1252", "towary.csv": "windows-1250"}.get(name, "utf-8")
    (found,) = products(tmp_path, name, content, encoding).values()
    assert columns(found, "name", "price", "currency", "stock", "status", "updated_at") == right
