"""Tables that a sql service delivers to: in a real PostgreSQL and in a file of SQLite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datasync.connection import from_environment
from datasync.delivery.services import open_service
from datasync.delivery.services.sql.service import SqlTable
from tests.line import SCOPE, Line
from tests.postgres import PostgreSQL
from tests.sources.databases import Place, made

WAYS = ("postgresql", "sqlite")
EVERYTHING = {"percent": 100, "products": 100_000}


@dataclass(frozen=True)
class Shop:
    """A database, and a line whose service `bi` is a table of it."""

    way: str
    place: Place
    line: Line

    @property
    def is_postgresql(self) -> bool:
        return self.way == "postgresql"

    def service(self, scope: str = SCOPE) -> SqlTable:
        opened = open_service(self.line.settings, "bi", scope, from_environment)
        assert isinstance(opened, SqlTable)
        return opened

    def rows(self, columns: str = "sku, name", where: str = f"scope = '{SCOPE}'", table: str = "products") -> set[Any]:
        return {tuple(row) for row in self.place.run(f"SELECT {columns} FROM {table} WHERE {where}")}

    def held(self, where: str = f"scope = '{SCOPE}'", table: str = "products") -> dict[str, str]:
        """The hash of each row that is ours."""
        ours = f"{where} AND datasync_hash IS NOT NULL"
        return dict(self.rows("sku, datasync_hash", ours, table))

    def is_true(self, table: str = "products", where: str = f"scope = '{SCOPE}'") -> bool:
        """Whether the table holds what the receipts say, nothing is due, and every product is explained."""
        receipts = {sku: row["held_hash"] for sku, row in self.line.receipts("bi").items() if row["held_hash"]}
        figures = self.line.figures("bi")
        return receipts == self.held(where, table) and (figures.due, figures.removals_due, figures.unexplained) == (
            0,
            0,
            0,
        )

    def is_the_catalog(self) -> bool:
        """Whether the table holds each product of the catalog, in its version."""
        catalog = {sku: row["hash"] for sku, row in self.line.catalog().items() if row["hash"]}
        return self.held() == catalog and self.is_true()


def opened(
    way: str,
    server: PostgreSQL,
    folder: Path,
    patch: pytest.MonkeyPatch,
    options: Mapping[str, Any] | None = None,
) -> Shop:
    """A new database, with nothing in it, and a line that delivers to its table `products`."""
    place = made(way, server, folder)
    patch.setenv("AIRFLOW_CONN_BI", place.uri())
    service = {"kind": "sql", "connection": "bi", "table": "products", **(options or {})}
    return Shop(way, place, Line(folder, guard=EVERYTHING, bi=service))
