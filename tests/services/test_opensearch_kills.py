"""A few transfers into a real OpenSearch that are killed at random moments: see `make kills` for many."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.searchserver import OpenSearch
from tests.services import faults, places, sender
from tests.services.kills import Kills, kill_many, line_to, table


def test_after_each_kill_a_single_transfer_makes_the_index_equal_to_the_catalog(
    opensearch: OpenSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(places.SEARCH, "")
    with faults.before(int(opensearch.url.rpartition(":")[2])) as proxy, sender.forking() as senders:
        case = line_to(places.index(opensearch, proxy, tmp_path), tmp_path, {}, places.BULK)
        kills = Kills(case, senders, Random("ten"))
        list(kill_many(kills, 10))
    with capsys.disabled():
        print(f"\n{table({'opensearch': kills})}")  # noqa: T201
    assert kills.hits.total() == 10
    assert len(kills.hits) > 1, "they hit more than a single window"
