"""What fields are commonly called, by product column, the likeliest first; blanks and signs count as ``_``."""

from __future__ import annotations

_NAMES = """
sku          sku product_sku item_sku article_number article_no artikelnummer article item_number item_no product_number
sku          product_code item_code code product_id productid item_id identifier id ean gtin
name         name title product_name product_title productname item_name bezeichnung label
description  description long_description product_description body_html body beschreibung desc
type         type product_type type_id
status       status enabled is_enabled product_online active is_active published online
visible_in   visible_in visibility
stock        stock stock_status availability is_in_stock in_stock instock qty quantity stock_qty stock_quantity
stock        inventory inventory_quantity on_hand
price        price list_price listprice unit_price regular_price preis amount
currency     currency currency_code price_currency
url          url link product_url permalink product_link
images       images image image_url image_urls image_link base_image image_src picture photo
categories   categories category product_category category_path kategorie
updated_at   updated_at updated modified modified_at last_modified date_modified last_updated changed_at changed
"""


def names(column: str) -> list[str]:
    """The names that fields of a column go by."""
    lines = (line.split() for line in _NAMES.strip().splitlines())
    return [name for first, *rest in lines if first == column for name in rest]
