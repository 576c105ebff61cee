"""`datasync rebuild` over a real OpenSearch: the next index takes the place of the one that is served in one step, and
wherever the process ends, the next call and a sync make index, receipts and catalog equal.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from datasync.delivery.services.opensearch.session import Session
from datasync.errors import InvalidSettings, RebuildDiffers, RebuildHeld, ServiceUnavailable, TargetChanged
from datasync.store.rebuilds import under_way
from tests.line import SCOPE, Killed, Line, many, product, products
from tests.searchserver import OpenSearch
from tests.services import between
from tests.services.indexed import Make, Shop, connection


def test_a_rebuild_moves_all_products_to_the_next_index(shop: Shop) -> None:
    shop.sync(*products("a", "b", "c", "gone"))
    shop.sync(*products("a", "b", "c"))
    before = {sku: row["received_at"] for sku, row in shop.line.receipts("search").items()}
    rebuilt = shop.rebuild()
    assert (rebuilt.generation.name, rebuilt.generation.former) == (f"{shop.alias}-000002", f"{shop.alias}-000001")
    assert (rebuilt.products, rebuilt.is_from_before) == (3, False)
    assert shop.index == f"{shop.alias}-000002"
    assert shop.indices == {f"{shop.alias}-000001", f"{shop.alias}-000002"}
    assert shop.is_true()
    assert set(shop.shown) == {"a", "b", "c"}
    assert shop.all["gone"]["removed"], "what comes late for it is refused in the new index too"
    after = {sku: row["received_at"] for sku, row in shop.line.receipts("search").items()}
    assert after == before, "nobody received anything that was not there"
    assert shop.transfer().entries == ()
    shop.sync(product("a", "changed"), product("d"))
    assert shop.is_true()


# ── the process ends ────────────────────────────────────────────────────────────────────────────────────────────────


class Steps:
    """Every request and every file by which a rebuild changes something; after a chosen one the process ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
        self.passed: list[str] = []
        self.last: int | None = None
        once, create = Session._once, type(shop.line.store).create

        def asked(session: Session, method: str, path: str, *rest: Any) -> str:
            answer = once(session, method, path, *rest)
            if method in ("PUT", "DELETE") or path.endswith(("_bulk", "_aliases")):
                self._pass(f"{method} {path}")
            return answer

        def written(store: Any, path: str, file: Path) -> bool:
            is_new = create(store, path, file)
            self._pass(path)
            return is_new

        monkeypatch.setattr(Session, "_once", asked)
        monkeypatch.setattr(type(shop.line.store), "create", written)

    def _pass(self, step: str) -> None:
        self.passed.append(step)
        if len(self.passed) == self.last:
            self.last = None
            raise Killed

    def end_after(self, number: int) -> None:
        self.passed.clear()
        self.last = number


STEPS = 11  # log, index, what it remembers, a batch between two entries, three of the switch, sweep and end


def _before_the_second(shop: Shop) -> None:
    shop.sync(*products("a", "b", "c", "leaves", "left"))
    shop.sync(*products("a", "b", "c", "leaves"))
    shop.rebuild()
    assert shop.index == f"{shop.alias}-000002"


def _is_done(shop: Shop) -> bool:
    """Whether all is equal, and nothing is left of what was cut off."""
    line = shop.line
    two = {shop.index, f"{shop.alias}-{int(shop.index[-6:]) - 1:06d}"}
    open_logs = under_way(line.con, line.store, "search", SCOPE)
    return shop.is_true() and shop.indices == two and not open_logs and set(shop.shown) == set(line.names())


