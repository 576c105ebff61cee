"""Everything that is damaged in a store, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import duckdb

from datasync.repair import chains, links
from datasync.repair.damage import Damage
from datasync.repair.inventory import Inventory, Logged, take
from datasync.store.files import Store
from datasync.store.kinds import place


@dataclass(frozen=True, slots=True)
class Scan:
    """What is whole, and all damage that was found."""

    inventory: Inventory
    damages: tuple[Damage, ...]


def scan(con: duckdb.DuckDBPyConnection, store: Store, *, deep: bool) -> Scan:
    """Read every footer and every small file, and compare what they say of each other; ``deep`` reads all bytes."""
    inventory = take(con, store, deep=deep)
    inventory = _without(inventory, [one for log in inventory.logs() for one in chains.misplaced(log)])
    inventory = _without(inventory, list(links.snapshots(inventory)))
    inventory = _without(inventory, [*links.run_files(inventory), *links.held(inventory)])
    rest = [
        *links.pages(inventory),
        *links.met(inventory),
        *links.accepted(inventory),
        *(one for log in inventory.logs() for one in _of_log(inventory, log)),
    ]
    found = sorted((*inventory.damages, *rest), key=lambda one: one.path)
    return Scan(inventory, tuple(found))


def _of_log(inventory: Inventory, log: Logged) -> Iterator[Damage]:
    yield from chains.missing(log, links.witnessed(inventory, log))
    if log.folder.startswith("catalog/"):
        scope = place(f"{log.folder}/00000001.parquet").scope
        yield from links.pulls(inventory, scope, log.newest.meta)
        yield from links.tickets(inventory, scope, log.newest.meta)


def _without(inventory: Inventory, found: list[Damage]) -> Inventory:
    """The inventory without files that have come to light as damaged."""
    paths = {one.path for one in found}
    whole = {path: file for path, file in inventory.whole.items() if path not in paths}
    return replace(inventory, whole=whole, damages=(*inventory.damages, *found))
