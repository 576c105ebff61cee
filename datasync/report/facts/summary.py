"""A published page in a few lines of text: what changed, what needs attention, and where to look."""

from __future__ import annotations

from collections.abc import Iterator

from datasync.figures.repairs import Unverified
from datasync.figures.totals import Ahead, ServiceTotals
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
    removals that wait for a decision, and what failed, each step once and with its reason.
    """
    services = _services(page)
    return (
        *(f"{one.service} in {one.scope}: {one.unexplained:+,} unexplained" for one in services if one.unexplained),
        *map(_held, page.holds),
        *map(ahead, page.ahead),
        *map(_doubt, page.unverified),
        *dict.fromkeys(_failure(one) for one in services if one.failed_step),
    )


def ahead(one: Ahead) -> str:
    """What a clock that was ahead has done."""
    told = f"the clock of run {one.run} was ahead, at {zulu(one.at)}"
    if one.service is None:
        return f"the catalog of {one.scope}: {told}"
    return (
        f"{one.service} in {one.scope}: {told}; what it delivered counts as the latest update until {zulu(one.until)}"
    )


def _doubt(one: Unverified) -> str:
    return f"{one.scope}: {quantity(one.products, 'product')} not verified since the repair at {zulu(one.since)}"


def _failure(one: ServiceTotals) -> str:
    """What failed, and why. The services of a scope share what failed before their own steps."""
    reason = one.failure or "no outcome was recorded"
    match one.failed_step:
        case "pull":
            return f"{one.scope}: the source could not be read: {reason}"
        case "catalog":
            return f"{one.scope}: what was read could not be brought into the catalog: {reason}"
        case _:
            return f"{one.service} in {one.scope}: the delivery failed: {reason}"


def _held(hold: HoldRow) -> str:
    where = f"{hold.service} in {hold.scope}" if hold.service else hold.scope
    return f"{where}: a removal of {hold.would_remove:,} of {hold.of:,} products is held since {zulu(hold.since)}"


def _changes(page: SitePages) -> Iterator[str]:
    for one in _services(page):
        if one.latest_update or one.removed_in_window:
            yield f"{one.service} in {one.scope}: {', '.join(_counts(one))}"


def _services(page: SitePages) -> list[ServiceTotals]:
    return [one for scope in page.totals for one in scope.services]


def _counts(one: ServiceTotals) -> Iterator[str]:
    if one.latest_update:
        resent = f" ({one.resent_in_window:,} resent)" if one.resent_in_window else ""
        yield f"{one.latest_update:,} received{resent}"
    if one.removed_in_window:
        yield f"{one.removed_in_window:,} removed"
