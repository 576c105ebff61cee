"""The service `opensearch` where something between it and the server goes wrong, or the server itself does: whatever
happens, the receipts say no more than what the index holds, and the next transfer brings the rest.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from datasync import secrets
from datasync.delivery.audit import audit
from datasync.delivery.services.opensearch import reading
from datasync.errors import ServiceBroken, ServiceRefused, ServiceUnavailable
from tests import searchserver
from tests.line import Killed, many, product, products
from tests.searchserver import OpenSearch
from tests.services import between
from tests.services.between import Between
from tests.services.indexed import Shop, connection

PASSWORD = "s3cret-of-the-index"


@pytest.fixture(scope="module")
def proxy(opensearch: OpenSearch) -> Iterator[Between]:
    with between.running(opensearch.url) as started:
        yield started


@pytest.fixture
def shop(opensearch: OpenSearch, proxy: Between, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A shop behind the proxy, whose password must stand in no text."""
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(proxy.url, login="shop", password=PASSWORD))
    yield Shop(opensearch, tmp_path, timeout="4s")
    proxy.forget()


def _requests(proxy: Between, shop: Shop) -> list[dict[str, Any]]:
    """The bulk requests of a shop."""
    return [request for request in proxy.log() if request["path"] == f"/{shop.alias}/_bulk"]


# ── no answer, or none that can be used ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault",
    [
        {"done": "answer", "status": 429, "headers": {"retry-after": "1"}},
        {"done": "answer", "status": 503, "body": "{}"},
        {"done": "answer", "status": 500, "body": "{}"},
        {"done": "answer", "status": 200, "headers": {"content-type": "text/html"}, "body": "<h1>Hello</h1>"},
        {"done": "answer", "status": 200, "body": '{"items": [{"index"'},
        {"done": "cut"},
        {"done": "lose"},
    ],
    ids=["429", "503", "500", "html", "half", "cut", "lost"],
)
def test_a_request_without_an_answer_is_sent_again(shop: Shop, proxy: Between, fault: dict[str, Any]) -> None:
    proxy.fault(**fault)
    assert shop.sync(*products("a", "b")).added == 2
    first, second = _requests(proxy, shop)
    assert shop.is_true()
    assert set(shop.shown) == {"a", "b"}
    assert fault.get("status") != 429 or second["at"] - first["at"] >= 1


