"""A log: a folder of numbered Parquet entries, each written whole under a name that must not exist yet.

One file is one atomic commit: two writers cannot both win a number. An entry's metadata carries the log's state
(counts, positions, times), so that the newest footer answers without reading rows. A checkpoint is the fold through
one entry; reading takes the newest checkpoint at or below the wanted position and the entries after it. Nothing is ever
merged. Tidy lets the history begin with a checkpoint: `kept-N` says so, and holds older rows that are in use beside it.

    fold(log)       = for every SKU, its row in the entry with the highest number
    an entry's time = max(now, time of the entry before + 1 microsecond): order and time agree whatever the clocks say

After a clock ran ahead, the times of entries only give their order. So each entry also stores its writer's clock, and
the run whose clock was ahead.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import duckdb

from datasync.errors import FileDamaged, LogDamaged, StoreUnavailable
from datasync.relation import Relation, query, select
from datasync.secrets import code_of, log_foreign, mask_all
from datasync.sql import instant, literal, query_text
from datasync.store.files import ZSTD, Clock, Store
from datasync.store.scratch import scratch
from datasync.store.seal import verdict

TICK = timedelta(microseconds=1)
TRIES = 20  # so many entries of other writers in a row let a step fail
AHEAD = timedelta(minutes=1)  # by less than that, clocks always differ
_DAY = timedelta(days=1)
_ENTRY = re.compile(r"(\d{8})\.parquet")
_CHECKPOINT = re.compile(r"checkpoint-(\d{8})\.parquet")
_KEPT_ROWS = re.compile(r"kept-(\d{8})\.parquet")


@dataclass(frozen=True, slots=True)
class ClockOrigin:
    """The run whose clock set the time that a log has come to."""

    run: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RepairNote:
    """One repair of a log: the entry that records it, who repaired in which run, what was lost and what follows."""

    entry: int
    at: datetime
    by: str
    run: str
    lost: tuple[str, ...]
    words: str


def repair_notes(repairs: Sequence[RepairNote]) -> list[dict[str, Any]]:
    """Repairs as an entry's metadata hold them."""
    return [{**asdict(repair), "at": repair.at.isoformat(), "lost": list(repair.lost)} for repair in repairs]


def _repair(content: Mapping[str, Any]) -> RepairNote:
    parsed = {"at": datetime.fromisoformat(content["at"]), "lost": tuple(content["lost"])}
    return RepairNote(**{**content, **parsed})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log, read from its footer; number 0 stands for a log without entries.

    ``meta`` holds the log's state too, which `logs` reads.
    """

    number: int = 0
    at: datetime | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str | None:
        """What tells this entry from every other; None for an empty log."""
        return self.meta.get("id")

    @property
    def after(self) -> str | None:
        """The id of the entry before."""
        return self.meta.get("after")

    @property
    def run(self) -> str | None:
        """The run that wrote the entry."""
        return self.meta.get("run")

    @property
    def repairs(self) -> tuple[RepairNote, ...]:
        """The repairs that the log remembers, oldest first."""
        return tuple(map(_repair, self.meta.get("repaired", ())))

    @property
    def clock_source(self) -> ClockOrigin | None:
        """The run whose clock set the entry's time: its own, or an earlier one whose clock was ahead of it."""
        if self.at is None:
            return None
        leader = self.meta.get("leader") or {"run": self.meta.get("run", ""), "at": self.meta["at"]}
        return ClockOrigin(leader["run"], datetime.fromisoformat(leader["at"]))

    def ahead(self, now: datetime) -> ClockOrigin | None:
        """The run whose clock put it more than a minute ahead of ``now``, or of its writer's clock; or None."""
        if self.at is None:
            return None
        clocks = (now, datetime.fromisoformat(self.meta.get("clock", self.meta["at"])))
        return self.clock_source if self.at > min(clocks) + AHEAD else None


Rows = Callable[[str], Relation]  # an entry's rows, given the time of its writer's clock as a literal


class Change(Protocol):
    """What an append writes: the rows (None: nothing is to be written), and the state with them."""

    @property
    def rows(self) -> Rows | None: ...

    @property
    def meta(self) -> Mapping[str, Any]: ...


