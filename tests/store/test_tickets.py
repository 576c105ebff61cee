from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from datasync.store import tickets
from datasync.store.files import Folder, Store
from tests.line import Trying


def test_who_takes_one_later_has_a_higher_one(store: Store) -> None:
    assert [tickets.take(store, "en") for _ in range(3)] == [1, 2, 3]
    assert tickets.take(store, "de") == 1
    assert tickets.taken(store, "en") == [1, 2, 3]
    assert "_pull-00000003" in store.listing("catalog/scope=en")


def test_no_two_of_many_have_the_same(reopen: Callable[[], Store]) -> None:
    begin = threading.Barrier(8)

    def take(_: int) -> int:
        store = reopen()
        begin.wait()
        return tickets.take(store, "en")

    with ThreadPoolExecutor(8) as workers:
        assert len(set(workers.map(take, range(8)))) == 8


def test_who_slept_while_its_number_was_taken_and_tidied_takes_one_above_all_others(tmp_path: Path) -> None:
    store, others = Trying(str(tmp_path)), Folder(str(tmp_path))

    def meanwhile() -> None:
        taken = [tickets.take(others, "en") for _ in range(4)]
        for number in taken[:-1]:
            others.remove(tickets.path("en", number))

    store.before["_pull-"] = meanwhile
    assert tickets.take(store, "en") == 5
