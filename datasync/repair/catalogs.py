"""The repair of each log after a scan: what the log lost, what that means, and what is rebuilt."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial

from datasync.catalog.apply import PendingSnapshot, apply_snapshot
from datasync.delivery.services.base import Service
from datasync.relation import NO_SKUS, Relation
from datasync.repair import links, logs
from datasync.repair.context import RepairAction, RepairContext
from datasync.repair.inventory import Logged
from datasync.repair.logs import CatalogLosses, ReceiptDoubt
from datasync.repair.rebuild import Losses, Lost
from datasync.repair.scan import Scan
from datasync.sql import literal
from datasync.store import snapshots
from datasync.store.files import ZSTD
from datasync.store.kinds import Place, place
from datasync.store.logs import CatalogState, FirstPull, Lease, ReceiptState, lost_pulls, receipt_log
from datasync.store.scratch import scratch
from datasync.store.snapshots import Snapshot


def _losses(scan: Scan, log: Logged) -> Losses:
    head = max(log.newest.number, log.listed.head, links.witnessed(scan.inventory, log))
    return Losses(log, head)


def _paths(scan: Scan, folder: str) -> tuple[str, ...]:
    return tuple(damage.path for damage in scan.damages if damage.place.log == folder)


def of_receipts(work: RepairContext, scan: Scan, log: Logged) -> Iterator[RepairAction]:
    losses, at = _losses(scan, log), place(f"{log.folder}/00000001.parquet")
    if not losses.is_rebuilt:
        return
    assert at.service is not None
    service = work.service_elsewhere(at.service, at.scope)
    perhaps, surely = "what a lost one may have changed is perhaps held", "what is left of them is what it holds"
    consequence = perhaps if service else surely
    lost = Lost(_paths(scan, log.folder), f"receipts were lost; {consequence}, and what is due is delivered again")
    doubt = ReceiptDoubt(_known_skus(work, scan, at.scope), _lease(work, scan, losses, service)) if service else None
    act = partial(logs.mend_receipts, work, receipt_log(work.store, at.service, at.scope), losses, lost, doubt)
    yield RepairAction(f"{log.folder}: folded from what is whole; {lost.words}. The history begins anew.", act)


def rebuilt_receipts(scan: Scan) -> Iterator[Place]:
    """The receipts that a repair after this scan rebuilds, by a file of each."""
    for log in scan.inventory.logs("receipts/"):
        if _losses(scan, log).is_rebuilt:
            yield place(f"{log.folder}/00000001.parquet")


def _lease(work: RepairContext, scan: Scan, losses: Losses, service: Service) -> Lease | None:
    """The batch that may be on its way. The newest entry, where it is lost, may have told of one, unless it is known of
    a transfer that recorded its answers.
    """
    if not losses.is_state_older:
        return ReceiptState.of(losses.log.newest).lease
    if links.witnessed(scan.inventory, losses.log) == losses.head:
        return None
    return Lease(work.repair.run, work.repair.run, service.batch_seconds)


def _known_skus(work: RepairContext, scan: Scan, scope: str) -> Relation:
    """Every SKU that a scope's catalog ever had, by its whole files."""
    kinds = ("entry", "checkpoint")
    whole = [at.path for kind in kinds for at, _ in scan.inventory.of(kind) if at.log == f"catalog/scope={scope}"]
    urls = ", ".join(literal(work.store.url(path)) for path in whole)
    return Relation(f"SELECT sku FROM read_parquet([{urls}], union_by_name = true)") if whole else NO_SKUS


def of_catalog(work: RepairContext, scan: Scan, log: Logged) -> Iterator[RepairAction]:
    scope = place(f"{log.folder}/00000001.parquet").scope
    losses = _catalog_losses(work, scan, log, scope)
    for run in losses.quarantines:
        path = snapshots.quarantine_path(scope, run)
        act = partial(_empty_quarantine, work, scope, run)
        yield RepairAction(f"{path}: an empty one in its place; counts of quarantine are at least what they say.", act)
    if losses.is_recorded:
        lost = Lost(_paths_of_catalog(scan, log, losses, scope), _words(losses))
        mend = partial(logs.mend_catalog, work, losses, lost, scope)
        yield RepairAction(f"{log.folder}: {lost.words}.", mend)
    for snapshot in losses.again:
        again = partial(_apply, work, snapshot, forgets=losses.is_in_doubt)
        yield RepairAction(f"{log.folder}: the snapshot of {snapshot.run} is applied again.", again)


def _catalog_losses(work: RepairContext, scan: Scan, log: Logged, scope: str) -> CatalogLosses:
    losses, state = _losses(scan, log), CatalogState.of(log.newest)
    damaged = {damage.path for damage in scan.damages}
    pulls = [run for run in state.runs_needed if _is_lost(scan, damaged, scope, run)]
    quarantines = [run for run in state.runs_needed if snapshots.quarantine_path(scope, run) in damaged]
    is_partial = work.is_partial(scope, log)
    since = logs.remembers_since(state, (*pulls, *quarantines))
    again = _again(scan, losses, scope, pulls, since) if is_partial and losses.are_rows_lost else ()
    also = [snapshot for snapshot in _whole(scan, scope, state.to_apply) if not _is_before(snapshot, since)]
    again = tuple(
        sorted({snapshot.run: snapshot for snapshot in (*again, *also)}.values(), key=lambda snapshot: snapshot.order)
    )
    return CatalogLosses(losses, tuple(pulls), tuple(quarantines), is_partial, again, state.to_apply)


