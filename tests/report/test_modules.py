"""The page's JavaScript modules, each called by itself in the browser."""

from __future__ import annotations

import json
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from datasync.figures.store_at import Ahead
from datasync.report.facts import page_data
from datasync.report.facts.cards import CARDS
from datasync.report.format import binary, fold, pack, shards, skus
from datasync.report.publish import bundle_js, render
from tests.report import plausible

Call = Callable[..., Any]
TEMPLATES = Path(__file__).parents[2] / "reports" / "templates"
MODULES = {file.stem: file.read_text(encoding="utf-8") for file in (TEMPLATES / "js").glob("*.js")}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème BRÛLÉE", "creme brulee"),
        ("Süßwasser", "susswasser"),
        ("Ångström Øre Æsir łódź", "angstrom ore aesir lodz"),
        ("ＡＢＣ１２３", "abc123"),
        ("がっこう", "がっこう"),
        ("हिन्दी", "हिन्दी"),
        ("น้ำ", "น\u0e49\u0e4d\u0e32"),
        ("İstanbul", "istanbul"),
    ],
)
def test_folding_drops_case_and_accents_and_leaves_other_scripts_whole(call: Call, text: str, folded: str) -> None:
    assert call("fold.fold", text) == folded


def test_marks_of_direction_around_a_word_are_not_searched_for(call: Call) -> None:
    assert call("fold.wordsOf", "\u200fShoe\u200f \u202ajacket\u202c \u2068") == ["shoe", "jacket"]
    assert call("skus.skusOf", '\u200f24-001\u200f\n\u202a"B-2"\u202c') == ["24-001", "B-2"]


def test_every_word_of_a_query_is_marked_where_it_stands(call: Call) -> None:
    assert call("fold.marked", "Crème dish, crème", ["creme"]) == [["Crème", True], [" dish, ", False], ["crème", True]]
    assert call("fold.marked", "ａｂ straße", ["ss"]) == [["ａｂ stra", False], ["ß", True], ["e", False]]
    assert call("fold.marked", "Gro\u0308ße weiß 18", ["grosse", "8"]) == [
        ["Gro\u0308ße", True],
        [" weiß 1", False],
        ["8", True],
    ]
    assert call("fold.marked", "각", ["ᄀ"]) == [["각", False]]


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://shop.example/a", True),
        ("HTTP://shop.example", True),
        ("javascript:alert(1)", False),
        (" https://shop.example", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://", False),
        ("//shop.example", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(call: Call, url: str | None, is_link: bool) -> None:
    assert call("dom.isWeb", url) is is_link


def test_another_address_is_shown_and_leads_nowhere(call: Call) -> None:
    assert call("dom.link", "javascript:alert('<b>')") == "<span><bdi>javascript:alert('&lt;b&gt;')</bdi></span>"
    assert call("dom.link", "https://shop.example/?a&b").startswith('<a href="https://shop.example/?a&amp;b" ')


def test_json_is_laid_out_without_touching_a_token(call: Call) -> None:
    given = (
        '{"price":"1.50","n":1.0,"big":12345678901234567890,"e":[],"o":{},'
        '"t":"a \\"b\\": [1, 2] \\u003c","list":[true,null,{"a":-1e3}]}'
    )
    laid_out = "".join(text for _, text in call("json.layOut", given))
    assert '"n": 1.0,' in laid_out
    assert '"big": 12345678901234567890,' in laid_out
    assert laid_out == (
        '{\n  "price": "1.50",\n  "n": 1.0,\n  "big": 12345678901234567890,\n  "e": [],\n  "o": {},\n'
        '  "t": "a \\"b\\": [1, 2] \\u003c",\n'
        '  "list": [\n    true,\n    null,\n    {\n      "a": -1e3\n    }\n  ]\n}'
    )


def test_json_laid_out_is_what_a_plain_reader_would_print(call: Call) -> None:
    payload = plausible.payloads("ar-SA", 3, plausible.HOSTILE[:3])[0]
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    assert "".join(piece for _, piece in call("json.layOut", text)) == json.dumps(payload, ensure_ascii=False, indent=2)


STATE = {
    "scope": "de-DE",
    "tab": "search",
    "q": "woll & „oliv“ #1",
    "list": "missing",
    "type": "simple",
    "visibility": "catalog,search",
    "stock": "low-stock",
    "reason": "bad-value: price is …, which is no decimal number.",
    "skus": [],
    "left": 0,
    "sort": "-name",
    "page": 3,
    "sku": "a/b&c=d+e",
    "at": None,
    "staleLink": {"scope": None, "tab": None},
}
KNOWN = {"scopes": [{"name": "en-US"}, {"name": "de-DE"}], "services": [{"name": "search"}]}


def test_a_view_survives_its_address(call: Call) -> None:
    assert call("state.read", call("state.write", STATE), KNOWN) == STATE


def test_more_skus_than_an_address_may_have_are_counted(call: Call) -> None:
    given = {**STATE, "list": "asked", "skus": [f"S-{n}" for n in range(2500)]}
    read = call("state.read", call("state.write", given), KNOWN)
    assert (len(read["skus"]), read["left"]) == (2000, 500)
    assert call("state.read", call("state.write", read), KNOWN) == read


def test_a_service_may_be_called_overview(call: Call) -> None:
    named = {**KNOWN, "services": [*KNOWN["services"], {"name": "overview", "label": "Overview"}]}
    assert call("state.read", "#scope=en-US&tab=overview", named)["tab"] == "overview"
    shown = call("state.read", "#scope=en-US&tab=overview&at=holds", KNOWN)
    assert (shown["tab"], shown["at"], shown["staleLink"]) == ("", "holds", {"scope": None, "tab": None})
    for state in (shown, {**STATE, "tab": "overview"}):
        assert call("state.read", call("state.write", state), named) == state


def test_an_address_that_nobody_wrote_shows_the_first_view(call: Call) -> None:
    read = call("state.read", "#scope=<b>&tab=nope&sort=evil&page=-4&q=" + "x" * 999, KNOWN)
    assert read == {
        "scope": "en-US",
        "tab": "",
        "q": "x" * 200,
        "list": "total_received",
        "type": "",
        "visibility": "",
        "stock": "",
        "reason": "",
        "skus": [],
        "left": 0,
        "sort": "updated",
        "page": 1,
        "sku": None,
        "at": None,
        "staleLink": {"scope": "<b>", "tab": "nope"},
    }


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, ["ago.now", 0]),
        (59, ["ago.now", 0]),
        (60, ["ago.minutes", 1]),
        (3599, ["ago.minutes", 59]),
        (3600, ["ago.hours", 1]),
        (48 * 3600 - 1, ["ago.hours", 47]),
        (48 * 3600, ["ago.days", 2]),
        (-3600, ["ago.future", 0]),
    ],
)
def test_ages_are_told_in_the_largest_whole_unit(call: Call, seconds: int, told: list[object]) -> None:
    assert call("format.age", 1_000_000_000_000, 1_000_000_000_000 + seconds * 1000) == told


