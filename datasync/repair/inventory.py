"""All that a store holds: whole files with what they say, and the damage that shows in a file by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from datasync.errors import FileDamaged
from datasync.repair.damage import Damage
from datasync.repair.files import Content, read
from datasync.store.files import Store
from datasync.store.kinds import Place, walk
from datasync.store.log import Entry, Listing

LOGGED = ("entry", "checkpoint", "kept rows")  # the kinds of files that make a log


@dataclass(frozen=True, slots=True)
class Logged:
    """The whole files of one log by number. ``listed`` are all files of the log, whole or not; ``taken`` is the
    highest number that any file in its folder bears.
    """

    folder: str
    entries: Mapping[int, Entry]
    checkpoints: Mapping[int, Entry]
    kept_rows: Mapping[int, Entry]
    listed: Listing
    taken: int = 0

    @property
    def history_start(self) -> int:
        """The position that the kept history begins with."""
        return self.listed.history_start

    @property
    def newest(self) -> Entry:
        """What the newest whole footer says the log has come to."""
        return max((*self.entries.values(), *self.checkpoints.values()), key=lambda head: head.number, default=Entry())


@dataclass(frozen=True, slots=True)
class Inventory:
    """The whole files by path, the damage found so far, and the folders of logs that some run says it wrote to."""

    whole: Mapping[str, tuple[Place, Content]]
    damages: tuple[Damage, ...]
    recorded_logs: frozenset[str] = frozenset()

    def of(self, kind: str) -> Iterator[tuple[Place, Content]]:
        """The whole files of one kind."""
        return ((place, content) for place, content in self.whole.values() if place.kind and place.kind.name == kind)

    def parsed(self, path: str) -> Any:
        """The typed content of a whole file; None if the file is missing or damaged."""
        return self.whole[path][1].parsed if path in self.whole else None

    def logs(self, under: str = "") -> Iterator[Logged]:
        """Every log below a folder that has a file, whole or not, or that a run names."""
        there = [damage for damage in self.damages if damage.is_there]
        places = [
            *(place for place, _ in self.whole.values()),
            *(damage.place for damage in there if not damage.is_misplaced),
        ]
        log_places = [
            place for place in places if place.kind and place.kind.name in LOGGED and place.path.startswith(under)
        ]
        recorded = {folder for folder in self.recorded_logs if folder.startswith(under)}
        for folder in sorted({place.log for place in log_places} | recorded):
            heads = [
                {place.number: content.parsed for place, content in self.of(kind) if place.log == folder}
                for kind in LOGGED
            ]
            listed = [
                tuple(sorted(p.number for p in log_places if p.log == folder and p.kind and p.kind.name == kind))
                for kind in LOGGED
            ]
            numbers = [
                place.number for place in [*log_places, *(damage.place for damage in there)] if place.log == folder
            ]
            taken = max(numbers, default=0)
            yield Logged(folder, heads[0], heads[1], heads[2], Listing(*listed), taken)


def take(con: duckdb.DuckDBPyConnection, store: Store, *, deep: bool) -> Inventory:
    """Read every file of the store by itself; ``deep`` reads all of its bytes."""
    whole: dict[str, tuple[Place, Content]] = {}
    damages: list[Damage] = []
    for place in walk(store):
        if place.kind is None:
            damages.append(Damage(place, "is no file of datasync's"))
            continue
        try:
            whole[place.path] = place, read(con, store, place, deep=deep)
        except FileDamaged as error:
            damages.append(Damage(place, error.problem))
        except FileNotFoundError:  # a run that goes on meanwhile has just removed it
            continue
    return Inventory(whole, tuple(damages))
