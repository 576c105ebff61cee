"""The moment at which a rebuilt place takes the place of the one that is served, and its receipts that of the receipts.

These are two steps, one at the service and one in the store, and a process may end between them. So the receipts say
beforehand that they are about to switch. From then on no batch is sent, because whoever would send one first does what
is left of the switch: it asks the service for it, which happens once however often it is asked for, and then appends
the receipts of the rebuilt place.

A request of a batch that was on its way meanwhile may have reached either place. Its products are perhaps held, and so
due again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from datasync.delivery.context import STORE, Delivery
from datasync.delivery.services.base import Rebuilding
from datasync.errors import ServiceUnavailable, TargetChanged
from datasync.relation import Relation, query, select
from datasync.sql import literal
from datasync.store.log import TRIES, Entry, Log, Rows
from datasync.store.logs import Generation, ReceiptState, Switch, catalog_log
from datasync.store.rebuilds import rebuild_log

_EVERY_ENTRY = 10**9


@dataclass(frozen=True, slots=True)
class _Switched:
    """An entry of a switch; ``rows`` is None where another process has written it."""

    rows: Rows | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


def settled(delivery: Delivery) -> Entry:
    """The newest entry of the receipts; a switch that was begun is done first, so that they tell of what is served.

    Raises ServiceUnavailable in a rebuild that another process has ended.
    """
    for _ in range(TRIES):
        head = delivery.log.head(delivery.con)
        state = ReceiptState.of(head)
        if state.rebuild and state.rebuild.is_over:
            raise ServiceUnavailable(f"services.{delivery.name}: this rebuild was ended by another process.")
        if state.switching is None:
            return head
        _settle(delivery, state.switching)
    raise delivery.log.busy()


def announce(delivery: Delivery, to: Generation) -> None:
    """Say in the receipts that they are about to switch, unless they say so already."""
    delivery.log.append_computed(delivery.con, partial(_announced, delivery, to), delivery.clock)


def no_rows(log: Log) -> Relation:
    """An entry that says something by its footer alone."""
    return select("SELECT * EXCLUDE (entry) FROM nothing", nothing=log.rows_of([]))


def _announced(delivery: Delivery, to: Generation, head: Entry) -> _Switched:
    state = ReceiptState.of(head)
    if state.switching:
        return _Switched()
    after = replace(state, run=delivery.run, switching=Switch(to, head.number))
    return _Switched(lambda _: no_rows(delivery.log), after.meta())


def _settle(delivery: Delivery, switch: Switch) -> None:
    """Do what is left of a switch, or take it back where the place was dropped."""
    service = delivery.service
    if not isinstance(service, Rebuilding):
        raise ServiceUnavailable(f"services.{delivery.name}: it is being switched to what was rebuilt. Try again.")
    log = rebuild_log(delivery.store, delivery.name, delivery.scope, switch.to.build)
    built = log.head(delivery.con)
    _refuse_other_target(delivery, ReceiptState.of(built))
    if service.switch(switch.to.build) == switch.to.name:
        compute = partial(_served, delivery, switch, log)
    else:
        compute = partial(_taken_back, delivery, switch)
    delivery.log.append_computed(delivery.con, compute, delivery.clock)


def _refuse_other_target(delivery: Delivery, built: ReceiptState) -> None:
    """A switch is done at the place where the rebuild was; settings that point elsewhere wait."""
    if built.target and built.target.name != delivery.target.name:
        names = (built.target.name, delivery.target.name)
        raise TargetChanged(delivery.scope, delivery.name, *names, built.held, can_rebuild=True)


def _taken_back(delivery: Delivery, switch: Switch, head: Entry) -> _Switched:
    state = ReceiptState.of(head)
    if state.switching != switch:
        return _Switched()
    return _Switched(lambda _: no_rows(delivery.log), replace(state, run=delivery.run, switching=None).meta())


def _served(delivery: Delivery, switch: Switch, log: Log, head: Entry) -> _Switched:
    """The receipts of the place that is served now. A log of it that is lost leaves all of it perhaps held."""
    state, built = ReceiptState.of(head), log.head(delivery.con)
    if state.switching != switch:
        return _Switched()
    target = delivery.new_target(state)
    after = state.moved_to(target, delivery.run) if target else state
    after = replace(after, run=delivery.run, audit=None, generation=switch.to, switching=None)
    receipts = delivery.log.fold(head.number)
    if not built.number:
        return _Switched(partial(_unknown, delivery, receipts), replace(after, held=state.held).meta())
    of_build = ReceiptState.of(built)
    after = replace(
        after,
        held=of_build.held,
        rules=of_build.rules,
        fingerprint=of_build.fingerprint,
        version=max(state.version, of_build.version),
        target=None if of_build.target == STORE else of_build.target,
    )
    relations = {"receipts": receipts, "built": log.fold(built.number)}
    return _Switched(partial(_rows, relations, switch, delivery.run), after.meta())


def _rows(relations: Mapping[str, Relation], switch: Switch, run: str, clock: str) -> Relation:
    return query("switched", **relations, after=str(switch.after), run=literal(run), clock=clock)


def _unknown(delivery: Delivery, receipts: Relation, clock: str) -> Relation:
    known_skus = catalog_log(delivery.store, delivery.scope).fold()
    words = {"through": str(_EVERY_ENTRY), "run": literal(delivery.run), "clock": clock}
    return query("perhaps_held", whole=receipts, known_skus=known_skus, **words)
