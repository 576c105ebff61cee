"""``datasync check``: what it says of settings that work, and which mistake it names before a run meets it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from datasync.check import Finding, check
from datasync.connection import from_environment
from datasync.store.files import Folder
from tests.shop import SETTINGS, Shop

A, B = ("A-1", "Apple", "enabled", "fruit", "red"), ("B-2", "Bread", "disabled", "bakery", "")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.sells(A, B, B, ("C-3", "", "enabled", "home", ""), ("D-4", "Door", "maybe", "home", ""))
    return made


def findings(shop: Shop) -> list[Finding]:
    pipeline = shop.pipeline()
    return list(check(pipeline.store, pipeline.settings, shop.now, pipeline.credentials))


def problems(shop: Shop) -> list[tuple[str, str]]:
    return [(one.where, one.sentence) for one in findings(shop) if one.level == "problem"]


def test_everything_that_is_in_order_is_said_and_so_is_what_a_run_would_do(shop: Shop) -> None:
    told = shop.run("check")
    assert (told.code, told.err) == (0, "")
    assert told.lines == [
        "ok       settings: scopes en-US; services catalog-service, search",
        f"ok       store: {shop.folder}/var/store can be written and read, and creates a name only once.",
        (
            "note     scopes.en-US: 5 records: 2 valid, 1 repeated, 2 in quarantine; missing-name 1, as: "
            "The product has no name; unknown-status 1, as: status is maybe; known are enabled and disabled."
        ),
        (
            "note     scopes.en-US: no field is taken for these, so every product has the default: type simple, "
            "visible_in [catalog, search], stock unknown."
        ),
        (
            "note     scopes.en-US: no field is taken for these, so they stay empty: description, price, currency, "
            "url, images, updated_at."
        ),
        "ok       scopes.en-US: catalog-service accepts 2 of 2.",
        "note     scopes.en-US: search accepts 1 of 2; 1: The product is disabled.",
        "In order.",
    ]


def test_a_source_whose_rows_come_through_python_is_checked_after_it_was_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that was asked for before and not fetched to its end would keep the connection from taking them."""
    with contextlib.closing(sqlite3.connect(tmp_path / "erp.db")) as database:
        database.executescript("CREATE TABLE p (sku, name); INSERT INTO p VALUES ('A-1', 'Apple'), ('B-2', '')")
    monkeypatch.setenv("AIRFLOW_CONN_ERP", f"sqlite:///{tmp_path}/erp.db")
    source = "sources: {erp: {kind: sql, connection: erp}}\nscopes: {en-US: {source: erp, table: p}}\n"
    shop = Shop(tmp_path, source + "services: {search: {}}\n")
    for command in ("check", "sync", "check", "sync", "check"):
        done = shop.run(command)
        assert (done.code, "problem" in done.out) == (0, False), (command, done)


def test_a_check_leaves_nothing_behind(shop: Shop) -> None:
    shop.run("sync")
    before = shop.files()
    assert shop.run("check").code == 0
    assert shop.files() == before


def test_fields_that_are_not_taken_are_named(shop: Shop) -> None:
    shop.settings.write_text(SETTINGS.replace("    attributes: [color]\n", ""), encoding="utf-8")
    assert Finding(
        "note", "scopes.en-US", "not taken: color. What a service needs has to be named in the settings."
    ) in findings(shop)


