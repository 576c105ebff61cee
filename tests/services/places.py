"""What the services `opensearch` and `sql` deliver to, for the contract and for kills: empty, and behind a proxy."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from datasync.connection import from_environment
from datasync.delivery.services import open_service
from tests.line import SCOPE, Line
from tests.searchserver import OpenSearch
from tests.services.contract import NAME
from tests.services.faults import Faults
from tests.services.indexed import connection
from tests.sources import databases

SEARCH, BI = "AIRFLOW_CONN_SEARCH", "AIRFLOW_CONN_BI"
BULK = "^POST .*/_bulk"
COMMIT = {"contains": "COMMIT\0"}  # what hands products over to PostgreSQL, as bytes
_RAISE = "BEGIN RAISE check_violation USING MESSAGE = ''Nobody may be called so''; END"
_WHEN = "BEFORE INSERT ON products FOR EACH ROW WHEN (NEW.name = 'Refused')"
_REFUSES = {
    "postgresql": (
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS '{_RAISE}'",
        f"CREATE TRIGGER refuse {_WHEN} EXECUTE FUNCTION refuse()",
    ),
    "sqlite": (f"CREATE TRIGGER refuse {_WHEN} BEGIN SELECT RAISE(ABORT, 'Nobody may be called so'); END",),
}


@dataclass
class Index:
    """An alias of its own, which the first transfer makes, and whose index takes numbers as the address."""

    faults: Faults
    options: Mapping[str, Any]
    server: OpenSearch
    alias: str

    def holds(self) -> Mapping[str, tuple[str | None, int | None]]:
        if not self.server.ask("GET", f"_resolve/index/{self.alias}*")["aliases"]:
            return {}
        documents = self.server.documents(self.alias)
        return {sku: (document["datasync"]["hash"], document["_version"]) for sku, document in documents.items()}


def index(server: OpenSearch, proxy: Faults, folder: Path) -> Index:
    """An index to be; the connection to it goes into the environment."""
    os.environ[SEARCH] = connection(f"http://127.0.0.1:{proxy.port}")
    prefix, mapping = server.prefix(), folder / "search.json"
    mapping.write_text(json.dumps({"mappings": {"dynamic": False, "properties": {"url": {"type": "long"}}}}))
    options = {"kind": "opensearch", "connection": "search", "index": f"{prefix}-{{scope}}", "timeout": "30s"}
    return Index(proxy, {**options, "mapping": str(mapping)}, server, f"{prefix}-{SCOPE}")


@dataclass
class Table:
    """An empty table, with a fence, that takes no product that is called "Refused"."""

    faults: Faults
    options: Mapping[str, Any]
    database: databases.Place

    def holds(self) -> Mapping[str, tuple[str | None, int | None]]:
        rows = f"SELECT sku, datasync_hash, datasync_version FROM products WHERE scope = '{SCOPE}'"
        return {sku: (hash_, version) for sku, hash_, version in self.database.run(rows)}


def table(database: databases.Place, proxy: Faults, folder: Path, way: str) -> Table:
    """A table, made past the proxy; the connection, by way of the proxy if it is a server's, goes into the
    environment.
    """
    os.environ[BI] = database.uri()
    options = {"kind": "sql", "connection": "bi", "table": "products", "batch_seconds": 60}
    service: Any = open_service(Line(folder, **{NAME: options}).settings, NAME, SCOPE, from_environment)
    service.prepare()
    database.run(*_REFUSES[way])
    if port := urlsplit(database.uri()).port:
        os.environ[BI] = database.uri().replace(f":{port}/", f":{proxy.port}/")
    return Table(proxy, options, database)
