"""One product's story in sentences: what each fact of ``figures.why`` means to someone who looks for a product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from datasync.figures.repairs import LogRepair
from datasync.figures.why import Event, InCatalog, Mention, PullReading, ScopeStory, ServiceStory, Story
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
    facts: dict[str, Any] = content_of(asdict(story))
    facts["known"] = story.is_known
    for scope_facts, scope in zip(facts["scopes"], story.scopes, strict=True):
        scope_facts["sentences"] = list(of_scope(scope))
        scope_facts["services"] = [
            {**_with_json_keys(service_facts), "sentence": of_service(service)}
            for service_facts, service in zip(scope_facts["services"], scope.services, strict=True)
        ]
    return facts


def _with_json_keys(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts under the keys that the JSON has, which stay when a field gets a better name."""
    return {_JSON_KEYS.get(name, name): value for name, value in facts.items()}


_JSON_KEYS = {"exclusion_reason": "otherwise"}


def clock(at: datetime) -> str:
    """A moment as people read it, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def of_scope(scope: ScopeStory) -> Iterator[str]:
    """What a scope knows of the product: the source, quarantine, catalog, and what stands in its way."""
    if not scope.is_known:
        yield "Nothing here has ever met this SKU." if scope.last else "No pull of this scope has been applied yet."
        return
    if scope.last:
        yield _at_source(scope.last, scope.last_complete, scope.last_seen)
    yield from (f"In quarantine, by run {record.run}: {record.code}. {record.sentence}" for record in scope.quarantined)
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
        f" The last pull of {scope.scope} failed: {scope.failed_pull}" for scope in story.scopes if scope.failed_pull
    )
    mentions = "".join(f" {_mention(mention)}" for mention in story.mentions)
    unknown = f"{story.sku} is unknown: no kept pull, no catalog and no service of {scopes} has ever met it."
    return f"{unknown}{near}{failed}{mentions}"


def _mention(mention: Mention) -> str:
    if mention.code == "unreadable":
        return f"It stands in a record of {mention.scope} that could not be read. {mention.sentence}"
    place = f" ({mention.place})" if mention.place else ""
    return f"It stands in a record of {mention.scope}{place} that is in quarantine without a SKU. {mention.sentence}"


def _at_source(last: PullReading, complete: PullReading | None, last_seen: PullReading | None) -> str:
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
    if complete and complete.what == "absent" and (last_seen is None or last_seen.at < complete.at):
        since = f"({clock(complete.at)}, run {complete.run})"
        return f"Not at the source: the last complete pull {since} did not find it, and no partial pull since read it."
    before = f" The last one that met it: {clock(last_seen.at)}, run {last_seen.run}." if last_seen else ""
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
    last_change = (
        "its last valid version stays"
        if row.change == "quarantined"
        else f"last {row.change} {clock(row.at)} by run {row.run}"
    )
    return f"In the catalog as {row.name!r} {since}, version {short(row.version)}: {last_change}."


def short(version: str) -> str:
    """Enough of a content hash to tell versions apart."""
    return version[:8]


def of_service(service: ServiceStory) -> str:
    """Where the product stands at one service, and what happens next."""
    parts = [_state(service)]
    if service.perhaps_held and service.held_version is None:
        parts.append("A try without an answer may have been applied.")
    if service.due:
        parts.append(f"Due: {'to be removed' if service.due == 'removed' else service.due}.")
    if service.due == "removed" and service.removals_held:
        parts.append(f"Removals from this service are {_held(service.removals_held)}")
    return " ".join(parts)


def _state(service: ServiceStory) -> str:
    holds = f" It holds version {short(service.held_version)}, {_received(service)}." if service.held_version else ""
    match service.state:
        case "excluded":
            return f"excluded: {_words(service.exclusion_reason)}.{holds}"
        case "rejected":
            again = "It is tried again when the product or the service's settings change, or by a forced resync."
            return f"rejected {_at(service.last_at)}: {_words(service.last_words)}. {again}{holds}"
        case "failed":
            return f"failed {_at(service.last_at)}: {_words(service.last_words)}. Every transfer tries again.{holds}"
        case "current":
            return f"version {short(service.held_version or '')}, {_received(service)}."
        case "stale" | "missing" if service.last_outcome == "sent":
            return f"being sent {_at(service.last_at)} by run {service.last_run}.{holds}"
        case "stale" if service.last_outcome == "marked":
            return f"marked to be delivered again.{holds}"
        case "stale":
            return f"stale: the catalog has a newer version.{holds}"
        case "missing":
            return f"missing{': removed ' + _at(service.received_at) if service.received_as == 'removed' else ''}."
    if service.held_version:
        return f"still held, though the catalog does not have it.{holds}"
    return f"removed {_at(service.received_at)}." if service.received_as == "removed" else "never received."


def _words(words: str | None) -> str:
    return (words or "no words").rstrip(".")


def _received(service: ServiceStory) -> str:
    return f"received {_at(service.received_at)} ({service.received_as})"


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


def _repair(repair: LogRepair) -> str:
    return (
        f"{clock(repair.at)}  {repair.service or 'catalog'} repaired by {repair.by}: {repair.words} (run {repair.run})"
    )


def _event(event: Event) -> str:
    version = f", version {short(event.version)}" if event.version else ""
    words = f": {event.words}" if event.words else ""
    return f"{clock(event.at)}  {event.service or 'catalog'} {event.what}{version}{words} (run {event.run})"


def content_of(value: Any) -> Any:
    """Facts as JSON can hold them."""
    if isinstance(value, dict):
        return {key: content_of(element) for key, element in value.items()}
    if isinstance(value, (list, tuple)):
        return [content_of(element) for element in value]
    return zulu(value) if isinstance(value, datetime) else value
