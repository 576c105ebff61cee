"""### Bring every scope's catalog to its services

Runs on the `schedule` of the settings. For each scope: **pull** its source into a snapshot, bring the snapshot into
the **catalog**, then **transfer** to each service what it is due. A scope that fails holds up no other, and its
services still get what they were due before. A service that can be asked what it holds is **audited** after its
transfer, where the last audit is older than its `audit:` (7 days, unless the settings say otherwise).

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

from airflow.sdk import DAG, dag, task
from airflow.sdk.types import DagRunProtocol

from datasync.airflow.connections import open_pipeline
from datasync.airflow.tasks import EVERY_DAG, asked_by, close, confirm, parts, scope_group
from datasync.settings import Settings


def catalog_sync(settings: Settings) -> DAG:
    """The DAG that reads every scope on the schedule of the settings, and brings each service what it is due."""
    scopes, services = tuple(settings.scopes), tuple(settings.services)

    @dag(
        description="Pulls every scope and brings each service what it is due. Starts paused: switch it on",
        schedule=settings.schedule,
        doc_md=__doc__,
        **EVERY_DAG,
    )
    def catalog_sync() -> None:
        @task
        def begin(dag_run: DagRunProtocol | None = None) -> list[dict[str, Any]]:
            """Record that the run began."""
            run = open_pipeline().begin(dag_run.run_id, "sync", scopes, asked_by(dag_run), dag_run.note or "")
            return parts(run, scopes, services)

        begun = begin()
        outcome = close(begun)
        scope_group(settings, with_audits=True).expand_kwargs(begun) >> outcome
        # Side by side: were tidy the only leaf, it would hide that confirm failed.
        outcome >> [confirm(outcome), tidy()]

    return catalog_sync()


@task(multiple_outputs=False)
def tidy() -> dict[str, int]:
    """Delete what the `keep` settings no longer ask for."""
    return open_pipeline().tidy()
