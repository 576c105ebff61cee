"""Products' stories: every version within the kept time, with the fields that changed and what each service answered.

A product has a story only if the logs have more than one entry of it. So the files grow with what changed, not with the
catalog. A scope's stories lie in files of about BYTES each, in the order of SKU; one small file more says which SKU
each begins with, and since when the history is kept. The page loads both when somebody opens a product.

Where a version before stands as the scope's base (see base.py), only products with newer entries have their stories
written, whole; the small file names that version, in which the page looks for the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from datasync.figures.store_at import StoreAt
from datasync.relation import query, select, temporary_tables
from datasync.report.facts.page_data import DataFile, PublishedBase

BYTES = 64_000


def data_files(at: StoreAt, stands: Mapping[str, PublishedBase]) -> Iterator[DataFile]:
    """The stories of every scope as data files; of a scope that ``stands``, those with newer entries."""
    for scope in at.settings.scopes:
        yield from _scope(at, scope, stands.get(scope))


def _scope(at: StoreAt, scope: str, base: PublishedBase | None) -> Iterator[DataFile]:
    versions = at.versions(scope)
    before = base.positions if base else {}
    firsts = []
    stories = query(
        "page_stories",
        versions=versions,
        page_answers=at.all_receipts(scope, before),
        bytes=str(BYTES),
        since=str(before.get(f"catalog/{scope}", 0)),
    )
    with temporary_tables(at.con) as tables:
        stored = tables.store(stories, "page_stories")
        rows = at.con.execute(f"SELECT * FROM {stored.name} ORDER BY number")
        while row := rows.fetchone():
            number, first, story = row
            firsts.append(first)
            yield scope, "story", number, story
    since = select('SELECT epoch_ms(min("at")) AS oldest FROM versions', versions=versions).row(at.con)["oldest"]
    services = list(at.settings.services)
    content = {"since": since, "services": services, "firsts": firsts, "base": base and base.version}
    yield scope, "stories", 0, json.dumps(content, ensure_ascii=False, separators=(",", ":"))
