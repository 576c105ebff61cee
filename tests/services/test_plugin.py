"""A kind of service from another package, about ten lines of code, and what the contract asks of it."""

from __future__ import annotations

import json
import os
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from datasync import registry
from datasync.errors import ServiceRefused
from tests.line import Line, product
from tests.packages import Packages
from tests.services import faults, receiver
from tests.services.contract import Contract
from tests.services.faults import Faults
from tests.shop import SETTINGS, Shop

OPTIONS = """
from typing import Literal

from datasync.settings import ServiceOptions


class PartnerService(ServiceOptions):
    kind: Literal["acme-partner"]
    connection: str
    shelf: str
    timeout: float = 30.0

    def open(self, opening):
        from acme_partner.partner import Partner

        return Partner(opening)
"""
PARTNER = """
from datasync.delivery.services.base import WHOLE_PRODUCT
from datasync.delivery.services.over_http import Sender, answers_of
from datasync.relation import select

ITEMS = "SELECT coalesce(to_json(list({sku: sku, operation: operation, hash: hash, name: name})), '[]')::VARCHAR FROM b"


class Partner:
    receipt_is_delivery, needs, fence = False, WHOLE_PRODUCT, "version"

    def __init__(self, opening):
        self.name, self.path = opening.name, f"/products/{opening.options.shelf}"
        self.sender = Sender(opening.name, opening.connection(), opening.options.timeout)
        self.batch_seconds, self.close = round(10 * opening.options.timeout), self.sender.close

    def prepare(self):
        self.sender.ask("/")

    def deliver(self, con, batch):
        ((items,),) = select(ITEMS, b=batch.rows).rows(con)
        sent = f'{{"version": {batch.version}, "items": {items}}}'
        return answers_of(self.name, self.sender.send(self.path, batch, sent))
"""
PACKAGE = {"acme_partner/__init__.py": "", "acme_partner/options.py": OPTIONS, "acme_partner/partner.py": PARTNER}
SERVICES = {"acme-partner": "acme_partner.options:PartnerService"}


@pytest.fixture(scope="module", autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The package, for this process and for those that it begins."""
    packages = Packages(tmp_path_factory.mktemp("packages"))
    packages.install("acme-partner", PACKAGE, sources={}, services=SERVICES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(packages.folder), os.environ.get("PYTHONPATH", "")]))
        patch.syspath_prepend(str(packages.folder))
        with _known_anew():
            yield


@contextmanager
def _known_anew() -> Iterator[None]:
    registry._declared.cache_clear()
    yield
    registry._declared.cache_clear()


@dataclass
class Partner:
    """A receiver, and the proxy before it."""

    faults: Faults
    options: Mapping[str, Any]
    address: str

    def holds(self) -> Mapping[str, tuple[str, int]]:
        with urllib.request.urlopen(self.address) as answer:
            return {sku: (hash_, version) for sku, (hash_, version) in json.load(answer).items()}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Faults]]:
    with receiver.running(tmp_path_factory.mktemp("receiver") / "shelf.json") as port, faults.before(port) as proxy:
        yield port, proxy


def test_what_waits_for_a_budget_is_said_by_the_shell_in_status_json_and_on_the_page(
    ports: tuple[int, Faults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PARTNER", f"http://http%3A%2F%2F127.0.0.1:{ports[1].port}")
    ports[1].reset()
    service = f"{{kind: acme-partner, connection: partner, shelf: {uuid.uuid4().hex}, per_day: 2}}"
    shop = Shop(tmp_path, SETTINGS.partition("services:")[0] + f"services:\n  partner: {service}\n")
    shop.sells(*((f"S-{number}", "A name", "enabled", "", "") for number in range(1_500)))
    sentence = "1,498 due, budget from 00:00 UTC"
    synced = shop.run("sync")
    assert (synced.code, synced.err.count("failed")) == (0, 0)
    assert f"en-US to partner: {sentence}" in synced.lines
    assert f"en-US to partner: {sentence}" in shop.run("status").lines
    service = shop.json("status")["scopes"][0]["services"][0]
    assert (service["outcome"], service["due"], service["budget"]) == ("ok", 1_498, sentence)
    shop.run("publish")
    assert json.loads((tmp_path / "var/site/status.json").read_text())["scopes"][0]["services"][0]["budget"] == sentence
    assert sentence in (tmp_path / "var/site/index.html").read_text(encoding="utf-8")
    shop.now += timedelta(days=1)
    assert sentence not in shop.run("status").out, "there is a budget again"
    shop.run("sync")
    shop.settings.write_text(SETTINGS, encoding="utf-8")
    shop.now += timedelta(days=1)
    shop.run("withdraw", "--yes")
    assert "partner in en-US: 2 products held" in shop.run("withdraw").out, "2 of 4 left on that day"


def test_a_server_s_own_words_are_shown_of_a_refusal_without_what_opens_it(
    ports: tuple[int, Faults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PARTNER", f"http://x:s3cret-T0ken-9@http%3A%2F%2F127.0.0.1:{ports[1].port}")
    proxy = ports[1]
    proxy.reset()
    options = {"kind": "acme-partner", "connection": "partner", "shelf": uuid.uuid4().hex}
    line = Line(tmp_path, partner=options)
    body = json.dumps({"message": "The name is odd. You sent s3cret-T0ken-9"})
    proxy.next("answer", status=400, body=body, contains="Odd")
    line.sync([product("a", "Odd")], "partner")
    assert line.receipts("partner")["a"]["words"] == "HTTP 400: The name is odd. You sent ***"
    proxy.next("answer", status=401, body=body, path="^POST ")
    line.read([product("a", "New")])
    with pytest.raises(ServiceRefused, match=r"it answered HTTP 401\. What was sent stays due\."):
        line.transfer("partner")
    assert line.receipts("partner")["a"]["outcome"] == "failed"


class TestPartner(Contract):
    """The plug-in, by the contract."""

    impatient: ClassVar = {"timeout": 1.0}

    @pytest.fixture
    def place(self, ports: tuple[int, Faults], monkeypatch: pytest.MonkeyPatch) -> Partner:
        port, proxy = ports
        monkeypatch.setenv("AIRFLOW_CONN_PARTNER", f"http://http%3A%2F%2F127.0.0.1:{proxy.port}")
        shelf = uuid.uuid4().hex
        options = {"kind": "acme-partner", "connection": "partner", "shelf": shelf}
        return Partner(proxy, options, f"http://127.0.0.1:{port}/products/{shelf}")
