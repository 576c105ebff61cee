"""The cards of the page, each as one value: where it stands, which figures it shows, and how these are counted.

Everything else takes what it needs from here: ``figure_sql`` the queries, ``gather`` the values that only a query
gives, the template the columns of its table, and the page's script the order of the cards and the figures under *How
is this counted?*. ``docs/adding-a-card.md`` adds a card step by step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from datasync.sql import query_text
from datasync.store import snapshots

Spot = Literal["overview", "figures", "service"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its name, the query that gives it, and the kinds of relations that this query reads.

    ``$words`` of ``sql`` are filled in by ``figure_sql``. ``label`` is the key of its words, ``when`` a field of its
    row without which it is not offered. The value of a figure ``by_query`` is what its query gives; other values come
    with the totals.
    """

    name: str
    sql: str
    reads: tuple[str, ...] = ()
    label: str = ""
    when: str = ""
    by_query: bool = False

    def plain(self) -> dict[str, str]:
        """As the page's script reads it."""
        return {"name": self.name, "label": self.label or self.name, "when": self.when}


@dataclass(frozen=True, slots=True)
class QueryFile:
    """A data file with queries; its folder may name a field of a row in braces."""

    folder: str
    kind: str

    def plain(self) -> str:
        """As the page's script reads it: its key but for the version."""
        return f"{self.folder}/{self.kind}0"


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows of the page's data that have figures: ``rows`` names their list, ``place`` says where a row's queries stand
    in their file, with fields of the row in braces. A row without the field ``when`` has no queries.
    """

    rows: str
    file: QueryFile
    place: str
    figures: tuple[Figure, ...]
    when: str = ""

    def place_of(self, **row: str | None) -> str:
        """The place of one row's queries."""
        return self.place.format_map({name: value or "" for name, value in row.items()})

    def group(self, *names: str, when: str = "") -> Group:
        """Some of these figures, in the order of ``names``."""
        figures = {figure.name: figure for figure in self.figures}
        return Group(self, tuple(figures[name] for name in names), when or self.when)


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that a card offers for each row of a row set, or for those that have the field ``when``."""

    rows: RowSet
    figures: tuple[Figure, ...]
    when: str = ""

    def plain(self) -> dict[str, Any]:
        """As the page's script reads it."""
        return {
            "rows": self.rows.rows,
            "file": self.rows.file.plain(),
            "place": self.rows.place,
            "when": self.when,
            "figures": [figure.plain() for figure in self.figures],
        }


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its name, which is also the key of its heading, and its spot.

    The spots are the overview, the row of figures on a service's tab, and the place below that row. ``number`` is the
    figure that a card of one number shows, and the column it has in the table for readers without scripts. Such a card
    needs no script of its own.
    """

    name: str
    spot: Spot
    groups: tuple[Group, ...] = ()
    number: str | None = None

    def plain(self) -> dict[str, Any]:
        """As the page's script reads it."""
        groups = [group.plain() for group in self.groups]
        return {"name": self.name, "spot": self.spot, "number": self.number, "groups": groups}


# ── figures, by the rows that have them ───────────────────────────────────────────────────────────────────────────────


def _from_states(name: str) -> Figure:
    return Figure(name, f"SELECT {name} FROM (\n$states)", _COMPARED)


def _from_window(name: str) -> Figure:
    return Figure(name, f"SELECT {name} FROM (\n$window)", ("receipts",))


def _moved(name: str, *parts: str) -> Figure:
    summed = " + ".join(f"coalesce((step ->> '{part}')::BIGINT, 0)" for part in parts)
    sql = f"SELECT coalesce(sum({summed}), 0)::BIGINT AS {name}\nFROM steps\nWHERE kind = 'transfer'"
    return Figure(name, sql, ("steps",), f"moved.{name}")


def _took(name: str) -> Figure:
    seconds = "greatest(1, round((epoch_ms(finished_at) - epoch_ms(started_at)) / 1000))::BIGINT"
    columns = "{started_at: 'TIMESTAMPTZ', finished_at: 'TIMESTAMPTZ'}"
    sql = f"SELECT {seconds} AS {name}\nFROM read_json($file, columns = {columns})"
    return Figure(name, sql, (), f"counted.{name}", "finished_at")


def _of_pull(name: str, kind: str, label: str) -> Figure:
    return Figure(name, f"SELECT (step ->> '{name}')::{kind} AS {name}\nFROM steps\n$is_pull", ("steps",), label)


def _missed(name: str, *parts: str) -> Figure:
    summed = " + ".join(f"(meta -> 'missed' ->> '{part}')::BIGINT" for part in parts)
    return Figure(name, f"SELECT sum({summed})::BIGINT AS {name}\nFROM heads", ("heads",), f"counted.{name}")


def _of_last_pull(name: str) -> Figure:
    """A term of the last pull, as the catalog's entry has it; further terms are offered where there are some."""
    figure = f"pull {name}"
    when = "last_pull" if name in ("records", "valid", "quarantined", "repeated") else figure
    sql = f"SELECT coalesce((meta -> 'last_pull' ->> '{name}')::BIGINT, 0) AS {name} FROM catalog_head"
    return Figure(figure, sql, ("catalog_head",), f"pulled.{name}", when)


_COMPARED = ("catalog", "rules", "receipts")
_KNOWN = (*_COMPARED, "versions", "states", "known")
_QUARANTINE = ("catalog", "quarantine", "quarantined")

