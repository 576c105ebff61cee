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

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from airflow.sdk import DAG, Context, dag, task

from datasync.airflow.connections import open_pipeline
from datasync.airflow.tasks import EVERY_DAG, RUN_CLOSED
from datasync.settings import Notice, Settings


def publish_report(settings: Settings) -> DAG:
    """The DAG that publishes the page after every run and sends the settings' messages."""

    @dag(
        description="Publishes the Data Sync page after every run, however it went",
        schedule=[RUN_CLOSED],
        is_paused_upon_creation=False,  # events that come while it is paused would wait, and the page with them
        doc_md=__doc__,
        **EVERY_DAG,
    )
    def publish_report() -> None:
        @task(multiple_outputs=False, on_success_callback=[message(notice) for notice in settings.notify])
        def publish() -> dict[str, Any]:
            """Publish the page as of now."""
            return open_pipeline().publish()

        confirm_balance(publish())

    return publish_report()


@task
def confirm_balance(published: dict[str, Any]) -> None:
    """Raise if the published figures do not add up."""
    from datasync.errors import Unexplained

    if published["gaps"]:
        raise Unexplained(published["gaps"])


def message(notice: Notice) -> Callable[[Context], None]:
    """A callback of the publishing task: it runs one of Airflow's notifiers, with ``summary`` for its templates."""

    def callback(context: Context) -> None:
        published = context["ti"].xcom_pull(task_ids=context["ti"].task_id)
        if notice.when == "always" or published["attention"]:
            resolve_name(notice.notifier)(**notice.options)({**context, "summary": published["summary"]})

    return callback
