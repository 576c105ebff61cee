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

import duckdb

from datasync.figures.totals import ReadPoint
from datasync.report.facts.page_data import DataFile, Standing
from datasync.settings import Settings
from datasync.sql import query
from datasync.store.files import Store
from datasync.store.logs import catalog_log, receipt_log

BYTES = 64_000


def data_files(
    con: duckdb.DuckDBPyConnection, store: Store, settings: Settings, at: ReadPoint, stands: Mapping[str, Standing]
) -> Iterator[DataFile]:
    """The stories of every scope as data files; of a scope that ``stands``, those with newer entries."""
    for scope in settings.scopes:
        yield from _scope(con, store, settings, at, scope, stands.get(scope))


def _scope(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    at: ReadPoint,
    scope: str,
    base: Standing | None,
) -> Iterator[DataFile]:
    catalog_log(store, scope).history(con, "versions", at.positions[f"catalog/{scope}"])
    before = base.positions if base else {}
    _answers(con, store, settings, at, scope, before)
    firsts = []
    sql = query("page_stories", bytes=str(BYTES), since=str(before.get(f"catalog/{scope}", 0)))
    con.execute(f"CREATE OR REPLACE TEMP TABLE page_stories AS {sql}")
    rows = con.execute("SELECT * FROM page_stories ORDER BY number")
    while row := rows.fetchone():
        number, first, stories = row
        firsts.append(first)
        yield scope, "story", number, stories
    oldest = con.execute('SELECT epoch_ms(min("at")) FROM versions').fetchone()
    since = oldest[0] if oldest else None
    services = list(settings.services)
    content = {"since": since, "services": services, "firsts": firsts, "base": base and base.version}
    yield scope, "stories", 0, json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _answers(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    settings: Settings,
    at: ReadPoint,
    scope: str,
    before: Mapping[str, int],
) -> None:
    """Make the view ``page_answers``: every kept receipt of a scope, with its service's place in the settings, and
    whether it is news to who knows the logs up to the positions ``before``.
    """
    parts = []
    for number, service in enumerate(settings.services):
        receipt_log(store, service, scope).history(con, f"page_answers_{number}", at.of(scope, service)[1])
        since = before.get(f"receipts/{service}/{scope}", 0)
        parts.append(f"SELECT *, {number} AS service, entry > {since} AS is_news FROM page_answers_{number}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW page_answers AS {' UNION ALL '.join(parts)}")
