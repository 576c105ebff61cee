"""datasync.yaml: every key and default, paths, and what a mistake is told."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from datasync import settings
from datasync.delivery.services.feed_options import FeedService
from datasync.errors import InvalidSettings, UnknownName
from datasync.settings import Accept, Guard, Keep, Settings
from datasync.sources.files.options import FilesScope, FilesSource
from datasync.sources.sample.options import SampleSource

OF_THE_README = """
store: var/store
site: var/site
window: 3h
schedule: "0 * * * *"
keep: {snapshots: 7d, quarantine: 90d, history: 400d, sites: 3}
sources:
  demo: {kind: sample}
  exports: {kind: files}
scopes:
  en-US: {source: demo, label: English (United States)}
  de-DE:
    source: exports
    path: "exports/de/*.jsonl"
    snapshot: complete
    map: {sku: id, name: title, stock: "case when try_cast(qty as int) > 0 then 'in-stock' else 'out-of-stock' end"}
    attributes: [description, color, "size_*"]
    volatile: [modified]
services:
  catalog-service: {label: Catalog Service}
  search:
    label: Search
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
  bare:
"""


def read(folder: Path, text: str = OF_THE_README) -> Settings:
    file = folder / "datasync.yaml"
    file.write_text(text, encoding="utf-8")
    return settings.load(file)


def small(**changes: Any) -> dict[str, Any]:
    """Settings that are in order, but for what a test changes."""
    return {
        "sources": {"demo": {"kind": "sample"}},
        "scopes": {"en": {"source": "demo"}},
        "services": {"search": {}},
        **changes,
    }


def test_the_settings_of_the_readme_are_read_whole(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.store, found.site) == (str(tmp_path / "var/store"), str(tmp_path / "var/site"))
    assert (found.window, found.schedule, found.keep) == (timedelta(hours=3), "0 * * * *", Keep())
    assert found.sources == {"demo": SampleSource(kind="sample"), "exports": FilesSource(kind="files")}
    german = found.scope("de-DE")
    assert isinstance(german, FilesScope)
    assert (german.path, german.attributes, german.volatile) == (
        f"{tmp_path}/exports/de/*.jsonl",
        ("description", "color", "size_*"),
        ("modified",),
    )
    assert german.map["sku"] == "id"
    assert found.service("search").accepts == (Accept(rule="status = 'enabled'", otherwise="The product is disabled"),)
    assert found.service("bare").accepts == ()


def test_defaults_stand_in_one_place() -> None:
    found = settings.parse(small(), Path("/shop"))
    assert (found.store, found.site, found.window, found.schedule) == (
        "/shop/var/store",
        "/shop/var/site",
        timedelta(hours=3),
        "0 * * * *",
    )
    assert found.keep == Keep(
        snapshots=timedelta(days=7), quarantine=timedelta(days=90), history=timedelta(days=400), sites=3
    )
    assert (found.guard, found.scope("en").is_partial) == (Guard(percent=30, products=20), False)
    assert found.service("search") == FeedService(kind="feed", max_bytes=200_000, required=())


def test_relative_paths_resolve_against_the_file_and_absolute_and_remote_ones_stay(tmp_path: Path) -> None:
    sources = {
        "here": {"kind": "files", "root": "in"},
        "there": {"kind": "files", "root": "s3://bucket/in"},
        "bare": {"kind": "files"},
    }
    paths = {
        "a": ("here", "x.csv"),
        "b": ("there", "x.csv"),
        "c": ("bare", "../x.csv"),
        "d": ("bare", "/abs/x.csv"),
        "e": ("bare", "s3://b/x.csv"),
    }
    scopes = {name: {"source": source, "path": path} for name, (source, path) in paths.items()}
    found = settings.parse(
        small(sources=sources, scopes=scopes, store="s3://bucket/store", services={"s": {"export": "out/s.jsonl"}}),
        Path("/shop/conf"),
    )
    assert {name: scope.path for name, scope in found.scopes.items()} == {
        "a": "/shop/conf/in/x.csv",
        "b": "s3://bucket/in/x.csv",
        "c": "/shop/x.csv",
        "d": "/abs/x.csv",
        "e": "s3://b/x.csv",
    }
    assert (found.store, found.service("s").export) == ("s3://bucket/store", "/shop/conf/out/s.jsonl")


@pytest.mark.parametrize(
    ("changes", "key", "told"),
    [
        ({"windw": "3h"}, "windw", "there is no such key. Did you mean window? Known here: store, store_options, site"),
        (
            {"window": "3 hours"},
            "window",
            "'3 hours' is no duration: write a whole number above 0 and its unit (s, m, h, d or w), as in 90s",
        ),
        ({"window": "-1h"}, "window", "'-1h' is below zero: write a whole number above 0 and its unit"),
        ({"window": 30}, "window", "30 has no unit: write a whole number above 0 and its unit"),
        ({"window": "1.5h"}, "window", "'1.5h' is no whole number of its unit: write"),
        ({"window": "0h"}, "window", "'0h' is no time at all: write"),
        ({"window": "9999999999w"}, "window", "'9999999999w' is longer than any calendar: write"),
        ({"keep": {"sites": 0}}, "keep.sites", "0 is less than 1, the least there can be. Write at least 1."),
        ({"keep": {"forever": "1d"}}, "keep.forever", "Known here: snapshots, quarantine, history, sites."),
        (
            {"guard": {"percent": 101}},
            "guard.percent",
            "101 is more than 100, the most there can be. Write at most 100.",
        ),
        (
            {"sources": {"demo": {"kind": "magento"}}},
            "sources.demo.kind",
            "Known kinds: adobe-commerce, akeneo, files, sample, sql.",
        ),
        ({"sources": {"demo": {}}}, "sources.demo.kind", "Known kinds: adobe-commerce, akeneo, files, sample, sql."),
        (
            {"sources": {"demo": {"kind": "sample", "path": "x"}}},
            "sources.demo.path",
            "Known here: kind, size, seed, complete_every,",
        ),
        ({"sources": {"de mo": {"kind": "sample"}}}, "sources.de mo", "'de mo' is no name: names become paths"),
        ({"scopes": {"../up": {"source": "demo"}}}, "scopes.../up", "'../up' is no name: names become paths"),
        ({"services": {"größe": {}}}, "services.größe", "'größe' is no name: names become paths"),
        ({"services": {"x" * 101: {}}}, f"services.{'x' * 101}", "is too long a name, with 101 characters"),
        ({"scopes": {"en": {}}}, "scopes.en.source", "is missing."),
        (
            {"scopes": {"en": {"source": "demo", "map": {"colour": "c"}}}},
            "scopes.en.map.colour",
            "a product has no such column. Columns: sku, name, description",
        ),
        (
            {"scopes": {"en": {"source": "demo", "path": "x.csv"}}},
            "scopes.en.path",
            "means nothing to a sample source.",
        ),
        (
            {"sources": {"x": {"kind": "files"}}, "scopes": {"en": {"source": "x", "snapshot": "partly"}}},
            "scopes.en.snapshot",
            "'partly' is none of complete, newest, partial. Did you mean partial?",
        ),
        ({"sources": {"x": {"kind": "files"}}, "scopes": {"en": {"source": "x"}}}, "scopes.en.path", "is missing."),
        ({"services": {"s": {"accepts": [{"rule": "true"}]}}}, "services.s.accepts.0.otherwise", "is missing."),
        (
            {"services": {"s": {"required": ["colour"]}}},
            "services.s.required.0",
            "'colour' is none of sku, name, description",
        ),
        (
            {"store_options": {"client_kwargs": {"aws_secret_access_key": "hunter2"}}},
            "store_options",
            "secrets come from the environment",
        ),
        (
            {"sources": {"x": {"kind": "files", "options": {"key": "hunter2"}}}},
            "sources.x.options",
            "secrets come from the environment",
        ),
        (
            {"services": []},
            "services",
            "holds a list, where keys are wanted. Write them as in {search: {label: Search}}.",
        ),
        ({"scopes": None}, "scopes", "has no value, where keys are wanted. Write them as in {en-US: {source: exports"),
    ],
)
def test_a_mistake_names_the_key_what_is_known_and_the_fix(changes: dict[str, Any], key: str, told: str) -> None:
    with pytest.raises(InvalidSettings) as failed:
        settings.parse(small(**changes), Path("/shop"))
    assert failed.value.key == key
    assert told in str(failed.value)
    assert "hunter2" not in str(failed.value)


def test_several_mistakes_are_told_at_once() -> None:
    with pytest.raises(InvalidSettings) as failed:
        settings.parse(small(windw="3h", services={"search": {"lable": "S"}}), Path("/shop"))
    first, second = str(failed.value).split(" Also: ")
    assert {first.split(":")[0], second.split(":")[0]} == {"windw", "services.search.lable"}


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("sources: {demo: {kind: sample}}\nscopes: {en: {source: prod}}\nservices: {search: {}}\n")
    with pytest.raises(UnknownName, match=re.escape(f"(in {file})")):
        settings.load(file)


def test_a_source_that_is_not_declared_is_told_with_those_that_are() -> None:
    with pytest.raises(UnknownName, match=r"No source \(scopes\.en\.source\) is called 'prod'\. Known: demo\."):
        settings.parse(small(scopes={"en": {"source": "prod"}}), Path("/shop"))


def test_a_name_asked_for_that_is_not_there_is_told_with_those_that_are() -> None:
    found = settings.parse(small(), Path("/shop"))
    with pytest.raises(UnknownName, match=r"No scope is called 'fr'\. Known: en\."):
        found.scope("fr")
    with pytest.raises(UnknownName, match=r"No service is called 'ads'\. Known: search\."):
        found.service("ads")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no such settings file"),
        (b"a: [1", "is not YAML"),
        (b"", "holds no keys"),
        (b"- 1", "holds no keys"),
        (b"a: \xff", "is not written in UTF-8"),
    ],
)
def test_a_file_that_holds_no_settings_is_named(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "datasync.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidSettings, match=told):
        settings.load(file)


def test_the_nearest_guard_holds() -> None:
    given = small(
        scopes={"en": {"source": "demo", "guard": {"percent": 10}}, "fr": {"source": "demo"}},
        services={"ads": {"guard": {"products": 5}}, "search": {}},
    )
    found = settings.parse(given, Path("/shop"))
    assert found.guard_of("fr") == found.guard_of("fr", "search") == Guard()
    assert found.guard_of("en") == found.guard_of("en", "search") == Guard(percent=10)
    assert found.guard_of("en", "ads") == Guard(products=5)


def test_a_scope_s_fingerprint_changes_with_what_decides_its_content_and_with_nothing_else() -> None:
    def mark(label: str = "", guard: int = 20, **keys: Any) -> str:
        scope = {"source": "demo", "label": label, "guard": {"products": guard}, **keys}
        return settings.parse(small(scopes={"en": scope}), Path("/shop")).fingerprint("en")

    same = {mark(), mark(label="English"), mark(guard=5)}
    other = {mark(map={"name": "sku"}), mark(attributes=["color"]), mark(volatile=["color"]), mark(locale="de-DE")}
    assert (len(same), len(other), len(same | other)) == (1, 4, 5)


def test_the_fingerprints_of_stores_that_exist_stay() -> None:
    """A scope with another fingerprint is read whole again, so these were computed before scopes had kinds."""
    read_settings = settings.parse(
        {
            "sources": {
                "d": {"kind": "sample", "size": 5},
                "f": {"kind": "files", "root": "in", "time_zone": "UTC"},
                "q": {"kind": "sql", "url": "sqlite:///a/b.db", "page_size": 5},
                "a": {"kind": "akeneo", "connection": "x", "timeout": "3m"},
                "m": {"kind": "adobe-commerce", "connection": "y", "complete_every": "2h"},
            },
            "scopes": {
                "sample": {"source": "d", "locale": "de-DE"},
                "files": {"source": "f", "path": "x.csv"},
                "rows": {
                    "source": "f", "path": "x.csv", "encoding": "cp1252", "fill_down": ["t"], "group_by": "h",
                    "map": {"sku": "id"}, "where": "true",
                },
                "sql": {"source": "q", "table": "t", "key": "k"},
                "akeneo": {"source": "a", "channel": "e"},
                "adobe": {"source": "m", "store_view": "default", "fresh_within": "3h"},
            },
            "services": {"plain": {}, "strict": {"max_bytes": 5, "required": ["price", "url"]}},
        },
        Path("/shop"),
    )  # fmt: skip
    assert {name: read_settings.fingerprint(name) for name in read_settings.scopes} == {
        "sample": "4347c8f638ad", "files": "fd50bb8d989f", "rows": "f3988111e5ee", "sql": "d12c568e380b",
        "akeneo": "b30f748f069d", "adobe": "0a701e3d304b",
    }  # fmt: skip
    marks = {name: service.fingerprint() for name, service in read_settings.services.items()}
    assert marks == {"plain": "4082c80944c1", "strict": "55c447aa3c8a"}


def test_a_service_s_fingerprint_changes_with_what_it_refuses_by() -> None:
    def mark(**keys: Any) -> str:
        return settings.parse(small(services={"s": keys}), Path("/shop")).service("s").fingerprint()

    assert mark() == mark(label="x", accepts=[{"rule": "true", "otherwise": "x"}])
    assert len({mark(), mark(max_bytes=1), mark(required=["url"])}) == 3


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings.parse(small(), Path("/shop")).store = "elsewhere"  # type: ignore[misc]


def test_the_schema_for_editors_knows_every_key_and_writes_durations_as_the_file_does() -> None:
    made = settings.schema()
    json.dumps(made)
    assert list(made["properties"]) == list(Settings.model_fields)
    assert made["properties"]["window"] == {
        "default": "3h",
        "pattern": r"^\s*\d+\s*[smhdw]\s*$",
        "title": "Window",
        "type": "string",
    }
    assert {name: key["default"] for name, key in made["$defs"]["Keep"]["properties"].items()} == {
        "snapshots": "7d",
        "quarantine": "90d",
        "history": "400d",
        "sites": 3,
    }
    assert made["additionalProperties"] is False
    assert set(made["$defs"]["Scope"]["properties"]) >= {"source", "map", "snapshot", "attributes", "volatile"}


def test_reading_settings_imports_neither_duckdb_nor_pandas() -> None:
    """DAG files read them each time they are parsed. The schema needs the options of every kind."""
    heavy = "('duckdb', 'pandas', 'pyarrow', 'fsspec', 'httpx', 'sqlalchemy', 'datasync.store')"
    code = f"import sys, datasync.settings; datasync.settings.schema(); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "key", "says"),
    [
        ("schedule: hourly", "schedule", "'hourly' is no cron expression"),
        ("window: 0h", "window", "'0h' is no time at all"),
        ("site: a\nsite: b", "site", "stands twice"),
        ("scopes: {x: {source: demo}, X: {source: demo}}", "scopes", "share a folder"),
    ],
    ids=["a schedule that is no cron", "an empty window", "a key written twice", "names that differ by case alone"],
)
def test_a_file_that_would_surprise_later_is_refused_at_once(tmp_path: Path, given: str, key: str, says: str) -> None:
    rest = {"sources": "{demo: {kind: sample}}", "scopes": "{en: {source: demo}}", "services": "{search: {}}"}
    lines = [f"{name}: {value}" for name, value in rest.items() if not given.startswith(name)]
    (tmp_path / "datasync.yaml").write_text("\n".join([*lines, given]), encoding="utf-8")
    with pytest.raises(InvalidSettings) as refused:
        settings.load(tmp_path / "datasync.yaml")
    assert refused.value.key == key
    assert says in str(refused.value)


@pytest.mark.parametrize("rest", ["reader:s3cr@t?@db.example/erp", "db.example/erp?password=s3cr@t", "db/e?token=s3cr"])
def test_a_secret_in_a_url_is_refused_and_not_told(rest: str) -> None:
    with pytest.raises(InvalidSettings, match="holds a secret, and this file is no place for one") as found:
        settings.parse({"sources": {"erp": {"kind": "sql", "url": f"postgresql://{rest}"}}}, Path())
    assert "s3cr" not in str(found.value) and "@t" not in str(found.value)
