"""The exports of shop systems, known by their headers: which rows are products, and what their own columns mean.

A column that is not listed here is chosen as in any other file: by the names of the fields and their values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from datasync.intake.grouping import ALONE, Rows
from datasync.sql import literal
from datasync.starter.amounts import amounts
from datasync.starter.choice import Choice, Reading, ambiguous
from datasync.starter.known_names import LANGUAGES
from datasync.starter.sample import Sample
from datasync.starter.spelling import spelled
from datasync.starter.woocommerce import HEADINGS, TELLING

_BOTH = "['catalog', 'search']"
ON_OFF = {"1": "enabled", "0": "disabled"}
STOCKED = {"1": "in-stock", "0": "out-of-stock", "backorder": "in-stock"}


@dataclass(frozen=True, slots=True)
class View:
    """What of a file makes one scope: its rows, joined and filtered. ``name`` is the scope's, if the file tells it."""

    rows: Rows = ALONE
    where: str | None = None
    name: str | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class System:
    """A system whose export was recognised: its views, the main one first, and what it says of columns."""

    name: str
    views: Sequence[View]
    columns: Callable[[_Fields], dict[str, Choice]]

    def choices(self, con: duckdb.DuckDBPyConnection, sample: Sample) -> dict[str, Choice]:
        """What is known of columns before anything is guessed."""
        return self.columns(_Fields(con, sample))


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of an export, as SQL reads them; a header may be written with blanks or ``_``, in any case."""

    con: duckdb.DuckDBPyConnection
    sample: Sample
    by_name: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [sample_field.name for sample_field in reversed(self.sample.fields)]
        self.by_name.update({_key(name): name for name in names})

    def name(self, *headers: str) -> str:
        """The first of these fields that there is, or an empty text."""
        return next((self.by_name[_key(header)] for header in headers if _key(header) in self.by_name), "")

    def sql(self, *headers: str) -> str:
        """The same in SQL."""
        name = self.name(*headers)
        return spelled(self.con, name) if name else ""

    def has(self, *headers: str) -> bool:
        return all(self.name(header) for header in headers)

    def choice(self, column: str, sql: str, *headers: str, note: str = "") -> dict[str, Choice]:
        """What a column is made of, if the first of its fields is there."""
        name = self.name(*headers)
        return {column: Choice(column, sql, (name,), note=note)} if name else {}

    def price(self, *headers: str, reduced: Sequence[str]) -> dict[str, Choice]:
        """The regular price, unless its values leave two readings open."""
        name = self.name(*headers)
        read = amounts(self.sample.rows, self.sample.field(name), spelled(self.con, name)) if name else None
        if read and read.sql:
            regular = f"the regular one: offers stand in {self.name(*reduced)}" if self.name(*reduced) else ""
            note = "; ".join(filter(None, (regular, read.note)))
            return {"price": Choice("price", read.sql, (name,), note=note)}
        return {"price": ambiguous("price", name, read.options)} if read and read.options else {}

    def sku(self, *headers: str) -> dict[str, Choice]:
        """The SKU, with how many records have none."""
        name = self.name(*headers)
        if not name:
            return {}
        own, records = self.sample.field(name), self.sample.records
        lacking = records - own.filled
        note = f"{lacking:,} of {records:,} records have none: they go to quarantine" if lacking else ""
        f = spelled(self.con, name)
        is_marked = any(value.startswith("'") for value in own.examples)  # as Excel keeps leading zeros
        return {"sku": Choice("sku", f"ltrim({f}, '''')" if is_marked else f, (name,), note=note)}


def _cases(words: Mapping[str, str]) -> str:
    return " ".join(f"when '{word}' then '{meaning}'" for word, meaning in words.items())


def _key(header: str) -> str:
    return re.sub(r"[\s_]+", " ", header.strip().lower())


def recognised(con: duckdb.DuckDBPyConnection, sample: Sample) -> System | None:
    """The system whose export this is, by its headers."""
    fields = _Fields(con, sample)
    if fields.has("Handle", "Title", "Variant Price") or fields.has("URL handle", "Title", "Price", "Option1 name"):
        return System("Shopify", [_shopify_rows(fields)], _shopify)
    if all(fields.name(*HEADINGS[column]) for column in TELLING):
        return System("WooCommerce", [View()], _woocommerce)
    if fields.has("sku", "product_type", "product_online") or fields.has("sku", "attribute_set_code", "product_type"):
        return System("Magento", _magento_views(sample, fields), _magento)
    if fields.has("id", "title", "link", "price", "availability"):
        return System("Google Merchant", [View()], _google)
    return None


def _shopify_rows(fields: _Fields) -> View:
    common = ("Title", "Body (HTML)", "Description", "Vendor", "Product Category", "Type", "Tags", "Published")
    carried = [fields.name(header) for header in (*common, "Published on online store", "Status")]
    images = fields.name("Image Src", "Product image URL")
    sku, price = fields.sql("Variant SKU", "SKU"), fields.sql("Variant Price", "Price")
    filled = f"coalesce({sku}, {price})" if sku else price
    handle = fields.name("Handle", "URL handle")
    rows = Rows(handle, tuple(dict.fromkeys(filter(None, carried))), (images,) if images else ())
    return View(rows, f"{filled} <> ''", remark="each variant is a product; rows with a further image alone are none")


def _shopify(fields: _Fields) -> dict[str, Choice]:
    status, published = fields.sql("Status"), fields.sql("Published", "Published on online store")
    tracker = fields.sql("Variant Inventory Tracker", "Inventory tracker")
    policy = fields.sql("Variant Inventory Policy", "Continue selling when out of stock")
    sold = [f"coalesce({tracker}, '') = ''"] if tracker else []
    sold += [f"lower({policy}) in ('continue', 'true')"] if policy else []
    sold.append(f"try_cast({fields.sql('Variant Inventory Qty', 'Inventory quantity')} as double) > 0")
    groups = ", ".join(filter(None, (fields.sql("Product Category"), fields.sql("Type"))))
    categories = f"list_filter([{groups}], lambda element: element <> '')"
    shown = [f"when lower({status}) = 'unlisted' then []"] if status else []
    shown += [f"when lower({published}) = 'false' then []"] if published else []
    words = {"active": "enabled", "unlisted": "enabled", "draft": "disabled", "archived": "disabled"}
    cases = _cases(words)
    visible = f"case {' '.join(shown)} else {_BOTH} end"
    address = Reading(f"'https://shop.example/products/' || {fields.sql('Handle', 'URL handle')}")
    return {
        **fields.sku("Variant SKU", "SKU"),
        **_shopify_name(fields),
        **fields.choice("description", fields.sql("Body (HTML)", "Description"), "Body (HTML)", "Description"),
        **fields.choice("status", f"case lower({status}) {cases} else {status} end", "Status"),
        **fields.choice("visible_in", visible, "Published", "Published on online store", "Status"),
        **fields.choice(
            "stock",
            f"case when {' or '.join(sold)} then 'in-stock' else 'out-of-stock' end",
            *("Variant Inventory Qty", "Inventory quantity"),
        ),
        **fields.price("Variant Price", "Price", reduced=""),
        **_shopify_images(fields),
        **fields.choice("categories", categories, "Product Category", "Type"),
        "type": Choice("type", "", note="Shopify's Type is a category"),
        "url": Choice("url", "", note="not in the file; with the address of your shop:", options=(address,)),
    }


def _shopify_name(fields: _Fields) -> dict[str, Choice]:
    """The product's title, which all of its variants share; with a word on their options, where they have some."""
    title = fields.name("Title")
    names = [name for n in (1, 2, 3) if (name := fields.name(f"Option{n} Value"))]
    options = [name for name in names if set(fields.sample.field(name).examples) - {"Default Title"}]
    if not options:
        return fields.choice("name", fields.sql("Title"), "Title")
    values = ", ".join(f"nullif(nullif({fields.sql(name)}, ''), 'Default Title')" for name in options)
    whole = f"{fields.sql('Title')} || coalesce(' - ' || nullif(concat_ws(' / ', {values}), ''), '')"
    note = f"{', '.join(options)} left out, so variants share a name; take the other line to add them"
    return {"name": Choice("name", fields.sql("Title"), (title,), note=note, options=(Reading(whole),))}


