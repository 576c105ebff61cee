"""What fields are called, by product column, the likeliest first, in eight languages.

A header is compared by its words: without case, accents, signs and what stands in brackets, and if it has no such name,
without its language, its unit and words like "gross".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# A column and names of one rank, on as many lines as they need; English first, then German, French, Spanish, Italian,
# Dutch, Portuguese and Polish.
_NAMES = """
sku          sku product_sku item_sku variant_sku
sku          article_number article_no artikelnummer artikelnr artikel_nr art_nr artikel_nummer item_number item_no
             product_number material_number materialnummer
sku          reference_article ref_article numero_article referencia referencia_producto codice_articolo cod_articolo
             artikelcode referencia_produto codigo_produto cod_produto codigo_produto_sku codigo_articulo
             kod_produktu symbol_produktu kod_towaru indeks
sku          article artikel product_code item_code reference ref codigo codice kod symbol code
sku          product_id productid item_id identifier id ean gtin
sku          item nr
name         name title product_name product_title productname item_name product
name         bezeichnung artikelbezeichnung produktname artikelname kurztext titel produktbezeichnung benennung bez
name         nom titre designation nom_produit libelle nombre titulo nombre_producto denominacion nome titolo
             denominazione nome_prodotto intitule designacao
name         naam productnaam omschrijving_kort artikelnaam nome_produto descricao_curta nazwa nazwa_produktu
             nazwa_towaru tytul label benaming
name         item
description  description long_description product_description body_html body desc
description  beschreibung langtext langbeschreibung artikellangtext artikelbeschreibung produktbeschreibung
             description_longue descripcion descripcion_larga descrizione
             descrizione_lunga omschrijving beschrijving descricao opis opis_produktu
type         type product_type type_id produkttyp type_produit tipo_producto tipo_prodotto tipo_produto typ_produktu
status       status enabled is_enabled active is_active
status       aktiv artikelstatus statut actif estado activo stato attivo actief situacao ativo status_produktu aktywny
visible_in   visible_in visibility sichtbarkeit visibilite visibilidad visibilita zichtbaarheid visibilidade
             widocznosc
stock        stock stock_status availability is_in_stock in_stock instock
stock        verfugbarkeit verfuegbarkeit lieferbar lagerstatus disponibilite en_stock disponibilidad disponibilita
             beschikbaarheid op_voorraad disponibilidade dostepnosc
stock        qty quantity stock_qty stock_quantity inventory inventory_quantity on_hand
stock        bestand lagerbestand menge lagermenge stk quantite stock_disponible existencias cantidad giacenza
             qty_on_hand quantity_on_hand quantite_en_stock qte_en_stock qte_stock cantidad_en_stock
             quantita scorta voorraad aantal estoque quantidade saldo_estoque stan stan_magazynowy ilosc
price        price regular_price unit_price sales_price selling_price list_price listprice retail_price gross_price
price        preis verkaufspreis vk_preis vk bruttopreis einzelpreis listenpreis prix prix_de_vente prix_ttc tarif
             precio precio_venta pvp prezzo prezzo_vendita prezzo_di_vendita
             prezzo_di_listino prezzo_listino precio_de_venta precio_de_lista
price        prijs verkoopprijs preco preco_venda preco_de_venda valor cena cena_brutto cena_sprzedazy amount
             net_price nettopreis prix_ht cena_netto
currency     currency currency_code price_currency wahrung waehrung wahrungscode devise monnaie moneda divisa valuta
             moeda waluta
currency     cur curr ccy whg wkz wahr waehr munt munteenheid
url          url link product_url permalink product_link produkt_url produktlink lien url_produit enlace url_producto
             collegamento url_prodotto productlink url_produto link_produktu
images       images image image_url image_urls image_link base_image image_src picture pictures photo photos
             main_image