def test_a_word_for_the_shell_is_quoted_where_it_has_to_be(call: Call) -> None:
    assert call("parts.quoted", "manual__2026-11-24T06:00:00+00:00") == "manual__2026-11-24T06:00:00+00:00"
    assert call("parts.quoted", "it's; rm -rf /") == "'it'\\''s; rm -rf /'"


def test_every_way_to_be_zero_has_a_sentence(call: Call) -> None:
    for reason in (
        "held",
        "source failed",
        "catalog failed",
        "no run",
        "service failing",
        "nothing changed",
        "unknown",
    ):
        assert call("words.say", f"zero.{reason}", {"service": "Search"}).endswith(".")


def problems(call: Call, page: page_data.SitePages, now: str = "2026-11-24T07:30:00Z") -> list[str]:
    found = call("problems.problems", render.view(page, "v"), int(datetime.fromisoformat(now).timestamp() * 1000))
    return [one["key"] for one in found]


def test_a_calm_page_has_nothing_to_say_on_top(call: Call) -> None:
    assert problems(call, plausible.site_pages({"en-US": 50, "de-DE": 50}, calm=True)) == []


def test_what_needs_a_look_is_said_worst_first(call: Call) -> None:
    page = plausible.site_pages({"en-US": 50, "de-DE": 50})
    first = page.totals[0]
    damaged = replace(first, services=(replace(first.services[0], unexplained=-2), *first.services[1:]))
    old = replace(page, totals=(damaged, *page.totals[1:]), stale_after=plausible.NOW)
    assert problems(call, old) == [
        "banner.unexplained", "banner.held service", "banner.source", "banner.service", "banner.late", "banner.old",
    ]  # fmt: skip


