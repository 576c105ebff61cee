"""DAG: Reads chosen products again by hand, with a form; made by datasync.airflow from the settings."""

from datasync import settings
from datasync.airflow.resync import catalog_resync

catalog_resync(settings.load())
