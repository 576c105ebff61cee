"""Everything that is damaged in a store, in one list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import duckdb

from datasync.repair import chains, folds, links
from datasync.repair.damage import Damage
from datasync.repair.inventory import LOGGED, Inventory, Logged, take
from datasync.store import rebuilds
from datasync.store.files import Store
from datasync.store.kinds import place
from datasync.store.logs import CatalogState

KIND = "repair"  # of a run that repaired


@dataclass(frozen=True, slots=True)
class Scan:
    """What is whole, and all damage that was found."""

    inventory: Inventory
    damages: tuple[Damage, ...]


def scan(con: duckdb.DuckDBPyConnection, store: Store, *, deep: bool, kept_for: timedelta = timedelta(0)) -> Scan:
    """Read every footer and every small file, and compare what they say of each other; ``deep`` reads all bytes,
    and compares rows too.

    ``kept_for`` is how long tidy keeps snapshots: a younger one counts as missing even if nothing needs it.
    """
    inventory = take(con, store, deep=deep)
    inventory = _without(inventory, [damage for log in inventory.logs() for damage in chains.misplaced(log)])
    inventory = _without(inventory, list(links.misplaced_snapshots(inventory)))
    inventory = _without(inventory, [*links.run_files(inventory), *links.held(inventory)])
    inventory = replace(inventory, recorded_logs=links.recorded_logs(inventory))
    if deep:
        inventory = _without(inventory, list(folds.snapshot_rows(con, store, inventory)))
        rows = [damage for log in inventory.logs() for damage in folds.log_rows(con, store, log)]
        inventory = _without(inventory, rows)
    rest = [
        *links.pages(inventory),
        *links.written_snapshots(inventory, store, kept_for),
        *links.missing_holds(inventory),
        *links.missing_acceptances(inventory),
        *(damage for log in inventory.logs() for damage in _of_log(inventory, log)),
    ]
    # A file that lies in another place is missing in its own: the damage of the file that is there counts.
    by_path = {damage.path: damage for damage in (*rest, *inventory.damages)}
    known = _known_lost(inventory)
    damages = (damage for _, damage in sorted(by_path.items()) if damage.is_there or damage.path not in known)
    return Scan(inventory, tuple(damages))


def _known_lost(inventory: Inventory) -> set[str]:
    """Missing files that a repair could only report. Those of a log are named in its entry `repaired`."""
    repairs = [content.parsed for _, content in inventory.of("run") if content.parsed.kind == KIND]
    paths = {path for run in repairs for path in (run.request or {}).get("lost", ())}
    return {path for path in paths if (kind := place(path).kind) and kind.name not in LOGGED}


def _of_log(inventory: Inventory, log: Logged) -> Iterator[Damage]:
    if log.folder.startswith(f"{rebuilds.FOLDER}/") and rebuilds.is_closed(log.newest):
        return  # nobody needs it, and tidy removes it file by file
    yield from chains.missing(log, links.witnessed(inventory, log))
    if log.folder.startswith("catalog/"):
        scope, state = place(f"{log.folder}/00000001.parquet").scope, CatalogState.of(log.newest)
        yield from links.pulls(inventory, scope, state)
        yield from links.tickets(inventory, scope, state)


def _without(inventory: Inventory, damages: list[Damage]) -> Inventory:
    """The inventory without files that have come to light as damaged."""
    paths = {damage.path for damage in damages}
    whole = {path: file for path, file in inventory.whole.items() if path not in paths}
    return replace(inventory, whole=whole, damages=(*inventory.damages, *damages))
