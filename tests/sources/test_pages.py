"""The pages of the sources sql and files are run: a newcomer's folder, the page's settings, the shell."""

from __future__ import annotations

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from datasync import settings
from datasync.connection import from_environment
from tests.postgres import PostgreSQL
from tests.shop import BEGAN, Shop
from tests.sources.databases import made

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"<!-- (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)


def blocks(kind: str, mark: str) -> list[str]:
    """The texts that a page marks, as a newcomer would copy them."""
    page = (ROOT / "docs" / "sources" / f"{kind}.md").read_text(encoding="utf-8")
    return [text for found, text in BLOCK.findall(page) if found == mark]


@pytest.mark.parametrize("way", ["postgresql", "sqlite"])
def test_the_settings_of_the_page_of_sql_sync_a_catalog(
    way: str, postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = made(way, postgres, tmp_path)
    schema = (ROOT / "examples" / "erp" / "schema.sql").read_text(encoding="utf-8")
    place.run(*(part for part in re.sub(r"(?m)^--.*\n", "", schema).split(";\n") if part.strip()))
    monkeypatch.setenv("AIRFLOW_CONN_ERP", place.uri())
    (given,) = blocks("sql", "settings")
    shop = Shop(tmp_path, given)
    checked = shop.run("check")
    assert checked.code == 0, checked.out + checked.err
    assert shop.run("sync").code == 0
    assert [one["products"] for one in shop.json("status")["scopes"]] == [3]
    place.run("UPDATE price SET amount = 1, changed_at = '2026-11-24 04:00:00' WHERE article_id = 1")
    assert shop.run("sync").code == 0
    told = shop.json("status")
    assert told["scopes"][0]["last_pull"]["complete"] is False
    assert told["scopes"][0]["services"][0]["latest_update"] == 3
    assert (told["sources"][0]["reads"], told["sources"][0]["lookback_seconds"]) == ("partial", 3_600)


def test_a_database_beside_the_settings_needs_no_connection(postgres: PostgreSQL, tmp_path: Path) -> None:
    made("sqlite", postgres, tmp_path).run(
        "CREATE TABLE product (sku, name)", "INSERT INTO product VALUES ('A', 'a'), ('B', 'b')"
    )
    given = "sources: {erp: {kind: sql, url: 'sqlite:///shop.db'}}\nscopes: {en: {source: erp, table: product}}\n"
    shop = Shop(tmp_path, f"{given}services: {{search: {{}}}}\n")
    assert shop.run("sync").code == 0
    assert [one["products"] for one in shop.json("status")["scopes"]] == [2]


def test_a_url_with_a_password_is_refused(tmp_path: Path) -> None:
    given = "sources: {erp: {kind: sql, url: 'postgresql://a:pw@db/x'}}\nscopes: {en: {source: erp, table: product}}\n"
    told = Shop(tmp_path, f"{given}services: {{search: {{}}}}\n").run("sync")
    assert (told.code, "put it into a connection" in told.err) == (2, True)


def test_the_connections_of_the_page_of_sql_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for line in blocks("sql", "connection"):
        variable, _, value = shlex.split(line)[1].partition("=")
        monkeypatch.setenv(variable, value)
        found.append(from_environment(variable.removeprefix("AIRFLOW_CONN_").lower()))
    as_uri, as_json = found
    assert as_uri == as_json
    assert (as_uri.schema, as_uri.extra) == ("erp", {"sslmode": "require"})


def test_the_settings_of_the_page_of_files_sync_a_catalog_and_its_changes(tmp_path: Path) -> None:
    given, *_ = blocks("files", "settings")  # those after it show single keys
    shop = Shop(tmp_path, given)

    def arrives(name: str, content: str) -> None:
        file = tmp_path / "inbox" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        os.utime(file, (BEGAN.timestamp() - 3_600,) * 2)

    arrives("catalog/a.csv", "article;title\n00123;Rain jacket\n00124;Trail shoe\n")
    arrives("changes/1.jsonl", json.dumps({"sku": "A", "name": "a"}) + "\n")
    assert shop.run("check").code == 0
    assert shop.run("sync").code == 0
    arrives("changes/deep/er/2.jsonl", json.dumps({"sku": "B", "name": "b"}) + "\n")
    assert shop.run("sync").code == 0
    told = shop.json("status")
    assert [one["products"] for one in told["scopes"]] == [2, 2]
    assert told["scopes"][1]["last_pull"]["records"] == 1
    assert told["sources"][0]["reads"] == "changes"


@pytest.mark.parametrize("kind", ["files", "sql"])
def test_a_page_names_every_key_of_its_source_and_scope(kind: str) -> None:
    page = (ROOT / "docs" / "sources" / f"{kind}.md").read_text(encoding="utf-8")
    options = settings.source_kind(kind)
    keys = [*options.model_fields, *(options.scope_model.model_fields.keys() - settings.Scope.model_fields.keys())]
    assert [key for key in keys if not re.search(rf"`{key}\b|^ +{key}:", page, re.MULTILINE)] == (
        ["locale"] if kind == "files" else []
    )
