"""Mistakes that people make when they point a source at a system, as the shell tells them: what was given, what is
known, what to do, at once and without a secret.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.shop import SERVICES, CommandOutput, Shop
from tests.sources.standins.server import Site, started

PIM, STORE = "tests.sources.standins.akeneo", "tests.sources.standins.adobe_commerce"
CLIENT = {"client_id": "7_client", "client_secret": "client-planted"}
KEYS = {
    "consumer_key": "ck-planted",
    "consumer_secret": "cs-planted",
    "access_token": "at-planted",
    "access_token_secret": "ats-planted",
}
LOOK = "Look at the login and the secrets in its connection"


@pytest.fixture(scope="module")
def sites() -> Iterator[Mapping[str, Site]]:
    with started(PIM) as pim, started(STORE) as store:
        yield {"akeneo": pim, "adobe-commerce": store}


class Pointed:
    """A shop of one network source at a stand-in."""

    def __init__(self, folder: Path, kind: str, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.port, self.monkeypatch = site, int(site.url.rpartition(":")[2]), monkeypatch
        address = "channel: ecommerce, locale: en_US" if kind == "akeneo" else "store_view: default"
        mine = f"sources:\n  pim: {{kind: {kind}, connection: there}}\nscopes:\n  en-US: {{source: pim, {address}}}\n"
        self.shop = Shop(folder, mine + SERVICES)
        self.usual: dict[str, Any] = {"conn_type": "http", "host": site.url, "extra": KEYS}
        if kind == "akeneo":
            self.usual |= {"login": "sync", "password": "password-planted", "extra": CLIENT}

    def run(self, *argv: str, uri: str = "", **changed: Any) -> CommandOutput:
        written = uri.format(port=self.port) or json.dumps({**self.usual, **changed})
        self.monkeypatch.setenv("AIRFLOW_CONN_THERE", written)
        told = self.shop.run(*argv)
        for text in (told.out, told.err, *map(str, self.shop.files().values())):
            assert "planted" not in text
            assert "s3cr3t" not in text
        return told

    def problem(self, **given: Any) -> str:
        """What `check` says is wrong."""
        found = self.run("check", **given)
        asked = Counter((one["path"], str(one["query"])) for one in self.site.log())
        assert max(asked.values(), default=0) <= 2, "a mistake is not tried again"
        (said,) = [line for line in found.lines if line.startswith("problem")]
        assert found.code == 2
        return said


@pytest.fixture
def pim(tmp_path: Path, sites: Mapping[str, Site], monkeypatch: pytest.MonkeyPatch) -> Pointed:
    sites["akeneo"].tell("reset")
    sites["akeneo"].tell("fill", {"count": 3})
    return Pointed(tmp_path, "akeneo", sites["akeneo"], monkeypatch)


@pytest.fixture
def store(tmp_path: Path, sites: Mapping[str, Site], monkeypatch: pytest.MonkeyPatch) -> Pointed:
    sites["adobe-commerce"].tell("reset")
    sites["adobe-commerce"].tell("fill", {"count": 3})
    return Pointed(tmp_path, "adobe-commerce", sites["adobe-commerce"], monkeypatch)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"password": "s3cr3t"}, rf"it answered 422.* \(http://127.0.0.1:{{port}}/api/oauth/v1/token\). {LOOK}"),
        ({"extra": {**CLIENT, "client_secret": "s3cr3t"}}, rf"it answered 422.*token\). {LOOK}"),
        ({"extra": {"client_id": "7_client"}}, "in its extra; it lacks client_secret. Mend it where it is kept."),
        ({"conn_type": "postgres"}, "'there' is of type 'postgres', and this source is asked over HTTP. Mend"),
        (
            {"uri": "akeneo://http://sync:12/s3cr3t@127.0.0.1:{port}/"},
            "login and password have fields, and in a URI a / ",
        ),
        ({"uri": "akeneo://http://sync:s3cr3t/12@127.0.0.1:{port}/"}, "each part percent-encoded (/ as %2F). Mend it"),
    ],
)
def test_a_connection_that_does_not_open_a_pim_is_told(pim: Pointed, given: Mapping[str, Any], told: str) -> None:
    pattern = told.replace("{port}", str(pim.port))
    said = pim.problem(**given)
    assert pattern in said or re.search(pattern, said)


def test_https_where_plain_http_is_spoken_is_told_at_once(pim: Pointed) -> None:
    said = pim.problem(host=f"https://127.0.0.1:{pim.port}")
    assert f"there is no safe connection to https://127.0.0.1:{pim.port} (" in said
    assert "write http:// before the host" in said


@pytest.mark.parametrize("path", ["/rest", "/shop/"])
def test_a_wrong_path_in_the_address_is_told_with_what_was_asked(store: Pointed, path: str) -> None:
    said = store.problem(host=f"{store.site.url}{path}")
    assert f"({store.site.url}{path.rstrip('/')}/rest/all/V1/store/storeViews). Look at its connection" in said


def test_keys_that_lack_a_part_are_told_by_the_part(store: Pointed) -> None:
    said = store.problem(extra={**KEYS, "access_token": ""})
    assert "or a token as its password; it lacks access_token. Mend it" in said


@pytest.mark.parametrize("host", ["{url}", "{url}/", "127.0.0.1:{port}"])
def test_an_address_is_taken_as_people_write_it(pim: Pointed, host: str) -> None:
    given = host.format(url=pim.site.url, port=pim.port)
    assert pim.run("check", host=given, schema="" if "://" in given else "http").code == 0


def test_a_password_of_every_sign_opens_a_pim_by_uri_and_by_json(pim: Pointed) -> None:
    password = "p%a/s@s:w?o#r+d&=é 1"
    pim.site.tell("set", {"login": {"password": password}})
    extra = "&".join(f"{name}={value}" for name, value in CLIENT.items())
    uri = f"akeneo://http://sync:{quote(password, safe='')}@127.0.0.1:{{port}}/?{extra}"
    assert (pim.run("check", uri=uri).code, pim.run("check", password=password).code) == (0, 0)


def test_a_channel_that_is_no_name_is_looked_for_as_it_stands(pim: Pointed) -> None:
    pim.shop.settings.write_text(pim.shop.settings.read_text().replace("ecommerce", '"../x?y#z"'))
    assert "No channel is called '../x?y#z'. Known: ecommerce, print." in pim.problem()


ODD = (
    "a b",
    "a/b",
    "a,b",
    "it's",
    'q"uote',
    "日本 語",
    "00123",
    "a%b",
    "a&b=c",
    "a+b",
    "<b>",
    "a\\b",
    "a#b?c",
    "-dash",
    "é",
)


@pytest.mark.parametrize("kind", ["pim", "store"])
def test_skus_of_every_sign_are_asked_for_as_they_stand(request: pytest.FixtureRequest, kind: str) -> None:
    pointed: Pointed = request.getfixturevalue(kind)
    names, at = {"en_US": "n", "default": "n"}, "2026-11-20T08:00:00+00:00" if kind == "pim" else "2026-11-20 08:00:00"
    pointed.site.tell("products", [{"sku": sku, "names": names, "updated": at, "price": 1.5} for sku in ODD])
    assert pointed.run("sync").code == 0
    asked = ("resync", "--scope", "en-US", "--reason", "r", "--yes", "--force")
    told = pointed.run(*asked, *(f"--sku={sku}" for sku in (*ODD, "123", "a%", "*")))
    assert "en-US to search: 15 resent, 15 marked." in told.errors
    assert told.lines[-2] == "en-US: not at the source: *, 123, a%"
    for sku in ODD:
        assert "At the source: the last pull" in pointed.run("why", "--", sku).out
