"""The product: its columns, its payload and its content hash. Their macros stand in queries/macros.sql.

What makes a product of a raw record stands in mapping.py (which field becomes which column) and validation.py (what
each value must be).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from datasync import unseen
from datasync.relation import Relation
from datasync.sql import literal, macros, query_text

if TYPE_CHECKING:  # settings.py names these columns, and DAG files read settings without DuckDB
    import duckdb


PRODUCT_COLUMNS = (
    "sku",
    "name",
    "description",
    "type",
    "status",
    "visible_in",
    "stock",
    "price",
    "currency",
    "url",
    "images",
    "categories",
    "updated_at",
)
HASH_VERSION = "1"
DEFAULTS = {"type": "'simple'", "status": "'enabled'", "visible_in": "['catalog', 'search']", "stock": "'unknown'"}
TYPES: dict[str, str] = {
    **dict.fromkeys(PRODUCT_COLUMNS, "VARCHAR"),
    "visible_in": "VARCHAR[]",
    "categories": "VARCHAR[]",
    "price": "DECIMAL(38, 20)",  # what text gives is kept: 0.00004, and 0.30000000000000004 of a program's sums
    "images": "STRUCT(url VARCHAR, label VARCHAR, roles VARCHAR[])[]",
    "updated_at": "TIMESTAMPTZ",
    "attributes": 'STRUCT(code VARCHAR, "values" VARCHAR[])[]',
}
COLUMNS = tuple(TYPES)
STORED: dict[str, str] = {**TYPES, "hash": "VARCHAR", "hash_version": "VARCHAR", "bytes": "BIGINT"}


def define(con: duckdb.DuckDBPyConnection) -> None:
    """Define the macros over products, and those that tell invisible characters, in a connection."""
    con.execute(query_text("unseen", **unseen.WORDS))
    macros(con, "macros")


def hash_version(volatile: Collection[str]) -> str:
    """Which rule a content hash was made by; hashes of two versions are never compared with each other."""
    if not volatile:
        return HASH_VERSION
    which = hashlib.md5("\n".join(sorted(volatile)).encode(), usedforsecurity=False).hexdigest()[:6]
    return f"{HASH_VERSION}-{which}"


def finished(scope: str, attributes: Sequence[str], volatile: Collection[str], rows: Relation) -> Relation:
    """``rows`` as whole products: with the ``attributes`` from their ``texts``, and the hash with its rule.

    ``rows`` are valid ones of ``validation.judged``; ``bytes`` is the size of the payload's JSON.
    """
    carried = texts(attributes)
    pairs = zip(map(literal, attributes), carried, strict=True)
    values = ", ".join(f"{{'code': {code}, 'values': values_of({text})}}" for code, text in pairs)
    attributes_sql = f'list_filter([{values}], lambda attribute: len(attribute."values") > 0)' if carried else "[]"
    rest = f"* EXCLUDE ({', '.join(carried)})" if carried else "*"
    whole = f"SELECT {rest}, CAST({attributes_sql} AS {TYPES['attributes']}) AS attributes FROM (\n{rows.sql}\n)"
    rendered = f"SELECT *, to_json(payload(p, {literal(scope)}))::VARCHAR AS _payload FROM ({whole}) AS p"
    hashed = f"{_hash(scope, attributes, volatile)} AS hash, {literal(hash_version(volatile))} AS hash_version"
    return Relation(f"SELECT * EXCLUDE (_payload), {hashed}, strlen(_payload) AS bytes FROM ({rendered}) AS p")


def texts(attributes: Sequence[str]) -> list[str]:
    """The columns that carry the attributes' text from ``validation.judged`` to ``finished``, in their order."""
    return [f"text_{number}" for number in range(len(attributes))]


def _hash(scope: str, attributes: Sequence[str], volatile: Collection[str]) -> str:
    """The content hash; where nothing is volatile or listed, the payload is the canonical content, rendered already."""
    if not attributes:
        return "md5(_payload)"
    gone = f"[{', '.join(literal(v) for v in volatile)}]::VARCHAR[]"
    settled = f"content_hash(p, {literal(scope)}, {gone})"
    plain = 'len(list_filter(p.attributes, lambda attribute: len(attribute."values") > 1)) = 0'
    return settled if volatile else f"CASE WHEN {plain} THEN md5(_payload) ELSE {settled} END"
