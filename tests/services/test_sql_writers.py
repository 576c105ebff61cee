"""Several writers to one table, and a server that is slow, away or in the way: nobody's late batch is taken, and none
is taken in part.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from datasync.delivery.services.base import Batch
from datasync.delivery.services.sql.service import SqlTable
from datasync.errors import ServiceUnavailable
from tests.line import SCOPE, Killed, product, products
from tests.postgres import PostgreSQL
from tests.services.sql_tables import WAYS, Shop, opened

NEWER = [[product("a", "v3"), product("z")], products("z")]


@pytest.fixture(params=WAYS)
def shop(request: pytest.FixtureRequest, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return opened(request.param, postgres, tmp_path, monkeypatch)


@pytest.fixture
def on_postgres(postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return opened("postgresql", postgres, tmp_path, monkeypatch)


# ── late batches ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "records"])
@pytest.mark.parametrize("newer", NEWER, ids=["newer", "removed"])
def test_a_batch_that_lands_after_a_newer_one_is_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, newer: list[Any], dies: bool
) -> None:
    line, deliver = shop.line, SqlTable.deliver
    line.sync([product("a", "v1"), product("z")], "bi")
    line.read([product("a", "v2"), product("z")])
    other, answers = line.turn(), []

    def late(service: SqlTable, con: Any, batch: Batch) -> Any:
        monkeypatch.setattr(SqlTable, "deliver", deliver)
        other.read(newer)
        other.transfer("bi", run="other")
        after = shop.rows("sku, name, datasync_version")
        answer = deliver(service, con, batch)
        answers.extend(answer.rows(con))
        assert shop.rows("sku, name, datasync_version") == after
        if dies:
            raise Killed
        return answer

    monkeypatch.setattr(SqlTable, "deliver", late)
    if dies:
        with pytest.raises(Killed):
            line.transfer("bi", run="mine")
    else:
        line.transfer("bi", run="mine")
    assert [outcome for _, outcome, *_ in answers] == ["overtaken"]
    line.transfer("bi")
    assert {sku for sku, _ in shop.rows()} == {row["sku"] for row in newer}
    assert shop.is_the_catalog()


def test_a_store_from_a_backup_comes_above_the_versions_of_its_table(shop: Shop) -> None:
    shop.line.sync(products("a"), "bi")
    shop.place.run(f"UPDATE datasync_fence SET version = {2**60}")
    shop.line.read([product("a", "v2"), product("b")])
    assert shop.line.transfer("bi").failed == 2
    done = shop.line.transfer("bi")
    assert (done.added, done.updated + done.resent) == (1, 1)
    assert shop.service().highest_version() == 2**60 + 1
    assert shop.is_the_catalog()


def test_workers_that_make_the_table_at_once_make_one(shop: Shop) -> None:
    services = [shop.service() for _ in range(6)]
    for service in services:
        service._columns  # noqa: B018 - what comes first takes time, and they are to meet
    with ThreadPoolExecutor(6) as pool:
        for made in [pool.submit(service.prepare) for service in services]:
            made.result()
    assert shop.line.sync(products("a"), "bi").added == 1


PAUSED = """
import os, signal, sys, time
from pathlib import Path
from datasync.delivery.services.sql import postgresql
from datasync.delivery.services.sql.session import Session
from tests.line import Line

folder, statement = sys.argv[1:]
postgresql._SETTINGS["idle_in_transaction_session_timeout"] = "1s"
line = Line(Path(folder), bi={"kind": "sql", "connection": "bi", "table": "products"})
line.now = line.now.replace(hour=5)
method = getattr(Session, statement)

def paused(session, *args):
    if statement == "commit" or "INSERT INTO" in args[0]:
        setattr(Session, statement, method)
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(0.5)  # the process stops in here, and not a statement later
    return method(session, *args)

