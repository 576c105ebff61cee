"""Which field of a source becomes which column of a product: a scope's map, checked against the fields there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import duckdb

from datasync.errors import InvalidExpression, InvalidSettings
from datasync.expression import FORMS, Expression, over_text, parse, type_of
from datasync.intake.grouping import ALONE, Rows
from datasync.product import DEFAULTS, PRODUCT_COLUMNS, TYPES
from datasync.relation import Relation
from datasync.sql import macros, quote
from datasync.sql_errors import no_condition

NO_FIELD_NAMES = {"_place", "_unreadable", "_blank", "_spoilt", "_in_scope", "_row", "_n"}


@dataclass(frozen=True, slots=True)
class Mapped:
    """How one scope's fields become products: an expression a column, and the fields that become attributes."""

    columns: Mapping[str, Expression]
    attributes: tuple[str, ...]  # sorted, which is their order in a product too
    defaults: tuple[str, ...]
    where: Expression | None = None  # records for which it is not TRUE are not of this scope
    rows: Rows = ALONE
    time_zone: str | None = None  # of times without an offset; None is UTC

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that is read, each once."""
        return tuple(dict.fromkeys([*self._used, *self._joining.fields]))

    def joined(self, records: Relation) -> Relation:
        """The rows of ``records``, which have the fields, with what those that belong together have in common."""
        return self._joining.joined(records)

    @property
    def _used(self) -> list[str]:
        used = [field for expression in self.columns.values() for field in expression.fields]
        return [*used, *self.attributes, *(self.where.fields if self.where else ())]

    @property
    def _joining(self) -> Rows:
        return self.rows.needed(self._used)


@dataclass(frozen=True, slots=True)
class ScopeMap:
    """What the settings of the scope ``name``, and its kind of source, say of its fields."""

    name: str
    columns: Mapping[str, str]
    attributes: Collection[str] = ()
    volatile: Collection[str] = ()
    where: str | None = None
    rows: Rows = ALONE
    time_zone: str | None = None


def mapping(con: duckdb.DuckDBPyConnection, scope: ScopeMap, known: Collection[str]) -> Mapped:
    """Check a scope's map against the ``known`` fields of its source and say what becomes of each column.

    Raises InvalidExpression for a map that is no scalar expression. A field that a map names and the source lacks is
    left for the caller to judge: in a complete snapshot it is an error, in a partial one it is NULL. The connection
    then knows the macros of queries/mapping.sql, which the SQL of ``validation`` needs, and those of queries/forms.sql
    if an expression may name one.
    """
    macros(con, "mapping")
    if any(form in text.lower() for text in (*scope.columns.values(), scope.where or "") for form in FORMS):
        macros(con, "forms")
    own = _Names(known)
    columns = {c: own.settle(parse(con, f"scopes.{scope.name}.map.{c}", text)) for c, text in scope.columns.items()}
    for column in PRODUCT_COLUMNS:
        if column not in columns and own.knows(column):
            columns[column] = own.field(column)
    attribute_fields = _attribute_fields(columns, [own.find(p) for p in (*scope.attributes, *scope.volatile)], known)
    key = f"scopes.{scope.name}.where"
    condition = own.settle(parse(con, key, scope.where)) if scope.where else None
    defaults = tuple(c for c in DEFAULTS if c not in columns)
    mapped = Mapped(columns, attribute_fields, defaults, condition, own.settle_rows(scope.rows), scope.time_zone)
    _refuse_names(scope.name, mapped.fields)
    if condition and (kind := type_of(con, key, condition, over_text(mapped.fields))) != "BOOLEAN":
        raise InvalidExpression(key, scope.where or "", no_condition(kind), fix="")
    return mapped


class _Names:
    """The source's own names of its fields: SQL finds them whatever the case, the same name first."""

    def __init__(self, known: Collection[str]) -> None:
        self._same = set(known)
        self._lower = {name.lower(): name for name in sorted(known, reverse=True)}

    def knows(self, name: str) -> bool:
        return name.lower() in self._lower

    def find(self, name: str) -> str:
        return name if name in self._same else self._lower.get(name.lower(), name)

    def field(self, name: str) -> Expression:
        return Expression(quote(self.find(name)), (self.find(name),), is_field=True)

    def settle(self, expression: Expression) -> Expression:
        fields = tuple(dict.fromkeys(map(self.find, expression.fields)))
        return Expression(expression.sql, fields, expression.is_field, expression.text)

    def settle_rows(self, rows: Rows) -> Rows:
        own_names = (tuple(map(self.find, fields)) for fields in (rows.fill_down, rows.collect))
        return Rows(self.find(rows.group_by) if rows.group_by else None, *own_names)


