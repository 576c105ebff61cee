"""What the tests of services share: nothing is left of the processes that they kill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datasync.store import scratch
from tests.searchserver import OpenSearch
from tests.services.indexed import Make, Shop, connection


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Take the working folders of killed processes away, or another test of this worker would count them."""
    yield
    scratch.remove_dead(dry_run=False)


@pytest.fixture
def make(opensearch: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("AIRFLOW_CONN_SEARCH", connection(opensearch.url))
    return lambda **options: Shop(opensearch, tmp_path, **options)


@pytest.fixture
def shop(make: Make) -> Shop:
    return make()