def _shopify_images(fields: _Fields) -> dict[str, Choice]:
    """The variant's own image first, then those of the product."""
    images, own = fields.sql("Image Src", "Product image URL"), fields.sql("Variant Image", "Variant image URL")
    listed = f"from_json({images}, '[\"VARCHAR\"]')"
    if own:
        others = f"list_filter({listed}, lambda element: element <> {own})"
        listed = f"case when {own} <> '' then list_concat([{own}], {others}) else {listed} end"
    return fields.choice("images", listed, "Image Src", "Product image URL")


def _woocommerce(fields: _Fields) -> dict[str, Choice]:
    h = HEADINGS
    published, seen, stocked = (fields.sql(*h[column]) for column in ("published", "visibility", "in_stock"))
    long, short = fields.sql(*h["description"]), fields.sql(*h["short_description"])
    described = f"coalesce({long}, {short})" if long and short else long or short
    visible = f"when 'visible' then {_BOTH} when 'catalog' then ['catalog'] when 'search' then ['search']"
    status = f"case {published} {_cases(ON_OFF)} when '-1' then 'disabled' else {published} end"
    visibility = f"case coalesce(lower({seen}), 'visible') {visible} when 'hidden' then [] else [{seen}] end"
    stock = f"case lower({stocked}) {_cases(STOCKED)} else {stocked} end"
    return {
        **fields.sku(*h["sku"]),
        **fields.choice("name", fields.sql(*h["name"]), *h["name"]),
        **fields.choice("description", described, *h["description"], *h["short_description"]),
        **fields.choice("type", f"split_part({fields.sql(*h['type'])}, ',', 1)", *h["type"]),
        **fields.choice("status", status, *h["published"]),
        **fields.choice("visible_in", visibility, *h["visibility"]),
        **fields.choice("stock", stock, *h["in_stock"]),
        **fields.price(*h["regular_price"], reduced=h["sale_price"]),
        **fields.choice("images", f"urls_of({fields.sql(*h['images'])})", *h["images"]),
        **fields.choice("categories", fields.sql(*h["categories"]), *h["categories"]),
    }


