"""Audits of a real OpenSearch that somebody changed by hand, and what the next transfer makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery.audit import audit
from datasync.errors import ServiceUnavailable
from datasync.store.audit_note import AuditNote
from tests import shop as shell
from tests.line import SCOPE, products
from tests.searchserver import OpenSearch
from tests.services import faults
from tests.services.faults import Faults
from tests.services.indexed import Shop, connection

MARKED = {"removed": False, "datasync": {"scope": SCOPE, "hash": "by hand", "version": 1}}


@pytest.fixture(scope="module")
def proxy(opensearch: OpenSearch) -> Iterator[Faults]:
    with faults.before(int(opensearch.url.rpartition(":")[2])) as started:
        yield started


@pytest.fixture
def shop(opensearch: OpenSearch, proxy: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """Six products in an index."""
    proxy.reset()
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(f"http://127.0.0.1:{proxy.port}"))
    shop = Shop(opensearch, tmp_path, timeout="5s")
    shop.sync(*products("a", "b", "c", "d", "e", "f"))
    return shop


def _audit(shop: Shop) -> AuditNote:
    shop.line.passes(seconds=1)
    return audit(shop.line._delivery("search", "audit"))


def _is_equal(shop: Shop, strangers: set[str] = frozenset()) -> bool:  # type: ignore[assignment]
    """Whether the index has the catalog, product by product, and nothing beside it but strangers."""
    held = {sku: document.get("datasync", {}).get("hash") for sku, document in shop.shown.items()}
    wanted = {sku: row["hash"] for sku, row in shop.line.catalog().items() if row["hash"]}
    return held == wanted | dict.fromkeys(strangers)


def _by_hand(shop: Shop, method: str, sku: str, document: Any = None, what: str = "_doc") -> None:
    shop.server.ask(method, f"{shop.index}/{what}/{sku}", document)


def test_what_was_deleted_changed_and_added_by_hand_is_told_apart_and_mended(shop: Shop) -> None:
    stranger = {"name": "Of somebody else"}
    _by_hand(shop, "DELETE", "a")
    _by_hand(shop, "POST", "b", {"doc": {"datasync": {"hash": "by hand"}}}, "_update")
    _by_hand(shop, "PUT", "c", {"sku": "c", "name": "Written over"})
    _by_hand(shop, "PUT", "y", stranger)
    _by_hand(shop, "PUT", "z", {"sku": "z", "scope": SCOPE, **MARKED})
    note = _audit(shop)
    assert (note.there, note.held, note.absent, note.different, note.foreign) == (7, 6, 1, 2, 1)
    assert note.is_whole
    figures = shop.line.figures("search")
    assert (figures.missing, figures.stale, figures.removals_due, figures.unexplained) == (1, 2, 1, 0)
    done = shop.transfer()
    assert (done.added, done.resent, done.removed, done.failed) == (1, 2, 1, 0)
    assert _is_equal(shop, {"y"})
    assert {key: value for key, value in shop.shown["y"].items() if key != "_version"} == stranger
    note = _audit(shop)
    assert (note.drift, note.others) == (0, 1)
    assert shop.transfer().entries == ()


@pytest.mark.parametrize("way", ["a part of it", "all of it"])
def test_a_document_whose_content_alone_was_changed_is_different(shop: Shop, way: str) -> None:
    """Who changes a field by hand leaves our hash as it was, but not the version that the server gives the document."""
    if way == "a part of it":
        _by_hand(shop, "POST", "a", {"doc": {"name": "By hand"}}, "_update")
    else:
        document = {key: value for key, value in shop.shown["a"].items() if key != "_version"}
        _by_hand(shop, "PUT", "a", {**document, "name": "By hand"})
    note = _audit(shop)
    assert (note.absent, note.different, note.foreign) == (0, 1, 0)
    assert shop.transfer().resent == 1
    assert shop.shown["a"]["name"] == "A name"
    assert _audit(shop).drift == 0


def test_a_removed_product_that_is_there_again_by_hand_is_removed_again(shop: Shop) -> None:
    shop.sync(*products("a", "b", "c", "d", "e"))
    _by_hand(shop, "PUT", "f", {"sku": "f", "scope": SCOPE, **MARKED})
    assert _audit(shop).foreign == 1
    assert shop.transfer().removed == 1
    assert _is_equal(shop)


def test_as_many_documents_by_hand_as_are_missing_do_not_hide_it(shop: Shop) -> None:
    _by_hand(shop, "DELETE", "a")
    _by_hand(shop, "PUT", "z", {"sku": "z", "scope": SCOPE, **MARKED})
    note = _audit(shop)
    assert (note.there, note.held, note.absent, note.foreign) == (6, 6, 1, 1)
    shop.transfer()
    assert _is_equal(shop)


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/_count", {"_shards": {"failed": 1}}),
        ("/_refresh", {"_shards": {"failed": 1}}),
        ("/_search[?]", {"_shards": {"failed": 1}}),
        ("/_search[?]", {"timed_out": True}),
        ("/_search[?]", {"hits": {"hits": []}}),
        ("/_mget", {"docs": []}),
    ],
    ids=["a shard is not counted", "a shard is not refreshed", "a shard fails", "too late", "too few", "SKUs missing"],
)
def test_a_part_of_an_answer_gives_no_verdict(shop: Shop, proxy: Faults, path: str, part: dict[str, Any]) -> None:
    _by_hand(shop, "DELETE", "a")
    before = shop.line.entries("search")
    proxy.next("alter", path=path, merge=part)
    with pytest.raises(ServiceUnavailable, match="nobody knows what it holds"):
        _audit(shop)
    assert "alter" in [seen["fault"] for seen in proxy.log()]
    assert shop.line.entries("search") == before
    assert shop.line.figures("search").due == 0
    assert _audit(shop).absent == 1


def test_the_command_finds_what_was_changed_by_hand_and_sync_mends_it(
    opensearch: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(opensearch.url))
    prefix = opensearch.prefix()
    services = f"services:\n  search: {{kind: opensearch, connection: search, index: '{prefix}-{{scope}}'}}\n"
    guard = "guard: {percent: 100, products: 1000}\n"
    shop = shell.Shop(tmp_path, shell.SETTINGS.partition("services:")[0] + services + guard)
    shop.sells(*((f"S-{number}", f"Name {number}", "enabled", "", "") for number in range(4)))
    assert shop.run("sync").code == 0
    before = opensearch.documents(f"{prefix}-en-us")
    opensearch.ask("DELETE", f"{prefix}-en-us/_doc/S-0")
    opensearch.ask("POST", f"{prefix}-en-us/_update/S-1", {"doc": {"datasync": {"hash": "x"}}})
    marked = {"sku": "Z", **MARKED, "datasync": {"scope": "en-US", "hash": "x"}}
    opensearch.ask("PUT", f"{prefix}-en-us/_doc/Z", marked)
    output = shop.run("audit")
    assert (output.code, "holds 4 of 4; 1 absent, 1 different, 1 foreign" in output.out) == (4, True), output
    assert shop.run("sync").code == 0
    after = opensearch.documents(f"{prefix}-en-us")
    assert {sku: document["datasync"]["hash"] for sku, document in after.items()} == {
        sku: document["datasync"]["hash"] for sku, document in before.items()
    }
    output = shop.run("audit", "--full")
    assert (output.code, "holds 4 of 4; 0 absent, 0 different, 0 foreign" in output.out) == (0, True), output
