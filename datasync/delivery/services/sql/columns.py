"""The columns of a sql service: each an expression over a product's columns, and its values as the text that is sent.

Every value goes as text, and the database makes its own type of it. So a decimal keeps each digit, and a value that
does not fit is refused by the database, in its own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb

from datasync import product
from datasync.delivery.rules import over_product
from datasync.errors import InvalidExpression
from datasync.relation import Relation, select
from datasync.sql import literal, quote
from datasync.sql_errors import kind_in_words

if TYPE_CHECKING:
    import pyarrow as pa

WORDS = "datasync words"  # a column beside those of the table: why a product cannot be sent
_ANSWERED = "sql_service_answers"
_OVERTAKEN = "WHEN true THEN 'overtaken'"
Kind = Literal["text", "whole", "number", "real", "boolean", "day", "local", "instant", "json"]
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r".*\]$|STRUCT|MAP|JSON|UNION", "json"),
    (r"(U?(TINY|SMALL|BIG)INT|U?INTEGER)$", "whole"),
    (r"U?HUGEINT|BIGNUM|DECIMAL", "number"),
    (r"FLOAT|DOUBLE", "real"),
    (r"BOOLEAN", "boolean"),
    (r"DATE$", "day"),
    (r"TIMESTAMP WITH TIME ZONE", "instant"),
    (r"TIMESTAMP", "local"),
    (r"VARCHAR|ENUM|UUID|\"NULL\"|TIME", "text"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table. ``expression`` gives its value of a row of a batch, from the product columns ``fields``;
    ``can_fail``: it is a person's, so there may be products that it fails on.
    """

    name: str
    expression: str
    fields: frozenset[str]
    kind: Kind
    type: str
    can_fail: bool = False

    @property
    def attempt(self) -> str:
        """SQL for a list of the value alone; NULL where the expression fails.

        In a lambda, because DuckDB computes what an expression says twice outside of the TRY.
        """
        return f"TRY(list_transform([0], lambda _element: {self.expression}))"

    @property
    def text(self) -> str:
        """SQL for the value as text."""
        value = f"{self.attempt}[1]" if self.can_fail else self.expression
        if self.kind == "json":
            return f"to_json({value})::VARCHAR"
        return f"price_text({value})" if self.type.startswith("DECIMAL") else f"({value})::VARCHAR"


def columns_of(con: duckdb.DuckDBPyConnection, service: str, written: Mapping[str, str] | None) -> tuple[Column, ...]:
    """The columns that the settings of a service have. Raises InvalidExpression."""
    if written is None:
        names = [name for name in product.COLUMNS if name != "sku"]
        return tuple(
            Column(name, quote(name), frozenset({name}), _kind(product.TYPES[name]), product.TYPES[name])
            for name in names
        )
    return tuple(_checked(con, f"services.{service}.columns.{name}", name, text) for name, text in written.items())


def _checked(con: duckdb.DuckDBPyConnection, key: str, name: str, text: str) -> Column:
    expression, type_ = over_product(con, key, text)
    if not any(re.match(pattern, type_) for pattern, _ in _KINDS):
        problem = f"it gives {kind_in_words(type_)}, which no column takes. Cast it, as in (...)::VARCHAR"
        raise InvalidExpression(key, text, problem, fix="")
    fields = frozenset(field.lower() for field in expression.fields)
    return Column(name, expression.sql, fields, _kind(type_), type_, can_fail=True)


def _kind(type_: str) -> Kind:
    names = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
    return next(kind for pattern, kind in _KINDS if re.match(pattern, names.get(type_, type_)))


def texts(columns: Sequence[Column], batch: Relation) -> Relation:
    """One row per SKU of a batch: its operation and hash, every column as text, and why it cannot be sent, if so."""
    values = [f"CASE WHEN hash IS NOT NULL THEN {column.text} END AS {quote(column.name)}" for column in columns]
    words = f"'The expression of the column ' || {_failing(columns)} || ' fails on this product' AS {quote(WORDS)}"
    return select(f"SELECT {', '.join(['sku', 'operation', 'hash', *values, words])} FROM batch", batch=batch)


def sendable(rows: pa.Table) -> pa.Table:
    """The rows of ``texts`` that can be sent."""
    import pyarrow.compute as pc

    return rows.filter(pc.is_null(rows.column(WORDS))).drop_columns(WORDS)


def answers(con: duckdb.DuckDBPyConnection, rows: pa.Table, *, is_taken: bool) -> Relation:
    """The answers to a batch of ``texts``, until the connection answers the next one. A product whose expression fails
    is rejected; without ``is_taken``, a newer batch was there.
    """
    con.complete()
    con.register(_ANSWERED, rows.select(["sku", "operation", WORDS]))
    taken = "WHEN operation = 'removed' THEN 'removed' WHEN words IS NULL THEN 'received' ELSE 'rejected'"
    outcome = f"CASE {taken if is_taken else _OVERTAKEN} END"
    words = "words" if is_taken else "NULL::VARCHAR"
    named = f"SELECT sku, operation, {quote(WORDS)}::VARCHAR AS words FROM {_ANSWERED}"
    return Relation(
        f"SELECT sku, {outcome} AS outcome, {words} AS words, NULL::TIMESTAMPTZ AS answered_at FROM ({named})"
    )


def _failing(columns: Sequence[Column]) -> str:
    """SQL over a batch for the name of the first column whose expression fails; NULL for most."""
    cases = [f"WHEN {column.attempt} IS NULL THEN {literal(column.name)}" for column in columns if column.can_fail]
    return f"CASE WHEN hash IS NULL THEN NULL {' '.join(cases)} END" if cases else "NULL::VARCHAR"