def test_the_banner_names_each_run_whose_clock_was_ahead(call: Call) -> None:
    page = plausible.site_pages({"en-US": 50, "de-DE": 50}, calm=True)
    at, until = plausible.NOW + timedelta(days=2), plausible.NOW + timedelta(days=2, hours=3)
    places = [("en-US", "search", "r4"), ("en-US", None, "r4"), ("de-DE", None, "r5")]
    shown = replace(page, ahead=tuple(Ahead(scope, service, run, at, until) for scope, service, run in places))
    assert problems(call, shown) == ["banner.clock", "banner.clock"]
    first, second = call("problems.problems", render.view(shown, "v"), 0)
    assert (first["values"]["run"], first["go"]) == ("r4", {"scope": "en-US", "tab": "search"})
    assert (second["values"]["run"], second["go"]["tab"]) == ("r5", "")


def test_an_answer_is_to_the_entry_with_its_content_whatever_the_clocks_of_both_say(call: Call) -> None:
    versions = [{"hash": "a", "at": 100}, {"hash": "b", "at": 200}, {"hash": "a", "at": 300}, {"hash": None, "at": 400}]

    def found(hash_: str | None, at: int) -> int | None:
        one = call("history.versionOf", versions, {"hash": hash_, "at": at})
        return versions.index(one) if one else None

    assert [found("a", 150), found("b", 250), found("a", 350), found(None, 450)] == [0, 1, 2, 3]
    assert [found("a", 50), found("b", 10), found(None, 10)] == [0, 1, 3]
    assert [found("a", 200), found("c", 200)] == [0, None]


def test_the_banner_names_a_source_that_could_not_be_read(call: Call) -> None:
    page = plausible.site_pages({"en-US": 50}, calm=True)
    failed = replace(page.health[0], outcome="failed", error="The shop gave no answer. Try again.")
    (clause,) = call("problems.problems", render.view(replace(page, health=(failed,)), "v"), 0)
    assert clause["key"] == "banner.source"
    assert clause["values"]["reason"] == "The shop gave no answer"
    assert clause["values"]["scopes"] == "en-US"


def test_the_banner_blames_no_scope_whose_own_steps_went_well(call: Call) -> None:
    page = plausible.site_pages({"en-US": 50, "ar-SA": 50}, calm=True)
    failed = replace(page.runs[0], outcome="failed", errors=("fr-FR pull: The shop gave no answer.",))
    assert problems(call, replace(page, runs=(failed, *page.runs))) == []