def test_a_rebuild_has_so_many_steps(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """That each of them is where a test below ends the process."""
    _before_the_second(shop)
    steps = Steps(monkeypatch, shop)
    shop.line.read(products("a", "b", "c", "new"))
    steps.passed.clear()
    shop.rebuild()
    assert len(steps.passed) == STEPS, steps.passed
    shop.transfer()
    assert _is_done(shop)


@pytest.mark.parametrize(
    ("number", "syncs_first"), [*((n, False) for n in range(1, STEPS + 1)), *((n, True) for n in range(5, 10))]
)
def test_a_rebuild_that_ends_anywhere_is_finished_or_dropped(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, number: int, syncs_first: bool
) -> None:
    _before_the_second(shop)
    steps = Steps(monkeypatch, shop)
    shop.line.read(products("a", "b", "c", "new"))
    steps.end_after(number)
    with pytest.raises(Killed):
        shop.rebuild()
    assert steps.last is None
    if syncs_first:
        shop.sync(product("a", "changed"), product("c"), product("newer"))
        assert shop.is_true(), "what a sync meets in between, it makes true"
    shop.rebuild("again")
    shop.sync(product("a", "last"), product("c"), product("newest"))
    assert _is_done(shop), steps.passed
    assert shop.shown["a"]["name"] == "last"


# ── others deliver meanwhile ────────────────────────────────────────────────────────────────────────────────────────


def _before_the_switch(shop: Shop, happens: Callable[[], object]) -> None:
    """Let something happen when all is delivered, right before the receipts say that they switch."""
    path = shop.line.log("search").path(shop.line.entries("search") + 1)
    shop.line.store.before[path] = happens


def test_a_sync_between_the_last_delivery_and_the_switch_is_not_lost(shop: Shop) -> None:
    shop.sync(*products("a", "b", "c"))
    other = shop.line.turn()
    _before_the_switch(shop, lambda: other.sync([product("a", "v2"), product("b"), product("new")], "search") and None)
    shop.rebuild()
    figures = shop.line.figures("search")
    assert (figures.due, figures.removals_due, figures.unexplained) == (2, 1, 0), "the new index lacks it, and says so"
    shop.transfer()
    assert {sku: document["name"] for sku, document in shop.shown.items()} == {
        "a": "v2",
        "b": "A name",
        "new": "A name",
    }
    assert shop.is_true()


@pytest.mark.parametrize("is_answered_first", [False, True], ids=["answered after", "answered before"])
def test_a_request_that_is_on_its_way_through_the_switch_is_not_lost(
    shop: Shop, opensearch: OpenSearch, monkeypatch: pytest.MonkeyPatch, is_answered_first: bool
) -> None:
    """It reaches the new index, with a version that is newer than what was delivered there; and its answer is recorded
    before or after the receipts tell of the new index.
    """
    with between.running(opensearch.url) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(proxy.url))
        shop.sync(product("a", "v1"), product("b"))
        other = shop.line.turn()
        late = threading.Thread(target=lambda: other.transfer("search", "other"))

        def sends() -> None:
            other.read([product("a", "late"), product("b"), product("late")])
            proxy.fault("wait", seconds=8, text="late")
            late.start()
            while other.log("search").head(shop.line.con).run != "other":
                pass
            shop.line.runs, shop.line.now = other.runs, other.now
            shop.line.read([product("a", "v1"), product("b")])
            if is_answered_first:  # the switch is said after it, so its receipts come after that
                path = shop.line.log("search").path(shop.line.entries("search") + 2)
                shop.line.store.before[path] = late.join

        _before_the_switch(shop, sends)
        shop.rebuild()
        assert shop.index.endswith("-000002") and late.is_alive() != is_answered_first
        late.join()
        shop.transfer()
        assert set(shop.all) == {"a", "b", "late"}, "it did reach the new index"
        assert {sku: document["name"] for sku, document in shop.shown.items()} == {"a": "v1", "b": "A name"}
        assert shop.is_true()


def test_a_searcher_sees_all_products_all_the_time(shop: Shop) -> None:
    shop.sync(*many(300))
    seen, stopped = [], threading.Event()

    def search() -> None:
        with httpx.Client(base_url=shop.server.url, timeout=60) as client:
            while not stopped.is_set():
                answer = client.post(f"/{shop.alias}/_search", json={"size": 0, "track_total_hits": True})
                seen.append((answer.status_code, answer.json().get("hits", {}).get("total", {}).get("value")))

    searcher = threading.Thread(target=search)
    searcher.start()
    shop.rebuild()
    shop.rebuild("once more")
    stopped.set()
    searcher.join()
    assert set(seen) == {(200, 300)} and len(seen) > 20


def test_two_rebuilds_at_once_end_in_one_index(shop: Shop) -> None:
    """The other one goes on with what the first began, and is done before it."""
    shop.sync(*products("a", "b", "c"))
    other = shop.line.turn()
    _before_the_switch(shop, lambda: other.rebuild("search", "other"))
    with pytest.raises(ServiceUnavailable, match="dropped meanwhile"):
        shop.rebuild()
    assert shop.index == f"{shop.alias}-000002"
    assert _is_done(shop)


