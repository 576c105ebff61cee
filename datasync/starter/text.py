"""The settings file as text: every part with a comment that says what to do about it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from datasync import product
from datasync.sql import quote
from datasync.starter.choice import Choice, Reading, shown
from datasync.starter.sample import Field, Sample
from datasync.starter.systems import View
from datasync.starter.yes_no import contents, hint, is_further_status, says_yes_or_no

_DATED = "* stands for the date in the file's name"
_NEWEST = "newest # the newest such file is the whole catalog; complete: all of them are; partial: each has a part"
_COMPLETE = "complete # the files are the whole catalog; newest: one of them is; partial: each has a part"
_NOTE = 300  # so much of a note stands behind a line
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


@dataclass(frozen=True, slots=True)
class Plan:
    """One scope to be written: its file, the system it is from, which of its rows count, and what its columns are.

    ``total_where`` is the condition that leaves a total line out, if there is one, and ``is_total_sure`` says that it
    leaves no product out. ``pattern`` stands for the file if its name has a date: the newest such file is the catalog.
    """

    name: str
    file: str
    sample: Sample
    choices: Sequence[Choice]
    system: str = ""
    view: View = View()  # noqa: RUF009 - it is frozen
    total_where: str = ""
    is_total_sure: bool = False
    pattern: str | None = None

    @property
    def leaves_total_out(self) -> bool:
        """Whether the settings leave the total line out: it is sure to be one, and no other condition is needed.

        Where cells are filled from the row above, what it lacks is filled too.
        """
        return self.is_total_sure and not self.view.where and not self.view.rows.fill_down

    @property
    def unmapped(self) -> list[str]:
        """The fields that nothing reads, in the file's order."""
        condition = self.total_where if self.leaves_total_out else self.view.where or ""
        read = [*(choice.sql for choice in self.choices), condition, quote(self.view.rows.group_by or "")]
        return [f.name for f in self.sample.fields if not any(_reads(sql, f.name) for sql in read)]

    @property
    def yes_or_no(self) -> dict[str, str]:
        """Of these, the fields that say yes or no of a product, with words on the values: a person may need them."""
        return {field.name: contents(field) for field in self._yes_or_no}

    @property
    def suggested(self) -> dict[str, str]:
        """Of these, the fields that a line under map reads, which is a comment, with words on when to take it."""
        options = [option.sql for choice in self.choices for option in choice.options]
        return {f.name: hint(f) for f in self._yes_or_no if any(_reads(sql, f.name) for sql in options)}

    @property
    def _yes_or_no(self) -> list[Field]:
        unmapped = [field for field in self.sample.fields if field.name in self.unmapped]
        is_taken = any(choice.column == "status" and choice.sql not in ("", "null") for choice in self.choices)
        return [field for field in unmapped if says_yes_or_no(field) or (is_taken and is_further_status(field))]


def text(plans: Sequence[Plan], folder: Path) -> str:
    """The whole file, for settings that stand in ``folder``."""
    scopes = [line for plan in plans for line in _scope(plan, folder)]
    return _HEAD + "\n".join(scopes) + "\n" + _SERVICES.replace("COLUMNS", ", ".join(product.COLUMNS))


def _scope(plan: Plan, folder: Path) -> Iterator[str]:
    yield f"  {plan.name}: # one catalog, normally one locale"
    if plan.system:
        yield f"    # an export of {plan.system}{f': {plan.view.remark}' if plan.view.remark else ''}"
    yield "    source: exports"
    several = _DATED if plan.pattern else "a pattern takes several files: exports/*.csv"
    yield f"    path: {scalar(_path(plan.pattern or plan.file, folder))} # {several}"
    kind = plan.sample.kind
    if kind.format:
        yield f"    format: {kind.format}"
    if kind.encoding:
        comment = f" # told from its bytes, as in {', '.join(map(shown, kind.words))}" if kind.words else ""
        yield f"    encoding: {kind.encoding}{comment}"
    if kind.title:
        yield f"    header_line: {kind.title.header_line} # {shown(kind.title.sentence, _NOTE)}"
    yield from _rows(plan.view)
    yield from _total(plan)
    yield f"    snapshot: {_NEWEST if plan.pattern else _COMPLETE}"
    if any(choice.is_local for choice in plan.choices):
        yield "    # time_zone: Europe/Berlin  # times without an offset are taken as UTC"
    nothing = "" if any(choice.sql for choice in plan.choices) else " {}"
    yield f"    map:{nothing} # product column: one SQL expression over the file's fields, which are text"
    for choice in plan.choices:
        yield from _choice(choice)
    yield from _left_out(plan)
    yield from _attributes(plan)