@pytest.mark.parametrize(
    "fault",
    [
        {"done": "answer", "status": 503},
        {"done": "answer", "status": 500},
        {"done": "answer", "status": 200, "headers": {"content-type": "text/html"}, "body": "<h1>Hello</h1>"},
        {"done": "lose"},
        {"done": "answer", "status": 302, "headers": {"location": "http://elsewhere.example/_bulk?q=1"}},
        {"done": "answer", "status": 403, "body": json.dumps({"error": f"no {PASSWORD}"})},
    ],
    ids=["503", "500", "html", "lost", "redirect", "403"],
)
def test_a_server_that_never_answers_leaves_everything_due(
    shop: Shop, proxy: Between, fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    proxy.fault(**fault, times=1000)
    with caplog.at_level(logging.DEBUG), pytest.raises((ServiceUnavailable, ServiceRefused)) as raised:
        shop.sync(*many(30))
    assert set(shop.line.outcomes("search").values()) == {"failed"}
    assert shop.line.figures("search").total_received == 0
    assert len(_requests(proxy, shop)) < 40, "it is not flooded with requests"
    _nothing_shows_the_password(caplog, raised.value, shop)
    proxy.forget()
    shop.transfer()
    assert len(shop.shown) == 30
    assert shop.is_true()


def test_a_redirect_is_not_followed_and_named(shop: Shop, proxy: Between) -> None:
    proxy.fault("answer", status=307, headers={"location": f"{proxy.url}/elsewhere/_bulk"}, times=9)
    with pytest.raises(ServiceRefused, match=r"answered 307 and points to http://127.*no redirect is followed"):
        shop.sync(product("a"))
    assert not [request for request in proxy.log() if request["path"].startswith("/elsewhere")]
    assert shop.all == {}


@pytest.mark.parametrize("status", [401, 403, 302])
def test_who_is_not_let_in_learns_which_connection_it_is_and_sends_nothing(
    shop: Shop, proxy: Between, status: int
) -> None:
    proxy.fault("answer", end=shop.alias, status=status, headers={"location": "http://login.example/"}, times=9)
    with pytest.raises(ServiceRefused, match=rf"services.search: the connection 'search' does not open it: .*{status}"):
        shop.sync(product("a"))
    assert shop.line.entries("search") == 0


@pytest.mark.parametrize("done", ["reverse", "drop"])
def test_answers_that_do_not_fit_what_was_sent_are_not_believed(shop: Shop, proxy: Between, done: str) -> None:
    proxy.fault(done)
    with pytest.raises(ServiceBroken, match=r"services\.search: .*for other products than it was sent"):
        shop.sync(*products("a", "b"))
    assert shop.line.outcomes("search") == {"a": "failed", "b": "failed"}
    shop.transfer()
    assert shop.is_true()


@pytest.mark.parametrize(
    ("item", "outcome", "words"),
    [
        ({"status": 429, "error": {"type": "busy", "reason": "queue is full"}}, "received", None),
        (
            {"status": 403, "error": {"type": "blocked", "reason": "read-only"}},
            "failed",
            "says 403, blocked: read-only",
        ),
        ({"status": 200, "result": "noop"}, "failed", "says noop and took nothing"),
        ({"status": 404, "error": {"type": "gone", "reason": "no alias"}}, "failed", "says 404, gone: no alias"),
        ({"status": 422, "error": {"type": "odd", "reason": "never"}}, "rejected", "says 422, odd: never"),
    ],
)
def test_each_product_has_an_answer_of_its_own(
    shop: Shop, proxy: Between, item: dict[str, Any], outcome: str, words: str | None
) -> None:
    proxy.fault("item", item=item)
    shop.sync(*many(20))
    receipts = shop.line.receipts("search")
    assert receipts["p0000"]["outcome"] == outcome
    assert (words or "") in (receipts["p0000"]["words"] or "")
    assert {receipts[sku]["outcome"] for sku in receipts if sku != "p0000"} == {"received"}
    sizes = [request["size"] for request in _requests(proxy, shop)]
    assert len(sizes) == (2 if item["status"] == 429 else 1)
    assert sizes[-1] < sizes[0] / 10 or len(sizes) == 1, "only the one that was not taken is sent again"
    shop.transfer()
    assert outcome == "rejected" or shop.is_true()


def test_a_server_that_stays_too_busy_leaves_the_rest_due(shop: Shop, proxy: Between) -> None:
    shop.line.change("search", timeout="1s")
    proxy.fault("item", item={"status": 429, "error": {"type": "busy", "reason": "full"}}, times=1000)
    with pytest.raises(ServiceUnavailable, match="OpenSearch says 429, busy: full"):
        shop.sync(*many(20))
    outcomes = shop.line.outcomes("search")
    assert (outcomes.pop("p0000"), set(outcomes.values())) == ("failed", {"received"})
    proxy.forget()
    shop.transfer()
    assert shop.is_true()


def test_an_answer_that_never_comes_is_not_waited_for_without_end(shop: Shop, proxy: Between) -> None:
    shop.line.change("search", timeout="1s")
    proxy.fault("wait", seconds=20, times=1000)
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable, match="was not there, or not whole, after"):
        shop.sync(product("a"))
    assert time.monotonic() - began < 15
    proxy.forget()


# ── read back ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("part", [{"timed_out": True}, {"_shards": {"total": 2, "failed": 1}}], ids=["late", "a shard"])
def test_a_part_of_an_answer_gives_no_verdict(shop: Shop, proxy: Between, part: dict[str, Any]) -> None:
    shop.sync(*products("a", "b"))
    answer = {"timed_out": False, "_shards": {"total": 1, "failed": 0}, "hits": {"total": {"value": 0}, "hits": []}}
    proxy.fault("answer", end="/_search", status=200, body=json.dumps(answer | part))
    with pytest.raises(ServiceUnavailable, match="nobody knows what it holds"):
        shop.holds()
    answer["hits"] = {"total": {"value": 2}, "hits": []}
    proxy.fault("answer", end="/_search", status=200, body=json.dumps(answer))
    with pytest.raises(ServiceUnavailable, match="of 2 documents it gave 0"):
        shop.holds()
    assert set(shop.holds()) == {"a", "b"}


def test_what_it_holds_is_read_page_by_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 3)
    shop.sync(*many(10))
    for number in range(7):
        shop.bulk_index(f"foreign-{number}", {"sku": "the same"} if number % 2 else {}, version=number + 1)
    assert len(shop.holds()) == 17
    assert set(shop.holds(*(f"p{number:04d}" for number in range(8)))) == {f"p{number:04d}" for number in range(8)}


