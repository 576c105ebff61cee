"""Publishing: what is written, in which order, what a failure leaves, and which old versions go."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import jinja2
import jinja2.meta
import pytest

from datasync.report.facts import page_data
from datasync.report.facts.page_data import ScopeProducts
from datasync.report.publish import render, site
from tests.report import plausible
from tests.report.plausible import NOW

SIZES = {"en-US": 40}
SYNC_AND_PUBLISH = """
import sys
from datasync.pipeline import Pipeline
line = Pipeline.open(sys.argv[1])
run = line.begin("first", "sync", (), "schedule", "")
line.pull(run, "en-US")
line.apply(run, "en-US")
line.transfer(run, "en-US", "search")
line.close(run)
line.publish()
print("pandas" in sys.modules)
"""
TEMPLATE = Path(__file__).parents[2] / "reports" / "templates" / "index.html"


def products(seed: int = 0) -> Iterator[ScopeProducts]:
    """The products of the page; another ``seed`` gives every one another name."""
    given = plausible.payloads("en-US", 40, [f"Lamp {seed} {number}" for number in range(40)] if seed else ())
    yield plausible.products("en-US", given)


def publish(folder: Path, *, hours: float = 0, keep: int = 3, seed: int = 0) -> render.Published:
    page = plausible.site_pages(SIZES)
    page = replace(page, generated_at=page.generated_at + timedelta(hours=hours))
    return render.publish(render.SiteContent(page, products(seed)), folder, keep=keep, now=page.generated_at)


def versions(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "data").iterdir())


def test_a_publish_leaves_the_page_its_figures_and_its_data(tmp_path: Path) -> None:
    done = publish(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "index.html", "status.json"]
    assert versions(tmp_path) == [done.version]
    data = tmp_path / "data" / done.version
    assert sorted(str(path.relative_to(data)) for path in data.rglob("*.*")) == [
        "en-US/base.json",
        "en-US/base.parquet",
        "en-US/head0/0.js",
        "en-US/payload0/0.js",
        "en-US/row0/0.js",
        "en-US/row0/1.js",
        "published.json",
    ]
    assert done.files == 4
    assert done.version in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_a_publish_does_not_import_pandas(tmp_path: Path) -> None:
    """pyarrow imports it at the first value that comes from or goes to Python, wherever it is installed."""
    settings = {
        "store": "store",
        "site": "site",
        "sources": {"shop": {"kind": "sample", "size": 300}},
        "scopes": {"en-US": {"source": "shop", "locale": "en-US"}},
        "services": {"search": {}},
    }
    (tmp_path / "datasync.yaml").write_text(json.dumps(settings), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SYNC_AND_PUBLISH, str(tmp_path / "datasync.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "False\n")
    assert (tmp_path / "site" / "index.html").is_file()


def test_status_json_has_the_figures_in_the_documented_form(tmp_path: Path) -> None:
    publish(tmp_path)
    told = json.loads((tmp_path / "status.json").read_text(encoding="utf-8"))
    assert list(told) == ["schema_version", "generated_at", "as_of", "window_hours", "positions", "scopes", "sources"]
    assert (told["schema_version"], told["as_of"], told["window_hours"]) == (1, "2026-11-24T07:28:00Z", 3)
    (scope,) = told["scopes"]
    assert list(scope) == ["scope", "source", "products", "quarantined", "last_pull", "services"]
    terms = ["valid", "quarantined", "repeated", "blank", "filtered", "outdated"]
    assert list(scope["last_pull"]) == ["run", "complete", "finished_at", "records", *terms]
    assert scope["last_pull"]["records"] == sum(scope["last_pull"][term] for term in terms)
    first = ["service", "outcome", "failed_step", "failure", "zero_because", "last_sync_at", "latest_update"]
    assert list(scope["services"][1])[:7] == first
    for one in scope["services"]:
        assert scope["products"] == sum(
            one[state] for state in ("current", "stale", "missing", "rejected", "failed", "excluded")
        )
        assert one["total_received"] == sum(one[state] for state in ("current", "stale", "held_older", "orphaned"))


@pytest.mark.parametrize(("window", "hours"), [(timedelta(hours=3), 3), (timedelta(minutes=90), 1.5)])
def test_a_window_is_told_in_hours(window: timedelta, hours: float) -> None:
    told = page_data.status(replace(plausible.site_pages(SIZES), window=window))["window_hours"]
    assert (told, type(told)) == (hours, type(hours))


def test_a_page_without_scopes_is_a_page(tmp_path: Path) -> None:
    nothing = replace(plausible.site_pages({}), runs=(), quarantined=())
    assert render.publish(render.SiteContent(nothing, []), tmp_path).files == 0
    assert (tmp_path / "index.html").exists()


def test_two_publishes_of_one_moment_do_not_meet(tmp_path: Path) -> None:
    assert publish(tmp_path).version != publish(tmp_path).version
    assert len(versions(tmp_path)) == 2


def test_a_publish_that_fails_leaves_the_old_page_and_its_data(tmp_path: Path) -> None:
    old = publish(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def breaks() -> Iterator[ScopeProducts]:
        yield from products()
        raise ConnectionError("the store went away")

    with pytest.raises(ConnectionError, match="went away"):
        render.publish(render.SiteContent(plausible.site_pages(SIZES), breaks()), tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert versions(tmp_path) == [old.version]


def test_a_page_that_cannot_be_put_in_place_leaves_the_old_data(tmp_path: Path) -> None:
    old = publish(tmp_path)
    (tmp_path / "index.html").unlink()
    (tmp_path / "index.html").mkdir()
    with pytest.raises(OSError):
        publish(tmp_path, hours=1)
    assert versions(tmp_path) == [old.version]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_versions_stay_a_day_after_they_were_replaced_and_the_newest_stay_anyway(tmp_path: Path) -> None:
    made = [publish(tmp_path, hours=hours, keep=2, seed=hours + 1).version for hours in (0, 1, 2, 3)]
    assert versions(tmp_path) == made
    late = publish(tmp_path, hours=26.5, keep=2, seed=9)
    assert list(late.dropped) == made[:2]
    assert versions(tmp_path) == [*made[2:], late.version]


def test_a_publish_whose_clock_was_ahead_drops_nothing_early_and_those_after_it_are_newer(tmp_path: Path) -> None:
    """``now`` is what the store's clock says; what the page says it was made at is only a label."""

    def at(hours: float, ahead: timedelta = timedelta(0), keep: int = 1) -> render.Published:
        now = datetime.now(UTC) + timedelta(hours=hours)
        page = replace(plausible.site_pages(SIZES), generated_at=now + ahead)
        done = render.publish(render.SiteContent(page, products(int(hours * 10) + 999)), tmp_path, keep=keep, now=now)
        os.utime(tmp_path / "data" / done.version / site.MARK, (now.timestamp(), now.timestamp()))
        return done

    made = [at(-48), at(-47), at(-25, timedelta(days=500)), at(-24.9), at(-24.8, timedelta(days=-500))]
    assert [one.dropped for one in made] == [(), (), (), (), ()]
    assert versions(tmp_path) == [one.version for one in made]  # sorted by name
    late = at(0)
    assert late.dropped == tuple(one.version for one in made[:-1])
    assert versions(tmp_path) == [made[-1].version, late.version]


