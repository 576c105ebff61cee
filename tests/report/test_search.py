"""The search of a scope that is found by its index: the same as reading every name and SKU, in nine scripts."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import random
import re
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from playwright.sync_api import Browser, Page, expect

from datasync.report.facts.page_data import ScopeProducts
from datasync.report.format.fold import fold
from datasync.report.format.shards import Limits
from datasync.report.publish import render
from tests.report import plausible
from tests.report.conftest import ROOT
from tests.report.test_lists import FIGURES, download, listed

WORDS = {
    "Latin": "Trail Running Shoe t-shirt Crème Brûlée café Ångström Süßwasser łódź 6-Pack WH-1000XM4 (XL) &c İznik",
    "Cyrillic": "беговые кроссовки шерстяной свитер кофемолка настольная лампа ёлка й для и",
    "Arabic": "حذاء جري خفيف سترة صوف الميرينو مطحنة قهوة مصباح مكتب لَوْن",
    "Hebrew": "נעלי ריצה סוודר צמר מטחנת קפה מנורת שולחן שָׁלוֹם",
    "Thai": "รองเท้าวิ่งเทรล เสื้อสเวตเตอร์ขนแกะ เครื่องบดกาแฟ โคมไฟตั้งโต๊ะ น้ำ ก",
    "Devanagari": "दौड़ने के जूते ऊनी स्वेटर कॉफ़ी ग्राइंडर हिन्दी क लैंप",
    "Chinese": "跑步鞋 羊毛衫 咖啡研磨机 台灯 防水手机壳 红",
    "Japanese": "ランニングシューズ ウールセーター コーヒーミル デスクランプ がっこう 靴 ﾃﾞｽｸ",
    "Korean": "러닝화 양모 스웨터 커피 그라인더 책상 램프 물",
}
SIZE = 3000
DAY = 86_400_000
APART = r"[\x00-/:-@\[-`{-\x7f\s]"
EAST_ASIAN = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\u3040-\u30ff\u31f0-\u31ff\uf900-\ufaff]")


def names() -> list[str]:
    """Names of one to five words, most of one script, some mixed; a few with what no name should have."""
    rng = random.Random(7)
    made = []
    for _ in range(SIZE):
        script = rng.choice(list(WORDS))
        words = rng.choices(WORDS[script].split(), k=rng.randint(1, 5))
        words += rng.choices(WORDS["Latin"].split(), k=rng.randint(0, 1))
        made.append(rng.choice(["", "", "", "\u3000", "\u2028", "–"]).join([" "]).join(words))
    return [*plausible.HOSTILE, "a\\b \\n \\- c", "two\nlines", *made]


@functools.cache
def products() -> list[dict[str, Any]]:
    rng = random.Random(8)
    given = []
    for number, name in enumerate(names()):
        sku = rng.choice(["24-{:05d}", "Ws {:04d}/M", "{:07d}", "靴-{:03d}", "a{}"]).format(number)
        at = rng.randint(1700, 1704) * 10 * DAY + rng.randint(0, DAY)
        held = rng.random() < 0.9
        given.append({"sku": sku, "name": name, "at": at if held else None, "held": held, "lately": number % 40 == 0})
    return sorted(given, key=lambda one: one["sku"])


def type_of(one: dict[str, Any]) -> str:
    return str(one.get("type") or ["simple", "bundle"][len(one["name"]) % 2])


def scope_products(given: list[dict[str, Any]] | None = None) -> ScopeProducts:
    given = given or products()
    versions = pa.table(
        {
            "sku": [one["sku"] for one in given],
            "hash": [hashlib.md5(one["name"].encode(), usedforsecurity=False).hexdigest() for one in given],
            "name": [one["name"] for one in given],
            "type": [type_of(one) for one in given],
            "visible_in": [["catalog"]] * len(given),
            "stock": ["in-stock"] * len(given),
            "payload": [json.dumps({"sku": one["sku"]}) for one in given],
        }
    )
    rows = pa.table(
        {
            "service": ["search"] * len(given),
            "version": pa.array(range(len(given)), pa.int64()),
            "state": ["current" if one["held"] else "missing" for one in given],
            "words": pa.nulls(len(given), pa.string()),
            "received_ms": pa.array([one["at"] for one in given], pa.int64()),
            "answered_ms": pa.nulls(len(given), pa.int64()),
            "flags": pa.array([one["held"] * (16 + one.get("lately", 0)) for one in given], pa.int64()),
        }
    )
    empty = pa.table({name: pa.nulls(0, pa.string()) for name in ("sku", "name", "code", "sentence", "reason")})
    empty = empty.append_column("is_of_last_pull", pa.nulls(0, pa.bool_()))
    return ScopeProducts("ja-JP", versions, rows, empty)


def brute(query: str) -> list[dict[str, Any]]:
    """What is held and has all words of a query, by reading everything, in the order of a search."""
    words = [word for word in map(bare, fold(query).split()) if word]
    found = [one for one in products() if one["held"] and all(map(functools.partial(has, text_of(one)), words))]
    return sorted(found, key=lambda one: (-(one["at"] // DAY), one["sku"].encode()))


def text_of(one: dict[str, Any]) -> str:
    name = re.sub(r"[\x00-\x1f]", " ", one["name"])
    return f"{fold(name)}\n{fold(one['sku'])}"


def bare(word: str) -> str:
    return re.sub(r"^[!-/:-@\[-`{-~]+", "", word) if is_beginning(word) else word


def is_beginning(word: str) -> bool:
    if len(word.encode()) < 3:
        return True
    if len(word) == 1:
        return word.isalnum() and not EAST_ASIAN.match(word)
    return len(word) == 2 and all(letter.isascii() or fold(letter) in "þðŋə" for letter in word)


def has(text: str, word: str) -> bool:
    if is_beginning(word):
        return re.search(f"(?:^|{APART}){re.escape(word)}", text) is not None
    return word in text


def queries() -> list[str]:
    """Pieces of names and SKUs of every length, pairs of them, and what nobody has."""
    rng = random.Random(9)
    made = [
        "靴",
        "が",
        "ก",
        "к",
        "ж",
        "s",
        "sh",
        "xm",
        "24",
        "-5",
        "&",
        "t-s",
        "zzz",
        "新幹線",
        "1000",
        "24-0",
        "ñ",
        "6 p",
    ]
    for one in rng.sample(products(), 260):
        text = rng.choice([one["name"], one["name"], one["sku"]])
        begin = rng.randrange(len(text))
        made.append(text[begin : begin + rng.randint(1, 9)].strip())
    for line in WORDS.values():
        words = line.split()
        made += words + [f"{one} {two}" for one, two in zip(words, reversed(words), strict=True)]
        made += [word[rng.randrange(len(word)) :] for word in words]
    return [query for query in dict.fromkeys(made) if any(map(bare, fold(query).split()))]


@pytest.fixture(scope="module", params=[0, 99_999], ids=["indexed", "scanned"])
def found(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[Callable[[list[str]], Any]]:
    """What the page's own engine finds for some queries: it runs alone, on a scope that was published with an index."""
    folder = tmp_path_factory.mktemp("indexed")
    page = plausible.site_pages({"ja-JP": 40})
    version = render.publish(
        render.SiteContent(page, [scope_products()]), folder, limits=Limits(whole=0, scanned=request.param)
    ).version
    (folder / "js").symlink_to(ROOT / "reports" / "templates" / "js")
    with serving(folder) as address:
        tab = browser.new_page()
        tab.goto(f"{address}/status.json")
        yield lambda asked: tab.evaluate(FIND, [version, asked])
        tab.close()


