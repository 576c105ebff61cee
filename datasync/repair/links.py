"""What belongs together: a snapshot and its files, a catalog and the pulls it names, runs and what they recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from datasync.repair.damage import Damage
from datasync.repair.files import Content
from datasync.repair.inventory import Inventory, Logged
from datasync.store import acceptances, runs, snapshots
from datasync.store.acceptances import Acceptance
from datasync.store.files import Store
from datasync.store.holds import Hold, path_of
from datasync.store.kinds import Place, place
from datasync.store.logs import CatalogState
from datasync.store.runs import Run
from datasync.store.snapshots import PullNote, Snapshot


def misplaced_snapshots(inventory: Inventory) -> Iterator[Damage]:
    """Snapshots that lie in another place than their own, and files of theirs that are missing or of another pull."""
    for at, content in inventory.of("snapshot"):
        snapshot: Snapshot | None = content.parsed
        if snapshot is None:
            continue
        if (snapshot.scope, snapshot.run) != (at.scope, at.run):
            yield Damage(at, f"is a copy of the snapshot of {snapshot.run} in {snapshot.scope}")
            continue
        yield from _files(inventory, snapshot)
    for at, content in [*inventory.of("quarantine"), *inventory.of("asked SKUs")]:
        if snapshots.snapshot_path(at.scope, at.run) not in inventory.whole and not _is_of_its_pull(at, content):
            yield Damage(at, f"is a copy of that of {content.parsed.run}")


def _files(inventory: Inventory, snapshot: Snapshot) -> Iterator[Damage]:
    paths = [
        snapshots.records_path(snapshot.scope, snapshot.file),
        snapshots.quarantine_path(snapshot.scope, snapshot.run),
    ]
    if snapshot.asked:
        paths.append(snapshots.asked_path(snapshot.scope, snapshot.run))
    bad = {damage.path for damage in inventory.damages}
    for path in paths:
        if path not in inventory.whole:
            if path not in bad:
                yield Damage(place(path), "is missing", is_there=False)
        elif not _belongs(inventory.whole[path], snapshot):
            yield Damage(place(path), "is not the file that this pull wrote")


def _belongs(file: tuple[Place, Content], snapshot: Snapshot) -> bool:
    at, content = file
    if at.kind and at.kind.name == "records":
        is_same = not snapshot.sealed or content.sealed in ("", snapshot.sealed)
        return is_same and content.rows >= snapshot.valid
    if content.parsed.is_replacement:  # an empty one in the place of one that was lost
        return True
    expected = snapshot.quarantined if at.kind and at.kind.name == "quarantine" else snapshot.asked
    return _is_of_its_pull(at, content) and content.rows == expected


def _is_of_its_pull(at: Place, content: Content) -> bool:
    """Whether a file's metadata name the pull that its path names; files of older versions have none."""
    note: PullNote = content.parsed
    return (note.run or at.run, note.scope or at.scope) == (at.run, at.scope)


def pulls(inventory: Inventory, scope: str, state: CatalogState) -> Iterator[Damage]:
    """Snapshots that a scope's catalog needs and that are missing."""
    bad = {damage.path for damage in inventory.damages}
    for path in (snapshots.snapshot_path(scope, run) for run in state.runs_needed):
        if path not in inventory.whole and path not in bad:
            yield Damage(place(path), "is missing, and the catalog names it", is_there=False)


def run_files(inventory: Inventory) -> Iterator[Damage]:
    """Runs, steps and holds under another's name, and runs that are missing though newer ones name them."""
    for at, content in inventory.of("run"):
        if runs.path_of(content.parsed) != at.path:
            yield Damage(at, f"is a copy of the run {content.parsed.id}")
    for at, content in inventory.of("step"):
        if runs.file_name(content.parsed) not in ("", at.path.rpartition("/")[2]):
            yield Damage(at, "is a copy of another step")
    runs_there = {content.parsed.id for _, content in inventory.of("run")}
    bad = {damage.place.run for damage in inventory.damages}
    for run, began in _recent(inventory):
        if run not in runs_there and run not in bad:
            path = f"runs/date={began:%Y-%m-%d}/{run}.json"
            yield Damage(place(path), "is missing, though the snapshot of its pull is there", is_there=False)


def _recent(inventory: Inventory) -> Iterator[tuple[str, datetime]]:
    """Pulls that have a snapshot and began after the oldest run that is there, so that their runs are kept too."""
    begun = [content.parsed.started_at for _, content in inventory.of("run")]
    for _, content in inventory.of("snapshot"):
        if content.parsed and begun and content.parsed.started_at > min(begun):
            yield content.parsed.run, content.parsed.started_at


def held(inventory: Inventory) -> Iterator[Damage]:
    """Holds and acceptances under another's name, and lists of held products that are missing."""
    bad = {damage.path for damage in inventory.damages}
    for at, content in inventory.of("hold"):
        hold: Hold = content.parsed
        expected = path_of(hold).removesuffix(".json") + (".released.json" if hold.released else ".json")
        if expected != at.path:
            yield Damage(at, f"is a copy of a hold of {hold.id}")
    for at, content in inventory.of("acceptance"):
        acceptance: Acceptance = content.parsed
        if acceptances.path_of(acceptance.scope, acceptance.service, acceptance.run) != at.path:
            yield Damage(at, f"is a copy of an acceptance in {acceptance.run}")
    lists = [content.parsed.listed for kind in ("hold", "acceptance") for _, content in inventory.of(kind)]
    for path in dict.fromkeys(filter(None, lists)):
        if path not in inventory.whole and path not in bad:
            yield Damage(place(path), "is missing", is_there=False)


