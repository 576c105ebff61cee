"""docs/adding-a-source.md and docs/adding-a-service.md, followed to the letter on a copy of the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import guides

SOURCE, SERVICE = guides.guide("adding-a-source"), guides.guide("adding-a-service")
COMMAND = ("-m", "datasync.cli")
TESTS = ("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


def test_a_new_kind_touches_at_most_five_files() -> None:
    assert len(guides.files(SOURCE)) <= 5
    assert len(guides.files(SERVICE)) <= 5


def test_the_source_of_the_guide_feeds_a_catalog(copy: Path, shop: Path) -> None:
    guides.follow(SOURCE, copy)
    (shop / "datasync.yaml").write_text(guides.settings(SOURCE), encoding="utf-8")
    (shop / "shelves").mkdir()
    (shop / "shelves" / "north.tsv").write_text("sku\tname\tprice\n00123\tPen\t1.50\n00124\tCap\t2.50\n")
    where = guides.run(copy, shop, "-c", "import datasync; print(datasync.__file__)")
    assert where.startswith(str(copy))
    assert "2 records: 2 valid" in guides.run(copy, shop, *COMMAND, "check")
    guides.run(copy, shop, *COMMAND, "sync")
    (scope,) = json.loads(guides.run(copy, shop, *COMMAND, "status", "--json"))["scopes"]
    assert (scope["products"], scope["services"][0]["total_received"]) == (2, 2)
    guides.run(copy, copy, *TESTS, "tests/sources/test_contract.py", "-k", "Shelf or Sample or every_kind")


def test_the_service_of_the_guide_gets_the_products(copy: Path, shop: Path) -> None:
    guides.follow(SERVICE, copy)
    (shop / "datasync.yaml").write_text(guides.settings(SERVICE), encoding="utf-8")
    guides.run(copy, shop, *COMMAND, "check")
    assert not (shop / "out").exists(), "a check delivers nothing"
    guides.run(copy, shop, *COMMAND, "sync")
    (scope,) = json.loads(guides.run(copy, shop, *COMMAND, "status", "--json"))["scopes"]
    held = [json.loads(file.read_text(encoding="utf-8")) for file in (shop / "out" / "en-US").iterdir()]
    assert len(held) == scope["services"][0]["total_received"] > 40
    assert {product["status"] for product in held} == {"enabled"}
    guides.run(copy, copy, *TESTS, "tests/services/test_folder.py")
