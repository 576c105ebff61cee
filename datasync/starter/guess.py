"""Which field is which column: by its name, then by whether its values fit in one of their common forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import duckdb

from datasync import mapping, product, validation
from datasync.errors import SettingsError
from datasync.sql import quote, row
from datasync.starter.names import names
from datasync.starter.sample import Field, Sample

_ON_OFF = (("1", "0"), ("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"), ("on", "off"))
_STATUS = (*_ON_OFF, ("1", "2"), ("active", "inactive"), ("published", "draft"), ("online", "offline"))
_STOCK = (
    *_ON_OFF,
    ("in stock", "out of stock"),
    ("in_stock", "out_of_stock"),
    ("instock", "outofstock"),
    ("available", "unavailable"),
)
_VISIBLE = (
    {
        "catalog, search": "['catalog', 'search']",
        "catalog": "['catalog']",
        "search": "['search']",
        "not visible individually": "[]",
    },
    {"4": "['catalog', 'search']", "2": "['catalog']", "3": "['search']", "1": "[]"},
)
_TIMES = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y, %I:%M %p",
)
_COUNTED = re.compile(r"qty|quantity|inventory|on_hand")
_MOST_THAT_DOES_NOT_FIT = 0.01


@dataclass(frozen=True, slots=True)
class _Form:
    """One way to read a field: an expression, and what must hold of the field's values for it to mean anything."""

    sql: str
    needs: str | None = None


def guess(con: duckdb.DuckDBPyConnection, sample: Sample) -> dict[str, str]:
    """A map from product columns to expressions over the fields of ``sample``, in the columns' order.

    A field that has a column's own name and does not fit is kept out of it: the column is mapped to null.
    """
    sku = _identity(sample)
    made = {"sku": spelled(con, sku.name), "name": spelled(con, _title(sample, sku).name)}
    for column in product.PRODUCT_COLUMNS:
        if column not in made and (found := _fitting(con, sample, column)):
            made[column] = found
        elif column not in made and any(field.name.lower() == column and field.filled for field in sample.fields):
            made[column] = "null"
    return {column: made[column] for column in product.PRODUCT_COLUMNS if column in made}


def by_values(sample: Sample, made: Mapping[str, str]) -> tuple[str, ...]:
    """Which of the sku and the name were chosen by the fields' values alone, for no field's name says so."""
    return tuple(
        column
        for column in ("sku", "name")
        if not any(made[column].strip('"') == field.name.replace('"', '""') for field in _named(sample, column))
    )


