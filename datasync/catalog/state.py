"""The state of a catalog: the metadata of its newest entry, which the next writer and the next pull start from.

Pulls are in the order of their tickets there. The list reaches back to the last complete pull, and has at most
REMEMBERED others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import duckdb

from datasync.catalog.volume_guard import Passing
from datasync.errors import RepairCutOff, RequestTooLate, Unverified
from datasync.intake import schedule
from datasync.intake.schedule import Missed
from datasync.store import snapshots
from datasync.store.files import Store
from datasync.store.log import Head
from datasync.store.logs import catalog_log
from datasync.store.snapshots import Snapshot

REMEMBERED = 500  # pulls since the last complete one
_CARRIED = ("watermark", "watermark_at", "watermark_place", "fingerprint", "remembers_since", "missed", "repaired")
# what a repair leaves in doubt until a complete pull settles it
_UNTIL_COMPLETE = ("unverified", "lost_quarantines")


def entry_meta(
    head: Head, snapshot: Snapshot, counts: Mapping[str, int], scheduled: bool, missed: Missed | None
) -> dict[str, Any]:
    """The state with an entry: the next writer and the next pull start from it."""
    before = head.meta
    pull = {
        "run": snapshot.run,
        "started_at": snapshot.started_at.isoformat(),
        "place": snapshot.place,
        "asked": snapshot.asked if snapshot.knows_absence else 0,
    }
    last_pull = snapshots.settled(_pull_counts(snapshot), counts["outdated"])
    last_complete = last_pull if snapshot.complete else before.get("last_complete")
    pulls = _recent([*before.get("pulls", ()), pull], last_complete)
    remembered = _remembered(pulls, last_complete)
    moves = scheduled and snapshot.watermark is not None and _is_newer(snapshot, before)
    between = schedule.carried(
        before,
        complete=snapshot.complete,
        changed=counts["added"] + counts["updated"],
        started_at=snapshot.started_at,
        moves=moves,
    )
    meta = {
        **{key: before[key] for key in (*_CARRIED, *(() if settles(snapshot) else _UNTIL_COMPLETE)) if key in before},
        "run": snapshot.run,
        "started_at": pull["started_at"],
        "complete": snapshot.complete,
        "pulls": remembered,
        "last_complete": last_complete,
        "last_pull": last_pull,
        "products": int(before.get("products", 0)) + counts["added"] - counts["removed_live"],
        "accepted": _recent(before.get("accepted", ()), last_complete),
        "between": between,
    }
    if missed:
        meta["missed"] = schedule.plain(missed)
    waiting = [run for run in before.get("to_apply", ()) if run != snapshot.run]
    if waiting and not settles(snapshot):
        meta["to_apply"] = waiting
    if snapshot.complete and "unverified" in meta:  # some records were unreadable; those it read are sure and may leave
        meta["unverified"] = {**meta["unverified"], "complete": False}
    if len(remembered) < len(pulls):
        oldest = remembered[-REMEMBERED]
        meta["remembers_since"] = {"place": oldest.get("place", 0), "started_at": oldest["started_at"]}
    if snapshot.what == "complete":
        meta["fingerprint"] = snapshot.fingerprint
    if moves:
        meta |= {"watermark": snapshot.watermark, "watermark_at": pull["started_at"], "watermark_place": snapshot.place}
    return meta


def accepted_meta(head: Head, snapshot: Snapshot, passing: Passing) -> dict[str, Any]:
    """The state with an entry that has accepted removals alone: no pull is applied, because the snapshot is held."""
    pull = {"run": snapshot.run, "started_at": snapshot.started_at.isoformat()}
    accepted = [*head.meta.get("accepted", ()), {**pull, "place": snapshot.place}]
    products = int(head.meta.get("products", 0)) - passing.counts["removed_live"]
    return {**head.meta, **pull, "products": products, "accepted": accepted}


def _recent(pulls: Iterable[Mapping[str, Any]], last_complete: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The pulls from the last complete one on, in their order. That one vouches for everything older."""
    ordered = sorted(pulls, key=snapshots.order)
    return [
        pull for pull in ordered if last_complete is None or snapshots.order(pull) >= snapshots.order(last_complete)
    ]


