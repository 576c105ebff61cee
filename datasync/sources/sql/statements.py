"""A table or a query of a database, and the statements that read it: text for whatever database it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from datasync.databases.driver_errors import Refused, Unreachable
from datasync.errors import InvalidSettings
from datasync.sources.sql.backends import Backend, Column, Condition, statement
from datasync.sources.sql.drivers import Driver
from datasync.sources.sql.options import SqlScope
from datasync.sources.sql.sound import SPOILT

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "datasync key"  # a column beside those of the source: how a statement names the key of a row
_SHOWN = 20
_SOME = 100


class SourceRows:
    """What a scope names, a table or a query, on one connection. ``:locale`` in a query is the scope's locale."""

    def __init__(self, driver: Driver, name: str, scope: SqlScope) -> None:
        self._driver, self._key, self._scope = driver, f"scopes.{name}", scope
        self._from = _table(scope.table) if scope.table else _query(scope.query or "", scope.locale or name)
        none: sa.Select[Any] = sa.select(sa.literal_column("*")).select_from(self._from(())).where(sa.false())
        columns = self._described(none)
        self._columns = {column.name: column for column in columns}
        names = [column.name for column in columns]
        self._refuse_names(names)
        self._refuse_twins(names)
        self._rows = self._from(tuple(self._columns))

    def _described(self, none: sa.Select[Any]) -> list[Column]:
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
        return tuple(self._columns)

    @property
    def backend(self) -> Backend:
        """What the database needs of statements."""
        return self._driver.backend

    def has(self, setting: str) -> bool:
        """Whether the scope names a column for ``setting``."""
        return bool(getattr(self._scope, setting))

    def described(self, setting: str) -> Column:
        """What the database says of the column that a setting of the scope names; InvalidSettings where there is
        none.
        """
        name = str(getattr(self._scope, setting))
        if name not in self._columns:
            known = f"Columns here: {', '.join(self._columns)}."
            raise InvalidSettings(f"{self._key}.{setting}", f"there is no column {name!r}.", known)
        return self._columns[name]

    def column(self, setting: str) -> sa.ColumnClause[Any]:
        """The column that a setting of the scope names, for a condition."""
        named: sa.ColumnClause[Any] = self._rows.c[self.described(setting).name]
        return named

    def value(self, select: sa.Select[Any]) -> Any:
        """The first value that a SELECT over the rows gives, as Python has it; None where there is no row."""
        return self._driver.value(self._text(select))

    def now(self) -> datetime | None:
        """What time it is by the database's own clock, as its rows' times are; None where that can't be said."""
        clock = self.backend.clock(self._driver.dialect.name)
        time_text = None if clock is None else self._driver.value(self._text(sa.select(clock.label("now"))))
        return None if time_text is None else datetime.fromisoformat(str(time_text)).replace(tzinfo=UTC)

    def newest(self, column: sa.ColumnElement[Any], condition: Condition) -> list[str]:
        """The largest values of a column for which a condition holds, as sound text, the largest first; some, not
        all.
        """
        what = self._columns[str(column.key)]
        largest = sa.select(column.label("c")).select_from(self._rows).where(sa.and_(condition, column.is_not(None)))
        some = largest.order_by(column.desc()).limit(_SOME).subquery("some")
        # A time without a zone stays as it is: it is compared with the column, and not shown
        texts = sa.select(self.backend.as_text(some.c.c, Column("c", "text", what.native)).label("c"))
        batches = self._driver.batches(self._text(texts.select_from(some).order_by(some.c.c.desc())))
        rows = [row for batch in batches for row in batch.to_pylist()]
        return [row["c"] for row in rows if row["c"] is not None and not row[SPOILT]]

    def count(self, condition: Condition | None = None) -> int:
        """How many rows a condition is true for."""
        counted = sa.select(sa.func.count()).select_from(self._rows)
        return int(self.value(counted if condition is None else counted.where(condition)))

    def rows(
        self, condition: Condition | None, limit: int | None = None, names: tuple[str, ...] = ()
    ) -> Iterator[pa.RecordBatch]:
        """The rows that a condition is true for, all columns (or those named) as text, as they come from the server."""
        chosen = self._chosen(condition, names or self.names)
        return self._driver.batches(self._text(chosen if limit is None else chosen.limit(limit)))

    def page(self, condition: Condition | None, size: int) -> Iterator[pa.RecordBatch]:
        """The first rows by the scope's key that a condition is true for, each with its key as SQL in ``KEY``."""
        column, what = self.column("key"), self.described("key")
        chosen = self._chosen(condition, self.names)
        chosen = chosen.add_columns(self.backend.as_literal(column, what).label(KEY)).order_by(column).limit(size)
        return self._driver.batches(self._text(chosen))

    def beyond(self, reached: str) -> Condition:
        """True for rows whose key comes after that of a row, by its ``KEY``."""
        return self.column("key") > sa.literal_column(self.backend.literal(reached, self.described("key")))

    def among(self, name: str, texts: tuple[str, ...]) -> Condition | None:
        """True for rows whose column holds one of some texts; None where only its text could tell, which no index
        has.
        """
        known = next((known for known in self._columns if known.lower() == name.lower()), None)
        return None if known is None else self.backend.among(self._rows.c[known], self._columns[known], texts)

    def _refuse_names(self, names: list[str]) -> None:
        """Refuse what has no columns, and a column of no name, or of one that stands for something else here."""
        where = f"{self._key}.{'table' if self._scope.table else 'query'}"
        if not names:
            raise InvalidSettings(where, "it has no columns.", "Name another table, or write a `query:`.")
        if (bad := next((name for name in names if name.lower() in ("", KEY, SPOILT)), None)) is not None:
            problem = f"a column is called {bad!r}, which none can be here."
            raise InvalidSettings(where, problem, "Write a `query:` that names it otherwise (AS), or leaves it out.")

    def _refuse_twins(self, names: list[str]) -> None:
        lower = [name.lower() for name in names]
        if twin := next((name for name in names if lower.count(name.lower()) > 1), None):
            raise InvalidSettings(f"{self._key}.query", f"two columns are called {twin!r}.", "Name one otherwise (AS).")

    def _chosen(self, condition: Condition | None, names: tuple[str, ...]) -> sa.Select[Any]:
        columns = [self.backend.as_text(self._rows.c[name], self._columns[name]).label(name) for name in names]
        chosen = sa.select(*columns)
        return chosen if condition is None else chosen.where(condition)

    def _text(self, select: sa.Select[Any]) -> str:
        return statement(self._driver.dialect, select)


