"""The proxy between a service and its server: what it does to a request, of HTTP and of bytes that it cannot read."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.services import faults, receiver
from tests.services.faults import Faults
from tests.sources.standins.server import until


@pytest.fixture(scope="module", params=["http", "bytes"])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Faults]]:
    """A receiver's port, and a proxy before it."""
    file = tmp_path_factory.mktemp("receiver") / "shelf.json"
    with receiver.running(file) as port, faults.before(port, speaks=request.param) as proxy:
        yield port, proxy


@pytest.fixture
def shelf(both: tuple[int, Faults], request: pytest.FixtureRequest) -> str:
    """A shelf of the receiver for one test, before which nothing goes wrong yet."""
    both[1].reset()
    return f"{request.node.callspec.id}-{request.node.originalname}"


def _send(proxy: Faults, shelf: str, seconds: float = 10) -> str:
    """Send one product in one piece; the body of the answer, or nothing if the connection ended without one."""
    body = json.dumps({"version": 1, "items": [{"sku": "a", "operation": "added", "hash": "h", "name": "n"}]})
    head = f"POST /products/{shelf} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = b""
    with socket.create_connection(("127.0.0.1", proxy.port), seconds) as connection, suppress(OSError):
        connection.sendall((head + body).encode())
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer.partition(b"\r\n\r\n")[2].decode()


def _holds(port: int, shelf: str) -> set[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/products/{shelf}") as answer:
        return set(json.load(answer))


@pytest.mark.parametrize(
    ("fault", "is_answered", "is_taken"),
    [(None, True, True), ("cut_before", False, False), ("cut_after", False, True)],
)
def test_a_request_is_passed_on_or_cut(
    both: tuple[int, Faults], shelf: str, fault: str | None, is_answered: bool, is_taken: bool
) -> None:
    port, proxy = both
    if fault:
        proxy.next(fault, contains='"added"')
    assert bool(_send(proxy, shelf)) == is_answered
    assert _holds(port, shelf) == ({"a"} if is_taken else set())
    assert bool(_send(proxy, shelf)), "one request, and no more"


@pytest.mark.parametrize("fault", ["hold", "late"])
def test_what_is_held_comes_when_it_is_released(both: tuple[int, Faults], shelf: str, fault: str) -> None:
    port, proxy = both
    proxy.next(fault, seconds=60)
    assert _send(proxy, shelf, seconds=0.5) == ""
    until(lambda: proxy.holding() == 1)
    assert _holds(port, shelf) == set()
    proxy.release()
    until(lambda: _holds(port, shelf) == {"a"})


def test_what_is_held_and_dropped_never_comes(both: tuple[int, Faults], shelf: str) -> None:
    port, proxy = both
    proxy.next("late", seconds=60)
    _send(proxy, shelf)
    until(lambda: proxy.holding() == 1)
    proxy.reset()
    proxy.release()
    assert _send(proxy, f"{shelf}-other")
    assert _holds(port, shelf) == set()


def test_an_answer_that_is_held_was_taken(both: tuple[int, Faults], shelf: str) -> None:
    port, proxy = both
    proxy.next("hold_answer", seconds=60)
    assert _send(proxy, shelf, seconds=0.5) == ""
    until(lambda: _holds(port, shelf) == {"a"})


def test_only_what_fits_meets_a_fault(both: tuple[int, Faults], shelf: str) -> None:
    proxy = both[1]
    proxy.next("cut_before", contains="nobody")
    proxy.next("cut_before", larger_than=100_000)
    assert _send(proxy, shelf)
    assert [seen["fault"] for seen in proxy.log()] == [None]


def test_what_is_passed_is_marked_with_the_moment_of_its_answer(both: tuple[int, Faults], shelf: str) -> None:
    proxy = both[1]
    proxy.next("pass")
    assert _send(proxy, shelf)
    until(lambda: "answered" in proxy.log()[0])
    assert [seen["fault"] for seen in proxy.log()] == ["pass"]
    assert proxy.log()[0]["at"] < proxy.log()[0]["answered"]


def test_an_answer_that_is_held_was_not_passed_on(both: tuple[int, Faults], shelf: str) -> None:
    port, proxy = both
    proxy.next("hold_answer", seconds=60)
    assert _send(proxy, shelf, seconds=0.5) == ""
    until(lambda: _holds(port, shelf) == {"a"})
    assert "answered" not in proxy.log()[0]


def test_an_answer_of_http_is_altered(tmp_path: Path) -> None:
    with receiver.running(tmp_path / "shelf.json") as port, faults.before(port) as proxy:
        _send(proxy, "mine")
        proxy.next("alter", path="^GET ", merge={"a": ["of somebody", 2], "b": {"c": 1}})
        with urllib.request.urlopen(f"http://127.0.0.1:{proxy.port}/products/mine") as answer:
            assert json.load(answer) == {"a": ["of somebody", 2], "b": {"c": 1}}
        assert _holds(port, "mine") == {"a"}
