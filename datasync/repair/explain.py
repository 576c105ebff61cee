"""An unforeseen error of reading or writing the store, explained by a full disk or a damaged file."""

from __future__ import annotations

import errno
import os
import tempfile

import duckdb

from datasync.errors import DatasyncError, DiskUnavailable, LogDamaged, ScratchUnavailable
from datasync.repair.damage import Damage, named
from datasync.repair.scan import Scan, scan
from datasync.store.files import Store, connect
from datasync.store.scratch import ROOM, free_bytes, is_full_disk

_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
_OF_SHAPE = (duckdb.BinderException, duckdb.CatalogException)  # a file of other columns, as its footer shows


def explained(store: Store, places: tuple[str, ...], error: Exception) -> DatasyncError | None:
    """The error as one of ours; None if neither a disk nor a file of the store explains it.

    ``places`` are folders that a run writes to beside the store.
    """
    if isinstance(error, duckdb.OutOfMemoryException):
        return _no_memory(error)
    return _disk(store, places, error) or _damage(store, deep=not isinstance(error, _OF_SHAPE))


def _no_memory(error: Exception) -> DatasyncError:
    limit = os.environ.get("DATASYNC_MEMORY", "1GB")
    problem = f"what does not fit into DATASYNC_MEMORY ({limit}) did not fit there either"
    return ScratchUnavailable(tempfile.gettempdir(), problem)


def _disk(store: Store, places: tuple[str, ...], error: Exception) -> DatasyncError | None:
    if is_full_disk(error):
        full = [place for place in (store.root, *places) if _is_full(place)]
        words = os.strerror(errno.ENOSPC)
        return DiskUnavailable(", ".join(full), words) if full else ScratchUnavailable(tempfile.gettempdir(), words)
    if isinstance(error, OSError) and error.errno in _READ_ONLY:
        return DiskUnavailable(str(error.filename or store.root), os.strerror(error.errno))
    return None


def _is_full(place: str) -> bool:
    while place and not os.path.exists(place):
        place = os.path.dirname(place)
    return "://" not in place and bool(place) and free_bytes(place) < ROOM


def _damage(store: Store, *, deep: bool) -> DatasyncError | None:
    """What is damaged, by the footers or else by every byte. The connection is new: the old one may be broken."""
    with connect(store) as con:
        damages = _in_the_way(scan(con, store, deep=False))
        if not damages and deep:
            damages = _in_the_way(scan(con, store, deep=True))
    if not damages:
        return None
    return LogDamaged(
        f"The store is damaged: {named(damages)}. `datasync check --store` says what that costs, "
        "`datasync repair` what can be done."
    )


def _in_the_way(store_scan: Scan) -> list[Damage]:
    return [damage for damage in store_scan.damages if damage.place.kind]