def _attribute_fields(
    columns: Mapping[str, Expression], patterns: Collection[str], known: Collection[str]
) -> tuple[str, ...]:
    """The fields that become attributes: those named, and those a pattern takes; ``*`` takes what no column took."""
    named = [pattern for pattern in patterns if not is_pattern(pattern)]
    fields = [field for field in known if field and field.lower() not in NO_FIELD_NAMES]
    globs = [field for field in fields if any(is_pattern(p) and fnmatchcase(field, p) for p in patterns)]
    taken = {field for expression in columns.values() for field in expression.fields} if "*" in patterns else set()
    return tuple(sorted({*named, *(field for field in globs if field not in taken)}))


def is_pattern(name: str) -> bool:
    """Whether an entry of attributes or volatile stands for all fields that match it, so that all have to be known."""
    return any(sign in name for sign in "*?[")


def _refuse_names(scope: str, fields: Collection[str]) -> None:
    seen: dict[str, str] = {}
    for field in fields:
        twin = seen.setdefault(field.lower(), field)
        if twin != field:
            problem = f"the fields {twin!r} and {field!r} differ in nothing but case, which SQL does not tell apart."
            raise InvalidSettings(f"scopes.{scope}", problem, "Name one of them in map or attributes, not both.")
        if field.lower() in NO_FIELD_NAMES or not field:
            problem = f"a field called {field!r} cannot be read."
            raise InvalidSettings(f"scopes.{scope}", problem, "Take it out of map and attributes.")


def kinds(con: duckdb.DuckDBPyConnection, scope: str, mapped: Mapped) -> dict[str, str]:
    """The SQL type that each column's expression gives; InvalidExpression where it gives none, or one of no use."""
    over = over_text(mapped.fields)
    sql_types: dict[str, str] = {}
    for column, expression in mapped.columns.items():
        key = f"scopes.{scope}.map.{column}"
        kind = "VARCHAR" if expression.is_field else type_of(con, key, expression, over)
        sql_types[column] = "VARCHAR" if kind == '"NULL"' else kind
        if not _serves(column, sql_types[column]):
            raise InvalidExpression(key, expression.sql, f"it gives {kind}, {_NEEDED[column]}")
        if column == "images" and sql_types[column].startswith("STRUCT"):
            type_of(con, key, Expression(f"CAST({expression.sql} AS {TYPES['images']})", expression.fields), over)
    return sql_types


_NEEDED = {
    "updated_at": "which is no time; to_timestamp() makes one of seconds",
    "visible_in": "and a list of texts is needed, or a text that holds one",
    "categories": "and a list of texts is needed, or a text that holds one",
    "images": "and a list of URLs or of {'url', 'label', 'roles'} is needed, or a text that holds one",
}


def _serves(column: str, kind: str) -> bool:
    """Whether values of an SQL type can become a column's; what one value says is looked at record by record."""
    if column == "updated_at":
        return kind.startswith(("VARCHAR", "DATE", "TIMESTAMP")) and not kind.endswith("]")
    if column == "images":
        return kind in ("VARCHAR", "VARCHAR[]") or (kind.startswith("STRUCT") and kind.endswith(")[]"))
    if column in ("visible_in", "categories"):
        return kind in ("VARCHAR", "VARCHAR[]") or (kind.endswith("[]") and "(" not in kind)
    return True
