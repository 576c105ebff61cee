"""Akeneo: the contract, and what is its own: links, channels and locales, values, the identifier, the server's zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.errors import UnexpectedAnswer, UnknownName
from datasync.sources.base import PullRequest
from datasync.sources.rest.akeneo import _there
from datasync.store.files import Folder, connect
from tests.sources.contract import AT, EVERYTHING, product, rows
from tests.sources.http_contract import HttpContract, pulled
from tests.sources.standins.server import Site, started
from tests.sources.standins.stand import Stand, akeneo


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with started("tests.sources.standins.akeneo") as site:
        yield akeneo(site)


def stand_at(url: str) -> Stand:
    return akeneo(Site(url))


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Folder(str(tmp_path / "store"))) as opened:
        yield opened


class TestContract(HttpContract):
    module = "test_akeneo"


@pytest.fixture
def shop(stand: Stand) -> Iterator[Stand]:
    stand.site.tell("reset")
    yield stand
    assert stand.site.tell("log")["violations"] == []


def test_a_product_is_mapped_from_the_values_of_its_channel_and_locale(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    description = [
        {"locale": "en_US", "scope": "print", "data": "On paper"},
        {"locale": "de_DE", "scope": "ecommerce", "data": "Auf Deutsch"},
        {"locale": "en_US", "scope": "ecommerce", "data": "On screen"},
    ]
    shop.sells(product("A", price="15.5", enabled=False, raw={"description": description}))
    _, (found,), _ = pulled(shop, con, tmp_path)
    assert (found["sku"], found["name"], found["description"]) == ("A", "Name of A", "On screen")
    assert (found["status"], f"{found['price']:.2f}", found["currency"]) == ("disabled", "15.50", "EUR")
    assert (found["categories"], found["updated_at"]) == (["summer"], datetime(2026, 11, 20, 8, tzinfo=UTC))


def test_options_are_told_by_their_labels_and_a_value_that_is_missing_is_null(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    black = {"attribute": "color", "code": "black", "labels": {"en_US": "Black", "de_DE": "Schwarz"}}
    winter = {"w26": {"labels": {"en_US": "Winter"}}}
    raw = {
        "color": [{"locale": None, "scope": None, "data": "black", "linked_data": black}],
        "collection": [{"locale": None, "scope": None, "data": ["w26", "s27"], "linked_data": winter}],
        "weight": [{"locale": None, "scope": None, "data": {"amount": "1.5", "unit": "KILOGRAM"}}],
    }
    shop.sells(product("A", raw=raw), product("B", raw={"color": [{"locale": "de_DE", "scope": None, "data": "rot"}]}))
    attributes = ("color", "collection", "weight", "completeness")
    _, (a, b), _ = pulled(shop, con, tmp_path, attributes=attributes)
    assert a["attributes"] == [
        {"code": "collection", "values": ["Winter", "s27"]},
        {"code": "color", "values": ["Black"]},
        {"code": "completeness", "values": ["100"]},
        {"code": "weight", "values": ['{"amount":"1.5","unit":"KILOGRAM"}']},
    ]
    assert b["attributes"] == [{"code": "completeness", "values": ["100"]}]


def test_a_product_without_an_identifier_goes_to_quarantine_and_one_without_values_too(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), {**product("B"), "sku": None}, {"updated": "2026-11-20T08:00:00+00:00"})
    found, products, invalid = pulled(shop, con, tmp_path)
    assert ([one["sku"] for one in products], invalid) == (["A"], [("missing-sku", "The record has no SKU.")] * 2)
    assert found.records == 3


def test_an_attribute_that_no_product_has_a_value_for_is_known_all_the_same(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"))
    _, (found,), _ = pulled(shop, con, tmp_path, attributes=("color",))
    assert found["attributes"] == []


def test_the_scopes_map_replaces_single_columns_and_may_use_the_macros_of_the_kind(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A", price="15.5"))
    mine = {"price": "akeneo_price(price, 'USD')", "currency": "'USD'", "type": "family"}
    _, (found,), _ = pulled(shop, con, tmp_path, map=mine)
    assert (f"{found['price']:.2f}", found["currency"], found["type"], found["sku"]) == ("1.00", "USD", "shirt", "A")


def test_a_channel_with_several_currencies_says_which_it_takes(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A", price="15.5"))
    found, (one,), _ = pulled(shop, con, tmp_path, channel="print", locale="fr_FR")
    assert found.notes == ("Prices are taken in USD, of USD, EUR; `currency` names another.",)
    assert (f"{one['price']:.2f}", one["currency"]) == ("1.00", "USD")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"channel": "shop", "locale": "en_US"}, "No channel is called 'shop'. Known: ecommerce, print."),
        ({"channel": "print", "locale": "en_US"}, "No locale of the channel 'print' is called 'en_US'. Known: fr_FR."),
        ({"channel": "print", "locale": "fr_FR", "currency": "CHF"}, "is called 'CHF'. Known: EUR, USD."),
    ],
)
def test_an_address_that_the_pim_does_not_have_is_told_with_those_it_has(
    address: dict[str, str], told: str, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(UnknownName) as failed:
        shop.source(Folder(str(tmp_path)), address=address).records(con, EVERYTHING)
    assert told in str(failed.value)


def test_the_updated_filter_is_written_in_the_servers_zone(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.site.tell("set", {"zone": "America/New_York"})
    shop.sells(*(product(f"S{hour}", hour * 3600) for hour in range(8)))
    request = PullRequest("changed", AT, watermark="2026-11-20T15:00:00+00:00")
    source = shop.source(Folder(str(tmp_path)), time_zone="America/New_York", lookback="2h")
    assert [row["sku"] for row in rows(con, source.records(con, request), "sku")] == ["S5", "S6", "S7"]


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-07-01T12:00:00+00:00", "2026-07-01 14:00:00"),
        ("2026-10-25T00:30:00+00:00", "2026-10-25 01:30:00"),  # 2:30 in summer time, which comes twice
        ("2026-10-25T01:30:00+00:00", "2026-10-25 01:30:00"),  # 2:30 in winter time, the second one
        ("2026-10-25T02:30:00+00:00", "2026-10-25 03:30:00"),
    ],
)
def test_a_moment_that_a_clock_shows_twice_is_asked_for_from_the_hour_before(moment: str, there: str) -> None:
    assert _there(datetime.fromisoformat(moment), "Europe/Berlin") == there


def test_a_refresh_token_is_used_before_the_password_is(
    shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.fill(250)
    shop.site.fault("expire", after=1)
    shop.source(Folder(str(tmp_path))).records(con, EVERYTHING)
    assert [one["path"] for one in shop.site.log()].count("/api/oauth/v1/token") == 2
    shop.site.tell("set", {"forgets": True})
    shop.site.fault("expire", after=1)
    shop.source(Folder(str(tmp_path)), "r2").records(con, EVERYTHING)
    assert [(one["path"], one["status"]) for one in shop.site.log() if one.get("status", 200) != 200] == [
        ("/api/oauth/v1/token", 422)
    ]


@pytest.mark.parametrize(
    ("given", "code", "sentence"),
    [
        ({"raw": {"name": "Jacket"}}, "bad-value", "name is not a list."),
        ({"raw": {"price": {"amount": "5"}}}, "bad-value", "price is not a list."),
        (
            {"raw": {"price": [{"locale": None, "scope": None, "data": "N/A"}]}},
            "bad-value",
            "price is N/A, which is no",
        ),
        ({"record": {"enabled": {"yes": 1}}}, "bad-value", "enabled is not a plain value."),
        ({"record": {"enabled": "perhaps"}}, "unknown-status", "status is perhaps; known are"),
        ({"record": {"updated": "0000-00-00"}}, "bad-time", "updated_at is 0000-00-00, which is no time."),
        ({"record": {"updated": ["now"]}}, "bad-value", "updated is not a plain value."),
        ({"record": {"completenesses": 5}}, "bad-value", "completenesses is not a list."),
    ],
)
def test_one_odd_field_takes_its_own_product_to_quarantine_by_its_sku(
    given: dict[str, Any], code: str, sentence: str, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", 1, **given), product("C", 2))
    found, products, invalid = pulled(shop, con, tmp_path, attributes=("completeness",))
    assert ([one["sku"] for one in products], found.complete, found.unreadable) == (["A", "C"], True, 0)
    ((told, words),) = invalid
    assert (told, sentence in words) == (code, True)


@pytest.mark.parametrize("values", ["none", 5, [], None, [1]])
def test_a_product_without_values_has_no_sku_and_takes_no_other_along(
    values: Any, shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    shop.sells(product("A"), product("B", 1, record={"values": values}))
    _, products, invalid = pulled(shop, con, tmp_path)
    assert ([one["sku"] for one in products], invalid) == (["A"], [("missing-sku", "The record has no SKU.")])


def test_a_link_that_is_no_address_is_told(shop: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    shop.fill(25)
    shop.site.fault("astray")
    with pytest.raises(UnexpectedAnswer, match="points to a page by what is no address"):
        shop.source(Folder(str(tmp_path)), page_size=10).records(con, EVERYTHING)
