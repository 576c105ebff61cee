"""The shell: what each command prints, writes and leaves alone, and the exit code it ends with."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from datasync.cli import main
from datasync.cli.runs import worst
from datasync.cli.screen import table
from datasync.cli.words import as_json, plain
from datasync.errors import DataError, DecisionError, SettingsError, TransientError
from datasync.sql import literal
from datasync.store import runs, tickets
from tests.shop import SETTINGS, CommandOutput, Shop, same

A, B, C = (
    ("A-1", "Apple", "enabled", "fruit", "red"),
    ("B-2", "Bread", "disabled", "bakery", ""),
    ("C-3", "Chair", "enabled", "home", ""),
)
TWO = SETTINGS.replace("services:", "  de-DE: {source: exports, path: de/*.csv}\nservices:")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.sells(A, B, C, ("D-4", "", "enabled", "toys", ""))
    return made


def rows(told: CommandOutput) -> list[list[str]]:
    """The table a command printed, cells only."""
    return [re.split(" {2,}", line.strip()) for line in told.lines if "  " in line]


# ── sync ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sync_counts_records_without_a_sku_as_newly_quarantined_once(shop: Shop) -> None:
    nobody, nobody_else = ("", "Nobody", "enabled", "", ""), ("", "Nobody else", "enabled", "", "")

    def catalog_line(*records: tuple[str, ...]) -> str:
        shop.sells(*records)
        return next(line for line in shop.run("sync").errors if line.startswith("en-US catalog: "))

    assert catalog_line(A, B, nobody) == "en-US catalog: 2 added, 1 newly quarantined, 2 products."
    assert "quarantined" not in catalog_line(A, B, nobody)
    assert "1 newly quarantined" in catalog_line(A, B, nobody, nobody_else)
    assert "2 newly quarantined" in catalog_line(A, B, nobody, nobody, nobody_else, ("D-4", "", "enabled", "", ""))
    assert "quarantined" not in catalog_line(A, B)


def test_a_sync_tells_each_step_on_stderr_and_the_outcome_on_stdout(shop: Shop) -> None:
    told = shop.run("sync")
    assert told.code == 0
    assert told.errors == [
        "en-US pull: 4 records, 3 valid, 1 quarantined.",
        "en-US catalog: 3 added, 1 newly quarantined, 3 products.",
        "en-US to catalog-service: 3 added.",
        "en-US to search: 2 added.",
    ]
    assert rows(told) == [
        [
            "scope",
            "where",
            "added",
            "updated",
            "resent",
            "removed",
            "in quarantine",
            "rejected",
            "failed",
            "outcome",
        ],
        ["en-US", "catalog", "3", "0", "0", "0", "1", "0", "0", "ok"],
        ["en-US", "to catalog-service", "3", "0", "0", "0", "0", "0", "0", "ok"],
        ["en-US", "to search", "2", "0", "0", "0", "0", "0", "0", "ok"],
    ]
    assert told.lines[-1] == "sync-20261124T030100Z: ok"


def test_the_run_says_who_asked_and_how(shop: Shop) -> None:
    shop.run("sync")
    run = json.loads(next((shop.folder / "var/store/runs").rglob("*.json")).read_text(encoding="utf-8"))
    assert re.fullmatch(r"sync-20261124T030100Z-[0-9a-f]{4}", run["id"])
    assert (run["kind"], run["scopes"], run["outcome"], run["reason"]) == (
        "sync",
        ["en-US"],
        "ok",
        "Asked for in a shell.",
    )
    assert run["asked_by"]


def test_a_scope_that_fails_stops_no_other_and_decides_the_exit_code(tmp_path: Path) -> None:
    shop = Shop(tmp_path, TWO)
    shop.sells(A, scope="de")
    told = shop.run("sync")
    assert told.code == 4
    assert [row[:3] for row in rows(told)[1:]] == [
        ["en-US", "to catalog-service", "0"],
        ["en-US", "to search", "0"],
        ["de-DE", "catalog", "1"],
        ["de-DE", "to catalog-service", "1"],
        ["de-DE", "to search", "1"],
    ]
    missing = (
        f"scopes.en-US.path: no file matches '{tmp_path}/en/*.csv'. Nothing was changed. "
        "Check the path, or wait for the export."
    )
    assert told.errors[0] == f"en-US pull: failed. {missing}"
    assert told.errors[-1] == f"datasync: Run sync-20261124T030100Z did not succeed: en-US pull: {missing}"


def test_what_was_due_is_delivered_also_when_the_pull_fails(shop: Shop) -> None:
    shop.run("sync")
    shop.settings.write_text(SETTINGS + "  fresh: {}\n", encoding="utf-8")
    (shop.folder / "en/products.csv").unlink()
    assert rows(shop.run("sync"))[-1] == ["en-US", "to fresh", "3", "0", "0", "0", "0", "0", "0", "ok"]


STEPS = ("pull", "catalog", "transfer", "begin", "close", "confirm", "publish", "tidy", "repair", "resync", "sync")
RESERVED = ("products", "status", "scope", "service", "snapshots", "receipts", "runs", "lost_found", "overview", "feed")


NAMES = [*STEPS, *RESERVED]


@dataclass(frozen=True)
class NamedAlike:
    """What the commands said of a shop whose services are called as steps and parts of the store are."""

    synced: CommandOutput
    failed: CommandOutput
    outcomes: Mapping[str, str]
    why: str
    steps: list[tuple[str, str]]


@pytest.fixture(scope="module")
def named_alike(tmp_path_factory: pytest.TempPathFactory) -> NamedAlike:
    """A run that goes well, and one whose pull fails."""
    search = SETTINGS.partition("  search:")[2]
    services = "".join(f"  {name}:{search}" for name in NAMES)
    shop = Shop(tmp_path_factory.mktemp("alike"), SETTINGS.partition("  search:")[0] + services)
    shop.sells(A, B, C)
    synced = shop.run("sync")
    (shop.folder / "en/products.csv").unlink()
    failed = shop.run("sync")
    outcomes = {one["service"]: one["outcome"] for one in shop.json("status")["scopes"][0]["services"]}
    return NamedAlike(synced, failed, outcomes, shop.run("why", "A-1").out, _steps_of(shop))


@pytest.mark.parametrize("name", NAMES)
def test_a_service_may_be_called_as_a_step_is(named_alike: NamedAlike, name: str) -> None:
    synced, failed = named_alike.synced, named_alike.failed
    assert synced.code == 0
    assert f"en-US to {name}: 2 added." in synced.errors
    assert synced.errors[1:] == [
        "en-US catalog: 3 added, 3 products.",
        "en-US to catalog-service: 3 added.",
        *(f"en-US to {each}: 2 added." for each in NAMES),
    ]
    assert failed.code == 4
    assert failed.errors[-1].startswith("datasync: Run sync-20261124T030201Z did not succeed: en-US pull: ")
    assert named_alike.outcomes == dict.fromkeys(["catalog-service", *NAMES], "failed")
    assert "The last pull of this scope failed: scopes.en-US.path: no file matches" in named_alike.why
    assert [outcome for _, outcome in named_alike.steps] == ["failed", *["ok"] * (1 + len(NAMES))]
    assert (f"en-US to {name}", "ok") in named_alike.steps


@dataclass(frozen=True)
class Failing:
    """What the commands said of a shop in which some services so called failed and then went on."""

    failed: CommandOutput
    steps: list[tuple[str, str]]
    errors: Mapping[str, str]
    outcomes: Mapping[str, tuple[str, str | None]]
    later: list[CommandOutput]
    in_the_end: Mapping[str, list[Any]]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Failing]:
    """Two such shops: in each, every second name fails, and the others stand beside them and go well."""

    @cache
    def shop_with(half: int) -> Failing:
        folder = tmp_path_factory.mktemp("failing")
        begins, _, search = SETTINGS.partition("  search:")
        export = ["\n    export: open/{scope}.NAME.jsonl", "\n    export: blocked/{scope}.NAME.jsonl"]
        services = [
            f"  {name}:{export[number % 2 == half].replace('NAME', name)}{search}" for number, name in enumerate(NAMES)
        ]
        shop = Shop(folder, begins + "".join(services))
        shop.sells(A, B, C)
        (folder / "blocked").write_text("a file", encoding="utf-8")
        failed, steps = shop.run("sync"), _steps_of(shop)
        run = runs.find(shop.pipeline().store, shop.held_run())
        assert run
        errors = {str(step): record["error"] for step, record in run.steps.items() if record["outcome"] == "failed"}
        outcomes = {
            one["service"]: (one["outcome"], one["failed_step"]) for one in shop.json("status")["scopes"][0]["services"]
        }
        later = [shop.run("tidy")]
        (folder / "blocked").unlink()
        chosen = [word for name in NAMES[half::2] for word in ("--service", name)]
        later += [
            shop.run("resync", "--scope", "en-US", *chosen, "--force", "--reason", "a test", "--yes"),
            shop.run("publish"),
        ]
        keys = ("outcome", "current", "due", "unexplained")
        in_the_end = {
            one["service"]: [one[key] for key in keys] for one in shop.json("status")["scopes"][0]["services"]
        }
        return Failing(failed, steps, errors, outcomes, [*later, shop.run("check", "--store")], in_the_end)

    return lambda name: shop_with(NAMES.index(name) % 2)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_that_is_called_as_a_step_is_fails_alone_and_goes_on(
    failing: Callable[[str], Failing], name: str
) -> None:
    """Its export has no folder: the step is recorded as failed, and no other is taken for it."""
    shop = failing(name)
    fails = NAMES[NAMES.index(name) % 2 :: 2]
    well = [each for each in NAMES if each not in fails]
    assert shop.failed.code == 2
    begins = "datasync: Run sync-20261124T030100Z did not succeed: "
    assert shop.failed.errors[-1].startswith(begins)
    sentences = shop.failed.errors[-1].removeprefix(begins).split(" | ")
    assert [sentence.partition(": ")[0] for sentence in sentences] == [f"en-US to {each}" for each in sorted(fails)]
    assert sentences[sorted(fails).index(name)].startswith(f"en-US to {name}: services.{name}.export: ")
    (told,) = [line for line in shop.failed.errors[:-1] if line.startswith(f"en-US to {name}: ")]
    assert told.startswith(f"en-US to {name}: failed. services.{name}.export: ")
    assert set(shop.errors) == {f"en-US to {each}" for each in fails}
    assert shop.errors[f"en-US to {name}"].startswith(f"services.{name}.export: ")
    assert sorted(shop.steps) == sorted([
        ("en-US catalog", "ok"), ("en-US pull", "ok"),
        *((f"en-US to {each}", "ok") for each in ["catalog-service", *well]),
        *((f"en-US to {each}", "failed") for each in fails),
    ])  # fmt: skip
    assert shop.outcomes == dict.fromkeys(["catalog-service", *well], ("ok", None)) | dict.fromkeys(
        fails, ("failed", "transfer")
    )
    assert shop.outcomes[name] == ("failed", "transfer")
    assert [command.code for command in shop.later] == [0, 0, 0, 0]
    assert shop.in_the_end[name] == ["ok", 2, 0, 0]


def _steps_of(shop: Shop) -> list[tuple[str, str]]:
    """The steps of the newest run, each with its outcome."""
    pipeline = shop.pipeline()
    run = runs.find(pipeline.store, shop.held_run())
    assert run
    return [(str(step), record["outcome"]) for step, record in run.steps.items()]


def test_a_catalog_step_that_was_killed_is_not_passed_over(shop: Shop) -> None:
    pipeline = shop.pipeline()
    run = pipeline.begin("killed", "sync", ("en-US",), "a test", "")
    pipeline.pull(run, "en-US")
    for service in pipeline.settings.services:
        pipeline.transfer(run, "en-US", service)
    closed = pipeline.close(run)
    assert closed["outcome"] == "failed"
    assert closed["sentences"] == ["en-US catalog: no outcome was recorded; the task was ended, or never ran."]


def test_only_the_chosen_scopes_are_synced(tmp_path: Path) -> None:
    shop = Shop(tmp_path, TWO)
    shop.sells(A, scope="de")
    told = shop.run("sync", "--scope", "de-DE")
    assert (told.code, {row[0] for row in rows(told)[1:]}) == (0, {"de-DE"})


def test_a_removal_that_is_held_ends_with_the_code_for_a_decision_and_says_how_to_decide(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("E-5", "Egg", "enabled", "food", ""))
    told = shop.run("sync")
    assert told.code == 5
    assert told.lines[-1] == "sync-20261124T030201Z: held"
    assert told.errors[1] == (
        "en-US catalog: 3 products. Held: it would remove 3 of 3 products. To see them: "
        "datasync holds sync-20261124T030201Z. To let that pass: "
        "datasync resync --scope en-US --accept-shrink sync-20261124T030201Z --reason WHY --yes."
    )


def test_a_dry_run_says_what_would_change_and_writes_nothing(shop: Shop) -> None:
    shop.settings.write_text(SETTINGS + "  fresh: {export: 'out/{scope}.jsonl'}\n", encoding="utf-8")
    shop.run("sync")
    shop.sells(("A-1", "Apple pie", "enabled", "fruit", "red"), B, C, ("E-5", "Egg", "enabled", "food", ""))
    before = shop.files()
    told = shop.run("sync", "--dry-run")
    assert shop.files() == before
    assert rows(told)[1:] == [
        ["en-US", "catalog", "1", "1", "0", "0", "0", "0", "0", "ok"],
        ["en-US", "to catalog-service", "1", "1", "0", "0", "0", "0", "0", "ok"],
        ["en-US", "to search", "1", "1", "0", "0", "0", "0", "0", "ok"],
        ["en-US", "to fresh", "1", "1", "0", "0", "0", "0", "0", "ok"],
    ]
    assert told.lines[-1] == "Dry run: this is what would change. Nothing was written."
    assert rows(shop.run("sync")) == rows(told)


def test_a_dry_run_tells_nobody_to_accept_a_hold_that_is_not_there(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("Z-9", "Zucchini", "enabled", "food", ""))
    dry = shop.run("sync", "--dry-run")
    assert dry.code == 5
    assert "Held: it would remove 3 of 3 products. A sync holds them too, and says how to see them" in dry.err
    assert "--accept-shrink" not in dry.err and "datasync holds" not in dry.err
    assert "--accept-shrink" in shop.run("sync").err


def test_a_dry_run_before_the_first_run_leaves_no_store(shop: Shop) -> None:
    assert shop.run("sync", "--dry-run").code == 0
    assert not (shop.folder / "var").exists()


# ── resync ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_resync_shows_its_plan_and_changes_nothing_without_yes(shop: Shop) -> None:
    shop.run("sync")
    before = shop.files()
    told = shop.run(
        "resync", "--scope", "en-US", "--sku=A-1", "--sku=Z-9", "--force", "--service", "search", "--reason", "a look"
    )
    assert (told.code, told.err) == (0, "")
    assert shop.files() == before
    assert told.lines == [
        "This is a plan. Nothing was changed.",
        "en-US: reads these SKUs, 2 products: A-1, Z-9.",
        "  Requests to the source: 1; there was no pull like it yet.",
        "  Delivered again though held: search 1.",
        "  No scope has ever had: Z-9. Are they spelled as the source has them?",
        "To carry it out, add --yes.",
    ]


def test_a_resync_with_yes_reads_delivers_again_and_names_what_is_not_at_the_source(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(A, B)
    told = shop.run(
        "resync", "--scope", "en-US", "--sku=A-1", "--sku=C-3", "--sku=Z-9", "--force", "--reason", "a look", "--yes"
    )
    assert told.code == 0
    assert rows(told)[1:] == [
        ["en-US", "catalog", "0", "0", "0", "1", "1", "0", "0", "ok"],
        ["en-US", "to catalog-service", "0", "0", "1", "1", "0", "0", "0", "ok"],
        ["en-US", "to search", "0", "0", "1", "1", "0", "0", "0", "ok"],
    ]
    assert told.lines[-2:] == [
        "en-US: not at the source: C-3, Z-9 (1 of them taken out of the catalog)",
        "resync-20261124T030201Z: ok",
    ]


def test_only_what_was_in_the_catalog_is_said_to_be_taken_out_of_it(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(A, B)
    asked = ("resync", "--scope", "en-US", "--reason", "a look", "--yes")
    assert shop.run(*asked, "--sku=Z-9").lines[-2] == "en-US: not at the source: Z-9"
    assert shop.run(*asked, "--sku=C-3").lines[-2] == "en-US: not at the source: C-3 (taken out of the catalog)"


def test_an_accepted_hold_lets_its_removals_pass(shop: Shop) -> None:
    shop.run("sync")
    shop.sells(("E-5", "Egg", "enabled", "food", ""))
    shop.run("sync")
    asked = ("resync", "--scope", "en-US", "--accept-shrink", shop.held_run(), "--reason", "the old range is gone")
    assert (
        "  Only the 3 listed by the hold of run sync-20261124T030201Z may go from the catalog" in shop.run(*asked).out
    )
    told = shop.run(*asked, "--yes")
    assert told.code == 0
    assert rows(told)[1] == ["en-US", "catalog", "1", "0", "0", "3", "0", "0", "0", "ok"]


def test_skus_come_from_a_file_or_from_stdin_with_or_without_a_byte_order_mark(shop: Shop) -> None:
    shop.run("sync")
    file = shop.folder / "skus.txt"
    file.write_bytes(b"\xef\xbb\xbfA-1\r\n\r\n  B-2 \r\n")
    asked = ("resync", "--scope", "en-US", "--reason", "r", "--skus")
    wanted = "en-US: reads these SKUs, 2 products: A-1, B-2."
    assert shop.run(*asked, str(file)).lines[1] == wanted
    assert shop.run(*asked, "-", stdin="\ufeffA-1\nB-2").lines[1] == wanted


def test_a_sku_may_begin_with_a_sign(shop: Shop) -> None:
    shop.sells(("-123", "Minus", "enabled", "x", ""))
    shop.run("sync")
    assert (
        shop.run("resync", "--scope", "en-US", "--sku=-123", "--reason", "r").lines[1]
        == "en-US: reads these SKUs, 1 product: -123."
    )


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            (),
            (
                "datasync: command line: the following arguments are required: COMMAND. `datasync --help` shows "
                "what there is."
            ),
        ),
        (("synk",), "datasync: command line: argument COMMAND: invalid choice: 'synk'"),
        (
            ("sync", "--scope", "fr"),
            "datasync: No scope is called 'fr'. Known: en-US. Name one of those, or declare it under scopes.",
        ),
        (
            ("status", "--as-of", "2026-11-24T03:00:00"),
            "datasync: --as-of: '2026-11-24T03:00:00' has no zone. Add Z for UTC",
        ),
        (
            ("status", "--as-of", "yesterday"),
            "datasync: --as-of: 'yesterday' is no time. Write it as in 2026-11-24T03:00:00Z.",
        ),
        (
            ("resync", "--scope", "en-US", "--reason", " "),
            "datasync: reason: is empty. Say why, for whoever reads the report.",
        ),
        (
            ("resync", "--scope", "en-US", "--reason", "r", "--skus", "gone.txt"),
            "datasync: --skus: gone.txt cannot be read: No such file",
        ),
        (("resync", "--scope", "en-US", "--reason", "r", "--skus", "-"), "datasync: --skus: - names no SKU."),
        (
            ("resync", "--scope", "en-US", "--reason", "r", "--sku=A", "--failing"),
            "datasync: command line: argument --failing: not allowed with",
        ),
        (
            ("resync", "--scope", "en-US", "--reason", "r", "--accept-shrink", "x"),
            "datasync: No held run (accept_shrink) is called 'x'. Known: none.",
        ),
        (("why", "\udcff"), "datasync: SKU: '\ufffd' is not UTF-8."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_request_that_cannot_work_ends_with_2_and_one_sentence(
    shop: Shop, given: tuple[str, ...], sentence: str
) -> None:
    told = shop.run(*given)
    assert (told.code, told.out, len(told.errors)) == (2, "", 1)
    assert told.err.startswith(sentence)


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_status_shows_every_service_of_every_scope(shop: Shop) -> None:
    shop.run("sync")
    told = shop.run("status")
    assert told.code == 0
    assert told.lines == [
        "As of 2026-11-24T03:02:01Z; latest update: the last 3 hours.",
        (
            "scope  service          latest  total  current  stale  missing  rejected  failed  excluded  "
            "due  to remove  outcome"
        ),
        (
            "en-US  catalog-service       3      3        3      0        0         0       0         0    "
            "0          0  ok"
        ),
        (
            "en-US  search                2      2        2      0        0         0       0         1    "
            "0          0  ok"
        ),
        (
            "en-US: 3 products in the catalog, 1 record in quarantine; last applied pull 2026-11-24T03:01:00Z: "
            "4 records = 3 valid + 1 quarantined"
        ),
    ]


def test_status_at_another_moment_counts_what_was_then(shop: Shop) -> None:
    shop.run("sync")
    later = shop.run("status", "--as-of", "2026-11-24T07:01:01+01:00")
    assert later.lines[2].split()[:4] == ["en-US", "catalog-service", "0", "3"]
    assert later.lines[2].endswith("ok (latest 0: no run)")
    assert shop.run("status", "--as-of", "2026-11-24T03:00:00Z").lines[2].split()[2:5] == ["0", "0", "0"]


def test_status_for_machines_is_what_publish_writes(shop: Shop) -> None:
    shop.run("sync")
    published = shop.run("publish", "--as-of", "2026-11-24T03:30:00Z")
    assert (published.code, published.lines) == (0, [f"{shop.folder}/var/site/index.html"])
    page = json.loads(same((shop.folder / "var/site/status.json").read_text(encoding="utf-8")))
    told = json.loads(shop.run("status", "--json", "--as-of", "2026-11-24T03:30:00Z").out)
    assert page.pop("generated_at") < told.pop("generated_at")
    assert told == page


def test_publish_writes_one_file_to_mail_and_no_site(shop: Shop) -> None:
    shop.run("sync")
    told = shop.run("publish", "--single-file", str(shop.folder / "report.html"))
    assert (told.code, told.lines) == (0, [f"{shop.folder}/report.html"])
    assert "<!doctype html>" in (shop.folder / "report.html").read_text(encoding="utf-8")
    assert not (shop.folder / "var/site").exists()


def test_a_number_that_does_not_add_up_is_shown_and_ends_with_4(shop: Shop) -> None:
    shop.run("sync")
    entry = shop.folder / "var/store/receipts/service=search/scope=en-US/00000001.parquet"
    with duckdb.connect() as con:
        note = con.execute(
            "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'datasync'", [str(entry)]
        ).fetchone()
        con.execute(f"CREATE TABLE kept AS SELECT * FROM '{entry}' WHERE sku <> 'A-1'")
        assert note
        con.execute(f"COPY kept TO '{entry}' (FORMAT parquet, KV_METADATA {{datasync: {literal(note[0])}}})")
    told = shop.run("status")
    assert told.code == 4
    assert told.err.startswith("datasync: The numbers do not add up: en-US/search: +1 unexplained.")
    assert told.lines[3].split()[:4] == ["en-US", "search", "1", "1"]


# ── the store ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_withdraw_lists_and_only_with_yes_takes_away(tmp_path: Path) -> None:
    shop = Shop(tmp_path, TWO)
    shop.sells(A)
    shop.sells(B, scope="de")
    shop.run("sync")
    shop.settings.write_text(SETTINGS.replace("  search:", "  find:"), encoding="utf-8")
    before = shop.files()
    told = shop.run("withdraw")
    assert (told.code, shop.files()) == (0, before)
    assert sorted(told.lines[:-1]) == [
        "catalog-service in de-DE: 1 product held",
        "search in en-US: 1 product held",
        "the catalog of de-DE: 1 product held",
    ]
    assert told.lines[-1] == "Nothing was changed. To take them away, add --yes."
    assert len(shop.run("withdraw", "--yes").lines) == 3
    assert shop.run("withdraw").lines == ["Nothing is held that the settings do not name."]


def test_tidy_says_what_it_deleted_and_a_dry_run_deletes_nothing(shop: Shop) -> None:
    shop.run("sync")
    first = {path for path in shop.files() if path.startswith("var/store/snapshots")}
    shop.run("sync")
    shop.now = datetime.now(UTC)
    for path in (shop.folder / "var").rglob("*.*"):
        os.utime(path, (shop.now.timestamp() - 8 * 86400,) * 2)
    tickets.take(shop.pipeline().store, "en-US")  # a pull begins, so the store is in use
    before = shop.files()
    assert shop.run("tidy", "--dry-run").lines == ["Would delete: snapshots 1, records 1, steps 8."]
    assert shop.files() == before
    assert shop.run("tidy").lines == ["Deleted: snapshots 1, records 1, steps 8."]
    assert {path for path in before.keys() - shop.files().keys() if "/steps/" not in path} == first
    assert shop.run("tidy").lines == ["Deleted: nothing."]


def test_the_schema_is_json_for_editors(shop: Shop) -> None:
    told = json.loads(shop.run("schema").out)
    assert {"sources", "scopes", "services"} <= set(told["properties"])


# ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────────

EVIL = "\x1b[2J\x1b]0;title\x07a\u202eb\x9b31mc\u2066d\re\x00f\x7f"


def test_no_text_of_a_catalog_reaches_the_terminal_as_a_command(shop: Shop) -> None:
    sku = f"S-1{EVIL}[bold]x[/bold]"
    shop.sells({"sku": sku, "name": "n", "status": "enabled"}, {"sku": "S-2", "name": "n", "status": f"no{EVIL}"})
    told = [
        shop.run("sync"),
        shop.run("why", sku),
        shop.run("why", "S-2"),
        shop.run("resync", "--scope", "en-US", f"--sku={sku}", "--reason", "r"),
    ]
    text = "".join(one.out + one.err for one in told)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "S-1abcd ef[bold]x[/bold]" in text
    assert "status is noabcd ef; known are enabled and disabled." in text


CODES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u2028\u2029\u202a-\u202e\u2066-\u2069]")
HOSTILE = f"S-1{EVIL}\u200f\nen-US: ok"  # a line of its own would be taken for one of ours


@pytest.fixture
def hostile(shop: Shop) -> Shop:
    """A shop whose texts are all hostile: SKUs, names, statuses, file names, a service's reasons, labels."""
    settings = shop.settings.read_text(encoding="utf-8").replace("label: Catalog Service", f"label: {json.dumps(EVIL)}")
    settings = settings.replace("otherwise: The product is disabled", f"otherwise: {json.dumps(HOSTILE)}")
    shop.settings.write_text(f"link: https://reports.example\n{settings}", encoding="utf-8")
    shop.sells(
        {"sku": HOSTILE, "name": HOSTILE, "status": "disabled", "color": HOSTILE},
        {"sku": f"{HOSTILE}2", "name": "", "status": "enabled"},
        *({"sku": f"T-{number}{EVIL}", "name": EVIL, "status": "enabled"} for number in range(30)),
        {"sku": "S-2", "name": "n", "status": f"no{HOSTILE}"},
    )
    (shop.folder / "en" / f"b{EVIL}.csv".replace("\0", "")).write_bytes(b"sku,name,color\nX-1,\xff,red\nX-2,b,red\n")
    shop.run("sync")
    return shop


