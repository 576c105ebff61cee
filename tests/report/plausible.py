"""Page data as a shop with five locales would give them, for the page's tests and pictures; always the same."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from datasync.figures.source_metrics import SourceReading
from datasync.figures.totals import ScopeTotals, ServiceTotals
from datasync.report.facts.health import Freshness, SourceHealth
from datasync.report.facts.page_data import (
    DataFile,
    ExtraFiles,
    HoldRow,
    Named,
    QuarantinedRecord,
    QuarantineReason,
    RunRow,
    ScopeProducts,
    SitePages,
    Trend,
    Unconfigured,
)
from datasync.store.logs import PullSummary

NOW = datetime(2026, 11, 24, 7, 28, tzinfo=UTC)
SERVICES = (
    Named("catalog-service", "Catalog Service"),
    Named("search", "Search"),
    Named("recommendations", "Recommendations"),
)
SCOPES = (
    Named("en-US", "English (United States)"),
    Named("de-DE", "Deutsch (Deutschland)"),
    Named("ar-SA", "العربية (السعودية)"),
    Named("ja-JP", "日本語（日本）"),
    Named("th-TH", "ไทย (ไทย)"),
)
THINGS = {
    "en-US": "Trail Running Shoe|Merino Wool Sweater|Linen Duvet Cover|Espresso Grinder|Crème Brûlée Dish|Desk Lamp",
    "de-DE": "Laufschuh für Damen|Wollpullover|Bettwäsche aus Leinen|Kaffeemühle|Süßwasserfilter|Schreibtischlampe",
    "ar-SA": "حذاء جري خفيف|سترة من صوف الميرينو|غطاء لحاف من الكتان|مطحنة قهوة|مصباح مكتب",
    "ja-JP": "トレイルランニングシューズ|メリノウールセーター|リネンの掛け布団|コーヒーミル|デスクランプ",
    "th-TH": "รองเท้าวิ่งเทรล|เสื้อสเวตเตอร์ขนแกะ|ปลอกผ้านวมลินิน|เครื่องบดกาแฟ|โคมไฟตั้งโต๊ะ",
}
COLORS = {
    "en-US": ("Slate", "Olive", "Ivory"),
    "de-DE": ("Schiefer", "Oliv", "Elfenbein"),
    "ar-SA": ("رمادي", "زيتوني", "عاجي"),
    "ja-JP": ("スレート", "オリーブ", "アイボリー"),
    "th-TH": ("สีเทา", "สีเขียวมะกอก", "สีงาช้าง"),
}
HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "line\u2028separator \u2029 and \"quotes\" 'single' \\ back",
    "\u202egnp.erutcip eman",
    "terminal \x1b[31mred\x1b[0m and & < >",
)


def product(scope: str, number: int) -> dict[str, Any]:
    """One product's payload, as services get it."""
    rng = random.Random(f"{scope} {number}")
    thing, color = rng.choice(THINGS[scope].split("|")), rng.choice(COLORS[scope])
    sku = rng.choice(["24-{:05d}", "WS-{:05d}-M", "{:013d}"]).format(number)
    return {
        "sku": sku,
        "scope": scope,
        "name": f"{thing} – {color} {rng.choice(['', 'S', 'M', 'L', '2-pack', '250 ml'])}".strip(),
        "description": f"{thing}. {color}.",
        "type": rng.choice(["simple"] * 6 + ["configurable", "bundle", "virtual"]),
        "status": "enabled",
        "visibleIn": rng.choice([["catalog", "search"]] * 8 + [["catalog"], ["search"], []]),
        "inStock": rng.random() < 0.9,
        "lowStock": rng.random() < 0.1,
        "price": f"{rng.randint(900, 24900) / 100:.2f}",
        "currency": {"en-US": "USD", "ar-SA": "SAR", "ja-JP": "JPY", "th-TH": "THB"}.get(scope, "EUR"),
        "url": f"https://shop.example/{scope}/{sku.lower()}",
        "images": [{"url": f"https://shop.example/media/{number}.jpg", "label": thing, "roles": ["base", "thumbnail"]}],
        "categories": ["Outdoor/Shoes", "New"],
        "attributes": [{"code": "color", "values": [color]}, {"code": "size", "values": ["M"]}],
    }