# ── a product over which the server fails ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"done": "cut"}, "rejected"),
        ({"done": "answer", "status": 500}, "rejected"),
        (
            {"done": "answer", "status": 413, "body": json.dumps({"error": {"type": "x", "reason": "too large"}})},
            "rejected",
        ),
        ({"done": "answer", "status": 400, "body": "no JSON"}, "rejected"),
    ],
    ids=["it dies", "500", "413", "400"],
)
def test_a_product_over_which_the_server_fails_keeps_no_other_out(
    shop: Shop, proxy: Between, fault: dict[str, Any], outcome: str
) -> None:
    proxy.fault(**fault, text="poison", times=1000)
    shop.sync(*many(30), product("q", "poison"))
    assert shop.line.receipts("search")["q"]["outcome"] == outcome
    assert shop.line.figures("search").total_received == 30
    assert len(_requests(proxy, shop)) < 40
    proxy.forget()
    shop.sync(*many(30), product("q", "mended"))
    assert len(shop.shown) == 31
    assert shop.is_true()


def test_products_that_arrived_before_the_server_died_are_received(shop: Shop, proxy: Between) -> None:
    shop.line.change("search", batch_bytes=1000, concurrency=1)
    proxy.fault("answer", status=503, text='"_id":"p0029"', times=1000)
    with pytest.raises(ServiceUnavailable, match="answered 503"):
        shop.sync(*many(30))
    outcomes = list(shop.line.outcomes("search").values())
    assert 20 < outcomes.count("received") < 30
    assert outcomes.count("received") == len(shop.shown)
    proxy.forget()
    shop.transfer()
    assert shop.is_true()


# ── the requests ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_requests_are_packed_of_the_wanted_size_and_two_at_a_time(shop: Shop, proxy: Between) -> None:
    shop.line.change("search", batch_bytes=20_000)
    proxy.fault("wait", seconds=1, times=2)
    shop.sync(*many(300))
    requests = _requests(proxy, shop)
    assert len(requests) > 4
    assert all(request["size"] <= 21_000 for request in requests)
    assert all(request["packed"] * 2 < request["size"] for request in requests[:-1])
    assert requests[1]["at"] - requests[0]["at"] < 0.9, "the second does not wait for the first"
    assert shop.is_true()


def test_no_secret_is_left_anywhere(shop: Shop, proxy: Between, caplog: pytest.LogCaptureFixture) -> None:
    basic = base64.b64encode(f"shop:{PASSWORD}".encode()).decode()
    reason = {"error": {"type": "odd", "reason": f"{'x' * 280}{PASSWORD} and Basic {basic}"}}
    proxy.fault("answer", status=400, body=json.dumps(reason), times=9)
    with caplog.at_level(logging.DEBUG):
        shop.sync(product("a"))
    words = shop.line.receipts("search")["a"]["words"]
    assert words.startswith("OpenSearch says 400, odd: xxx") and len(words) <= 300
    assert "s3cr" not in words
    assert _requests(proxy, shop)[0]["headers"]["Authorization"] == f"Basic {basic}", "the server was told"
    _nothing_shows_the_password(caplog, None, shop)


def _nothing_shows_the_password(caplog: pytest.LogCaptureFixture, error: Exception | None, shop: Shop) -> None:
    forms = [PASSWORD, base64.b64encode(f"shop:{PASSWORD}".encode()).decode()]
    texts = [secrets.mask_log(caplog.text), str(error)]
    texts += [file.read_bytes().decode("latin-1") for file in shop.line.folder.rglob("*") if file.is_file()]
    assert not [form for form in forms for text in texts if form in text]


# ── several writers ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_that_arrives_after_a_newer_one_changes_nothing(shop: Shop, proxy: Between) -> None:
    shop.sync(product("a", "v1"), product("b"), product("z"))
    shop.line.read([product("a", "v2"), product("z")])
    other = shop.line.turn()
    proxy.fault("wait", seconds=3, text="v2")
    late = threading.Thread(target=_transfer_quietly, args=(other,))
    late.start()
    while not any("at" in request for request in _requests(proxy, shop)[1:]):
        pass
    shop.sync(product("a", "v3"), product("b"), product("z"))
    late.join()
    shop.transfer()
    assert {sku: document["name"] for sku, document in shop.shown.items()} == {"a": "v3", "b": "A name", "z": "A name"}
    assert shop.is_true()


