"""What is left to choose from, while columns are chosen one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from datasync import product
from datasync.starter import words
from datasync.starter.choice import Choice
from datasync.starter.meanings import meaning
from datasync.starter.members import holds_objects
from datasync.starter.names import (
    is_maker,
    is_net,
    is_of_another,
    language,
    ranked,
    says_clearly,
    spellings,
)
from datasync.starter.sample import Field, Sample
from datasync.starter.spelling import spelled
from datasync.starter.unit_names import per_unit

_OF_A_LOCK = 2  # the rank of a field that is named by a word for a lock: behind those that ask if a product is active


@dataclass(frozen=True, slots=True)
class OpenChoices:
    """What is left to choose from, while columns are chosen one after the other."""

    con: duckdb.DuckDBPyConnection
    sample: Sample
    language: str | None
    chosen: dict[str, Choice]

    def spell(self, field: Field) -> str:
        return spelled(self.con, field.name)

    def untaken(self) -> list[Field]:
        """The fields that no column takes yet."""
        taken = {name for choice in self.chosen.values() if choice.sql for name in choice.fields}
        return [field for field in self.sample.fields if field.name not in taken]

    def free(self) -> list[Field]:
        """Those of the fields that are not empty throughout; an empty one serves no column."""
        return [field for field in self.untaken() if field.filled or not self.sample.records]

    def unnamed(self) -> list[Field]:
        """The free fields that could be any column: their names do not say what they are, nor do a yes and a no."""
        named = {field.name for column in product.PRODUCT_COLUMNS for field in self.named(column)}
        free = [f for f in self.free() if f.name not in named and not is_maker(f.name)]
        free = [field for field in free if not (meaning(field.name) and words.mark_of(field))]
        return [field for field in free if not words.is_any_yes_no(field) and not holds_objects(field)]

    def named(self, column: str) -> list[Field]:
        """The free fields whose names say that they are ``column``, the likeliest first."""
        return [field for field, _ in self.named_with_rank(column)]

    def named_with_rank(self, column: str) -> list[tuple[Field, int]]:
        clear = [field for field in self.free() if says_clearly(field.name, column)]
        candidates: dict[str, tuple[tuple[int, int, bool, bool], Field]] = {
            field.name: ((0, _OF_A_LOCK, False, False), field) for field in clear
        }
        for rank, names in enumerate(ranked(column)):
            for field in self.free():
                if column in ("price", "stock") and is_of_another(field.name):
                    continue
                called = (column == "price" and per_unit(field.name)) or field.name
                level = next((n for n, spelling in enumerate(spellings(called, column)) if spelling in names), None)
                if level is not None:
                    spoken = language(field.name)
                    key = (level, rank, is_net(field.name), spoken is not None and spoken != self.language)
                    candidates[field.name] = min(
                        candidates.get(field.name, (key, field)), (key, field), key=lambda candidate: candidate[0]
                    )
        return [(field, key[1]) for key, field in sorted(candidates.values(), key=lambda candidate: candidate[0])]
