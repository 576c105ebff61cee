"""The indices of an alias, one generation after the other: how the next one comes to be, and takes its place.

While it is filled, an index has an alias of its own, with a name that is used once. The request that lets the served
alias lead to it takes that one away, so it happens once, whoever asks for it; and what is still sent to it by its
former name is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from datasync.delivery.services.opensearch.place import ALIAS, BUILD, Place
from datasync.delivery.services.opensearch.session import Refused, Session, shortened
from datasync.errors import InvalidSettings
from datasync.store.log import TRIES

_OF_THE_INDEX_ITSELF = re.compile(r"index[.](uuid|creation_date|provided_name|history[.].*|version[.].*|blocks[.].*)")
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Generations:
    """The indices behind the alias of ``place``, asked about by ``session``."""

    session: Session
    place: Place

    def begin(self, build: str) -> None:
        """Create the next index, which the alias of a build leads to."""
        self.place.index(self.session)
        begun, after = self._of(build), max((number for number, _, _ in self._all()), default=0) + 1
        if not any(begun.create_index(self.session, number) for number in range(after, after + TRIES)):
            raise self.session.access.unavailable("others create indices behind its alias again and again.")

    def building(self, build: str) -> str | None:
        """The index of a build."""
        return self._of(build).index(self.session)

    def refuse_losses(self, build: str) -> None:
        """Refuse settings of the served index that the next one has otherwise, unless the mapping names them."""
        served, begun = self.place.index(self.session), self.building(build)
        if not served or not begun:
            return
        before, after = self._settings(served), self._settings(begun)
        named = tuple(_flat("index", self.place.definition()["settings"]))
        lost = [key for key, value in before.items() if after.get(key) != value and not _is_named(key, named)]
        if lost:
            shown = ", ".join(shortened(f"{key} = {before[key]}") for key in sorted(lost)[:_LISTED])
            problem = f"the index {served} has settings that a new one would lack: {shown}."
            fix = "Write them into that file, or let them go with `datasync rebuild --drop-settings`."
            raise InvalidSettings(f"services.{self.place.service}.mapping", problem, fix)

    def switch(self, build: str) -> str | None:
        """Let the alias lead to the index of a build, and other aliases of the index before it too, in one request."""
        served, begun = self.place.index(self.session), self.building(build)
        if not begun:
            return served
        actions = [
            {"remove": {"index": begun, "alias": self._of(build).alias, "must_exist": True}},
            {"add": {"index": begun, "alias": self.place.alias, **ALIAS}},
            *(self._moves(served, begun) if served else ()),
        ]
        try:
            self.session.ask("POST", "_aliases", {"actions": actions})
        except Refused:
            if self.building(build):
                raise
        return self.place.index(self.session)

    def drop(self, build: str) -> None:
        """Take the alias of a build away, so that nobody can switch to it any more, and then delete its index."""
        begun = self.building(build)
        if not begun:
            return
        removal = {"remove": {"index": begun, "alias": self._of(build).alias, "must_exist": True}}
        try:
            self.session.ask("POST", "_aliases", {"actions": [removal]})
        except Refused:
            return  # somebody else was faster, and may have switched to it
        self._delete(begun)

    def sweep(self, places: Collection[str], builds: Collection[str]) -> None:
        """Delete the indices that rebuilds left and that no alias of anybody leads to; drop builds of no log."""
        for _, name, index in self._all():
            aliases = set(index["aliases"])
            of_builds = {alias for alias in aliases if alias.startswith(f"{self.place.alias}{BUILD}")}
            for alias in of_builds:
                if (build := alias.rpartition(BUILD)[2]) not in builds:
                    self.drop(build)
            if not aliases and name not in places and self._is_ours(index):
                self._delete(name)

    def _all(self) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        """The number and the name of each index that was created for the alias, and what it is like."""
        name_of_ours = re.compile(re.escape(self.place.alias) + r"-(\d{6,})")
        indices = self.session.ask("GET", f"{self.place.alias}-*", flat_settings="true", expand_wildcards="all")
        for name, index in indices.items():
            if named := name_of_ours.fullmatch(name):
                yield int(named[1]), name, index

    def _of(self, build: str) -> Place:
        return replace(self.place, build=build)

    def _settings(self, index: str) -> dict[str, Any]:
        settings = self.session.ask("GET", f"{index}/_settings", flat_settings="true")[index]["settings"]
        return {key: value for key, value in settings.items() if not _OF_THE_INDEX_ITSELF.fullmatch(key)}

    def _moves(self, served: str, begun: str) -> Iterator[Mapping[str, Any]]:
        """The actions that take all aliases of an index to another one, as they are."""
        aliases = self.session.ask("GET", f"{served}/_alias")[served]["aliases"]
        for alias, how in aliases.items():
            yield {"remove": {"index": served, "alias": alias, "must_exist": True}}
            if alias != self.place.alias:
                yield {"add": {"index": begun, "alias": alias, **how}}

    def _is_ours(self, index: Mapping[str, Any]) -> bool:
        return bool(index["mappings"].get("_meta", {}).get("datasync") == self.place.owner)

    def _delete(self, index: str) -> None:
        try:
            self.session.ask("DELETE", index)
        except Refused as refusal:
            if refusal.kind != "index_not_found_exception":
                raise


def _flat(before: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """The full names of settings, which may be written with or without `index.` and nested or not."""
    for key, value in settings.items():
        name = key if key == "index" or key.startswith("index.") else f"{before}.{key}"
        if isinstance(value, Mapping):
            yield from _flat(name, value)
        else:
            yield name


def _is_named(key: str, named: Collection[str]) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in named)