FIND = """async ([version, queries]) => {
    const { open } = await import("/js/scope_data.js");
    const held = await open(version, "ja-JP");
    const asked = { service: "search", list: "total_received", sort: "updated", type: "", visibility: "", stock: "" };
    const found = [];
    for (const q of queries) {
        const early = await held.early({ ...asked, q }, 0, 25);
        const { matched, isMore, rows } = await held.find({ ...asked, q }, 0, 25);
        const isEarly = early && String(early.map((row) => row.sku)) === String(rows.map((row) => row.sku));
        const skus = [];
        for await (const row of held.each({ ...asked, q })) skus.push(row.sku);
        const { counts } = await held.counts({ ...asked, q });
        found.push({ q, matched, isMore: Boolean(isMore), isEarly, skus, types: Object.fromEntries(counts.type) });
    }
    return found;
}"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A test run is no web server's log."""


class serving:
    """A folder on loopback while the block lasts."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def test_a_search_finds_exactly_what_reading_everything_finds(found: Callable[[list[str]], Any]) -> None:
    asked = queries()
    assert len(asked) > 400
    results = found(asked)
    hits = 0
    for one in results:
        expected = [row["sku"] for row in brute(one["q"])]
        assert one["skus"] == expected, one["q"]
        assert (one["matched"], one["isMore"]) == (min(1000, len(expected)), len(expected) > 1000), one["q"]
        assert one["types"] == Counter(type_of(row) for row in brute(one["q"])[:1000]), one["q"]
        assert one["isEarly"] is not False, one["q"]
        hits += bool(expected)
    assert hits > 300
    assert sum(bool(one["isEarly"]) for one in results) > 20


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


LISTED = """async ([version, lists, sorts, queries]) => {
    const { open } = await import("/js/scope_data.js");
    const held = await open(version, "ja-JP");
    const asked = { service: "search", list: "total_received", sort: "updated", q: "" };
    Object.assign(asked, { type: "", visibility: "", stock: "" });
    const found = {};
    const shown = ({ sku, name, updated, state, type }) => [sku, name, updated, state, type].join("|");
    for (const list of lists) for (const sort of sorts) {
        const rows = [];
        for await (const row of held.each({ ...asked, list, sort })) rows.push(shown(row));
        const page = await held.find({ ...asked, list, sort }, 100, 25);
        found[list + " " + sort] = [rows, page.rows.map(shown), page.matched, page.total, page.counts];
    }
    for (const q of queries) {
        const rows = [];
        for await (const row of held.each({ ...asked, q })) rows.push(shown(row));
        found["q " + q] = rows;
    }
    found.payloads = await Promise.all(found["total_received sku"][0].slice(0, 300).map(async (line) => {
        const row = await held.rowOf("search", line.split("|")[0]);
        return [row.sku, (await held.payload(row)).text];
    }));
    return found;
}"""
LISTS = ("total_received", "missing", "latest_update", "excluded", "absent", "quarantined")
SORTS = ("updated", "-updated", "name", "-name", "sku", "-sku")


def changed(given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same products later: some renamed, some gone, some held that were not, some new, one of a new type."""
    rng = random.Random(11)
    kept = [dict(one) for one in given if rng.random() > 0.02]
    for one in rng.sample(kept, 120):
        one |= {"name": f"{one['name']} 改", "at": 17_050 * DAY + rng.randint(0, DAY), "held": True, "type": "virtual"}
    new = [{"sku": f"new-{n}", "name": f"Lamp 新 {n}", "at": 17_051 * DAY, "held": True} for n in range(40)]
    return sorted([*kept, *new], key=lambda one: one["sku"])