images       bild bilder bild_url bildurl produktbild hauptbild image_produit url_image imagen imagenes url_imagen
             foto fotos immagine immagini url_immagine afbeelding afbeeldingen foto_s imagem imagens url_imagem zdjecie
             zdjecia url_zdjecia obraz abbildung abbildungen produktbilder artikelbild artikelbilder visuel visuels
categories   categories category product_category category_path product_categories
categories   kategorie kategorien warengruppe produktgruppe artikelgruppe categorie rubrique famille categoria
             familia categoria_prodotto productgroep grupo kategoria kategorie_produktu grupa
categories   wgr warengr warengrp artikelgr rayon famiglia categorieen gama
updated_at   updated_at updated modified modified_at last_modified date_modified last_updated changed_at changed
updated_at   geandert geaendert geandert_am geaendert_am letzte_anderung aenderungsdatum anderungsdatum stand
             date_modification modifie_le mis_a_jour date_maj
updated_at   fecha_modificacion actualizado ultima_actualizacion data_modifica aggiornato ultima_modifica gewijzigd
             gewijzigd_op laatst_gewijzigd data_alteracao atualizado_em ultima_alteracao data_modyfikacji
             zmodyfikowano ostatnia_zmiana data_zmiany
"""
# Names that are put together, of a rank behind those above: each beginning with each end, as one word or as two.
_COMPOUNDS = """
name         short display product item article part goods + name title text
name         kurz artikel art produkt prod waren material artikelkurz artikel_kurz produktkurz produkt_kurz materialkurz
             material_kurz + bezeichnung bez benennung name titel text
name         bezeichnung bez name text + kurz
name         designation libelle intitule nom titre + court courte article produit commercial commerciale
name         nombre titulo denominacion + articulo producto corto corta comercial
name         nome titolo denominazione + articolo prodotto breve commerciale
name         artikel product korte + naam benaming titel
name         nome titulo designacao denominacao + artigo produto curto curta comercial
name         nazwa tytul + artykulu produktu towaru materialu skrocona krotka handlowa
name         krotka skrocona + nazwa
images       image picture photo product_image main_image + path file url link name filename src
images       bild foto abbildung produktbild artikelbild hauptbild + pfad datei url link name dateiname adresse
images       produkt artikel haupt product item article + foto photo picture image bild abbildung
images       chemin fichier lien url nom adresse + image photo visuel
images       photo image visuel foto imagen immagine imagem + produit article principale producto articulo principal
             prodotto articolo produto artigo
images       ruta archivo fichero enlace url + imagen foto
images       percorso file link url + immagine foto
images       afbeelding afbeeldings foto + pad bestand url link bestandsnaam
images       product artikel hoofd + afbeelding foto
images       caminho arquivo ficheiro link url + imagem foto
images       sciezka plik link adres url + zdjecia zdjecie obrazu obrazka
images       zdjecie obraz + produktu towaru glowne
currency     wahrung wahrungs waehrung waehrungs whg + kz code kennzeichen kurzel schlussel iso einheit bezeichnung
currency     preis verkaufs vk artikel + wahrung waehrung whg
currency     currency cur price_currency price + code iso iso_code symbol id currency
currency     iso + currency wahrung waehrung devise moneda
currency     code symbole codigo cod sigla codice symbol kod + devise monnaie moneda divisa valuta moeda waluty
currency     valuta munt prijs + code soort valuta
currency     devise monnaie moneda divisa valuta moeda waluta + prix vente precio venta prezzo vendita preco ceny
visible_in   shop webshop web online onlineshop internet eshop e_shop + artikel produkt ware aktiv freigabe freigegeben
             relevant sichtbar anzeigen verkauf
visible_in   aktiv sichtbar freigegeben freigabe anzeigen verkauf artikel fur
             + shop webshop web online onlineshop internet
visible_in   shop web webshop webstore store online internet ecommerce + item product article active enabled visible
             published listed
visible_in   active enabled visible published listed sell sold show item product article for
             + shop web webshop webstore online online_shop online_store on_web on_site on_website website ecommerce
