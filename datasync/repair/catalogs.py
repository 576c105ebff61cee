"""The repair of each log, from what a scan found: what is lost of it, what that means, and what is rebuilt."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from datasync.catalog.apply import apply_snapshot
from datasync.repair import links, logs
from datasync.repair.inventory import Logged
from datasync.repair.logs import CatalogLosses
from datasync.repair.rebuild import Losses, Lost
from datasync.repair.scan import Scan
from datasync.repair.workshop import Mending, Workshop
from datasync.sql import literal
from datasync.store import holds, snapshots
from datasync.store.files import ZSTD
from datasync.store.kinds import place
from datasync.store.scratch import scratch
from datasync.store.snapshots import Snapshot


def _losses(found: Scan, log: Logged) -> Losses:
    head = max(log.newest.number, log.listed.head, links.witnessed(found.inventory, log))
    return Losses(log, head)


def _paths(found: Scan, folder: str) -> tuple[str, ...]:
    return tuple(one.path for one in found.damages if one.place.log == folder)


def of_receipts(work: Workshop, found: Scan, log: Logged) -> Iterator[Mending]:
    losses, at = _losses(found, log), place(f"{log.folder}/00000001.parquet")
    if not losses.is_rebuilt:
        return
    assert at.service is not None
    embedded = work.is_embedded(at.service)
    what = "what is left of them is what it holds" if embedded else "what a lost one may have changed is perhaps held"
    lost = Lost(_paths(found, log.folder), f"receipts were lost; {what}, and what is due is delivered again")
    known = _known(work, found, at.scope)
    act = partial(
        logs.mend_receipts, work.con, work.store, losses, lost, work.repair,
        service=at.service, scope=at.scope, embedded=embedded, known=known,
    )  # fmt: skip
    yield Mending(f"{log.folder}: folded from what is whole; {lost.words}. The history begins anew.", act)


def _known(work: Workshop, found: Scan, scope: str) -> str:
    """SQL of every SKU that a scope's catalog ever had, by its whole files."""
    kinds = ("entry", "checkpoint")
    whole = [at.path for kind in kinds for at, _ in found.inventory.of(kind) if at.log == f"catalog/scope={scope}"]
    urls = ", ".join(literal(work.store.url(path)) for path in whole)
    return f"SELECT sku FROM read_parquet([{urls}], union_by_name = true)" if whole else holds.NO_SKUS


def of_catalog(work: Workshop, found: Scan, log: Logged) -> Iterator[Mending]:
    scope = place(f"{log.folder}/00000001.parquet").scope
    losses = _catalog_losses(work, found, log, scope)
    for run in losses.quarantines:
        path = snapshots.quarantine_path(scope, run)
        act = partial(_empty_quarantine, work, scope, run)
        yield Mending(f"{path}: an empty one in its place; counts of quarantine are at least what they say.", act)
    if losses.is_recorded:
        lost = Lost(_paths_of_catalog(found, log, losses, scope), _words(losses))
        mend = partial(logs.mend_catalog, work.con, work.store, losses, lost, work.repair, scope=scope)
        yield Mending(f"{log.folder}: {lost.words}.", mend)
    for snapshot in losses.again:
        again = partial(_apply, work, snapshot, forgets=losses.is_in_doubt)
        yield Mending(f"{log.folder}: the snapshot of {snapshot.run} is applied again.", again)


def _catalog_losses(work: Workshop, found: Scan, log: Logged, scope: str) -> CatalogLosses:
    losses, state = _losses(found, log), log.newest.meta
    damaged = {one.path for one in found.damages}
    told = (*state.get("pulls", ()), *filter(None, (state.get("last_complete"), state.get("last_pull"))))
    named = list(dict.fromkeys(one["run"] for one in told if not one.get("lost")))
    pulls = [run for run in named if _is_lost(found, damaged, scope, run)]
    quarantines = [run for run in named if snapshots.quarantine_path(scope, run) in damaged]
    is_partial = work.is_partial(scope, log)
    since = logs.remembers_since(state, (*pulls, *quarantines))
    again = _again(found, losses, scope, pulls, since) if is_partial and losses.are_rows_lost else ()
    waiting = tuple(state.get("to_apply", ()))
    also = [one for one in _whole(found, scope, waiting) if not _is_before(one, since)]
    again = tuple(sorted({one.run: one for one in (*again, *also)}.values(), key=lambda one: one.order))
    return CatalogLosses(losses, tuple(pulls), tuple(quarantines), is_partial, again, waiting)


def _is_before(snapshot: Snapshot, since: Mapping[str, Any] | None) -> bool:
    return since is not None and snapshot.order < snapshots.order(since)


