"""The service `opensearch` over a real server: what it holds after additions, changes, removals and refusals, and what
it says of a place that is not as it should be.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from datasync.connection import from_environment
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Holding
from datasync.errors import InvalidSettings
from tests.line import SCOPE, product, products
from tests.services.indexed import Make, Shop


def test_products_are_added_updated_and_removed(shop: Shop) -> None:
    done = shop.sync(product("a", "Blue pen", price="1.50"), product("b"), product("c"))
    assert done.added == 3
    assert shop.is_true()
    document = shop.shown["a"]
    assert (document["name"], document["price"], document["scope"]) == ("Blue pen", "1.50", SCOPE)
    done = shop.sync(product("a", "Red pen"), product("b"))
    assert (done.updated, done.removed) == (1, 1)
    assert {sku: document["name"] for sku, document in shop.shown.items()} == {"a": "Red pen", "b": "A name"}
    assert shop.is_true()
    gone = shop.all["c"]
    assert gone["removed"] and gone["datasync"]["hash"] is None and gone["_version"] == gone["datasync"]["version"]
    shop.sync(*products("a", "b", "c"))
    assert set(shop.shown) == {"a", "b", "c"}
    assert shop.is_true()


# ── SKUs ────────────────────────────────────────────────────────────────────────────────────────────────────────────

ODD = ("a/b?c=d&e", "..", "_x", 'q"uo\\te', "tab\there", "a#b%20")
SCRIPTS = ("ÄÖß", "Ελ 1", "ЖУК", "אבג", "日本語", "한글", "ไทย", "😀", *ODD)


def test_skus_of_every_script_and_of_512_bytes_arrive_and_leave(shop: Shop) -> None:
    skus = [*SCRIPTS, "x" * 512, "é" * 256]
    shop.sync(*products(*skus))
    assert shop.line.outcomes("search") == dict.fromkeys(skus, "received")
    assert set(shop.shown) == set(skus)
    assert shop.is_true()
    shop.sync(product("é" * 256))
    assert set(shop.shown) == {"é" * 256}
    assert shop.is_true()


def test_a_sku_that_is_too_long_is_rejected_and_keeps_no_other_out(shop: Shop) -> None:
    long, wide = "x" * 513, "é" * 257
    done = shop.sync(*products(long, wide, "a"))
    assert (done.added, done.rejected) == (1, 2)
    assert set(shop.shown) == {"a"}
    words = shop.line.receipts("search")[wide]["words"]
    assert words == "The SKU has more than 512 bytes, and OpenSearch takes no longer id"
    assert shop.is_true()
    assert shop.transfer().entries == (), "it is not offered again"


# ── what the mapping does not take ──────────────────────────────────────────────────────────────────────────────────


def _mapping(folder: Path, **properties: Any) -> str:
    path = folder / "search.json"
    path.write_text(json.dumps({"mappings": {"dynamic": False, "properties": properties}}))
    return str(path)


def test_a_product_that_the_mapping_does_not_take_is_rejected_with_the_servers_words(
    make: Make, tmp_path: Path
) -> None:
    values = {"properties": {"values": {"type": "long"}}}
    shop = make(mapping=_mapping(tmp_path, attributes=values, name={"type": "keyword"}))
    poison = "w" * 40_000
    done = shop.sync(product("a", modified="12"), product("b", modified="new"), product("c", poison), product("d"))
    assert (done.added, done.rejected) == (2, 2)
    receipts = shop.line.receipts("search")
    assert "OpenSearch says 400, mapper_parsing_exception" in receipts["b"]["words"]
    assert "attributes.values" in receipts["b"]["words"]
    assert "immense term" in receipts["c"]["words"] and len(receipts["c"]["words"]) <= 300
    assert shop.is_true()
    assert shop.transfer().entries == ()
    shop.sync(product("a", modified="12"), product("b", modified="13"), product("c"), product("d"))
    assert set(shop.shown) == set("abcd")
    assert shop.is_true()


def test_the_shipped_mapping_finds_names_while_they_are_typed_and_attributes_by_their_code(shop: Shop) -> None:
    shop.sync(product("a", "Blue fountain pen", price="12.50", modified="red"), product("b", "Cap", modified="blue"))
    typed = {"multi_match": {"query": "foun", "type": "bool_prefix", "fields": ["name.typed", "name.typed._2gram"]}}
    assert shop.finds(typed) == {"a"}
    pair = {"bool": {"filter": [{"term": {"attributes.code": "modified"}}, {"term": {"attributes.values": "red"}}]}}
    assert shop.finds({"nested": {"path": "attributes", "query": pair}}) == {"a"}
    assert shop.finds({"range": {"price": {"gte": 12.5}}}) == {"a"}


# ── versions, and what is left of removed products ──────────────────────────────────────────────────────────────────


def test_what_comes_late_is_refused_also_after_a_removal(shop: Shop) -> None:
    shop.sync(*products("a", "b"))
    old = shop.all["a"]
    shop.sync(product("b"))
    late = {"version": old.pop("_version"), "version_type": "external_gte"}
    assert shop.bulk_index("a", old, **late) == 409
    assert set(shop.shown) == {"b"}


def test_a_newer_version_by_somebody_else_is_overtaken_and_then_replaced(shop: Shop) -> None:
    shop.sync(product("a", "v1"), product("b"))
    ahead = shop.all["a"]["_version"] + 10**15
    assert shop.bulk_index("a", {"name": "foreign", "datasync": {"version": ahead}}, version=ahead) == 200
    shop.sync(product("a", "v2"), product("b"))
    assert shop.line.outcomes("search") == {"a": "failed", "b": "received"}
    shop.transfer()
    assert shop.shown["a"]["name"] == "v2"
    assert shop.is_true()


def test_a_transfer_purges_what_was_removed_long_ago_and_nothing_else(make: Make) -> None:
    shop = make(purge_after="2d")
    shop.sync(*products("a", "b", "c", "d"))
    shop.sync(*products("b", "c", "d"))
    shop.line.passes(days=1)
    shop.sync(*products("c", "d"))
    assert set(shop.all) == set("abcd")
    shop.line.passes(days=1, hours=1)
    shop.sync(product("c", "new"), product("d"))
    assert set(shop.all) == set("bcd"), "a was removed two days ago, and b one"
    shop.line.passes(days=30)
    assert shop.transfer().entries == ()
    assert shop.is_true()


# ── read back ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_it_holds_is_read_back_all_or_some(shop: Shop) -> None:
    service = shop.service
    assert isinstance(service, Holding)
    assert (service.count(), shop.holds()) == (0, {})
    shop.sync(*products("a", "b", "c"))
    shop.sync(*products("a", "b"))
    for number in range(3):  # without the field by which they are sorted
        shop.bulk_index(f"foreign-{number}", {"name": "not ours"}, version=number + 1)
    hashes = {sku: row["hash"] for sku, row in shop.line.receipts("search").items()}
    assert service.count() == 5
    ours = {sku: (hashes[sku], True) for sku in ("a", "b")}
    assert shop.holds() == {**ours, **{f"foreign-{number}": (None, False) for number in range(3)}}
    assert shop.holds("a", "c", "foreign-1", "nothing", "x" * 600) == {
        "a": ours["a"],
        "foreign-1": (None, False),
    }, "c is removed, which asking by id would not show"


# ── the place ───────────────────────────────────────────────────────────────────────────────────────────────────────

HIDES = {"bool": {"must_not": [{"term": {"removed": True}}]}}


def _index(shop: Shop, name: str, alias: dict[str, Any] | None, **settings: Any) -> None:
    aliases = {} if alias is None else {shop.alias: alias}
    shop.server.ask("PUT", name, {"aliases": aliases, "settings": settings})


def test_an_index_of_the_aliass_name_is_refused(shop: Shop) -> None:
    _index(shop, shop.alias, None)
    with pytest.raises(InvalidSettings, match=r"services\.search\.index: .* is an index, and products go through"):
        shop.sync(product("a"))
    assert shop.line.entries("search") == 0, "nothing is recorded as sent"


@pytest.mark.parametrize(
    ("alias", "settings", "problem"),
    [
        ({}, {}, "does not have the filter"),
        ({"filter": {"term": {"status": "enabled"}}}, {}, "does not have the filter"),
        ({"filter": HIDES, "routing": "x"}, {}, "has a routing"),
        ({"filter": HIDES}, {"default_pipeline": "drops"}, "has the ingest pipeline drops"),
        ({"filter": HIDES}, {"final_pipeline": "drops"}, "has the ingest pipeline drops"),
        ({"filter": HIDES, "is_write_index": False}, {}, "takes no writes"),
    ],
)
def test_a_place_that_loses_products_is_refused(
    shop: Shop, alias: dict[str, Any], settings: dict[str, Any], problem: str
) -> None:
    _index(shop, f"{shop.alias}-000001", alias, **settings)
    with pytest.raises(InvalidSettings, match=problem):
        shop.sync(product("a"))
    assert shop.all == {}


def test_several_indices_behind_an_alias_are_refused(shop: Shop) -> None:
    for number in (1, 2):
        _index(shop, f"{shop.alias}-{number}", {"filter": HIDES})
    with pytest.raises(InvalidSettings, match="2 indices stand behind the alias"):
        shop.sync(product("a"))


def test_an_index_without_its_alias_is_refused(shop: Shop) -> None:
    shop.sync(product("a"))
    shop.server.ask("DELETE", f"{shop.alias}-000001/_alias/{shop.alias}")
    with pytest.raises(InvalidSettings, match=r"no alias .* leads to it"):
        shop.sync(*products("a", "b"))


def test_an_index_of_another_service_or_scope_is_refused(make: Make) -> None:
    shop = make(index="{scope}-of-test")
    shop.sync(product("a"))
    services = shop.line.raw_settings["services"]
    services["other"] = services.pop("search") | {"label": "Other"}
    with pytest.raises(InvalidSettings, match="holds the products of the service search in en"):
        shop.line.transfer("other")
    shop.server.ask("DELETE", f"{SCOPE}-of-test-000001")


def test_preparing_twice_at_once_makes_one_index(shop: Shop) -> None:
    both = [open_service(shop.line.settings, "search", SCOPE, from_environment) for _ in range(2)]
    workers = [threading.Thread(target=service.prepare) for service in both]  # type: ignore[attr-defined]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert shop.index == f"{shop.alias}-000001"


def test_a_mapping_that_cannot_be_used_is_named(make: Make, tmp_path: Path) -> None:
    shop = make(mapping=_mapping(tmp_path, name={"type": "no such type"}))
    with pytest.raises(InvalidSettings, match=r"services\.search\.mapping: .*No handler for type"):
        shop.sync(product("a"))
    (tmp_path / "search.json").write_text("{")
    with pytest.raises(InvalidSettings, match="is no JSON"):
        shop.transfer()
    (tmp_path / "search.json").unlink()
    with pytest.raises(InvalidSettings, match="cannot be read"):
        shop.transfer()


# ── what check asks ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_there", [False, True])
def test_an_examination_tries_everything_and_leaves_nothing(shop: Shop, is_there: bool) -> None:
    shop.line.read(products("a", "b"))
    if is_there:
        shop.transfer()
    remarks = shop.remarks()
    assert [remark.level for remark in remarks] == ["ok"] * 4
    assert f"lets us in: OpenSearch {shop.server.ask('GET', '')['version']['number']}." in remarks[0].sentence
    assert "takes 2 products of a sample" in remarks[2].sentence
    assert "refuses an older version" in remarks[3].sentence
    indices = set(shop.server.ask("GET", f"{shop.prefix}*"))
    assert indices == ({f"{shop.alias}-000001"} if is_there else set())
    assert not is_there or set(shop.all) == {"a", "b"}


def test_an_examination_names_what_the_mapping_does_not_take(make: Make, tmp_path: Path) -> None:
    shop = make(mapping=_mapping(tmp_path, name={"type": "long"}))
    shop.line.read(products("a"))
    (problem,) = [remark.sentence for remark in shop.remarks() if remark.level == "problem"]
    assert problem.startswith("it does not take a: OpenSearch says 400, mapper_parsing_exception")
    assert set(shop.server.ask("GET", f"{shop.prefix}*")) == set()


def test_an_examination_names_what_is_wrong_with_the_place(shop: Shop) -> None:
    _index(shop, shop.alias, None)
    assert [remark.level for remark in shop.remarks()] == ["ok", "problem"]