visible_in   in on + webshop webstore website online_shop online_store
visible_in   article produit visible actif publie vendu vente
             + web internet boutique en_ligne site shop sur_site sur_web dans_boutique en_boutique
visible_in   articulo producto visible activo publicado venta
             + web tienda online en_linea internet tienda_online en_web en_tienda en_tienda_online
visible_in   articolo prodotto visibile attivo pubblicato vendita
             + web online internet sito shop negozio su_sito sul_sito ecommerce e_commerce negozio_online
visible_in   web webshop webwinkel online internet + artikel product actief zichtbaar tonen
visible_in   artikel product actief zichtbaar tonen + web webshop webwinkel online internet op_webshop op_site
visible_in   artigo produto visivel ativo publicado venda
             + web loja online internet site na_loja no_site na_web loja_online na_loja_online
visible_in   artykul produkt towar widoczny aktywny + internetowy web www online sklep w_sklepie sklepu na_stronie
categories   waren artikel produkt material + gruppe kategorie gruppen kategorien gruppenname gruppenbezeichnung
categories   warengruppen artikelgruppen produktgruppen kategorie kategorien warengruppe + name text bezeichnung pfad
categories   item product article goods material merchandise shop web category + group category class family name title
categories   categorie famille rubrique rayon groupe + produit produits article articles
categories   categoria familia grupo gama + articulo articulos producto productos artigo artigos produto produtos
categories   categoria famiglia gruppo + articolo articoli prodotto prodotti merceologica merceologico
categories   artikel product waren hoofd + groep groepen categorie categorieen
categories   kategoria grupa rodzina + produktu produktow towaru towarow towarowa asortymentowa
"""
# The same for categories that stand in levels, behind the level.
_LEVELS = """
1            haupt ober main top primary parent root main_product main_item + kategorie kategorien warengruppe
             artikelgruppe produktgruppe gruppe category categories group product_category product_group item_group
1            waren artikel produkt + hauptgruppe obergruppe bereich
1            categorie famille rubrique rayon categoria familia famiglia grupo gruppo + principale principal mere padre
1            hoofd + categorie groep artikelgroep productgroep
1            glowna + kategoria grupa
1            kategoria grupa + glowna nadrzedna
2            unter sub child secondary product_sub item_sub + kategorie kategorien warengruppe artikelgruppe
             produktgruppe gruppe rubrik category categories group product_category product_group item_group family
