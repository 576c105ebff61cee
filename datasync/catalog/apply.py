"""Snapshot to catalog log: what a pull changes, guarded against removing too much.

The catalog is what the source says now, valid products only, kept as a log of added, updated, removed and quarantined.
Order of reading beats order of writing: a snapshot never overrides a pull that started later, as their tickets tell (no
clock does). SKUs that such a pull read are left out of the difference; if that pull was complete, it vouches for
everything and this snapshot changes nothing. A record from a file of changes that is older than the catalog's product
is outdated (queries/outdated.sql): the entry's metadata count it so, and no longer as valid.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import duckdb

from datasync import product
from datasync.catalog import volume_guard
from datasync.catalog.volume_guard import Passing
from datasync.errors import RepairCutOff, RequestTooLate, StoreUnavailable, Unverified
from datasync.intake import schedule
from datasync.intake.schedule import Missed
from datasync.settings import Guard
from datasync.sql import count, instant, literal, query, quote, row, view
from datasync.store import holds, snapshots
from datasync.store.files import Clock, Store, parquet
from datasync.store.holds import Hold
from datasync.store.log import Head, Log
from datasync.store.logs import CATALOG_COLUMNS, catalog_log
from datasync.store.snapshots import Snapshot

REMEMBERED = 500  # pulls since the last complete one
_KEPT = ("watermark", "watermark_at", "watermark_place", "fingerprint", "remembers_since", "missed", "repaired")
_UNTIL_WHOLE = ("unverified", "lost_quarantines")  # what a repair leaves in doubt until a complete pull settles it
TRIES = 20


@dataclass(frozen=True, slots=True)
class Applied:
    """What a snapshot did to the catalog: rows by kind, products afterwards, the entry (None: none was due), a hold,
    what the partial pulls before it had missed, words.

    ``accepted``: the removals that an operator had accepted. ``kept_back``: products that would be removed, if they did
    not stand in the list of a hold. ``outdated`` of the records changed nothing.
    """

    entry: int | None = None
    added: int = 0
    updated: int = 0
    removed: int = 0
    quarantined: int = 0
    products: int = 0
    accepted: int = 0
    kept_back: int = 0
    held: Hold | None = None
    missed: Missed | None = None
    note: str | None = None
    outdated: int = 0
    nameless: int = 0


def apply_snapshot(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    found: Snapshot,
    guard: Guard,
    volatile: Collection[str],
    clock: Clock,
    *,
    scheduled: bool = True,
    accepted: str = holds.NO_SKUS,
    lookback: timedelta | None = None,
) -> Applied:
    """Bring a snapshot into its scope's catalog; a snapshot that is in already changes nothing.

    ``scheduled``: nobody asked for this pull: it may move the watermark, and what it read from files of changes does
    not override what is newer. A complete snapshot that would remove more than the guard lets pass is held: nothing of
    it is applied. Of a partial one that tells of so many deletions only these are held, until a complete one shows
    whether they are true. With the source's ``lookback``, a complete one that is applied measures what partial pulls
    have missed.

    ``accepted`` is SQL with the SKUs whose removal an operator accepted: these pass, also where the rest is held. What
    a hold keeps back is removed by no partial snapshot, be it asked for by name.
    """
    into = catalog_log(store, found.scope)
    for _ in range(TRIES):
        head = into.head(con)
        if note := _already_told(head, found):
            _release_again(store, head, found, clock())
            held = holds.current(store, found.scope, None)
            own = held if held and held.id == found.run else None  # of a partial snapshot that is in but for deletions
            return Applied(products=head.meta.get("products", 0), note=note, held=own)
        _difference(con, store, into, head, found, volatile, scheduled=scheduled)
        view(con, "accepted", accepted)
        keeping = volume_guard.keeping(store, found)
        view(con, "kept_back", volume_guard.kept_back(store, keeping))
        live = int(head.meta.get("products", 0))
        counts = row(con, query("difference_counts"))
        passing = volume_guard.passing(guard, found, counts, live, _last_count(head, found))
        view(con, "difference", f"SELECT * FROM changes WHERE {passing.where}")
        held = volume_guard.hold(con, store, found, passing, head, clock()) if passing.held else None
        if held and found.complete and not passing.counts["accepted"]:
            return Applied(products=live, held=held, note=volume_guard.held_note(held, found, passing))
        missed = _missed(con, head, found, lookback, passing.counts) if not held else None
        meta = (
            _accepted_meta(head, found, passing)
            if held and found.complete
            else _meta(head, found, passing.counts, scheduled, missed)
        )
        nameless = _nameless(con, store, head, found)
        done = into.append(con, head, 'SELECT * REPLACE ({clock} AS "at") FROM difference', meta, clock)
        if done:
            applied = replace(_applied(done, passing, missed), nameless=nameless)
            if held:
                return replace(applied, held=held, note=volume_guard.held_note(held, found, passing))
            if _settles(found):
                holds.release(store, found.scope, None, found.run, clock(), done.number)
            return replace(applied, note=volume_guard.note(found, passing, keeping))
    raise StoreUnavailable(
        f"scopes.{found.scope}: the catalog log was written by others {TRIES} times in a row. Try again."
    )


def _release_again(store: Store, head: Head, found: Snapshot, now: datetime) -> None:
    """A step that was killed between its entry and the release of a hold it passed catches up when it is run again."""
    held = holds.current(store, found.scope, None) if _settles(found) and head.meta.get("run") == found.run else None
    if held and head.at and (held.entry < head.number if held.entry else held.at <= head.at):
        holds.release(store, found.scope, None, found.run, now, head.number)


def _already_told(head: Head, found: Snapshot) -> str | None:
    """Why a snapshot has nothing to say: it is in, or a complete pull that started later is."""
    last = head.meta.get("last_complete")
    if found.run in {p["run"] for p in head.meta.get("pulls", ())} or (last and last["run"] == found.run):
        return "This snapshot is in the catalog already."
    if last and snapshots.order(last) > found.order:
        return f"A complete pull that started later ({last['run']}) has been applied; it vouches for every product."
    if _is_too_late(head.meta.get("remembers_since"), found):
        raise RequestTooLate(
            f"scopes.{found.scope}: the snapshot of {found.run} started {found.started_at:%Y-%m-%dT%H:%M:%SZ}, before "
            "the pulls that the catalog still remembers. Pull again instead: `datasync sync --complete`."
        )
    return None


def _is_too_late(since: Mapping[str, Any] | str | None, found: Snapshot) -> bool:
    """Whether a snapshot is older than the pulls that the catalog remembers since one of them, or, before there were
    tickets, since a time.
    """
    if isinstance(since, str):
        return not found.place and found.started_at < datetime.fromisoformat(since)
    return since is not None and found.order < snapshots.order(since)


def _difference(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    into: Log,
    head: Head,
    found: Snapshot,
    volatile: Collection[str],
    *,
    scheduled: bool,
) -> None:
    """Make the view ``changes``: the rows this snapshot would add to the log."""
    into.fold(con, "catalog", head.number)
    view(con, "pulled", snapshots.products(found, store.url))
    todays = f"comparable AS hash, {literal(product.hash_version(volatile))} AS hash_version"
    rehashed = f"SELECT * REPLACE ({todays}) FROM ({_comparable(con, 'pulled', found.scope, volatile)})"
    view(con, "snapshot", f"SELECT * EXCLUDE (comparable) FROM ({rehashed})")
    view(
        con,
        "quarantine",
        f"SELECT sku, name, code FROM {parquet(store, snapshots.quarantine_path(found.scope, found.run))}",
    )
    view(con, "asked_for", _asked(store, found))
    view(con, "later", _later(con, store, head, found))
    view(con, "known", _comparable(con, "catalog", found.scope, volatile))
    view(con, "outdated", query("outdated") if found.by_change_time and scheduled else holds.NO_SKUS)
    conditions = {"removes": found.complete and not found.unreadable, "by_change_time": found.by_change_time}
    truths = {name: str(condition).lower() for name, condition in conditions.items()}
    doubted = 0 if _settles(found) else int((head.meta.get("unverified") or {}).get("through", 0))
    sql = query(
        "difference", run=literal(found.run), started_at=instant(found.started_at), doubted=str(doubted), **truths
    )
    columns = ", ".join(quote(c) for c in ("sku", *CATALOG_COLUMNS))
    view(con, "changes", f"SELECT {columns} FROM ({sql})")


def _last_count(head: Head, found: Snapshot) -> int | None:
    """How many products the source's last complete pull had, if a repair left the catalog in doubt: products that the
    lost entries removed stand in it again, and their removal is nothing new.
    """
    last = head.meta.get("last_complete")
    return int(last["valid"]) if found.complete and last and "unverified" in head.meta else None


def refuse_unverified(con: duckdb.DuckDBPyConnection, store: Store, scope: str) -> None:
    """Raise Unverified for a catalog that was repaired and has to be read whole before anything goes out of it, and
    RepairCutOff for one whose repair did not come to its end.
    """
    meta = catalog_log(store, scope).head(con).meta
    doubt = meta.get("unverified")
    if doubt and doubt["complete"]:
        raise Unverified(scope)
    if meta.get("to_apply"):
        raise RepairCutOff(scope)


def _asked(store: Store, found: Snapshot) -> str:
    if found.knows_absence:
        return f"SELECT sku FROM {parquet(store, snapshots.asked_path(found.scope, found.run))}"
    return holds.NO_SKUS


def _later(con: duckdb.DuckDBPyConnection, store: Store, head: Head, found: Snapshot) -> str:
    """SKUs that were read by pulls which started after this one: they stand in those pulls' snapshots."""
    pulls = [p for p in head.meta.get("pulls", ()) if snapshots.order(p) > found.order]
    paths = [snapshots.quarantine_path(found.scope, p["run"]) for p in pulls]
    paths += [snapshots.asked_path(found.scope, p["run"]) for p in pulls if p["asked"]]
    rows = [parquet(store, path) for path in paths]
    rows += [
        f"({snapshots.products(snapshots.require_snapshot(con, store, found.scope, p['run']), store.url)})"
        for p in pulls
    ]
    rows += [
        f"(SELECT sku FROM catalog WHERE run = {literal(run)} AND change = 'removed')" for run in _took(head, found)
    ]
    return " UNION ".join(f"SELECT sku FROM {one} WHERE sku IS NOT NULL" for one in rows) or holds.NO_SKUS


