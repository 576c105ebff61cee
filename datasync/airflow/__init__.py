"""datasync in Airflow: three DAGs, each made by a factory from the settings. Nothing else in datasync imports Airflow.

A file in the DAGs folder calls the factories; Airflow parses it again and again, so no module here imports DuckDB or a
stage outside of a task.
"""
