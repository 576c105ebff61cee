"""Whether products would arrive: tried on a document that nobody sees, and that is taken away again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import duckdb

from datasync.delivery.services.base import Remark
from datasync.delivery.services.opensearch.place import Place
from datasync.delivery.services.opensearch.session import Refused, Session
from datasync.delivery.services.opensearch.statements import statement
from datasync.errors import InvalidSettings
from datasync.quantity import quantity
from datasync.relation import Relation
from datasync.sql import literal

_OLDEST = 2
SAMPLE = 100


def examined(
    con: duckdb.DuckDBPyConnection, session: Session, place: Place, sample: Relation | None
) -> Iterator[Remark]:
    """One remark after the other: the server, the alias, its mapping and its fence."""
    yield from _server(session)
    try:
        index = place.index(session)
        trial = index or _trial_index(session, place)
    except InvalidSettings as error:
        yield Remark("problem", str(error).removeprefix(f"services.{place.service}."))
        return
    try:
        yield _alias(place, index)
        yield from _mapping(con, session, place, trial, sample)
        yield _fence(session, trial)
    finally:
        if not index:
            session.ask("DELETE", trial)


def _server(session: Session) -> Iterator[Remark]:
    version = session.ask("GET", "").get("version", {})
    name = {"opensearch": "OpenSearch"}.get(version.get("distribution", ""), "another server than OpenSearch")
    number = str(version.get("number", "0"))
    lets_in = f"{session.access.place} lets us in: {name} {number}."
    if name != "OpenSearch":
        yield Remark("note", f"{lets_in} It has the same requests, and was never tried.")
    elif int(number.partition(".")[0]) < _OLDEST:
        yield Remark("note", f"{lets_in} Versions before {_OLDEST} were never tried.")
    else:
        yield Remark("ok", lets_in)
    if session.access.is_open_to_readers:
        yield Remark("note", "its password goes over the network unencrypted. Set use_ssl in the connection's extra.")


def _trial_index(session: Session, place: Place) -> str:
    """An index by the mapping, for a try, where there is none yet."""
    name = f"{place.alias}-check-{uuid.uuid4().hex[:12]}"
    try:
        session.ask("PUT", name, place.definition())
    except Refused as refusal:
        raise place.mapping_refused(refusal) from None
    return name


def _alias(place: Place, index: str | None) -> Remark:
    if index:
        return Remark("ok", f"the alias {place.alias} leads to the index {index}.")
    return Remark("ok", f"there is no alias {place.alias} yet; the first transfer makes it, and {place.first_index}.")


def _mapping(
    con: duckdb.DuckDBPyConnection, session: Session, place: Place, index: str, sample: Relation | None
) -> Iterator[Remark]:
    """Whether the mapping takes the products of a sample, each written as a removed one and deleted."""
    if sample is None:
        return
    documents = statement("trial_documents", batch=sample, scope=literal(place.scope)).rows(con)
    for sku, document in documents[:SAMPLE]:
        try:
            _written(session, index, document)
        except Refused as refusal:
            yield Remark("problem", f"it does not take {sku}: {refusal.words}.")
            return
    yield Remark("ok", f"its mapping takes {quantity(len(documents[:SAMPLE]), 'product')} of a sample.")


def _written(session: Session, index: str, document: str) -> None:
    """Write one document of a try, and delete it."""
    path = f"{index}/_doc/datasync-check-{uuid.uuid4().hex}"
    session.ask_text("PUT", path, document, version="1", version_type="external_gte")
    session.ask("DELETE", path, version="2", version_type="external_gte")


def _fence(session: Session, index: str) -> Remark:
    """Whether an older version is refused."""
    path = f"{index}/_doc/datasync-check-{uuid.uuid4().hex}"
    document = {"removed": True}
    session.ask("PUT", path, document, version="2", version_type="external_gte")
    try:
        session.ask("PUT", path, document, version="1", version_type="external_gte")
    except Refused as refusal:
        if refusal.status == 409:
            return Remark("ok", "it refuses an older version of a product, as late requests would bring it.")
        raise
    finally:
        session.ask("DELETE", path, version="3", version_type="external_gte")
    return Remark("problem", "it takes an older version of a product, so a late request would bring back what is gone.")
