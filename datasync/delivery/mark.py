"""Marks: an operator's request to deliver again, as an entry of a service's receipts."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from datasync.errors import StoreUnavailable
from datasync.sql import count, literal, query
from datasync.store.files import Clock, Store
from datasync.store.log import TRIES
from datasync.store.logs import receipt_log


def mark(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    scope: str,
    service: str,
    skus: Sequence[str] | None,
    request: str,
    clock: Clock,
) -> int:
    """Mark SKUs (None: all) to be delivered again; an append that finds an entry of this request writes none.

    A request that finds nothing to mark writes an entry too, so that its second try marks nothing either. Returns how
    many are marked by this call.
    """
    into = receipt_log(store, service, scope)
    for _ in range(TRIES):
        head = into.head(con)
        if request in head.meta.get("requests", ()):
            return 0
        into.fold(con, "receipts", head.number)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE asked AS SELECT DISTINCT unnest(?::VARCHAR[]) AS sku", [list(skus or ())]
        )
        rows = query("marks", run=literal(request), all="true" if skus is None else "false")
        marked = count(con, rows.replace("{clock}", "NULL::TIMESTAMPTZ"))
        meta = {**head.meta, "run": request, "requests": [*head.meta.get("requests", ()), request]}
        if into.append(con, head, rows, meta, clock):
            return marked
    raise StoreUnavailable(
        f"{service}/{scope}: the receipt log was written by others {TRIES} times in a row. Try again."
    )
