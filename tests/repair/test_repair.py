"""What a repair does about one loss after the other, seen at the source and at a service that remembers."""

from __future__ import annotations

from tests.repair.damaging import Place
from tests.repair.remembering import NAME


def repaired(place: Place) -> list[str]:
    """Repair, and tell the sentences of it."""
    told = place.shop.run("repair", "--deep", "--yes")
    assert told.code == 0, told.err
    return told.lines


def synced(place: Place) -> None:
    told = place.shop.run("sync")
    assert told.code == 0, told.err


def newest(place: Place, log: str) -> str:
    """The name of a log's newest entry."""
    return max(path.name for path in (place.root / log).glob("0*.parquet"))


def test_what_only_a_lost_receipt_told_of_is_taken_away_from_a_service_elsewhere(place: Place) -> None:
    log = f"receipts/service={NAME}/scope=en-US"
    place.sold["LATE"] = "Delivered, and gone before anybody knew"
    place.sells()
    synced(place)
    assert "LATE" in place.memory.holds
    (place.root / log / newest(place, log)).unlink()
    del place.sold["LATE"]
    place.sells()
    assert any(line.startswith(f"{log}: ") and "is perhaps held" in line for line in repaired(place))
    assert "LATE" not in place.receipts(NAME)
    synced(place)
    held = {sku: version for sku, (version, _) in place.memory.holds.items()}
    assert held == place.receipts(NAME)
    assert "LATE" not in held
    assert "A-12" in held
