"""``datasync init --service KIND``: lines for `services:` that work as they stand, with what each key means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from datasync import registry
from datasync.settings import parse, service_kind
from tests.shop import Shop

KINDS = registry.names(registry.SERVICES)
REST = "sources: {demo: {kind: sample}}\nscopes: {en-US: {source: demo}}\n"


def lines(tmp_path: Path, kind: str) -> list[str]:
    told = Shop(tmp_path, "").run("init", "--service", kind)
    assert (told.code, told.err) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == ["datasync.yaml"]
    return told.lines


@pytest.mark.parametrize("kind", KINDS)
def test_the_lines_of_a_kind_are_settings_also_when_all_of_them_count(tmp_path: Path, kind: str) -> None:
    printed = "\n".join(lines(tmp_path, kind))
    uncommented = re.sub(r"^    # (\w+:)", r"    \1", printed, flags=re.MULTILINE)
    for text in (printed, uncommented):
        settings = parse(yaml.safe_load(REST + text), tmp_path)
        assert settings.services["search"].kind == kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_kind_is_there_and_says_what_it_means(tmp_path: Path, kind: str) -> None:
    options = service_kind(kind)
    keys = {match[1]: match[2] for line in lines(tmp_path, kind) if (match := re.match(r"    (?:# )?(\w+):(.*)", line))}
    assert set(keys) == set(options.model_fields) - set(options.meaningless_keys)
    assert [key for key, rest in keys.items() if "  # " not in rest] == ["kind"]


def test_a_kind_that_is_not_known_is_told_with_those_that_are(tmp_path: Path) -> None:
    told = Shop(tmp_path, "").run("init", "--service", "opensarch")
    assert told.code == 2
    assert told.err.startswith("datasync: No kind is called 'opensarch'.") and "feed" in told.err


def test_init_without_a_file_or_a_kind_says_what_to_name(tmp_path: Path) -> None:
    told = Shop(tmp_path, "").run("init")
    assert (told.code, told.out) == (2, "")
    assert "init needs a FILE. Name your own files" in told.err


TABLE, INDEX = "a table of its own", "an index of its own, with {scope} where the scope goes"


@pytest.mark.parametrize(
    ("services", "problem", "other", "fix"),
    [
        (
            "{a: {kind: sql, connection: bi, table: t}, b: {kind: sql, connection: bi, table: t}}",
            "services.b: its products of en go to 'sql bi t'",
            "services.a of en",
            TABLE,
        ),
        (
            "{a: {kind: opensearch, connection: s}, b: {kind: opensearch, connection: s, index: 'Products-{scope}'}}",
            "services.b: its products of en go to 'opensearch s products-en'",
            "services.a of en",
            INDEX,
        ),
        (
            "{a: {kind: opensearch, connection: s, index: products}}",
            "services.a: its products of de go to 'opensearch s products'",
            "services.a of en",
            INDEX,
        ),
    ],
    ids=["one table", "one alias", "one alias for two scopes"],
)
def test_two_services_in_one_place_are_refused(
    tmp_path: Path, services: str, problem: str, other: str, fix: str
) -> None:
    scopes = "sources: {demo: {kind: sample}}\nscopes: {en: {source: demo}, de: {source: demo}}\n"
    told = Shop(tmp_path, f"{scopes}services: {services}\n").run("check")
    assert (told.code, told.out) == (2, "")
    assert f"{problem}, where those of {other} go. Give each {fix}." in told.err


def test_services_beside_each_other_are_not(tmp_path: Path) -> None:
    apart = (
        "{a: {kind: sql, connection: bi, table: t}, b: {kind: sql, connection: other, table: t}, "
        "c: {kind: sql, connection: bi, table: u}, d: {}, e: {kind: feed}}"
    )
    scopes = "sources: {demo: {kind: sample}}\nscopes: {en: {source: demo}, de: {source: demo}}\n"
    assert len(parse(yaml.safe_load(f"{scopes}services: {apart}\n"), tmp_path).services) == 5