def _magento_views(sample: Sample, fields: _Fields) -> list[View]:
    """The rows without a store view are the products; each store view's rows say what is otherwise there."""
    code = fields.name("store_view_code")
    if not code:
        return [View()]
    f = fields.sql("store_view_code")
    main = View(where=f"coalesce({f}, '') = ''", remark="rows of store views are left out; each has a scope of its own")
    own = sample.field(code)
    keys = (fields.name("sku"), code)
    others = tuple(column.name for column in sample.fields if column.name not in keys and column.filled)
    return [main] + [
        View(
            Rows(fields.name("sku"), others),
            f"{f} = {literal(view)}",
            _scope(view),
            f"products that have a row of the store view {view}; what is empty there is as in the row above",
        )
        for view in sorted(own.values)
    ]


def _scope(view: str) -> str:
    locale = re.fullmatch(r"([a-z]{2})(?:[-_]([A-Za-z]{2}))?", view)
    if locale and locale[1] in LANGUAGES:
        return f"{locale[1]}-{locale[2].upper()}" if locale[2] else locale[1]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", view).strip("-_") or "view"


def _magento(fields: _Fields) -> dict[str, Choice]:
    online, seen = fields.sql("product_online"), fields.sql("visibility")
    words = {
        "catalog, search": _BOTH,
        "catalog": "['catalog']",
        "search": "['search']",
        "not visible individually": "[]",
    }
    cases = " ".join(f"when '{word}' then {places}" for word, places in words.items())
    base, more = fields.sql("base_image"), fields.sql("additional_images")
    others = f"list_filter(string_split({more}, ','), lambda element: element <> coalesce({base}, ''))"
    images = f"list_filter(list_concat([{base}], {others}), lambda element: element <> '')" if base and more else base
    changed = fields.name("updated_at")
    is_american = changed and all(
        re.match(r"\d+/\d+/\d+, .*M$", example) for example in fields.sample.field(changed).examples
    )
    moment = f"moment_of({fields.sql('updated_at')}, '%m/%d/%y, %I:%M %p')" if is_american else ""
    address = fields.sql("url_key")
    return {
        **fields.sku("sku"),
        **fields.choice("name", fields.sql("name"), "name"),
        **fields.choice("type", fields.sql("product_type"), "product_type"),
        **fields.choice(
            "status",
            f"case {online} {_cases(ON_OFF)} when '2' then 'disabled' else {online} end",
            "product_online",
        ),
        **(fields.choice("visible_in", f"case lower({seen}) {cases} else [{seen}] end", "visibility") if seen else {}),
        **(fields.choice("images", images, "base_image") if base else {}),
        **(fields.choice("updated_at", moment, "updated_at") if moment else {}),
        **fields.price("price", reduced=("special_price",)),
        **(
            {
                "url": Choice(
                    "url", "", note="not in the file; with the address of your shop:", options=(_page(address),)
                )
            }
            if address
            else {}
        ),
    }


def _page(key: str) -> Reading:
    return Reading(f"'https://shop.example/' || {key} || '.html'")


def _google(fields: _Fields) -> dict[str, Choice]:
    first, more, stocked = (fields.sql(h) for h in ("image_link", "additional_image_link", "availability"))
    groups = ("product_type", "google_product_category")
    images = f"list_filter(list_concat([{first}], urls_of({more})), lambda element: element <> '')" if more else first
    words: Mapping[str, str] = {
        **dict.fromkeys(("in stock", "in_stock"), "in-stock"),
        **dict.fromkeys(("out of stock", "out_of_stock", "preorder", "backorder"), "out-of-stock"),
    }
    cases = _cases(words)
    return {
        **fields.sku("id"),
        **fields.choice("name", fields.sql("title"), "title"),
        **fields.choice("description", fields.sql("description"), "description"),
        **fields.choice("stock", f"case lower({stocked}) {cases} else {stocked} end", "availability"),
        **fields.price("price", reduced=("sale_price",)),
        **fields.choice("url", fields.sql("link"), "link"),
        **(fields.choice("images", images, "image_link") if first else {}),
        **fields.choice("categories", fields.sql(*groups), *groups),
    }
