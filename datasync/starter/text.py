"""The settings file as text: every part with a comment that says what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

import yaml

from datasync import product
from datasync.starter.sample import Sample

_LOCALE = re.compile(r"(?<![A-Za-z])([a-z]{2})[-_]([A-Z]{2})(?![A-Za-z])")
_HEAD = """\
# Written by `datasync init`. `datasync check` says what it comes to, before any run does.
store: var/store # where datasync keeps what it knows: a folder or s3://...
site: var/site # where `datasync publish` writes the report
window: 3h # what the report calls the latest update
schedule: "0 * * * *" # when Airflow runs it
keep: {snapshots: 7d, quarantine: 90d, history: 400d, sites: 3}

sources:
  exports: {kind: files} # CSV, JSON lines, Parquet or XLSX, plain or .gz

scopes:
"""
_SERVICES = """
# Who the products go to. What a rule is not true for is not delivered; `otherwise` is what the report says about it.
# A rule is a condition over the product's columns:
#   COLUMNS
services:
  catalog-service: {label: Catalog Service}
  search:
    label: Search
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
      - {rule: "list_contains(visible_in, 'search')", otherwise: The product is not visible in search}
  recommendations:
    label: Recommendations
    accepts:
      - {rule: "status = 'enabled'", otherwise: The product is disabled}
      - {rule: "len(visible_in) > 0", otherwise: The product is visible neither in the catalog nor in search}
"""


def text(file: str, folder: Path, sample: Sample, made: Mapping[str, str], unsure: Collection[str] = ()) -> str:
    """The whole file, for settings that stand in ``folder``; columns that are ``unsure`` ask to be looked at."""
    lines = [
        f"  {_scope_name(file)}: # one catalog, normally one locale",
        "    source: exports",
        f"    path: {scalar(_path(file, folder))} # a pattern takes several files: exports/*.csv",
        *([f"    format: {sample.format}"] if sample.format else []),
        "    snapshot: complete # the files are the whole catalog; newest: one of them is; partial: each has a part",
        "    map: # product column: one SQL expression over the file's fields, which are text",
        *(f"      {column}: {scalar(sql)}{_comment(column, sql, unsure)}" for column, sql in made.items()),
        *_unmapped(made),
        *_attributes(sample, made),
    ]
    return _HEAD + "\n".join(lines) + "\n" + _SERVICES.replace("COLUMNS", ", ".join(product.COLUMNS))


def scalar(given: str) -> str:
    """A text as YAML, on one line, in quotes only where it needs them."""
    if re.fullmatch(r"[A-Za-z_/.][A-Za-z0-9_./-]*", given) and yaml.safe_load(given) == given:
        return given
    fewest_escapes = "'" in given and '"' not in given and "\\" not in given
    style = '"' if fewest_escapes or not given.isprintable() else "'"
    return str(yaml.safe_dump(given, default_style=style, allow_unicode=True, width=10**9)).strip()


def _scope_name(file: str) -> str:
    """The locale that the file's path names, or ``default``."""
    found = _LOCALE.findall(file)
    return "-".join(found[-1]) if found else "default"


def _path(file: str, folder: Path) -> str:
    if "://" in file:
        return file
    absolute = Path(file).absolute()
    return os.path.relpath(absolute, folder) if absolute.is_relative_to(folder) else str(absolute)


def _comment(column: str, expression: str, unsure: Collection[str]) -> str:
    if column in unsure:
        return f" # a guess by its values: no field is called like a {column}. Is it the right one?"
    if expression == "null":
        return f" # the field {column} has other values: without this line `datasync check` says which"
    return ""


def _unmapped(made: Mapping[str, str]) -> list[str]:
    missing = [column for column in product.PRODUCT_COLUMNS if column not in made]
    lines = [f"      # nothing in the file for: {', '.join(missing)}"] if missing else []
    if "currency" in missing and "price" in made:
        lines.append("      # currency: \"'EUR'\" # a fixed one, as text in SQL")
    return lines


def _attributes(sample: Sample, made: Mapping[str, str]) -> list[str]:
    """The fields that no column takes, to be picked from; nothing is taken that is not named."""
    rest = [
        field.name for field in sample.fields if not any(_reads(expression, field.name) for expression in made.values())
    ]
    if not rest:
        return []
    head = [
        "    # What else to take, by the names of the fields: nothing leaves the store that is not named.",
        "    # attributes:",
    ]
    return head + [f"    #   - {scalar(_exact(name))}" for name in rest]


def _exact(name: str) -> str:
    """A pattern that only this name matches, for attributes are named by patterns."""
    return re.sub(r"([*?[])", r"[\1]", name)


def _reads(expression: str, name: str) -> bool:
    quoted = '"' + name.replace('"', '""') + '"'
    return quoted in expression or bool(re.search(rf"(?<![\w'%\"]){re.escape(name)}(?![\w'\"])", expression))
