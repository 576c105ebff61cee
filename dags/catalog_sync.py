"""DAG: Pulls every scope on a schedule and brings services what is due; made by datasync.airflow from the settings."""

from datasync import settings
from datasync.airflow.sync import catalog_sync

catalog_sync(settings.load())