def missing_holds(inventory: Inventory) -> Iterator[Damage]:
    """Holds that are missing though a run that is there says that it met them."""
    paths = {at.path for at, _ in inventory.of("hold")} | {damage.path for damage in inventory.damages}
    for _, content in inventory.of("run"):
        for step, record in content.parsed.steps.items():
            service = step.service if step.kind == "transfer" else None
            folder = f"holds/scope={step.scope}" + (f"/service={service}" if service else "")
            path = f"{folder}/{content.parsed.id}.json"
            if record.get("held") and path not in paths:
                yield Damage(place(path), "is missing, though its run met it", is_there=False)


def missing_acceptances(inventory: Inventory) -> Iterator[Damage]:
    """Acceptances that are missing though a run that is there asked for them, and their holds are there."""
    paths = {at.path for at, _ in inventory.of("acceptance")} | {damage.path for damage in inventory.damages}
    for _, content in inventory.of("run"):
        request = content.parsed.request or {}
        for _, file in inventory.of("hold"):
            hold: Hold = file.parsed
            is_meant = hold.id == request.get("accept_shrink") and hold.scope in request.get("scopes", ())
            path = acceptances.path_of(hold.scope, hold.service, content.parsed.id)
            if is_meant and hold.listed and not hold.released and path not in paths:
                yield Damage(place(path), "is missing, though its run asked for it", is_there=False)


def pages(inventory: Inventory) -> Iterator[Damage]:
    """Pages that are missing among those of one pull."""
    numbers: dict[str, set[int]] = {}
    for at in [*(at for at, _ in inventory.of("page")), *_bad(inventory, "page")]:
        numbers.setdefault(at.log, set()).add(at.number)
    for folder, there in numbers.items():
        for number in sorted(set(range(1, max(there))) - there):
            yield Damage(place(f"{folder}/{number:08d}.jsonl.gz"), "is missing", is_there=False)


def written_snapshots(inventory: Inventory, store: Store, kept_for: timedelta) -> Iterator[Damage]:
    """Snapshots that are missing although their runs wrote them and their records are there, which tidy removes at the
    same age. The age goes by the store's own times.
    """
    written = {
        (step.scope, content.parsed.id)
        for _, content in inventory.of("run")
        for step, record in content.parsed.steps.items()
        if step.kind == "pull" and "what" in record
    }
    bad = {damage.path for damage in inventory.damages}
    for scope in sorted({scope for scope, _ in written}):
        times = store.listing(f"snapshots/scope={scope}/records")
        newest = max(times.values(), default=None)
        young = [name for name, at in times.items() if newest and newest - at < kept_for]
        young_runs = {name.removesuffix(".parquet").rpartition(".")[0] for name in young}
        for path in (snapshots.snapshot_path(scope, run) for run in sorted(young_runs) if (scope, run) in written):
            if path not in inventory.whole and path not in bad:
                yield Damage(place(path), "is missing, though its run wrote it", is_there=False)


def tickets(inventory: Inventory, scope: str, state: CatalogState) -> Iterator[Damage]:
    """The highest ticket of a scope, if it is missing: without it the next pull could take a number again."""
    places = [pull.ticket for pull in state.pulls]
    places += [
        content.parsed.ticket for at, content in inventory.of("snapshot") if content.parsed and at.scope == scope
    ]
    taken = max(places, default=0)
    tickets_there = [*(at for at, _ in inventory.of("ticket")), *_bad(inventory, "ticket")]
    there = [at.number for at in tickets_there if at.scope == scope]
    if taken and taken > max(there, default=0):
        yield Damage(place(f"catalog/scope={scope}/_pull-{taken:08d}"), "is missing", is_there=False)


def _bad(inventory: Inventory, kind: str) -> list[Place]:
    return [damage.place for damage in inventory.damages if damage.place.kind and damage.place.kind.name == kind]


def witnessed(inventory: Inventory, log: Logged) -> int:
    """The newest entry of a log that some run says it wrote; 0 if no run names one."""
    return max((number for folder, number in _written(inventory) if folder == log.folder), default=0)


def recorded_logs(inventory: Inventory) -> frozenset[str]:
    """The folders of logs that some run says it wrote to."""
    return frozenset(folder for folder, _ in _written(inventory))


def _written(inventory: Inventory) -> Iterator[tuple[str, int]]:
    """Every entry that a run says it wrote: its log's folder, and its number."""
    records = [step for _, content in inventory.of("run") for step in _recorded(content.parsed)]
    for record in (*records, *(content.parsed for _, content in inventory.of("step"))):
        scope, service = record.get("scope"), record.get("service")
        if record.get("kind") == "catalog" and record.get("entry"):
            yield f"catalog/scope={scope}", int(record["entry"])
        if record.get("kind") == "transfer":
            yield from ((f"receipts/service={service}/scope={scope}", int(n)) for n in record.get("entries") or ())


def _recorded(run: Run) -> Iterator[Mapping[str, Any]]:
    for step, record in run.steps.items():
        yield {"kind": step.kind, "scope": step.scope, "service": step.service, **record}