2            waren artikel produkt + untergruppe
2            sous sub sotto + categorie famille rubrique rayon categoria familia famiglia grupo gruppo
2            sub onder + categorie groep artikelgroep productgroep
2            pod + kategoria grupa
3            unterunter subsub sub_sub sous_sous + kategorie warengruppe category categorie categoria familia famille
3            feinwaren feinartikel fein + gruppe
"""
NO_LEVEL = 1.5
_LEVEL_WORDS = "ebene stufe level lvl niveau nivel livello poziom nr no"
# Fields that say yes where a product is to be seen in the shop; those of the first names may be its status as well.
_PUBLISHED = """
product_online published is_published online is_online publie en_ligne publicado en_linea pubblicato in_linea
gepubliceerd opublikowany veroffentlicht
"""
_SHOWN = """
shop webshop web_shop onlineshop online_shop e_shop eshop web internet shop_aktiv shopaktiv aktiv_shop webshop_aktiv
webaktiv web_aktiv shop_active web_active active_shop active_web in_shop in_web shopartikel webartikel shopfreigabe
webfreigabe freigabe_shop freigabe_web sichtbar ist_sichtbar sichtbar_shop sichtbar_webshop sichtbar_online
online_sichtbar anzeigen_shop
visible is_visible visible_online online_visible visible_shop visible_web visible_store shown show_shop show_online
show_web shop_visible web_visible
visible_en_ligne visible_site visible_boutique visible_dans_boutique visible_sur_site boutique en_boutique
boutique_en_ligne actif_web actif_en_ligne web_actif
tienda en_tienda tienda_online visible_en_web visible_en_linea visible_tienda en_web activo_web web_activo
visibile visibile_online visibile_sito visibile_web negozio_online in_negozio attivo_web web_attivo
zichtbaar zichtbaar_online online_zichtbaar zichtbaar_webshop webwinkel in_webshop in_webwinkel
visivel visivel_online visivel_loja visivel_na_loja visivel_no_site na_loja loja_online ativo_web
widoczny widoczne widoczny_online widoczny_w_sklepie w_sklepie sklep sklep_internetowy aktywny_w_sklepie
"""
_OPPOSITES = """
gesperrt blocked disabled inactive inaktiv bloque bloqueado bloccato geblokkeerd zablokowany
discontinued is_discontinued obsolete is_obsolete end_of_life eol obsolet auslaufartikel auslauf auslaufend
fin_de_vie arrete descatalogado descatalogada obsoleto obsoleta fuori_produzione fuori_catalogo
uitlopend uitloopartikel wycofany wycofane wycofana descontinuado descontinuada
"""
# Fields that say whom a product is from, by themselves or with a word for a name behind or before them.
_MAKERS = """
brand brands marke hersteller lieferant manufacturer maker producer supplier vendor marque fabricant fournisseur
marca marcas fabricante proveedor produttore fornitore merk fabrikant leverancier producent fornecedor marka dostawca
markenname herstellername lieferantenname merknaam leveranciersnaam
"""
_NAME_WORDS = "name nom nombre nome naam nazwa"
_STATES = "status artikelstatus statut estado stato situacao status_produktu"  # they may say anything
_LANGUAGES = "ar bg cs da de el en es et fi fr he hr hu it ja ko lt lv nb nl no pl pt ro ru sk sl sv tr uk zh"
_BESIDE = """
eur usd chf gbp pln brl czk sek nok dkk inkl incl mwst brutto gross netto net stk st pcs szt
in the of der des die im le la les du de do da del della l d van het w
"""
_ALL_NAMES = frozenset(f"{_NAMES} {_OPPOSITES}".split())
_LETTERS = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})
LANGUAGES = frozenset(_LANGUAGES.split())
_PLAIN = LANGUAGES | {*_BESIDE.split()}


def plain(header: str) -> str:
    """A header by its words, joined by ``_``."""
    small = unicodedata.normalize("NFKD", header.strip().lower().translate(_LETTERS))
    letters = "".join(character for character in small if not unicodedata.combining(character))
    return re.sub(r"[\W_]+", "_", letters).strip("_")


def spellings(header: str, column: str = "") -> list[str]:
    """The ways a header is compared, the plainest first; the first of several texts may have its number behind it."""
    whole, bare = plain(header), plain(re.sub(r"\(.*?\)|\[.*?\]", " ", header))
    words = "_".join(word for word in bare.split("_") if word not in _PLAIN)
    first = re.sub(r"(?<=\D)_?0?1$", "", words) if column in ("name", "description") else ""
    return list(dict.fromkeys(filter(None, (whole, bare, words, first))))


def is_put_together(header: str, column: str) -> bool:
    """Whether a field is called so by a name of a column that is put together, which says less than a plain one."""
    return any(spelling in _compounds(column) for spelling in spellings(header, column))


def language(header: str) -> str | None:
    """The language that a header names at its end, as in ``name_de`` or ``Title (fr-FR)``."""
    words = plain(header).split("_")
    code = next((word for word in words[1:][-2:] if word in LANGUAGES), None)
    return code if len(words) > 1 else None


def ranked(column: str) -> Iterator[set[str]]:
    """The names that fields of a column go by, in groups, the likeliest first."""
    yield from (set(names) for first, *names in _groups(_NAMES) if first == column)
    if compounds := _compounds(column):
        yield compounds
    if column == "categories":
        yield set().union(*_levels().values())
    if column == "status":
        yield set(_OPPOSITES.split())
        yield set(_PUBLISHED.split())
    if column == "visible_in":
        yield set(_SHOWN.split())
        yield set(_PUBLISHED.split())


def _groups(lines: str) -> Iterator[list[str]]:
    """The words of each group, which begins with its column."""
    yield from map(str.split, re.split(r"\n(?=\S)", lines.strip()))


@cache
def _compounds(column: str) -> set[str]:
    """The names of a column that are put together."""
    return _put_together(_COMPOUNDS, column)


@cache
def _levels() -> dict[int, set[str]]:
    """The names of categories that stand in levels, by the level."""
    return {level: _put_together(_LEVELS, str(level)) for level in (1, 2, 3)}


def _put_together(lines: str, key: str) -> set[str]:
    groups = [
        (words[: words.index("+")], words[words.index("+") + 1 :]) for first, *words in _groups(lines) if first == key
    ]
    return {first + sign + last for firsts, lasts in groups for first in firsts for last in lasts for sign in ("", "_")}


def category_level(header: str) -> float | None:
    """Which level of categories a header names: by its number, or by words like "main" and "sub". None: it names none.

    One that is called like categories and nothing else stands between the first and the second.
    """
    if (number := _level_number(header)) is not None:
        return number
    for spelling in spellings(header):
        if level := next((level for level, names in _levels().items() if spelling in names), None):
            return level
        if any(spelling in names for names in ranked("categories")):
            return NO_LEVEL
    return None


def _level_number(header: str) -> int | None:
    """The number in a header that is a word for categories beside it, as in ``Kategorie Ebene 1``."""
    words = re.findall(r"\d+|[^\d_]+", plain(header))
    numbers = [int(word) for word in words if word.isdigit()]
    rest = "_".join(word for word in words if not word.isdigit() and word not in _LEVEL_WORDS.split())
    return numbers[0] if len(numbers) == 1 and any(rest in names for names in ranked("categories")) else None


def is_known(header: str) -> bool:
    """Whether fields of some column go by that name."""
    return any(spelling in _ALL_NAMES for spelling in spellings(header))


def is_part_of(header: str, column: str) -> bool:
    """Whether a header has a long name of a column in it, as ``Warengruppenschlüssel`` does."""
    names = set().union(*ranked(column))
    return any(len(name) >= _LONG_NAME and name in plain(header) for name in names)


_LONG_NAME = 7  # shorter ones stand in other words


def is_maker(header: str) -> bool:
    """Whether a field says whom a product is from, as ``Brand`` and ``Supplier name`` do."""
    names, makers = set(_NAME_WORDS.split()), set(_MAKERS.split())
    return any(set(spelling.split("_")) - names <= makers for spelling in spellings(header))


def is_opposite(header: str) -> bool:
    """Whether a field says what a product is *not*, as ``Gesperrt`` does."""
    return any(spelling in _OPPOSITES.split() for spelling in spellings(header))


def is_net(header: str) -> bool:
    """Whether a field of prices says that they are without tax."""
    return bool({"netto", "net", "ht"} & set(plain(header).split("_")))


def is_active(header: str) -> bool:
    """Whether a field asks if a product is active, so that a mark means yes and a blank means no."""
    asks = set().union(*ranked("status")) - set(_OPPOSITES.split()) - set(_STATES.split())
    return any(spelling in asks for spelling in spellings(header))


def is_shown(header: str) -> bool:
    """Whether a field asks if a product is to be seen in the shop, so that a mark means yes and a blank means no."""
    asks = {*_SHOWN.split(), *_PUBLISHED.split(), *_compounds("visible_in")}
    return any(spelling in asks for spelling in spellings(header))


def looks_like_status(header: str) -> bool:
    """Whether a field says if a product is enabled, by what it is called."""
    return any(spelling in names for names in ranked("status") for spelling in spellings(header))


def is_counted(header: str) -> bool:
    """Whether a field counts pieces, by what it is called."""
    return any(spelling in names for names in [*ranked("stock")][2:] for spelling in spellings(header))
