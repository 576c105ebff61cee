"""The logs of a store: whether each entry follows the one before, and each checkpoint is of its own log and place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from datasync.repair.damage import Damage
from datasync.repair.inventory import Logged
from datasync.store.kinds import place
from datasync.store.log import Entry


def misplaced(log: Logged) -> Iterator[Damage]:
    """Whole files that are not of their place: copies of another file of the log, or files of another log."""
    owners = _owners(log)
    for number, head in log.entries.items():
        is_copy = owners.get(head.id, number) != number
        if number > log.history_start and (is_copy or _is_stranger(log, number)):
            yield Damage(place(_path(log, number)), "is not the entry that was written there", is_misplaced=True)
    for number, head in log.checkpoints.items():
        if not _is_of(log, owners, number, head):
            yield Damage(
                place(_path(log, number, "checkpoint-")),
                "is not the checkpoint that was written there",
                is_misplaced=True,
            )
    for number, head in log.kept_rows.items():
        at = log.checkpoints.get(number)
        if owners.get(head.id, number) != number or (at is not None and at.id != head.id):
            yield Damage(
                place(_path(log, number, "kept-")), "is not the file that was written there", is_misplaced=True
            )


def missing(log: Logged, witnessed: int) -> Iterator[Damage]:
    """Files that must exist and do not; ``witnessed`` is the newest entry that another file names."""
    listed, begins = log.listed, log.history_start
    first = min(listed.entries, default=0)
    if not listed.kept_rows and (before := [c for c in listed.checkpoints if c == first - 1]):
        begins = before[0]
        yield Damage(place(_path(log, begins, "kept-")), "is missing", is_there=False)
    if listed.kept_rows and log.history_start not in listed.checkpoints:
        yield Damage(place(_path(log, log.history_start, "checkpoint-")), "is missing", is_there=False)
    for number in range(begins + 1, max(listed.head, witnessed) + 1):
        if number not in listed.entries:
            yield Damage(place(_path(log, number)), "is missing", is_there=False)


def _owners(log: Logged) -> Mapping[object, int]:
    """The number that each id belongs to. If several files bear an id, the file that fits the chain owns it."""
    numbers = defaultdict(set)
    for heads in (log.entries, log.checkpoints, log.kept_rows):
        for number, head in heads.items():
            numbers[head.id].add(number)
    fitting = {
        key: [n for n in candidates if _follows(log, n) or _is_named_by_next(log, n, key)]
        for key, candidates in numbers.items()
    }
    return {key: min(fitting[key] or candidates) for key, candidates in numbers.items()}


def _is_stranger(log: Logged, number: int) -> bool:
    """True if an entry fits neither the entry before it, which is in its own place, nor the entry after it."""
    if _follows(log, number) is not False:
        return False
    is_named = _is_named_by_next(log, number, log.entries[number].id)
    return not is_named and (number == 1 or _follows(log, number - 1) is not False)


def _follows(log: Logged, number: int) -> bool | None:
    """True if an entry names the entry before it; None if one of the two is not whole."""
    entry, before = log.entries.get(number), log.entries.get(number - 1) or log.checkpoints.get(number - 1)
    if entry is None or (before is None and number > 1):
        return None
    return bool(entry.after == (before.id if before else None))


def _is_named_by_next(log: Logged, number: int, key: object) -> bool:
    following = log.entries.get(number + 1)
    return following is not None and following.after == key


def _is_of(log: Logged, owners: Mapping[object, int], number: int, head: Entry) -> bool:
    if owners[head.id] != number:
        return False
    if number in log.entries and not _is_stranger(log, number):
        return log.entries[number].id == head.id
    following = log.entries.get(number + 1)
    return following is None or _is_named_by_next(log, number, head.id) or _is_stranger(log, number + 1)


def _path(log: Logged, number: int, prefix: str = "") -> str:
    return f"{log.folder}/{prefix}{number:08d}.parquet"
