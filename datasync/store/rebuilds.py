"""The logs of rebuilds: what a service has taken at a place that is not served yet. One rebuild has one log."""

from __future__ import annotations

import duckdb

from datasync.store.files import Store
from datasync.store.log import Entry, Log
from datasync.store.logs import RECEIPT_COLUMNS, ReceiptState, receipt_log

FOLDER = "rebuilds"
_BUILD = "build="


def rebuild_log(store: Store, service: str, scope: str, build: str) -> Log:
    """The log of one rebuild of a service in one scope; its rows are those of receipts."""
    folder = f"{FOLDER}/service={service}/scope={scope}/{_BUILD}{build}"
    return Log(store, folder, RECEIPT_COLUMNS, f"{service}/{scope}: the log of the rebuild {build}")


def rebuild_logs(store: Store, service: str, scope: str) -> list[Log]:
    """The log of every rebuild of a service in one scope; of one that is over too, as long as tidy leaves it."""
    names = sorted(store.folders(f"{FOLDER}/service={service}/scope={scope}"))
    builds = [name.removeprefix(_BUILD) for name in names if name.startswith(_BUILD)]
    return [rebuild_log(store, service, scope, build) for build in builds]


def build_of(log: Log) -> str:
    """The name of the rebuild that a log is of."""
    return log.folder.rpartition(_BUILD)[2]


def is_closed(head: Entry) -> bool:
    """True if a rebuild's newest entry says that it is over."""
    rebuild = ReceiptState.of(head).rebuild
    return rebuild is None or rebuild.is_over


def under_way(con: duckdb.DuckDBPyConnection, store: Store, service: str, scope: str) -> list[Log]:
    """The logs of the rebuilds that are neither served nor given up."""
    logs = rebuild_logs(store, service, scope)
    generation = ReceiptState.of(receipt_log(store, service, scope).head(con)).generation if logs else None
    served = generation.build if generation else None
    return [log for log in logs if build_of(log) != served and not is_closed(log.head(con))]
