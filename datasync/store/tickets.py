"""Tickets: in which order the pulls of a scope began, whatever the workers' clocks say.

A pull takes a ticket before it reads anything: an empty file ``_pull-00000042`` in the folder of the scope's catalog,
created under a name that must not exist yet. So no two pulls have the same number, and who begins later has a higher
one. The underscore hides the file from engines that read the folder as a table.
"""

from __future__ import annotations

import re

from datasync.store.files import Store
from datasync.store.scratch import scratch

_TICKET = re.compile(r"_pull-(\d{8})")


def take(store: Store, scope: str) -> int:
    """The next number of a scope.

    Whoever takes one looks again: if there is a higher one by then, tidy may have removed the very number that was just
    created (its taker slept), so a new one is taken.
    """
    highest = max(taken(store, scope), default=0)
    while True:
        number = highest + 1
        is_mine = create(store, path(scope, number))
        highest = max(taken(store, scope), default=number)
        if is_mine and highest == number:
            return number


def taken(store: Store, scope: str) -> list[int]:
    """The numbers of a scope that are there, ascending; tidy leaves the highest."""
    return sorted(int(ticket[1]) for name in store.listing(_folder(scope)) if (ticket := _TICKET.fullmatch(name)))


def path(scope: str, number: int) -> str:
    """Where a ticket stands in the store."""
    return f"{_folder(scope)}/_pull-{number:08d}"


def _folder(scope: str) -> str:
    return f"catalog/scope={scope}"


def create(store: Store, name: str) -> bool:
    """Put a ticket in its place; False if one is there."""
    with scratch() as folder:
        empty = folder / "ticket"
        empty.touch()
        return store.create(name, empty)