NAMED = ("--scope", "en-US", f"--sku={HOSTILE}", "--reason", HOSTILE)
SHOWN = {
    "why": ("why", HOSTILE),
    "why, as JSON": ("why", "--json", HOSTILE),
    "why of what nobody met": ("why", f"{HOSTILE}9"),
    "why of what is in quarantine": ("why", f"{HOSTILE}2"),
    "check": ("check",),
    "status": ("status",),
    "status, as JSON": ("status", "--json"),
    "resync, its plan": ("resync", *NAMED),
    "resync": ("resync", *NAMED, "--yes"),
    "resync of a scope": ("resync", "--scope", HOSTILE, "--reason", "r"),
    "resync to a service": ("resync", "--scope", "en-US", "--service", HOSTILE, "--reason", "r"),
    "resync of what was held": ("resync", "--scope", "en-US", "--accept-shrink", HOSTILE, "--reason", "r"),
    "sync of a scope": ("sync", "--scope", HOSTILE),
    "holds": ("holds",),
    "holds of a run": ("holds", HOSTILE),
    "publish": ("publish", "--as-of", HOSTILE),
    "repair": ("repair",),
    "withdraw": ("withdraw",),
    "audit": ("audit",),
    "settings": ("--settings", HOSTILE.replace("\0", ""), "check"),
    "init": ("init", HOSTILE.replace("\0", "")),
}