def test_only_the_beginning_of_a_large_source_is_read(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.sells(*((f"S-{n}", "n", "enabled", "c", "") for n in range(10_001)))
    assert findings(shop)[1].sentence == "the first 10,000 records: 10,000 valid, 0 in quarantine."


@pytest.mark.parametrize(
    ("given", "instead", "where", "sentence"),
    [
        (
            "attributes: [color]",
            'map: {price: "try_cast(cost as int)"}',
            "scopes.en-US",
            "no record has the field 'cost', which price needs.",
        ),
        (
            "attributes: [color]",
            'map: {price: "abs(name)"}',
            "scopes.en-US.map.price",
            "'abs(name)' cannot be used: abs does not take text. Cast what is text",
        ),
        (
            "attributes: [color]",
            "map: {price: random()}",
            "scopes.en-US.map.price",
            "'random()' cannot be used: random is no function that gives one value",
        ),
        (
            "attributes: [color]",
            'map: {price: "(select 1)"}',
            "scopes.en-US.map.price",
            "'(select 1)' cannot be used: it holds a subquery.",
        ),
        (
            "attributes: [color]",
            "map: {name: \"''\"}",
            "scopes.en-US",
            "5 records: 0 valid, 5 in quarantine; missing-name 5",
        ),
        ("en/*.csv", "fr/*.csv", "scopes.en-US.path", "no file matches"),
        (
            "status = 'enabled'",
            "stauts = 'enabled'",
            "services.search.accepts.0.rule",
            "\"stauts = 'enabled'\" cannot be used: no product column is called 'stauts'; there are sku, name,",
        ),
        (  # a comparison of two types that DuckDB can cast is no mistake, but no product meets it
            "status = 'enabled'",
            "price = name",
            "services.search.accepts",
            "of all 2 products it accepts none. Look at the rule behind: The product is disabled.",
        ),
        (
            "status = 'enabled'",
            "price + 1",
            "services.search.accepts.0.rule",
            "'price + 1' cannot be used: it gives a number, where true or false is wanted.",
        ),
        (
            "status = 'enabled'",
            "now() > updated_at",
            "services.search.accepts.0.rule",
            "'now() > updated_at' cannot be used: now is no function that gives one value",
        ),
    ],
)
def test_a_mistake_in_a_map_or_rule_is_named_by_its_key(
    shop: Shop, given: str, instead: str, where: str, sentence: str
) -> None:
    shop.settings.write_text(SETTINGS.replace(given, instead), encoding="utf-8")
    (found,) = problems(shop)
    assert found[0] == where
    assert found[1].startswith(sentence)
    told = shop.run("check")
    assert (told.code, told.lines[-1]) == (2, "Problems: 1. Mend them before the next run.")


@pytest.mark.parametrize(
    ("rows", "level", "sentence"),
    [
        (
            (A, ("", "x"), ("C-3", "")),
            "problem",
            "3 records: 1 valid, 2 in quarantine, which is more than half; missing-",
        ),
        ((A, B, ("C-3", ""), ("D-4", "")), "note", "4 records: 2 valid, 2 in quarantine; missing-name 2, as: The"),
        (
            (A, A, A, ("C-3", ""), ("", "x")),
            "problem",
            "5 records: 1 valid, 2 repeated, 2 in quarantine, which is more",
        ),
        ((("C-3", ""), ("D-4", "")), "problem", "2 records: 0 valid, 2 in quarantine; missing-name 2, as: The product"),
        (
            (A, ("C-3", ""), ("D-4", ""), ("", "x")),
            "problem",
            "4 records: 1 valid, 3 in quarantine, which is more than ",
        ),
        ((A, B), "ok", "2 records: 2 valid, 0 in quarantine."),
    ],
)
def test_more_in_quarantine_than_valid_is_a_problem(
    shop: Shop, rows: tuple[tuple[str, ...], ...], level: str, sentence: str
) -> None:
    shop.sells(*rows)
    (counts,) = [finding for finding in findings(shop) if " records: " in finding.sentence]
    assert counts.level == level
    assert counts.sentence.startswith(sentence)
    assert shop.run("check").code == (2 if level == "problem" else 0)


def test_the_most_frequent_reason_is_named_first(shop: Shop) -> None:
    shop.sells(A, ("C-3", ""), ("D-4", "x", "maybe"), ("E-5", "x", "maybe"))
    (counts,) = [finding for finding in findings(shop) if " records: " in finding.sentence]
    assert counts.sentence == (
        "4 records: 1 valid, 3 in quarantine, which is more than half; unknown-status 2, as: status is maybe; known "
        "are enabled and disabled; missing-name 1, as: The product has no name."
    )


def test_every_problem_is_named_not_only_the_first(shop: Shop) -> None:
    shop.settings.write_text(
        SETTINGS.replace("status = 'enabled'", "nothing").replace("en/*.csv", "gone.csv"), encoding="utf-8"
    )
    assert [where for where, _ in problems(shop)] == ["services.search.accepts.0.rule", "scopes.en-US.path"]


def test_scopes_and_services_that_left_the_settings_are_listed_with_what_they_hold(shop: Shop) -> None:
    shop.run("sync")
    shop.settings.write_text(SETTINGS.replace("  en-US:", "  en-GB:"), encoding="utf-8")
    told = {one.sentence for one in findings(shop) if one.where == "store" and one.level == "note"}
    assert told == {
        "No longer configured, 2 products held: the catalog of en-US. `datasync withdraw` takes them away.",
        "No longer configured, 2 products held: catalog-service in en-US. `datasync withdraw` takes them away.",
        "No longer configured, 1 product held: search in en-US. `datasync withdraw` takes them away.",
    }


def test_an_entry_that_is_missing_from_a_log_is_named(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(A, ("B-2", "Bread roll", "disabled", "bakery", ""))
    shop.run("sync")
    (shop.folder / "var/store/receipts/service=catalog-service/scope=en-US/00000001.parquet").unlink()
    assert (
        "store",
        "receipts/service=catalog-service/scope=en-US misses the entries 1. Restore them from a backup.",
    ) in problems(shop)


def test_a_store_that_cannot_be_written_is_a_problem(shop: Shop) -> None:
    (shop.folder / "var").write_text("a file where a folder has to be", encoding="utf-8")
    (store, site) = problems(shop)
    assert store[0] == "store"
    assert store[1].startswith(f"{shop.folder}/var/store cannot be used: ")
    assert site == (
        "site",
        f"{shop.folder}/var/site cannot be written: {shop.folder}/var is no folder that this user may write to.",
    )


def test_one_export_for_several_scopes_is_a_problem(shop: Shop) -> None:
    two = (
        SETTINGS.replace("services:", "  en-GB: {source: exports, path: en/*.csv}\nservices:")
        + "  out: {export: out/all.jsonl}\n"
    )
    shop.settings.write_text(two, encoding="utf-8")
    assert problems(shop) == [
        ("services.out.export", f"{shop.folder}/out/all.jsonl is one file for 2 scopes. Put {{scope}} into its name.")
    ]


def test_a_source_without_records_is_noted(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.sells()
    assert Finding("note", "scopes.en-US", "The source can be read and holds no record.") in findings(shop)


def test_settings_that_cannot_be_read_end_with_2(tmp_path: Path) -> None:
    told = Shop(tmp_path, "scopes: {").run("check")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith(f"datasync: {tmp_path}/datasync.yaml: is not YAML: ")


class Careless(Folder):
    """A store that puts a file under a name whatever stands there, as a plain copy does."""

    def create(self, path: str, made: Path) -> bool:
        self.replace(path, made)
        return True


def test_a_store_that_creates_a_name_twice_is_a_problem(shop: Shop) -> None:
    found = check(Careless(str(shop.folder / "careless")), shop.pipeline().settings, shop.now, from_environment)
    assert [one.sentence for one in found if one.level == "problem"] == [
        f"{shop.folder}/careless created the same name twice: two runs at once would lose data. Use another store."
    ]
    assert not list((shop.folder / "careless").rglob("*.json"))


def test_a_record_that_may_have_swallowed_others_is_told_of_and_a_shorter_one_by_the_check_alone(shop: Shop) -> None:
    header = "sku,name,status,categories,color"
    row = "{0},a,enabled,x,"
    for inner, is_long in ((3, False), (30, True)):
        swallowed = [row.format(f"S{number}") for number in range(inner)]
        lines = [header, row.format("A"), 'B,"Bolt 5 inch,enabled,x,', *swallowed, 'Z,3",enabled,x,', row.format("C")]
        file = shop.folder / "en" / "products.csv"
        file.write_text("\n".join(lines) + "\n")
        sentence = f"Line 3 swallowed {inner} lines of products.csv: a quote is not closed?"
        told = [one.sentence for one in findings(shop) if one.where == "scopes.en-US"]
        assert any(one.endswith(sentence) for one in told)
        assert (sentence in shop.run("sync").out + shop.run("why", "B").out) == is_long


FEED = """\
store: var/store
site: var/site
sources:
  exports: {kind: files}
scopes:
  default:
    source: exports
    path: p.csv
services:
  search: {label: Search}
"""


@pytest.mark.parametrize(
    ("column", "expression", "sentence"),
    [
        (
            "visible_in",
            "case when color = 'red' then ['catalog'] end",
            (
                "it gives NULL for 4 records, so they have the default, [catalog, search]. "
                "Write [] where nowhere is meant."
            ),
        ),
        (
            "status",
            "case when sku <> 'A-1' then status end",
            "it gives NULL for 1 record, so it has the default, enabled. Write 'disabled' where that is meant.",
        ),
        ("visible_in", "color", None),
        ("status", "status", None),
        ("visible_in", "case when color = 'red' then ['catalog'] else [] end", None),
        ("visible_in", "null", None),
    ],
)
def test_records_whose_map_gives_null_have_the_default_and_are_counted(
    shop: Shop, column: str, expression: str, sentence: str | None
) -> None:
    mapped = f'attributes: [color]\n    map: {{{column}: "{expression}"}}'
    shop.settings.write_text(SETTINGS.replace("attributes: [color]", mapped), encoding="utf-8")
    if expression == "color":
        shop.sells(("A-1", "Apple", "enabled", "fruit", "catalog"))
    notes = [finding.sentence for finding in findings(shop) if finding.where == f"scopes.en-US.map.{column}"]
    assert notes == ([sentence] if sentence else [])


@pytest.mark.parametrize(
    ("left", "sentence"),
    [
        (5, "a sync would be held: it would remove 35 of 40 products, which the source lacks."),
        (0, "a sync would be held: it would remove 40 of 40 products, which the source lacks."),
        (30, None),
        (40, None),
    ],
)
def test_a_check_says_that_the_next_sync_would_be_held(tmp_path: Path, left: int, sentence: str | None) -> None:
    shop = Shop(tmp_path, FEED)
    file, lines = tmp_path / "p.csv", [f"S{n},Thing {n}\n" for n in range(40)]
    file.write_text("sku,name\n" + "".join(lines), encoding="utf-8")
    assert shop.run("sync").code == 0
    file.write_text("sku,name\n" + "".join(lines[:left]), encoding="utf-8")
    problems = [finding.sentence for finding in findings(shop) if finding.level == "problem"]
    assert problems == ([sentence] if sentence else [])
    assert shop.run("sync").code == (5 if sentence else 0)


def test_a_check_of_a_damaged_catalog_says_so(tmp_path: Path) -> None:
    shop = Shop(tmp_path, FEED)
    (tmp_path / "p.csv").write_text("sku,name\nA,Apple\nB,Pear\n", encoding="utf-8")
    assert shop.run("sync").code == 0
    entry = tmp_path / "var/store/catalog/scope=default/00000001.parquet"
    content = bytearray(entry.read_bytes())
    content[4:44] = bytes(40)
    entry.write_bytes(content)
    told = shop.run("check")
    assert told.code == 2 and "Traceback" not in told.out + told.err
    assert "problem  scopes.default: The store is damaged: catalog/scope=default/00000001.parquet" in told.out


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("delimiter: ';'", "That is one field: is the delimiter ','?"),
        ("header_line: 9", "it has nothing from line 9 on, where its header is looked for. Nothing was changed. Mend"),
        ("volatile: [stock_date]", "which volatile needs."),
    ],
)
def test_a_key_that_does_not_fit_the_file_is_named(tmp_path: Path, key: str, sentence: str) -> None:
    shop = Shop(tmp_path, FEED.replace("path: p.csv", f"path: p.csv\n    {key}"))
    (tmp_path / "p.csv").write_text("sku,name,price\nA,Apple,1\n", encoding="utf-8")
    assert any(finding.level == "problem" and sentence in finding.sentence for finding in findings(shop))


@pytest.mark.parametrize(
    ("header", "row", "listed"),
    [
        ("sku,name,colour,,", "A,Apple,red,1,2", "colour, columns 4 and 5, which have no name"),
        ("sku,name,", "A,Apple,1", "column 3, which has no name"),
        ("sku,name,,,,x", "A,Apple,1,2,3,4", "x, columns 3, 4 and 5, which have no name"),
        ("sku,name,column_x", "A,Apple,1", "column_x"),
    ],
)
def test_columns_without_a_name_are_called_by_their_places(tmp_path: Path, header: str, row: str, listed: str) -> None:
    shop = Shop(tmp_path, "")
    shop.settings.unlink()
    (tmp_path / "p.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    assert f"  not taken: {listed} (name" in shop.run("init", str(tmp_path / "p.csv"), "-o", str(shop.settings)).out
    assert f"not taken: {listed}. What a service needs" in shop.run("check").out


@pytest.mark.parametrize(
    ("encoding", "name", "written", "is_noted"),
    [
        ("latin-1", "Jürgen", "utf-8", True),
        ("windows-1252", "Łódź", "utf-8", True),
        ("latin-1", "Jurgen", "utf-8", False),
        ("latin-1", "Jürgen", "latin-1", False),
        ("utf-8", "Jürgen", "utf-8", False),
        ("utf-16", "Jürgen", "utf-16", False),
    ],
)
def test_an_encoding_of_a_file_that_is_utf_8_is_told_of(
    tmp_path: Path, encoding: str, name: str, written: str, is_noted: bool
) -> None:
    shop = Shop(tmp_path, SETTINGS.replace("source: exports", f"source: exports\n    encoding: {encoding}", 1))
    file = tmp_path / "en" / "p.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(f"sku,name,color\nA,{name},red\n".encode(written))
    noted = [line.sentence for line in findings(shop) if line.where == "scopes.en-US.encoding"]
    assert bool(noted) == is_noted
    assert all(sentence.startswith("the file is valid UTF-8, and its letters") for sentence in noted)
    assert all(sentence.endswith(f"come out wrong in {encoding}: take the line out.") for sentence in noted)


@pytest.mark.parametrize("compared", ["> 0", "<= 12.5"])
def test_a_number_of_a_text_that_is_compared_is_cast_as_the_check_says(shop: Shop, compared: str) -> None:
    expression = f"case when number_of(name, ',') {compared} then 'in-stock' else 'unknown' end"
    written = SETTINGS.replace("attributes: [color]", f'map: {{stock: "{expression}"}}')
    shop.settings.write_text(written, encoding="utf-8")
    (problem,) = problems(shop)
    cast = f"try_cast(number_of(name, ',') as double) {compared}"
    assert expression in problem[1] and problem[1].endswith(f"Cast one of them, as in {cast}.")
    shop.settings.write_text(written.replace(f"number_of(name, ',') {compared}", cast), encoding="utf-8")
    assert problems(shop) == []
