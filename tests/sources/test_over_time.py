"""Partial pulls and a complete one over the network: the catalog ends up as the source, and what was missed is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from datasync.store.logs import catalog_log
from tests.shop import Shop
from tests.sources.standins import stand as stands
from tests.sources.standins.server import started
from tests.sources.standins.stand import Stand
from tests.views import view

SETTINGS = """
sources:
  there: {{kind: {kind}, connection: there}}
scopes:
  en-US: {{source: there, {address}}}
services:
  search: {{}}
"""
SKUS = ("A", "B", "C", "D", "E", "F", "G")


class Catalog:
    """What the source sells, product by product, and what the pipeline made of it."""

    def __init__(self, stand: Stand, folder: Path) -> None:
        self.stand, self.began = stand, datetime.now(UTC)
        address = ", ".join(f"{key}: {value}" for key, value in stand.address.items())
        self.shop = Shop(folder, SETTINGS.format(kind=stand.kind, address=address))
        self.shop.now = self.began
        self.products = {sku: self._new(number, sku) for number, sku in enumerate(SKUS, 1)}

    def _new(self, number: int, sku: str) -> dict[str, Any]:
        uuid = f"{number:08x}-0000-4000-8000-000000000000"
        moment = (self.began - timedelta(hours=5)).isoformat()
        return {"uuid": uuid, "id": number, "sku": sku, "name": f"Name {sku}", "price": "9.90", "updated": moment}

    def edit(self, key: str, *, moves: bool = True, **changes: Any) -> None:
        """Change a product; ``moves`` is whether its date moves with it, as it should."""
        moment = {"updated": datetime.now(UTC).isoformat()} if moves else {}
        self.products[key] = {**self.products[key], **moment, **changes}

    def sync(self, *argv: str) -> None:
        self.stand.sells(*self.products.values())
        told = self.shop.run("sync", *argv)
        assert told.code == 0, told.out + told.err

    def found(self) -> dict[str, tuple[str, Decimal, str]]:
        """The catalog: name, price and status by SKU."""
        with self.shop.connected() as (con, line):
            view(con, "now", catalog_log(line.store, "en-US").fold())
            rows = con.execute("SELECT sku, name, price, status FROM now WHERE change <> 'removed'").fetchall()
        return {sku: (name, price, status) for sku, name, price, status in rows}

    def ought(self) -> dict[str, tuple[str, Decimal, str]]:
        """The source: the same of every product that is valid."""
        off = {"enabled": False, "status": 2}
        return {
            one["sku"]: (one["name"], Decimal(one["price"]), "disabled" if one.items() & off.items() else "enabled")
            for one in self.products.values()
            if one["name"]
        }


@pytest.fixture(params=["akeneo", "adobe_commerce"])
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    with started(f"tests.sources.standins.{request.param}") as site:
        stand: Stand = getattr(stands, request.param)(site)
        plain = asdict(stand.connection)
        given = {key: plain[key] for key in ("host", "login", "password", "extra")}
        monkeypatch.setenv("AIRFLOW_CONN_THERE", json.dumps({"conn_type": "http", **given}))
        yield Catalog(stand, tmp_path)
        assert site.tell("log")["violations"] == []


def test_after_partial_pulls_and_a_complete_one_the_catalog_is_the_source_and_what_was_missed_is_told(
    there: Catalog,
) -> None:
    there.sync()
    assert there.found() == there.ought()

    there.edit("A", price="19.90")
    there.edit("B", name="Name of B")
    there.edit("D", enabled=False, status=2)
    there.edit("E", sku="E-2")
    before = there.found()["F"]
    there.edit("F", name="")
    gone = there.products.pop("C")
    there.sync()
    still = {"C": (gone["name"], Decimal("9.9"), "enabled"), "E": ("Name E", Decimal("9.9"), "enabled"), "F": before}
    assert there.found() == {**there.ought(), **still}

    there.edit("D", enabled=True, status=1)
    there.edit("F", name="Name of F")
    there.sync()
    assert there.found() == {**there.ought(), "C": still["C"], "E": still["E"]}

    there.edit("G", price="1.00", moves=False)
    there.sync()
    assert there.found()["G"][1] == Decimal("9.9")

    there.sync("--complete")
    assert there.found() == there.ought()
    (shown,) = there.shop.json("status")["sources"]
    assert (shown["missed"], shown["removed"]) == (1, 2)
