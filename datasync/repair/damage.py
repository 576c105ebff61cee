"""One damaged, missing or foreign file of the store, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from datasync.store.kinds import Place

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with one file, which is there or missing; ``is_misplaced``: it is a whole file of another place."""

    place: Place
    problem: str
    is_there: bool = True
    is_misplaced: bool = False

    @property
    def path(self) -> str:
        """Where the file stands, or ought to."""
        return self.place.path

    def __str__(self) -> str:
        lost = self.place.kind.cost if self.place.kind else "nothing, because datasync does not read it"
        return f"{self.path} {self.problem}. Lost: {lost[0].lower()}{lost[1:]}."


def named(damages: Sequence[Damage]) -> str:
    """The first of some damages in a few words."""
    first = "; ".join(f"{damage.path} {damage.problem}" for damage in damages[:_SHOWN])
    more = len(damages) - _SHOWN
    return f"{first}; and {more:,} more" if more > 0 else first
