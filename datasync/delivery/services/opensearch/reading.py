"""What the index behind an alias really holds, read back for checks and audits.

An answer that is not whole raises ServiceUnavailable: a part of it gives no verdict.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from datasync.delivery.services.opensearch.session import Session
from datasync.delivery.services.opensearch.statements import statement
from datasync.relation import Relation, select
from datasync.sql import literal

PAGE = 10_000
_SOURCE = ["removed", "datasync.scope", "datasync.hash", "datasync.version"]
_EMPTY = "SELECT ''::VARCHAR AS sku, ''::VARCHAR AS hash, 0::BIGINT AS version, false AS is_ours WHERE false"
_WHOLE = {"allow_partial_search_results": "false"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Questions about the products of a scope, asked by ``session``."""

    session: Session
    alias: str
    index: str
    scope: str

    def count(self) -> int:
        """How many documents the alias shows."""
        self._refresh()
        answer = self.session.ask("POST", f"{self.alias}/_count")
        self._refuse_part(answer)
        return int(answer["count"])

    def highest_version(self) -> int:
        """The highest version of all documents, removed ones too; 0 where there is none."""
        self._refresh()
        body = {"size": 0, "aggs": {"highest": {"max": {"field": "datasync.version"}}}}
        answer = self.session.ask("POST", f"{self.index}/_search", body, **_WHOLE)
        self._refuse_part(answer)
        return int(answer["aggregations"]["highest"]["value"] or 0)

    def all(self, con: duckdb.DuckDBPyConnection) -> pa.Table:
        """Every document that the alias shows, as it was at one moment."""
        self._refresh()
        pages, total = [self._empty(con)], 0
        with self._at_one_moment() as moment:
            for answer in self._pages(moment):
                total = answer["hits"]["total"]["value"]
                pages.append(self._rows(con, answer["hits"]["hits"]))
        table = pa.concat_tables(pages)
        if len(table) != total:
            sentence = f"of {total:,} documents it gave {len(table):,}, so nobody knows what it holds."
            raise self.session.access.unavailable(sentence)
        return table

    def chosen(self, con: duckdb.DuckDBPyConnection, skus: Relation) -> pa.Table:
        """The documents of some SKUs, as they are now. Asking by id goes past the alias's filter."""
        chosen = select("SELECT DISTINCT sku FROM skus WHERE strlen(sku) BETWEEN 1 AND 512 ORDER BY sku", skus=skus)
        ids = [sku for (sku,) in chosen.rows(con)]
        pages = [self._empty(con)]
        for start in range(0, len(ids), PAGE):
            body = {"ids": ids[start : start + PAGE]}
            answer = self.session.ask("POST", f"{self.alias}/_mget", body, _source_includes=",".join(_SOURCE))
            self._refuse_errors(answer["docs"], len(body["ids"]))
            pages.append(self._rows(con, answer["docs"]))
        return pa.concat_tables(pages)

    def _refresh(self) -> None:
        """What was taken can be searched from now on."""
        self._refuse_part(self.session.ask("POST", f"{self.index}/_refresh"))

    @contextmanager
    def _at_one_moment(self) -> Iterator[str]:
        """The documents of the alias as they are now, whatever is written meanwhile."""
        path = f"{self.alias}/_search/point_in_time"
        moment = str(self.session.ask("POST", path, keep_alive="5m", allow_partial_pit_creation="false")["pit_id"])
        try:
            yield moment
        finally:
            self.session.ask("DELETE", "_search/point_in_time", {"pit_id": [moment]})

    def _pages(self, moment: str) -> Iterator[Mapping[str, Any]]:
        after: Sequence[Any] | None = None
        while True:
            body: dict[str, Any] = {
                "size": PAGE,
                "pit": {"id": moment, "keep_alive": "5m"},
                "sort": [{"sku": "asc"}, {"_seq_no": "asc"}],
                "version": True,
                "track_total_hits": True,
                "_source": _SOURCE,
            }
            answer = self.session.ask("POST", "_search", body | ({"search_after": after} if after else {}), **_WHOLE)
            self._refuse_part(answer)
            yield answer
            hits = answer["hits"]["hits"]
            if len(hits) < PAGE:
                return
            after = hits[-1]["sort"]

    def _rows(self, con: duckdb.DuckDBPyConnection, documents: Sequence[Any]) -> pa.Table:
        rows = statement("hits", scope=literal(self.scope))
        return con.sql(rows.sql, params={"response": json.dumps(documents)}).to_arrow_table()

    def _empty(self, con: duckdb.DuckDBPyConnection) -> pa.Table:
        return con.sql(_EMPTY).to_arrow_table()

    def _refuse_part(self, answer: Mapping[str, Any]) -> None:
        """Raise where shards did not answer, or the time was over before all were asked."""
        if answer.get("timed_out") or answer["_shards"]["failed"]:
            raise self.session.access.unavailable("a part of its index does not answer, so nobody knows what it holds.")

    def _refuse_errors(self, documents: Sequence[Mapping[str, Any]], size: int) -> None:
        if len(documents) != size or any("error" in document for document in documents):
            raise self.session.access.unavailable("it did not answer for every SKU, so nobody knows what it holds.")
