"""Deletes the documents of products that were removed so long ago that no older request can still be on its way."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from datasync.delivery.services.opensearch.bulk import PARAMETERS
from datasync.delivery.services.opensearch.session import Session

_PAGE = 5_000


def purge(session: Session, alias: str, index: str, before: int, seconds: float) -> None:
    """Delete what was removed by a version below ``before``. A product that came back meanwhile has a higher version
    and stays. What is not deleted within so many ``seconds`` is left for the next time.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        session.ask("POST", f"{index}/_refresh")
        removed = _removed(session, index, before)
        if removed:
            session.ask_text("POST", f"{alias}/_bulk", "".join(map(_deletion, removed)), **PARAMETERS)
        if len(removed) < _PAGE:
            return


def _removed(session: Session, index: str, before: int) -> Sequence[Mapping[str, Any]]:
    conditions = [{"term": {"removed": True}}, {"range": {"datasync.version": {"lt": before}}}]
    body = {"size": _PAGE, "query": {"bool": {"filter": conditions}}, "_source": False, "version": True}
    hits: Sequence[Mapping[str, Any]] = session.ask("POST", f"{index}/_search", body)["hits"]["hits"]
    return hits


def _deletion(hit: Mapping[str, Any]) -> str:
    action = {"_id": hit["_id"], "version": hit["_version"], "version_type": "external_gte"}
    return f"{json.dumps({'delete': action})}\n"