@pytest.mark.parametrize(("whole", "scanned"), [(0, 0), (0, 99_999), (99_999, 0)])
def test_what_changed_is_added_to_what_stands_as_if_all_had_been_written_anew(
    tmp_path: Path, browser: Browser, whole: int, scanned: int
) -> None:
    publish = functools.partial(render.publish, limits=Limits(whole=whole, scanned=scanned))
    page = plausible.site_pages({"ja-JP": 40})
    later = changed(products())
    publish(render.SiteContent(page, [scope_products()]), tmp_path / "added")
    added = publish(render.SiteContent(page, [scope_products(later)]), tmp_path / "added")
    anew = publish(render.SiteContent(page, [scope_products(later)]), tmp_path / "anew")
    assert added.files < anew.files / (1 if whole else 2)
    found = []
    for name, done in (("added", added), ("anew", anew)):
        (tmp_path / name / "js").symlink_to(ROOT / "reports" / "templates" / "js")
        with serving(tmp_path / name) as address:
            tab = browser.new_page()
            tab.goto(f"{address}/status.json")
            found.append(
                tab.evaluate(LISTED, [done.version, LISTS, SORTS, ["改", "lamp", "新", "24-0", "s", "クランプ"]])
            )
            tab.close()
    assert list(found[0]) == list(found[1])
    for name, value in found[1].items():
        assert found[0][name] == value, name
    assert len(found[0]["q 改"]) == 120


