"""### Bring every scope's catalog to its services

Runs on the `schedule` of the settings. For each scope: **pull** its source into a snapshot, bring the snapshot into
the **catalog**, then **transfer** to each service what it is due. A scope that fails holds up no other, and its
services still get what they were due before.

**close** records the outcome and updates the asset `datasync_run`, which has the report published. **confirm** turns
the run red if anything failed; its log says what. **tidy** deletes from the store what the `keep` settings no longer
ask for.

It starts paused, as Airflow starts every new DAG unless it is told otherwise (`[core] dags_are_paused_at_creation`):
run `datasync check`, then switch it on.

Nothing is lost by a missed or failed run: the next one finds the same difference and closes it. To read a scope again
at once, trigger `catalog_resync`.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task
from airflow.sdk.types import DagRunProtocol
from datasync_tasks import DEFAULTS, asked_by, close, confirm, open_pipeline, parts, scope_group

from datasync import settings

SETTINGS = settings.load()
SCOPES, SERVICES = tuple(SETTINGS.scopes), tuple(SETTINGS.services)


@dag(
    description="Pulls every scope and brings each service what it is due. Starts paused: switch it on",
    schedule=SETTINGS.schedule,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["datasync"],
)
def catalog_sync() -> None:
    @task
    def begin(dag_run: DagRunProtocol | None = None) -> list[dict[str, Any]]:
        """Record that the run began."""
        run = open_pipeline().begin(dag_run.run_id, "sync", SCOPES, asked_by(dag_run), dag_run.note or "")
        return parts(run, SCOPES, SERVICES)

    @task(multiple_outputs=False)
    def tidy() -> dict[str, int]:
        """Delete what the `keep` settings no longer ask for."""
        return open_pipeline().tidy()

    begun = begin()
    outcome = close(begun)
    scope_group(SETTINGS).expand_kwargs(begun) >> outcome
    # Side by side: were tidy the only leaf, it would hide that confirm failed.
    outcome >> [confirm(outcome), tidy()]


catalog_sync()
