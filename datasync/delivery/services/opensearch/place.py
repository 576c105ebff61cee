"""The place where a scope's products go: an alias, and the one index behind it.

The alias shows what is not removed. It is what shops search in, so that another index can take the place of this one
without anybody noticing; and nothing is ever written to an index of the alias's own name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from datasync.delivery.services.opensearch.options import OpenSearchService
from datasync.delivery.services.opensearch.session import Refused, Session, shortened
from datasync.errors import InvalidSettings

FILTER = {"bool": {"must_not": [{"term": {"removed": True}}]}}
ALIAS = {"filter": FILTER, "is_write_index": True}
BUILD = "-build-"
_OURS = {  # what every mapping has, because deliveries and audits read it
    "sku": {"type": "keyword"},
    "scope": {"type": "keyword"},
    "removed": {"type": "boolean"},
    "datasync": {
        "dynamic": False,
        "properties": {"scope": {"type": "keyword"}, "hash": {"type": "keyword"}, "version": {"type": "long"}},
    },
}
_PIPELINES = ("index.default_pipeline", "index.final_pipeline")
_ROUTINGS = ("index_routing", "search_routing")


@dataclass(frozen=True, slots=True)
class Place:
    """The alias of a scope. ``service`` and ``scope`` are named in the index, so that no other writes into it.

    With a ``build``, it is the alias of a rebuild: nobody searches in it, and it goes when the index behind it is
    served. What is sent by it later is refused.
    """

    options: OpenSearchService
    service: str
    scope: str
    build: str = ""

    @property
    def alias(self) -> str:
        return f"{self.served_alias}{BUILD}{self.build}" if self.build else self.served_alias

    @property
    def served_alias(self) -> str:
        """The alias that shops search in."""
        return self.options.alias(self.scope)

    @property
    def owner(self) -> Mapping[str, str]:
        """Whose index it is, as its mapping says."""
        return {"service": self.service, "scope": self.scope}

    def index_name(self, number: int) -> str:
        """The name of an index that is created behind the alias."""
        return f"{self.served_alias}-{number:06d}"

    @property
    def first_index(self) -> str:
        """The index that is created where there is none."""
        return self.index_name(1)

    def index(self, session: Session) -> str | None:
        """The index behind the alias; None where there is no alias.

        Raises InvalidSettings where products would not arrive there, or not alone.
        """
        try:
            behind = session.ask("GET", self.alias, flat_settings="true")
        except Refused as refusal:
            if refusal.kind == "index_not_found_exception":
                return None
            raise self._refused(refusal.words) from None
        self._refuse_faults(behind)
        (name,) = behind
        return str(name)

    def create(self, session: Session) -> str:
        """Create the index with its alias, in one step. If another process did so meanwhile, it is that one's."""
        self.create_index(session, 1)
        if index := self.index(session):
            return index
        problem = f"the index {self.first_index} is there, and no alias {self.alias} leads to it."
        raise InvalidSettings(self._key, problem, "Delete that index, or point the alias to it with its filter.")

    def create_index(self, session: Session, number: int) -> bool:
        """Create the index of a number with the alias; False if it is there already."""
        try:
            body = {**self.definition(), "aliases": {self.alias: ALIAS}}
            session.ask("PUT", self.index_name(number), body)
            return True
        except Refused as refusal:
            if refusal.kind != "resource_already_exists_exception":
                raise self.mapping_refused(refusal) from None
            return False

    def definition(self) -> dict[str, Any]:
        """The settings and mappings of a new index: those that ship or those of the file, and what is always there."""
        written = self._written()
        mappings = dict(written.get("mappings") or {})
        meta = {**mappings.get("_meta", {}), "datasync": dict(self.owner)}
        properties = {**mappings.get("properties", {}), **_OURS}
        return {
            "settings": written.get("settings") or {},
            "mappings": {**mappings, "properties": properties, "_meta": meta},
        }

    def mapping_refused(self, refusal: Refused) -> InvalidSettings:
        """What it means that no index can be created by the mapping."""
        fix = "Mend that file." if self.options.mapping else "Does this server have the mappers of OpenSearch 2?"
        return InvalidSettings(f"services.{self.service}.mapping", f"{refusal.words}.", fix)

    @property
    def _key(self) -> str:
        return f"services.{self.service}.index"

    def _refused(self, words: str) -> InvalidSettings:
        return InvalidSettings(self._key, f"the server does not take {self.alias!r}: {words}.", "Name another one.")

    def _written(self) -> Mapping[str, Any]:
        key = f"services.{self.service}.mapping"
        file = self.options.mapping
        try:
            path = Path(file) if file else files(__package__).joinpath("mapping.json")
            written = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InvalidSettings(key, f"{file} cannot be read: {error.strerror}.", "Mend the path.") from None
        except ValueError as error:
            raise InvalidSettings(key, f"{file} is no JSON: {error}.", "Mend the file.") from None
        if not isinstance(written, Mapping) or not set(written) <= {"settings", "mappings"}:
            fix = "Write it as the body of a request that creates an index, without aliases."
            raise InvalidSettings(key, f"{file} is no object with `settings` and `mappings` alone.", fix)
        return written

    def _refuse_faults(self, behind: Mapping[str, Any]) -> None:
        if self.alias in behind:
            problem = f"{self.alias} is an index, and products go through an alias."
            raise InvalidSettings(self._key, problem, "Name an alias that is free, or rename that index.")
        if len(behind) != 1:
            names = ", ".join(sorted(behind)[:5])
            problem = f"{len(behind):,} indices stand behind the alias {self.alias}: {names}."
            raise InvalidSettings(self._key, problem, "Let it lead to one of them, or name another alias.")
        ((name, index),) = behind.items()
        self._refuse_alias(name, index["aliases"][self.alias])
        self._refuse_index(name, index)

    def _refuse_alias(self, name: str, alias: Mapping[str, Any]) -> None:
        if any(alias.get(routing) for routing in _ROUTINGS):
            problem = f"the alias {self.alias} has a routing, by which a product can be there twice."
            raise InvalidSettings(self._key, problem, "Take the routing away, or name another alias.")
        if _plain(alias.get("filter")) != _plain(FILTER):
            problem = f"the alias {self.alias} of {name} does not have the filter that hides removed products alone."
            fix = f"Give it the filter {json.dumps(FILTER)}, or name another alias."
            raise InvalidSettings(self._key, problem, fix)
        if alias.get("is_write_index") is False:
            problem = f"the alias {self.alias} of {name} takes no writes."
            raise InvalidSettings(self._key, problem, "Make it the write index, or name another alias.")

    def _refuse_index(self, name: str, index: Mapping[str, Any]) -> None:
        pipelines = [index["settings"].get(key, "_none") for key in _PIPELINES]
        if named := [pipeline for pipeline in pipelines if pipeline != "_none"]:
            problem = f"the index {name} has the ingest pipeline {shortened(named[0])}, which may change what arrives."
            raise InvalidSettings(self._key, problem, "Set it to _none in the index's settings.")
        owner = index["mappings"].get("_meta", {}).get("datasync")
        if owner and owner != self.owner:
            whose = f"the service {owner.get('service')} in {owner.get('scope')}"
            problem = f"the index {name} holds the products of {shortened(whose)}."
            raise InvalidSettings(self._key, problem, "Write {scope} into the name, or give each service its own.")


def _plain(condition: Any) -> Any:
    """A filter without what the server may add to it: boosts of 1, lists of a single condition, spelled-out values."""
    if isinstance(condition, list):
        return _plain(condition[0]) if len(condition) == 1 else [_plain(part) for part in condition]
    if not isinstance(condition, Mapping):
        return condition
    rest = {key: _plain(part) for key, part in condition.items() if key not in ("boost", "adjust_pure_negative")}
    return rest["value"] if set(rest) == {"value"} else rest
