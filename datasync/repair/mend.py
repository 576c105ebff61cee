"""A repair: the actions that it takes about the damage in a store, each with a sentence that says so beforehand.

It moves damaged and foreign files to ``lost+found`` and deletes nothing. Then it rebuilds from whole files what can
truthfully be rebuilt. It may be killed anywhere: a file that was set aside is missing for the next repair, which
rebuilds the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from datasync.repair import catalogs
from datasync.repair.context import RepairAction, RepairContext
from datasync.repair.damage import Damage
from datasync.repair.scan import KIND, Scan
from datasync.store import holds, rebuilds, runs, snapshots, tickets
from datasync.store.holds import Hold
from datasync.store.kinds import LOST
from datasync.store.runs import Run


def plan(work: RepairContext, scan: Scan) -> tuple[RepairAction, ...]:
    """What a repair does, in the order in which it does it; none where nothing is damaged."""
    mendings = [*_set_aside(work, scan), *_rebuilds(work, scan)]
    mendings += [*_tickets(work, scan), *_runs(work, scan), *_holds(work, scan)]
    for log in scan.inventory.logs("receipts/"):
        mendings += catalogs.of_receipts(work, scan, log)
    for log in scan.inventory.logs("catalog/"):  # last: it keeps the versions that services hold by their receipts
        mendings += catalogs.of_catalog(work, scan, log)
    return (*mendings, _repair_run(work, scan)) if mendings or scan.damages else ()


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _set_aside(work: RepairContext, scan: Scan) -> Iterator[RepairAction]:
    for damage in scan.damages:
        if damage.is_there:
            yield RepairAction(f"{damage.path} {damage.problem}: set aside.", _moved(work, damage.path))
    damaged = {damage.path for damage in scan.damages}
    for path in sorted({path for damage in scan.damages for path in _later_pages(work, damage)} - damaged):
        yield RepairAction(f"{path} comes after a page that is lost: set aside.", _moved(work, path))


def _rebuilds(work: RepairContext, scan: Scan) -> Iterator[RepairAction]:
    """The whole files of rebuilds that lost some: without all of them, nobody knows what their places hold."""
    damaged = {damage.path for damage in scan.damages}
    folders = {damage.place.log for damage in scan.damages if damage.path.startswith(f"{rebuilds.FOLDER}/")}
    for path in sorted(path for path, (place, _) in scan.inventory.whole.items() if place.log in folders):
        if path not in damaged:
            sentence = f"{path} is of a rebuild that is not whole: set aside. The next `datasync rebuild` begins anew."
            yield RepairAction(sentence, _moved(work, path))


def _moved(work: RepairContext, path: str) -> Callable[[], object]:
    return partial(work.store.move, path, f"{LOST}/{work.repair.run}/{path}")


def _later_pages(work: RepairContext, damage: Damage) -> list[str]:
    """The pages after a damaged one: a retry of the pull goes on after the last that is there."""
    if damage.place.kind is None or damage.place.kind.name != "page":
        return []
    names = sorted(work.store.listing(damage.place.log))
    return [f"{damage.place.log}/{name}" for name in names if f"{damage.place.log}/{name}" > damage.path]


def _tickets(work: RepairContext, scan: Scan) -> Iterator[RepairAction]:
    for damage in scan.damages:
        if damage.place.kind and damage.place.kind.name == "ticket":
            act = partial(tickets.create, work.store, damage.path)
            yield RepairAction(f"{damage.path}: made anew, so that no pull takes a number that was taken.", act)


def _runs(work: RepairContext, scan: Scan) -> Iterator[RepairAction]:
    for damage in scan.damages:
        if damage.place.kind and damage.place.kind.name == "run" and work.store.listing(f"steps/{damage.place.run}"):
            act = partial(_from_steps, work, damage.place.run)
            yield RepairAction(f"{damage.path}: rebuilt from its steps; who asked for the run, and why, is lost.", act)


def _from_steps(work: RepairContext, run: str) -> None:
    steps = runs.steps(work.store, run)
    begun = min((str(record["started_at"]) for record in steps.values()), default=work.repair.at.isoformat())
    kind = "sync" if run.startswith(("sync-", "scheduled__")) else "resync"
    runs.begin(work.store, runs.rebuilt(run, kind, steps, begun, f"Rebuilt from its steps by {work.repair.run}."))


def _holds(work: RepairContext, scan: Scan) -> Iterator[RepairAction]:
    lost = {damage.path for damage in scan.damages}
    whole = [content.parsed for _, content in scan.inventory.of("hold")]
    for hold in _standing(whole):
        snapshot = snapshots.snapshot_path(hold.scope, hold.id)
        if hold.listed in lost or (hold.service is None and snapshot in lost):
            where = f"{hold.service} in {hold.scope}" if hold.service else hold.scope
            act = partial(holds.release, work.store, hold.scope, hold.service, work.repair.run, work.repair.at)
            yield RepairAction(f"The hold of {hold.id} in {where} is void: the next run meets it anew.", act)


def _standing(whole: list[Hold]) -> list[Hold]:
    """The last word of each scope and service, where that is a hold."""
    last = {(hold.scope, hold.service): hold for hold in sorted(whole, key=lambda hold: (hold.at, hold.released))}
    return [hold for hold in last.values() if not hold.released]


# ── the record of it ────────────────────────────────────────────────────────────────────────────────────────────────


def _repair_run(work: RepairContext, scan: Scan) -> RepairAction:
    """The run of the repair: its reason says what was lost, and its request what the next scan need not miss."""
    paths = [damage.path for damage in scan.damages]
    shown = ", ".join(paths[:_SHOWN]) + (f" and {len(paths) - _SHOWN:,} more" if len(paths) > _SHOWN else "")
    repair, lost = work.repair, {"lost": [damage.path for damage in scan.damages if damage.place.kind]}
    run = Run(repair.run, KIND, (), repair.at, repair.by, f"Lost, or set aside: {shown}", repair.at, "ok", request=lost)
    act = partial(runs.finish, work.store, run)
    return RepairAction(f"{runs.path_of(run)}: who repaired, when, and what was lost.", act)


_SHOWN = 5