def _took(head: Head, found: Snapshot) -> list[str]:
    """Runs that started after this one and of which only removals were accepted: no pull of the list is theirs."""
    return [p["run"] for p in head.meta.get("accepted", ()) if snapshots.order(p) > found.order]


def _comparable(con: duckdb.DuckDBPyConnection, rows: str, scope: str, volatile: Collection[str]) -> str:
    """Products with ``comparable``: their content's hash by today's rule, made anew only where it was made by
    another.
    """
    version = literal(product.hash_version(volatile))
    if not count(con, f"SELECT * FROM {rows} WHERE hash IS NOT NULL AND hash_version <> {version}"):
        return f"SELECT *, hash AS comparable FROM {rows}"
    gone = f"[{', '.join(map(literal, volatile))}]::VARCHAR[]"
    again = f"content_hash(c, {literal(scope)}, {gone})"
    made = f"CASE WHEN hash IS NULL OR hash_version = {version} THEN hash ELSE {again} END"
    return f"SELECT *, {made} AS comparable FROM {rows} AS c"


def _nameless(con: duckdb.DuckDBPyConnection, store: Store, head: Head, found: Snapshot) -> int:
    """How many records without a SKU are in quarantine, and were not by an earlier pull; the log has no row of them."""
    kept = store.listing(f"quarantine/scope={found.scope}")
    runs = [run for p in head.meta.get("pulls", ()) if f"{(run := p['run'])}.parquet" in kept]
    before = [parquet(store, snapshots.quarantine_path(found.scope, run)) for run in runs]
    records = "SELECT code, record FROM {} WHERE sku IS NULL"
    now = records.format(parquet(store, snapshots.quarantine_path(found.scope, found.run)))
    earlier = " UNION ALL ".join(map(records.format, before))
    return count(con, f"FROM ({f'({now}) EXCEPT ALL ({earlier})' if before else now})")