def test_modules_are_joined_after_what_they_import_and_keep_their_names_apart(browser: Browser) -> None:
    modules = {
        "a": "const secret = 1;\nexport function one() {\n  return secret;\n}\n",
        "main": 'import { one } from "./a.js";\nconst secret = 2;\n'
        "export function start() {\n  globalThis.sum = one() + secret;\n}\n",
    }
    tab = browser.new_page()
    tab.evaluate(bundle_js.join(modules, "start"))
    assert tab.evaluate("globalThis.sum") == 3
    tab.close()


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ({"main": 'import { a } from "./a.js";\n', "a": 'import { start } from "./main.js";\n'}, "circle"),
        ({"main": 'import { a } from "./gone.js";\n'}, "gone.js"),
        ({"main": 'import * as a from "./a.js";\n', "a": ""}, "no form of import"),
        ({"main": "export default 1;\n"}, "no form of import or export"),
    ],
)
def test_a_module_that_cannot_be_joined_is_named(modules: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        bundle_js.join(modules, "start")


def test_every_module_is_part_of_the_page() -> None:
    joined = bundle_js.join(MODULES, "start")
    assert [name for name in MODULES if f"const ${name} = " not in joined] == []


def card_words() -> set[str]:
    """The keys of the words that cards have."""
    figures = {figure for card in CARDS for group in card.groups for figure in group.figures}
    names = {name for card in CARDS for name in (card.name, f"noscript.{card.name}", f"{card.name}.unit")}
    return names | {figure.plain()["label"] for figure in figures}


def test_every_figure_of_a_card_has_words(call: Call) -> None:
    labels = {figure.plain()["label"] for card in CARDS for group in card.groups for figure in group.figures}
    for label in sorted(labels | {card.name for card in CARDS if card.number}):
        assert call("words.say", label) != ""


def test_every_word_of_the_catalog_is_used() -> None:
    others = "\n".join(text for name, text in MODULES.items() if name != "words")
    others += re.sub(r"words\.(\w+)", r'"noscript.\1"', (TEMPLATES / "index.html").read_text(encoding="utf-8"))
    keys = re.findall(r'^  "([^"]+)": ', MODULES["words"], re.MULTILINE)
    others += "".join(f'"{key}"' for key in card_words())
    begun = tuple(re.findall(r'[`"]([a-z .]+\.(?:from )?)(?:\$\{|")', others))
    assert [
        key for key in keys if f'"{key}"' not in others and not key.startswith(begun) and not key.endswith(".means")
    ] == []


@pytest.mark.parametrize("text", ["</script>", "<!--", "\u2028\u2029", "]]>", "&lt;", "\"'`\\"])
def test_json_in_a_script_holds_nothing_that_ends_it(text: str) -> None:
    made = shards.json_text({"name": text})
    assert json.loads(made) == {"name": text}
    assert not set(made) & set("<>&\u2028\u2029")


def test_a_data_file_is_one_call_with_letters_that_no_catalog_chose(call: Call) -> None:
    for size in (0, 1, 14, 15, 16, 299, 70_000):
        given = random.Random(size).randbytes(size) + "</script>\u2028\"');".encode()
        text = pack.script("v/en-US/row7", given).decode("utf-16")
        assert re.fullmatch(r'datasync\("v/en-US/row7","[\u3400-\ub3ff]+",\d+\)', text)
        letters, length = json.loads(f"[{text.split(',', 1)[1][:-1]}]")
        packed = bytes(call("unpack.bytesOf", letters, length))
        assert zlib.decompress(packed, -15) == given
        assert json.loads(pack.inline("k", given)) == ["k", letters, length]


def test_a_data_file_stands_where_its_key_says(call: Call) -> None:
    assert call("load.pathOf", "20261124T0-a/en-US/order200017") == "data/20261124T0-a/en-US/order200/17.js"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("Crème  dish", ["creme", "dish"]),
        ("shoe - red", ["shoe", "red"]),
        ("-5 a- & --", ["5", "a-"]),
        ("t-shirt (xl)", ["t-shirt", "(xl)"]),
        ("靴 が ー", ["靴", "が", "ー"]),
    ],
)
def test_a_query_becomes_words(call: Call, query: str, words: list[str]) -> None:
    assert call("fold.wordsOf", query) == words


@pytest.mark.parametrize(
    ("word", "begins"),
    [("s", True), ("sh", True), ("5", True), ("24", True), ("sho", False), ("ж", True), ("жу", False), ("ก", True),
     ("กร", False), ("靴", False), ("ー", False), ("한", False), ("क", True), ("ש", True)],
)  # fmt: skip
def test_short_words_have_to_begin_where_words_begin_but_for_those_of_east_asia(
    call: Call, word: str, begins: bool
) -> None:
    assert call("fold.isBeginning", word) is begins


@pytest.mark.parametrize(
    ("costs", "places"),
    [([5], [0]), ([5, 1], [0]), ([5, 9, 9, 9, 1], [0]), ([5] * 6, [0, 1]), ([5, 9, 9, 1, 9, 9], [0, 3]),
     ([9] * 12, [0, 7]), ([9] * 13, [0, 1, 8]), ([5, 1, 1, 9, 9, 9, 9, 9, 9, 3], [0, 2, 9])],
)  # fmt: skip
def test_a_word_is_covered_without_a_gap_by_the_rarest_grams(call: Call, costs: list[int], places: list[int]) -> None:
    """Each gram tells the four bytes behind its own three."""
    found = call("search.cover", costs)
    assert sum(costs[one] for one in found) == sum(costs[one] for one in places)
    assert found[0] == 0 and found[-1] + 7 >= len(costs) + 2
    assert all(after - before <= 7 for before, after in pairwise(found))


@pytest.mark.parametrize("sku", ["", "24-0001", "ÄÖ-靴-1", "x" * 500])
def test_a_sku_has_the_same_hash_in_the_page_and_in_its_table(call: Call, sku: str) -> None:
    text, starts = binary.texts(pa.chunked_array([["other", sku, "b"]]))
    assert call("skutable.hashOf", sku) == int(skus.hashes(text, starts)[1])


@given(st.text(st.characters(exclude_categories=("Cs", "Cn", "Cc")), max_size=12))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_text_is_folded_alike_in_the_page_and_in_the_index(call: Call, text: str) -> None:
    assert call("fold.fold", text) == fold.fold(text) or set(text) & set("\u1680\u2028\u2029\ufeff")
