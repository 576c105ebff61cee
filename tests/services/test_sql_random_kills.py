"""A few transfers into a real PostgreSQL that are killed at random moments: see `make kills` for many."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.postgres import PostgreSQL
from tests.services import faults, places, sender
from tests.services.kills import Kills, kill_many, line_to, table
from tests.sources.databases import made


def test_after_each_kill_a_single_transfer_makes_the_table_equal_to_the_catalog(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(places.BI, "")
    with faults.before(postgres.port, speaks="bytes") as proxy, sender.forking() as senders:
        place = places.table(made("postgresql", postgres, tmp_path), proxy, tmp_path, "postgresql")
        kills = Kills(line_to(place, tmp_path, places.COMMIT, ""), senders, Random("ten"))
        list(kill_many(kills, 10))
    with capsys.disabled():
        print(f"\n{table({'sql': kills})}")  # noqa: T201
    assert kills.hits.total() == 10
    assert len(kills.hits) > 1, "they hit more than a single window"
