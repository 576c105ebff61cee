"""What services that are called over a network say of themselves: whether products would arrive there."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from datasync.check.finding import FORESEEN, Finding, problem
from datasync.delivery.rules import accepted_by
from datasync.delivery.services.base import Examining, Service
from datasync.relation import Relation, query, select
from datasync.settings import Settings

_SAMPLE = 100


def examined(
    con: duckdb.DuckDBPyConnection, settings: Settings, name: str, scope: str, service: Service, catalog: Relation
) -> Iterator[Finding]:
    """What the service called ``name`` finds about itself, tried with a few products of a scope that it accepts."""
    if not isinstance(service, Examining):
        return
    key = f"services.{name}"
    try:
        rules = accepted_by(con, name, settings.services[name].accepts, catalog)
        accepted = query("check_accepted", catalog=catalog, rules=rules)
        sample = select(f"SELECT * FROM accepted ORDER BY sku LIMIT {_SAMPLE}", accepted=accepted)
        for remark in service.examine(con, sample if sample.count(con) else None):
            yield Finding(remark.level, key, f"{scope}: {remark.sentence}")
    except FORESEEN as error:
        yield problem(key, error)