def payloads(scope: str, size: int, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """``size`` products of a scope; the first ones bear ``names``, hostile ones for instance."""
    made = [product(scope, number) for number in range(size)]
    for number, name in enumerate(names):
        made[number] |= {"name": name, "url": "javascript:alert(1)", "description": name, "sku": f"H-{number}"}
    return sorted(made, key=lambda one: one["sku"])


def products(scope: str, given: Sequence[dict[str, Any]], totals: ScopeTotals | None = None) -> ScopeProducts:
    """What services hold, made from payloads: the first service all of them, every further one fewer.

    What they do not hold, and the states, are those that ``totals`` (default: the scope's) count.
    """
    totals = totals or scope_totals(scope, len(given))
    texts = [json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in given]
    others = [product(scope, 90_000 + number) for number in range(len(given) + 20)]
    shown = [*given, *others]
    versions = pa.table(
        {
            "sku": [one["sku"] for one in shown],
            "hash": [hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in texts]
            + [""] * len(others),
            "name": [one["name"] for one in shown],
            "type": [one["type"] for one in shown],
            "visible_in": [one["visibleIn"] for one in shown],
            "stock": [
                "low-stock" if one["lowStock"] else "in-stock" if one["inStock"] else "out-of-stock" for one in shown
            ],
            "payload": [*texts, *[None] * len(others)],
        }
    )
    rows = [row for number, one in enumerate(totals.services) for row in _rows(scope, one, number, len(given))]
    return ScopeProducts(scope, versions, pa.Table.from_pylist(rows, schema=_ROWS), _quarantine(scope, totals))


_ROWS = pa.schema(
    {"service": pa.string(), "version": pa.int64(), "state": pa.string(), "words": pa.string()}
    | {"received_ms": pa.int64(), "answered_ms": pa.int64(), "flags": pa.int64()}
)
WORDS = {
    "excluded": "The product is not visible in search",
    "rejected": "Price is required <b>here</b>",
    "failed": "Search gave no answer (connection refused)",
}


def _rows(scope: str, one: ServiceTotals, number: int, size: int) -> Iterator[dict[str, Any]]:
    """One service's rows: as many in each state as its totals say, the held ones first."""
    held = _held(scope, one.service, number, size)
    tried = "failed" if one.rejected < one.held_older else "rejected"
    states = ["stale"] * one.stale + [tried] * one.held_older + ["orphaned"] * one.orphaned
    states = ["current"] * (len(held) - len(states)) + states
    for place, (row, state) in enumerate(zip(held, states, strict=False)):
        lately = (place < one.latest_update) + 2 * (place < one.resent_in_window)
        yield _row(row, state, row["received_ms"], 16 + lately + 8 * (state == "orphaned"))
    free = sorted(set(range(2 * size + 20)) - {row["version"] for row in held})
    gone = ["removed"] * one.removed_in_window
    absent = {state: getattr(one, state) for state in ("missing", "rejected", "failed", "excluded")}
    absent[tried] -= one.held_older
    wanted = [state for state, count in absent.items() for _ in range(count)]
    for state, version in zip([*gone, *wanted], free, strict=False):
        row = {"service": one.service, "version": version}
        yield _row(row, state, None, 4 * (state == "removed"))


def _row(row: dict[str, Any], state: str, received: int | None, flags: int) -> dict[str, Any]:
    told = int(NOW.timestamp() * 1000) - 3_600_000 if state in ("rejected", "failed", "removed") else None
    return {
        **row, "state": state, "words": WORDS.get(state), "received_ms": received, "answered_ms": told, "flags": flags
    }  # fmt: skip


def _quarantine(scope: str, totals: ScopeTotals) -> pa.Table:
    told = [(one.sku, one.name, one.code, one.sentence) for one in QUARANTINED if one.scope == scope]
    told += [(f"Q-{n}", f"Broken {n}", "bad-value", NO_NUMBER) for n in range(totals.quarantined - len(told))]
    columns: dict[str, list[Any]] = {
        name: [one[i] for one in told] for i, name in enumerate(("sku", "name", "code", "sentence"))
    }
    columns["reason"] = [f"{code}: {_kind(sentence)}" for _, _, code, sentence in told]
    columns["is_of_last_pull"] = [sku != "24-00777" for sku, *_ in told]  # one was put there by a pull before
    return pa.table(columns)


def _kind(sentence: str) -> str:
    """What is common to the sentences of one reason."""
    return sentence.replace("twelve", "…").replace("aktiv", "…")


def _held(scope: str, service: str, number: int, size: int) -> list[dict[str, Any]]:
    rng = random.Random(f"{scope} {service}")
    taken = [row for row in range(size) if (row * 7919) % 10 >= number]
    rng.shuffle(taken)
    at = int(NOW.timestamp() * 1000) - 1_600_000
    made = []
    for place, row in enumerate(taken):
        at -= rng.randint(0, 40_000) if place < 12 else rng.randint(0, 400_000)
        made.append({"service": service, "version": row, "received_ms": at})
    return made


def more(scopes: Iterable[str]) -> ExtraFiles:
    """Data files beside the products: stories of a shop in which nothing has changed yet."""
    return lambda stands: stories(scopes)


def stories(scopes: Iterable[str]) -> Iterator[DataFile]:
    since = int((NOW - timedelta(days=40)).timestamp() * 1000)
    for scope in scopes:
        made = {"since": since, "services": [service.name for service in SERVICES], "firsts": [], "base": None}
        yield scope, "stories", 0, json.dumps(made)


def site_pages(sizes: dict[str, int], *, calm: bool = False) -> SitePages:
    """Everything of a page but the products; ``calm`` leaves out whatever needs a look."""
    totals = tuple(scope_totals(scope, size) for scope, size in sizes.items())
    if not calm:
        totals = (*totals[:1], *(_troubled(one) for one in totals[1:2]), *totals[2:])
    return SitePages(
        generated_at=NOW + timedelta(seconds=2), as_of=NOW, window=timedelta(hours=3),
        positions={f"catalog/{scope}": 12 for scope in sizes},
        scopes=tuple(named for named in SCOPES if named.name in sizes), services=SERVICES, totals=totals,
        runs=tuple(runs(tuple(sizes), calm)), holds=() if calm else (HOLD,), quarantined=QUARANTINED,
        unconfigured=() if calm else (Unconfigured("fr-FR", None, 412), Unconfigured("en-US", "marketplace", 57)),
        sources=() if calm else SOURCES,
        trends=tuple(trend(scope, service.name) for scope in sizes for service in SERVICES),
        freshness=tuple(
            freshness(scope, service.name, calm) for scope in sizes for service in SERVICES
        ),
        health=tuple(health(scope, calm) for scope in sizes),
        reasons=tuple(reason for one in totals for reason in reasons(one)),
        last_quarantined={one.scope: sum(_quarantine(one.scope, one)["is_of_last_pull"].to_pylist()) for one in totals},
    )  # fmt: skip


def scope_totals(scope: str, size: int) -> ScopeTotals:
    """Totals that add up, of a scope with ``size`` held versions."""
    read_at = NOW - timedelta(minutes=27)
    pull = PullSummary(
        f"sync-{NOW:%Y%m%d%H}", True, read_at, read_at, records=size + 14, valid=size + 2, quarantined=11, repeated=1
    )
    return ScopeTotals(scope, "demo", size + 2, 11, pull, tuple(_service(scope, size, number) for number in range(3)))


def _service(scope: str, size: int, number: int) -> ServiceTotals:
    held = len(_held(scope, SERVICES[number].name, number, size))
    stale, older, orphaned = 3 * number, number, number
    current = held - stale - older - orphaned
    rejected, missing = number + (number > 0), 2 if number == 0 else 4
    return ServiceTotals(
        scope=scope,
        service=SERVICES[number].name,
        outcome="ok",
        failed_step=None,
        failure=None,
        zero_because="nothing changed" if number == 2 else None,
        last_sync_at=NOW - timedelta(minutes=26),
        latest_update=0 if number == 2 else 12 - number,
        resent_in_window=3 * (number == 1),
        removed_in_window=int(number == 1),
        total_received=held,
        current=current,
        stale=stale,
        missing=missing,
        rejected=rejected,
        failed=0,
        excluded=size + 2 - current - stale - missing - rejected,
        held_older=older,
        orphaned=orphaned,
        due=missing + stale,
        removals_due=orphaned,
        unexplained=0,
    )


def _troubled(totals: ScopeTotals) -> ScopeTotals:
    first, second, third = totals.services
    failed = replace(
        second,
        outcome="failed",
        failed_step="transfer",
        failure="Search gave no answer (connection refused).",
        failed=second.missing,
        missing=0,
        latest_update=0,
        resent_in_window=0,
        zero_because="service failing",
    )
    held = replace(third, outcome="held", zero_because="held")
    return replace(totals, services=(first, failed, held))


HOLD = HoldRow(
    "manual__2026-11-24T06:00:00+00:00-1f0c", "de-DE", "recommendations", NOW - timedelta(hours=5), 731, 1480
)
SOURCES = (
    SourceReading("demo", ("en-US", "de-DE"), "complete", 86_400, 3_600),
    SourceReading(
        "erp", ("ar-SA", "ja-JP"), "partial", 86_400, 3_600, NOW - timedelta(hours=3),
        measured=2, changed=400, missed=14, unmoved=12, late=2, removed=3,
        better_lookback_seconds=5_400, better_complete_every_seconds=43_200,
    ),
    SourceReading("drop", ("th-TH",), "changes", 86_400, 3_600),
)  # fmt: skip
NO_NUMBER = "price is twelve, which is no decimal number."
TWICE = "Another record of this SKU has a newer updated_at."
QUARANTINED = (
    QuarantinedRecord("en-US", None, "Gift Card", "missing-sku", "The record has no SKU."),
    QuarantinedRecord("en-US", "24-00311", None, "missing-name", "The product has no name."),
    QuarantinedRecord("en-US", "WS-00412-M", "Trail Running Shoe – Olive", "bad-value", NO_NUMBER),
    QuarantinedRecord("de-DE", "24-01010", "Kaffeemühle – Oliv", "unknown-status", "The status is aktiv."),
    QuarantinedRecord("ar-SA", "24-00777", "مطحنة قهوة – زيتوني", "duplicate-sku", TWICE),
)


def runs(scopes: tuple[str, ...], calm: bool) -> Iterator[RunRow]:
    """The last day's runs, newest first."""
    start = NOW - timedelta(minutes=28)
    yield RunRow(
        f"scheduled__{start:%Y-%m-%dT%H}",
        "sync",
        scopes,
        start,
        start + timedelta(seconds=94),
        "ok",
        "schedule",
        "",
        23,
        3,
        1,
    )
    if not calm:
        sentence = "Search gave no answer to 2 of 2 batches (connection refused). What is due stays due."
        before = start - timedelta(hours=1)
        yield RunRow(
            f"scheduled__{before:%Y-%m-%dT%H}",
            "sync",
            scopes,
            before,
            before + timedelta(seconds=131),
            "failed",
            "schedule",
            "",
            41,
            failed=4,
            errors=(sentence,),
        )
    asked = start - timedelta(hours=2, minutes=11)
    yield RunRow(
        "manual__2026-11-24T04:49:00+00:00",
        "resync",
        scopes[:1],
        asked,
        asked + timedelta(seconds=6),
        "ok",
        "n.haddad",
        "Prices of the shoes were wrong in Search",
        3,
        3,
    )
    for hour in range(2, 9):
        at = start - timedelta(hours=hour)
        yield RunRow(
            f"scheduled__{at:%Y-%m-%dT%H}",
            "sync",
            scopes,
            at,
            at + timedelta(seconds=80 + hour),
            "ok",
            "schedule",
            "",
            hour % 3 * 7,
        )


def freshness(scope: str, service: str, calm: bool) -> Freshness:
    """Read half an hour ago, but for one service that is behind."""
    hours = 9 if not calm and (scope, service) == ("de-DE", "catalog-service") else 0
    read_at = NOW - timedelta(hours=hours, minutes=27)
    return Freshness(scope, service, read_at, read_at + timedelta(hours=2))


def health(scope: str, calm: bool) -> SourceHealth:
    """A source that was read, but for one that gives no answer."""
    ended_at = NOW - timedelta(minutes=27)
    if not calm and scope == "de-DE":
        error = "The shop gave no answer (connection refused)."
        return SourceHealth("demo", scope, "failed", "run", ended_at, 31.2, failures=3, error=error)
    return SourceHealth("demo", scope, "ok", f"sync-{NOW:%Y%m%d%H}", ended_at, 4.27, 654, 11)


def reasons(totals: ScopeTotals) -> list[QuarantineReason]:
    """The quarantined records of a scope, by code and kind of sentence."""
    told = _quarantine(totals.scope, totals).to_pylist()
    kinds = Counter((one["code"], _kind(one["sentence"])) for one in told)
    return [QuarantineReason(totals.scope, code, reason, n) for (code, reason), n in kinds.most_common()]


def trend(scope: str, service: str) -> Trend:
    """48 hours with a day's rhythm."""
    rng = random.Random(f"trend {scope} {service}")
    counts = [max(0, int(rng.gauss(14, 9) * (1 if 6 <= (hour + 8) % 24 <= 19 else 0.15))) for hour in range(45)]
    days = [rng.randint(40, 260) for _ in range(30)]
    return Trend(scope, service, (*counts, 4, 0 if service == "search" else 2, 6), tuple(days))
