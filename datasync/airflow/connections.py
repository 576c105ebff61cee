"""A task's way to the stages: with the connections that Airflow keeps, and with its mask told of every secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowNotFoundException

from datasync.connection import Connection, extra, variable
from datasync.errors import MissingConnection

if TYPE_CHECKING:
    from datasync.pipeline import Pipeline


def from_airflow(name: str) -> Connection:
    """The connection that Airflow keeps under an id, with its secrets backends asked first, as any task gets it."""
    from airflow.sdk import Connection as AirflowConnection

    try:
        stored = AirflowConnection.get(name)
    except AirflowNotFoundException:
        raise MissingConnection(name, variable(name)) from None
    texts = {key: getattr(stored, key) or "" for key in ("host", "login", "password", "schema")}
    return Connection(name, stored.conn_type or "", port=stored.port, extra=extra(name, stored.extra), **texts)


def open_pipeline() -> Pipeline:
    """The line of stages, with the connections that Airflow keeps. Call it inside a task.

    Airflow's own mask learns what datasync's knows, because the logs of tasks are Airflow's.
    """
    from airflow.sdk.log import mask_secret

    from datasync import secrets
    from datasync.pipeline import Pipeline

    secrets.on_register(mask_secret)
    return Pipeline.open(credentials=from_airflow)
