"""The SQL that stands beside this kind's code, as relations."""

from __future__ import annotations

from datasync.relation import Relation, select
from datasync.sql import filled, query_of


def statement(name: str, /, **arguments: Relation | str) -> Relation:
    """The rows of ``<name>.sql``: relations under the names that it reads, and SQL for its ``$words``."""
    words = {key: value for key, value in arguments.items() if isinstance(value, str)}
    relations = {key: value for key, value in arguments.items() if isinstance(value, Relation)}
    return select(filled(query_of(__package__, name), **words), **relations)
