"""What deletes from the store: what is older than ``keep`` says and nobody needs any more.

A log is shortened in two steps, so that no reader loses a file it has just listed. First `kept-N` is written: from now
on the history begins with checkpoint N, and older versions that some service held since then stand in that file. A day
later, when every reader that listed before has ended, the entries through N and the checkpoints before it are removed.
The checkpoint that the history begins with and the newest ones stay, and between them one in every 400 entries.

Nothing goes within a day of being written, whatever ``keep`` says. What ``scopes`` does not name is left alone.

The store's own clock says how old a file is, because it gave the file its time. A worker's clock, this one's or that of
the worker who wrote a time into the file, can only let things stay longer. Ages are counted to at most one day after
the newest file of the logs, so a clock that jumps ahead on a machine with its own store cannot make everything old.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

import duckdb

from datasync.relation import Relation, query
from datasync.settings import Keep, Settings
from datasync.store import acceptances, holds, rebuilds, runs, tickets
from datasync.store.files import SCRATCH, Store
from datasync.store.log import Listing, Log
from datasync.store.logs import CatalogState, catalog_log, held_versions, receipt_histories, receipt_log

DAY = timedelta(days=1)
ENTRIES = 24
REACH = 400
MANY_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class ScopeLogs:
    """A scope's logs, made by those who know their columns: its catalog, and the receipts of each of its services."""

    scope: str
    catalog: Log
    receipts: tuple[Log, ...]


def scope_logs(store: Store, settings: Settings) -> list[ScopeLogs]:
    """The logs of every scope of the settings."""
    return [
        ScopeLogs(
            scope,
            catalog_log(store, scope),
            tuple(receipt_log(store, service, scope) for service in settings.services),
        )
        for scope in settings.scopes
    ]


@dataclass(frozen=True, slots=True)
class Tidied:
    """Files by kind: checkpoints that were written, and what was removed of every kind."""

    checkpoints_written: int = 0
    entries: int = 0
    checkpoints: int = 0
    snapshots: int = 0
    records: int = 0
    quarantines: int = 0
    pages: int = 0
    steps: int = 0
    runs: int = 0
    holds: int = 0
    hold_lists: int = 0
    acceptances: int = 0
    tickets: int = 0
    rebuilds: int = 0
    scratch: int = 0


@dataclass(slots=True)
class _Round:
    """One round of tidying: with what, until when, and the counts so far."""

    con: duckdb.DuckDBPyConnection
    store: Store
    keep: Keep
    now: datetime
    dry_run: bool
    counts: Counter[str] = field(default_factory=Counter)

    def remove(self, kind: str, path: str) -> None:
        self.counts[kind] += 1
        if not self.dry_run:
            self.store.remove(path)

    def old(self, folder: str, kept_for: timedelta) -> list[str]:
        """Names of the files in a folder that were written longer ago than that, and than a day."""
        until = self.now - max(kept_for, DAY)
        return sorted(name for name, at in self.store.listing(folder).items() if at < until)


def tidy(
    con: duckdb.DuckDBPyConnection, store: Store, keep: Keep, scopes: Sequence[ScopeLogs], now: datetime,
    *, dry_run: bool = False,
) -> Tidied:  # fmt: skip
    """Write the checkpoints that are due and remove what nobody needs; ``dry_run`` only counts.

    It may be killed anywhere and run by two at a time: whatever it has not removed yet, the next round removes.
    """
    work = _Round(con, store, keep, _time(store, scopes, now), dry_run)
    for logs in scopes:
        _pulled(work, logs)
        _tickets(work, logs)
        for service in (None, *_services(store)):
            _holds(work, logs.scope, service)
        for service in _services(store):
            _rebuilds(work, logs.scope, service)
    _steps(work)
    _runs(work)
    for name in work.old(SCRATCH, DAY):
        work.remove("scratch", f"{SCRATCH}/{name}")
    for logs in scopes:  # last, because this writes: on a full disk, what was removed before has made the room
        for log in (*logs.receipts, logs.catalog):  # the catalog last: what it keeps depends on what receipts are kept
            _checkpoint(work, log)
            _begin_later(work, logs, log)
            _shorten(work, log)
    return Tidied(**work.counts)


