"""Names say what a thing is: some words say nothing, and name nothing in the package, the DAGs and the page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BANNED = {"found", "one", "given", "made", "told", "kept", "asked"}
STORED = {  # keys of files in stores and sites that exist: the names stay with them
    "datasync/store/snapshots.py": {"asked"},
}
MODULES = sorted(path for folder in ("datasync", "dags") for path in (ROOT / folder).rglob("*.py"))
SCRIPTS = sorted((ROOT / "reports" / "templates" / "js").glob("*.js"))
QUERIES = sorted((ROOT / "datasync").rglob("*.sql"))
DECLARED = re.compile(r"\b(?:const|let|var|function|class)\s+([A-Za-z_$][\w$]*)|\b([A-Za-z_$][\w$]*)\s*=>")


def names(tree: ast.AST) -> Iterator[str]:
    """What a module gives a name to: variables, parameters, functions, classes, fields, imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.rpartition(".")[2]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_has_no_name_that_says_nothing(module: Path) -> None:
    stored = STORED.get(str(module.relative_to(ROOT)), set())
    used = {name.lstrip("_").lower() for name in names(ast.parse(module.read_text(encoding="utf-8")))}
    assert (used & BANNED) - stored == set()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_name_that_says_nothing(script: Path) -> None:
    used = {name for match in DECLARED.findall(script.read_text(encoding="utf-8")) for name in match}
    assert used & BANNED == set()


IN_SQL = re.compile(
    r"\b(?:AS|lambda)\s+([a-z]\w*)|\b([a-z]\w*)\s+AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\(|\bMACRO\s+(\w+)\(([^)]*)\)"
)


def names_in_sql(text: str) -> set[str]:
    """Aliases of columns and tables, names of CTEs and macros, and their and lambdas' parameters; comments left out."""
    code = re.sub(r"--[^\n]*", "", text)
    return {name.lower() for match in IN_SQL.findall(code) for part in match for name in re.findall(r"\w+", part)}


@pytest.mark.parametrize("query", QUERIES, ids=lambda path: path.name)
def test_a_query_has_no_name_that_says_nothing(query: Path) -> None:
    assert {name.lstrip("_") for name in names_in_sql(query.read_text(encoding="utf-8"))} & BANNED == set()


def test_names_are_read_from_every_place_where_sql_gives_one() -> None:
    text = "CREATE MACRO m(given) AS (WITH told AS (SELECT 1 AS found) SELECT [1].list_filter(lambda one: one > 0))"
    assert names_in_sql(text) >= {"m", "given", "told", "found", "one"}
    assert names_in_sql("-- told AS (SELECT 1)\nSELECT 1") == set()
