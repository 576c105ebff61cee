"""The options of a sql service: the table, its columns, and what becomes of a removed product's row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from datasync.settings.options import AuditedService
from datasync.settings.values import ConnectionName, Whole

if TYPE_CHECKING:
    from datasync.delivery.services.base import Service, ServiceOpening

SCOPE, SKU, HASH, VERSION, DELETED = "scope", "sku", "datasync_hash", "datasync_version", "deleted_at"
LONGEST_NAME = 63  # bytes: PostgreSQL cuts off what is longer, and the name would be another
_OURS = (SCOPE, SKU, HASH, VERSION, DELETED)


def _table(table: str) -> str:
    if not all(table.split(".")):
        raise ValueError("is no table: write one as in products, or with its schema as in shop.products")
    for name in table.rpartition(".")[::2]:
        _sized(name)
    return table


def _columns(columns: dict[str, str] | None) -> dict[str, str] | None:
    seen: set[str] = set()
    for name in columns or ():
        _sized(name)
        if not name:
            raise ValueError("has a column without a name")
        if name.lower() in _OURS:
            raise ValueError(f"has the column {name!r}, which every table has: {', '.join(_OURS)}. Name it otherwise")
        if name.lower() in seen:
            raise ValueError(f"has the column {name!r} twice, if case does not count. Name one of them otherwise")
        seen.add(name.lower())
    return columns


def _sized(name: str) -> None:
    if "\0" in name or len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"has the name {name!r}: a name in a database has at most {LONGEST_NAME} bytes, and no NUL")


class SqlService(AuditedService):
    """A table of a PostgreSQL or SQLite database, by ``connection``. Scopes may share it: its key is scope and SKU.

    ``columns`` are SQL expressions over product columns by the column's name; without it, every product column is one.
    ``deletes`` says whether the row of a removed product is deleted, or marked with a time in ``deleted_at``.
    """

    refuses_by: ClassVar[tuple[str, ...]] = ("connection", "table", "columns")
    is_keyed_by_scope: ClassVar[bool] = True
    place_of_its_own: ClassVar[str] = "a table of its own"
    extra: ClassVar[str] = "datasync[sql]"  # SQLAlchemy and the drivers

    kind: Literal["sql"]
    connection: ConnectionName = Field(
        description="where it is: Airflow's connection, or AIRFLOW_CONN_WAREHOUSE", examples=["warehouse"]
    )
    table: Annotated[str, AfterValidator(_table)] = Field(
        description="the table, made if it is not there; scopes may share it", examples=["shop.products"]
    )
    columns: Annotated[dict[str, str] | None, AfterValidator(_columns)] = Field(
        None,
        description="SQL over product columns, by the column's name; without it, every product column",
        examples=[{"name": "name", "net_price": "price / 1.19"}],
    )
    deletes: Literal["delete", "mark"] = Field(
        "delete", description="mark: a removed product keeps its row, with a time in deleted_at"
    )
    batch_seconds: Annotated[Whole, Field(ge=1)] = Field(120, description="the longest that one batch may take")

    def target(self, scope: str) -> str:
        return f"{super().target(scope)} {self.table}"

    def open(self, opening: ServiceOpening) -> Service:
        from datasync.delivery.services.sql.service import SqlTable

        return SqlTable(opening)
