"""Rules and maps: one scalar SQL expression each, checked by DuckDB's own parser before it is ever run.

A user's expression is parsed into a syntax tree, walked, and only then put into a statement, as the text DuckDB prints
from the tree: a stray comment, bracket or semicolon cannot reach past its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from datasync.errors import InvalidExpression
from datasync.relation import Relation
from datasync.sql import field_macros, literal, quote
from datasync.sql_errors import in_our_words

if TYPE_CHECKING:  # DAG files read settings, which name these columns; parsing one imports no DuckDB
    import duckdb

_REFUSED = {
    "SUBQUERY": "it holds a subquery",
    "WINDOW": "it holds a window function",
    "STAR": "it holds a star",
    "PARAMETER": "it holds a parameter",
    "DEFAULT": "it holds DEFAULT",
    "POSITIONAL_REFERENCE": "it refers to a column by number",
}
_CLAUSES = ("where_clause", "having", "qualify", "sample", "modifiers", "group_expressions", "cte_map")
# Macros that DuckDB ships and that stand for one stable scalar expression; other macros may be anything.
_MACROS = {"nullif", "split_part", "if", "fmod", "fdiv", "days_in_month", "date_add", "json"}
_MACRO_FAMILIES = ("list_", "array_", "map_contains_")
ATTR = "attr"
FORMS = {"number_of", "currency_of", "moment_of", "urls_of"}  # macros of queries/forms.sql, for maps
# SQL reads these as functions where no column has their name.
_MOMENTS = {
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "current_user",
    "current_role",
    "current_schema",
    "current_catalog",
    "session_user",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: SQL as DuckDB prints it, and the fields it reads, in order of first use.

    ``text`` is how a person wrote it.
    """

    sql: str
    fields: tuple[str, ...]
    is_field: bool = False
    text: str = field(default="", compare=False)


def parse(con: duckdb.DuckDBPyConnection, key: str, text: str, *, over_product: bool = False) -> Expression:
    """Check ``text`` and return it as an Expression; ``key`` is where it stands in the settings, for the error.

    ``attr('color')`` in it is the field of that name; with ``over_product``, the value of that attribute of a product.
    Raises InvalidExpression when it is no scalar expression, or could give another value at another time.
    """
    tree = attributed(checked_tree(con, key, text), partial(_attribute, con, key, text, over_product))
    sql = sql_of(con, tree)
    fields = tuple(dict.fromkeys(_fields(tree, frozenset())))
    return Expression(sql, fields, tree["class"] == "COLUMN_REF" and len(tree["column_names"]) == 1, text)


def checked_tree(con: duckdb.DuckDBPyConnection, key: str, text: str) -> Any:
    """The syntax tree of an expression in which nothing is refused."""
    tree = _tree(con, key, text)
    for node in nodes(tree):
        _refuse(con, key, text, node)
    return tree


def sql_of(con: duckdb.DuckDBPyConnection, tree: Any) -> str:
    """A tree as DuckDB prints it."""
    whole = json.loads(_value(con, "SELECT json_serialize_sql('SELECT 1')"))
    whole["statements"][0]["node"]["select_list"] = [tree]
    return str(_value(con, "SELECT json_deserialize_sql(?::JSON)", json.dumps(whole))).removeprefix("SELECT ")