setattr(Session, statement, paused)
line.transfer("bi", run="paused")
"""


def has_ended_the_idle_one(shop: Shop) -> None:
    """Waits until the server has ended the transaction of the writer that is paused."""
    until = time.monotonic() + 60
    with shop.place.database.connection() as other:  # type: ignore[attr-defined]
        while other.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        ).fetchone()[0]:  # type: ignore[index]
            assert time.monotonic() < until, "the transaction of the paused writer goes on"
            other.rollback()
            time.sleep(0.05)


@pytest.mark.parametrize("statement", ["run", "commit"], ids=["before the fence", "before the commit"])
def test_a_writer_that_is_paused_and_goes_on_after_a_newer_one_has_done_nothing(
    on_postgres: Shop, statement: str
) -> None:
    shop, line = on_postgres, on_postgres.line
    line.sync([product("a", "v1"), product("z")], "bi")
    line.read([product("a", "v2"), product("z")])
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", PAUSED, str(line.folder), statement]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
    try:
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        line.passes(hours=6)
        line.sync(products("z"), "bi")
        assert {sku for sku, _ in shop.rows()} == {"z"}
        has_ended_the_idle_one(shop)
        os.kill(process.pid, signal.SIGCONT)
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    assert b"did not answer, or broke off: it ended the connection" in said
    assert {sku for sku, _ in shop.rows()} == {"z"}
    line.transfer("bi")
    assert shop.is_the_catalog()


# ── whoever is in the way, and whoever does not answer ──────────────────────────────────────────────────────────────


def test_a_batch_waits_for_another_transaction_until_its_time_is_over(on_postgres: Shop) -> None:
    shop = on_postgres
    shop.line.sync(products("a"), "bi")
    shop.line.change("bi", batch_seconds=2)
    shop.line.read(products("a", "b"))
    with shop.place.database.connection() as other, other.transaction():  # type: ignore[attr-defined]
        other.execute("SELECT * FROM datasync_fence FOR UPDATE")
        began = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="did not answer"):
            shop.line.transfer("bi")
        assert 1 < time.monotonic() - began < 20
    assert shop.rows() == {("a", "A name")}
    assert shop.line.outcomes("bi")["b"] == "failed"
    shop.line.change("bi", batch_seconds=60)
    assert shop.line.transfer("bi").added == 1
    assert shop.is_the_catalog()


def test_a_deadlock_is_tried_again(on_postgres: Shop, caplog: pytest.LogCaptureFixture) -> None:
    shop = on_postgres
    shop.line.sync(products("a", "b"), "bi")
    shop.line.read([product("a", "v2"), product("b", "v2")])

    def in_the_way() -> None:
        with shop.place.database.connection() as other, other.transaction():  # type: ignore[attr-defined]
            other.execute("UPDATE products SET url = 'x' WHERE sku = 'b'")
            is_held.set()
            while not other.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:  # type: ignore[index]
                time.sleep(0.01)
            other.execute("UPDATE datasync_fence SET version = version")

    is_held = threading.Event()
    thread = threading.Thread(target=in_the_way)
    thread.start()
    assert is_held.wait(10)
    assert shop.line.transfer("bi").updated == 2
    thread.join()
    assert "deadlock detected" in caplog.text
    assert shop.is_the_catalog()


def test_a_file_that_another_process_writes_to_is_waited_for(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = opened("sqlite", postgres, tmp_path, monkeypatch)
    shop.line.sync(products("a"), "bi")
    held = "import sqlite3, sys, time; con = sqlite3.connect(sys.argv[1], isolation_level=None)"
    script = f"{held}; con.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(float(sys.argv[2]))"
    command = [sys.executable, "-c", script, str(tmp_path / "shop.db")]
    for seconds, waits in (("1.5", 60), ("30", 1)):
        shop.line.change("bi", batch_seconds=waits)
        with subprocess.Popen([*command, seconds], stdout=subprocess.PIPE) as process:
            assert process.stdout and process.stdout.readline() == b"held\n"
            if waits > 1:
                shop.line.sync(products("a", "b"), "bi")
            else:
                with pytest.raises(ServiceUnavailable, match="did not answer"):
                    shop.line.sync(products("a", "b", "c"), "bi")
            process.kill()
        assert {sku for sku, _ in shop.rows()} == {"a", "b"}


def test_a_server_that_never_answers_is_waited_for_as_long_as_a_batch_may_take(
    on_postgres: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = on_postgres
    shop.line.change("bi", batch_seconds=1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AIRFLOW_CONN_BI", f"postgres://a:b@127.0.0.1:{silent.getsockname()[1]}/x")
        began = time.monotonic()
        with pytest.raises(ServiceUnavailable, match="it did not answer in time"):
            shop.service().prepare()
        assert time.monotonic() - began < 5


def _ends_the_connection(shop: Shop, over: str = "") -> None:
    """Has the server end the connection over each row, or over some, until the trigger `ends` is dropped."""
    ends = "RETURN pg_terminate_backend(pg_backend_pid())::text"
    shop.place.run(
        f"CREATE FUNCTION ends() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {ends}; END'",
        f"CREATE TRIGGER ends BEFORE INSERT ON products FOR EACH ROW {over} EXECUTE FUNCTION ends()",
    )


def test_a_row_over_which_the_server_ends_the_connection_keeps_no_other_out(on_postgres: Shop) -> None:
    shop = on_postgres
    shop.line.sync(products("a"), "bi")
    _ends_the_connection(shop, "WHEN (NEW.sku = 'm')")
    shop.line.read(products("a", "b", "m", "z"))
    shop.line.transfer("bi")
    assert shop.line.outcomes("bi") == {"a": "received", "b": "received", "m": "rejected", "z": "received"}
    assert {sku for sku, _ in shop.rows()} == {"a", "b", "z"}
    assert "breaks down over this product alone" in shop.line.receipts("bi")["m"]["words"]
    shop.place.run("DROP TRIGGER ends ON products")
    shop.line.sync([*products("a", "b", "z"), product("m", "Mended")], "bi")
    assert shop.is_the_catalog()


def test_a_server_that_ends_every_batch_has_brought_nothing_and_all_of_it_stays_due(on_postgres: Shop) -> None:
    shop = on_postgres
    shop.line.sync(products("a"), "bi")
    _ends_the_connection(shop)
    shop.line.read(products("a", "b", "m", "z"))
    with pytest.raises(ServiceUnavailable, match="did not answer, or broke off"):
        shop.line.transfer("bi")
    assert shop.line.outcomes("bi") == {"a": "received", "b": "failed", "m": "failed", "z": "failed"}
    assert {sku for sku, _ in shop.rows()} == {"a"}
    shop.place.run("DROP TRIGGER ends ON products")
    assert shop.line.transfer("bi").added == 3
    assert shop.is_the_catalog()


def test_a_row_of_another_scope_never_holds_a_batch_up(on_postgres: Shop) -> None:
    shop = on_postgres
    shop.line.sync(products("a"), "bi")
    shop.line.change("bi", batch_seconds=5)
    with shop.place.database.connection() as other, other.transaction():  # type: ignore[attr-defined]
        other.execute("INSERT INTO datasync_fence VALUES ('products', 'de', 1)")
        other.execute("INSERT INTO products (scope, sku) VALUES ('de', 'a'), ('de', 'b')")
        shop.line.sync(products("a", "b"), "bi")
    assert shop.rows("scope, sku", "1 = 1") == {(SCOPE, "a"), (SCOPE, "b"), ("de", "a"), ("de", "b")}
