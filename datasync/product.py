"""The product: its columns, how raw fields become them, what makes a record invalid, its payload and its content hash.

A raw record is a row of text fields. ``judged`` writes the SQL that turns such rows into products, in layers, each one
SELECT around the one before: take (the map's expressions), cast (what they give to the columns' types), judge (the
quarantine code). ``finished`` adds what only valid ones need: the payload, whose md5 is the content hash. Their macros
stand in queries/macros.sql.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from datasync.errors import InvalidExpression, InvalidSettings
from datasync.expression import Expression, over_text, parse, type_of
from datasync.sql import literal, macros, quote

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
CODES = ("missing-sku", "missing-name", "duplicate-sku", "unknown-status", "bad-value", "bad-time", "unreadable")
_DEFAULTS = {"type": "'simple'", "status": "'enabled'", "visible_in": "['catalog', 'search']", "stock": "'unknown'"}
_IMAGES = "STRUCT(url VARCHAR, label VARCHAR, roles VARCHAR[])[]"
TYPES: dict[str, str] = {
    **dict.fromkeys(PRODUCT_COLUMNS, "VARCHAR"),
    "visible_in": "VARCHAR[]",
    "categories": "VARCHAR[]",
    "price": "DECIMAL(18, 4)",
    "images": _IMAGES,
    "updated_at": "TIMESTAMPTZ",
    "attributes": 'STRUCT(code VARCHAR, "values" VARCHAR[])[]',
}
COLUMNS = tuple(TYPES)
STORED: dict[str, str] = {**TYPES, "hash": "VARCHAR", "hash_version": "VARCHAR", "bytes": "BIGINT"}
_AS_GIVEN = ("sku", "name", "description")  # not trimmed: what the source says is kept to the letter
_NO_FIELD_NAMES = {"_place", "_unreadable", "_row"}
_WORDS = {
    "status": "; known are enabled and disabled.",
    "stock": "; known are in-stock, low-stock, out-of-stock and unknown.",
    "price": ", which is no decimal number.",
    "visible_in": ", which is no list of catalog and search.",
    "images": ", which is neither a URL nor a JSON list of images.",
    "categories": ", which is no list of texts.",
    "updated_at": ", which is no time.",
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """How one scope's fields become products: an expression a column, and the fields that become attributes."""

    columns: Mapping[str, Expression]
    attributes: tuple[str, ...]  # sorted, which is their order in a product too
    defaults: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that is read, each once."""
        used = [field for expression in self.columns.values() for field in expression.fields]
        return tuple(dict.fromkeys([*used, *self.attributes]))


def define(con: duckdb.DuckDBPyConnection) -> None:
    """Make the macros of queries/macros.sql known to a connection."""
    macros(con, "macros")


def hash_version(volatile: Collection[str]) -> str:
    """Which rule a content hash was made by; hashes of two versions are never compared with each other."""
    if not volatile:
        return HASH_VERSION
    which = hashlib.md5("\n".join(sorted(volatile)).encode(), usedforsecurity=False).hexdigest()[:6]
    return f"{HASH_VERSION}-{which}"


def mapping(
    con: duckdb.DuckDBPyConnection,
    name: str,
    own_map: Mapping[str, str],
    attributes: Collection[str],
    volatile: Collection[str],
    known: Collection[str],
) -> Mapped:
    """Check a scope's map against the ``known`` fields of its source and say what becomes of each column.

    Raises InvalidExpression for a map that is no scalar expression. A field that a map names and the source lacks is
    left for the caller to judge: in a complete snapshot it is an error, in a partial one it is NULL.
    """
    own = _Names(known)
    columns = {c: own.settle(parse(con, f"scopes.{name}.map.{c}", text)) for c, text in own_map.items()}
    for column in PRODUCT_COLUMNS:
        if column not in columns and own.knows(column):
            columns[column] = own.field(column)
    kept = _kept(columns, [own.find(p) for p in (*attributes, *volatile)], known)
    how = Mapped(columns, kept, tuple(c for c in _DEFAULTS if c not in columns))
    _refuse_names(name, how.fields)
    return how


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

    def settle(self, given: Expression) -> Expression:
        return Expression(given.sql, tuple(dict.fromkeys(map(self.find, given.fields))), given.is_field)


def _kept(columns: Mapping[str, Expression], patterns: Collection[str], known: Collection[str]) -> tuple[str, ...]:
    """The fields that become attributes: those named, and those a pattern takes; ``*`` takes what no column took."""
    named = [pattern for pattern in patterns if not is_pattern(pattern)]
    fields = [field for field in known if field and field.lower() not in _NO_FIELD_NAMES]
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
        if field.lower() in _NO_FIELD_NAMES or not field:
            problem = f"a field called {field!r} cannot be read."
            raise InvalidSettings(f"scopes.{scope}", problem, "Take it out of map and attributes.")


def judged(con: duckdb.DuckDBPyConnection, scope: str, how: Mapped, records: str, whole: str) -> str:
    """SQL that maps, casts and judges ``records``: one row per record, in their order.

    ``records`` is a SELECT with the text columns ``how.fields``, and ``_place``, ``_unreadable``; ``whole`` is an
    expression over it that gives the record as text. The result has ``_place``, ``code`` and ``sentence`` (NULL where
    the record is valid), ``record`` (invalid ones only), the product's columns, and the attributes as plain text
    columns; ``finished`` makes the rest.
    """
    kinds = _kinds(con, scope, how)
    rows = _judge(how, kinds, _cast(kinds, _take(how, records, whole)))
    columns = ", ".join([*PRODUCT_COLUMNS, *_texts(how)])
    record = "CASE WHEN _verdict IS NOT NULL THEN record_text(_whole) END AS record"
    return f"SELECT _place, _verdict.code AS code, _verdict.sentence AS sentence, {record}, {columns} FROM ({rows})"


def finished(scope: str, how: Mapped, volatile: Collection[str], rows: str) -> str:
    """SQL that makes whole products of ``rows``, valid ones of ``judged``: attributes, and the hash with its rule.

    ``bytes`` is the size of the payload's JSON.
    """
    texts = _texts(how)
    pairs = zip(map(literal, how.attributes), texts, strict=True)
    values = ", ".join(f"{{'code': {code}, 'values': values_of({text})}}" for code, text in pairs)
    kept = f'list_filter([{values}], lambda one: len(one."values") > 0)' if texts else "[]"
    rest = f"* EXCLUDE ({', '.join(texts)})" if texts else "*"
    whole = f"SELECT {rest}, CAST({kept} AS {TYPES['attributes']}) AS attributes FROM ({rows})"
    rendered = f"SELECT *, to_json(payload(p, {literal(scope)}))::VARCHAR AS _payload FROM ({whole}) AS p"
    hashed = f"{_hash(scope, how, volatile)} AS hash, {literal(hash_version(volatile))} AS hash_version"
    return f"SELECT * EXCLUDE (_payload), {hashed}, strlen(_payload) AS bytes FROM ({rendered}) AS p"


def _texts(how: Mapped) -> list[str]:
    """The columns that carry the attributes' text from ``judged`` to ``finished``, in the attributes' order."""
    return [f"text_{number}" for number in range(len(how.attributes))]


def _hash(scope: str, how: Mapped, volatile: Collection[str]) -> str:
    """The content hash; where nothing is volatile or listed, the payload is the canonical content, rendered already."""
    if not how.attributes:
        return "md5(_payload)"
    gone = f"[{', '.join(literal(v) for v in volatile)}]::VARCHAR[]"
    settled = f"content_hash(p, {literal(scope)}, {gone})"
    plain = 'len(list_filter(p.attributes, lambda one: len(one."values") > 1)) = 0'
    return settled if volatile else f"CASE WHEN {plain} THEN md5(_payload) ELSE {settled} END"


def _kinds(con: duckdb.DuckDBPyConnection, scope: str, how: Mapped) -> dict[str, str]:
    """The SQL type that each column's expression gives; InvalidExpression where it gives none, or one of no use."""
    over = over_text(how.fields)
    kinds: dict[str, str] = {}
    for column, expression in how.columns.items():
        key = f"scopes.{scope}.map.{column}"
        kind = "VARCHAR" if expression.is_field else type_of(con, key, expression, over)
        kinds[column] = "VARCHAR" if kind == '"NULL"' else kind
        if not _serves(column, kinds[column]):
            raise InvalidExpression(key, expression.sql, f"it gives {kind}, {_NEEDED[column]}")
        if column == "images" and kinds[column].startswith("STRUCT"):
            type_of(con, key, Expression(f"CAST({expression.sql} AS {_IMAGES})", expression.fields), over)
    return kinds


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


