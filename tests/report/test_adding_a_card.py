"""docs/adding-a-card.md, followed to the letter: its edits, on a copy of the project, give a page with a new card."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import guides
from tests.report.test_counted import counted

GUIDE = guides.guide("adding-a-card")
SETTINGS = """
sources:
  exports: {kind: files}
scopes:
  en-US: {source: exports, path: products.csv}
services:
  search:
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
"""
PRODUCTS = """sku,name,price,status
1,Lamp,10.00,enabled
2,Chair,,enabled
3,Table,,enabled
4,Sofa,,disabled
"""
SYNC = """
import sys, datasync
from datasync.cli import main
print(datasync.__file__)
sys.exit(main(["sync"]) or main(["publish"]))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the guide edits, with its edits."""
    copy = tmp_path_factory.mktemp("checkout")
    guides.follow(GUIDE, copy)
    return copy


@pytest.fixture(scope="module")
def shop(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose page the edited copy has published."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "datasync.yaml").write_text(SETTINGS, encoding="utf-8")
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    process = subprocess.run(
        [sys.executable, "-c", SYNC], cwd=folder, env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert process.stdout.startswith(str(checkout)), process.stderr
    assert process.returncode == 0, process.stderr
    return folder


def test_a_card_touches_at_most_five_files() -> None:
    assert 3 <= len(guides.files(GUIDE)) <= 5


def test_the_figure_of_the_new_card_is_in_the_page_with_and_without_scripts(shop: Path) -> None:
    html = (shop / "var/site/index.html").read_text(encoding="utf-8")
    without_scripts = html.split("<noscript>")[1].split("</noscript>")[0]
    assert "<th>Total received</th><th>Without a price</th></tr>" in without_scripts
    assert "<td>3</td><td>3</td><td>2</td></tr>" in without_scripts
    status = json.loads((shop / "var/site/status.json").read_text(encoding="utf-8"))
    assert status["scopes"][0]["services"][0]["unpriced"] == 2


def test_the_new_card_shows_its_figure_and_the_query_that_gives_it(shop: Path, page: Page) -> None:
    page.goto(f"{(shop / 'var/site/index.html').as_uri()}#scope=en-US&tab=search")
    card = page.get_by_role("region", name="Without a price")
    expect(card.locator(".number")).to_have_text("2")
    expect(card).to_contain_text("products held without a price")
    card.get_by_text("How is this counted?").click()
    query = card.locator("pre")
    expect(query).to_contain_text("SELECT count(*) AS unpriced")
    assert counted(shop / "var/store", [query.inner_text()]) == [[[2]]]