# ── what is refused, and what is carried over ───────────────────────────────────────────────────────────────────────


def test_other_aliases_move_with_the_served_one(shop: Shop) -> None:
    shop.sync(*products("a", "b"))
    condition = {"term": {"sku": "a"}}
    add = {"index": shop.index, "alias": f"{shop.prefix}-only-a", "filter": condition, "search_routing": "1"}
    shop.server.ask("POST", "_aliases", {"actions": [{"add": add}]})
    shop.rebuild()
    moved = shop.server.ask("GET", f"_alias/{shop.prefix}-only-a")
    assert set(moved) == {shop.index} == {f"{shop.alias}-000002"}
    assert moved[shop.index]["aliases"][f"{shop.prefix}-only-a"] == {"filter": condition, "search_routing": "1"}
    assert shop.server.ask("GET", f"{shop.alias}-000001/_alias")[f"{shop.alias}-000001"]["aliases"] == {}


def test_settings_that_a_new_index_would_lack_are_listed_and_refused(make: Make, tmp_path: Path) -> None:
    shop = make()
    shop.sync(*products("a", "b"))
    shop.server.ask("PUT", f"{shop.index}/_settings", {"index": {"max_result_window": 50000, "refresh_interval": "7s"}})
    listed = "index.max_result_window = 50000, index.refresh_interval = 7s"
    with pytest.raises(InvalidSettings, match=rf"services.search.mapping: .* would lack: {listed}\. .*--drop-settings"):
        shop.rebuild()
    assert shop.indices == {f"{shop.alias}-000001"}, "nothing is left of it"
    shop.rebuild(drops_settings=True)
    shop.server.ask("PUT", f"{shop.index}/_settings", {"index": {"max_result_window": 50000}})
    mapping = {"settings": {"index": {"max_result_window": 60000}}, "mappings": {"dynamic": False}}
    (tmp_path / "search.json").write_text(json.dumps(mapping))
    shop.line.change("search", mapping=str(tmp_path / "search.json"), timeout="59s")
    with pytest.raises(InvalidSettings, match=r"index\.mapping\.nested_objects\.limit = 10000"):
        shop.rebuild()
    mapping["settings"]["index"]["mapping.nested_objects.limit"] = 10000  # type: ignore[index]
    (tmp_path / "search.json").write_text(json.dumps(mapping))
    shop.rebuild()
    assert shop.index.endswith("-000003")
    assert _is_done(shop)


HIDES = {"bool": {"must_not": [{"term": {"removed": True}}]}}


@pytest.mark.parametrize(
    ("alias", "settings", "problem"),
    [
        (None, {}, "is an index, and products go through an alias"),
        ({"filter": {"term": {"status": "enabled"}}}, {}, "does not have the filter"),
        ({"filter": HIDES, "routing": "x"}, {}, "has a routing"),
        ({"filter": HIDES}, {"default_pipeline": "drops"}, "has the ingest pipeline drops"),
    ],
    ids=["index", "filter", "routing", "pipeline"],
)
def test_a_place_that_is_not_ours_is_not_rebuilt(
    shop: Shop, alias: dict[str, Any] | None, settings: dict[str, Any], problem: str
) -> None:
    name = shop.alias if alias is None else f"{shop.alias}-000001"
    aliases = {} if alias is None else {shop.alias: alias}
    shop.server.ask("PUT", name, {"aliases": aliases, "settings": settings})
    shop.line.read(products("a"))
    with pytest.raises(InvalidSettings, match=problem):
        shop.rebuild()
    assert shop.indices == {name}
    assert not under_way(shop.line.con, shop.line.store, "search", SCOPE)
    assert shop.line.entries("search") == 0


def test_a_new_index_that_would_lack_many_products_is_not_served(make: Make, tmp_path: Path) -> None:
    shop = make()
    shop.line.raw_settings["guard"] = {"percent": 20, "products": 1}
    shop.sync(*many(10))
    shop.line.change("search", accepts=[{"rule": "sku > 'p0004'", "otherwise": "Too low"}])
    with pytest.raises(RebuildHeld, match="would lack 5 of the 10 products that are held now"):
        shop.rebuild()
    assert len(shop.shown) == 10 and shop.index.endswith("-000001")
    held = shop.transfer().held
    assert held.would_remove == 5
    shop.line.transfer("search", accepted=shop.line.listed(held))
    assert shop.rebuild().products == 5
    assert _is_done_but_accepted(shop)


