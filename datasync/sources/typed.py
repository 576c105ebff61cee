"""Values of typed columns as text: nothing of a number is lost, binary is UTF-8, and nested values are JSON.

What has no text (binary that is no UTF-8, an infinite number) is told beside it, so that its record alone suffers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from datasync.sql import literal, quote

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

MEGABYTE = 1 << 20
_TOO_LONG = " bytes, and max_record_mb of its source lets {:,} MB pass."
_NESTED = ("list", "array", "struct", "map", "union", "variant")


@dataclass(frozen=True, slots=True)
class Text:
    """SQL for a column's text, and for what is wrong where it has none to give; ``""`` where nothing can be."""

    sql: str
    spoilt: str = ""


def text(name: str, kind: DuckDBPyType, longest: int) -> Text:
    """How a column becomes text; a text of over ``longest`` bytes spoils its record."""
    column = quote(name)
    if str(kind) in ("VARCHAR", "JSON"):
        return _limited(name, Text(f"{column}::VARCHAR" if str(kind) == "JSON" else column), longest)
    if kind.id in ("float", "double"):
        return Text(_number(column), _wrong(f"isinf({column})", name, "an infinite number"))
    if kind.id == "blob":
        return _limited(name, _tried(name, f"decode({column})", "binary that is no UTF-8 text"), longest)
    if kind.id in _NESTED:
        rebuilt = _sound(column, kind)
        if rebuilt == column:
            return _limited(name, Text(f"to_json({column})::VARCHAR"), longest)
        what = "binary that is no UTF-8 text, or an infinite number"
        return _limited(name, _tried(name, f"to_json({rebuilt})::VARCHAR", what), longest)
    return Text(f"{column}::VARCHAR")


def _limited(name: str, text: Text, longest: int) -> Text:
    size, most = f"strlen({text.sql})", longest // MEGABYTE
    sentence = f"{literal(f'{name} has ')} || format('{{:,}}', {size}) || {literal(_TOO_LONG.format(most))}"
    too_long = f"CASE WHEN {size} > {longest} THEN {sentence} END"
    return Text(text.sql, f"coalesce({text.spoilt}, {too_long})" if text.spoilt else too_long)


def _tried(name: str, sql: str, what: str) -> Text:
    attempt = f"TRY({sql})"
    return Text(attempt, _wrong(f"{quote(name)} IS NOT NULL AND {attempt} IS NULL", name, what))


def _wrong(when: str, name: str, what: str) -> str:
    return f"CASE WHEN {when} THEN {literal(f'{name} holds {what}.')} END"


def _number(column: str) -> str:
    """A number in full, without an exponent where its digits can be written, and without a fraction of zeros."""
    plain = f"{column}::VARCHAR"
    tried = [f"TRY_CAST({plain} AS DECIMAL(38, {places}))" for places in (18, 0)]
    full = [f"CASE WHEN {exact}::DOUBLE = {plain}::DOUBLE THEN {exact}::VARCHAR END" for exact in tried]
    return (
        f"CASE WHEN NOT isfinite({column}) THEN NULL WHEN NOT contains({plain}, 'e') "
        f"THEN regexp_replace({plain}, '\\.0$', '') "
        f"ELSE coalesce(rtrim(rtrim({full[0]}, '0'), '.'), {full[1]}, {plain}) END"
    )


def _sound(value: str, kind: DuckDBPyType, depth: int = 0) -> str:
    """A nested value whose binary is text, whose short floats keep their digits, and without what JSON has not."""
    if kind.id == "blob":
        return f"decode({value})"
    if kind.id in ("float", "double"):
        digits = f"{value}::VARCHAR::DOUBLE" if kind.id == "float" else value
        fails = f"{value}::BIGINT"  # which an infinite number has not; error() would not be tried
        return f"CASE WHEN isinf({value}) THEN {fails} WHEN NOT isnan({value}) THEN {digits} END"
    if kind.id in ("list", "array"):
        item = f"one_{depth}"
        inner = _sound(item, dict(_children(kind))["child"], depth + 1)
        return value if inner == item else f"list_transform({value}, lambda {item}: {inner})"
    if kind.id == "struct":
        return _sound_struct(value, kind, depth)
    if kind.id == "map":
        return _sound_map(value, kind, depth)
    return value


def _sound_struct(value: str, kind: DuckDBPyType, depth: int) -> str:
    fields = {name: f"{value}[{literal(name)}]" for name, _ in _children(kind)}
    inner = {name: _sound(fields[name], child, depth) for name, child in _children(kind)}
    if inner == fields:
        return value
    packed = ", ".join(f"{literal(name)}: {sql}" for name, sql in inner.items())
    return f"CASE WHEN {value} IS NOT NULL THEN {{{packed}}} END"


def _sound_map(value: str, kind: DuckDBPyType, depth: int) -> str:
    entry, kinds = f"entry_{depth}", dict(_children(kind))
    parts = {part: f"{entry}[{literal(part)}]" for part in ("key", "value")}
    inner = {part: _sound(sql, kinds[part], depth + 1) for part, sql in parts.items()}
    if inner == parts:
        return value
    packed = ", ".join(f"{literal(part)}: {sql}" for part, sql in inner.items())
    return f"map_from_entries(list_transform(map_entries({value}), lambda {entry}: {{{packed}}}))"


def _children(kind: DuckDBPyType) -> list[tuple[str, DuckDBPyType]]:
    return cast("list[tuple[str, DuckDBPyType]]", kind.children)
