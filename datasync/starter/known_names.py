"""Lists of what fields are called, by product column, in eight languages, as `names.plain` writes them."""

from __future__ import annotations

# A column and names of one rank, on as many lines as they need; English first, then German, French, Spanish, Italian,
# Dutch, Portuguese and Polish.
NAMES = """
sku          sku product_sku item_sku variant_sku
sku          any_sku default_code
sku          article_number article_no artikelnummer artikelnr artikel_nr art_nr artikel_nummer item_number item_no
             product_number material_number materialnummer
sku          reference_article ref_article numero_article referencia referencia_producto codice_articolo cod_articolo
             artikelcode referencia_produto codigo_produto cod_produto codigo_produto_sku codigo_articulo
             kod_produktu symbol_produktu kod_towaru indeks
sku          article artikel product_code item_code reference ref codigo codice kod symbol code
sku          product_id productid item_id identifier id
sku          item nr no n num numero number nummer numer
name         name title product_name product_title productname item_name product
name         bezeichnung artikelbezeichnung produktname artikelname kurztext titel produktbezeichnung benennung bez
name         nom titre designation nom_produit libelle nombre titulo nombre_producto denominacion nome titolo
             denominazione nome_prodotto intitule designacao
name         naam productnaam omschrijving_kort artikelnaam nome_produto descricao_curta nazwa nazwa_produktu
             nazwa_towaru tytul label benaming
name         item
description  description long_description product_description body_html body desc
description  beschreibung langtext langbeschreibung descriptif artikellangtext artikelbeschreibung produktbeschreibung
             description_longue descripcion descripcion_larga descrizione
             descrizione_lunga omschrijving beschrijving descricao opis opis_produktu
description  text texte texto testo tekst
type         type product_type type_id produkttyp type_produit tipo_producto tipo_prodotto tipo_produto typ_produktu
status       status enabled is_enabled active is_active
status       aktiv artikelstatus statut actif estado activo stato attivo actief situacao ativo status_produktu aktywny
visible_in   visible_in visibility sichtbarkeit visibilite visibilidad visibilita zichtbaarheid visibilidade
             widocznosc
stock        stock stock_status availability is_in_stock in_stock instock
stock        verfugbarkeit verfuegbarkeit verfugbar available disponible disponibile beschikbaar disponivel dostepny
             lieferbar lagerstatus disponibilite en_stock disponibilidad disponibilita
             beschikbaarheid op_voorraad disponibilidade dostepnosc
stock        qty quantity stock_qty stock_quantity inventory inventory_quantity on_hand
stock        bestand lagerbestand menge lagermenge bestandsmenge vorrat stk quantite stock_disponible existencias
             cantidad giacenza
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
currency     cur curr ccy whg whrg wrg wkz wahr waehr wahrg waehrg wae munt munteenheid
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
categories   sortiment rubrik assortiment gamme surtido assortimento asortyment
categories   wgr wg wgruppe warengr warengrp artikelgr rayon famiglia categorieen gama
updated_at   updated_at updated modified modified_at last_modified date_modified last_updated changed_at changed
updated_at   modifiziert bearbeitet korrigiert aktualisiert edited modifie modificado modificato bewerkt alterado
             zmieniono
updated_at   geandert geaendert geandert_am geaendert_am letzte_anderung aenderungsdatum anderungsdatum stand
             date_modification modifie_le mis_a_jour date_maj
updated_at   fecha_modificacion actualizado ultima_actualizacion data_modifica aggiornato ultima_modifica gewijzigd
             gewijzigd_op laatst_gewijzigd data_alteracao atualizado_em ultima_alteracao data_modyfikacji
             zmodyfikowano ostatnia_zmiana data_zmiany
"""
# Words beside "SKU" that make it the one of another product, or of another party's.
SKU_OF_OTHERS = """
parent child master main related linked bundle upsell crosssell cross similar replaces old previous supplier vendor
manufacturer mfr brand lieferant lieferanten hersteller eltern fournisseur proveedor fornitore leverancier fornecedor
dostawca fabricant fabricante produttore fabrikant producent padre pere pai
"""
# Names that are put together, of a rank behind those above: each beginning with each end, as one word or as two.
COMPOUNDS = """
stock        lager freier frei verfugbarer verfugbare verfugbar aktueller aktuelle akt gesamter gesamt ges ist
             + bestand menge lagerbestand
stock        bestand bestands lagerbestand lager + gesamt ges verfugbar aktuell akt frei lager menge stuck stk anzahl
stock        available free current total physical + stock quantity qty inventory
stock        stock quantity qty inventory + available total current free on_hand
stock        stock quantite qte qtd + disponible total actuel physique magasin
stock        existencias stock cantidad + disponible disponibles actual total almacen
stock        giacenza quantita qta + disponibile magazzino attuale totale
stock        voorraad aantal + beschikbaar vrij totaal actueel
stock        beschikbare vrije totale actuele technische + voorraad
stock        estoque quantidade saldo stock + disponivel atual total
stock        stan ilosc zapas + dostepny dostepna magazynowy magazynowa calkowity w_magazynie
stock        dostepna dostepny wolny + ilosc stan
price        vk verkaufs verkauf listen katalog stuck einzel brutto netto artikel laden endkunden shop web internet +
             preis
price        std standard + vk verkaufspreis preis
price        list sales selling sell retail unit item product net gross regular standard catalog catalogue shop web +
             price
price        prix + vente vte public unitaire catalogue brut net ttc ht article produit
price        precio + venta publico unitario lista neto bruto articulo producto
price        prezzo + vendita pubblico unitario listino netto lordo articolo prodotto
price        verkoop catalogus stuk eenheids netto bruto artikel + prijs
price        preco + venda publico unitario tabela liquido bruto artigo produto
price        cena + sprzedazy jednostkowa katalogowa netto brutto detaliczna towaru produktu
updated_at   letzte letzter letztes zuletzt letzt
             + anderung bearbeitung aktualisierung korrektur geandert bearbeitet aktualisiert modifiziert anderungsdatum
updated_at   geandert bearbeitet korrigiert modifiziert aktualisiert anderung bearbeitung + am datum zeit zeitpunkt
updated_at   anderungs bearbeitungs aktualisierungs korrektur + datum zeit zeitpunkt stand zeitstempel
updated_at   last date + change changed update updated modification modified edit edited
updated_at   changed updated modified edited change update modification + at on date time timestamp
updated_at   derniere date date_de date_derniere + modification maj mise_a_jour
updated_at   modifie mis_a_jour + le
updated_at   fecha ultima fecha_ultima + modificacion actualizacion
updated_at   modificado actualizado + el en
updated_at   data ultima ultimo data_ultima + modifica aggiornamento variazione
updated_at   modificato aggiornato + il
updated_at   datum laatste wijzigings mutatie + wijziging mutatie datum bewerking
updated_at   gewijzigd bewerkt laatst + op gewijzigd bewerkt
updated_at   data ultima + alteracao modificacao atualizacao
updated_at   alterado modificado atualizado + em
updated_at   data ostatnia + zmiany modyfikacji aktualizacji zmiana modyfikacja aktualizacja
description  lang artikel artikellang produkt produktlang waren material shop web verkaufs marketing
             + beschreibung text langtext langbeschreibung
description  long full detailed item article product web shop sales marketing + description text
description  description texte descriptif + longue long complete article produit detaillee
description  descripcion texto + larga largo completa articulo producto
description  descrizione testo + lunga lungo completa articolo prodotto
description  lange uitgebreide artikel product web + omschrijving beschrijving tekst
description  descricao texto + longa longo completa artigo produto
description  opis + dlugi pelny produktu towaru artykulu
categories   wgr wg warengr warengrp warengruppe warengruppen artikelgruppe artikelgruppen
             + bez bezeichnung name text
sku          artikel art artikels teile teil material mat bestell produkt prod ident waren ware sach stamm katalog kat
             + nummer nr no num numer
sku          article art item product prod part material mat stock catalog catalogue model ident style
             + number no nr num code nbr
sku          numero num no n nr code ref reference
             + article art produit prod piece piece_detachee materiel
sku          numero num no n codigo cod ref referencia clave
             + articulo art producto prod pieza material artigo produto peca
sku          numero num no n codice cod rif riferimento + articolo art prodotto prod materiale ricambio
sku          artikel art product onderdeel bestel materiaal + nummer nr code
sku          numer nr kod symbol indeks + artykulu art produktu towaru tow materialu mat czesci katalogowy kat
name         short display product item article part goods + name title text
name         kurz ku
             artikel art produkt prod waren material artikelkurz artikel_kurz produktkurz produkt_kurz materialkurz
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
LEVELS = """
1            haupt ober main top primary parent root main_product main_item + kategorie kategorien warengruppe
             artikelgruppe produktgruppe gruppe category categories group product_category product_group item_group