def test_a_version_on_which_others_build_stays_with_them(tmp_path: Path) -> None:
    made = [publish(tmp_path, hours=hours, keep=1).version for hours in (0, 1, 2)]
    late = publish(tmp_path, hours=99, keep=1)
    assert list(late.dropped) == made[1:2]
    assert versions(tmp_path) == [made[0], made[2], late.version]
    (tmp_path / "data" / made[0] / "en-US" / "base.parquet").unlink()
    new = publish(tmp_path, hours=199, keep=1)
    assert versions(tmp_path) == [made[0], late.version, new.version]


def test_a_publish_without_changes_writes_next_to_nothing(tmp_path: Path) -> None:
    page = plausible.site_pages({"en-US": 2000})
    given = plausible.products("en-US", plausible.payloads("en-US", 2000), page.totals[0])
    first, second = (render.publish(render.SiteContent(page, [given]), tmp_path) for _ in range(2))
    assert first.files > 60
    assert second.files < 6
    assert not (tmp_path / "data" / second.version / "en-US" / "row0").exists()


def test_a_version_is_measured_from_when_it_was_replaced_not_from_when_it_was_made() -> None:
    names = [site.new_version(NOW + timedelta(days=day)) for day in (0, 10)]
    assert site.outdated(dict.fromkeys(names, True), names[1], NOW + timedelta(days=10), keep=1) == []
    assert site.outdated(dict.fromkeys(names, True), names[1], NOW + timedelta(days=11), keep=1) == names[:1]