def spelled(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """A field's name as SQL reads it, in quotes only where it needs them."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        own_words = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return quote(name) if row(con, f"SELECT lower(?) IN ({own_words}) AS is_one", name)["is_one"] else name
    return quote(name)


def _named(sample: Sample, column: str) -> list[Field]:
    """The fields whose names say that they are ``column``, the likeliest first."""
    by_name: dict[str, Field] = {}
    for field in sample.fields:
        by_name.setdefault(re.sub(r"[\W_]+", "_", field.name.lower()).strip("_"), field)
    return [by_name[name] for name in names(column) if name in by_name]


def _identity(sample: Sample) -> Field:
    """The field that is the SKU: by its name, filled nearly everywhere; else the one with the most different values."""
    enough = sample.records * (1 - _MOST_THAT_DOES_NOT_FIT)
    named = [field for field in _named(sample, "sku") if field.filled >= enough]
    return named[0] if named else max(sample.fields, key=lambda field: field.distinct)


def _title(sample: Sample, sku: Field) -> Field:
    """The field that is the name; else the fullest of those with many values."""
    named = [field for field in _named(sample, "name") if field.filled or not sample.records]
    rest = [field for field in sample.fields if field is not sku]
    return named[0] if named else max(rest, key=lambda field: (field.filled, field.distinct), default=sku)


def _fitting(con: duckdb.DuckDBPyConnection, sample: Sample, column: str) -> str | None:
    """The first form of the first field that fits the column; a field that is empty throughout fits none."""
    for field in _named(sample, column):
        if sample.records and not field.filled:
            continue
        for form in _forms(column, field, spelled(con, field.name)):
            if _holds(con, field, form) and _fits(con, column, form.sql):
                return form.sql
    return None


def _forms(column: str, field: Field, f: str) -> Iterator[_Form]:
    """The forms that a column's values come in, the plainest first."""
    if column == "stock" and _COUNTED.search(field.name.lower()):
        yield _counted(f)
        return
    yield _Form(f)
    if column == "status":
        pairs = (("1", "2"), *_STATUS) if field.name == "product_online" else _STATUS
        yield from _either(field, f, pairs, ("enabled", "disabled"))
    elif column == "stock":
        yield from _either(field, f, _STOCK, ("in-stock", "out-of-stock"))
        yield _counted(f)
    elif column == "visible_in":
        yield from _one_of(field, f, _VISIBLE)
    elif column == "price":
        yield _Form(
            f"replace(replace({f}, '.', ''), ',', '.')",
            rf"regexp_full_match(trim({f}), '-?[0-9.]*,[0-9]{{1,2}}|-?[0-9.]+')",
        )
        yield _Form(
            f"regexp_extract(replace({f}, ',', ''), '[0-9]+([.][0-9]+)?')",
            rf"regexp_matches({f}, '[0-9]+([.][0-9]{{2}})?\D*$')",
        )
    elif column == "updated_at":
        yield from _times(f)


def _counted(f: str) -> _Form:
    number = f"try_cast({f} as double)"
    return _Form(
        f"case when {number} > 0 then 'in-stock' when {number} <= 0 then 'out-of-stock' end", f"{number} IS NOT NULL"
    )


def _times(f: str) -> Iterator[_Form]:
    for form in _TIMES:
        yield _Form(f"try_strptime({f}, '{form}')", f"try_strptime(trim({f}), '{form}') IS NOT NULL")


def _either(field: Field, f: str, pairs: tuple[tuple[str, str], ...], means: tuple[str, str]) -> Iterator[_Form]:
    """The pairs of words that cover what the field uses; another word is handed on, so that a pull tells of it."""
    known = [dict(zip(pair, (f"'{one}'" for one in means), strict=True)) for pair in pairs]
    yield from _one_of(field, f, tuple(known))


def _one_of(field: Field, f: str, meanings: tuple[Mapping[str, str], ...]) -> Iterator[_Form]:
    used = {value.lower() for value in field.values}
    for meaning in meanings:
        if used and used <= set(meaning):
            is_text = any(word.upper() != word for word in meaning)
            otherwise = f"else [{f}]" if "[" in next(iter(meaning.values())) else f"else {f}"
            cases = " ".join(f"when '{word}' then {value}" for word, value in meaning.items())
            yield _Form(f"case {f'lower({f})' if is_text else f} {cases} {otherwise} end")


def _holds(con: duckdb.DuckDBPyConnection, field: Field, form: _Form) -> bool:
    if form.needs is None:
        return True
    given = f"nullif(trim({quote(field.name)}), '') IS NOT NULL"
    bad = f"count(*) FILTER (WHERE NOT coalesce({form.needs}, false))"
    return _share(con, f"SELECT {bad} AS bad, count(*) AS of FROM sample WHERE {given}")


def _fits(con: duckdb.DuckDBPyConnection, column: str, sql: str) -> bool:
    """Whether nearly every record of the sample stays valid with the expression, as a pull judges them."""
    records = "SELECT *, NULL::VARCHAR AS _place, NULL::VARCHAR AS _unreadable, false AS _blank FROM sample"
    try:
        how = mapping.mapping(con, "sample", {"sku": "'1'", "name": "'1'", column: sql}, (), (), ())
        judged = validation.judged(con, "sample", how, records, "NULL::VARCHAR")
    except SettingsError:
        return False
    return _share(con, f"SELECT count(code) AS bad, count(*) AS of FROM ({judged})")


def _share(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    counts = row(con, sql)
    return bool(counts["bad"] <= counts["of"] * _MOST_THAT_DOES_NOT_FIT)
