"""STUB"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from datasync.store.files import Folder, connect
from tests.sources.http_contract import HttpContract
from tests.sources.standins.server import Site, started
from tests.sources.standins.stand import Stand, adobe_commerce


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    with started("tests.sources.standins.adobe_commerce") as site:
        yield adobe_commerce(site)


def stand_at(url: str) -> Stand:
    return adobe_commerce(Site(url))


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(Folder(str(tmp_path / "store"))) as opened:
        yield opened


class TestContract(HttpContract):
    module = "test_adobe_commerce"