def _time(store: Store, scopes: Sequence[ScopeLogs], clock: datetime) -> datetime:
    """The time that ages are counted to; a clock that is ahead makes nothing older."""
    logs = (log for logs in scopes for log in (logs.catalog, *logs.receipts))
    written = [at for log in logs for at in store.listing(log.folder).values()]
    return min(clock, store.now(), *([max(written) + DAY] if written else []))


# ── logs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _checkpoint(work: _Round, log: Log) -> None:
    """Write one after 24 entries, or where many rows have come: more than half of what the fold starts from."""
    listing = log.list_files()
    newest = max(listing.checkpoints, default=0)
    after = [n for n in listing.entries if n > newest]
    if len(after) < ENTRIES and not _has_outgrown(work, log, newest, after):
        return
    work.counts["checkpoints_written"] += 1
    if not work.dry_run:
        log.checkpoint(work.con)


def _has_outgrown(work: _Round, log: Log, newest: int, after: Sequence[int]) -> bool:
    later = after if newest else after[1:]
    if not later:
        return False
    base = log.checkpoint_path(newest) if newest else log.path(after[0])
    came = _rows(work, [log.path(n) for n in later])
    return came > MANY_ROWS and came * 2 > _rows(work, [base])


def _rows(work: _Round, paths: Sequence[str]) -> int:
    urls = [work.store.url(path) for path in paths]
    ((total,),) = work.con.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", [urls]).fetchall()
    return int(total or 0)


def _begin_later(work: _Round, logs: ScopeLogs, log: Log) -> None:
    """Let a log's history begin with the newest checkpoint that every kept moment lies after."""
    listing, begin = log.list_files(), 0
    for number in _old_enough(work, log, listing.checkpoints, log.checkpoint_path, work.keep.history):
        at = log.entry(work.con, number).at
        if at is None or at > work.now - max(work.keep.history, DAY):
            break
        begin = number
    if begin <= listing.history_start or work.dry_run:
        return
    rows = _in_use(work, logs, begin) if log is logs.catalog else log.history(begin).where("false")
    log.begin_with(work.con, begin, rows)


def _old_enough(
    work: _Round, log: Log, numbers: Sequence[int], path: Callable[[int], str], kept_for: timedelta = DAY
) -> list[int]:
    """Those of a log's files that were written longer ago than that, by default a day, ascending."""
    old = set(work.old(log.folder, kept_for))
    return [n for n in numbers if path(n).rpartition("/")[2] in old]


def _in_use(work: _Round, logs: ScopeLogs, number: int) -> Relation:
    """Versions through entry ``number`` that a service held at a kept moment and checkpoint ``number`` lacks."""
    held = held_versions(receipt_histories(work.store, logs.scope))
    versions, base = logs.catalog.history(number), logs.catalog.fold(number)
    return query("held_versions", versions=versions, held=held, base=base, number=str(number))


def _services(store: Store) -> list[str]:
    """Every service that has receipts, named in the settings or not."""
    return [name.removeprefix("service=") for name in store.folders("receipts")]


def _shorten(work: _Round, log: Log) -> None:
    """Remove what lies before a history that was shortened a day ago, and checkpoints too close to each other."""
    listing = log.list_files()
    begins = max(_old_enough(work, log, listing.kept_rows, log.kept_path), default=0)
    for number in listing.entries:
        if number <= begins:
            work.remove("entries", log.path(number))
    crowded = _crowded(work, log, listing)
    for number in (n for n in listing.checkpoints if n < begins or n in crowded):
        work.remove("checkpoints", log.checkpoint_path(number))
    for number in (n for n in listing.kept_rows if n < begins):
        work.remove("checkpoints", log.kept_path(number))


def _crowded(work: _Round, log: Log, listing: Listing) -> set[int]:
    """Checkpoints that no fold needs: the one kept before and the one after are within reach of each other."""
    old_checkpoints = [
        n for n in _old_enough(work, log, listing.checkpoints, log.checkpoint_path) if n > listing.history_start
    ]
    crowded, last_kept = set(), listing.history_start
    for number, following in pairwise(old_checkpoints):
        if following - last_kept <= REACH:
            crowded.add(number)
        else:
            last_kept = number
    return crowded


