"""The page about the architecture names every folder and module of the package, in the linter's order."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "datasync"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
TREE = PAGE.split("<!-- tree -->\n```\n")[1].split("```")[0]


def named() -> list[str]:
    """The folders and modules that the page's tree names, in its order."""
    firsts = [re.split(r"  +", line.strip())[0] for line in TREE.splitlines()]
    return [name.rstrip("/") for first in firsts for name in first.split(", ")]


def test_the_tree_of_the_page_is_that_of_the_folders() -> None:
    folders = {str(path.parent.relative_to(PACKAGE)) for path in PACKAGE.rglob("__init__.py")} - {"."}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert set(named()) == folders | modules | {"queries"}


def test_the_tree_of_the_page_stands_in_the_order_of_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    place = {name: number for number, layer in enumerate(layers) for name in layer.split(" | ")}
    places = [place[name] for name in named() if name in place]
    settled = [number for number in places if number < place["product"]]
    assert settled == sorted(settled)
    assert set(place) <= set(named())


def test_every_module_and_query_that_the_page_names_exists() -> None:
    paths = re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.(?:py|sql)|queries/[a-z_]+\.sql)`", PAGE)
    assert len(paths) > 8
    assert [path for path in paths if not (PACKAGE / path).is_file()] == []
    dotted = re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", PAGE)
    assert [name for name in dotted if not name.endswith(".html") and not _exists(name)] == []


def _exists(name: str) -> bool:
    """Whether a dotted name is a module of the package, or something that one defines."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = PACKAGE.joinpath(*parts[:length])
        file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        if file.is_file():
            defined = set(re.findall(r"^(?:def|class) (\w+)", file.read_text(), re.MULTILINE))
            return length == len(parts) or parts[length] in defined
    return False


def test_a_result_of_duckdb_is_fetched_to_its_end() -> None:
    """After a `fetchone` that leaves more to fetch, a connection takes no object to scan: it says that it is in use."""
    fetched = re.compile(r"^(?!\s*while ).*\.fetchone\(\)", re.MULTILINE)
    databases = PACKAGE / "sources" / "sql" / "drivers.py"  # cursors of other databases
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if path != databases]
    assert [str(path.relative_to(PACKAGE)) for path in modules if fetched.search(path.read_text())] == []