def _remembered(pulls: Sequence[Mapping[str, Any]], last_complete: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The last of some pulls; the complete one stays, because what it put into quarantine still counts."""
    base = [pull for pull in pulls if last_complete and pull["run"] == last_complete["run"]]
    return [*base, *[pull for pull in pulls if pull not in base][-REMEMBERED:]]


def _is_newer(snapshot: Snapshot, before: Mapping[str, Any]) -> bool:
    """True if a snapshot's pull began after the one that moved the watermark last."""
    if "watermark_at" not in before:
        return True
    moved = {"place": before.get("watermark_place", 0), "started_at": before["watermark_at"]}
    return snapshot.order > snapshots.order(moved)


def _pull_counts(snapshot: Snapshot) -> dict[str, Any]:
    """A pull as the state describes it: its run, times and counts."""
    names = ("run", "complete", "place", "records", *snapshots.TERMS, "unreadable")
    times = {name: getattr(snapshot, name).isoformat() for name in ("started_at", "finished_at")}
    return {**{name: getattr(snapshot, name) for name in names}, **times}


def settles(snapshot: Snapshot) -> bool:
    """True if a snapshot that passes ends a hold: it is complete and readable, so it knows of every product."""
    return snapshot.complete and not snapshot.unreadable


def doubted_through(head: Head) -> int:
    """The newest entry of a catalog whose rows are in doubt since a repair; 0 where none is."""
    return int((head.meta.get("unverified") or {}).get("through", 0))


def last_count_in_doubt(head: Head, snapshot: Snapshot) -> int | None:
    """The products of the source's last complete pull, if a repair left the catalog in doubt; otherwise None.

    Such a catalog again has products that the lost entries removed, so the guard does not count its products.
    """
    last = head.meta.get("last_complete")
    return int(last["valid"]) if snapshot.complete and last and "unverified" in head.meta else None


def nothing_to_apply(head: Head, snapshot: Snapshot) -> str | None:
    """Why a snapshot changes nothing: it is applied already, or a complete pull that started later is. None: it may.

    Raises RequestTooLate for a snapshot older than the pulls that the state remembers.
    """
    last = head.meta.get("last_complete")
    if snapshot.run in {pull["run"] for pull in head.meta.get("pulls", ())} or (last and last["run"] == snapshot.run):
        return "This snapshot is in the catalog already."
    if last and snapshots.order(last) > snapshot.order:
        return f"A complete pull that started later ({last['run']}) has been applied; it vouches for every product."
    if _is_too_late(head.meta.get("remembers_since"), snapshot):
        raise RequestTooLate(
            f"scopes.{snapshot.scope}: the snapshot of {snapshot.run} started "
            f"{snapshot.started_at:%Y-%m-%dT%H:%M:%SZ}, before the pulls that the catalog still remembers. "
            "Pull again instead: `datasync sync --complete`."
        )
    return None


def _is_too_late(since: Mapping[str, Any] | str | None, snapshot: Snapshot) -> bool:
    """True if a snapshot is older than ``since``, the first remembered pull, or a time where no pull had a ticket."""
    if isinstance(since, str):
        return not snapshot.place and snapshot.started_at < datetime.fromisoformat(since)
    return since is not None and snapshot.order < snapshots.order(since)


def refuse_unverified(con: duckdb.DuckDBPyConnection, store: Store, scope: str) -> None:
    """Raise Unverified for a catalog that nothing may leave before a complete pull, because it was repaired, and
    RepairCutOff for one whose repair did not come to its end.
    """
    meta = catalog_log(store, scope).head(con).meta
    doubt = meta.get("unverified")
    if doubt and doubt["complete"]:
        raise Unverified(scope)
    if meta.get("to_apply"):
        raise RepairCutOff(scope)