def _take(how: Mapped, records: str, whole: str) -> str:
    """First layer: every column as its map gives it, and for each expression whether it failed on this record."""
    taken: list[str] = []
    for column, expression in how.columns.items():
        made = expression.sql if expression.is_field else f"TRY({{'v': {expression.sql}}})"
        taken.append(f"{made} AS {quote('m_' + column)}")
    texts = [f"{quote(field)} AS {text}" for field, text in zip(how.attributes, _texts(how), strict=True)]
    inner = [*taken, *texts, "_place", "_unreadable", f"{whole} AS _whole"]
    tried = [column for column, expression in how.columns.items() if not expression.is_field]
    plain = ", ".join(f"m_{column}.v AS m_{column}, m_{column} IS NULL AS failed_{column}" for column in tried)
    outer = f"SELECT * EXCLUDE ({', '.join(f'm_{c}' for c in tried)}), {plain} FROM" if tried else "SELECT * FROM"
    return f"{outer} (SELECT {', '.join(inner)} FROM ({records}))"


def _cast(kinds: Mapping[str, str], taken: str) -> str:
    """Second layer: each column in its type, NULL where there is no value or it cannot be understood."""
    given = [f"{_given(column, kind)} AS g_{column}" for column, kind in kinds.items()]
    made = [f"{_understood(column, f'g_{column}', kind)} AS c_{column}" for column, kind in kinds.items()]
    return f"SELECT {', '.join(['*', *made])} FROM (SELECT {', '.join(['*', *given])} FROM ({taken}))"


