"""The service `sql` by the contract: a real PostgreSQL behind a proxy that passes bytes on, and a file of SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from datasync.delivery.services.sql import postgresql
from tests.postgres import PostgreSQL
from tests.services import faults, places
from tests.services.contract import Case, Contract
from tests.services.faults import Faults
from tests.sources import databases

PAGE = Path(__file__).parents[2] / "docs" / "services" / "sql.md"
NO_STATUS = "A database has no answer beside success, refusal and silence: no status, no redirect and no page."
A_FILE = "A file of SQLite has no network before it: nothing is cut off, held up or late."


@pytest.fixture(scope="module")
def proxy(postgres: PostgreSQL) -> Iterator[Faults]:
    with faults.before(postgres.port, speaks="bytes") as started:
        yield started


class TestPostgreSQL(Contract):
    """A row for each product, by transactions; what hands them over is the COMMIT."""

    deliveries: ClassVar = ""
    requests: ClassVar = places.COMMIT
    impatient: ClassVar = {"batch_seconds": 2}
    documented_in: ClassVar = PAGE
    not_applying: ClassVar = dict.fromkeys(
        (
            "test_a_payload_that_is_one_byte_too_large_is_rejected_alone",
            "test_a_server_that_is_asked_too_often_is_left_alone_and_gets_everything",
            "test_a_server_that_fails_has_everything_due_to_it_again",
            "test_a_redirect_is_never_followed_and_delivers_nothing",
            "test_a_success_that_says_nothing_of_products_delivers_nothing",
        ),
        NO_STATUS,
    )

    @pytest.fixture
    def place(
        self, postgres: PostgreSQL, proxy: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> places.Table:
        monkeypatch.setenv(places.BI, "")  # what the place sets there goes with the test
        # A COMMIT that is held up leaves its transaction idle, and whoever comes next waits for the server to end it
        monkeypatch.setitem(postgresql._SETTINGS, "idle_in_transaction_session_timeout", "3s")
        return places.table(databases.made("postgresql", postgres, tmp_path), proxy, tmp_path, "postgresql")

    @pytest.mark.parametrize("fault", ["cut_before", "cut_after"])  # there is no "answer" to a batch, as of HTTP
    def test_a_product_over_which_the_server_breaks_down_keeps_nobody_else_out(self, case: Case, fault: str) -> None:
        super().test_a_product_over_which_the_server_breaks_down_keeps_nobody_else_out(case, fault)


class TestSQLite(Contract):
    """The same in a file."""

    deliveries: ClassVar = ""
    documented_in: ClassVar = PAGE
    not_applying: ClassVar = TestPostgreSQL.not_applying | dict.fromkeys(
        (
            "test_where_nothing_is_due_nothing_is_sent",
            "test_a_removal_of_what_is_not_there_is_done",
            "test_a_product_over_which_the_server_breaks_down_keeps_nobody_else_out",
            "test_a_connection_that_is_cut_loses_nothing",
            "test_an_answer_that_never_comes_is_not_waited_for",
            "test_a_request_that_comes_after_a_newer_one_changes_nothing",
            "test_two_writers_at_once_agree_in_the_end",
        ),
        A_FILE,
    )

    @pytest.fixture
    def place(
        self, postgres: PostgreSQL, proxy: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> places.Table:
        monkeypatch.setenv(places.BI, "")
        return places.table(databases.made("sqlite", postgres, tmp_path), proxy, tmp_path, "sqlite")

    @pytest.mark.parametrize(
        ("boundary", "back"), [("intent written", False), ("answer got", True), ("receipts written", False)]
    )
    def test_a_process_that_is_killed_leaves_nothing_unknown(
        self, case: Case, senders: Any, boundary: str, back: bool
    ) -> None:
        super().test_a_process_that_is_killed_leaves_nothing_unknown(case, senders, boundary, back)
