"""A task that fails with a chosen error at its first try, under the defaults that every DAG of the project has."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task

from datasync.airflow.tasks import DEFAULTS


@dag(schedule=None, default_args=DEFAULTS, params={"error": Param("", type="string")})
def retry_trial() -> None:
    @task
    def stumble(params: dict[str, Any] | None = None, ti: Any = None) -> None:
        """Raise at the first try only."""
        from airflow.sdk.module_loading import import_string

        if ti.try_number == 1:
            raise import_string(params["error"])("Not this time.")

    stumble()


retry_trial()
