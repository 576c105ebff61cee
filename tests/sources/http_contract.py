"""What every source that is asked over HTTP must do, whatever its server does. Subclass it and give a ``stand``."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.errors import (
    AccessDenied,
    DatasyncError,
    RecordsLost,
    SourceRefused,
    SourceUnavailable,
    UnexpectedAnswer,
    UnknownName,
)
from datasync.intake import pull
from datasync.sources.base import PullRequest, Records, Source
from datasync.store import snapshots
from datasync.store.files import Folder, connect
from datasync.store.snapshots import Snapshot
from datasync.web import bounded
from tests.sources.contract import AT, EVERYTHING, ChangingContract, product, rows, skus
from tests.sources.standins.server import ROOT, until
from tests.sources.standins.stand import Stand

PULL = """
import sys
from tests.sources.{module} import stand_at
from datasync.sources.base import PullRequest
from datasync.store.files import Folder, connect
from tests.sources.contract import AT

store = Folder(sys.argv[1])
with connect(store) as con:
    stand_at(sys.argv[2]).source(store, page_size=10).records(con, PullRequest("complete", AT, ticket=7))
"""


def pulled(
    shop: Stand, con: duckdb.DuckDBPyConnection, folder: Path, request: PullRequest = EVERYTHING, **keys: Any
) -> tuple[Snapshot, list[dict[str, Any]], list[tuple[str, str]]]:
    """A pull as the pipeline does it: the snapshot, its products by SKU, and codes and sentences of the quarantine."""
    store, address = Folder(str(folder / "pulled")), {**shop.address, **keys}
    source, scope = shop.source(store, address=address), shop.scope(address)
    found = pull.pull(pull.Pull(con, store, "en-US", scope, request, "r1", "", lambda: AT), source)
    valid = con.execute(f"FROM ({snapshots.products(found, store.url).sql}) ORDER BY sku")
    names = [column[0] for column in valid.description or ()]
    products = [dict(zip(names, row, strict=True)) for row in valid.fetchall()]
    invalid = con.execute(
        f"SELECT code, sentence FROM '{store.url(snapshots.quarantine_path('en-US', 'r1'))}' ORDER BY ALL"
    )
    return found, products, invalid.fetchall()


class HttpContract(ChangingContract):
    """The promises of ``sources/http.py`` and ``sources/paged.py``, asked of one kind over a real socket."""

    module: str  # the test module, which has a ``stand_at`` for a process that is not ours

    @pytest.fixture(autouse=True)
    def _keeps_to_the_specification(self, stand: Stand) -> Iterator[None]:
        stand.site.tell("reset")
        yield
        assert stand.site.tell("log")["violations"] == []

    @pytest.fixture
    def shop(self, stand: Stand) -> Stand:
        return stand

    def everything(self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder, **keys: Any) -> Records:
        return stand.source(store, **keys).records(con, EVERYTHING)

    def pages(self, stand: Stand) -> list[dict[str, Any]]:
        """The requests for products that were sent since the last reset."""
        return [one for one in stand.site.log() if one["path"].endswith(("/products", "/products-uuid"))]

    # ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(("count", "size"), [(25, 10), (20, 10), (3, 1), (1, 10)])
    def test_each_record_comes_once_in_as_many_requests_as_were_foretold(
        self, count: int, size: int, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(count)
        foretold = stand.source(store, page_size=size).requests(EVERYTHING)
        before = len(stand.site.log())
        found = self.everything(stand, con, store, page_size=size)
        assert sorted(map(str, skus(con, found))) == [f"SKU-{number:07}" for number in range(count)]
        assert found.requests == foretold == len(stand.site.log()) - before
        assert found.complete

    def test_a_server_that_gives_smaller_pages_loses_nothing(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(25)
        stand.site.tell("set", {"clamp": 7})
        found = self.everything(stand, con, store, page_size=10)
        assert len(set(skus(con, found))) == 25
        assert found.complete

    def test_a_page_that_repeats_ends_the_pull_and_is_no_complete_catalog(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(25)
        stand.site.fault("repeat", after=1, times=1000)
        try:
            found = self.everything(stand, con, store, page_size=10)
        except UnexpectedAnswer as error:
            assert "once more" in str(error)
        else:
            assert not found.complete
            assert "nothing is removed" in " ".join(found.notes)
        assert len(self.pages(stand)) < 6

    def test_a_record_that_changes_while_pages_are_read_comes_once_and_again_with_the_next_pull(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(25)
        stand.site.fault("touch", after=1)
        found = self.everything(stand, con, store, page_size=10)
        assert len(set(skus(con, found))) == len(skus(con, found)) == 25
        assert found.complete
        later = stand.source(store, run="r2").records(con, PullRequest("changed", AT, watermark=found.watermark))
        assert {(row["sku"], row["name"]) for row in rows(con, later, "sku", "name")} == {
            ("SKU-0000000", "edited"),
            ("SKU-0000019", "edited"),
        }

    # ── what goes wrong on the way ──────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        ("what", "given"),
        [
            ("status", {"status": 500, "times": 2}),
            ("status", {"status": 429}),
            ("status", {"status": 408}),
            ("cut", {}),
            ("html", {}),
        ],
        ids=["500-twice", "429", "408", "cut", "html"],
    )
    def test_what_passes_is_asked_for_again(
        self, what: str, given: dict[str, Any], stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(25)
        stand.site.fault(what, after=1, **given)
        found = self.everything(stand, con, store, page_size=10)
        assert len(set(skus(con, found))) == len(skus(con, found)) == 25
        assert found.complete
        assert found.requests == len(stand.site.log())

    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_it_waits_as_long_as_it_is_told_to(
        self, form: str, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(1)
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
        wait = {"seconds": "2", "date": later}[form]
        stand.site.fault("status", status=429, headers={"Retry-After": wait})
        self.everything(stand, con, store)
        first, second = (one["at"] for one in self.pages(stand))
        assert second - first > 1

    def test_it_gives_up_on_a_source_that_stays_away_and_says_what_it_said(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder, caplog: pytest.LogCaptureFixture
    ) -> None:
        stand.fill(1)
        stand.site.fault("status", status=503, times=100, headers={"Retry-After": "0"})
        with pytest.raises(SourceUnavailable, match=r"sources\.shop: it answered 503(, code \S+)? \(http") as told:
            self.everything(stand, con, store)
        assert "Fault on demand" not in str(told.value)  # words that are not ours stand in the log alone
        assert "Fault on demand" in caplog.text
        assert len(self.pages(stand)) == 6

    def test_a_wait_that_is_too_long_for_a_task_is_left_to_the_next_run(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(1)
        stand.site.fault("status", status=429, headers={"Retry-After": "7200"})
        with pytest.raises(SourceUnavailable, match="7,200 s: run again after that"):
            self.everything(stand, con, store)
        assert len(self.pages(stand)) == 1

    def test_a_token_that_expires_half_way_is_replaced(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(25)
        stand.site.fault("expire", after=1)
        found = self.everything(stand, con, store, page_size=10, login=stand.issued)
        assert len(set(skus(con, found))) == 25

    def test_a_login_that_is_refused_is_told_without_its_secrets(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:

        wrong = replace(
            stand.connection, password="wrong-planted", extra=dict.fromkeys(stand.connection.extra, "wrong-planted")
        )
        with pytest.raises(DatasyncError) as told:
            self.everything(stand, con, store, login=wrong)
        assert isinstance(told.value, AccessDenied) or "422" in str(told.value)
        assert "planted" not in str(told.value)

    # ── what is odd ─────────────────────────────────────────────────────────────────────────────────────────────────

    @pytest.mark.parametrize(
        ("odd", "told"),
        [
            ("@nest:1000", "It is nested over 500 deep."),
            ("@nest:3000", "It is nested over 500 deep."),
            ("@nest:60000", "It is nested over 500 deep."),
            ("@bytes:53e474", "Its text is not UTF-8"),
            ("\ud83d", "Its text is not UTF-8, or holds half of a sign"),
            ("@long:17000000", "It is longer than 16,000,000 bytes."),
        ],
    )
    def test_a_record_that_is_odd_is_told_by_its_sku_and_takes_no_other_along(
        self, odd: str, told: str, stand: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        stand.sells(product("A"), product("B", 1, record={"more": [{"odd": odd}]}), product("C", 2))
        found, products, _ = pulled(stand, con, tmp_path)
        assert ([one["sku"] for one in products], found.complete, found.unreadable) == (["A", "C"], True, 0)
        quarantine = f"{tmp_path}/pulled/{snapshots.quarantine_path('en-US', 'r1')}"
        ((sku, code, sentence, record),) = con.execute(
            f"SELECT sku, code, sentence, record FROM '{quarantine}'"
        ).fetchall()
        assert (sku, code, told in sentence) == ("B", "unreadable", True)
        assert len(record) < 20_000

    def test_a_sku_that_is_no_text_may_be_any_product(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        stand.sells(product("A"), {**product("B", 1), "sku": "@bytes:42e4"})
        found, products, invalid = pulled(stand, con, tmp_path)
        assert ([one["sku"] for one in products], found.unreadable) == (["A"], 1)
        assert [code for code, _ in invalid] == ["unreadable"]
        quarantine = f"{tmp_path}/pulled/{snapshots.quarantine_path('en-US', 'r1')}"
        ((sku, record),) = con.execute(f"SELECT sku, record FROM '{quarantine}'").fetchall()
        assert (sku, "B\\\\udce4" in record) == (None, True)

    @pytest.mark.parametrize("item", [None, 5, "x", [], [{"sku": "A"}], {}])
    def test_an_item_that_is_no_product_is_told_and_takes_none_along(
        self, item: Any, stand: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        stand.sells(product("A"), product("B", 1, item=item), product("C", 2))
        found, products, invalid = pulled(stand, con, tmp_path)
        assert ([one["sku"] for one in products], found.records) == (["A", "C"], 3)
        assert [code for code, _ in invalid] == ["missing-sku" if item == {} else "unreadable"]

    def test_a_page_of_which_nothing_can_be_read_takes_no_other_along(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        whole_page = [product(f"S{number:03}", number) for number in range(100)]
        stand.sells(*whole_page, product("T", 100, record={"more": "\ud83d"}))
        found, products, invalid = pulled(stand, con, tmp_path)
        assert (len(products), found.records, found.complete) == (100, 101, True)
        assert [code for code, _ in invalid] == ["unreadable"]

    @pytest.mark.parametrize("number", ["1e5", "NaN", "Infinity", "1e999", "1" * 5000, "12345678901234567.89", "-0.0"])
    def test_a_number_of_any_size_is_as_it_was_written(
        self, number: str, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        written = f"@json:{number.encode().hex()}"
        field = "family" if stand.kind == "akeneo" else "weight"
        stand.sells(product("A", record={field: written}), product("B", 1))
        found = self.everything(stand, con, store)
        values = {row["sku"]: row[field] for row in rows(con, found, "sku", field)}
        assert (values["A"], set(values)) == (number, {"A", "B"})

    def test_a_sign_of_nothing_is_text(self, stand: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
        stand.sells({**product("A"), "name": "a\0b"})
        _, products, _ = pulled(stand, con, tmp_path)
        assert [one["name"] for one in products] == ["a\0b"]

    def test_pages_that_go_in_a_circle_end_with_an_error_that_says_so(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(35)
        stand.site.fault("circle", times=1000)
        with pytest.raises(UnexpectedAnswer, match="once more"):
            self.everything(stand, con, store, page_size=10)
        assert len(self.pages(stand)) < 6

    def test_a_line_that_was_written_and_does_not_come_back_is_a_loss_and_told(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, tmp_path: Path
    ) -> None:
        stand.fill(25)
        folder = tmp_path / "pulled"
        stand.source(Folder(str(folder)), page_size=10).records(con, EVERYTHING)
        page = sorted((folder / "pulls").rglob("*.gz"))[1]
        lines = gzip.decompress(page.read_bytes()).splitlines(keepends=True)
        page.write_bytes(gzip.compress(b"".join([lines[0], *lines[2:]])))
        source, scope = stand.source(Folder(str(folder)), page_size=10), stand.scope()
        with pytest.raises(RecordsLost, match="holds 25 records, and reading gave 24"):
            pull.pull(pull.Pull(con, Folder(str(folder)), "en-US", scope, EVERYTHING, "r1", "", lambda: AT), source)

    @pytest.mark.parametrize("what", ["drip", "drip_headers"])
    def test_a_whole_answer_has_its_time(
        self, what: str, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(3)
        stand.site.fault(what, times=10)
        with pytest.raises(
            SourceUnavailable, match=r"sources\.shop: an answer was not there, or not whole, after 1 s\."
        ):
            self.everything(stand, con, store, timeout="1s")
        assert len(self.pages(stand)) == 1

    def test_an_answer_that_swells_is_refused(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bounded, "LARGEST_BODY", 1_000_000)
        stand.fill(3)
        stand.site.fault("swell")
        with pytest.raises(SourceRefused, match="an answer is over 1,000,000 bytes, unpacked"):
            self.everything(stand, con, store)
        stand.site.fault("swell_twice")
        with pytest.raises(SourceRefused, match="is packed in a way that nobody asked for, or twice"):
            self.everything(stand, con, store)
        assert len(self.pages(stand)) == 2

    def test_a_redirection_is_told_and_not_followed_in_circles(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(3)
        stand.site.fault("status", status=302, times=100, headers={"Location": "/elsewhere"})
        with pytest.raises(SourceRefused, match=r"it answered 302.* and points to another path"):
            self.everything(stand, con, store)
        assert len(self.pages(stand)) == 1

    # ── scopes ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_a_scope_that_the_source_does_not_have_is_an_error_and_no_empty_catalog(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(3)
        with pytest.raises(UnknownName, match=r"Known: .*(en_US|default)"):
            self.everything(stand, con, store, address=stand.elsewhere)

    def test_a_sample_takes_one_page_and_is_no_complete_catalog(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(25)
        found = stand.source(store, page_size=10).records(con, PullRequest("complete", AT, is_sample=True))
        assert (len(skus(con, found)), found.complete, found.answers_absence) == (10, False, False)
        assert len(self.pages(stand)) == 1

    # ── wants ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def test_the_watermark_is_the_sources_own_time_when_the_pull_began(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(3)
        before = datetime.now(UTC).replace(microsecond=0)
        found = self.everything(stand, con, store)
        assert before <= datetime.fromisoformat(found.watermark or "") <= datetime.now(UTC)

    def test_many_skus_are_asked_for_in_several_requests(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(400)
        request = PullRequest("skus", AT, skus=tuple(f"SKU-{number:07}" for number in range(50, 350)))
        foretold = stand.source(store).requests(request)
        found = stand.source(store).records(con, request)
        assert sorted(map(str, skus(con, found))) == list(request.skus)
        assert found.requests == foretold

    # ── the pull as a whole ─────────────────────────────────────────────────────────────────────────────────────────

    def test_a_pull_that_was_killed_goes_on_after_its_last_whole_page_on_another_worker(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(55)
        stand.site.fault("hang", after=3)
        argv = [sys.executable, "-c", PULL.format(module=self.module), store.root, stand.site.url]
        killed = subprocess.Popen(argv, cwd=ROOT)
        try:
            until(lambda: len(self.pages(stand)) == 4)
        finally:
            killed.kill()
            killed.wait()
        before = len(stand.site.log())
        found = stand.source(Folder(store.root), page_size=10).records(
            con, PullRequest("complete", AT + timedelta(hours=1), ticket=9)
        )
        assert len(self.pages(stand)) == 4 + 3
        assert sorted(map(str, skus(con, found))) == [f"SKU-{number:07}" for number in range(55)]
        assert (found.complete, found.began, found.ticket) == (True, AT, 7)
        assert found.requests >= len(stand.site.log()) - before + 3

    def test_what_was_spooled_for_another_want_is_not_taken_for_this_one(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder
    ) -> None:
        stand.fill(5)
        stand.source(store).records(con, PullRequest("skus", AT, skus=("SKU-0000001",)))
        assert len(skus(con, self.everything(stand, con, store))) == 5

    def test_its_memory_does_not_grow_with_the_catalog(self, stand: Stand, tmp_path: Path) -> None:
        def peak(count: int) -> int:
            stand.fill(count)
            store = Folder(str(tmp_path / f"store-{count}"))
            with connect(store) as con:
                tracemalloc.start()
                try:
                    stand.source(store, page_size=50).records(con, EVERYTHING)
                    return tracemalloc.get_traced_memory()[1]
                finally:
                    tracemalloc.stop()

        peak(60)
        assert peak(1000) < 1.5 * peak(150)

    def test_no_more_are_under_way_than_the_source_allows(self, stand: Stand, tmp_path: Path) -> None:
        stand.fill(30)
        stand.site.tell("set", {"delay": 0.02})

        def pulled(number: int) -> int:
            store = Folder(str(tmp_path / f"store-{number}"))
            with connect(store) as con:
                found = stand.source(store, page_size=3, concurrency=2).records(con, EVERYTHING)
                return len(skus(con, found))

        with ThreadPoolExecutor(6) as workers:
            assert list(workers.map(pulled, range(6))) == [30] * 6
        assert stand.site.tell("log")["most_at_once"] == 2

    def test_no_secret_gets_into_the_store(
        self, stand: Stand, con: duckdb.DuckDBPyConnection, store: Folder, tmp_path: Path
    ) -> None:
        stand.fill(25)
        self.everything(stand, con, store, page_size=10)
        written = [path.read_bytes() for path in (tmp_path / "store").rglob("*.gz")]
        assert len(written) >= 3
        assert not any(b"planted" in gzip.decompress(one) for one in written)

    def test_it_says_which_scopes_it_could_feed(self, stand: Stand, source: Source) -> None:
        assert any(word in source.offers() for word in ("ecommerce (en_US, de_DE)", "de (Deutsch)"))  # type: ignore[attr-defined]
