"""Times without an offset: of the zone that the scope or its source names, else of UTC, which is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync import settings
from tests.shop import Shop
from tests.test_starter import init, passes

FORMS = "moment_of(changed, ['%d.%m.%Y %H:%M', '%d.%m.%Y'])"
WITH_OFFSET = "moment_of(changed, '%d.%m.%Y %H:%M %z')"
AS_TIME = "try_cast(changed as timestamp)"


def shop_of(folder: Path, changed: str | list[str], how: str = "changed", *, scope: str = "", source: str = "") -> Shop:
    """A shop with a product for each time in ``changed``, which is read by ``how``."""
    own = f"    time_zone: {scope}\n" if scope else ""
    common = f", time_zone: {source}" if source else ""
    given = (
        f"sources:\n  erp: {{kind: files{common}}}\nscopes:\n  de-DE:\n    source: erp\n    path: p.csv\n{own}"
        f'    map: {{sku: sku, name: sku, updated_at: "{how}"}}\n'
    )
    shop = Shop(folder, f"{given}services:\n  search: {{}}\n")
    rows = [f"{sku},{time}\n" for sku, time in enumerate([changed] if isinstance(changed, str) else changed)]
    (folder / "p.csv").write_text("sku,changed\n" + "".join(rows), encoding="utf-8")
    return shop


def times_in_catalog(shop: Shop) -> list[str]:
    """The products' times in the catalog, in UTC."""
    assert shop.run("sync").code == 0
    entry = next((shop.folder / "var/store/catalog").rglob("*.parquet"))
    in_utc = "strftime(make_timestamp(epoch_us(updated_at)), '%Y-%m-%d %H:%M')"
    with duckdb.connect() as con:
        rows = con.execute(f"SELECT {in_utc} FROM read_parquet(?) ORDER BY sku", [str(entry)]).fetchall()
    return [time for (time,) in rows]


@pytest.mark.parametrize(
    ("zone", "how", "times"),
    [
        (
            "Europe/Berlin",
            FORMS,
            {
                "24.11.2026 13:05": "2026-11-24 12:05",
                "24.07.2026 13:05": "2026-07-24 11:05",
                "24.11.2026": "2026-11-23 23:00",
                "25.10.2026 01:59": "2026-10-24 23:59",
                "25.10.2026 02:30": "2026-10-25 01:30",  # this hour comes twice: the second is meant
                "29.03.2026 02:30": "2026-03-29 01:30",  # this hour is skipped: it counts on
                "29.03.2026 03:00": "2026-03-29 01:00",
            },
        ),
        (
            "America/New_York",
            FORMS,
            {"01.11.2026 01:30": "2026-11-01 06:30", "08.03.2026 02:30": "2026-03-08 07:30"},
        ),
        ("", FORMS, {"24.11.2026 13:05": "2026-11-24 13:05"}),
        ("UTC", FORMS, {"24.11.2026 13:05": "2026-11-24 13:05"}),
        (
            "Europe/Berlin",
            "changed",
            {
                "2026-11-24 13:05": "2026-11-24 12:05",
                "2026-11-24T13:05:00": "2026-11-24 12:05",
                "2026-11-24": "2026-11-23 23:00",
                # An offset of its own is stronger.
                "2026-11-24T13:05:00Z": "2026-11-24 13:05",
                "2026-11-24 13:05:00.25-03:30": "2026-11-24 16:35",
                "2026-11-24 13:05+09": "2026-11-24 04:05",
                "2026-11-24 13:05 Asia/Tokyo": "2026-11-24 04:05",
            },
        ),
        ("Asia/Kathmandu", AS_TIME, {"2026-11-24 13:05": "2026-11-24 07:20"}),
        ("Europe/Berlin", "try_cast(changed as date)", {"2026-11-24": "2026-11-23 23:00"}),
        ("Europe/Berlin", "try_cast(changed as timestamptz)", {"2026-11-24 13:05": "2026-11-24 13:05"}),
        ("Europe/Berlin", WITH_OFFSET, {"24.11.2026 13:05 +0900": "2026-11-24 04:05"}),
    ],
)
def test_a_time_without_an_offset_is_one_in_the_scopes_zone(
    tmp_path: Path, zone: str, how: str, times: dict[str, str]
) -> None:
    assert times_in_catalog(shop_of(tmp_path, [*times], how, scope=zone)) == [*times.values()]


