"""What a long command says while it works, on stderr: a bar and a line a step on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from datasync.cli.screen import tell
from datasync.cli.words import plain
from datasync.quantity import quantity
from datasync.store.snapshots import TERMS

_COUNTS = (
    *("records", "valid", "repeated", "blank", "filtered", "outdated", "added", "updated", "resent", "removed"),
    *("quarantined", "rejected", "failed", "marked", "products"),
)


class Steps:
    """The steps of one run as they come and go. ``is_dry``: the run is forgotten afterwards."""

    def __init__(self, total: int, *, is_dry: bool = False) -> None:
        self._is_dry = is_dry
        self._console = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._task = self._bar.add_task("", total=total)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the bar while the steps run; where stderr is no terminal, there is none."""
        if not self._console.is_terminal:
            yield
            return
        with self._bar:
            yield

    def begins(self, name: str) -> None:
        """Name the step that is under way."""
        self._bar.update(self._task, description=plain(name))

    def ended(self, name: str, record: Mapping[str, Any], valid: int = 0) -> None:
        """One line: what the step did. ``valid``: so many records its scope's pull has called valid."""
        self._bar.advance(self._task)
        words = outcome(record, is_dry=self._is_dry, valid=valid)
        if self._console.is_terminal:
            self._bar.console.print(Text(f"{plain(name)}: {plain(words)}"))
        else:
            tell(f"{name}: {words}")


def outcome(record: Mapping[str, Any], *, is_dry: bool, valid: int = 0) -> str:
    """A step's outcome in words: its counts that are not 0, how long it took, and what it says besides."""
    if record["outcome"] == "failed":
        return f"failed. {record['error']}"
    is_catalog = "products" in record  # it counts SKUs that were not in quarantine before; a pull counts records
    words = {"quarantined": "newly quarantined"} if is_catalog else {}
    numbers = {**record, "quarantined": record.get("quarantined", 0) + record.get("nameless", 0)}
    counts = [_outdated(numbers.pop("outdated"), valid)] if valid and numbers.get("outdated") else []
    counts += [_count(numbers[name], words.get(name, name)) for name in _COUNTS if numbers.get(name)]
    sentences = [
        ", ".join(counts) or "nothing to do",
        *held(record, is_dry=is_dry),
        *([record["note"]] if record.get("note") and not record.get("held") else []),
        *record.get("notes", ()),
    ]
    took = f" ({record['seconds']:.1f} s)" if record.get("seconds", 0) >= 1 else ""
    return " ".join(part if part.endswith(("?", "!")) else f"{part.rstrip('.')}." for part in sentences) + took


def _outdated(number: int, valid: int) -> str:
    """The pull's line called them valid: only the catalog knows which of these are older than what it has."""
    return f"of {quantity(valid, 'valid record')} {number:,} {'is' if number == 1 else 'are'} outdated"


def _count(number: int, word: str) -> str:
    return quantity(number, word.removesuffix("s")) if word in ("records", "products") else f"{number:,} {word}"


def balance(counts: Mapping[str, Any]) -> str:
    """What became of a pull's records, as an equation without the terms that are 0."""
    terms = [f"{counts[term]:,} {term}" for term in TERMS if counts.get(term)]
    records = quantity(counts["records"], "record")
    return f"{records} = {' + '.join(terms)}" if terms else records


def held(record: Mapping[str, Any], *, is_dry: bool) -> list[str]:
    """What was held, and how to let it pass; of a dry run nothing is left that could be let pass."""
    hold = record.get("held")
    if not hold:
        return []
    command = f"datasync resync --scope {hold['scope']} --accept-shrink {hold['id']} --reason WHY --yes"
    which = " that nobody accepted" if record.get("accepted") else ""
    count = f"{hold['would_remove']:,} of {quantity(hold['of'], 'product')}{which}"
    if is_dry:
        return [f"Held: it would remove {count}. A sync holds them too, and says how to see them and let them pass"]
    return [f"Held: it would remove {count}. To see them: datasync holds {hold['id']}. To let that pass: {command}"]
