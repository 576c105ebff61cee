"""A store and its page with a rich history, made by the line itself: changes, removals, refusals, holds, resyncs."""

from __future__ import annotations

import csv
import json
import re
import shutil
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.shop import FIELDS, Shop

SETTINGS = """
schedule: "0 * * * *"
guard: {percent: 30, products: 1}
sources:
  exports: {kind: files}
scopes:
  en-US: {source: exports, path: "en/*.csv", attributes: [color], label: English}
  de-DE: {source: exports, path: "de/*.csv", attributes: [color], label: Deutsch}
services:
  catalog-service: {label: Catalog Service}
  search:
    label: Search
    required: [categories]
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product isn't enabled}
"""
EN = [("0001", "Lamp"), ("0002", "Chair"), ("0003", "Table"), ("0004", "Sofa"), ("0005", "Shelf"), ("0006", "Rug")]
DE = [("0001", "Lampe"), ("0002", "Stuhl"), ("0003", "Tisch"), ("0004", "Sofa"), ("0005", "Regal")]


def product(sku: str, name: str, status: str = "enabled", categories: str = "Home", color: str = "red") -> list[str]:
    return [sku, name, status, categories, color]


BEFORE = SETTINGS.replace(
    "services:",
    """  fr-FR: {source: exports, path: "fr/*.csv"}
services:
  marketplace: {}""",
)


class Rich(Shop):
    """The shop after four days: what it sold at which hour is written down in ``story``."""

    def at(self, day: int, hour: int) -> None:
        self.now = datetime(2026, 11, day, hour, tzinfo=self.now.tzinfo)

    def exported(self, scope: str, rows: Sequence[Sequence[str]]) -> None:
        (self.folder / scope).mkdir(exist_ok=True)
        with open(self.folder / scope / "products.csv", "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([FIELDS, *rows])

    def synced(self) -> None:
        told = self.run("sync")
        assert told.code in (0, 5), told.err


def story(folder: Path) -> Rich:
    """Everything that can be counted has happened at least once; ends at 13 o'clock on the 24th, published."""
    shop = Rich(folder, BEFORE)
    en, de = [product(*one) for one in EN], [product(*one) for one in DE]
    shop.at(20, 9)
    shop.exported("en", en)
    shop.exported("de", de)
    shop.exported("fr", en[:2])
    shop.synced()
    shop.settings.write_text(SETTINGS, encoding="utf-8")  # from now on there is a scope and a service less
    shop.at(22, 9)  # a new price of the lamp, a chair that is disabled, a table without categories
    en[0] = product("0001", "Lamp", color="blue")
    en[1] = product("0002", "Chair", "disabled")
    en[2] = product("0003", "Table", categories="")
    shop.exported("en", en)
    shop.synced()
    shop.run("tidy")
    shop.at(23, 20)  # a sofa cannot be understood, a record comes twice, another one in two versions
    en[3] = product("0004", "Sofa", "perhaps")
    shop.exported("en", [*en, en[4], product("", "Nameless"), product("0007", "Vase"), product("0007", "Old vase")])
    de[0] = product("0001", "Leuchte", color="blau")
    shop.exported("de", de[:4])
    shop.synced()
    shop.at(24, 10)  # the lamp changes again in one language, and the rug goes
    en[0] = product("0001", "Lamp", color="green")
    shop.exported("en", [*en[:5], product("0007", "Vase")])
    shop.synced()
    shop.run("resync", "--scope", "en-US", "--sku=0005", "--force", "--reason", "A test", "--yes")
    shop.at(24, 11)  # the German export comes nearly empty: a removal is held
    shop.exported("de", de[3:4])
    shop.synced()
    shop.at(24, 12)  # a run is cut off after the catalog: something is due, and something is to be removed
    en[0], en[4] = product("0001", "Lamp", color="white"), product("0005", "Shelf", "disabled")
    new = product("0008", "Bench")
    shop.exported("en", [*en[:5], product("0007", "Vase"), product("", "Nameless"), new, new])
    cut_off = shop.pipeline()
    run = cut_off.begin("cut-off", "sync", ("en-US",), "schedule", "")
    cut_off.pull(run, "en-US")
    cut_off.apply(run, "en-US")
    shop.at(24, 13)
    told = shop.run("publish")
    assert told.code == 0, told.err
    return shop


def copy(built: Rich, folder: Path) -> Rich:
    """The same shop once more in an empty folder."""
    shutil.copytree(built.folder, folder, dirs_exist_ok=True)
    shop = Rich(folder, built.settings.read_text(encoding="utf-8"))
    shop.now = built.now
    return shop


def data_file(shop: Shop, key: str, version: str = "*") -> Any:
    """What a data file of one JSON text holds; ``key`` is its folder, kind and number (below 10)."""
    (file,) = (shop.folder / "var/site/data").glob(f"{version}/{key}/{key[-1]}.js")
    found = re.fullmatch(r'datasync\("[^"]+","([^"]*)",(\d+)\)', file.read_text(encoding="utf-16"))
    assert found
    bits = "".join(f"{ord(letter) - 0x3400:015b}"[::-1] for letter in found[1])
    packed = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, 8 * int(found[2]), 8))
    return json.loads(zlib.decompress(packed, -15))


def page_data(shop: Shop) -> Any:
    """What the page itself holds."""
    html = (shop.folder / "var/site/index.html").read_text(encoding="utf-8")
    found = re.search(r'id="page">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])
