"""Removals that the volume guard held: what was held, since when, and whether it still is.

A hold is one small file, named by the run that met it. When a later run passes where one was held, a release is written
beside it. Nothing is changed in place, so any earlier moment can be asked about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from datasync.store.files import Store, read_json, write_json


@dataclass(frozen=True, slots=True)
class Hold:
    """A complete snapshot, the deletions that a partial one tells of, or a transfer's removals (``service`` is set):
    what only an operator may let pass.

    ``id`` is the run's id; accepting names it. ``since`` is when the first hold of this row of holds was met;
    ``complete`` tells a whole snapshot from the rest.
    """

    id: str
    scope: str
    service: str | None
    at: datetime
    would_remove: int
    of: int
    since: datetime
    released: bool = False
    complete: bool = False


def exceeds(percent: float, products: int, removals: int, of: int) -> bool:
    """The volume guard: more than ``percent`` of them and more than ``products``, or every single one."""
    return removals > 0 and (removals >= of or (removals > products and removals * 100 > of * percent))


def hold(store: Store, new: Hold) -> Hold:
    """Record a hold; it takes over ``since`` from the one it follows."""
    before = current(store, new.scope, new.service)
    made = replace(new, since=before.since) if before else new
    write_json(store, path_of(new), _plain(made))
    return made


def release(store: Store, scope: str, service: str | None, run: str, at: datetime) -> None:
    """Record that a run passed where one was held; without a hold this writes nothing."""
    held = current(store, scope, service)
    if held:
        released = replace(held, id=run, at=max(at, held.at), would_remove=0, released=True)
        write_json(store, f"{_folder(scope, service)}/{run}.released.json", _plain(released))


def current(store: Store, scope: str, service: str | None, before: datetime | None = None) -> Hold | None:
    """The hold that stands, or stood before a moment; None where the last word is a release."""
    met = [h for _, h in known(store, scope, service) if before is None or h.at < before]
    return met[-1] if met and not met[-1].released else None


def find(store: Store, scope: str, service: str | None, run: str) -> Hold | None:
    """The hold that a run met there, whether or not it still stands."""
    return next((h for _, h in known(store, scope, service) if h.id == run and not h.released), None)


def known(store: Store, scope: str, service: str | None) -> list[tuple[str, Hold]]:
    """Every hold and release there, with its path, oldest first; the last word counts."""
    folder = _folder(scope, service)
    paths = [f"{folder}/{name}" for name in store.listing(folder)]
    met = [(path, _hold(content)) for path in paths if (content := read_json(store, path))]
    return sorted(met, key=lambda one: (one[1].at, one[1].released))


def path_of(held: Hold) -> str:
    """Where a hold's file stands in the store."""
    return f"{_folder(held.scope, held.service)}/{held.id}.json"


def _folder(scope: str, service: str | None) -> str:
    return f"holds/scope={scope}" + (f"/service={service}" if service else "")


def _hold(content: Mapping[str, Any]) -> Hold:
    times = {key: datetime.fromisoformat(content[key]) for key in ("at", "since")}
    return Hold(**{**content, **times})


def _plain(held: Hold) -> dict[str, object]:
    return {**asdict(held), "at": held.at.isoformat(), "since": held.since.isoformat()}
