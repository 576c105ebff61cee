"""docs/services/opensearch.md is run: its settings deliver to a real server by the shell; its connections are read."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from datasync.connection import Connection, from_environment
from datasync.delivery.services.opensearch.options import OpenSearchService
from datasync.delivery.services.opensearch.session import Access
from tests.searchserver import OpenSearch
from tests.services.indexed import connection
from tests.shop import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "services" / "opensearch.md").read_text(encoding="utf-8")


def _blocks(mark: str) -> list[str]:
    return [text for word, text in re.findall(r"<!-- (\w+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL) if word == mark]


def test_the_settings_of_the_page_bring_products_into_an_index(
    opensearch: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(opensearch.url, login="writer", password="planted-here"))
    (settings,) = _blocks("settings")
    prefix = opensearch.prefix()
    shop = Shop(tmp_path, settings.replace('"products-{scope}"', f'"{prefix}-{{scope}}"'))
    checked = shop.run("check")
    assert checked.code == 0, checked.out + checked.err
    search = [line for line in checked.lines if "services.search" in line]
    assert len(search) == 4 and all("en-US: " in line for line in search)
    assert opensearch.ask("GET", f"{prefix}*") == {}, "a check leaves nothing"
    synced = shop.run("sync")
    assert synced.code == 0, synced.out + synced.err
    (scope,) = shop.json("status")["scopes"]
    held = opensearch.documents(f"{prefix}-en-us")
    assert len(held) == scope["services"][0]["total_received"] > 100
    assert {document["status"] for document in held.values()} == {"enabled"}
    left = b"".join(content for name, content in shop.files().items() if name != "datasync.yaml")
    assert b"planted-here" not in left
    assert "planted-here" not in checked.out + checked.err + synced.out + synced.err


def test_the_connections_of_the_page_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Connection] = []
    for line in _blocks("connection"):
        _, assignment = shlex.split(line)
        variable, _, value = assignment.partition("=")
        monkeypatch.setenv(variable, value)
        read.append(from_environment("search"))
    assert {Access.of("search", each, 60).base for each in read} == {"https://search.example:9200"}
    assert {(each.login, each.password) for each in read} == {("writer", "s3cret")}


@pytest.mark.parametrize(
    ("fields", "base"),
    [
        ({"host": "h"}, "http://h:9200"),
        ({"host": "h", "port": 443, "extra": {"use_ssl": "True"}}, "https://h:443"),
        ({"host": "https://h", "port": 1}, "https://h:1"),
        ({"host": "h", "schema": "https"}, "https://h:9200"),
    ],
)
def test_a_connection_says_which_protocol_is_spoken(fields: dict[str, object], base: str) -> None:
    assert Access.of("search", Connection("search", "opensearch", **fields), 60).base == base  # type: ignore[arg-type]


def test_the_page_names_every_key_of_the_kind() -> None:
    own = set(OpenSearchService.model_fields) - {"label", "guard", "export"}
    assert [key for key in own if f"{key}:" not in PAGE and f"`{key}" not in PAGE] == []
