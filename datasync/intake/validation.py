"""What makes a record a product, or invalid: a relation over a source's rows that maps, casts and judges them.

A raw record is a row of text fields. The layers are one SELECT around the one before: take (the map's expressions),
cast (what they give to the columns' types), judge (the quarantine code). Their macros stand in queries/mapping.sql.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import duckdb

from datasync.intake.mapping import Mapped, kinds
from datasync.product import DEFAULTS, PRODUCT_COLUMNS, TYPES, texts
from datasync.relation import Relation
from datasync.sql import literal, quote

PASSED_BY = ("blank", "filtered")  # codes of records that are counted, and are neither products nor in quarantine
CODES = ("missing-sku", "missing-name", "duplicate-sku", "unknown-status", "bad-value", "bad-time", "unreadable")
_AS_GIVEN = ("sku", "name", "description")  # not trimmed: what the source says is kept to the letter
_WORDS = {
    "status": "; known are enabled and disabled.",
    "stock": "; known are in-stock, low-stock, out-of-stock and unknown.",
    "price": ", which is no decimal number.",
    "visible_in": ", which is no list of catalog and search.",
    "images": ", which is neither a URL nor a JSON list of images.",
    "categories": ", which is no list of texts.",
    "updated_at": ", which is no time.",
}
_NESTED = {
    "images": "images holds what is no URL and no JSON object of url, label and roles; take the URLs of it, as in "
    "images: json_extract_string(images, '$[*].src')",
    "categories": "categories holds JSON objects; take what it is of them, as in "
    "categories: json_extract_string(categories, '$[*].name')",
}
_TOO_LONG = ", which has more than 18 digits or 20 decimals."


@dataclass(frozen=True, slots=True)
class RecordExpressions:
    """Three SQL expressions over a raw record: ``record`` gives it as text, ``spoilt`` says what of it could not be
    read, and ``in_scope`` is true where it is one of this scope.
    """

    record: str = "NULL::VARCHAR"
    spoilt: str = "NULL::VARCHAR"
    in_scope: str = "true"


def judged(
    con: duckdb.DuckDBPyConnection,
    scope: str,
    mapped: Mapped,
    records: Relation,
    expressions: RecordExpressions,
) -> Relation:
    """``records`` mapped, cast and judged: one row per record, in their order.

    ``records`` have the text columns ``mapped.fields``, its rows not yet joined, and ``_place``, ``_unreadable``,
    ``_blank``. The result has ``_place``, ``code`` and ``sentence`` (NULL where the record is valid), ``record``
    (invalid ones only), the product's columns, and the attributes as plain text columns; ``product.finished`` makes
    the rest. A code of ``PASSED_BY`` says that the record is none.
    """
    sql_types = kinds(con, scope, mapped)
    taken = _take(mapped, mapped.joined(records), expressions)
    rows = _judge(mapped, sql_types, _cast(sql_types, taken, mapped.time_zone))
    columns = ", ".join([*PRODUCT_COLUMNS, *texts(mapped.attributes)])
    record = f"CASE WHEN _verdict.code NOT IN {PASSED_BY} THEN record_text(_whole) END AS record"
    verdict = "_verdict.code AS code, _verdict.sentence AS sentence"
    return Relation(f"SELECT _place, {verdict}, {record}, {columns} FROM (\n{rows.sql}\n)")


def _take(mapped: Mapped, records: Relation, expressions: RecordExpressions) -> Relation:
    """First layer: every column as its map gives it, and for each expression whether it failed on this record."""
    taken: list[str] = []
    for column, expression in mapped.columns.items():
        value = expression.sql if expression.is_field else f"TRY({{'v': {expression.sql}}})"
        taken.append(f"{value} AS {quote('m_' + column)}")
    carried = [f"{quote(f)} AS {text}" for f, text in zip(mapped.attributes, texts(mapped.attributes), strict=True)]
    meant = f"TRY({mapped.where.sql}) IS TRUE" if mapped.where else "true"
    inner = [*taken, *carried, "_place", "_unreadable", "_blank", f"{meant} AS _meant"]
    inner += [f"{expressions.record} AS _whole", f"{expressions.spoilt} AS _spoilt", f"{expressions.in_scope} AS _ours"]
    tried = [column for column, expression in mapped.columns.items() if not expression.is_field]
    plain = ", ".join(f"m_{column}.v AS m_{column}, m_{column} IS NULL AS failed_{column}" for column in tried)
    outer = f"SELECT * EXCLUDE ({', '.join(f'm_{c}' for c in tried)}), {plain} FROM" if tried else "SELECT * FROM"
    return Relation(f"{outer} (SELECT {', '.join(inner)} FROM (\n{records.sql}\n))")


def _cast(kinds: Mapping[str, str], taken: Relation, time_zone: str | None) -> Relation:
    """Second layer: each column in its type, NULL where there is no value or it cannot be understood."""
    values = [f"{_value_sql(column, kind)} AS g_{column}" for column, kind in kinds.items()]
    casts = [f"{_understood(column, f'g_{column}', kind, time_zone)} AS c_{column}" for column, kind in kinds.items()]
    with_values = f"SELECT {', '.join(['*', *values])} FROM (\n{taken.sql}\n)"
    return Relation(f"SELECT {', '.join(['*', *casts])} FROM ({with_values})")


def _value_sql(column: str, kind: str) -> str:
    """A value as it is understood: text without what cannot be seen around it, and none where nothing is left."""
    if column == "description" and kind == "VARCHAR":
        return "CASE WHEN m_description = '' OR NOT looks_empty(m_description) THEN m_description END"
    return f"trimmed(m_{column})" if kind == "VARCHAR" and column not in _AS_GIVEN else f"m_{column}"


def _understood(column: str, value: str, kind: str, time_zone: str | None) -> str:
    """SQL that gives a mapped value in its column's type, or NULL."""
    is_text, tried = kind == "VARCHAR", f"TRY_CAST({value} AS {TYPES[column]})"
    if column in ("status", "stock"):
        return f"{column}_of(CAST({value} AS VARCHAR))"
    if column == "visible_in":
        return f"places_in({value})" if is_text else f"places_of({tried})"
    if column == "categories":
        return f"settled_list(flat_list({f'list_of({value})' if is_text else tried}))"
    if column == "images":
        lists = {"VARCHAR": f"images_of({value})", "VARCHAR[]": f"images_at({value})"}
        return f"settled_images({lists.get(kind, tried)})"
    if column == "updated_at":
        is_local = time_zone and not kind.endswith("WITH TIME ZONE")
        return f"time_of({f'time_in({value}, {literal(time_zone)})' if is_local else tried})"
    if column == "price":
        return f"price_of({_number_text(value, kind)})"
    return value if is_text and TYPES[column] == "VARCHAR" else tried


