"""A service filled anew beside what it serves, which it then serves in one step: for another mapping, or another place.

The receipts of a rebuild are a log of its own. The same transfers as always bring all that the catalog has, and remove
what a late request might bring. Transfers to what is served go on meanwhile. When nothing is due any more and the place
holds what its log says, it is served (see ``switching``).

The process may end anywhere. The next call goes on with what is whole, or drops it and begins anew; a call after the
switch does what was left of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from datasync.delivery import budget
from datasync.delivery.context import Delivery
from datasync.delivery.services.base import Holding, Rebuilding
from datasync.delivery.switching import announce, no_rows, settled
from datasync.delivery.transfer import transfer
from datasync.errors import InvalidSettings, RebuildDiffers, RebuildHeld, ServiceUnavailable
from datasync.quantity import quantity
from datasync.relation import Relation, query
from datasync.settings import Guard
from datasync.sql import instant, literal
from datasync.store import holds
from datasync.store.log import TRIES, Entry, Log, Rows
from datasync.store.logs import Generation, Rebuild, ReceiptState
from datasync.store.rebuilds import build_of, is_closed, rebuild_log, under_way


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What is served now, and how many ``products`` of it. ``is_from_before``: an earlier call had rebuilt it."""

    generation: Generation
    products: int
    is_from_before: bool = False


@dataclass(frozen=True, slots=True)
class _Building:
    """A rebuild that is under way: the ``delivery`` to what is served, the service, and the rebuild's own log."""

    delivery: Delivery
    service: Rebuilding
    log: Log

    @property
    def build(self) -> str:
        return build_of(self.log)

    @property
    def into(self) -> Delivery:
        """The delivery to the place that is not served yet."""
        return replace(self.delivery, service=self.service.build(self.build), rebuild=self.log)

    def drop(self) -> None:
        """Give it up."""
        self.service.drop(self.build)
        _close(self.delivery, self.log)


def rebuild(delivery: Delivery, guard: Guard, *, drops_settings: bool = False) -> Rebuilt:
    """Fill a service anew and serve that. ``drops_settings``: what somebody set at the place that is served now, and
    its definition does not have, may go.

    Raises ServiceUnavailable where it does not answer, does not take everything, or its budget is spent; RebuildHeld
    where it would lack more than the ``guard`` lets go; RebuildDiffers where it does not hold what it took;
    InvalidSettings where a new place would lack what somebody set, or could not be switched to.
    """
    service = _rebuilding(delivery)
    settled(delivery)
    if before := _closed(delivery, service):
        return replace(before, is_from_before=True)
    building = _continued(delivery, service) or _begun(delivery, service, drops_settings=drops_settings)
    _catch_up(building)
    _refuse_difference(building)
    _refuse_lack(building, guard)
    if not drops_settings:
        service.refuse_losses(building.build)
    if name := service.building(building.build):
        announce(delivery, Generation(name, building.build, service.served()))
        settled(delivery)
    if rebuilt := _closed(delivery, service):
        return rebuilt
    raise ServiceUnavailable(f"services.{delivery.name}: what was rebuilt was dropped meanwhile. Rebuild it again.")


def _rebuilding(delivery: Delivery) -> Rebuilding:
    if isinstance(delivery.service, Rebuilding):
        return delivery.service
    problem = f"a service of the kind {delivery.settings.kind} cannot be rebuilt beside what it holds."
    again = f"`datasync resync --scope {delivery.scope} --service {delivery.name} --force --reason ... --yes`"
    raise InvalidSettings(f"services.{delivery.name}", problem, f"To deliver all of it again: {again}.")


# ── its beginning and its end ───────────────────────────────────────────────────────────────────────────────────────


def _continued(delivery: Delivery, service: Rebuilding) -> _Building | None:
    """The rebuild that was begun last, if it can be gone on with; others are dropped."""
    con, going_on = delivery.con, None
    logs = under_way(con, delivery.store, delivery.name, delivery.scope)
    for log in sorted(logs, key=lambda log: str(log.entry(con, 1).at), reverse=True):
        building = _Building(delivery, service, log)
        if going_on is None and _is_whole(building):
            going_on = building
        else:
            building.drop()
    return going_on


def _is_whole(building: _Building) -> bool:
    """Whether its place is there, is where the settings point to, and would be made in the same way now."""
    delivery, service = building.delivery, building.service
    state = ReceiptState.of(building.log.head(delivery.con))
    is_alike = state.rebuild is not None and state.rebuild.definition == service.definition()
    is_at_target = state.target is not None and state.target.name == delivery.target.name
    return is_alike and is_at_target and service.building(building.build) is not None