def _settles(found: Snapshot) -> bool:
    """Whether a snapshot that passes ends a hold: it is whole, and so says of every product whether it is there."""
    return found.complete and not found.unreadable


def _missed(
    con: duckdb.DuckDBPyConnection, head: Head, found: Snapshot, lookback: timedelta | None, counts: Mapping[str, int]
) -> Missed | None:
    """What partial pulls missed; not asked where the scope's settings changed, for then everything may differ."""
    if lookback is None or not found.complete or head.meta.get("fingerprint") != found.fingerprint:
        return None
    return schedule.measured(con, head.meta, found.run, lookback, counts["removed_live"], found.started_at)


def _applied(done: Head, passing: Passing, missed: Missed | None) -> Applied:
    counts = passing.counts
    return Applied(
        entry=done.number, added=counts["added"], updated=counts["updated"], removed=counts["removed_live"],
        quarantined=counts["quarantined"], products=int(done.meta["products"]), accepted=counts["accepted"],
        kept_back=counts["kept_back"], missed=missed, outdated=counts["outdated"],
    )  # fmt: skip


def _accepted_meta(head: Head, found: Snapshot, passing: Passing) -> dict[str, Any]:
    """The state with an entry of accepted removals alone: its snapshot is held, so no pull has been applied by it."""
    me = {"run": found.run, "started_at": found.started_at.isoformat()}
    accepted = [*head.meta.get("accepted", ()), {**me, "place": found.place}]
    products = int(head.meta.get("products", 0)) - passing.counts["removed_live"]
    return {**head.meta, **me, "products": products, "accepted": accepted}


