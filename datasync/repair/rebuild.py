"""One log that lost some of its files: what is whole is folded, and the history begins anew with an entry `repaired`.

No repair guesses what an entry recorded. The next complete pull makes up for a catalog's entry. An embedded service
holds what its whole receipts say. A remote service perhaps holds every product whose last whole receipt is older than a
lost one, so that product is due again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import duckdb

from datasync.errors import StoreUnavailable
from datasync.relation import Relation, Table, TemporaryTables, query, select
from datasync.repair.inventory import Logged
from datasync.store.files import Clock
from datasync.store.log import Entry, Log, RepairNote, Rows
from datasync.store.logs import CatalogState, ReceiptState

_REMEMBERED = 20  # repairs that a log's state names
_NAMED = 50  # lost files that a repair names


@dataclass(frozen=True, slots=True)
class Repair:
    """Who repairs, in which run, and when it began."""

    run: str
    by: str
    at: datetime
    clock: Clock


@dataclass(frozen=True, slots=True)
class Lost:
    """What a repair says was lost: the files, and what follows."""

    paths: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Losses:
    """What of a log is lost: ``entries`` that no whole checkpoint covers, and ``covered`` ones.

    ``base`` is the newest whole checkpoint. ``is_base_lost``: the checkpoint that the history begins with is gone.
    """

    log: Logged
    head: int

    @cached_property
    def base(self) -> int:
        """The newest whole checkpoint; 0 where there is none."""
        return max(self.log.checkpoints, default=0)

    @cached_property
    def entries(self) -> tuple[int, ...]:
        return tuple(n for n in range(max(self.base, self._begin) + 1, self.head + 1) if n not in self.log.entries)

    @cached_property
    def covered(self) -> tuple[int, ...]:
        return tuple(n for n in range(self._begin + 1, self.base + 1) if n not in self.log.entries)

    @cached_property
    def is_base_lost(self) -> bool:
        return self._begin > self.base

    @cached_property
    def are_older_versions_lost(self) -> bool:
        """Whether the rows are lost that stay readable from before the kept history."""
        return bool(self._begin) and self._begin not in self.log.kept_rows

    @property
    def is_rebuilt(self) -> bool:
        """Whether the history has to begin anew."""
        return bool(self.entries or self.covered or self.is_base_lost or self.are_older_versions_lost)

    @property
    def leaves_gap(self) -> bool:
        """Whether the next entry cannot follow the head, because a file that is set aside bears a higher number."""
        return self.log.taken > self.head

    @property
    def are_rows_lost(self) -> bool:
        """Whether the fold of what is whole may differ from what it was."""
        return bool(self.entries) or self.is_base_lost

    @property
    def through(self) -> int:
        """The newest lost entry: rows of later ones are certain."""
        return max((*self.entries, self._begin if self.is_base_lost else 0), default=0)

    @property
    def is_state_older(self) -> bool:
        """Whether the newest whole footer is older than a lost entry, so that its state is not the last."""
        return self.through > self.log.newest.number

    @property
    def _begin(self) -> int:
        """What the kept history begins with; a log whose file of kept rows is missing begins before its first entry."""
        first = min(self.log.listed.entries, default=0)
        return self.log.history_start or (first - 1 if first - 1 in self.log.listed.checkpoints else 0)

    @property
    def whole_after_base(self) -> tuple[int, ...]:
        return tuple(n for n in sorted(self.log.entries) if n > self.base)


@dataclass(frozen=True, slots=True)
class Remains:
    """What is whole of a ``log`` with ``losses``: its ``fold``, stored once, and all its ``versions``, every row with
    its entry.
    """

    log: Log
    losses: Losses
    fold: Table
    versions: Relation

    def live(self, con: duckdb.DuckDBPyConnection, column: str) -> int:
        """How many products have a hash in ``column``."""
        return self.fold.where(f"{column} IS NOT NULL").count(con)


def remains(tables: TemporaryTables, log: Log, losses: Losses) -> Remains:
    """Read what is whole of a log."""
    floor = losses.log.history_start
    paths = [
        [log.checkpoint_path(floor)] if floor in losses.log.checkpoints else [],
        [log.kept_path(floor)] if floor in losses.log.kept_rows else [],
        [log.path(number) for number in sorted(losses.log.entries) if number > floor],
    ]
    whole = log.fold_of(losses.base, losses.whole_after_base)
    return Remains(log, losses, tables.store(whole, "whole"), log.rows_of(*paths))


def record(
    con: duckdb.DuckDBPyConnection, remains: Remains, repair: Repair, lost: Lost, state: CatalogState | ReceiptState,
    rows: Rows,
) -> Entry:  # fmt: skip
    """Append the entry `repaired`, with a number that none ever had; ``state`` is what the log has come to with it."""
    log, losses, newest = remains.log, remains.losses, remains.losses.log.newest
    before = Entry(max(losses.head, losses.log.taken), newest.at, newest.meta)
    note = RepairNote(before.number + 1, repair.at, repair.by, repair.run, lost.paths[:_NAMED], lost.words)
    after = replace(state, run=repair.run, repairs=(*newest.repairs, note)[-_REMEMBERED:])
    appended = log.append(con, before, rows, after.meta(), repair.clock)
    if appended is None:
        raise StoreUnavailable(f"{log.folder} was written by a run while it was repaired. Repair it again.")
    return appended


def begin_anew(con: duckdb.DuckDBPyConnection, remains: Remains, head: Entry, held: Relation | None) -> None:
    """Let the history begin with the entry `repaired`; ``held`` are the versions (sku, hash) that services hold, None
    for a log of receipts.
    """
    latest = select(_LATEST, whole=remains.fold, repaired=remains.log.rows_of([remains.log.path(head.number)]))
    older = remains.versions.where("false")
    if held:
        older = query("held_versions", versions=remains.versions, held=held, base=latest, number=str(head.number))
    remains.log.begin_anew(con, head, latest, older)


_LATEST = "SELECT * FROM whole ANTI JOIN repaired USING (sku) UNION ALL BY NAME SELECT * FROM repaired"