# ── the page on an index ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plausible page, published as if its scopes were large."""
    folder = tmp_path_factory.mktemp("large")
    page = plausible.site_pages({"en-US": 640})
    given = plausible.payloads("en-US", 640, plausible.HOSTILE)
    products = [plausible.products("en-US", given, page.totals[0])]
    content = render.SiteContent(page, products, plausible.more(["en-US"]))
    render.publish(content, folder, limits=Limits(whole=0))
    return folder


@pytest.fixture
def large(show: Callable[..., Page], indexed: Path) -> Callable[[str], Page]:
    return functools.partial(show, at=indexed)


SEARCH = "#scope=en-US&tab=search"


def test_every_figure_of_a_large_scope_leads_to_exactly_the_rows_it_counts(large: Callable[..., Page]) -> None:
    page = large(SEARCH)
    expect(page.get_by_role("table", name="Synced products")).to_be_visible()
    found = dict(page.locator("a.figure-link").evaluate_all(FIGURES))
    assert len(found) >= 13
    for href, figure in found.items():
        told, rows = listed(large, page, href, size=25)
        noun = "record" if "quarantined" in href else "product"
        assert (told, rows) == (f"{figure:,} of {figure:,} {noun}{'' if figure == 1 else 's'}", figure), href


@pytest.mark.parametrize("column", ["Type", "Visibility", "Stock status"])
def test_a_filter_of_a_large_scope_leaves_as_many_rows_as_it_says(large: Callable[..., Page], column: str) -> None:
    page = large(SEARCH)
    expect(page.locator("p.count")).to_contain_text("of 576")
    select = page.get_by_role("combobox", name=column)
    options = [one.inner_text() for one in select.get_by_role("option").all()][1:]
    counts = [int(one.rsplit("(", 1)[1].rstrip(")")) for one in options]
    assert sum(counts) == 576
    select.select_option(label=options[-1])
    expect(page.locator("p.count")).to_have_text(f"{counts[-1]} of 576 products")


def options(page: Page, column: str) -> list[str]:
    return sorted(page.get_by_role("combobox", name=column).get_by_role("option").all_inner_texts()[1:])


def test_filters_of_a_search_in_a_large_scope_are_counted_once_somebody_turns_to_them(
    large: Callable[..., Page], show: Callable[..., Page], site: Path
) -> None:
    href = f"{SEARCH}&q=shoe&type=simple"
    expected = [
        one for column in ("Type", "Visibility", "Stock status") for one in options(show(href, at=site), column)
    ]
    bundles = options(show(f"{SEARCH}&q=shoe&type=bundle", at=site), "Stock status")
    page = large(href)
    assert options(page, "Type") == ["bundle", "configurable", "simple", "virtual"]
    page.get_by_role("combobox", name="Type").focus()
    expect(page.get_by_role("combobox", name="Type").get_by_role("option").last).to_contain_text("(")
    assert [one for column in ("Type", "Visibility", "Stock status") for one in options(page, column)] == expected
    page.get_by_role("combobox", name="Type").select_option("bundle")
    stock = page.get_by_role("combobox", name="Stock status").get_by_role("option")
    for one in bundles:  # the counts of the filter before stand there until these come
        expect(stock.filter(has_text=one)).to_have_count(1)
    assert {one for one in options(page, "Stock status") if not one.endswith("(0)")} == set(bundles)


def test_values_among_the_first_of_many_matches_say_so(call: Callable[..., Any]) -> None:
    assert call("filters.counted", "bundle", 37, 1000) == "bundle (37 of the first 1,000)"
    assert call("filters.counted", "bundle", None, 1000) == "bundle"
    assert call("filters.counted", "bundle", 1037) == "bundle (1,037)"


@pytest.mark.parametrize("sort", ["updated", "-updated", "name", "-name", "sku", "-sku"])
def test_a_large_scope_is_turned_page_by_page_without_a_gap(
    large: Callable[..., Page], show: Callable[..., Page], site: Path, sort: str
) -> None:
    href = f"{SEARCH}&sort={sort}&type=simple"
    page = large(href)
    expect(page.locator(".range")).to_be_visible()
    expect(page.locator("p.count")).to_contain_text("of 576")
    lines = download(page)[1:]
    pages = []
    for number in (1, 2, 7):
        large(f"{href}&page={number}")
        expect(page.locator(".range")).to_contain_text(f"{25 * number - 24}–")
        pages.append(page.locator("tbody .sku").all_inner_texts())
    assert pages == [[one[0] for one in lines[25 * n - 25 : 25 * n]] for n in (1, 2, 7)]
    times = [one[5] for one in lines]
    keys = {"updated": times, "sku": [one[0] for one in lines]}.get(sort.lstrip("-"))
    assert keys is None or keys == sorted(keys, reverse=(sort in ("updated", "-sku")))
    small = {tuple(one) for one in download(show(href, at=site))[1:]}
    assert {tuple(one) for one in lines} == small