C = TypeVar("C", bound=Change)


@dataclass(frozen=True, slots=True)
class Listing:
    """What a log's folder holds, by number, ascending."""

    entries: tuple[int, ...]
    checkpoints: tuple[int, ...]
    kept_rows: tuple[int, ...] = ()

    @property
    def history_start(self) -> int:
        """The position that the kept history begins with; 0 as long as all of it is kept."""
        return max(self.kept_rows, default=0)

    @property
    def head(self) -> int:
        return max((*self.entries, *self.checkpoints), default=0)


class Log:
    """One log of the store. ``columns`` are those of a row beside ``sku``, with their SQL types; ``title`` is what
    an error calls it.
    """

    def __init__(self, store: Store, folder: str, columns: Mapping[str, str], title: str = "") -> None:
        self.store, self.folder, self.columns, self.title = store, folder, dict(columns), title or folder

    def list_files(self) -> Listing:
        """List the folder now."""
        names = self.store.listing(self.folder)
        kinds = (_ENTRY, _CHECKPOINT, _KEPT_ROWS)
        return Listing(*(tuple(sorted(int(m[1]) for n in names if (m := kind.fullmatch(n)))) for kind in kinds))

    def path(self, number: int) -> str:
        """Where entry ``number`` stands in the store."""
        return f"{self.folder}/{number:08d}.parquet"

    def checkpoint_path(self, number: int) -> str:
        """Where the checkpoint through entry ``number`` stands in the store."""
        return f"{self.folder}/checkpoint-{number:08d}.parquet"

    def kept_path(self, number: int) -> str:
        """Where the rows in use stand whose entries are older than the kept history, which begins with ``number``."""
        return f"{self.folder}/kept-{number:08d}.parquet"

    def head(self, con: duckdb.DuckDBPyConnection) -> Entry:
        """The newest entry."""
        return self.entry(con, self.list_files().head)

    def entry(self, con: duckdb.DuckDBPyConnection, number: int) -> Entry:
        """The footer of entry ``number``, from the entry or the checkpoint at that number; 0 is the empty log."""
        if number == 0:
            return Entry()
        for path in (self.path(number), self.checkpoint_path(number)):
            if meta := footer(con, self.store, path):
                return head_of(path, number, meta)
        problem = f"{self.folder} has no entry {number}. Was it deleted by hand?"
        raise LogDamaged(f"{problem} `datasync check` lists the gaps.")

    def position(self, con: duckdb.DuckDBPyConnection, as_of: datetime) -> int:
        """The number of the last entry before ``as_of``; 0 if the log began later.

        Raises LogDamaged when that moment lies before what tidy left, or before a repair.
        """
        listing = self.list_files()
        position = self._last_before(con, listing, as_of)
        if position != listing.head:
            self._refuse_before_repair(con, listing.head, position, as_of)
        if not position and listing.history_start:
            first = self.entry(con, listing.history_start).at
            history = f"the kept history, which begins after {first:%Y-%m-%dT%H:%M:%SZ}"
            raise LogDamaged(f"{self.folder}: {as_of:%Y-%m-%dT%H:%M:%SZ} is before {history}.")
        return position

    def _refuse_before_repair(self, con: duckdb.DuckDBPyConnection, head: int, position: int, as_of: datetime) -> None:
        """Refuse figures of a moment before the log was repaired: they would be made of what is left of it."""
        last = next(reversed(self.entry(con, head).repairs), None)
        if last and position < last.entry:
            raise LogDamaged(
                f"{self.folder} was damaged, and {last.by} repaired it at {last.at:%Y-%m-%dT%H:%M:%SZ}: its figures at "
                f"{as_of:%Y-%m-%dT%H:%M:%SZ} are not known. Ask for a moment after the repair."
            )

    def last_before(self, con: duckdb.DuckDBPyConnection, moment: datetime) -> int:
        """The number of the last kept entry before ``moment``; 0 if what is kept, or the log, begins later."""
        return self._last_before(con, self.list_files(), moment)

    def _last_before(self, con: duckdb.DuckDBPyConnection, listing: Listing, moment: datetime) -> int:
        numbers = sorted(n for n in {*listing.entries, *listing.checkpoints} if n >= listing.history_start)
        low, high = 0, len(numbers)
        while low < high:
            middle = (low + high) // 2
            at = self.entry(con, numbers[middle]).at
            low, high = (middle + 1, high) if at is not None and at < moment else (low, middle)
        return numbers[low - 1] if low else 0

    def fold(self, position: int | None = None) -> Relation:
        """One row per SKU, its newest row through entry ``position`` (default: the head): ``sku``, the log's columns
        and ``entry``.
        """
        listing = self.list_files()
        base, later = self._cover(listing, listing.head if position is None else position)
        return query("fold", base=self.rows_of(base), later=self.rows_of(later))

    def fold_of(self, checkpoint: int, entries: Sequence[int]) -> Relation:
        """The fold of a checkpoint (0: none) and some entries after it, gaps or not."""
        base, later = self.parts_of(checkpoint, entries)
        return query("fold", base=base, later=later)

    def parts_of(self, checkpoint: int, entries: Sequence[int]) -> tuple[Relation, Relation]:
        """Every row of a checkpoint (0: none), and every row of some entries."""
        base = [self.checkpoint_path(checkpoint)] if checkpoint else []
        return self.rows_of(base), self.rows_of([self.path(number) for number in entries])

    def fold_sql(self, position: int) -> str:
        """The fold through ``position`` as one SELECT to be run in the store's folder: its paths are relative to it."""
        base, later = (self._rows(paths, str).sql for paths in self._cover(self.list_files(), position))
        return f"WITH base AS (\n{base}\n),\nlater AS (\n{later}\n)\nSELECT * FROM (\n{query_text('fold')})"

    def history_sql(self, position: int, after: int | None = None) -> str:
        """What ``history`` shows as one SELECT to be run in the store's folder."""
        return self._history(position, after, str).sql

    def footer_sql(self, number: int) -> str:
        """The metadata of entry ``number`` as a SELECT of a JSON column, ``meta``, to be run in the store's folder."""
        if number == 0:
            return "SELECT '{}'::JSON AS meta"
        path = self.path(number) if number in self.list_files().entries else self.checkpoint_path(number)
        where = "WHERE decode(key) = 'datasync'"
        return f"SELECT decode(value)::JSON AS meta FROM parquet_kv_metadata({literal(path)}) {where}"

    def history(self, position: int | None = None, after: int | None = None) -> Relation:
        """Every row of every kept entry through ``position``, with its ``entry``.

        Where tidy shortened the log, the checkpoint it begins with and older rows in use come too; with ``after``,
        only rows of later entries.
        """
        return self._history(position, after, self.store.url)

    def _history(self, position: int | None, after: int | None, url: Callable[[str], str]) -> Relation:
        listing = self.list_files()
        position = listing.head if position is None else position
        floor = max((n for n in listing.kept_rows if n <= position), default=0)
        base = [self.checkpoint_path(floor), self.kept_path(floor)] if floor and after is None else []
        entries = [self.path(n) for n in listing.entries if max(floor, after or 0) < n <= position]
        return Relation(f"{self._rows(base, url).sql}\nUNION ALL\n{self._rows(entries, url).sql}")

    def append(
        self, con: duckdb.DuckDBPyConnection, after: Entry, rows: Rows, meta: Mapping[str, Any], clock: Clock
    ) -> Entry | None:
        """Write ``rows`` (of the log's columns) as the entry after ``after``; None if another has that number.

        ``rows`` is called with the time of the writer's clock, as a literal.
        """
        number, now = after.number + 1, clock()
        at = max(now, after.at + TICK) if after.at else now
        now = self._label(now, at)
        entry = Entry(number, at, {**meta, **_times(after, at, now), "id": uuid.uuid4().hex, "after": after.id})
        with scratch() as folder:
            file = folder / "entry.parquet"
            self._copy(con, rows(instant(now)), str(file), entry.meta)
            if not self.store.create(self.path(number), file) and not self._is(con, self.path(number), entry):
                return None
        if self._came_too_late(con, entry):
            self.store.remove(self.path(number))
            return None
        return entry

    def append_computed(
        self, con: duckdb.DuckDBPyConnection, compute: Callable[[Entry], C], clock: Clock, after: Entry | None = None
    ) -> tuple[C, Entry | None]:
        """Append what ``compute`` makes of the newest entry (``after``, if that is known); compute it again whenever
        another writer's entry comes between. A change without rows is not written, and its entry is None.

        Raises StoreUnavailable after 20 entries of other writers in a row.
        """
        head = after or self.head(con)
        for _ in range(TRIES):
            change = compute(head)
            if change.rows is None:
                return change, None
            if entry := self.append(con, head, change.rows, change.meta, clock):
                return change, entry
            head = self.head(con)
        raise self.busy()

    def busy(self, before: str = "") -> StoreUnavailable:
        """The error for a log that others write to again and again; ``before`` stands in front of the log's name."""
        return StoreUnavailable(f"{before}{self.title} was written by others {TRIES} times in a row. Try again.")

    def _label(self, now: datetime, at: datetime) -> datetime:
        """The time for an entry's rows: that of its writer's clock, unless that clock is slow.

        If the writer's clock is behind the log, either it is slow, or an earlier writer's clock was ahead. It is slow
        if the store's clock has passed the log's time. After a day without entries that proves nothing.
        """
        if at - now <= AHEAD:
            return now
        return at if at <= self.store.now() <= at + _DAY else now

    def _is(self, con: duckdb.DuckDBPyConnection, path: str, entry: Entry) -> bool:
        """True if this file is ours: the client retried a write that had succeeded."""
        meta = footer(con, self.store, path)
        return meta is not None and meta.get("id") == entry.id

    def _came_too_late(self, con: duckdb.DuckDBPyConnection, entry: Entry) -> bool:
        """True if a checkpoint covers this number without this entry: its writer slept, and tidy freed the name."""
        covering = [c for c in self.list_files().checkpoints if c >= entry.number]
        if not covering:
            return False
        if entry.number in covering:
            return not self._is(con, self.checkpoint_path(entry.number), entry)
        following = footer(con, self.store, self.path(entry.number + 1))
        return following is None or following.get("after") != entry.id

    def checkpoint(self, con: duckdb.DuckDBPyConnection) -> int:
        """Write the fold through the head beside the entries, unless it is there; returns the head's number."""
        head = self.head(con)
        if head.number and head.number not in self.list_files().checkpoints:
            fold = select("SELECT * FROM fold ORDER BY sku", fold=self.fold(head.number))
            with scratch() as folder:
                file = folder / "checkpoint.parquet"
                self._copy(con, fold, str(file), head.meta)
                self.store.create(self.checkpoint_path(head.number), file)
        return head.number

    def begin_with(self, con: duckdb.DuckDBPyConnection, number: int, rows: Relation) -> None:
        """Let the history begin with checkpoint ``number``; ``rows`` of a ``history`` stay readable beside it."""
        with scratch() as folder:
            file = folder / "kept.parquet"
            self._copy(con, self._ordered(rows), str(file), self.entry(con, number).meta)
            self.store.replace(self.kept_path(number), file)

    def begin_anew(self, con: duckdb.DuckDBPyConnection, head: Entry, fold: Relation, older: Relation) -> None:
        """Let the history begin with ``head``, the newest entry: its checkpoint is ``fold`` in the place of what the
        entries before give, and of those only the rows of ``older`` stay readable. Both have the column ``entry``.
        """
        for path, rows in ((self.checkpoint_path(head.number), fold), (self.kept_path(head.number), older)):
            with scratch() as folder:
                file = folder / "rows.parquet"
                self._copy(con, self._ordered(rows), str(file), head.meta)
                self.store.replace(path, file)

    def _ordered(self, rows: Relation) -> Relation:
        columns = ", ".join(f'"{c}"' for c in ("sku", *self.columns, "entry"))
        return Relation(f"SELECT {columns} FROM (\n{rows.sql}\n) ORDER BY sku, entry")

    def rows_of(self, *kinds: Sequence[str]) -> Relation:
        """Every row of some of the log's files, each group of one kind; no file gives no rows."""
        return Relation("\nUNION ALL\n".join(self._rows(paths, self.store.url).sql for paths in kinds))

    def _cover(self, listing: Listing, position: int, again: bool = True) -> tuple[list[str], list[str]]:
        """The files that make the fold through ``position``: its base (a checkpoint or the first entry), the later."""
        start = max((c for c in listing.checkpoints if c <= position), default=0)
        wanted = range(start + 1, position + 1)
        if missing := sorted(set(wanted) - set(listing.entries)):
            if again:
                return self._cover(self.list_files(), position, again=False)
            problem = f"entry {missing[0]} is missing and no checkpoint covers it"
            raise LogDamaged(f"{self.folder}: {problem}. Restore it from a backup.")
        files = [self.path(n) for n in wanted]
        return ([self.checkpoint_path(start)], files) if start else (files[:1], files[1:])

    def _rows(self, paths: Sequence[str], url: Callable[[str], str]) -> Relation:
        """Every row of some of the log's files, all columns and the entry's number; no file gives no rows."""
        columns = ", ".join(f'"{c}"' for c in self.columns)
        if not paths:
            nulls = ", ".join(f'NULL::{kind} AS "{c}"' for c, kind in self.columns.items())
            return Relation(f"SELECT NULL::VARCHAR AS sku, {nulls}, NULL::BIGINT AS entry WHERE false")
        urls = ",\n".join(literal(url(path)) for path in paths)
        number = "regexp_extract(filename, '([0-9]{8})[.]parquet$', 1)::BIGINT"
        entry = f"{number} AS entry" if _ENTRY.fullmatch(paths[0].rsplit("/", 1)[-1]) else "entry"
        read_options = "filename = true, union_by_name = true, hive_partitioning = false"
        return Relation(f"SELECT sku, {columns}, {entry}\nFROM read_parquet([\n{urls}\n], {read_options})")

    def _copy(self, con: duckdb.DuckDBPyConnection, rows: Relation, file: str, meta: Mapping[str, Any]) -> None:
        note = literal(json.dumps(mask_all(meta), ensure_ascii=False, sort_keys=True))
        con.execute(f"COPY ({rows.sql}) TO {literal(file)} ({ZSTD}, KV_METADATA {{datasync: {note}}})")