def _whole(found: Scan, scope: str, wanted: Collection[str]) -> list[Snapshot]:
    """Those of some pulls' snapshots that are whole, with what they need."""
    damaged = {one.path for one in found.damages}
    parsed = (found.inventory.parsed(snapshots.snapshot_path(scope, run)) for run in wanted)
    return [one for one in parsed if one and not _is_lost(found, damaged, scope, one.run)]


def _is_lost(found: Scan, damaged: Collection[str], scope: str, run: str) -> bool:
    """Whether it is no longer known what a pull read: its snapshot is lost, or a file that this needs."""
    if snapshots.snapshot_path(scope, run) in damaged or snapshots.asked_path(scope, run) in damaged:
        return True
    snapshot: Snapshot | None = found.inventory.parsed(snapshots.snapshot_path(scope, run))
    return snapshot is not None and snapshots.records_path(scope, snapshot.file) in damaged


def _again(
    found: Scan, losses: Losses, scope: str, lost: Collection[str], since: Mapping[str, Any] | None
) -> tuple[Snapshot, ...]:
    """The snapshots of the pulls whose entries are lost, in their order, as far as they are whole. Those from before
    ``since`` are not among them, because it is not known what later pulls read.
    """
    log = losses.log
    base = log.checkpoints[losses.base].meta if losses.base else {}
    applied = {*(head.meta.get("run") for head in log.entries.values()), *(one["run"] for one in base.get("pulls", ()))}
    state = log.newest.meta
    runs_lost = logs.lost_pulls(state, applied)
    parsed = (content.parsed for at, content in found.inventory.of("snapshot") if at.scope == scope)
    whole: list[Snapshot] = [snapshot for snapshot in parsed if snapshot]
    last = max((snapshots.order(one) for one in state.get("pulls", ())), default=None)
    held = {content.parsed.id for _, content in found.inventory.of("hold")}
    if losses.is_state_older:
        runs_lost += [one.run for one in whole if one.run not in held and (last is None or one.order > last)]
    wanted = {*runs_lost} - {*lost}
    again = (one for one in whole if one.run in wanted and not _is_before(one, since))
    return tuple(sorted(again, key=lambda one: one.order))


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
    if losses.log.is_rebuilt:
        parts.append("folded from what is whole, the history begins anew")
    if losses.pulls:
        parts.append(f"what {', '.join(losses.pulls[:3])} read is not known, so pulls before it are refused")
    if losses.quarantines:
        parts.append("counts of quarantine are at least what they say until the next complete pull")
    return "; ".join(parts)


_FILES = "the files that are still there are read again, and what is in none of them keeps its older row"


def _counted(losses: Losses) -> str:
    if losses.is_base_lost:
        return f"all entries through {losses.through}"
    return "an entry" if len(losses.entries) == 1 else f"{len(losses.entries):,} entries"


def _paths_of_catalog(found: Scan, log: Logged, losses: CatalogLosses, scope: str) -> tuple[str, ...]:
    mine = {*losses.pulls, *losses.quarantines}
    of_pulls = (one.path for one in found.damages if one.place.scope == scope and one.place.run.split(".")[0] in mine)
    return (*_paths(found, log.folder), *of_pulls)


def _empty_quarantine(work: Workshop, scope: str, run: str) -> None:
    note = f'{{"repaired": {literal(work.repair.run)}, "run": {literal(run)}, "scope": {literal(scope)}}}'.replace(
        "'", '"'
    )
    columns = "NULL::BIGINT AS position, NULL::BIGINT AS line"
    texts = ("place", "sku", "name", "code", "sentence", "record")
    rows = f"SELECT {columns}, {', '.join(f'NULL::VARCHAR AS {name}' for name in texts)} WHERE false"
    with scratch() as folder:
        made = folder / "quarantine.parquet"
        work.con.execute(f"COPY ({rows}) TO {literal(str(made))} ({ZSTD}, KV_METADATA {{datasync: {literal(note)}}})")
        work.store.create(snapshots.quarantine_path(scope, run), made)


def _apply(work: Workshop, snapshot: Snapshot, *, forgets: bool) -> None:
    """Bring a snapshot into the catalog again; where files are to be read again, it does not say that they were."""
    scope = snapshot.scope
    mine = work.settings.scopes.get(scope)
    guard = work.settings.guard_of(scope) if mine else work.settings.guard
    found = replace(snapshot, watermark=None) if forgets else snapshot
    apply_snapshot(work.con, work.store, found, guard, mine.volatile if mine else (), work.repair.clock)