def _begun(delivery: Delivery, service: Rebuilding, *, drops_settings: bool) -> _Building:
    """A new rebuild: its log comes first, so that whoever comes next knows of its place."""
    log = rebuild_log(delivery.store, delivery.name, delivery.scope, uuid.uuid4().hex[:12])
    building = _Building(delivery, service, log)
    state = delivery.state_after(ReceiptState(rebuild=Rebuild(service.definition())))
    log.append(delivery.con, Entry(), lambda _: no_rows(log), state.meta(), delivery.clock)
    try:
        service.begin(building.build)
        if not drops_settings:
            service.refuse_losses(building.build)
    except InvalidSettings:
        building.drop()
        raise
    return building


def _closed(delivery: Delivery, service: Rebuilding) -> Rebuilt | None:
    """What is served by a rebuild whose log is still open; closes it, and deletes what is older."""
    state = ReceiptState.of(delivery.log.head(delivery.con))
    if state.generation is None:
        return None
    log = rebuild_log(delivery.store, delivery.name, delivery.scope, state.generation.build)
    if is_closed(log.head(delivery.con)):
        return None
    places = [name for name in (state.generation.name, state.generation.former) if name]
    others = under_way(delivery.con, delivery.store, delivery.name, delivery.scope)
    service.sweep(places, [build_of(other) for other in others])
    _close(delivery, log)
    return Rebuilt(state.generation, state.held)


@dataclass(frozen=True, slots=True)
class _Closing:
    """The last entry of a rebuild's log; ``rows`` is None where it is there."""

    rows: Rows | None
    meta: Mapping[str, Any]


def _close(delivery: Delivery, log: Log) -> None:
    log.append_computed(delivery.con, partial(_closing, delivery, log), delivery.clock)


def _closing(delivery: Delivery, log: Log, head: Entry) -> _Closing:
    state = ReceiptState.of(head)
    if state.rebuild is None or is_closed(head):
        return _Closing(None, {})
    after = replace(state, run=delivery.run, rebuild=replace(state.rebuild, is_over=True))
    return _Closing(lambda _: no_rows(log), after.meta())


# ── what has to be so before it is served ───────────────────────────────────────────────────────────────────────────


def _catch_up(building: _Building) -> None:
    """Deliver until nothing is due any more, and nothing that a late request might bring is left out."""
    into = building.into
    for _ in range(TRIES):
        remembered, sent = _remember(building), transfer(into, None)
        if sent.budget_at:
            words = budget.words(sent.due_left, sent.budget_at)
            raise ServiceUnavailable(f"services.{into.name}: {words}. Rebuild it again then; it goes on where it is.")
        if sent.failed:
            failed = quantity(sent.failed, "product")
            raise ServiceUnavailable(f"services.{into.name}: {failed} got no answer. Rebuild it again; it goes on.")
        if not remembered and not sent.entries:
            return
    raise building.log.busy()


def _remember(building: _Building) -> bool:
    """Write down what a late request might bring to the place, so that it is removed there. False if all of it is."""
    delivery, into = building.delivery, building.into
    con, head = delivery.con, settled(into)
    since = instant(delivery.clock() - building.service.remembers)
    folds = {"receipts": delivery.log.fold(), "built": building.log.fold(head.number)}
    rows = partial(_remembered, delivery, folds, since)
    if not rows("NULL::TIMESTAMPTZ").count(con):
        return False
    after = replace(ReceiptState.of(head), run=delivery.run)
    building.log.append(con, head, rows, after.meta(), delivery.clock)
    return True  # also where another process was faster: it has to be looked at again


def _remembered(delivery: Delivery, folds: Mapping[str, Relation], since: str, clock: str) -> Relation:
    words = {"fingerprint": literal(delivery.settings.fingerprint()), "run": literal(delivery.run)}
    return query("rebuild_remembered", **folds, **words, since=since, clock=clock)


def _refuse_difference(building: _Building) -> None:
    """Drop what does not hold as many products as its log says."""
    into = building.into
    expected = query("audit_expected", receipts=building.log.fold()).row(into.con)
    counted = cast(Holding, into.service).count()
    if not expected["held"] <= counted <= expected["held"] + expected["perhaps"]:
        building.drop()
        raise RebuildDiffers(into.scope, into.name, counted, expected["held"])


def _refuse_lack(building: _Building, guard: Guard) -> None:
    """Serve nothing that lacks more of what is held now than the volume guard lets go."""
    delivery = building.delivery
    folds = {"receipts": delivery.log.fold(), "built": building.log.fold()}
    counts = query("rebuild_lacking", **folds).row(delivery.con)
    if holds.exceeds(guard.percent, guard.products, counts["lacking"], counts["held"]):
        raise RebuildHeld(delivery.scope, delivery.name, counts["lacking"], counts["held"])
