"""The services' rules: each one condition over the product's columns that some product can meet, and what a catalog
comes to at each service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import duckdb

from datasync.check.finding import Finding, problem
from datasync.delivery.rules import accepted_by, checked_rule
from datasync.delivery.services.base import Foretelling, Service
from datasync.errors import InvalidExpression
from datasync.expression import ATTR, attribute_name, checked_tree, nodes
from datasync.relation import Relation, query, select
from datasync.settings import Settings
from datasync.settings.reasons import meant

_WORDS = {
    "status": ["enabled", "disabled"],
    "stock": ["in-stock", "low-stock", "out-of-stock", "unknown"],
    "visible_in": ["catalog", "search"],
}


def rules(con: duckdb.DuckDBPyConnection, settings: Settings, name: str) -> Iterator[Finding]:
    """Whether each rule is a condition over the product's columns, and asks for nothing that no product can have."""
    for number, accept in enumerate(settings.services[name].accepts):
        key = f"services.{name}.accepts.{number}.rule"
        try:
            checked_rule(con, key, accept.rule)
        except InvalidExpression as error:
            yield problem(key, error)
            continue
        tree = checked_tree(con, key, accept.rule)
        yield from (Finding("problem", key, sentence) for sentence in _impossible(tree))
        yield from (Finding("problem", key, sentence) for sentence in _not_taken(tree, settings))


def _impossible(tree: Any) -> Iterator[str]:
    """What a rule compares a column with although the column never is that."""
    for node in nodes(tree):
        for column, word in _compared(node):
            known = _WORDS.get(column.lower(), [word])
            if word not in known:
                near = meant(word, known)
                yield f"{column} is never {word!r}. {near}It is one of {', '.join(known)}."


def _compared(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Columns and the texts that a comparison, a list or list_contains puts beside them."""
    if node["class"] == "COMPARISON":
        sides = [node["left"], node["right"]]
    elif node["type"] in ("COMPARE_IN", "COMPARE_NOT_IN"):
        sides = node["children"]
    elif node["class"] == "FUNCTION" and node["function_name"] in ("list_contains", "list_has", "array_contains"):
        sides = [argument["expression"] for argument in node["arguments"]]
    else:
        return
    columns = [side["column_names"][0] for side in sides if side["class"] == "COLUMN_REF"]
    texts = [side["literal"]["text"] for side in sides if side["class"] == "CONSTANT" and side["literal"].get("text")]
    yield from ((column, str(text)) for column in columns for text in texts)


def _not_taken(tree: Any, settings: Settings) -> Iterator[str]:
    """Attributes that a rule asks for and no scope takes."""
    taken = [pattern for scope in settings.scopes.values() for pattern in (*scope.attributes, *scope.volatile)]
    for node in nodes(tree):
        if node["class"] == "FUNCTION" and node["function_name"].lower() == ATTR:
            name = attribute_name(node) or ""
            if not any(name == pattern or fnmatchcase(name, pattern) for pattern in taken):
                yield f"no scope takes the attribute {name!r}. {meant(name, taken)}Name it under a scope's attributes."


@dataclass(frozen=True, slots=True)
class Reception:
    """What one service makes of the catalog that a check has: how many it accepts, and how many of these it rejects."""

    service: str
    of: int
    turned_away: Mapping[str, int]
    rejected: Mapping[str, int]
    is_whole: bool

    @property
    def accepted(self) -> int:
        return self.of - sum(self.turned_away.values())

    def finding(self, where: str) -> Finding:
        """A sentence; that nothing at all arrives is a problem only where the whole catalog is known."""
        why = "".join(f"; {count:,}: {words.rstrip('.')}" for words, count in self.turned_away.items())
        sample = "" if self.is_whole or not self.of else " of this sample"
        accepts = f"{self.service} accepts {self.accepted:,} of {self.of:,}{sample}{why}."
        limits = "".join(f" It rejects {count:,} of these: {words}." for words, count in self.rejected.items())
        return Finding("note" if self.turned_away or self.rejected else "ok", where, accepts + limits)


def received(
    con: duckdb.DuckDBPyConnection,
    settings: Settings,
    name: str,
    service: Service,
    catalog: Relation,
    *,
    is_whole: bool,
) -> Reception | None:
    """What a service makes of a catalog; None where one of its rules cannot be used.

    Nothing is delivered. What it rejects is known only of a service that foretells it.
    """
    try:
        rules = accepted_by(con, name, settings.services[name].accepts, catalog)
        counted = "SELECT exclusion_reason, count(*) AS n FROM rules GROUP BY ALL ORDER BY n DESC, exclusion_reason"
        rows = select(counted, rules=rules).rows(con)
        refused = _refused(con, service, query("check_accepted", catalog=catalog, rules=rules))
    except (InvalidExpression, duckdb.Error):
        return None
    away = {words: count for words, count in rows if words is not None}
    return Reception(name, sum(count for _, count in rows), away, dict(refused), is_whole)


def _refused(con: duckdb.DuckDBPyConnection, service: Service, accepted: Relation) -> list[tuple[str, int]]:
    """The reasons for which the service would reject some of the accepted products, each with how many products."""
    if not isinstance(service, Foretelling):
        return []
    return query("check_rejected", rejections=service.rejections(accepted)).rows(con)


def nothing_arrives(service: str, receptions: list[Reception], settings: Settings) -> Iterator[Finding]:
    """A service that would get nothing of any scope, though all of their products are known."""
    mine = [reception for reception in receptions if reception.service == service and reception.of]
    if not mine or not all(reception.is_whole for reception in mine):
        return
    of, accepted = sum(reception.of for reception in mine), sum(reception.accepted for reception in mine)
    rejected = sum(sum(reception.rejected.values()) for reception in mine)
    if not accepted:
        reasons = list(dict.fromkeys(words.rstrip(".") for reception in mine for words in reception.turned_away))
        fix = f"Look at {'the rule' if len(reasons) == 1 else 'the rules'} behind: {'; '.join(reasons)}."
        yield Finding("problem", f"services.{service}.accepts", f"of all {of:,} products it accepts none. {fix}")
    elif rejected == accepted:
        fix = "Map what is required, or take it out of required; see max_bytes for what is too large."
        yield Finding("problem", f"services.{service}", f"it rejects all {accepted:,} products that it accepts. {fix}")