def attributed(tree: Any, replacement: Callable[[dict[str, Any]], Any]) -> Any:
    """A tree with what ``replacement`` gives in the place of each ``attr(...)``."""
    if isinstance(tree, list):
        return [attributed(part, replacement) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("class") == "FUNCTION" and tree["function_name"].lower() == ATTR:
        return replacement(tree)
    return {name: attributed(part, replacement) for name, part in tree.items()}


def _attribute(con: duckdb.DuckDBPyConnection, key: str, text: str, over_product: bool, node: dict[str, Any]) -> Any:
    name = attribute_name(node)
    if name is None:
        raise InvalidExpression(key, text, "attr takes the name of an attribute, as in attr('color')")
    if over_product:
        of_name = f"list_filter(attributes, lambda attribute: attribute.code = {literal(name)})"
        return _tree(con, key, f"array_to_string({of_name}[1].\"values\", ', ')")
    return _tree(con, key, quote(name))


def attribute_name(node: dict[str, Any]) -> str | None:
    """The attribute that an ``attr(...)`` names; None where it names none."""
    arguments = [argument["expression"] for argument in node["arguments"]]
    if len(arguments) != 1 or arguments[0]["class"] != "CONSTANT" or arguments[0]["literal"].get("kind") != "STRING":
        return None
    return str(arguments[0]["literal"]["text"])


def type_of(con: duckdb.DuckDBPyConnection, key: str, expression: Expression, columns: Relation) -> str:
    """The SQL type an expression gives over ``columns``; InvalidExpression where it gives none.

    It is tried on one record without values too, because DuckDB reads the pattern of some functions no sooner.
    """
    import duckdb

    try:
        described = con.execute(f"DESCRIBE SELECT {expression.sql} AS given FROM ({columns.sql})").fetchall()
        con.execute(f"SELECT TRY({expression.sql}) FROM (SELECT 1) LEFT JOIN ({columns.sql}) ON true").fetchall()
        return str(described[0][1])
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        text = expression.text or expression.sql
        raise InvalidExpression(key, text, in_our_words(str(error), text), fix="") from None


def over_text(fields: Collection[str]) -> Relation:
    """No row, with the given columns as text, to try an expression on."""
    return Relation(f"SELECT {''.join(f'NULL::VARCHAR AS {quote(f)}, ' for f in fields)}NULL AS _none WHERE false")


def _value(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> Any:
    rows = con.execute(sql, parameters).fetchall()
    return rows[0][0] if rows else None


def _tree(con: duckdb.DuckDBPyConnection, key: str, text: str) -> Any:
    parsed = json.loads(_value(con, "SELECT json_serialize_sql(?)", f"SELECT {text}\n"))
    if parsed["error"]:
        raise InvalidExpression(key, text, in_our_words(parsed.get("error_message", "it does not parse")))
    if len(parsed["statements"]) != 1:
        raise InvalidExpression(key, text, "it is more than one expression")
    node = parsed["statements"][0]["node"]
    plain = node["type"] == "SELECT_NODE" and node.get("from_table", {}).get("type") == "EMPTY"
    if not plain or any(_holds(node.get(clause)) for clause in _CLAUSES):
        raise InvalidExpression(key, text, "it is a query, not an expression")
    if len(node["select_list"]) != 1 or node["select_list"][0].get("alias"):
        raise InvalidExpression(key, text, "it is more than one expression")
    return node["select_list"][0]


def _holds(clause: Any) -> bool:
    return any(clause.values()) if isinstance(clause, dict) and clause.keys() <= {"map"} else bool(clause)


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """The nodes of a tree, each before those below it."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from nodes(part)


def _refuse(con: duckdb.DuckDBPyConnection, key: str, text: str, node: dict[str, Any]) -> None:
    if reason := _REFUSED.get(node["class"]):
        raise InvalidExpression(key, text, reason)
    if node["class"] == "FUNCTION" and not _is_stable(con, node["function_name"]):
        raise InvalidExpression(key, text, _no_function(con, node["function_name"]))
    if node["class"] == "FUNCTION" and node["function_name"].lower() == "number_of" and not _has_decimal_sign(node):
        raise InvalidExpression(key, text, "the decimal sign that number_of takes is ',' or '.'")
    if node["class"] == "COLUMN_REF" and node["column_names"][0].lower() in _MOMENTS:
        raise InvalidExpression(key, text, f"{node['column_names'][0]} is another one at another time")


def _has_decimal_sign(node: dict[str, Any]) -> bool:
    """Whether a call of number_of names no decimal sign, or one that there is."""
    signs = [argument["expression"] for argument in node["arguments"][1:]]
    return all(sign["class"] != "CONSTANT" or sign["literal"].get("text") in (",", ".") for sign in signs)


def _no_function(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Why a function cannot stand in an expression: nobody knows it, it takes many records, or it changes."""
    functions = _functions(con)
    shown = name.removesuffix("_star")
    kinds = {kind for kind, _ in functions.get(name.lower(), ())}
    if "aggregate" in kinds:
        return f"{shown} takes many records, where an expression sees one"
    if kinds:
        return f"{shown} is no function that gives one value, always the same"
    scalars = [
        function
        for function, signatures in functions.items()
        if function.isidentifier() and all(kind == "scalar" for kind, _ in signatures)
    ]
    near = get_close_matches(name.lower(), scalars, 1, 0.8)
    return f"there is no function {shown}" + (f". Did you mean {near[0]}?" if near else "")


def _is_stable(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    if name.lower() in {*field_macros(con), *FORMS, ATTR}:
        return True
    signatures = _functions(con).get(name.lower(), set())
    if any(kind == "macro" for kind, _ in signatures):
        return name.lower() in _MACROS or name.lower().startswith(_MACRO_FAMILIES)
    return bool(signatures) and all(kind == "scalar" and stability == "CONSISTENT" for kind, stability in signatures)


def _functions(con: duckdb.DuckDBPyConnection) -> Mapping[str, set[tuple[str, str | None]]]:
    """DuckDB's own functions by name, each with its kinds and stabilities; read once, because it takes 40 ms."""
    if not _KNOWN:
        functions = con.execute("SELECT function_name, function_type, stability FROM duckdb_functions() WHERE internal")
        for name, kind, stability in functions.fetchall():
            _KNOWN.setdefault(name, set()).add((kind, stability))
    return _KNOWN


_KNOWN: dict[str, set[tuple[str, str | None]]] = {}


def _fields(tree: Any, bound: frozenset[str]) -> Iterator[str]:
    """The free column names of a tree; a lambda's parameters are bound inside it."""
    if isinstance(tree, list):
        for part in tree:
            yield from _fields(part, bound)
    elif isinstance(tree, dict):
        if tree.get("class") == "LAMBDA":
            bound |= {name for node in nodes(tree["lhs"]) for name in node.get("column_names", ())[:1]}
            yield from _fields(tree["expr"], bound)
        elif tree.get("class") == "COLUMN_REF":
            yield from (name for name in tree["column_names"][:1] if name not in bound)
        else:
            yield from _fields(list(tree.values()), bound)
