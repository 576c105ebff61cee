"""The service `opensearch` by the contract: a real OpenSearch, and the proxy before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from tests.line import Record, product
from tests.searchserver import OpenSearch
from tests.services import faults, places
from tests.services.contract import Contract
from tests.services.faults import Faults


@pytest.fixture(scope="module")
def proxy(opensearch: OpenSearch) -> Iterator[Faults]:
    with faults.before(int(opensearch.url.rpartition(":")[2])) as started:
        yield started


class TestOpenSearch(Contract):
    """A document for each product, by bulk requests."""

    deliveries: ClassVar = places.BULK
    impatient: ClassVar = {"timeout": "1s"}

    @pytest.fixture
    def place(
        self, opensearch: OpenSearch, proxy: Faults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> places.Index:
        monkeypatch.setenv(places.SEARCH, "")  # what the place sets there goes with the test
        return places.index(opensearch, proxy, tmp_path)

    def refused(self, sku: str) -> Record:
        """An address, and the index takes numbers there."""
        return product(sku, url="https://shop.example/")
