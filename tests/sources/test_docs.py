"""The pages under docs/sources are run: their settings against a stand-in, by the shell; their connections are read."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from datasync import settings
from datasync.connection import Connection, from_environment
from tests.shop import Shop
from tests.sources.standins import stand as stands
from tests.sources.standins.server import started
from tests.sources.standins.stand import Stand

DOCS = Path(__file__).parents[2] / "docs" / "sources"
BLOCK = re.compile(r"<!-- (\w+) -->\n```\w+\n(.*?)```", re.DOTALL)
KINDS = ("akeneo", "adobe-commerce")
OFFERED = {"akeneo": ("ecommerce", "de_DE"), "adobe-commerce": ("default (Default)", "de (Deutsch)")}


def blocks(kind: str, mark: str) -> list[str]:
    """The texts that a page marks, as a newcomer would copy them."""
    page = (DOCS / f"{kind}.md").read_text(encoding="utf-8")
    return [text for found, text in BLOCK.findall(page) if found == mark]


@pytest.fixture(params=KINDS, scope="module")
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    name = request.param.replace("-", "_")
    with started(f"tests.sources.standins.{name}") as site:
        yield getattr(stands, name)(site)


@pytest.fixture
def shop(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A newcomer's folder with the page's settings, and a connection to the stand-in in the environment."""
    stand.site.tell("reset")
    stand.fill(350)
    (given,) = blocks(stand.kind, "settings")
    (source,) = yaml.safe_load(given)["sources"].values()
    plain = asdict(stand.connection)
    known = {key: plain[key] for key in ("host", "login", "password", "extra")}
    monkeypatch.setenv(f"AIRFLOW_CONN_{source['connection'].upper()}", json.dumps({"conn_type": "http", **known}))
    return Shop(tmp_path, given)


def test_the_settings_of_a_page_sync_a_catalog(stand: Stand, shop: Shop) -> None:
    checked = shop.run("check")
    assert checked.code == 0, checked.out + checked.err
    (offers,) = [line for line in checked.lines if "it lets us in and has" in line]
    assert all(word in offers for word in OFFERED[stand.kind])
    asked = len(stand.site.log())
    assert asked < 20, "a check reads no whole catalog"
    synced = shop.run("sync")
    assert synced.code == 0, synced.out + synced.err
    totals = {one["scope"]: one["products"] for one in shop.json("status")["scopes"]}
    assert totals == {"en-US": 350, "de-DE": 350}
    assert stand.site.tell("log")["violations"] == []


def test_no_secret_is_left_anywhere(stand: Stand, shop: Shop) -> None:
    told = [shop.run(*argv) for argv in (["check"], ["sync"], ["publish"], ["why", "SKU-0000001"])]
    assert "planted" not in "".join(one.out + one.err for one in told)
    left = shop.files()
    assert any(name.startswith("var/store/pulls/") for name in left)
    plain = [gzip.decompress(content) if name.endswith(".gz") else content for name, content in left.items()]
    assert not any(b"planted" in content for content in plain)


def test_a_connection_that_is_missing_is_told_by_check_and_sync(
    stand: Stand, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = {"akeneo": "PIM", "adobe-commerce": "SHOP"}[stand.kind]
    monkeypatch.delenv(f"AIRFLOW_CONN_{name}")
    checked, synced = shop.run("check"), shop.run("sync")
    assert (checked.code, synced.code) == (2, 2)
    problems = [line.split(": ")[0] for line in checked.lines if line.startswith("problem")]
    assert problems == [f"problem  sources.{name.lower()}"]
    assert f"AIRFLOW_CONN_{name}" in synced.out + synced.err


def test_a_field_that_the_source_does_not_have_is_told_by_check(stand: Stand, shop: Shop) -> None:
    text = shop.settings.read_text(encoding="utf-8")
    shop.settings.write_text(text.replace("attributes: [color", "attributes: [colour"), encoding="utf-8")
    checked = shop.run("check")
    assert checked.code == 2
    (told,) = [line for line in checked.lines if line.startswith("problem")]
    assert "scopes.en-US: no record has the field 'colour'" in told


@pytest.mark.parametrize("kind", KINDS)
def test_the_connections_of_a_page_are_the_same_and_have_what_the_kind_needs(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Connection] = []
    for line in blocks(kind, "connection"):
        word, assignment = shlex.split(line)
        variable, _, value = assignment.partition("=")
        monkeypatch.setenv(variable, value)
        assert word == "export"
        found.append(from_environment(variable.removeprefix("AIRFLOW_CONN_").lower()))
    as_json, as_uri = found
    assert as_json.host.removeprefix("https://") == as_uri.host
    assert (as_json.login, as_json.password, as_json.extra) == (as_uri.login, as_uri.password, as_uri.extra)
    needed = {"akeneo": {"client_id", "client_secret"},
              "adobe-commerce": {"consumer_key", "consumer_secret", "access_token", "access_token_secret"}}  # fmt: skip
    assert set(as_json.extra) == needed[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_names_every_key_of_its_source(kind: str) -> None:
    page = (DOCS / f"{kind}.md").read_text(encoding="utf-8")
    keys = {
        key for key in settings.source_kind(kind).model_fields if f"`{key}" not in page and f"    {key}:" not in page
    }
    assert keys - {"page_size"} == set()