def _is_done_but_accepted(shop: Shop) -> bool:
    return shop.is_true() and shop.index.endswith("-000002") and len(shop.shown) == 5


def test_an_index_that_holds_something_else_is_dropped(shop: Shop) -> None:
    shop.sync(*products("a", "b"))

    def writes() -> None:
        shop.server.ask("PUT", f"{shop.alias}-000002/_doc/foreign", {"name": "not ours"})

    after, log = shop.line.store.after, "rebuilds/service=search/scope=en"
    after[log] = lambda: after.update({log: writes})  # at its first entry, the index is not there yet
    with pytest.raises(RebuildDiffers, match="holds 3 products, and it has taken 2"):
        shop.rebuild()
    assert shop.indices == {f"{shop.alias}-000001"}
    assert shop.is_true()
    shop.rebuild()
    assert _is_done(shop)


def test_a_rebuild_that_was_begun_by_another_mapping_is_dropped(make: Make, tmp_path: Path) -> None:
    shop = make()
    shop.sync(*products("a", "b"))
    shop.line.store.kill_before("00000003.parquet")
    with pytest.raises(Killed):
        shop.rebuild()
    properties = {"name": {"type": "keyword"}}
    settings = {"index": {"mapping.nested_objects.limit": 10000}}
    mapping = {"settings": settings, "mappings": {"dynamic": False, "properties": properties}}
    (tmp_path / "search.json").write_text(json.dumps(mapping))
    shop.line.change("search", mapping=str(tmp_path / "search.json"))
    shop.rebuild()
    made = shop.server.ask("GET", shop.index)[shop.index]["mappings"]["properties"]
    assert made["name"] == {"type": "keyword"}
    assert shop.is_true()
    assert len(shop.indices) == 2


def test_a_rebuild_moves_the_products_to_where_the_settings_point_now(shop: Shop) -> None:
    shop.sync(*products("a", "b"))
    former, elsewhere = shop.alias, f"{shop.prefix}-elsewhere"
    shop.line.change("search", index=elsewhere)
    with pytest.raises(TargetChanged, match="`datasync rebuild --scope en --service search`, or `datasync resync"):
        shop.sync(*products("a", "c"))
    shop.rebuild()
    shop.alias = elsewhere
    assert set(shop.shown) == {"a", "c"} and shop.is_true()
    assert set(shop.server.documents(former)) == {"a", "b"}
    shop.sync(*products("c", "d"))
    assert set(shop.shown) == {"c", "d"} and shop.is_true()


def test_a_rebuild_whose_budget_is_spent_goes_on_later(make: Make) -> None:
    shop = make()
    shop.sync(*many(30))
    shop.line.change("search", per_day=50)
    with pytest.raises(ServiceUnavailable, match="10 due, budget from 00:00 UTC"):
        shop.rebuild()
    assert shop.index.endswith("-000001")
    shop.line.passes(days=1)
    shop.rebuild()
    assert _is_done(shop)


def test_a_service_that_has_no_place_beside_it_is_not_rebuilt(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.sync(products("a"))
    with pytest.raises(InvalidSettings, match=r"services\.feed: a service of the kind feed cannot be rebuilt"):
        line.rebuild("feed")


def test_a_switch_whose_log_was_lost_leaves_everything_perhaps_held(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a repair leaves it: nobody knows what the new index holds, so all of it is delivered or removed again."""
    shop.sync(*products("a", "b", "gone"))
    steps = Steps(monkeypatch, shop)
    shop.line.read([product("a", "v2"), product("b")])
    steps.end_after(8)
    with pytest.raises(Killed):
        shop.rebuild()
    assert steps.passed[-1] == "POST _aliases" and shop.index.endswith("-000002")
    shutil.rmtree(Path(shop.line.store.root) / "rebuilds")
    done = shop.transfer()
    assert (done.updated + done.resent, done.removed) == (2, 1)
    assert {sku: document["name"] for sku, document in shop.shown.items()} == {"a": "v2", "b": "A name"}
    assert shop.is_true()