# ── pulls ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _pulled(work: _Round, logs: ScopeLogs) -> None:
    """Remove a scope's old snapshots, with their records, what was asked and the pages they came in, and its old
    quarantines.
    """
    scope, state = logs.scope, CatalogState.of(logs.catalog.head(work.con))
    used = {pull.run for pull in (state.last_complete, state.last_pull, *state.pulls) if pull}
    for service in (None, *_services(work.store)):
        if held := holds.current(work.store, scope, service):
            used.add(held.id)
    snapshots, quarantines = f"snapshots/scope={scope}", f"quarantine/scope={scope}"
    _files(work, "snapshots", snapshots, work.keep.snapshots, used)
    _files(work, "records", f"{snapshots}/records", work.keep.snapshots, used)
    _files(work, "snapshots", f"{snapshots}/asked", work.keep.snapshots, used)
    _files(work, "quarantines", quarantines, max(work.keep.quarantine, work.keep.snapshots), used)
    for run in set(work.store.folders(f"pulls/scope={scope}")) - used:
        _files(work, "pages", f"pulls/scope={scope}/{run}", work.keep.snapshots, set())


def _files(work: _Round, kind: str, folder: str, kept_for: timedelta, used: set[str]) -> None:
    for name in work.old(folder, kept_for):
        run = name.removesuffix(".parquet")
        if used.isdisjoint((run, run.rpartition(".")[0])):  # a file of records is called <run>.<try>.parquet
            work.remove(kind, f"{folder}/{name}")


def _tickets(work: _Round, logs: ScopeLogs) -> None:
    """Remove old tickets but the highest, which the next one is counted from."""
    old = set(work.old(logs.catalog.folder, DAY))
    for number in tickets.taken(work.store, logs.scope)[:-1]:
        path = tickets.path(logs.scope, number)
        if path.rpartition("/")[2] in old:
            work.remove("tickets", path)


def _holds(work: _Round, scope: str, service: str | None) -> None:
    """Remove holds from before the kept history, oldest first; one that stood when it began, or stands, stays. Their
    lists go with them, unless somebody accepted one in the kept history.
    """
    entries, until = dict(holds.read_all(work.store, scope, service)), work.now - max(work.keep.history, DAY)
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    folder = holds.folder_of(scope, service)
    old = {f"{at}/{name}" for at in (folder, f"{folder}/accepted") for name in work.old(at, work.keep.history)}
    # Until midnight, as runs do, which say that they met a hold.
    before = list(takewhile(lambda path: path in old and entries[path].at <= midnight, entries))
    is_held = bool(before) and not entries[before[-1]].released
    for path in before[:-1] if is_held else before:
        work.remove("holds", path)
        entries.pop(path)
    listed = {held.listed for held in entries.values()}
    for path, acceptance in acceptances.read_all(work.store, scope, service):
        if path in old and acceptance.at <= until:
            work.remove("acceptances", path)
        else:
            listed.add(acceptance.listed)
    for name in work.old(folder, DAY):
        if name.endswith(".parquet") and f"{folder}/{name}" not in listed:
            work.remove("hold_lists", f"{folder}/{name}")


# ── rebuilds ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rebuilds(work: _Round, scope: str, service: str) -> None:
    """Remove the logs of rebuilds that were over a day ago, the last entry last, for it says so."""
    for log in rebuilds.rebuild_logs(work.store, service, scope):
        names = sorted(work.store.listing(log.folder))
        if rebuilds.is_closed(log.head(work.con)) and set(names) == set(work.old(log.folder, DAY)):
            for name in names:
                work.remove("rebuilds", f"{log.folder}/{name}")


# ── runs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _steps(work: _Round) -> None:
    """Remove the parts of finished runs, which stand in the run's file; one that was cut off has nothing else."""
    for run in work.store.folders("steps"):
        record = runs.find(work.store, run)
        kept_for = DAY if record and record.finished_at else work.keep.history
        for name in work.old(f"steps/{run}", kept_for):
            work.remove("steps", f"steps/{run}/{name}")


def _runs(work: _Round) -> None:
    until = work.now - max(work.keep.history, DAY)
    for date in work.store.folders("runs"):
        if date < f"date={until:%Y-%m-%d}":
            for name in work.old(f"runs/{date}", work.keep.history):
                work.remove("runs", f"runs/{date}/{name}")