def test_what_publishes_that_were_killed_left_counts_as_no_version() -> None:
    shown = [site.new_version(NOW + timedelta(hours=hour)) for hour in (0, 30)]
    killed = [site.new_version(NOW + timedelta(hours=hour)) for hour in (2, 3, 4, 29)]
    known = {**dict.fromkeys(shown, True), **dict.fromkeys(killed, False)}
    assert site.outdated(known, shown[1], NOW + timedelta(hours=30), keep=2) == killed[:3]


def test_only_folders_of_versions_are_ever_dropped(tmp_path: Path) -> None:
    (tmp_path / "data" / "somebody-elses").mkdir(parents=True)
    publish(tmp_path)
    publish(tmp_path, hours=99, keep=1)
    assert "somebody-elses" in versions(tmp_path)


def test_a_page_is_published_to_any_place_that_fsspec_knows() -> None:
    done = render.publish(render.SiteContent(plausible.site_pages(SIZES), products()), "memory://shared/data-sync")
    store = fsspec.filesystem("memory")
    assert done.index == "memory:///shared/data-sync/index.html"
    assert done.version in store.cat_file("/shared/data-sync/index.html").decode()
    assert store.exists(f"/shared/data-sync/data/{done.version}/en-US/head0/0.js")
    store.rm("/shared", recursive=True)


def test_what_changed_is_added_at_any_place_that_fsspec_knows() -> None:
    page = plausible.site_pages({"en-US": 400})
    given = plausible.products("en-US", plausible.payloads("en-US", 400), page.totals[0])
    first, second = (render.publish(render.SiteContent(page, [given]), "memory://shared/added") for _ in range(2))
    store = fsspec.filesystem("memory")
    assert second.files < first.files / 2
    assert json.loads(store.cat_file(f"/shared/added/data/{second.version}/published.json"))["bases"] == {
        "en-US": first.version
    }
    store.rm("/shared", recursive=True)


def test_the_same_data_make_the_same_page() -> None:
    page = plausible.site_pages(SIZES)
    assert render.index(page, "20261124T072802Z-00000000") == render.index(page, "20261124T072802Z-00000000")


def test_the_template_uses_what_it_is_given_and_nothing_else() -> None:
    tree = jinja2.Environment(autoescape=True).parse(TEMPLATE.read_text(encoding="utf-8"))
    assert jinja2.meta.find_undeclared_variables(tree) == set(render.IndexPage.__dataclass_fields__)


def test_untrusted_text_in_the_page_is_escaped_wherever_it_stands() -> None:
    page = plausible.site_pages(SIZES)
    evil = "</script><img src=x onerror=alert(1)>"
    run = replace(page.runs[0], id=evil, reason=evil, asked_by=evil, errors=(evil,))
    totals = replace(page.totals[0], scope=evil, source=evil)
    html = render.index(replace(page, runs=(run,), totals=(totals,)), "v")
    assert evil not in html
    assert "<img" not in html
    assert html.count("</script>") == 2


def test_the_policy_allows_this_script_and_style_alone() -> None:
    html = render.index(plausible.site_pages(SIZES), "v")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/=]{44}' 'strict-dynamic'", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/=]{44}'", rules["style-src"])
    assert rules["require-trusted-types-for"] == "'script'"


@pytest.mark.parametrize("name", ["", "20261124", "../20261124T072802Z-00000000", "20261124T072802Z-00000000/x"])
def test_a_name_that_is_no_version_has_no_time(name: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        site.time_of(name)