def _transfer_quietly(line: Any) -> None:
    line.transfer("search", run="other")


@pytest.mark.parametrize("before", ["taken", "recorded"])
def test_a_transfer_that_is_killed_is_made_good(shop: Shop, proxy: Between, before: str) -> None:
    shop.sync(*products("a", "z"))
    shop.line.read([product("a", "v2"), product("b"), product("z")])
    shop.line.store.kill_before(f"{shop.line.entries('search') + (1 if before == 'taken' else 2):08d}.parquet")
    with pytest.raises(Killed):
        shop.transfer()
    assert ("b" in shop.shown) == (before == "recorded")
    shop.sync(*products("a", "z"))
    assert set(shop.shown) == {"a", "z"}
    assert shop.is_true()


def test_an_index_that_is_closed_takes_nothing_and_rejects_no_product(shop: Shop) -> None:
    shop.sync(*products("a", "b"))
    shop.server.ask("POST", f"{shop.index}/_close")
    shop.line.read([product("a", "v2"), product("b", "v2")])
    done = shop.transfer()
    assert (done.rejected, done.failed) == (0, 2)
    assert shop.line.figures("search").due == 2
    shop.server.ask("POST", f"{shop.index}/_open")
    assert shop.transfer().failed == 0
    assert {document["name"] for document in shop.shown.values()} == {"v2"}
    assert shop.is_true()


# ── a server of its own ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def small() -> Iterator[OpenSearch]:
    """A server that is soon too busy."""
    with searchserver.running({"thread_pool.write.queue_size": 1, "node.processors": 1}) as started:
        yield started


def test_a_restarted_server_has_forgotten_removals_and_yet_nothing_comes_back(
    small: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(small.url))
    shop = Shop(small, tmp_path)
    shop.sync(*products("a", "b"))
    old = shop.all["a"]
    shop.sync(product("b"))
    small.restart()
    assert shop.bulk_index("a", old, version=old.pop("_version")) == 409
    assert set(shop.shown) == {"b"}
    shop.sync(*products("b", "c"))
    assert set(shop.shown) == {"b", "c"}
    assert shop.is_true()


PAUSED = """
import json, os, signal, sys, time
from pathlib import Path
from datasync.delivery import transfer
from datasync.delivery.services.opensearch.bulk import Bulk
from tests.line import Line

folder, options, where = sys.argv[1:]
line = Line(Path(folder), guard={"percent": 100, "products": 1000}, search=json.loads(options))
line.now = line.now.replace(hour=5)
place, name = (Bulk, "send") if where == "request" else (transfer, "record_answers")
real = getattr(place, name)

def paused(*args):
    setattr(place, name, real)
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.5)  # the process stops in here, and not a statement later
    return real(*args)

setattr(place, name, paused)
print(line.transfer("search", run="paused"))
"""


@pytest.mark.parametrize("where", ["request", "record"], ids=["before the request", "before the record"])
def test_a_worker_that_is_paused_through_another_s_runs_and_a_restart_brings_nothing_back(
    small: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(small.url))
    shop = Shop(small, tmp_path)
    shop.sync(product("a", "v1"), *products("gone", "stays"))
    shop.line.read([product("a", "v2"), *products("new", "gone", "stays", "late")])
    options = json.dumps(shop.line.raw_settings["services"]["search"])
    command = [sys.executable, "-c", PAUSED, str(shop.line.folder), options, where]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}, stdout=subprocess.PIPE, text=True
    )
    try:
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        shop.line.passes(hours=6)
        shop.sync(product("a", "v3"), *products("new", "stays"))
        small.restart()
        shop.sync(product("a", "v4"), *products("stays"))
        assert set(shop.shown) == {"a", "stays"}
        os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, "Transferred(added=" in said) == (0, True)
    shop.transfer()
    assert shop.hashes() == {sku: row["hash"] for sku, row in shop.line.catalog().items() if row["hash"]}
    assert shop.is_true()
    note = audit(shop.line._delivery("search", "audit"), is_full=True)
    assert (note.there, note.absent, note.different, note.foreign) == (2, 0, 0, 0)


def test_what_a_busy_server_does_not_take_is_sent_again(
    small: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between.running(small.url) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(proxy.url))
        shop = Shop(small, tmp_path, batch_bytes=5_000, concurrency=12)
        shop.sync(*many(1000))
        assert len(shop.shown) == 1000
        assert shop.is_true()
        assert proxy.busy() > 0, "the server was never too busy, so this shows nothing"