def test_the_search_of_a_large_scope_says_why_a_product_is_not_held(large: Callable[..., Page]) -> None:
    page = large(f"{SEARCH}&list=excluded")
    expect(page.locator("p.count")).to_contain_text("of 62")
    sku = page.locator("tbody .sku").last.inner_text()
    large(f"{SEARCH}&q={sku}")
    item = page.get_by_role("region", name="Not in Search").get_by_role("listitem").first
    expect(item).to_contain_text(sku)
    expect(item).to_contain_text("Excluded The product is not visible in search")
    large(f"{SEARCH}&sku={sku}")
    why = page.get_by_role("dialog").get_by_role("region", name="Why not here?")
    expect(why).to_contain_text("The product is not visible in search")


@pytest.mark.parametrize("q", ["-", "%20%20", "%25", "%00"])
def test_signs_alone_search_for_nothing_in_a_large_scope(large: Callable[[str], Page], q: str) -> None:
    page = large(f"{SEARCH}&q={q}")
    expect(page.locator("tbody tr")).to_have_count(25)
    expect(page.get_by_role("region", name="Not in Search")).to_have_count(0)


@pytest.fixture
def breakable(indexed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(indexed, tmp_path / "site"))


def lose(site: Path, kind: str) -> Callable[[], None]:
    """Take the data files of a kind away; what is returned puts them back."""
    moved = [(file, file.with_name(f"lost-{file.name}")) for file in site.glob(f"data/*/en-US/{kind}[0-9]*")]
    assert moved
    for file, away in moved:
        file.rename(away)
    return lambda: [away.rename(file) for file, away in moved] and None


def test_a_search_whose_files_are_gone_says_so_and_tries_again(show: Callable[..., Page], breakable: Path) -> None:
    page = show(SEARCH, at=breakable)
    expect(page.locator("tbody tr")).to_have_count(25)
    put_back = lose(breakable, "gram")
    page.get_by_role("searchbox").fill("running")
    expect(page.get_by_role("alert")).to_contain_text("This list cannot be loaded.")
    expect(page.locator("tbody tr")).to_have_count(0)
    expect(page.get_by_role("button", name="Download CSV")).to_be_disabled()
    put_back()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("tbody tr").first).to_contain_text("Running")
    expect(page.get_by_role("button", name="Download CSV")).to_be_enabled()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_file_of_a_list_that_cannot_be_made_says_so(show: Callable[..., Page], breakable: Path) -> None:
    page = show(SEARCH, at=breakable)
    expect(page.locator("tbody tr")).to_have_count(25)
    put_back = lose(breakable, "row")
    page.get_by_role("button", name="Download CSV").click()
    expect(page.get_by_text("The file could not be made")).to_be_visible()
    put_back()
    assert len(download(page)) > 500


def test_skus_are_looked_up_in_a_large_scope(large: Callable[..., Page]) -> None:
    page = large(SEARCH)
    expect(page.locator("p.count")).to_contain_text("of 576")
    held = page.locator("tbody .sku").all_inner_texts()[:2]
    large(f"{SEARCH}&list=excluded")
    expect(page.locator("p.count")).to_contain_text("of 62")
    skus = [*held, page.locator("tbody .sku").first.inner_text(), "24-00311", "nobody", "<b>no</b>"]
    large(f"{SEARCH}&skus={'%0A'.join(skus)}")
    expect(page.get_by_text("Held: 2. Not held: 2. Not found: 2.")).to_be_visible()
    assert set(page.locator("tbody .sku").all_inner_texts()) == set(skus[:4])


def test_a_product_of_a_large_scope_is_opened(large: Callable[..., Page]) -> None:
    page = large(f"{SEARCH}&q=H-0")
    page.locator("tbody button").first.click()
    expect(page.get_by_role("dialog").locator("pre")).to_contain_text("javascript:alert(1)")
