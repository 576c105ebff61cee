"""Holds that an operator accepted: which list of products may go, by whose word, for what reason, in which run.

An acceptance is written when its run begins, and never again. The steps of the run read it from here, so that what was
accepted then is what may go, whatever became of the hold since; it can be read as long as holds are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from datasync.relation import Relation
from datasync.store import holds
from datasync.store.files import Store, read_as, write_json
from datasync.store.holds import Hold, folder_of


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One accepted hold: the removals on its list (``listed``) may go in ``run``, and no others by this."""

    hold: str
    scope: str
    service: str | None
    listed: str
    run: str
    by: str
    reason: str
    at: datetime


def accept(store: Store, hold: Hold, run: str, by: str, reason: str, at: datetime) -> None:
    """Record that a run may carry out what a hold lists; what is recorded already stays as it is."""
    assert hold.listed, "a hold without a list is accepted by nobody"
    acceptance = Acceptance(hold.id, hold.scope, hold.service, hold.listed, run, by, reason, at)
    write_json(store, path_of(hold.scope, hold.service, run), {**asdict(acceptance), "at": at.isoformat()}, new=True)


def of_run(store: Store, scope: str, service: str | None, run: str) -> Acceptance | None:
    """What a run may carry out there; None where nothing was accepted."""
    return read_as(store, path_of(scope, service, run), parse)


def skus(store: Store, run: str, scope: str, services: Iterable[str | None]) -> Relation:
    """The SKUs whose removal a run may carry out: those on the lists that it accepted for these services of a scope.

    None stands for the scope's catalog. What leaves the catalog has to leave the services, so a transfer asks for both.
    """
    accepted = (of_run(store, scope, service, run) for service in services)
    return holds.skus(store, (acceptance.listed for acceptance in accepted if acceptance))


def read_all(store: Store, scope: str, service: str | None) -> list[tuple[str, Acceptance]]:
    """Every acceptance there, with its path, oldest first."""
    folder = f"{folder_of(scope, service)}/accepted"
    paths = [f"{folder}/{name}" for name in store.listing(folder)]
    with_paths = [(path, read) for path in paths if (read := read_as(store, path, parse))]
    return sorted(with_paths, key=lambda pair: (pair[1].at, pair[1].run))


def parse(content: Mapping[str, Any]) -> Acceptance:
    """An acceptance from its file's JSON."""
    return Acceptance(**{**content, "at": datetime.fromisoformat(content["at"])})


def path_of(scope: str, service: str | None, run: str) -> str:
    """Where what a run may carry out stands in the store."""
    return f"{folder_of(scope, service)}/accepted/{run}.json"
