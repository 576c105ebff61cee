"""What a record becomes: columns, defaults, verdicts, payload and content hash, all through a real pull."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from datasync import product
from datasync.errors import InvalidExpression, InvalidSettings
from datasync.intake import validation
from datasync.store import snapshots
from tests.pulling import SCOPE, Desk, balance

FULL: dict[str, Any] = {
    "sku": "MH01-XS",
    "name": "Kapuzenpulli „Ägir“",
    "description": "<p>Warm &\nweich</p>",
    "type": "simple",
    "status": "Enabled",
    "visible_in": "search, catalog",
    "stock": "low-stock",
    "price": "52.5",
    "currency": "EUR",
    "url": "https://shop.example/p?a=1&b=2",
    "images": [
        {"url": "https://img.example/1.jpg", "label": "Front", "roles": ["thumbnail", "main"]},
        {"url": "https://img.example/2.jpg"},
    ],
    "categories": ["Men/Tops", "Men"],
    "updated_at": "2026-11-01T12:30:00+01:00",
    "color": "blue",
    "size": ["M", "L"],
    "modified": "x",
}
PAYLOAD = {
    "sku": "MH01-XS",
    "scope": "de-DE",
    "name": "Kapuzenpulli „Ägir“",
    "description": "<p>Warm &\nweich</p>",
    "type": "simple",
    "status": "enabled",
    "visibleIn": ["catalog", "search"],
    "inStock": True,
    "lowStock": True,
    "price": "52.50",
    "currency": "EUR",
    "url": "https://shop.example/p?a=1&b=2",
    "images": [
        {"url": "https://img.example/1.jpg", "label": "Front", "roles": ["main", "thumbnail"]},
        {"url": "https://img.example/2.jpg", "label": None, "roles": []},
    ],
    "categories": ["Men", "Men/Tops"],
    "attributes": [{"code": "color", "values": ["blue"]}, {"code": "size", "values": ["M", "L"]}],
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def one(desk: Desk, record: dict[str, Any], *columns: str, **keys: Any) -> Any:
    """Some columns of the one product that a record becomes."""
    desk.lines("one.jsonl", record)
    (found,) = desk.products(desk.pull("one.jsonl", **keys), *columns)
    return found


def verdict(desk: Desk, record: dict[str, Any], **keys: Any) -> tuple[str, str]:
    """The code and the sentence of the one record that is invalid."""
    desk.lines("one.jsonl", {**dict.fromkeys(record), "sku": "fine", "name": "fine"}, record)
    (found,) = desk.quarantine(desk.pull("one.jsonl", **keys), "code", "sentence")
    return found


# ── Payload and content hash: both are fixed, for services and stored catalogs rest on them ──────────────────────────


def test_the_payload_of_a_full_product_is_pinned(desk: Desk) -> None:
    desk.lines("x.jsonl", FULL)
    found = desk.pull("x.jsonl", attributes=["size", "color"])
    (payload,) = desk.payloads(found)
    assert (payload, list(payload)) == (PAYLOAD, list(PAYLOAD))
    whole = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    assert desk.products(found, "bytes") == [len(whole.encode())]


def test_the_content_hash_of_a_known_product_is_pinned(desk: Desk) -> None:
    assert one(desk, FULL, "hash", "hash_version", attributes=["size", "color"]) == (
        "5240e1d6635de227f36141e5a118d4e4",
        "1",
    )
    settled = {**PAYLOAD, "attributes": [{"code": "color", "values": ["blue"]}, {"code": "size", "values": ["L", "M"]}]}
    text = json.dumps(settled, ensure_ascii=False, separators=(",", ":"))
    assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == "5240e1d6635de227f36141e5a118d4e4"


def test_the_hash_does_not_see_the_order_of_lists_nor_what_is_volatile_nor_when_it_was_updated(desk: Desk) -> None:
    turned = {
        **FULL,
        "visible_in": ["catalog", "search"],
        "categories": ["Men", "Men/Tops"],
        "size": ["L", "M"],
        "modified": "y",
        "updated_at": None,
    }
    turned["images"] = [{**FULL["images"][0], "roles": ["main", "thumbnail"]}, FULL["images"][1]]
    how: dict[str, Any] = {"attributes": ["size", "color"], "volatile": ["modified"]}
    assert one(desk, FULL, "hash", **how) == one(desk, turned, "hash", **how)
    kept = one(desk, turned, "attributes", **how)
    assert [entry["code"] for entry in kept] == ["color", "modified", "size"]


def test_a_pattern_of_volatile_fields_is_taken_and_not_hashed(desk: Desk) -> None:
    how: dict[str, Any] = {"attributes": ["color"], "volatile": ["sync_*"]}
    before = one(desk, {**FULL, "sync_at": "1", "sync_by": "a"}, "hash", "attributes", **how)
    after = one(desk, {**FULL, "sync_at": "2", "sync_by": "b"}, "hash", "attributes", **how)
    assert before[0] == after[0]
    assert [entry["code"] for entry in after[1]] == ["color", "sync_at", "sync_by"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "b"},
        {"price": "52.51"},
        {"images": None},
        {"size": ["L"]},
        {"status": "disabled"},
        {"stock": "unknown"},
    ],
)
def test_the_hash_sees_every_other_change(desk: Desk, change: dict[str, Any]) -> None:
    how = {"attributes": ["size", "color"]}
    assert one(desk, FULL, "hash", **how) != one(desk, {**FULL, **change}, "hash", **how)


def test_the_stored_content_gives_the_same_hash_again(desk: Desk) -> None:
    """An upgrade hashes what is stored by its new rule; both ways must agree, or all would be delivered again."""
    desk.lines(
        "x.jsonl", FULL, {"sku": "A", "name": "a"}, {"sku": "B", "name": "b", "size": ["b", "a", ""], "modified": "x"}
    )
    for volatile in ([], ["modified"], ["mod*", "color"]):
        found = desk.pull("x.jsonl", attributes=["size"], volatile=volatile)
        stored = snapshots.products(found, desk.store.url)
        sql = f"SELECT hash, content_hash(p, '{SCOPE}', ?::VARCHAR[]) FROM ({stored.sql}) AS p"
        rows = desk.con.execute(sql, [volatile]).fetchall()
        assert len(rows) == 3
        assert all(stored == again for stored, again in rows)


def test_a_hash_names_the_rule_it_was_made_by() -> None:
    assert product.hash_version(()) == product.HASH_VERSION
    assert product.hash_version(("a", "b")) == product.hash_version(("b", "a"))
    assert len({product.hash_version(v) for v in ((), ("a",), ("a", "b"))}) == 3


# ── Columns ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_columns_that_are_not_there_take_their_defaults(desk: Desk) -> None:
    columns = [c for c in product.STORED if c not in ("hash", "bytes")]
    assert dict(zip(columns, one(desk, {"sku": "A", "name": "a"}, *columns), strict=True)) == {
        **dict.fromkeys(product.PRODUCT_COLUMNS),
        "sku": "A",
        "name": "a",
        "type": "simple",
        "status": "enabled",
        "visible_in": ["catalog", "search"],
        "stock": "unknown",
        "attributes": [],
        "hash_version": "1",
    }


def test_unmapped_columns_take_the_field_of_their_own_name_in_any_case_the_same_case_first(desk: Desk) -> None:
    assert one(desk, {"Sku": "A", "NAME": "a", "Type": "no", "type": "yes"}, "sku", "name", "type") == ("A", "a", "yes")


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("catalog", ["catalog"]),
        ("Catalog, Search", ["catalog", "search"]),
        ("none", []),
        ("[]", []),
        (["search"], ["search"]),
        ([], []),
        ("search,search", ["search"]),
        ("", ["catalog", "search"]),
        (None, ["catalog", "search"]),
    ],
)
def test_visibility_from_text_and_lists(desk: Desk, given: Any, seen: list[str]) -> None:
    assert one(desk, {"sku": "A", "name": "a", "visible_in": given}, "visible_in") == seen


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        ("https://a/1.jpg", ["https://a/1.jpg"]),
        (["https://a/1.jpg", "https://a/2.jpg"], ["https://a/1.jpg", "https://a/2.jpg"]),
        ({"url": "https://a/1.jpg"}, ["https://a/1.jpg"]),
        ([{"url": "u", "label": "l"}], ["u"]),
        ([], []),
        ("", None),
        ("[ ]", []),
        (["u", "", None, "v"], ["u", "v"]),
        ([None], []),
        (["u", {"url": "v"}], ["u", "v"]),
        ([{"url": "u", "roles": ["main"]}, "v", None], ["u", "v"]),
        ([None, {"url": "u"}], ["u"]),
        (["[1] front.jpg", "{2}.jpg"], ["[1] front.jpg", "{2}.jpg"]),
    ],
)
def test_images_from_a_url_a_list_or_objects(desk: Desk, given: Any, urls: list[str] | None) -> None:
    images = one(desk, {"sku": "A", "name": "a", "images": given}, "images")
    assert (images and [image["url"] for image in images]) == urls or images == urls


def test_an_image_among_urls_keeps_its_label_and_roles(desk: Desk) -> None:
    given = ["u", {"url": "v", "label": "front", "roles": ["b", "a"], "width": 5}]
    images = one(desk, {"sku": "A", "name": "a", "images": given}, "images")
    plain = {"url": "u", "label": None, "roles": []}
    assert images == [plain, {"url": "v", "label": "front", "roles": ["a", "b"]}]


NESTED = {
    "categories": "categories holds JSON objects; take what it is of them, as in "
    "categories: json_extract_string(categories, '$[*].name').",
    "images": "images holds what is no URL and no JSON object of url, label and roles; take the URLs of it, as in "
    "images: json_extract_string(images, '$[*].src').",
}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("categories", [{"id": 1, "name": "Shoes"}]),
        ("categories", ["Shoes", {"id": 1, "name": "Boots"}]),
        ("categories", {"id": 1, "name": "Shoes"}),
        ("categories", [["Shoes", "Boots"]]),
        ("images", ["u", {"src": "v"}]),
        ("images", [{"src": "v"}, "u"]),
        ("images", [["u"]]),
        ("images", [{"url": {"small": "u"}}]),
        ("images", [{"url": "u", "label": {"en": "front"}}]),
        ("images", {"src": "u"}),
    ],
)
def test_json_is_no_category_and_no_image(desk: Desk, column: str, value: Any) -> None:
    assert verdict(desk, {"sku": "A", "name": "a", column: value}) == ("bad-value", NESTED[column])
    listed = {column: f"from_json({column}, '[\"VARCHAR\"]')"}
    if isinstance(value, list):
        assert verdict(desk, {"sku": "A", "name": "a", column: value}, map=listed)[0] == "bad-value"


def test_what_only_looks_like_json_is_text(desk: Desk) -> None:
    names = ["[2026]", "{new}", "[new]", "a, b"]
    record = {"sku": "A", "name": "a", "categories": names, "images": [{"url": "u", "label": "[2026]", "roles": ["{"]}]}
    categories, images = one(desk, record, "categories", "images")
    assert (set(categories), images[0]["label"], images[0]["roles"]) == (set(names), "[2026]", ["{"])


@pytest.mark.parametrize(("column", "key"), [("categories", "name"), ("images", "src")])
def test_what_the_sentence_says_to_write_takes_the_values(desk: Desk, column: str, key: str) -> None:
    record = {"sku": "A", "name": "a", column: [{"id": 1, key: "x"}, {"id": 2, key: "y"}]}
    expression = NESTED[column].rpartition(f"{column}: ")[2].removesuffix(".")
    values = one(desk, record, column, map={column: expression})
    assert [value if isinstance(value, str) else value["url"] for value in values] == ["x", "y"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[pic]", [["u"], [], []]),
        ("[pic, 'v']", [["u", "v"], ["v"], ["v"]]),
        ("[nullif(pic, '')]", [["u"], [], []]),
        ("string_split(pic || '|', '|')", [["u"], [], None]),
        ("case when pic <> '' then [pic] end", [["u"], [], None]),
    ],
)
def test_an_element_that_is_null_or_blank_is_no_image_and_no_category(
    desk: Desk, given: str, expected: list[list[str] | None]
) -> None:
    for record, elements in zip(({"pic": "u"}, {"pic": " "}, {"pic": None}), expected, strict=True):
        fields = {"sku": "A", "name": "a", **record}
        images = one(desk, fields, "images", map={"images": given})
        assert (images and [image["url"] for image in images]) == elements
        assert one(desk, fields, "categories", map={"categories": given}) == elements


def test_categories_and_attributes_from_text_lists_and_what_only_looks_like_a_list(desk: Desk) -> None:
    record = {
        "sku": "A",
        "name": "a",
        "categories": "b, a,",
        "one": "[Sale] shirt",
        "two": ["x", None, ""],
        "three": "",
        "four": 0,
    }
    how = {"attributes": ["one", "two", "three", "four"]}
    assert one(desk, record, "categories", "attributes", **how) == (
        ["a", "b"],
        [
            {"code": "four", "values": ["0"]},
            {"code": "one", "values": ["[Sale] shirt"]},
            {"code": "two", "values": ["x"]},
        ],
    )
    assert one(desk, {"sku": "A", "name": "a", "categories": ["b", None, "a"]}, "categories") == ["a", "b"]


@pytest.mark.parametrize(
    ("given", "text"),
    [("52", "52.00"), (1.5, "1.50"), ("0.12345", "0.12345"), ("-3", "-3.00"), ("1e3", "1000.00"), ("", None)],
)
def test_prices_as_text_have_two_decimals_or_as_many_more_as_they_need(
    desk: Desk, given: Any, text: str | None
) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a", "price": given})
    assert desk.payloads(desk.pull("x.jsonl"))[0]["price"] == text


@pytest.mark.parametrize(
    ("stock", "told"),
    [
        ("in-stock", (True, False)),
        ("Low-Stock", (True, True)),
        ("out-of-stock", (False, False)),
        ("unknown", (None, None)),
        ("", (None, None)),
    ],
)
def test_stock_is_told_as_two_answers(desk: Desk, stock: str, told: tuple[bool | None, bool | None]) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a", "stock": stock})
    (payload,) = desk.payloads(desk.pull("x.jsonl"))
    assert (payload["inStock"], payload["lowStock"]) == told


def test_times_without_a_zone_are_utc(desk: Desk) -> None:
    for given in ("2026-11-01 11:30:00", "2026-11-01T12:30:00+01:00", "2026-11-01T11:30:00Z"):
        assert (
            one(desk, {"sku": "A", "name": "a", "updated_at": given}, "updated_at::VARCHAR") == "2026-11-01 11:30:00+00"
        )


def test_text_is_kept_to_the_letter(desk: Desk) -> None:
    hostile = "</script>\u2028\u202e'\"\\ {{x}} \x1b[31m \x00 \U0001f600"
    record = {"sku": " '; DROP TABLE staged; -- ", "name": hostile, "description": "", "color": hostile}
    kept = one(desk, record, "sku", "name", "description", "attributes[1].values[1]", attributes=["color"])
    assert kept == (record["sku"], hostile, "", hostile)
    assert desk.payloads(desk.pull("one.jsonl"))[0]["name"] == hostile


# ── Maps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_expressions_may_give_text_numbers_lists_structs_and_times(desk: Desk) -> None:
    how = {
        "sku": "id::BIGINT + 1",
        "name": "upper(title)",
        "price": "cost::DOUBLE * 2",
        "visible_in": "['search', 'catalog']",
        "categories": "string_split(path, '/')",
        "images": "[{'url': pic, 'label': title, 'roles': ['b', 'a']}]",
        "updated_at": "to_timestamp(changed::BIGINT)",
        "stock": "CASE WHEN qty::INT > 0 THEN 'in-stock' ELSE 'out-of-stock' END",
        "status": "if(active = 'true', 'enabled', 'disabled')",
        "currency": "'EUR'",
    }
    record = {
        "id": 41,
        "title": "a",
        "cost": 1.25,
        "path": "b/a",
        "pic": "u",
        "changed": 1793536200,
        "qty": 0,
        "active": True,
    }
    columns = (
        "sku",
        "name",
        "price_text(price)",
        "visible_in",
        "categories",
        "images",
        "updated_at::VARCHAR",
        "stock",
        "status",
        "currency",
    )
    assert one(desk, record, *columns, map=how) == (
        "42",
        "A",
        "2.50",
        ["catalog", "search"],
        ["a", "b"],
        [{"url": "u", "label": "a", "roles": ["a", "b"]}],
        "2026-11-01 12:30:00+00",
        "out-of-stock",
        "enabled",
        "EUR",
    )


def test_a_mapped_default_fills_in_where_an_expression_gives_null(desk: Desk) -> None:
    assert one(desk, {"sku": "A", "name": "a", "s": None}, "status", "stock", map={"status": "s", "stock": "NULL"}) == (
        "enabled",
        "unknown",
    )


@pytest.mark.parametrize(
    "expression",
    ["CASE WHEN qty::INT > 0 THEN qty::INT END", "qty::INT + qty::INT * 2", "coalesce(qty ->> '$', qty ->> '$.a')"],
)
def test_an_expression_that_says_a_thing_twice_and_fails_on_one_record_takes_no_other_along(
    desk: Desk, expression: str
) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a", "qty": "1"}, {"sku": "B", "name": "b", "qty": "many"})
    found = desk.pull("x.jsonl", map={"price": expression})
    assert desk.products(found, "sku") == ["A"]
    assert desk.quarantine(found, "sku", "code") == [("B", "bad-value")]


def test_an_expression_that_fails_on_one_record_makes_that_one_invalid_and_names_the_column(desk: Desk) -> None:
    desk.lines(
        "x.jsonl",
        {"sku": "A", "name": "a", "qty": "1"},
        {"sku": "B", "name": "b", "qty": "many"},
        {"sku": "C", "name": "c", "qty": "9" * 30},
    )
    found = desk.pull("x.jsonl", map={"stock": "CASE WHEN qty::INT > 0 THEN 'in-stock' END"})
    assert desk.products(found, "sku") == ["A"]
    sentence = "stock: its expression in the map fails on this record."
    assert desk.quarantine(found, "sku", "code", "sentence") == [
        ("B", "bad-value", sentence),
        ("C", "bad-value", sentence),
    ]


@pytest.mark.parametrize(
    ("column", "expression", "problem"),
    [
        ("price", "sku * 2.0", r"\* does not take text and a number"),
        ("updated_at", "length(sku)", "it gives BIGINT, which is no time"),
        ("images", "length(sku)", "it gives BIGINT, and a list of URLs or of"),
        ("images", "[1, 2]", r"it gives INTEGER\[\], and a list of URLs or of"),
        ("images", "[{'href': sku}]", "cannot be used"),
        ("categories", "{'a': sku}", "and a list of texts is needed"),
        ("name", "sku.title", "cannot be used"),
        ("name", "now()", "now is no function"),
    ],
)
def test_an_expression_that_cannot_serve_fails_before_a_record_is_read(
    desk: Desk, column: str, expression: str, problem: str
) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a"})
    with pytest.raises(InvalidExpression, match=problem) as failed:
        desk.pull("x.jsonl", map={column: expression})
    assert failed.value.key == f"scopes.de-DE.map.{column}"


def test_attributes_are_taken_by_name_or_pattern_and_star_takes_what_no_column_has_taken(desk: Desk) -> None:
    record = {"sku": "A", "title": "a", "color": "red", "size_eu": "38", "size_us": "8", "cost": "1"}

    def codes(*wanted: str) -> list[str]:
        found = one(desk, record, "attributes", map={"name": "title"}, attributes=wanted)
        return [entry["code"] for entry in found]

    assert codes() == []
    assert codes("size_*", "color") == ["color", "size_eu", "size_us"]
    assert codes("*") == ["color", "cost", "size_eu", "size_us"]
    assert codes("*", "title") == ["color", "cost", "size_eu", "size_us", "title"]


@pytest.mark.parametrize("field", ["_place", "_unreadable", "_blank"])
def test_a_field_with_a_name_of_ours_is_refused_not_mixed_up(desk: Desk, field: str) -> None:
    desk.lines("x.jsonl", {"sku": "A", "name": "a", field: "x"})
    with pytest.raises(InvalidSettings, match=f"a field called '{field}' cannot be read"):
        desk.pull("x.jsonl", attributes=[field])
    assert desk.products(desk.pull("x.jsonl"), "sku") == ["A"]


def test_fields_named_as_columns_of_ours_are_told_apart_from_them(desk: Desk) -> None:
    record = {
        "sku": "A",
        "name": "a",
        "code": "1",
        "record": "2",
        "hash": "3",
        "position": "4",
        "m_sku": "5",
        "text_0": "6",
        "p": "7",
    }
    how = ["code", "record", "hash", "position", "m_sku", "text_0", "p"]
    found = one(desk, record, "sku", "attributes", attributes=how, map={"type": "code || hash || text_0"})
    assert found[0] == "A"
    assert {entry["code"]: entry["values"] for entry in found[1]} == {field: [record[field]] for field in how}


# ── What makes a record invalid ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("record", "code", "sentence"),
    [
        ({"name": "a"}, "missing-sku", "The record has no SKU."),
        ({"sku": " ", "name": "a"}, "missing-sku", "The record has no SKU."),
        ({"sku": "A", "name": ""}, "missing-name", "The product has no name."),
        (
            {"sku": "A", "name": "a", "status": "gone"},
            "unknown-status",
            "status is gone; known are enabled and disabled.",
        ),
        ({"sku": "A", "name": "a", "updated_at": "soon"}, "bad-time", "updated_at is soon, which is no time."),
        ({"sku": "A", "name": "a", "updated_at": "infinity"}, "bad-time", "updated_at is infinity, which is no time."),
        (
            {"sku": "A", "name": "a", "updated_at": "99999-01-01"},
            "bad-time",
            "updated_at is 99999-01-01, which is no time.",
        ),
        ({"sku": "A", "name": "a", "price": "12,50"}, "bad-value", "price is 12,50, which is no decimal number."),
        ({"sku": "A", "name": "a", "price": "NaN"}, "bad-value", "price is NaN, which is no decimal number."),
        (
            {"sku": "A", "name": "a", "price": "9" * 19},
            "bad-value",
            f"price is {'9' * 19}, which has more than 18 digits or 20 decimals.",
        ),
        (
            {"sku": "A", "name": "a", "stock": "some"},
            "bad-value",
            "stock is some; known are in-stock, low-stock, out-of-stock and unknown.",
        ),
        (
            {"sku": "A", "name": "a", "visible_in": "shop"},
            "bad-value",
            "visible_in is shop, which is no list of catalog and search.",
        ),
        (
            {"sku": "A", "name": "a", "visible_in": "[broken"},
            "bad-value",
            "visible_in is [broken, which is no list of catalog and search.",
        ),
        ({"sku": "A", "name": "a", "images": [{"url": "u"}, {}]}, "bad-value", "IMAGES"),
        ({"sku": "A", "name": "a", "images": [{"label": "x"}]}, "bad-value", "IMAGES"),
        (
            {"sku": "A", "name": "a", "categories": "[broken"},
            "bad-value",
            "categories is [broken, which is no list of texts.",
        ),
    ],
)
def test_an_invalid_record_has_a_code_and_a_sentence(
    desk: Desk, record: dict[str, Any], code: str, sentence: str
) -> None:
    found = verdict(desk, record)
    if sentence == "IMAGES":
        sentence = NESTED["images"]
    assert found == (code, sentence)


def test_a_sentence_shows_no_more_than_eighty_signs_of_a_value(desk: Desk) -> None:
    assert verdict(desk, {"sku": "A", "name": "a", "price": "x" * 500}) == (
        "bad-value",
        f"price is {'x' * 80}, which is no decimal number.",
    )


def test_every_code_is_one_of_the_seven(desk: Desk) -> None:
    desk.write("x.jsonl", '{"sku":"A","name":"1"}\n{"sku":"A","name":"2"}\n{broken\n{"name":"n"}\n{"sku":"B"}\n')
    desk.lines(
        "y.jsonl",
        {"sku": "C", "name": "c", "status": "x"},
        {"sku": "D", "name": "d", "price": "x"},
        {"sku": "E", "name": "e", "updated_at": "x"},
    )
    found = desk.pull("*.jsonl")
    assert sorted(desk.quarantine(found, "code")) == sorted(validation.CODES)
    assert balance(found) == (8, 1, 7, 0)
