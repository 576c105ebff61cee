"""A line that delivers to a real OpenSearch, and what its index holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from datasync.connection import from_environment
from datasync.delivery.rebuild import Rebuilt
from datasync.delivery.services import open_service
from datasync.delivery.services.base import Remark
from datasync.relation import Relation, select
from datasync.store.logs import catalog_log
from tests.line import SCOPE, Line, skus_sql
from tests.searchserver import OpenSearch

EVERYTHING = {"percent": 100, "products": 1000}


class Shop:
    """A line that delivers to an alias of its own, called `search` in its settings."""

    def __init__(self, server: OpenSearch, folder: Path, **options: Any) -> None:
        self.server, self.prefix = server, server.prefix()
        search = {"kind": "opensearch", "connection": "search", "index": f"{self.prefix}-{{scope}}", **options}
        self.line = Line(folder, guard=EVERYTHING, search=search)
        self.alias = f"{self.prefix}-{SCOPE}"

    def sync(self, *rows: Any) -> Any:
        return self.line.sync(list(rows), "search")

    def transfer(self) -> Any:
        return self.line.transfer("search")

    def rebuild(self, run: str = "rebuild", **options: Any) -> Rebuilt:
        return self.line.rebuild("search", run, **options)

    @property
    def indices(self) -> set[str]:
        """Every index of the shop, whatever alias leads to it."""
        return set(self.server.ask("GET", f"{self.prefix}*"))

    @property
    def index(self) -> str:
        (name,) = self.server.ask("GET", f"_alias/{self.alias}")
        return str(name)

    @property
    def shown(self) -> dict[str, dict[str, Any]]:
        """What the alias shows."""
        return self.server.documents(self.alias)

    @property
    def all(self) -> dict[str, dict[str, Any]]:
        """What the index has, removed products too."""
        return self.server.documents(self.index)

    @property
    def service(self) -> Any:
        return open_service(self.line.settings, "search", SCOPE, from_environment)

    def holds(self, *skus: str) -> dict[str, tuple[str | None, bool]]:
        """What the service says that it holds: all, or of these SKUs."""
        held = self.service.holds(self.line.con, skus_sql(*skus) if skus else None)
        return {
            sku: (hash_, is_ours) for sku, hash_, is_ours in _columns(held, "sku, hash, is_ours").rows(self.line.con)
        }

    def remarks(self) -> list[Remark]:
        """What the service says of itself, over the products of the catalog."""
        catalog = catalog_log(self.line.store, SCOPE).fold()
        sample = _columns(catalog, "*, 'added' AS operation")
        return list(self.service.examine(self.line.con, sample))

    def finds(self, query: Any) -> set[str]:
        """The SKUs that a search by the alias finds."""
        self.server.ask("POST", f"{self.alias}/_refresh")
        return {
            hit["_id"] for hit in self.server.ask("POST", f"{self.alias}/_search", {"query": query})["hits"]["hits"]
        }

    def bulk_index(self, sku: str, document: Any, version: int, version_type: str = "external_gte") -> int:
        """Write a document as somebody else would; the status of the answer."""
        path, parameters = (
            f"{self.server.url}/{self.index}/_doc/{sku}",
            {"version": version, "version_type": version_type},
        )
        status = httpx.put(path, json=document, params=parameters, timeout=60).status_code
        return 200 if status == httpx.codes.CREATED else status

    def hashes(self) -> dict[str, str]:
        return {sku: document["datasync"]["hash"] for sku, document in self.shown.items()}

    def is_true(self) -> bool:
        """Whether the receipts say what the alias shows, nothing is due, and every product is explained."""
        held = {sku: row["held_hash"] for sku, row in self.line.receipts("search").items() if row["held_hash"]}
        figures = self.line.figures("search")
        return held == self.hashes() and (figures.due, figures.removals_due, figures.unexplained) == (0, 0, 0)


def connection(url: str, **fields: Any) -> str:
    host, _, port = url.removeprefix("http://").partition(":")
    return json.dumps({"conn_type": "opensearch", "host": host, "port": int(port), **fields})


def _columns(rows: Relation, columns: str) -> Relation:
    return select(f"SELECT {columns} FROM rows", rows=rows)


Make = Callable[..., Shop]  # makes a shop with options of its service
