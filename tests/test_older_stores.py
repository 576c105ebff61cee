"""Two small stores as older versions wrote them, read and continued.

`first` is from before tickets and repairs, `second` from just before the stages of the package were parted. Beside each
stand, in expected.json, the figures that the version of `second` makes of it, its stories of some products, and the
figures after one more sync of changed files. Both scopes have been held, resynced, partly quarantined and removed from.
"""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.shop import Shop, same

STORES = Path(__file__).parent / "older_stores"
CHANGED = [f"A{number},Thing {number},enabled,{number}.00,red,2026-11-22T08:00:00Z" for number in range(1, 10)]
NEWER = [
    {"sku": "B5", "name": "Eier", "price": "5.00", "updated_at": "2026-11-22T08:00:00Z"},
    {"sku": "B1", "name": "Brot neu", "price": "1.10", "updated_at": "2026-11-22T08:00:00Z"},
]


@pytest.fixture(params=["first", "second"])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Shop, dict[str, Any]]:
    """A copy of the store in its shop, at the moment that its figures are of, and what is expected of it."""
    shutil.copytree(STORES / request.param, tmp_path, dirs_exist_ok=True)
    expected = json.loads((STORES / request.param / "expected.json").read_text(encoding="utf-8"))
    shop = Shop(tmp_path, (tmp_path / "datasync.yaml").read_text(encoding="utf-8"))
    shop.now = datetime.fromisoformat(expected["as_of"])
    return shop, expected


def _with_known_keys(scopes: list[Any], expected: list[Any]) -> list[Any]:
    """Scopes with the figures that are expected of them; what newer versions count besides is left out."""
    return [
        {key: scope[key] for key in known} | {"services": _services(scope["services"], known["services"])}
        for scope, known in zip(scopes, expected, strict=True)
    ]


def _services(services: list[Any], expected: list[Any]) -> list[Any]:
    pairs = zip(services, expected, strict=True)
    return [{key: service[key] for key in known} for service, known in pairs]


def test_an_older_store_has_the_figures_and_stories_it_had(older: tuple[Shop, dict[str, Any]]) -> None:
    shop, expected = older
    scopes = shop.json("status", "--as-of", expected["as_of"])["scopes"]
    known = json.loads(same(json.dumps(expected["status"])))
    assert _with_known_keys(scopes, known) == known
    for sku, story in expected["why"].items():
        _, lines = shop.run("why", sku).out.split("\n", 1)
        assert lines == same("\n".join(story))
    assert shop.run("check", "--deep").code == 0
    assert shop.run("publish").code == 0


def test_an_older_store_goes_on_as_it_would_have(older: tuple[Shop, dict[str, Any]]) -> None:
    shop, expected = older
    english = ["sku,name,status,price,color,updated_at", *CHANGED]
    (shop.folder / "exports/en.csv").write_text("\n".join(english) + "\n", encoding="utf-8")
    german = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in NEWER)
    (shop.folder / "exports/de/3.jsonl").write_text(german, encoding="utf-8")
    synced = shop.run("sync")
    assert synced.code == 0, synced.err
    scopes = shop.json("status")["scopes"]
    assert _with_known_keys(scopes, expected["after"]) == expected["after"]
    assert shop.run("tidy").code == 0
    assert shop.run("publish").code == 0
