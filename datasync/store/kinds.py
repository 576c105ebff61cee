"""Every kind of file that a store can hold: by its path, what is in it, and what is lost with it.

Whoever writes a new kind of file adds it here. A file of no kind is foreign: datasync neither wrote it nor reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datasync.store.files import Store

LOST = "lost+found"  # what a repair set aside; nobody reads it, and nothing there is ever deleted

_RUN = "(?P<run>[A-Za-z0-9_.-]+)"  # what runs.safe leaves of an id
_SCOPE = "scope=(?P<scope>[^/]+)"
_LOGS = f"(?P<log>catalog/{_SCOPE}|receipts/service=(?P<service>[^/]+)/scope=(?P<of_scope>[^/]+))"
_REBUILD = "rebuilds/service=(?P<service>[^/]+)/scope=(?P<of_scope>[^/]+)/build=[0-9a-f]{12}"
_NUMBER = "(?P<number>[0-9]{8})"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file. Parquet files of it have these ``columns`` and, if ``noted``, our metadata in their footer."""

    name: str
    pattern: str
    content: Literal["parquet", "json", "page", "empty", "any"]
    cost: str
    columns: frozenset[str] = frozenset()
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A file of the store: its path, its kind (None: foreign), and what its path names."""

    path: str
    kind: Kind | None
    scope: str = ""
    service: str | None = None
    number: int = 0
    run: str = ""

    @property
    def log(self) -> str:
        """The folder of the log that the file is a part of."""
        return self.path.rpartition("/")[0]


KINDS = (
    Kind(
        "entry",
        rf"{_LOGS}/{_NUMBER}\.parquet",
        "parquet",
        "What it recorded is lost, and with it every figure from before it",
        frozenset({"sku"}),
        noted=True,
    ),
    Kind(
        "entry",
        rf"{_REBUILD}/{_NUMBER}\.parquet",
        "parquet",
        "What a rebuild that is under way has delivered; the next `datasync rebuild` begins anew",
        frozenset({"sku"}),
        noted=True,
    ),
    Kind(
        "checkpoint",
        rf"{_LOGS}/checkpoint-{_NUMBER}\.parquet",
        "parquet",
        "Nothing, as long as the entries before it are there; else all that it alone recorded",
        frozenset({"sku", "entry"}),
        noted=True,
    ),
    Kind(
        "kept rows",
        rf"{_LOGS}/kept-{_NUMBER}\.parquet",
        "parquet",
        "Versions that were replaced before the kept history began and that some service may still hold",
        frozenset({"sku", "entry"}),
        noted=True,
    ),
    Kind("ticket", rf"catalog/{_SCOPE}/_pull-{_NUMBER}", "empty", "Which of two pulls began first may not be known"),
    Kind(
        "snapshot",
        rf"snapshots/{_SCOPE}/{_RUN}\.parquet",
        "parquet",
        "Which products this pull read",
        frozenset({"position"}),
        noted=True,
    ),
    Kind(
        "records",
        rf"snapshots/{_SCOPE}/records/{_RUN}\.[0-9a-f]{{8}}\.parquet",
        "parquet",
        "The products that this pull read",
        frozenset({"sku", "hash", "name"}),
    ),
    Kind(
        "asked SKUs",
        rf"snapshots/{_SCOPE}/asked/{_RUN}\.parquet",
        "parquet",
        "Which SKUs this pull asked for, and so which were not there",
        frozenset({"sku"}),
    ),
    Kind(
        "quarantine",
        rf"quarantine/{_SCOPE}/{_RUN}\.parquet",
        "parquet",
        "The records of this pull that could not be used; the counts of quarantine are at least what they say",
        frozenset({"sku", "code", "sentence"}),
    ),
    Kind("page", rf"pulls/{_SCOPE}/{_RUN}/{_NUMBER}\.jsonl\.gz", "page", "A retry of this pull would go on after it"),
    Kind("run", rf"runs/date=[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}/{_RUN}\.json", "json", "When, why and how a run went"),
    Kind("step", rf"steps/{_RUN}/[^/]+\.json", "json", "How one step of a run went, if the run has not ended"),
    Kind(
        "hold",
        rf"holds/{_SCOPE}(/service=(?P<service>[^/]+))?/{_RUN}\.json",
        "json",
        "Whether a removal is held there; the next run meets it again",
    ),
    Kind(
        "held products",
        rf"holds/{_SCOPE}(/service=(?P<service>[^/]+))?/{_RUN}\.[0-9a-f]{{8}}\.parquet",
        "parquet",
        "Which products a hold keeps back; it can no longer be accepted",
        frozenset({"sku"}),
    ),
    Kind(
        "acceptance",
        rf"holds/{_SCOPE}(/service=(?P<service>[^/]+))?/accepted/{_RUN}\.json",
        "json",
        "Who accepted a hold, and why; if its run has not ended, that run holds the removals again",
    ),
    Kind("probe", r"check-[0-9a-f]{32}\.json", "any", "Nothing: a check that was cut off left it"),
)
_PATTERNS = [(kind, re.compile(kind.pattern)) for kind in KINDS]


def place(path: str) -> Place:
    """What a path of the store names."""
    for kind, pattern in _PATTERNS:
        if named := pattern.fullmatch(path):
            parts = named.groupdict()
            scope = parts.get("scope") or parts.get("of_scope") or ""
            number = int(parts.get("number") or 0)
            return Place(path, kind, scope, parts.get("service"), number, parts.get("run") or "")
    return Place(path, None)


def walk(store: Store) -> Iterator[Place]:
    """Every file of the store but those that a repair set aside, folder by folder."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        before = f"{folder}/" if folder else ""
        for name in sorted(store.listing(folder)):
            yield place(f"{before}{name}")
        inside = [f"{before}{name}" for name in reversed(store.folders(folder))]
        waiting += [inner for inner in inside if inner != LOST]
