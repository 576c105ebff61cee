"""What every kind of service must do, whatever becomes of its requests. Subclass Contract and give a ``place``.

Each case ends with what the server really holds beside what the receipts say: what they call surely held is there in
that very version, what they call surely gone is not there, and the server has nothing that they do not know of. Then
nothing goes wrong any more, and one or two transfers make the service equal to the catalog.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

import pytest

from datasync.delivery.transfer import Transferred
from datasync.errors import DatasyncError, ServiceUnavailable
from tests.line import Line, Record, product, products
from tests.services import sender
from tests.services.faults import ALWAYS, Faults
from tests.services.sender import Senders
from tests.sources.standins.server import until

NAME = "shop"
GUARD = {"percent": 100, "products": 1000}
SCRIPTS = (
    "Zażółć gęślą jaźń",
    "Ελληνικά-7",
    "Кириллица-7",
    "عربي-٧",
    "עברית-7",
    "ภาษาไทย",
    "中文编号七",
    "かなカナ-7",
    "한국어-7",
    "👩🏽‍🚀🧵",
    "e\u0301 and \u00e9",
    "a'b\"c`d",
    "a/b\\c?d#e&f=g",
    "100 %25 %s %",
    "two\nlines\tand\ttabs",
    " a b ",
    '{"json": [1]}',
    "_id",
    "é" * 256,
    "x" * 512,
)


class Place(Protocol):
    """A service's other side as a test has it: empty at the beginning of each test. ``options`` are the service's
    settings, by which it goes to the server through the proxy that ``faults`` tells what to do.
    """

    faults: Faults
    options: Mapping[str, Any]

    def holds(self) -> Mapping[str, tuple[str | None, int | None]]:
        """What the server holds of the scope ``en``, asked of itself and not by way of the proxy: hash and version."""


@dataclass
class Case:
    """One line, its service, and what is compared in the end."""

    line: Line
    place: Place
    deliveries: str
    requests: Mapping[str, Any]

    def fault(self, fault: str, times: int = 1, **given: Any) -> None:
        """What happens to the next requests that hand over products."""
        self.place.faults.next(fault, times=times, **{"path": self.deliveries, **self.requests, **given})

    def transfer(self) -> Transferred | DatasyncError:
        """A transfer, and the error that it ended with, if it did."""
        try:
            return self.line.transfer(NAME)
        except DatasyncError as error:
            return error

    def sync(self, rows: Sequence[Record]) -> Transferred | DatasyncError:
        self.line.read(rows)
        return self.transfer()

    def sent(self) -> list[dict[str, Any]]:
        """The requests that handed over products, since the reset."""
        return [seen for seen in self.place.faults.log() if re.search(self.deliveries, seen["line"])]

    def wanted(self) -> dict[str, str]:
        return {sku: row["hash"] for sku, row in self.line.catalog().items() if row["hash"]}

    def outcomes(self) -> dict[str, str]:
        return self.line.outcomes(NAME)

    def confirm(self) -> None:
        """Assert that the receipts say nothing that is not so."""
        held = {sku: hash_ for sku, (hash_, _) in self.place.holds().items()}
        receipts = self.line.receipts(NAME)
        sure = {sku: row["held_hash"] for sku, row in receipts.items() if not row["perhaps_held"]}
        assert {sku: held.get(sku) for sku in sure} == sure
        assert set(held) <= set(receipts)

    def settle(self, but: Sequence[str] = ()) -> None:
        """Nothing goes wrong any more: assert that the service comes to hold the catalog, ``but`` what it rejects."""
        self.place.faults.clear()
        self.line.transfer(NAME)
        if self._is_due():  # what was overtaken is worked out anew
            self.line.transfer(NAME)
        self.confirm()
        wanted = {sku: hash_ for sku, hash_ in self.wanted().items() if sku not in but}
        held = {sku: hash_ for sku, (hash_, _) in self.place.holds().items() if sku not in but}
        assert held == wanted
        figures = self.line.figures(NAME)
        assert (figures.due, figures.removals_due, figures.unexplained) == (0, 0, 0)
        assert figures.rejected == len(but)

    def _is_due(self) -> bool:
        return any(row["outcome"] in ("failed", "sent") for row in self.line.receipts(NAME).values())


class Contract:
    """The promises of ``datasync.delivery.services.base``, asked of one kind over real sockets.

    ``deliveries`` tells the requests that hand over products, a pattern over "METHOD PATH"; ``requests`` are further
    keys of a fault by which it meets these alone, as ``contains`` of bytes that are not HTTP. ``impatient`` are options
    by which an answer is waited for no longer than a second or so. A case that the kind cannot have stands in
    ``not_applying``, by its test's name, with a reason; that sentence has to stand in the kind's page too,
    ``documented_in``.
    """

    deliveries: ClassVar[str] = "^POST "
    requests: ClassVar[Mapping[str, Any]] = {}
    impatient: ClassVar[Mapping[str, Any]] = {}
    not_applying: ClassVar[Mapping[str, str]] = {}
    documented_in: ClassVar[Path | None] = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in cls.not_applying:
            assert hasattr(Contract, name), f"the contract has no case {name}"
            setattr(cls, name, None)

    def refused(self, sku: str) -> Record:
        """A product that the server rejects, alone and in words."""
        return product(sku, "Refused")

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        raise NotImplementedError

    @pytest.fixture(scope="module")
    def senders(self) -> Iterator[Senders]:
        with sender.forking() as senders:
            yield senders

    @pytest.fixture
    def case(self, place: Place, tmp_path: Path) -> Iterator[Case]:
        """A new line to an empty server; what is asserted in the end is so in every case."""
        place.faults.reset()
        case = Case(Line(tmp_path, guard=GUARD, **{NAME: place.options}), place, self.deliveries, self.requests)
        yield case
        case.confirm()

    def test_what_does_not_apply_to_this_kind_is_said_in_its_page(self, capsys: pytest.CaptureFixture[str]) -> None:
        page = " ".join(self.documented_in.read_text(encoding="utf-8").split()) if self.documented_in else ""
        with capsys.disabled():
            for name, reason in self.not_applying.items():
                print(f"\n{type(self).__name__} has no {name}: {reason}")  # noqa: T201
        assert [reason for reason in self.not_applying.values() if reason not in page] == []

    # ── what is handed over ─────────────────────────────────────────────────────────────────────────────────────────

    def test_products_arrive_change_and_leave(self, case: Case) -> None:
        done = case.sync([product("a"), product("b"), product("c")])
        assert isinstance(done, Transferred)
        assert done.added == 3
        done = case.sync([product("a"), product("b", "Another name"), product("d")])
        assert isinstance(done, Transferred)
        assert (done.added, done.updated, done.removed, done.failed) == (1, 1, 1, 0)
        case.settle()

    def test_a_batch_of_one_arrives(self, case: Case) -> None:
        case.sync(products("a"))
        assert case.outcomes() == {"a": "received"}
        case.settle()

    def test_where_nothing_is_due_nothing_is_sent(self, case: Case) -> None:
        case.sync([])
        case.sync(products("a"))
        before = len(case.sent())
        case.transfer()
        assert len(case.sent()) == before
        case.settle()

    def test_skus_of_every_script_arrive_change_and_leave(self, case: Case) -> None:
        case.sync(products(*SCRIPTS, "stays"))
        assert set(case.outcomes().values()) == {"received"}
        assert set(case.place.holds()) == {*SCRIPTS, "stays"}
        case.sync(products(*SCRIPTS, "stays", name="Zażółć 中文 👩🏽‍🚀 'n\" \\ / % \n"))
        case.settle()
        case.sync(products("stays"))
        assert set(case.place.holds()) == {"stays"}
        case.settle()

    def test_versions_at_the_server_grow(self, case: Case) -> None:
        versions = []
        for name in ("v1", "v2", "v3"):
            case.sync([product("a", name)])
            versions.append(case.place.holds()["a"][1])
        assert versions == sorted(set(versions))

    def test_a_removal_of_what_is_not_there_is_done(self, case: Case) -> None:
        case.sync(products("z"))
        case.fault("cut_before", ALWAYS)
        case.sync(products("z", "a"))
        case.confirm()
        assert case.outcomes()["a"] == "failed"
        assert "a" not in case.place.holds()
        case.place.faults.clear()
        case.sync(products("z"))
        assert case.outcomes()["a"] == "removed"
        case.settle()

    # ── what is refused ─────────────────────────────────────────────────────────────────────────────────────────────

    def test_what_is_rejected_keeps_nobody_else_out(self, case: Case) -> None:
        case.sync([*products("a", "b", "c", "d", "e"), self.refused("no")])
        receipts = case.line.receipts(NAME)
        assert case.outcomes() == {**dict.fromkeys("abcde", "received"), "no": "rejected"}
        assert receipts["no"]["words"]
        before = len(case.sent())
        case.settle(but=["no"])
        assert len(case.sent()) == before, "what is rejected is not sent again"

    def test_a_payload_that_is_one_byte_too_large_is_rejected_alone(self, case: Case) -> None:
        case.sync([product("fit", "x" * 500)])
        largest = case.sent()[-1]["size"]
        case.fault("answer", ALWAYS, status=413, larger_than=largest, body="{}")
        case.sync([product("fit", "x" * 500), product("fat", "x" * 501), product("lean")])
        assert case.outcomes() == {"fit": "received", "fat": "rejected", "lean": "received"}
        case.sync([product("fit", "y" * 400), product("fat", "x" * 501), product("lean")])
        assert case.outcomes() == {"fit": "received", "fat": "rejected", "lean": "received"}
        case.settle(but=["fat"])

    @pytest.mark.parametrize("fault", ["answer", "cut_before", "cut_after"])
    def test_a_product_over_which_the_server_breaks_down_keeps_nobody_else_out(self, case: Case, fault: str) -> None:
        good = [f"good-{number}" for number in range(9)]
        case.fault(fault, ALWAYS, contains="poison", **({"body": "{}"} if fault == "answer" else {}))
        for _ in range(2):
            case.sync(products(*good, "poison"))
        case.confirm()
        outcomes = case.outcomes()
        assert outcomes.pop("poison") in ("rejected", "failed")
        assert outcomes == dict.fromkeys(good, "received")
        assert case.line.receipts(NAME)["poison"]["perhaps_held"], "nobody knows whether it was taken"
        case.place.faults.clear()
        case.sync(products(*good, "poison", name="Mended"))
        case.settle()

    # ── answers that are none ───────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize("headers", [{"Retry-After": "1"}, {}], ids=["says how long", "says nothing"])
    def test_a_server_that_is_asked_too_often_is_left_alone_and_gets_everything(
        self, case: Case, headers: Mapping[str, str]
    ) -> None:
        case.fault("answer", status=429, headers=headers, body="{}")
        case.sync(products("a", "b"))
        assert "rejected" not in case.outcomes().values()
        first, *others = case.sent()
        assert all(second["at"] - first["at"] >= (0.95 if headers else 0) for second in others[:1])
        case.settle()

    @pytest.mark.parametrize("times", [1, ALWAYS], ids=["once", "always"])
    def test_a_server_that_fails_has_everything_due_to_it_again(self, case: Case, times: int) -> None:
        case.fault("answer", times, status=500, body="<html>Sorry</html>", headers={"Content-Type": "text/html"})
        done = case.sync(products(*"abcdefgh"))
        if times == ALWAYS:
            assert isinstance(done, ServiceUnavailable)
            assert set(case.outcomes().values()) == {"failed"}
            assert case.place.holds() == {}
        assert "rejected" not in case.outcomes().values(), "it fails over everything, so no product is the cause"
        case.confirm()
        case.settle()

    @pytest.mark.parametrize("status", [302, 307])
    def test_a_redirect_is_never_followed_and_delivers_nothing(self, case: Case, status: int) -> None:
        case.fault("answer", ALWAYS, status=status, headers={"Location": "/elsewhere"})
        done = case.sync(products("a", "b"))
        assert isinstance(done, DatasyncError)
        assert [seen["line"] for seen in case.place.faults.log() if "elsewhere" in seen["line"]] == []
        assert set(case.outcomes().values()) == {"failed"}
        case.confirm()
        case.settle()

    @pytest.mark.parametrize(
        ("body", "kind"),
        [("<html>We will be back soon</html>", "text/html"), ("[]", "application/json"), ("", "application/json")],
        ids=["a page", "a list of nothing", "nothing"],
    )
    def test_a_success_that_says_nothing_of_products_delivers_nothing(self, case: Case, body: str, kind: str) -> None:
        case.fault("answer", ALWAYS, status=200, body=body, headers={"Content-Type": kind})
        case.sync(products("a", "b"))
        assert set(case.outcomes().values()) == {"failed"}
        case.confirm()
        case.settle()

    @pytest.mark.parametrize("times", [1, ALWAYS], ids=["once", "always"])
    @pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
    def test_a_connection_that_is_cut_loses_nothing(self, case: Case, fault: str, times: int) -> None:
        case.sync([product("a", "v1"), product("b"), product("z")])
        case.fault(fault, times)
        case.sync([product("a", "v2"), product("c"), product("z")])
        case.confirm()
        case.settle()

    def test_an_answer_that_never_comes_is_not_waited_for(self, case: Case) -> None:
        case.line.change(NAME, **self.impatient)
        case.fault("hold", ALWAYS, seconds=60)
        began = time.monotonic()
        done = case.sync(products("a", "b"))
        assert time.monotonic() - began < 30
        assert isinstance(done, ServiceUnavailable)
        assert set(case.outcomes().values()) == {"failed"}
        case.place.faults.clear()
        case.place.faults.release()
        case.confirm()
        case.settle()

    # ── several writers ─────────────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        "later", [[product("a", "v3"), product("z")], products("z")], ids=["a newer version", "a removal"]
    )
    def test_a_request_that_comes_after_a_newer_one_changes_nothing(self, case: Case, later: list[Record]) -> None:
        case.sync([product("a", "v1"), product("z")])
        case.fault("late")
        case.fault("cut_before", ALWAYS)
        case.sync([product("a", "v2"), product("z")])
        assert case.place.faults.holding() == 1
        case.place.faults.clear()
        case.sync(later)
        case.place.faults.release()
        case.confirm()
        assert {sku: hash_ for sku, (hash_, _) in case.place.holds().items()} == case.wanted()
        case.settle()

    def test_two_writers_at_once_agree_in_the_end(self, case: Case) -> None:
        case.sync([product("a", "v1"), product("b"), product("z")])
        case.line.read([product("a", "v2"), product("b"), product("z"), product("c")])
        other = replace(case, line=case.line.turn())
        case.fault("hold", seconds=60)
        first = threading.Thread(target=other.transfer)
        first.start()
        until(lambda: case.place.faults.holding() == 1)
        release = threading.Timer(1, case.place.faults.release)
        release.start()
        case.sync([product("a", "v3"), product("z"), product("d")])
        for thread in (release, first):
            thread.join()
        case.confirm()
        case.settle()

    # ── a process that is killed ────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        ("boundary", "back"),
        [("intent written", False), ("request sent", True), ("request taken", True), ("answer got", True),
         ("receipts written", False)],
        ids=["intent written", "request sent", "request taken", "answer got", "receipts written"],
    )  # fmt: skip
    def test_a_process_that_is_killed_leaves_nothing_unknown(
        self, case: Case, senders: Senders, boundary: str, back: bool
    ) -> None:
        """Killed there; then the catalog goes back to what it was, or stays as it is."""
        before = [product("a", "v1"), product("b"), product("z")]
        case.sync(before)
        case.line.read([product("a", "v2"), product("c"), product("z")])
        self._kill(case, senders, boundary)
        case.confirm()
        if back:
            case.line.read(before)
        case.settle()

    def _kill(self, case: Case, senders: Senders, boundary: str) -> None:
        """Have a transfer in a process of its own, and kill that."""
        entry = case.line.entries(NAME)
        own = {"intent written": ("after", entry + 1), "answer got": ("before", entry + 2)}
        own["receipts written"] = ("after", entry + 2)
        if boundary in own:
            senders.start(case.line, NAME, case.place.options, own[boundary])
        else:
            case.fault("hold" if boundary == "request sent" else "hold_answer", seconds=60)
            process = senders.start(case.line, NAME, case.place.options)
            until(lambda: case.place.faults.holding() == 1)
            os.kill(process, signal.SIGKILL)
        assert senders.ended() == -signal.SIGKILL
        case.place.faults.release()