@pytest.mark.parametrize("command", SHOWN)
def test_no_command_lets_hostile_text_command_the_terminal(hostile: Shop, command: str) -> None:
    told = hostile.run(*SHOWN[command])
    text = told.out + told.err
    assert text
    assert "Traceback" not in text
    assert not CODES.search(text)
    assert "\nen-US: ok" not in text


def test_what_is_held_is_shown_without_obeying_it(hostile: Shop) -> None:
    hostile.sells({"sku": "S-9", "name": "n", "status": "enabled"})
    (hostile.folder / "en" / f"b{EVIL}.csv".replace("\0", "")).unlink()
    told = [hostile.run("sync"), hostile.run("holds"), hostile.run("status")]
    assert told[0].code == 5
    told.append(hostile.run("holds", hostile.held_run()))
    text = "".join(one.out + one.err for one in told)
    assert "T-1abcd ef" in text
    assert not CODES.search(text)


def test_text_for_machines_keeps_everything_and_escapes_what_a_terminal_obeys() -> None:
    told = as_json({"sku": EVIL, "name": "العربية"})
    assert json.loads(told) == {"sku": EVIL, "name": "العربية"}
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", told)
    assert "العربية" in told


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x07", "link"),
        ("\x9b31mred", "red"),
        ("a\x1bPq\x1b\\b", "ab"),
        ("\x1b]unended", "unended"),
        ("a\nb\u2028c\td", "a b c d"),
        ("\u202egnirts", "gnirts"),
        ("\ud800", "\ufffd"),
        ("[red]x[/red]", "[red]x[/red]"),
        ("日本語 🎉 العربية", "日本語 🎉 العربية"),
    ],
)
def test_text_is_shown_and_never_obeyed(given: str, shown: str) -> None:
    assert plain(given) == shown


