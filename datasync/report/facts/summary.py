"""A published page in a few lines of text: what changed, what needs attention, and where to look."""

from __future__ import annotations

from collections.abc import Iterator

from datasync.figures.repairs import UnverifiedProducts
from datasync.figures.store_at import Ahead
from datasync.figures.totals import ServiceTotals
from datasync.quantity import quantity
from datasync.report.facts.page_data import HoldRow, SitePages, hours, zulu


def text(page: SitePages, link: str) -> str:
    """The summary as plain text, one fact a line."""
    window = f"In the last {hours(page.window):g} h:"
    changes = [f"- {line}" for line in _changes(page)]
    wrong = [f"- {line}" for line in attention(page)]
    return "\n".join(
        [
            f"Data Sync, as of {zulu(page.as_of)}",
            *(["Needs attention:", *wrong] if wrong else []),
            *([window, *changes] if changes else [f"{window} nothing was received or removed."]),
            link,
        ]
    )


def attention(page: SitePages) -> tuple[str, ...]:
    """A line for everything a person should look at, in the order of the page's banner: figures that do not add up,
    removals that wait for a decision, what an audit found, and what failed, each step once and with its reason.
    """
    services = _services(page)
    return (
        *(
            f"{service.service} in {service.scope}: {service.unexplained:+,} unexplained"
            for service in services
            if service.unexplained
        ),
        *map(_held, page.holds),
        *map(ahead, page.ahead),
        *map(_doubt, page.unverified),
        *map(_drift, (service for service in services if service.is_drift_due)),
        *dict.fromkeys(_failure(service) for service in services if service.failed_step),
    )


def ahead(clock: Ahead) -> str:
    """What a clock that was ahead has done."""
    clause = f"the clock of run {clock.run} was ahead, at {zulu(clock.at)}"
    if clock.service is None:
        return f"the catalog of {clock.scope}: {clause}"
    effect = f"what it delivered counts as the latest update until {zulu(clock.until)}"
    return f"{clock.service} in {clock.scope}: {clause}; {effect}"


def _doubt(unverified: UnverifiedProducts) -> str:
    products = quantity(unverified.products, "product")
    return f"{unverified.scope}: {products} not verified since the repair at {zulu(unverified.since)}"


def _drift(service: ServiceTotals) -> str:
    """What an audit found, until a transfer has come after it."""
    assert service.audit is not None, "drift is what an audit found"
    return f"{service.service} in {service.scope}: {service.audit.sentence}; the next transfer mends it"


def _failure(service: ServiceTotals) -> str:
    """What failed, and why. The services of a scope share what failed before their own steps."""
    reason = service.failure or "no outcome was recorded"
    match service.failed_step:
        case "pull":
            return f"{service.scope}: the source could not be read: {reason}"
        case "catalog":
            return f"{service.scope}: what was read could not be brought into the catalog: {reason}"
        case _:
            return f"{service.service} in {service.scope}: the delivery failed: {reason}"


def _held(hold: HoldRow) -> str:
    where = f"{hold.service} in {hold.scope}" if hold.service else hold.scope
    return f"{where}: a removal of {hold.would_remove:,} of {hold.of:,} products is held since {zulu(hold.since)}"


def _changes(page: SitePages) -> Iterator[str]:
    for service in _services(page):
        if service.latest_update or service.removed_in_window:
            yield f"{service.service} in {service.scope}: {', '.join(_counts(service))}"


def _services(page: SitePages) -> list[ServiceTotals]:
    return [service for scope in page.totals for service in scope.services]


def _counts(service: ServiceTotals) -> Iterator[str]:
    if service.latest_update:
        resent = f" ({service.resent_in_window:,} resent)" if service.resent_in_window else ""
        yield f"{service.latest_update:,} received{resent}"
    if service.removed_in_window:
        yield f"{service.removed_in_window:,} removed"
