"""What is held, and of one hold: the products that it lists, whether it stands, and who accepted it and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datasync.errors import UnknownName
from datasync.settings import Settings
from datasync.store import acceptances, holds
from datasync.store.acceptances import Acceptance
from datasync.store.files import Store
from datasync.store.holds import Hold


@dataclass(frozen=True, slots=True)
class HeldList:
    """One list of products, in a scope's catalog or at a service of it.

    ``listed`` is its file, None where a hold has none; ``hold`` is None where only the acceptance is still kept.
    """

    scope: str
    service: str | None
    listed: str | None
    hold: Hold | None
    stands: bool
    acceptances: tuple[Acceptance, ...]


def standing(store: Store, settings: Settings) -> tuple[Hold, ...]:
    """The holds that wait for a decision, scope by scope, the catalog's before those of its services."""
    current = (holds.current(store, scope, service) for scope, service in _places(settings))
    return tuple(hold for hold in current if hold)


def lists(store: Store, settings: Settings, run: str) -> tuple[HeldList, ...]:
    """The lists that a run held, or accepted. Raises UnknownName where it did neither."""
    held_lists = tuple(
        held_list for scope, service in _places(settings) for held_list in _lists(store, scope, service, run)
    )
    if not held_lists:
        waiting = {hold.id for hold in standing(store, settings)}
        raise UnknownName("run that held or accepted a removal", run, waiting, "Those are held now.")
    return held_lists


def _places(settings: Settings) -> Iterator[tuple[str, str | None]]:
    yield from ((scope, service) for scope in settings.scopes for service in (None, *settings.services))


def _lists(store: Store, scope: str, service: str | None, run: str) -> Iterator[HeldList]:
    accepted = [
        acceptance
        for _, acceptance in acceptances.read_all(store, scope, service)
        if run in (acceptance.hold, acceptance.run)
    ]
    held = [hold for _, hold in holds.read_all(store, scope, service) if not hold.released]
    concerned = [hold for hold in held if hold.id in {run, *(acceptance.hold for acceptance in accepted)}]
    current = holds.current(store, scope, service)
    for listed in dict.fromkeys(
        [*(hold.listed for hold in concerned), *(acceptance.listed for acceptance in accepted)]
    ):
        hold = next((hold for hold in concerned if hold.listed == listed), None)
        by = tuple(acceptance for acceptance in accepted if acceptance.listed == listed)
        yield HeldList(scope, service, listed, hold, hold is not None and hold == current, by)