1            waren artikel produkt + hauptgruppe obergruppe bereich
1            h haupt + wg wgr wgrp
2            u unter + wg wgr wgrp
1            hwg hwgr hwgrp hauptwg hauptgruppe hauptgruppen hauptwarengruppe hauptwarengruppen
             + bez bezeichnung name text
2            uwg uwgr uwgrp unterwg untergruppe untergruppen unterwarengruppe unterwarengruppen
             + bez bezeichnung name text
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
# What stands beside a word for categories where a field holds their names, and another one holds their codes.
LABELS = """
bez bezeichnung benennung name namen text titel beschreibung kurztext desc description label title libelle designation
intitule nom nombre denominacion descripcion nome denominazione descrizione naam omschrijving benaming nazwa opis
descricao
"""
LEVEL_WORDS = "ebene stufe level lvl niveau nivel livello poziom nr no"
# Fields that say yes where a product is to be seen in the shop; those of the first names may be its status as well.
PUBLISHED = """
published is_published publie publicado pubblicato gepubliceerd opublikowany veroffentlicht
"""
SHOWN = """
online is_online product_online en_ligne en_linea in_linea ecommerce e_commerce e_commerce_artikel
shop webshop web_shop wshop w_shop onlineshop online_shop e_shop eshop web internet shop_aktiv shopaktiv aktiv_shop
webshop_aktiv webaktiv web_aktiv shop_active web_active active_shop active_web in_shop in_web shopartikel webartikel
shopfreigabe
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
# Fields of further images, beside that of the first.
FURTHER_IMAGES = """
zusatzbild zusatzbilder weitere_bilder weiteres_bild detailbild detailbilder bildergalerie galerie
additional_image additional_images additional_image_link additional_image_urls further_images more_images other_images
extra_image extra_images gallery image_gallery gallery_images
image_supplementaire images_supplementaires autres_images galerie_images
imagen_adicional imagenes_adicionales otras_imagenes galeria immagine_aggiuntiva immagini_aggiuntive altre_immagini
galleria extra_afbeelding extra_afbeeldingen overige_afbeeldingen imagem_adicional imagens_adicionais
zdjecie_dodatkowe zdjecia_dodatkowe dodatkowe_zdjecia dodatkowe_zdjecie
"""
# Names that are of no column, which an abbreviation may be short for as well.
OTHERS = """
bestellmenge bestelldatum bestellbestand mindestbestand mindestmenge meldebestand reservierter_bestand reservierte_menge
einkaufspreis ek_preis ek einstandspreis preiseinheit verpackungseinheit mengeneinheit anlagedatum anlagezeit
erstellungsdatum sale_price special_price purchase_price cost_price order_quantity minimum_stock reserved_stock
created_date creation_date date_creation prix_achat prix_promo precio_compra precio_oferta prezzo_acquisto
inkoopprijs actieprijs preco_compra preco_promocional cena_zakupu cena_promocyjna data_utworzenia
gewicht gewicht_kg nettogewicht bruttogewicht weight poids peso waga
bestandseinheit bestandswert lagerort lagerplatz lagerwert artikelart artikeltyp artikelgewicht produktgewicht
"""
# How words begin that are for other amounts and times than a product's price, stock and last change.
# Those of up to three letters are whole words.
OTHER_STEMS = """
ek einkauf einstand cost purchase achat compra acquist inkoop zakup mwst ust steuer vat tax tva iva btw imposto
podatek gew weight poids peso gewicht waga mass breite lange hohe width height length depth mindest min melde max rabatt
discount anl angelegt erstell creat cree alta creaz aangemaakt criad utworz gultig valid liefer delivery lead
ersch release pos sort reihen vpe ve pe verpack pack res reserv year jahr
"""
# How words begin that make a price what is paid for the product, and a number of pieces a limit or what is kept back.
# Those of up to three letters are whole words.
PURCHASES_AND_LIMITS = """
ek einkauf einstand selbstkost cost purchas buying achat revient compra coste acquist inkoop kostprijs zakup nabyc
min minim mindest minst max maxim melde reserv rezerw sicherheit safety secur segur sicurez veiligheid
bezpiecz reorder seuil alert soglia sperr bestellt
"""
GROSS = "gross brutto bruttopreis bto btto brt ttc bruto lordo"
NEGATED = "kein keine nicht ohne without sans sin senza geen zonder sem bez fehl fehlbestand non not"
# Fields that say whom a product is from, by themselves or with a word for a name behind or before them.
MAKERS = """
brand brands marke hersteller lieferant manufacturer maker producer supplier vendor marque fabricant fournisseur
marca marcas fabricante proveedor produttore fornitore merk fabrikant leverancier producent fornecedor marka dostawca
markenname herstellername lieferantenname merknaam leveranciersnaam
"""
NAME_WORDS = "name nom nombre nome naam nazwa"
GTINS = """
gtin gtin_nr gtin13 gtin14 ean ean13 ean_13 ean8 eans upc upc_a isbn barcode bar_code barcodes eancode ean_code eannr
strichcode strich_code code_barre code_barres code_a_barres codigo_barras codigo_de_barras codice_a_barre codice_barre
streepjescode kod_kreskowy kod_ean
"""
# How words end that are for a number or a key.
NUMBER_WORDS = """
nr no num number nummer numero numer id code codigo cod codice kod ref reference referencia key schlussel schl index
indeks
"""
STATES = "status artikelstatus statut estado stato situacao status_produktu"  # they may say anything
_LANGUAGES = "ar bg cs da de el en es et fi fr he hr hu it ja ko lt lv nb nl no pl pt ro ru sk sl sv tr uk zh"
LANGUAGES = frozenset(_LANGUAGES.split())
BESIDE = """
eur usd chf gbp pln brl czk sek nok dkk inkl incl mwst brutto gross netto net stk st pcs szt
in the of der des die im le la les du de do da del della l d van het w
"""
