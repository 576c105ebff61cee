"""DAG: Publishes the page after every run; made by datasync.airflow from the settings."""

from datasync import settings
from datasync.airflow.report import publish_report

publish_report(settings.load())
