"""Adobe Commerce: the contract, and what is its own: windows, websites, counts, the ways in, what its numbers mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.connection import Connection
from datasync.errors import AccessDenied, InvalidConnection, UnexpectedAnswer
from datasync.sources.base import PullRequest
from datasync.store.files import Folder, connect
from tests.sources.contract import AT, EVERYTHING, product, rows
from tests.sources.http_contract import HttpContract, pulled
from tests.sources.standins.server import Site, started
from tests.sources.standins.stand import Stand, adobe_commerce


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with started("tests.sources.standins.adobe_commerce") as site:
        yield adobe_commerce(site)


def stand_at(url: str) -> Stand:
    return adobe_commerce(Site(url))


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Folder(str(tmp_path / "store"))) as opened:
        yield opened


class TestContract(HttpContract):
    module = "test_adobe_commerce"


@pytest.fixture
def shop(stand: Stand) -> Iterator[Stand]:
    stand.site.tell("reset")
    yield stand
    assert stand.site.tell("log")["violations"] == []


def test_a_product_is_mapped_from_its_numbers_and_lists(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A", names={"default": "Jacket", "de": "Jacke"}, price=89.9, qty=5))
    _, (found,), _ = pulled(shop, con, tmp_path, store_view="de", attributes=("color",))
    media = "https://shop.example/media/catalog/product"
    assert found | {"hash": None, "bytes": None} == {
        "sku": "A", "name": "Jacke", "description": "<p>Long</p>", "type": "simple", "status": "enabled",
        "visible_in": ["catalog", "search"], "stock": "in-stock", "price": found["price"], "currency": "EUR",
        "url": None, "categories": ["Men/Tops"], "updated_at": found["updated_at"],
        "images": [
            {"url": f"{media}/a.jpg", "label": "", "roles": ["image"]},
            {"url": f"{media}/b.jpg", "label": "Back", "roles": []},
        ],
        "attributes": [{"code": "color", "values": ["Black"]}],
        "hash": None, "hash_version": "1", "bytes": None,
    }  # fmt: skip
    assert (f"{found['price']:.2f}", f"{found['updated_at']:%FT%T%z}") == ("89.90", "2026-11-20T08:00:00+0000")


@pytest.mark.parametrize(
    ("given", "column", "becomes"),
    [
        ({"status": 1}, "status", "enabled"),
        ({"status": 2}, "status", "disabled"),
        ({"visibility": 1}, "visible_in", []),
        ({"visibility": 2}, "visible_in", ["catalog"]),
        ({"visibility": 3}, "visible_in", ["search"]),
        ({}, "stock", "unknown"),
        ({"qty": 0}, "stock", "out-of-stock"),
        ({"qty": 2}, "stock", "low-stock"),
        ({"qty": 3}, "stock", "in-stock"),
        ({"categories": []}, "categories", []),
        ({"categories": [3, 99]}, "categories", ["99", "Men"]),
    ],
)
def test_what_a_number_means(
    given: dict[str, Any], column: str, becomes: Any, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A", **given))
    _, (found,), _ = pulled(shop, con, tmp_path)
    assert found[column] == becomes


def test_a_status_that_nobody_knows_goes_to_quarantine(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A", status=7))
    _, _, invalid = pulled(shop, con, tmp_path)
    assert invalid == [("unknown-status", "status is 7; known are enabled and disabled.")]


def test_products_of_other_websites_are_left_out_and_the_pull_is_complete_all_the_same(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", websites=[2]), product("C", websites=[2, 1]), product("D", websites=[]))
    found, products, _ = pulled(shop, con, tmp_path)
    assert ([one["sku"] for one in products], found.complete, found.notes) == (["A", "C"], True, ())
    assert (found.records, found.valid, found.filtered) == (4, 2, 2)


def test_a_product_of_another_website_is_filtered_whatever_it_holds(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", websites=[2], name=["x"]), product("C", websites=[2], status=7))
    found, _, invalid = pulled(shop, con, tmp_path)
    assert (found.records, found.valid, found.filtered, invalid) == (3, 1, 2, [])


def test_a_product_that_left_the_website_is_not_there_when_it_is_asked_for(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", websites=[2]))
    found, products, _ = pulled(shop, con, tmp_path, PullRequest("skus", AT, skus=("A", "B")))
    assert ([one["sku"] for one in products], found.answers_absence) == (["A"], True)


def test_many_products_of_the_same_second_come_through_the_window(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(*(product(f"S{number:02}", number // 20) for number in range(50)))
    source = shop.source(Folder(str(tmp_path)), page_size=7)
    con.execute("SET preserve_insertion_order = true")
    assert [row["sku"] for row in rows(con, source.records(con, EVERYTHING), "sku")] == [f"S{n:02}" for n in range(50)]


def test_a_count_that_is_higher_than_what_came_makes_the_pull_a_part(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.fill(25)
    shop.site.tell("set", {"counts": 3})
    found, products, _ = pulled(shop, con, tmp_path)
    assert (len(products), found.complete, found.answers_absence) == (25, False, False)
    assert found.notes == ("The source counts 28 products and gave 25: taken for a part, so nothing is removed.",)


def test_a_product_that_is_deleted_while_pages_are_read_leaves_the_pull_complete(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.fill(25)
    shop.site.fault("vanish", after=1)
    found = shop.source(Folder(str(tmp_path)), page_size=10).records(con, EVERYTHING)
    assert (len(rows(con, found, "sku")), found.complete, found.notes) == (24, True, ())


def test_options_are_told_by_their_labels(shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    custom = {"color": "50", "climate": "7,8", "material": "49"}
    shop.sells(product("A", custom=custom), product("B", custom={"color": "99", "climate": "7", "material": "49"}))
    _, (a, b), _ = pulled(shop, con, tmp_path, attributes=("climate", "color", "material"))
    assert {one["code"]: one["values"] for one in a["attributes"]} == {
        "climate": ["Hot", "Cold, wet"],
        "color": ["White"],
        "material": ["49"],
    }
    assert {one["code"]: one["values"] for one in b["attributes"]} == {
        "climate": ["Hot"],
        "color": ["99"],
        "material": ["49"],
    }


def test_names_that_may_not_be_read_are_told_by_their_ids(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop.sells(product("A"))
    shop.site.tell("set", {"categories": False, "attributes": False})
    found, (one,), _ = pulled(shop, con, tmp_path, attributes=("color",))
    assert (one["categories"], one["attributes"]) == (["2", "4"], [{"code": "color", "values": ["49"]}])
    assert ["for their names can't be read: it answered 401" in note for note in found.notes] == [True, True]
    assert "isn't authorized to access Magento_Catalog::categories" in caplog.text
    assert "isn't authorized to access Magento_Catalog::attributes_attributes" in caplog.text


def test_the_ways_in(shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop.sells(product("A"))
    url = shop.site.url
    ims = {"client_id": "ims-client", "client_secret": "ims-planted", "token_url": f"{url}/ims/token/v3"}
    ways = {
        "signed": (shop.connection, {}),
        "bearer": (Connection("there", host=url, password="bearer-planted"), {}),
        "admin": (shop.issued, {}),
        "saas": (Connection("there", host=f"{url}/tenant-id", extra=ims), {"deployment": "saas"}),
        "saas-by-path": (Connection("there", host=url, schema="tenant-id", extra=ims), {"deployment": "saas"}),
    }
    for way, (login, keys) in ways.items():
        source = shop.source(Folder(str(tmp_path)), way, login=login, **keys)
        assert [row["sku"] for row in rows(con, source.records(con, EVERYTHING), "sku")] == ["A"], way


def test_a_signature_that_is_not_ours_is_refused_and_the_shops_words_are_logged(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = replace(shop.connection, extra={**shop.connection.extra, "access_token_secret": "other-planted"})
    with pytest.raises(AccessDenied, match="it answered 401") as told:
        shop.source(Folder(str(tmp_path)), login=wrong).records(con, EVERYTHING)
    assert "isn't authorized to access Magento_Catalog::products" in caplog.text
    assert "planted" not in str(told.value) + caplog.text


def test_a_connection_that_opens_nothing_says_what_it_needs(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(InvalidConnection, match=r"needs consumer_key, .* in its extra, or a token"):
        shop.source(Folder(str(tmp_path)), login=Connection("there", host=shop.site.url)).records(con, EVERYTHING)


@pytest.mark.parametrize(
    ("record", "code", "sentence"),
    [
        ({"updated_at": "0000-00-00 00:00:00"}, "bad-time", "updated_at is 0000-00-00 00:00:00, which is no time."),
        ({"updated_at": "yesterday"}, "bad-time", "updated_at is yesterday, which is no time."),
        ({"price": "N/A"}, "bad-value", "price is N/A, which is no decimal number."),
        ({"price": {"amount": 5}}, "bad-value", "price is not a plain value."),
        ({"name": ["a", "b"]}, "bad-value", "name is not a plain value."),
        ({"name": None}, "missing-name", "The product has no name."),
        ({"status": [1]}, "bad-value", "status is not a plain value."),
        ({"extension_attributes": "none"}, "bad-value", "extension_attributes is not an object."),
        ({"extension_attributes": {"category_links": {"0": 1}}}, "bad-value", "category_links is not a list."),
        ({"media_gallery_entries": {"0": {}}}, "bad-value", "media_gallery_entries is not a list."),
        ({"custom_attributes": {"color": 49}}, "bad-value", "custom_attributes is not a list."),
    ],
)
def test_one_odd_field_takes_its_own_product_to_quarantine_by_its_sku(
    record: dict[str, Any], code: str, sentence: str, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", 1, record=record), product("C", 2))
    found, products, invalid = pulled(shop, con, tmp_path, attributes=("color",))
    assert ([one["sku"] for one in products], found.complete, found.unreadable) == (["A", "C"], True, 0)
    assert invalid == [(code, sentence)]
    quarantine = f"{tmp_path}/pulled/quarantine/scope=en-US/r1.parquet"
    assert con.execute(f"SELECT sku FROM '{quarantine}'").fetchall() == [("B",)]


@pytest.mark.parametrize(
    ("sku", "code"), [(None, "missing-sku"), ("", "missing-sku"), ({"a": 1}, "unreadable"), (["B"], "unreadable")]
)
def test_a_product_whose_sku_is_none_is_told_and_takes_no_other_along(
    sku: Any, code: str, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", 1, record={"sku": sku}), product("C", 2))
    found, products, invalid = pulled(shop, con, tmp_path)
    assert ([one["sku"] for one in products], [one for one, _ in invalid], found.records) == (["A", "C"], [code], 3)


def test_a_sku_that_is_a_number_is_text_and_empty_lists_stand_for_nothing(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    empty = {"extension_attributes": [], "custom_attributes": None, "media_gallery_entries": None}
    shop.sells(product("A", record={"sku": 123, **empty}), product("B", 1, lacks=["custom_attributes", "price"]))
    _, products, invalid = pulled(shop, con, tmp_path, attributes=("color",))
    assert ([one["sku"] for one in products], invalid) == (["123", "B"], [])


@pytest.mark.parametrize("lacks", [["id"], ["updated_at"], ["id", "updated_at"]])
@pytest.mark.parametrize("where", [0, 9, 15, 24])
def test_a_product_without_a_place_in_the_order_of_windows_comes_with_its_page(
    lacks: list[str], where: int, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(*(product(f"S{n:02}", n, lacks=lacks if n == where else []) for n in range(25)))
    store = Folder(str(tmp_path))
    found = shop.source(store, page_size=10).records(con, EVERYTHING)
    assert {row["sku"] for row in rows(con, found, "sku")} == {f"S{n:02}" for n in range(25)}
    assert found.complete


def test_a_page_of_which_no_product_has_a_place_ends_the_pull_with_an_error(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(*(product(f"S{n:02}", n, lacks=["id"]) for n in range(25)))
    with pytest.raises(UnexpectedAnswer, match="no product of a page has an id and an updated_at"):
        shop.source(Folder(str(tmp_path)), page_size=10).records(con, EVERYTHING)


def test_products_of_the_zero_date_come_page_after_page(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    zero = {"updated_at": "0000-00-00 00:00:00"}
    shop.sells(*(product(f"Z{n:02}", record=zero) for n in range(25)),
               *(product(f"S{n:02}", n) for n in range(25)))  # fmt: skip
    found = shop.source(Folder(str(tmp_path)), page_size=10).records(con, EVERYTHING)
    assert (len({row["sku"] for row in rows(con, found, "sku")}), found.complete) == (50, True)


@pytest.mark.parametrize("label", [None, "", "  "])
def test_an_option_without_a_label_is_told_by_its_id_and_the_pull_notes_it(
    label: Any, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.site.tell("set", {"labels": {"49": label, "7": label}})
    shop.sells(product("A", custom={"color": "49", "climate": "7,8"}), product("B", 1, custom={"color": "50"}))
    found, (a, b), _ = pulled(shop, con, tmp_path, attributes=("c*r", "climate"))
    assert {one["code"]: one["values"] for one in a["attributes"]} == {"climate": ["7", "Cold, wet"], "color": ["49"]}
    assert {one["code"]: one["values"] for one in b["attributes"]} == {"color": ["White"]}
    assert found.notes == ("Options without a label in this store view are told by their ids: color 49, climate 7.",)


def test_options_that_the_scope_does_not_take_are_not_noted(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.site.tell("set", {"labels": {"49": None, "7": None}})
    shop.sells(product("A", custom={"color": "49"}))
    found, (a,), _ = pulled(shop, con, tmp_path, map={"type": "upper(color)"})
    assert (a["type"], found.notes) == (
        "49",
        ("Options without a label in this store view are told by their ids: color 49.",),
    )