def _given(column: str, kind: str) -> str:
    """A value as it is understood: text without the blanks around it, and none where nothing is left."""
    return f"trimmed(m_{column})" if kind == "VARCHAR" and column not in _AS_GIVEN else f"m_{column}"


def _understood(column: str, given: str, kind: str) -> str:
    """SQL that gives a mapped value in its column's type, or NULL."""
    is_text = kind == "VARCHAR"
    if column in ("status", "stock"):
        return f"{column}_of(CAST({given} AS VARCHAR))"
    if column == "visible_in":
        return f"places_in({given})" if is_text else f"places_of(TRY_CAST({given} AS VARCHAR[]))"
    if column == "categories":
        return f"settled_list({f'list_of({given})' if is_text else f'TRY_CAST({given} AS VARCHAR[])'})"
    if column == "images":
        made = {"VARCHAR": f"images_of({given})", "VARCHAR[]": f"images_at({given})"}
        return f"settled_images({made.get(kind, f'TRY_CAST({given} AS {_IMAGES})')})"
    if column == "updated_at":
        return f"time_of(TRY_CAST({given} AS TIMESTAMPTZ))"
    return given if is_text and TYPES[column] == "VARCHAR" else f"TRY_CAST({given} AS {TYPES[column]})"


def _judge(how: Mapped, kinds: Mapping[str, str], cast: str) -> str:
    """Third layer: the columns with their defaults, and the verdict: NULL, or an invalid record's code and sentence."""
    columns = [f"CAST({_with_default(column, kinds)} AS {TYPES[column]}) AS {column}" for column in PRODUCT_COLUMNS]
    failed = {c: [_failed(c)] * (not expression.is_field) for c, expression in how.columns.items()}
    cases = [_verdict("unreadable", "_unreadable IS NOT NULL", "_unreadable")]
    for column, what in (("sku", "The record has no SKU."), ("name", "The product has no name.")):
        missing = f"trimmed({_with_default(column, kinds)}) IS NULL"
        cases += [*failed.pop(column, []), _verdict(f"missing-{column}", missing, literal(what))]
    for column, cannot in failed.items():
        cases += [*cannot, *_not_understood(column)]
    kept = ", ".join([*columns, *_texts(how), "_place", "_whole"])
    return f"SELECT {kept}, CASE {' '.join(cases)} END AS _verdict FROM ({cast})"


def _with_default(column: str, mapped: Collection[str]) -> str:
    value, default = (f"c_{column}" if column in mapped else "NULL::VARCHAR"), _DEFAULTS.get(column)
    return value if default is None else f"coalesce({value}, {default})" if column in mapped else default


def _failed(column: str) -> str:
    sentence = literal(f"{column}: its expression in the map fails on this record.")
    return _verdict("bad-value", f"failed_{column}", sentence)


def _not_understood(column: str) -> list[str]:
    if column not in _WORDS:
        return []
    code = {"status": "unknown-status", "updated_at": "bad-time"}.get(column, "bad-value")
    sentence = f"'{column} is ' || left(CAST(m_{column} AS VARCHAR), 80) || {literal(_WORDS[column])}"
    return [_verdict(code, f"g_{column} IS NOT NULL AND c_{column} IS NULL", sentence)]


def _verdict(code: str, when: str, sentence: str) -> str:
    return f"WHEN {when} THEN {{'code': '{code}', 'sentence': {sentence}}}"