def test_a_table_is_aligned_by_what_characters_take_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table(("name", "n"), [("日本", 1000), ("abc", 2)])
    assert capsys.readouterr().out.splitlines() == ["name      n", "日本  1,000", "abc       2"]


# ── exit codes and the process ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("causes", "code"),
    [
        ([TransientError()], 3),
        ([TransientError(), DecisionError()], 3),
        ([TransientError(), DataError()], 4),
        ([DataError(), SettingsError()], 2),
        ([SettingsError(), ValueError()], 1),
        ([], 1),
    ],
)
def test_the_worst_cause_decides_the_exit_code(causes: list[Exception], code: int) -> None:
    assert worst(causes) == code


def test_what_nobody_foresaw_ends_with_1_and_shows_where(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> datetime:
        raise ZeroDivisionError("a clock without hands")

    assert main(["--settings", str(shop.settings), "sync"], clock=broken) == 1
    errors = capsys.readouterr().err.splitlines()
    assert errors[0] == "Traceback (most recent call last):"
    assert errors[-1] == "datasync: this was not foreseen. The lines above say where it happened."


def test_a_file_where_the_store_has_to_be_is_named(shop: Shop) -> None:
    (shop.folder / "var").write_text("a file where a folder has to be", encoding="utf-8")
    told = shop.run("sync")
    assert (told.code, told.errors) == (
        2,
        [
            (
                f"datasync: store: {shop.folder}/var/store cannot be a folder, because {shop.folder}/var is a file. "
                "Name another place, or take that file away."
            )
        ],
    )


def process(shop: Shop, *argv: str, **more: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATASYNC_SETTINGS": str(shop.settings)}
    return subprocess.run(
        [sys.executable, "-m", "datasync.cli", *argv],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[1],
        **more,
    )


def test_the_help_teaches_the_first_steps_and_the_exit_codes(shop: Shop) -> None:
    told = process(shop, "--help")
    assert told.returncode == 0
    for line in ("datasync init products.csv", "  2  mend the settings or the request; trying again changes nothing"):
        assert line in told.stdout
    commands = (
        "init",
        "check",
        "sync",
        "publish",
        "status",
        "why",
        "tidy",
        "withdraw",
        "schema",
        "resync",
        "holds",
        "audit",
        "rebuild",
    )
    assert all(re.search(rf"^    {command} ", told.stdout, re.MULTILINE) for command in commands)


def test_settings_are_found_by_the_environment_and_a_mistake_ends_the_process_with_2(shop: Shop) -> None:
    told = process(shop, "sync", "--scope", "fr")
    assert (told.returncode, told.stdout) == (2, "")
    assert (
        told.stderr
        == "datasync: No scope is called 'fr'. Known: en-US. Name one of those, or declare it under scopes.\n"
    )


def test_a_reader_that_has_seen_enough_is_no_error(shop: Shop) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        told = subprocess.run(
            [sys.executable, "-m", "datasync.cli", "--settings", str(shop.settings), "schema"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (told.returncode, told.stderr) == (0, "")


def test_a_terminal_gets_a_bar_and_a_line_a_step_with_no_markup_obeyed(shop: Shop) -> None:
    shop.sells({"sku": "S-1", "name": "n", "status": "[bold]no[/bold]"}, A)
    ours, theirs = pty.openpty()
    told = subprocess.Popen(
        [sys.executable, "-m", "datasync.cli", "--settings", str(shop.settings), "sync"],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    seen = b""
    while piece := _read(ours):
        seen += piece
    os.close(ours)
    assert told.wait() == 0
    assert "en-US pull: 2 records, 1 valid, 1 quarantined." in seen.decode()
    assert "\u2501" in seen.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:
        return b""


def test_times_of_the_shell_are_utc(shop: Shop) -> None:
    shop.run("sync")
    assert datetime.fromisoformat(shop.json("status")["as_of"]).tzinfo == UTC


def test_what_sync_and_status_say_of_quarantine_is_the_same_also_when_nothing_changed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.sells(("A", "a", "enabled", "x", ""), ("B", "", "enabled", "x", ""), ("", "c", "enabled", "x", ""))
    for _ in range(2):
        told = shop.run("sync")
        (row,) = [line.split() for line in told.lines if line.startswith("en-US  catalog ")]
        assert row[6] == "2"
        assert "en-US: 1 product in the catalog, 2 records in quarantine" in shop.run("status").out
        (scope,) = shop.json("status")["scopes"]
        assert scope["quarantined"] == 2


@pytest.mark.parametrize("listed", ["A,B", "A;B,C", "A\tB"])
def test_a_list_given_as_one_sku_is_told(tmp_path: Path, listed: str) -> None:
    shop = Shop(tmp_path)
    shop.sells(("A", "a", "enabled", "x", ""))
    shop.run("sync")
    told = shop.run("resync", "--scope", "en-US", "--sku", listed, "--reason", "r")
    assert "is read as one SKU. If it is several: --sku A --sku B, or a file with one a line" in told.err
    assert shop.run("resync", "--scope", "en-US", "--sku", "one, two three", "--reason", "r").err == ""


def test_a_plan_marks_skus_that_no_scope_has_ever_had(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.sells(("A", "a", "enabled", "x", ""), ("Q", "", "enabled", "x", ""), ("G", "g", "enabled", "x", ""))
    shop.run("sync")
    shop.sells(("A", "a", "enabled", "x", ""), ("Q", "", "enabled", "x", ""))
    shop.run("sync")
    skus = [f"--sku={sku}" for sku in ("A", "Q", "G", "A,Q", "a")]
    told = shop.run("resync", "--scope", "en-US", *skus, "--reason", "r")
    assert "  No scope has ever had: A,Q, a. Are they spelled as the source has them?" in told.lines
    assert "No scope has ever had" not in shop.run("resync", "--scope", "en-US", "--sku=G", "--reason", "r").out
