"""One product's story in sentences: what each fact of ``figures.why`` means to someone who looks for a product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from datasync.figures.repairs import LogRepair
from datasync.figures.why import Event, InCatalog, ScopeStory, Seen, ServiceStory, Story
from datasync.report.facts.page_data import zulu
from datasync.store.holds import Hold


def lines(story: Story) -> Iterator[str]:
    """The whole story as text, one fact a line."""
    if not story.is_known:
        yield _unknown(story)
        return
    yield f"{story.sku}, as of {clock(story.as_of)}"
    for scope in story.scopes:
        yield ""
        yield scope.scope
        yield from (f"  {sentence}" for sentence in of_scope(scope))
        yield from (f"  {service.service}: {of_service(service)}" for service in scope.services if scope.is_known)
        if scope.history:
            yield "  history:"
        yield from (f"    {line}" for line in _history(scope))


def content(story: Story) -> dict[str, Any]:
    """The story as JSON: every fact, and beside the facts of a scope or a service its sentences."""
    made: dict[str, Any] = content_of(asdict(story))
    made["known"] = story.is_known
    for plain, scope in zip(made["scopes"], story.scopes, strict=True):
        plain["sentences"] = list(of_scope(scope))
        for one, service in zip(plain["services"], scope.services, strict=True):
            one["sentence"] = of_service(service)
    return made


def clock(at: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def of_scope(scope: ScopeStory) -> Iterator[str]:
    """What a scope knows of the product: the source, quarantine, catalog, and what stands in its way."""
    if not scope.is_known:
        yield "Nothing here has ever met this SKU." if scope.last else "No pull of this scope has been applied yet."
        return
    if scope.last:
        yield _seen(scope.last, scope.last_complete, scope.last_seen)
    yield from (f"In quarantine, by run {one.run}: {one.code}. {one.sentence}" for one in scope.quarantined)
    yield _catalog(scope.catalog)
    if scope.unverified_since:
        yield f"Not verified since the repair of {clock(scope.unverified_since)}: no pull has read it since."
    if scope.failed_pull:
        yield f"The last pull of this scope failed: {scope.failed_pull}"
    if scope.held:
        yield f"A removal from this scope's catalog is {_held(scope.held)}"


def _unknown(story: Story) -> str:
    scopes = ", ".join(scope.scope for scope in story.scopes)
    near = f" Spelled nearly the same: {', '.join(story.near)}." if story.near else ""
    failed = "".join(
        f" The last pull of {one.scope} failed: {one.failed_pull}" for one in story.scopes if one.failed_pull
    )
    return f"{story.sku} is unknown: no kept pull, no catalog and no service of {scopes} has ever met it.{near}{failed}"


def _seen(last: Seen, complete: Seen | None, met: Seen | None) -> str:
    pull = f"({'complete' if last.complete else 'partial'}, {clock(last.at)}, run {last.run})"
    if last.what == "valid":
        return f"At the source: the last pull {pull} read it."
    if last.what == "outdated":
        return f"At the source, but out of date: the last pull {pull} read a record older than the catalog's product."
    if last.what == "quarantined":
        return f"At the source, but invalid: the last pull {pull} put its record in quarantine."
    if last.what == "filtered":
        return (
            f"At the source, but not of this scope: its `where:` leaves out the record that the last pull {pull} read."
        )
    if last.complete:
        return f"Not at the source: the last pull {pull} did not find it."
    if complete and complete.what == "absent" and (met is None or met.at < complete.at):
        since = f"({clock(complete.at)}, run {complete.run})"
        return f"Not at the source: the last complete pull {since} did not find it, and no partial pull since read it."
    before = f" The last one that met it: {clock(met.at)}, run {met.run}." if met else ""
    return f"The last pull {pull} did not read it, which says nothing about the source.{before}"


def _catalog(row: InCatalog | None) -> str:
    if row is None:
        return "Not in the catalog."
    if row.version is None:
        words = {
            "removed": f"removed {clock(row.at)} by run {row.run}",
            "quarantined": "none of its records has been valid yet",
        }
        return f"Not in the catalog: {words.get(row.change, row.change)}."
    since = f"since {clock(row.since)}" if row.since else "since before the history that is kept"
    kept = (
        "its last valid version stays"
        if row.change == "quarantined"
        else f"last {row.change} {clock(row.at)} by run {row.run}"
    )
    return f"In the catalog as {row.name!r} {since}, version {short(row.version)}: {kept}."


def short(version: str) -> str:
    """Enough of a content hash to tell versions apart."""
    return version[:8]


def of_service(one: ServiceStory) -> str:
    """Where the product stands at one service, and what happens next."""
    parts = [_state(one)]
    if one.perhaps_held and one.held_version is None:
        parts.append("A try without an answer may have been applied.")
    if one.due:
        parts.append(f"Due: {'to be removed' if one.due == 'removed' else one.due}.")
    if one.due == "removed" and one.removals_held:
        parts.append(f"Removals from this service are {_held(one.removals_held)}")
    return " ".join(parts)


def _state(one: ServiceStory) -> str:
    holds = f" It holds version {short(one.held_version)}, {_received(one)}." if one.held_version else ""
    match one.state:
        case "excluded":
            return f"excluded: {_words(one.otherwise)}.{holds}"
        case "rejected":
            again = "It is tried again when the product or the service's settings change, or by a forced resync."
            return f"rejected {_at(one.last_at)}: {_words(one.last_words)}. {again}{holds}"
        case "failed":
            return f"failed {_at(one.last_at)}: {_words(one.last_words)}. Every transfer tries again.{holds}"
        case "current":
            return f"version {short(one.held_version or '')}, {_received(one)}."
        case "stale" if one.last_outcome == "marked":
            return f"marked to be delivered again.{holds}"
        case "stale":
            return f"stale: the catalog has a newer version.{holds}"
        case "missing":
            return f"missing{': removed ' + _at(one.received_at) if one.received_as == 'removed' else ''}."
    if one.held_version:
        return f"still held, though the catalog does not have it.{holds}"
    return f"removed {_at(one.received_at)}." if one.received_as == "removed" else "never received."


def _words(given: str | None) -> str:
    return (given or "no words").rstrip(".")


def _received(one: ServiceStory) -> str:
    return f"received {_at(one.received_at)} ({one.received_as})"


def _at(at: datetime | None) -> str:
    return clock(at) if at else "at an unknown time"


def _held(hold: Hold) -> str:
    return f"held since {clock(hold.since)}: run {hold.id} would remove {hold.would_remove:,} of {hold.of:,} products."


def _history(scope: ScopeStory) -> Iterator[str]:
    """Every entry in its order, and among them what was repaired: a repair stands before what was written after it."""
    waiting = list(scope.repairs)
    for event in scope.history:
        while waiting and waiting[0].at <= event.at:
            yield _repair(waiting.pop(0))
        yield _event(event)
    yield from map(_repair, waiting)


def _repair(one: LogRepair) -> str:
    return f"{clock(one.at)}  {one.service or 'catalog'} repaired by {one.by}: {one.words} (run {one.run})"


def _event(event: Event) -> str:
    version = f", version {short(event.version)}" if event.version else ""
    words = f": {event.words}" if event.words else ""
    return f"{clock(event.at)}  {event.service or 'catalog'} {event.what}{version}{words} (run {event.run})"


def content_of(value: Any) -> Any:
    """Facts as JSON can hold them."""
    if isinstance(value, dict):
        return {key: content_of(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [content_of(one) for one in value]
    return zulu(value) if isinstance(value, datetime) else value
