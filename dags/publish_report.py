"""### Publish the Data Sync page

Runs whenever a run of `catalog_sync` or `catalog_resync` was closed, however it went: a failure must reach the page
as well. **publish** computes every figure at one moment and replaces the page in one step; if it fails, the old page
stays.

**confirm_balance** runs once the page is out, and turns red if a number on it has no explanation (`unexplained` is not
0).

It is on from the start, whatever Airflow does with new DAGs: were it paused, runs would end and no page would tell.

Whoever `notify:` in the settings names is told by one of Airflow's notifiers once the page is out: what needs
attention, what changed, and the link.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, task
from datasync_tasks import DEFAULTS, RUN_CLOSED, open_pipeline, tell

from datasync import settings


@dag(
    description="Publishes the Data Sync page after every run, however it went",
    schedule=[RUN_CLOSED],
    is_paused_upon_creation=False,  # events that come while it is paused would wait, and the page with them
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    doc_md=__doc__,
    tags=["datasync"],
)
def publish_report() -> None:
    @task(multiple_outputs=False, on_success_callback=[tell(one) for one in settings.load().notify])
    def publish() -> dict[str, Any]:
        """Publish the page as of now."""
        return open_pipeline().publish()

    @task
    def confirm_balance(published: dict[str, Any]) -> None:
        """Raise if the published figures do not add up."""
        from datasync.errors import Unexplained

        if published["gaps"]:
            raise Unexplained(published["gaps"])

    confirm_balance(publish())


publish_report()
