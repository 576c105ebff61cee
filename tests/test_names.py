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