def _rows(view: View) -> Iterator[str]:
    """The keys that say which rows belong together, and which are products of this scope."""
    if view.rows.group_by:
        yield f"    group_by: {scalar(view.rows.group_by)} # rows with the same value belong together"
    if view.rows.fill_down:
        yield f"    fill_down: [{', '.join(map(_item, view.rows.fill_down))}] # empty cells are as in the row above"
    if view.rows.collect:
        yield f"    collect: [{', '.join(map(_item, view.rows.collect))}] # all values of a group, as a list"
    if view.where:
        yield f"    where: {scalar(view.where)} # rows for which this is not true are counted, and are no products"


def _total(plan: Plan) -> Iterator[str]:
    """The condition that leaves a total line out; as a comment, where it may be a product after all."""
    if total := plan.sample.total:
        mark = "" if plan.leaves_total_out else "# "
        yield f"    {mark}where: {scalar(plan.total_where)} # {shown(total.sentence, _NOTE)}"


def _item(name: str) -> str:
    """A name in a list on one line."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and scalar(name) == name else _quoted(name)


def _quoted(name: str) -> str:
    return str(
        yaml.safe_dump(name, default_style="'" if name.isprintable() else '"', allow_unicode=True, width=10**9)
    ).strip()


def _choice(choice: Choice) -> Iterator[str]:
    """A column's line, and in comments what it could be instead."""
    note = shown(choice.note, _NOTE)
    if choice.sql:
        says = "; ".join(filter(None, (note, *choice.samples)))
        yield f"      {choice.column}: {scalar(choice.sql)}{f' # {says}' if says else ''}"
    elif note:
        yield f"      # {choice.column}: {note}"
    yield from (f"      # {choice.column}: {scalar(option.sql)}{_samples(option)}" for option in choice.options)


def _samples(reading: Reading) -> str:
    says = [*filter(None, (shown(reading.remark, _NOTE),)), *map(shown, reading.samples)]
    return f" # {'; '.join(says)}" if says else ""


def scalar(value: str) -> str:
    """A text as YAML, on one line, in quotes only where it needs them."""
    if re.fullmatch(r"[A-Za-z_/.][A-Za-z0-9_./-]*", value) and yaml.safe_load(value) == value:
        return value
    fewest_escapes = "'" in value and '"' not in value and "\\" not in value
    style = '"' if fewest_escapes or not value.isprintable() else "'"
    return str(yaml.safe_dump(value, default_style=style, allow_unicode=True, width=10**9)).strip()


def _path(file: str, folder: Path) -> str:
    if "://" in file:
        return file
    absolute = Path(file).absolute()
    return os.path.relpath(absolute, folder) if absolute.is_relative_to(folder) else str(absolute)


def _left_out(plan: Plan) -> Iterator[str]:
    columns = {choice.column for choice in plan.choices}
    if missing := [column for column in product.PRODUCT_COLUMNS if column not in columns]:
        yield f"      # no column recognised for: {', '.join(missing)}"
    if "currency" in missing and "price" in columns:
        yield "      #   currency: \"'EUR'\" # a fixed one, as text in SQL"


def _attributes(plan: Plan) -> Iterator[str]:
    """The fields that no column takes, to be picked from; nothing is taken that is not named."""
    if plan.unmapped:
        yield "    # What else to take, by the names of the fields: nothing leaves the store that is not named."
        yield "    # attributes:"
        notes = {name: f" # {shown(words)}" for name, words in plan.yes_or_no.items()}
        yield from (f"    #   - {scalar(_exact(name))}{notes.get(name, '')}" for name in plan.unmapped)


def _exact(name: str) -> str:
    """A pattern that only this name matches, because attributes are named by patterns."""
    return re.sub(r"([*?[])", r"[\1]", name)


def _reads(expression: str, name: str) -> bool:
    quoted = '"' + name.replace('"', '""') + '"'
    return quoted in expression or bool(re.search(rf"(?<![\w'%\"]){re.escape(name)}(?![\w'\"(])", expression))
