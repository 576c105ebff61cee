"""A table or a query of a database, and the statements that read it: text for whatever database it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from datasync.errors import InvalidSettings
from datasync.settings import Scope
from datasync.sources.drivers import Driver
from datasync.sources.refusals import Refused, Unreachable

if TYPE_CHECKING:
    import pyarrow as pa

Condition = sa.ColumnElement[bool]
_TEXTS = ("text", "varchar", "bpchar", "citext", "")
_SHOWN = 20
_NUMBERS = ("int2", "int4", "int8", "")


class Relation:
    """What a scope names, a table or a query, on one connection. ``:locale`` in a query is the scope's locale."""

    def __init__(self, driver: Driver, name: str, scope: Scope) -> None:
        self._driver, self._key, self._scope = driver, f"scopes.{name}", scope
        self._from = _table(scope.table) if scope.table else _query(scope.query or "", scope.locale or name)
        none: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(self._from(())).where(sa.false())
        columns = self._columns(none)
        self._kinds = dict(columns)
        self._refuse_twins([column for column, _ in columns])
        self._rows = self._from(tuple(self._kinds))

    def _columns(self, none: sa.Select[Any]) -> list[tuple[str, str]]:
        try:
            return self._driver.columns(self._text(none))
        except Refused:
            if table := self._scope.table:
                self._refuse_unknown(table)
            raise

    def _refuse_unknown(self, table: str) -> None:
        with suppress(Refused, Unreachable):
            known = sorted(self._driver.tables())
            if table not in known:
                raise InvalidSettings(f"{self._key}.table", f"there is no table {table!r}.", _offered(table, known))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._kinds)

    def column(self, key: str) -> sa.ColumnClause[Any]:
        """The column that the setting ``key`` of the scope names; InvalidSettings where there is none."""
        name = str(getattr(self._scope, key))
        if name not in self._kinds:
            known = f"Columns here: {', '.join(self._kinds)}."
            raise InvalidSettings(f"{self._key}.{key}", f"there is no column {name!r}.", known)
        found: sa.ColumnClause[Any] = self._rows.c[name]
        return found

    def sample(self, column: sa.ColumnElement[Any]) -> Any:
        """One value of a column, as Python has it; None where all are NULL."""
        return self._driver.value(self._text(sa.select(column).where(column.is_not(None)).limit(1)))

    def newest(self, column: sa.ColumnElement[Any]) -> Any:
        """The largest value of a column."""
        return self._driver.value(self._text(sa.select(sa.func.max(column))))

    def count(self, condition: Condition | None) -> int:
        """How many rows a condition is true for."""
        counted = sa.select(sa.func.count()).select_from(self._rows)
        return int(self._driver.value(self._text(counted if condition is None else counted.where(condition))))

    def rows(
        self, condition: Condition | None, order: sa.ColumnElement[Any] | None = None, limit: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows that a condition is true for, all columns as text, in batches as they come from the server."""
        columns = [self._driver.as_text(self._rows.c[name], kind).label(name) for name, kind in self._kinds.items()]
        chosen = sa.select(*columns)
        chosen = chosen if condition is None else chosen.where(condition)
        chosen = chosen if order is None else chosen.order_by(order)
        return self._driver.batches(self._text(chosen if limit is None else chosen.limit(limit)))

    def among(self, name: str, texts: tuple[str, ...]) -> Condition | None:
        """Whether a column holds one of some texts; None where only its text could tell, which no index has."""
        found = next((known for known in self._kinds if known.lower() == name.lower()), None)
        if found is None:
            return None
        column: sa.ColumnElement[Any] = self._rows.c[found]
        kind = self._kinds[found]
        sample = self.sample(column)
        if isinstance(sample, str) and kind in _TEXTS:
            return column.in_([value(text) for text in texts])
        if isinstance(sample, int) and kind in _NUMBERS:
            return column.in_([value(int(text)) for text in texts if _is_plain_number(text)] or [sa.null()])
        return None

    def _refuse_twins(self, names: list[str]) -> None:
        lower = [name.lower() for name in names]
        if twin := next((name for name in names if lower.count(name.lower()) > 1), None):
            raise InvalidSettings(f"{self._key}.query", f"two columns are called {twin!r}.", "Name one otherwise (AS).")

    def _text(self, statement: sa.Select[Any]) -> str:
        return str(statement.compile(dialect=self._driver.dialect, compile_kwargs={"literal_binds": True}))


def value(given: Any) -> sa.ColumnElement[Any]:
    """A value as a statement writes it."""
    if isinstance(given, datetime):
        return sa.literal(given, sa.DateTime(timezone=given.tzinfo is not None))
    if isinstance(given, date):
        return sa.literal(given, sa.Date())
    if isinstance(given, Decimal | int | float):
        return sa.literal_column(format(given, "f") if isinstance(given, Decimal) else repr(given))
    return sa.literal(str(given), sa.String())


def _offered(table: str, known: list[str]) -> str:
    """What could have been meant, and what there is."""
    if not known:
        return "This database has no table that this login may see: is it the right one?"
    lower = {one.lower(): one for one in reversed(known)} | {one.lower().split(".")[-1]: one for one in known}
    near = list(dict.fromkeys(lower[one] for one in get_close_matches(table.lower(), lower, 3)))
    meant = f"Nearest: {', '.join(near)}. " if near else ""
    more = f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else ""
    return f"{meant}Tables here: {', '.join(known[:_SHOWN])}{more}."


def _table(given: str) -> Any:
    *schema, name = given.split(".")

    def made(columns: tuple[str, ...]) -> sa.FromClause:
        return sa.table(name, *map(sa.column, columns), schema=".".join(schema) or None).alias("q")

    return made


def _query(given: str, locale: str) -> Any:
    """A query as a derived table: only ``:locale`` is filled in, every other colon is the query's own."""
    parts = re.split(r"(?<![:\w]):locale\b", given.strip().rstrip(";"))
    mine = "'" + locale.replace("'", "''") + "'"
    text = sa.text((mine.join(parts) + "\n").replace(":", r"\:"))
    return lambda columns: text.columns(*map(sa.column, columns)).subquery("q")


def _is_plain_number(text: str) -> bool:
    return re.fullmatch(r"0|-?[1-9]\d{0,17}", text) is not None
