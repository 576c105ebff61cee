"""The headings of WooCommerce's exports, which are in the language of whoever exports; their values are not."""

from __future__ import annotations

# By what a column is called in English: its headings in English, German, French and Spanish.
HEADINGS = {
    "id": ("ID",),
    "type": ("Type", "Typ", "Tipo"),
    "sku": ("SKU", "Artikelnummer", "Art.-Nr.", "UGS", "Référence"),
    "name": ("Name", "Nom", "Nombre"),
    "published": ("Published", "Veröffentlicht", "Publié", "Publicado"),
    "visibility": (
        "Visibility in catalog",
        "Sichtbarkeit im Katalog",
        "Katalogsichtbarkeit",
        "Visibilité dans le catalogue",
        "Visibilidad en el catálogo",
    ),
    "short_description": ("Short description", "Kurzbeschreibung", "Description courte", "Descripción corta"),
    "description": ("Description", "Beschreibung", "Descripción"),
    "in_stock": (
        "In stock?",
        "Vorrätig?",
        "Auf Lager?",
        "En stock ?",
        "En stock?",
        "¿En inventario?",
        "¿Existencias?",
        "¿En stock?",
    ),
    "regular_price": (
        "Regular price",
        "Regulärer Preis",
        "Normaler Preis",
        "Tarif régulier",
        "Prix régulier",
        "Precio normal",
        "Precio regular",
    ),
    "sale_price": ("Sale price", "Angebotspreis", "Tarif promo", "Prix promo", "Precio rebajado"),
    "images": ("Images", "Bilder", "Imágenes"),
    "categories": ("Categories", "Kategorien", "Catégories", "Categorías"),
}
TELLING = ("id", "type", "sku", "name", "published", "visibility")  # a file that has all of these is such an export