OF_SCOPE, OF_RUNS = QueryFile("{scope}", "counted"), QueryFile("all", "runs")
SERVICES = RowSet(
    "services",
    OF_SCOPE,
    "{service}",
    (
        *map(_from_window, ("latest_update", "resent_in_window", "removed_in_window")),
        *map(_from_states, ("current", "missing", "rejected", "failed", "excluded", "held_older", "orphaned")),
        *map(_from_states, ("total_received", "removals_due")),
        Figure("stale", "SELECT stale + (SELECT count(*) FROM known) AS stale FROM states", _KNOWN),
        Figure("due", "SELECT missing + stale + failed + (SELECT count(*) FROM known) AS due FROM states", _KNOWN),
        Figure("unexplained", query_text("unexplained"), (*_KNOWN, "catalog_head", "head")),
        Figure("hours", "$hours", ("history",), "updates"),
        Figure("days", "$days", ("history",), "updates.daily"),
    ),
)
SCOPES = RowSet(
    "scopes",
    OF_SCOPE,
    "",
    (
        Figure("products", "SELECT count(hash) AS products FROM catalog", ("catalog",)),
        Figure("quarantined", "SELECT count(*) AS quarantined FROM quarantined", _QUARANTINE, "quarantined.records"),
        Figure("reasons", query_text("quarantine_reasons"), (*_QUARANTINE, "quarantine_sentences"), "reasons.reason"),
    ),
)
LAST_PULLS = RowSet("scopes", OF_SCOPE, "", tuple(map(_of_last_pull, ("records", *snapshots.TERMS))))
RUNS = RowSet(
    "runs",
    OF_RUNS,
    "{id}",
    (
        _moved("received", "added", "updated", "resent"),
        *(_moved(name, name) for name in ("resent", "removed", "rejected", "failed")),
        _took("seconds"),
    ),
)
PULLS = RowSet(
    "health",
    OF_RUNS,
    "pull/{scope}",
    (
        _of_pull("records", "BIGINT", "sources.records"),
        _of_pull("quarantined", "BIGINT", "sources.quarantined"),
        _of_pull("seconds", "DOUBLE", "counted.seconds"),
        Figure("failures", query_text("failures"), ("tries",), "sources.failures"),
    ),
    "run",
)
MISSED = RowSet(
    "sources",
    OF_RUNS,
    "missed/{source}",
    (
        _missed("missed", "unmoved", "late"),
        *(_missed(name, name) for name in ("changed", "unmoved", "late", "removed")),
    ),
    "measured",
)
HOLDS = RowSet(
    "holds",
    OF_RUNS,
    "hold/{scope}/{service}",
    (
        Figure("would_remove", 'SELECT "would_remove" FROM $file', (), "holds.would"),
        Figure("of", 'SELECT "of" FROM $file', (), "holds.of"),
    ),
)
LEFT = RowSet(
    "unconfigured",
    OF_RUNS,
    "left/{scope}/{service}",
    (Figure("held", "SELECT count($hash) AS held FROM $log", ("log",), "unconfigured"),),
)

# ── cards, in the order of the page ───────────────────────────────────────────────────────────────────────────────────

_LATEST = ("latest_update", "resent_in_window", "removed_in_window")
_TOTAL = ("total_received", "current", "stale", "held_older", "orphaned")
_STATES = ("current", "stale", "missing", "rejected", "failed", "excluded")
_DUE = ("due", "removals_due", "unexplained")


def _scope_group(*names: str, when: str = "") -> Group:
    """Figures of a scope, and those of its last pull."""
    return Group(SCOPES, (*SCOPES.group(*names).figures, *LAST_PULLS.figures), when)


_CATALOG = _scope_group("products", "quarantined")
CARDS = (
    Card("latest", "figures", (SERVICES.group(*_LATEST),), number="latest_update"),
    Card("total", "figures", (SERVICES.group(*_TOTAL),), number="total_received"),
    Card("updates", "figures", (SERVICES.group("hours", "days"),)),
    Card("states", "service", (SERVICES.group(*_STATES, *_DUE), _CATALOG)),
    Card("matrix", "overview", (SERVICES.group(*_LATEST, *_TOTAL, *_STATES[2:], *_DUE), _CATALOG)),
    Card(
        "balance",
        "overview",
        (SERVICES.group("unexplained", *_STATES, "total_received", "held_older", "orphaned"), _CATALOG),
    ),
    Card("holds", "overview", (HOLDS.group("would_remove", "of"),)),
    Card("repairs", "overview"),
    Card("updates", "overview", (SERVICES.group("hours", "days"),)),
    Card("sources", "overview", (PULLS.group("records", "quarantined", "seconds", "failures"),)),
    Card("missed", "overview", (MISSED.group("missed", "changed", "unmoved", "late", "removed"),)),
    Card("runs", "overview", (RUNS.group("received", "resent", "removed", "rejected", "failed", "seconds"),)),
    Card("quarantined", "overview", (_scope_group("reasons", "quarantined", when="has_reasons"),)),
    Card("unconfigured", "overview", (LEFT.group("held"),)),
)
BY_QUERY = tuple(figure for figure in SERVICES.figures if figure.by_query)

CardValues = Mapping[tuple[str, str], Mapping[str, int]]  # of figures by query: by scope and service, then by name