def _number_text(value: str, kind: str) -> str:
    """SQL that gives a number as text; of a DOUBLE the 15 digits that it is sure to have, for its sums have more."""
    if kind == "DOUBLE":
        return f"format('{{:.15g}}', {value})"
    return f"{value} ->> '$'" if kind == "JSON" else f"CAST({value} AS VARCHAR)"


def _judge(mapped: Mapped, kinds: Mapping[str, str], cast: Relation) -> Relation:
    """Third layer: the columns with their defaults, and the verdict: NULL, or an invalid record's code and sentence."""
    columns = [f"CAST({_with_default(column, kinds)} AS {TYPES[column]}) AS {column}" for column in PRODUCT_COLUMNS]
    failed = {c: [_failed(c)] * (not expression.is_field) for c, expression in mapped.columns.items()}
    cases = [_verdict("blank", "_blank", literal("The row is blank."))]
    cases.append(_verdict("filtered", "NOT _ours", literal("The record is not of this scope.")))
    cases.append(_verdict("unreadable", "_unreadable IS NOT NULL", "_unreadable"))
    nobody = _is_missing("sku", kinds)
    cases.append(_verdict("unreadable", f"_spoilt IS NOT NULL AND {nobody}", "_spoilt"))  # it may be any product
    cases.append(_verdict("bad-value", "_spoilt IS NOT NULL", "_spoilt"))
    cases += [_verdict("filtered", "NOT _meant", literal("The record is not of this scope."))] if mapped.where else []
    for column, what in (("sku", "The record has no SKU."), ("name", "The product has no name.")):
        missing = _verdict(f"missing-{column}", _is_missing(column, kinds), literal(what))
        cases += [*failed.pop(column, []), missing]
    for column, cannot in failed.items():
        cases += [*cannot, *_not_understood(column, kinds[column])]
    selected = ", ".join([*columns, *texts(mapped.attributes), "_place", "_whole"])
    return Relation(f"SELECT {selected}, CASE {' '.join(cases)} END AS _verdict FROM (\n{cast.sql}\n)")


def _is_missing(column: str, mapped: Collection[str]) -> str:
    return f"coalesce(looks_empty({_with_default(column, mapped)}), true)"


def _with_default(column: str, mapped: Collection[str]) -> str:
    value, default = (f"c_{column}" if column in mapped else "NULL::VARCHAR"), DEFAULTS.get(column)
    return value if default is None else f"coalesce({value}, {default})" if column in mapped else default


def _failed(column: str) -> str:
    sentence = literal(f"{column}: its expression in the map fails on this record.")
    return _verdict("bad-value", f"failed_{column}", sentence)


def _not_understood(column: str, kind: str) -> list[str]:
    if column not in _WORDS:
        return []
    code = {"status": "unknown-status", "updated_at": "bad-time"}.get(column, "bad-value")
    words = literal(_WORDS[column])
    if column == "price":
        words = f"CASE WHEN is_number(CAST(g_price AS VARCHAR)) THEN {literal(_TOO_LONG)} ELSE {words} END"
    sentence = f"'{column} is ' || left(CAST(m_{column} AS VARCHAR), 80) || {words}"
    if column in _NESTED and kind.startswith("VARCHAR"):
        holds = f"holds_nested(g_{column})" if kind == "VARCHAR" else f"flat_list(g_{column}) IS NULL"
        sentence = f"CASE WHEN {holds} THEN {literal(_NESTED[column] + '.')} ELSE {sentence} END"
    return [_verdict(code, f"g_{column} IS NOT NULL AND c_{column} IS NULL", sentence)]


def _verdict(code: str, when: str, sentence: str) -> str:
    return f"WHEN {when} THEN {{'code': '{code}', 'sentence': {sentence}}}"
