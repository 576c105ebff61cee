"""Count what the ways of writing of this project are about, in the package at one revision.

    python scripts/house_counts.py                      the working tree
    python scripts/house_counts.py REVISION             a revision of git
    python scripts/house_counts.py --base REVISION ...  and the long commit subjects since that one

Each line of the output has a number and what was counted; the names behind it follow.

- Relation names that another file reads: a temp view, table or registered object with a fixed name, which a module
  other than its maker reads by that name. A query file belongs to no module, so what it reads is read elsewhere. A name
  that the reading file defines itself, in a WITH clause, does not count. The texts are searched, not understood: a name
  that a query gets as an argument counts if some module makes a view of that name.
- Copies of the state rules: files that decide by themselves whether a product is rejected and what is held. The one
  that all others apply (`state_of.sql`) counts too; the independent count of the totals does not.
- Banned names: names of variables, parameters, functions, classes and imports that tests/test_names.py bans.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
SUBJECT = 72
MAKING = (
    re.compile(r"CREATE\s+(?:OR REPLACE\s+)?(?:TEMP(?:ORARY)?\s+)?(?:VIEW|TABLE)\s+(?:IF NOT EXISTS\s+)?([a-z_]\w*)"),
    re.compile(r"\bview\(\s*[\w.]+,\s*\"(\w+)\""),
    re.compile(r"\.register\(\s*\"(\w+)\""),
)
READING = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]\w*)\b")
DEFINING = re.compile(r"\b([a-z_]\w*)\s+AS\s+(?:NOT MATERIALIZED\s+|MATERIALIZED\s+)?\(")
STATE_RULE = re.compile(r"outcome = 'rejected' AND")
SECOND_COUNT = {"states.sql", "known_versions.sql"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revision", nargs="?", help="default: the working tree")
    parser.add_argument("--base", help="list the commit subjects over 72 characters since this revision")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = _checked_out(chosen.revision, Path(folder)) if chosen.revision else ROOT
        _report(tree)
    if chosen.base:
        subjects = _git("log", "--format=%s", f"{chosen.base}..{chosen.revision or 'HEAD'}").decode().splitlines()
        long = [subject for subject in subjects if len(subject) > SUBJECT]
        print(f"{len(long):6} of {len(subjects)} commit subjects over {SUBJECT} characters")


def _checked_out(revision: str, folder: Path) -> Path:
    with tarfile.open(fileobj=io.BytesIO(_git("archive", revision))) as archive:
        archive.extractall(folder, filter="data")
    return folder


def _git(*words: str) -> bytes:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True).stdout


def _report(tree: Path) -> None:
    package = tree / "datasync"
    texts = {
        str(path.relative_to(tree)): path.read_text("utf-8")
        for path in sorted(package.rglob("*"))
        if path.suffix in (".py", ".sql")
    }
    read_elsewhere = names_read_elsewhere(texts)
    print(f"{len(read_elsewhere):6} fixed relation names that another file reads")
    for name, files in read_elsewhere.items():
        print(f"         {name}: {', '.join(files)}")
    copies = state_rules(texts)
    print(f"{len(copies):6} copies of the state rules: {', '.join(copies) or 'none'}")
    trees = {name: ast.parse(text) for name, text in texts.items() if name.endswith(".py")}
    trees |= {f"dags/{path.name}": ast.parse(path.read_text("utf-8")) for path in sorted((tree / "dags").glob("*.py"))}
    banned = {name: count for name, module in trees.items() if (count := banned_names(name, module))}
    print(f"{sum(banned.values()):6} banned names in {len(banned)} modules")
    lengths = sorted(length for module in trees.values() for length in function_lengths(module))
    print(f"{median(lengths):6g} lines in the median function, {lengths[-1]} in the longest, of {len(lengths)}")
    lines, largest = max((text.count("\n"), name) for name, text in texts.items() if name.endswith(".py"))
    print(f"{lines:6} lines in the largest module, {largest}")


def names_read_elsewhere(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Fixed names of temp views, tables and registered objects, with the files beside their makers that read them."""
    makers: dict[str, set[str]] = {}
    for file, text in texts.items():
        for name in (name for pattern in MAKING for name in pattern.findall(text) if file.endswith(".py")):
            makers.setdefault(name, set()).add(file)
    readers: dict[str, list[str]] = {}
    for file, text in texts.items():
        for name in (set(READING.findall(text)) - set(DEFINING.findall(text))) & set(makers):
            if file not in makers[name]:
                readers.setdefault(name, []).append(file)
    return dict(sorted(readers.items()))


def state_rules(texts: Mapping[str, str]) -> list[str]:
    """The files that spell the state rules, without the independent second count."""
    files = [file for file, text in texts.items() if STATE_RULE.search(text) and "held_hash" in text]
    return [file for file in files if Path(file).name not in SECOND_COUNT]


def banned_names(file: str, module: ast.Module) -> int:
    """How often a module gives something a banned name."""
    sys.path.insert(0, str(ROOT))
    from tests.test_names import BANNED, STORED, names

    banned = BANNED - STORED.get(file, set())
    return sum(name.lstrip("_").lower() in banned for name in names(module))


def function_lengths(module: ast.Module) -> Iterator[int]:
    """The lines of each function, without its decorators."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1


if __name__ == "__main__":
    main()
