"""Mistakes that people make in settings: `check` names each by its key, and says what is wrong and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shop import Shop

BASE = """\
store: var/store
sources:
  exports: {kind: files}
scopes:
  en-US:
    source: exports
    path: "en/*.csv"
    attributes: [color]
    map: {price: "try_cast(cost as double)"}
services:
  search:
    label: Search
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
"""
ROWS = "sku,name,status,cost,qty,color\n1,Pen,enabled,1.50,3,red\n2,Cap,enabled,2.50,many,blue\n3,Ink,disabled,,0,\n"
MAP = 'map: {price: "try_cast(cost as double)"}'
RULE = "status = 'enabled'"
HERE = "services.search.accepts.0"

# What is written in the place of what, and the sentence that has to stand in what check says.
KEYS = {
    "stroe: var/store": ("store: var/store", "stroe: there is no such key. Did you mean store? Known here: store,"),
    "pth: en": ('path: "en/*.csv"', "scopes.en-US.pth: there is no such key. Did you mean path?"),
    "lable: Search": ("label: Search", "services.search.lable: there is no such key. Did you mean label?"),
    "sceduel: hourly": ("store: var/store", "sceduel: there is no such key. Did you mean schedule?"),
    "otherwize: The": ("otherwise: The", f"{HERE}.otherwize: there is no such key. Did you mean otherwise?"),
    "{kind: csv}": ("{kind: files}", "sources.exports.kind: there is no kind 'csv'. Did you mean files? Known kinds:"),
    "{kind: postgres}": ("{kind: files}", "there is no kind 'postgres'. Did you mean sql?"),
    "{root: en}": ("{kind: files}", "sources.exports.kind: is missing. Write it first, as in kind: files."),
    "exports: files": (
        "exports: {kind: files}",
        "sources.exports: is 'files', where keys are wanted. Write them as in {kind",
    ),
    "source: export": ("source: exports", "is called 'export'. Did you mean exports? Known: exports."),
    "locale: en": ("source: exports", "scopes.en-US.source: is missing. Add it: the name of one of the sources"),
    "locale: fr": ('path: "en/*.csv"', 'scopes.en-US.path: is missing. A files source needs one, as in "exports/de'),
    "table: products": (
        "attributes: [color]",
        "scopes.en-US.table: means nothing to a files source. Take the line out.",
    ),
    "en US:": ("en-US:", "'en US' is no name: names become paths, so use letters"),
    "{otherwise": (
        "{rule: \"status = 'enabled'\", otherwise",
        f"{HERE}.rule: is missing. Add it: a condition over the",
    ),
}
VALUES = {
    "window: 3": ("store: var/store", "window: 3 has no unit: write a whole number above 0 and its unit"),
    "window: 3 hours": ("store: var/store", "window: '3 hours' is no duration: write a whole number"),
    "guard: {percent: lots}": ("store: var/store", "guard.percent: 'lots' is no number. Write one as in 30 or 2.5."),
    "guard: {percent: 130}": ("store: var/store", "guard.percent: 130 is more than 100, the most there can be."),
    "guard: 30": ("store: var/store", "guard: is 30, where keys are wanted. Write them as in {percent: 30"),
    "keep: {sites: 0}": ("store: var/store", "keep.sites: 0 is less than 1, the least there can be."),
    "schedule: every hour": ("store: var/store", "schedule: 'every hour' is no cron expression: write one as in"),
    "link: reports.example": (
        "store: var/store",
        "link: 'reports.example' is no address of the web. Begin it with https",
    ),
    "notify: slack": ("store: var/store", "notify: is 'slack', where a list is wanted. Write it as in - {notifier:"),
    "max_bytes: 200 KB": (
        "label: Search",
        "services.search.max_bytes: '200 KB' is no whole number. Write digits alone",
    ),
    "required: price": (
        "label: Search",
        "services.search.required: is 'price', where a list is wanted. Write it as in [price]",
    ),
    "required: [prize]": ("label: Search", "services.search.required.0: 'prize' is none of sku, name"),
    "label: yes": (
        "label: Search",
        'services.search.label: is true, where text is wanted. Put it in quotes, as in "yes".',
    ),
    "attributes: color": ("attributes: [color]", "scopes.en-US.attributes: is 'color', where a list is wanted."),
    "snapshot: full": ("attributes: [color]", "'full' is none of complete, newest, partial. Did you mean complete?"),
    "format: excel": ("attributes: [color]", "'excel' is none of csv, jsonl, parquet, xlsx. Did you mean xlsx?"),
    "delimiter: tab": ("attributes: [color]", "scopes.en-US.delimiter: 'tab' is not one sign. Write it as in \";\""),
    "header_line: 0": ("attributes: [color]", "scopes.en-US.header_line: 0 is less than 1, the least there can be."),
    "header_line: 1.5": ("attributes: [color]", "scopes.en-US.header_line: 1.5 is no whole number."),
    "header_line: yes": ("attributes: [color]", "scopes.en-US.header_line: true is what YAML makes of yes"),
    "encoding: utf8mb4": ("attributes: [color]", "scopes.en-US.encoding: 'utf8mb4' is no encoding: write one as in"),
    "map: {prize: cost}": (
        MAP,
        "scopes.en-US.map.prize: a product has no such column. Did you mean price? Columns: sku",
    ),
    "map: {price: null}": (
        MAP,
        "scopes.en-US.map.price: has no value. Write one, or take the line out (to leave a column",
    ),
    "map: [price]": (MAP, "scopes.en-US.map: holds a list, where keys are wanted. Write them as in {sku: article"),
    "store_options: {secret: x}": ("store: var/store", "secrets come from the environment or an Airflow connection"),
}
YAML = {
    "\tpath:": ("    path:", "is not YAML: line 7 begins with a tab. Indent with blanks."),
    "label: Search: the best": ("label: Search", "is not YAML: line 12 has a second colon, or is indented deeper"),
    "map: {price: cost": (MAP, "is not YAML: a bracket that line 9 opens is not closed before line 10. Close it"),
    "store: var/store\nstore: b": (
        "store: var/store",
        "store: stands twice, on lines 1 and 2. Rename or remove one.",
    ),
    'otherwise: "The': ("otherwise: The", "is not YAML: a quote that line 14 opens is not closed."),
    "no:": ("en-US:", 'no: on line 5 is true or false to YAML, where a name is wanted. Put it in quotes: "no".'),
    f"window: {'9' * 5000}": (
        "store: var/store",
        f"{'9' * 40}...: on line 1 is neither a number nor a date that there can be. Put it in quotes",
    ),
    "schedule: 2026-13-45": ("store: var/store", "2026-13-45: on line 1 is neither a number nor a date that there can"),
}
EXPRESSIONS = {
    "status = 'active'": (RULE, f"{HERE}.rule: status is never 'active'. It is one of enabled, disabled."),
    "status in ('Enabled')": (RULE, f"{HERE}.rule: status is never 'Enabled'. Did you mean enabled?"),
    "list_contains(visible_in, 'serach')": (RULE, "visible_in is never 'serach'. Did you mean search?"),
    "stauts = 'enabled'": (RULE, "no product column is called 'stauts'; there are sku, name,"),
    "attr('colr') = 'red'": (RULE, "no scope takes the attribute 'colr'. Did you mean color? Name it under a scope's"),
    "price + 1": (RULE, "it gives a number, where true or false is wanted. Compare it, as in price > 0."),
    "price > 100": (RULE, "services.search.accepts: of all 3 products it accepts none. Look at the rule behind: The"),
    "price >> ": (RULE, "it is no SQL from"),
    "status ~ '('": (RULE, "a regular expression in it cannot be read (missing ): ()"),
    "regexp_extract(status, '[a') = 'b'": (RULE, "cannot be used: a regular expression in it cannot be read (missing"),
    "regexp_replace(status, '*', '') = ''": (RULE, "a regular expression in it cannot be read (no argument for rep"),
    "where: \"color similar to '('\"": ("attributes: [color]", "a regular expression in it cannot be read (missing"),
    "map: {updated_at: \"strptime(cost, '%Q')\"}": (
        MAP,
        "cannot be used: '%Q' is no format of a time: '%d.%m.%Y %H:%M' is one",
    ),
    "map: {price: \"number_of(cost, ';')\"}": (MAP, "cannot be used: the decimal sign that number_of takes is ',' or"),
    "map: {price: cost + 1}": (
        MAP,
        "scopes.en-US.map.price: 'cost + 1' cannot be used: + does not take text and a number.",
    ),
    "map: {price: floot(cost)}": (MAP, "'floot(cost)' cannot be used: there is no function floot. Did you mean floor?"),
    "map: {price: costs}": (
        MAP,
        "no record has the field 'costs', which price needs. Did you mean 'cost'? Fields of this",
    ),
    'map: {price: "cast(qty as int)"}': (
        MAP,
        "scopes.en-US.map.price: it fails on 1 record, which goes to quarantine. Write try_cast(qty AS INTEGER),",
    ),
    "map: {updated_at: 5}": (MAP, "scopes.en-US.map.updated_at: is 5, where text is wanted. Put it in quotes"),
    'map: {price: "cast(qty as number)"}': (
        MAP,
        "there is no type number: int, double, text, date and timestamp are some",
    ),
    'where: "colour = 1"': (
        "attributes: [color]",
        "no record has the field 'colour', which where needs. Did you mean 'color'?",
    ),
    "where: color": (
        "attributes: [color]",
        "scopes.en-US.where: 'color' cannot be used: it gives text, where true or false is wanted. Compare it",
    ),
    "attributes: [colour]": (
        "attributes: [color]",
        "no record has the field 'colour', which attributes needs. Did you",
    ),
    "required: [url]": ("label: Search", "services.search: it rejects all 2 products that it accepts. Map what is"),
    "max_bytes: 10": ("label: Search", "It rejects 2 of these: larger than max_bytes (10)."),
    'path: "fr/*.csv"': ('path: "en/*.csv"', "scopes.en-US.path: no file matches"),
    "encoding: utf-16": ("attributes: [color]", "scopes.en-US: products.csv cannot be read"),
}
FURTHER = {
    "every: 5 minutes": ("store: var/store", "every: there is no such key. Did you mean schedule?"),
    "translations: {from: xx}": ("store: var/store", "translations.from: there is no such key. Known here: fields."),
    "guard: {percent: yes}": (
        "store: var/store",
        "guard.percent: true is what YAML makes of yes, no, on and off",
    ),
    "guard: {percent: .nan}": ("store: var/store", "guard.percent: nan is no number. Write one as in 30"),
    "guard: {products: -5}": ("store: var/store", "guard.products: -5 is less than 0, the least there can be."),
    "window: null": ("store: var/store", "window: has no value: write a whole number above 0"),
    "window: -3h": ("store: var/store", "window: '-3h' is below zero: write a whole number above 0"),
    "scopes: {}\nunused:": ("scopes:", "scopes: has no entry, and needs at least one. Write one as in {en-US:"),
    "scopes: [en-US]\nunused:": ("scopes:", "scopes: holds a list, where keys are wanted. Write them as in {en-US:"),
    "my search:": ("search:", "services.my search: 'my search' is no name: names become paths"),
    "EN-us: {source: exports, path: x}\n  en-US:": (
        "en-US:",
        "scopes: has 'EN-us' and 'en-US', which share a folder",
    ),
    "{kind: sql, url: shop.db}": ("{kind: files}", "'shop.db' is no URL: write one as in sqlite:///shop.db"),
    "{kind: sql, url: 'mysql://a:b@c/d'}": ("{kind: files}", "url: 'mysql://***' holds a secret, and this file is no"),
    "\u00a0\u00a0\u00a0\u00a0path:": (
        "    path:",
        "line 7 begins with a blank that is none to YAML. Indent with",
    ),
    "---\nservices:": ("services:", "is not YAML: line 10 begins a second document with ---, and settings are one."),
    "label:Search": ("label: Search", "or that one has no blank after its colon. Put a text with a colon in quotes"),
    "label: @x": ("label: Search", "is not YAML: line 12 begins a text with a sign that YAML keeps for itself."),
    f"label: {'[' * 3000}": ("label: Search", "has keys inside of keys, or brackets, without end. Close the brackets"),
    'path: "en"': ('path: "en/*.csv"', "en' is a folder. Nothing was changed. Say which files in it, as in"),
    'path: "s3://bucket"': ('path: "en/*.csv"', "scopes.en-US.path: 's3://bucket' is a bucket. Nothing was changed."),
    "where: 5": (
        "attributes: [color]",
        "scopes.en-US.where: is 5, where a condition is wanted. Write one as in",
    ),
    "rule: 5": (f'rule: "{RULE}"', f"{HERE}.rule: is 5, where a condition is wanted. Write one as in rule:"),
    "status = 'enabled": (RULE, "a text in it has no closing quote. A rule or map is one scalar SQL"),
    "count(*) > 1": (RULE, "cannot be used: count takes many records, where an expression sees one."),
    "price in (select 1)": (RULE, "cannot be used: it holds a subquery."),
    "true; drop table x": (RULE, "cannot be used: it holds a semicolon, or another statement."),
    "status = 'enabled' && price > 1": (RULE, "it puts one comparison beside another. Between them stands `and`"),
    "categories": (RULE, "it gives a list, where true or false is wanted. Compare it, as in list_contains("),
    "uper(status) = 'ENABLED'": (RULE, "there is no function uper. Did you mean upper? A rule or map is"),
    "": (RULE, "'' cannot be used: it is empty. A rule or map is one scalar SQL expression, as in price > 0"),
}
FOREIGN = ("DuckDB", "VARCHAR", "DOUBLE", "DECIMAL", "Input should", "pydantic", "Error:", "yaml.", "Traceback")
MISTAKES = {**KEYS, **VALUES, **YAML, **EXPRESSIONS, **FURTHER}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_said_in_a_sentence_that_mends_it(tmp_path: Path, mistake: str) -> None:
    instead_of, sentence = MISTAKES[mistake]
    assert instead_of in BASE
    shop = Shop(tmp_path, BASE.replace(instead_of, mistake, 1))
    (tmp_path / "en").mkdir()
    (tmp_path / "en/products.csv").write_text(ROWS, encoding="utf-8")
    told = shop.run("check")
    assert sentence in told.out + told.err
    for foreign in FOREIGN:
        assert foreign not in told.out + told.err
    only_noted = ('map: {price: "cast(qty as int)"}',)
    assert told.code == (0 if mistake in only_noted else 2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (BASE.encode("utf-16"), "datasync.yaml: is not written in UTF-8. Save it as UTF-8, as editors offer"),
        (BASE.replace("Search", "Süche").encode("latin-1"), "datasync.yaml: is not written in UTF-8. Save it as UTF-8"),
        (b"", "settings: the file holds no keys. Write sources, scopes and services into it. (in "),
        (b"- a\n", "settings: the file holds no keys. Write sources, scopes and services into it. (in "),
        (b"\x00\x01", "is not YAML: it holds a sign that YAML does not know. Write it anew as plain text, in UTF-8."),
        (b'{"scopes": {', "a bracket that line 1 opens is not closed there. Close it, with } or ]."),
    ],
)
def test_a_file_that_is_no_settings_is_said(tmp_path: Path, content: bytes, sentence: str) -> None:
    shop = Shop(tmp_path, BASE)
    shop.settings.write_bytes(content)
    told = shop.run("check")
    assert (told.code, told.out) == (2, "")
    assert sentence in told.err
    assert "Traceback" not in told.err


def test_settings_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    shop = Shop(tmp_path, BASE)
    shop.settings.write_text(BASE, encoding="utf-8-sig")
    (tmp_path / "en").mkdir()
    (tmp_path / "en/products.csv").write_text(ROWS, encoding="utf-8")
    assert shop.run("check").code == 0