def head_of(path: str, number: int, meta: Mapping[str, Any]) -> Entry:
    """An entry from its footer's metadata; FileDamaged where those are of another kind of file."""
    try:
        return Entry(number, datetime.fromisoformat(meta["at"]), meta)
    except (KeyError, TypeError, ValueError) as error:
        raise FileDamaged(path, "is no entry of a log: its metadata are others") from error


def _times(after: Entry, at: datetime, clock: datetime) -> dict[str, Any]:
    """An entry's time, what its writer's clock showed, and where that was not the same, whose clock was ahead of it."""
    leader = after.clock_source if at > clock else None
    leader_meta = {"run": leader.run, "at": leader.at.isoformat()} if leader else None
    return {"at": at.isoformat(), "clock": clock.isoformat(), "leader": leader_meta}


def footer(con: duckdb.DuckDBPyConnection, store: Store, path: str) -> dict[str, Any] | None:
    """The metadata that datasync wrote into a Parquet file of the store; None where there is no such file."""
    sql = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'datasync'"
    try:
        rows = con.execute(sql, [store.url(path)]).fetchall()
    except (duckdb.Error, FileNotFoundError) as error:
        folder, _, name = path.rpartition("/")
        if name not in store.listing(folder):
            return None
        with suppress(FileNotFoundError), store.open(path) as content:
            if verdict(content, deep=False) == "whole":
                log_foreign(path, error)
                raise StoreUnavailable(f"{path} is there and cannot be read ({code_of(error)}). Try again.") from None
        raise FileDamaged(path, "is no whole Parquet file") from None
    meta = json_object(rows[0][0]) if rows else None
    if meta is None:
        raise FileDamaged(path, "was not written by datasync: its metadata are missing")
    return meta


def json_object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is; None where it is something else."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