@pytest.mark.parametrize(
    ("scope", "utc"), [("", "2026-11-24 12:05"), ("Europe/London", "2026-11-24 13:05"), ("UTC", "2026-11-24 13:05")]
)
def test_a_source_has_a_zone_for_its_scopes_which_their_own_overrides(tmp_path: Path, scope: str, utc: str) -> None:
    shop = shop_of(tmp_path, "24.11.2026 13:05", FORMS, scope=scope, source="Europe/Berlin")
    assert times_in_catalog(shop) == [utc]


@pytest.mark.parametrize("changed", ["soon", "2026-02-30", "2026-13-01 10:00", "infinity", "290000-01-01"])
def test_what_is_no_time_is_none_in_any_zone(tmp_path: Path, changed: str) -> None:
    told = shop_of(tmp_path, changed, scope="Europe/Berlin").run("check")
    assert f"bad-time 1, as: updated_at is {changed}, which is no time." in told.out


def fingerprint(scope: dict[str, Any] | None = None, source: dict[str, Any] | None = None) -> str:
    given = {
        "sources": {"x": {"kind": "files", **(source or {})}},
        "scopes": {"de": {"source": "x", "path": "p.csv", **(scope or {})}},
        "services": {"s": {}},
    }
    return settings.parse(given, Path("/shop")).fingerprint("de")


def test_a_zone_makes_the_next_pull_complete_and_without_one_older_stores_stay_as_they_are() -> None:
    berlin = {"time_zone": "Europe/Berlin"}
    assert fingerprint() == "825b213fb7a2"  # written by the release before there were zones
    assert len({fingerprint(), fingerprint(berlin), fingerprint({}, berlin), fingerprint({"time_zone": "UTC"})}) == 4


NOTE = "updated_at has no offset and the scope has no time_zone: taken as UTC."


@pytest.mark.parametrize(
    ("changed", "how", "zones", "is_noted"),
    [
        ("24.11.2026 13:05", FORMS, {}, True),
        ("2026-11-24 13:05", "changed", {}, True),
        ("2026-11-24 13:05", AS_TIME, {}, True),
        ("2026-11-24T13:05:00Z", "changed", {}, False),
        ("24.11.2026 13:05 +0100", WITH_OFFSET, {}, False),
        ("", "changed", {}, False),
        ("24.11.2026 13:05", FORMS, {"scope": "UTC"}, False),
        ("24.11.2026 13:05", FORMS, {"source": "Europe/Berlin"}, False),
    ],
)
def test_a_check_notes_times_that_are_taken_as_utc(
    tmp_path: Path, changed: str, how: str, zones: dict[str, str], is_noted: bool
) -> None:
    told = shop_of(tmp_path, changed, how, **zones).run("check")
    assert told.code == 0
    assert [line.split(": ", 1)[1].startswith(NOTE) for line in told.lines if "time_zone" in line] == [True] * is_noted


def test_a_zone_that_nobody_knows_and_one_at_another_kind_of_source_are_mistakes(tmp_path: Path) -> None:
    told = shop_of(tmp_path, "", scope="Europe/Bärlin").run("check")
    assert (told.code, told.out) == (2, "")
    assert "scopes.de-DE.time_zone" in told.err and "write one as in Europe/Berlin, or UTC" in told.err
    told = Shop(tmp_path, "sources: {d: {kind: sample}}\nscopes: {e: {source: d, time_zone: UTC}}\nservices: {s: {}}")
    assert "scopes.e.time_zone: means nothing to a sample source." in told.run("check").err


def test_init_writes_the_zone_as_a_comment_and_says_what_is_done_without(tmp_path: Path) -> None:
    rows = "Artikelnummer;Bezeichnung;Geändert\nA;Stift;24.11.2026 13:05\nB;Tinte;25.11.2026\n"
    shop, told, _ = init(tmp_path, "artikel.csv", rows)
    written = shop.settings.read_text(encoding="utf-8")
    line = "    # time_zone: Europe/Berlin  # times without an offset are taken as UTC\n"
    assert line in written and "(times without an offset are taken as UTC: see time_zone)" in told.out
    passes(shop)
    shop.settings.write_text(written.replace(line, line.replace("# time_zone", "time_zone")), encoding="utf-8")
    assert NOTE not in shop.run("check").out
    assert times_in_catalog(shop) == ["2026-11-24 12:05", "2026-11-24 23:00"]


def test_init_says_nothing_of_zones_where_times_have_an_offset(tmp_path: Path) -> None:
    shop, told, mapped = init(tmp_path, "p.csv", "sku,name,updated_at\nA,Pen,2026-11-24T13:05:00Z\n")
    assert mapped["updated_at"] == "updated_at"
    assert "time_zone" not in shop.settings.read_text(encoding="utf-8") + told.out
