"""The services' rules: each one condition over the product's columns, and how much of a catalog it turns away."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync import receipts
from datasync.check.finding import Finding, problem
from datasync.errors import InvalidExpression
from datasync.settings import Service


def rules(con: duckdb.DuckDBPyConnection, name: str, service: Service) -> Iterator[Finding]:
    """Whether each rule is a condition over the product's columns, with nothing else in it."""
    for number, accept in enumerate(service.accepts):
        key = f"services.{name}.accepts.{number}.rule"
        try:
            receipts.checked_rule(con, key, accept.rule)
        except InvalidExpression as error:
            yield problem(key, error)


def turned_away(con: duckdb.DuckDBPyConnection, where: str, name: str, service: Service) -> Finding:
    """How many products of the view ``catalog`` each rule of a service turns away, by the first that is not true."""
    try:
        receipts.define_rules(con, name, service.accepts)
        rows = con.execute(
            "SELECT otherwise, count(*) AS n FROM rules GROUP BY ALL ORDER BY n DESC, otherwise"
        ).fetchall()
    except (InvalidExpression, duckdb.Error):
        return Finding("note", where, f"{name}: not tried, for a rule cannot be used (see there).")
    total, away = sum(count for _, count in rows), [(words, count) for words, count in rows if words is not None]
    why = "".join(f"; {count:,}: {words.rstrip('.')}" for words, count in away)
    accepted = total - sum(count for _, count in away)
    return Finding("note" if away else "ok", where, f"{name} accepts {accepted:,} of {total:,}{why}.")