def _is_before(snapshot: Snapshot, since: FirstPull | None) -> bool:
    return since is not None and snapshot.order < since.order


def _whole(scan: Scan, scope: str, wanted: Collection[str]) -> list[Snapshot]:
    """The snapshots of the wanted pulls that are whole, together with the files that they need."""
    damaged = {damage.path for damage in scan.damages}
    parsed = (scan.inventory.parsed(snapshots.snapshot_path(scope, run)) for run in wanted)
    return [snapshot for snapshot in parsed if snapshot and not _is_lost(scan, damaged, scope, snapshot.run)]


def _is_lost(scan: Scan, damaged: Collection[str], scope: str, run: str) -> bool:
    """True if nobody knows what a pull read, because its snapshot or a file that the snapshot needs is lost."""
    if snapshots.snapshot_path(scope, run) in damaged or snapshots.asked_path(scope, run) in damaged:
        return True
    snapshot: Snapshot | None = scan.inventory.parsed(snapshots.snapshot_path(scope, run))
    return snapshot is not None and snapshots.records_path(scope, snapshot.file) in damaged


def _again(
    scan: Scan, losses: Losses, scope: str, lost: Collection[str], since: FirstPull | None
) -> tuple[Snapshot, ...]:
    """The whole snapshots of the pulls whose entries are lost, in order. Snapshots from before ``since`` are left out,
    because nobody knows what later pulls read.
    """
    log, state = losses.log, CatalogState.of(losses.log.newest)
    base = CatalogState.of(log.checkpoints[losses.base]) if losses.base else CatalogState()
    applied = {*(head.run for head in log.entries.values()), *(pull.run for pull in base.pulls)}
    runs_lost = lost_pulls(state, applied)
    parsed = (content.parsed for at, content in scan.inventory.of("snapshot") if at.scope == scope)
    whole: list[Snapshot] = [snapshot for snapshot in parsed if snapshot]
    last = max((pull.order for pull in state.pulls), default=None)
    held = {content.parsed.id for _, content in scan.inventory.of("hold")}
    if losses.is_state_older:
        runs_lost += [
            snapshot.run for snapshot in whole if snapshot.run not in held and (last is None or snapshot.order > last)
        ]
    wanted = {*runs_lost} - {*lost}
    again = (snapshot for snapshot in whole if snapshot.run in wanted and not _is_before(snapshot, since))
    return tuple(sorted(again, key=lambda snapshot: snapshot.order))


def _words(losses: CatalogLosses) -> str:
    parts = []
    if losses.is_in_doubt:
        nothing = "nothing is delivered until a complete pull has made up for it"
        files = "the files that are still there are read again, and what is in none keeps its older row"
        parts.append(
            f"what the source said in {_counted(losses.log)} is lost: {files if losses.is_partial else nothing}"
        )
    elif losses.log.are_rows_lost:
        parts.append(f"{_counted(losses.log)} is made up for by the snapshots of its pulls")
    if losses.begins_anew:
        parts.append("folded from what is whole, the history begins anew")
    if losses.pulls:
        parts.append(f"what {', '.join(losses.pulls[:3])} read is not known, so pulls before it are refused")
    if losses.quarantines:
        parts.append("counts of quarantine are at least what they say until the next complete pull")
    return "; ".join(parts)


def _counted(losses: Losses) -> str:
    if losses.is_base_lost:
        return f"all entries through {losses.through}"
    return "an entry" if len(losses.entries) == 1 else f"{len(losses.entries):,} entries"


def _paths_of_catalog(scan: Scan, log: Logged, losses: CatalogLosses, scope: str) -> tuple[str, ...]:
    lost_runs = {*losses.pulls, *losses.quarantines}
    of_pulls = (
        damage.path
        for damage in scan.damages
        if damage.place.scope == scope and damage.place.run.split(".")[0] in lost_runs
    )
    return (*_paths(scan, log.folder), *of_pulls)


def _empty_quarantine(work: RepairContext, scope: str, run: str) -> None:
    note = f'{{"repaired": {literal(work.repair.run)}, "run": {literal(run)}, "scope": {literal(scope)}}}'.replace(
        "'", '"'
    )
    columns = "NULL::BIGINT AS position, NULL::BIGINT AS line"
    texts = ("place", "sku", "name", "code", "sentence", "record")
    rows = f"SELECT {columns}, {', '.join(f'NULL::VARCHAR AS {name}' for name in texts)} WHERE false"
    with scratch() as folder:
        path = folder / "quarantine.parquet"
        work.con.execute(f"COPY ({rows}) TO {literal(str(path))} ({ZSTD}, KV_METADATA {{datasync: {literal(note)}}})")
        work.store.create(snapshots.quarantine_path(scope, run), path)


def _apply(work: RepairContext, snapshot: Snapshot, *, forgets: bool) -> None:
    """Apply a snapshot again; ``forgets``: without its watermark, so that the next pull reads all files again."""
    scope = snapshot.scope
    scope_settings = work.settings.scopes.get(scope)
    guard = work.settings.guard_of(scope) if scope_settings else work.settings.guard
    to_apply = replace(snapshot, watermark=None) if forgets else snapshot
    apply_snapshot(
        PendingSnapshot(
            work.con, work.store, to_apply, guard, scope_settings.volatile if scope_settings else (), work.repair.clock
        )
    )
