"""What a repair does about one loss after the other, seen at the source and at a service that remembers."""

from __future__ import annotations

import shutil

import pytest

from datasync.errors import CatalogUnverified, RequestLost
from tests.repair.damaging import Place
from tests.repair.remembering import NAME
from tests.shop import same


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


def test_a_log_of_which_no_file_is_left_is_named_and_rebuilt(place: Place) -> None:
    logs = [f"receipts/service={NAME}/scope=en-US", "receipts/service=search/scope=de-DE", "catalog/scope=de-DE"]
    for log in logs:
        shutil.rmtree(place.root / log)
    checked = place.shop.run("check", "--store")
    assert [log for log in logs if f"problem  {log}/00000001.parquet is missing" not in checked.out] == []
    repaired(place)
    synced(place)
    assert place.catalog("de-DE") == place.changed
    assert place.feeds()["de-DE", "search"] == place.changed
    assert {sku: version for sku, (version, _) in place.memory.holds.items()} == place.receipts(NAME)


def test_every_snapshot_that_is_missing_is_named_and_once_repaired_no_more(place: Place) -> None:
    """The old ones too, that no catalog needs: their runs wrote them, and tidy would not have removed them yet."""
    lost = sorted((place.root / "snapshots").glob("scope=*/*.parquet"))
    for snapshot in lost:
        snapshot.unlink()
    named = [str(snapshot.relative_to(place.root)) for snapshot in lost]
    checked = place.shop.run("check", "--store").out
    assert [path for path in named if f"problem  {same(path)} is missing" not in checked] == []
    repaired(place)
    assert place.shop.run("check", "--store").code == 0


def test_a_pull_whose_entry_is_lost_is_not_applied_again_where_a_later_ones_records_are_lost_too(place: Place) -> None:
    entries = sorted((place.root / "catalog/scope=de-DE").glob("0*.parquet"))
    entries[-2].unlink()
    sorted((place.root / "snapshots/scope=de-DE").glob("*.parquet"))[-1].write_bytes(b"")
    repaired(place)
    synced(place)
    assert place.catalog("de-DE") == place.changed


@pytest.mark.parametrize("scope", ["en-US", "de-DE"])
@pytest.mark.parametrize("copied", ["newest", "first"])
def test_a_copy_far_above_the_head_leaves_no_gap_before_the_entry_that_tells_of_a_lost_pull(
    place: Place, scope: str, copied: str
) -> None:
    log = place.root / f"catalog/scope={scope}"
    names = sorted(path.name for path in log.glob("0*.parquet"))
    far = f"{int(newest(place, f'catalog/scope={scope}')[:8]) + 40:08}.parquet"
    shutil.copyfile(log / names[-1 if copied == "newest" else 0], log / far)
    for snapshot in (place.root / f"snapshots/scope={scope}").glob("*.parquet"):
        snapshot.write_bytes(b"")
    assert any("the history begins anew" in line for line in repaired(place))
    checked = place.shop.run("check", "--deep")
    assert checked.code == 0, checked.out
    synced(place)
    assert (place.catalog("en-US"), place.catalog("de-DE")) == (place.sold, place.changed)


# ── removals ────────────────────────────────────────────────────────────────────────────────────────────────────────


def lose_newest_entry(place: Place, log: str) -> None:
    (place.root / log / newest(place, log)).unlink()


def test_removals_that_only_a_lost_entry_told_of_pass_the_guard_once_more(place: Place) -> None:
    for number in range(1, 30):
        place.sold.pop(f"A-{number:02}", None)
    place.sells()
    assert place.shop.run("sync").code == 5
    run = place.shop.held_run()
    accepted = ("resync", "--scope", "en-US", "--accept-shrink", run, "--reason", "so it is", "--yes")
    assert place.shop.run(*accepted).code == 0
    entry = place.root / "catalog/scope=en-US" / newest(place, "catalog/scope=en-US")
    place.sold["A-30"] = "Changed after what is lost"
    place.sells()
    synced(place)
    entry.unlink()
    repaired(place)
    assert "A-01" in place.catalog("en-US")
    synced(place)
    assert place.catalog("en-US") == place.sold


def test_after_a_repair_the_guard_holds_what_the_source_lacks_of_its_own_last_count(place: Place) -> None:
    lose_newest_entry(place, "catalog/scope=en-US")
    repaired(place)
    remembered = place.memory.holds
    place.sells(without=30)
    held = place.shop.run("sync")
    assert (held.code, "Held: it would remove" in held.err) == (4, True)
    assert {sku for sku in place.memory.holds if sku.startswith(("A", "N"))} == {
        sku for sku in remembered if sku.startswith(("A", "N"))
    }
    place.sells()
    synced(place)
    assert place.catalog("en-US") == place.sold


# ── steps that a repair stops ───────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_delivered_from_a_repaired_catalog_before_it_is_read_whole(place: Place) -> None:
    lose_newest_entry(place, "catalog/scope=en-US")
    repaired(place)
    remembered = place.memory.holds
    pipeline = place.shop.pipeline()
    run = pipeline.begin("cut", "sync", ("en-US",), "schedule", "")
    for service in pipeline.settings.services:
        with pytest.raises(CatalogUnverified, match="repaired, and not read whole since"):
            pipeline.transfer(run, "en-US", service)
    closed = pipeline.close(run)
    assert closed["outcome"] == "failed"
    assert sum("Nothing is delivered until a complete pull" in one for one in closed["sentences"]) == 3
    assert place.memory.holds == remembered
    want = pipeline.begin("next", "sync", ("en-US",), "schedule", "")
    assert pipeline.pull(want, "en-US")["what"] == "complete"


def test_a_resync_whose_request_is_lost_stops_at_every_step_and_is_closed_as_failed(place: Place) -> None:
    pipeline = place.shop.pipeline()
    asked = {"scopes": ["en-US"], "skus": ["A-05"], "reason": "A wrong price", "force": True}
    request = pipeline.request(asked, "somebody")
    run = pipeline.begin("resync-lost", "resync", ("en-US",), "somebody", "A wrong price", request)
    pipeline.pull(run, "en-US")
    (path,) = place.root.glob("runs/*/resync-lost.json")
    path.write_bytes(b"{")
    repaired(place)
    remembered = place.memory.holds
    steps = (
        lambda: pipeline.pull(run, "en-US"),
        lambda: pipeline.apply(run, "en-US"),
        lambda: pipeline.transfer(run, "en-US", NAME),
    )
    for step in steps:
        with pytest.raises(RequestLost, match="Ask for the resync again"):
            step()
    closed = pipeline.close(run)
    assert closed["outcome"] == "failed"
    assert any("The request of resync-lost was lost" in one for one in closed["sentences"])
    assert place.memory.holds == remembered
    synced(place)