def _meta(
    head: Head, found: Snapshot, counts: Mapping[str, int], scheduled: bool, missed: Missed | None
) -> dict[str, Any]:
    """What the log has come to with this entry: the state that the next writer and the next pull start from."""
    before = head.meta
    me = {
        "run": found.run,
        "started_at": found.started_at.isoformat(),
        "place": found.place,
        "asked": found.asked if found.knows_absence else 0,
    }
    last_pull = snapshots.settled(_told(found), counts["outdated"])
    last_complete = last_pull if found.complete else before.get("last_complete")
    pulls = _since([*before.get("pulls", ()), me], last_complete)
    remembered = _remembered(pulls, last_complete)
    moves = scheduled and found.watermark is not None and _is_newer(found, before)
    between = schedule.carried(
        before,
        complete=found.complete,
        changed=counts["added"] + counts["updated"],
        started_at=found.started_at,
        moves=moves,
    )
    meta = {
        **{key: before[key] for key in (*_KEPT, *(() if _settles(found) else _UNTIL_WHOLE)) if key in before},
        "run": found.run,
        "started_at": me["started_at"],
        "complete": found.complete,
        "pulls": remembered,
        "last_complete": last_complete,
        "last_pull": last_pull,
        "products": int(before.get("products", 0)) + counts["added"] - counts["removed_live"],
        "accepted": _since(before.get("accepted", ()), last_complete),
        "between": between,
    }
    if missed:
        meta["missed"] = schedule.plain(missed)
    waiting = [run for run in before.get("to_apply", ()) if run != found.run]
    if waiting and not _settles(found):
        meta["to_apply"] = waiting
    if found.complete and "unverified" in meta:  # some records were unreadable: what it read is sure, and goes out
        meta["unverified"] = {**meta["unverified"], "complete": False}
    if len(remembered) < len(pulls):
        oldest = remembered[-REMEMBERED]
        meta["remembers_since"] = {"place": oldest.get("place", 0), "started_at": oldest["started_at"]}
    if found.what == "complete":
        meta["fingerprint"] = found.fingerprint
    if moves:
        meta |= {"watermark": found.watermark, "watermark_at": me["started_at"], "watermark_place": found.place}
    return meta


def _since(pulls: Iterable[Mapping[str, Any]], last_complete: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The pulls from the last complete one on, in their order; what is older, that one vouches for."""
    ordered = sorted(pulls, key=snapshots.order)
    return [p for p in ordered if last_complete is None or snapshots.order(p) >= snapshots.order(last_complete)]


def _remembered(pulls: Sequence[Mapping[str, Any]], last_complete: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """The last of some pulls; the complete one stays, because what it put into quarantine still counts."""
    base = [p for p in pulls if last_complete and p["run"] == last_complete["run"]]
    return [*base, *[p for p in pulls if p not in base][-REMEMBERED:]]


def _is_newer(found: Snapshot, before: Mapping[str, Any]) -> bool:
    """Whether a snapshot's pull began after the one that moved the watermark last."""
    if "watermark_at" not in before:
        return True
    moved = {"place": before.get("watermark_place", 0), "started_at": before["watermark_at"]}
    return found.order > snapshots.order(moved)


def _told(found: Snapshot) -> dict[str, Any]:
    names = ("run", "complete", "place", "records", *snapshots.TERMS, "unreadable")
    times = {name: getattr(found, name).isoformat() for name in ("started_at", "finished_at")}
    return {**{name: getattr(found, name) for name in names}, **times}
