"""Count what the tests hold: the tests that pytest collects, `assert` statements, and `expect(` calls on the page.

Run it at two commits to see whether a change of the tests lost any:

    python scripts/test_map.py            the counts
    python scripts/test_map.py --ids      the id of every test, sorted, to compare with diff
    python scripts/test_map.py --by-file  the counts of every file
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--ids", action="store_true")
    shown.add_argument("--by-file", action="store_true")
    chosen = parser.parse_args()
    ids = test_ids()
    if chosen.ids:
        print("\n".join(sorted(ids)))
        return
    tests = Counter(test_id.partition("::")[0] for test_id in ids)
    files = {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in sorted((ROOT / "tests").rglob("*.py"))}
    asserts = {name: asserts_in(source) for name, source in files.items()}
    expects = {name: expects_in(source) for name, source in files.items()}
    if chosen.by_file:
        for name in files:
            print(f"{tests[name]:6} tests {asserts[name]:5} asserts {expects[name]:5} expects  {name}")
    print(f"{len(ids)} tests, {sum(asserts.values())} asserts, {sum(expects.values())} expects")


def test_ids() -> list[str]:
    """The id of every test, as pytest collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-o", "addopts="]
    collected = subprocess.run(
        [*command, "--import-mode=importlib"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if collected.returncode:
        sys.exit(collected.stdout + collected.stderr)
    return [line for line in collected.stdout.splitlines() if "::" in line]


def asserts_in(source: str) -> int:
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))


def expects_in(source: str) -> int:
    """Calls of Playwright's `expect`, each of which waits for the page to be so."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return sum(isinstance(call.func, ast.Name) and call.func.id == "expect" for call in calls)


if __name__ == "__main__":
    main()