def _offered(table: str, known: list[str]) -> str:
    """What could have been meant, and what there is."""
    if not known:
        return "This database has no table that this login may see: is it the right one?"
    lower = {table_name.lower(): table_name for table_name in reversed(known)} | {
        table_name.lower().split(".")[-1]: table_name for table_name in known
    }
    near = list(dict.fromkeys(lower[table_name] for table_name in get_close_matches(table.lower(), lower, 3)))
    meant = f"Nearest: {', '.join(near)}. " if near else ""
    more = f" and {len(known) - _SHOWN:,} more" if len(known) > _SHOWN else ""
    return f"{meant}Tables here: {', '.join(known[:_SHOWN])}{more}."


def _table(table: str) -> Any:
    *schema, name = table.split(".")

    def relation(columns: tuple[str, ...]) -> sa.FromClause:
        return sa.table(name, *map(sa.column, columns), schema=".".join(schema) or None).alias("q")

    return relation


def _query(query: str, locale: str) -> Any:
    """A query as a derived table: only ``:locale`` is filled in, every other colon is the query's own."""
    parts = re.split(r"(?<![:\w]):locale\b", query.strip().rstrip(";"))
    mine = "'" + locale.replace("'", "''") + "'"
    text = sa.text((mine.join(parts) + "\n").replace(":", r"\:"))
    return lambda columns: text.columns(*map(sa.column, columns)).subquery("q")
