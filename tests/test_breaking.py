"""A service that breaks down over a batch: which product is the cause, what it costs the others, and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datasync.delivery.answers import MOST_UNANSWERED
from datasync.delivery.services.base import Batch, BatchUnanswered
from datasync.errors import ServiceRefused, ServiceUnavailable
from datasync.relation import Relation
from tests.line import Far, Line, many, product, products


class Breaking(Far):
    """It breaks down over some SKUs, after it took the batch or before, and is not there for some calls after that."""

    poison: set[str] = frozenset()  # type: ignore[assignment]
    takes_first = False
    away_for = 0
    away = 0
    closed = 0

    def prepare(self) -> None:
        if self.away > 0:
            self.away -= 1
            raise ServiceUnavailable("far is not there.")

    def close(self) -> None:
        self.closed += 1

    def deliver(self, con: Any, batch: Batch) -> Relation:
        self.__dict__.setdefault("keys", []).append(batch.key)
        skus = {sku for (sku,) in con.execute(f"SELECT sku FROM ({batch.rows.sql})").fetchall()}
        if not self.poison & skus:
            return super().deliver(con, batch)
        if self.takes_first:
            super().deliver(con, batch)
        else:
            self.batches.append(len(skus))
        self.away = self.away_for
        raise BatchUnanswered("far fell silent.")


@pytest.fixture
def line(tmp_path: Path) -> Line:
    line = Line(tmp_path, far={}, guard={"percent": 100, "products": 1000})
    line.far = Breaking(line.clock)
    return line


def _are_true(line: Line) -> bool:
    """Whether what the receipts call sure is so."""
    receipts = line.receipts("far")
    sure = {sku: row["held_hash"] for sku, row in receipts.items() if not row["perhaps_held"]}
    return {sku: line.far.holds.get(sku) for sku in sure} == sure


@pytest.mark.parametrize("takes_first", [True, False], ids=["taken", "not taken"])
def test_the_product_that_is_the_cause_is_rejected_and_perhaps_held_and_the_others_arrive(
    line: Line, takes_first: bool
) -> None:
    line.far.poison, line.far.takes_first = {"p0007", "p0123"}, takes_first  # type: ignore[attr-defined]
    done = line.sync(many(200), "far")
    assert (done.added, done.rejected, done.failed) == (198, 2, 0)
    rows = line.receipts("far")
    assert {sku for sku, row in rows.items() if row["outcome"] == "rejected"} == {"p0007", "p0123"}
    assert rows["p0007"]["perhaps_held"]
    assert rows["p0007"]["words"] == "The service breaks down over this product alone: far fell silent."
    assert _are_true(line)
    assert len(line.far.batches) < 40
    calls = len(line.far.batches)
    line.transfer("far")
    assert len(line.far.batches) == calls, "it is not sent again"
    line.far.poison = set()  # type: ignore[attr-defined]
    assert line.sync(many(7), "far").removed == 193, "and it is removed, because it may be there"
    figures = line.figures("far")
    assert (figures.due, figures.removals_due, figures.unexplained) == (0, 0, 0)


def test_a_removal_that_is_the_cause_stays_due(line: Line) -> None:
    line.sync(many(20), "far")
    line.far.poison = {"p0019"}  # type: ignore[attr-defined]
    done = line.sync(many(9), "far")
    assert (done.removed, done.rejected, done.failed) == (10, 0, 1)
    assert line.figures("far").removals_due == 1
    line.far.poison = set()  # type: ignore[attr-defined]
    assert line.transfer("far").removed == 1
    assert len(line.far.holds) == 9


def test_a_service_that_breaks_down_over_everything_has_no_product_to_blame(line: Line) -> None:
    line.far.poison = {row["sku"] for row in many(100)}  # type: ignore[attr-defined]
    line.read(many(100))
    with pytest.raises(ServiceUnavailable, match="far fell silent"):
        line.transfer("far")
    assert set(line.outcomes("far").values()) == {"failed"}
    assert len(line.far.batches) == MOST_UNANSWERED
    line.far.poison = set()  # type: ignore[attr-defined]
    assert line.transfer("far").added == 100


def test_a_service_that_is_gone_is_not_called_again(line: Line) -> None:
    line.far.poison, line.far.away_for = {"a"}, 1000  # type: ignore[attr-defined]
    line.read(products("a", "b"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasync.delivery.transfer.RETURNS_WITHIN", 1.5)
        with pytest.raises(ServiceUnavailable, match="far fell silent"):
            line.transfer("far")
    assert line.far.batches == [2]
    assert set(line.outcomes("far").values()) == {"failed"}


def test_a_service_that_is_started_anew_is_waited_for(line: Line) -> None:
    line.far.poison, line.far.away_for = {"a"}, 1  # type: ignore[attr-defined]
    assert line.sync(products("a", "b"), "far").added == 1
    assert line.outcomes("far") == {"a": "rejected", "b": "received"}


def test_a_product_that_fails_alone_is_no_more_than_failed(line: Line) -> None:
    line.far.poison = {"a"}  # type: ignore[attr-defined]
    line.read(products("a"))
    with pytest.raises(ServiceUnavailable):
        line.transfer("far")
    assert line.outcomes("far") == {"a": "failed"}


def test_each_part_of_a_batch_has_a_key_of_its_own(line: Line) -> None:
    line.far.poison = {"a"}  # type: ignore[attr-defined]
    line.sync(products("a", "b", "c"), "far")
    keys = line.far.keys  # type: ignore[attr-defined]
    assert keys[:3] == ["far/en/00000001", "far/en/00000001/1", "far/en/00000001/2"]
    assert len(set(keys)) == len(keys)


def test_what_is_refused_after_it_was_perhaps_taken_is_perhaps_held(line: Line) -> None:
    line.far.poison, line.far.takes_first = {"b"}, True  # type: ignore[attr-defined]
    line.far.refuses = lambda skus: "HTTP 413" if skus == ["a"] else None
    line.sync(products("a", "b"), "far")
    row = line.receipts("far")["a"]
    assert (row["outcome"], row["perhaps_held"]) == ("rejected", True)
    assert _are_true(line)


def test_a_service_that_does_not_let_us_in_is_a_matter_of_settings_and_leaves_everything_due(line: Line) -> None:
    line.far.refuses = _locked
    line.read([product("a"), product("b")])
    with pytest.raises(ServiceRefused, match=r"services\.far: it answered HTTP 401\. What was sent stays due\."):
        line.transfer("far")
    assert set(line.outcomes("far").values()) == {"failed"}
    assert line.far.closed == 1  # type: ignore[attr-defined]
    line.far.refuses = lambda skus: None
    assert line.transfer("far").added == 2
    assert line.far.closed == 2, "what it keeps open is let go, however a transfer ends"  # type: ignore[attr-defined]


def _locked(skus: list[str]) -> str:
    raise ServiceRefused("far", "it answered HTTP 401")
