"""The page of the sql service is run: a newcomer's folder, the page's settings, the shell."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from datasync.connection import from_environment
from datasync.delivery.services.sql.options import SqlService
from datasync.settings.options import ServiceOptions
from tests.postgres import PostgreSQL
from tests.services.sql_tables import WAYS
from tests.shop import Shop
from tests.sources.databases import made

PAGE = (Path(__file__).parents[2] / "docs" / "services" / "sql.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("way", WAYS)
def test_the_settings_of_the_page_bring_two_scopes_into_one_table(
    way: str, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made(way, postgres, tmp_path)
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", place.uri())
    shop = Shop(tmp_path, BLOCKS["settings"])
    checked = shop.run("check")
    assert checked.code == 0, checked.out + checked.err
    assert checked.out.count("its fence refuses a batch that comes after a newer one.") == 2, "of each scope"
    assert "the table products is not there yet, and can be made." in checked.out
    assert not shop.run("sync").code
    scopes = shop.json("status")["scopes"]
    for scope in scopes:
        where = f"scope = '{scope['scope']}' AND deleted_at IS NULL AND datasync_hash IS NOT NULL"
        ((rows,),) = place.run(f"SELECT count(*) FROM products WHERE {where} AND title <> '' AND tags IS NOT NULL")
        assert rows == scope["services"][0]["total_received"] > 30
    assert [scope["services"][0]["unexplained"] for scope in scopes] == [0, 0]
    assert "the table products is there, and has what it needs." in shop.run("check").out


def test_check_says_what_is_wrong_with_a_table(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made("postgresql", postgres, tmp_path)
    place.run("CREATE TABLE products (scope text, sku text, title varchar(2))")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", place.uri())
    checked = Shop(tmp_path, BLOCKS["settings"]).run("check")
    assert checked.code != 0
    assert "services.bi.table" in checked.out
    assert "the table 'products' has no column 'price'" in checked.out


def test_the_connections_of_the_page_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    connections = []
    for written in shlex.split(BLOCKS["connection"])[1::2]:
        variable, _, value = written.partition("=")
        monkeypatch.setenv(variable, value)
        connections.append(from_environment(variable.removeprefix("AIRFLOW_CONN_").lower()))
    as_uri, as_json = connections
    assert as_uri == as_json
    assert (as_uri.schema, as_uri.password, as_uri.extra) == ("shop", "pass/word", {"sslmode": "require"})


def test_the_page_names_every_key_of_the_service() -> None:
    keys = SqlService.model_fields.keys() - ServiceOptions.model_fields.keys()
    assert [key for key in sorted(keys) if not re.search(rf"\| `{key}` \|", PAGE)] == []
