"""The README and the pages of docs/ are run: files are written, commands typed, settings read, SQL asked, in the order
they stand.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from datasync import errors, product, registry, settings
from datasync.cli import main
from datasync.figures import totals
from datasync.intake import validation
from datasync.settings import Settings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
README = PAGES[0].read_text(encoding="utf-8")
DOCS = {page.stem: page.read_text(encoding="utf-8") for page in PAGES[1:]}
LINK = re.compile(r"\]\((?!https?://)([^)#]+)\)")
BLOCK = re.compile(r"(?:<!-- (?P<mark>[\w.: -]+) -->\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)
BLOCKS = [match.groupdict() for text in (README, *DOCS.values()) for match in BLOCK.finditer(text)]
ELSEWHERE = {"make demo": "tests/test_demo.py", "make test": "what runs this", "pip install .": "what installed this"}


def _commands() -> list[str]:
    lines = [line for block in BLOCKS if block["kind"] == "sh" for line in block["text"].splitlines()]
    return [line for line in lines if line not in ELSEWHERE]


def _run(command: str) -> None:
    """Run a command of the README in this process, in its working folder."""
    words = shlex.split(command)
    assert words[0] == "datasync", f"the README types {command!r}, which no test runs"
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = main(words[1:])
    assert code == 0, f"{command}\n{printed.getvalue()}"


def _run_as_program(command: str) -> None:
    """Run it as a process of its own, as the installed command is."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-m", "datasync.cli", *shlex.split(command)[1:]]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newcomer's folder, after every command of the README was typed in it."""
    made = tmp_path_factory.mktemp("newcomer")
    for block in BLOCKS:
        if (block["mark"] or "").startswith("file: "):
            (made / block["mark"].removeprefix("file: ")).write_text(block["text"], encoding="utf-8")
    first, *others = _commands()
    with contextlib.chdir(made):
        _run_as_program(first)
        for command in others:
            _run(command)
    return made


def test_every_command_of_the_readme_ends_well(folder: Path) -> None:
    assert (folder / "var/site/index.html").is_file()
    assert (folder / "var/site/status.json").is_file()


def test_the_fold_of_the_readme_gives_what_the_pipeline_says(folder: Path) -> None:
    fold = next(block["text"] for block in BLOCKS if block["mark"] == "fold")
    with contextlib.chdir(folder), duckdb.connect() as con:
        rows = con.execute(f"SELECT sku, change FROM ({fold}) ORDER BY sku").fetchall()
    assert rows == [("00123", "added"), ("00124", "added"), ("00125", "quarantined")]


def test_the_settings_of_the_readme_are_valid() -> None:
    given = next(block["text"] for block in BLOCKS if block["mark"] == "settings")
    found = settings.parse(yaml.safe_load(given), ROOT)
    assert found.services["search"].required == ("price",)


def test_the_pages_name_every_top_level_key_of_the_settings() -> None:
    given = next(block["text"] for block in BLOCKS if block["mark"] == "settings")
    assert set(yaml.safe_load(given)) == set(Settings.model_fields) - {"store_options"}


@pytest.mark.parametrize("code", validation.CODES)
def test_the_settings_page_explains_every_quarantine_code(code: str) -> None:
    assert f"| `{code}` |" in DOCS["settings"]


@pytest.mark.parametrize("column", [c for c in product.COLUMNS if c != "attributes"])
def test_the_settings_page_explains_every_column(column: str) -> None:
    assert f"`{column}`" in DOCS["settings"]


def test_the_numbers_page_explains_every_state_of_a_product() -> None:
    states = {"excluded", "rejected", "failed", "current", "stale", "missing"}
    assert states <= set(totals.ServiceTotals.__dataclass_fields__)
    assert all(f"| {state} |" in DOCS["numbers"] for state in states)


def test_the_operations_page_gives_the_exit_codes_of_the_error_tree() -> None:
    groups = (errors.SettingsError, errors.TransientError, errors.DataError, errors.DecisionError)
    assert [group.exit_code for group in groups] == [2, 3, 4, 5]
    rows = re.findall(r"^\| (\d) \| (.*) \|$", DOCS["operations"], re.MULTILINE)
    assert dict(rows) == {
        "0": "done",
        "1": "something nobody foresaw",
        "2": "the settings or the request are wrong",
        "3": "trying again may help",
        "4": "look at the data",
        "5": "a person has to decide",
    }


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


@pytest.mark.parametrize("page", [*PAGES, CONTRIBUTING], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_leads_to_every_page() -> None:
    assert {f"docs/{name}.md" for name in DOCS} <= set(LINK.findall(README))


@pytest.mark.parametrize("name", ["adventureworks", "magento"])
def test_the_examples_settings_are_valid(name: str) -> None:
    assert settings.load(ROOT / "examples" / f"{name}.yaml").scopes
    assert f"examples/{name}.yaml" in README


def test_make_knows_every_target_that_the_readme_names() -> None:
    targets = set(re.findall(r"`?make ([a-z0-9-]+)`?", README + CONTRIBUTING.read_text(encoding="utf-8")))
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert targets <= known


def test_the_readme_names_every_kind_of_source_and_links_its_page() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|(.*)", README.split("## Sources")[1].split("\n## ")[0], re.MULTILINE)
    assert {kind for kind, _ in told} == set(registry.names(registry.SOURCES))
    pages = {match[1] for _, text in told if (match := re.search(r"\]\((docs/sources/[\w-]+\.md)\)", text))}
    assert pages == {f"docs/sources/{path.name}" for path in (ROOT / "docs/sources").iterdir()}
